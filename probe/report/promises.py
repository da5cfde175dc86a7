"""What the domain has promised, a line each below the route: DANE, MTA-STS, TLSRPT.

A line says what was promised, how many of the hosts stand by it, and where they do not, what that does to mail. "Strict
senders" are those that honour the standard in question. With -v what the promise consists of: the TLSA records and what
they match, the policy's own lines.
"""

from collections.abc import Iterator, Mapping

from probe.model import Record, Report, TlsRpt
from probe.report.dane import dane_lines
from probe.report.escape import visible
from probe.report.layout import Line, row
from probe.report.sts import sts_lines


def promised(report: Report, *, verbosity: int, width: int) -> Iterator[Line]:
    """The lines on all promises that were looked for. Nothing of a promise that the target cannot make."""
    promises = report.promises
    if promises.dane:
        yield from dane_lines(promises.dane, report.target, report.findings, verbosity, width)
    if promises.mta_sts:
        yield from sts_lines(promises.mta_sts, report.target.name, verbosity, width)
    if promises.tlsrpt:
        yield from _tlsrpt(promises.tlsrpt, width)


def _tlsrpt(tlsrpt: TlsRpt, width: int) -> Iterator[Line]:
    words: Mapping[Record, str] = {
        Record.NONE: "none",
        Record.INVALID: "record invalid → nobody reports",
        Record.UNKNOWN: "record not to be looked up",
        Record.VALID: f"to {', '.join(map(visible, tlsrpt.rua))}",
    }
    style = "bad" if tlsrpt.record is Record.INVALID else ""
    return row("TLSRPT", words[tlsrpt.record], width=width, style=style)
