"""A hybrid organisation's Postfix delivers to `probe listen`, which has the organisation's exports: whose mail Exchange
Online would take it for, and what it would say. Then what becomes of the mail."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.pki import TODAY, Issued, self_signed
from tests.real.changing import NET, mail_relay
from tests.real.duty import until
from tests.real.estate import Authorities
from tests.real.listening import Listening, listening
from tests.real.onpremises import SENDER, OnPremises, Tenant, Transport, inbound, on_premises
from tests.real.servers import directory

NAME = "mail.contoso.com"
REFUSED = "550 5.7.64 TenantAttribution; Relay Access Denied"
BY_ADDRESS = "127.0.0.9"  # whence mail comes that is known by its address


class Certificates:
    """By the names of the transports that present them."""

    def __init__(self, authorities: Authorities) -> None:
        self.issuing = issuing = authorities.issuing
        ended = {"not_before": TODAY - timedelta(days=390), "not_after": TODAY - timedelta(days=20)}
        # The organisation has moved since: two certificates of one name, told apart by thumbprint and subject.
        self.named = issuing.leaf(names=(NAME,), subject=f"CN={NAME},O=Contoso Ltd,L=Reading,C=GB")
        self.other = issuing.leaf(names=(NAME,), subject=f"CN={NAME},O=Contoso Ltd,L=Leeds,C=GB")
        self.expired = issuing.leaf(names=(NAME,), **ended)  # type: ignore[arg-type]
        self.stranger = issuing.leaf(names=("mail.northwind.test",))
        self.fabrikam = issuing.leaf(names=("mail.fabrikam.test",))
        self.twice = issuing.leaf(names=("twice.contoso.com",))
        self.alone = self_signed(names=(NAME,), subject=f"CN={NAME}")

    @property
    def transports(self) -> dict[str, Transport]:
        def presenting(*chain: Issued) -> Transport:
            return Transport(chain=chain)

        issuing = self.issuing
        return {
            "named": presenting(self.named, issuing),
            # Each letter has a process of its own: as after a restart.
            "changing": Transport(chain=(self.other, issuing), options=("max_use = 1",)),
            "leaf": presenting(self.named),
            "alone": presenting(self.alone),
            "expired": presenting(self.expired, issuing),
            "stranger": presenting(self.stranger, issuing),
            "fabrikam": presenting(self.fabrikam, issuing),
            "twice": presenting(self.twice, issuing),
            "none": Transport(),
            "plain": Transport(options=("smtp_tls_security_level = none",)),
            "address": Transport(options=(f"smtp_bind_address = {BY_ADDRESS}",)),
        }

    @property
    def tenant(self) -> Tenant:
        partner = {"ConnectorType": "Partner", "RestrictDomainsToCertificate": True, "CloudServicesMailEnabled": False}
        return Tenant(
            inbound=[
                inbound("Hybrid", TlsSenderCertificateName=NAME),
                inbound("Fabrikam", TlsSenderCertificateName="mail.fabrikam.test"),
                inbound("First", TlsSenderCertificateName="twice.contoso.com"),
                inbound("Second", TlsSenderCertificateName="twice.contoso.com"),
                inbound("Scanners", SenderIPAddresses=[BY_ADDRESS]),
                inbound(
                    "Partner",
                    SenderDomains=["smtp:partner.test;1"],
                    TlsSenderCertificateName="mail.partner.test",
                    **partner,
                ),
            ],
            accepted=("contoso.com", "contoso.mail.onmicrosoft.com"),
            names=self.named,
            installed=(self.named, self.other),
        )


@pytest.fixture(scope="module")
def certificates(authorities: Authorities) -> Certificates:
    return Certificates(authorities)


@pytest.fixture(scope="module")
def exports(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates.tenant.written(tmp_path_factory.mktemp("exports") / "organisation.json")


@pytest.fixture(scope="module")
def exchange(exports: Path, roots: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """Answers as Exchange Online would."""
    home = directory(tmp_path_factory, "exchange")
    with listening(home, roots, "--connectors", exports, "--reply", "exchange") as there:
        yield there


@pytest.fixture(scope="module")
def postfix_queue(
    authorities: Authorities, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OnPremises]:
    home = directory(tmp_path_factory, "queue")
    with on_premises(home, certificates.transports, authorities.root) as postfix:
        yield postfix


# By the recipient's domain: transport, sender; and what is made of it: outcome, relay, fault, the answer that Exchange
# Online would give (nothing: it takes the mail).
FOREIGN = "sender@elsewhere.test"
OWN_ONLY = "only for senders in accepted domains"
SMTP, ATTR36 = f"{REFUSED} SMTP", f"{REFUSED} ATTR36"
DELIVERIES = {
    "right.test": ("named", SENDER, "ATTRIBUTED_CERT", "yes", None, ""),
    "right-null.test": ("named", "", "ATTRIBUTED_CERT", "yes", None, ""),
    "right-foreign.test": ("named", FOREIGN, "ATTRIBUTED_CERT", "yes", None, ""),
    "leaf.test": ("leaf", SENDER, "CERT_CHAIN_BAD", "no", "not-attributed", SMTP),
    "alone.test": ("alone", SENDER, "CERT_CHAIN_BAD", "no", "not-attributed", SMTP),
    "expired.test": ("expired", SENDER, "CERT_CHAIN_BAD", "no", "not-attributed", SMTP),
    "stranger.test": ("stranger", SENDER, "CERT_NAME_NO_CONNECTOR", "no", "not-attributed", SMTP),
    "none.test": ("none", SENDER, "CERT_NOT_SENT", "no", "not-attributed", SMTP),
    "plain.test": ("plain", SENDER, "ANONYMOUS", "no", "not-attributed", SMTP),
    "attr36.test": ("fabrikam", FOREIGN, "CERT_DOMAIN_NOT_ACCEPTED", OWN_ONLY, "relay-refused", ATTR36),
    "attr36-null.test": ("fabrikam", "", "CERT_DOMAIN_NOT_ACCEPTED", OWN_ONLY, "relay-refused", ATTR36),
    "address.test": ("address", SENDER, "ATTRIBUTED_IP", OWN_ONLY, None, ""),
    "address-null.test": ("address", "", "ATTRIBUTED_IP", OWN_ONLY, "relay-refused", SMTP),
    "address-foreign.test": ("address", FOREIGN, "ATTRIBUTED_IP", OWN_ONLY, "relay-refused", SMTP),
    # Inside the tenant it goes through as mail from the Internet, with what that costs it.
    "contoso.com": ("none", SENDER, "CERT_NOT_SENT", "no", "not-attributed", ""),
    "partnered.test": ("none", "sender@partner.test", "CERT_NOT_SENT", "no", "partner-restricted", "550 5.7.51"),
    "twice.test": ("twice", SENDER, "AMBIGUOUS", "yes", "attribution-ambiguous", ""),
}


@pytest.fixture(scope="module")
def under_way(exchange: Listening, postfix_queue: OnPremises) -> None:
    for domain, (transport, sender, *_) in DELIVERIES.items():
        postfix_queue.send(transport, exchange.nexthop, domain, sender)


@pytest.mark.usefixtures("under_way")
@pytest.mark.parametrize("domain", DELIVERIES)
def test_whose_mail_it_is_and_what_becomes_of_it(exchange: Listening, postfix_queue: OnPremises, domain: str) -> None:
    _, sender, outcome, relay, fault, reply = DELIVERIES[domain]
    (delivery,) = exchange.to(domain)
    made = delivery.attribution

    assert delivery.said["senders"] == [sender.partition("@")[2]]
    assert (made["outcome"], made["relay"]) == (outcome, relay)
    assert made["reply"].startswith(reply) if reply else made["reply"] == ""
    assert fault in delivery.faults if fault else delivery.faults == set()
    status, reason = postfix_queue.fate(domain)
    answer = reply or "451 4.7.0 TLS probe: message not accepted"
    assert (status, f"said: {answer}" in reason) == ("bounced" if reply else "deferred", True), reason


@pytest.mark.usefixtures("under_way")
@pytest.mark.parametrize(
    ("domain", "code", "cause"),
    [
        ("attr36.test", "relay-refused", "name-not-accepted"),
        ("address-null.test", "relay-refused", "null-sender"),
        ("address-foreign.test", "relay-refused", "foreign-sender"),
        ("none.test", "not-attributed", "not-sent"),
        ("plain.test", "not-attributed", "plain-text"),
        ("leaf.test", "not-attributed", "chain-bad"),
        ("stranger.test", "not-attributed", "no-connector"),
    ],
)
def test_the_fault_says_why(exchange: Listening, domain: str, code: str, cause: str) -> None:
    (delivery,) = exchange.to(domain)
    found = delivery.finding(code)

    assert (found["verdict"], found["facts"]["cause"]) == ("FAIL", cause)


@pytest.mark.usefixtures("under_way")
def test_seed_000_the_leaf_alone_lacks_its_issuer(exchange: Listening, certificates: Certificates) -> None:
    (delivery,) = exchange.to("leaf.test")
    untrusted = delivery.finding("certificate-not-trusted")

    assert delivery.presented(certificates.named)
    assert untrusted["facts"]["issuer"] == "CN=Probe Test Issuing CA, O=Probe Tests, C=GB"
    assert untrusted["hresult"].startswith("CERT_E_UNTRUSTEDROOT")
    assert SMTP in untrusted["exchange_online"]
    assert delivery.finding("not-attributed")["facts"]["status"] == "UntrustedRoot"


def test_seed_003_another_certificate_than_the_connectors(
    exchange: Listening, postfix_queue: OnPremises, certificates: Certificates
) -> None:
    postfix_queue.send("changing", exchange.nexthop, "before.test")
    (before,) = exchange.to("before.test")
    mismatch = before.finding("connector-certificate-mismatch")
    assert before.presented(certificates.other, certificates.issuing)
    told = str(mismatch["facts"])
    assert certificates.named.sha1.upper() in told
    assert certificates.other.sha1.upper() in told
    assert "Outbound to Office 365" in told

    postfix_queue.present("changing", (certificates.named, certificates.issuing))
    postfix_queue.send("changing", exchange.nexthop, "after.test")
    (after,) = exchange.to("after.test")
    assert after.finding("connector-certificate-matches")["verdict"] == "OK"
    assert after.attribution["outcome"] == "ATTRIBUTED_CERT"
    assert "connector-certificate-mismatch" not in after.codes


def test_mail_that_was_heard_leaves_when_its_destination_returns(
    exports: Path,
    roots: Path,
    authorities: Authorities,
    certificates: Certificates,
    postfix_queue: OnPremises,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    address, domain = f"{NET}.9", "contoso.mail.onmicrosoft.com"
    home = directory(tmp_path_factory, "instead")
    with listening(home, roots, "--connectors", exports, address=address, port=25) as there:
        postfix_queue.send("named", there.nexthop, domain)
        (delivery,) = there.to(domain)
        assert postfix_queue.fate(domain)[0] == "deferred"
        until(lambda: [one["queue_name"] for one in postfix_queue.queued(domain)] == ["deferred"], "it is not queued")
        (letter,) = postfix_queue.queued(domain)
    assert delivery.verdict == "OK"
    assert "said: 451 4.7.0 TLS probe: message not accepted" in letter["recipients"][0]["delay_reason"]

    chain = (authorities.issuing.leaf(names=("mx.example.org",)), authorities.issuing)
    with mail_relay(directory(tmp_path_factory, "real"), address, chain, authorities.root) as real:
        postfix_queue.hurry(letter)
        until(lambda: postfix_queue.fate(domain)[0] == "sent", "the letter does not leave")
        until(lambda: not postfix_queue.queued(domain), "the letter is kept")
        (arrived,) = real.letters
    assert f"for <someone@{domain}>" in arrived
