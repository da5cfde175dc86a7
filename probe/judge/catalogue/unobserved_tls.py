"""Causes of `not-observed` from the TLS handshake on."""

from collections.abc import Mapping

from probe.judge.catalogue.entry import Cause
from probe.judge.catalogue.words import (
    CLOSED_ABRUPTLY,
    ENABLE_TLS_12,
    NEGOTIATION_FAILED,
    PATH_MTU,
    RECEIVE_LOG,
    REFRESH_ROOTS,
    REPAIR_KEY,
    SCHANNEL_EVENTS,
    SERVICES,
    STOP_INSPECTION,
    THE_REPLY,
)

TLS: Mapping[str, Cause] = {
    "HANDSHAKE/TIMEOUT": Cause(
        title="The TLS handshake stalled",
        meaning="The server agreed to TLS and then sent nothing, or not all of it. Exchange logs 421 4.4.2 for it.",
        remedy=PATH_MTU,
        exchange_online=(NEGOTIATION_FAILED, CLOSED_ABRUPTLY),
        tlsrpt="validation-failure",
    ),
    "HANDSHAKE/CLOSED": Cause(
        title="The server closed the connection during the TLS handshake",
        meaning=(
            "It agreed to TLS and then left without a word. An Exchange server does so when it cannot use the private "
            "key, or when it shares no TLS version or cipher with the client."
        ),
        remedy=(*SCHANNEL_EVENTS, *REPAIR_KEY, *ENABLE_TLS_12),
        exchange_online=(NEGOTIATION_FAILED,),
        tlsrpt="validation-failure",
        hresult="SEC_E_ALGORITHM_MISMATCH 0x80090331",
    ),
    "HANDSHAKE/PROTOCOL": Cause(
        title="What came in place of a TLS handshake is not TLS",
        meaning=(
            "After agreeing to TLS the server, or something on the way, went on in plain text or broke the handshake. "
            "Senders that require TLS cannot deliver."
        ),
        remedy=(
            "If the target was given as smtps:// or https://, check that this port really speaks TLS at once.",
            *STOP_INSPECTION,
            *SCHANNEL_EVENTS,
        ),
        exchange_online=(NEGOTIATION_FAILED,),
        tlsrpt="validation-failure",
        hresult="SEC_E_INVALID_TOKEN 0x80090308",
    ),
    "HANDSHAKE/ALERT": Cause(
        title="The server broke off the TLS handshake with an alert",
        meaning=(
            "The finding names the alert. handshake_failure and protocol_version: no TLS version, cipher or "
            "certificate fits both sides. unrecognized_name: it does not know the name we asked for. internal_error: "
            "often the private key."
        ),
        remedy=(
            "For unrecognized_name, try without the name (SNI), or with the right one:",
            "    probe '<TARGET>' --sni none",
            *SCHANNEL_EVENTS,
            *REPAIR_KEY,
            *ENABLE_TLS_12,
        ),
        exchange_online=(NEGOTIATION_FAILED,),
        tlsrpt="validation-failure",
        hresult="SEC_E_ILLEGAL_MESSAGE 0x80090326",
    ),
    "AFTER/TIMEOUT": Cause(
        title="The server fell silent once TLS stood",
        meaning="TLS was agreed, but the EHLO inside it got no answer in time. Certificate and session were judged.",
        remedy=(*SERVICES, *PATH_MTU),
        exchange_online=(CLOSED_ABRUPTLY,),
    ),
    "AFTER/CLOSED": Cause(
        title="The server closed the connection once TLS stood",
        meaning=(
            "TLS was agreed, then the server left before it answered EHLO. It may refuse our address, or miss a client "
            "certificate without saying so. Certificate and session were judged."
        ),
        remedy=(
            "If the server requires a client certificate, show one:",
            "    probe '<TARGET>' --client-cert '<PEM-FILE>' --client-key '<PEM-FILE>'",
            *RECEIVE_LOG,
        ),
        exchange_online=(CLOSED_ABRUPTLY,),
    ),
    "AFTER/REJECTED": Cause(
        title="The server refused us once TLS stood",
        meaning=(
            "It answered the EHLO inside TLS with an error; the finding holds its reply. Certificate and session were "
            "judged."
        ),
        remedy=(
            "Read the reply. If it speaks of our name or address, try another:",
            "    probe '<TARGET>' --ehlo '<THIS-HOST>'",
            "454 4.7.5: Exchange does not trust the client's certificate, and may lack its root.",
            *REFRESH_ROOTS,
            *RECEIVE_LOG,
        ),
        exchange_online=(THE_REPLY, "454 4.7.5 Certificate validation failure"),
    ),
    "AFTER/PROTOCOL": Cause(
        title="What came inside TLS is not SMTP",
        meaning=(
            "TLS stands, but the answer to EHLO makes no sense. Probably TLS ends at a device that leads elsewhere."
        ),
        remedy=("Check which device ends TLS on this address, and where it passes the connection on to.",),
        exchange_online=(CLOSED_ABRUPTLY,),
    ),
    "AFTER/ALERT": Cause(
        title="The server ended TLS with an alert once it stood",
        meaning=(
            "In TLS 1.3 a server refuses a client certificate only after the handshake, and this is how that is heard. "
            "The finding names the alert. Certificate and session were judged."
        ),
        remedy=(
            "If a client certificate was shown, see that the server trusts its issuer and accepts its usage.",
            "Let the server ask for a client certificate without insisting on one.",
            *SCHANNEL_EVENTS,
        ),
        exchange_online=(NEGOTIATION_FAILED,),
        tlsrpt="validation-failure",
    ),
}
