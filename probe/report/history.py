"""What `probe history` prints: of a target what changed when, the newest last, which certificates it presented from
when to when, and which MTA-STS policies it had; without a target, the runs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from probe.model import Verdict
from probe.model.duty import Became, Change, PolicySeen, Sighting, Standing
from probe.report.alerting import told
from probe.report.escape import visible
from probe.report.kept import LookSeen, Run, listens
from probe.report.layout import BLANK, MARGIN, WIDTH, Line, Span, body, heading, row, wrapped
from probe.report.moments import day, moment, short, span
from probe.report.timeline import LEGEND, Bar, drawn
from probe.report.wording import spot

MOST_ROWS = 24  # certificates drawn, the latest; all are told below
BESIDE = 20  # where the text of a change stands
PLACES = 3
DIGITS = 8  # of a thumbprint, in the drawing
WORDS = {
    Became.APPEARED: "",
    Became.WORSENED: "worse: ",
    Became.EASED: "eased: ",
    Became.CLEARED: "cleared: ",
    Became.CERTIFICATE: "",
    Became.POLICY: "",
    Became.REMINDER: "still: ",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is remembered of a target, everything oldest first. `at` is now, `since` is from when on is told, None: all.
    `standing` is None where it left the configuration."""

    at: datetime
    name: str
    since: datetime | None = None
    standing: Standing | None = None
    changes: Sequence[Change] = ()
    sightings: Sequence[Sighting] = ()
    policies: Sequence[PolicySeen] = ()
    looks: Sequence[LookSeen] = ()

    @property
    def leaves(self) -> list[list[Sighting]]:
        """The sightings by certificate, that first seen first; without those that were gone before `since`."""
        leaves: dict[str, list[Sighting]] = {}
        for seen in self.sightings:
            if self.since is None or seen.last >= self.since:
                leaves.setdefault(seen.sha256, []).append(seen)
        return sorted(leaves.values(), key=lambda group: (_first(group), group[0].sha256))

    @property
    def in_force(self) -> list[tuple[PolicySeen, datetime | None]]:
        """The policies, each with the end of its time, None: it still is in force."""
        ends = [policy.first for policy in self.policies[1:]]
        told = list(zip(self.policies, [*ends, None], strict=True)) if self.policies else []
        return [(policy, end) for policy, end in told if not (self.since and end and end < self.since)]


def render(past: Past, *, verbosity: int = 0, width: int = WIDTH) -> list[Line]:
    """The past as lines. `verbosity` 1 adds the names of certificates and every place."""
    return [
        *_headline(past, width),
        *_changes(past, width),
        *_certificates(past, verbosity, width),
        *_policies(past, width),
    ]


def render_runs(runs: Sequence[Run], now: datetime) -> list[Line]:
    """The runs as a table, the newest last, where the eye is."""
    if not runs:
        return [(Span("No run is remembered."),)]
    lines: list[Line] = [
        (Span(f"{'run':>6}  {'kind':<6}{'began (UTC)':<18}{'ago':<8}{'took':<12}{'targets':>7}", "label"),)
    ]
    for run in reversed(runs):
        took = "not ended" if run.ended is None else span(run.ended - run.began)
        told_so_far = (
            f"{run.number:>6}  {visible(run.kind):<6}{moment(run.began):<18}{short(now - run.began):<8}{took:<12}"
        )
        verdict = Span(f"  {run.verdict}", run.verdict) if run.verdict else Span("")
        lines.append((Span(f"{told_so_far}{run.targets if run.ended else '':>7}"), verdict))
    return lines


def _headline(past: Past, width: int) -> Iterator[Line]:
    standing, name = past.standing, visible(past.name)
    if standing is None:
        yield (Span(f"{name}: no longer watched", "strong"),)
        yield BLANK
        return
    given = f"  {visible(standing.target.given)}" if standing.target.given != past.name else ""
    yield from heading(standing.verdict, name + given, width=width)
    yield from row("since", f"{moment(standing.since)} UTC, for {span(past.at - standing.since)}", width=width)
    yield from row(
        "heard" if listens(standing) else "looked",
        f"{moment(standing.at)} UTC, {span(past.at - standing.at)} ago",
        width=width,
    )
    if standing.verdict not in (Verdict.OK, Verdict.WARN):
        good = f"{moment(standing.good)} UTC, {span(past.at - standing.good)} ago" if standing.good else "never"
        yield from row("last good", good, width=width)
    yield BLANK


