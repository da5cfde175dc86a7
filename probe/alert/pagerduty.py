"""PagerDuty's Events API v2: a fault triggers an alert, and resolves it when it is cleared.

https://developer.pagerduty.com/docs/events-api-v2-overview. The key of a fault is the `dedup_key`, so whatever is sent
twice changes nothing. Notes (a renewed certificate that was expected) are no event.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import msgspec

from probe.alert.address import origin, revealed, shown, without
from probe.alert.http import Answer, posting, remarks
from probe.alert.message import Block, cut, place
from probe.alert.sink import Sink, Undelivered
from probe.alert.words import Duration, Hidden
from probe.model import Verdict
from probe.model.duty import Became, Item, Message

MOST_SUMMARY = 1024  # characters
MOST_KEY = 255  # characters
MOST_BYTES = 512 * 1024
_MOST_FIELD = 255  # characters of a name; nothing is documented

_SEVERITIES = {Verdict.FAIL: "critical", Verdict.UNKNOWN: "error", Verdict.WARN: "warning", Verdict.OK: "info"}

Json = dict[str, object]


class PagerDuty(Sink, kw_only=True, frozen=True, tag="pagerduty"):
    """`routing_key` is the integration's. `url` is https://events.eu.pagerduty.com/v2/enqueue for accounts of the
    European region. `ca`: a file of authorities, instead of the public ones."""

    keeps_count: ClassVar[bool] = True

    routing_key: Hidden
    url: str = "https://events.pagerduty.com/v2/enqueue"
    ca: Path | None = None
    timeout: Duration = Duration(60)  # one request a fault

    @property
    def place(self) -> str:
        return origin(self.url)

    async def send(self, message: Message) -> None:
        """Raises `Undelivered`, which names the targets that were told by then: a storm of faults does not pass its
        limit of requests a minute at once, and must not begin anew each time."""
        key, items = revealed(self.routing_key), _in_turn(message)
        left = Counter(item.target for item in items)
        try:
            async with posting(self.url, timeout=self.timeout, ca=self.ca, hide=(key,)) as post:
                for item in items:
                    body = encoded(event(item, message.sender), key)
                    answer = await post(body, {"Content-Type": "application/json"})
                    _believe(answer, self.place, key)
                    left[item.target] -= 1
        except Undelivered as error:
            told = {notice.target for notice in message.notices if not left[notice.target]}
            raise Undelivered(str(error), final=error.final, after=error.after, told=told) from None

    def remarks(self) -> Iterator[str]:
        self.routing_key.reveal()
        yield from remarks(self.url, secret=False, ca=self.ca)


def _in_turn(message: Message) -> list[Item]:
    """Of each fault what was last said of it, because nothing promises that two events of one key arrive in order; the
    gravest first. Among equals chance decides: where the limit of requests is reached before the end, and all is sent
    again later, the same ones would else come too late each time."""
    import random

    last = {item.key: item for item in message.items if _event(item)}
    items = list(last.values())
    random.shuffle(items)
    return sorted(items, key=lambda item: -item.verdict.gravity)


def _event(item: Item) -> bool:
    return item.kind is Became.CLEARED or item.verdict is not Verdict.OK


def event(item: Item, sender: str) -> Json:
    """The event of one change, but for the routing key."""
    key = item.key[:MOST_KEY]
    if item.kind is Became.CLEARED:
        return {"event_action": "resolve", "dedup_key": key}
    block = Block((item,))
    where = place(item)
    payload: Json = {
        "summary": cut(f"{item.verdict} {item.code} at {where}: {item.sentence or item.title}", MOST_SUMMARY),
        "source": cut(item.where.host or item.target, _MOST_FIELD),
        "severity": _SEVERITIES[item.verdict],
        "timestamp": item.at,
        "component": cut(where, _MOST_FIELD),
        "group": cut(item.target, _MOST_FIELD),
        "class": cut(item.code, _MOST_FIELD),
        "custom_details": {
            "title": item.title,
            "state": block.state,
            "since": block.since,
            "place": where,
            "what to do": "\n".join(item.remedy),
            "Exchange Online": "\n".join(item.exchange),
            "facts": item.facts,
            "seen from": sender,
        },
    }
    return {"event_action": "trigger", "dedup_key": key, "client": "probe", "payload": payload}


def encoded(event: Json, key: str) -> bytes:
    """The event with its routing key; without details where it would be larger than is taken."""
    body = msgspec.json.encode({"routing_key": key, **event})
    payload = event.get("payload")
    if len(body) <= MOST_BYTES or not isinstance(payload, dict):
        return body
    slim = {name: value for name, value in payload.items() if name != "custom_details"}
    return msgspec.json.encode({"routing_key": key, **event, "payload": slim})


def _believe(answer: Answer, place: str, key: str) -> None:
    try:
        said = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError):
        said = None
    if not isinstance(said, dict) or said.get("status") != "success":
        words = without(answer.said, (key,)) or "nothing"
        raise Undelivered(f"{place} answered {answer.status} and did not say that it took it: {shown(words, 200)}")
