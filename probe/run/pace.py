"""Which deliveries are worth a look. A queue of thousands of mails that is tried again every minute shows the same in
each, and a look costs what a judgement and a transaction cost.

Of what a client shows alike the first is looked at at once, and the newest once more when the minute is over, so that
how it stands is how it was last seen. Of one client and of all there is a limit besides. The rest is counted.
"""

import hashlib
from collections import Counter
from collections.abc import Callable

from probe.codec import encode
from probe.dialogue.smtp import attend
from probe.model import Observation

MINUTE = 60.0  # seconds
EACH, ALL = 10, 60  # looks in that time, of one client and of all
MOST = 200  # deliveries that wait for the next minute
NAMED = 20  # clients turned away that are named in that time


class Pace:
    """`look` takes one delivery. Every `MINUTE`, `begin` is to be called."""

    def __init__(self, look: Callable[[Observation], None]) -> None:
        self._look = look
        self._taken: set[bytes] = set()
        self._looks: Counter[str] = Counter()
        self._waiting: dict[bytes, Observation] = {}
        self._named: set[tuple[str, str]] = set()
        self._left_out = self._unnamed = 0

    def came(self, seen: Observation) -> None:
        """Look at it, or have it wait."""
        likeness, client = _likeness(seen), seen.endpoint.address
        if likeness not in self._taken and self._looks[client] < EACH and self._looks.total() < ALL:
            self._taken.add(likeness)
            self._looks[client] += 1
            self._look(seen)
        elif likeness in self._waiting:
            self._left_out += 1
            self._waiting[likeness] = seen
        elif len(self._waiting) < MOST and self._waiting_of(client) < EACH:
            self._waiting[likeness] = seen
        else:
            self._left_out += 1

    def _waiting_of(self, client: str) -> int:
        return sum(one.endpoint.address == client for one in self._waiting.values())

    def names(self, client: str, reason: str) -> bool:
        """Whether this one, who was turned away, is to be named: each once in that time."""
        if (client, reason) in self._named or len(self._named) >= NAMED:
            self._unnamed += 1
            return False
        self._named.add((client, reason))
        return True

    def begin(self) -> tuple[int, int]:
        """The next minute: what waits has its turn. Gives how many deliveries of the last one were not looked at, and
        how many who were turned away not named."""
        left = self._left_out, self._unnamed
        self._left_out = self._unnamed = 0
        waiting, self._waiting = self._waiting, {}
        self._taken.clear()
        self._looks.clear()
        self._named.clear()
        for seen in waiting.values():
            self.came(seen)
        return left


def _likeness(seen: Observation) -> bytes:
    """The same for deliveries that nobody would judge differently."""
    said, failure = attend(seen.transcript), seen.failure
    shown = seen.chain and (seen.chain.der, seen.chain.omitted)
    ended = failure and (failure.stage, failure.kind, failure.detail)
    told = (said.asked, said.senders, said.recipients, said.greeted_inside or said.greeted)
    return hashlib.sha256(encode((seen.endpoint, shown, seen.session, ended, told, bool(seen.early)))).digest()
