"""Sockets that questions share: whose answer it is, who reads for the others, and what happens when one leaves."""

import itertools
import random
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.name
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from probe.observe.channel import QUESTIONS, SECONDS, STRAYS, Channel, Server
from probe.observe.query import Query
from tests.nameserver import OverTcp, nameserver, prefixed, reply, silent
from tests.world import in_trio


@dataclass
class Desk:
    """A server whose answers wait for a word from the test. `asked` are the questions with the ports they came from."""

    address: Server
    socket: trio.socket.SocketType
    asked: list[tuple[dns.message.Message, Server]] = field(default_factory=list)

    @property
    def ports(self) -> set[int]:
        return {client[1] for _, client in self.asked}

    async def until_asked(self, count: int) -> None:
        while len(self.asked) < count:
            wire, client = await self.socket.recvfrom(0xFFFF)
            self.asked.append((dns.message.from_wire(wire), client))

    async def answer(self, number: int) -> None:
        """Answers the question of that number."""
        name = dns.name.from_text(f"n{number}.example")
        await self.answer_at(next(at for at, (query, _) in enumerate(self.asked) if query.question[0].name == name))

    async def answer_at(self, place: int) -> None:
        """Answers the question that came in that place."""
        query, client = self.asked[place]
        assert isinstance(query, dns.message.QueryMessage)
        name = query.question[0].name.to_text()
        await self.socket.sendto(reply(query, f'{name} 60 IN TXT "{name}"').to_wire(), client)


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    with trio.socket.socket(type=trio.socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        await sock.bind(("127.0.0.1", 0))
        yield Desk(sock.getsockname(), sock)


def query(number: int) -> Query:
    return Query(dns.name.from_text(f"n{number}.example"), "TXT")


def is_of(number: int, wire: bytes | None) -> bool:
    assert wire is not None
    (rrset,) = dns.message.from_wire(wire).answer
    return rrset.name.to_text() == f"n{number}.example." and str(rrset[0]) == f'"n{number}.example."'


class Askers:
    """Questions under way, by number: what became of them."""

    def __init__(self, channel: Channel, nursery: trio.Nursery) -> None:
        self._channel, self._nursery = channel, nursery
        self.scopes: dict[int, trio.CancelScope] = {}
        self.ended: dict[int, bytes | OSError | None] = {}

    def start(self, *numbers: int) -> None:
        for number in numbers:
            self.scopes[number] = trio.CancelScope()
            self._nursery.start_soon(self._ask, number)

    async def _ask(self, number: int) -> None:
        with self.scopes[number]:
            try:
                self.ended[number] = await self._channel.over_udp(query(number))
            except OSError as error:
                self.ended[number] = error

    def all_answered(self, *numbers: int) -> bool:
        return all(is_of(number, self._response(number)) for number in numbers)

    def _response(self, number: int) -> bytes | None:
        response = self.ended[number]
        assert not isinstance(response, OSError)
        return response


Scene = Callable[[Desk, Askers], Awaitable[None]]


def played(scene: Scene) -> Callable[[], None]:
    """Runs a scene between a desk and askers; in the end no socket is left open."""

    @in_trio
    async def run() -> None:
        async with desk() as server, trio.open_nursery() as nursery:
            before = sockets()
            with trio.fail_after(20):
                await scene(server, Askers(Channel(server.address), nursery))
            await wait_all_tasks_blocked()
            assert sockets() <= before

    run.__doc__, run.__name__ = scene.__doc__, scene.__name__
    return run


def sockets() -> int:
    """How many are open."""
    return sum(path.is_socket() for path in Path("/proc/self/fd").iterdir() if path.exists())


@played
async def test_answers_go_to_whom_they_belong_in_whatever_order(server: Desk, askers: Askers) -> None:
    askers.start(*range(40))
    await server.until_asked(40)
    order = list(range(40))
    random.Random(1).shuffle(order)
    for number in order:
        await server.answer(number)
    await wait_until(lambda: len(askers.ended) == 40)
    assert askers.all_answered(*range(40))
    assert len(server.ports) == 1


@played
async def test_a_socket_takes_a_bounded_number_of_questions(server: Desk, askers: Askers) -> None:
    askers.start(*range(QUESTIONS + 1))
    await server.until_asked(QUESTIONS + 1)
    by_port = [client for _, client in server.asked]
    assert [by_port.count(client) for client in dict.fromkeys(by_port)] == [QUESTIONS, 1]
    for number in range(QUESTIONS + 1):
        await server.answer(number)
    await wait_until(lambda: len(askers.ended) == QUESTIONS + 1)
    assert askers.all_answered(*range(QUESTIONS + 1))


@played
async def test_numbers_cannot_be_foretold(server: Desk, askers: Askers) -> None:
    askers.start(*range(30))
    await server.until_asked(30)
    numbers = [message.id for message, _ in server.asked]
    assert len(set(numbers)) == 30
    steps = {(after - before) % 65536 for before, after in itertools.pairwise(numbers)}
    assert len(steps) > 20
    for number in range(30):
        await server.answer(number)


@played
async def test_a_socket_closes_when_nobody_waits_and_the_next_has_another_port(server: Desk, askers: Askers) -> None:
    for number in range(6):
        askers.start(number)
        await server.until_asked(number + 1)
        await server.answer(number)
        await wait_until(lambda: len(askers.ended) == number + 1)  # noqa: B023 - not called later
    assert len(server.ports) > 1


def test_a_socket_takes_questions_for_a_bounded_time() -> None:
    clock = MockClock()

    async def main() -> None:
        async with desk() as server, trio.open_nursery() as nursery:
            askers = Askers(Channel(server.address), nursery)
            for number, seconds in enumerate((0, SECONDS - 1, 2)):
                clock.jump(seconds)
                askers.start(number)
                await server.until_asked(number + 1)
            first, second, third = (client for _, client in server.asked)
            assert first == second != third
            for number in range(3):
                await server.answer(number)

    trio.run(main, clock=clock)


@pytest.mark.parametrize("gone", [[0], [1], [0, 1], [0, 2, 4], [4]])
def test_whoever_leaves_the_others_get_their_answers(gone: list[int]) -> None:
    """The first asker is the one who reads for all."""

    @played
    async def scene(server: Desk, askers: Askers) -> None:
        askers.start(*range(5))
        await server.until_asked(5)
        await wait_all_tasks_blocked()
        for number in gone:
            askers.scopes[number].cancel()
        await wait_all_tasks_blocked()
        left = [number for number in range(5) if number not in gone]
        for number in range(5):
            await server.answer(number)
        await wait_until(lambda: len(askers.ended) == len(left))
        assert askers.all_answered(*left)

    scene()


@played
async def test_the_heir_may_leave_before_it_comes_to_reading(server: Desk, askers: Askers) -> None:
    askers.start(*range(4))
    await server.until_asked(4)
    await wait_all_tasks_blocked()
    for number in range(3):  # all in one step: each makes the next its heir on its way out
        askers.scopes[number].cancel()
    await server.answer(3)
    await wait_until(lambda: 3 in askers.ended)
    assert askers.all_answered(3)


@pytest.mark.parametrize("seed", range(5))
def test_a_crowd_that_comes_and_goes(seed: int) -> None:
    """Answers late, twice and out of order; every fourth asker leaves at any time."""

    @played
    async def scene(server: Desk, askers: Askers) -> None:
        dice = random.Random(seed)
        leaving = set(dice.sample(range(300), 75))

        async def serve() -> None:
            due: list[int] = []
            while True:
                with trio.move_on_after(0.001):
                    await server.until_asked(len(server.asked) + 1)
                    due += [len(server.asked) - 1] * dice.choice((1, 1, 1, 2))
                dice.shuffle(due)
                for number in due[: dice.randrange(20)]:
                    await server.answer_at(number)
                    due.remove(number)

        async def leave() -> None:
            for number in dice.sample(sorted(leaving), len(leaving)):
                await trio.sleep(dice.choice((0, 0, 0.001)))
                askers.scopes[number].cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            for start in range(0, 300, 30):
                askers.start(*range(start, start + 30))
                await trio.sleep(0.001)
            nursery.start_soon(leave)
            staying = [number for number in range(300) if number not in leaving]
            await wait_until(lambda: all(number in askers.ended for number in staying))
            assert askers.all_answered(*staying)
            nursery.cancel_scope.cancel()

    scene()


async def closed_port() -> Server:
    async with nameserver(silent) as server:
        return server


@in_trio
async def test_everybody_hears_at_once_that_nobody_is_there() -> None:
    async with trio.open_nursery() as nursery:
        askers = Askers(Channel(await closed_port()), nursery)
        with trio.fail_after(10):
            askers.start(*range(20))
            await wait_until(lambda: len(askers.ended) == 20)
    assert all(isinstance(error, ConnectionRefusedError) for error in askers.ended.values())
    assert len({id(error) for error in askers.ended.values()}) == 20  # each raises its own


@played
async def test_an_error_that_a_sender_meets_reaches_those_who_wait(server: Desk, askers: Askers) -> None:
    """The first question's answer is an ICMP message, which the second one's sending meets before anybody reads."""
    askers.start(0)
    await server.until_asked(1)
    await wait_all_tasks_blocked()
    server.socket.close()
    for number in (1, 2, 3):
        askers.start(number)
    await wait_until(lambda: len(askers.ended) == 4)
    assert all(isinstance(error, ConnectionRefusedError) for error in askers.ended.values())


def test_after_an_error_the_next_question_has_a_socket_of_its_own() -> None:
    async def main() -> None:
        async with desk() as server, trio.open_nursery() as nursery:
            channel = Channel(server.address)
            address = server.address
            server.socket.close()
            askers = Askers(channel, nursery)
            askers.start(0, 1)
            await wait_until(lambda: len(askers.ended) == 2)
            with trio.socket.socket(type=trio.socket.SOCK_DGRAM) as again:
                await again.bind(address)
                back = Desk(address, again)
                askers.start(2)
                await back.until_asked(1)
                await back.answer(2)
                await wait_until(lambda: 2 in askers.ended)
            assert askers.all_answered(2)

    trio.run(main)


@played
async def test_forgeries_send_everybody_to_tcp(server: Desk, askers: Askers) -> None:
    askers.start(*range(10))
    await server.until_asked(10)
    _, client = server.asked[0]
    numbers = {message.id for message, _ in server.asked}
    forged = (number for number in range(65536) if number not in numbers)
    for number in [next(forged) for _ in range(STRAYS)]:
        await server.socket.sendto(dns.message.make_query("n0.example", "TXT", id=number).to_wire(), client)
    await wait_all_tasks_blocked()
    assert askers.ended == {}  # so far it may be chance
    await server.socket.sendto(b"", client)
    await wait_until(lambda: len(askers.ended) == 10)
    assert set(askers.ended.values()) == {None}


@in_trio
async def test_over_tcp_the_number_counts_too() -> None:
    async def over_tcp(query: dns.message.QueryMessage, stream: trio.SocketStream) -> None:
        await stream.send_all(prefixed(reply(query).to_wire()))

    serve: OverTcp = over_tcp
    async with nameserver(silent, serve) as server:
        wire = await Channel(server).over_tcp(query(1))
    assert dns.message.from_wire(wire).question[0].name.to_text() == "n1.example."


def test_one_channel_serves_one_run_after_another() -> None:
    code = """
import socket, threading, trio, dns.message, dns.name
from probe.observe.channel import Channel
from probe.observe.query import Query

server = socket.socket(type=socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))

def serve():
    while True:
        wire, client = server.recvfrom(9999)
        server.sendto(dns.message.make_response(dns.message.from_wire(wire)).to_wire(), client)

threading.Thread(target=serve, daemon=True).start()
channel = Channel(server.getsockname())
for _ in range(3):
    assert trio.run(channel.over_udp, Query(dns.name.from_text("a.example"), "A"))
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


async def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - it may hang on anything
        await trio.sleep(0.001)
