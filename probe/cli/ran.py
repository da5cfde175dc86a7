"""What a run is said to have come to: nothing where all is OK, and the exit code; and who else hears of it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from probe.cli import onduty
from probe.cli.duty_options import RunFormat
from probe.cli.holding import say_aside
from probe.cli.terminal import encodable, write
from probe.errors import ProbeError, StateError
from probe.model import Verdict, gravest
from probe.report.escape import visible

if TYPE_CHECKING:
    from probe.config.duty import Settings
    from probe.run.once import Ended


def tell(ended: "Ended", form: RunFormat, *, verbosity: int, colour: bool, fault: ProbeError | None = None) -> int:
    """Print it; gives the exit code: the gravest verdict of the targets that are not muted, of which an alert that did
    not go out is a WARN. Raises the `fault`, or what kept the looks from being written down, when all else is said."""
    fault = fault or ended.fault
    verdicts = [ran.standing.verdict for ran in ended.results if not ran.muted]
    if ended.silent or ended.stuck or any(sent.error for sent in ended.deliveries):
        verdicts.append(Verdict.WARN)
    verdict = gravest(verdicts) if verdicts else Verdict.OK
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
            print(encodable(_plugin(ended, verdict, fault)), end="", flush=True)
    if ended.aside:
        say_aside(ended.aside)
    for sink, reason in ended.silent.items():
        print(f"warning: {visible(sink)} could not be pinged: {visible(reason)}", file=sys.stderr)
    for sink in ended.stuck:
        print(f"warning: alerts for {visible(sink)} are stuck: see `probe alerts list`", file=sys.stderr)
    if fault:
        raise fault
    return verdict.exit_code


def _plugin(ended: "Ended", verdict: Verdict, fault: ProbeError | None) -> str:
    """As a monitoring plug-in says it: the word agrees with the exit code, and the labels are the same whoever is
    muted."""
    from probe.report.nagios import render
    from probe.report.ran import as_report
    from probe.report.wording import count

    muted = sum(ran.muted for ran in ended.results)
    note = str(fault) if fault else f"{count(muted, 'target')} muted" if muted else ""
    reports = [report for ran in ended.results if not ran.muted and (report := as_report(ran))]
    if not reports and not note:
        return render([])
    return render(reports, several=len(ended.results) > 1, verdict=Verdict.UNKNOWN if fault else verdict, note=note)


def would_tell(ended: "Ended") -> None:
    """What a dry run would have told, and whom."""
    for row in ended.waiting:
        what = "; ".join(f"{item.kind}: {item.title} ({item.place or row.notice.given})" for item in row.notice.items)
        if what:
            print(f"would tell {visible(row.sink)} of {visible(row.notice.target)}: {what}")


def measured(path: Path, memory: Path, settings: "Settings") -> ProbeError | None:
    """Write metrics there. Gives what kept them from being written: what the run came to is said before that. The
    store is opened anew, for another may have taken the place of a damaged one."""
    from probe import __version__
    from probe.report.prometheus import exposition
    from probe.run.textfile import write
    from probe.run.window import agent
    from probe.state import Store

    known = settings.names
    try:
        with Store.open(memory, onduty.now(), writing=False) as store:
            standings = [standing for standing in store.standings() if standing.name in known]
            write(path, exposition(standings, onduty.now(), agent=agent(store, settings, __version__, onduty.now())))
    except ProbeError as error:
        return error
    return None


@contextmanager
def heard(settings: "Settings", *, dry_run: bool = False) -> Iterator[None]:
    """Where the store keeps us from our work, those who miss us when we are silent hear why."""
    try:
        yield
    except StateError as error:
        if not dry_run:
            _ping(settings, str(error))
        raise


def _ping(settings: "Settings", reason: str) -> None:
    import trio

    from probe.alert.healthchecks import Healthchecks
    from probe.alert.sink import Undelivered

    async def one(sink: Healthchecks) -> None:
        with trio.move_on_after(sink.timeout):
            try:
                await sink.ping("fail", f"{reason}\n", "")
            except Undelivered as error:
                print(f"warning: {visible(sink.name)} could not be pinged: {visible(str(error))}", file=sys.stderr)

    async def all_of_them() -> None:
        async with trio.open_nursery() as nursery:
            for sink in settings.sinks:
                if isinstance(sink, Healthchecks):
                    nursery.start_soon(one, sink)

    trio.run(all_of_them)
