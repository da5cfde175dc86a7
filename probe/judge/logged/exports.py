"""What the exports say to a log: of its connectors, its servers and its certificates; and of what they say nothing."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from probe.judge.hybrid import connectors
from probe.judge.hybrid.installed import inventory, short
from probe.judge.logged.groups import is_wizards
from probe.model import ExchangeCertificate, Gap, Group, Names, Organisation, Way, items, known

Row = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Exports:
    """An organisation, looked up by what logs tell; None: nothing was exported, and nothing is known."""

    organisation: Organisation | None
    at: datetime
    _held: dict[str | None, frozenset[str]] = field(default_factory=dict)

    def leads_to_microsoft(self, group: Group) -> bool:
        """Whether it is of a send connector that leads to Exchange Online."""
        return group.way is Way.SEND and group.connector.casefold() in self._to_microsoft

    def of_hybrid(self, group: Group) -> bool:
        """Whether the connector is one on the way to or from Exchange Online, by the exports or by the wizard's name
        for it: then Exchange Online demands a certificate, where it takes a stranger's mail without."""
        ways = self._to_microsoft if group.way is Way.SEND else self._front_ends
        return group.connector.casefold() in ways or is_wizards(group)

    @cached_property
    def _to_microsoft(self) -> frozenset[str]:
        found = connectors.to_microsoft(self.organisation) if self.organisation else ()
        return frozenset(connector.name.casefold() for connector in found)

    @cached_property
    def _front_ends(self) -> frozenset[str]:
        met = self.organisation is not None and any(found.enabled is not False for found in self.organisation.outbound)
        found = connectors.front_ends(self.organisation) if self.organisation and met else ()
        return frozenset(connector.name.casefold() for connector in found)

    @cached_property
    def installed(self) -> Mapping[str, ExchangeCertificate]:
        """The certificates, by thumbprint."""
        return {found.thumbprint: found for found in self.organisation.certificates} if self.organisation else {}

    @cached_property
    def holders(self) -> Mapping[str, list[str]]:
        """The servers that have a certificate, by its thumbprint."""
        found: dict[str, list[str]] = defaultdict(list)
        for certificate in self.organisation.certificates if self.organisation else ():
            found[certificate.thumbprint].append(known(certificate.server) or "a server that is not named")
        return found

    def server(self, group: Group) -> str | None:
        """The server, by the exports' name for it; None: which one it is, is not known."""
        return self._servers.get(short(group.server))

    @cached_property
    def _servers(self) -> Mapping[str, str]:
        names = self.organisation.server_names if self.organisation else ()
        return {short(name): name for name in names}

    def held(self, server: str | None) -> frozenset[str]:
        """The thumbprints of what is installed on the server; None: on any."""
        if server not in self._held:
            found = inventory(self.organisation).on(server) if self.organisation else ()
            self._held[server] = frozenset(certificate.thumbprint for certificate in found)
        return self._held[server]

    def certificate_name(self, group: Group) -> str | Gap | None:
        """The connector's TlsCertificateName; absent also where the connector is not exported."""
        return self._certificate_names.get((group.way, group.connector.casefold()), Gap.ABSENT)

    @cached_property
    def _certificate_names(self) -> Mapping[tuple[Way, str], str | Gap | None]:
        if self.organisation is None:
            return {}
        sending = {(Way.SEND, c.name.casefold()): c.tls_certificate_name for c in self.organisation.send}
        return sending | {(Way.RECEIVE, c.name.casefold()): c.tls_certificate_name for c in self.organisation.receive}

    def names(self, group: Group, *, use: str | None = None, old: str | None = None) -> Names:
        """What the blanks of remedies stand for: `use` is the certificate that should be in use, `old` the one that
        should not, by thumbprint. The greeting of a send log names no server for certain, so it fills in nothing."""
        common = dict(self._known.common)
        if use:
            common["THUMBPRINT"] = use
        if old and old != common.get("THUMBPRINT"):
            common["OLD-THUMBPRINT"] = old
        if group.way is Way.SEND:
            common["SEND-CONNECTOR"] = group.connector
        return replace(self._known, common=tuple(common.items()), servers=self._servers_of(group))

    @cached_property
    def _known(self) -> Names:
        return connectors.names(self.organisation, self.at) if self.organisation else Names()

    @cached_property
    def _rows(self) -> Mapping[str, Row]:
        return {short(dict(row)["SERVER"]): row for row in self._known.servers if "SERVER" in dict(row)}

    def _servers_of(self, group: Group) -> tuple[Row, ...]:
        """The server where it is known, of a send connector those that it sends from; else as the log has it."""
        wanted = [group.server] if short(group.server) in self._rows else []
        if not wanted and group.way is Way.SEND:
            wanted = self._sources.get(group.connector.casefold(), list(self._rows))
        return tuple(self._rows[short(name)] for name in wanted if short(name) in self._rows) or _of_log(group)

    @cached_property
    def _sources(self) -> Mapping[str, list[str]]:
        send = self.organisation.send if self.organisation else ()
        listed = {found.name.casefold(): list(items(found.source_transport_servers)) for found in send}
        return {name: servers for name, servers in listed.items() if servers}


def _of_log(group: Group) -> tuple[Row, ...]:
    server, backslash, _ = group.connector.partition("\\")
    if group.way is Way.SEND or not backslash:
        return ()
    return ((("SERVER", server), ("RECEIVE-CONNECTOR", group.connector)),)
