"""Where the store lies, how it is opened, and what becomes of a damaged one."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from probe.errors import StateError
from probe.state import schema
from probe.state.copies import PRIVATE
from probe.state.faults import REMEDY, DamagedStore, FullStore, suspect, translated
from probe.state.schema import migrate, version

NAME = "probe.db"
PATIENCE = 10.0  # seconds to wait for another writer: each of ours writes for some milliseconds
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
BESIDE = ("", "-wal", "-shm")  # of what a store in use consists


def default_path() -> Path:
    """systemd's `StateDirectory=` where there is one (systemd.exec(5), the first of several), else the platform's."""
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given) / NAME
    from platformdirs import user_state_path

    return user_state_path("probe", appauthor=False) / NAME


def opened(path: Path, now: datetime) -> tuple[sqlite3.Connection, Path | None]:
    """For writing; begun where there is none. A damaged one is set aside first, where the second value says. Raises
    `StateError`."""
    _made(path)
    found = path.stat()
    try:
        return _ready(path, now), None
    except DamagedStore:
        # Not what somebody else, who met the same damage, has begun meanwhile.
        aside = _set_aside(path, now) if path.exists() and os.path.samestat(found, path.stat()) else None
        _made(path)
        return _ready(path, now), aside


def for_reading(path: Path) -> sqlite3.Connection:
    """Raises `StateError`, also where there is none."""
    try:
        there = path.is_file()
    except OSError as error:
        raise StateError(f"cannot read the store {path}: {error.strerror}", "look as the user whose it is") from None
    if not there:
        raise StateError(f"there is no store at {path}", "`probe run` begins one; --store names another place")
    with translated(path):
        try:
            return _to_read(path, "ro")
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & 0xFF
            if code in _NO_ROOM and not path.with_name(f"{path.name}-wal").exists():
                return _to_read(
                    path, "ro&immutable=1"
                )  # nobody is at work on it, and there is no room to say that we are
            if code != sqlite3.SQLITE_READONLY:
                raise
        return _to_read(path, "rw")  # what a killed writer left half done is put in order first


def _to_read(path: Path, mode: str) -> sqlite3.Connection:
    with _closing_on_error(_connected(path, mode)) as db:
        db.execute("PRAGMA query_only = ON")
        known = version(db, path)
        if known == 0:
            raise StateError(f"the store {path} is empty", "`probe run` begins one; --store names another place")
        if known < len(schema.MIGRATIONS):
            raise StateError(f"the store {path} is of an older version", "the next `probe run` brings it up to date")
        _touch(db)
        _searched(db, path)
        return db


def _made(path: Path) -> None:
    """The file, and the directories above it, for nobody else's eyes."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE))
    except OSError as error:
        raise FullStore(
            f"cannot make the store {path}: {error.strerror}", "check the path, your rights and the room"
        ) from None
    if not path.is_file():
        raise StateError(f"{path} is no file", "name another place for the store")


def _ready(path: Path, now: datetime) -> sqlite3.Connection:
    with translated(path), _closing_on_error(_connected(path, "rw")) as db:
        if path.stat().st_size == 0:  # it is settled with the first page: what `prune` frees is given back
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        version(db, path)  # before anything is written
        _keep_a_log(db)
        db.execute(f"PRAGMA journal_size_limit = {1 << 23}")
        migrate(db, path, now)
        _touch(db)
        _searched(db, path)
        return db


def _keep_a_log(db: sqlite3.Connection) -> None:
    """In WAL mode readers and a writer are in nobody's way. Who switches to it is not made to wait for another who does
    so at that moment, but refused at once: it is tried again."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    """One thread at a time may use it, whichever."""
    db = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA temp_store = MEMORY")
    return db


@contextlib.contextmanager
def _closing_on_error(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield db
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.close()
        raise


def _touch(db: sqlite3.Connection) -> None:
    """A page of every table: what is broadly damaged shows here."""
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        db.execute(f'SELECT * FROM "{name}" LIMIT 1').fetchone()  # noqa: S608 - a name of our own schema


def _searched(db: sqlite3.Connection, path: Path) -> None:
    """All of it, where there is reason to: somebody met damage before, or the file ends within a page (that whole pages
    are missing SQLite sees by itself). Raises `DamagedStore`."""
    mark = suspect(path)
    (size,) = db.execute("PRAGMA page_size").fetchone()
    if not mark.exists() and path.stat().st_size % size == 0:
        return
    found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise DamagedStore(f"the store {path} is damaged: {found}", REMEDY)
    with contextlib.suppress(OSError):
        mark.unlink(missing_ok=True)


def _set_aside(path: Path, now: datetime) -> Path:
    """Under another name beside it, with what belongs to it, so that it can still be opened there."""
    name = f"{path.name}.damaged-{now:%Y%m%dT%H%M%SZ}"
    aside = path.with_name(name)
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{name}-{number}")
    try:
        for end in reversed(BESIDE):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + end).rename(aside.with_name(aside.name + end))
        suspect(path).unlink(missing_ok=True)
    except OSError as error:
        raise StateError(
            f"the store {path} is damaged, and cannot be set aside: {error.strerror}", "move it away by hand"
        ) from None
    return aside
