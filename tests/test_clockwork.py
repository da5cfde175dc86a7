"""The watch's clock in virtual time: slots, jumps of the wall clock, reloads, bugs in the work, and how it ends."""

import io
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.config.duty import Schedule
from probe.run.clockwork import GRACE, LONGEST, Clockwork, Job
from probe.run.events import Form, Log
from probe.run.schedule import slot_after
from tests.world import in_mock_time

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERY = 60.0
MINUTELY = Schedule(every=EVERY)


def job(name: str, every: float = EVERY, last: datetime | None = NOON) -> Job:
    return Job(name=name, schedule=Schedule(every=every), last=last)


class Watch:
    """A clockwork with a wall clock that can be set, whose work takes `seconds`; and what was begun when, in seconds of
    the monotonic clock since the beginning."""

    def __init__(self, *jobs: Job, seconds: float = 1.0, parallel: int = 64, grace: float = GRACE) -> None:
        self.jobs, self.seconds = list(jobs), seconds
        self.takes: dict[str, float] = {}
        self.begun: list[tuple[str, float]] = []
        self.ended: Counter[str] = Counter()
        self.busy: Counter[str] = Counter()
        self.most = self.asked = 0
        self.offset = timedelta()
        self.out = io.StringIO()
        self.zero = trio.current_time()
        self.work: Callable[[str], Awaitable[None]] | None = None
        log = Log(self.out, Form.JSON, self.now)
        now = lambda: self.now()  # noqa: E731 - which a test may replace
        self.clock = Clockwork(lambda: self.jobs, self._work, parallel=parallel, now=now, log=log, grace=grace)

    @property
    def ticks(self) -> float:
        return trio.current_time() - self.zero

    def now(self) -> datetime:
        self.asked += 1
        return NOON + self.offset + timedelta(seconds=self.ticks)

    def set_by(self, seconds: float) -> None:
        self.offset += timedelta(seconds=seconds)

    def events(self, name: str) -> list[dict[str, Any]]:
        return [event for event in map(json.loads, self.out.getvalue().splitlines()) if event["event"] == name]

    def times(self, name: str) -> list[float]:
        return [when for which, when in self.begun if which == name]

    def slots(self, name: str, seconds: float, every: float = EVERY) -> list[float]:
        """The slots of the first so many seconds, while nobody sets the clock."""
        at, found = NOON, []
        while (at := slot_after(Schedule(every=every), name, at)) < NOON + timedelta(seconds=seconds):
            found.append((at - NOON).total_seconds())
        return found

    async def _work(self, name: str) -> None:
        self.begun.append((name, self.ticks))
        self.busy[name] += 1
        self.most = max(self.most, self.busy.total())
        assert self.busy[name] == 1
        try:
            if self.work:
                await self.work(name)
            else:
                await trio.sleep(self.takes.get(name, self.seconds))
            self.ended[name] += 1
        finally:
            self.busy[name] -= 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The clock runs while the block does, and is then stopped."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.clock.keep)
            await trio.testing.wait_all_tasks_blocked()
            yield
            self.clock.stop()


@in_mock_time
async def test_work_begins_at_its_slots_however_long_it_takes() -> None:
    watch = Watch(job("a"), job("b", 45), seconds=7)
    async with watch.running():
        await trio.sleep(6 * 3600)
    assert watch.times("a") == pytest.approx(watch.slots("a", 6 * 3600))
    assert watch.times("b") == pytest.approx(watch.slots("b", 6 * 3600, 45))
    assert len(watch.times("a")) == 360
    assert watch.out.getvalue().count("\n") == 1  # stopping


@in_mock_time
async def test_work_that_is_still_running_leaves_its_slots_out() -> None:
    watch = Watch(job("a"), job("b"), seconds=150)
    async with watch.running():
        await trio.sleep(1800)
    assert watch.times("a") == pytest.approx(watch.slots("a", 1800)[::3])
    assert watch.clock.missed == len(watch.events("slot-missed")) == 40
    event = watch.events("slot-missed")[0]
    assert (event["state"], event["level"]) == ("running", "warning")
    assert datetime.fromisoformat(event["slot"]) == slot_after(MINUTELY, event["target"], NOON + timedelta(seconds=60))


@in_mock_time
async def test_no_more_at_a_time_than_wanted_and_everybody_gets_a_turn() -> None:
    watch = Watch(*(job(f"mail{n}", 600, None) for n in range(50)), seconds=5, parallel=3)
    async with watch.running():
        assert len(watch.begun) == 3  # those that were never looked at are begun at once
        assert sorted(Counter(watch.clock.busy.values()).items()) == [("running", 3), ("waiting", 47)]
        await trio.sleep(100)
        assert watch.ended.keys() == {f"mail{n}" for n in range(50)}
        watch.clock.reload(parallel=10)
        await trio.sleep(1)
        assert watch.most == 3
        watch.set_by(6000)  # now all are due at once
        await trio.sleep(LONGEST + 1)
    assert watch.most == 10


