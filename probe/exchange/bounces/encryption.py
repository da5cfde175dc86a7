"""Codes of TLS between mail servers: STARTTLS, the handshake, and the certificate that a connector asks for."""

from probe.exchange.bounces.meaning import Check, Meaning, Party, row

_PRESENTER = (Party.RECEIVER, Party.ON_PREMISES)
_SYNONYMS = "Texts of 2017 have 4.7.320 for what most since 2023 have as 4.4.317: both are taken for the same."

_CONNECTOR = Meaning(
    title="The certificate check failed",
    says=(
        "The sender's connector asks for a valid certificate, and the one that was presented is not. In a hybrid the "
        "receiving server is our own, or a gateway in front of it. " + _SYNONYMS
    ),
    parties=_PRESENTER,
    check=Check.NAME,
    findings=(("certificate-host-mismatch", None), ("certificate-not-trusted", None), ("certificate-expired", None)),
    open=True,
)
_NO_SESSION = Meaning(
    title="TLS with the receiving server did not come about, or its certificate was refused",
    says=(
        "The connection stood, and then STARTTLS, the handshake or the certificate failed; the words in [Message=…] "
        "say which, and this text has none that are known. " + _SYNONYMS
    ),
    parties=_PRESENTER,
    check=Check.NAME,
    findings=(
        ("starttls-not-supported", None),
        ("certificate-host-mismatch", None),
        ("certificate-not-trusted", None),
        ("not-observed", "HANDSHAKE/CLOSED"),
    ),
    open=True,
)
_STARTTLS = Meaning(
    title="The receiving server did not offer STARTTLS",
    says=(
        "The sender must encrypt, and was offered no STARTTLS. On Exchange the usual cause is a connector whose "
        "TlsCertificateName fits no certificate any more, as after a renewal (event 12014); Tls missing from the "
        "connector's AuthMechanism, or a device that masks STARTTLS, look the same from afar."
    ),
    parties=(*_PRESENTER, Party.DEVICE),
    check=Check.NAME,
    findings=(
        ("starttls-not-supported", "no-usable-certificate"),
        ("starttls-not-supported", "not-offered"),
        ("starttls-not-supported", "masked"),
    ),
)
_NEGOTIATION = Meaning(
    title="The TLS handshake failed",
    says="STARTTLS was offered and accepted; then no session came about.",
    parties=(*_PRESENTER, Party.DEVICE),
    check=Check.NAME,
    findings=(("not-observed", "HANDSHAKE/CLOSED"), ("not-observed", "HANDSHAKE/ALERT")),
)
_REFUSED = Meaning(
    title="The receiving server offered STARTTLS and refused it",
    says="Its reply to STARTTLS was 454: for the moment no TLS. Usually it cannot load its certificate or its key.",
    parties=_PRESENTER,
    check=Check.NAME,
    findings=(("starttls-not-supported", "refused"),),
)
_POSTFIX = "Postfix says so when it sends and is told to demand it (smtp_tls_security_level, or a policy of its own). "
_NOT_TRUSTED = Meaning(
    title="Postfix did not trust the server's certificate",
    says=_POSTFIX + "The chain leads to no authority that this Postfix trusts, or DANE's records fit nothing in it.",
    parties=(Party.RECEIVER, Party.SENDER),
    check=Check.NAME,
    findings=(
        ("certificate-not-trusted", "chain-incomplete"),
        ("certificate-not-trusted", "self-signed"),
        ("certificate-not-trusted", "unknown-root"),
        ("tlsa-invalid", None),
    ),
    open=True,
)
_NOT_VERIFIED = Meaning(
    title="Postfix trusts the server's certificate, and it is for another name",
    says=_POSTFIX + "The chain was good; none of the names in the certificate is the expected one.",
    parties=(Party.RECEIVER, Party.SENDER),
    check=Check.NAME,
    findings=(("certificate-host-mismatch", None),),
)
_WEAK = Meaning(
    title="The cipher of the TLS session is too weak",
    says="The session came about with a cipher of less than 128 bits, and Exchange does not authenticate over that.",
    parties=(Party.RECEIVER, Party.SENDER),
    check=Check.NAME,
    findings=(("cipher-weak", None), ("tls-version-old", "below-1.2")),
)
_CHANNEL = Meaning(
    title="No suitable TLS channel came about for a connector that asks for a certificate",
    says=(
        "The sending server showed no certificate that the receiver trusts, so the session is not good enough for the "
        "connector: its chain was sent without an intermediate, or it is self-signed."
    ),
    parties=(Party.SENDER, Party.ON_PREMISES),
    check=Check.SENDING,
    findings=(("chain-incomplete", None), ("certificate-not-trusted", "self-signed")),
)
_TEMPORARY = Meaning(
    title="The server refuses for the moment, for a reason of security that the code does not tell",
    says=(
        "The code stands for TLS, authentication and policy alike (RFC 3463 §3.8). In answer to STARTTLS, with 454, it "
        "means that the server cannot do TLS just now; elsewhere only its words tell."
    ),
    parties=(Party.RECEIVER, Party.UNKNOWN),
    check=Check.NAME,
    findings=(("starttls-not-supported", "refused"),),
    open=True,
)
_LOGIN = Meaning(
    title="The login failed",
    says="The server knows no such user with this password or token, or does not let it log on this way.",
    parties=(Party.SENDER,),
    remedy=("Check user and password or token of the device or program, and that it may use SMTP AUTH at all.",),
)
_SERVERS = Meaning(
    title="Two Exchange servers did not recognise each other",
    says=(
        "Between servers of one organisation Exchange authenticates by X-EXPS, as a rule with Kerberos, and that "
        "failed: clocks that differ, a missing service principal name, a device that ends TLS in between, or "
        "a connector that lacks ExchangeServer authentication. Certificates of connectors are not at fault."
    ),
    parties=(Party.ON_PREMISES, Party.DEVICE),
    remedy=(
        "On the receiving server, see which connector answers the other one, and what it admits:",
        "    Get-ReceiveConnector -Server '<SERVER>' | Format-List Identity, RemoteIPRanges, AuthMechanism, Fqdn",
    ),
    doubts=("What these words stand for is told from experience, not from Microsoft's documentation.",),
)
_SEND_NAME = Meaning(
    title="The certificate that the send connector names is not there",
    says=(
        "The sending Exchange server looked for the issuer and subject in its connector's TlsCertificateName and found "
        "no such certificate. As a rule it was renewed, with another issuer or subject, and the old one removed."
    ),
    parties=(Party.ON_PREMISES, Party.SENDER),
    check=Check.SENDING,
    findings=(("connector-name-stale", None),),
)
_VALIDATION = Meaning(
    title="An Exchange server did not accept the other side's certificate",
    says=(
        "A server on premises checked the certificate of its peer, which in a hybrid is Exchange Online's, and found "
        "it not valid. Usually that server's list of trusted roots is out of date: Exchange Online's certificate moved "
        "to DigiCert Global Root G2 in March 2026, and servers without root updates do not know it."
    ),
    parties=(Party.ON_PREMISES,),
    check=Check.LOCAL,
    findings=(("log-peer-refused", "old-roots"), ("log-peer-refused", "device-between")),
    remedy=("Read the status in the log of that server with `probe logs`; UntrustedRoot means the list of roots.",),
    doubts=("If the peer is not Exchange Online, its certificate may be at fault: probe that host.",),
)
_PROTECTION = Meaning(
    title="The receiver demands TLS before it takes mail",
    says="The server asked for STARTTLS first, and the sender did not use it, or could not.",
    parties=(Party.SENDER, Party.RECEIVER),
    check=Check.NAME,
    findings=(("starttls-not-supported", None),),
)

