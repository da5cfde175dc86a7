"""Findings about one certificate: its names, its dates, its usage, its strength."""

from probe.judge.catalogue.entry import Entry
from probe.judge.catalogue.inbound_chain import (
    CLIENT_EARLY,
    CLIENT_EXPIRED,
    CLIENT_MISNAMED,
    CLIENT_SOON,
    CLIENT_UNREADABLE,
    CLIENT_USAGE,
    CLIENT_WEAK,
)
from probe.judge.catalogue.words import (
    HYBRID_CERTIFICATES,
    MAIL_FLOW,
    MISMATCH_BY_DANE,
    NDR_LIST,
    REMOVE_OLD,
    SET_OUTBOUND,
    SHOW_CERTIFICATES,
    USE_CERTIFICATE,
    refusal,
    spelt_out,
)

_RENEW = ("Get a new certificate for the same names, install it with its key and intermediates, then put it to use.",)
_OLD_NAME_FREE = (
    "If Exchange still shows the old certificate after that, and both have the same issuer and subject, remove it.",
    *REMOVE_OLD,
)

CERTIFICATE = (
    Entry(
        code="certificate-name-matches",
        title="The certificate is for the expected name",
        meaning=(
            "One of its names fits. By Exchange Online's rules the common name counts beside the other names and "
            "*.contoso.com also fits contoso.com itself (the latter is old knowledge, unverified today); by the RFCs "
            "neither holds. The finding says by which book it speaks. It does not prove that the chain is trusted."
        ),
        cause="The certificate was issued for this host.",
        references=("RFC 9525 §6", "RFC 8461 §4.1", HYBRID_CERTIFICATES),
    ),
    Entry(
        code="certificate-host-mismatch",
        title="The certificate is for another name",
        meaning=(
            "None of its names fits the expected one, so a sender that checks names does not deliver. Exchange Online "
            "compares with the connector's TlsDomain and checks the name before the chain: a self-signed certificate "
            "with a wrong name comes out as SubjectMismatch, and an untrusted chain may show only once the name is "
            "right."
        ),
        cause=(
            "The connector's TlsCertificateName is empty and Exchange sends its own self-signed certificate; another "
            "device answers at this address; or the connector in Exchange Online expects a name that was given up."
        ),
        remedy=(
            "Look for the presented thumbprint. If no server has it, a gateway or load balancer ends TLS in between.",
            *SHOW_CERTIFICATES,
            *USE_CERTIFICATE,
            "If the certificate is right and the expectation old, correct the expectation.",
            *SET_OUTBOUND,
        ),
        exchange_online=(
            spelt_out("SubjectMismatch"),
            *refusal("SubjectMismatch"),
            MISMATCH_BY_DANE,
        ),
        tlsrpt="certificate-host-mismatch",
        hresult="CERT_E_CN_NO_MATCH 0x800B010F",
        references=("RFC 9525 §6", "RFC 8460 §4.3.1", "RFC 8461 §4.1", "RFC 7672 §3.2.3", MAIL_FLOW, NDR_LIST),
        causes=CLIENT_MISNAMED,
    ),
    Entry(
        code="certificate-name-unchecked",
        title="The certificate's name was not checked",
        meaning=(
            "There is no name to compare with: the target is a bare address, or the connector's level asks for none. "
            "The finding lists the names that the certificate has; whether senders expect one of them is open."
        ),
        cause=(
            "The target was given as an address, or --auth-level is EncryptionOnly or CertificateValidation without "
            "--expect-name."
        ),
        remedy=("Say which name senders expect:", "    probe '<TARGET>' --expect-name '<NAME>'"),
        references=("RFC 9525 §6.1",),
    ),
    Entry(
        code="certificate-current",
        title="The certificate is within its dates",
        meaning=(
            "The moment judged for lies between its two dates, and the end is not near. It does not prove that the "
            "certificate was not revoked, nor that the server will load the next one by itself."
        ),
        cause="It was renewed in time.",
        references=("RFC 5280 §4.1.2.5",),
    ),
    Entry(
        code="certificate-expired",
        title="The certificate has expired",
        meaning=(
            "Senders that check certificates stop delivering; others go on, so the fault can go unnoticed for long. An "
            "expired intermediate stops them as surely as an expired leaf. With DANE usage 3 the dates do not count."
        ),
        cause="It was not renewed, or it was and the server or the connector still uses the old one.",
        remedy=(
            "See whether the new certificate is there already:",
            *SHOW_CERTIFICATES,
            *_RENEW,
            *USE_CERTIFICATE,
            *_OLD_NAME_FREE,
            "If an intermediate has expired, replace it in the server's file, or in LocalMachine\\CA on Exchange.",
        ),
        exchange_online=(
            spelt_out("CertificateExpired"),
            *refusal("CertificateExpired"),
            "4.7.322 / 5.7.322 certificate-expired: Destination mail server's certificate is expired.",
        ),
        tlsrpt="certificate-expired",
        hresult="CERT_E_EXPIRED 0x800B0101",
        references=("RFC 5280 §4.1.2.5", "RFC 8460 §4.3.1", "RFC 7671 §5.1", MAIL_FLOW, NDR_LIST),
        causes=CLIENT_EXPIRED,
    ),
    Entry(
        code="certificate-not-yet-valid",
        title="The certificate is not valid yet",
        meaning=(
            "Its first day lies ahead. Senders that check certificates do not deliver until then. Windows and Exchange "
            "have no word of their own for it and call it CertificateExpired; for DANE Microsoft lists it under "
            "4.7.323."
        ),
        cause="A certificate issued for a later date, or a clock that is wrong: the CA's, the server's or ours.",
        remedy=(
            "Compare this machine's clock with a good one before anything else:",
            "    w32tm /stripchart /computer:<TIME-SERVER> /samples:3 /dataonly",
            "Use the former certificate until the date that the finding gives.",
            *USE_CERTIFICATE,
        ),
        exchange_online=refusal(
            "CertificateExpired", "4.7.323 / 5.7.323 tlsa-invalid: The domain failed DANE validation."
        ),
        tlsrpt="validation-failure",
        hresult="CERT_E_EXPIRED 0x800B0101",
        references=("RFC 5280 §4.1.2.5", "RFC 8460 §4.3.1", NDR_LIST),
        causes=CLIENT_EARLY,
    ),
    Entry(
        code="certificate-expires-soon",
        title="The certificate expires soon",
        meaning=(
            "Mail still flows. On the day that the finding gives, senders that check certificates stop. By default "
            "soon means fewer than 21 days and less than a third of the certificate's own lifetime."
        ),
        cause="The renewal is due, or an automatic renewal has failed. Exchange logs event 12018 for it.",
        remedy=(
            *_RENEW,
            "If renewal is automatic, find out why it did not happen: it should have by now.",
            "Compare the new issuer with the old: if it changed, the connectors' TlsCertificateName must change too.",
            *USE_CERTIFICATE,
            "If the domain publishes TLSA records (DANE), publish the new one before the new key is used.",
        ),
        references=("RFC 5280 §4.1.2.5", "CA/Browser Forum ballot SC-081v3 (lifetimes of 200, 100 and 47 days)"),
        causes=CLIENT_SOON,
    ),
    Entry(
        code="certificate-wrong-usage",
        title="The certificate is not meant for servers",
        meaning=(
            "Its extended key usage leaves out serverAuth, so senders that check certificates refuse it. Exchange asks "
            "for serverAuth of client certificates too. WrongUsage is Exchange's own name for it; the line in full was "
            "not seen."
        ),
        cause="A certificate for clients, e-mail signing or code signing was put on the server.",
        remedy=("Have a certificate issued with the usage serverAuth (1.3.6.1.5.5.7.3.1).", *USE_CERTIFICATE),
        exchange_online=refusal("WrongUsage"),
        tlsrpt="certificate-not-trusted",
        hresult="CERT_E_WRONG_USAGE 0x800B0110",
        references=("RFC 5280 §4.2.1.12", "RFC 8460 §4.3.1"),
        causes=CLIENT_USAGE,
    ),
    Entry(
        code="certificate-weak",
        title="A certificate in the chain is weakly made",
        meaning=(
            "Its signature uses SHA-1 or MD5, or its RSA key is shorter than 2048 bits. Public CAs no longer issue "
            "such, and Windows refuses most of them; with which word Exchange Online does is not certain. A root's own "
            "signature does not count."
        ),
        cause="A private CA with old settings, a certificate from long ago, or a device with a built-in one.",
        remedy=(
            "Have it issued anew: RSA with 2048 bits or more, signed with SHA-256 or better.",
            "For Exchange prefer RSA: elliptic-curve keys need Exchange 2019 CU14 with the April 2024 update.",
            *USE_CERTIFICATE,
        ),
        exchange_online=refusal("SignatureFailure", "[Message=UntrustedRoot]"),
        tlsrpt="certificate-not-trusted",
        hresult="TRUST_E_CERT_SIGNATURE 0x80096004",
        references=("RFC 9325 §4.5", "RFC 9155", "CA/Browser Forum Baseline Requirements §6.1.5, §7.1.3"),
        causes=CLIENT_WEAK,
    ),
    Entry(
        code="certificate-unreadable",
        title="A presented certificate cannot be read",
        meaning=(
            "What was sent in its place is not a certificate by the standard, so nothing about it could be judged. "
            "Some senders will break off the handshake, others will not notice. What Exchange Online says to it is not "
            "known."
        ),
        cause="A home-made certificate with a broken name or number, or a damaged file.",
        remedy=(
            "Save what was sent and look at it:",
            "    probe '<TARGET>' --chain presented.pem",
            "    openssl x509 -in presented.pem -noout -text",
            "Have the certificate issued anew by a CA that follows the standard.",
        ),
        tlsrpt="validation-failure",
        hresult="CERT_E_MALFORMED 0x800B0108",
        references=("RFC 5280 §4.1",),
        causes=CLIENT_UNREADABLE,
    ),
)
