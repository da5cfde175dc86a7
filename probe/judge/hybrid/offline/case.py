"""What the offline judgement goes by: the organisation, and every use that its servers make of a certificate's name."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import islice

from probe.judge.find import finding
from probe.judge.hybrid.connectors import (
    edge_servers,
    front_ends,
    names,
    receiving_servers,
    row,
    server_of,
    to_microsoft,
)
from probe.judge.hybrid.installed import Resolution, inventory, short
from probe.judge.hybrid.offline.gaps import called
from probe.judge.hybrid.offline.rights import for_exchange_online
from probe.judge.hybrid.way import enabled, level
from probe.judge.standard import AuthLevel, Standard
from probe.model import (
    ExchangeCertificate,
    Finding,
    Gap,
    Names,
    Organisation,
    OutboundConnector,
    ReceiveConnector,
    RuleBook,
    SendConnector,
    Verdict,
    Where,
    items,
    known,
)

# More than any organisation has. What is beyond them is not looked at, and that is said.
MOST_USES = 10_000
MOST_FACING = 2_000
MOST_LISTED = 12  # names in one fact
MOST_NAMED = 100  # findings that bring the names for their remedies along


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A connector on one of its servers, None where the export does not say on which. `resolution` is what its
    TlsCertificateName comes to there; None: it has none, or that is not known."""

    connector: ReceiveConnector | SendConnector
    server: str | None
    resolution: Resolution | None

    @property
    def receives(self) -> bool:
        return isinstance(self.connector, ReceiveConnector)


