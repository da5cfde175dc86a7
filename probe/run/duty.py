"""One target's turn: look, compare with what is remembered and with what was told, write all of it down at once."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise

from probe.alert.sink import Sink
from probe.config.duty import Settings, Watched
from probe.errors import ProbeError
from probe.judge.sts import remember
from probe.model import Remembered, Verdict
from probe.model.duty import Became, Change, Look, Standing
from probe.report.ran import Ran
from probe.run.events import Log
from probe.run.look import Eyes, look
from probe.run.notices import Outgoing, notices
from probe.run.outbox import Delivery, deliver
from probe.run.schedule import until
from probe.run.unsaved import Unsaved
from probe.state import DamagedStore, FullStore, Run, Store
from probe.state.changes import changes, tell
from probe.state.standing import stand

RUNS = 10  # by which it is reckoned when the next one will be
NEWS = (Became.APPEARED, Became.WORSENED, Became.CERTIFICATE)


class Duty:
    """Configuration, memory and eyes together. `run` numbers the run that looks are recorded under."""

    def __init__(
        self, settings: Settings, store: Store, eyes: Eyes, log: Log, now: Callable[[], datetime], run: int
    ) -> None:
        self.settings, self.store, self.eyes, self.log, self._now, self.run = settings, store, eyes, log, now, run
        self.unsaved = Unsaved()
        self.fault: ProbeError | None = None  # what kept the last look from being written down
        self._policies = dict(store.remembered())
        self._gap = _widest(store.runs(RUNS), now())

    def muted(self) -> frozenset[str]:
        """The names of the targets in a maintenance window; "*" is all of them."""
        return frozenset(mute.target for mute in self.store.mutes(self._now()))

    async def take(self, watched: Watched) -> Ran:
        """One target's turn. Only a fault of ours is raised, see `ProbeError`; that nothing could be written down is
        none: it is told, and kept in memory."""
        before, told = self._known(watched)
        found = await look(watched, self.eyes, self._policies, lambda seen: _is_news(before, seen))
        after = stand(before, found)
        happened = changes(self._recorded(watched, before), after, watched.standard.thumbprints)
        muted = not self.muted().isdisjoint({"*", watched.name})
        telling, told = ((), told) if muted else tell(told, after, watched.remind, watched.standard.thumbprints)
        going = self._going(watched, telling, told, after)
        self._write(found, after, told, happened, going)
        self._say(found, after, happened, muted)
        return Ran(standing=after, happened=happened, report=found.report, muted=muted)

    def _known(self, watched: Watched) -> tuple[Standing | None, Standing | None]:
        return self.unsaved.standing(watched.name) or self.store.standing(watched.name)

    def _recorded(self, watched: Watched, before: Standing | None) -> Standing | None:
        """What the history goes on from."""
        return self.store.standing(watched.name)[0] if self.unsaved.standing(watched.name) else before

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
        try:
            self._record(found, after, told, happened, going, policy)
        except ProbeError as error:
            self.fault = error
            self.unsaved.keep(after, told, going)
            self.log.event("store-failed", target=found.name, reason=str(error))
        else:
            self.unsaved.saved(found.name)

    def _record(
        self,
        found: Look,
        after: Standing,
        told: Standing | None,
        happened: Sequence[Change],
        going: Outgoing,
        policy: Remembered | None,
    ) -> None:
        try:
            self.store.record(found, after, told, happened, going, self.run, policy)
        except FullStore:
            raise
        except DamagedStore:  # it is set aside, and a new one begins with this look
            path = self.store.path
            self.store.close()
            self.store = Store.open(path, self._now())
            self.log.event("store-set-aside", path=str(self.store.set_aside))
            self.run = self.store.begin("watch", self._now())
            self.store.record(found, after, told, happened, going, self.run, policy)

    def _say(self, found: Look, after: Standing, happened: Sequence[Change], muted: bool) -> None:
        self.log.event(
            "look",
            target=found.name,
            verdict=after.verdict,
            seconds=round(found.seconds, 3),
            attempts=found.attempts,
            changes=len(happened),
            muted=muted,
        )
        for change in happened:
            self.log.event(
                "change",
                target=change.target,
                kind=change.kind,
                code=change.code,
                verdict=change.verdict,
                before=change.before,
                key=change.key,
            )

    async def deliver(self, sinks: Sequence[Sink] | None = None, most: float = 60.0) -> list[Delivery]:
        """Send what is due to these sinks (None: to all). What the store cannot take note of is sent again."""
        outcomes: list[Delivery] = []
        for outbox in (self.store, self.unsaved) if self.unsaved else (self.store,):
            outcomes += await deliver(outbox, self.settings.sinks if sinks is None else sinks, self._now, most=most)
        for outcome in outcomes:
            if not outcome.error:
                self.log.event("sent", sink=outcome.sink, notices=outcome.notices)
            elif outcome.stuck:
                self.log.event("stuck", sink=outcome.sink, reason=outcome.error, notices=outcome.notices)
            else:
                self.log.event("undelivered", sink=outcome.sink, reason=outcome.error, due=outcome.again)
        return outcomes


def _is_news(before: Standing | None, found: Look) -> bool:
    """Whether there is a fault that was not there before, and which might be a blip."""
    return any(
        change.kind in NEWS and change.verdict is not Verdict.OK
        for change in changes(before, stand(before, found), found.expected)
    )


def _widest(runs: Sequence[Run], now: datetime) -> float | None:
    """Seconds of the widest gap between the last runs: one by hand in between says nothing of when cron comes."""
    begun = [now, *(run.began for run in runs)]
    return max(((later - earlier).total_seconds() for later, earlier in pairwise(begun)), default=None)
