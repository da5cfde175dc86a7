"""The JSON report as types: what is written, and what the schema is generated from.

Keys are only ever added; a change that would make an old reader misread a report raises `format`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from probe.model import Attributed, Direction, Dnssec, Kind, Outcome, Relay, RouteKind, RuleBook, Stage, Verdict
from probe.report.pledges import Promises

Hex = Annotated[str, Meta(pattern="^[0-9a-f]*$", description="Lower-case hexadecimal without separators.")]
HostName = Annotated[str, Meta(description="Lower-case A-labels without a trailing dot.")]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339, in UTC.")]
Position = Annotated[int, Meta(ge=0, description="Counts the certificates as presented; 0 is the leaf.")]


class Where(Struct, frozen=True, omit_defaults=True):
    """What a finding is about; of the keys beside `kind`, those that apply."""

    kind: Literal[
        "target",
        "host",
        "endpoint",
        "certificate",
        "record",
        "policy",
        "connector",
        "installed",
        "organisation",
        "log",
        "plan",
    ]
    host: HostName | UnsetType = UNSET
    address: str | UnsetType = UNSET
    port: int | UnsetType = UNSET
    position: Position | UnsetType = UNSET
    name: (
        Annotated[str, Meta(description="A connector, or the thumbprint of an installed certificate.")] | UnsetType
    ) = UNSET


class Finding(Struct, frozen=True):
    """One thing that is so, good or bad. `code` and `where` together are its identity over time."""

    code: Annotated[str, Meta(description="`probe explain CODE` tells what it means.")]
    verdict: Verdict
    where: Where
    facts: Mapping[str, str]
    rule_book: RuleBook
    exchange_online: Annotated[tuple[str, ...], Meta(description="What Exchange Online says of it.")]
    tlsrpt: Annotated[str | None, Meta(description="The result type of RFC 8460.")]
    hresult: Annotated[str | None, Meta(description="What Windows says of it.")]
    remedy: Annotated[
        tuple[str, ...], Meta(description="How to mend it: instructions, and indented below each its commands.")
    ]


class Failure(Struct, frozen=True):
    """Where and how an observation, or the search for hosts, ended early."""

    stage: Stage
    kind: Kind
    detail: str


class Answer(Struct, frozen=True):
    """What the resolver said to one question: records in presentation form, `ttl` in seconds."""

    name: str
    rtype: str
    outcome: Outcome
    canonical: str
    records: tuple[str, ...]
    ttl: int | None
    resolver: str
    detail: str
    dnssec: Annotated[Dnssec, Meta(description="What a validator says that may be trusted.")]


class RouteHost(Struct, frozen=True):
    """One host that mail would go to. `omitted` addresses were left out by the limit."""

    host: HostName
    preference: int | None
    addresses: tuple[str, ...]
    omitted: int


class Route(Struct, frozen=True):
    """Where mail for the target would go; `omitted` hosts were left out by the limit. `answers` are those to every
    question of the run: for the route, and for what the domain has promised."""

    kind: RouteKind
    hosts: tuple[RouteHost, ...]
    answers: tuple[Answer, ...]
    omitted: int
    failure: Failure | None


class Session(Struct, frozen=True):
    """The TLS session, in OpenSSL's words."""

    version: str
    cipher: str
    cipher_bits: int
    group: str | None
    certificate_requested: bool


class Certificate(Struct, frozen=True):
    """One certificate as presented. Where `error` says why it could not be read, only the digests are known."""

    subject: str | None
    issuer: str | None
    names: tuple[str, ...] | None
    not_before: Moment | None
    not_after: Moment | None
    serial: str | None
    sha1: Hex
    sha256: Hex
    spki_sha256: Hex | None
    self_signed: bool | None
    key: str | None
    signature: str | None
    error: str | None


Domains = Annotated[
    tuple[str, ...], Meta(description="Of the addresses, each once; empty of the null sender and of one without.")
]

Addresses = Annotated[
    tuple[str, ...], Meta(description="The whole addresses of the same; empty unless they were asked for.")
]


