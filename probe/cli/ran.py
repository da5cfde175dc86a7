"""What a run is said to have come to: nothing where all is OK, and the exit code."""

import sys
from typing import TYPE_CHECKING

from probe.cli.duty_options import RunFormat
from probe.cli.onduty import say_aside
from probe.cli.terminal import encodable, write
from probe.model import Verdict, gravest
from probe.report.escape import visible

if TYPE_CHECKING:
    from probe.run.once import Ended


def tell(ended: "Ended", form: RunFormat, *, verbosity: int, colour: bool) -> int:
    """Print it; gives the exit code: the gravest verdict of the targets that are not muted, of which an alert that did
    not go out is a WARN. Raises what kept the looks from being written down, when all else is said."""
    match form:
        case RunFormat.TEXT:
            from probe.report.ran import render

            write(render(ended.results, ended.deliveries, verbosity=verbosity), colour=colour)
        case RunFormat.JSON:
            from probe.report.ran_json import render as to_json

            sys.stdout.flush()
            sys.stdout.buffer.write(b"".join(to_json(ran) + b"\n" for ran in ended.results))
            sys.stdout.buffer.flush()
        case RunFormat.NAGIOS:
            from probe.report.nagios import render as to_nagios

            print(encodable(to_nagios([ran.report for ran in ended.results if ran.report])), end="", flush=True)
    if ended.aside:
        say_aside(ended.aside)
    for sink, reason in ended.silent.items():
        print(f"warning: {visible(sink)} could not be pinged: {visible(reason)}", file=sys.stderr)
    if ended.fault:
        raise ended.fault
    verdicts = [ran.standing.verdict for ran in ended.results if not ran.muted]
    if ended.silent or any(sent.error for sent in ended.deliveries):
        verdicts.append(Verdict.WARN)
    return gravest(verdicts).exit_code if verdicts else Verdict.OK.exit_code


def would_tell(ended: "Ended") -> None:
    """What a dry run would have told, and whom."""
    for row in ended.waiting:
        what = "; ".join(f"{item.kind}: {item.title} ({item.place or row.notice.given})" for item in row.notice.items)
        if what:
            print(f"would tell {visible(row.sink)} of {visible(row.notice.target)}: {what}")
