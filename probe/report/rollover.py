"""Whether the key can be rolled: a line of its own, for it is read by other people at other times.

The record that it asks for is for pasting and never wrapped; whose it is stands in it.
"""

from collections.abc import Collection, Iterable, Iterator

from probe.model import Finding, Verdict
from probe.report.escape import visible
from probe.report.layout import MARGIN, Line, Span, unwrapped
from probe.report.wording import named

ZONE_LINE = 2048  # characters: a whole certificate in a TLSA record may be cut, for nobody should publish one


def rollover_lines(findings: Iterable[Finding], hosts: Collection[str], domain: str) -> Iterator[Line]:
    """The judge's line, once for all hosts of which it is true, and where there is one the record to publish.
    `hosts` are all that there are: what is so of all of them needs no names."""
    alike: dict[tuple[str, str, bool], list[str]] = {}
    for finding in findings:
        if finding.code == "dane-rollover":
            said, publish = finding.fact("one_line") or "", finding.fact("publish") or ""
            alike.setdefault((said, publish, finding.verdict is Verdict.OK), []).append(finding.where.host or "")
    for (said, publish, good), names in alike.items():
        if not publish:  # "publish this record:" with none to follow promises too much
            said = said.removesuffix(", publish this record:")
            said += "" if set(names) == set(hosts) else f" ({named(names, domain)})"
        told = visible(said)
        sentence = told.removeprefix("roll-over ")  # "would break": the label is its subject
        yield unwrapped("roll-over:" if sentence == told else "roll-over", sentence, "" if good else "bad")
        if publish:
            yield to_paste(publish)


def to_paste(line: str) -> Line:
    """A line of a zone, never wrapped: a record must not be broken."""
    return (Span(f"{MARGIN}{MARGIN}{visible(line, ZONE_LINE)}", "command"),)