class Case:
    """One organisation, judged by a standard at a moment."""

    def __init__(self, organisation: Organisation, standard: Standard, at: datetime) -> None:
        self.organisation = organisation
        self.standard = standard
        self.at = at
        self.inventory = inventory(organisation)
        self._named = 0

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Every enabled connector on every one of its servers."""
        return tuple(islice(self._uses(), MOST_USES))

    def _uses(self) -> Iterator[Use]:
        for connector in self.organisation.receive:
            if connector.enabled is not False:
                yield self._use(connector, server_of(connector))
        for sending in self.organisation.send:
            if sending.enabled is not False:
                for server in items(sending.source_transport_servers) or (None,):
                    yield self._use(sending, server)

    def _use(self, connector: ReceiveConnector | SendConnector, server: str | None) -> Use:
        given = known(connector.tls_certificate_name)
        return Use(
            connector=connector,
            server=server,
            resolution=self.inventory.resolve(given, server) if given else None,
        )

    @cached_property
    def facing(self) -> tuple[Use, ...]:
        """The connectors that Exchange Online comes to: of each server the Default Frontend, unless another with a
        narrower range is made for Exchange Online. Servers that the wizard was not told of are left out."""
        listening: dict[str | None, list[ReceiveConnector]] = {}
        for connector in front_ends(self.organisation):
            if self.receives_at(server_of(connector)) is not False and _listens(connector):
                listening.setdefault(server_of(connector), []).append(connector)
        chosen = {id(found) for group in listening.values() for found in for_exchange_online(group)}
        return tuple(islice((use for use in self.uses if id(use.connector) in chosen), MOST_FACING))

    @cached_property
    def sending(self) -> tuple[Use, ...]:
        """The connectors that lead to Exchange Online, on each of their source servers."""
        chosen = {id(connector) for connector in to_microsoft(self.organisation)}
        return tuple(use for use in self.uses if id(use.connector) in chosen)

    def receives_at(self, server: str | None) -> bool | None:
        """Whether the wizard was told that Exchange Online's mail comes to this server; None: it is not known."""
        return None if self._receiving is None or server is None else short(server) in self._receiving

    @cached_property
    def _receiving(self) -> frozenset[str] | None:
        return receiving_servers(self.organisation)

    @cached_property
    def outbound(self) -> tuple[OutboundConnector, ...]:
        """The enabled connectors from Exchange Online to the organisation's own servers."""
        return tuple(
            found
            for found in enabled(self.organisation)
            if (known(found.connector_type) or "OnPremises").casefold() == "onpremises"
        )

    @cached_property
    def validates(self) -> bool | None:
        """Whether Exchange Online checks the servers' certificate; None where the exports do not say."""
        if any(level(found) not in (None, AuthLevel.ENCRYPTION_ONLY) for found in self.outbound):
            return True
        if not self.outbound or any(isinstance(found.tls_settings, Gap) for found in self.outbound):
            return None
        return False

    @cached_property
    def demands_tls(self) -> bool:
        """Whether Exchange Online is known to send by TLS or not at all."""
        return any(level(found) for found in self.outbound)

    @property
    def is_hybrid(self) -> bool:
        """Whether anything exported shows that the organisation has a side in Exchange Online."""
        organisation = self.organisation
        return bool(organisation.hybrid or organisation.inbound or self.outbound or to_microsoft(organisation))

    @cached_property
    def has_several_servers(self) -> bool:
        return len(tuple(islice(self.organisation.server_names, 2))) > 1

    @cached_property
    def has_edge(self) -> bool | None:
        """Whether there are Edge servers, to which the connectors are copied; None: it is not known."""
        servers = self.organisation.servers
        if edge_servers(self.organisation):
            return True
        return False if servers and all(server.edge is False for server in servers) else None

    def found(
        self,
        code: str,
        verdict: Verdict,
        where: Where,
        book: RuleBook = RuleBook.RFC,
        *,
        on: Sequence[str] | None = None,
        uses: Sequence[Use] | None = None,
        certificate: ExchangeCertificate | None = None,
        outbound: OutboundConnector | None = None,
        blanks: tuple[tuple[str, str | None], ...] = (),
        facts: Iterable[tuple[str, str | int | None]] = (),
        **more: str | int | None,
    ) -> Finding:
        """A finding, with what the blanks of its remedy stand for where it has one: `on` are the servers to mend, None
        being all, or `uses` the connectors to mend, and no others; `blanks` go before whatever else is known, and
        `facts` are told with `more`."""
        told_of = {**dict(facts), **more}
        if uses and verdict is not Verdict.OK:
            edges = edge_servers(self.organisation)
            told_of["edge"] = listed(server for server in servers_of(uses) if short(server) in edges) or None
        made = finding(code, verdict, where, book, **told_of)
        if verdict is Verdict.OK or self._named >= MOST_NAMED:
            return made
        self._named += 1
        servers = servers_of(uses) if uses else on
        told = names(self.organisation, self.at, outbound=outbound, certificate=certificate, servers=servers or None)
        common = {**dict(told.common), **{blank: value for blank, value in blanks if value}}
        rows = tuple(row(use.connector, use.server) for use in uses) if uses else told.servers
        return replace(made, names=Names(common=tuple(common.items()), servers=rows))


def _listens(connector: ReceiveConnector) -> bool:
    """Whether it is certain enough that strangers' mail comes to it: of connectors whose bindings are not known, one
    that bears the name of a Default Frontend."""
    return bool(items(connector.bindings)) or "default frontend" in connector.name.casefold()


def listed(given: Iterable[str | None]) -> str:
    """Names beside one another, each once, those beyond the first few counted."""
    each = list(dict.fromkeys(filter(None, given)))
    more = f" and {len(each) - MOST_LISTED} more" if len(each) > MOST_LISTED else ""
    return ", ".join(each[:MOST_LISTED]) + more


def servers_of(uses: Iterable[Use]) -> tuple[str, ...]:
    """The servers of these uses, each once."""
    return tuple(dict.fromkeys(use.server for use in uses if use.server))


def at_uses(uses: Sequence[Use]) -> Where:
    """The place of what is so for all of these: the first connector, and the server where it is the only one."""
    servers = servers_of(uses)
    return Where(kind="connector", name=uses[0].connector.name, host=servers[0] if len(servers) == 1 else None)


def others(uses: Sequence[Use]) -> str:
    """The other connectors of which the same is so."""
    return listed(called(use.connector) for use in uses if use.connector.name != uses[0].connector.name)


def at_installed(thumbprint: str, servers: Sequence[str]) -> Where:
    return Where(kind="installed", name=thumbprint, host=servers[0] if len(servers) == 1 else None)


ORGANISATION = Where(kind="organisation")
