"""Codes of DANE and MTA-STS: the recipient's domain has promised something, and the server did not keep it."""

from probe.exchange.bounces.meaning import Check, Cited, Meaning, Party, row

_DANE_DOUBT = (
    "By RFC 7671 §5.1 names and dates do not count with a DANE-EE record (usage 3), so this should come only with "
    "DANE-TA (usage 2). Whether Exchange Online keeps to that to the letter is not verified."
)


def _promise(
    title: str,
    says: str,
    *findings: Cited,
    parties: tuple[Party, ...] = (Party.RECEIVER,),
    doubt: str = "",
    one_of_them: bool = False,
) -> Meaning:
    return Meaning(
        title=title,
        says=says,
        parties=parties,
        check=Check.DOMAIN,
        findings=findings,
        doubts=(doubt,) if doubt else (),
        open=one_of_them,
    )


_STS_NAME = _promise(
    "The MTA-STS policy of the domain does not name this MX host",
    "The recipient's domain publishes a policy that lists its mail hosts, and the MX record leads to another. Usually "
    "the MX was moved and the policy was not: for MX hosts in mx.microsoft the policy must list the very host or "
    "*.<letter>-v1.mx.microsoft, because a wildcard stands for one label.",
    ("mx-not-in-policy", None),
    ("sts-policy-id-unchanged", None),
    parties=(Party.RECEIVER, Party.DNS),
)
_STS_CERTIFICATE = _promise(
    "The certificate of the MX host does not do for MTA-STS",
    "The recipient's domain has an MTA-STS policy: the certificate must be for the MX host, within its dates, and lead "
    "to a trusted root. The word behind Reason says which of that failed.",
    ("certificate-host-mismatch", None),
    ("certificate-not-trusted", None),
    ("certificate-expired", None),
    one_of_them=True,
)

PROMISES = (
    row("4.4.8 5.4.8", _STS_NAME),
    row("4.7.5 5.7.5", _STS_CERTIFICATE, "mta-sts", by_status=True),
    row(
        "4.7.5",
        _promise(
            "Postfix could not look up the domain's TLSA records",
            "It may send only if DANE can be checked, and DNS gave no answer, or one whose signatures do not hold.",
            ("dane-lookup-failed", None),
            ("dnssec-invalid", "tlsa"),
            parties=(Party.DNS,),
        ),
        "tlsa lookup error",
        aside=True,
    ),
    row("5.7.5", _STS_CERTIFICATE),
    row(
        "4.7.321 5.7.321",
        _promise(
            "DANE asks for TLS, and the server did not offer STARTTLS",
            "The MX host has TLSA records, by which a sender must encrypt; STARTTLS was not offered, or refused.",
            ("starttls-not-supported", None),
            parties=(Party.RECEIVER, Party.DEVICE),
        ),
    ),
    row(
        "4.7.322 5.7.322",
        _promise(
            "Under DANE, the server's certificate has expired",
            "The TLSA records are sound, but the certificate that is presented is past its date.",
            ("certificate-expired", None),
            doubt=_DANE_DOUBT,
        ),
    ),
    row(
        "4.7.323 5.7.323",
        _promise(
            "No TLSA record of the host matches what it presents",
            "The records are authentic, and none fits the certificate or key: as a rule the key was changed and the "
            "records were not. A certificate that is not valid yet comes under this code as well, though an expired "
            "one has the code 4.7.322; that is how Microsoft documents it.",
            ("tlsa-invalid", "no-match"),
            ("tlsa-invalid", "anchor-not-sent"),
            ("certificate-not-yet-valid", None),
            parties=(Party.RECEIVER, Party.DNS),
        ),
    ),
    row(
        "4.7.324 5.7.324",
        _promise(
            "The domain's DNSSEC is broken",
            "The domain says that it is signed, and the signatures do not hold: expired signatures, or a DS record at "
            "the parent that fits no key. Senders that validate cannot deliver anything.",
            ("dnssec-invalid", "mx"),
            ("dnssec-invalid", "tlsa"),
            ("dnssec-invalid", "addresses"),
            parties=(Party.DNS,),
        ),
    ),
    row(
        "4.7.325 5.7.325",
        _promise(
            "Under DANE, the certificate is for another name",
            "Neither the MX host nor the recipient's domain is among the certificate's names, and the TLSA record asks "
            "for that.",
            ("certificate-host-mismatch", None),
            doubt=_DANE_DOUBT,
        ),
    ),
)


def _row_of(code: str) -> Meaning:
    return next(found.meaning for found in PROMISES if code in found.codes)


_NO_BOUNCE = "No mail bounces for this alone: without a policy that can be had, senders go on as if there were none."
_STS_WEB = (Party.RECEIVER, Party.DNS)

# RFC 8460 §4.3 and its registry, and the reasons that Microsoft's reports have been seen to give beside them.
RESULTS = {
    "starttls-not-supported": _row_of("5.7.321"),
    "certificate-expired": _promise(
        "The certificate has expired", "Senders that check dates refuse it.", ("certificate-expired", None)
    ),
    "certificate-host-mismatch": _promise(
        "The certificate is for another name",
        "Senders that compare the name of the MX host refuse it.",
        ("certificate-host-mismatch", None),
    ),
    "certificate-not-trusted": _promise(
        "The certificate does not lead to a trusted root",
        "An intermediate is missing, the certificate is self-signed, or its root is not trusted.",
        ("certificate-not-trusted", "chain-incomplete"),
        ("certificate-not-trusted", "self-signed"),
        ("certificate-not-trusted", "unknown-root"),
    ),
    "tlsa-invalid": _row_of("5.7.323"),
    "dnssec-invalid": _row_of("5.7.324"),
    "dane-required": _promise(
        "The sender demands DANE, and the domain has none",
        "The sender's own settings ask for DANE with this destination, and it has no usable TLSA records.",
        ("dane-required", None),
        parties=(Party.SENDER, Party.RECEIVER),
    ),
    "sts-policy-fetch-error": _promise(
        "The MTA-STS policy could not be fetched", _NO_BOUNCE, ("sts-policy-fetch-error", None), parties=_STS_WEB
    ),
    "sts-policy-invalid": _promise(
        "The MTA-STS policy does not hold to the grammar", _NO_BOUNCE, ("sts-policy-invalid", None), parties=_STS_WEB
    ),
    "sts-webpki-invalid": _promise(
        "The certificate of the policy host is not good", _NO_BOUNCE, ("sts-webpki-invalid", None), parties=_STS_WEB
    ),
    "validation-failure": _promise(
        "Validation failed, and the report does not say at what",
        "It is the word for everything without one of its own. Microsoft's reports have been seen to give it for all "
        "faults; their failure-reason-code then says a little more.",
        ("certificate-host-mismatch", None),
        ("certificate-not-trusted", None),
        ("mx-not-in-policy", None),
        ("tlsa-invalid", None),
        one_of_them=True,
    ),
    "mx_hosts_mismatch": _STS_NAME,
    "validation_failure": _promise(
        "Microsoft found the certificate, or what DANE promises of it, not valid",
        "Microsoft gives this reason without saying what failed.",
        ("certificate-host-mismatch", None),
        ("certificate-not-trusted", None),
        ("tlsa-invalid", None),
        doubt="What Microsoft counts under this reason is not documented; it was seen in reports.",
        one_of_them=True,
    ),
}
