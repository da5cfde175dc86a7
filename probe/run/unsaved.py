"""What could not be written down, because the disk is full: it is told all the same.

Notices are kept here until they are delivered, or can be written down with a later look, or the agent ends.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from probe.model.duty import Notice, Pending
from probe.run.notices import Outgoing

MOST = 10_000  # notices; beyond that the oldest go
AT_ONCE = 500  # as many as the store gives to a sink at a time
LONGEST = timedelta(hours=26)  # what is due later was kept while the clock was wrong


class Unsaved:
    """Empty, as long as all goes well. `lost` counts those for which there was no room here, either."""

    def __init__(self) -> None:
        self._rows: list[Pending] = []
        self._number = -(1 << 62)  # below every number of the store's, and like those the later the higher
        self.lost = 0

    def __bool__(self) -> bool:
        return bool(self._rows)

    def keep(self, notices: Outgoing) -> None:
        for sink, (notice, due, replaces) in notices.items():
            if replaces:
                notice = _joined([row.notice for row in self._of(notice.target, sink)], notice)
                self._rows = [row for row in self._rows if (row.sink, row.notice.target) != (sink, notice.target)]
            self._number += 1
            key = f"{sink} {notice.target} {notice.at.isoformat()}"
            self._rows.append(Pending(id=self._number, sink=sink, key=key, notice=notice, created=notice.at, due=due))
        self.lost += max(0, len(self._rows) - MOST)
        self._rows = self._rows[-MOST:]

    def joined(self, target: str, notices: Outgoing) -> Outgoing:
        """These notices on a target, and with them what is kept here of it: to be written down together. What is, is to
        be forgotten here."""
        found = dict(notices)
        for sink in dict.fromkeys(row.sink for row in self._of(target)):
            rows = self._of(target, sink)
            newest, due, replaces = found.get(sink, (None, min(row.due for row in rows), False))
            *older, last = [row.notice for row in rows] + ([newest] if newest else [])
            found[sink] = _joined(older, last), due, replaces
        return found

    def forget(self, target: str) -> None:
        self._rows = [row for row in self._rows if row.notice.target != target]

    def due(self, sink: str, now: datetime) -> list[Pending]:
        rows = (row for row in self._rows if row.sink == sink)
        return [row for row in rows if not now < row.due <= now + LONGEST][:AT_ONCE]

    def sent(self, ids: Sequence[int], at: datetime) -> None:
        gone = set(ids)
        self._rows = [row for row in self._rows if row.id not in gone]

    def failed(self, ids: Sequence[int], reason: str, due: datetime, stuck: bool) -> None:
        """Nothing is ever stuck here: nobody could send it again by hand."""
        late = set(ids)
        self._rows = [
            replace(row, due=due, attempts=row.attempts + 1, error=reason) if row.id in late else row
            for row in self._rows
        ]

    def _of(self, target: str, sink: str | None = None) -> list[Pending]:
        return [row for row in self._rows if row.notice.target == target and sink in (None, row.sink)]


def _joined(older: Sequence[Notice], newest: Notice) -> Notice:
    """The newest, with what was to be told by the older ones before it."""
    return replace(newest, items=tuple(item for notice in (*older, newest) for item in notice.items))
