"""Findings about the dialogue and the TLS session."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.words import (
    CLOSED_ABRUPTLY,
    ENABLE_TLS_12,
    MAIL_FLOW,
    NDR_LIST,
    NEGOTIATION_FAILED,
    OFFER_TLS,
    REPAIR_KEY,
    SHOW_CERTIFICATES,
    STARTTLS_REQUIRED,
    STOP_INSPECTION,
    USE_CERTIFICATE,
)

_DANE_WORDS = "4.7.321 / 5.7.321 starttls-not-supported: Destination mail server must support TLS to receive mail."
_STARTTLS_WORDS = (*STARTTLS_REQUIRED, _DANE_WORDS)
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
                    "On Exchange, see whether the connector that answers here may offer TLS:",
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
                    "server itself. Exchange does not fall back to another."
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
                    _DANE_WORDS,
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
    ),
    Entry(
        code="client-certificate-required",
        title="The server insists on a client certificate",
        meaning=(
            "Without one it ends the connection, so most senders cannot deliver. Exchange Online shows its own "
            "certificate (mail.protection.outlook.com) when asked, and gets in only if the server trusts it."
        ),
        cause=(
            "The server was set to require client certificates where asking for them was meant. Exchange itself asks "
            "and does not insist, so it is often a gateway or a server of another make."
        ),
        remedy=(
            "Let the server ask but not insist. Postfix: smtpd_tls_req_ccert = no. nginx: ssl_verify_client optional.",
            "Exim: tls_try_verify_hosts in place of tls_verify_hosts.",
            "If it must insist, look at the rest of the server with a certificate that it accepts:",
            "    probe <TARGET> --client-cert '<PEM-FILE>' --client-key '<PEM-FILE>'",
        ),
        exchange_online=(NEGOTIATION_FAILED,),
        tlsrpt="validation-failure",
        hresult="SEC_E_INCOMPLETE_CREDENTIALS 0x80090320",
        references=("RFC 8446 §4.3.2", "RFC 8446 §6.2", "RFC 5246 §7.4.4"),
    ),
    Entry(
        code="tls-established",
        title="TLS was agreed",
        meaning=(
            "A handshake with the widest offer succeeded. It does not prove that the certificate is right, nor that "
            "every sender shares a cipher with this server. Exchange Online has broken off TLS 1.3 with some gateways "
            "over session tickets (451 4.4.0 Security status Renegotiate), which cannot be seen here; whether it still "
            "does is not known."
        ),
        cause="The server speaks TLS.",
        references=("RFC 3207 §4", "RFC 9325 §3.1"),
    ),
    Entry(
        code="tls-version-old",
        title="The server speaks only an old version of TLS",
        meaning=(
            "It chose a version below the minimum although newer ones were offered. Exchange Online speaks TLS 1.2 and "
            "newer and cannot connect; senders without a promise to keep may fall back to plain text."
        ),
        cause="An old Windows or Exchange, a library from before 2012, or a load balancer with an old profile.",
        remedy=(
            *ENABLE_TLS_12,
            "Exchange 2013 before CU8 speaks TLS 1.0 only: update Exchange first.",
            "On load balancers and gateways, choose a profile that has TLS 1.2 and TLS 1.3.",
        ),
        exchange_online=(NEGOTIATION_FAILED, _DANE_WORDS),
        tlsrpt="validation-failure",
        hresult="SEC_E_ALGORITHM_MISMATCH 0x80090331",
        references=("RFC 8996", "RFC 9325 §3.1.1", "Microsoft KB 3045301 (TLS 1.0 in Exchange 2013)"),
    ),
    Entry(
        code="cipher-weak",
        title="The server chose a weak cipher",
        meaning=(
            "It chose it although strong ones were offered. Strict senders cannot agree on a cipher with this server, "
            "and what others send could be read by someone who records it."
        ),
        cause="An order of ciphers from long ago, or Schannel settings that left only old suites.",
        remedy=(
            "On Windows, see which suites are on and in which order; ECDHE with AES-GCM belongs first:",
            "    Get-TlsCipherSuite | Format-Table Name, CipherLength",
            "Switch the weak ones off, then restart the machine:",
            "    Disable-TlsCipherSuite -Name '<CIPHER-SUITE>'",
            "    Restart-Computer",
            "Elsewhere, use the library's default list. Postfix: smtpd_tls_ciphers = medium.",
        ),
        exchange_online=(
            "454 4.7.0 Temporary authentication failure because negotiated Tls cipher strength is too weak",
            NEGOTIATION_FAILED,
        ),
        tlsrpt="validation-failure",
        hresult="SEC_E_ALGORITHM_MISMATCH 0x80090331",
        references=("RFC 9325 §4.1", "RFC 9325 §4.2"),
    ),
)
