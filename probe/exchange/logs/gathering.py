"""Rows that interleave, to the sessions that they belong to.

Most rows are mail: who sends to whom, and that it was taken. They are counted and let go at once. What is kept of a
session is its few rows on connection, greeting and TLS, as they came, until its end has been seen and some more
sessions have ended since, for rows may stand a little out of order; or until the limits are reached, whereupon the
oldest session is given up unfinished. Sessions go on from file to file.

A field with a line break in it is not put together again: what follows the break could as well be a row, which would
then be lost, or one that somebody forged in a certificate's name. Both halves are damaged.
"""

import re
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from probe.exchange.logs.row import quoted, row
from probe.model import Way

MOST_OPEN = 4096  # sessions at a time
MOST_HELD = 16 << 20  # bytes of all rows held
_MOST_ROWS = 256  # of one session
_LINGER = 256  # at least so many sessions end before one that has ended is told
_LONGEST_ID = 64
_ROW, _SESSION = 64, 600  # bytes that each takes beside its text

_EVENTS = frozenset([b"+", b"-", b"*", b"<", b">"])
_SPEAKING = frozenset([b"<", b">"])

# By its first four bytes a row of the dialogue is known before it is looked at: EHLO and its answers, STARTTLS, the
# word that a device wrote over, refusals, QUIT. All else is mail or secrets. Forum copies lose the host that greets.
_TELLING = frozenset(
    [
        b"EHLO",
        b"HELO",
        b"Ehlo",
        b"ehlo",
        b"Helo",
        b"helo",
        b"STAR",
        b"Star",
        b"star",
        b"X-AN",
        b"XXXX",
        b"QUIT",
        b" Hel",
    ]
    + [b"220 ", b"220-", b'"220', b"250 ", b"250-", b'"250']
    + [form % code for code in range(400, 600) for form in (b"%d ", b"%d-", b'"%d')]
)
_OF_MAIL = (b"250 2.", b'"250 2.')  # answers to MAIL, RCPT and the message
_MAIL = frozenset([b"MAIL", b"Mail", b"mail"])
_OF_MESSAGES = (b",sending message", b',"sending message')

_BEGINS = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.0-9]{0,8}Z?,")
_HEADER = re.compile(rb"#(?:Software|Version|Log-type|Date|Fields)\b")
_OURS = re.compile(
    rb"#Software: Microsoft Exchange|#Log-type: SMTP (?P<way>Send|Receive)|#Fields: date-time,connector-id"
)


@dataclass(slots=True)
class Gathered:
    """The rows of one session as they came; `header` and `source`: what the file of its first row says of itself, and
    its name. `whole`: its end was seen; `mailed`: mail began, of which no row is kept; `size` is what they take, in
    bytes."""

    session: bytes
    header: Way | None
    source: str
    rows: list[bytes] = field(default_factory=list)
    whole: bool = False
    mailed: bool = False
    size: int = 0


class Gathering:
    """What is being gathered, and what was counted: rows, damaged lines, and lines that say that this is such a log."""

    def __init__(self) -> None:
        self.rows = self.damaged = self.headers = 0
        self._source = ""
        self._header: Way | None = None
        self._open: OrderedDict[bytes, Gathered] = OrderedDict()
        self._ended: deque[bytes] = deque()
        self._held = 0

    def begin(self, source: str, header: Way | None) -> None:
        """A file begins. `header` is what its name says, until its own words do."""
        self._source, self._header = source, header

    def take(self, lines: list[bytes]) -> Iterator[Gathered]:  # noqa: C901 - each line comes by here, a call costs
        """The sessions that are done with, as these lines are read."""
        opened = self._open
        self.rows += len(lines)
        for line in lines:
            try:
                fields = line.split(b",", 7) if line[24:26] != b',"' else quoted(line)
                _, connector, session, _, _, _, event, said = fields
            except ValueError:
                event = said = b""
            if event in _SPEAKING:
                if said[:4] not in _TELLING or said.startswith(_OF_MAIL):
                    if said[:4] in _MAIL and (known := opened.get(connector + b"," + session)):
                        known.mailed = True
                    continue
            elif said.startswith(_OF_MESSAGES):
                continue
            # What is left are a dozen rows of a session, and whatever is no row.
            if event not in _EVENTS or line[10:11] != b"T" or b"Z," in said or len(session) > _LONGEST_ID:
                mended = self._mended(line)
                if mended is None:
                    continue
                line, connector, session, event = mended
            key = connector + b"," + session  # by itself an identifier may come again on another server
            known = opened.get(key)
            if known is None:
                known = opened[key] = Gathered(session, self._header, self._source)
                self._held += _SESSION + len(key)
            if event == b"-":
                if known.whole:
                    continue
                known.whole = True
                self._ended.append(key)
            elif len(known.rows) >= _MOST_ROWS:
                continue
            line = line[:-1] if line[-1:] == b"\r" else line
            known.rows.append(line)
            size = len(line) + _ROW
            known.size += size
            self._held += size
            if len(self._ended) > 2 * _LINGER or len(opened) > MOST_OPEN or self._held > MOST_HELD:
                yield from self._due()

    def rest(self) -> Iterator[Gathered]:
        """All that is left when nothing more comes."""
        while self._open:
            yield self._let_go(next(iter(self._open)))

    def _due(self) -> Iterator[Gathered]:
        while len(self._ended) > _LINGER:
            key = self._ended.popleft()
            if key in self._open:
                yield self._let_go(key)
        while len(self._open) > MOST_OPEN or self._held > MOST_HELD:
            yield self._let_go(next(iter(self._open)))

    def _let_go(self, key: bytes) -> Gathered:
        gone = self._open.pop(key)
        self._held -= _SESSION + len(key) + gone.size
        return gone

    def _mended(self, line: bytes) -> tuple[bytes, bytes, bytes, bytes] | None:
        """The row that stands in a strange line, its connector, session and event; None where there is none that tells.
        It begins at the last time that a field could begin with; whatever is before that was cut, or is rubbish."""
        bare = line.strip(b"\0\r\t ").removeprefix(b"\xef\xbb\xbf")
        begins = [found.start() for found in _BEGINS.finditer(bare)]
        for start in (begins[-1], begins[0]) if begins else ():
            found = row(bare[start:])
            if found and found.event in _EVENTS and len(found.session) <= _LONGEST_ID:
                self.damaged += start > 0
                if not _tells(found.event, found.said):
                    return None
                return bare[start:], found.connector, found.session, found.event
        self.rows -= 1
        if header := _OURS.match(bare):
            self.headers += 1
            if header["way"]:
                self._header = Way.SEND if header["way"] == b"Send" else Way.RECEIVE
        elif (bare or b"\0" in line) and not _HEADER.match(bare):
            self.damaged += 1
        return None


def _tells(event: bytes, said: bytes) -> bool:
    if event in _SPEAKING:
        return said[:4] in _TELLING and not said.startswith(_OF_MAIL)
    return not said.startswith(_OF_MESSAGES)
