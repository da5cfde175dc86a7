"""Whether a store is sound: what SQLite says of the file, and whether everything in it can be read."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from probe.model import Remembered, Verdict
from probe.model.duty import Change, PolicySeen, Standing
from probe.state.blobs import UNREADABLE, moment, unpack
from probe.state.outbox import pending_row
from probe.state.seen import evidence_of, look_seen, sighting

MOST = 100  # problems told


def problems(db: sqlite3.Connection) -> Iterator[str]:
    """What is wrong, a line each; nothing: it is sound."""
    for (found,) in db.execute(f"PRAGMA integrity_check({MOST})"):
        if found != "ok":
            yield f"the file: {found}"
    for table, row, parent, _ in db.execute("PRAGMA foreign_key_check"):
        yield f"{table} {row}: what it belongs to, a {parent}, is not there"
    for what, select, read in _READ:
        for number, *columns in db.execute(select):
            try:
                read(db, *columns)
            except UNREADABLE as error:
                yield f"{what} {number}: cannot be read: {error}"


def _certificate(_: sqlite3.Connection, sha256: bytes, der: bytes) -> None:
    if hashlib.sha256(der).digest() != sha256:
        raise ValueError("it is another one than its digest says")


def _stretch(_: sqlite3.Connection, first: Any, last: Any, digest: bytes, verdict: str) -> None:
    seen = look_seen(first, last, digest, verdict)
    if seen.last < seen.first:
        raise ValueError("it ended before it began")


def _run(_: sqlite3.Connection, began: Any, ended: Any, verdict: Any) -> None:
    moment(began)
    if ended is not None:
        moment(ended)
        Verdict(verdict)


def _mute(_: sqlite3.Connection, until: Any, made: Any) -> None:
    moment(until)
    moment(made)


def _value(kind: type) -> Callable[..., object]:
    return lambda _, data: unpack(data, kind)


_READ: tuple[tuple[str, str, Callable[..., object]], ...] = (
    ("standing of target", "SELECT target, data FROM standing", _value(Standing)),
    ("what was told of target", "SELECT target, data FROM told", _value(Standing)),
    ("change", "SELECT id, data FROM change", _value(Change)),
    ("policy", "SELECT id, data FROM policy", _value(PolicySeen)),
    ("remembered policy of", "SELECT domain, data FROM remembered", _value(Remembered)),
    ("certificate", "SELECT id, sha256, der FROM certificate", _certificate),
    ("certificate seen", "SELECT id, first, last, data FROM sighting", lambda _, *columns: sighting(*columns)),
    ("stretch of looks", "SELECT id, first, last, digest, verdict FROM stretch", _stretch),
    ("evidence", "SELECT id, data FROM evidence", evidence_of),
    ("run", "SELECT id, began, ended, verdict FROM run", _run),
    ("mute", "SELECT rowid, until, made FROM mute", _mute),
    (
        "alert",
        "SELECT id, id, sink, key, notice, created, due, attempts, error, stuck FROM outbox",
        lambda _, *columns: pending_row(*columns),
    ),
)
