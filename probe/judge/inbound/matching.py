"""Which inbound connectors match a client: by the names of its certificate, by its address, by the sender's domain."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from probe.judge import dn
from probe.judge.certificate import Certificate
from probe.judge.hybrid.addresses import within
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
    do."""

    found: tuple[Match, ...] = ()
    open: tuple[str, ...] = ()


def by_certificate(leaf: Certificate, connectors: Iterable[InboundConnector]) -> Matches:
    """Of these connectors those whose TlsSenderCertificateName the certificate bears."""
    found, missing = list[Match](), list[str]()
    for connector in connectors:
        value = connector.tls_sender_certificate_name
        matched = None if isinstance(value, Gap) or not value else _borne(leaf, value)
        if isinstance(value, Gap) or isinstance(matched, ValueError):
            missing.append(f"TlsSenderCertificateName of {called(connector)}")
        elif matched and value:
            doubt = "" if is_legacy(value) else doubtful(leaf, matched, value.strip()) or ""
            found.append(Match(connector=connector, by=matched, value=value.strip(), doubt=doubt))
    return Matches(found=tuple(found), open=tuple(missing))


def _borne(leaf: Certificate, value: str) -> str | ValueError | None:
    """The certificate's name that stands for the value; None: it has none. An error where the value cannot be read."""
    if not is_legacy(value):
        return by_exchange(leaf, value.strip())
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
    found, missing = list[Match](), list[str]()
    for connector in connectors:
        listed = connector.sender_ip_addresses
        if taken := within(address, items(listed)):
            found.append(Match(connector=connector, by=address, value=taken))
        elif _is_open(listed):
            missing.append(f"SenderIPAddresses of {called(connector)}")
    return Matches(found=tuple(found), open=tuple(missing))


def _is_open(value: List) -> bool:
    return isinstance(value, Gap) or (isinstance(value, Many) and value.cut)


def refusing(
    connectors: Iterable[InboundConnector], senders: Iterable[str], leaf: Certificate | None, address: str
) -> InboundConnector | None:
    """The enabled Partner connector that takes one of the senders' domains to itself and refuses this client: it is
    restricted to a certificate, or to addresses, and the client has neither. What is not known refuses nobody."""
    domains = [domain.lower() for domain in senders if domain]
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
    """Whether address spaces (`smtp:*;1`, `*.contoso.com`, `contoso.com`) hold the domain. `*.` means what is below."""
    for space in items(spaces):
        _, _, text = space.strip().lower().rpartition("smtp:")
        name = text.partition(";")[0].strip()
        if name in ("*", domain) or (name.startswith("*.") and domain.endswith(name[1:])):
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
    return restricted and not _is_open(listed) and within(address, items(listed)) is None
