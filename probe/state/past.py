"""What was: of the past of targets, whatever is still kept."""

import sqlite3
from datetime import datetime

from probe.model import Evidence, Remembered
from probe.model.duty import Change, PolicySeen, Sighting, Standing
from probe.state import seen
from probe.state.blobs import DAY, micros, readable, unpack
from probe.state.rows import LookSeen
from probe.state.session import Session

OF = "(SELECT id FROM target WHERE name = ?)"


class Past(Session):
    """Answers questions, and changes nothing. Of a name that nobody knows there is nothing."""

    # How targets stand.

    def standing(self, name: str) -> tuple[Standing | None, Standing | None]:
        """How it stands now, and how it stood when somebody was last told; None: unknown."""
        with self._reading() as db:
            return standing_of(db, "standing", name), standing_of(db, "told", name)

    def standings(self) -> list[Standing]:
        """Of all targets, by name."""
        with self._reading() as db:
            rows = db.execute("SELECT data FROM standing JOIN target ON target.id = standing.target ORDER BY name")
            return list(readable(rows, lambda data: unpack(data, Standing)))

    def history(self, name: str, since: datetime | None = None) -> list[Change]:
        """Oldest first."""
        with self._reading() as db:
            rows = db.execute(
                f"SELECT data FROM change WHERE target = {OF} AND at >= ? ORDER BY id",  # noqa: S608
                (name, micros(since) if since else -(1 << 62)),
            )
            return list(readable(rows, lambda data: unpack(data, Change)))

    def looks(self, name: str) -> list[LookSeen]:
        """Stretches of looks that saw the same, oldest first."""
        with self._reading() as db:
            return seen.stretches(db, name)

    def evidence(self, name: str, at: datetime) -> Evidence | None:
        """What was seen of the target then: of the stretch that covers that moment, or of the last one before it of
        which evidence was kept. It is the evidence of the first look that saw this."""
        with self._reading() as db:
            return seen.evidence_at(db, name, at)

    def targets_at(self, at: datetime) -> list[str]:
        """The names of those looked at then, give or take a week: looks may be that rare."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT DISTINCT name FROM target JOIN stretch ON stretch.target = target.id"
                " WHERE first <= ? AND last >= ? ORDER BY name",
                (micros(at), micros(at) - 7 * DAY),
            )
            return [row[0] for row in rows]

    def sightings(self, name: str) -> list[Sighting]:
        """Every leaf certificate that was seen there, oldest first."""
        with self._reading() as db:
            return seen.sightings(db, name, standing_of(db, "standing", name))

    def certificate(self, sha256: str) -> bytes | None:
        """The octets of one, by its SHA-256 in hex."""
        try:
            digest = bytes.fromhex(sha256)
        except ValueError:
            return None
        with self._reading() as db:
            row = db.execute("SELECT der FROM certificate WHERE sha256 = ?", (digest,)).fetchone()
            return row and bytes(row[0])

    def policies(self, name: str) -> list[PolicySeen]:
        """MTA-STS policies over time, oldest first."""
        with self._reading() as db:
            rows = db.execute(f"SELECT data FROM policy WHERE target = {OF} ORDER BY id", (name,))  # noqa: S608
            return list(readable(rows, lambda data: unpack(data, PolicySeen)))

    def remembered(self) -> dict[str, Remembered]:
        """The last good MTA-STS policies by domain, for the next look."""
        with self._reading() as db:
            rows = db.execute("SELECT data FROM remembered")
            return {one.domain: one for one in readable(rows, lambda data: unpack(data, Remembered))}


def standing_of(db: sqlite3.Connection, table: str, name: str) -> Standing | None:
    """None: unknown, or it cannot be read."""
    rows = db.execute(f"SELECT data FROM {table} WHERE target = {OF}", (name,))  # noqa: S608 - tables of ours
    return next(readable(rows, lambda data: unpack(data, Standing)), None)
