"""A world for tests: names from a dict, servers over socket pairs, a clock that stands still.

    zone = {"example.org": {"MX": ["10 mx.example.org"]}, "mx.example.org": {"A": ["192.0.2.1"], "AAAA": FAILED}}

    @in_mock_time
    async def test_it() -> None:
        async with fake_world(zone, {("192.0.2.1", 25): server}) as world:
            ...

With `dnssec={"example.org": SECURE, "_tcp.mx.example.org": BOGUS_ZONE}` names are resolved by a validator: each name is
as the nearest name at or above it says ("." is above all), and insecure where none does. Without, nobody validates.

It is a verified fake: `test_world.py` puts the same questions to it and to the real doors.
"""

import functools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, ParamSpec

import trio
import trio.testing

from probe.model import Answer, Dnssec, Outcome, Question
from probe.observe.world import World

NOW: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Hanging(Enum):
    """In a zone: no answer ever comes. In place of a server: no connection ever stands."""

    HANGS = "hangs"


HANGS: Final = Hanging.HANGS
FAILED: Final = Outcome.FAILED
TIMEOUT: Final = Outcome.TIMEOUT
BOGUS: Final = Outcome.BOGUS
SECURE: Final = Dnssec.SECURE
INSECURE: Final = Dnssec.INSECURE
BOGUS_ZONE: Final = Dnssec.BOGUS

Held = list[str] | Outcome | Hanging  # records in presentation form, or how the question ends
Zone = Mapping[str, Mapping[str, Held] | Outcome | Hanging]
Statuses = Mapping[str, Dnssec]  # by name, in lower case: SECURE, INSECURE or BOGUS_ZONE
Server = Callable[[trio.SocketStream], Awaitable[None]]
Servers = Mapping[tuple[str, int], Server | OSError | Hanging]  # the OSError is raised; what is missing refuses

NOTHING: Final = MappingProxyType[Any, Any]({})

P = ParamSpec("P")


def in_trio(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Runs an async test. For tests with real sockets, whose time is real."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        trio.run(functools.partial(test, *args, **kwargs))

    return run


def in_mock_time(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Runs an async test under a clock that jumps to the next deadline as soon as everybody waits."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        trio.run(functools.partial(test, *args, **kwargs), clock=trio.testing.MockClock(autojump_threshold=0))

    return run


_WITHOUT_ANSWER = {
    FAILED: "SERVFAIL from fake",
    TIMEOUT: "no answer from fake",
    BOGUS: "SERVFAIL from fake (DNSSEC: bogus)",
}


def fake_resolve(zone: Zone, dnssec: Statuses = NOTHING) -> Callable[[Question], Awaitable[Answer]]:
    """Answers from `zone` as a resolver would, following aliases. Names are looked up in lower case."""

    async def resolve(question: Question) -> Answer:
        await trio.lowlevel.checkpoint()
        names, held = _follow(zone, question)
        if isinstance(held, Hanging):
            await trio.sleep_forever()
        outcome = held if isinstance(held, Outcome) else Outcome.FOUND
        status = status_of(names, dnssec)
        if status is Dnssec.BOGUS and outcome not in _WITHOUT_ANSWER:
            outcome = BOGUS
        if outcome in _WITHOUT_ANSWER:
            detail = _WITHOUT_ANSWER[outcome]
            return Answer(question=question, outcome=outcome, canonical=question.name, detail=detail)
        records = () if isinstance(held, Outcome) else tuple(sorted(set(held)))
        return Answer(
            question=question,
            outcome=outcome,
            canonical=names[-1],
            records=records,
            aliases=tuple(names[:-1]),
            ttl=300 if records else None,
            secure=None if status is None else status is Dnssec.SECURE,
            resolver="fake",
        )

    return resolve


def _follow(zone: Zone, question: Question) -> tuple[list[str], Held]:
    """The names passed through, the last one included, and what is held there."""
    names = [question.name.lower()]
    while True:
        entry = zone.get(names[-1], Outcome.NXDOMAIN)
        if not isinstance(entry, Mapping):
            return names, entry
        alias = entry.get("CNAME")
        if question.rtype in entry or not isinstance(alias, list):
            return names, entry.get(question.rtype, Outcome.NODATA)
        if len(names) > 16:
            return names, FAILED
        names += alias


def status_of(names: list[str], dnssec: Statuses) -> Dnssec | None:
    """What a validator says of an answer for which it passed through these names; None where nobody validates."""
    if not dnssec:
        return None
    statuses = {_nearest(name, dnssec) for name in names}
    worst_first = (Dnssec.BOGUS, Dnssec.INSECURE, Dnssec.SECURE)
    return next(status for status in worst_first if status in statuses)


def _nearest(name: str, dnssec: Statuses) -> Dnssec:
    labels = name.split(".")
    above = (".".join(labels[depth:]) for depth in range(len(labels)))
    return next((dnssec[name] for name in (*above, ".") if name in dnssec), Dnssec.INSECURE)


@asynccontextmanager
async def fake_world(
    zone: Zone = NOTHING, servers: Servers = NOTHING, dnssec: Statuses = NOTHING
) -> AsyncIterator[World]:
    """A world of these names and these servers, each of which serves as often as it is connected to."""

    async def serve(server: Server, end: socket.socket) -> None:
        async with trio.SocketStream(trio.socket.from_stdlib_socket(end)) as stream:
            with suppress(trio.BrokenResourceError):  # the client left
                await server(stream)

    async with trio.open_nursery() as nursery:

        async def connect(address: str, port: int) -> socket.socket:
            await trio.lowlevel.checkpoint()
            server = servers.get((address, port), ConnectionRefusedError("nobody listens there"))
            if isinstance(server, OSError):
                raise server
            if isinstance(server, Hanging):
                await trio.sleep_forever()
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            nursery.start_soon(serve, server, theirs)
            return ours

        yield World(resolve=fake_resolve(zone, dnssec), connect=connect, now=lambda: NOW)
        nursery.cancel_scope.cancel()
