"""What could not be written down, because the disk is full: it is told all the same.

Notices are kept here until they are delivered, or the agent ends.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from probe.model.duty import Pending
from probe.run.notices import Outgoing

MOST = 10_000  # notices; beyond that the oldest go


class Unsaved:
    """Empty, as long as all goes well."""

    def __init__(self) -> None:
        self._rows: list[Pending] = []
        self._number = 0
        self.lost = 0

    def __bool__(self) -> bool:
        return bool(self._rows)

    def keep(self, notices: Outgoing) -> None:
        for sink, (notice, due, replaces) in notices.items():
            if replaces:
                self._rows = [row for row in self._rows if (row.sink, row.notice.target) != (sink, notice.target)]
            self._number -= 1
            key = f"{sink} {notice.target} {notice.at.isoformat()}"
            self._rows.append(Pending(id=self._number, sink=sink, key=key, notice=notice, created=notice.at, due=due))
        self.lost += max(0, len(self._rows) - MOST)
        self._rows = self._rows[-MOST:]

    def due(self, sink: str, now: datetime) -> list[Pending]:
        return [row for row in self._rows if row.sink == sink and row.due <= now]

    def sent(self, ids: Sequence[int], at: datetime) -> None:
        self._rows = [row for row in self._rows if row.id not in ids]

    def failed(self, ids: Sequence[int], reason: str, due: datetime, stuck: bool) -> None:
        """Nothing is ever stuck here: nobody could send it again by hand."""
        self._rows = [
            replace(row, due=due, attempts=row.attempts + 1, error=reason) if row.id in ids else row
            for row in self._rows
        ]
