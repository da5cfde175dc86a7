"""What `probe connectors` prints: the verdict, what was read, what it says, what is wrong and how to mend it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from probe.model import Finding, Organisation, Verdict, gravest
from probe.report.escape import visible
from probe.report.exported import files
from probe.report.findings import faults, glance, grouped, held
from probe.report.inventory import blocks
from probe.report.layout import BLANK, WIDTH, Line, Span, body, heading, wrapped
from probe.report.properties import listed
from probe.report.wording import count

REASONS = 3  # said beside the verdict; the rest is below
QUIET = 7  # columns of a verdict where verdicts stand under one another


def render(
    organisation: Organisation, findings: Sequence[Finding], at: datetime, *, verbosity: int = 0, width: int = WIDTH
) -> list[Line]:
    """The report as lines. `verbosity` -1 is the verdict alone; 1 adds what held, every connector and property."""
    verdict = gravest(finding.verdict for finding in findings)
    if verbosity < 0:
        return list(_verdict(organisation, findings, verdict, width))
    return [
        *_headline(organisation, findings, verdict, width),
        *files(organisation.exports, verbosity=verbosity, width=width),
        BLANK,
        *blocks(organisation, at, verbosity=verbosity, width=width),
        *faults(findings, "", verbosity=verbosity, width=width),
        *held(findings, "", verbosity=verbosity, width=width),
        *wrapped(
            "Read from exports alone: nothing was connected to. How it is now, the wire says: probe --connectors.",
            width=width,
            style="dim",
        ),
    ]


def _verdict(organisation: Organisation, findings: Sequence[Finding], verdict: Verdict, width: int) -> Iterator[Line]:
    codes = ", ".join(dict.fromkeys(finding.code for finding in findings if finding.verdict is not Verdict.OK))
    head = (Span(f"{verdict:<{QUIET}}", verdict),)
    yield from wrapped(f"{_sources(organisation)}  {codes}".rstrip(), width=width, indent=QUIET + 2, head=head)


def _headline(organisation: Organisation, findings: Sequence[Finding], verdict: Verdict, width: int) -> Iterator[Line]:
    """The verdict, and for each of the gravest faults where and why."""
    yield from heading(verdict, _sources(organisation), width=width)
    bad = grouped(finding for finding in findings if finding.verdict is not Verdict.OK)
    for group in bad[:REASONS]:
        for text in glance(group, ""):
            yield from body(text, width=width, hang=2)
    if len(bad) > REASONS:
        yield from body(f"and {count(len(bad) - REASONS, 'more fault')}, see below", width=width)
    yield BLANK


def _sources(organisation: Organisation) -> str:
    return listed([export.source for export in organisation.exports]) or visible("-")
