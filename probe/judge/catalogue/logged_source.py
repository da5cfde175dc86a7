"""Findings on protocol logs as a source."""

from probe.judge.catalogue.entry import Cause, Entry
from probe.judge.catalogue.logged_sessions import LOGS

_READ_AGAIN = "Read the logs where they were written, or copy them as files."
_WHERE_TO_LOOK = (
    "See where logs are written. What comes from Exchange Online is in SmtpReceive of the front end.",
    "What goes to it is in SmtpSend of the transport service, or of a front end that is a proxy:",
)
_WHERE = (
    "    Get-TransportService | Format-List Name, SendProtocolLogPath, ReceiveProtocolLogPath",
    "    Get-FrontendTransportService | Format-List Name, SendProtocolLogPath, ReceiveProtocolLogPath",
)

LOGGED_SOURCE = (
    Entry(
        code="log-scrubbed",
        title="Parts were taken out of the log",
        meaning="What was taken out is compared with nothing.",
        cause="A copy from a forum or a ticket, made unreadable on purpose or by its filters.",
        remedy=(_READ_AGAIN,),
        references=(LOGS,),
        causes={
            "no-thumbprint": Cause(
                title="A thumbprint in the log is none",
                meaning=(
                    "A thumbprint has 40 hexadecimal digits. What has more, fewer or others was made up or typed, and "
                    "matches no certificate: whether the right one was sent is not known."
                ),
                remedy=(_READ_AGAIN,),
            ),
            "names": Cause(
                title="Names or addresses were taken out of the log",
                meaning=(
                    "Thumbprints are compared as they stand. Servers and peers cannot be told apart, so sessions of "
                    "one connector are taken together."
                ),
                remedy=(_READ_AGAIN,),
            ),
        },
    ),
    Entry(
        code="log-incomplete",
        title="Not all of the logs could be taken into account",
        meaning="What is missing may hold a fault.",
        cause="Damaged files, or logs of very many peers.",
        remedy=(_READ_AGAIN,),
        references=(LOGS,),
        causes={
            "damaged": Cause(
                title="Rows of the logs could not be read",
                meaning="They were left out; the sessions that they belong to may look unfinished.",
                remedy=(_READ_AGAIN,),
            ),
            "omitted": Cause(
                title="There are more kinds of sessions than are kept apart",
                meaning="Those beyond the limit were counted and not looked at.",
                remedy=("Read fewer logs at a time: those of one server, or of one day.",),
            ),
            "wire-unseen": Cause(
                title="The live look saw no certificate to compare with",
                meaning="No endpoint that was looked at came to TLS, so the log is held against exports alone, if any.",
                remedy=("See why, by a look at the endpoint alone:", "    probe '<HOST>:25'"),
            ),
            "no-tls": Cause(
                title="No session in the logs shows TLS, or the lack of it",
                meaning="There is nothing to judge: health checks, clients without TLS, or sessions cut off before it.",
                remedy=(*_WHERE_TO_LOOK, *_WHERE),
            ),
            "empty": Cause(
                title="The logs hold no session",
                meaning="There is nothing to judge: the files have headers alone, or rows of no session.",
                remedy=(*_WHERE_TO_LOOK, *_WHERE),
            ),
        },
    ),
    Entry(
        code="log-not-kept",
        title="A connector on the way to or from Exchange Online writes no log",
        meaning="Of its sessions nothing can be said. Logging costs little: 250 MB of space by default.",
        cause="ProtocolLoggingLevel is None, as it is by default on many connectors.",
        remedy=("Switch it on; Exchange begins without a restart:", *_WHERE),
        references=(LOGS,),
        causes={
            "receive": Cause(
                title="A receive connector that Exchange Online may reach writes no log",
                meaning="Of its sessions nothing can be said.",
                remedy=(
                    "Switch it on; Exchange begins without a restart:",
                    "    Set-ReceiveConnector '<RECEIVE-CONNECTOR>' -ProtocolLoggingLevel Verbose",
                ),
            ),
            "send": Cause(
                title="A send connector to Exchange Online writes no log",
                meaning="Of its sessions nothing can be said.",
                remedy=(
                    "Switch it on; Exchange begins without a restart:",
                    "    Set-SendConnector '<SEND-CONNECTOR>' -ProtocolLoggingLevel Verbose",
                ),
            ),
        },
    ),
)
