"""What was asked, and what was seen. Raw: parsing is judging, so that tomorrow's parser reads yesterday's evidence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from probe.model.answer import Answer
from probe.model.vocabulary import Direction, Kind, RouteKind, Speaker, Stage

FORMAT = 1  # of saved evidence and of JSON reports; raised when a reader of the old one would misread the new one


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the user asked about, understood.

    `given` is as typed. A target without a port is a mail domain and is routed through MX. `dialogue` names a row of
    `dialogue.DIALOGUES`. `name` is a host, a domain or an address.
    """

    given: str
    name: str
    port: int | None
    dialogue: str = "smtp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One host of the route, with every address found for it; `omitted` more were left out by the limit.

    `answers` are those for A and AAAA. `alias` is the answer for CNAME, asked where the host is an alias and its
    addresses are not secure. `tlsa` are the answers for TLSA, one for each base domain, in the order of asking.
    """

    host: str
    preference: int | None
    addresses: tuple[str, ...]
    answers: tuple[Answer, ...] = ()
    alias: Answer | None = None
    tlsa: tuple[Answer, ...] = ()
    omitted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where mail for the target would go: hosts by preference. `omitted` hosts were left out by the limit.

    `failure` is set where the time ran out before the route was known.
    """

    kind: RouteKind
    hops: tuple[Hop, ...] = ()
    answers: tuple[Answer, ...] = ()
    omitted: int = 0
    failure: "Failure | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The unit of observing. `host` is whose address it is, `server_name` what SNI says (None: no SNI).

    `offer` narrows what we offer, to see the other certificate of a server that has two: "rsa" or "ecdsa" leaves it
    that kind of key and TLS 1.2; empty is everything.
    """

    host: str
    address: str
    port: int
    server_name: str | None
    dialogue: str = "smtp"
    offer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one side said before the other spoke again, one character a byte (latin-1). `tls`: inside TLS."""

    who: Speaker
    data: str
    tls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The TLS session that was agreed, in OpenSSL's words."""

    version: str
    cipher: str
    cipher_bits: int
    group: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedChain:
    """The certificates exactly as sent: order, gaps and duplicates. Parsed only by the judge.

    `omitted` counts the certificates beyond the limit, which were not kept.
    """

    der: tuple[bytes, ...]
    omitted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What a protocol log tells of a certificate: never its bytes, never its chain. Whatever it does not tell is None.

    `thumbprint` is upper-case hex as logged, which of scrubbed text may be no SHA-1. `scrubbed`: parts were taken out
    before we saw it, so that neither names nor DNs may be compared.
    """

    thumbprint: str | None = None
    subject: str | None = None
    issuer: str | None = None
    serial: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    names: tuple[str, ...] | None = None
    scrubbed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Where and how an observation ended early."""

    stage: Stage
    kind: Kind
    detail: str = ""

    @property
    def transient(self) -> bool:
        """The peer said "not now": a 4xx reply (RFC 5321 §4.2.1)."""
        return self.kind is Kind.REJECTED and self.detail.startswith("4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One connection to one endpoint. Chain and failure stand side by side: a failed handshake may show its chain.

    `early` is what arrived in plain text behind the reply to STARTTLS (latin-1). `certificate_requested` tells whether
    the server asked for ours, and `client_cas` are the names of the authorities that it asked for, often none; both
    also where the handshake failed then. `seconds` tells how long each stage
    took and `octets` how many bytes were heard in it, by its name in lower case, in order; a stage that never began is
    missing. `source` is our own address.
    `refusals` are the earlier attempts that the peer put off with a 4xx reply. `attempted` is False where the target's
    time ran out before this endpoint's turn came. `leaf` is what a protocol log tells where there is no `chain`.

    INBOUND it is a client's connection to our listener. The endpoint is the client then: `host` and `address` its
    address, `port` the one that it came to, `server_name` whom it called for; `chain` is the client's, leaf first, and
    a session without one is a client that showed none, for ours was always asked for. `transcript` and `early` are what
    `dialogue.smtp.kept` leaves of it: no content, no passwords, and addresses masked unless it was told otherwise.
    """

    endpoint: Endpoint
    at: datetime
    transcript: tuple[Turn, ...] = ()
    early: str = ""
    certificate_requested: bool = False
    client_cas: tuple[str, ...] = ()
    session: Session | None = None
    chain: PresentedChain | None = None
    failure: Failure | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    octets: Mapping[str, int] = field(default_factory=dict)
    source: str | None = None
    refusals: tuple[Failure, ...] = ()
    attempted: bool = True
    leaf: Leaf | None = None
    direction: Direction = Direction.OUTBOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The last good MTA-STS policy of a domain, as a sender would have kept it (RFC 8461 §3.3).

    `id` is that of the TXT record under which it was fetched, `digest` the body's SHA-256 in lower-case hex, `expires`
    its max_age after `fetched`.
    """

    domain: str
    id: str
    body: bytes
    digest: str
    fetched: datetime
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MtaSts:
    """What was asked about a domain's MTA-STS policy, and what came back.

    `txt` answers `_mta-sts.<domain>`. `addresses` are the answers for the policy host, `fetches` the connections to it,
    one address after another until one answered over HTTP, whose response is the last transcript: neither where the
    record gives no reason to ask. `remembered` is what an earlier look had fetched.
    """

    txt: Answer
    addresses: tuple[Answer, ...] = ()
    fetches: tuple[Observation, ...] = ()
    remembered: Remembered | None = None


def every_answer(route: Route, mta_sts: MtaSts | None, tlsrpt: Answer | None) -> Iterator[Answer]:
    """For the route, host by host with its TLSA, then for what the domain has promised."""
    yield from route.answers
    for hop in route.hops:
        yield from hop.answers
        if hop.alias:
            yield hop.alias
        yield from hop.tlsa
    if mta_sts:
        yield mta_sts.txt
        yield from mta_sts.addresses
    if tlsrpt:
        yield tlsrpt


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that was seen of one target, complete: judging needs nothing else from the world.

    `alternatives` are looks at the same endpoints with a narrower offer, see `Endpoint.offer`; that one came to nothing
    is no fault. `mta_sts` and `tlsrpt` (the answer for `_smtp._tls.<domain>`) are None where nothing was asked, as the
    target is no mail domain. `resolvers` is who was asked for names, empty where no name needed asking. `ehlo` is what
    we called ourselves (None: the address of the connection, as a literal). `client_certificate`: we had one to show.
    """

    target: Target
    at: datetime
    route: Route
    observations: tuple[Observation, ...] = ()
    alternatives: tuple[Observation, ...] = ()
    mta_sts: MtaSts | None = None
    tlsrpt: Answer | None = None
    resolvers: tuple[str, ...] = ()
    ehlo: str | None = None
    client_certificate: bool = False
    format: int = FORMAT

    @property
    def answers(self) -> Iterator[Answer]:
        """Every answer of the resolvers, see `every_answer`."""
        return every_answer(self.route, self.mta_sts, self.tlsrpt)
