"""The rights that a receive connector gives to Exchange Online: `TlsDomainCapabilities`.

An entry is a domain and what a client may do whose certificate has that name. Until April 2016 it could be issuer and
subject instead of a domain; since Exchange Online renewed its certificate then, from another CA, such entries match
nothing. Without the right nothing fails: the mail is taken as a stranger's, and nobody is told.
"""

from collections.abc import Sequence

from probe.judge.hybrid.connectors import MICROSOFT, is_default
from probe.judge.names import exchange_matches
from probe.model import Many, ReceiveConnector, items

RIGHT = "acceptcloudservicesmail"
# Exchange Online of the world, of the US Government, and of 21Vianet in China.
CLOUDS = (MICROSOFT, "mail.protection.office365.us", "mail.protection.partner.outlook.cn")


def grants(connector: ReceiveConnector) -> bool | None:
    """Whether Exchange Online has the right to send as a part of the organisation; None: the export does not say."""
    value = connector.tls_domain_capabilities
    if any(map(_names_a_cloud, items(value))):
        return True
    return False if value is None or (isinstance(value, Many) and not value.cut) else None


def _names_a_cloud(entry: str) -> bool:
    domain, _, rights = entry.rpartition(":")
    return RIGHT in rights.casefold() and any(exchange_matches(cloud, domain.strip().lower()) for cloud in CLOUDS)


def for_exchange_online(group: Sequence[ReceiveConnector]) -> Sequence[ReceiveConnector]:
    """Of one server's connectors those that Exchange Online should come to: with a range of their own and its rights,
    else those that take everybody's connections."""
    dedicated = [found for found in group if not is_default(found) and grants(found)]
    return dedicated or [found for found in group if is_default(found)]


def lacking(connector: ReceiveConnector) -> str:
    """How the right is missing: none, legacy, or other-domain."""
    entries = items(connector.tls_domain_capabilities)
    if any(entry.lstrip()[:3].upper() in ("<I>", "<S>") for entry in entries):
        return "legacy"
    return "other-domain" if entries else "none"
