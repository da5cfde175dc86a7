"""Organisations by hand: a healthy one, and what of it a test wants otherwise."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fixtures.certificates import sample
from probe.judge.certificate import Certificate, parse
from probe.model import (
    AcceptedDomain,
    ExchangeCertificate,
    HybridConfiguration,
    InboundConnector,
    Many,
    Organisation,
    OutboundConnector,
    ReceiveConnector,
    SendConnector,
)

HOST = "mail.contoso.com"
ISSUER = 'CN=Fabrikam TLS RSA CA 2025, O="Fabrikam Trust Services, Inc.", C=US'
SUBJECT = "CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB"
NAME = f"<I>{ISSUER}<S>{SUBJECT}"
COLLECTED = datetime(2026, 11, 21, 8, tzinfo=UTC)
GRANTED = Many(("mail.protection.outlook.com:AcceptCloudServicesMail",))
EVERYWHERE = Many(("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "0.0.0.0-255.255.255.255"))
OUTBOUND = "Outbound to 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10"
INBOUND = "Inbound from 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10"
SEND = "Outbound to Office 365 - 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10"


def installed(name: str, server: str = "EX01", **changes: Any) -> ExchangeCertificate:
    """A sample certificate as it is installed on a server."""
    found = parse(sample(name))
    assert isinstance(found, Certificate)
    certificate = ExchangeCertificate(
        thumbprint=found.sha1.upper(),
        server=server,
        subject=found.subject,
        issuer=found.issuer,
        serial=found.serial,
        not_before=found.not_before,
        not_after=found.not_after,
        domains=Many(found.names),
        services=Many(("IMAP", "POP", "IIS", "SMTP")),
        status="Valid",
        has_private_key=True,
        is_self_signed=found.issuer == found.subject,
        public_key_size=2048,
        der=found.der,
    )
    return replace(certificate, **changes)


def front_end(server: str = "EX01", **changes: Any) -> ReceiveConnector:
    """The Default Frontend of a server."""
    connector = ReceiveConnector(
        name=f"{server}\\Default Frontend {server}",
        server=server,
        enabled=True,
        auth_mechanism=Many(("Tls", "Integrated", "BasicAuth", "BasicAuthRequireTLS", "ExchangeServer")),
        tls_certificate_name=NAME,
        fqdn=f"{server}.corp.contoso.com",
        tls_domain_capabilities=GRANTED,
        domain_secure_enabled=False,
        bindings=Many(("[::]:25", "0.0.0.0:25")),
        remote_ip_ranges=EVERYWHERE,
        transport_role="FrontendTransport",
    )
    return replace(connector, **changes)


def outbound(**changes: Any) -> OutboundConnector:
    """As the wizard makes it."""
    connector = OutboundConnector(
        name=OUTBOUND,
        enabled=True,
        connector_type="OnPremises",
        tls_settings="DomainValidation",
        tls_domain=HOST,
        use_mx_record=False,
        smart_hosts=Many((HOST,)),
        recipient_domains=Many(("contoso.com",)),
        all_accepted_domains=False,
        mta_sts_mode="Opportunistic",
        smtp_dane_mode="Opportunistic",
    )
    return replace(connector, **changes)


def organisation(**changes: Any) -> Organisation:
    """Two servers with the renewed certificate, named by everybody; `changes` replaces any field."""
    whole = Organisation(
        inbound=(
            InboundConnector(name=INBOUND, enabled=True, connector_type="OnPremises", tls_sender_certificate_name=HOST),
        ),
        outbound=(outbound(),),
        send=(
            SendConnector(
                name=SEND,
                enabled=True,
                require_tls=True,
                tls_auth_level="DomainValidation",
                tls_domain="mail.protection.outlook.com",
                tls_certificate_name=NAME,
                fqdn=HOST,
                address_spaces=Many(("smtp:contoso.mail.onmicrosoft.com;1",)),
                cloud_services_mail_enabled=True,
                ignore_starttls=False,
                source_transport_servers=Many(("EX01", "EX02")),
            ),
        ),
        receive=(front_end("EX01"), front_end("EX02")),
        certificates=(
            installed("renewed_same", "EX01"),
            installed("selfsigned", "EX01"),
            installed("renewed_same", "EX02"),
        ),
        domains=(AcceptedDomain(domain="contoso.com", domain_type="Authoritative", online=True),),
        hybrid=HybridConfiguration(
            tls_certificate_name=NAME, on_premises_smart_host=HOST, domains=Many(("contoso.com",))
        ),
        collected=COLLECTED,
    )
    return replace(whole, **changes)
