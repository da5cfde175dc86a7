"""What the exports say of an organisation, in blocks: Exchange Online's connectors, the servers' connectors and
certificates, and the domains. Servers that are set up alike are told of together: a fleet is no longer than its
differences."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from probe.judge.hybrid.connectors import front_ends, server_of
from probe.judge.hybrid.installed import inventory, same_server, short
from probe.model import Gap, Organisation, ReceiveConnector, items, known
from probe.report.escape import visible
from probe.report.installed import alike, certificates, named_by
from probe.report.layout import BLANK, Line, Span, row, wrapped
from probe.report.properties import Connector, listed, properties, said

DOMAINS = 12
OWN = 8  # characters of a certificate's thumbprint where the whole of it stands below


def blocks(organisation: Organisation, at: datetime, *, verbosity: int, width: int) -> Iterator[Line]:
    """Everything that the exports say, Exchange Online's side first. Each block ends with a blank line."""
    for outbound in organisation.outbound:
        yield from _block("outbound connector", [outbound], verbosity, width)
    for inbound in organisation.inbound:
        yield from _block("inbound connector", [inbound], verbosity, width)
    for send in organisation.send:
        yield from _block("send connector", [send], verbosity, width, named_by(organisation, [send]))
    yield from _receive(organisation, verbosity, width)
    if organisation.hybrid:
        named = named_by(organisation, [organisation.hybrid])
        yield from _block("hybrid configuration", [organisation.hybrid], verbosity, width, named)
    yield from _servers(organisation, width)
    yield from certificates(organisation, at, verbosity=verbosity, width=width)
    yield from _domains(organisation, verbosity, width)


def _block(
    kind: str, group: Sequence[Connector], verbosity: int, width: int, named: str | None = None
) -> Iterator[Line]:
    yield from _title(kind, [name for thing in group if (name := getattr(thing, "name", ""))], width)
    yield from properties(group[0], verbosity=verbosity, width=width)
    if named:
        yield from row("resolves", named, width=width)
    yield BLANK


def _title(kind: str, names: Sequence[str], width: int) -> Iterator[Line]:
    text = listed(names) if names else ""
    yield from wrapped(text, width=width, indent=len(kind) + 2, head=(Span(kind, "label"),), style="strong")


def _receive(organisation: Organisation, verbosity: int, width: int) -> Iterator[Line]:
    """Those that Exchange Online may reach, and with -v all; else a line for each of the others."""
    reached = {id(connector) for connector in front_ends(organisation)}
    others = []
    for group in alike(organisation.receive, _without_server):
        if verbosity > 0 or id(group[0]) in reached:
            told = [replace(group[0], fqdn=_names(group)), *group[1:]]
            yield from _block("receive connector", told, verbosity, width, named_by(organisation, group))
        else:
            others.append(group)
    if others:
        yield from _title("receive connector", ["others, to which Exchange Online does not come"], width)
        for group in others:
            ports = dict.fromkeys(binding.rpartition(":")[2] for binding in items(group[0].bindings))
            named = f"TlsCertificateName {said(group[0].tls_certificate_name)}"
            text = f"{listed([found.name for found in group])}; {named}"
            yield from row(visible(", ".join(ports), 8), text, width=width)
        yield BLANK


def _without_server(connector: ReceiveConnector) -> Hashable:
    """What connectors have in common that setup has made on several servers."""
    server = server_of(connector)
    name, fqdn = connector.name.rpartition("\\")[2], known(connector.fqdn)
    if server:
        name = name.replace(server, "")
    if fqdn and server and same_server(fqdn, server):
        fqdn = fqdn.partition(".")[2]
    return replace(connector, name=name, server=Gap.ABSENT, fqdn=fqdn or connector.fqdn, changed=Gap.ABSENT)


def _names(group: Sequence[ReceiveConnector]) -> str | Gap | None:
    """The Fqdn of each of them, where they have one."""
    names = dict.fromkeys(filter(None, (known(found.fqdn) for found in group)))
    return listed(list(names)) if names else group[0].fqdn


def _servers(organisation: Organisation, width: int) -> Iterator[Line]:
    """Each server, and which certificates it has."""
    held = inventory(organisation)
    told: dict[str, list[str]] = defaultdict(list)
    by_name = {short(found.name): found for found in organisation.servers}
    for name in organisation.server_names:
        known_as = by_name.get(short(name))
        words = ["Edge"] if known_as and known_as.edge is True else []
        if known_as and (version := known(known_as.version)):
            words.append(visible(version))
        there = list(held.on(name))  # and those of which nobody knows where they are
        prints = dict.fromkeys(found.thumbprint[:OWN] for found in there if known(found.server))
        if prints or not there:
            words.append(f"certificates {listed(list(prints))}" if prints else "no certificate in the export")
        else:
            words.append("certificates: on which server they are, the export does not say")
        told["; ".join(words)].append(name)
    for having, names in told.items():
        yield from _title("server", names, width)
        yield from row("has", having, width=width)
    if told:
        yield BLANK


def _domains(organisation: Organisation, verbosity: int, width: int) -> Iterator[Line]:
    """The accepted domains of each side."""
    if organisation.domains:
        yield from _title("accepted domains", [], width)
    sides = {True: "online", False: "premises", None: ""}
    for online, side in sides.items():
        domains = [
            f"{found.domain}{_kind(found.domain_type)}" for found in organisation.domains if found.online is online
        ]
        if domains:
            yield from row(side, listed(domains, len(domains) if verbosity > 0 else DOMAINS), width=width)
    if organisation.domains:
        yield BLANK


def _kind(domain_type: str | Gap | None) -> str:
    """A relay domain's type; Authoritative is the usual one."""
    kind = known(domain_type)
    return f" ({kind})" if kind and kind != "Authoritative" else ""
