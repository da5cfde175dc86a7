"""What `probe explain` says of a bounce as JSON."""

from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from probe.codec import encode
from probe.exchange.bounces import Bounce, Comparison, Explanation
from probe.judge.catalogue import explain as entry_of
from probe.model import FORMAT
from probe.report.bounces import entry, of_finding, of_meaning
from probe.report.findings import glance, grouped
from probe.report.remedy import steps
from probe.report.wording import cause

if TYPE_CHECKING:
    from probe.exchange.bounces.beside import Exported


class Page(msgspec.Struct, omit_defaults=True):
    """A finding that a meaning corresponds to. Its remedy is filled in as far as the bounce names the place."""

    code: str
    cause: str | None
    title: str
    remedy: tuple[str, ...]


class Meaning(msgspec.Struct):
    title: str
    says: str
    why: str
    whose: tuple[str, ...]
    findings: tuple[Page, ...]
    remedy: tuple[str, ...]
    doubts: tuple[str, ...]
    command: str | None
    notes: tuple[str, ...]


class Fault(msgspec.Struct):
    """A finding in the exports, at a glance."""

    code: str
    verdict: str
    says: tuple[str, ...]
    remedy: tuple[str, ...]


class Exports(msgspec.Struct):
    connector: str | None
    says: tuple[str, ...]
    faults: tuple[Fault, ...]


class Seen(msgspec.Struct):
    outcome: str
    sentences: tuple[str, ...]
    codes: tuple[str, ...]
    report: msgspec.Raw


class Document(msgspec.Struct):
    """The whole answer. `bounce` has every field that could be read."""

    format: int
    bounce: Bounce
    ambiguous: bool
    meanings: tuple[Meaning, ...]
    notes: tuple[str, ...]
    exports: Exports | None = None
    seen: Seen | None = None


def to_json(
    explanation: Explanation,
    exported: "Exported | None" = None,
    comparison: Comparison | None = None,
    report: bytes = b"null",
) -> bytes:
    """One JSON object without a line break; `report` is the probe's own."""
    bounce = explanation.bounce
    meanings = tuple(
        Meaning(
            title=told.title,
            says=told.says,
            why=told.why,
            whose=tuple(told.parties),
            findings=tuple(
                Page(*cited, entry(cited).title, tuple(chain(*of_finding(bounce, cited, exported))))
                for cited in told.findings
            ),
            remedy=tuple(chain(*of_meaning(told, exported))),
            doubts=told.doubts,
            command=told.command.text,
            notes=told.command.notes,
        )
        for told in explanation.meanings
    )
    seen = Seen(comparison.outcome, comparison.sentences, comparison.codes, msgspec.Raw(report)) if comparison else None
    exports = _exports_told(exported) if exported else None
    return encode(Document(FORMAT, bounce, explanation.ambiguous, meanings, explanation.notes, exports, seen))


def _exports_told(exported: "Exported") -> Exports:
    return Exports(
        connector=exported.connector.name if exported.connector else None,
        says=exported.sentences,
        faults=tuple(
            Fault(
                code=group[0].code,
                verdict=group[0].verdict,
                says=tuple(glance(group, "")),
                remedy=tuple(chain(*steps(group, entry_of(group[0].code, cause(group[0]))))),
            )
            for group in grouped(exported.faults)
        ),
    )