@in_mock_time
async def test_work_that_waits_for_a_place_is_not_queued_twice() -> None:
    watch = Watch(job("long", 10_000, None), job("short", 60), parallel=1)
    watch.takes["long"] = 500
    async with watch.running():
        await trio.sleep(505)
    assert len(watch.times("short")) == 1
    assert {event["state"] for event in watch.events("slot-missed")} == {"waiting"}
    assert watch.clock.missed == len(watch.slots("short", 500)) - 1


@in_mock_time
async def test_what_was_begun_between_two_slots_stands_for_the_next_one_and_for_no_more() -> None:
    watch = Watch(job("a", last=None), seconds=150)
    async with watch.running():
        await trio.sleep(149)
    assert len(watch.slots("a", 149)) - 1 == watch.clock.missed == len(watch.events("slot-missed")) > 0


@in_mock_time
async def test_later_on_every_slot_that_is_left_out_is_told() -> None:
    watch = Watch(job("a", last=None), seconds=0.1)
    first, *others = watch.slots("a", 300)
    async with watch.running():
        await trio.sleep(first - 1)
        watch.seconds = 1000
        await trio.sleep(300 - first)
    assert len(watch.times("a")) == 2
    assert watch.clock.missed == len(others)


@in_mock_time
async def test_a_bug_in_one_work_stops_nobody() -> None:
    async def work(name: str) -> None:
        await trio.sleep(1)
        if name == "plain":
            raise KeyError("here it is")
        if name == "group":
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep_forever)
                raise ZeroDivisionError("in a nursery")

    watch = Watch(job("good"), job("plain"), job("group"))
    watch.work = work
    async with watch.running():
        await trio.sleep(600)
    assert watch.ended == {"good": 10}
    assert len(watch.times("plain")) == len(watch.times("group")) == 10
    faults = watch.events("fault")
    assert watch.clock.faults == len(faults) == 20
    told = {event["target"]: event for event in faults}
    assert told["plain"]["error"] == "KeyError: 'here it is'"
    assert "ZeroDivisionError: in a nursery" in told["group"]["traceback"]
    assert "in work" in told["plain"]["traceback"]


@in_mock_time
async def test_what_ends_the_program_ends_the_clock() -> None:
    async def work(name: str) -> None:
        raise KeyboardInterrupt

    watch = Watch(job("a"), job("b"))
    watch.work = work
    with pytest.raises(BaseExceptionGroup) as caught:
        await watch.clock.keep()
    assert caught.group_contains(KeyboardInterrupt)
    assert not watch.clock.faults


@in_mock_time
async def test_a_bug_while_being_cancelled_is_told_and_does_not_crash_the_end() -> None:
    async def work(name: str) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            try:
                await trio.sleep_forever()
            finally:
                raise ValueError("while it tidied up")

    watch = Watch(job("a", last=None))
    watch.work = work
    async with watch.running():
        pass
    assert "while it tidied up" in watch.events("fault")[0]["traceback"]


@in_mock_time
async def test_after_a_sleep_of_the_machine_everything_is_begun_once() -> None:
    watch = Watch(job("a"), job("b", 3600))
    async with watch.running():
        await trio.sleep(300)
        before = len(watch.times("a"))
        watch.set_by(8 * 3600)
        await trio.sleep(LONGEST)
        assert len(watch.times("b")) == 1
        assert before < len(watch.times("a")) <= before + 2  # one of them may be its next slot
        await trio.sleep(600 - LONGEST)
    assert [event["seconds"] for event in watch.events("clock-jumped")] == [28800.0]
    gaps = [later - earlier for earlier, later in pairwise(watch.times("a"))]
    assert gaps[-5:] == pytest.approx([EVERY] * 5)
    assert not watch.clock.missed


@in_mock_time
async def test_a_clock_that_is_set_back_silences_nobody() -> None:
    watch = Watch(job("a"))
    async with watch.running():
        await trio.sleep(300)
        watch.set_by(-3600)
        await trio.sleep(300)
    assert [event["seconds"] for event in watch.events("clock-jumped")] == [-3600.0]
    gaps = [later - earlier for earlier, later in pairwise(watch.times("a"))]
    assert max(gaps) <= EVERY * 2
    assert gaps[-4:] == pytest.approx([EVERY] * 4)


