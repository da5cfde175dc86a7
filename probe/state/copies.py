"""Copies of a store that may be in use, by SQLite's backup."""

import os
import sqlite3
from pathlib import Path

from probe.errors import StateError
from probe.state.faults import FullStore, translated

PRIVATE = 0o600  # evidence shows how an estate is built


def copied(path: Path, to: Path) -> None:
    """All that is committed in the store, in one new file. Raises `StateError` where there is one already, and where
    it cannot be written; then nothing is left there."""
    try:
        os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE))
    except FileExistsError:
        raise StateError(f"{to} is there already", "name another file: nothing is written over") from None
    except OSError as error:
        raise FullStore(f"cannot write {to}: {error.strerror}", "check the path, your rights and the room") from None
    try:
        with translated(path):
            _copy(path, to)
    except BaseException as error:
        to.unlink(missing_ok=True)
        if isinstance(error, FullStore):
            raise FullStore(f"cannot write {to}", "is the disk full?") from None
        raise


def _copy(path: Path, to: Path) -> None:
    source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        copy = sqlite3.connect(to, isolation_level=None)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # so that it is one file
        finally:
            copy.close()
    finally:
        source.close()
