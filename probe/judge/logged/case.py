"""Logs in question, with everything that they are judged by; and how findings on them are made.

Sessions that have the same thing wrong at the same place are one finding, with their number and times. A fault after
which the same place has done well is over: it is told, but as a WARN. "After" needs care, for a fault that comes and
goes is not over with each good session: the quiet since must be longer than the usual time between two bad ones.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from probe.judge.find import finding
from probe.judge.logged.exports import Exports
from probe.judge.logged.groups import Peer, called, had_expired, is_self_signed, peer_of, sha1, went_well
from probe.judge.standard import Standard
from probe.model import Evidence, Finding, Group, Names, RuleBook, Verdict, Way, Where

PEERS = 3  # named of those that share a fault
NEARLY_ALL = 50  # good sessions for each that broke off, where it is a chance of the network
MOST = 10  # the same since the first that did, or where it may be chance
FEW = 2
MOMENT = "%Y-%m-%d %H:%M:%S UTC"

Cured = Callable[[Group], bool]


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """`groups` are in order of time. `seen` is what a live look at the endpoints showed, empty where there was none."""

    groups: Sequence[Group]
    exports: Exports
    seen: Sequence[Evidence]
    standard: Standard
    at: datetime
    _peers: dict[int, Peer] = field(default_factory=dict)

    def peer(self, group: Group) -> Peer:
        """Who is at the other end, by the organisation's connectors, too."""
        if id(group) not in self._peers:
            self._peers[id(group)] = Peer.MICROSOFT if self.exports.leads_to_microsoft(group) else peer_of(group)
        return self._peers[id(group)]

    @cached_property
    def _proper(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for group in self.groups:
            sent = sha1(group.sent)
            if sent and went_well(group) and not is_self_signed(group.sent) and not had_expired(group):
                found[group.server.casefold()] = sent
        return found

    def proper(self, group: Group) -> str | None:
        """The thumbprint of the certificate with which this server has done well last; None: there is none."""
        return self._proper.get(group.server.casefold())

    def outside(self, group: Group) -> bool:
        """Whether the peer is no machine of the inner network: among themselves servers use other certificates."""
        return self.peer(group) is not Peer.INSIDE

    def gathered(self, groups: Iterable[Group], *, together: bool = False) -> Iterator[list[Group]]:
        """Groups that are told together: of one way, connector, server and sort of peer, each of Microsoft's by itself
        unless `together`."""
        found: dict[object, list[Group]] = defaultdict(list)
        for group in groups:
            peer = self.peer(group)
            found[_place(group), peer, group.peer if peer is Peer.MICROSOFT and not together else ""].append(group)
        yield from found.values()

    def tell(
        self,
        code: str,
        verdict: Verdict,
        groups: Sequence[Group],
        *,
        cured: Cured | None = went_well,
        whoever: bool = False,
        names: Names | None = None,
        **facts: str | int | None,
    ) -> Finding:
        """One finding on these groups, which are of one place. `cured` says which other sessions show that the fault is
        over, None: it is none that could be; `whoever`: with whichever peer."""
        last = max(groups, key=lambda group: group.last)
        over = self._over(groups, cured, whoever=whoever) if cured else None
        if over and verdict is Verdict.FAIL:
            verdict = Verdict.WARN
        peers = list(dict.fromkeys(group.peer for group in groups if group.peer))
        thumbprints = list(dict.fromkeys(called(group.sent) for group in groups if group.sent))
        known: dict[str, str | int | None] = {
            "seen": f"{span(groups)}{over or ''}",
            "sessions": sum(group.sessions for group in groups),
            "first": min(group.first for group in groups).strftime(MOMENT),
            "last": last.last.strftime(MOMENT),
            "thumbprint": some(thumbprints, 4),
            "peers": some(peers) if len(peers) > 1 else None,
            "source": last.source,
            "example": last.example,
        }
        where = place(last, peers[0] if len(peers) == 1 else None)
        found = finding(code, verdict, where, RuleBook.RFC, **{**known, **facts})
        return replace(found, names=names if names is not None else self.exports.names(last))

    def _over(self, groups: Sequence[Group], cured: Cured, *, whoever: bool) -> str | None:
        first, last = min(group.first for group in groups), max(group.last for group in groups)
        since = [group for group in self.beside(groups, whoever=whoever) if group.last > last and cured(group)]
        if not since:
            return None
        usual = (last - first) / max(sum(group.sessions for group in groups) - 1, 1)
        until = max(group.last for group in since)
        if until - last <= usual:
            return None
        number = sum(group.sessions for group in since if group.first > last)
        sessions = "1 session" if number == 1 else f"{number} sessions" if number else "sessions"
        return f"; over: {sessions} without it since, the last on {until.strftime(MOMENT)}"

    def chance(self, groups: Sequence[Group]) -> Verdict:
        """How grave it is that these sessions broke off. Any connection can: where nearly all do well, also since the
        first that did not, and the last one did, it is a note. Where the last ones failed, one or two may be chance;
        more are not, however many did well in the month before."""
        first, last = min(group.first for group in groups), max(group.last for group in groups)
        bad = sum(group.sessions for group in groups)
        well = [group for group in self.beside(groups) if went_well(group)]
        number, since = sum(group.sessions for group in well), sum(_since(group, first) for group in well)
        if number >= NEARLY_ALL * bad and since >= MOST * bad and any(group.last > last for group in well):
            return Verdict.OK
        return Verdict.WARN if bad <= FEW and number >= MOST * bad else Verdict.FAIL

    def peers_own(self, groups: Sequence[Group]) -> bool:
        """Whether it is the peers' own fault: at least as many others do well at the same place."""
        failing = {group.peer for group in groups}
        well = {group.peer for group in self._places[_place(groups[0])] if went_well(group) and self.outside(group)}
        return len(well - failing) >= len(failing)

    def beside(self, groups: Sequence[Group], *, whoever: bool = False) -> Iterator[Group]:
        """The other sessions of the same place with the same peers, of which all of Exchange Online is one; of a copy
        whose names were taken out, those of the same connector."""
        peers = {group.peer for group in groups}
        online = self.peer(groups[0]) is Peer.MICROSOFT
        for other in self._places[_place(groups[0])]:
            same = other.peer in peers or (online and self.peer(other) is Peer.MICROSOFT)
            if whoever or groups[0].scrubbed or same:
                yield other

    @cached_property
    def _places(self) -> Mapping[tuple[Way, str, str], list[Group]]:
        found: dict[tuple[Way, str, str], list[Group]] = defaultdict(list)
        for group in self.groups:
            for where in {_place(group), (*_place(group)[:2], "")}:
                found[where].append(group)
        return found


def _since(group: Group, moment: datetime) -> float:
    """How many of the sessions came after it, if they came evenly."""
    if group.first >= moment or group.last <= moment:
        return group.sessions if group.first >= moment else 0
    return group.sessions * ((group.last - moment) / (group.last - group.first))


def at_most(verdict: Verdict, other: Verdict) -> Verdict:
    """The less grave of two."""
    return min(verdict, other, key=lambda one: one.gravity)


def _place(group: Group) -> tuple[Way, str, str]:
    """Way, connector and server; without the server where it is not known: of a copy, and of a connection that did not
    come about, as who sends says its name only then."""
    return group.way, group.connector.casefold(), "" if group.scrubbed else group.server.casefold()


def place(group: Group, peer: str | None = None) -> Where:
    return Where(kind="log", name=group.connector or None, host=group.server or None, address=peer)


def span(groups: Sequence[Group]) -> str:
    """How many sessions, and when: "12 sessions, 2026-11-21 09:00:00 UTC to 2026-11-22 08:12:00 UTC"."""
    first, last = min(group.first for group in groups), max(group.last for group in groups)
    return times(sum(group.sessions for group in groups), first, last)


def times(number: int, first: datetime, last: datetime) -> str:
    """The same, from numbers."""
    until = f" to {last.strftime(MOMENT)}" if last - first >= timedelta(seconds=1) else ""
    return f"{number} session{'' if number == 1 else 's'}, {first.strftime(MOMENT)}{until}"


def some(words: Sequence[str], most: int = PEERS) -> str:
    """A few of many, and how many more."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more
