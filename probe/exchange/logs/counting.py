"""Sessions that are alike, counted together: of each kind the numbers, and the rows of the last one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from probe.exchange.logs.gathering import Gathered
from probe.exchange.logs.row import moment, text
from probe.exchange.logs.story import Story
from probe.exchange.logs.telling import tell
from probe.exchange.logs.witness import endpoints, failure, observation
from probe.model import Failure, Group, Leaf, Session, Way

MOST_GROUPS = 10_000
MOST_HELD = 32 << 20  # bytes of the rows that stand for all groups
_ROW, _GROUP = 64, 1500  # bytes that each takes beside its text


class Likeness(NamedTuple):
    """What sessions of one group have in common. A certificate is its thumbprint, or else what is told of it."""

    way: Way
    connector: str
    server: str
    peer: str
    sent: str | Leaf | None
    received: str | Leaf | None
    session: Session | None
    failure: Failure | None
    status: str
    validation: str
    capabilities: str
    capability_status: str
    revocation: str
    reply: str
    offered: tuple[str, ...] | None
    asked: str
    masked: bool


@dataclass(slots=True)
class _Tally:
    sessions: int
    first: datetime
    last: datetime
    example: Gathered


class Counting:
    """The groups so far. Of the sessions, `unfinished` had no end; `omitted` were of kinds beyond the limits."""

    def __init__(self) -> None:
        self.sessions = self.unfinished = self.omitted = self.damaged = 0
        self._tallies: dict[Likeness, _Tally] = {}
        self._held = 0

    def count(self, gathered: Gathered) -> None:
        told = tell(gathered.rows, gathered.header)
        if not told.tells:
            return  # the tail of a session whose beginning nobody has, or which was told before
        at = next((time for row in told.rows if (time := moment(row.at))), None)
        if at is None:
            self.damaged += len(gathered.rows)
            return
        self.sessions += 1
        self.unfinished += not gathered.whole
        likeness = _likeness(told)
        tally = self._tallies.get(likeness)
        if tally is None:
            if len(self._tallies) >= MOST_GROUPS or self._held > MOST_HELD:
                self.omitted += 1
                return
            self._tallies[likeness] = _Tally(1, at, at, gathered)
            self._held += _GROUP + _size(gathered)
            return
        tally.sessions += 1
        tally.first = min(tally.first, at)
        if at >= tally.last:
            self._held += _size(gathered) - _size(tally.example)
            tally.last, tally.example = at, gathered

    def groups(self) -> Iterator[Group]:
        """Every group, in the order in which they were met; once, for the rows are let go meanwhile."""
        while self._tallies:
            likeness = next(iter(self._tallies))
            yield _group(likeness, self._tallies.pop(likeness))


def _size(gathered: Gathered) -> int:
    return sum(map(len, gathered.rows)) + _ROW * len(gathered.rows)


def _likeness(told: Story) -> Likeness:
    here, there = endpoints(told)
    connector = text(told.rows[0].connector)
    return Likeness(
        way=told.way,
        connector=connector,
        server=_server(told, connector) or here[0],
        peer=told.family or there[0],
        sent=_which(told.sent),
        received=_which(told.received),
        session=told.session,
        failure=failure(told),
        status=told.status,
        validation=told.validation,
        capabilities=told.capabilities,
        capability_status=told.capability_status,
        revocation=told.revocation,
        reply=told.reply,
        offered=told.offered,
        asked=told.asked,
        masked=told.masked,
    )


def _server(told: Story, connector: str) -> str:
    """This server's name: a receive connector's begins with it, to a peer it says what it is called."""
    if told.way is Way.SEND:
        return told.hello
    return connector.partition("\\")[0] if "\\" in connector else told.host


def _which(leaf: Leaf | None) -> str | Leaf | None:
    return leaf and (leaf.thumbprint or leaf)


def _group(likeness: Likeness, tally: _Tally) -> Group:
    told = tell(tally.example.rows, tally.example.header)
    leaves = [leaf for leaf in (told.sent, told.received) if leaf]
    return Group(
        way=likeness.way,
        connector=likeness.connector,
        server=likeness.server,
        peer=likeness.peer,
        sent=told.sent,
        received=told.received,
        status=likeness.status,
        validation=likeness.validation,
        capabilities=likeness.capabilities,
        capability_status=likeness.capability_status,
        reply=likeness.reply,
        scrubbed=told.scrubbed or any(leaf.scrubbed for leaf in leaves),
        sessions=tally.sessions,
        first=tally.first,
        last=tally.last,
        example=text(tally.example.session),
        source=tally.example.source,
        generation=told.generation,
        observation=observation(told, tally.last, likeness.server),
        offered=likeness.offered,
        asked=likeness.asked,
        masked=likeness.masked,
        ended=told.ended,
        revocation=likeness.revocation,
    )
