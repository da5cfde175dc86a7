"""From the outbox to the sinks: at least once, side by side, so that a dead sink holds up nobody else.

A notice leaves the outbox only once its sink has said that it has it. What fails waits, longer each time; what has
failed too often, or was refused for what it is, is stuck: it stays, `probe status` shows it, and `probe alerts` sends
it again or drops it. Of one target all is told in the order in which it came to be: that a fault is over, never before
the fault.
"""

import hashlib
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import trio

from probe.alert.sink import Sink, Undelivered
from probe.errors import ProbeError
from probe.model import Verdict
from probe.model.duty import Became, Item, Message, Notice, Pending
from probe.run.events import Log

FIRST, LONGEST = 10.0, 3600.0  # seconds of waiting after the first failure, doubled each time, and at most
TRIES, A_DAY = 36, timedelta(days=1)  # a notice is stuck after so many failures, though not before a day is over
AHEAD = timedelta(hours=26)  # nothing waits for longer, be it for quiet hours to end or after failures
REFUSALS = 16  # in one go: with 500 notices it takes nine to find one that will never be taken
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
    outbox: Outbox,
    sinks: Iterable[Sink],
    now: Callable[[], datetime],
    *,
    most: float = 60.0,
    log: Log | None = None,
) -> list[Delivery]:
    """Send what is due, `most` seconds long: what is not sent by then waits as if it had failed now. Gives what became
    of it. Raises nothing: an outbox that cannot be read for one sink is no reason to cut off another."""
    outcomes: list[Delivery] = []

    async def one(sink: Sink) -> None:
        try:
            rows = _waiting(outbox, sink, now())
        except ProbeError as error:
            outcomes.append(Delivery(sink=sink.name, notices=0, error=f"the outbox cannot be read: {error}"))
        else:
            await _Go(outbox, sink, now, most, log or Log(None), outcomes).send(rows)

    async with trio.open_nursery() as nursery:
        for sink in sinks:
            nursery.start_soon(one, sink)
    return outcomes


def _waiting(outbox: Outbox, sink: Sink, at: datetime) -> list[Pending]:
    """What is due, and what came before it of the same targets and would wait for longer."""
    rows = outbox.due(sink.name, at)
    if not rows or sink.state:  # of a state there is one row a target
        return rows
    known, last = {row.id for row in rows}, {row.notice.target: row.id for row in rows}
    for row in outbox.due(sink.name, at + AHEAD):
        if row.id not in known and row.id < last.get(row.notice.target, row.id):
            rows.append(row)
    return sorted(rows, key=lambda row: row.id)


class _Go:
    """One go at all that waits for a sink: whole, or in halves where it is refused for what it is, because it may be
    too much at once, or have one in it that will never be taken. Anything else that goes wrong ends it."""

    def __init__(
        self,
        outbox: Outbox,
        sink: Sink,
        now: Callable[[], datetime],
        most: float,
        log: Log,
        outcomes: list[Delivery],
    ) -> None:
        self._outbox, self._sink, self._now, self._log, self._outcomes = outbox, sink, now, log, outcomes
        self._end, self._refusals = trio.current_time() + most, 0

    async def send(self, rows: Sequence[Pending]) -> None:
        parts = [rows] if rows else []
        while parts:
            part = parts.pop()
            fault, part = await self._tell(part)
            if fault is None or not part:
                continue
            self._refusals += fault.final
            spent = self._refusals >= REFUSALS or trio.current_time() >= self._end
            if fault.final and len(part) == 1:
                self._failed(part, fault, stuck=True)
            elif fault.final and not spent:
                parts += [part[len(part) // 2 :], part[: len(part) // 2]]
            else:
                self._failed([row for one in (part, *reversed(parts)) for row in one], fault)
                return

    async def _tell(self, rows: Sequence[Pending]) -> tuple[Undelivered | None, Sequence[Pending]]:
        """Gives what went wrong, and which rows it concerns: a sink may have told some of the targets."""
        said, left = merged(rows, self._now()), self._end - trio.current_time()
        fault = await attempt(self._sink, said, max(left, 0.0), self._log) if said else None
        heard = [row for row in rows if fault is None or row.notice.target in fault.told]
        if heard:
            ids = [row.id for row in heard]
            error = _noted(lambda: self._outbox.sent(ids, self._now()))
            number = sum(bool(row.notice.items) for row in heard) if said else 0
            self._outcomes.append(Delivery(sink=self._sink.name, notices=number, error=error and f"sent, but {error}"))
        return fault, [row for row in rows if fault and row.notice.target not in fault.told]

    def _failed(self, rows: Sequence[Pending], fault: Undelivered, *, stuck: bool = False) -> None:
        """Each row by itself is stuck or not: what is new is not given up with what is old."""
        at, reason = self._now(), str(fault)
        again = at + timedelta(seconds=pause(max(row.attempts for row in rows) + 1, fault.after))
        stuck_now: list[int] = []
        later: list[int] = []
        for row in rows:
            over = stuck or (row.attempts + 1 >= TRIES and abs(at - row.created) >= A_DAY)
            (stuck_now if over else later).append(row.id)
        for ids, due in ((stuck_now, None), (later, again)):
            if ids:
                _noted(partial(self._outbox.failed, ids, reason, again, due is None))
                self._outcomes.append(
                    Delivery(sink=self._sink.name, notices=len(ids), error=reason, stuck=due is None, again=due)
                )


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


async def attempt(sink: Sink, message: Message, most: float = 60.0, log: Log | None = None) -> Undelivered | None:
    """Send it once, within the sink's own time; gives why it did not arrive, None where it did."""
    patience = min(float(sink.timeout), most)
    with trio.move_on_after(patience + GRACE) as scope:
        try:
            await sink.send(message)
        except Undelivered as error:
            return error
        except Exception as error:  # a bug in one sink is no reason for another not to be told
            (log or Log(None)).bug(error, sink=sink.name)
            return Undelivered(f"a fault of our own: {type(error).__name__}")
    return Undelivered(f"no answer within {round(patience, 1):g} s") if scope.cancelled_caught else None


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
    sender = socket.gethostname()  # two that probe the same may both speak to one receiver
    key = hashlib.sha256("\n".join([sender, *(row.key for row in rows)]).encode()).hexdigest()[:32]
    return Message(key=key, at=at, sender=sender, notices=told) if told else None


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
