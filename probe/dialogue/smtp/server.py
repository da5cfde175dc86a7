"""SMTP as a server that takes no mail: it greets, offers STARTTLS, hears who sends to whom, and says "not now".

Every MAIL is answered 250 and every RCPT by `Desk.answer`, as a rule 451: so the sender keeps its mail and tries again
elsewhere or later, nothing is lost and nothing bounces at once (RFC 5321 §4.2.1). Nothing is ever accepted: DATA finds
no recipients (§3.3), what comes behind BDAT is thrown away unread (RFC 3030 §2), AUTH is not offered.

What is taken down of it says `kept`.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import NamedTuple

from probe.dialogue.smtp.kept import CHUNK, kept
from probe.dialogue.smtp.lines import Lines
from probe.dialogue.smtp.mailbox import mailbox
from probe.errors import PeerClosed, PeerError

# What Exchange Online's front end offers, in its order; inside TLS the same without STARTTLS.
KEYWORDS = (
    "SIZE 157286400",
    "PIPELINING",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "STARTTLS",
    "8BITMIME",
    "BINARYMIME",
    "CHUNKING",
    "SMTPUTF8",
)
NOT_NOW = "451 4.7.0 TLS probe: message not accepted"
INJECTED = b"554 5.5.1 Nothing may come behind STARTTLS before the answer to it (RFC 3207 section 4.2)\r\n"
READY = b"220 2.0.0 SMTP server ready\r\n"

MOST_COMMANDS = 500  # on one connection, in plain text and inside TLS each
MOST_ERRORS = 20
MOST_RECIPIENTS = 200  # of one message; RFC 5321 §4.5.3.1.8 has a server hear 100 at least

_REPLIES = {
    "RSET": "250 2.0.0 Reset",
    "NOOP": "250 2.0.0 OK",
    "VRFY": "252 2.1.5 Nobody is known here",
    "EXPN": "252 2.1.5 Nobody is known here",
    "HELP": "214 2.0.0 This host hears who sends, and takes no mail",
    "QUIT": "221 2.0.0 Service closing transmission channel",
    "AUTH": "502 5.5.1 AUTH is not offered",  # RFC 4954 §4: by 5xx the client knows to go on without
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who answers a client. `name` is what we call ourselves, `peer` the client's address. `note` takes down what the
    client said, as far as it may be kept. `answer` gives the reply to a recipient, whose command is noted by then.
    `secure` tells whether a handshake may begin now. `full`: keep whole addresses."""

    name: str
    peer: str
    note: Callable[[str], None]
    answer: Callable[[], str]
    secure: Callable[[], bool] = lambda: True
    full: bool = False


class Over(NamedTuple):
    """How a conversation ended: what is still to be said, and the bytes that stood behind the last command. `secure`:
    that was STARTTLS, which waits for its answer; else it was QUIT."""

    say: bytes
    rest: bytes
    secure: bool


Service = Generator[bytes, bytes, Over]


def welcome(desk: Desk) -> Service:
    """From the banner to STARTTLS, or to QUIT. Raises `PeerClosed` where the client leaves without, and `PeerError`
    where it is too much of a guest."""
    banner = f"220 {desk.name} ESMTP probe listener: a test host that takes no mail\r\n"
    return (yield from _Conversation(desk, inside=False).go(banner.encode()))


def inside(desk: Desk) -> Service:
    """The same once TLS stands. The client speaks first, and both sides have forgotten the first EHLO (RFC 3207
    §4.2)."""
    return (yield from _Conversation(desk, inside=True).go(b""))


