"""A drawing of what was presented when: one row a certificate, from the first look to a while beyond today.

              2026-08-01                             now         2026-12-20
    verdict   ───────────×××───────────────────────── │                   │
    9F86D081  ───────────────.....×                   │
    2C26B46B                 ─────────────────────────│...................→

A line is while it was seen, dots are until it expires, a cross is where it does. The characters are those that have a
twin in ASCII, of the same width; the arrow alone is wider there, and ends its row.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from probe.model import Verdict
from probe.report.kept import LookSeen
from probe.report.layout import MARGIN, Line, Span
from probe.report.moments import day

LABEL = 10  # columns of what a row is called, blanks behind it included
MARKS = {Verdict.OK: "─", Verdict.WARN: "!", Verdict.FAIL: "×", Verdict.UNKNOWN: "?"}
LEGEND = "─ seen, OK   . still valid   × expires, FAIL   ! WARN   ? UNKNOWN"
AHEAD = 4  # a quarter of the row is what is to come
LEAST, MOST = timedelta(days=1), timedelta(days=36525)  # behind us; less or more is drawn as that


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A row of the drawing: seen from `first` to `last`, valid until `ends`. `now`: it is what is presented today."""

    label: str
    first: datetime
    last: datetime
    ends: datetime | None = None
    now: bool = False


class Axis:
    """Where on a row of so many columns a moment stands."""

    def __init__(self, first: datetime, now: datetime, columns: int) -> None:
        behind = min(max(now - first, LEAST), MOST)
        self.first, self.now, self.columns = now - behind, now, columns
        self._behind, self._past = behind, columns - columns // AHEAD

    def column(self, at: datetime) -> int:
        """From 0; beyond the row's end for what lies there."""
        return max(int((at - self.first) / self._behind * self._past), 0)

    @property
    def end(self) -> datetime:
        return self.first + self._behind * (self.columns / self._past)


def drawn(bars: Sequence[Bar], looks: Iterable[LookSeen], since: datetime, now: datetime, width: int) -> Iterator[Line]:
    """The dates, a row of verdicts where there are looks, and a row for each certificate."""
    axis = Axis(since, now, width - len(MARGIN) - LABEL)
    today = min(axis.column(now), axis.columns - 1)
    yield _dates(axis, today)
    if verdicts := _verdicts(looks, axis):
        yield _row("verdict", verdicts, today)
    for bar in bars:
        yield _row(bar.label, _cells(bar, axis), today)


def _dates(axis: Axis, today: int) -> Line:
    first, last = day(axis.first), day(axis.end)
    text = f"{first:<{today - 1}}now" if today > len(first) + 2 else first
    return (Span(" " * (len(MARGIN) + LABEL) + f"{text}{last:>{axis.columns - len(text)}}", "dim"),)


def _cells(bar: Bar, axis: Axis) -> dict[int, tuple[str, str]]:
    """What stands in which column of the row, and in which style."""
    style = Verdict.OK if bar.now else ""
    first, last = axis.column(bar.first), axis.column(bar.last)
    cells = dict.fromkeys(range(first, min(last, axis.columns - 1) + 1), ("─", style))
    if bar.ends and bar.ends >= axis.first:
        ends = axis.column(bar.ends)
        cells |= dict.fromkeys(range(last + 1, min(ends, axis.columns)), (".", "dim"))
        cells[min(ends, axis.columns - 1)] = ("×", "bad") if ends < axis.columns else ("→", "dim")
    return cells


def _verdicts(looks: Iterable[LookSeen], axis: Axis) -> dict[int, tuple[str, str]]:
    """The gravest of each column; nothing where nobody looked."""
    found: dict[int, Verdict] = {}
    for look in looks:
        if look.last < axis.first:
            continue
        for column in range(axis.column(look.first), min(axis.column(look.last), axis.columns - 1) + 1):
            if look.verdict.gravity >= found.get(column, Verdict.OK).gravity:
                found[column] = look.verdict
    return {column: (MARKS[verdict], str(verdict)) for column, verdict in found.items()}


def _row(label: str, cells: dict[int, tuple[str, str]], today: int) -> Line:
    """Alike neighbours in one span; today is a stroke where nothing else stands."""
    cells = {today: ("│", "dim")} | cells
    spans = [Span(f"{MARGIN}{label:<{LABEL}}", "label")]
    for column in range(max(cells) + 1):
        text, style = cells.get(column, (" ", ""))
        if spans[-1].style == style and len(spans) > 1:
            spans[-1] = Span(spans[-1].text + text, style)
        else:
            spans.append(Span(text, style))
    return tuple(spans)
