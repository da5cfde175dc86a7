"""The store: one SQLite file, one long writer (`probe watch`), short ones beside it, and readers at any time.

What a look brings is written in one transaction: evidence, findings, changes, and what is to be told of them. All of it
is there afterwards, or nothing.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from probe.model import Remembered, Verdict
from probe.model.duty import Change, Look, Notice, Pending, Standing
from probe.state import checking, outbox, seen, upkeep
from probe.state.blobs import DAY, micros, moment, pack, readable
from probe.state.copies import copied
from probe.state.past import Past, standing_of
from probe.state.rows import Mute, Run


class Store(Past):
    """See `Session` for how it is opened, and how it fails."""

    # Runs.

    def begin(self, kind: str, at: datetime) -> int:
        """A run ("run" or "watch"); gives its number."""
        with self._writing() as db:
            return db.execute("INSERT INTO run (kind, began) VALUES (?, ?)", (kind, micros(at))).lastrowid or 0

    def end(self, run: int, at: datetime, verdict: Verdict, targets: int) -> None:
        with self._writing() as db:
            row = (micros(at), str(verdict), targets, run)
            db.execute("UPDATE run SET ended = ?, verdict = ?, targets = ? WHERE id = ?", row)

    def runs(self, limit: int = 50) -> list[Run]:
        """Newest first."""
        with self._reading() as db:
            rows = db.execute("SELECT * FROM run ORDER BY id DESC LIMIT ?", (limit,))
            return list(readable(rows, _run))

    # How targets stand.

    def forget(self, names_kept: Collection[str]) -> None:
        """Targets that left the configuration stand no more. Their history stays until it is old."""
        with self._reading() as db:
            rows = db.execute("SELECT id, name FROM target WHERE id IN (SELECT target FROM standing)").fetchall()
        gone = [row for row in rows if row[1] not in names_kept]
        if not gone:
            return
        with self._writing() as db:
            for target, name in gone:
                seen.seen_last(db, target, standing_of(db, "standing", name))
                db.execute("DELETE FROM standing WHERE target = ?", (target,))
                db.execute("DELETE FROM told WHERE target = ?", (target,))

    def record(
        self,
        look: Look,
        after: Standing,
        told: Standing | None,
        happened: Sequence[Change],
        notices: Mapping[str, tuple[Notice, datetime, bool]],
        run: int,
        policy: Remembered | None,
    ) -> None:
        """All that a look brings. `notices`, by sink: what, when it is due, and whether it takes the place of what that
        sink was not told of the same target yet."""
        news = bool(happened) or any(notice.items for notice, _, _ in notices.values())
        with self._writing(durable=news) as db:
            target = _target(db, look.name)
            stood = partial(standing_of, db, "standing", look.name)
            seen.remember_look(db, target, look, stood, after, bool(happened))
            seen.remember_policy(db, target, after.policy)
            _stand(db, "standing", target, after)
            _stand(db, "told", target, told)
            _happened(db, target, run, happened)
            outbox.put(db, notices, after.at)
            if policy:
                _remember(db, policy, micros(look.report.at))

    # The outbox.

    def put(
        self, name: str, happened: Sequence[Change], notices: Mapping[str, tuple[Notice, datetime, bool]], run: int
    ) -> None:
        """What changed, and is to be told, without a look; see `record`."""
        with self._writing(durable=True) as db:
            _happened(db, _target(db, name), run, happened)
            for change in happened[:1]:
                outbox.put(db, notices, change.at)

    def due(self, sink: str, now: datetime) -> list[Pending]:
        """What may be tried now, oldest first, at most `outbox.AT_ONCE`. What cannot be read is stuck from then on."""
        with self._reading() as db:
            found, unreadable = outbox.due(db, sink, now)
        if unreadable:
            self.failed(unreadable, "what is in the store cannot be read", now, stuck=True)
        return found

    def pending(self, sink: str | None = None) -> list[Pending]:
        """Everything undelivered, what is stuck included, oldest first."""
        with self._reading() as db:
            return outbox.pending(db, sink)

    def waiting(self) -> dict[str, tuple[int, int]]:
        """By sink: how many notices are undelivered, and how many of these are stuck."""
        with self._reading() as db:
            rows = db.execute("SELECT sink, count(*), sum(stuck) FROM outbox GROUP BY sink")
            return {sink: (number, stuck) for sink, number, stuck in rows}

    def next_due(self, now: datetime | None = None) -> datetime | None:
        """When something will be due; None: nothing waits. `now` tells what is due too far ahead to be true."""
        with self._reading() as db:
            return outbox.next_due(db, now)

    def sent(self, ids: Sequence[int], at: datetime) -> None:
        """They were delivered, and leave the outbox."""
        with self._writing(durable=True) as db:
            outbox.sent(db, ids, at)

    def last_sent(self) -> dict[str, datetime]:
        """When each sink was last delivered to."""
        with self._reading() as db:
            rows = db.execute("SELECT name, sent FROM sink ORDER BY name")
            return dict(readable(rows, lambda name, sent: (name, moment(sent))))

    def failed(self, ids: Sequence[int], reason: str, due: datetime, stuck: bool) -> None:
        """They were not delivered, and may be tried again at `due`; `stuck`: not by themselves."""
        with self._writing() as db:
            outbox.failed(db, ids, reason, due, stuck)

    def retry(self, ids: Sequence[int] | None) -> int:
        """Let these be due at once; None: all that are stuck. Gives how many."""
        with self._writing(durable=True) as db:
            return outbox.retry(db, ids)

    def drop(self, ids: Sequence[int] | None) -> int:
        """Never send these; None: all that are stuck. Gives how many."""
        with self._writing(durable=True) as db:
            return outbox.drop(db, ids)

    # Maintenance windows.

    def mute(self, target: str, until: datetime, reason: str, at: datetime) -> None:
        """In place of an earlier one of the same target; "*" is all targets."""
        with self._writing(durable=True) as db:
            row = (target, micros(until), reason, micros(at))
            db.execute("INSERT OR REPLACE INTO mute (target, until, reason, made) VALUES (?, ?, ?, ?)", row)

    def unmute(self, target: str) -> bool:
        """Whether there was one."""
        with self._writing(durable=True) as db:
            return db.execute("DELETE FROM mute WHERE target = ?", (target,)).rowcount > 0

    def mutes(self, now: datetime) -> list[Mute]:
        """Those that are not over, by target."""
        with self._reading() as db:
            rows = db.execute("SELECT * FROM mute WHERE until > ? ORDER BY target", (micros(now),))
            return list(readable(rows, _mute))

    # Upkeep.

    def prune(self, now: datetime, keep_seconds: float, *, every: float = 0.0) -> dict[str, int]:
        """Forget what is older than that, see `upkeep`, unless it was done less than `every` seconds ago. Gives how
        much of what went."""
        return upkeep.prune(self._writing, now, keep_seconds, every)

    def backup(self, path: Path) -> None:
        """All of it into one new file, while others write on. Raises `StateError` where there is one already."""
        with self._reading():
            copied(self.path, path)

    def check(self) -> list[str]:
        """What is wrong with it, a line each; nothing: it is sound."""
        with self._reading() as db:
            return list(checking.problems(db))


def _target(db: sqlite3.Connection, name: str) -> int:
    row = db.execute("SELECT id FROM target WHERE name = ?", (name,)).fetchone()
    return int(row[0] if row else db.execute("INSERT INTO target (name) VALUES (?)", (name,)).lastrowid or 0)


def _happened(db: sqlite3.Connection, target: int, run: int, happened: Sequence[Change]) -> None:
    for change in happened:
        row = (target, run, micros(change.at), pack(change))
        db.execute("INSERT INTO change (target, run, at, data) VALUES (?, ?, ?, ?)", row)


def _stand(db: sqlite3.Connection, table: str, target: int, standing: Standing | None) -> None:
    """Nothing is written where nothing is different."""
    if standing is None:
        db.execute(f"DELETE FROM {table} WHERE target = ?", (target,))  # noqa: S608 - tables of ours
        return
    db.execute(
        f"INSERT INTO {table} (target, data) VALUES (?, ?)"  # noqa: S608
        " ON CONFLICT DO UPDATE SET data = excluded.data WHERE data <> excluded.data",
        (target, pack(standing, plain=True)),
    )


def _remember(db: sqlite3.Connection, policy: Remembered, at: int) -> None:
    """Of two the one that was fetched later, unless that was in the future: then the clock was wrong."""
    db.execute(
        "INSERT INTO remembered (domain, fetched, data) VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
        " SET fetched = excluded.fetched, data = excluded.data WHERE fetched <= excluded.fetched OR fetched > ?",
        (policy.domain, micros(policy.fetched), pack(policy), at + DAY),
    )


def _run(number: int, kind: str, began: int, ended: int | None, verdict: str | None, targets: int) -> Run:
    return Run(
        number=number,
        kind=kind,
        began=moment(began),
        ended=None if ended is None else moment(ended),
        verdict=None if verdict is None else Verdict(verdict),
        targets=targets,
    )


def _mute(target: str, until: int, reason: str, made: int) -> Mute:
    return Mute(target=target, until=moment(until), reason=reason, made=moment(made))
