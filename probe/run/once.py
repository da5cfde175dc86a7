"""`probe run`: every target that is due, once, side by side; then the alerts; then it is over."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import trio

from probe.config.duty import Watched
from probe.errors import ProbeError, StateError
from probe.model import gravest
from probe.model.duty import Pending
from probe.report.ran import Ran
from probe.run.duty import Duty
from probe.run.outbox import Delivery
from probe.run.pings import ping

A_DAY = 86400.0  # seconds
SETTLING = 60.0  # seconds for the alerts: a sink that is only just restarting should not wait for tomorrow's run


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a run came to: `silent` are the sinks that could not be pinged, and why;
    `fault` is why looks could not be written down. `waiting` is what is still to be told. `aside` is where
    a store went that turned out to be damaged."""

    results: tuple[Ran, ...]
    deliveries: tuple[Delivery, ...]
    silent: Mapping[str, str]
    fault: ProbeError | None = None
    aside: Path | None = None
    waiting: tuple[Pending, ...] = ()


async def once(duty: Duty, chosen: Sequence[Watched], now: Callable[[], datetime], *, telling: bool = True) -> Ended:
    """Probe the chosen targets, and tell whom it concerns, unless not `telling`."""
    sinks, rid = duty.settings.sinks, f"run-{duty.run}"
    results: list[Ran] = []

    async def one(watched: Watched) -> None:
        results.append(await duty.take(watched))

    async with trio.open_nursery() as nursery:
        if telling:
            nursery.start_soon(ping, sinks, None, rid)
        for watched in chosen:
            nursery.start_soon(one, watched)
    order = {watched.name: number for number, watched in enumerate(chosen)}
    results.sort(key=lambda ran: order[ran.standing.name])
    deliveries = await settle(duty, now) if telling else []
    silent = await ping(sinks, results, rid) if telling else {}
    with suppress(StateError):  # it has been said by then, or will be
        duty.store.prune(now(), duty.settings.keep, every=A_DAY)
        duty.store.end(duty.run, now(), gravest(ran.standing.verdict for ran in results), len(results))
    return Ended(
        results=tuple(results),
        deliveries=tuple(deliveries),
        silent=silent,
        fault=duty.fault,
        waiting=tuple(duty.store.pending()),
    )


async def settle(duty: Duty, now: Callable[[], datetime], patience: float = SETTLING) -> list[Delivery]:
    """Deliver, and what failed once more as long as there is patience. Gives the last word on each sink."""
    last: dict[str, Delivery] = {}
    end = trio.current_time() + patience
    while True:
        for outcome in await duty.deliver(most=max(end - trio.current_time(), 5.0)):
            last[outcome.sink] = outcome
        again = [outcome.again for outcome in last.values() if outcome.error and outcome.again]
        wait = (min(again) - now()).total_seconds() if again else 0.0
        if not again or trio.current_time() + wait > end:
            return list(last.values())
        await trio.sleep(max(wait, 1.0))
