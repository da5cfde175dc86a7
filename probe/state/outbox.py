"""What waits to be told, sink by sink, until it is delivered or dropped by hand."""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from probe.model.duty import Notice, Pending
from probe.state.blobs import DAY, UNREADABLE, micros, moment, pack, readable, unpack

AT_ONCE = 500  # rows that are given to a sink at a time
# Microseconds. Nothing waits for longer, be it for quiet hours to end or after failures: a row that is due later than
# that was written while the clock was wrong.
LONGEST = DAY + DAY // 12
MOST_ITEMS = 200  # that a notice takes over from those which it replaces

Database = sqlite3.Connection
Outgoing = Mapping[str, tuple[Notice, datetime, bool]]

_COLUMNS = "id, sink, key, notice, created, due, attempts, error, stuck"


def put(db: Database, outgoing: Outgoing, at: datetime) -> None:
    """One row a sink."""
    for sink, (notice, due, replaces) in outgoing.items():
        _put(db, sink, notice, at, due, _replaced(db, sink, notice) if replaces else None)


def _put(db: Database, sink: str, notice: Notice, at: datetime, due: datetime, older: Pending | None) -> None:
    """What failed for the older one waits as long, though not for ever: the newer one is never stuck from the start."""
    when, created, attempts, error = micros(due), micros(at), 0, ""
    if older:
        notice = _with_untold(notice, older.notice)
        created, attempts, error = micros(older.created), older.attempts, older.error
        when = when if older.stuck else max(when, micros(older.due))
    db.execute(
        "INSERT INTO outbox (sink, target, key, notice, created, due, attempts, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (sink, notice.target, _key(sink, notice), pack(notice), created, when, attempts, error),
    )


def _key(sink: str, notice: Notice) -> str:
    return hashlib.sha256(f"{sink}\0{notice.target}\0{notice.at.isoformat()}".encode()).hexdigest()[:32]


def _replaced(db: Database, sink: str, notice: Notice) -> Pending | None:
    """The undelivered notice whose place this one takes; it is gone from the outbox."""
    where = "sink = ? AND target = ?"
    rows = db.execute(f"SELECT {_COLUMNS} FROM outbox WHERE {where} ORDER BY id DESC", (sink, notice.target)).fetchall()  # noqa: S608
    if rows:
        db.execute(f"DELETE FROM outbox WHERE {where}", (sink, notice.target))  # noqa: S608
    return next(readable(rows, pending_row), None)


def _with_untold(notice: Notice, older: Notice) -> Notice:
    """With what nobody heard of the older one, unless the newer one has something later to say of it: that a fault is
    over is told once, and must not be lost with the notice that it was in."""
    said = {item.key for item in notice.items}
    untold = tuple(item for item in older.items if item.key not in said)
    return replace(notice, items=(*untold[-MOST_ITEMS:], *notice.items))


def pending_row(
    id: int,  # noqa: A002 - its name
    sink: str,
    key: str,
    notice: object,
    created: object,
    due: object,
    attempts: int,
    error: str,
    stuck: int,
) -> Pending:
    """Raises `ValueError`."""
    return Pending(
        id=id,
        sink=sink,
        key=key,
        notice=unpack(notice, Notice),
        created=moment(created),
        due=moment(due),
        attempts=attempts,
        error=error,
        stuck=bool(stuck),
    )


def due(db: Database, sink: str, now: datetime) -> tuple[list[Pending], list[int]]:
    """What may be tried now, oldest first; and the numbers of rows that cannot be read."""
    at = micros(now)
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM outbox WHERE sink = ? AND NOT stuck AND (due <= ? OR due > ?) ORDER BY id LIMIT ?",  # noqa: S608
        (sink, at, at + LONGEST, AT_ONCE),
    )
    found: list[Pending] = []
    unreadable: list[int] = []
    for row in rows:
        try:
            found.append(pending_row(*row))
        except UNREADABLE:
            unreadable.append(row[0])
    return found, unreadable


def next_due(db: Database, now: datetime | None) -> datetime | None:
    """When the first of what waits is due. With `now`, what is due too far ahead counts as due now."""
    first, last = db.execute("SELECT min(due), max(due) FROM outbox WHERE NOT stuck").fetchone()
    if first is None:
        return None
    if now and last > micros(now) + LONGEST:
        return min(now, moment(first))
    return moment(first)


def pending(db: Database, sink: str | None) -> list[Pending]:
    """All of it, oldest first."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM outbox WHERE ? IN (sink, '') ORDER BY id", (sink or "",))  # noqa: S608
    return list(readable(rows, pending_row))


def sent(db: Database, ids: Sequence[int], at: datetime) -> None:
    for one in ids:
        db.execute("INSERT OR REPLACE INTO sink SELECT sink, ? FROM outbox WHERE id = ?", (micros(at), one))
    db.executemany("DELETE FROM outbox WHERE id = ?", [(one,) for one in ids])


def failed(db: Database, ids: Sequence[int], reason: str, due: datetime, stuck: bool) -> None:
    db.executemany(
        "UPDATE outbox SET attempts = attempts + 1, error = ?, due = ?, stuck = ? WHERE id = ?",
        [(reason, micros(due), stuck, one) for one in ids],
    )


def retry(db: Database, ids: Sequence[int] | None) -> int:
    """Due since ever, and not stuck any more."""
    return _each(db, "UPDATE outbox SET stuck = 0, attempts = 0, due = min(due, created)", ids)


def drop(db: Database, ids: Sequence[int] | None) -> int:
    return _each(db, "DELETE FROM outbox", ids)


def _each(db: Database, statement: str, ids: Sequence[int] | None) -> int:
    if ids is None:
        return db.execute(f"{statement} WHERE stuck").rowcount
    return sum(db.execute(f"{statement} WHERE id = ?", (one,)).rowcount for one in ids)
