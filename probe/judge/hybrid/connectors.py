"""Which connectors of an organisation serve the way between it and Exchange Online, and their names for remedies."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from probe.judge.catalogue.powershell import EDGES
from probe.judge.hybrid.installed import intended, short
from probe.model import (
    ExchangeCertificate,
    Gap,
    InboundConnector,
    List,
    Names,
    Organisation,
    OutboundConnector,
    ReceiveConnector,
    SendConnector,
    items,
    known,
)

MICROSOFT = "mail.protection.outlook.com"  # Exchange Online's name in certificates, TlsDomain and capabilities
SMTP_PORT = "25"


def front_ends(organisation: Organisation) -> tuple[ReceiveConnector, ...]:
    """The receive connectors that Exchange Online's connections come to: enabled, of the front-end role, on port 25.

    Names are localised and may be changed, so role and binding decide, as far as the export knows them. An Edge server
    has no front end: there the binding decides alone. Of several on one server all are given: which one answers depends
    on RemoteIPRanges and the address that connects.
    """
    edges = edge_servers(organisation)
    return tuple(connector for connector in organisation.receive if _may_be_front_end(connector, edges))


def _may_be_front_end(connector: ReceiveConnector, edges: Collection[str]) -> bool:
    role, bindings = known(connector.transport_role), items(connector.bindings)
    return (
        connector.enabled is not False
        and (role is None or role.casefold() == "frontendtransport" or short(server_of(connector) or "") in edges)
        and (not bindings or any(binding.rpartition(":")[2] == SMTP_PORT for binding in bindings))
    )


def edge_servers(organisation: Organisation) -> frozenset[str]:
    """The short names of the Edge servers that the exports know."""
    told = (server.name for server in organisation.servers if server.edge is True)
    listed = items(organisation.hybrid.edge_transport_servers) if organisation.hybrid else ()
    return frozenset(short(name) for name in (*told, *listed))


def edges_listed(organisation: Organisation) -> str:
    """The Edge servers, as the names for remedies have them. A name that would not stay on its line is left out."""
    return "\n".join(sorted(name for name in edge_servers(organisation) if name.isprintable()))


def receiving_servers(organisation: Organisation) -> frozenset[str] | None:
    """The short names of the servers to which, as the wizard was told, Exchange Online's mail comes, Edge servers among
    them; None: it is not known. It may have been told of servers that are gone since, and those say nothing of today's.
    """
    hybrid = organisation.hybrid
    lists: tuple[List, ...] = (
        (hybrid.receiving_transport_servers, hybrid.edge_transport_servers) if hybrid else (Gap.ABSENT,)
    )
    if any(isinstance(listed, Gap) or (listed and listed.cut) for listed in lists):
        return None
    told = frozenset(short(server) for listed in lists for server in items(listed))
    there = {short(server_of(connector) or "") for connector in organisation.receive}
    return told if told & (there | edge_servers(organisation)) else None


def server_of(connector: ReceiveConnector) -> str | None:
    """The server that it is on: as it says, else the first half of its Identity, `SERVER\\Name`."""
    return known(connector.server) or connector.name.rpartition("\\")[0] or None


def is_default(connector: ReceiveConnector) -> bool:
    """Whether it takes connections from everywhere, as a Default Frontend does; unknown ranges count as everywhere."""
    ranges = items(connector.remote_ip_ranges)
    return not ranges or any(part.startswith(("0.0.0.0-255.255.255.255", "0.0.0.0/0", "::/0")) for part in ranges)


def to_microsoft(organisation: Organisation) -> tuple[SendConnector, ...]:
    """The enabled send connectors that lead to Exchange Online."""
    return tuple(connector for connector in organisation.send if _leads_to_microsoft(connector))


def _leads_to_microsoft(connector: SendConnector) -> bool:
    domain = (known(connector.tls_domain) or "").casefold()
    hosts = (host.casefold() for host in items(connector.smart_hosts))
    spaces = (space.casefold() for space in items(connector.address_spaces))
    return connector.enabled is not False and (
        connector.cloud_services_mail_enabled is True
        or domain.endswith(MICROSOFT)
        or any(host.endswith((".protection.outlook.com", ".mx.microsoft")) for host in hosts)
        or any(".onmicrosoft.com" in space for space in spaces)
    )


def on_premises(connectors: Iterable[InboundConnector]) -> tuple[InboundConnector, ...]:
    """The enabled inbound connectors of type OnPremises: those that attribute mail to the tenant."""
    return tuple(
        found
        for found in connectors
        if found.enabled is not False and (known(found.connector_type) or "OnPremises").casefold() == "onpremises"
    )


def names(
    organisation: Organisation,
    at: datetime,
    *,
    outbound: OutboundConnector | None = None,
    certificate: ExchangeCertificate | None = None,
    servers: Iterable[str] | None = None,
) -> Names:
    """What the blanks of remedies stand for: of these servers, else of all; of this outbound connector, else of the
    only one; and the certificate to use, else the one that is fit for it."""
    if outbound is None and len(organisation.outbound) == 1:
        outbound = organisation.outbound[0]
    expected = known(outbound.tls_domain) if outbound else None
    certificate = certificate or intended(organisation, expected, at)
    inbound, send = on_premises(organisation.inbound), to_microsoft(organisation)
    listed = tuple(organisation.server_names if servers is None else servers)
    common = {
        "HOLDER": _holder(organisation, certificate, listed) if certificate else None,
        "THUMBPRINT": certificate.thumbprint if certificate else None,
        "NAME": expected,
        "DOMAIN": _main_domain(organisation),
        "OUTBOUND-CONNECTOR": outbound.name if outbound else None,
        "INBOUND-CONNECTOR": inbound[0].name if len(inbound) == 1 else None,
        "SEND-CONNECTOR": send[0].name if len(send) == 1 else None,
        EDGES: edges_listed(organisation),
    }
    there: dict[str, list[ReceiveConnector]] = defaultdict(list)
    for connector in front_ends(organisation):
        there[short(server_of(connector) or "")].append(connector)
    return Names(
        common=tuple((blank, value) for blank, value in common.items() if value),
        servers=tuple(_of_server(server, there.get(short(server), ())) for server in listed),
    )


def _holder(organisation: Organisation, certificate: ExchangeCertificate, servers: Sequence[str]) -> str | None:
    """A server that can be asked for the certificate. An Edge server answers at its own console alone."""
    edges = edge_servers(organisation)
    holders = [
        server
        for found in organisation.certificates
        if found.thumbprint == certificate.thumbprint and (server := known(found.server))
    ]
    return next((server for server in (*holders, *servers) if short(server) not in edges), None)


def _main_domain(organisation: Organisation) -> str | None:
    """The default of the accepted domains, else the only one that is no tenant's own."""
    default = [found.domain for found in organisation.domains if found.default is True]
    own = list(dict.fromkeys(found.domain for found in organisation.domains if "onmicrosoft.com" not in found.domain))
    return default[0] if len(set(default)) == 1 else own[0] if len(own) == 1 else None


def _of_server(server: str, there: Sequence[ReceiveConnector]) -> tuple[tuple[str, str], ...]:
    default = [found for found in there if is_default(found)]
    chosen = default[0].name if len(default) == 1 else there[0].name if len(there) == 1 else None
    return (("SERVER", server), *((("RECEIVE-CONNECTOR", chosen),) if chosen else ()))


def row(connector: ReceiveConnector | SendConnector, server: str | None) -> tuple[tuple[str, str], ...]:
    """What the blanks stand for at this very connector. An empty value: there is none of that kind to mend."""
    receives = isinstance(connector, ReceiveConnector)
    return (
        *((("SERVER", server),) if server else ()),
        ("RECEIVE-CONNECTOR", connector.name if receives else ""),
        ("SEND-CONNECTOR", "" if receives else connector.name),
    )
