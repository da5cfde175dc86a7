"""What `probe diff` tells, as one JSON object, on one line; its schema comes from the same types."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from probe import model
from probe.codec import encode
from probe.model import Verdict
from probe.report import document
from probe.report import remembered_json as j
from probe.report.diff import Diff as Told
from probe.report.differences import Compared, Shift


class Difference(Struct, frozen=True):
    """The same difference at all these places: the lines that are there on one side alone."""

    about: Annotated[
        str, Meta(description="route, addresses, TLSA, session, certificate, chain, DANE, MTA-STS or TLSRPT.")
    ]
    places: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


class Fault(Struct, frozen=True):
    """A fault that came, went, or changed its verdict; OK: it is none on that side."""

    code: str
    where: document.Where
    before: Verdict
    after: Verdict
    facts: Mapping[str, str]


class Target(Struct, frozen=True):
    """A target of both sides, judged alike as of these moments."""

    name: str
    at_before: document.Moment
    at_after: document.Moment
    before: Verdict
    after: Verdict
    differences: tuple[Difference, ...]
    faults: tuple[Fault, ...]


class Diff(Struct, frozen=True):
    """Two sides, as the user named them. `gone` and `come` are targets of one side alone."""

    format: int
    before: str
    after: str
    verdict: Annotated[Verdict, Meta(description="The gravest of what is worse; OK where nothing is.")]
    targets: tuple[Target, ...]
    gone: tuple[str, ...]
    come: tuple[str, ...]


def render(diff: Told) -> bytes:
    """The differences as one JSON object without a line break."""
    return encode(
        Diff(
            format=model.FORMAT,
            before=diff.before,
            after=diff.after,
            verdict=diff.verdict,
            targets=tuple(map(_target, diff.targets)),
            gone=tuple(diff.gone),
            come=tuple(diff.come),
        )
    )


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every output of `render` obeys."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Differences between two looks of probe",
        **msgspec.json.schema(Diff),
    }


def _target(target: Compared) -> Target:
    return Target(
        name=target.name,
        at_before=target.at[0],
        at_after=target.at[1],
        before=target.verdicts[0],
        after=target.verdicts[1],
        differences=tuple(Difference(each.about, each.places, each.before, each.after) for each in target.differences),
        faults=tuple(map(_fault, target.shifts)),
    )


def _fault(shift: Shift) -> Fault:
    found = shift.finding
    return Fault(found.code, j.where(found.where), shift.before, shift.after, dict(found.facts))
