"""Findings on connectors that name no certificate, and leave the choice to Exchange."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import (
    HYBRID_CERTIFICATES,
    SHOW_CERTIFICATES,
    STARTTLS_REQUIRED,
    USE_CERTIFICATE,
    refusal,
)

_NOT_ATTRIBUTED = "550 5.7.64 TenantAttribution; Relay Access Denied SMTP"
_CHOICE = (
    "Exchange then looks for a certificate by the connector's Fqdn: exact names before wildcards, those of a CA before "
    "self-signed ones. That is known of its code of 2013, and unverified since."
)

NAMELESS: tuple[Entry, ...] = (
    Entry(
        code="receive-name-null",
        title="The connector that Exchange Online comes to names no certificate",
        meaning=_CHOICE,
        cause="The Hybrid Configuration Wizard was not run for this server, or the name was taken away by hand.",
        remedy=USE_CERTIFICATE,
        exchange_online=refusal("SubjectMismatch"),
        references=(HYBRID_CERTIFICATES,),
        causes={
            "self-signed": Cause(
                title="No certificate is named: Exchange shows its self-signed one",
                meaning=(
                    f"{_CHOICE} The only one for that name is self-signed, with the server's internal names. Exchange "
                    "Online compares the name before the chain: the words are SubjectMismatch, not UntrustedRoot."
                ),
                remedy=USE_CERTIFICATE,
            ),
            "ca-issued": Cause(
                title="No certificate is named; one of a CA has the connector's Fqdn",
                meaning=f"{_CHOICE} Here it should find the one of a CA, which may be as good as naming it.",
                remedy=("To be sure of it, name the certificate.", *USE_CERTIFICATE),
                exchange_online=(),
            ),
            "none": Cause(
                title="No certificate is named, and none has the connector's Fqdn",
                meaning=f"{_CHOICE} Here it finds none. Whether STARTTLS is then offered at all, the wire must tell.",
                remedy=USE_CERTIFICATE,
                exchange_online=(*STARTTLS_REQUIRED, *refusal("SubjectMismatch")),
            ),
            "unknown": Cause(
                title="No certificate is named, and what Exchange takes is not known",
                meaning=f"{_CHOICE} The exports do not tell which one it finds; as a rule it is the self-signed one.",
                remedy=("See which certificates the server has:", *SHOW_CERTIFICATES, *USE_CERTIFICATE),
            ),
        },
    ),
    Entry(
        code="send-name-null",
        title="The connector to Exchange Online names no certificate",
        meaning=_CHOICE,
        cause="The Hybrid Configuration Wizard was not run, or the name was taken away by hand.",
        remedy=USE_CERTIFICATE,
        exchange_online=(_NOT_ATTRIBUTED,),
        references=(HYBRID_CERTIFICATES,),
        causes={
            "self-signed": Cause(
                title="No certificate is named: Exchange sends with its self-signed one",
                meaning=(
                    f"{_CHOICE} The only one for that name is self-signed, and Exchange Online attributes mail only by "
                    "one of a CA. Mail to its own recipients then counts as a stranger's; the rest is refused."
                ),
                remedy=USE_CERTIFICATE,
            ),
            "ca-issued": Cause(
                title="No certificate is named; one of a CA has the connector's Fqdn",
                meaning=f"{_CHOICE} Here it should find the one of a CA, which may be as good as naming it.",
                remedy=("To be sure of it, name the certificate.", *USE_CERTIFICATE),
                exchange_online=(),
            ),
            "none": Cause(
                title="No certificate is named, and none has the connector's Fqdn",
                meaning=(
                    f"{_CHOICE} Here it finds none, and then sends without: mail to Exchange Online's own recipients "
                    "counts as a stranger's, the rest is refused."
                ),
                remedy=USE_CERTIFICATE,
            ),
            "unknown": Cause(
                title="No certificate is named, and what Exchange takes is not known",
                meaning=f"{_CHOICE} The exports do not tell which one it finds.",
                remedy=("See which certificates the server has:", *SHOW_CERTIFICATES, *USE_CERTIFICATE),
            ),
        },
    ),
)
