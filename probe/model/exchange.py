"""What Exchange keeps: connectors, certificates, domains, and the wizard's last intent, as exports tell of them.

Three things are not the same. `None` is a null: the property is there and empty. `Gap.ABSENT`: this export does not
speak of it. `Gap.LOST`: it had a value, which the form of the export has lost (lists in CSV, cut columns). Of the last
two nothing may be concluded. `TlsCertificateName` is kept as its text, `<I>issuer<S>subject`; who compares parses.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class Gap(Enum):
    """Why a property's value is not known."""

    ABSENT = "absent"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Many:
    """A list as far as the export has it; `cut`: there were more (`{a, b...}`)."""

    items: tuple[str, ...] = ()
    cut: bool = False


Flag = bool | None | Gap
Text = str | None | Gap
List = Many | None | Gap


def known(value: T | Gap | None) -> T | None:
    """The value, or None where it is null or not known."""
    return None if isinstance(value, Gap) else value


def items(value: List) -> tuple[str, ...]:
    """What is known of a list."""
    return value.items if isinstance(value, Many) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundConnector:
    """`Get-InboundConnector`: from us to Exchange Online. Names of fields are Exchange's, in our spelling."""

    name: str
    enabled: Flag = Gap.ABSENT
    connector_type: Text = Gap.ABSENT  # OnPremises, Partner
    connector_source: Text = Gap.ABSENT
    sender_domains: List = Gap.ABSENT
    sender_ip_addresses: List = Gap.ABSENT
    tls_sender_certificate_name: Text = Gap.ABSENT
    require_tls: Flag = Gap.ABSENT
    restrict_domains_to_certificate: Flag = Gap.ABSENT
    restrict_domains_to_ip_addresses: Flag = Gap.ABSENT
    cloud_services_mail_enabled: Flag = Gap.ABSENT
    treat_messages_as_internal: Flag = Gap.ABSENT
    associated_accepted_domains: List = Gap.ABSENT
    changed: datetime | Gap | None = Gap.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundConnector:
    """`Get-OutboundConnector`: from Exchange Online to us."""

    name: str
    enabled: Flag = Gap.ABSENT
    connector_type: Text = Gap.ABSENT
    connector_source: Text = Gap.ABSENT
    tls_settings: Text = Gap.ABSENT  # null, EncryptionOnly, CertificateValidation, DomainValidation
    tls_domain: Text = Gap.ABSENT
    use_mx_record: Flag = Gap.ABSENT
    smart_hosts: List = Gap.ABSENT
    recipient_domains: List = Gap.ABSENT
    all_accepted_domains: Flag = Gap.ABSENT
    route_all_messages_via_on_premises: Flag = Gap.ABSENT
    is_transport_rule_scoped: Flag = Gap.ABSENT
    cloud_services_mail_enabled: Flag = Gap.ABSENT
    mta_sts_mode: Text = Gap.ABSENT  # Opportunistic, None
    smtp_dane_mode: Text = Gap.ABSENT  # Opportunistic, Mandatory, None
    test_mode: Flag = Gap.ABSENT
    is_validated: Flag = Gap.ABSENT
    changed: datetime | Gap | None = Gap.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class SendConnector:
    """`Get-SendConnector`: on premises, outward."""

    name: str
    enabled: Flag = Gap.ABSENT
    require_tls: Flag = Gap.ABSENT
    tls_auth_level: Text = Gap.ABSENT
    tls_domain: Text = Gap.ABSENT
    tls_certificate_name: Text = Gap.ABSENT
    fqdn: Text = Gap.ABSENT
    dns_routing_enabled: Flag = Gap.ABSENT
    smart_hosts: List = Gap.ABSENT
    address_spaces: List = Gap.ABSENT
    cloud_services_mail_enabled: Flag = Gap.ABSENT
    ignore_starttls: Flag = Gap.ABSENT
    domain_secure_enabled: Flag = Gap.ABSENT
    frontend_proxy_enabled: Flag = Gap.ABSENT
    source_transport_servers: List = Gap.ABSENT
    protocol_logging_level: Text = Gap.ABSENT
    connector_type: Text = Gap.ABSENT
    changed: datetime | Gap | None = Gap.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveConnector:
    """`Get-ReceiveConnector`: on premises, inward. `name` is the Identity, `SERVER\\Name`, where the export has it."""

    name: str
    server: Text = Gap.ABSENT
    enabled: Flag = Gap.ABSENT
    auth_mechanism: List = Gap.ABSENT
    require_tls: Flag = Gap.ABSENT
    tls_certificate_name: Text = Gap.ABSENT
    fqdn: Text = Gap.ABSENT
    tls_domain_capabilities: List = Gap.ABSENT
    domain_secure_enabled: Flag = Gap.ABSENT
    bindings: List = Gap.ABSENT
    remote_ip_ranges: List = Gap.ABSENT
    permission_groups: List = Gap.ABSENT
    suppress_x_anonymous_tls: Flag = Gap.ABSENT
    transport_role: Text = Gap.ABSENT  # FrontendTransport, HubTransport
    protocol_logging_level: Text = Gap.ABSENT
    changed: datetime | Gap | None = Gap.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeCertificate:
    """`Get-ExchangeCertificate`: one certificate on one server.

    `thumbprint` is SHA-1 in upper-case hex. `der` is there where the export had RawData; everything that a certificate
    says of itself is then taken from there, and the dates are UTC. Otherwise they are the server's local time, written
    in its culture: `dates_local`, up to 14 hours off.
    """

    thumbprint: str
    server: Text = Gap.ABSENT
    subject: Text = Gap.ABSENT
    issuer: Text = Gap.ABSENT
    serial: Text = Gap.ABSENT
    not_before: datetime | Gap | None = Gap.ABSENT
    not_after: datetime | Gap | None = Gap.ABSENT
    dates_local: bool = False
    domains: List = Gap.ABSENT
    services: List = Gap.ABSENT
    status: Text = Gap.ABSENT
    has_private_key: Flag = Gap.ABSENT
    is_self_signed: Flag = Gap.ABSENT
    root_ca_type: Text = Gap.ABSENT
    public_key_size: int | Gap | None = Gap.ABSENT
    der: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedDomain:
    """`Get-AcceptedDomain`. `online`: of Exchange Online's session, not of the servers on premises; None: not known."""

    domain: str
    domain_type: Text = Gap.ABSENT
    match_subdomains: Flag = Gap.ABSENT
    default: Flag = Gap.ABSENT
    online: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridConfiguration:
    """`Get-HybridConfiguration`: what the wizard was last asked for, which need not be how things are."""

    tls_certificate_name: Text = Gap.ABSENT
    on_premises_smart_host: Text = Gap.ABSENT
    domains: List = Gap.ABSENT
    features: List = Gap.ABSENT
    receiving_transport_servers: List = Gap.ABSENT
    sending_transport_servers: List = Gap.ABSENT
    edge_transport_servers: List = Gap.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeServer:
    """`Get-ExchangeServer`, as far as it matters here."""

    name: str
    edge: Flag = Gap.ABSENT
    version: Text = Gap.ABSENT


Thing = (
    InboundConnector
    | OutboundConnector
    | SendConnector
    | ReceiveConnector
    | ExchangeCertificate
    | AcceptedDomain
    | HybridConfiguration
    | ExchangeServer
)
