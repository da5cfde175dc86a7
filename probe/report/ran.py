"""What `probe run` prints: nothing when all is OK, so that cron stays silent; else what is wrong, in short."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from probe.model import Report, Verdict, Where
from probe.model.duty import Became, Change, Standing
from probe.report.alerting import told
from probe.report.escape import visible
from probe.report.findings import Group, glance
from probe.report.kept import as_finding, open_faults, tally
from probe.report.layout import BLANK, WIDTH, Line, Span, wrapped
from probe.report.moments import moment, span
from probe.report.wording import count

FAULTS = 3  # of a target; the rest is counted
COLUMN = 9  # where the text stands beside the verdicts
NOTED = (Became.CLEARED, Became.EASED, Became.CERTIFICATE, Became.POLICY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One target of a run: how it stands after the look, what `happened` since the look before, and the judgement
    itself where there is one at hand. `muted`: it is in a maintenance window, and nobody was told."""

    standing: Standing
    happened: tuple[Change, ...] = ()
    report: Report | None = None
    muted: bool = False


def as_report(ran: Ran) -> Report | None:
    """The judgement under the configuration's name, with what stays open because nobody could look."""
    if ran.report is None:
        return None
    found = {(finding.code, finding.where) for finding in ran.report.findings if finding.verdict is not Verdict.OK}
    kept = [as_finding(one) for one in ran.standing.episodes if (one.code, one.where) not in found]
    ordered = sorted((*kept, *ran.report.findings), key=lambda finding: -finding.verdict.gravity)
    return replace(ran.report, target=replace(ran.report.target, given=ran.standing.name), findings=tuple(ordered))


class Delivery(Protocol):
    """What became of one message to a sink: how many `notices` it took, or why (`error`) they wait. `stuck`: they will
    not be sent again by themselves."""

    @property
    def sink(self) -> str: ...
    @property
    def notices(self) -> int: ...
    @property
    def error(self) -> str: ...
    @property
    def stuck(self) -> bool: ...


def worth_telling(results: Sequence[Ran], deliveries: Sequence[Delivery] = ()) -> bool:
    """Whether anything is wrong that nobody has muted, or an alert did not go out."""
    bad = any(ran.standing.verdict is not Verdict.OK and not ran.muted for ran in results)
    return bad or any(sent.error for sent in deliveries)


def render(
    results: Sequence[Ran], deliveries: Sequence[Delivery] = (), *, verbosity: int = 0, width: int = WIDTH
) -> list[Line]:
    """The report of a run as lines, the gravest target first; none where nothing is worth telling. `verbosity` -1 is
    the verdicts alone; 1 tells of every target, also where all is OK, and how often was looked."""
    if verbosity < 1 and not worth_telling(results, deliveries):
        return []
    ordered = sorted(results, key=lambda ran: (ran.muted, -ran.standing.verdict.gravity, ran.standing.name))
    shown = [ran for ran in ordered if verbosity > 0 or ran.standing.verdict is not Verdict.OK or ran.happened]
    lines = [line for ran in shown for line in _target(ran, verbosity, width)]
    return [*lines, *([BLANK] if lines else []), *_totals(results, deliveries, width)]


def _target(ran: Ran, verbosity: int, width: int) -> Iterator[Line]:
    standing = ran.standing
    given = visible(standing.target.given)
    name = visible(standing.name) + (f"  {given}" if standing.target.given != standing.name else "")
    yield from _beside(standing.verdict, name + ("  (muted)" if ran.muted else ""), width)
    if verbosity < 0:
        return
    if not ran.muted or verbosity > 0:
        yield from _faults(ran, width)
    for change in ran.happened:
        if change.kind in NOTED:
            item = told(change, standing.target.name)
            where = f" at {item.place}" if item.place else ""
            yield from _under(f"{change.code}{where}: {item.sentence}", width)
    if standing.attempts > 1 and (verbosity > 0 or not ran.muted):
        yield from _looks(standing, verbosity, width)


def _faults(ran: Ran, width: int) -> Iterator[Line]:
    """The gravest: where and why, and below those of one age since when."""
    faults = open_faults(ran.standing.episodes)
    worse = {(each.code, each.where): each for each in ran.happened if each.kind is Became.WORSENED}
    ages = [_since(group, since, ran.standing.at, worse) for group, since in faults[:FAULTS]]
    for number, (group, _) in enumerate(faults[:FAULTS]):
        for first, text in enumerate(glance(group, ran.standing.target.name)):
            yield from _under(text if first else f"{group[0].code}: {text}", width)
        if ages[number : number + 1] != ages[number + 1 : number + 2]:
            yield from _under(ages[number], width, style="dim")
    if len(faults) > FAULTS:
        yield from _under(f"and {count(len(faults) - FAULTS, 'more fault')}", width)


def _since(group: Group, since: datetime, at: datetime, worse: Mapping[tuple[str, Where], Change]) -> str:
    if since >= at:
        return "new in this run"
    changes = [worse[found.code, found.where] for found in group if (found.code, found.where) in worse]
    was = f"; worse in this run, was {changes[0].before}" if changes else ""
    return f"since {moment(since)} UTC, for {span(at - since)}{was}"


def _looks(standing: Standing, verbosity: int, width: int) -> Iterator[Line]:
    if standing.verdict is not Verdict.OK:
        yield from _under(f"so after {standing.attempts} looks", width, style="dim")
    elif verbosity > 0:
        yield from _under(f"OK at the {ordinal(standing.attempts)} look", width, style="dim")


def ordinal(number: int) -> str:
    """ "1st", "2nd", "3rd", "11th"."""
    last = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else last}"


def _totals(results: Sequence[Ran], deliveries: Sequence[Delivery], width: int) -> Iterator[Line]:
    """The counts, then what became of the alerts: none that did not arrive is passed over."""
    muted = sum(ran.muted for ran in results)
    yield tally([ran.standing.verdict for ran in results], muted)
    sent = sum(each.notices for each in deliveries if not each.error)
    if sent:
        yield (Span(f"{count(sent, 'alert')} told"),)
    for each in deliveries:
        if each.error:
            fate = "stuck" if each.stuck else "waiting"
            told_how = f"{count(each.notices, 'alert')} {fate}: {visible(each.sink)}: {visible(each.error)}"
            hint = "; see `probe alerts`" if each.stuck else ""
            yield from wrapped(told_how + hint, width=width, hang=2, style="bad")


def _beside(verdict: Verdict, text: str, width: int) -> Iterator[Line]:
    head = (Span(f"{verdict:<7}", verdict),)
    yield from wrapped(text, width=width, indent=COLUMN, head=head, style="strong")


def _under(text: str, width: int, style: str = "") -> Iterator[Line]:
    yield from wrapped(text, width=width, indent=COLUMN, hang=2, style=style)
