"""The store's outbox, and what there was no room to note in it: that an alert went out, or that it is to wait.

Without this, a disk that is full would have the same alert sent every few seconds, until there is room again. What is
kept here ends with the agent: then it is sent once more.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from probe.errors import ProbeError
from probe.model.duty import Pending
from probe.run.outbox import Outbox


class Noting:
    """An `Outbox`. `store` is asked anew each time."""

    def __init__(self, store: Callable[[], Outbox]) -> None:
        self._store = store
        self._sent: dict[int, datetime] = {}
        self._late: dict[int, datetime | None] = {}  # None: not to be sent again

    def due(self, sink: str, now: datetime) -> list[Pending]:
        """What the store says, but for what is known better here. Raises what the store raises."""
        if self._sent:
            with suppress(ProbeError):
                self.sent([], now)
        rows = (row for row in self._store().due(sink, now) if row.id not in self._sent)
        return [row for row in rows if (due := self._late.get(row.id, row.due)) and not row.due <= now < due]

    def sent(self, ids: Sequence[int], at: datetime) -> None:
        """Raises what the store raises; they count as sent all the same."""
        self._sent |= dict.fromkeys(ids, at)
        self._store().sent(list(self._sent), at)
        for number in self._sent:
            self._late.pop(number, None)
        self._sent.clear()

    def failed(self, ids: Sequence[int], reason: str, due: datetime, stuck: bool) -> None:
        """Raises what the store raises; they wait all the same."""
        self._late |= dict.fromkeys(ids, None if stuck else due)
        self._store().failed(ids, reason, due, stuck)
        for number in ids:
            del self._late[number]
