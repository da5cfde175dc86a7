"""The fake world and the real doors keep one contract."""

import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, timedelta
from typing import NamedTuple

import pytest
import trio

from probe.model import Dnssec, Outcome, Question
from probe.observe.outside import outside, system_answer
from probe.observe.world import World, server_text
from tests.nameserver import from_zone, nameserver
from tests.world import (
    BOGUS,
    BOGUS_ZONE,
    FAILED,
    HANGS,
    INSECURE,
    NOTHING,
    SECURE,
    Server,
    Statuses,
    Zone,
    fake_world,
    in_trio,
)

ZONE: Zone = {
    "example.org": {"MX": ["10 mx1.example.org", "20 mx2.example.org"], "A": ["192.0.2.80"]},
    "null.example": {"MX": ["0 ."]},
    "mx1.example.org": {"A": ["192.0.2.2", "192.0.2.1", "192.0.2.2"], "AAAA": ["2001:db8::1"]},
    "alias.example": {"CNAME": ["also.example"]},
    "also.example": {"CNAME": ["mx1.example.org"]},
    "stale.example": {"CNAME": ["gone.example"]},
    "loop.example": {"CNAME": ["pool.example"]},
    "pool.example": {"CNAME": ["loop.example"]},
    "broken.example": FAILED,
    "half.example": {"A": ["192.0.2.3"], "AAAA": FAILED},
    "_25._tcp.mx1.example.org": {"TLSA": ["3 1 1 " + "ab" * 32, "2 0 0 cd"]},
    "forged.example": {"A": ["192.0.2.4"], "TLSA": BOGUS},
    "_mta-sts.example.org": {"TXT": ['"v=STSv1; " "id=1;"']},
    "n17.example": {"A": ["192.0.2.17"]},
    **{f"n{i}.example": {"CNAME": [f"n{i + 1}.example"]} for i in range(17)},
}


SIGNED: Statuses = {
    ".": SECURE,
    "also.example": INSECURE,
    "mx1.example.org": INSECURE,
    "broken.example": BOGUS_ZONE,
    "half.example": BOGUS_ZONE,
    "n16.example": BOGUS_ZONE,
}


class Doors(NamedTuple):
    world: World
    address: str
    served: int  # the port where the server is
    closed: int  # a port where nobody is


@asynccontextmanager
async def fake(server: Server, dnssec: Statuses = NOTHING) -> AsyncIterator[Doors]:
    async with fake_world(ZONE, {("127.0.0.1", 25): server}, dnssec) as world:
        yield Doors(world, "127.0.0.1", 25, 26)


@asynccontextmanager
async def real(server: Server, dnssec: Statuses = NOTHING) -> AsyncIterator[Doors]:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        over_udp = from_zone(ZONE, dnssec)
        async with nameserver(over_udp, validates=bool(dnssec)) as resolver, trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, server, [listener])
            port, closed = listener.socket.getsockname()[1], bound.getsockname()[1]
            yield Doors(outside([resolver]), "127.0.0.1", port, closed)
            nursery.cancel_scope.cancel()


Open = Callable[..., AbstractAsyncContextManager[Doors]]
both = pytest.mark.parametrize("doors", [fake, real])


async def greet(stream: trio.SocketStream) -> None:
    await stream.send_all(b"220 hello\r\n")
    await stream.send_all((await stream.receive_some()).upper())


