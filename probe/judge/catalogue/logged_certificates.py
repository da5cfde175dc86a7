"""Findings on the certificates that went out, as protocol logs tell it."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.logged_sessions import LOGS
from probe.judge.catalogue.words import (
    HYBRID_CERTIFICATES,
    IMPORT_CERTIFICATE,
    RESTART,
    SHOW_CERTIFICATES,
    STARTTLS_REQUIRED,
    USE_CERTIFICATE,
    spelt_out,
)

_NOT_FOUND = "454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found."
_STALE = "Restart transport, which keeps the certificate in memory; then look at a new session in the log:"
_FIND = "Look for the thumbprint that the log has among the installed certificates:"
_COLLECT = "Export the connectors anew, then compare again."

LOGGED_CERTIFICATES = (
    Entry(
        code="log-self-signed-sent",
        title="The server sends the certificate that Exchange made for itself",
        meaning=(
            "Subject and issuer are the same. Peers that check certificates refuse it, Exchange Online among them; "
            "others go on with it, so it can go unnoticed."
        ),
        cause="The connector's TlsCertificateName is empty or fits nothing, and Exchange chose by the host's name.",
        remedy=USE_CERTIFICATE,
        exchange_online=(
            spelt_out("SubjectMismatch"),
            "450 4.7.320 Certificate validation failed [Message=SubjectMismatch]",
        ),
        tlsrpt="certificate-host-mismatch",
        hresult="CERT_E_CN_NO_MATCH 0x800B010F",
        references=(LOGS, HYBRID_CERTIFICATES),
        causes={
            "receive": Cause(
                title="The server presents the certificate that Exchange made for itself",
                meaning=(
                    "It is shown to those who connect. The suspicion is strong that Exchange Online answers with "
                    "SubjectMismatch, for it compares names first; with UntrustedRoot if the name should fit."
                ),
                remedy=USE_CERTIFICATE,
            ),
            "send": Cause(
                title="The server sends with the certificate that Exchange made for itself",
                meaning=(
                    "Exchange Online does not attribute mail by a self-signed certificate: without another inbound "
                    "connector that fits by address, it comes in as a stranger's, and relaying is refused."
                ),
                remedy=USE_CERTIFICATE,
                exchange_online=("550 5.7.64 TenantAttribution; Relay Access Denied SMTP",),
            ),
        },
    ),
    Entry(
        code="log-certificate-changed",
        title="The certificate changed",
        meaning="The same connector sent one certificate, then another; the finding says when.",
        cause="A renewal, or a change of the connector.",
        references=(LOGS,),
    ),
    Entry(
        code="log-certificate-uneven",
        title="Different certificates are sent under one connector's name",
        meaning="Where only one of them is in order, part of the mail fails, and which part is chance.",
        cause="A renewal that reached some of the servers, or transport that was not restarted.",
        remedy=(*IMPORT_CERTIFICATE, *USE_CERTIFICATE),
        references=(LOGS, HYBRID_CERTIFICATES),
        causes={
            "by-server": Cause(
                title="Servers send different certificates under one connector's name",
                meaning=(
                    "The last sessions of each show different thumbprints: a renewal reached only some of them. If "
                    "the logs of one end earlier, it may have caught up since."
                ),
                remedy=(*IMPORT_CERTIFICATE, *USE_CERTIFICATE),
            ),
            "by-turns": Cause(
                title="One connector sends different certificates by turns",
                meaning=(
                    "The times of the certificates overlap. Either several servers greet by one name, or one server "
                    "has two certificates that fit the same name and chooses anew at times."
                ),
                remedy=(
                    "See whether one server holds two certificates of one issuer and subject:",
                    *SHOW_CERTIFICATES,
                    *USE_CERTIFICATE,
                ),
            ),
        },
    ),
    Entry(
        code="log-certificate-agrees",
        title="The log agrees with the connector and with the wire, as far as compared",
        meaning=(
            "The certificate that the server sends by its log is the one that the connector names, and the one on the "
            "wire, where there was a live look. What a server sends as a client may rightly differ from what it "
            "presents as a server: beside a send log the wire may show another, if a connector names it."
        ),
        cause="Server, connector and wire are in step.",
        references=(LOGS, HYBRID_CERTIFICATES),
        causes={
            "superseded": Cause(
                title="The certificate was changed since the log was written",
                meaning="What is on the wire now is newer than the log, or is what the connector names.",
                remedy=("Look at newer logs, to see the new certificate there.",),
            ),
        },
    ),
    Entry(
        code="log-certificate-differs",
        title="The log does not agree with the connector or with the wire",
        meaning="The finding puts the thumbprints beside one another.",
        cause="Transport was not restarted after a change, another connector answered, or a device in between.",
        remedy=(_FIND, *SHOW_CERTIFICATES),
        references=(LOGS, HYBRID_CERTIFICATES),
        causes={
            "connector": Cause(
                title="The server sends another certificate than the connector names",
                meaning=(
                    "Exchange keeps the certificate in memory until transport is restarted; or the connector was "
                    "changed since the log was written."
                ),
                remedy=(_STALE, *RESTART, _FIND, *SHOW_CERTIFICATES, *USE_CERTIFICATE),
            ),
            "nothing-named": Cause(
                title="The connector names no installed certificate, and another one is sent",
                meaning=(
                    "By the export no certificate fits the connector's name. What was sent is still in memory: with "
                    "the next restart a receive connector stops offering STARTTLS (event 12014), and a send connector "
                    "cannot send."
                ),
                remedy=USE_CERTIFICATE,
                exchange_online=(
                    *STARTTLS_REQUIRED,
                    _NOT_FOUND,
                ),
            ),
            "wire": Cause(
                title="Another certificate is on the wire than the log shows",
                meaning=(
                    "The server has sent one certificate, and the live look met another: a device in between ends TLS, "
                    "another server or connector answered, or the certificate was changed since. What a server sends "
                    "as a client may rightly differ; but then a receive connector names what is on the wire."
                ),
                remedy=(
                    _FIND,
                    *SHOW_CERTIFICATES,
                    "If no server has the certificate that is on the wire, find the device that answers there.",
                ),
            ),
        },
    ),
    Entry(
        code="log-certificate-not-installed",
        title="The certificate that the server sends is not among those installed",
        meaning=(
            "Exchange goes on sending a certificate that was removed, as it keeps it in memory until transport is "
            "restarted; or the log and the export are of different times or servers."
        ),
        cause="A removed certificate, an old export, or the log of another server.",
        remedy=(_STALE, *RESTART, _COLLECT),
        references=(LOGS, HYBRID_CERTIFICATES),
        causes={
            "nowhere": Cause(
                title="The certificate that the server sends is installed nowhere",
                meaning="It was removed and is still in memory, or the export does not cover the server of this log.",
                remedy=(_FIND, *SHOW_CERTIFICATES, _STALE, *RESTART),
            ),
            "elsewhere": Cause(
                title="The certificate that the server sends is installed elsewhere only",
                meaning="By the export this server does not hold it; after a restart it cannot send it any more.",
                remedy=(*IMPORT_CERTIFICATE, *USE_CERTIFICATE),
            ),
            "export-older": Cause(
                title="The export is older than the sessions and lacks their certificate",
                meaning="The certificate may have been installed after the export was made: nothing follows from that.",
                remedy=(_COLLECT,),
            ),
            "since-removed": Cause(
                title="The certificate of the log is no longer installed",
                meaning="The export is younger than the log, so the certificate may have been replaced in between.",
                remedy=("Look at newer logs.",),
            ),
        },
    ),
    Entry(
        code="log-contradicted",
        title="The log says the contrary of what is expected",
        meaning="The certificate that is held for the good one fails, or the one that is held for the bad one works.",
        cause="Two thumbprints were mixed up, or the export is of another time or server.",
        remedy=("Compare the thumbprints before anything is removed:", *SHOW_CERTIFICATES),
        references=(LOGS,),
        causes={
            "expected-fails": Cause(
                title="The expected certificate is the one that fails",
                meaning="By the log the other one works. Do not remove the one that works.",
                remedy=("Compare the thumbprints before anything is removed:", *SHOW_CERTIFICATES),
            ),
            "unfit-works": Cause(
                title="The certificate that should not work is the one that does",
                meaning=(
                    "The log is what happened: the other one fails for its key. The export may be of another time or "
                    "server, or the thumbprints were mixed up. Do not remove the one that works."
                ),
                remedy=("Compare the thumbprints before anything is removed:", *SHOW_CERTIFICATES, _COLLECT),
            ),
        },
    ),
)
