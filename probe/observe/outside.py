"""The doors to the real world: resolvers, sockets, and the clock on the wall."""

import functools
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import trio

from probe.model import Answer, Outcome, Question
from probe.observe.world import World

TRY = 3.0  # seconds that a resolver gets to answer one question, at most


def outside(resolvers: Sequence[tuple[str, int]] = (), patience: float = 60.0, *, trust_ad: bool = False) -> World:
    """The real world. `resolvers` (address, port) are those that the user named; none: the system's.

    `patience` is how many seconds a target has: however short, it lets every resolver have its two turns, and that many
    more as it takes to find out whether it is DNSSEC that it fails for.

    `trust_ad` declares that every one of these resolvers, the named or the system's, validates honestly, and that
    nobody can change an answer on the way from it to us, by a tunnel for instance: then its AD bit is believed.
    Without, only that of a resolver on loopback is.

    Named resolvers answer every question. Otherwise the addresses of a name without a dot come from the system's own
    lookup: such a name is no DNS name as it stands. `localhost` is in the hosts file, `EX01` needs a search domain or
    NetBIOS, and only the system knows about these.
    """

    @functools.cache
    def dns() -> Callable[[Question], Awaitable[Answer]]:
        # Loaded at the first question, for dnspython takes its time: a target that is an address has no question.
        from probe.observe.ask import Resolver, system_resolvers

        servers = resolvers or system_resolvers()
        # Two turns each; and one for each question that DNSSEC may add (`Resolver`): CD, once more, the root.
        return Resolver(servers, timeout=min(TRY, patience / (2 * len(servers) + 3)), trust_ad=trust_ad)

    async def resolve(question: Question) -> Answer:
        if not resolvers and "." not in question.name and question.rtype in _FAMILIES:
            return await system_answer(question)
        return await dns()(question)

    return World(resolve=resolve, connect=connect, now=now)


_FAMILIES = {"A": socket.AF_INET, "AAAA": socket.AF_INET6}
_NO_ADDRESS = {getattr(socket, name) for name in ("EAI_NODATA", "EAI_ADDRFAMILY") if hasattr(socket, name)}


async def system_answer(question: Question) -> Answer:
    """The operating system's own answer to a question for A or AAAA, as any program on this machine would get it."""

    def without(outcome: Outcome, detail: str = "") -> Answer:
        return Answer(question=question, outcome=outcome, canonical=question.name, resolver="system", detail=detail)

    try:
        found = await trio.socket.getaddrinfo(
            question.name, None, family=_FAMILIES[question.rtype], type=socket.SOCK_STREAM
        )
    except socket.gaierror as error:
        if error.errno == socket.EAI_NONAME:
            return without(Outcome.NXDOMAIN)
        if error.errno in _NO_ADDRESS:
            return without(Outcome.NODATA)
        return without(Outcome.FAILED, f"the system's lookup failed: {error.strerror}")
    except ValueError as error:  # a label too long, an octet zero
        return without(Outcome.FAILED, f"not a name that the system can look up: {error}")
    addresses = dict.fromkeys(str(address[0]) for *_, address in found)
    return Answer(
        question=question,
        outcome=Outcome.FOUND,
        canonical=question.name,
        records=tuple(addresses),
        resolver="system",
    )


async def connect(address: str, port: int) -> socket.socket:
    """A TCP connection, as a non-blocking socket that the caller closes. `address` may name its zone (`fe80::1%eth0`).

    Raises OSError. Sets no time limit.
    """
    connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        try:
            connection.connect((address, port))
        except BlockingIOError:
            await trio.lowlevel.wait_writable(connection)
            if fault := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(fault, os.strerror(fault)) from None
    except BaseException:  # cancelled, too
        connection.close()
        raise
    return connection


def now() -> datetime:
    """The time in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