@both
@pytest.mark.parametrize(
    ("name", "rtype", "outcome", "records", "aliases"),
    [
        ("example.org", "MX", Outcome.FOUND, ("10 mx1.example.org", "20 mx2.example.org"), ()),
        ("EXAMPLE.org", "A", Outcome.FOUND, ("192.0.2.80",), ()),
        ("null.example", "MX", Outcome.FOUND, ("0 .",), ()),
        ("mx1.example.org", "A", Outcome.FOUND, ("192.0.2.1", "192.0.2.2"), ()),  # sorted, whatever order they come in
        ("mx1.example.org", "MX", Outcome.NODATA, (), ()),
        ("nowhere.example", "A", Outcome.NXDOMAIN, (), ()),
        ("alias.example", "AAAA", Outcome.FOUND, ("2001:db8::1",), ("alias.example", "also.example")),
        ("alias.example", "MX", Outcome.NODATA, (), ("alias.example", "also.example")),
        ("stale.example", "A", Outcome.NXDOMAIN, (), ("stale.example",)),
        ("half.example", "A", Outcome.FOUND, ("192.0.2.3",), ()),
        ("half.example", "AAAA", Outcome.FAILED, (), ()),
        ("forged.example", "A", Outcome.FOUND, ("192.0.2.4",), ()),
        ("forged.example", "TLSA", Outcome.BOGUS, (), ()),
        ("alias.example", "CNAME", Outcome.FOUND, ("also.example",), ()),
        ("mx1.example.org", "CNAME", Outcome.NODATA, (), ()),
        ("_25._tcp.mx1.example.org", "TLSA", Outcome.FOUND, ("2 0 0 cd", "3 1 1 " + "ab" * 32), ()),
        ("_mta-sts.example.org", "TXT", Outcome.FOUND, ('"v=STSv1; " "id=1;"',), ()),
        ("broken.example", "MX", Outcome.FAILED, (), ()),
        ("loop.example", "A", Outcome.FAILED, (), ()),
        ("n0.example", "A", Outcome.FAILED, (), ()),
        ("n1.example", "A", Outcome.FOUND, ("192.0.2.17",), tuple(f"n{i}.example" for i in range(1, 17))),
    ],
)
@in_trio
async def test_names(
    doors: Open, name: str, rtype: str, outcome: Outcome, records: tuple[str, ...], aliases: tuple[str, ...]
) -> None:
    question = Question(name=name, rtype=rtype)
    async with doors(greet) as (world, *_):
        answer = await world.resolve(question)
    assert (answer.question, answer.outcome) == (question, outcome)
    assert (answer.records, answer.aliases) == (records, aliases)
    assert bool(answer.ttl) == bool(records)
    unknown = outcome in (Outcome.FAILED, Outcome.BOGUS)
    assert answer.secure is None
    assert bool(answer.detail) == unknown
    if unknown:
        assert answer.canonical == name
    elif not aliases:
        assert answer.canonical == name.lower()
    else:
        assert answer.canonical == {"stale.example": "gone.example", "n1.example": "n17.example"}.get(
            name, "mx1.example.org"
        )


@both
@pytest.mark.parametrize(
    ("name", "rtype", "status", "found"),
    [
        ("example.org", "MX", Dnssec.SECURE, True),
        ("EXAMPLE.org", "TXT", Dnssec.SECURE, False),
        ("nowhere.example", "A", Dnssec.SECURE, False),
        ("mx1.example.org", "A", Dnssec.INSECURE, True),
        ("_25._tcp.mx1.example.org", "TLSA", Dnssec.INSECURE, True),  # as the nearest name above it
        ("alias.example", "CNAME", Dnssec.SECURE, True),
        ("alias.example", "A", Dnssec.INSECURE, True),  # an answer is secure if all of it is
        ("stale.example", "A", Dnssec.SECURE, False),
        ("n15.example", "A", Dnssec.BOGUS, False),
        ("half.example", "A", Dnssec.BOGUS, False),
        ("half.example", "TXT", Dnssec.BOGUS, False),
        ("forged.example", "A", Dnssec.SECURE, True),
        ("forged.example", "TLSA", Dnssec.BOGUS, False),
        ("half.example", "AAAA", Dnssec.FAILED, False),
        ("loop.example", "A", Dnssec.FAILED, False),
    ],
)
@in_trio
async def test_statuses(doors: Open, name: str, rtype: str, status: Dnssec, found: bool) -> None:
    async with doors(greet, SIGNED) as (world, *_):
        answer = await world.resolve(Question(name=name, rtype=rtype))
    assert (answer.dnssec, bool(answer.records)) == (status, found)


@both
@in_trio
async def test_a_connection_carries_bytes_both_ways_and_ends(doors: Open) -> None:
    async with doors(greet) as (world, address, served, _):
        connection = await world.connect(address, served)
        assert connection.gettimeout() == 0
        async with trio.SocketStream(trio.socket.from_stdlib_socket(connection)) as stream:
            assert await stream.receive_some() == b"220 hello\r\n"
            await stream.send_all(b"quit")
            assert await stream.receive_some() == b"QUIT"
            assert await stream.receive_some() == b""


