"""The outbox: nothing leaves it but what was sent or dropped."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from probe.model.duty import Became
from probe.state import Store
from probe.state.outbox import AT_ONCE
from tests.storing import AT, DAY, HOUR, MINUTE, NAME, item, notice, record


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "probe.db", AT)  # closed with the process: what is committed is in the file


def put(store: Store, at: datetime = AT, key: str = "a", *, sink: str = "ops", due: datetime | None = None) -> int:
    """A notice of one item; gives its number."""
    record(store, at, notices={sink: (notice(at, item(key, at)), due or at, False)})
    return store.pending()[-1].id


def renew(store: Store, at: datetime, *keys: str, kind: Became = Became.APPEARED) -> None:
    """As a sink that holds a state is told."""
    record(store, at, notices={"am": (notice(at, *(item(key, at, kind) for key in keys)), at, True)})


def ids(store: Store, now: datetime, sink: str = "ops") -> list[int]:
    return [row.id for row in store.due(sink, now)]


def test_each_sink_has_its_own_oldest_first(store: Store) -> None:
    first, other, third = put(store), put(store, sink="mail"), put(store, AT + MINUTE)
    assert ids(store, AT + HOUR) == [first, third]
    assert ids(store, AT + HOUR, "mail") == [other]
    assert [row.id for row in store.pending()] == [first, other, third]
    assert [row.id for row in store.pending("ops")] == [first, third]
    assert store.next_due() == AT


def test_what_was_sent_is_gone_and_the_sink_remembers_when(store: Store) -> None:
    first, second = put(store), put(store)
    store.sent([first], AT + MINUTE)
    assert ids(store, AT) == [second]
    assert store.last_sent() == {"ops": AT + MINUTE}
    store.sent([second, first, 999], AT + HOUR)
    assert store.pending() == []
    assert store.next_due() is None
    assert store.last_sent() == {"ops": AT + HOUR}


def test_what_failed_waits(store: Store) -> None:
    number = put(store)
    store.failed([number], "answered 500", AT + HOUR, stuck=False)
    assert ids(store, AT) == []
    assert ids(store, AT + HOUR) == [number]
    (row,) = store.pending()
    assert (row.attempts, row.error, row.due, row.stuck) == (1, "answered 500", AT + HOUR, False)
    assert store.next_due() == AT + HOUR


def test_what_is_stuck_stays_until_somebody_says(store: Store) -> None:
    first, second, third = put(store), put(store), put(store)
    store.failed([first, second], "answered 413", AT - HOUR, stuck=True)
    assert ids(store, AT + 9 * DAY) == [third]
    assert [row.stuck for row in store.pending()] == [True, True, False]
    assert store.next_due() == AT
    assert store.retry([first]) == 1
    assert ids(store, AT) == [first, third]
    assert store.pending()[0].attempts == 0
    assert store.drop(None) == 1
    assert [row.id for row in store.pending()] == [first, third]
    assert store.retry(None) == 0
    assert store.drop([third, 999]) == 1
    assert [row.id for row in store.pending()] == [first]


def test_the_key_is_of_sink_target_and_look(store: Store) -> None:
    for at, sink in ((AT, "ops"), (AT, "ops"), (AT, "mail"), (AT + MINUTE, "ops")):
        put(store, at, sink=sink)
    first, again, other, later = (row.key for row in store.pending())
    assert first == again
    assert len({first, other, later}) == 3


def test_a_number_is_never_used_again(store: Store) -> None:
    """Else `sent` would take away what came after what was sent."""
    first = put(store)
    store.drop([first])
    assert put(store) > first


def test_a_batch_is_bounded(store: Store) -> None:
    for number in range(AT_ONCE + 1):
        at = AT + timedelta(seconds=number)
        record(store, at, notices={"ops": (notice(at, item("a", at)), at, False)})
    found = store.due("ops", AT + DAY)
    assert len(found) == AT_ONCE
    assert found[0].created == AT


# What replaces.


def test_a_newer_state_takes_the_place_of_the_older_one_of_the_same_target(store: Store) -> None:
    renew(store, AT, "a")
    older = store.pending()[0].id
    record(store, AT, name="b", notices={"am": (notice(AT, name="b"), AT, True), "ops": (notice(AT), AT, False)})
    renew(store, AT + MINUTE, "a")
    found = store.pending("am")
    assert [(row.notice.target, row.notice.at) for row in found] == [("b", AT), (NAME, AT + MINUTE)]
    assert len(store.pending("ops")) == 1
    store.sent([older], AT + HOUR)  # which was under way meanwhile
    assert len(store.pending("am")) == 2


def test_what_nobody_heard_is_not_lost_with_the_notice_that_it_was_in(store: Store) -> None:
    renew(store, AT, "a", "b")
    renew(store, AT + MINUTE, "a", kind=Became.CLEARED)
    renew(store, AT + HOUR)
    (row,) = store.pending()
    assert [(one.key, one.kind) for one in row.notice.items] == [("b", Became.APPEARED), ("a", Became.CLEARED)]
    assert row.notice.at == AT + HOUR
    assert row.created == AT


def test_the_pause_after_a_failure_holds_for_what_replaces(store: Store) -> None:
    renew(store, AT, "a")
    store.failed([store.pending()[0].id], "answered 500", AT + HOUR, stuck=False)
    renew(store, AT + MINUTE)
    (row,) = store.pending()
    assert (row.attempts, row.error, row.due) == (1, "answered 500", AT + HOUR)
    store.failed([row.id], "answered 400", AT + DAY, stuck=True)
    renew(store, AT + 2 * MINUTE)
    (row,) = store.pending()
    assert (row.attempts, row.stuck, row.due) == (2, False, AT + 2 * MINUTE)
    assert [one.key for one in row.notice.items] == ["a"]


# Clocks, and rows that cannot be read.


@pytest.mark.parametrize(("ahead", "now"), [(25 * HOUR, False), (27 * HOUR, True), (9000 * DAY, True)])
def test_what_is_due_too_far_ahead_is_due_now(store: Store, ahead: timedelta, now: bool) -> None:
    number = put(store, due=AT + ahead)
    assert ids(store, AT) == ([number] if now else [])
    assert store.next_due(AT) == (AT if now else AT + ahead)
    assert store.next_due() == AT + ahead


def test_what_cannot_be_read_is_stuck_and_holds_up_nothing(store: Store) -> None:
    bad, good = put(store), put(store)
    with store._writing() as db:
        db.execute("UPDATE outbox SET notice = ? WHERE id = ?", (b"{}", bad))
    assert ids(store, AT) == [good]
    assert [row.id for row in store.pending()] == [good]
    with store._reading() as db:
        assert db.execute("SELECT stuck FROM outbox WHERE id = ?", (bad,)).fetchone() == (1,)
    assert [problem.split(":")[0] for problem in store.check()] == [f"alert {bad}"]
    assert store.drop([bad]) == 1


def test_a_bad_row_that_is_replaced_is_in_nobodys_way(store: Store) -> None:
    renew(store, AT, "a")
    with store._writing() as db:
        db.execute("UPDATE outbox SET due = 'x'")
    renew(store, AT + MINUTE, "b")
    assert [one.key for row in store.pending() for one in row.notice.items] == ["b"]


def test_a_notice_comes_back_whole(store: Store) -> None:
    said = replace(notice(AT, item("a")), tags=("eu",), open=(item("b"),), until=AT + DAY)
    record(store, notices={"am": (said, AT, True)})
    assert store.pending()[0].notice == said
