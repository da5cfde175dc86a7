"""Deliveries to our listener: whose mail Exchange Online would take them for, and whether it would relay them."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from fixtures.build import AT, CLIENT, delivered, delivery, stopped
from fixtures.certificates import leaf, sample
from fixtures.scenes import ISSUING, ROOTS
from probe.codec import encode
from probe.judge.catalogue import explain
from probe.judge.catalogue.inbound import INBOUND as ENTRIES
from probe.judge.chain import Anchors
from probe.judge.inbound import refusal
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import (
    AcceptedDomain,
    Attributed,
    Attribution,
    Export,
    Finding,
    Gap,
    InboundConnector,
    Kind,
    Many,
    Observation,
    Organisation,
    Relay,
    Report,
    Stage,
    Verdict,
)
from probe.report.json import told
from probe.report.wording import bounces, cause, sentence
from tests.organisations import HOST, INBOUND, ISSUER, NAME, SUBJECT, organisation

ANCHORS = Anchors(label="roots", der=ROOTS)
WHOLE = (sample("renewed_same"), sample("int2025"))
EXPIRED = (sample("old"), sample("int2025"))
ELSEWHERE = (leaf("CN=mail.fabrikam.com", ISSUING, ("mail.fabrikam.com",)).der, ISSUING.der)
DEEP = (leaf("CN=a.b.contoso.com", ISSUING, ("a.b.contoso.com",)).der, ISSUING.der)
WILD = (leaf("CN=*.contoso.com", ISSUING, ("*.contoso.com",)).der, ISSUING.der)
BARE = (leaf("CN=contoso.com", ISSUING, ("contoso.com",)).der, ISSUING.der)
IDN = (leaf("CN=mail", ISSUING, ("mail.xn--bcher-kva.example",)).der, ISSUING.der)
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
DENIED = "550 5.7.64 TenantAttribution; Relay Access Denied SMTP"
ATTR36 = "550 5.7.64 TenantAttribution; Relay Access Denied ATTR36"


def inbound(name: str = INBOUND, value: Any = HOST, *addresses: str, **changes: Any) -> InboundConnector:
    """An inbound connector of type OnPremises, with nothing left open."""
    connector = InboundConnector(
        name=name,
        enabled=True,
        connector_type="OnPremises",
        tls_sender_certificate_name=value,
        sender_ip_addresses=Many(addresses),
    )
    return replace(connector, **changes)


def partner(**changes: Any) -> InboundConnector:
    """A connector for fabrikam.com's own servers."""
    own: dict[str, Any] = {
        "connector_type": "Partner",
        "sender_domains": Many(("smtp:*.fabrikam.com;1", "smtp:fabrikam.com;1")),
        "restrict_domains_to_certificate": True,
    }
    return inbound("From Fabrikam", "mail.fabrikam.com", **{**own, **changes})


def domain(name: str = "contoso.com", **changes: Any) -> AcceptedDomain:
    return replace(AcceptedDomain(domain=name, match_subdomains=False, online=True), **changes)


def said(sender: str, *recipients: str) -> tuple[str, ...]:
    """A message: `<>` is the null sender."""
    path = sender if sender == "<>" else f"<*@{sender}>"
    return ("EHLO EX01", f"MAIL FROM:{path}", *(f"RCPT TO:<*@{name}>" for name in recipients or ("fabrikam.com",)))


OUR_MAIL = said("contoso.com")


def judged(found: Observation, whole: Organisation | None = None, standard: Standard | None = None) -> Report:
    return judge(delivered(found), standard or Standard(), ANCHORS, AT, whole)


def attributed(report: Report) -> Attribution:
    assert report.attribution
    return report.attribution


def named(report: Report) -> set[str]:
    """The findings that are not OK, with their causes."""
    return {
        f"{found.code}:{cause(found)}" if cause(found) else found.code
        for found in report.findings
        if found.verdict is not OK
    }


def find(report: Report, code: str) -> Finding:
    (found,) = (found for found in report.findings if found.code == code)
    return found


