"""One line of a protocol log: nine fields in CSV, of which the last two may be quoted, with quotes doubled."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

_FIELD = re.compile(rb'"((?:[^"]++|"")*+)"?(?:,|$)|([^,]*+)(?:,|$)')
_FIELDS = 9


class Row(NamedTuple):
    """`connector` and the endpoints are as logged, `number` is the sequence number; `data` and `context` are together
    in `said`, as they stand in the line, see `pair`."""

    at: bytes
    connector: bytes
    session: bytes
    number: int
    local: bytes
    remote: bytes
    event: bytes
    said: bytes


def quoted(line: bytes) -> list[bytes]:
    """The seven fields and `said` of a line whose connector is quoted, for its name holds a comma; fewer where that is
    not all that is strange in it."""
    at, name, behind = line[:24], *line[26:].partition(b'",')[::2]
    return [at, name, *behind.split(b",", 5)] if b'"' not in name else []


def row(line: bytes) -> Row | None:
    """The row, None where the line is none. `line` has no end of line."""
    fields = line.split(b",", 7)
    if 0 <= line.find(b'"') < len(line) - len(fields[-1]):  # a connector's name with a comma, or with quotes
        fields = _quoted(line)
    if len(fields) != _FIELDS - 1:
        return None
    at, connector, session, number, local, remote, event, said = fields
    # Numbers beyond what a machine counts to are no sequence numbers; int() of a million digits takes minutes.
    order = int(number) if number.isdigit() and len(number) < 12 else -1
    return Row(at, connector, session, order, local, remote, event, said)


def _quoted(line: bytes) -> list[bytes]:
    """The first seven fields of a line, unquoted, and all that is behind them."""
    fields: list[bytes] = []
    place = 0
    while len(fields) < _FIELDS - 2:
        found = _FIELD.match(line, place)
        if not found or found.end() == place or found.end() == len(line):
            return []
        fields.append(_plain(found))
        place = found.end()
    return [*fields, line[place:]]


def _plain(found: re.Match[bytes]) -> bytes:
    quoted, bare = found.groups()
    return bare if quoted is None else quoted.replace(b'""', b'"')


def pair(said: bytes) -> tuple[bytes, bytes] | None:
    """Data and context, unquoted; None where the row was cut before its context."""
    if b'"' not in said:
        data, comma, context = said.partition(b",")
        return (data, context) if comma else None
    first = _FIELD.match(said)
    if not first or not said[: first.end()].endswith(b","):
        return None
    second = _FIELD.match(said, first.end())
    return (_plain(first), _plain(second)) if second else (_plain(first), b"")


def text(raw: bytes) -> str:
    """What bytes say: UTF-8, or else the code page of western Windows. Both ends bare of blanks."""
    try:
        return raw.decode().strip()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace").strip()


@lru_cache(maxsize=256)  # of one session most rows bear the same
def moment(raw: bytes) -> datetime | None:
    """A time in ISO 8601, in UTC; None where it is none."""
    try:
        found = datetime.fromisoformat(raw.decode("ascii"))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
