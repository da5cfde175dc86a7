"""Text that several entries share: Exchange Online's sentences, sources, and remedies (from `powershell`)."""

from probe.judge.catalogue.powershell import (
    ENABLE_TLS_12,
    IMPORT_CERTIFICATE,
    IMPORT_INTERMEDIATE,
    LATENCY,
    NO_TICKETS,
    OFFER_TLS,
    OPEN_FIREWALL,
    PATH_MTU,
    PUBLIC_CERTIFICATE,
    RAISE_RANGE_UPPER,
    RECEIVE_LOG,
    REFRESH_ROOTS,
    REMOVE_OLD,
    REPAIR_KEY,
    RESTART,
    SCHANNEL_EVENTS,
    SEND_CERTIFICATE,
    SERVICES,
    SET_CAPABILITIES,
    SET_INBOUND,
    SET_OUTBOUND,
    SHOW_CERTIFICATES,
    STOP_INSPECTION,
    USE_CERTIFICATE,
    VALIDATE,
)

__all__ = [
    "CLOSED_ABRUPTLY",
    "DNS_FAILED",
    "ENABLE_TLS_12",
    "HYBRID_CERTIFICATES",
    "IMPORT_CERTIFICATE",
    "IMPORT_INTERMEDIATE",
    "LATENCY",
    "MAIL_FLOW",
    "MISMATCH_BY_DANE",
    "NAME_NOT_ACCEPTED",
    "NDR_LIST",
    "NEGOTIATION_FAILED",
    "NOT_ATTRIBUTED",
    "NO_TICKETS",
    "OFFER_TLS",
    "OPEN_FIREWALL",
    "PARTNER_RESTRICTED",
    "PATH_MTU",
    "PUBLIC_CERTIFICATE",
    "RAISE_RANGE_UPPER",
    "RECEIVE_LOG",
    "REFRESH_ROOTS",
    "REMOVE_OLD",
    "REPAIR_KEY",
    "RESTART",
    "ROOT_PROGRAMME",
    "SCHANNEL_EVENTS",
    "SEND_CERTIFICATE",
    "SERVICES",
    "SET_CAPABILITIES",
    "SET_INBOUND",
    "SET_OUTBOUND",
    "SHOW_CERTIFICATES",
    "STARTTLS_BY_DANE",
    "STARTTLS_REQUIRED",
    "STOP_INSPECTION",
    "THE_REPLY",
    "UNTRUSTED_ROOT_FIX",
    "USE_CERTIFICATE",
    "VALIDATE",
    "refusal",
    "spelt_out",
]

MAIL_FLOW = "Microsoft Learn: Mail flow intelligence (error codes 450 4.4.312 to 4.7.320)"
NDR_LIST = "Microsoft Learn: Email non-delivery reports and SMTP errors in Exchange Online"
UNTRUSTED_ROOT_FIX = "Microsoft Learn: Fix NDR error code 450 4.4.317 (Message=UntrustedRoot)"
ROOT_PROGRAMME = "Microsoft Trusted Root Program (list of participants)"
HYBRID_CERTIFICATES = "Microsoft Learn: Certificate requirements for hybrid deployments"

STARTTLS_REQUIRED = (
    "450 4.4.317 Cannot establish session with remote server [Message=451 5.7.3 STARTTLS is required to send mail]",
    "450 4.4.317 Cannot connect to remote server [Message=451 5.7.3 STARTTLS is required to send mail]",
    "550 5.4.317 Message expired, cannot connect to remote server(451 5.7.3 STARTTLS is required to send mail)",
)
STARTTLS_BY_DANE = "4.7.321 / 5.7.321 starttls-not-supported: Destination mail server must support TLS to receive mail."
MISMATCH_BY_DANE = (
    "4.7.325 / 5.7.325 certificate-host-mismatch: Remote certificate MUST have a common name or subject alternative "
    "name matching the hostname (DANE)"
)
NEGOTIATION_FAILED = (
    "450 4.4.317 Cannot connect to remote server [Message=451 4.4.0 TLS negotiation failed with error SocketError]"
)
CLOSED_ABRUPTLY = "450 4.4.318 Connection was closed abruptly"
THE_REPLY = "450 4.4.317 Cannot connect to remote server [Message=<the server's reply>]"
DNS_FAILED = "450 4.4.312 DNS query failed"
# To a client: nobody's mail; a certificate whose name lies in no accepted domain; barred by a partner's connector.
NOT_ATTRIBUTED = "550 5.7.64 TenantAttribution; Relay Access Denied SMTP"
NAME_NOT_ACCEPTED = "550 5.7.64 TenantAttribution; Relay Access Denied ATTR36"
PARTNER_RESTRICTED = (
    "550 5.7.51 TenantInboundAttribution; There is a partner connector configured that matched the message's recipient "
    "domain. The connector had either the RestrictDomainsToIPAddresses or RestrictDomainsToCertificate set"
)


def refusal(status: str, *more: str) -> tuple[str, ...]:
    """How Exchange Online refuses a certificate: in today's words, in those of before 2023, and where MTA-STS asks."""
    return (
        f"450 4.4.317 Cannot connect to remote server [Message={status}]",
        f"450 4.7.320 Certificate validation failed [Message={status}]",
        f"4.7.5 / 5.7.5 Remote certificate failed MTA-STS validation. Reason: {status}",
        *more,
    )


def spelt_out(status: str) -> str:
    """The long form of today's words, which names the certificates; seen for SubjectMismatch and CertificateExpired."""
    details = "Expected Subject: …. Presented Subject: …. Thumbprint: …"
    return f"450 4.4.317 Cannot connect to remote server [Message={status} {details}]"