@both
@in_trio
async def test_a_server_serves_whoever_comes(doors: Open) -> None:
    async with doors(greet) as (world, address, served, _):
        connections = [await world.connect(address, served) for _ in range(3)]
        for connection in connections:
            async with trio.SocketStream(trio.socket.from_stdlib_socket(connection)) as stream:
                assert await stream.receive_some() == b"220 hello\r\n"


@both
@in_trio
async def test_a_client_that_leaves_early_harms_nobody(doors: Open) -> None:
    async def talk(stream: trio.SocketStream) -> None:
        while True:
            await stream.send_all(bytes(1000))

    async with doors(talk) as (world, address, served, _):
        (await world.connect(address, served)).close()
        with await world.connect(address, served) as connection:
            await trio.lowlevel.wait_readable(connection)


@both
@in_trio
async def test_nobody_listens(doors: Open) -> None:
    async with doors(greet) as (world, address, _, closed):
        with pytest.raises(ConnectionRefusedError):
            await world.connect(address, closed)


@both
@in_trio
async def test_cancelling_is_obeyed(doors: Open) -> None:
    async with doors(greet) as (world, address, served, _):
        with trio.CancelScope() as scope:
            scope.cancel()
            await world.connect(address, served)
        assert scope.cancelled_caught
        with trio.CancelScope() as scope:
            scope.cancel()
            await world.resolve(Question(name="example.org", rtype="MX"))
        assert scope.cancelled_caught


@both
@in_trio
async def test_the_time_is_utc_to_the_second(doors: Open) -> None:
    async with doors(greet) as (world, *_):
        now = world.now()
    assert now.utcoffset() == timedelta(0)
    assert now.tzinfo is UTC
    assert now.microsecond == 0


# Of the real doors only


@pytest.mark.parametrize("address", ["255.255.255.255", "ff02::1%no-such-interface", "no address"])
@in_trio
async def test_what_cannot_be_connected_to_raises_oserror(address: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - which one it is depends on the system
        await outside().connect(address, 25)


@in_trio
async def test_names_without_a_dot_are_the_systems_to_find() -> None:
    answer = await outside().resolve(Question(name="localhost", rtype="A"))
    assert (answer.outcome, answer.records, answer.resolver) == (Outcome.FOUND, ("127.0.0.1",), "system")


@in_trio
async def test_a_resolver_named_by_the_user_answers_for_every_name() -> None:
    zone: Zone = {"localhost": {"A": ["192.0.2.1"]}}
    async with nameserver(from_zone(zone)) as resolver:
        answer = await outside([resolver]).resolve(Question(name="localhost", rtype="A"))
    assert answer.records == ("192.0.2.1",)


@pytest.mark.parametrize("silent", [0, 1, 2])
@in_trio
async def test_however_short_the_time_every_resolver_has_its_turn(silent: int) -> None:
    async with AsyncExitStack() as stack:
        zones: list[Zone] = [{"example.org": HANGS}] * silent + [ZONE]
        servers = [await stack.enter_async_context(nameserver(from_zone(zone))) for zone in zones]
        with trio.fail_after(2):
            answer = await outside(servers, patience=1).resolve(Question(name="example.org", rtype="MX"))
    assert answer.outcome is Outcome.FOUND


@in_trio
async def test_resolvers_that_are_all_silent_are_named_before_the_time_is_up() -> None:
    async with nameserver(from_zone({"example.org": HANGS})) as server:
        with trio.fail_after(1):
            answer = await outside([server], patience=1).resolve(Question(name="example.org", rtype="MX"))
    assert (answer.outcome, answer.resolver) == (Outcome.TIMEOUT, server_text(server))


@pytest.mark.parametrize("name", ["a" * 64, "", "\0"])
@in_trio
async def test_what_is_no_name_raises_nothing(name: str) -> None:
    answer = await system_answer(Question(name=name, rtype="A"))
    assert answer.outcome in (Outcome.FAILED, Outcome.NXDOMAIN, Outcome.NODATA)


def test_nothing_is_loaded_to_ask_the_system() -> None:
    code = """
import sys, trio
from probe.model import Question
from probe.observe.outside import outside
trio.run(outside().resolve, Question(name="localhost", rtype="A"))
sys.exit("dns" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