@pytest.mark.parametrize("seconds", [-0.5, -5, -59])
def test_a_slot_is_not_begun_again_because_the_clock_was_corrected(seconds: float) -> None:
    @in_mock_time
    async def test() -> None:
        watch = Watch(job("a"))
        second = watch.slots("a", 200)[1]
        async with watch.running():
            await trio.sleep(second + 0.1)
            assert len(watch.times("a")) == 2
            watch.set_by(seconds)
            await trio.sleep(EVERY * 3)
        gaps = [later - earlier for earlier, later in pairwise(watch.times("a"))]
        assert min(gaps) >= EVERY - 0.001
        assert gaps[1] == pytest.approx(EVERY - seconds)

    test()


@in_mock_time
async def test_a_clock_that_is_slewed_is_no_jump() -> None:
    watch = Watch(job("a"))
    async with watch.running():
        for _ in range(600):
            await trio.sleep(1)
            watch.set_by(-500e-6)  # as fast as the kernel slews
    assert not watch.events("clock-jumped")
    assert len(watch.times("a")) == 10


@in_mock_time
async def test_a_clock_that_tells_whole_seconds_is_good_enough() -> None:
    watch = Watch(*(job(f"mail{n}") for n in range(50)), seconds=0.01)
    exact = watch.now
    watch.now = lambda: exact().replace(microsecond=0)  # type: ignore[method-assign]
    async with watch.running():
        await trio.sleep(600)
    assert not watch.events("clock-jumped")
    assert {len(watch.times(f"mail{n}")) for n in range(50)} == {10}


@in_mock_time
async def test_no_sleep_is_long() -> None:
    watch = Watch(job("a", 86400 * 30))
    async with watch.running():
        await trio.sleep(600)
        assert 20 <= watch.asked <= 60
    empty = Watch()
    async with empty.running():
        await trio.sleep(600)
        assert 20 <= empty.asked <= 60


@in_mock_time
async def test_what_was_done_lately_waits_for_its_slot_and_what_is_overdue_does_not() -> None:
    hour = timedelta(hours=1)
    watch = Watch(
        job("fresh", 3600, slot_after(Schedule(every=3600), "fresh", NOON - hour)),
        job("overdue", 3600, NOON - 2 * hour),
        job("never", 3600, None),
        job("future", 3600, NOON + 100 * hour),
    )
    async with watch.running():
        assert {name for name, _ in watch.begun} == {"overdue", "never"}
        await trio.sleep(3600)
    assert watch.times("fresh") == pytest.approx(watch.slots("fresh", 3600, 3600))
    assert watch.times("future") == pytest.approx(watch.slots("future", 3600, 3600))
    assert watch.times("never") == pytest.approx([0, *watch.slots("never", 3600, 3600)])


@pytest.mark.parametrize("pause", [0.5, 7, 59, 60, 61])
def test_a_reload_loses_no_slot_and_doubles_none(pause: float) -> None:
    @in_mock_time
    async def test() -> None:
        watch = Watch(*(job(f"mail{n}", last=None) for n in range(20)), seconds=0.01)
        async with watch.running():
            while watch.ticks < 600:
                await trio.sleep(pause)
                watch.clock.reload()
            await trio.testing.wait_all_tasks_blocked()
            end = watch.ticks
        for number in range(20):
            name = f"mail{number}"
            assert watch.times(name) == pytest.approx([0, *watch.slots(name, end)], abs=0.001)

    test()


@in_mock_time
async def test_a_reload_at_the_very_slot() -> None:
    for delta in (-1e-4, 0, 1e-4):
        watch = Watch(job("a"), seconds=0.01)
        first, second, *_ = watch.slots("a", 200)
        async with watch.running():
            await trio.sleep(first + delta)
            watch.jobs = [job("a", last=None), job("new")]
            watch.clock.reload()
            await trio.sleep(second - first + 1)
        assert watch.times("a") == pytest.approx([first, second], abs=0.001)


@in_mock_time
async def test_a_reload_after_the_clock_was_corrected_a_little() -> None:
    watch = Watch(job("a"), seconds=0.01)
    first = watch.slots("a", 200)[0]
    async with watch.running():
        await trio.sleep(first + 0.1)
        watch.set_by(-1)
        watch.clock.reload()
        await trio.sleep(5)
        assert watch.times("a") == pytest.approx([first])


