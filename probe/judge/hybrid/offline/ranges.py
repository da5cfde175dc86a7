"""Does another receive connector take Exchange Online's connections from the one that is meant for them?

Of a server's connectors the one with the narrowest range around the peer's address answers. An application's relay
connector whose range is generous takes Exchange Online's addresses as well; a probe from elsewhere never sees it.
"""

import ipaddress
from collections.abc import Iterable, Iterator

from probe.judge.hybrid.addresses import Range, ranges
from probe.judge.hybrid.connectors import front_ends, server_of
from probe.judge.hybrid.installed import short
from probe.judge.hybrid.offline.case import Case, Use, at_uses, listed
from probe.judge.hybrid.offline.rights import grants
from probe.model import Finding, Many, ReceiveConnector, Verdict, items

# From which Exchange Online sends, as Microsoft lists them ("Office 365 URLs and IP address ranges", SMTP, worldwide).
# The list changes; these have been in it for years.
SENDERS = tuple(
    ipaddress.ip_network(given)
    for given in (
        "40.92.0.0/15",
        "40.107.0.0/16",
        "52.100.0.0/14",
        "104.47.0.0/17",
        "2a01:111:f400::/48",
        "2a01:111:f403::/48",
    )
)
_DOUBT = "by the addresses that Microsoft has published for years; its list changes"


def judge_ranges(case: Case) -> Iterator[Finding]:
    """A finding for each connector that stands before the one for Exchange Online and has not what its mail needs."""
    meant: dict[str, list[ReceiveConnector]] = {}
    for use in case.facing:
        if isinstance(use.connector, ReceiveConnector) and use.server:
            meant.setdefault(short(use.server), []).append(use.connector)
    chosen = {id(found) for group in meant.values() for found in group}
    fronts = {id(found) for found in front_ends(case.organisation)} - chosen
    for use in case.uses:
        connector = use.connector
        if id(connector) in fronts and isinstance(connector, ReceiveConnector) and grants(connector) is False:
            rivals = meant.get(short(server_of(connector) or ""), ())
            for rival in rivals:
                if taken := _taken(connector, rival):
                    yield _told(case, use, connector, rival, taken)
                    break


def _told(case: Case, use: Use, connector: ReceiveConnector, rival: ReceiveConnector, taken: list[str]) -> Finding:
    mechanisms = connector.auth_mechanism
    names = {name.strip().casefold() for name in items(mechanisms)}
    without_tls = "tls" not in names and (mechanisms is None or (isinstance(mechanisms, Many) and not mechanisms.cut))
    lacks = ["Tls in its AuthMechanism"] if without_tls else []
    lacks += ["a TlsCertificateName"] if connector.tls_certificate_name is None else []
    lacks += ["TlsDomainCapabilities for Exchange Online"]
    return case.found(
        "receive-range-catches",
        Verdict.FAIL if without_tls and case.demands_tls else Verdict.WARN,
        at_uses([use]),
        uses=[use],
        ranges=listed(taken),
        instead=rival.name,
        lacks=listed(lacks),
        doubt=_DOUBT,
    )


def _taken(connector: ReceiveConnector, rival: ReceiveConnector) -> list[str]:
    """Its ranges that lie around addresses of Exchange Online, closer than any range of the rival's."""
    if not set(items(connector.bindings)) & set(items(rival.bindings)):
        return []  # it listens at another address of the server
    others = [found for _, found in ranges(items(rival.remote_ip_ranges))]
    return [
        text
        for text, found in ranges(items(connector.remote_ip_ranges))
        if any(_size(found) < _closest(others, sender) for sender in SENDERS if _meets(found, sender))
    ]


def _closest(others: Iterable[Range], sender: ipaddress.IPv4Network | ipaddress.IPv6Network) -> float:
    return min((_size(found) for found in others if _meets(found, sender)), default=0)


def _meets(found: Range, sender: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    version, first, last = found
    return version == sender.version and first <= int(sender[-1]) and int(sender[0]) <= last


def _size(found: Range) -> int:
    return found[2] - found[1]
