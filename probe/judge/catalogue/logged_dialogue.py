"""Findings on what protocol logs show of the dialogue around TLS."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.logged_sessions import IN_THE_QUEUE, LOGS
from probe.judge.catalogue.words import (
    CLOSED_ABRUPTLY,
    ENABLE_TLS_12,
    NEGOTIATION_FAILED,
    RESTART,
    STARTTLS_REQUIRED,
    STOP_INSPECTION,
)

LOGGED_DIALOGUE = (
    Entry(
        code="log-command-masked",
        title="A command arrived overwritten by a device in between",
        meaning=(
            "The server offered STARTTLS, and the other side's command arrived as a row of X: that is SMTP inspection, "
            "as of a Cisco ASA. TLS cannot begin."
        ),
        cause="A firewall that inspects SMTP.",
        remedy=STOP_INSPECTION,
        exchange_online=(*STARTTLS_REQUIRED, CLOSED_ABRUPTLY),
        tlsrpt="starttls-not-supported",
        references=("RFC 3207 §4", LOGS),
    ),
    Entry(
        code="log-plain-text",
        title="Sessions went in plain text although TLS was on offer",
        meaning="STARTTLS was offered and not asked for. Mail went in plain text, or the session had no mail.",
        cause="The peer does without TLS, or does not see the offer.",
        remedy=("To keep plain text out, require TLS on a connector for the peers that you know.",),
        references=("RFC 3207 §4", LOGS),
        causes={
            "others": Cause(
                title="Peers went in plain text although TLS was on offer",
                meaning="They do as they like: old devices, scripts, and those who only came to look.",
                remedy=("To keep plain text out, require TLS on a connector for the peers that you know.",),
            ),
            "exchange-online": Cause(
                title="Exchange Online did not ask for STARTTLS, although it was offered",
                meaning=(
                    "It asks whenever it sees the offer. If it did not, a device in between may hide it from it; or a "
                    "stranger calls itself by Microsoft's name."
                ),
                remedy=(
                    "See what arrives outside; keywords that are overwritten show a device that inspects SMTP:",
                    "    probe '<HOST>:25' --transcript",
                    *STOP_INSPECTION,
                ),
                exchange_online=STARTTLS_REQUIRED,
            ),
        },
    ),
    Entry(
        code="log-tls-old",
        title="Sessions used a version of TLS below 1.2",
        meaning=(
            "It was agreed on, so one of the two has nothing newer; a log does not say which. Exchange Online has "
            "spoken TLS 1.2 and newer only since January 2021: with it such sessions fail today."
        ),
        cause="Old Windows settings, an Exchange before 2013 CU8, or an old device at the other end.",
        remedy=ENABLE_TLS_12,
        exchange_online=(NEGOTIATION_FAILED,),
        references=("RFC 8996", "Microsoft KB 3045301 (TLS 1.0 in Exchange 2013)"),
    ),
    Entry(
        code="log-cut-short",
        title="Sessions with Exchange Online ended before TLS",
        meaning="The connection did not come about, or ended in the dialogue, and no reply says why.",
        cause="A firewall, a smart host's name that leads elsewhere, or a network that failed.",
        remedy=(
            "See whether the smart host can be reached from the server, and where its name leads:",
            "    Test-NetConnection '<HOST>' -Port 25",
            "Then restart transport, which asks again:",
            *RESTART,
        ),
        exchange_online=IN_THE_QUEUE,
        references=(LOGS,),
        causes={
            "no-starttls": Cause(
                title="Exchange Online gave no STARTTLS",
                meaning=(
                    "What answered greets as Exchange Online, or the connector leads there, and TLS was not to be had. "
                    "A device in between may take it out, or answer itself. It is also told, without proof, that "
                    "Exchange Online hides it from addresses of bad repute."
                ),
                remedy=(
                    "See from the server itself what answers, and whether its keywords have STARTTLS:",
                    "    probe '<HOST>:25' --transcript",
                    *STOP_INSPECTION,
                    "If the server's outside address is blocked, https://sender.office.com takes it off the list.",
                ),
                exchange_online=IN_THE_QUEUE,
            ),
        },
    ),
)
