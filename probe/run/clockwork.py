"""The watch's clock: it starts each job at its slots, for years. What a job does is none of its business.

Three rules. It never drifts: a slot is computed from the wall clock, not from the end of the last work. It never piles
up: a job that is still at work (or still waiting for a free place) when its slot comes leaves that slot out, and says
so. And it never loses its way: no sleep is longer than `LONGEST`, after which the wall clock is read anew.

The wall clock may jump, because somebody set it or the machine slept; it is held against the monotonic clock to see it.
Forward: what came due in between is begun at once, one time, however many slots it were. Back: slots are computed anew,
or else nothing would happen until the clock is where it was; only the slot that was begun last is not begun again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import trio

from probe.config.duty import Schedule
from probe.run.events import Log
from probe.run.schedule import slot_after

LONGEST = 30.0  # seconds asleep
JUMP = 2.0  # seconds by which the two clocks part between two wakings; one that tells whole seconds may part by one
GRACE = 10.0  # seconds for work under way when the clock is stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be done at which times. `last` is when it was last done before this clock: where a slot has come
    since, or it never was (None), it is begun at once."""

    name: str
    schedule: Schedule = field(default_factory=Schedule)
    last: datetime | None = None


class Clockwork:
    """`jobs` says what there is to do: asked when the clock starts and after `reload`; each name once. `work` does one
    by its name, at most `parallel` at a time, none twice at a time. What it raises (but for what ends the program) is
    told to the `log` as a `fault`, and counted; nothing else stops for it. `now` is the wall clock."""

    def __init__(
        self,
        jobs: Callable[[], Sequence[Job]],
        work: Callable[[str], Awaitable[None]],
        *,
        parallel: int,
        now: Callable[[], datetime],
        log: Log,
        grace: float = GRACE,
    ) -> None:
        self._ask, self._work, self._now, self._log, self._grace = jobs, work, now, log, grace
        self._places = trio.CapacityLimiter(parallel)
        self._jobs: dict[str, Job] = {}
        self._slots: dict[str, datetime] = {}
        self._begun: dict[str, datetime] = {}  # the slot begun last
        self._states: dict[str, str] = {}  # of those that are waiting or running
        self._early: set[str] = set()  # begun at once, between two slots
        self._wake, self._scope = trio.Event(), trio.CancelScope()
        self._stopping = self._reloading = False
        self.faults = self.missed = 0

    @property
    def slots(self) -> Mapping[str, datetime]:
        """When each job comes next, in UTC."""
        return self._slots

    @property
    def busy(self) -> Mapping[str, str]:
        """The jobs that are "running", or "waiting" for a free place."""
        return self._states

    def reload(self, parallel: int | None = None) -> None:
        """Ask for the jobs anew. One whose schedule is the same keeps its slot; one that is new is begun as at the
        start; one that is gone is not begun any more, though what is running of it goes on."""
        if parallel is not None:
            self._places.total_tokens = parallel
        self._reloading = True
        self._wake.set()

    def stop(self) -> None:
        """Begin nothing more; `keep` returns when the work under way has ended, or was cancelled after `grace` seconds.
        Stopped once more, it is cancelled at once."""
        if self._stopping:
            self._scope.cancel()
            return
        self._log.event("stopping", grace=self._grace, busy=len(self._states))
        self._scope.deadline = trio.current_time() + self._grace
        self._stopping = True
        self._wake.set()

    async def keep(self) -> None:
        """Run until `stop`. Cancelled from outside, it cancels the work under way at once. Raises `ConfigError` for a
        schedule that never comes."""
        with self._scope:
            async with trio.open_nursery() as nursery:
                wall, ticks = self._now(), trio.current_time()
                self._load(wall)
                while not self._stopping:
                    then, before = wall, ticks
                    wall, ticks = self._now(), trio.current_time()
                    jump = (wall - then).total_seconds() - (ticks - before)
                    if abs(jump) > JUMP:
                        self._jumped(wall, jump)
                    self._begin(wall, nursery)
                    if self._reloading:  # after what was due under the old schedules
                        self._load(wall)
                    else:
                        await self._sleep(wall)

    def _load(self, wall: datetime) -> None:
        self._reloading = False
        jobs = {job.name: job for job in self._ask()}
        for name, job in jobs.items():
            known = self._jobs.get(name)
            if known is None:
                self._slots[name] = wall if job.last is None else _slot(job, min(job.last, wall))
                if self._slots[name] <= wall:
                    self._early.add(name)
            elif known.schedule != job.schedule:
                self._slots[name] = _slot(job, wall)
        for name in self._jobs.keys() - jobs.keys():
            del self._slots[name]
            self._begun.pop(name, None)
        self._jobs = jobs

    def _jumped(self, wall: datetime, seconds: float) -> None:
        self._log.event("clock-jumped", seconds=round(seconds, 1))
        if seconds > 0:
            return
        for name, job in self._jobs.items():
            slot = _slot(job, wall)
            self._slots[name] = _slot(job, slot) if slot == self._begun.get(name) else slot

    def _begin(self, wall: datetime, nursery: trio.Nursery) -> None:
        for slot, name in sorted((slot, name) for name, slot in self._slots.items() if slot <= wall):
            self._slots[name] = _slot(self._jobs[name], wall)
            self._begun[name] = slot
            if name in self._states and name in self._early:  # that look stands for this slot, too
                self._early.discard(name)
            elif name in self._states:
                self.missed += 1
                self._log.event("slot-missed", target=name, slot=slot, state=self._states[name])
            else:
                self._states[name] = "waiting"
                nursery.start_soon(self._do, name)

    async def _do(self, name: str) -> None:
        ended = True
        try:
            async with self._places:
                if not self._stopping and name in self._jobs:
                    self._states[name], ended = "running", False
                    await self._work(name)
                    ended = True
        except* Exception as group:
            ended = True
            self.faults += 1
            self._log.fault(group.exceptions[0] if len(group.exceptions) == 1 else group, target=name)
        finally:
            del self._states[name]
            self._early.discard(name)
            if not ended:
                self._log.event("cut-off", target=name)

    async def _sleep(self, wall: datetime) -> None:
        nearest = min(self._slots.values(), default=wall + timedelta(seconds=LONGEST))
        with trio.move_on_after(min(LONGEST, (nearest - wall).total_seconds())):
            await self._wake.wait()
        self._wake = trio.Event()


def _slot(job: Job, after: datetime) -> datetime:
    return slot_after(job.schedule, job.name, after)
