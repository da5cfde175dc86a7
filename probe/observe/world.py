"""The three doors through which observing reaches the world, and how long and how much it may take.

Nothing else in `observe` resolves a name, opens a connection or reads a clock, so a test hands in its own world.
"""

import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from probe.model import Answer, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`resolve` answers a DNS question and never raises for bad news; it is an `Answer` like any other.

    `connect` opens a TCP connection to an address and port and gives a non-blocking socket; it raises OSError.
    `now` gives the time in UTC.
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
