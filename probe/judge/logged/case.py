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
from probe.model import Evidence, Finding, Group, Names, RuleBook, Verdict, Where

PEERS = 3  # named of those that share a fault
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

    def gathered(self, groups: Iterable[Group]) -> Iterator[list[Group]]:
        """Groups that are told together: of one way, connector and server, each of Microsoft's peers by itself."""
        found: dict[object, list[Group]] = defaultdict(list)
        for group in groups:
            peer = self.peer(group)
            found[_place(group), peer, group.peer if peer is Peer.MICROSOFT else ""].append(group)
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

    def beside(self, groups: Sequence[Group], *, whoever: bool = False) -> Iterator[Group]:
        """The other sessions of the same place; of a copy whose names were taken out, those of the same connector."""
        peers = {group.peer for group in groups}
        for other in self._places[_place(groups[0])]:
            if whoever or groups[0].scrubbed or other.peer in peers:
                yield other

    @cached_property
    def _places(self) -> Mapping[object, list[Group]]:
        found: dict[object, list[Group]] = defaultdict(list)
        for group in self.groups:
            found[_place(group)].append(group)
        return found


def _place(group: Group) -> object:
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