ENCRYPTION = (
    # More telling words first: of several that fit, the first counts.
    row("4.4.317 5.4.317 4.4.101 4.4.0 5.7.3", _STARTTLS, "starttls is required"),
    row("5.7.3 4.7.0", _PROTECTION, "must issue a starttls"),
    row(
        "4.4.317 5.4.317 4.4.101 4.4.0 4.7.0 4.4.395",
        _NEGOTIATION,
        "tls negotiation failed",
        "security status",
        by_status=True,
    ),
    row("4.4.317 5.4.317 4.7.0", _WEAK, "cipher strength is too weak"),
    row(
        "4.7.0 4.7.5",
        _NEGOTIATION,
        "tls handshake failed",
        "cannot start tls",
        "attempt to start tls failed",
        aside=True,
    ),
    row("4.7.4 5.7.4", _STARTTLS, "tls is required, but was not offered", "did not offer tls support"),
    row("4.7.4 5.7.4", _REFUSED, "refused to start tls"),
    row("4.7.4 5.7.4", _LOGIN, "unrecognized authentication type"),
    row("4.7.5", _NOT_TRUSTED, "server certificate not trusted", aside=True),
    row("4.7.5", _NOT_VERIFIED, "server certificate not verified", aside=True),
    row("4.4.317 5.4.317 4.7.0", _CHANNEL, "appropriate tls channel"),
    row("4.4.317 5.4.317", _REFUSED, "454 4.7.0", "tls not available"),
    row("4.7.0", _REFUSED, "tls not available"),
    row("5.7.3 4.7.0", _SERVERS, "exchange server authentication", "temporary authentication failure"),
    row("5.7.3", _LOGIN, "authentication unsuccessful"),
    row("4.7.5", _SEND_NAME, "tlscertificatename"),
    row("4.7.5", _VALIDATION, "certificate validation failure"),
    row("4.4.317 5.4.317 4.7.320 5.7.320", _CONNECTOR, by_status=True),
    row("4.4.317 5.4.317", _NO_SESSION),
    row("4.7.320 5.7.320", _CONNECTOR),
    row("4.7.0", _TEMPORARY),
)
