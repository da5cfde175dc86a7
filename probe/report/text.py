"""The report for people: the verdict and why, what each endpoint showed, what is wrong and how to mend it, and from
where all of it was seen. Eighty columns; whatever a peer said has been made visible."""

from collections import Counter
from collections.abc import Iterator, Sequence

from probe.model import Evidence, Report, Route, RouteKind, Verdict
from probe.report.answers import told
from probe.report.endpoint import blocks
from probe.report.escape import visible
from probe.report.findings import faults, held, outline, reasons
from probe.report.layout import BLANK, MARGIN, WIDTH, Line, Span, coloured, heading, plain, row, wrapped
from probe.report.promises import promised
from probe.report.wording import count, failed

__all__ = ["Line", "coloured", "plain", "render", "summary"]


def render(report: Report, *, verbosity: int = 0, transcript: bool = False, width: int = WIDTH) -> list[Line]:
    """The report as lines. `verbosity` -1 is the verdict alone; 1 adds what held, whole chains, names and times."""
    if report.evidence.route.kind is RouteKind.INBOUND:
        from probe.report.delivery import render as delivered  # which the others need not pay for

        return delivered(report, verbosity=verbosity, transcript=transcript, width=width)
    if verbosity < 0:
        return list(outline(report, visible(report.target.given), width))
    return [
        *_headline(report, width),
        *_route(report, verbosity, width),
        *blocks(report, verbosity=verbosity, transcript=transcript, width=width),
        *faults(report.findings, report.target.name, verbosity=verbosity, width=width),
        *held(report.findings, report.target.name, verbosity=verbosity, width=width),
        *_vantage(report, width),
    ]


def summary(verdicts: Sequence[Verdict], things: str = "target") -> Line:
    """The last line under several targets: "3 targets: 1 OK, 1 WARN, 1 FAIL"; or under several of `things`."""
    counts = Counter(verdicts)
    spans = [Span(f"{count(len(verdicts), things)}:", "strong")]
    for verdict in sorted(counts, key=lambda verdict: verdict.gravity):
        spans += Span(" " if len(spans) == 1 else ", "), Span(f"{counts[verdict]} {verdict}", verdict)
    return tuple(spans)


def _headline(report: Report, width: int) -> Iterator[Line]:
    """The verdict, and for each of the gravest faults where and why."""
    yield from heading(report.verdict, visible(report.target.given), width=width)
    yield from reasons(report.findings, report.target.name, width)
    yield BLANK


def _route(report: Report, verbosity: int, width: int) -> Iterator[Line]:
    """Where mail would go, for a mail domain; what was promised; with -v what was asked for all of it."""
    lines = [
        *_hosts(report.evidence.route, width),
        *promised(report, verbosity=verbosity, width=width),
        *(_answers(report.evidence, width) if verbosity > 0 else ()),
    ]
    if lines:
        yield from (*lines, BLANK)


def _hosts(route: Route, width: int) -> Iterator[Line]:
    if route.kind is RouteKind.NULL_MX:
        yield from row("MX 0 .", "the null MX: this domain takes no mail (RFC 7505)", width=width)
    elif route.kind in (RouteKind.MX, RouteKind.IMPLICIT_MX):
        for hop in route.hops:
            label = "no MX" if route.kind is RouteKind.IMPLICIT_MX else f"MX {hop.preference}"
            addresses = ", ".join(map(visible, hop.addresses)) or "no address"
            more = f" and {hop.omitted} more, left out" if hop.omitted else ""
            yield from row(label, f"{visible(hop.host)}  {addresses}{more}", width=width)
        if route.omitted:
            yield from row("", f"and {count(route.omitted, 'host')} more, left out", width=width)
    if route.failure:
        yield from row("failed", failed(route.failure), width=width, style="bad")


def _answers(evidence: Evidence, width: int) -> Iterator[Line]:
    for answer in evidence.answers:
        yield from row(visible(answer.question.rtype, 8), told(answer), width=width)
        if answer.question.rtype == "TLSA":  # each record whole: they are for comparing
            yield from ((Span(f"{MARGIN * 4}{visible(record)}", "command"),) for record in answer.records)


def _vantage(report: Report, width: int) -> Iterator[Line]:
    """From where it was seen: another place may see another truth."""
    evidence = report.evidence
    sources = dict.fromkeys(seen.source for seen in evidence.observations if seen.source)
    seen = f"Seen from {', '.join(map(visible, sources))}" if sources else "No connection was made"
    names = f"; names by {', '.join(map(visible, evidence.resolvers))}" if evidence.resolvers else ""
    text = f"{seen}{names}; roots: {visible(report.roots)}. The peer may treat Microsoft's addresses differently."
    yield from wrapped(text, width=width, style="dim")
