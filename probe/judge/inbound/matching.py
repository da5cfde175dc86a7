"""Which inbound connectors match a client: by the names of its certificate, by its address, by the sender's domain."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from probe.judge import dn
from probe.judge.certificate import Certificate
from probe.judge.hybrid.accepted import in_dns
from probe.judge.hybrid.addresses import is_hidden, within
from probe.judge.hybrid.offline.gaps import called
from probe.judge.hybrid.offline.senders import MOST_INBOUND, is_legacy
from probe.judge.names import by_exchange, doubtful
from probe.model import Gap, InboundConnector, List, Many, items, known


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A connector that matches. `by` is what of the client it knows, `value` what the connector has for it."""

    connector: InboundConnector
    by: str
    value: str
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Those that match, and the properties, as in "SenderIPAddresses of X", for which it is not known whether others
    do. `hidden` are connectors that know public addresses, of which the client's may be one that is not seen here.
    `doubt` is what nobody has verified of those that do not match."""

    found: tuple[Match, ...] = ()
    open: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    doubt: str = ""


def by_certificate(leaf: Certificate, connectors: Iterable[InboundConnector]) -> Matches:
    """Of these connectors those whose TlsSenderCertificateName the certificate bears."""
    found, missing, doubts = list[Match](), list[str](), list[str | None]()
    for connector in connectors:
        value = connector.tls_sender_certificate_name
        matched = None if isinstance(value, Gap) or not value else _borne(leaf, value)
        if isinstance(value, Gap) or isinstance(matched, ValueError):
            missing.append(f"TlsSenderCertificateName of {called(connector)}")
        elif value:
            doubt = None if is_legacy(value) else doubtful(leaf, matched, in_dns(value))
            if matched is None:
                doubts.append(doubt)
            elif unsaid := _unsaid(connector):
                missing.append(unsaid)
            else:
                found.append(Match(connector=connector, by=matched, value=value.strip(), doubt=doubt or ""))
    return Matches(found=tuple(found), open=tuple(missing), doubt=next(filter(None, doubts), ""))


def _unsaid(connector: InboundConnector) -> str:
    """What decides whether it counts, and the exports lack. Only of one that matches otherwise is it worth asking."""
    lacking = {"ConnectorType": connector.connector_type, "Enabled": connector.enabled}
    return next((f"{name} of {called(connector)}" for name, value in lacking.items() if isinstance(value, Gap)), "")


def _borne(leaf: Certificate, value: str) -> str | ValueError | None:
    """The certificate's name that stands for the value; None: it has none. An error where the value cannot be read."""
    if not is_legacy(value):
        return by_exchange(leaf, in_dns(value))
    try:
        identity = dn.parse_identity(value)
    except ValueError as error:
        return error
    same = dn.same_parts(identity.subject) == dn.same_parts(leaf.subject_name) and (
        identity.issuer is None or dn.same_parts(identity.issuer) == dn.same_parts(leaf.issuer_name)
    )
    return value if same else None


def by_address(address: str, connectors: Iterable[InboundConnector]) -> Matches:
    """Of these connectors those whose SenderIPAddresses hold the address."""
    found, missing, hidden = list[Match](), list[str](), list[str]()
    for connector in connectors:
        listed = connector.sender_ip_addresses
        taken = within(address, items(listed))
        if taken and (unsaid := _unsaid(connector)):
            missing.append(unsaid)
        elif taken:
            found.append(Match(connector=connector, by=address, value=taken))
        elif _is_open(listed):
            missing.append(f"SenderIPAddresses of {called(connector)}")
        elif is_hidden(address, items(listed)):
            hidden.append(called(connector))
    return Matches(found=tuple(found), open=tuple(missing), hidden=tuple(hidden))


def _is_open(value: List) -> bool:
    return isinstance(value, Gap) or (isinstance(value, Many) and value.cut)


def refusing(
    connectors: Iterable[InboundConnector], senders: Iterable[str], leaf: Certificate | None, address: str
) -> InboundConnector | None:
    """The enabled Partner connector that takes one of the senders' domains to itself and refuses this client: it is
    restricted to a certificate, or to addresses, and the client has neither. What is not known refuses nobody."""
    domains = [in_dns(domain) for domain in senders if domain]
    for connector in _partners(connectors):
        if any(_takes(connector.sender_domains, domain) for domain in domains) and (
            _lacks_certificate(connector, leaf) or _lacks_address(connector, address)
        ):
            return connector
    return None


def _partners(connectors: Iterable[InboundConnector]) -> Iterator[InboundConnector]:
    for _, connector in zip(range(MOST_INBOUND), connectors, strict=False):
        if connector.enabled is not False and (known(connector.connector_type) or "").casefold() == "partner":
            yield connector


def _takes(spaces: List, domain: str) -> bool:
    """Whether address spaces (`smtp:*;1`, `*.contoso.com`, `contoso.com`) hold the domain. `*.contoso.com` stands for
    contoso.com and all below it (Set-InboundConnector, SenderDomains)."""
    for space in items(spaces):
        _, _, text = space.strip().lower().rpartition("smtp:")
        name = in_dns(text.partition(";")[0])
        below = name.removeprefix("*") if name.startswith("*.") else None
        if name in ("*", domain) or (below and f".{domain}".endswith(below)):
            return True
    return False


def _lacks_certificate(connector: InboundConnector, leaf: Certificate | None) -> bool:
    if connector.restrict_domains_to_certificate is not True:
        return False
    value = connector.tls_sender_certificate_name
    if isinstance(value, Gap):
        return False
    return not (leaf and value and _borne(leaf, value))


def _lacks_address(connector: InboundConnector, address: str) -> bool:
    listed = connector.sender_ip_addresses
    restricted = connector.restrict_domains_to_ip_addresses is True
    unknown = _is_open(listed) or is_hidden(address, items(listed))
    return restricted and not unknown and within(address, items(listed)) is None
