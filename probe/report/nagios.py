"""The monitoring plug-ins' form: one line of status, performance data behind a bar, more lines for those who look.

https://www.monitoring-plugins.org/doc/guidelines.html: the first line is what goes into a pager; a performance value
is 'label'=value[UOM];[warn];[crit];[min];[max]; the exit code is the verdict's own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from probe.judge.certificate import Certificate, parse
from probe.model import Report, RouteKind, Verdict, gravest
from probe.report.escape import visible
from probe.report.findings import cases, grouped
from probe.report.wording import count, nearby, peer, places

STATUS = {Verdict.OK: "OK", Verdict.WARN: "WARNING", Verdict.FAIL: "CRITICAL", Verdict.UNKNOWN: "UNKNOWN"}
A_DAY = timedelta(days=1)
LIMIT = 8192  # bytes: Nagios reads no more of the whole output (MAX_PLUGIN_OUTPUT_LENGTH)
_LEFT_OUT = "\n... and 1000000 more"  # the room that it takes
MESSAGE = 500  # characters of the first line before the bar

# A bar would begin performance data, angle brackets be markup on the web pages where this ends.
_IN_TEXT = str.maketrans({"|": "¦", "<": "‹", ">": "›"})
_IN_LABEL = str.maketrans({"|": "_", "=": "_", "'": "_"})


def render(
    reports: Sequence[Report], *, several: bool | None = None, verdict: Verdict | None = None, note: str = ""
) -> str:
    """All reports as the output of one check: one status, every endpoint's values, a line for every fault. `several`:
    labels name their target, as where there are usually more. `verdict` is what it comes to with what else there is to
    say, the `note`, which goes first."""
    status = STATUS[verdict or gravest(report.verdict for report in reports)]
    said = "; ".join(filter(None, (note, _message(reports) if reports or not note else "")))
    message = f"PROBE {status} - {visible(said.translate(_IN_TEXT), MESSAGE)}"
    told = _once(_values(reports, several=len(reports) > 1 if several is None else several))
    values = (f" {value}" if number else f" | {value}" for number, value in enumerate(told))
    first = message + _fitting(values, LIMIT // 2)  # of very many targets the lines would find no room
    lines = [f"\n{line.translate(_IN_TEXT)}" for line in _lines(reports)]
    room = LIMIT - 1 - len(first.encode())
    kept = _fitting(lines, room)
    if left := len(lines) - kept.count("\n"):
        kept = _fitting(lines, room - len(_LEFT_OUT))
        left = len(lines) - kept.count("\n")
        kept += f"\n… and {left} more"
    return f"{first}{kept}\n"


def _fitting(pieces: Iterable[str], room: int) -> str:
    """Whole values, and whole lines, as many as fit."""
    kept = []
    for piece in pieces:
        if (room := room - len(piece.encode())) < 0:
            break
        kept.append(piece)
    return "".join(kept)


def _message(reports: Sequence[Report]) -> str:
    """What goes into a pager: for one target what is wrong and where, for several the gravest of them."""
    worst = max(reports, key=lambda report: report.verdict.gravity, default=None)
    if worst is None:
        return "nothing to look at"
    counts = Counter(STATUS[report.verdict] for report in reports)
    tally = ", ".join(f"{number} {status}" for status, number in counts.items())
    inbound = all(report.evidence.route.kind is RouteKind.INBOUND for report in reports)
    things = count(len(reports), "delivery" if inbound else "target")
    targets = f"{things} ({tally}): " if len(reports) > 1 else ""
    return targets + visible(worst.target.given) + _gravest(worst)


def _gravest(report: Report) -> str:
    bad = [finding for finding in report.findings if finding.verdict is not Verdict.OK]
    if not bad:
        left = _days_left(report).values()
        return f" {count(min(left), 'day')} left" if left else ""
    same = [finding for finding in bad if finding.code == bad[0].code]
    others = len({finding.code for finding in bad}) - 1
    where = places(same, nearby(report))
    return f" {bad[0].code}" + (f" at {where}" if where else "") + (f", and {others} more" if others else "")


def _values(reports: Sequence[Report], *, several: bool) -> Iterator[str]:
    """Days left of each endpoint's leaf, the least first, and what each stage took, the longest of an endpoint's."""
    for report in reports:
        owner = f"{report.target.given} " if several else ""
        days = _days_left(report)
        if days:
            yield _value(f"{owner}days_left", f"{min(days.values())};;0:")
        for there, left in days.items():
            yield _value(f"{owner}{there} days_left", f"{left};;0:")
        slowest: dict[str, float] = {}
        for seen in report.evidence.observations:
            for stage, seconds in seen.seconds.items():
                label = f"{owner}{peer(seen)} {stage}"
                slowest[label] = max(seconds, slowest.get(label, 0))
        for label, seconds in slowest.items():
            yield _value(label, f"{seconds:.6f}s;;;0")


def _once(values: Iterable[str]) -> Iterable[str]:
    """Each label once, as graphs want it: a configuration may name the same host twice, and expect this and that."""
    kept: dict[str, str] = {}
    for value in values:
        kept.setdefault(value.rpartition("=")[0], value)
    return kept.values()


def _value(label: str, value: str) -> str:
    return f"'{visible(label).translate(_IN_LABEL).strip()}'={value}"


def _days_left(report: Report) -> dict[str, int]:
    """Whole days until the leaf expires, by endpoint; negative once it has."""
    days: dict[str, int] = {}
    for seen in report.evidence.observations:
        leaf = parse(seen.chain.der[0]) if seen.chain and seen.chain.der else None
        if isinstance(leaf, Certificate):
            there = peer(seen)
            left = int((leaf.not_after - report.at) / A_DAY)  # towards zero: as the sentences count
            days[there] = min(left, days.get(there, left))
    return days


def _lines(reports: Sequence[Report]) -> Iterator[str]:
    """The long output: every fault of every target in a sentence, with all its places."""
    for report in reports:
        for group in grouped(finding for finding in report.findings if finding.verdict is not Verdict.OK):
            for said in cases(group, nearby(report)):
                yield f"{STATUS[group[0].verdict]} {visible(report.target.given)} {group[0].code}: {said}"
