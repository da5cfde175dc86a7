"""Bytes into lines and replies, under limits: of a line, of the lines of a reply, of a whole dialogue.

Both sides of SMTP speak in lines that end in CRLF (RFC 5321 §2.3.8), and neither side's peer is to be trusted.
"""

from dataclasses import dataclass

from probe.errors import PeerClosed, PeerError

MAX_LINE = 4096  # bytes; RFC 5321 §4.5.3.1.5 promises 512, real servers send more
MAX_LINES = 128  # in one reply
MAX_DIALOGUE = 65536  # bytes heard


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


class Lines:
    """What was heard and not yet read, cut into lines. Reading is linear however the bytes arrive."""

    def __init__(self, what: str) -> None:
        self._what = what  # for the complaint
        self._buffer = bytearray()
        self._searched = 0
        self._heard = 0

    def feed(self, heard: bytes) -> None:
        """Take in what came. Raises `PeerError` for more than a dialogue may have."""
        self._heard += len(heard)
        if self._heard > MAX_DIALOGUE:
            raise PeerError(f"more than {MAX_DIALOGUE} bytes of {self._what}")
        self._buffer += heard

    def next_line(self) -> str | None:
        """The next whole line without its end, one character a byte; None where more has to be heard."""
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

    def skip(self, count: int) -> int:
        """Throw away so many bytes unread, which then count as never heard; gives how many of them are still to
        come."""
        thrown = min(count, len(self._buffer))
        del self._buffer[:thrown]
        self._searched = 0
        self._heard -= thrown
        return count - thrown

    def rest(self) -> bytes:
        """What is left behind the last line, read no further."""
        rest, self._buffer = bytes(self._buffer), bytearray()
        self._searched = 0
        return rest


class Inbox(Lines):
    """A server's replies."""

    def __init__(self) -> None:
        super().__init__("replies")
        self._lines: list[str] = []

    def feed(self, heard: bytes) -> None:
        """Take in what came; `b""` means that the peer closed."""
        if not heard:
            raise PeerClosed("the connection was closed while a reply was due")
        super().feed(heard)

    def next_reply(self) -> Reply | None:
        """The next whole reply, or None where more has to be heard."""
        while (line := self.next_line()) is not None:
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
