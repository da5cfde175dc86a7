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
    "NDR_LIST",
    "NEGOTIATION_FAILED",
    "NO_TICKETS",
    "OFFER_TLS",
    "OPEN_FIREWALL",
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
