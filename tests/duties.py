"""An agent on duty in a world of its own: a clock to be set, servers to be changed, sinks that keep what they hear."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import msgspec

from probe.alert.sink import Sink, Undelivered
from probe.config import target
from probe.config.duty import Looking, Settings, Watched
from probe.judge.chain import Anchors
from probe.judge.standard import Standard
from probe.model.duty import Became, Item, Message
from probe.observe import World
from probe.report.ran import Ran
from probe.run.duty import Duty
from probe.run.events import Log
from probe.run.look import Eyes
from probe.state import Store
from tests.observing import authority
from tests.pki import TODAY
from tests.world import Hanging, Server, fake_world

AT = TODAY + timedelta(hours=12)
HOST = "mx.example.org"
ADDRESS = ("192.0.2.1", 25)
WATCHED = Watched(
    name="mail",
    target=target(f"{HOST}:25"),
    standard=Standard(name=HOST),
    tags=("hybrid",),
    retries=0,
)


class Ear(Sink, kw_only=True, frozen=True, tag="ear"):
    """Keeps what it hears; `deaf` is why it does not."""

    heard: list[Message] = msgspec.field(default_factory=list)
    deaf: list[str] = msgspec.field(default_factory=list)

    async def send(self, message: Message) -> None:
        if self.deaf:
            raise Undelivered(self.deaf[0])
        self.heard.append(message)

    @property
    def items(self) -> list[Item]:
        return [item for message in self.heard for item in message.items]

    @property
    def told(self) -> list[tuple[Became, str]]:
        return [(item.kind, item.code) for item in self.items]


class Holder(Ear, kw_only=True, frozen=True, tag="holder"):
    """One that holds a state."""

    state: ClassVar[bool] = True


@dataclass
class Scene:
    """What a test has to do with. `at` is the time, `servers` who serves where."""

    path: Path
    servers: dict[tuple[str, int], Server | OSError | Hanging]
    world: World
    sinks: tuple[Sink, ...]
    watched: tuple[Watched, ...]
    at: datetime = AT
    duty: Duty = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def now(self) -> datetime:
        return self.at

    def restart(self) -> None:
        """The agent of before is gone, whatever became of it."""
        looking = Looking(anchors=anchors(), ehlo="probe.example")
        settings = Settings(path=self.path, targets=self.watched, sinks=self.sinks, looking=looking)
        eyes = Eyes(looking, None, lambda _: replace(self.world, now=self.now))
        store = Store.open(self.path, self.at)
        self.duty = Duty(settings, store, eyes, Log(None), self.now, store.begin("watch", self.at))
        self.duty.begin()

    async def turn(self, after: timedelta = timedelta(minutes=5), *, deliver: bool = True) -> list[Ran]:
        """Some time later each target has its turn, and what is due is delivered."""
        self.at += after
        results = [await self.duty.take(watched) for watched in self.duty.settings.targets]
        if deliver:
            await self.duty.deliver()
        return results


def anchors() -> Anchors:
    return Anchors(label="the test's", der=(authority().der,))


@asynccontextmanager
async def scene(
    path: Path, sinks: Iterable[Sink], *servers: Server | OSError | Hanging, watched: Iterable[Watched] = (WATCHED,)
) -> AsyncIterator[Scene]:
    """An agent whose one host, or whose hosts in turn, are these servers."""
    places = {(f"192.0.2.{number}", 25): server for number, server in enumerate(servers, 1)}
    zone = {HOST: {"A": [address for address, _ in places]}}
    async with fake_world(zone, places) as world:
        yield Scene(path / "probe.db", places, world, tuple(sinks), tuple(watched))
