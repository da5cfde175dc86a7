"""An exporter on loopback whose source is the test's, and a client that says exactly what it is told to say."""

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

import trio

from probe.config import target
from probe.config.duty import Watched
from probe.judge.standard import Standard
from probe.model import Verdict
from probe.model.duty import Standing
from probe.report.prometheus import Agent
from probe.run.exporter import serve
from tests.standings import AT, standing

LOOPBACK = "127.0.0.1"
Look = Callable[[Watched, float], Awaitable[Standing]]


def watched(name: str, word: str, **expected: object) -> Watched:
    return Watched(name=name, target=target(word), standard=Standard(**expected))  # type: ignore[arg-type]


async def well(asked: Watched, seconds: float) -> Standing:
    return standing(asked.name)


@dataclass
class Here:
    """A `Source`. What it was asked to look at, and for how long, is in `looks`; what went wrong in `troubles`."""

    look: Look = well
    targets: Sequence[Watched] = ()
    known: Iterable[Standing] = ()
    is_ready: bool = True
    looks: list[tuple[Watched, float]] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)

    def watched(self) -> Sequence[Watched]:
        return self.targets

    def standings(self) -> Iterable[Standing]:
        return self.known

    def next_due(self) -> Mapping[str, datetime]:
        return {"mail": AT}

    def agent(self) -> Agent:
        return Agent(version="0.1.0", outbox={"slack": (2, 1)}, ran=AT)

    def now(self) -> datetime:
        return AT

    def ready(self) -> bool:
        return self.is_ready

    async def probe(self, watched: Watched, seconds: float) -> Standing:
        self.looks.append((watched, seconds))
        return await self.look(watched, seconds)

    def trouble(self, error: Exception) -> None:
        self.troubles.append(error)


TARGETS = (
    watched("mail", "mail.contoso.com:25", thumbprints=("ab" * 20,)),
    watched("edge", "edge.contoso.com:2525", warn_days=7),
    watched("contoso", "contoso.com"),
)


def source(**changes: object) -> Here:
    known = [standing("mail"), standing("edge", Verdict.FAIL)]
    return Here(**{"targets": TARGETS, "known": known, **changes})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        packed = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).decode()


@dataclass(frozen=True)
class Exporter:
    port: int

    async def raw(self, data: bytes) -> bytes:
        """Says it, and hears everything until the exporter closes."""
        async with await trio.open_tcp_stream(LOOPBACK, self.port) as stream:
            try:
                await stream.send_all(data)
                return b"".join([part async for part in stream])
            except trio.BrokenResourceError:
                return b""

    async def get(
        self, path: str, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] = MappingProxyType({})
    ) -> Reply:
        lines = [f"{method} {path} HTTP/1.1", f"host: {LOOPBACK}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"content-length: {len(body)}"] if body else []
        return reply(await self.raw("\r\n".join([*lines, "", ""]).encode("latin-1") + body))


def reply(data: bytes) -> Reply:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = (line.partition(":")[::2] for line in lines)
    return Reply(int(first.split()[1]), {name.lower(): value.strip() for name, value in headers}, body)


@asynccontextmanager
async def exporter(here: Here, allowed: Sequence[str] = ()) -> AsyncIterator[Exporter]:
    async with trio.open_nursery() as nursery:

        async def start(
            task_status: trio.TaskStatus[list[tuple[str, int]]] = trio.TASK_STATUS_IGNORED,
        ) -> None:
            await serve((LOOPBACK, 0), here, allowed=allowed, task_status=task_status)

        listening = await nursery.start(start)
        yield Exporter(listening[0][1])
        nursery.cancel_scope.cancel()
