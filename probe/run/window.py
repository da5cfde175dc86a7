"""What the watch lets those see who ask for metrics: see `http_app.Source`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from probe.config.duty import Watched
from probe.model.duty import Standing
from probe.report.prometheus import Agent
from probe.run.clockwork import Clockwork
from probe.run.duty import Duty
from probe.run.events import Log
from probe.run.look import look
from probe.state.standing import stand


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

    def watched(self) -> Sequence[Watched]:
        return list(self._watch.watched.values())

    def standings(self) -> Iterable[Standing]:
        return list(self._watch.standings.values())

    def next_due(self) -> Mapping[str, datetime]:
        return self._watch.clock.slots

    def agent(self) -> Agent:
        """How many notices wait for each sink, and of these how many are stuck; and when the last look was."""
        duty = self._watch.duty
        outbox = {sink.name: (0, 0) for sink in duty.settings.sinks}
        for row in duty.store.pending():
            waiting, stuck = outbox.get(row.sink, (0, 0))
            outbox[row.sink] = (waiting + 1, stuck + row.stuck)
        last = max((standing.at for standing in self._watch.standings.values()), default=None)
        return Agent(version=self._version, outbox=outbox, ran=last)

    def ready(self) -> bool:
        """Whether it is known how every target stands, be it from before a restart."""
        return self._watch.watched.keys() <= self._watch.standings.keys()

    async def probe(self, watched: Watched, seconds: float) -> Standing:
        once = replace(watched, retries=0, timeout=seconds)
        found = await look(once, self._watch.duty.eyes, {}, lambda _: False)
        return stand(self._watch.standings.get(watched.name), found)

    def trouble(self, error: Exception) -> None:
        self._log.fault(error, where="metrics")
