"""Pings to a service that misses us when we are silent: the one alert that works when nothing else does."""

from collections.abc import Iterable, Sequence
from typing import Literal

import trio

from probe.alert.healthchecks import Healthchecks
from probe.alert.sink import Sink, Undelivered
from probe.model import Verdict, gravest
from probe.report.escape import visible
from probe.report.layout import plain
from probe.report.ran import Ran, render
from probe.report.wording import count
from probe.run.events import Log

Event = Literal["start", "success", "fail"]
TRIES, PAUSE = 3, 5.0  # seconds
MOST = 2000  # characters of what kept us from our work


async def ping(
    sinks: Iterable[Sink], results: Sequence[Ran] | None, rid: str, log: Log, trouble: str = ""
) -> dict[str, str]:
    """Tell all sinks of that kind how it went, `results` None: that it begins. `rid` as in `Healthchecks.ping`.
    `trouble` is what kept us from our work: a failure whatever the results. Gives why those failed that did, by name.
    A start is told once: that it was late is no news."""
    faults: dict[str, str] = {}

    async def one(sink: Healthchecks) -> None:
        its = [ran for ran in results or () if concerned(sink, ran)]
        body = f"{visible(trouble, MOST)}\n" if trouble else ""
        body += plain(render(its)) or ("" if trouble or results is None else "All is OK.\n")
        if muted := sum(ran.muted for ran in results or ()):
            body += f"{count(muted, 'target')} muted\n"
        event: Event = "start" if results is None else "fail" if trouble else outcome(its)
        for number in range(1 if results is None else TRIES):
            await trio.sleep(PAUSE if number else 0)
            reason = await _attempt(sink, event, body, rid, log)
            if not reason:
                faults.pop(sink.name, None)
                return
            faults[sink.name] = reason

    async with trio.open_nursery() as nursery:
        for sink in sinks:
            if isinstance(sink, Healthchecks):
                nursery.start_soon(one, sink)
    return faults


def outcome(results: Iterable[Ran]) -> Event:
    """Success unless something is as bad as FAIL or UNKNOWN."""
    verdicts = [ran.standing.verdict for ran in results]
    return "fail" if verdicts and gravest(verdicts) in (Verdict.FAIL, Verdict.UNKNOWN) else "success"


def concerned(sink: Sink, ran: Ran) -> bool:
    return not ran.muted and (not sink.tags or not set(sink.tags).isdisjoint(ran.standing.tags))


async def _attempt(sink: Healthchecks, event: Event, body: str, rid: str, log: Log) -> str:
    with trio.move_on_after(float(sink.timeout)):
        try:
            await sink.ping(event, body, rid)
        except Undelivered as error:
            return str(error)
        except Exception as error:  # a bug there is no reason to stop here
            log.bug(error, sink=sink.name)
            return f"a fault of our own: {type(error).__name__}"
        return ""
    return f"no answer within {sink.timeout:g} s"
