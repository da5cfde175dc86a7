"""Findings about the dialogue on the way to TLS."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.inbound_session import CLIENT_INJECTED
from probe.judge.catalogue.words import (
    CLOSED_ABRUPTLY,
    MAIL_FLOW,
    NDR_LIST,
    OFFER_TLS,
    REPAIR_KEY,
    SHOW_CERTIFICATES,
    STARTTLS_BY_DANE,
    STARTTLS_REQUIRED,
    STOP_INSPECTION,
    USE_CERTIFICATE,
)

_STARTTLS_WORDS = (*STARTTLS_REQUIRED, STARTTLS_BY_DANE)
_EVENTS_12014 = (
    "    Get-WinEvent -FilterHashtable @{LogName='Application'; Id=12014, 12016} -ComputerName '<SERVER>'",
)

SESSION = (
    Entry(
        code="starttls-not-supported",
        title="The server does not offer STARTTLS",
        meaning=(
            "Mail to it goes in plain text, or not at all: a connector that requires TLS, DANE and MTA-STS all hold "
            "the mail back, and it bounces after a day."
        ),
        cause=(
            "TLS is not set up, Exchange finds no certificate that it can use, or a device in between hides the offer."
        ),
        remedy=(
            "Look at what the receive connector that answers here is set to:",
            *SHOW_CERTIFICATES,
            *OFFER_TLS,
        ),
        exchange_online=_STARTTLS_WORDS,
        tlsrpt="starttls-not-supported",
        references=(
            "RFC 3207 §4",
            "RFC 8460 §4.3.1",
            "Microsoft KB 2989382 (STARTTLS missing, event 12014)",
            MAIL_FLOW,
            NDR_LIST,
        ),
        causes={
            "not-offered": Cause(
                title="The server does not offer STARTTLS",
                meaning=(
                    "Its answer to EHLO has no STARTTLS, and nothing hints at why. Mail goes in plain text, or is held "
                    "back and bounces after a day where the sender requires TLS."
                ),
                remedy=(
                    *OFFER_TLS,
                    "Another receive connector may answer Exchange Online: the narrowest RemoteIPRanges wins.",
                    "Elsewhere, switch TLS on. Postfix: smtpd_tls_security_level = may. Exim: tls_advertise_hosts = *.",
                    "If the server offers it from inside, a device on the way takes it out: see the cause masked.",
                ),
            ),
            "no-usable-certificate": Cause(
                title="Exchange finds no certificate to offer STARTTLS with",
                meaning=(
                    "The server offers X-ANONYMOUSTLS, so it is Exchange and TLS is on, but STARTTLS is missing: no "
                    "certificate fits the connector's TlsCertificateName, or the one that fits does not pass on the "
                    "server itself. Exchange does not fall back to another. A connector whose AuthMechanism lacks Tls "
                    "may well look the same."
                ),
                remedy=(
                    "Read event 12014 of MSExchangeFrontEndTransport: it quotes the name that found no certificate.",
                    *_EVENTS_12014,
                    "Compare that name with the issuer and subject of the installed certificates:",
                    *SHOW_CERTIFICATES,
                    *USE_CERTIFICATE,
                    "If a certificate does fit, see whether the server itself trusts it and its chain:",
                    "    Get-Item 'Cert:\\LocalMachine\\My\\<THUMBPRINT>' | Test-Certificate",
                    "If its private key is missing or unreadable:",
                    *REPAIR_KEY,
                    "If event 12014 is not there, see whether the connector offers TLS at all:",
                    *OFFER_TLS,
                ),
            ),
            "masked": Cause(
                title="A device in between hides STARTTLS",
                meaning=(
                    "The greeting or the keywords are overwritten with X or asterisks: that is SMTP inspection, as of "
                    "a Cisco ASA or PIX. The server may well offer STARTTLS; senders never see it."
                ),
                remedy=(
                    *STOP_INSPECTION,
                    "To be sure, probe the server from inside: there STARTTLS shows.",
                ),
                exchange_online=(*_STARTTLS_WORDS, CLOSED_ABRUPTLY),
            ),
            "refused": Cause(
                title="The server offers STARTTLS and then refuses it",
                meaning=(
                    "It answered STARTTLS with an error (454 means for the moment), twice where that was temporary. "
                    "Usually the service cannot load its certificate or key."
                ),
                remedy=(
                    *REPAIR_KEY,
                    "Elsewhere, read the server's log: file rights, a key that does not fit, or an unreadable file.",
                ),
                exchange_online=(
                    "450 4.4.317 Cannot connect to remote server [Message=454 4.7.0 …]",
                    STARTTLS_BY_DANE,
                ),
            ),
        },
    ),
    Entry(
        code="plaintext-injected",
        title="Bytes came in plain text behind the reply to STARTTLS",
        meaning=(
            "They arrived before TLS began; a careless client takes them for part of the protected session. They were "
            "kept aside and never fed to TLS. The server is faulty, or someone on the way adds to the dialogue."
        ),
        cause="A server or proxy that answers pipelined commands across STARTTLS, a faulty device, or an attack.",
        remedy=(
            "Probe again from another network. If the bytes are gone, distrust the first path.",
            "If they stay, update the mail server, or the proxy or load balancer in front of it.",
            "Read the bytes: a second reply line hints at a proxy that answers by itself.",
        ),
        tlsrpt="validation-failure",
        references=(
            "RFC 3207 §4.2",
            "RFC 3207 §6",
            "CVE-2011-0411",
            "Why TLS Is Better Without STARTTLS (USENIX Security 2021)",
        ),
        causes=CLIENT_INJECTED,
    ),
)