class Delivery(Struct, frozen=True):
    """What a client of our listener said, and what it was told."""

    greeted: Annotated[
        str | None, Meta(description="Its name by EHLO or HELO in plain text; null: it gave none there.")
    ]
    greeted_inside: Annotated[str | None, Meta(description="The same inside TLS.")]
    senders: Domains
    recipients: Domains
    from_addresses: Addresses
    to_addresses: Addresses
    inside: Annotated[bool, Meta(description="Whether the sender was named inside TLS.")]
    answered: Annotated[tuple[str, ...], Meta(description="The replies to its recipients, each once.")]
    more: Annotated[tuple[str, ...], Meta(description="Commands that it tried besides, and that were not taken.")]
    left: Annotated[bool, Meta(description="Whether it said QUIT.")]


class Attribution(Struct, frozen=True):
    """What Exchange Online would make of a delivery, by the exports that were given."""

    outcome: Attributed
    relay: Annotated[Relay, Meta(description="Whether mail of this client for recipients outside would be taken.")]
    connector: Annotated[str | None, Meta(description="The inbound connector that matched.")]
    rivals: Annotated[tuple[str, ...], Meta(description="All that matched, where several did.")]
    by: Annotated[str | None, Meta(description="The name, the issuer and subject, or the address by which it did.")]
    because: Annotated[str, Meta(description="Why relay is not simply possible.")]
    passes: Annotated[bool | None, Meta(description="Relay for this very sender; null where none was named.")]
    reply: Annotated[str, Meta(description="What Exchange Online would answer; empty where it would take the mail.")]
    status: Annotated[str, Meta(description="Its word for a chain that does not count, as in UntrustedRoot.")]
    partner: Annotated[str | None, Meta(description="The connector of type Partner that refuses it for its sender.")]
    doubt: Annotated[str, Meta(description="What of this nobody has verified.")]


class Observation(Struct, frozen=True):
    """One connection to one address of one host; or inbound, of a client to our listener, whose address it is then,
    while `port` is ours. `attempts` counts those that the peer put off, and the last one."""

    address: str
    port: int
    host: HostName
    server_name: Annotated[str | None, Meta(description="What SNI said; null where none was sent.")]
    dialogue: str
    failure: Failure | None
    session: Session | None
    certificate_requested: Annotated[
        bool, Meta(description="Of us, or inbound by us; known also where the handshake failed then.")
    ]
    client_cas: Annotated[tuple[str, ...], Meta(description="The authorities that it was requested of; often none.")]
    certificates: Annotated[tuple[Certificate, ...], Meta(description="In the order in which they came.")]
    seconds: Annotated[Mapping[str, float], Meta(description="How long each stage took, by its name.")]
    octets: Annotated[Mapping[str, int], Meta(description="How many bytes were heard in each stage.")]
    keywords: Annotated[
        tuple[str, ...], Meta(description="Of the server's EHLO, in plain text where the session began so.")
    ]
    source: Annotated[str | None, Meta(description="Our own address.")]
    attempts: Annotated[int, Meta(ge=0)]
    offer: Annotated[str, Meta(description="The one kind of key that was offered to be shown; empty: any.")]
    direction: Direction
    delivery: Annotated[Delivery | None, Meta(description="Of an inbound connection; else null.")]


class Document(Struct, frozen=True):
    """The report of probe on one target."""

    format: int
    target: Annotated[str, Meta(description="As typed.")]
    at: Annotated[datetime, Meta(tz=True, description="The moment judged for: RFC 3339, in UTC.")]
    verdict: Verdict
    findings: Annotated[tuple[Finding, ...], Meta(description="Gravest first.")]
    promises: Promises
    route: Route
    observations: tuple[Observation, ...]
    alternatives: Annotated[
        tuple[Observation, ...], Meta(description="The same endpoints with a narrower offer, to see their other chain.")
    ]
    policy_fetches: Annotated[
        tuple[Observation, ...], Meta(description="The connections to the MTA-STS policy host, the last one decides.")
    ]
    roots: Annotated[str, Meta(description="The trust anchors that the verdict rests on.")]
    resolvers: Annotated[tuple[str, ...], Meta(description="Who was asked for names.")]
    ehlo: Annotated[str | None, Meta(description="What we called ourselves; null: our address.")]
    attribution: Annotated[
        Attribution | None, Meta(description="Of a delivery where Exchange Online's connectors are known; else null.")
    ]
