"""What `probe status` prints: how all targets stand, what is wrong first, and of the rest what expires next; then what
keeps the watch itself from being trusted: alerts that did not go out, maintenance windows, looks that stay away."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from probe.model import Verdict, gravest
from probe.model.duty import Pending, Standing
from probe.report.escape import visible
from probe.report.findings import Group, glance
from probe.report.kept import Mute, Run, listens, muting, next_end, open_faults, tally
from probe.report.layout import BLANK, WIDTH, Line, Span, row, wrapped
from probe.report.moments import moment, short, span
from probe.report.wording import count, places

FAULTS = 3  # of a target; the rest is counted
RUNS = 10  # shown with -v, and looked at to know how often there is one
MUTES = 8
BESIDE = 9  # where the text stands beside the verdicts
COLUMNS = (("expires", 9), ("since", 8), ("looked", 8), ("last good", 11))  # right-aligned, blanks in front included
USUAL = timedelta(days=1)  # between two looks, where nothing tells
MOST_OFTEN = timedelta(minutes=5)
_BAD = (Verdict.FAIL, Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All that is told: how targets stand, what waits in the outbox, the windows that are open, and the last runs,
    newest first. `at` is now. `never` are targets of the configuration that nobody has looked at yet."""

    at: datetime
    standings: Sequence[Standing]
    pending: Sequence[Pending] = ()
    mutes: Sequence[Mute] = ()
    runs: Sequence[Run] = ()
    never: Sequence[str] = ()

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """Of all targets, by name. Of what was never looked at nothing is known."""
        return dict.fromkeys(self.never, Verdict.UNKNOWN) | {each.name: each.verdict for each in self.standings}

    @property
    def ordered(self) -> list[Standing]:
        """The gravest first, then what expires next."""
        never = datetime.max.replace(tzinfo=self.at.tzinfo)
        return sorted(
            self.standings, key=lambda each: (-each.verdict.gravity, next_end(each) or never, each.name.casefold())
        )

    @property
    def newest(self) -> datetime | None:
        """The last look at any target."""
        return max(self._looks, default=None)

    @property
    def _looks(self) -> list[datetime]:
        """When each target was last looked at, oldest first. Deliveries come when they come, and tell nothing."""
        return sorted(standing.at for standing in self.standings if not listens(standing))

    @property
    def stale(self) -> bool:
        """Whether no target was looked at for three times as long as is usual: nobody is watching any more."""
        return self.newest is not None and self.at - self.newest > 3 * self._usual

    @property
    def _usual(self) -> timedelta:
        """Between two looks at a target. Of runs, the middle one of the stretches between their beginnings; of an
        agent, which looks at one target after the other, the stretch over which all the last looks spread."""
        began = [run.began for run in self.runs[:RUNS] if run.kind == "run"]
        gaps = sorted(later - earlier for later, earlier in pairwise(began))
        looks = self._looks
        spread = looks[-1] - looks[len(looks) // 10]  # a few that are left from long ago say nothing
        usual = max(gaps[len(gaps) // 2] if gaps else timedelta(), spread)
        return max(usual, MOST_OFTEN) if usual else USUAL

    @property
    def verdict(self) -> Verdict:
        """The gravest of the targets' that are not muted. Where nobody looks any more it is at least UNKNOWN, and where
        an alert is stuck at least WARN."""
        if not self.standings:
            return Verdict.UNKNOWN
        verdicts = [verdict for name, verdict in self.verdicts.items() if not muting(name, self.mutes)]
        doubts = [Verdict.UNKNOWN] * self.stale + [Verdict.WARN] * any(row.stuck for row in self.pending)
        return gravest([Verdict.OK, *verdicts, *doubts])


def render(overview: Overview, *, verbosity: int = 0, width: int = WIDTH) -> list[Line]:
    """The overview as lines. `verbosity` 1 adds what each fault says, and the last runs."""
    if not overview.verdicts:
        return [(Span("No target has been looked at yet: `probe run` does."),), *_foot(overview, verbosity, width)]
    room = width - BESIDE - sum(columns for _, columns in COLUMNS)
    lines = [_heads(room)]
    ordered = overview.ordered
    known = sum(each.verdict.gravity >= Verdict.UNKNOWN.gravity for each in ordered)
    for standing in ordered[:known]:
        lines += _stands(standing, overview, room, verbosity, width)
    for name in overview.never:
        lines += _beside(Verdict.UNKNOWN, name, [("", ""), ("", ""), ("never", ""), ("never", "bad")], room, width)
        lines += _muted(name, overview, width)
    for standing in ordered[known:]:
        lines += _stands(standing, overview, room, verbosity, width)
    muted = sum(muting(name, overview.mutes) is not None for name in overview.verdicts)
    total = tally(list(overview.verdicts.values()), muted)
    return [*lines, BLANK, total, *_foot(overview, verbosity, width)]


def _heads(room: int) -> Line:
    heads = "".join(f"{head:>{columns}}" for head, columns in COLUMNS)
    return (Span(" " * BESIDE + f"{'target':<{room}}{heads}", "label"),)


def _stands(standing: Standing, overview: Overview, room: int, verbosity: int, width: int) -> Iterator[Line]:
    yield from _beside(standing.verdict, standing.name, _cells(standing, overview.at), room, width)
    yield from _faults(standing, verbosity, width)
    yield from _muted(standing.name, overview, width)


def _muted(name: str, overview: Overview, width: int) -> Iterator[Line]:
    if mute := muting(name, overview.mutes):
        yield from _under(_window(mute), width, "dim")


def _beside(gravity: Verdict, called: str, cells: Iterable[tuple[str, str]], room: int, width: int) -> Iterator[Line]:
    """One line; a name that leaves no room for the columns has a line of its own."""
    name = visible(called)
    verdict = Span(f"{gravity:<{BESIDE}}", gravity)
    if len(name) > room:
        yield from wrapped(name, width=width, indent=BESIDE, head=(verdict,), style="strong")
        verdict, name = Span(" " * BESIDE), ""
    spans = [verdict, Span(f"{name:<{room}}", "strong"), Span("")]
    for (cell, style), (_, columns) in zip(cells, COLUMNS, strict=True):
        text = f"{cell:>{columns}}"
        if style == spans[-1].style:
            spans[-1] = Span(spans[-1].text + text, style)
        else:
            spans.append(Span(text, style))
    yield tuple(spans)


def _cells(standing: Standing, now: datetime) -> Iterator[tuple[str, str]]:
    end = next_end(standing)
    if end is None:
        yield "", ""
    else:
        yield ("expired", "bad") if end < now else (short(end - now), "")
    yield short(now - standing.since), ""
    yield short(now - standing.at), ""
    if standing.verdict not in _BAD:
        yield "", ""
    else:
        yield (short(now - standing.good), "bad") if standing.good else ("never", "bad")


def _faults(standing: Standing, verbosity: int, width: int) -> Iterator[Line]:
    """What is wrong: the codes with their places, with -v the sentences."""
    faults = open_faults(standing.episodes)
    near = standing.target.name
    if verbosity > 0:
        for group, since in faults:
            texts = [f"{text}" for text in glance(group, near)]
            yield from _under(f"{group[0].verdict} {group[0].code}: {'; '.join(texts)}", width)
            yield from _under(f"  since {moment(since)} UTC, for {span(standing.at - since)}", width, "dim")
        return
    told = [_code(group, near) for group, _ in faults[:FAULTS]]
    if len(faults) > FAULTS:
        told.append(f"and {count(len(faults) - FAULTS, 'more fault')}")
    if told:
        yield from _under("; ".join(told), width)


def _code(group: Group, near: str) -> str:
    where = places(group, near, 1)
    return group[0].code + (f" at {where}" if where else "")


def _under(text: str, width: int, style: str = "") -> Iterator[Line]:
    if len(text) <= width - BESIDE:  # most do, and to find that out by wrapping takes long with a thousand targets
        return iter([(Span(" " * BESIDE), Span(text, style))])
    return wrapped(text, width=width, indent=BESIDE, hang=2, style=style)


def _foot(overview: Overview, verbosity: int, width: int) -> Iterator[Line]:
    for text in _mutes(overview):
        yield from row("muted", text, width=width)
    yield from _outbox(overview, width)
    if overview.runs:
        yield from row("last run", _run(overview.runs[0], overview.at), width=width)
        for run in overview.runs[1:RUNS] if verbosity > 0 else ():
            yield from row("", _run(run, overview.at), width=width)
    if overview.stale and overview.newest:
        text = (
            f"no target has been looked at for {span(overview.at - overview.newest)}: is `probe run` or `probe watch`"
        )
        yield from row("watch out", f"{text} still at work?", width=width, style="bad")


def _mutes(overview: Overview) -> Iterator[str]:
    """The windows that are open, those of no target of the store as well: they may be misspelt."""
    names = overview.verdicts
    told = [mute for mute in overview.mutes if mute.target not in names]
    for mute in told[:MUTES]:
        owner = "all targets" if mute.target == "*" else f"{visible(mute.target)} (not looked at yet)"
        yield f"{owner}, {_window(mute).removeprefix('muted ')}"
    if len(told) > MUTES:
        yield f"and {len(told) - MUTES} more"


def _window(mute: Mute) -> str:
    reason = f": {visible(mute.reason)}" if mute.reason else ""
    return f"muted until {moment(mute.until)} UTC{reason}"


def _outbox(overview: Overview, width: int) -> Iterator[Line]:
    """What has not gone out: by sink, since when, and why."""
    sinks: dict[tuple[bool, str], list[Pending]] = {}
    for waiting in overview.pending:
        sinks.setdefault((not waiting.stuck, waiting.sink), []).append(waiting)
    label = "alerts"
    for (lively, sink), rows in sorted(sinks.items()):
        since = min(pending.created for pending in rows)
        last = max(rows, key=lambda pending: pending.attempts)
        why = f": {visible(last.error)}" if last.error else ""
        if lively:
            again = f", again in {span(last.due - overview.at)}" if last.due > overview.at else ""
            fate = f"waiting for {visible(sink)}, tried {count(last.attempts, 'time')}{again}{why}"
        else:
            fate = f"stuck at {visible(sink)} since {moment(since)} UTC{why}"
        yield from row(label, f"{len(rows)} {fate}", width=width, style="" if lively else "bad")
        label = ""
    if any(not lively for lively, _ in sinks):
        yield from row(
            "", "`probe alerts retry` sends again what is stuck, `probe alerts drop` forgets it", width=width
        )


def _run(run: Run, now: datetime) -> str:
    """ "42 (run), 5 min ago, took 12 s: 3 targets, FAIL"."""
    began = f"{run.number} ({visible(run.kind)}), {span(now - run.began)} ago"
    if run.ended is None:
        return f"{began}: not ended"
    return f"{began}, took {span(run.ended - run.began)}: {count(run.targets, 'target')}, {run.verdict or 'no verdict'}"
