"""Many targets: in which order, how many at a time, and what is left when it is cut short."""

import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
import trio

from probe.model import Evidence, Target
from probe.observe import Limits, Manner, World
from probe.run import AHEAD, probe_all
from tests.world import HANGS, Hanging, Server, fake_world, in_mock_time


def target(number: int) -> Target:
    name = f"192.0.2.{number}"
    return Target(given=str(number), name=name, port=25)


def after(seconds: float) -> Server:
    async def serve(stream: trio.SocketStream) -> None:
        await trio.sleep(seconds)
        await stream.send_all(b"554 no\r\n")

    return serve


@dataclass
class Run:
    """One server a target, in order, by how many seconds it takes; and what was delivered, and when."""

    seconds: list[float | Hanging]
    delivered: list[tuple[str, float]] = field(default_factory=list)
    in_flight: int = 0
    most: int = 0
    begun: int = 0

    @property
    def order(self) -> list[int]:
        return [int(given) for given, _ in self.delivered]

    def deliver(self, evidence: Evidence) -> None:
        self.delivered.append((evidence.target.given, trio.current_time()))

    def targets(self) -> Iterator[Target]:
        for number in range(len(self.seconds)):
            self.begun += 1
            yield target(number)

    @asynccontextmanager
    async def world(self) -> AsyncIterator[World]:
        servers = {
            (f"192.0.2.{number}", 25): HANGS if isinstance(takes, Hanging) else after(takes)
            for number, takes in enumerate(self.seconds)
        }
        async with fake_world(servers=servers) as world:
            yield world

    async def go(self, parallel: int = 64, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        async with self.world() as world:
            await probe_all(self.targets(), world, Manner(limits=limits), parallel, self.deliver)


@in_mock_time
async def test_results_come_in_the_order_of_the_targets_as_soon_as_they_can() -> None:
    run = Run([3, 1, 2, 5, 4, 4])
    await run.go()
    assert run.delivered == [("0", 3), ("1", 3), ("2", 3), ("3", 5), ("4", 5), ("5", 5)]


@pytest.mark.parametrize(("parallel", "takes"), [(1, 12), (2, 6), (3, 4), (5, 3), (12, 1), (64, 1)])
@in_mock_time
async def test_so_many_are_in_flight_and_no_more(parallel: int, takes: float) -> None:
    run = Run([1] * 12)
    await run.go(parallel)
    assert run.order == list(range(12))
    assert trio.current_time() == pytest.approx(takes)
    expected = [1 + number // parallel for number in range(12)]
    assert [round(at) for _, at in run.delivered] == expected


@in_mock_time
async def test_a_slow_target_holds_up_the_results_but_not_the_probing() -> None:
    run = Run([HANGS] + [1] * 20)
    await run.go(parallel=2, limits=Limits(connect=30))
    assert run.order == list(range(21))
    assert trio.current_time() == pytest.approx(30)


@in_mock_time
async def test_what_waits_for_a_slow_target_is_bounded() -> None:
    run = Run([HANGS] + [0.01] * 100)
    async with run.world() as world, trio.open_nursery() as nursery:
        nursery.start_soon(probe_all, run.targets(), world, Manner(limits=Limits(connect=30)), 2, run.deliver)
        await trio.sleep(20)
        assert run.begun <= 2 * AHEAD + 1
        assert run.delivered == []
    assert run.order == list(range(101))


@in_mock_time
async def test_targets_are_taken_as_they_are_needed() -> None:
    run = Run([1] * 50)
    async with run.world() as world, trio.open_nursery() as nursery:
        nursery.start_soon(probe_all, run.targets(), world, Manner(), 4, run.deliver)
        await trio.sleep(0.5)
        assert run.begun <= 5


@in_mock_time
async def test_no_targets_no_results() -> None:
    run = Run([])
    await run.go()
    assert run.delivered == []


@in_mock_time
async def test_cancelled_it_delivers_what_is_finished() -> None:
    run = Run([1, HANGS, 1, 2, 9, 1])
    with trio.move_on_after(5) as scope:
        await run.go(limits=Limits(connect=60))
    assert scope.cancelled_caught
    assert run.order == [0, 2, 3, 5]
    assert [at for _, at in run.delivered] == [1, 5, 5, 5]


@in_mock_time
async def test_interrupted_it_delivers_what_is_finished() -> None:
    run = Run([1, HANGS, 1, 2])
    async with run.world() as world:

        async def connect(address: str, port: int) -> socket.socket:
            if address == target(1).name:
                await trio.sleep(5)
                raise KeyboardInterrupt
            return await world.connect(address, port)

        with pytest.raises(BaseExceptionGroup) as caught:
            await probe_all(run.targets(), replace(world, connect=connect), Manner(), 64, run.deliver)
    assert caught.value.subgroup(KeyboardInterrupt)
    assert run.order == [0, 2, 3]


@in_mock_time
async def test_a_fault_of_our_own_goes_on_and_hides_nothing() -> None:
    run = Run([1, HANGS, 1])
    async with run.world() as world:

        async def connect(address: str, port: int) -> socket.socket:
            if address == target(1).name:
                await trio.sleep(5)
                raise ZeroDivisionError
            return await world.connect(address, port)

        with pytest.raises(ExceptionGroup) as caught:
            await probe_all(run.targets(), replace(world, connect=connect), Manner(), 64, run.deliver)
    assert caught.value.subgroup(ZeroDivisionError)
    assert run.order == [0, 2]


@in_mock_time
async def test_who_delivers_may_give_up() -> None:
    run = Run([1, 2, 3])

    def deliver(evidence: Evidence) -> None:
        run.deliver(evidence)
        if evidence.target.given == "1":
            raise BrokenPipeError

    async with run.world() as world:
        with pytest.raises(ExceptionGroup) as caught:
            await probe_all(run.targets(), world, Manner(), 64, deliver)
    assert caught.value.subgroup(BrokenPipeError)
    assert run.order == [0, 1]


@in_mock_time
async def test_an_address_is_one_address_whichever_target_leads_to_it() -> None:
    run = Run([4])
    same: Iterable[Target] = [target(0)] * 6
    async with run.world() as world:
        await probe_all(same, world, Manner(limits=Limits(target=5, connections=2)), 64, run.deliver)
    assert [at for _, at in run.delivered] == [4, 4, 8, 8, 12, 12]
