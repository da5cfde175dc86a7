"""When, and how many: many targets side by side, their evidence in the order in which they were given."""

from collections.abc import Callable, Iterable

import trio

from probe.model import Evidence, Target
from probe.observe import Manner, Slots, World, gather

AHEAD = 16  # times `parallel`: how much finished evidence may wait for an earlier target to finish


async def probe_all(
    targets: Iterable[Target], world: World, manner: Manner, parallel: int, deliver: Callable[[Evidence], None]
) -> None:
    """Gather evidence on every target, `parallel` at a time, and hand it to `deliver` in the order of the targets.

    One slow target holds up the delivery of those behind it but not their probing. Where this is cancelled or
    interrupted, what is finished by then is delivered on the way out.
    """
    slots = Slots(manner.limits.connections)
    free, room = trio.Semaphore(parallel), trio.Semaphore(parallel * AHEAD)
    finished: dict[int, Evidence] = {}
    due = 0

    async def probe(number: int, target: Target) -> None:
        nonlocal due
        finished[number] = await gather(target, world, manner, slots)
        free.release()
        while due in finished:
            evidence = finished.pop(due)
            due += 1
            room.release()
            deliver(evidence)

    try:
        async with trio.open_nursery() as nursery:
            for number, target in enumerate(targets):
                await room.acquire()
                await free.acquire()
                nursery.start_soon(probe, number, target)
    finally:
        for number in sorted(finished):
            deliver(finished.pop(number))
