"""What is served, as an ASGI application: metrics of all targets, and a look at one.

The latter is the multi-target exporter pattern: https://prometheus.io/docs/guides/multi-target-exporter/. Nothing of a
request but its path, two fields of its query and two of its headers is read; nothing of it but target and module comes
back, made visible, in plain text.
"""

import gzip
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import trio

from probe.config.duty import Watched
from probe.errors import ProbeError
from probe.model.duty import Standing
from probe.report.escape import visible
from probe.report.prometheus import CONTENT_TYPE, Agent, exposition
from probe.run.http_asked import Refused, asked, query
from probe.run.http_shared import Busy, Shared

LOOK_SECONDS = 60.0  # for a target that sets no time of its own, where who scrapes says nothing, either
SLACK_SECONDS = 0.5  # of the time that who scrapes gives us: for the way back
PATIENCE = 2.0  # seconds that a look may take beyond its time: it ends by itself, and says more than we could
LOOKS_FRESH = 10.0  # seconds
METRICS_FRESH = 1.0
_TEXT = "text/plain; charset=utf-8"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Source(Protocol):
    """Who knows what is served. All of it is asked anew with each request, so that a reloaded configuration counts."""

    def watched(self) -> Sequence[Watched]:
        """The targets of the configuration."""

    def standings(self) -> Iterable[Standing]:
        """How they stand: of those that are in the configuration now."""

    def next_due(self) -> Mapping[str, datetime]:
        """When they will be looked at again, by name."""

    def agent(self) -> Agent:
        """How the prober itself does."""

    def now(self) -> datetime:
        """The time."""

    def ready(self) -> bool:
        """Whether the first round of looks is done."""

    async def probe(self, watched: Watched, seconds: float) -> Standing:
        """One look, now, of so many `seconds` at most; it changes nothing that is remembered. Raises `ProbeError`."""

    def trouble(self, error: Exception) -> None:
        """A bug of ours came up while serving: for the log. Who asked is told nothing of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    status: int = 200
    kind: str = _TEXT
    allow: str = ""
    packed: bool = False


class App:
    """The application. `allowed` are patterns of targets beyond the configuration's: see `http_asked.fits`."""

    def __init__(self, source: Source, nursery: trio.Nursery, allowed: Sequence[str] = ()) -> None:
        self._source, self._allowed = source, allowed
        self._looks = Shared[bytes](nursery, LOOKS_FRESH)
        self._metrics = Shared[bytes](nursery, METRICS_FRESH)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        if scope["type"] != "http":
            return
        async with trio.open_nursery() as nursery:
            asking = trio.CancelScope()
            nursery.start_soon(_listen, receive, asking)
            with asking:
                answer = await self._safely(scope)
            if not asking.cancelled_caught:
                await _say(answer, send)
            nursery.cancel_scope.cancel()

    async def _safely(self, scope: Mapping[str, Any]) -> Answer:
        try:
            return await self._answer(scope)
        except Refused as error:
            return _line(error.status, str(error))
        except (Busy, trio.TooSlowError):
            return _line(503, "there was no answer in time")
        except ProbeError as error:
            return _line(503, visible(str(error)))
        except Exception as error:  # a bug in one request must not end the watch
            self._source.trouble(error)
            return _line(500, "an error of the prober's own; its log says more")

    async def _answer(self, scope: Mapping[str, Any]) -> Answer:
        answers = {
            "/": self._index,
            "/metrics": self._all,
            "/probe": self._one,
            "/-/healthy": self._healthy,
            "/-/ready": self._ready,
        }
        found = answers.get(scope["path"])
        if found is None:
            return _line(404, "there is nothing here; / lists what there is")
        if scope["method"] not in ("GET", "HEAD"):
            return Answer(b"only GET and HEAD\n", 405, allow="GET, HEAD")
        return await found(scope)

    async def _index(self, scope: Mapping[str, Any]) -> Answer:
        return Answer(
            b"probe\n\n"
            b"/metrics                              all targets of the configuration\n"
            b"/probe?target=TARGET[&module=MODULE]  a look at one, now\n"
            b"/-/healthy                            it runs\n"
            b"/-/ready                              the first round of looks is done\n"
        )

    async def _healthy(self, scope: Mapping[str, Any]) -> Answer:
        return _line(200, "healthy")

    async def _ready(self, scope: Mapping[str, Any]) -> Answer:
        return _line(200, "ready") if self._source.ready() else _line(503, "the first round of looks is not done")

    async def _all(self, scope: Mapping[str, Any]) -> Answer:
        async def write(left: float) -> bytes:
            source = self._source
            standings, due, agent, now = tuple(source.standings()), source.next_due(), source.agent(), source.now()

            def packed() -> bytes:
                return gzip.compress(exposition(standings, now, next_due=due, agent=agent), 1)

            # Half a second with a thousand targets: in a thread, so that it holds up no handshake's deadline.
            return await trio.to_thread.run_sync(packed)

        packed = await self._metrics.get("", LOOK_SECONDS, write)
        if "gzip" in _header(scope, b"accept-encoding"):
            return Answer(packed, kind=CONTENT_TYPE, packed=True)
        return Answer(gzip.decompress(packed), kind=CONTENT_TYPE)

    async def _one(self, scope: Mapping[str, Any]) -> Answer:
        word, module = query(scope["query_string"])
        watched = asked(word, module, self._source.watched(), self._allowed)
        timeout = min(watched.timeout or LOOK_SECONDS, patience(_header(scope, b"x-prometheus-scrape-timeout-seconds")))

        async def look(left: float) -> bytes:
            return exposition([await self._source.probe(watched, min(timeout, left))], self._source.now())

        return Answer(await self._looks.get((word, module), timeout + PATIENCE, look), kind=CONTENT_TYPE)


def patience(given: str) -> float:
    """Seconds that a look may take where who scrapes gives so many in all; infinite where nothing is given. Raises
    `Refused`."""
    if not given:
        return math.inf
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise Refused(400, "X-Prometheus-Scrape-Timeout-Seconds is no number of seconds")
    return max(seconds - SLACK_SECONDS, seconds / 2)


def _header(scope: Mapping[str, Any], name: bytes) -> str:
    """The first of that name, for there should be one."""
    found: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return next((value.decode("latin-1").strip() for key, value in found if key.lower() == name), "")


def _line(status: int, text: str) -> Answer:
    return Answer(f"{text}\n".encode(), status)


async def _listen(receive: Receive, asking: trio.CancelScope) -> None:
    """A body is thrown away, for Hypercorn waits until somebody takes it. Who leaves needs no answer."""
    while (await receive())["type"] != "http.disconnect":
        pass
    asking.cancel()


async def _say(answer: Answer, send: Send) -> None:
    headers = [
        (b"content-type", answer.kind.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if answer.allow:
        headers.append((b"allow", answer.allow.encode()))
    if answer.packed:
        headers.append((b"content-encoding", b"gzip"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
