"""An organisation, as all of its exports together tell of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from probe.model.exchange import (
    AcceptedDomain,
    ExchangeCertificate,
    ExchangeServer,
    HybridConfiguration,
    InboundConnector,
    OutboundConnector,
    ReceiveConnector,
    SendConnector,
    Thing,
    items,
    known,
)


def same_server(one: str, other: str) -> bool:
    """Whether two spellings, `EX01` and `ex01.corp.contoso.com`, are of one server."""
    return short(one) == short(other)


def short(server: str) -> str:
    """What all spellings of a server have in common."""
    return server.partition(".")[0].casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something about an export that its reader should know. `what` is one of the words of `exchange.remarks`; `of` is
    the object, `key` the property, `text` what was found there."""

    what: str
    of: str = ""
    key: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One file, read. `collected` is when it was made, as far as it says (`certain`), else when the file was last
    written. `none` are the kinds (`inbound`, `outbound`, `send`, `receive`) of which it says that there are none, which
    is not the same as not speaking of them."""

    source: str
    form: str
    encoding: str
    things: tuple[Thing, ...]
    remarks: tuple[Remark, ...] = ()
    collected: datetime | None = None
    certain: bool = False
    none: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Everything that the exports say, each object once. `collected` is when the oldest of those was made that speak of
    certificates or receive connectors: whatever is younger, they cannot know."""

    exports: tuple[Export, ...] = ()
    inbound: tuple[InboundConnector, ...] = ()
    outbound: tuple[OutboundConnector, ...] = ()
    send: tuple[SendConnector, ...] = ()
    receive: tuple[ReceiveConnector, ...] = ()
    certificates: tuple[ExchangeCertificate, ...] = ()
    domains: tuple[AcceptedDomain, ...] = ()
    hybrid: HybridConfiguration | None = None
    servers: tuple[ExchangeServer, ...] = ()
    collected: datetime | None = None

    @property
    def none(self) -> frozenset[str]:
        """The kinds of connectors of which there are none, as some export says and no other denies."""
        there = {"inbound": self.inbound, "outbound": self.outbound, "send": self.send, "receive": self.receive}
        said = {kind for export in self.exports for kind in export.none}
        return frozenset(kind for kind in said if not there.get(kind))

    @property
    def server_names(self) -> Iterator[str]:
        """Every server of which the exports speak, each once, in their spelling."""
        names: dict[str, str] = {}
        listed = (
            *(known(connector.server) for connector in self.receive),
            *(known(certificate.server) for certificate in self.certificates),
            *(name for connector in self.send for name in items(connector.source_transport_servers)),
            *(server.name for server in self.servers),
        )
        for name in listed:
            if name:
                names.setdefault(name.partition(".")[0].casefold(), name.partition(".")[0])
        yield from names.values()
