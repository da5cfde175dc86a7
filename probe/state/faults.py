"""What SQLite complains of, in our words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from probe.errors import StateError


class FullStore(StateError):
    """It could not be written down: the disk is full, read-only or failing. Nothing of the transaction is in the store,
    which goes on as soon as there is room again."""


class DamagedStore(StateError):
    """What is in the file cannot be right, or the file is no longer where it was, or it is closed: with this `Store`
    nothing can be done any more. Whoever opens it next, for writing, sets a damaged one aside and begins a new one."""


REMEDY = "the next `probe run` sets it aside and begins a new one"

_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into `StateError`s; a mistake of ours in SQL stays a traceback. Of damage a mark is left
    beside the store, see `suspect`."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        kind = None if code is None else code & 0xFF  # the low octet: the rest says more exactly what it was about
        if kind in _FULL:
            raise FullStore(
                f"cannot write the store {path}: {error}", "is the disk full, or not yours to write?"
            ) from None
        if kind in _DAMAGED:
            with suppress(OSError):
                suspect(path).touch()
            raise DamagedStore(f"the store {path} is damaged: {error}", REMEDY) from None
        if kind in _BUSY:
            raise StateError(f"the store {path} is busy", "another probe is writing for long: try again") from None
        raise


def suspect(path: Path) -> Path:
    """While this file lies beside the store, the store is searched for damage before it is used again."""
    return path.with_name(f"{path.name}.suspect")
