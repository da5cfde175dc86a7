"""SMTP around STARTTLS (RFC 5321, RFC 3207), from both sides: `client` is what the prober says, `server` what the
listener answers, `heard` reads a transcript back. `lines` frames what either of them hears."""

from probe.dialogue.smtp.client import QUIT, greet, greet_again, starttls
from probe.dialogue.smtp.heard import Envelope, Heard, attend, hear
from probe.dialogue.smtp.lines import MAX_DIALOGUE, MAX_LINE, MAX_LINES, Inbox, Reply

__all__ = [
    "MAX_DIALOGUE",
    "MAX_LINE",
    "MAX_LINES",
    "QUIT",
    "Envelope",
    "Heard",
    "Inbox",
    "Reply",
    "attend",
    "greet",
    "greet_again",
    "hear",
    "starttls",
]
