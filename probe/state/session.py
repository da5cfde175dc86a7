"""The file while it is open: transactions, and what becomes of them where it fails.

Where a transaction brings anything to tell, or for the history, it is on the disk before it is over, so that neither
`kill -9` nor a power cut takes it back (`synchronous = FULL`). One that brings nothing is spared the wait: a power cut,
and nothing less, may take back when something was last seen to be the same.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from probe.state.faults import DamagedStore, translated
from probe.state.place import for_reading, opened


class Session:
    """Opened by `open`; a context manager. Every method raises `StateError` where the file fails it; one that writes
    has then changed nothing. One thread at a time may use it. `set_aside` is where a damaged store went that was found
    in this one's place."""

    def __init__(self, db: sqlite3.Connection, path: Path, set_aside: Path | None) -> None:
        self._db: sqlite3.Connection | None = db
        self.path, self.set_aside = path, set_aside
        self._file = _identity(path)
        self._durable: bool | None = None

    @classmethod
    def open(cls, path: Path, now: datetime, *, writing: bool = True) -> Self:
        """Raises `StateError`: of a newer version, of another program, unreadable; and for reading where there is
        none, or a damaged one. For writing, one is begun where there is none, or in place of a damaged one."""
        path = path.expanduser().resolve()
        if not writing:
            return cls(for_reading(path), path, None)
        db, aside = opened(path, now)
        return cls(db, path, aside)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Twice does no harm."""
        db, self._db = self._db, None
        if db:
            with suppress(sqlite3.Error):  # what is committed is in the log, if not in the file
                db.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self._db is None:
            raise DamagedStore(f"the store {self.path} is closed", "open it again")
        with translated(self.path):
            yield self._db

    @contextmanager
    def _writing(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction, whole or not at all."""
        with self._reading() as db:
            if _identity(self.path) != self._file:  # SQLite would go on writing into a file that has no name any more
                raise DamagedStore(f"the store {self.path} was moved or deleted", "it is begun anew")
            if durable is not self._durable:
                db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._durable = durable
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                raise


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file has that name."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
