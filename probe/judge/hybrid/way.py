"""By which of its outbound connectors would Exchange Online come to an endpoint, and what would it demand there?

Exchange Online takes a connector by the recipient's domain; the connector says whether it then goes by the domain's MX
records or to smart hosts. From an endpoint one therefore looks back: whose smart host is it, or is it an MX host of a
domain that a connector goes to by MX?
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from probe.judge.certificate import host_address
from probe.judge.hybrid.connectors import front_ends
from probe.judge.hybrid.installed import covers
from probe.judge.standard import AuthLevel, Standard, Want
from probe.model import Endpoint, Evidence, Gap, Organisation, OutboundConnector, RouteKind, Target, items, known

_LEVELS = {level.casefold(): level for level in AuthLevel}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The connector that leads to an endpoint, None where none does; `rivals` lead there as well and demand something
    else: which of them is taken depends on the recipient."""

    connector: OutboundConnector | None = None
    rivals: tuple[OutboundConnector, ...] = ()

    def demanded(self, standard: Standard) -> Standard:
        """The standard by which the connector judges; what the user expects in so many words goes before it."""
        if self.connector is None:
            return standard
        own = None if standard.auth_level or standard.name else level(self.connector)
        return replace(
            standard,
            connector=self.connector.name,
            auth_level=own or standard.auth_level,
            # TlsDomain counts with DomainValidation alone.
            name=(known(self.connector.tls_domain) or None) if own is AuthLevel.DOMAIN_VALIDATION else standard.name,
        )

    def promising(self, standard: Standard) -> Standard:
        """The standard for the domain's promises, by the connector's SmtpDaneMode and MtaStsMode. They concern mail
        that goes by MX; whether DANE is asked of a smart host is not documented, and MTA-STS knows only MX hosts."""
        if self.connector is None or self.connector.use_mx_record is not True:
            return standard
        dane, sts = known(self.connector.smtp_dane_mode), known(self.connector.mta_sts_mode)
        return replace(
            standard,
            dane=Want.REQUIRE if standard.dane is Want.AUTO and dane == "Mandatory" else _unless(standard.dane, dane),
            mta_sts=_unless(standard.mta_sts, sts),
        )


def way(organisation: Organisation, evidence: Evidence, endpoint: Endpoint) -> Way:
    """How Exchange Online would come to the endpoint."""
    if endpoint.dialogue != "smtp":
        return Way()
    by_host = [found for found in enabled(organisation) if is_smart_host(found, endpoint.host, endpoint.address)]
    by_domain = [found for found in enabled(organisation) if _goes_by_mx(found, organisation, evidence)]
    return _strictest(by_host or by_domain)


def enabled(organisation: Organisation) -> Iterator[OutboundConnector]:
    """The outbound connectors that are not switched off."""
    return (connector for connector in organisation.outbound if connector.enabled is not False)


def is_smart_host(connector: OutboundConnector, host: str, address: str) -> bool:
    """Whether the connector sends to this host or address: smart hosts are names, addresses and networks (CIDR)."""
    if connector.use_mx_record is True:
        return False
    return any(_is_there(given, host, address) for given in items(connector.smart_hosts))


def _is_there(given: str, host: str, address: str) -> bool:
    place = plain_host(given)
    if place in (host, address):
        return True
    try:
        return ipaddress.ip_address(address.partition("%")[0]) in ipaddress.ip_network(place, strict=False)
    except ValueError:  # the smart host is a name
        return False


def plain_host(given: str) -> str:
    """A smart host as exports print it, as a host name or an address: `[192.0.2.1]`, `Mail.Contoso.com.`."""
    place = given.strip().removeprefix("[").removesuffix("]").rstrip(".").lower()
    return host_address(place) or place


def for_domain(connector: OutboundConnector, organisation: Organisation, domain: str) -> bool:
    """Whether mail for the domain takes this connector."""
    if connector.all_accepted_domains is True:
        return any(found.domain.lower() == domain for found in organisation.domains)
    return any(_takes(given.strip().lower(), domain) for given in items(connector.recipient_domains))


def _takes(given: str, domain: str) -> bool:
    return given in ("*", domain) or (given.startswith("*.") and domain.endswith(given[1:]))


def _goes_by_mx(connector: OutboundConnector, organisation: Organisation, evidence: Evidence) -> bool:
    by_mx = evidence.route.kind in (RouteKind.MX, RouteKind.IMPLICIT_MX)
    return by_mx and connector.use_mx_record is True and for_domain(connector, organisation, evidence.target.name)


def _strictest(candidates: Iterable[OutboundConnector]) -> Way:
    ordered = sorted(candidates, key=lambda found: (-_strictness(found), found.name))
    if not ordered:
        return Way()
    first, *others = ordered
    rivals = [found for found in others if (level(found), found.tls_domain) != (level(first), first.tls_domain)]
    return Way(connector=first, rivals=tuple(rivals))


def level(connector: OutboundConnector) -> AuthLevel | None:
    """What it demands (TlsSettings); None: TLS if it can be had, or not known."""
    return _LEVELS.get((known(connector.tls_settings) or "").casefold())


def _strictness(connector: OutboundConnector) -> int:
    found = level(connector)
    return 0 if found is None else 1 + list(AuthLevel).index(found)


def _unless(want: Want, mode: str | None) -> Want:
    return Want.OFF if want is Want.AUTO and mode == "None" else want


def is_ours(organisation: Organisation, endpoint: Endpoint) -> bool:
    """Whether the endpoint is one of the organisation's servers, as far as its exports tell."""
    hybrid = organisation.hybrid
    named = {plain_host(known(hybrid.on_premises_smart_host) or "")} if hybrid else set()
    named |= {(known(connector.fqdn) or "").lower() for connector in front_ends(organisation)}
    named |= {plain_host(host) for found in enabled(organisation) for host in items(found.smart_hosts)}
    if {endpoint.host, endpoint.address} & named - {""}:
        return True
    return any(covers(certificate, endpoint.host) for certificate in organisation.certificates)


def implied(organisation: Organisation) -> tuple[str, ...]:
    """Where Exchange Online connects to: the outbound connectors' smart hosts, then the wizard's,
    each once. Networks name no single place and are left out."""
    given = [
        host for found in enabled(organisation) if found.use_mx_record is not True for host in items(found.smart_hosts)
    ]
    if organisation.hybrid and (host := known(organisation.hybrid.on_premises_smart_host)):
        given.append(host)
    return tuple(dict.fromkeys(place for place in map(plain_host, given) if place and "/" not in place))


def elsewhere(organisation: Organisation, target: Target) -> OutboundConnector | None:
    """The connector that takes the domain's mail to smart hosts, whatever its MX records say."""
    if target.port is not None:
        return None
    return next(
        (
            connector
            for connector in enabled(organisation)
            if connector.use_mx_record is False
            and not isinstance(connector.smart_hosts, Gap)
            and for_domain(connector, organisation, target.name)
        ),
        None,
    )
