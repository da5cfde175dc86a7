"""A week on duty in a few minutes: `python bench/week.py DIRECTORY PORT TARGETS DAYS`.

Recorded evidence is judged, compared, stored and told as `probe watch` does, under a clock that jumps from minute to
minute. Every target is looked at every five minutes. Most of what they show is the same each time; now and then a
target breaks for two hours, a blip is gone at the second look, a certificate is renewed, and some targets show one
certificate and the other in turn, as behind a load balancer that forgot a server. A webhook and an Alertmanager listen
on PORT. Each virtual hour it prints a line of JSON: looks so far, seconds of processor, resident MiB, MiB of the store.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trio

from probe.alert.alertmanager import Alertmanager
from probe.alert.sink import Sink
from probe.alert.webhook import Webhook
from probe.alert.words import Secret
from probe.config import anchors, evidence
from probe.config.duty import Looking, Schedule, Settings, Watched
from probe.model import Evidence, Remembered, Target
from probe.model.duty import Look
from probe.report.prometheus import exposition
from probe.run.duty import Duty
from probe.run.events import Log
from probe.run.look import Eyes, judge_one, taken
from probe.state import Store

FIXTURES = Path(__file__).parents[1] / "fixtures"
EVERY = 5  # minutes between two looks
USUAL = ("healthy", "mail-domain", "dane-honoured", "sts-enforced", "old-protocol")
BROKEN = ("expired", "refused", "no-starttls", "self-signed", "timeout", "chain-cut")
RENEWED = "sends-root"
BEGUN = datetime(2026, 11, 2, tzinfo=UTC)


class Replay:
    """What a target shows when: the same in every run of the bench."""

    def __init__(self, targets: int, minutes: int) -> None:
        dice = random.Random(5)
        self.minute = 0
        found = {path.stem: next(iter(evidence(path))) for path in sorted((FIXTURES / "evidence").glob("*.json"))}
        self._usual = [found[name] for name in USUAL if name in found]
        self._broken = [found[name] for name in BROKEN if name in found]
        self._renewed = found.get(RENEWED, self._usual[0])
        self._turning = set(dice.sample(range(targets), targets // 100))
        self._breaks = {number: dice.randrange(minutes) for number in dice.sample(range(targets), targets // 2)}
        self._renews = {number: dice.randrange(minutes) for number in dice.sample(range(targets), targets // 8)}
        self._dice = dice

    def shown(self, number: int) -> tuple[Evidence, int]:
        """The evidence of the look that counts, and how many it took."""
        minute = self.minute
        usual = self._usual[number % len(self._usual)]
        broken = self._broken[number % len(self._broken)]
        if 0 <= minute - self._breaks.get(number, minute + 1) < 120:
            return broken, 1
        if number in self._turning and minute // EVERY % 2:
            return self._renewed, 1
        if minute > self._renews.get(number, minute):
            return self._renewed, 1
        return usual, 1 if self._dice.random() > 1 / 288 else 2  # a blip a day


class Agent:
    """The watch without its windows."""

    def __init__(self, directory: Path, port: int, targets: int, days: float) -> None:
        self.at, self.replay = BEGUN, Replay(targets, round(days * 1440))
        sinks: tuple[Sink, ...] = (
            Webhook(name="webhook", url=Secret(f"http://127.0.0.1:{port}/hook")),
            Alertmanager(name="alertmanager", urls=(Secret(f"http://127.0.0.1:{port}"),)),
        )
        looking = Looking(anchors=anchors([str(FIXTURES / "roots.pem")]))
        watched = tuple(_watched(number) for number in range(targets))
        settings = Settings(path=directory, targets=watched, sinks=sinks, looking=looking)
        store = Store.open(directory / "probe.db", self.at)
        eyes = Eyes(looking, "probe.example.org")
        self.duty = Duty(settings, store, eyes, Log(None), self.now, store.begin("watch", self.at), self.look)
        self.standings = {standing.name: standing for standing in store.standings()}

    def now(self) -> datetime:
        return self.at

    async def look(
        self, watched: Watched, eyes: Eyes, remembered: Mapping[str, Remembered], is_news: Callable[[Look], bool]
    ) -> Look:
        number = int(watched.name.rpartition("-")[2])
        seen, attempts = self.replay.shown(number)
        seen = replace(
            seen,
            target=watched.target,
            at=self.at,
            observations=tuple(replace(one, at=self.at) for one in seen.observations),
        )
        found = taken(watched, judge_one(watched, eyes.looking, seen), attempts, 0.1)
        is_news(found)
        return found

    async def minute(self) -> None:
        """A fifth of the targets has its turn, then what is due is told."""
        for watched in self.duty.settings.targets[self.replay.minute % EVERY :: EVERY]:
            ran = await self.duty.take(watched)
            self.standings[watched.name] = ran.standing
        await self.duty.deliver()
        self.replay.minute += 1
        self.at += timedelta(minutes=1)


def _watched(number: int) -> Watched:
    name = f"target-{number}"
    host = f"mail{number}.contoso.com"
    target = Target(given=f"{host}:25", name=host, port=25)
    return Watched(name=name, target=target, schedule=Schedule(every=EVERY * 60), tags=("all",))


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


async def main(directory: Path, port: int, targets: int, days: float) -> None:
    agent = Agent(directory, port, targets, days)
    scraped = 0.0
    for minute in range(round(days * 1440)):
        await agent.minute()
        if minute % 60 == 59:
            began = time.process_time()
            exposition(agent.standings.values(), agent.at)
            scraped = time.process_time() - began
            size = sum(path.stat().st_size for path in directory.glob("probe.db*"))  # noqa: ASYNC240
            line = {
                "looks": (minute + 1) * targets // EVERY,
                "cpu": time.process_time(),
                "resident": _resident(),
                "store": size / 2**20,
                "scrape": scraped,
            }
            print(json.dumps(line), flush=True)
        if minute % 1440 == 1439:
            agent.duty.store.prune(agent.at, agent.duty.settings.keep)
    agent.duty.store.close()


if __name__ == "__main__":
    _, where, port, targets, days = sys.argv
    trio.run(main, Path(where), int(port), int(targets), float(days))
