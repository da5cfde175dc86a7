"""One look at a target of the configuration: as often as it takes to be sure of what is new."""

from collections.abc import Callable, Mapping
from pathlib import Path

import trio

from probe.config.duty import Looking, Watched
from probe.judge.judging import judge
from probe.judge.standard import Want
from probe.model import Evidence, Remembered, Report
from probe.model.duty import Look
from probe.observe import Limits, Manner, Slots, World, gather, outside, server_text

_RESOLV_CONF = Path("/etc/resolv.conf")
PATIENCE = 60.0  # seconds that a target has unless it says otherwise: what the resolvers' time is reckoned from


class Eyes:
    """The world and how to look at it, for as long as an agent lives: who is asked for names may change meanwhile."""

    def __init__(
        self,
        looking: Looking,
        ehlo: str | None,
        doors: Callable[[Looking], World] | None = None,
    ) -> None:
        self.looking, self.greeting, self._doors = looking, looking.ehlo or ehlo, doors or _outside
        self.slots, self.free = Slots(Limits().connections), trio.CapacityLimiter(looking.parallel)
        self._made = self._stamp()
        self._world = self._doors(looking)

    @property
    def world(self) -> World:
        stamp = self._stamp()
        if stamp != self._made:  # another network, other resolvers
            self._made, self._world = stamp, self._doors(self.looking)
        return self._world

    def _stamp(self) -> int:
        try:
            return 0 if self.looking.resolvers else _RESOLV_CONF.stat().st_mtime_ns
        except OSError:
            return 0

    def manner(self, watched: Watched, remembered: Mapping[str, Remembered]) -> Manner:
        """How this target is looked at."""
        wanted = watched.standard
        return Manner(
            limits=Limits() if watched.timeout is None else Limits().within(watched.timeout),
            ehlo=self.greeting,
            resolvers=tuple(map(server_text, self.looking.resolvers)),
            dane=wanted.dane is not Want.OFF,
            mta_sts=wanted.mta_sts is not Want.OFF,
            tlsrpt=wanted.tlsrpt is not Want.OFF,
            remembered=remembered,
        )


def _outside(looking: Looking) -> World:
    return outside(looking.resolvers, PATIENCE, trust_ad=looking.trust_ad)


async def look(
    watched: Watched, eyes: Eyes, remembered: Mapping[str, Remembered], is_news: Callable[[Look], bool]
) -> Look:
    """What the target shows, judged. While `is_news` says that it would be news, and `retries` are left, another look
    is taken after a pause, and the last one counts: one greylisting wakes nobody. A pause holds no place among those
    that are looked at at a time."""
    manner, seconds = eyes.manner(watched, remembered), 0.0
    for attempt in range(1, watched.retries + 2):
        async with eyes.free:
            began = trio.current_time()
            evidence = await gather(watched.target, eyes.world, manner, eyes.slots)
            seconds += trio.current_time() - began
        found = taken(watched, judge_one(watched, eyes.looking, evidence), attempt, seconds)
        if attempt > watched.retries or not is_news(found):
            return found
        await trio.sleep(watched.pause)
    raise AssertionError("a look is always taken")


def judge_one(watched: Watched, looking: Looking, evidence: Evidence) -> Report:
    """The evidence by what the configuration expects."""
    return judge(evidence, watched.standard, looking.anchors, evidence.at, watched.organisation)


def taken(watched: Watched, report: Report, attempts: int = 1, seconds: float = 0.0) -> Look:
    """The look that came to this report."""
    return Look(
        name=watched.name,
        tags=watched.tags,
        report=report,
        attempts=attempts,
        seconds=seconds,
        expected=watched.standard.thumbprints,
    )
