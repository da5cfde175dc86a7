"""What is forgotten, and when. Never: what waits in the outbox, how targets stand, and the last evidence of a target
that is still looked at.

Beyond age, evidence of targets that never show the same twice is thinned out: what came with a change stays; of the
rest one stretch a day after a week, and the newest `QUIET` pieces of evidence.
"""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from probe.state import seen
from probe.state.blobs import DAY, micros

BATCH = 2000  # rows of a transaction, so that other writers need not wait for long
WEEK = 7 * DAY
LEAP = 30 * DAY  # a clock that is further ahead than that since the last time must show it for a day to be believed
QUIET = 64  # pieces of evidence of a target that came with no change
MOST_BYTES = 1 << 25  # of evidence of a target
MOST_SIGHTINGS = 5000  # of a target

# What is counted, the table, and the rows of it that go. In this order: what one leaves without a reason to stay, a
# later one takes.
_OLD: tuple[tuple[str, str, str], ...] = (
    ("changes", "change", "SELECT id FROM change WHERE at < :before"),
    (
        "looks",
        "stretch",
        """SELECT id FROM stretch WHERE last < :before AND (
            target NOT IN (SELECT target FROM standing)
            OR id NOT IN (SELECT max(id) FROM stretch WHERE evidence IS NOT NULL GROUP BY target))""",
    ),
    (
        "looks",
        "stretch",
        """SELECT id FROM stretch WHERE NOT changed AND last < :week AND last - first < :day
            AND id NOT IN (SELECT max(id) FROM stretch WHERE evidence IS NOT NULL GROUP BY target)
            AND id NOT IN (SELECT min(id) FROM stretch GROUP BY target, first / :day)""",
    ),
    (
        "evidence",
        "evidence",
        "SELECT id FROM evidence WHERE id NOT IN (SELECT evidence FROM stretch WHERE evidence IS NOT NULL)",
    ),
    (  # `seen`: by the last stretch that saw it; `changed`: where any that saw it came with a change
        "evidence",
        "evidence",
        """SELECT id FROM (
            SELECT id, changed,
                row_number() OVER (PARTITION BY target, changed ORDER BY seen DESC) AS place,
                row_number() OVER (PARTITION BY target ORDER BY seen DESC) AS newest,
                sum(size) OVER (PARTITION BY target ORDER BY seen DESC) AS total
            FROM (
                SELECT evidence.id, evidence.target, size, max(stretch.id) AS seen, max(changed) AS changed
                FROM evidence JOIN stretch ON stretch.evidence = evidence.id
                WHERE evidence.target IN (SELECT target FROM evidence GROUP BY target HAVING count(*) > :few)
                GROUP BY evidence.id))
            WHERE newest > 1 AND (NOT changed AND place > :quiet OR total > :most)""",
    ),
    ("certificates seen", "sighting", "SELECT id FROM sighting WHERE last < :before"),
    (
        "certificates seen",
        "sighting",
        """SELECT id FROM (
            SELECT id, row_number() OVER (PARTITION BY target ORDER BY last DESC) AS place FROM sighting)
            WHERE place > :sightings""",
    ),
    (
        "certificates",
        "certificate",
        """SELECT id FROM certificate WHERE id NOT IN (SELECT certificate FROM shown)
            AND lower(hex(sha256)) NOT IN (SELECT sha256 FROM sighting)""",
    ),
    (  # one counts until another took its place
        "policies",
        "policy",
        """SELECT id FROM policy WHERE first < :before AND (
            target NOT IN (SELECT target FROM standing)
            OR EXISTS (SELECT 1 FROM policy AS later
                WHERE later.target = policy.target AND later.id > policy.id AND later.first < :before))""",
    ),
    ("runs", "run", "SELECT id FROM run WHERE began < :before"),
    (
        "targets",
        "target",
        """SELECT id FROM target WHERE id NOT IN (
            SELECT target FROM standing UNION SELECT target FROM told UNION SELECT target FROM change
            UNION SELECT target FROM stretch UNION SELECT target FROM evidence UNION SELECT target FROM sighting
            UNION SELECT target FROM policy)""",
    ),
)

Writing = Callable[[], AbstractContextManager[sqlite3.Connection]]


def prune(writing: Writing, now: datetime, keep_seconds: float, every: float) -> dict[str, int]:
    """Forget what is older than that, a bit at a time. Gives how many rows of what kind went; of none, where the last
    time was less than `every` seconds ago."""
    at = micros(now)
    with writing() as db:
        row = db.execute("SELECT value FROM meta WHERE key = 'pruned'").fetchone()
        if row and row[0] <= at < row[0] + int(every * 1_000_000):
            return {}
        _forget_mutes(db, at)
        at = _believed(db, at)
    limits = {
        "before": at - int(keep_seconds * 1_000_000),
        "week": at - WEEK,
        "day": DAY,
        "quiet": QUIET,
        "most": MOST_BYTES,
        "few": MOST_BYTES // seen.MOST_BYTES,  # which cannot be too many, nor too large together
        "sightings": MOST_SIGHTINGS,
    }
    counts = dict.fromkeys((kind for kind, _, _ in _OLD), 0)
    for kind, table, which in _OLD:
        counts[kind] += _delete(writing, table, which, limits)
    with writing() as db:
        db.execute("DELETE FROM remembered WHERE fetched < :before", limits)
    _give_back(writing)
    return counts


def _delete(writing: Writing, table: str, which: str, limits: dict[str, int]) -> int:
    total = 0
    with writing() as db:
        ids = [row[0] for row in db.execute(which, limits)]
    for begin in range(0, len(ids), BATCH):
        with writing() as db:
            gone = [(one,) for one in ids[begin : begin + BATCH]]
            total += db.executemany(f"DELETE FROM {table} WHERE id = ?", gone).rowcount  # noqa: S608 - ours
    return total


def _give_back(writing: Writing) -> None:
    """Free pages to the file system: a page a statement, for `sqlite3` takes but one step of it."""
    free = 1
    while free:
        with writing() as db:
            (free,) = db.execute("PRAGMA freelist_count").fetchone()
            for _ in range(min(free, BATCH)):
                db.execute("PRAGMA incremental_vacuum(1)")


def _forget_mutes(db: sqlite3.Connection, at: int) -> None:
    db.execute("DELETE FROM mute WHERE until < ?", (at - WEEK,))


def _believed(db: sqlite3.Connection, at: int) -> int:
    """The time by which things are old. One run under a clock that is years ahead must not forget everything, so a leap
    counts only once it has been seen for a day."""
    known: dict[str, int] = dict(db.execute("SELECT key, value FROM meta"))
    last, leapt = known.get("pruned", at), known.get("leapt")
    if at <= last + LEAP:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('pruned', ?)", (at,))
        db.execute("DELETE FROM meta WHERE key = 'leapt'")
        return at
    if leapt is not None and leapt + DAY <= at <= leapt + LEAP:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('pruned', ?)", (at,))
        return at
    if leapt is None or not leapt <= at <= leapt + LEAP:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('leapt', ?)", (at,))
    return last
