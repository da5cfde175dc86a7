"""The tables, and how an older store becomes a newer one."""

import contextlib
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Final

from probe.errors import StateError
from probe.state.copies import copied

OURS: Final = 0x70726F62  # "prob": SQLite's application_id
KEPT = 3  # backups from before migrations

# Each step is taken whole or not at all; statements end with a line. What has been released is never changed.
# A table for `standing` and one for `told`: the first is written with every look, the second hardly ever. And a number
# of the outbox is never used twice: `sent` must not meet the successor of what was sent.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE target (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE run (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER, verdict TEXT,
        targets INTEGER NOT NULL DEFAULT 0);

    CREATE TABLE standing (target INTEGER PRIMARY KEY REFERENCES target, data BLOB NOT NULL);
    CREATE TABLE told (target INTEGER PRIMARY KEY REFERENCES target, data BLOB NOT NULL);

    CREATE TABLE change (
        id INTEGER PRIMARY KEY, target INTEGER NOT NULL REFERENCES target, run INTEGER NOT NULL, at INTEGER NOT NULL,
        data BLOB NOT NULL);
    CREATE INDEX change_of ON change (target);

    CREATE TABLE certificate (id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, der BLOB NOT NULL);
    CREATE TABLE sighting (
        id INTEGER PRIMARY KEY, target INTEGER NOT NULL REFERENCES target, place TEXT NOT NULL, sha256 TEXT NOT NULL,
        first INTEGER NOT NULL, last INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (target, place, sha256));
    CREATE TABLE evidence (
        id INTEGER PRIMARY KEY, target INTEGER NOT NULL REFERENCES target, digest BLOB NOT NULL, size INTEGER NOT NULL,
        data BLOB NOT NULL, UNIQUE (target, digest));
    CREATE TABLE shown (
        evidence INTEGER NOT NULL REFERENCES evidence ON DELETE CASCADE,
        certificate INTEGER NOT NULL REFERENCES certificate, PRIMARY KEY (evidence, certificate)) WITHOUT ROWID;
    CREATE INDEX shown_in ON shown (certificate);
    CREATE TABLE stretch (
        id INTEGER PRIMARY KEY, target INTEGER NOT NULL REFERENCES target, digest BLOB NOT NULL,
        evidence INTEGER REFERENCES evidence ON DELETE SET NULL, verdict TEXT NOT NULL, changed INTEGER NOT NULL,
        first INTEGER NOT NULL, last INTEGER NOT NULL);
    CREATE INDEX stretch_of ON stretch (target, first);
    CREATE INDEX stretch_latest ON stretch (target);
    CREATE INDEX stretch_with ON stretch (evidence);

    CREATE TABLE policy (
        id INTEGER PRIMARY KEY, target INTEGER NOT NULL REFERENCES target, first INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE INDEX policy_of ON policy (target);
    CREATE TABLE remembered (domain TEXT PRIMARY KEY, fetched INTEGER NOT NULL, data BLOB NOT NULL);

    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, target TEXT NOT NULL, key TEXT NOT NULL,
        notice BLOB NOT NULL, created INTEGER NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT '', stuck INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX outbox_of ON outbox (sink, target);
    CREATE TABLE sink (name TEXT PRIMARY KEY, sent INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE mute (target TEXT PRIMARY KEY, until INTEGER NOT NULL, reason TEXT NOT NULL, made INTEGER NOT NULL);
    """,
)


def version(db: sqlite3.Connection, path: Path) -> int:
    """Of the tables in it, 0: there are none. Raises `StateError` where they are not ours, or of a newer version."""
    found: int = db.execute("PRAGMA user_version").fetchone()[0]
    tables = db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    if tables and db.execute("PRAGMA application_id").fetchone()[0] != OURS:  # asked in this order: it comes with them
        raise StateError(
            f"{path} is a database of another program", "name another file for the store: it is left alone"
        )
    if found > len(MIGRATIONS):
        raise StateError(
            f"the store {path} is of version {found}, this probe knows version {len(MIGRATIONS)}",
            "a newer probe wrote it: use that one, or name another store; it is left as it is",
        )
    return found


def migrate(db: sqlite3.Connection, path: Path, now: datetime) -> None:
    """Up to the newest version, step by step, a backup beside it before each: `<name>.v<version>-<time>`."""
    while (known := version(db, path)) < len(MIGRATIONS):
        db.execute("BEGIN IMMEDIATE")
        try:
            if version(db, path) == known:  # nobody else was faster
                if known:
                    _keep(path, known, now)
                for statement in MIGRATIONS[known].split(";\n"):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {OURS}")
                db.execute(f"PRAGMA user_version = {known + 1}")
            db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            raise


def _keep(path: Path, known: int, now: datetime) -> None:
    """Others may write in WAL mode only once we are through, so this is exactly what the step begins with."""
    beside = path.with_name(f"{path.name}.v{known}-{now:%Y%m%dT%H%M%SZ}")
    if not beside.exists():  # an attempt before this one, within the second
        copied(path, beside)
    older = sorted(path.parent.glob(f"{path.name}.v*-*Z"), key=lambda one: one.stat().st_mtime_ns)
    for one in older[:-KEPT]:
        one.unlink(missing_ok=True)
