"""The options, each said once. Commands that take the same option take it from here."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    NAGIOS = "nagios"
    TLSRPT = "tlsrpt"


class AuthLevel(StrEnum):
    ENCRYPTION_ONLY = "EncryptionOnly"
    CERTIFICATE_VALIDATION = "CertificateValidation"
    DOMAIN_VALIDATION = "DomainValidation"


class Want(StrEnum):
    AUTO = "auto"
    REQUIRE = "require"
    OFF = "off"


Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TARGET...",
        help="host:25, 192.0.2.1:25, [2001:db8::1]:25, example.org or user@example.org (through MX), smtp://, "
        "submission://, smtps://, https://host[:port], tls://host:port, @FILE or - for a list. With --connectors and "
        "no target: where the outbound connectors lead.",
        show_default=False,
    ),
]
Connectors = Annotated[
    list[Path],
    typer.Option(
        "--connectors",
        metavar="FILE",
        help="An export of Exchange's connectors, certificates, domains: each endpoint is judged by the connector by "
        "which Exchange Online comes to it. Repeatable.",
    ),
]
EvidenceFiles = Annotated[
    list[Path], typer.Argument(metavar="EVIDENCE...", help="Files written by --evidence.", show_default=False)
]

Resolvers = Annotated[
    list[str],
    typer.Option("--resolver", metavar="ADDR[:PORT]", help="Ask this resolver instead of the system's. Repeatable."),
]
TrustAd = Annotated[
    bool,
    typer.Option(
        "--trust-ad",
        help="Believe the DNSSEC verdict (AD bit) of the resolvers, though they are not on this machine: they and the "
        "way to them are trusted.",
    ),
]
Connect = Annotated[
    list[str], typer.Option("--connect", metavar="ADDR", help="Observe this address instead of resolving. Repeatable.")
]
Sni = Annotated[
    str | None, typer.Option("--sni", metavar="NAME|none", help="The name to send in SNI, or none. [default: the host]")
]
Ehlo = Annotated[
    str | None,
    typer.Option("--ehlo", metavar="NAME", help="The name to greet by. [default: this host's, or its address]"),
]
OnlyV4 = Annotated[bool, typer.Option("-4", help="IPv4 addresses only.")]
OnlyV6 = Annotated[bool, typer.Option("-6", help="IPv6 addresses only.")]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout", metavar="SECONDS", help="For a whole target; then what was seen is judged. [default: 60]"
    ),
]
Repeat = Annotated[int, typer.Option("--repeat", metavar="N", help="Observe every address so many times.")]
Parallel = Annotated[int, typer.Option("--parallel", metavar="N", help="Targets under way at a time.")]
ClientCert = Annotated[
    Path | None, typer.Option("--client-cert", metavar="PEM", help="A certificate to show when the server asks.")
]
ClientKey = Annotated[
    Path | None, typer.Option("--client-key", metavar="PEM", help="Its key, where that is in a file of its own.")
]
Remember = Annotated[
    Path | None,
    typer.Option("--remember", metavar="FILE", help="Keep MTA-STS policies there, as a sender does, from run to run."),
]

Dane = Annotated[
    Want,
    typer.Option(
        "--dane", help="Judge the DANE that is published, demand that there is some, or leave it out of account."
    ),
]
MtaSts = Annotated[Want, typer.Option("--mta-sts", help="The same for MTA-STS.")]
TlsRpt = Annotated[Want, typer.Option("--tlsrpt", help="The same for TLSRPT.")]
NextCertificate = Annotated[
    Path | None,
    typer.Option(
        "--next-certificate", metavar="PEM", help="The certificate to come, then its chain: does DANE cover it?"
    ),
]
Roots = Annotated[
    list[str],
    typer.Option(
        "--roots", metavar="certifi|system|FILE", help="Trust anchors; repeatable, they add up. [default: certifi]"
    ),
]
At = Annotated[
    str | None, typer.Option("--at", metavar="ISO-8601", help="Judge as of this moment. [default: when it was seen]")
]
WarnDays = Annotated[float, typer.Option("--warn-days", metavar="N", help="Warn when fewer days than this are left...")]
WarnLifetime = Annotated[
    float | None,
    typer.Option(
        "--warn-lifetime", metavar="PERCENT", help="...and less than this part of the lifetime. [default: a third]"
    ),
]
MinTls = Annotated[
    str | None, typer.Option("--min-tls", metavar="VERSION", help="The oldest TLS that will do. [default: 1.2]")
]
ExpectThumbprint = Annotated[
    list[str],
    typer.Option(
        "--expect-thumbprint", metavar="HEX", help="SHA-1 or SHA-256 of the leaf. Repeatable: any of them will do."
    ),
]
ExpectName = Annotated[
    str | None,
    typer.Option("--expect-name", metavar="NAME", help="The name that a connector expects (TlsDomain); *. allowed."),
]
ExpectCertificate = Annotated[
    str | None,
    typer.Option(
        "--expect-certificate",
        metavar="<I>...<S>...",
        help="Issuer and subject, as in a connector's TlsCertificateName.",
    ),
]
AuthLevelOption = Annotated[
    AuthLevel | None,
    typer.Option("--auth-level", help="What the connector demands. [default: DomainValidation with --expect-name]"),
]

FormatOption = Annotated[
    Format, typer.Option("--format", help="How to print the report. tlsrpt: as a sender would report it (RFC 8460).")
]
Reports = Annotated[
    Path | None,
    typer.Option(
        "--reports",
        metavar="DIR",
        help="With --format tlsrpt: a file for each domain there, named as RFC 8460 asks.",
    ),
]
Chain = Annotated[
    Path | None, typer.Option("--chain", metavar="FILE", help="Write the presented chains there, as PEM.")
]
Transcript = Annotated[bool, typer.Option("--transcript", help="Show the dialogue.")]
EvidenceOut = Annotated[
    Path | None, typer.Option("--evidence", metavar="FILE", help="Write the evidence there, for `probe judge`.")
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say what held, too, and show every certificate.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="The verdicts alone.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colour; NO_COLOR in the environment does the same.")]
