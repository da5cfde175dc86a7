"""From the outbox to the sinks: at least once, side by side, and what fails waits."""

import io
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest
import trio

from probe.alert.sink import Sink, Undelivered
from probe.alert.words import Duration
from probe.errors import StateError
from probe.model import Verdict, Where
from probe.model.duty import Became, Item, Message, Notice, Pending
from probe.run.events import Form, Log
from probe.run.noting import Noting
from probe.run.outbox import LONGEST, REFUSALS, TRIES, Delivery, deliver, merged, pause
from tests.world import in_mock_time

AT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def item(kind: Became = Became.APPEARED, key: str = "k1", verdict: Verdict = Verdict.FAIL, **more: object) -> Item:
    made = Item(
        kind=kind,
        target="mail",
        key=key,
        code="certificate-expired",
        title="The certificate has expired",
        sentence="it expired yesterday",
        place="192.0.2.25:25",
        where=Where(kind="target"),
        verdict=verdict,
        since=AT,
        at=AT,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def row(number: int, *items: Item, target: str = "mail", sink: str = "a", **more: object) -> Pending:
    notice = Notice(target=target, given="mail.contoso.com:25", at=AT, verdict=Verdict.FAIL, items=items or (item(),))
    made = Pending(id=number, sink=sink, key=f"key-{number}", notice=notice, created=AT, due=AT)
    return replace(made, **more)  # type: ignore[arg-type]


class Box:
    """An outbox in memory that can be too full to take note of anything."""

    def __init__(self, *rows: Pending, full: bool = False) -> None:
        self.rows, self.full = {pending.id: pending for pending in rows}, full

    def due(self, sink: str, now: datetime) -> list[Pending]:
        return [found for found in self.rows.values() if found.sink == sink and not found.stuck and found.due <= now]

    def sent(self, ids: Sequence[int], at: datetime) -> None:
        if self.full:
            raise StateError("the disk is full", "make room")
        for number in ids:
            del self.rows[number]

    def failed(self, ids: Sequence[int], reason: str, due: datetime, stuck: bool) -> None:
        for number in ids:
            known = self.rows[number]
            self.rows[number] = replace(known, due=due, attempts=known.attempts + 1, error=reason, stuck=stuck)


class Heard(Sink, kw_only=True, frozen=True, tag="heard"):
    """Does with a message what it is told to; an answer None means that it has it."""

    answer: Callable[[Message], Exception | None] = lambda _: None
    heard: list[Message] = msgspec.field(default_factory=list)
    stalls: bool = False

    async def send(self, message: Message) -> None:
        self.heard.append(message)
        if self.stalls:
            await trio.sleep_forever()
        if fault := self.answer(message):
            raise fault


def now() -> datetime:
    return AT


def _same(at: datetime) -> datetime:
    return at


@in_mock_time
async def test_what_waits_for_a_sink_is_one_message_and_then_gone() -> None:
    box, sink = Box(row(1), row(2, item(key="k2")), row(3, target="other"), row(4, sink="b")), Heard(name="a")
    outcomes = await deliver(box, [sink], now)
    assert outcomes == [Delivery(sink="a", notices=3)]
    assert [notice.target for notice in sink.heard[0].notices] == ["mail", "other"]
    assert [one.key for one in sink.heard[0].items] == ["k1", "k2", "k1"]
    assert list(box.rows) == [4]


@in_mock_time
async def test_a_sink_that_stalls_or_breaks_holds_up_no_other() -> None:
    def broken(_: Message) -> Exception:
        return RuntimeError("a bug")

    box = Box(row(1, sink="stalls"), row(2, sink="breaks"), row(3, sink="works"))
    works = Heard(name="works")
    began = trio.current_time()
    outcomes = await deliver(box, [Heard(name="stalls", stalls=True), Heard(name="breaks", answer=broken), works], now)
    assert {done.sink: done.error for done in outcomes} == {
        "stalls": "no answer within 15 s",
        "breaks": "a fault of our own: RuntimeError",
        "works": "",
    }
    assert works.heard
    assert set(box.rows) == {1, 2}
    assert trio.current_time() - began < 20


@in_mock_time
async def test_what_fails_waits_longer_each_time_and_is_stuck_in_the_end() -> None:
    box, sink = Box(row(1)), Heard(name="a", answer=lambda _: Undelivered("500 from alerts.example.org"))
    at, waits = AT, []
    for _ in range(TRIES):
        assert not box.rows[1].stuck
        await deliver(box, [sink], partial(_same, at))
        waits.append((box.rows[1].due - at).total_seconds())
        at = box.rows[1].due
    assert waits[:4] == [10, 20, 40, 80]
    assert max(waits) == LONGEST
    assert sum(waits) > 86400, "a sink that is down for a day loses nothing"
    assert box.rows[1].stuck
    assert box.rows[1].error == "500 from alerts.example.org"
    await deliver(box, [sink], lambda: at + timedelta(days=30))
    assert len(sink.heard) == TRIES


@in_mock_time
async def test_what_is_refused_for_what_it_is_does_not_take_the_rest_with_it() -> None:
    def too_large(message: Message) -> Exception | None:
        refused = len(message.items) > 1 or message.items[0].key == "bad"
        return Undelivered("413", final=True) if refused else None

    box = Box(row(1), row(2, item(key="bad"), target="b"), row(3, item(key="k3"), target="c"))
    sink = Heard(name="a", answer=too_large)
    await deliver(box, [sink], now)
    assert list(box.rows) == [2]
    assert box.rows[2].stuck
    assert {one.key for message in sink.heard[1:] for one in message.items} == {"k1", "bad", "k3"}


@in_mock_time
async def test_what_cannot_be_noted_as_sent_is_said_and_sent_again() -> None:
    box, sink = Box(row(1), full=True), Heard(name="a")
    (outcome,) = await deliver(box, [sink], now)
    assert "disk is full" in outcome.error
    await deliver(box, [sink], now)
    assert len(sink.heard) == 2
    assert sink.heard[0].key == sink.heard[1].key, "so that whoever gets it twice can tell"


@in_mock_time
async def test_a_sink_has_its_own_time() -> None:
    box = Box(row(1))
    (outcome,) = await deliver(box, [Heard(name="a", stalls=True, timeout=Duration(3))], now)
    assert outcome.error == "no answer within 3 s"
    assert outcome.again == AT + timedelta(seconds=10)


def test_a_receiver_that_asks_for_time_gets_it_within_reason() -> None:
    assert pause(1) == 10
    assert pause(1, 120) == 120
    assert pause(1, 10**9) == LONGEST
    assert pause(5, 1) == 160


def test_a_warning_that_came_and_went_before_anybody_heard_is_not_told() -> None:
    warned = item(verdict=Verdict.WARN)
    over = item(Became.CLEARED, verdict=Verdict.OK, before=Verdict.WARN)
    assert merged([row(1, warned), row(2, over)], AT) is None
    message = merged([row(1, warned), row(2, over), row(3, item(key="k2"))], AT)
    assert message
    assert [one.key for one in message.items] == ["k2"]


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.UNKNOWN])
def test_a_failure_that_came_and_went_is_told(verdict: Verdict) -> None:
    over = item(Became.CLEARED, verdict=Verdict.OK, before=verdict)
    message = merged([row(1, item(verdict=verdict)), row(2, over)], AT)
    assert message
    assert [one.kind for one in message.items] == [Became.APPEARED, Became.CLEARED]