def _changes(past: Past, width: int) -> Iterator[Line]:
    near = past.standing.target.name if past.standing else ""
    yield (Span("Changes (UTC)", "strong"),)
    for change in past.changes:
        item = told(change, near)
        label = Span(f"{MARGIN}{moment(change.at)}{MARGIN}", "label")
        verdict = f"{change.before} → {change.verdict}" if change.before else str(change.verdict)
        head = (label, Span(verdict, change.verdict), Span(" "))
        where = f" at {item.place}" if item.place else ""
        text = f"{WORDS[change.kind]}{change.code}{where}"
        yield from wrapped(text, width=width, indent=sum(len(each.text) for each in head), head=head)
        yield from wrapped(item.sentence, width=width, indent=BESIDE, style="dim")
    if not past.changes:
        yield from body(f"none since {moment(past.since)}" if past.since else "none", width=width, style="dim")
    yield BLANK


def _certificates(past: Past, verbosity: int, width: int) -> Iterator[Line]:
    leaves = past.leaves
    yield (Span("Certificates (UTC)", "strong"),)
    if not leaves:
        yield from body("none was seen", width=width, style="dim")
    else:
        begin = min(map(_first, leaves))
        yield from drawn(_bars(leaves), past.looks, max(begin, past.since or begin), past.at, width)
        yield (Span(f"{MARGIN}{LEGEND}", "dim"),)
        if len(leaves) > MOST_ROWS:
            yield from body(f"drawn are the latest {MOST_ROWS} of {len(leaves)}", width=width, style="dim")
    for group in leaves:
        yield BLANK
        yield from _certificate(group, past, verbosity, width)
    yield BLANK


def _bars(leaves: Sequence[Sequence[Sighting]]) -> list[Bar]:
    newest = max(_last(group) for group in leaves)
    return [
        Bar(
            label=group[0].sha1[:DIGITS].upper(),
            first=_first(group),
            last=_last(group),
            ends=group[0].not_after,
            now=_last(group) == newest,
        )
        for group in leaves[-MOST_ROWS:]
    ]


def _certificate(group: Sequence[Sighting], past: Past, verbosity: int, width: int) -> Iterator[Line]:
    seen, now = group[0], past.at
    first, last = _first(group), _last(group)
    text = visible(seen.subject) or "cannot be read"
    yield from wrapped(
        text,
        width=width,
        indent=len(MARGIN) + 10,
        head=(Span(f"{MARGIN}{seen.sha1[:DIGITS].upper()}", "label"),),
        style="strong",
    )
    yield from row("seen", f"{moment(first)} to {moment(last)}, {span(last - first)}", width=width)
    near = past.standing.target.name if past.standing and listens(past.standing) else ""
    yield from row("at", _places(group, near, 99 if verbosity > 0 else PLACES), width=width)
    yield from row("issuer", visible(seen.issuer) or "?", width=width)
    if seen.not_before and seen.not_after:
        left = seen.not_after - now
        state = f"expired {span(-left)} ago" if left.total_seconds() < 0 else f"{span(left)} left"
        valid = f"{day(seen.not_before)} to {day(seen.not_after)}, {state}"
        yield from row("valid", valid, width=width)
    if verbosity > 0 and seen.names:
        yield from row("names", ", ".join(map(visible, seen.names)), width=width)
    yield from row("SHA-1", seen.sha1.upper(), width=width)
    if verbosity > 0:
        yield from row("SHA-256", seen.sha256.upper(), width=width)


def _places(group: Iterable[Sighting], near: str, most: int) -> str:
    named = list(dict.fromkeys(spot(seen.host, seen.address, seen.port, near) for seen in group))
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(named[:most]) + more


def _policies(past: Past, width: int) -> Iterator[Line]:
    if not past.in_force:
        return
    yield (Span("MTA-STS policies (UTC)", "strong"),)
    for policy, end in past.in_force:
        until = f"to {moment(end)}" if end else "to now"
        lasted = span((end or past.at) - policy.first)
        head = (Span(f"{MARGIN}{moment(policy.first)} {until}", "label"), Span(f"  {lasted}", "dim"))
        yield head
        yield from body(_policy(policy), width=width, margin=MARGIN * 2, hang=2)


def _policy(policy: PolicySeen) -> str:
    """ "enforce, max_age 7 days, id 20261101, mx: *.contoso.com"."""
    if policy.mode is None:
        return "no policy"
    age = f"max_age {policy.max_age} s" if policy.max_age is not None else ""
    known = (
        policy.mode,
        age,
        f"id {policy.id}" if policy.id else "",
        f"mx: {', '.join(policy.mx)}" if policy.mx else "",
    )
    return ", ".join(visible(part) for part in known if part)


def _first(group: Iterable[Sighting]) -> datetime:
    return min(seen.first for seen in group)


def _last(group: Iterable[Sighting]) -> datetime:
    return max(seen.last for seen in group)
