"""`probe run`: every target that is due, once, side by side; then the alerts; then it is over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import trio

from probe.config.duty import Watched
from probe.errors import ProbeError, StateError
from probe.model import gravest
from probe.model.duty import Pending
from probe.report.ran import Ran
from probe.run.duty import Duty
from probe.run.mishap import Mishap
from probe.run.outbox import Delivery
from probe.run.pings import ping

HALF_A_DAY = 43200.0  # seconds: a daily run that comes a second early should not skip it
SETTLING = 60.0  # seconds for the alerts: a sink that is only just restarting should not wait for tomorrow's run


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a run came to: `silent` are the sinks that could not be pinged, and why; `fault` is why looks could not be
    taken, or not be written down. `waiting` is what it has not told of what is new; `stuck` are
    the sinks for which alerts were stuck before it began. `aside` is where a store went that
    turned out to be damaged."""

    results: tuple[Ran, ...]
    deliveries: tuple[Delivery, ...]
    silent: Mapping[str, str]
    fault: ProbeError | None = None
    aside: Path | None = None
    stuck: tuple[str, ...] = ()
    waiting: tuple[Pending, ...] = ()


async def once(duty: Duty, chosen: Sequence[Watched], now: Callable[[], datetime], *, telling: bool = True) -> Ended:
    """Probe the chosen targets, and tell whom it concerns, unless not `telling`. One that cannot be looked at, for want
    of something of ours or for a bug, does not keep us from the others."""
    sinks, rid, began = duty.settings.sinks, str(uuid4()), now()
    results: list[Ran] = []
    deliveries: list[Delivery] = []

    async def one(watched: Watched) -> None:
        try:
            results.append(await duty.take(watched))
        except Mishap as mishap:
            if mishap.bug:
                duty.log.bug(mishap.error, target=watched.name)

    async with trio.open_nursery() as beside:
        if telling:
            beside.start_soon(ping, sinks, None, rid, duty.log)
        async with trio.open_nursery() as looks:
            for watched in chosen:
                looks.start_soon(one, watched)
        if telling:  # whoever does not take a ping holds up no alert
            deliveries = await settle(duty, now)
    order = {watched.name: number for number, watched in enumerate(chosen)}
    results.sort(key=lambda ran: order[ran.standing.name])
    silent = await ping(sinks, results, rid, duty.log, duty.trouble) if telling else {}
    verdict = gravest(ran.standing.verdict for ran in results)
    _tidied(duty, lambda: duty.store.end(duty.run, now(), verdict, len(results)))
    _tidied(duty, lambda: duty.store.prune(now(), duty.settings.keep, every=HALF_A_DAY))
    waiting: list[Pending] = []
    _tidied(duty, lambda: waiting.extend(duty.store.pending()))
    return Ended(
        results=tuple(results),
        deliveries=tuple(deliveries),
        silent=silent,
        fault=duty.fault or next(iter(duty.mishaps.values()), None),
        aside=duty.aside,
        waiting=tuple(row for row in waiting if row.created >= began),
        stuck=tuple(dict.fromkeys(row.sink for row in waiting if row.stuck and row.created < began)),
    )


def _tidied(duty: Duty, work: Callable[[], object]) -> None:
    """What comes last must not keep the run from being reported. That the store fails has been said, or will be."""
    try:
        work()
    except StateError:
        return
    except Exception as error:
        duty.log.bug(error, where="store")


async def settle(duty: Duty, now: Callable[[], datetime], patience: float = SETTLING) -> list[Delivery]:
    """Deliver, and what failed once more as long as there is patience. Gives the last word on each sink, and of what is
    stuck every one."""
    last: dict[str, list[Delivery]] = {}
    stuck: list[Delivery] = []
    end = trio.current_time() + patience
    while True:
        outcomes = await duty.deliver(most=max(end - trio.current_time(), 5.0))
        stuck += [outcome for outcome in outcomes if outcome.stuck]
        for name in {outcome.sink for outcome in outcomes}:
            last[name] = [outcome for outcome in outcomes if outcome.sink == name and not outcome.stuck]
        words = [outcome for said in last.values() for outcome in said]
        again = [outcome.again for outcome in words if outcome.error and outcome.again]
        wait = (min(again) - now()).total_seconds() if again else 0.0
        if not again or trio.current_time() + wait > end:
            return [*words, *stuck]
        await trio.sleep(max(wait, 1.0))
