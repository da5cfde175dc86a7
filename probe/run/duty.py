"""One target's turn: look, compare with what is remembered and with what was told, write all of it down at once."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from probe.alert.sink import Sink
from probe.config.duty import Settings, Watched
from probe.errors import StateError
from probe.judge.sts import remember
from probe.model import Remembered, Verdict
from probe.model.duty import Change, Look, Pending, Standing
from probe.report.ran import Ran
from probe.run.events import Log
from probe.run.leaving import leaving
from probe.run.look import Eyes, look
from probe.run.mishap import Mishap
from probe.run.news import News
from probe.run.notices import Outgoing, notices
from probe.run.noting import Noting
from probe.run.outbox import Delivery, deliver
from probe.run.saying import say
from probe.run.schedule import until
from probe.run.unsaved import Unsaved
from probe.state import DamagedStore, Mute, Run, Store
from probe.state.changes import changes, tell
from probe.state.standing import stand

SAID = 10  # mishaps that are told
RUNS = 10  # by which it is reckoned when the next one will be
T = TypeVar("T")
Looker = Callable[[Watched, Eyes, Mapping[str, Remembered], Callable[[Look], bool]], Awaitable[Look]]
Known = tuple[Standing | None, Standing | None]


class Duty:
    """Configuration, memory and eyes together. `run` numbers the run that looks are recorded under. `look` looks."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        eyes: Eyes,
        log: Log,
        now: Callable[[], datetime],
        run: int,
        look: Looker = look,
        kind: str = "watch",
    ) -> None:
        self.settings, self.store, self.eyes, self.log, self._now, self.run = settings, store, eyes, log, now, run
        self._look, self._kind = look, kind
        self.aside: Path | None = None  # where a store went that turned out to be damaged
        self.outbox, self.unsaved = Noting(lambda: self.store), Unsaved()
        self.fault: StateError | None = None  # what the store last failed for
        self._complaint = ""  # the same, until it has written something again
        self.mishaps: dict[str, Mishap] = {}  # by target: why its last look could not be taken
        self._last: dict[str, Known] = {}
        self._unrecorded: set[str] = set()
        self._policies = dict(store.remembered())
        self._gap = _widest(store.runs(RUNS), now())

    def begin(self) -> None:
        """Put the memory in order by the configuration: what it names no more stands no more, and what waits for a sink
        that is gone is stuck, for somebody to decide upon."""
        kept = self.settings.names
        sinks = {sink.name for sink in self.settings.sinks}
        self._last = {name: known for name, known in self._last.items() if name in kept}
        self._unrecorded &= kept
        self.mishaps = {name: error for name, error in self.mishaps.items() if name in kept}
        self._or_else(None, lambda store: self._part(store, kept))
        waiting: list[Pending] = self._or_else([], lambda store: store.pending())
        lost = [row.id for row in waiting if row.sink not in sinks and not row.stuck]
        if lost:
            reason = "the configuration has no alert of that name any more"
            self._or_else(None, lambda store: store.failed(lost, reason, self._now(), stuck=True))

    def _part(self, store: Store, kept: frozenset[str]) -> None:
        """With the targets that are not kept."""
        for gone in [standing.name for standing in store.standings() if standing.name not in kept]:
            stood, told = store.standing(gone)
            if stood and stood.episodes:
                at = max(stood.at, self._now())
                happened = changes(stood, replace(stood, at=at, verdict=Verdict.OK, episodes=()))
                store.put(gone, happened, leaving(told, self.settings.sinks, at) if told else {}, self.run)
        store.forget(kept)

    async def take(self, watched: Watched) -> Ran:
        """One target's turn. What could not be written down is told all the same, and kept in memory; see `fault`.
        Raises `Mishap`."""
        with self._minding(watched.name):
            before, told = self._known(watched.name)
            news = News(before)
            found = await self._look(watched, self.eyes, self._policies, news)
            return self._note(watched, found, before, told, news.after(found))

    def took(self, watched: Watched, look: Callable[[], Look]) -> Ran:
        """The same with what came to us by itself. Raises `Mishap`."""
        with self._minding(watched.name):
            before, told = self._known(watched.name)
            found = look()
            return self._note(watched, found, before, told, stand(before, found))

    @contextmanager
    def _minding(self, name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._last.pop(name, None)  # whatever was to be told of it was not: on from what is written down
            self.mishaps[name] = mishap = Mishap(name, error)
            raise mishap from error
        self.mishaps.pop(name, None)

    def _note(
        self, watched: Watched, found: Look, before: Standing | None, told: Standing | None, after: Standing
    ) -> Ran:
        """Write down what a look has brought, and what of it is to be told."""
        happened = changes(self._recorded(watched.name, before), after, watched.standard.thumbprints)
        muted = not self._muted().isdisjoint({"*", watched.name})
        telling, told = ((), told) if muted else tell(told, after, watched.remind, watched.standard.thumbprints)
        self._write(found, after, told, happened, self._going(watched, telling, told, after))
        say(self.log, found, after, changes(before, after, watched.standard.thumbprints), muted=muted)
        return Ran(standing=after, happened=happened, report=found.report, muted=muted)

    def _known(self, name: str) -> Known:
        """How the target stood at its last look, and as last told."""
        nothing: Known = (None, None)
        return self._last.get(name) or self._or_else(nothing, lambda store: store.standing(name))

    def _recorded(self, name: str, before: Standing | None) -> Standing | None:
        """What the history goes on from: not from a look that it does not know."""
        if name not in self._unrecorded:
            return before
        nothing: Known = (before, None)
        return self._or_else(nothing, lambda store: store.standing(name))[0]

    def _muted(self) -> frozenset[str]:
        """The names of the targets in a maintenance window; "*" is all of them."""
        mutes: list[Mute] = self._or_else([], lambda store: store.mutes(self._now()))
        return frozenset(mute.target for mute in mutes)

    def _going(
        self,
        watched: Watched,
        telling: Sequence[Change],
        told: Standing | None,
        after: Standing,
    ) -> Outgoing:
        if told is None:  # muted since it was first seen
            return {}
        return notices(
            self.settings.sinks,
            telling,
            told,
            lambda: until(watched.schedule, after.at, self._gap),
        )

    def _write(
        self, found: Look, after: Standing, told: Standing | None, happened: Sequence[Change], going: Outgoing
    ) -> None:
        evidence = found.report.evidence
        policy = remember(evidence, self.eyes.looking.anchors, evidence.at)
        if policy:
            self._policies[policy.domain] = policy
        self._last[found.name] = (after, told)
        whole = self.unsaved.joined(found.name, going)
        try:
            self._held(lambda store: store.record(found, after, told, happened, whole, self.run, policy))
        except StateError as error:
            self._complain(error)
            self._unrecorded.add(found.name)
            self._keep(going)
        else:
            self._unrecorded.discard(found.name)
            self.unsaved.forget(found.name)
            if self._complaint:
                self.log.event("store-recovered")
                self._complaint = ""

    def _keep(self, going: Outgoing) -> None:
        lost = self.unsaved.lost
        self.unsaved.keep(going)
        if lost := self.unsaved.lost - lost:
            self.log.event("store-failed", reason=f"nor is there room in memory: {lost} alerts are lost")

    def _or_else(self, otherwise: T, action: Callable[[Store], T]) -> T:
        """What the store says; what else is to be gone by where it can say nothing."""
        try:
            return self._held(action)
        except StateError as error:
            self._complain(error)
            return otherwise

    def _complain(self, error: StateError) -> None:
        if str(error) != self._complaint:  # once, and not at every look
            self.log.event("store-failed", reason=str(error))
        self.fault, self._complaint = error, str(error)

    def _held(self, action: Callable[[Store], T]) -> T:
        """Does it with the store; with a new one, where that turns out to be damaged: it is set aside, loudly."""
        try:
            return action(self.store)
        except DamagedStore:
            path = self.store.path
            self.store.close()
            self.store = Store.open(path, self._now())
            self.outbox = Noting(lambda: self.store)  # whose numbers are other ones
            if self.store.set_aside:
                self.aside = self.store.set_aside
                self.log.event("store-set-aside", path=self.aside)
            self.run = self.store.begin(self._kind, self._now())
            return action(self.store)

    @property
    def trouble(self) -> str:
        """What keeps it from its work at present, in a few words; empty: nothing."""
        missed = [str(mishap) for mishap in list(self.mishaps.values())[:SAID]]
        return "; ".join([*missed, str(self.fault)] if self.fault and self._unrecorded else missed)

    async def deliver(self, sinks: Sequence[Sink] | None = None, most: float = 60.0) -> list[Delivery]:
        """Send what is due to these sinks (None: to all). What the store cannot take note of is sent again."""
        outcomes: list[Delivery] = []
        chosen = self.settings.sinks if sinks is None else sinks
        for outbox in (self.outbox, self.unsaved) if self.unsaved else (self.outbox,):
            outcomes += await deliver(outbox, chosen, self._now, most=most, log=self.log)
        for outcome in outcomes:
            if not outcome.error:
                if outcome.notices:  # a state that was told once more is no news
                    self.log.event("sent", sink=outcome.sink, notices=outcome.notices)
            elif outcome.stuck:
                self.log.event("stuck", sink=outcome.sink, reason=outcome.error, notices=outcome.notices)
            else:
                self.log.event("undelivered", sink=outcome.sink, reason=outcome.error, due=outcome.again)
        return outcomes


def _widest(runs: Sequence[Run], now: datetime) -> float | None:
    """Seconds of the widest gap between the last runs: one by hand in between says nothing of when cron comes."""
    begun = [now, *(run.began for run in runs)]
    return max(((later - earlier).total_seconds() for later, earlier in pairwise(begun)), default=None)
