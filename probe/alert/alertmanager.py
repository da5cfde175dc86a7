"""Alertmanager: the faults that are open, as alerts (`POST /api/v2/alerts`).

https://prometheus.io/docs/alerting/latest/alerts_api/: an alert *is* its labels, its annotations are those that came
last, and one that nobody renews is over at its `endsAt`. So what is open is sent again after every look, each time with
an end beyond the next one, and what gets lost on the way mends itself: what could not be ended ends by then, too.

- `severity` is a label, since routes are chosen by it, and so part of the identity: a fault that worsens or eases ends
  under its old severity as it begins under the new one. The verdict itself is an annotation; UNKNOWN is a warning.
- `key`, the fault's identity in all that we tell, is a label: two faults never become one alert, however alike.
- The members of a cluster do not hand alerts to one another: each is told. One that takes them is enough, because the
  members agree on who notifies, and the others hear of what is open after the next look.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from probe.alert import address, http
from probe.alert.sink import Sink, Undelivered
from probe.alert.words import Hidden, Secret
from probe.model import Verdict
from probe.model.duty import Became, Item, Message, Notice

API = "api/v2/alerts"
MOST = 200  # alerts a request: some 200 KiB
LABEL, ANNOTATION = 256, 4096  # characters of a value
LEAST = timedelta(minutes=5)  # that an open alert lasts from when it is sent, however late that is
SKEW = timedelta(minutes=1)  # that their clock may be behind ours: what ends in their future has not ended

SEVERITY = {Verdict.FAIL: "critical", Verdict.UNKNOWN: "warning", Verdict.WARN: "warning"}
OURS = frozenset(
    {"alertname", "severity", "target", "tags", "about", "host", "address", "port", "position", "name", "key"}
)
_NAME = r"^[a-zA-Z_][a-zA-Z0-9_]*$"

Alert = dict[str, object]


class Alertmanager(Sink, kw_only=True, frozen=True, tag="alertmanager"):
    """`url` is its base address; of a cluster, `urls` are those of all members. `username` with `password`, or
    `bearer`, is how they are told who we are; `ca` is a file of the authorities that vouch for them, in place of the
    system's. `labels` are put on every alert (a site, a team); `generator` is the address that an alert links to."""

    state: ClassVar[bool] = True
    keeps_count: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("url", "urls")  # one of these keys at least

    url: Secret | None = None
    urls: Annotated[tuple[Secret, ...], Meta(min_length=1, max_length=16)] = ()
    username: str | None = None
    password: Hidden | None = None
    bearer: Hidden | None = None
    ca: Path | None = None
    labels: dict[Annotated[str, Meta(pattern=_NAME)], str] = msgspec.field(default_factory=dict)
    generator: Annotated[str, Meta(pattern=r"^https?://")] | None = None

    @property
    def place(self) -> str:
        return ", ".join(filter(None, map(address.origin, self._members)))

    @property
    def _members(self) -> tuple[Secret, ...]:
        return (self.url, *self.urls) if self.url else self.urls

    async def send(self, message: Message) -> None:
        """All alerts to all members. Raises `Undelivered` where no member took them all."""
        found = list(self._alerts(message))
        bodies = [msgspec.json.encode(found[first : first + MOST]) for first in range(0, len(found), MOST)]
        if not bodies:
            return
        import trio

        authorization, secrets = self._authorization()
        headers = {"Content-Type": "application/json", **authorization}
        failures: list[Undelivered] = []

        async def tell(url: Secret) -> None:
            try:
                async with http.posting(_api(url), timeout=self.timeout, ca=self.ca, hide=secrets) as post:
                    for body in bodies:
                        await post(body, headers)
            except Undelivered as error:
                failures.append(error)

        async with trio.open_nursery() as nursery:
            for url in self._members:
                nursery.start_soon(tell, url)
        if len(failures) == len(self._members):
            raise _together(failures)

    def _alerts(self, message: Message) -> Iterator[Alert]:
        """What has ended since the last notice, and what is open. Nothing that is open ends."""
        for notice in message.notices:
            firing = {(item.key, SEVERITY.get(item.verdict)) for item in notice.open}
            for item in notice.items:
                ended = _ended(item)
                if ended and (item.key, ended) not in firing:
                    yield self._alert(notice, item, ended, max(item.since, item.at - SKEW))
            for item in notice.open:
                ends = max(notice.until, message.at + LEAST) if notice.until else None
                yield self._alert(notice, item, SEVERITY.get(item.verdict, "warning"), ends)

    def _alert(self, notice: Notice, item: Item, severity: str, ends: datetime | None) -> Alert:
        """Without an end it lasts as long as Alertmanager's own `resolve_timeout`."""
        alert: Alert = {
            "labels": self.labels | _bounded(_labels(notice, item, severity), LABEL),
            "annotations": _bounded(_annotations(notice, item), ANNOTATION),
            "startsAt": item.since,
        }
        if ends:
            alert["endsAt"] = ends
        if self.generator:
            alert["generatorURL"] = self.generator
        return alert

    def _authorization(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """The header, if any, and what in it is secret."""
        if self.bearer:
            token = address.revealed(self.bearer)
            return {"Authorization": f"Bearer {token}"}, (token,)
        if self.username and self.password:
            password = address.revealed(self.password)
            pair = base64.b64encode(f"{self.username}:{password}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}, (password, pair)
        return {}, ()

    def remarks(self) -> Iterator[str]:
        if self.bearer and self.username:
            raise ValueError("bearer and username exclude each other")
        if bool(self.username) != bool(self.password):
            raise ValueError("username and password go together")
        if taken := sorted(OURS & self.labels.keys()):
            raise ValueError(f"labels: {taken[0]} is one that we set ourselves")
        for secret in (self.password, self.bearer):
            if secret:
                secret.reveal()
        for url in self._members:
            yield from http.remarks(url, secret=False, ca=self.ca)


def _ended(item: Item) -> str | None:
    """The severity that the fault had before this change; None where it had none, or this is no such change."""
    ends = item.kind in (Became.CLEARED, Became.EASED, Became.WORSENED)
    return SEVERITY.get(item.before) if item.before and ends else None


def _labels(notice: Notice, item: Item, severity: str) -> Mapping[str, object]:
    where = item.where
    return {
        "alertname": item.code,
        "severity": severity,
        "target": item.target,
        "tags": f",{','.join(notice.tags)}," if notice.tags else None,  # to be matched as `tags=~".*,edge,.*"`
        "about": where.kind,
        "host": where.host,
        "address": where.address,
        "port": where.port,
        "position": where.position,
        "name": where.name,
        "key": item.key,
    }


def _annotations(notice: Notice, item: Item) -> Mapping[str, object]:
    facts = {name: value for name, value in item.facts.items() if re.fullmatch(_NAME, name)}
    return facts | {  # `days_left` and `thumbprint` are such facts
        "summary": f"{item.title} at {item.place or item.target}",
        "description": item.sentence,
        "remedy": "\n".join(item.remedy),
        "exchange": "\n".join(item.exchange),
        "verdict": item.verdict,
        "given": notice.given,
    }


def _bounded(values: Mapping[str, object], limit: int) -> dict[str, str]:
    """As text of Unicode's printable characters and line breaks. What is empty is left out: to Alertmanager it is the
    same as not there."""
    texts = ((name, str(value)) for name, value in values.items() if value is not None)
    clean = ((name, "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)) for name, text in texts)
    return {name: text if len(text) <= limit else text[: limit - 1] + "…" for name, text in clean if text}


def _api(url: Secret) -> str:
    base = address.revealed(url).rstrip("/")
    return base if base.endswith(API) else f"{base}/{API}"


def _together(failures: list[Undelivered]) -> Undelivered:
    """It may be tried again as soon as one member would have it."""
    after = [failure.after for failure in failures if failure.after is not None]
    reason = "; ".join(sorted({str(failure) for failure in failures}))
    final = all(failure.final for failure in failures)
    return Undelivered(reason, final=final, after=min(after) if len(after) == len(failures) else None)
