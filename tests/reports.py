"""Reports made by hand, for the tests of the report layer: what a judge would say of a small estate."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from probe.judge.catalogue import CATALOGUE
from probe.model import (
    Answer,
    Attributed,
    Attribution,
    Dane,
    DaneHost,
    DaneStatus,
    Delivery,
    Direction,
    Dnssec,
    Endpoint,
    Evidence,
    Failure,
    Finding,
    Hop,
    Kind,
    MtaSts,
    Observation,
    Outcome,
    Policy,
    PresentedChain,
    Promises,
    Question,
    Record,
    Relay,
    Report,
    Route,
    RouteKind,
    RuleBook,
    Session,
    Speaker,
    Stage,
    Sts,
    StsHost,
    Target,
    TlsRpt,
    Turn,
    Verdict,
    Where,
)
from tests import pki

AT = datetime(2026, 11, 21, 9, 35, tzinfo=UTC)
HOST = "mail.contoso.com"
SESSION = Session(
    version="TLSv1.3",
    cipher="TLS_AES_256_GCM_SHA384",
    cipher_bits=256,
    group="X25519MLKEM768",
)
DIALOGUE = (
    Turn(who=Speaker.SERVER, data="220 mail.contoso.com Microsoft ESMTP MAIL Service ready\r\n"),
    Turn(who=Speaker.CLIENT, data="EHLO probe.fabrikam.com\r\n"),
    Turn(who=Speaker.SERVER, data="250-mail.contoso.com Hello [192.0.2.2]\r\n250-SIZE 37748736\r\n250 STARTTLS\r\n"),
    Turn(who=Speaker.CLIENT, data="STARTTLS\r\n"),
    Turn(who=Speaker.SERVER, data="220 2.0.0 SMTP server ready\r\n"),
    Turn(who=Speaker.CLIENT, data="EHLO probe.fabrikam.com\r\n", tls=True),
    Turn(who=Speaker.SERVER, data="250 mail.contoso.com Hello [192.0.2.2]\r\n", tls=True),
)

ROOT = pki.Authority.root("CN=Fabrikam Root R1,O=Fabrikam Trust,C=GB")
ISSUING = ROOT.intermediate("CN=Fabrikam TLS RSA CA 2025,O=Fabrikam Trust,C=GB")
LEAF = ISSUING.leaf(
    names=(HOST, "autodiscover.contoso.com"),
    not_before=datetime(2026, 9, 5, tzinfo=UTC),
    not_after=datetime(2027, 3, 5, tzinfo=UTC),
)
EX01 = pki.self_signed(not_before=datetime(2024, 3, 5, tzinfo=UTC), not_after=datetime(2029, 3, 5, tzinfo=UTC))


def observation(address: str = "192.0.2.25", *chain: pki.Issued, host: str = HOST, **changes: object) -> Observation:
    """What one connection showed; without a certificate in the chain, no TLS."""
    seen = Observation(
        endpoint=Endpoint(host=host, address=address, port=25, server_name=host),
        at=AT,
        transcript=DIALOGUE,
        session=SESSION if chain else None,
        chain=PresentedChain(der=tuple(issued.der for issued in chain)) if chain else None,
        seconds={"connect": 0.0123, "dialogue": 0.031, "handshake": 0.0457, "after": 0.012},
        source="192.0.2.2",
    )
    return replace(seen, **changes)  # type: ignore[arg-type]


def finding(code: str, verdict: Verdict, where: Where, book: RuleBook = RuleBook.RFC, **facts: str) -> Finding:
    return Finding(code=code, verdict=verdict, where=where, facts=tuple(sorted(facts.items())), rule_book=book)


def at(address: str = "192.0.2.25", position: int | None = None, host: str = HOST) -> Where:
    kind = "endpoint" if position is None else "certificate"
    return Where(kind=kind, host=host, address=address, port=25, position=position)


def report(
    findings: Iterable[Finding],
    observations: Iterable[Observation] = (),
    *,
    given: str = f"{HOST}:25",
    route: Route | None = None,
) -> Report:
    """The report on one target, findings gravest first."""
    observations = tuple(observations)
    addresses = tuple(dict.fromkeys(seen.endpoint.address for seen in observations))
    found = route or Route(
        kind=RouteKind.HOST,
        hops=(Hop(host=HOST, preference=None, addresses=addresses, answers=(answer(HOST, "A", *addresses),)),),
    )
    target = Target(given=given, name=given.partition(":")[0], port=None if route else 25)
    return Report(
        target=target,
        at=AT,
        findings=tuple(sorted(findings, key=lambda finding: -finding.verdict.gravity)),
        evidence=Evidence(
            target=target, at=AT, route=found, observations=observations, resolvers=("192.0.2.53",), ehlo=None
        ),
        roots="Mozilla (certifi 2026.10.18)",
    )


def answer(name: str, rtype: str, *records: str, **changes: object) -> Answer:
    found = Answer(
        question=Question(name=name, rtype=rtype),
        outcome=Outcome.FOUND if records else Outcome.NODATA,
        canonical=name,
        records=records,
        ttl=3600,
        resolver="192.0.2.53",
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def healthy(address: str = "192.0.2.25") -> list[Finding]:
    """What is said of an endpoint where nothing is wrong."""
    return [
        finding(
            "tls-established",
            Verdict.OK,
            at(address),
            version="TLSv1.3",
            cipher="TLS_AES_256_GCM_SHA384",
            group="X25519MLKEM768",
        ),
        finding(
            "certificate-trusted",
            Verdict.OK,
            at(address),
            anchor="CN=Fabrikam Root R1, O=Fabrikam Trust, C=GB",
            roots="Mozilla (certifi 2026.10.18)",
        ),
        finding("certificate-name-matches", Verdict.OK, at(address, 0), expected=HOST, matched=HOST),
        finding(
            "certificate-current",
            Verdict.OK,
            at(address, 0),
            not_after="2027-03-05 00:00:00 UTC",
            days_left="103",
            subject=f"CN={HOST}",
        ),
    ]


def exchange_default(*addresses: str) -> Report:
    """Exchange answers with the certificate it made for itself."""
    findings = []
    for address in addresses or ("192.0.2.25",):
        findings += [
            finding(
                "certificate-host-mismatch",
                Verdict.FAIL,
                at(address, 0),
                RuleBook.EXCHANGE_ONLINE,
                expected=HOST,
                presented="EX01, EX01.contoso.local",
                subject="CN=EX01",
                thumbprint=EX01.sha1.upper(),
            ),
            finding(
                "certificate-not-trusted",
                Verdict.FAIL,
                at(address, 0),
                cause="self-signed",
                subject="CN=EX01",
                issuer="CN=EX01",
                roots="Mozilla (certifi 2026.10.18)",
            ),
            *healthy(address)[:1],
            finding(
                "certificate-current",
                Verdict.OK,
                at(address, 0),
                not_after="2029-03-05 00:00:00 UTC",
                days_left="834",
                subject="CN=EX01",
            ),
        ]
    return report(findings, [observation(address, EX01) for address in addresses or ("192.0.2.25",)])


def missing_intermediate() -> Report:
    """The leaf alone is sent."""
    child, missing = f"CN={HOST}", "CN=Fabrikam TLS RSA CA 2025, O=Fabrikam Trust, C=GB"
    return report(
        [
            finding(
                "chain-incomplete",
                Verdict.FAIL,
                at(),
                missing=missing,
                child=child,
                aia="http://ca.fabrikam.com/rsa2025.cer",
            ),
            finding(
                "certificate-not-trusted",
                Verdict.FAIL,
                at(),
                cause="chain-incomplete",
                subject=child,
                issuer=missing,
                roots="Mozilla (certifi 2026.10.18)",
            ),
            *healthy()[:1],
            *healthy()[2:],
        ],
        [observation("192.0.2.25", LEAF)],
    )


LISTENER, CLIENT = "probe.contoso.com", "192.0.2.25"
MAIL = ("MAIL FROM:<***@contoso.com>", "RCPT TO:<***@fabrikam.com>")
NOT_NOW = "451 4.7.0 TLS probe: message not accepted"


def delivered(*chain: pki.Issued, said: Sequence[str] = MAIL, reply: str = NOT_NOW, **changes: object) -> Observation:
    """What our listener saw of a client that delivers inside TLS. `said`: its commands between EHLO and QUIT, answered
    250 and, of recipients, by the `reply`."""
    server, client = Speaker.SERVER, Speaker.CLIENT
    talk = [
        Turn(who=server, data=f"220 {LISTENER} ESMTP probe listener: a test host that takes no mail\r\n"),
        Turn(who=client, data=f"EHLO {HOST}\r\n"),
        Turn(who=server, data=f"250-{LISTENER} Hello [{CLIENT}]\r\n250-PIPELINING\r\n250 STARTTLS\r\n"),
        Turn(who=client, data="STARTTLS\r\n"),
        Turn(who=server, data="220 2.0.0 SMTP server ready\r\n"),
        Turn(who=client, data=f"EHLO {HOST}\r\n", tls=True),
        Turn(who=server, data=f"250-{LISTENER} Hello [{CLIENT}]\r\n250 PIPELINING\r\n", tls=True),
    ]
    if said:
        replies = "".join(f"{reply if line.startswith('RCPT') else '250 2.1.0 OK'}\r\n" for line in said)
        talk += [
            Turn(who=client, data="".join(f"{line}\r\n" for line in said), tls=True),
            Turn(who=server, data=replies, tls=True),
        ]
    talk += [
        Turn(who=client, data="QUIT\r\n", tls=True),
        Turn(who=server, data="221 2.0.0 Service closing transmission channel\r\n", tls=True),
    ]
    seen = Observation(
        endpoint=Endpoint(host=CLIENT, address=CLIENT, port=2525, server_name=None),
        at=AT,
        transcript=tuple(talk),
        certificate_requested=True,
        session=SESSION,
        chain=PresentedChain(der=tuple(issued.der for issued in chain)) if chain else None,
        seconds={"dialogue": 0.031, "handshake": 0.0457, "after": 0.012},
        source="192.0.2.2",
        direction=Direction.INBOUND,
    )
    return replace(seen, **changes)  # type: ignore[arg-type]


def client(position: int | None = None) -> Where:
    """The client of a delivery, or a certificate of its."""
    kind = "endpoint" if position is None else "certificate"
    return Where(kind=kind, host=CLIENT, address=CLIENT, port=2525, position=position)


def delivery(seen: Observation, *findings: Finding, attribution: Attribution | None = None) -> Report:
    """The report on what one client delivered, findings gravest first."""
    target = Target(given=f"{LISTENER}:2525", name=LISTENER, port=2525)
    return Report(
        target=target,
        at=AT,
        findings=tuple(sorted(findings, key=lambda finding: -finding.verdict.gravity)),
        evidence=Evidence(
            target=target, at=AT, route=Route(kind=RouteKind.INBOUND), observations=(seen,), ehlo=LISTENER
        ),
        roots="Mozilla (certifi 2026.10.18)",
        attribution=attribution,
    )


def mail_domain() -> Report:
    """Two MX hosts, one of them well, the other refusing connections."""
    second = "mx2.contoso.com"
    refused = Failure(stage=Stage.CONNECT, kind=Kind.REFUSED, detail="")
    route = Route(
        kind=RouteKind.MX,
        hops=(
            Hop(
                host=HOST,
                preference=10,
                addresses=("192.0.2.25", "2001:db8::25"),
                answers=(answer(HOST, "A", "192.0.2.25"), answer(HOST, "AAAA", "2001:db8::25")),
            ),
            Hop(host=second, preference=20, addresses=("198.51.100.25",), answers=(answer(second, "AAAA"),)),
        ),
        answers=(answer("contoso.com", "MX", f"10 {HOST}.", f"20 {second}."),),
        omitted=1,
    )
    return report(
        [
            *healthy(),
            *healthy("2001:db8::25"),
            finding("not-observed", Verdict.WARN, at("198.51.100.25", host=second), stage="CONNECT", kind="REFUSED"),
            finding("route-cut", Verdict.WARN, Where(kind="target"), hosts_omitted="1"),
        ],
        [
            observation("192.0.2.25", LEAF, ISSUING),
            observation("2001:db8::25", LEAF, ISSUING),
            observation("198.51.100.25", host=second, failure=refused, transcript=(), seconds={"connect": 0.0004}),
        ],
        given="contoso.com",
        route=route,
    )


SECOND = "mx2.contoso.com"
TLSA = f"3 1 1 {'8d02536c887482bc' * 4}"
SPARE = f"3 1 1 {'ab' * 32}"


def dane_host(status: DaneStatus, matching: int = 0, observed: int = 0, **changes: object) -> DaneHost:
    """DANE of a host with one record."""
    found = DaneHost(
        addresses_dnssec=Dnssec.SECURE,
        tlsa_dnssec=Dnssec.SECURE,
        tlsa_base=HOST,
        records=(TLSA,),
        status=status,
        matching=matching,
        observed=observed,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def sts_host(delivery: Delivery = Delivery.OK, certificate: str = "ok", *, covered: bool = True) -> StsHost:
    return StsHost(in_policy=covered, certificate=certificate, delivery=delivery)


def sts(hosts: dict[str, StsHost] | None = None, **changes: object) -> Sts:
    """A policy in enforce, just fetched."""
    found = Sts(
        record=Record.VALID,
        policy=Policy.VALID,
        mode="enforce",
        id="20261101T000000",
        max_age=604800,
        mx=(HOST, "*.contoso.com"),
        origin="fetched",
        hosts=hosts or {HOST: sts_host(), SECOND: sts_host()},
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def promising(
    promises: Promises, *findings: Finding, observations: Iterable[Observation] = (), given: str = "contoso.com"
) -> Report:
    """A domain with two MX hosts, in signed zones, that has promised something."""
    secure = {"secure": True, "resolver": "127.0.0.1"}
    hops = tuple(
        Hop(
            host=host,
            preference=preference,
            addresses=(address,),
            answers=(answer(host, "A", address, **secure),),
            alias=answer(host, "CNAME", **secure) if host == SECOND else None,
            tlsa=(answer(f"_25._tcp.{host}", "TLSA", TLSA, SPARE, **secure),),
        )
        for host, preference, address in ((HOST, 10, "192.0.2.25"), (SECOND, 20, "198.51.100.25"))
    )
    route = Route(
        kind=RouteKind.MX,
        hops=hops,
        answers=(answer("contoso.com", "MX", f"10 {HOST}.", f"20 {SECOND}.", **secure),),
    )
    made = report(findings, observations, given=given, route=route)
    policy_host = "mta-sts.contoso.com"
    fetch = observation("203.0.113.1", LEAF, ISSUING, host=policy_host)
    http = (
        Turn(who=Speaker.CLIENT, data="GET /.well-known/mta-sts.txt HTTP/1.1\r\n\r\n", tls=True),
        Turn(who=Speaker.SERVER, data="HTTP/1.1 200 OK\r\n\r\nversion: STSv1\r\n", tls=True),
    )
    endpoint = Endpoint(host=policy_host, address="203.0.113.1", port=443, server_name=policy_host, dialogue="policy")
    asked = MtaSts(
        txt=answer("_mta-sts.contoso.com", "TXT", '"v=STSv1; id=20261101T000000;"', secure=False),
        addresses=(answer(policy_host, "A", "203.0.113.1", secure=False),),
        fetches=(replace(fetch, endpoint=endpoint, transcript=http),),
    )
    evidence = replace(
        made.evidence,
        mta_sts=asked,
        tlsrpt=answer("_smtp._tls.contoso.com", "TXT", outcome=Outcome.NXDOMAIN, secure=True),
        ehlo="probe.fabrikam.com",
    )
    return replace(made, evidence=evidence, promises=promises)


# Everything that has ever been used to paint somebody else's terminal, and what merely looks odd.
HOSTILE = st.text(
    st.sampled_from(
        "a b.|='<>;[]{}%\\\"\x00\x07\r\n\t\x1b\x7f\x85\x9b\xa0\u200b\u202e\u2066\u2028\u061c\u200f\u2060\ufeffü日"
    ),
    max_size=40,
) | st.sampled_from(("\x1b]8;;http://x\x1b\\", "[red]x[/red]", ":smile:", "y" * 500, "w " * 200))
ADDRESSES = st.sampled_from(("192.0.2.25", "2001:db8::25")) | HOSTILE  # saved evidence may name anything
_KEYS = (
    "subject",
    "issuer",
    "expected",
    "presented",
    "reply",
    "keywords",
    "error",
    "text",
    "roots",
    "excused_by",
    "required_by",
    "seen",
    "record",
    "one_line",
    "publish",
    "unmatched",
    "reason",
)
_CHAINS = (
    (),
    (LEAF, ISSUING),
    (LEAF,),
    (ROOT, LEAF, ISSUING),
    (EX01, EX01),
    (ROOT.leaf(names=("x.example",), subject="CN=\x1b[31m\u202e\\,|\x07,O=" + "o" * 60),),
)


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    """A finding of any code, with whatever facts."""
    code = draw(st.sampled_from(sorted(CATALOGUE)))
    facts = draw(st.dictionaries(st.sampled_from(_KEYS), HOSTILE, max_size=6))
    if code == "not-observed":
        facts |= {"stage": draw(st.sampled_from(Stage)), "kind": draw(st.sampled_from(Kind)), "detail": draw(HOSTILE)}
    elif code == "route-cut":
        facts = {"hosts_omitted": str(draw(st.integers(1, 99)))}
    elif causes := sorted(CATALOGUE[code].causes):
        facts["cause"] = draw(st.sampled_from(causes))
    where = draw(
        st.sampled_from(
            (
                Where(kind="target"),
                Where(kind="host", host=HOST),
                Where(kind="record", host=HOST),
                Where(kind="policy"),
                at(),
                at("2001:db8::25"),
                at(position=1),
            )
        )
        | st.builds(at, HOSTILE)
        | st.builds(Where, kind=st.just("record"), host=HOSTILE)
    )
    verdict, book = draw(st.sampled_from(Verdict)), draw(st.sampled_from(RuleBook))
    return finding(code, verdict, where, book, **facts)


_COMMANDS = st.tuples(st.sampled_from(("EHLO ", "MAIL FROM:<a@", "RCPT TO:<a@", "DATA", "250 ")), HOSTILE)
_SAID = st.binary(max_size=80).map(lambda raw: raw.decode("latin-1")) | _COMMANDS.map(
    lambda parts: f"{''.join(parts)}>\r\n".encode().decode("latin-1")
)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    """A connection at which anything may have been said."""
    seen = observation(draw(ADDRESSES), *draw(st.sampled_from(_CHAINS)))
    said = draw(st.lists(_SAID, max_size=4))
    failure = draw(st.none() | st.builds(Failure, stage=..., kind=..., detail=HOSTILE))
    broken = PresentedChain(der=(draw(st.binary(max_size=20)),), omitted=draw(st.integers(0, 3)))
    return replace(
        seen,
        seconds={draw(HOSTILE): 0.1},
        transcript=tuple(Turn(who=draw(st.sampled_from(Speaker)), data=data) for data in said),
        early=draw(HOSTILE),
        failure=failure,
        chain=draw(st.sampled_from((seen.chain, broken))),
        certificate_requested=True,
        client_cas=(draw(HOSTILE),),
        refusals=draw(st.sampled_from(((), (failure,) if failure else ()))),
        attempted=draw(st.booleans()),
        direction=draw(st.sampled_from(Direction)),
    )


_TEXTS = st.lists(HOSTILE, max_size=3).map(tuple)
_NAMES = st.sampled_from((HOST, SECOND)) | HOSTILE
_NUMBERS = st.integers(0, 10**9)


def promises() -> st.SearchStrategy[Promises]:
    """Whatever a judge might sum up, of whatever was published."""
    dane = st.builds(
        Dane,
        mx_dnssec=st.none() | st.sampled_from(Dnssec),
        hosts=st.dictionaries(_NAMES, st.builds(DaneHost, records=_TEXTS, tlsa_base=st.none() | HOSTILE), max_size=3),
    )
    policy = st.builds(
        Sts,
        reason=HOSTILE,
        mode=st.none() | st.sampled_from(("enforce", "testing", "none")) | HOSTILE,
        id=st.none() | HOSTILE,
        max_age=st.none() | _NUMBERS,
        mx=_TEXTS,
        origin=st.sampled_from((None, "fetched", "remembered")),
        hosts=st.dictionaries(
            _NAMES,
            st.builds(StsHost, in_policy=..., certificate=HOSTILE, delivery=st.sampled_from(Delivery)),
            max_size=3,
        ),
    )
    return st.builds(
        Promises,
        dane=st.none() | dane,
        mta_sts=st.none() | policy,
        tlsrpt=st.none() | st.builds(TlsRpt, record=st.sampled_from(Record), rua=_TEXTS),
    )


@st.composite
def any_report(draw: st.DrawFn) -> Report:
    """A report with hostile text in every field that a peer, a resolver or a user can fill."""
    names = draw(st.lists(st.builds(answer, HOSTILE, HOSTILE, HOSTILE, detail=HOSTILE, resolver=HOSTILE), max_size=2))
    said = st.builds(
        answer,
        HOSTILE,
        HOSTILE,
        HOSTILE,
        detail=HOSTILE,
        secure=st.none() | st.booleans(),
        outcome=st.sampled_from(Outcome),
    )
    hops = (
        Hop(
            host=draw(HOSTILE),
            preference=draw(st.none() | st.integers(0, 65535)),
            addresses=(draw(HOSTILE),),
            alias=draw(st.none() | said),
            tlsa=tuple(draw(st.lists(said, max_size=2))),
        ),
    )
    made = report(
        draw(st.lists(findings(), max_size=5)),
        draw(st.lists(observations(), max_size=4)),
        given=draw(HOSTILE),
        route=Route(
            kind=draw(st.sampled_from(RouteKind)), hops=hops, answers=tuple(names), omitted=draw(st.integers(0, 2))
        ),
    )
    evidence = replace(
        made.evidence,
        alternatives=tuple(draw(st.lists(observations(), max_size=1))),
        mta_sts=draw(st.none() | st.builds(MtaSts, txt=said, fetches=st.lists(observations(), max_size=1).map(tuple))),
        tlsrpt=draw(st.none() | said),
        ehlo=draw(st.none() | HOSTILE),
    )
    outcome = st.none() | st.builds(
        Attribution,
        outcome=st.sampled_from(Attributed),
        relay=st.sampled_from(Relay),
        connector=st.none() | HOSTILE,
        by=st.none() | HOSTILE,
        rivals=_TEXTS,
        because=HOSTILE,
        passes=...,
        reply=HOSTILE,
        status=HOSTILE,
        partner=st.none() | HOSTILE,
        doubt=HOSTILE,
    )
    return replace(made, evidence=evidence, promises=draw(promises()), attribution=draw(outcome))
