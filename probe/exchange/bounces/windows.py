"""Windows' own numbers: the HRESULTs for which Exchange has no word, and the events that tell of certificates."""

from probe.exchange.bounces.meaning import Check, Cited, Meaning, Party
from probe.exchange.bounces.negotiation import NEGOTIATION
from probe.exchange.bounces.status import Status
from probe.exchange.bounces.statuses import CHAIN

_INVALID: tuple[Cited, ...] = (("certificate-not-trusted", "path-invalid"),)
_UNTRUSTED: tuple[Cited, ...] = (("certificate-not-trusted", "unknown-root"),)

_MORE = (
    Status("", 0x800B0104, "CERT_E_PATHLENCONST", "The path is longer than an authority in it allows.", _INVALID),
    Status(
        "", 0x800B0105, "CERT_E_CRITICAL", "A certificate has a critical extension that is not understood.", _INVALID
    ),
    Status(
        "",
        0x800B0107,
        "CERT_E_ISSUERCHAINING",
        "A certificate was not issued by the one above it: often an old cross-signed one stands in the way.",
        (*_INVALID, ("chain-superfluous", None)),
    ),
    Status("", 0x800B0108, "CERT_E_MALFORMED", "A certificate cannot be read.", (("certificate-unreadable", None),)),
    Status("", 0x800B010B, "TRUST_E_FAIL", "Trust failed, for a reason that is not told."),
    Status(
        "",
        0x800B0111,
        "TRUST_E_EXPLICIT_DISTRUST",
        "The certificate stands in the machine's list of those that are not trusted (the Disallowed store).",
        _UNTRUSTED,
    ),
    Status("", 0x800B0112, "CERT_E_UNTRUSTEDCA", "An authority in the chain is not trusted.", _UNTRUSTED),
    Status("", 0x800B0113, "CERT_E_INVALID_POLICY", "A certificate policy does not allow this use.", _INVALID),
    Status(
        "", 0x800B0114, "CERT_E_INVALID_NAME", "A name is one that an authority in the path may not certify.", _INVALID
    ),
    Status(
        "",
        0x80090325,
        "SEC_E_UNTRUSTED_ROOT",
        "The chain does not lead to a trusted root: an intermediate is missing, or the root is not trusted.",
        (("certificate-not-trusted", "chain-incomplete"), *_UNTRUSTED),
    ),
    Status(
        "",
        0x8009033A,
        "SEC_E_STRONG_CRYPTO_NOT_SUPPORTED",
        "The system does not support encryption as strong as was asked for.",
        (("cipher-weak", None),),
    ),
    Status("", 0x80090363, "SEC_E_MUTUAL_AUTH_FAILED", "Both sides should have proved who they are, and one did not."),
    Status(
        "",
        0x80092004,
        "CRYPT_E_NOT_FOUND",
        "A certificate or an object that was looked for is not there.",
        doubts=("What was looked for the number does not say; the line above it in the log may.",),
    ),
)

STATUSES = (*CHAIN, *NEGOTIATION, *_MORE)
BY_NUMBER = {status.number: status for status in STATUSES if status.number is not None}
BY_NAME = {status.name: status for status in STATUSES if status.name}
BY_WORD = {status.word.casefold(): status for status in STATUSES if status.word}

_NO_NAME: tuple[Cited, ...] = (("starttls-not-supported", "no-usable-certificate"),)
_EXPIRED: tuple[Cited, ...] = (("certificate-expired", None),)
_OURS = (Party.ON_PREMISES,)
_FROM_MEMORY = "What this event says is told from experience, not from Microsoft's documentation."
_INTERNAL = (
    "Internal transport uses a certificate of its own, usually the self-signed one of the setup: mail between the "
    "organisation's own servers and Edge servers depends on it, mail from Exchange Online does not."
)


def _event(
    title: str, says: str, *findings: Cited, check: Check = Check.LOCAL, remedy: tuple[str, ...] = (), doubt: str = ""
) -> Meaning:
    doubts = (doubt,) if doubt else ()
    return Meaning(title=title, says=says, parties=_OURS, check=check, findings=findings, remedy=remedy, doubts=doubts)


