"""Sessions that are alike, counted together: of each kind the numbers, and the rows of the last one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from probe.exchange.logs.gathering import Gathered
from probe.exchange.logs.row import moment, text
from probe.exchange.logs.shape import LONGEST, Shape, shape
from probe.exchange.logs.story import Story
from probe.exchange.logs.telling import tell
from probe.exchange.logs.witness import address, failure, observation
from probe.model import Failure, Group, Leaf, Session, Way

MOST_GROUPS = 10_000
MOST_HELD = 32 << 20  # bytes of the rows that stand for all groups
MOST_SHAPES = 2048
_BEYOND = -1  # the number of all kinds beyond the limit
_NAMED = 0.9  # share of the limits at which addresses are no longer told apart
_INSIDE = (  # how addresses of inner networks begin
    *("10.", "127.", "169.254.", "192.168.", "fc", "fd", "fe8", "fe9", "fea", "feb", "::1"),
    *(f"172.{second}." for second in range(16, 32)),
    *(f"100.{second}." for second in range(64, 128)),
)
_GROUP = 1500  # bytes that each takes beside its rows


class Likeness(NamedTuple):
    """What sessions of one group have in common, but for where they ran. A certificate is its thumbprint, or else what
    is told of it."""

    way: Way
    connector: str
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
    unfinished: bool


class _Known(NamedTuple):
    """What sessions of one shape come to: a likeness, by its number, and the names of both ends. Where the rows tell
    none, addresses stand for them."""

    number: int
    server: str
    family: str


_Key = tuple[int, str, str]  # the likeness, by its number, and both ends


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
        self._shapes: dict[Shape, _Known | None] = {}
        self._numbers: dict[Likeness, int] = {}
        self._tallies: dict[_Key, _Tally] = {}
        self._held = 0

    def count(self, gathered: Gathered) -> None:
        alike, local, remote = shape(gathered)
        try:
            known = self._shapes[alike]
        except KeyError:
            known = self._learn(alike, gathered)
        if known is None:
            return  # the tail of a session whose beginning nobody has, or which was told before
        at = _begun(gathered)
        if at is None:
            self.damaged += len(gathered.rows)
            return
        self.sessions += 1
        self.unfinished += not gathered.whole
        key = known.number, known.server or address(local), known.family or address(remote)
        tally = self._tallies.get(key)
        if tally is None and not self._room(_NAMED):
            key = *key[:2], _network(key[2])
            tally = self._tallies.get(key)
        if tally is None:
            if known.number == _BEYOND or not self._room(1):
                self.omitted += 1
                return
            self._tallies[key] = _Tally(1, at, at, gathered)
            self._held += _GROUP + gathered.size
            return
        tally.sessions += 1
        tally.first = min(tally.first, at)
        if at >= tally.last:
            self._held += gathered.size - tally.example.size
            tally.last, tally.example = at, gathered

    def _learn(self, alike: Shape, gathered: Gathered) -> _Known | None:
        told, known = _told(gathered), None
        if told.tells:
            likeness = _likeness(told)
            if len(self._numbers) < MOST_GROUPS:
                self._numbers.setdefault(likeness, len(self._numbers))
            number = self._numbers.get(likeness, _BEYOND)
            known = _Known(number, _server(told, likeness.connector), told.family)
        if gathered.size < LONGEST:
            if len(self._shapes) >= MOST_SHAPES:
                self._shapes.clear()
            self._shapes[alike] = known
        return known

    def _room(self, share: float) -> bool:
        return len(self._tallies) < MOST_GROUPS * share and self._held <= MOST_HELD * share

    def groups(self) -> Iterator[Group]:
        """Every group, in the order in which they were met; once, for the rows are let go meanwhile."""
        likenesses = list(self._numbers)
        for key in list(self._tallies):
            number, server, peer = key
            yield _group(likenesses[number], server, peer, self._tallies.pop(key))


def _told(gathered: Gathered) -> Story:
    return tell(gathered.rows, gathered.header, mailed=gathered.mailed)


def _begun(gathered: Gathered) -> datetime | None:
    """The time of its first row, wherever that stands; a row begins with its time."""
    earliest = moment(min(gathered.rows).partition(b",")[0])
    return earliest or next((at for row in gathered.rows if (at := moment(row.partition(b",")[0]))), None)


def _network(peer: str) -> str:
    """What an address is told as where they are too many to be told apart; families of hosts are few."""
    if not peer[:1].isalnum() and not peer.startswith("::"):
        return peer
    if not peer.startswith(_INSIDE):
        return "*.*.*.*"
    return "fd00::*" if ":" in peer else ".".join((*peer.split(".")[:2], "*", "*"))


def _likeness(told: Story) -> Likeness:
    return Likeness(
        way=told.way,
        connector=text(told.rows[0].connector),
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
        unfinished=told.unfinished and failure(told) is None,
    )


def _server(told: Story, connector: str) -> str:
    """This server's name: a receive connector's begins with it, to a peer it says what it is called."""
    if told.way is Way.SEND:
        return told.hello
    return connector.partition("\\")[0] if "\\" in connector else told.host


def _end(told: Story) -> str:
    """The end of a session where the log does not say who hung up; empty where it has no end."""
    return "QUIT" if told.farewell else "not said" if told.finished else ""


def _which(leaf: Leaf | None) -> str | Leaf | None:
    return leaf and (leaf.thumbprint or leaf)


def _group(likeness: Likeness, server: str, peer: str, tally: _Tally) -> Group:
    told = _told(tally.example)
    leaves = [leaf for leaf in (told.sent, told.received) if leaf]
    return Group(
        way=likeness.way,
        connector=likeness.connector,
        server=server,
        peer=peer,
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
        observation=observation(told, tally.last, server),
        offered=likeness.offered,
        asked=likeness.asked,
        masked=likeness.masked,
        ended=told.ended or _end(told),
        revocation=likeness.revocation,
    )
