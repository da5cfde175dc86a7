"""One object of an export to the type that it is of, property by property.

Properties that are not asked for here are ignored, whatever they hold.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from probe.exchange.as_text import capabilities, capability, server, text_of
from probe.exchange.enumerations import (
    AUTH_LEVEL,
    AUTH_MECHANISM,
    CONNECTOR_SOURCE,
    CONNECTOR_TYPE,
    DANE_MODE,
    DOMAIN_TYPE,
    LOGGING,
    PERMISSION_GROUPS,
    SEND_CONNECTOR_TYPE,
    STS_MODE,
    TRANSPORT_ROLE,
)
from probe.exchange.fields import Fields, first
from probe.exchange.identifiers import certificate_name
from probe.exchange.kinds import Kind
from probe.model import (
    AcceptedDomain,
    ExchangeServer,
    Flag,
    Gap,
    HybridConfiguration,
    InboundConnector,
    List,
    Many,
    OutboundConnector,
    ReceiveConnector,
    SendConnector,
    Thing,
)


def inbound(of: Fields) -> InboundConnector:
    return InboundConnector(
        name=_named(of),
        enabled=of.flag("enabled"),
        connector_type=of.word("connectortype", CONNECTOR_TYPE),
        connector_source=of.word("connectorsource", CONNECTOR_SOURCE),
        sender_domains=of.many("senderdomains"),
        sender_ip_addresses=of.many("senderipaddresses"),
        tls_sender_certificate_name=_name_or_pair(of, "tlssendercertificatename"),
        require_tls=of.flag("requiretls"),
        restrict_domains_to_certificate=of.flag("restrictdomainstocertificate"),
        restrict_domains_to_ip_addresses=of.flag("restrictdomainstoipaddresses"),
        cloud_services_mail_enabled=of.flag("cloudservicesmailenabled"),
        treat_messages_as_internal=of.flag("treatmessagesasinternal"),
        associated_accepted_domains=of.many("associatedaccepteddomains"),
        changed=of.moment("whenchangedutc", utc=True)[0],
    )


def outbound(of: Fields) -> OutboundConnector:
    return OutboundConnector(
        name=_named(of),
        enabled=of.flag("enabled"),
        connector_type=of.word("connectortype", CONNECTOR_TYPE),
        connector_source=of.word("connectorsource", CONNECTOR_SOURCE),
        tls_settings=of.word("tlssettings", AUTH_LEVEL),
        tls_domain=_name_or_pair(of, "tlsdomain"),
        use_mx_record=of.flag("usemxrecord"),
        smart_hosts=of.many("smarthosts"),
        recipient_domains=of.many("recipientdomains"),
        all_accepted_domains=of.flag("allaccepteddomains"),
        route_all_messages_via_on_premises=of.flag("routeallmessagesviaonpremises"),
        is_transport_rule_scoped=of.flag("istransportrulescoped"),
        cloud_services_mail_enabled=of.flag("cloudservicesmailenabled"),
        mta_sts_mode=of.word("mtastsmode", STS_MODE),
        smtp_dane_mode=of.word("smtpdanemode", DANE_MODE),
        test_mode=of.flag("testmode"),
        is_validated=of.flag("isvalidated"),
        changed=of.moment("whenchangedutc", utc=True)[0],
    )


def send(of: Fields) -> SendConnector:
    return SendConnector(
        name=_named(of),
        enabled=of.flag("enabled"),
        require_tls=of.flag("requiretls"),
        tls_auth_level=of.word("tlsauthlevel", AUTH_LEVEL),
        tls_domain=_name_or_pair(of, "tlsdomain"),
        tls_certificate_name=certificate_name(of, "tlscertificatename"),
        fqdn=of.text("fqdn"),
        dns_routing_enabled=of.flag("dnsroutingenabled"),
        smart_hosts=_smart_hosts(of),
        address_spaces=of.many("addressspaces"),
        cloud_services_mail_enabled=of.flag("cloudservicesmailenabled"),
        ignore_starttls=of.flag("ignorestarttls"),
        domain_secure_enabled=of.flag("domainsecureenabled"),
        frontend_proxy_enabled=of.flag("frontendproxyenabled"),
        source_transport_servers=_servers(of, "sourcetransportservers"),
        protocol_logging_level=of.word("protocollogginglevel", LOGGING),
        connector_type=of.word("connectortype", SEND_CONNECTOR_TYPE),
        changed=of.moment("whenchangedutc", utc=True)[0],
    )


def receive(of: Fields) -> ReceiveConnector:
    entries = of.many("tlsdomaincapabilities", capability)
    return ReceiveConnector(
        name=_named(of),
        server=of.text("server", server),
        enabled=of.flag("enabled"),
        auth_mechanism=of.words("authmechanism", AUTH_MECHANISM),
        require_tls=of.flag("requiretls"),
        tls_certificate_name=certificate_name(of, "tlscertificatename"),
        fqdn=of.text("fqdn"),
        tls_domain_capabilities=Many(tuple(capabilities(entries.items)), entries.cut)
        if isinstance(entries, Many)
        else entries,
        domain_secure_enabled=of.flag("domainsecureenabled"),
        bindings=of.many("bindings"),
        remote_ip_ranges=of.many("remoteipranges"),
        permission_groups=of.words("permissiongroups", PERMISSION_GROUPS),
        suppress_x_anonymous_tls=of.flag("suppressxanonymoustls"),
        transport_role=of.word("transportrole", TRANSPORT_ROLE),
        protocol_logging_level=of.word("protocollogginglevel", LOGGING),
        changed=of.moment("whenchangedutc", utc=True)[0],
    )


def domain(of: Fields) -> AcceptedDomain | None:
    name = of.text("domainname")
    if not isinstance(name, str):
        return None
    return AcceptedDomain(
        domain=name,
        domain_type=of.word("domaintype", DOMAIN_TYPE),
        match_subdomains=of.flag("matchsubdomains"),
        default=of.flag("default"),
    )


def hybrid(of: Fields) -> HybridConfiguration:
    return HybridConfiguration(
        tls_certificate_name=certificate_name(of, "tlscertificatename"),
        on_premises_smart_host=of.text("onpremisessmarthost"),
        domains=of.many("domains"),
        features=of.many("features"),
        receiving_transport_servers=_servers(of, "receivingtransportservers"),
        sending_transport_servers=_servers(of, "sendingtransportservers"),
        edge_transport_servers=_servers(of, "edgetransportservers"),
    )


def exchange_server(of: Fields) -> ExchangeServer | None:
    name = first((of.text("name", server), of.text("fqdn")))
    if not isinstance(name, str):
        return None
    return ExchangeServer(name=name, edge=_is_edge(of), version=of.text("admindisplayversion"))


def _is_edge(of: Fields) -> Flag:
    stated = of.flag("isedgeserver")
    role = of.text("serverrole") if isinstance(stated, Gap) else None
    return role.casefold() == "edge" if isinstance(role, str) and not role.isdigit() else stated


def name(of: Fields, *, on_server: bool) -> str:
    """What to call the object; empty where it has no name. `on_server`: in full it is `SERVER\\Name`."""
    identity, plain = of.text("identity"), of.text("name")
    if on_server and isinstance(identity, str) and "\\" in identity:
        return identity
    holder = of.text("server", server) if on_server else None
    if isinstance(holder, str) and isinstance(plain, str):
        return f"{holder}\\{plain}"
    found = first((plain, identity))
    return found if isinstance(found, str) else text_of(of.raw.text) or ""


def _named(of: Fields) -> str:
    if not of.name:
        of.remark("nameless")
    return of.name


def _name_or_pair(of: Fields, key: str) -> str | Gap | None:
    """A domain; some have set, or tenants of old still hold, an issuer and a subject."""
    text = of.text(key)
    return certificate_name(of, key) if isinstance(text, str) and text[:1] in "<&" else text


def _servers(of: Fields, key: str) -> List:
    return of.many(key, server)


def _smart_hosts(of: Fields) -> List:
    """`SmartHostsString` says the same as a text, which forms that lose lists don't lose."""
    text = of.text("smarthostsstring")
    if isinstance(text, str) and isinstance(of.raw.properties.get("smarthosts", Gap.ABSENT), Gap):
        return Many(tuple(host.strip() for host in text.split(",") if host.strip()))
    return of.many("smarthosts")


READERS: Mapping[Kind, Callable[[Fields], Thing | None]] = MappingProxyType(
    {
        Kind.INBOUND: inbound,
        Kind.OUTBOUND: outbound,
        Kind.SEND: send,
        Kind.RECEIVE: receive,
        Kind.DOMAIN: domain,
        Kind.HYBRID: hybrid,
        Kind.SERVER: exchange_server,
    }
)
