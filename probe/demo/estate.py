"""The broken hybrid estate: one server for every way in which mail from Exchange Online stops at the border.

Contoso's mail should come in at `mail.contoso.com`; its Exchange Online connector expects a certificate of that name
from a public authority. Each case is one address where that is so, or not so, and says what a probe must find there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

import trio
from OpenSSL import SSL

from probe.demo.built import Built
from probe.demo.peer import ADDRESS, UNRECOGNIZED, Reply, Script, listen, reply
from probe.demo.pki import Authorities, Identity, exchange_default, server_context
from probe.model import Verdict

HOST = "mail.contoso.com"
SERVER = "EX01.corp.contoso.com"
LIFETIME = timedelta(days=199)  # as public authorities issue since March 2026: at most 200 days

# What a front end's receive connector offers to a stranger, in its order, and what a stranger sees once TLS stands.
KEYWORDS = (
    "SIZE 37748736",
    "PIPELINING",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "STARTTLS",
    "X-ANONYMOUSTLS",
    "AUTH NTLM",
    "X-EXPS GSSAPI NTLM",
    "8BITMIME",
    "BINARYMIME",
    "CHUNKING",
    "XRDST",
)
KEYWORDS_INSIDE = (
    "SIZE 37748736",
    "PIPELINING",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "AUTH NTLM LOGIN",
    "X-EXPS GSSAPI NTLM",
    "8BITMIME",
    "BINARYMIME",
    "CHUNKING",
    "XRDST",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Built):
    """One server, and what a probe of it must come to.

    `host` is the name to call it by (SNI, and the name a certificate should have), `expect_name` the connector's
    TlsDomain. `timeout`, in seconds, is what the target may take where the default is longer than a demonstration
    should be.
    """

    port: int
    host: str = HOST
    expect_name: str | None = HOST
    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """The running estate. `roots_pem` is the root that the judge has to trust; every case listens on `address`.
    `current` is the healthy server's certificate, which it would send with, too."""

    roots_pem: bytes
    current: Identity
    cases: tuple[Case, ...]
    address: str = ADDRESS


