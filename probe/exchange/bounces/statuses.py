"""The words in which Exchange says what is wrong with a certificate, with Windows' numbers for them.

They are the statuses of Exchange's check as its code of 2013 has them. SubjectMismatch, UntrustedRoot and
CertificateExpired are seen in today's bounces; of the others it is not known whether they still come.
"""

from probe.exchange.bounces.meaning import Cited
from probe.exchange.bounces.status import Status

_UNTRUSTED: tuple[Cited, ...] = (
    ("certificate-not-trusted", "chain-incomplete"),
    ("certificate-not-trusted", "self-signed"),
    ("certificate-not-trusted", "unknown-root"),
)
_INVALID: tuple[Cited, ...] = (("certificate-not-trusted", "path-invalid"),)
_NAME: tuple[Cited, ...] = (("certificate-host-mismatch", None),)
_WEAK: tuple[Cited, ...] = (("certificate-weak", None),)
_EXPIRED: tuple[Cited, ...] = (("certificate-expired", None), ("certificate-not-yet-valid", None))
_USAGE: tuple[Cited, ...] = (("certificate-wrong-usage", None),)

_REISSUE = (
    "Ask the authority why. Have a new certificate issued, with a new key, and put it in the old one's place.",
    "    Get-ExchangeCertificate -Server '<SERVER>' | Format-List Thumbprint, Subject, Issuer, NotAfter, Services",
)
_LISTS = (
    "On the machine that logs it, see whether the authority's revocation list can be had, through its proxy too:",
    "    certutil -url '<CER-FILE>'",
)
_REVOCATION_DOUBT = (
    "Whether Exchange Online refuses a certificate whose revocation list cannot be had is contested: a blog of 2014 "
    "says so, Exchange's code of 2013 can let it pass, and today's service is not documented on it."
)

CHAIN = (
    Status("Valid", None, "", "The chain was found valid."),
    Status(
        "ValidSelfSigned", None, "", "A self-signed certificate that is trusted as such, between servers that know it."
    ),
    Status(
        "EmptyCertificate",
        None,
        "",
        "The other side sent no certificate at all.",
        (("client-certificate-required", "none-shown"),),
    ),
    Status("SubjectMismatch", None, "", "The certificate is for other names than the one that is expected.", _NAME),
    Status("SignatureFailure", 0x80096004, "TRUST_E_CERT_SIGNATURE", "A signature in the chain does not hold.", _WEAK),
    Status(
        "BasicConstraintsError",
        0x80096019,
        "TRUST_E_BASIC_CONSTRAINTS",
        "A certificate in the chain is used as an authority and is none, or the path is longer than it may be.",
        _INVALID,
    ),
    Status(
        "CertificateExpired",
        0x800B0101,
        "CERT_E_EXPIRED",
        "A certificate in the chain has expired, or is not valid yet: Windows has one word for both.",
        _EXPIRED,
    ),
    Status(
        "ValidityPeriodNesting",
        0x800B0102,
        "CERT_E_VALIDITYPERIODNESTING",
        "A certificate is valid for longer than its issuer.",
        _INVALID,
    ),
    Status("WrongRole", 0x800B0103, "CERT_E_ROLE", "A certificate of the wrong role stands in the chain.", _INVALID),
    Status("PurposeError", 0x800B0106, "CERT_E_PURPOSE", "A certificate is used for what it is not made for.", _USAGE),
    Status(
        "UntrustedRoot",
        0x800B0109,
        "CERT_E_UNTRUSTEDROOT",
        "The chain does not lead to a trusted root. The word stands for three faults: an intermediate certificate was "
        "not sent, the certificate is self-signed, or its root is not trusted. Exchange Online fetches no missing "
        "intermediates.",
        _UNTRUSTED,
    ),
    Status(
        "InternalChainFailure",
        0x800B010A,
        "CERT_E_CHAINING",
        "No chain could be built from the certificate.",
        (("certificate-not-trusted", "chain-incomplete"), *_INVALID),
        ("Where an intermediate is missing, Windows has been seen to say 0x800B0109 as well: take both for the same.",),
    ),
    Status(
        "CertificateRevoked",
        0x800B010C,
        "CERT_E_REVOKED",
        "The authority has revoked the certificate.",
        remedy=_REISSUE,
    ),
    Status(
        "UntrustedTestRoot",
        0x800B010D,
        "CERT_E_UNTRUSTEDTESTROOT",
        "The chain ends at a root that is meant for tests.",
        (("certificate-not-trusted", "unknown-root"),),
    ),
    Status(
        "RevocationFailure",
        0x800B010E,
        "CERT_E_REVOCATION_FAILURE",
        "Whether the certificate is revoked could not be found out.",
        doubts=(_REVOCATION_DOUBT,),
        remedy=_LISTS,
    ),
    Status("NoCNMatch", 0x800B010F, "CERT_E_CN_NO_MATCH", "The certificate is for other names than the host's.", _NAME),
    Status(
        "WrongUsage",
        0x800B0110,
        "CERT_E_WRONG_USAGE",
        "The certificate's extended key usage does not allow this use. Exchange's code of 2013 asks for serverAuth, of "
        "client certificates too.",
        _USAGE,
    ),
    Status("Revoked", 0x80092010, "CRYPT_E_REVOKED", "The authority has revoked the certificate.", remedy=_REISSUE),
    Status(
        "NoRevocationCheck",
        0x80092012,
        "CRYPT_E_NO_REVOCATION_CHECK",
        "Revocation could not be checked: the certificate names no list, or none that can be used.",
        doubts=(_REVOCATION_DOUBT,),
        remedy=_LISTS,
    ),
    Status(
        "RevocationOffline",
        0x80092013,
        "CRYPT_E_REVOCATION_OFFLINE",
        "The authority's revocation list could not be reached.",
        doubts=(_REVOCATION_DOUBT,),
        remedy=_LISTS,
    ),
)
