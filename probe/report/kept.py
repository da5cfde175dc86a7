"""What the store keeps beside the types of `model.duty`, as far as it is told here. The store's own types fit."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from probe.model import Finding, Verdict
from probe.model.duty import Episode, Sighting, Standing
from probe.report.findings import Group, grouped
from probe.report.layout import Line, Span
from probe.report.wording import count


class Run(Protocol):
    """A run, or an agent's life. `ended` is None while it lasts, and where it was cut off."""

    @property
    def number(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def began(self) -> datetime: ...
    @property
    def ended(self) -> datetime | None: ...
    @property
    def verdict(self) -> Verdict | None: ...
    @property
    def targets(self) -> int: ...


class Mute(Protocol):
    """A maintenance window of a target; `target` "*" is all."""

    @property
    def target(self) -> str: ...
    @property
    def until(self) -> datetime: ...
    @property
    def reason(self) -> str: ...


class LookSeen(Protocol):
    """A stretch of looks that saw the same."""

    @property
    def first(self) -> datetime: ...
    @property
    def last(self) -> datetime: ...
    @property
    def verdict(self) -> Verdict: ...


def presented(standing: Standing) -> Iterator[Sighting]:
    """The certificates that each endpoint showed when it was last seen: not those that it showed in the days before."""
    newest: dict[object, datetime] = {}
    for seen in standing.certificates:
        there = _endpoint(seen)
        newest[there] = max(seen.last, newest.get(there, seen.last))
    return (seen for seen in standing.certificates if seen.last == newest[_endpoint(seen)])


def _endpoint(seen: Sighting) -> object:
    return seen.host, seen.address, seen.port, seen.offer


def listens(standing: Standing) -> bool:
    """Whether this is the listener: whom it met are clients, each an address of its own, and none is the target."""
    met = standing.endpoints
    return bool(met) and all(one.host == one.address != standing.target.name for one in met)


def next_end(standing: Standing) -> datetime | None:
    """When the first of what is presented expires, be it leaf or issuer; None where nothing is known of any."""
    return min((end for seen in presented(standing) if (end := seen.ends or seen.not_after)), default=None)


def muting(name: str, mutes: Iterable[Mute]) -> Mute | None:
    """The window that covers the target the longest."""
    return max((mute for mute in mutes if mute.target in (name, "*")), key=lambda mute: mute.until, default=None)


def as_finding(episode: Episode) -> Finding:
    """The fault as the judge last saw it."""
    return Finding(
        code=episode.code,
        verdict=episode.verdict,
        where=episode.where,
        facts=episode.facts,
        rule_book=episode.rule_book,
        names=episode.names,
    )


def open_faults(episodes: Sequence[Episode]) -> list[tuple[Group, datetime]]:
    """What is open, gravest first, the same at several places together; and since when the first of it is so."""
    ordered = sorted(episodes, key=lambda episode: (-episode.verdict.gravity, episode.began))
    began = {}
    findings = []
    for episode in ordered:
        findings.append(found := as_finding(episode))
        began[id(found)] = episode.began
    return [(group, min(began[id(found)] for found in group)) for group in grouped(findings)]


def tally(verdicts: Sequence[Verdict], muted: int = 0) -> Line:
    """ "3 targets: 1 OK, 1 WARN, 1 FAIL; 1 muted"."""
    counts = Counter(verdicts)
    spans = [Span(count(len(verdicts), "target"), "strong")]
    for verdict in sorted(counts, key=lambda verdict: verdict.gravity):
        spans += Span(": " if len(spans) == 1 else ", "), Span(f"{counts[verdict]} {verdict}", verdict)
    return (*spans, *([Span(f"; {muted} muted")] if muted else []))
