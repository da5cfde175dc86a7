"""SMTP as a client that wants TLS: banner, EHLO, STARTTLS; inside TLS EHLO again (RFC 5321, RFC 3207).

The peer is not to be trusted. A reply is framed by us, line by line, under three limits: the length of a line, the
lines of a reply, the bytes of the whole dialogue. Whatever stands behind the reply to STARTTLS was sent in plain text
by somebody who could not know our TLS keys: it is handed back as evidence and never read as part of the session.
"""

from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache

from probe.errors import PeerClosed, PeerError, PeerRefusal
from probe.model import Speaker, Turn

MAX_LINE = 4096  # bytes; RFC 5321 §4.5.3.1.5 promises 512, real servers send more
MAX_LINES = 128  # in one reply
MAX_DIALOGUE = 65536  # bytes heard

QUIT = b"QUIT\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply: its code, and the text of each line behind code and separator, one character a byte."""

    code: int
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.lines)}".rstrip()

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 300


class Inbox:
    """What was heard and not yet read, cut into replies. Reading is linear however the bytes arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._heard = 0
        self._lines: list[str] = []

    def feed(self, heard: bytes) -> None:
        """Take in what came; `b""` means that the peer closed."""
        if not heard:
            raise PeerClosed("the connection was closed while a reply was due")
        self._heard += len(heard)
        if self._heard > MAX_DIALOGUE:
            raise PeerError(f"more than {MAX_DIALOGUE} bytes of replies")
        self._buffer += heard

    def next_reply(self) -> Reply | None:
        """The next whole reply, or None where more has to be heard."""
        while (line := self._next_line()) is not None:
            code, separator, text = line[:3], line[3:4], line[4:]
            # RFC 5321 §4.2: three digits, then a blank (last line) or a hyphen (more to come), or nothing at all.
            if not (code.isascii() and code.isdigit() and len(code) == 3 and separator in ("", " ", "-")):
                raise PeerError(f"not an SMTP reply: {line[:80]}")
            self._lines.append(text)
            if len(self._lines) > MAX_LINES:
                raise PeerError(f"a reply of more than {MAX_LINES} lines")
            if separator != "-":
                # Codes that change within a reply exist; as in most clients, the last one counts.
                reply = Reply(code=int(code), lines=tuple(self._lines))
                self._lines = []
                return reply
        return None

    def rest(self) -> bytes:
        """What is left behind the last reply, read no further."""
        rest, self._buffer = bytes(self._buffer), bytearray()
        return rest

    def _next_line(self) -> str | None:
        end = self._buffer.find(b"\n", self._searched)  # a bare LF ends a line too: real servers send it
        if end < 0:
            self._searched = len(self._buffer)
        if (end if end >= 0 else self._searched) > MAX_LINE:
            raise PeerError(f"a line of more than {MAX_LINE} bytes")
        if end < 0:
            return None
        line = self._buffer[:end].removesuffix(b"\r").decode("latin-1")
        del self._buffer[: end + 1]
        self._searched = 0
        return line


def starttls(name: str) -> Generator[bytes, bytes, bytes]:
    """From the banner to the moment where the TLS handshake begins. Returns the bytes that came too early."""
    inbox = Inbox()
    keywords = yield from _banner_and_ehlo(inbox, name)
    if not any(keyword.partition(" ")[0].upper() == "STARTTLS" for keyword in keywords):
        raise PeerRefusal("STARTTLS is not offered")
    reply = yield from _ask(inbox, b"STARTTLS\r\n")
    if reply.code != 220:  # RFC 3207 §4
        raise PeerRefusal(str(reply))
    return inbox.rest()


def greet(name: str) -> Generator[bytes, bytes, bytes]:
    """Banner and EHLO, where the session is already inside TLS."""
    inbox = Inbox()
    yield from _banner_and_ehlo(inbox, name)
    return inbox.rest()


def greet_again(name: str) -> Generator[bytes, bytes, bytes]:
    """The second EHLO: RFC 3207 §4.2 has both sides forget the first. It is also the first read inside TLS, where a
    TLS 1.3 server that refuses our client certificate makes itself heard."""
    inbox = Inbox()
    reply = yield from _ask(inbox, b"EHLO %s\r\n" % name.encode("ascii"))
    if not reply.positive:
        raise PeerRefusal(str(reply))
    return inbox.rest()


def _banner_and_ehlo(inbox: Inbox, name: str) -> Generator[bytes, bytes, tuple[str, ...]]:
    banner = yield from _reply(inbox)
    if not banner.positive:  # RFC 5321 §3.1: 220, or 554 and no service; 421 is "not now"
        raise PeerRefusal(str(banner))
    ehlo = yield from _ask(inbox, b"EHLO %s\r\n" % name.encode("ascii"))
    if 500 <= ehlo.code < 600:
        # RFC 5321 §3.2: a server that does not know EHLO gets HELO, which offers no extensions.
        helo = yield from _ask(inbox, b"HELO %s\r\n" % name.encode("ascii"))
        if not helo.positive:
            raise PeerRefusal(str(helo))
        return ()
    if not ehlo.positive:
        raise PeerRefusal(str(ehlo))
    return ehlo.lines[1:]


def _ask(inbox: Inbox, command: bytes) -> Generator[bytes, bytes, Reply]:
    if ahead := inbox.rest():
        # One reply a command (RFC 5321 §4.2). Taking this for the answer would let a man in the middle prepare answers.
        raise PeerError(f"the peer spoke out of turn: {ahead[:80].decode('latin-1')}")
    inbox.feed((yield command))
    return (yield from _reply(inbox))


def _reply(inbox: Inbox) -> Generator[bytes, bytes, Reply]:
    while (reply := inbox.next_reply()) is None:
        inbox.feed((yield b""))
    return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The dialogue read back from its transcript. A reply that never came whole is None.

    `ehlo` answers the first EHLO, or the HELO after it (`helo` is True then); `after` the EHLO inside TLS that followed
    a STARTTLS.
    """

    banner: Reply | None = None
    ehlo: Reply | None = None
    helo: bool = False
    starttls: Reply | None = None
    after: Reply | None = None

    @property
    def keywords(self) -> tuple[str, ...]:
        """What EHLO offered, in order and as sent; the greeting line is not a keyword."""
        return self.ehlo.lines[1:] if self.ehlo and self.ehlo.positive and not self.helo else ()


def hear(transcript: tuple[Turn, ...]) -> Heard:
    """Read a transcript back. Total: whatever was heard, this raises nothing."""
    found: dict[str, Reply] = {}
    part = "banner"
    for turn in transcript:
        if turn.who is Speaker.CLIENT:
            verb = turn.data[:8].strip().upper().partition(" ")[0]
            again = verb == "EHLO" and "starttls" in found
            part = "after" if again else verb.lower()
        elif part not in found and (reply := _first_reply(turn.data)):
            found[part] = reply
    return Heard(
        banner=found.get("banner"),
        ehlo=found.get("helo") or found.get("ehlo"),
        helo="helo" in found,
        starttls=found.get("starttls"),
        after=found.get("after"),
    )


@lru_cache(maxsize=256)  # of a fleet, and of each dialogue read more than once
def _first_reply(text: str) -> Reply | None:
    inbox = Inbox()
    try:
        inbox.feed(text.encode("latin-1"))
        return inbox.next_reply()
    except (PeerError, UnicodeEncodeError):  # evidence from a file may hold what no wire can carry
        return None
