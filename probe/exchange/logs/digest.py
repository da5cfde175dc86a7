"""Files of protocol logs in, one digest out. Nothing is held but the sessions that are open and one of each kind."""

import re
from collections.abc import Iterable, Iterator

from probe.errors import ExportError
from probe.exchange.logs.counting import Counting
from probe.exchange.logs.gathering import Gathered, Gathering
from probe.exchange.logs.lines import lines, other_log
from probe.model import Digest, Way

_PATIENCE = 1 << 20  # bytes in which a file must show that it is a log
_NAMED = re.compile(r"(RECV|SEND)\d{6}", re.IGNORECASE)
_WAYS = {"RECV": Way.RECEIVE, "SEND": Way.SEND}
_HINT = "a protocol log is RECV….LOG or SEND….LOG below TransportRoles\\Logs; an export goes to --connectors"


def digest(files: Iterable[tuple[str, Iterable[bytes]]]) -> Digest:
    """What all the files tell; each is a name and its octets, decompressed, in chunks of any size. Files should come in
    order of time, for a session may go on in the next. Raises `ExportError` for a file that is no protocol log."""
    gathering, counting, number, octets = Gathering(), Counting(), 0, 0
    for number, (name, chunks) in enumerate(files, 1):  # noqa: B007 - the count is what remains
        read = _Read(chunks)
        for gathered in _sessions(name, read, gathering):
            counting.count(gathered)
        octets += read.octets
    for gathered in gathering.rest():
        counting.count(gathered)
    return Digest(
        groups=tuple(counting.groups()),
        files=number,
        rows=gathering.rows,
        sessions=counting.sessions,
        damaged=gathering.damaged + counting.damaged,
        omitted=counting.omitted,
        unfinished=counting.unfinished,
        octets=octets,
    )


class _Read:
    """Chunks on their way, counted; `head` is what they begin with."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.octets = 0
        self.head = b""

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.octets += len(chunk)
            if len(self.head) < 1024:
                self.head = (self.head + chunk[:1024])[:1024]
            yield chunk


def _sessions(name: str, read: _Read, gathering: Gathering) -> Iterator[Gathered]:
    """The sessions that are done with while one file is read."""
    named = _NAMED.match(name.replace("\\", "/").rpartition("/")[2])
    gathering.begin(name, _WAYS[named[1].upper()] if named else None)
    before, damaged, other = gathering.rows + gathering.headers, gathering.damaged, None
    for found in lines(read):
        yield from gathering.take(found)
        if other := other_log(read.head):
            break
        if gathering.rows + gathering.headers == before and read.octets > _PATIENCE:
            break
    if other:
        raise ExportError(f"{name} is a {other}, not an SMTP protocol log", _HINT)
    if gathering.rows + gathering.headers == before and gathering.damaged > damaged:
        raise ExportError(f"{name} is no SMTP protocol log: not one of its lines is a row", _HINT)
