"""What `probe diff` prints: target by target what was seen then and is otherwise now, and what is wrong since."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from probe.model import Verdict, gravest
from probe.report.differences import Compared, Difference, Shift
from probe.report.escape import visible
from probe.report.findings import grouped
from probe.report.layout import BLANK, WIDTH, Line, Span, heading, wrapped
from probe.report.moments import moment
from probe.report.wording import case, count

LABEL = 14  # columns of what a difference is about
PLACES = 3
SAME = 12  # names of targets that are the same, in a line
ONE_LINE = 400  # characters of a line: names of a certificate are many


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """Two sides by the names that the user gave them, and the targets of both; those of one side alone are named."""

    before: str
    after: str
    targets: Sequence[Compared]
    gone: Sequence[str] = ()
    come: Sequence[str] = ()

    @property
    def verdict(self) -> Verdict:
        """The gravest of what is worse; OK where nothing is."""
        return gravest([Verdict.OK, *(target.verdict for target in self.targets)])


def render(diff: Diff, *, verbosity: int = 0, width: int = WIDTH) -> list[Line]:
    """The differences as lines. `verbosity` 1 names every place, and every target that is the same."""
    lines: list[Line] = []
    for target in diff.targets:
        if not target.same:
            lines += [*_target(target, verbosity, width), BLANK]
    for names, side in ((diff.gone, diff.before), (diff.come, diff.after)):
        if names:
            text = f"In {visible(side)} alone: {', '.join(map(visible, names))}"
            lines += wrapped(text, width=width, hang=2)
    same = [visible(target.name) for target in diff.targets if target.same]
    if same:
        most = len(same) if verbosity > 0 else SAME
        more = f" and {len(same) - most} more" if len(same) > most else ""
        lines += wrapped(f"The same: {', '.join(same[:most])}{more}", width=width, hang=2, style="dim")
    return [*lines, _total(diff)]


def _target(target: Compared, verbosity: int, width: int) -> Iterator[Line]:
    before, after = target.verdicts
    was = f", was {before}" if before is not after else ""
    yield from heading(after, f"{visible(target.name)}{was}", width=width)
    yield (Span(f"  as of {moment(target.at[0])} and {moment(target.at[1])} UTC", "dim"),)
    for difference in target.differences:
        yield from _difference(difference, verbosity, width)
    yield from _shifts(target, verbosity, width)


def _difference(difference: Difference, verbosity: int, width: int) -> Iterator[Line]:
    places, most = difference.places, len(difference.places) if verbosity > 0 else PLACES
    more = f" and {len(places) - most} more" if len(places) > most else ""
    head = (Span(f"  {difference.about}", "label"),)
    yield from wrapped(", ".join(map(visible, places[:most])) + more, width=width, indent=LABEL, head=head)
    for sign, lines, style in (("-", difference.before, "bad"), ("+", difference.after, "")):
        for line in lines:
            yield from _signed(sign, visible(line, ONE_LINE), width, style)


def _shifts(target: Compared, verbosity: int, width: int) -> Iterator[Line]:
    """The faults that came, went or changed: the same at several places once."""
    most = len(target.shifts) if verbosity > 0 else PLACES
    alike: dict[tuple[Verdict, Verdict], list[Shift]] = {}
    for shift in target.shifts:
        alike.setdefault((shift.before, shift.after), []).append(shift)
    if alike:
        yield (Span("  faults", "label"),)
    for (before, after), shifts in alike.items():
        sign = "+" if before is Verdict.OK else "-" if after is Verdict.OK else "~"
        verdicts = str(before if sign == "-" else after if sign == "+" else f"{before} → {after}")
        for group in grouped(shift.finding for shift in shifts):
            text = f"{verdicts} {group[0].code}: {case(group, target.near, most)}"
            yield from _signed(sign, text, width, "" if sign == "-" else str(after))


def _signed(sign: str, text: str, width: int, style: str) -> Iterator[Line]:
    return wrapped(text, width=width, indent=6, hang=2, head=(Span(f"    {sign}", style),), style=style)


def _total(diff: Diff) -> Line:
    """Of how many targets something is different, and whether for the worse."""
    different = sum(not target.same for target in diff.targets)
    if not different:
        apart = ", but not the same targets" if diff.gone or diff.come else ""
        return (Span(f"No difference in {count(len(diff.targets), 'target')}{apart}.", "strong"),)
    worse = sum(shift.worse for target in diff.targets for shift in target.shifts)
    text = f"{different} of {count(len(diff.targets), 'target')} differ{'s' * (different == 1)}; "
    fate = count(worse, "fault") + " more or worse" if worse else "nothing is worse"
    return Span(text, "strong"), Span(fate, diff.verdict)