@dataclass(frozen=True, kw_only=True)
class Case:
    """A client, the connectors that it meets, and what comes of it."""

    shows: tuple[bytes, ...] | None = WHOLE
    says: tuple[str, ...] = OUR_MAIL
    asks: bool = True
    address: str = CLIENT
    connectors: tuple[InboundConnector, ...] = (inbound(),)
    domains: tuple[AcceptedDomain, ...] = (domain(),)
    outcome: Attributed
    relay: Relay
    passes: bool | None = None
    reply: str = ""
    told: frozenset[str] = frozenset()

    def report(self) -> Report:
        found = delivery(*(self.shows or ()), said=self.says, asks=self.asks)
        found = replace(found, endpoint=replace(found.endpoint, host=self.address, address=self.address))
        whole = organisation(
            inbound=self.connectors,
            domains=self.domains,
            send=(),
            exports=(Export(source="exo", form="json", encoding="utf-8", things=(), none=frozenset({"inbound"})),),
        )
        return judged(found, whole)


YES, OWN, NO, OPEN = Relay.YES, Relay.ACCEPTED_SENDERS, Relay.NO, Relay.UNKNOWN
INCOMPLETE = frozenset({"chain-incomplete:client", "certificate-not-trusted:client-chain-incomplete"})
CASES = {
    # 1: by the certificate
    "its own mail": Case(outcome=Attributed.BY_CERTIFICATE, relay=YES, passes=True),
    "the null sender": Case(says=said("<>"), outcome=Attributed.BY_CERTIFICATE, relay=YES, passes=True),
    "somebody else's mail": Case(says=said("x.org"), outcome=Attributed.BY_CERTIFICATE, relay=YES, passes=True),
    "no mail yet": Case(says=("EHLO EX01",), outcome=Attributed.BY_CERTIFICATE, relay=YES),
    "a wildcard expected": Case(
        connectors=(inbound(INBOUND, "*.contoso.com"),), outcome=Attributed.BY_CERTIFICATE, relay=YES, passes=True
    ),
    "a wildcard shown": Case(shows=WILD, outcome=Attributed.BY_CERTIFICATE, relay=YES, passes=True),
    "a wildcard stands for one label": Case(
        shows=DEEP,
        connectors=(inbound(INBOUND, "*.contoso.com"),),
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:no-connector"}),
    ),
    "issuer and subject": Case(
        connectors=(inbound(INBOUND, NAME),), outcome=Attributed.BY_CERTIFICATE, relay=YES, passes=True
    ),
    "another issuer": Case(
        connectors=(inbound(INBOUND, f"<I>CN=Another CA<S>{SUBJECT}"),),
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:no-connector"}),
    ),
    "switched off": Case(
        connectors=(inbound(enabled=False),),
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:no-connectors-at-all"}),
    ),
    "none at all": Case(
        connectors=(),
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:no-connectors-at-all"}),
    ),
    # a certificate that does not count
    "no certificate": Case(
        shows=None,
        outcome=Attributed.NOT_SENT,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:not-sent", "client-certificate-not-sent"}),
    ),
    "leaf only": Case(
        shows=WHOLE[:1],
        outcome=Attributed.CHAIN_BAD,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:chain-bad", *INCOMPLETE}),
    ),
    "self-signed": Case(
        shows=(sample("selfsigned"),),
        outcome=Attributed.CHAIN_BAD,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:self-signed", "certificate-not-trusted:client-self-signed"}),
    ),
    "expired": Case(
        shows=EXPIRED,
        outcome=Attributed.CHAIN_BAD,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:chain-bad", "certificate-expired:client"}),
    ),
    "a stranger's name": Case(
        shows=ELSEWHERE,
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:no-connector"}),
    ),
    "for colleagues in the tenant": Case(
        shows=ELSEWHERE,
        says=said("contoso.com", "contoso.com"),
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=True,
        told=frozenset({"not-attributed:no-connector"}),
    ),
    "plain text": Case(
        shows=None,
        asks=False,
        outcome=Attributed.ANONYMOUS,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:plain-text", "client-without-tls"}),
    ),
    # 3: the domain of the certificate
    "in no accepted domain, own sender": Case(
        domains=(domain("contoso.net"),),
        says=said("contoso.net"),
        outcome=Attributed.NOT_ACCEPTED,
        relay=OWN,
        passes=True,
        told=frozenset({"relay-refused:name-not-accepted"}),
    ),
    "in no accepted domain, the null sender": Case(
        domains=(domain("contoso.net"),),
        says=said("<>"),
        outcome=Attributed.NOT_ACCEPTED,
        relay=OWN,
        passes=False,
        reply=ATTR36,
        told=frozenset({"relay-refused:name-not-accepted"}),
    ),
    "too deep": Case(
        shows=DEEP,
        connectors=(inbound(INBOUND, "a.b.contoso.com"),),
        says=said("x.org"),
        outcome=Attributed.NOT_ACCEPTED,
        relay=OWN,
        passes=False,
        reply=ATTR36,
        told=frozenset({"relay-refused:name-not-accepted"}),
    ),
    "with subdomains": Case(
        shows=DEEP,
        connectors=(inbound(INBOUND, "a.b.contoso.com"),),
        domains=(domain(match_subdomains=True),),
        outcome=Attributed.BY_CERTIFICATE,
        relay=YES,
        passes=True,
    ),
    "subdomains not known": Case(
        shows=DEEP,
        connectors=(inbound(INBOUND, "a.b.contoso.com"),),
        domains=(domain(match_subdomains=Gap.ABSENT),),
        outcome=Attributed.BY_CERTIFICATE,
        relay=OPEN,
        told=frozenset({"attribution-unknown:accepted-domains"}),
    ),
    "two, of which one lies in an accepted domain": Case(
        shows=(leaf("CN=mail.contoso.com", ISSUING, (HOST, "mail.fabrikam.com")).der, ISSUING.der),
        connectors=(inbound("One"), inbound("Two", "mail.fabrikam.com")),
        outcome=Attributed.AMBIGUOUS,
        relay=OPEN,
        told=frozenset({"attribution-ambiguous"}),
    ),
    "accepted domains not exported": Case(
        domains=(),
        outcome=Attributed.BY_CERTIFICATE,
        relay=OPEN,
        told=frozenset({"attribution-unknown:accepted-domains"}),
    ),
    "accepted domains of the servers alone": Case(
        domains=(domain(online=False),),
        outcome=Attributed.BY_CERTIFICATE,
        relay=OPEN,
        told=frozenset({"attribution-unknown:accepted-domains"}),
    ),
    "wildcards and upper case": Case(
        shows=WILD,
        connectors=(inbound(INBOUND, " Mail.CONTOSO.com. "),),
        domains=(domain("Contoso.COM"),),
        outcome=Attributed.BY_CERTIFICATE,
        relay=YES,
        passes=True,
    ),
    "a wildcard expected, the bare domain shown": Case(
        shows=BARE,
        connectors=(inbound(INBOUND, "*.contoso.com"),),
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:no-connector"}),
    ),
    "beyond ASCII": Case(
        shows=IDN,
        says=said("<>"),
        connectors=(inbound(INBOUND, "mail.bücher.example"),),
        domains=(domain("Bücher.example"),),
        outcome=Attributed.BY_CERTIFICATE,
        relay=YES,
        passes=True,
    ),
    "one of two is switched off": Case(
        connectors=(inbound("Old", enabled=False), inbound("New")),
        outcome=Attributed.BY_CERTIFICATE,
        relay=YES,
        passes=True,
    ),
    "other sender domains than its own": Case(  # they limit a partner's connector alone
        connectors=(inbound(sender_domains=Many(("smtp:fabrikam.com;1",)), treat_messages_as_internal=True),),
        outcome=Attributed.BY_CERTIFICATE,
        relay=YES,
        passes=True,
    ),
    # 4 and 5: by the address
    "an address of IPv4 in IPv6's clothes": Case(
        shows=None,
        connectors=(inbound(INBOUND, None, "198.51.100.0/24"),),
        address=f"::ffff:{CLIENT}",
        outcome=Attributed.BY_ADDRESS,
        relay=OWN,
        passes=True,
    ),
    "an address inside, and connectors that know public ones": Case(
        shows=None,
        connectors=(inbound(INBOUND, None, "198.51.100.0/24"),),
        address="10.0.0.5",
        outcome=Attributed.UNKNOWN,
        relay=OPEN,
        told=frozenset({"attribution-unknown:address", "client-certificate-not-sent"}),
    ),
    "IPv6, and connectors that know public addresses": Case(
        shows=ELSEWHERE,
        connectors=(inbound(INBOUND, None, "198.51.100.0/24"),),
        address="2001:db8::5",
        outcome=Attributed.UNKNOWN,
        relay=OPEN,
        told=frozenset({"attribution-unknown:address"}),
    ),
    "an address inside, and connectors that know others inside": Case(
        shows=None,
        connectors=(inbound(INBOUND, None, "10.0.0.6", "::1"),),
        address="10.0.0.5",
        outcome=Attributed.NOT_SENT,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:not-sent", "client-certificate-not-sent"}),
    ),
    "address, own sender": Case(
        shows=None, connectors=(inbound(INBOUND, None, CLIENT),), outcome=Attributed.BY_ADDRESS, relay=OWN, passes=True
    ),
    "address in a network": Case(
        shows=None,
        connectors=(inbound(INBOUND, None, "192.0.2.1", "198.51.100.0/24"),),
        outcome=Attributed.BY_ADDRESS,
        relay=OWN,
        passes=True,
    ),
    "address outside the network": Case(
        shows=None,
        connectors=(inbound(INBOUND, None, "198.51.100.8/29"),),
        outcome=Attributed.NOT_SENT,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:not-sent", "client-certificate-not-sent"}),
    ),
    "address, the null sender": Case(
        shows=None,
        says=said("<>"),
        connectors=(inbound(INBOUND, None, CLIENT),),
        outcome=Attributed.BY_ADDRESS,
        relay=OWN,
        passes=False,
        reply=DENIED,
        told=frozenset({"relay-refused:null-sender"}),
    ),
    "address, somebody else's mail": Case(
        shows=None,
        says=said("x.org"),
        connectors=(inbound(INBOUND, None, CLIENT),),
        outcome=Attributed.BY_ADDRESS,
        relay=OWN,
        passes=False,
        reply=DENIED,
        told=frozenset({"relay-refused:foreign-sender"}),
    ),
    "address, a subdomain's mail": Case(
        shows=None,
        says=said("news.contoso.com"),
        connectors=(inbound(INBOUND, None, CLIENT),),
        outcome=Attributed.BY_ADDRESS,
        relay=OWN,
        passes=False,
        reply=DENIED,
        told=frozenset({"relay-refused:foreign-sender"}),
    ),
    "address, a subdomain's mail, and nobody knows of subdomains": Case(
        shows=None,
        says=said("news.contoso.com"),
        connectors=(inbound(INBOUND, None, CLIENT),),
        domains=(domain(match_subdomains=Gap.ABSENT),),
        outcome=Attributed.BY_ADDRESS,
        relay=OWN,
        told=frozenset({"attribution-unknown:accepted-domains"}),
    ),
    "address, the null sender to a colleague": Case(
        shows=None,
        says=said("<>", "contoso.com"),
        connectors=(inbound(INBOUND, None, CLIENT),),
        outcome=Attributed.BY_ADDRESS,
        relay=OWN,
        passes=True,
    ),
    "address, and a good certificate": Case(
        says=said("<>"),
        connectors=(inbound(INBOUND, "other.contoso.com", CLIENT),),
        outcome=Attributed.BY_ADDRESS,
        relay=YES,
        passes=True,
    ),
    "address, and a bad chain": Case(
        shows=WHOLE[:1],
        connectors=(inbound(INBOUND, HOST, CLIENT),),
        outcome=Attributed.BY_ADDRESS,
        relay=OWN,
        passes=True,
        told=INCOMPLETE,
    ),
    "address in plain text": Case(
        shows=None,
        asks=False,
        connectors=(inbound(INBOUND, None, CLIENT),),
        outcome=Attributed.BY_ADDRESS,
        relay=OWN,
        passes=True,
        told=frozenset({"client-without-tls"}),
    ),
    "the certificate goes before the address": Case(
        connectors=(inbound("By address", None, CLIENT), inbound("By name")),
        outcome=Attributed.BY_CERTIFICATE,
        relay=YES,
        passes=True,
    ),
    # several
    "two by certificate": Case(
        connectors=(inbound("One"), inbound("Two", "*.contoso.com")),
        outcome=Attributed.AMBIGUOUS,
        relay=YES,
        passes=True,
        told=frozenset({"attribution-ambiguous"}),
    ),
    "two by address": Case(
        shows=None,
        says=said("<>"),
        connectors=(inbound("One", None, CLIENT), inbound("Two", None, "198.51.100.0/24")),
        outcome=Attributed.AMBIGUOUS,
        relay=OWN,
        passes=False,
        reply=DENIED,
        told=frozenset({"attribution-ambiguous", "client-certificate-not-sent", "relay-refused:null-sender"}),
    ),
    # 6: partners
    "a partner's domain without its certificate": Case(
        shows=ELSEWHERE,
        says=said("fabrikam.com", "contoso.com"),
        connectors=(inbound(), replace(partner(), tls_sender_certificate_name="mx.fabrikam.com")),
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=False,
        reply="5.7.51",
        told=frozenset({"not-attributed:no-connector", "partner-restricted"}),
    ),
    "a partner with its certificate": Case(
        shows=ELSEWHERE,
        says=said("fabrikam.com", "contoso.com"),
        connectors=(inbound(), partner()),
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=True,
        told=frozenset({"not-attributed:no-connector"}),
    ),
    "a partner from elsewhere": Case(
        shows=ELSEWHERE,
        says=said("news.fabrikam.com", "contoso.com"),
        connectors=(
            inbound(),
            partner(
                restrict_domains_to_certificate=False,
                restrict_domains_to_ip_addresses=True,
                sender_ip_addresses=Many(("192.0.2.1",)),
            ),
        ),
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=False,
        reply="5.7.51",
        told=frozenset({"not-attributed:no-connector", "partner-restricted"}),
    ),
    "a partner's wildcard is for the domain, too": Case(
        shows=ELSEWHERE,
        says=said("fabrikam.com", "contoso.com"),
        connectors=(
            inbound(),
            partner(sender_domains=Many(("*.fabrikam.com",)), tls_sender_certificate_name="mx.fabrikam.com"),
        ),
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=False,
        reply="5.7.51",
        told=frozenset({"not-attributed:no-connector", "partner-restricted"}),
    ),
    "a partner of public addresses, seen inside": Case(
        shows=ELSEWHERE,
        says=said("fabrikam.com", "contoso.com"),
        connectors=(
            inbound(),
            partner(
                restrict_domains_to_certificate=False,
                restrict_domains_to_ip_addresses=True,
                sender_ip_addresses=Many(("192.0.2.1",)),
            ),
        ),
        address="192.168.3.4",
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=True,
        told=frozenset({"not-attributed:no-connector"}),
    ),
    "a partner whose addresses are not known": Case(
        shows=ELSEWHERE,
        says=said("fabrikam.com", "contoso.com"),
        connectors=(
            inbound(),
            partner(
                restrict_domains_to_certificate=False,
                restrict_domains_to_ip_addresses=True,
                sender_ip_addresses=Gap.LOST,
            ),
        ),
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=True,
        told=frozenset({"not-attributed:no-connector"}),
    ),
    "the tenant's own server is no partner": Case(
        says=said("fabrikam.com"),
        connectors=(inbound(), replace(partner(), tls_sender_certificate_name="mx.fabrikam.com")),
        outcome=Attributed.BY_CERTIFICATE,
        relay=YES,
        passes=True,
    ),
    # what the exports do not tell
    "addresses not known": Case(
        shows=None,
        connectors=(inbound(sender_ip_addresses=Gap.LOST),),
        outcome=Attributed.UNKNOWN,
        relay=OPEN,
        told=frozenset({"attribution-unknown:connectors", "client-certificate-not-sent"}),
    ),
    "addresses cut": Case(
        shows=None,
        connectors=(inbound(sender_ip_addresses=Many(("192.0.2.1",), cut=True)),),
        outcome=Attributed.UNKNOWN,
        relay=OPEN,
        told=frozenset({"attribution-unknown:connectors", "client-certificate-not-sent"}),
    ),
    "the type not known of one that matches": Case(
        connectors=(inbound(connector_type=Gap.ABSENT),),
        outcome=Attributed.UNKNOWN,
        relay=OPEN,
        told=frozenset({"attribution-unknown:connectors"}),
    ),
    "whether it is on is not known": Case(
        shows=None,
        connectors=(inbound(INBOUND, None, CLIENT, enabled=Gap.LOST),),
        outcome=Attributed.UNKNOWN,
        relay=OPEN,
        told=frozenset({"attribution-unknown:connectors", "client-certificate-not-sent"}),
    ),
    "the type not known of one that does not match": Case(
        shows=ELSEWHERE,
        connectors=(inbound(connector_type=Gap.ABSENT),),
        outcome=Attributed.NO_CONNECTOR,
        relay=NO,
        passes=False,
        reply=DENIED,
        told=frozenset({"not-attributed:no-connector"}),
    ),
    "names not known": Case(
        connectors=(inbound(INBOUND, Gap.ABSENT),),
        outcome=Attributed.UNKNOWN,
        relay=OPEN,
        told=frozenset({"attribution-unknown:connectors"}),
    ),
    "a pair that is cut": Case(
        connectors=(inbound(INBOUND, f"<I>{ISSUER}<S>, O=Contoso Ltd"),),
        outcome=Attributed.UNKNOWN,
        relay=OPEN,
        told=frozenset({"attribution-unknown:connectors"}),
    ),
    "names not known, the address is": Case(
        connectors=(inbound(INBOUND, Gap.ABSENT, CLIENT),), outcome=Attributed.BY_ADDRESS, relay=YES, passes=True
    ),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_a_delivery_is_attributed_by_the_rules(case: Case) -> None:
    report = case.report()
    found = attributed(report)

    assert (found.outcome, found.relay, found.passes) == (case.outcome, case.relay, case.passes)
    assert found.reply == case.reply or (case.reply == "5.7.51" and found.reply.startswith("550 5.7.51 "))
    assert named(report) == case.told


def test_every_outcome_and_every_finding_on_it_is_in_the_table() -> None:
    reports = [case.report() for case in CASES.values()]
    told = {(found.code, cause(found)) for report in reports for found in report.findings}
    rests_on_exports = [entry for entry in ENTRIES if not entry.code.startswith("client-")]

    assert {attributed(report).outcome for report in reports} == set(Attributed)
    assert {entry.code for entry in rests_on_exports} <= {code for code, _ in told}
    assert {(entry.code, of) for entry in rests_on_exports for of in entry.causes} <= told


def test_the_verdict_is_one_line() -> None:
    lines = {name: sentence(case.report().findings[0]) for name, case in CASES.items()}
    by = f"attributed to connector {INBOUND} by certificate (mail.contoso.com)"

    assert sentence(find(CASES["its own mail"].report(), "attributed-by-certificate")) == f"{by}; relay possible: yes"
    assert sentence(find(CASES["address, own sender"].report(), "attributed-by-address")) == (
        f"attributed to connector {INBOUND} by address ({CLIENT}); relay possible: only for senders in accepted "
        "domains, because no certificate under an accepted domain stands beside the address"
    )
    assert lines["plain text"] == "it did not use TLS, and no inbound connector knows its address"
    hidden = CASES["an address inside, and connectors that know public ones"].report()
    assert sentence(find(hidden, "attribution-unknown")) == (
        "not known: it showed no certificate; and at which address Exchange Online would see 10.0.0.5 cannot be known "
        f"here, and these connectors go by addresses: {INBOUND}"
    )
    self_signed = CASES["self-signed"].report()
    assert sentence(find(self_signed, "not-attributed")) == (
        "a self-signed certificate does not count (UntrustedRoot), and no inbound connector knows its address"
    )
    bare = CASES["a wildcard expected, the bare domain shown"].report()
    assert "whether it takes contoso.com for *.contoso.com is unverified" in sentence(find(bare, "not-attributed"))


def test_a_missing_intermediate_is_named() -> None:
    """Microsoft KB 3212877: UntrustedRoot and 5.7.64, for the server sent its leaf alone."""
    report = CASES["leaf only"].report()

    assert attributed(report).status == "UntrustedRoot"
    for code in ("chain-incomplete", "certificate-not-trusted"):
        assert ISSUER in sentence(find(report, code))
    assert HOST not in sentence(find(report, "certificate-not-trusted"))
    assert "UntrustedRoot" in sentence(find(report, "not-attributed"))


def test_the_address_makes_up_for_a_chain_and_not_for_the_rest() -> None:
    report = CASES["address, and a bad chain"].report()
    assert report.verdict is WARN
    assert find(CASES["address, own sender"].report(), "client-certificate-not-sent").fact("excused_by")


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_exchange_online_is_quoted_for_this_delivery_alone(case: Case) -> None:
    """Where it would refuse it, in the words of that very refusal; where it would take it, not at all."""
    report = case.report()
    found = attributed(report)
    quoted = {words for one in report.findings if one.verdict is not OK for words in of(one)}
    assert quoted == ({found.reply} if found.reply else set())


def of(found: Finding) -> tuple[str, ...]:
    """What Exchange Online says of it, by the report."""
    words = bounces(found, explain(found.code, cause(found)))
    assert json.loads(encode(told(found)))["exchange_online"] == list(words)
    return words


def test_without_exports_the_catalogue_s_words_stand() -> None:
    assert DENIED in of(find(judged(delivery()), "client-certificate-not-sent"))
    assert DENIED in of(find(judged(delivery(*WHOLE[:1])), "chain-incomplete"))


def test_words_that_are_no_answer_to_the_delivery_stand() -> None:
    """Those of the server's own log, where the handshake failed."""
    report = judged(stopped(Stage.HANDSHAKE, Kind.CLOSED, ""), organisation(inbound=(inbound(),)))
    assert of(find(report, "client-handshake-failed"))[0].endswith("NoCredentials")


def blank(found: Finding) -> str | None:
    return dict(found.names.common).get("INBOUND-CONNECTOR")


def test_a_partner_s_connector_is_named_where_it_is_the_matter_alone() -> None:
    barring = replace(partner(), tls_sender_certificate_name="mx.fabrikam.com")
    case = replace(CASES["a partner's domain without its certificate"], connectors=(barring,))
    report = case.report()
    assert named(report) == {"not-attributed:no-connectors-at-all", "partner-restricted"}
    assert blank(find(report, "partner-restricted")) == "From Fabrikam"
    assert blank(find(report, "not-attributed")) is None

    off = inbound(enabled=False)
    report = replace(case, connectors=(barring, off)).report()
    assert (blank(find(report, "partner-restricted")), blank(find(report, "not-attributed"))) == (
        "From Fabrikam",
        INBOUND,
    )
    report = replace(case, connectors=(barring, inbound())).report()
    assert blank(find(report, "not-attributed")) == INBOUND


@pytest.mark.parametrize(
    ("connectors", "name"),
    [
        ((inbound(enabled=False),), INBOUND),
        ((inbound(enabled=False), partner(enabled=False)), INBOUND),
        ((inbound("One", enabled=False), inbound("Two", enabled=False)), None),
        ((partner(enabled=False),), None),
        ((), None),
    ],
    ids=["off", "and-a-partner", "two", "partner", "none"],
)
def test_only_a_connector_that_is_off_is_to_be_enabled(
    connectors: tuple[InboundConnector, ...], name: str | None
) -> None:
    found = find(replace(CASES["switched off"], connectors=connectors).report(), "not-attributed")
    assert cause(found) == "no-connectors-at-all"
    assert blank(found) == name


def test_what_nobody_has_verified_is_said() -> None:
    kept, refused = (CASES[f"in no accepted domain, {who}"].report() for who in ("own sender", "the null sender"))
    assert (find(kept, "relay-refused").verdict, find(refused, "relay-refused").verdict) == (WARN, FAIL)
    assert "documented both ways" in sentence(find(kept, "relay-refused"))
    bare = replace(CASES["a wildcard shown"], connectors=(inbound(INBOUND, "contoso.com"),)).report()
    assert "unverified" in sentence(find(bare, "attributed-by-certificate"))


def test_a_self_signed_certificate_does_not_count_whoever_trusts_it() -> None:
    trusting = Anchors(label="ours", der=(sample("selfsigned"),))
    whole = organisation(inbound=(inbound(INBOUND, "EX01"),), send=())
    report = judge(delivered(delivery(sample("selfsigned"))), Standard(), trusting, AT, whole)
    assert (attributed(report).outcome, attributed(report).status) == (Attributed.CHAIN_BAD, "UntrustedRoot")


def test_none_exported_is_not_none() -> None:
    report = judged(delivery(*WHOLE), organisation(inbound=(), send=()))
    assert attributed(report).outcome is Attributed.UNKNOWN
    assert "Get-InboundConnector" in sentence(find(report, "attribution-unknown"))


def test_without_exports_nothing_is_attributed() -> None:
    report = judged(delivery(*WHOLE))
    assert report.attribution is None
    assert report.verdict is OK


@pytest.mark.parametrize(
    "found",
    [
        stopped(Stage.HANDSHAKE, Kind.ALERT, "unknown ca"),
        replace(delivery(said=(), session=None), early="EHLO injected"),
        delivery(said=("EHLO scanner",), asks=False),
        delivery(said=("EHLO EX01", "STARTTLS", *OUR_MAIL), asks=False),
    ],
    ids=["handshake", "injected", "scan", "put-off"],
)
def test_what_came_to_no_delivery_is_not_attributed(found: Observation) -> None:
    report = judged(found, organisation(inbound=(inbound(INBOUND, None, CLIENT),)))
    assert attributed(report).outcome is Attributed.UNKNOWN
    assert not {entry for entry in named(report) if entry.startswith(("attribut", "not-attributed", "relay"))}


# What Exchange Online would answer


@pytest.mark.parametrize(
    ("says", "reply"),
    [
        (said("contoso.com", "fabrikam.com"), ""),
        (said("<>", "fabrikam.com"), DENIED),
        (said("<>", "contoso.com"), ""),
        (said("x.org", "contoso.com", "fabrikam.com"), DENIED),
        (said("x.org", "fabrikam.com", "contoso.com"), ""),
        (said("Åland.example".encode().decode("latin-1"), "fabrikam.com"), DENIED),
        ((*said("x.org", "fabrikam.com"), "RSET", *said("contoso.com", "fabrikam.com")[1:]), ""),
    ],
)
def test_the_reply_is_to_the_last_recipient(says: tuple[str, ...], reply: str) -> None:
    whole = organisation(inbound=(inbound(INBOUND, None, CLIENT),))
    assert refusal(delivery(said=says), Standard(), ANCHORS, AT, whole) == reply


def test_the_reply_rests_on_the_certificate_and_needs_exports() -> None:
    whole = organisation(inbound=(inbound(),))
    assert refusal(delivery(*WHOLE), Standard(), ANCHORS, AT, whole) == ""
    assert refusal(delivery(*WHOLE[:1]), Standard(), ANCHORS, AT, whole) == DENIED
    assert refusal(delivery(*WHOLE[:1]), Standard(), ANCHORS, AT, None) == ""
    assert refusal(delivery(*WHOLE[:1]), Standard(), ANCHORS, AT, organisation(inbound=())) == ""
