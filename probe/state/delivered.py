"""How far a delivery reached: it speaks of the one client that made it, and of no other.

A listener is looked at by whoever comes, so its standing is that of all its clients: what one of them shows opens and
closes faults of that one alone. A client that does not come any more may be gone, or fail to reach us, and nobody can
tell: its faults stay open until it has been away for `GONE` while others came, or `MOST` others came after it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from probe.dialogue.smtp import attend
from probe.model import Attributed, Relay, Report
from probe.model.duty import Episode, Met, Sighting
from probe.state.reach import OF_SESSIONS, Reach, showed

MOST = 100  # clients that are known
GONE = timedelta(days=30)
LEAVES = 10  # of each client
# Two servers, one right and one wrong, may come from one address. What was wrong a moment ago is not mended because the
# next delivery is right; and a sender that we put off comes again, so a mended one shows it soon enough.
SETTLED = timedelta(minutes=10)
_OF_TLS = ("client-handshake-failed", "client-left", "client-without-tls", "plaintext-injected", *OF_SESSIONS)
_OF_ATTRIBUTION = ("not-attributed", "attribution-ambiguous", "attribution-unknown")
_OF_SENDERS = ("relay-refused", "partner-restricted")
_NOBODYS = (Attributed.NOT_SENT, Attributed.CHAIN_BAD, Attributed.NO_CONNECTOR, Attributed.ANONYMOUS)


def clients(before: Sequence[Met], now: Sequence[Met], at: datetime) -> tuple[Met, ...]:
    """The clients that are known after a delivery: the last of each, the newest first."""
    found = {(one.host, one.port): one for one in before}
    found |= {(one.host, one.port): one for one in now}
    newest = sorted(found.values(), key=lambda one: one.at or at, reverse=True)
    return tuple(one for one in newest[:MOST] if (one.at or at) >= at - GONE)


def bounded(certificates: Sequence[Sighting]) -> tuple[Sighting, ...]:
    """Without the oldest of a client that shows another one each time."""
    kept, count = list[Sighting](), dict[str, int]()
    for one in sorted(certificates, key=lambda one: one.last, reverse=True):
        count[one.host] = count.get(one.host, 0) + 1
        if count[one.host] <= LEAVES:
            kept.append(one)
    return tuple(kept)


class Delivered(Reach):
    """What a delivery has shown. `known` are the clients after it."""

    def __init__(self, report: Report, known: Sequence[Met]) -> None:
        super().__init__(report)
        self._known = frozenset(one.host for one in known)
        self._one = report.evidence.observations[0]
        self._attribution, self._moment = report.attribution, report.at
        self._senders = {domain or "<>" for domain in attend(self._one.transcript).senders}

    def settles(self, episode: Episode) -> bool:
        """Whether the client got as far now as where the fault would have shown, and did not show it for a while; or is
        not known any more."""
        host = episode.where.host
        if host not in (None, self._one.endpoint.host):
            return host not in self._known
        if self._moment - episode.seen < SETTLED:
            return False
        if episode.code in _OF_TLS:
            return self._one.session is not None
        if episode.code in _OF_ATTRIBUTION:
            return self._attributed
        return self._asks(episode) if episode.code in _OF_SENDERS else showed(self._one)

    def knows_demand(self, episode: Episode) -> bool:
        """One sender may be refused and another one not: that the next one fares better makes nothing better."""
        return episode.code not in _OF_SENDERS or self._asks(episode)

    def stays(self, host: str, address: str) -> bool:
        return host in self._known

    @property
    def _attributed(self) -> bool:
        """Whether it was found out whose it is, or nobody asks: there are no exports any more."""
        return self._attribution is None or self._attribution.outcome is not Attributed.UNKNOWN

    def _asks(self, episode: Episode) -> bool:
        """Whether it came from the senders that were refused, or the sender does not matter now."""
        found = self._attribution
        if found is None or not self._attributed:
            return found is None
        if episode.code == "partner-restricted" and found.outcome not in _NOBODYS:
            return True
        if episode.code == "relay-refused" and found.relay in (Relay.YES, Relay.NO):
            return True
        return set(dict(episode.facts).get("sender", "<>").split(", ")) <= self._senders
