"""From the outbox to the sinks: at least once, side by side, so that a dead sink holds up nobody else.

A notice leaves the outbox only once its sink has said that it has it. What fails waits, longer each time; what has
failed too often, or was refused for what it is, is stuck: it stays, `probe status` shows it, and `probe alerts` sends
it again or drops it.
"""

import hashlib
import socket
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import trio

from probe.alert.sink import Sink, Undelivered
from probe.errors import ProbeError
from probe.model import Verdict
from probe.model.duty import Became, Item, Message, Notice, Pending

FIRST, LONGEST = 10.0, 3600.0  # seconds of waiting after the first failure, doubled each time, and at most
TRIES = 36  # with these pauses a day and a half
GRACE = 2.0  # seconds that a sink gets beyond its own time-out to notice it


class Outbox(Protocol):
    """What of the store delivering needs."""

    def due(self, sink: str, now: datetime) -> list[Pending]: ...
    def sent(self, ids: Sequence[int], at: datetime) -> None: ...
    def failed(self, ids: Sequence[int], reason: str, due: datetime, stuck: bool) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of one message: how many notices went, or why they did not."""

    sink: str
    notices: int
    error: str = ""
    stuck: bool = False
    again: datetime | None = None  # when it may be tried again


async def deliver(
    outbox: Outbox, sinks: Iterable[Sink], now: Callable[[], datetime], *, most: float = 60.0
) -> list[Delivery]:
    """Send what is due, `most` seconds long: what is not sent by then waits as if it had failed now. Gives what became
    of it."""
    outcomes: list[Delivery] = []

    async def one(sink: Sink) -> None:
        if rows := outbox.due(sink.name, now()):
            await _send(outbox, sink, rows, now, most, outcomes.append)

    async with trio.open_nursery() as nursery:
        for sink in sinks:
            nursery.start_soon(one, sink)
    return outcomes


async def _send(
    outbox: Outbox,
    sink: Sink,
    rows: Sequence[Pending],
    now: Callable[[], datetime],
    most: float,
    tell: Callable[[Delivery], None],
) -> None:
    ids, said = [row.id for row in rows], merged(rows, now())
    fault = await attempt(sink, said, most) if said else None
    at = now()
    if fault is None:
        error = _noted(lambda: outbox.sent(ids, at))
        tell(
            Delivery(
                sink=sink.name, notices=len(rows) if said else 0, error=error and f"sent, {error}, and will be again"
            )
        )
    elif fault.final and len(rows) > 1:  # too much at once, maybe, or one among them that it will never take
        for row in rows:
            await _send(outbox, sink, [row], now, most, tell)
    else:
        tries = max(row.attempts for row in rows) + 1
        stuck, again = fault.final or tries >= TRIES, at + timedelta(seconds=pause(tries, fault.after))
        _noted(lambda: outbox.failed(ids, str(fault), again, stuck))
        tell(Delivery(sink=sink.name, notices=len(rows), error=str(fault), stuck=stuck, again=None if stuck else again))


def _noted(note: Callable[[], None]) -> str:
    """Take note in the outbox; gives why that could not be done. What is not noted is sent again: at least once."""
    try:
        note()
    except ProbeError as error:
        return f"not noted ({error})"
    return ""


def pause(tries: int, asked: float | None = None) -> float:
    """Seconds to wait after so many failures; a receiver that asks for more gets it."""
    usual = min(FIRST * 2 ** min(tries - 1, 20), LONGEST)
    return float(min(max(usual, asked or 0.0), LONGEST))


async def attempt(sink: Sink, message: Message, most: float = 60.0) -> Undelivered | None:
    """Send it once, within the sink's own time; gives why it did not arrive, None where it did."""
    patience = min(float(sink.timeout), most)
    with trio.move_on_after(patience + GRACE) as scope:
        try:
            await sink.send(message)
        except Undelivered as error:
            return error
        except Exception as error:  # a bug in one sink is no reason for another not to be told
            traceback.print_exc()
            return Undelivered(f"a fault of our own: {type(error).__name__}")
    return Undelivered(f"no answer within {patience:g} s") if scope.cancelled_caught else None


def merged(rows: Sequence[Pending], at: datetime) -> Message | None:
    """One message of all that waits: each target once, its items in the order in which they came to be. None where
    nothing is left to tell: what came and went while only a WARN waited for the end of quiet hours."""
    notices: dict[str, Notice] = {}
    for row in rows:
        known = notices.get(row.notice.target)
        items = (*(known.items if known else ()), *row.notice.items)
        notices[row.notice.target] = replace(row.notice, items=items)
    told = tuple(
        replace(notice, items=_worth_telling(notice.items)) if len(notice.items) > 1 else notice
        for notice in notices.values()
    )
    told = tuple(notice for notice in told if notice.items or notice.until)
    key = hashlib.sha256("\n".join(row.key for row in rows).encode()).hexdigest()[:32]
    return Message(key=key, at=at, sender=socket.gethostname(), notices=told) if told else None


def _worth_telling(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Without the WARNs that appeared and cleared before anybody heard of them, and without older reminders."""
    by_key: dict[str, list[Item]] = {}
    for item in items:
        by_key.setdefault(item.key, []).append(item)
    passing = {
        key
        for key, told in by_key.items()
        if told[0].kind is Became.APPEARED
        and told[-1].kind is Became.CLEARED
        and all(Verdict.WARN in (item.verdict, item.before) or item.verdict is Verdict.OK for item in told)
        and not any(Verdict.FAIL in (item.verdict, item.before) for item in told)
    }
    last = {key: told[-1] for key, told in by_key.items()}
    return tuple(
        item
        for item in items
        if item.key not in passing and (item.kind is not Became.REMINDER or item is last[item.key])
    )
