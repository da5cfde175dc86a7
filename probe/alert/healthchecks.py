"""Pings as healthchecks.io takes them, so that silence itself is noticed: start, success, fail.

https://healthchecks.io/docs/http_api/. Changes are not told here: it is about whether `probe` runs at all.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import urlencode, urlsplit

from probe.alert.address import origin, revealed, secrets, without
from probe.alert.http import post, remarks
from probe.alert.message import text
from probe.alert.sink import Sink, Undelivered
from probe.alert.words import Duration, Secret
from probe.model.duty import Message

MOST_BYTES = 100_000  # of a body that are kept; other installations keep 10,000, so what matters comes first

_PATHS = {"start": "/start", "success": "", "fail": "/fail", "log": "/log"}


class Healthchecks(Sink, kw_only=True, frozen=True, tag="healthchecks"):
    """`url` is the ping address of a check, without an ending. `probe run` pings it with every run, `probe watch`
    `every` so often. `ca`: a file of authorities, instead of the public ones."""

    pings: ClassVar[bool] = True

    url: Secret
    every: Duration = Duration(300)
    ca: Path | None = None

    @property
    def place(self) -> str:
        return origin(self.url)

    async def ping(self, event: Literal["start", "success", "fail", "log"], body: str, rid: str) -> None:
        """`rid`, a UUID, ties the end of a run to its start; empty: nothing does. Raises `Undelivered`."""
        url = revealed(self.url)
        data = body.encode("utf-8", "replace")[:MOST_BYTES].decode(errors="ignore").encode()
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        answer = await post(_ending(url, event, rid), data, headers, timeout=self.timeout, ca=self.ca)
        # Also a check that does not exist, or one that is pinged too often, is answered by a 200.
        if answer.body.startswith(b"OK ("):
            said = without(answer.said, secrets(url))
            raise Undelivered(f"{self.place} answered {answer.status}: {said}")

    async def send(self, message: Message) -> None:
        """For `probe alerts test`: an entry in the check's log, which leaves its state as it is."""
        await self.ping("log", text(message), "")

    def remarks(self) -> Iterator[str]:
        yield from remarks(self.url, ca=self.ca)


def _ending(url: str, event: str, rid: str) -> str:
    """The address for the event; a query that it has already (`create=1`) stays."""
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode({"rid": rid}) if rid else "")))
    return parts._replace(path=parts.path.rstrip("/") + _PATHS[event], query=query, fragment="").geturl()