class _Conversation:
    """One side of TLS: what was said, and what that allows."""

    def __init__(self, desk: Desk, *, inside: bool) -> None:
        self._desk, self._inside = desk, inside
        self._lines = Lines("commands")
        self._greeted = self._sender = False
        self._recipients = self._commands = self._errors = self._chunk = 0

    def go(self, say: bytes) -> Service:
        while True:
            heard = yield say
            if not heard:
                raise PeerClosed("the client left without QUIT")
            self._lines.feed(heard)
            replies: list[str] = []
            while (line := self._next()) is not None:
                verb, _, argument = line.partition(" ")
                reply = self._heed(verb.upper(), argument.strip(" \t"), line)
                if reply is None:
                    return Over(_wire(replies), self._lines.rest(), secure=True)
                replies.append(reply)
                if verb.upper() == "QUIT":
                    return Over(_wire(replies), self._lines.rest(), secure=False)
            say = _wire(replies)

    def _next(self) -> str | None:
        """The next command; what belongs to a chunk of BDAT is none."""
        if self._chunk:
            self._chunk = self._lines.skip(self._chunk)
        return None if self._chunk else self._lines.next_line()

    def _heed(self, verb: str, argument: str, line: str) -> str | None:
        """Take it down and answer it. None: it is STARTTLS, and granted."""
        self._commands += 1
        if self._commands > MOST_COMMANDS:
            raise PeerError(f"more than {MOST_COMMANDS} commands")
        asked = verb == "RCPT" and self._sender  # who answers looks at what is noted
        if asked:
            self._note(line)
        reply = self._answer(verb, argument)
        if not asked:
            refused = verb in ("MAIL", "RCPT") and reply is not None and reply.startswith("5")
            self._note(verb if refused else line)
        if reply and reply.startswith("50"):
            self._errors += 1
            if self._errors > MOST_ERRORS:
                raise PeerError(f"more than {MOST_ERRORS} commands that are none")
        return reply

    def _note(self, line: str) -> None:
        self._desk.note(kept(line, full=self._desk.full) + "\r\n")

    def _answer(self, verb: str, argument: str) -> str | None:
        match verb:
            case "EHLO" | "HELO":
                return self._greet(verb, argument)
            case "STARTTLS":
                return self._secure(argument)
            case "MAIL":
                return self._mail(argument)
            case "RCPT":
                return self._recipient(argument)
            case "DATA" | "BDAT":
                return self._content(verb, argument)
            case "RSET":
                self._sender, self._recipients = False, 0
        return _REPLIES.get(verb, "500 5.5.1 Unrecognized command")

    def _greet(self, verb: str, argument: str) -> str:
        if not argument:
            return f"501 5.5.4 {verb} needs a name"
        self._greeted, self._sender, self._recipients = True, False, 0
        hello = f"{self._desk.name} Hello [{self._desk.peer}]"
        if verb == "HELO":
            return f"250 {hello}"
        *some, last = (hello, *(word for word in KEYWORDS if not (self._inside and word == "STARTTLS")))
        return "".join(f"250-{line}\r\n" for line in some) + f"250 {last}"

    def _secure(self, argument: str) -> str | None:
        if self._inside:
            return "503 5.5.1 TLS stands already"
        if argument:
            return "501 5.5.4 STARTTLS takes no parameters"  # RFC 3207 §4
        if not self._desk.secure():
            return "454 4.7.0 TLS is not to be had at the moment"  # RFC 3207 §4
        return None

    def _mail(self, argument: str) -> str:
        if not self._greeted:
            return "503 5.5.1 Greet first"
        if self._sender:
            return "503 5.5.1 One sender at a time"  # RFC 5321 §4.1.4
        if mailbox(argument, "FROM") is None:
            return "501 5.5.4 MAIL FROM:<address> is meant"
        self._sender = True
        return "250 2.1.0 Sender OK"

    def _recipient(self, argument: str) -> str:
        if not self._sender:
            return "503 5.5.1 MAIL comes first"
        found = mailbox(argument, "TO")
        if found is None or found.null:
            return "501 5.5.4 RCPT TO:<address> is meant"
        self._recipients += 1
        if self._recipients > MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        return self._desk.answer()

    def _content(self, verb: str, argument: str) -> str:
        if verb == "BDAT":
            chunk = CHUNK.fullmatch(argument)
            if chunk is None:
                return "501 5.5.4 BDAT takes a size"
            self._chunk = int(chunk[1])
        # RFC 5321 §3.3: no recipient was taken, so there is nobody to whom it could go.
        return "554 5.5.1 No valid recipients" if self._sender else "503 5.5.1 MAIL comes first"


def _wire(replies: list[str]) -> bytes:
    return "".join(f"{reply}\r\n" for reply in replies).encode("ascii", "replace")