@in_mock_time
async def test_a_reload_brings_changes_and_takes_away() -> None:
    watch = Watch(job("kept"), job("gone"), job("changed"), seconds=2)
    async with watch.running():
        await trio.sleep(120)
        gone, changed = len(watch.times("gone")), len(watch.times("changed"))
        watch.jobs = [job("kept"), job("changed", 10), job("new", 3600, None)]
        watch.clock.reload()
        assert watch.clock.slots.keys() == {"kept", "gone", "changed"}
        await trio.testing.wait_all_tasks_blocked()
        assert watch.clock.slots.keys() == {"kept", "changed", "new"}
        await trio.sleep(120)
        watch.jobs.append(job("gone"))
        watch.clock.reload()
        await trio.sleep(60)
    assert watch.times("kept") == pytest.approx(watch.slots("kept", 300))
    assert watch.times("new")[0] == 120
    assert len(watch.times("changed")) == changed + 18
    assert len([when for when in watch.times("gone") if when < 240]) == gone
    assert len(watch.times("gone")) > gone


@in_mock_time
async def test_what_a_reload_took_away_is_not_begun_when_its_turn_comes() -> None:
    watch = Watch(job("first", 10_000, None), job("second", 10_000, None), parallel=1, seconds=10)
    async with watch.running():
        (running,) = [name for name, state in watch.clock.busy.items() if state == "running"]
        watch.jobs = [job for job in watch.jobs if job.name == running]
        watch.clock.reload()
        await trio.sleep(100)
    assert watch.ended == {running: 1}


@in_mock_time
async def test_stopped_it_begins_nothing_and_waits_for_what_is_under_way() -> None:
    watch = Watch(job("a", last=None), job("b", last=None), job("c", last=None), seconds=8, parallel=2, grace=10)
    async with watch.running():
        await trio.sleep(3)
        begun = watch.ticks
    assert watch.ticks == pytest.approx(begun + 5)
    assert watch.ended.total() == 2  # the third was waiting
    assert [(event["grace"], event["busy"]) for event in watch.events("stopping")] == [(10.0, 3)]
    assert not watch.events("cut-off")


@in_mock_time
async def test_what_does_not_end_in_time_is_cut_off() -> None:
    watch = Watch(job("slow", last=None), job("waiting", last=None), job("quick", last=None), parallel=2, grace=10)
    watch.takes = {"slow": 1000, "waiting": 1000, "quick": 5}
    async with watch.running():
        begun = watch.ticks
    assert watch.ticks == pytest.approx(begun + 10)
    cut = {event["target"] for event in watch.events("cut-off")}
    assert cut == {name for name, _ in watch.begun} - {"quick"}
    assert not watch.clock.busy


@in_mock_time
async def test_stopped_twice_it_waits_for_nobody() -> None:
    watch = Watch(job("slow", last=None), seconds=1000, grace=500)
    async with watch.running():
        watch.clock.stop()
        await trio.sleep(7)
        begun = watch.ticks
    assert watch.ticks == begun
    assert len(watch.events("stopping")) == len(watch.events("cut-off")) == 1


@in_mock_time
async def test_stopped_before_it_began_it_ends() -> None:
    watch = Watch(job("a", last=None))
    watch.clock.stop()
    with trio.fail_after(1):
        await watch.clock.keep()
    assert not watch.begun


@in_mock_time
async def test_cancelled_from_outside_it_ends_at_once() -> None:
    watch = Watch(job("slow", last=None), seconds=1000)
    with trio.move_on_after(50):
        await watch.clock.keep()
    assert watch.ticks == pytest.approx(50)
    assert not watch.clock.busy


steps = st.one_of(
    st.tuples(st.just("wait"), st.floats(0.01, 400)),
    st.tuples(st.just("jump"), st.floats(-20_000, 20_000)),
    st.tuples(st.just("reload"), st.just(0.0)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=25), st.sampled_from([1.0, 45.0]))
def test_whatever_happens_to_the_clock_work_goes_on_and_never_twice_at_a_time(
    happenings: list[tuple[str, float]], seconds: float
) -> None:
    @in_mock_time
    async def test() -> None:
        watch = Watch(job("a"), job("b"), seconds=seconds)  # which sees to it that none is begun twice at a time
        jumps = 0
        async with watch.running():
            for kind, amount in happenings:
                if kind == "wait":
                    await trio.sleep(amount)
                elif kind == "jump":
                    watch.set_by(amount)
                    jumps += 1
                else:
                    watch.clock.reload()
            await trio.sleep(300)
        for name in ("a", "b"):
            times = [0.0, *watch.times(name), watch.ticks]
            gaps = [later - earlier for earlier, later in pairwise(times)]
            assert max(gaps) <= (2 * EVERY + LONGEST + 2) * (1 + jumps)
            assert len(watch.times(name)) >= 4  # of the 300 seconds at the end

    test()
