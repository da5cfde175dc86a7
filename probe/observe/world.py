"""The three doors through which observing reaches the world, and how long and how much it may take.

Nothing else in `observe` resolves a name, opens a connection or reads a clock, so a test hands in its own world.
"""

import errno
import ipaddress
import math
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from weakref import WeakValueDictionary

import trio

from probe.errors import ShortageError
from probe.model import Answer, Question

QUESTIONS = 100  # asked at a time; no resolver's patience is endless


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`resolve` answers a DNS question and never raises for bad news; it is an `Answer` like any other.

    `connect` opens a TCP connection to an address and port and gives a non-blocking socket; it raises OSError.
    `now` gives the time in UTC. What this machine runs out of is no news of a peer: `blame_shortage`.
    """

    resolve: Callable[[Question], Awaitable[Answer]]
    connect: Callable[[str, int], Awaitable[socket.socket]]
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of the world one target may take.

    Seconds: `target` is the whole target's budget; `connect`, `dialogue`, `handshake` and `after` are each stage's; a
    peer that said "not now" is asked again after `pause`. RFC 5321 §4.5.3.2 would have a client wait five minutes for
    a banner: a queue can, a person who asked cannot. Counts: at most `hosts` hosts and `addresses` addresses of each
    are observed, `certificates` certificates of each chain kept, `connections` held open to one address at a time.
    """

    target: float = 60.0
    connect: float = 10.0
    dialogue: float = 30.0
    handshake: float = 15.0
    after: float = 10.0
    pause: float = 5.0
    hosts: int = 16
    addresses: int = 16
    certificates: int = 32
    connections: int = 2

    def within(self, seconds: float) -> "Limits":
        """These limits for another budget: more time for a target is more time for each of its stages."""
        more = max(1.0, seconds / self.target)
        return replace(
            self,
            target=seconds,
            connect=self.connect * more,
            dialogue=self.dialogue * more,
            handshake=self.handshake * more,
            after=self.after * more,
        )


class Slots:
    """How much goes on at a time, whoever asks: `each` connections to one address, for we are guests there, and
    `QUESTIONS` for names."""

    def __init__(self, each: int) -> None:
        self._each = each
        # A sweep meets millions of addresses: what nobody holds or waits for is forgotten.
        self._limiters: WeakValueDictionary[str, trio.CapacityLimiter] = WeakValueDictionary()
        self.questions = trio.CapacityLimiter(QUESTIONS)

    def at(self, address: str) -> trio.CapacityLimiter:
        """The limiter to hold while connected to this address."""
        if ":" in address:
            ipv6 = ipaddress.IPv6Address(address)
            address = str(ipv6.ipv4_mapped or ipv6)  # RFC 4291 §2.5.5.2: the same host under another name
        limiter = self._limiters.get(address)
        if limiter is None:
            limiter = self._limiters[address] = trio.CapacityLimiter(self._each)
        return limiter


class Budget:
    """A target's time, in seconds. It runs while anything of the target is at work: waiting for a slot is free.

    `left` is up to date while nothing is at work.
    """

    def __init__(self, seconds: float) -> None:
        self.scope = trio.CancelScope()
        if seconds <= 0:
            self.scope.cancel()
        self.left = seconds
        self._working = 0

    @contextmanager
    def working(self) -> Iterator[None]:
        if not self._working:
            self.scope.deadline = trio.current_time() + self.left
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1
            if not self._working:
                self.left = self.scope.deadline - trio.current_time()
                self.scope.deadline = math.inf


def blame_shortage(error: OSError) -> None:
    """Raise `ShortageError` where the error is this machine's own, and no fact about a peer."""
    if error.errno in _OURS:
        raise ShortageError(os.strerror(error.errno).lower(), "raise `ulimit -n`, or lower --parallel") from error


_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


def server_text(server: tuple[str, int]) -> str:
    """A resolver as people write it: the port only where it is not 53, IPv6 in brackets then."""
    address, port = server
    if port == 53:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