def test_of_several_reminders_the_last_is_told() -> None:
    first, second = item(Became.REMINDER, at=AT), item(Became.REMINDER, at=AT + timedelta(days=1))
    message = merged([row(1, first), row(2, second)], AT)
    assert message
    assert message.items == (second,)


def test_a_state_is_the_latest_and_keeps_what_was_over() -> None:
    until = AT + timedelta(hours=1)
    older = row(1, item(Became.CLEARED, verdict=Verdict.OK, before=Verdict.FAIL))
    newer = row(2)
    newer = replace(newer, notice=replace(newer.notice, items=(), open=(item(key="k9"),), until=until))
    message = merged([older, newer], AT)
    assert message
    (notice,) = message.notices
    assert notice.until == until
    assert [one.key for one in notice.open] == ["k9"]
    assert [one.kind for one in notice.items] == [Became.CLEARED]


@in_mock_time
async def test_an_outbox_that_cannot_be_read_for_one_sink_does_not_cut_off_another() -> None:
    class Half(Box):
        def due(self, sink: str, now: datetime) -> list[Pending]:
            if sink == "bad":
                raise StateError("the store is busy", "try again")
            return super().due(sink, now)

    slow = Heard(name="a", answer=lambda _: None)
    outcomes = await deliver(Half(row(1)), [slow, Heard(name="bad")], now)
    assert slow.heard
    assert {done.sink: "busy" in done.error for done in outcomes} == {"a": False, "bad": True}


@pytest.mark.parametrize("waits", [timedelta(minutes=40), timedelta(hours=10)])
@in_mock_time
async def test_that_a_fault_is_over_is_never_told_before_the_fault(waits: timedelta) -> None:
    over = item(Became.CLEARED, verdict=Verdict.OK, before=Verdict.FAIL)
    box = Box(row(1, due=AT + waits, attempts=9), row(2, target="b", due=AT + waits), row(3, over))
    sink = Heard(name="a")
    await deliver(box, [sink], now)
    assert [one.kind for one in sink.heard[0].items] == [Became.APPEARED, Became.CLEARED]
    assert list(box.rows) == [2], "what is of another target waits on"


@in_mock_time
async def test_what_is_new_is_not_given_up_together_with_what_is_old() -> None:
    old = row(1, attempts=TRIES, created=AT - timedelta(days=2))
    box = Box(old, row(2, target="b"), row(3, target="c", attempts=TRIES))
    outcomes = await deliver(box, [Heard(name="a", answer=lambda _: Undelivered("503"))], now)
    assert {number: found.stuck for number, found in box.rows.items()} == {1: True, 2: False, 3: False}
    assert sorted((done.stuck, done.notices) for done in outcomes) == [(False, 2), (True, 1)]