_LOOK = (
    "See which certificates the server has, and for which services:",
    "    Get-ExchangeCertificate -Server '<SERVER>' | Format-List Thumbprint, Subject, Issuer, NotAfter, Services",
)

EVENTS = {
    12014: _event(
        "Exchange finds no certificate for the name of a connector",
        "The connector's TlsCertificateName, which the event quotes, or its FQDN fits no installed certificate that "
        "can be used. A receive connector then stops offering STARTTLS, and a send connector cannot send by TLS. The "
        "usual case is a renewal after which issuer or subject differ from what the connector still names.",
        *_NO_NAME,
    ),
    12015: _event("The certificate of internal transport has expired", _INTERNAL, *_EXPIRED, doubt=_FROM_MEMORY),
    12016: _event(
        "There is no valid certificate for STARTTLS",
        "The certificate that fits the connector has expired; STARTTLS is not offered with it.",
        *_EXPIRED,
        *_NO_NAME,
    ),
    12017: _event(
        "The certificate of internal transport expires soon",
        _INTERNAL,
        ("certificate-expires-soon", None),
        doubt=_FROM_MEMORY,
    ),
    12018: _event(
        "The certificate for STARTTLS expires soon",
        "The event names subject, thumbprint and the hours that are left. After that STARTTLS is gone.",
        ("certificate-expires-soon", None),
    ),
    **{
        number: _event("The certificate of internal transport is missing or cannot be used", _INTERNAL, remedy=_LOOK)
        for number in (12012, 12013, 12019, 12023, 12024)
    },
    2004: _event(
        "Exchange does not trust the certificate that it would use",
        "The chain of one of the certificates for the name does not lead to a root that this server trusts "
        "(UntrustedRoot); Microsoft's article KB 2888788 tells of two certificates for a name, one untrusted.",
        ("certificate-not-trusted", "chain-incomplete"),
        ("certificate-not-trusted", "unknown-root"),
    ),
    36871: _event(
        "Schannel could not make a credential",
        "This machine could not use its certificate or key for TLS: the key is missing or may not be read, or a "
        "version of TLS is switched off.",
        ("starttls-not-supported", "refused"),
        doubt=_FROM_MEMORY,
    ),
    36874: _event(
        "A client and this machine have no cipher suite in common",
        "A client asked for TLS with suites of which this machine has none switched on for its kind of key.",
        ("tls-version-old", "below-1.2"),
        ("not-observed", "HANDSHAKE/ALERT"),
        doubt=_FROM_MEMORY,
    ),
    36882: _event(
        "The peer's certificate is from an authority that this machine does not trust",
        "The certificate came from the other side; the list of trusted roots is this machine's. It may be out of date.",
        ("certificate-not-trusted", "unknown-root"),
        ("certificate-not-trusted", "chain-incomplete"),
        doubt=_FROM_MEMORY,
    ),
    36884: _event(
        "The peer's certificate is for another name",
        "This machine, as a client, expected another name than those in the certificate.",
        ("certificate-host-mismatch", None),
        doubt=_FROM_MEMORY,
    ),
    36887: _event(
        "The peer sent a TLS alert",
        "The other side broke off; the number in the event says why: 40 no common parameters, 42 to 46 about our "
        "certificate, 48 authority not known, 70 version of TLS.",
        ("not-observed", "HANDSHAKE/ALERT"),
        doubt=_FROM_MEMORY,
    ),
    36888: _event(
        "This machine sent a TLS alert",
        "This machine broke off the handshake; the number in the event says why.",
        ("not-observed", "HANDSHAKE/ALERT"),
        doubt=_FROM_MEMORY,
    ),
    11: _event(
        "CAPI2 built a certificate chain",
        "The event tells how this machine builds the chain of a certificate; its result says whether it could.",
        remedy=("Paste the event's XML here as well: it holds the result.",),
        doubt=_FROM_MEMORY,
    ),
    30: _event(
        "CAPI2 held a certificate chain against a policy",
        "The event tells what this machine thinks of a certificate; its result says what is wrong.",
        remedy=("Paste the event's XML here as well: it holds the result.",),
    ),
}
