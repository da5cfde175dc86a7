"""The other direction: one delivery for every way in which mail to Exchange Online is attributed to its tenant, or not.

EX01 sends what Contoso's people write through the hybrid send connector, presenting mail.contoso.com's certificate, by
which the tenant's inbound connector knows it. Each case is one delivery to a listener where that is so, or not so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding

from probe.demo.built import Built
from probe.demo.estate import HOST, dates
from probe.demo.pki import Authorities, Identity, exchange_default
from probe.demo.sender import Mail
from probe.judge.certificate import Certificate, parse
from probe.model import (
    AcceptedDomain,
    Attributed,
    ExchangeCertificate,
    InboundConnector,
    Many,
    Organisation,
    OutboundConnector,
    Report,
    SendConnector,
    Verdict,
)

TENANT = "5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10"  # as the wizard writes it into its connectors' names
SENDER = "EX01"
WRITTEN = Mail(sender="adele@contoso.com", recipient="orders@fabrikam.example")
BOUNCE = Mail(sender="", recipient="orders@fabrikam.example")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Built):
    """One delivery, and what must come of it: with `identity` as the client's certificate, None for none, judged by
    the exports of `organisation`."""

    identity: Identity | None
    mail: Mail
    organisation: Organisation
    outcome: Attributed

    def otherwise(self, report: Report) -> list[str]:
        wrong = Built.otherwise(self, report)  # dataclasses with slots know no super()
        outcome = report.attribution and report.attribution.outcome
        return (
            wrong if outcome is self.outcome else [*wrong, f"{self.name}: {outcome}, and was built for {self.outcome}"]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """Every delivery, and the root that the judge has to trust."""

    roots_pem: bytes
    cases: tuple[Delivery, ...]


def deliveries(address: str, now: datetime) -> Deliveries:
    """The deliveries of a server at `address`, its certificates dated around `now`."""
    authorities = Authorities()
    named = authorities.issue((HOST, "autodiscover.contoso.com"), *dates(now, days_left=150))
    webmail = authorities.issue(("webmail.contoso.com",), *dates(now, days_left=150))
    default = exchange_default(SENDER, "corp.contoso.com", installed=now - timedelta(days=400))
    whole = _organisation(named, webmail, default)
    return Deliveries(
        roots_pem=authorities.root.cert_pem.bytes(), cases=tuple(_cases(address, named, webmail, default, whole))
    )


def _cases(
    address: str, named: Identity, webmail: Identity, default: Identity, whole: Organisation
) -> Iterator[Delivery]:
    yield Delivery(
        name="attributed",
        story="The server sends the certificate of its connector with its intermediate, as it should be.",
        identity=named,
        mail=WRITTEN,
        organisation=whole,
        verdict=Verdict.OK,
        outcome=Attributed.BY_CERTIFICATE,
        codes=frozenset({"tls-established", "attributed-by-certificate", "connector-certificate-matches"}),
    )
    yield Delivery(
        name="sent without its chain",
        story="The intermediate is not in the server's store: the certificate goes alone and counts for nothing.",
        identity=Identity(named.key, named.chain[:1]),
        mail=WRITTEN,
        organisation=whole,
        verdict=Verdict.FAIL,
        outcome=Attributed.CHAIN_BAD,
        codes=frozenset({"not-attributed", "certificate-not-trusted", "connector-certificate-matches"}),
        causes=frozenset({"chain-bad", "client-chain-incomplete"}),
    )
    yield Delivery(
        name="another certificate",
        story="The server sends the web mail's certificate, which is good, and which neither connector names.",
        identity=webmail,
        mail=WRITTEN,
        organisation=whole,
        verdict=Verdict.FAIL,
        outcome=Attributed.NO_CONNECTOR,
        codes=frozenset({"not-attributed", "connector-certificate-mismatch"}),
        causes=frozenset({"no-connector"}),
    )
    yield Delivery(
        name="sent self-signed",
        story="Exchange cannot use the certificate that its connector names, and sends the one its own setup made.",
        identity=default,
        mail=WRITTEN,
        organisation=whole,
        verdict=Verdict.FAIL,
        outcome=Attributed.CHAIN_BAD,
        codes=frozenset({"not-attributed", "certificate-not-trusted", "connector-certificate-mismatch"}),
        causes=frozenset({"self-signed", "client-self-signed"}),
    )
    yield Delivery(
        name="no certificate sent",
        story="A relay between Exchange and Exchange Online speaks TLS for itself, and has no certificate to show.",
        identity=None,
        mail=WRITTEN,
        organisation=whole,
        verdict=Verdict.FAIL,
        outcome=Attributed.NOT_SENT,
        codes=frozenset({"not-attributed"}),
        causes=frozenset({"not-sent"}),
    )
    yield Delivery(
        name="bounce by address",
        story="The connector knows the relay by its address: enough for Contoso's senders, and not for a bounce's <>.",
        identity=None,
        mail=BOUNCE,
        organisation=replace(whole, inbound=(_inbound(sender_ip_addresses=Many((address,))),)),
        verdict=Verdict.FAIL,
        outcome=Attributed.BY_ADDRESS,
        codes=frozenset({"relay-refused"}),
        causes=frozenset({"null-sender"}),
    )


def _organisation(named: Identity, *others: Identity) -> Organisation:
    """As exports of both sides tell of it, `named` being the certificate that the connectors name."""
    certificate = _parsed(named)
    return Organisation(
        inbound=(_inbound(tls_sender_certificate_name=HOST),),
        outbound=(
            OutboundConnector(
                name=f"Outbound to {TENANT}",
                enabled=True,
                connector_type="OnPremises",
                tls_settings="DomainValidation",
                tls_domain=HOST,
            ),
        ),
        send=(
            SendConnector(
                name=f"Outbound to Office 365 - {TENANT}",
                enabled=True,
                require_tls=True,
                tls_auth_level="DomainValidation",
                tls_domain="mail.protection.outlook.com",
                tls_certificate_name=f"<I>{certificate.issuer}<S>{certificate.subject}",
                fqdn=HOST,
                dns_routing_enabled=True,
                smart_hosts=Many(),
                address_spaces=Many(("smtp:*;1",)),
                cloud_services_mail_enabled=True,
                ignore_starttls=False,
                source_transport_servers=Many((SENDER,)),
            ),
        ),
        certificates=tuple(_installed(identity) for identity in (named, *others)),
        domains=tuple(
            AcceptedDomain(domain=domain, domain_type="Authoritative", match_subdomains=False, online=True)
            for domain in ("contoso.com", "contoso.mail.onmicrosoft.com")
        ),
    )


def _inbound(
    *, tls_sender_certificate_name: str | None = None, sender_ip_addresses: Many | None = None
) -> InboundConnector:
    return InboundConnector(
        name=f"Inbound from {TENANT}",
        enabled=True,
        connector_type="OnPremises",
        connector_source="HybridWizard",
        sender_domains=Many(("smtp:*;1",)),
        sender_ip_addresses=sender_ip_addresses,
        tls_sender_certificate_name=tls_sender_certificate_name,
        require_tls=True,
        restrict_domains_to_certificate=False,
        restrict_domains_to_ip_addresses=False,
        cloud_services_mail_enabled=True,
    )


def _installed(identity: Identity) -> ExchangeCertificate:
    certificate = _parsed(identity)
    return ExchangeCertificate(
        thumbprint=certificate.sha1.upper(),
        server=SENDER,
        subject=certificate.subject,
        issuer=certificate.issuer,
        serial=certificate.serial,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        domains=Many(certificate.names),
        services=Many(("SMTP",)),
        status="Valid",
        has_private_key=True,
        is_self_signed=certificate.issuer == certificate.subject,
        der=certificate.der,
    )


def _parsed(identity: Identity) -> Certificate:
    found = parse(identity.chain[0].public_bytes(Encoding.DER))
    assert isinstance(found, Certificate)  # noqa: S101 - we have made it
    return found