async def open_estate(nursery: trio.Nursery, now: datetime) -> Estate:
    """Starts every server, its certificates dated around `now`. They run until the nursery is cancelled."""
    authorities = Authorities()
    current = authorities.issue((HOST, "autodiscover.contoso.com"), *dates(now, days_left=150))
    leaf_only = Identity(current.key, current.chain[:1])
    expired = authorities.issue((HOST, "autodiscover.contoso.com"), *dates(now, days_left=-3))
    expiring = authorities.issue((HOST, "autodiscover.contoso.com"), *dates(now, days_left=5))
    webmail = authorities.issue(("webmail.contoso.com", "autodiscover.contoso.com"), *dates(now, days_left=150))
    default = exchange_default("EX01", "corp.contoso.com", installed=now - timedelta(days=400))

    async def exchange(identity: Identity) -> int:
        return await listen(nursery, _exchange(now, server_context(identity)))

    cases = (
        Case(
            name="healthy",
            story="The certificate is current, has the right name and comes with its intermediate.",
            port=await exchange(current),
            verdict=Verdict.OK,
            codes=frozenset({"tls-established", "certificate-trusted", "certificate-name-matches"}),
        ),
        Case(
            name="self-signed default",
            story="The receive connector names no certificate, so Exchange sends the one its own setup made.",
            port=await exchange(default),
            verdict=Verdict.FAIL,
            codes=frozenset({"certificate-host-mismatch", "certificate-not-trusted"}),
            causes=frozenset({"self-signed"}),
        ),
        Case(
            name="missing intermediate",
            story="The intermediate is not in the server's store: browsers fetch it, Exchange Online does not.",
            port=await exchange(leaf_only),
            verdict=Verdict.FAIL,
            codes=frozenset({"chain-incomplete", "certificate-not-trusted"}),
            causes=frozenset({"chain-incomplete"}),
        ),
        Case(
            name="expired",
            story="The certificate ran out three days ago; senders that do not check still deliver, so nobody noticed.",
            port=await exchange(expired),
            verdict=Verdict.FAIL,
            codes=frozenset({"certificate-expired"}),
        ),
        Case(
            name="wrong name",
            story="The certificate is good, but it is the web mail's: it does not have the connector's name.",
            port=await exchange(webmail),
            verdict=Verdict.FAIL,
            codes=frozenset({"certificate-host-mismatch", "certificate-trusted"}),
        ),
        Case(
            name="no usable certificate",
            story="The connector still names the certificate from before the renewal, so Exchange offers no STARTTLS.",
            port=await listen(nursery, _without_certificate(now)),
            verdict=Verdict.FAIL,
            codes=frozenset({"starttls-not-supported"}),
            causes=frozenset({"no-usable-certificate"}),
        ),
        Case(
            name="inspecting firewall",
            story="A firewall between us and Exchange writes X over the keywords that it does not know.",
            port=await listen(nursery, _MASKED),
            verdict=Verdict.FAIL,
            codes=frozenset({"starttls-not-supported"}),
            causes=frozenset({"masked"}),
        ),
        Case(
            name="client certificate",
            story="The hybrid receive connector asks for a client certificate and takes those who have none, too.",
            port=await listen(nursery, _exchange(now, server_context(current, ask=True))),
            verdict=Verdict.OK,
            codes=frozenset({"tls-established", "certificate-trusted", "certificate-name-matches"}),
        ),
        Case(
            name="tarpit",
            story="Something lets its greeting trickle and never finishes it: nothing can be said of its TLS.",
            port=await listen(nursery, Script(banner=Reply(b"220-Please wait\r\n", drip=0.25, endless=True))),
            verdict=Verdict.UNKNOWN,
            codes=frozenset({"not-observed"}),
            timeout=2.0,
        ),
        Case(
            name="expiring",
            story="All is well for five more days.",
            port=await exchange(expiring),
            verdict=Verdict.WARN,
            codes=frozenset({"certificate-expires-soon", "certificate-trusted"}),
        ),
    )
    return Estate(roots_pem=authorities.root.cert_pem.bytes(), current=current, cases=cases)


def dates(now: datetime, *, days_left: int) -> tuple[datetime, datetime]:
    """From when to when a certificate is good that has so many days left."""
    not_after = now + timedelta(days=days_left)
    return not_after - LIFETIME, not_after


def _exchange(now: datetime, tls: SSL.Context) -> Script:
    return Script(banner=_banner(now), ehlo=_hello(*KEYWORDS), tls=tls, inside=_hello(*KEYWORDS_INSIDE))


def _without_certificate(now: datetime) -> Script:
    """The certificate that the connector names is not there; TLS among Exchange servers goes on."""
    offered = (keyword for keyword in KEYWORDS if keyword != "STARTTLS")
    return Script(banner=_banner(now), ehlo=_hello(*offered), starttls=UNRECOGNIZED)


def _banner(now: datetime) -> Reply:
    return reply(220, f"{SERVER} Microsoft ESMTP MAIL Service ready at {format_datetime(now)}")


def _hello(*keywords: str) -> Reply:
    return reply(250, f"{SERVER} Hello [{ADDRESS}]", *keywords)


# A Cisco ASA with `inspect esmtp`: an unknown keyword keeps its length and loses its letters to X and a counter.
_MASKED = Script(
    banner=reply(220, "*" * 50 + "0*2" + "*" * 30),
    ehlo=_hello(
        "SIZE 37748736",
        "PIPELINING",
        "DSN",
        "ENHANCEDSTATUSCODES",
        "XXXXXXXA",
        "XXXXXXXXXXXXXB",
        "AUTH NTLM",
        "XXXXXXXXXXXXXXXXXC",
        "8BITMIME",
        "XXXXXXXXXD",
        "XXXXXXXE",
        "XXXXF",
    ),
    starttls=reply(500, "5.3.3 Unrecognized command 'XXXXXXXX'"),
)
