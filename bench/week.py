"""A week on duty in minutes: `python -m bench.week DIRECTORY PORT TARGETS HOURS SECONDS`.

Recorded evidence (`replay`) is judged, compared, stored and told as `probe watch` does, under a clock that jumps from
look to look. A webhook and an Alertmanager listen on PORT. It ends after so many virtual hours, or with the first one
that ends after so many seconds.

Each virtual hour it prints a line of JSON, see `Hour`.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import trio

from bench.replay import BEGUN, EVERY, FIXTURES, Authority, Fleet, turns
from probe.alert.alertmanager import Alertmanager
from probe.alert.sink import Sink
from probe.alert.webhook import Webhook
from probe.alert.words import Secret
from probe.config import anchors
from probe.config.duty import Looking, Schedule, Settings, Watched
from probe.judge.chain import Anchors
from probe.model import Remembered, Target
from probe.model.duty import Look, Standing
from probe.report.prometheus import exposition
from probe.run.duty import Duty
from probe.run.events import Log
from probe.run.look import Eyes, judge_one, taken
from probe.run.watch import GROUPED
from probe.state import Store

STORE = "probe.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """After it: looks so far; seconds of processor that looks and alerts took so far, and that one scrape takes; MiB
    resident now and before the first look; MiB of the store, with its log."""

    looks: int
    cpu: float
    scrape: float
    resident: float
    begun_with: float
    store: float


class Agent:
    """The watch without its clock and its windows. `spent` is what the replay itself took, in seconds of processor."""

    def __init__(self, directory: Path, port: int, targets: int) -> None:
        authority = Authority.make()
        self.at, self.spent, self._fleet = BEGUN, 0.0, Fleet(targets, authority)
        sinks: tuple[Sink, ...] = (
            Webhook(name="webhook", url=Secret(f"http://127.0.0.1:{port}/hook")),
            Alertmanager(name="alertmanager", urls=(Secret(f"http://127.0.0.1:{port}"),)),
        )
        known = anchors([str(FIXTURES / "roots.pem")])
        looking = Looking(anchors=Anchors(label=known.label, der=(*known.der, authority.root)))
        self.watched = tuple(map(_watched, range(targets)))
        settings = Settings(path=directory, targets=self.watched, sinks=sinks, looking=looking)
        store = Store.open(directory / STORE, self.at)
        eyes = Eyes(looking, "probe.example.org")
        self.duty = Duty(settings, store, eyes, Log(None), self.now, store.begin("watch", self.at), self.look)

    def now(self) -> datetime:
        return self.at

    async def look(
        self, watched: Watched, eyes: Eyes, remembered: Mapping[str, Remembered], is_news: Callable[[Look], bool]
    ) -> Look:
        began = time.thread_time()
        evidence, attempts = self._fleet.shown(int(watched.name.rpartition("-")[2]), self.at)
        seen = replace(evidence, target=watched.target)
        self.spent += time.thread_time() - began
        found = taken(watched, judge_one(watched, eyes.looking, seen), attempts, 0.1)
        is_news(found)
        return found


def _watched(number: int) -> Watched:
    name, host = f"target-{number}", f"mail{number}.contoso.com"
    target = Target(given=f"{host}:25", name=host, port=25)
    return Watched(name=name, target=target, schedule=Schedule(every=EVERY * 60), tags=("all",))


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def _size(directory: Path) -> float:
    return sum(path.stat().st_size for path in directory.glob(f"{STORE}*")) / 2**20


async def main(directory: Path, port: int, targets: int, hours: int, seconds: float) -> None:
    agent = Agent(directory, port, targets)
    standings: dict[str, Standing] = {}
    begun_with, began, idle = _resident(), time.monotonic(), time.process_time()
    told, hour = BEGUN, timedelta(hours=1)
    due = BEGUN + hour
    for number, (at, turn) in enumerate(turns(targets, hours * 60 + 1)):
        if at >= due:
            cpu = time.process_time() - idle - agent.spent
            before = time.process_time()
            exposition(standings.values(), agent.at)
            scrape = time.process_time() - before
            idle += scrape
            resident, size = _resident(), _size(directory)
            now = Hour(looks=number, cpu=cpu, scrape=scrape, resident=resident, begun_with=begun_with, store=size)
            print(json.dumps(asdict(now)), flush=True)
            if (due - BEGUN) % timedelta(days=1) == timedelta():
                agent.duty.store.prune(agent.at, agent.duty.settings.keep)
            due += hour
            if time.monotonic() - began > seconds:
                break
        agent.at = at
        standings[agent.watched[turn].name] = (await agent.duty.take(agent.watched[turn])).standing
        if (at - told).total_seconds() >= GROUPED:
            told = at
            await agent.duty.deliver()
    agent.duty.store.close()


if __name__ == "__main__":
    _, where, port, targets, hours, seconds = sys.argv
    trio.run(main, Path(where), int(port), int(targets), int(hours), float(seconds))
