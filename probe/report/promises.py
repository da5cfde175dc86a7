"""What the domain has promised, a line each below the route: DANE, MTA-STS, TLSRPT.

A line says what was promised, how many of the hosts stand by it, and where they do not, what that does to mail. "Strict
senders" are those that honour the standard in question. Each is one line however long, for it is what people search
for; what makes it long is bounded. With -v what the promise consists of: the TLSA records and what they match, the
policy's own lines.
"""

from collections.abc import Iterator, Mapping

from probe.model import Record, Report, TlsRpt
from probe.report.dane import dane_lines
from probe.report.layout import Line, unwrapped
from probe.report.sts import sts_lines
from probe.report.wording import named

MOST_URIS = 4  # shown of those that reports go to


def promised(report: Report, *, verbosity: int, width: int) -> Iterator[Line]:
    """The lines on all promises that were looked for. Nothing of a promise that the target cannot make."""
    promises = report.promises
    if promises.dane:
        yield from dane_lines(promises.dane, report, verbosity, width)
    if promises.mta_sts:
        yield from sts_lines(promises.mta_sts, report, verbosity, width)
    if promises.tlsrpt:
        yield _tlsrpt(promises.tlsrpt)


def _tlsrpt(tlsrpt: TlsRpt) -> Line:
    words: Mapping[Record, str] = {
        Record.NONE: "none",
        Record.INVALID: "record invalid → nobody reports",
        Record.UNKNOWN: "record not to be looked up",
        Record.VALID: f"to {named(tlsrpt.rua, most=MOST_URIS)}",
    }
    return unwrapped("TLSRPT:", words[tlsrpt.record], "bad" if tlsrpt.record is Record.INVALID else "")