@in_mock_time
async def test_a_sink_that_refuses_everything_is_not_asked_five_hundred_times() -> None:
    box = Box(*(row(number, target=f"t{number}") for number in range(1, 501)))
    sink = Heard(name="a", answer=lambda _: Undelivered("400", final=True))
    await deliver(box, [sink], now)
    assert REFUSALS <= len(sink.heard) < 2 * REFUSALS
    assert len(box.rows) == 500, "nothing is lost"
    assert all(found.attempts == 1 for found in box.rows.values())


@in_mock_time
async def test_one_among_hundreds_that_is_never_taken_is_found_at_once() -> None:
    def refused(message: Message) -> Exception | None:
        bad = any(notice.target == "t300" for notice in message.notices)
        return Undelivered("422", final=True) if bad else None

    box = Box(*(row(number, target=f"t{number}") for number in range(1, 501)))
    sink = Heard(name="a", answer=refused)
    await deliver(box, [sink], now)
    assert [(number, found.stuck) for number, found in box.rows.items()] == [(300, True)]
    assert len(sink.heard) < 25
    heard = [notice.target for message in sink.heard if refused(message) is None for notice in message.notices]
    assert heard == [f"t{number}" for number in range(1, 501) if number != 300], "in their order"


@in_mock_time
async def test_a_sink_that_refuses_slowly_has_no_more_time_than_any_other() -> None:
    class Slow(Heard, kw_only=True, frozen=True, tag="slow"):
        async def send(self, message: Message) -> None:
            await trio.sleep(14)
            raise Undelivered("413", final=True)

    box, began = Box(*(row(number, target=f"t{number}") for number in range(1, 501))), trio.current_time()
    await deliver(box, [Slow(name="a")], now, most=60)
    assert trio.current_time() - began < 80
    assert len(box.rows) == 500


@in_mock_time
async def test_where_the_first_half_fails_the_second_waits_for_it() -> None:
    answers = iter([Undelivered("413", final=True), Undelivered("503")])
    box, sink = Box(row(1), row(2, item(Became.CLEARED))), Heard(name="a", answer=lambda _: next(answers))
    await deliver(box, [sink], now)
    assert [(found.attempts, found.stuck) for found in box.rows.values()] == [(1, False), (1, False)]
    assert len(sink.heard) == 2


@in_mock_time
async def test_what_a_sink_has_told_of_a_message_is_not_told_again() -> None:
    box = Box(row(1, target="t1"), row(2, target="t2"), row(3, target="t1"))
    sink = Heard(name="a", answer=lambda _: Undelivered("429", after=60, told={"t1"}))
    outcomes = await deliver(box, [sink], now)
    assert list(box.rows) == [2]
    assert box.rows[2].due == AT + timedelta(seconds=60)
    assert sorted(done.notices for done in outcomes) == [1, 2]


@in_mock_time
async def test_a_bug_in_a_sink_is_told_to_the_log_without_what_might_be_secret() -> None:
    stream = io.StringIO()
    sink = Heard(name="a", answer=lambda _: RuntimeError("token s3cret"))
    await deliver(Box(row(1)), [sink], now, log=Log(stream, Form.JSON))
    assert '"event":"fault"' in stream.getvalue()
    assert "RuntimeError" in stream.getvalue()
    assert "in send" in stream.getvalue()
    assert "s3cret" not in stream.getvalue()


def test_two_that_probe_the_same_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = set()
    for host in ("one.example.org", "two.example.org"):
        monkeypatch.setattr(socket, "gethostname", lambda host=host: host)
        message = merged([row(1)], AT)
        assert message
        keys.add(message.key)
    assert len(keys) == 2


@in_mock_time
async def test_a_full_disk_does_not_repeat_an_alert_every_few_seconds() -> None:
    box, sink = Box(row(1), full=True), Heard(name="a")
    noting = Noting(lambda: box)
    for _ in range(5):
        await deliver(noting, [sink], now)
    assert len(sink.heard) == 1
    box.full = False
    await deliver(noting, [sink], now)
    assert (len(sink.heard), box.rows) == (1, {}), "it is noted as soon as there is room"


@pytest.mark.parametrize(("final", "tries"), [(False, 2), (True, 1)])
@in_mock_time
async def test_a_full_disk_does_not_hammer_a_sink_that_fails(final: bool, tries: int) -> None:
    class Full(Box):
        def failed(self, ids: Sequence[int], reason: str, due: datetime, stuck: bool) -> None:
            raise StateError("the disk is full", "make room")

    sink = Heard(name="a", answer=lambda _: Undelivered("503", final=final))
    noting = Noting(lambda: box)
    box = Full(row(1))
    for seconds in (0, 3, 6, 9, 15):
        await deliver(noting, [sink], partial(_same, AT + timedelta(seconds=seconds)))
    assert len(sink.heard) == tries
