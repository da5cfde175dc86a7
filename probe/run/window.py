"""What the watch lets those see who ask for metrics: see `http_app.Source`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import trio

from probe.config.duty import Settings, Watched
from probe.errors import StateError
from probe.model.duty import Standing
from probe.report.prometheus import Agent
from probe.run.clockwork import Clockwork
from probe.run.duty import Duty
from probe.run.events import Log
from probe.run.look import look
from probe.state import Store
from probe.state.standing import stand

QUIET = 60.0  # seconds between two bugs that are told


class OnWatch(Protocol):
    """The watch, as far as it is seen from here: its targets and how they stand, by name."""

    duty: Duty
    clock: Clockwork
    watched: dict[str, Watched]
    standings: dict[str, Standing]


class Window:
    """Everything is asked of the watch anew, so that a reloaded configuration counts."""

    def __init__(self, watch: OnWatch, version: str, now: Callable[[], datetime], log: Log) -> None:
        self._watch, self._version, self.now, self._log = watch, version, now, log
        self._told, self._untold = -QUIET, 0

    def watched(self) -> Sequence[Watched]:
        return list(self._watch.watched.values())

    def standings(self) -> Iterable[Standing]:
        return list(self._watch.standings.values())

    def next_due(self) -> Mapping[str, datetime]:
        return self._watch.clock.slots

    def agent(self) -> Agent:
        last = max((standing.at for standing in self._watch.standings.values()), default=None)
        return agent(self._watch.duty.store, self._watch.duty.settings, self._version, last)

    def ready(self) -> bool:
        """Whether it is known how every target stands, be it from before a restart."""
        return self._watch.watched.keys() <= self._watch.standings.keys()

    async def probe(self, watched: Watched, seconds: float) -> Standing:
        once = replace(watched, retries=0, timeout=seconds)
        found = await look(once, self._watch.duty.eyes, {}, lambda _: False)
        own = self._watch.watched.get(watched.name)
        by_its_own = own is not None and own.standard == watched.standard  # else what is known was judged by others
        return stand(self._watch.standings.get(watched.name) if by_its_own else None, found)

    def trouble(self, error: Exception) -> None:
        """One in a while: whoever can reach us could fill the log with them."""
        if trio.current_time() < self._told + QUIET:
            self._untold += 1
            return
        self._log.fault(error, where="metrics", more=self._untold)
        self._told, self._untold = trio.current_time(), 0


def agent(store: Store, settings: Settings, version: str, ran: datetime | None) -> Agent:
    """How many notices wait for each sink, and of these how many are stuck; and when it `ran` last. Where the store
    cannot say how many wait, nothing is said of it: all else is known nonetheless."""
    outbox = {sink.name: (0, 0) for sink in settings.sinks}
    try:
        outbox |= store.waiting()
    except StateError:
        outbox = {}
    return Agent(version=version, outbox=outbox, ran=ran)
