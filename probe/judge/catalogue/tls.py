"""Findings about the TLS session, and about what the server asks of us in it."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.inbound_session import CLIENT_CIPHER, CLIENT_VERSION
from probe.judge.catalogue.words import ENABLE_TLS_12, NEGOTIATION_FAILED, STARTTLS_BY_DANE

_ASK_ONLY = (
    "Let the server ask but not insist. Postfix: smtpd_tls_req_ccert = no. nginx: ssl_verify_client optional_no_ca.",
    "Exim: tls_try_verify_hosts in place of tls_verify_hosts.",
)
_SHOW_ONE = (
    "If it must insist, look at the rest of the server with a certificate that it accepts:",
    "    probe '<TARGET>' --client-cert '<PEM-FILE>' --client-key '<PEM-FILE>'",
)
_NEWER_TLS = ("On load balancers and gateways, choose a profile that has TLS 1.2 and TLS 1.3.",)

TLS = (
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
        remedy=(*_ASK_ONLY, *_SHOW_ONE),
        exchange_online=(NEGOTIATION_FAILED,),
        tlsrpt="validation-failure",
        hresult="SEC_E_INCOMPLETE_CREDENTIALS 0x80090320",
        references=("RFC 8446 §4.3.2", "RFC 8446 §6.2", "RFC 5246 §7.4.4"),
        causes={
            "none-shown": Cause(
                title="The server insists on a client certificate, and none was shown",
                meaning=(
                    "It asked for a certificate, got none and ended the connection, so most senders cannot deliver. "
                    "Exchange Online shows its own (mail.protection.outlook.com) when asked, and gets in only if the "
                    "server trusts it."
                ),
                remedy=(*_ASK_ONLY, *_SHOW_ONE),
            ),
            "refused": Cause(
                title="The server refuses the client certificate that was shown",
                meaning=(
                    "It asked for a certificate, was shown the given one and ended the connection: it does not know "
                    "the CA, or the certificate is expired, revoked or not made for clients. It says nothing about "
                    "whether Exchange Online's certificate would be taken."
                ),
                remedy=(
                    "See which authorities the server names: the finding lists them, if it names any.",
                    "Let the server trust the CA of the shown certificate, or show another:",
                    "    probe '<TARGET>' --client-cert '<PEM-FILE>' --client-key '<PEM-FILE>'",
                    *_ASK_ONLY,
                ),
            ),
        },
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
        title="The server speaks only a version of TLS below the minimum",
        meaning=(
            "It chose a version below the minimum although newer ones were offered. What that does to mail depends on "
            "the version: the finding has it."
        ),
        cause="An old Windows or Exchange, an old library, or a load balancer with an old profile.",
        remedy=_NEWER_TLS,
        references=("RFC 8996", "RFC 9325 §3.1.1", "Microsoft KB 3045301 (TLS 1.0 in Exchange 2013)"),
        causes={
            "below-1.2": Cause(
                title="The server speaks no TLS 1.2",
                meaning=(
                    "It chose an older version although newer ones were offered. Exchange Online speaks TLS 1.2 and "
                    "newer and cannot connect; senders without a promise to keep may fall back to plain text."
                ),
                remedy=(
                    *ENABLE_TLS_12,
                    "Exchange 2013 before CU8 speaks TLS 1.0 only: update Exchange first.",
                    *_NEWER_TLS,
                ),
                exchange_online=(NEGOTIATION_FAILED, STARTTLS_BY_DANE),
                tlsrpt="validation-failure",
                hresult="SEC_E_ALGORITHM_MISMATCH 0x80090331",
            ),
            "below-minimum": Cause(
                title="The server speaks TLS 1.2, but not the version that was asked for",
                meaning=(
                    "It chose a version below the minimum that was asked for, although newer ones were offered. For "
                    "Exchange Online TLS 1.2 is enough: it connects and reports nothing."
                ),
                remedy=(
                    "If TLS 1.2 will do, ask for no more than that:",
                    "    probe '<TARGET>' --min-tls 1.2",
                    "Exchange itself took SMTP no further than TLS 1.2 as of early 2025; newer updates may.",
                    *_NEWER_TLS,
                ),
            ),
            **CLIENT_VERSION,
        },
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
        causes=CLIENT_CIPHER,
    ),
)
