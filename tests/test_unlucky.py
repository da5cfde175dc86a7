"""What goes wrong with ourselves: no room, no file descriptors, bugs. It costs nobody an alert, and repeats none."""

import errno
import io
import json
import sqlite3
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import trio

from probe.alert import command, pagerduty, slack, teams
from probe.alert.healthchecks import Healthchecks
from probe.alert.mail import Email
from probe.alert.message import document
from probe.alert.message import text as readable
from probe.alert.sink import Undelivered
from probe.alert.words import Duration, Secret
from probe.config.duty import Watched
from probe.demo.peer import Reply, Script
from probe.errors import BusyError, ConfigError, ShortageError
from probe.model.duty import Became, Change, Item, Look, Message
from probe.report import alerting
from probe.report.prometheus import exposition
from probe.report.ran import Ran
from probe.run import look as looking
from probe.run.alone import alone
from probe.run.events import Form, Log
from probe.run.mishap import Mishap
from probe.run.once import once
from probe.run.sd import Manager
from probe.run.unsaved import Unsaved
from probe.run.watch import Watch, Wishes
from probe.state import FullStore, Store
from tests.duties import ADDRESS, AT, WATCHED, Ear, Scene, scene
from tests.observing import healthy, in_turn
from tests.receiver import STALL, Receiver, Says, receiver
from tests.test_duty import NO_STARTTLS, PLAIN
from tests.test_outbox import item, row
from tests.world import in_mock_time, in_trio

OTHER = replace(WATCHED, name="other")
OK = Says(200, b"OK")


def _no_room(*args: object, **more: object) -> None:
    raise FullStore("no room", "make some")


def _breaking(on: Scene, name: str, error: Exception) -> None:
    """From now on this target cannot be looked at."""

    async def look(watched: Watched, *rest: Any) -> Look:
        if watched.name == name:
            raise ExceptionGroup("of a nursery", [error])
        return await looking.look(watched, *rest)

    on.duty._look = look


def _pinging(there: Receiver) -> Healthchecks:
    return Healthchecks(name="hc", url=Secret(there.url("/ping/x")), timeout=Duration(3))


# Room


@in_mock_time
async def test_what_was_sent_is_not_sent_again_while_there_is_no_room_to_note_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Ear(name="ear")
    async with scene(tmp_path, [ear], PLAIN) as on:
        with monkeypatch.context() as full:
            full.setattr(Store, "sent", _no_room)
            await on.turn()
            for _ in range(3):
                on.at += timedelta(seconds=10)
                await on.duty.deliver()
        await on.duty.deliver()
        assert ear.told == [(Became.APPEARED, NO_STARTTLS)]
        assert not on.duty.store.pending()


@in_mock_time
async def test_what_waits_in_memory_is_written_down_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Ear(name="ear", deaf=["500"])
    async with scene(tmp_path, [ear], PLAIN) as on:
        with monkeypatch.context() as full:
            full.setattr(Store, "record", _no_room)
            await on.turn()
        on.servers[ADDRESS] = in_turn([healthy()])
        await on.turn()
        ear.deaf.clear()
        on.restart()  # it was killed, say
        await on.turn(timedelta(hours=2))
        assert ear.told == [(Became.APPEARED, NO_STARTTLS), (Became.CLEARED, NO_STARTTLS)]


@in_mock_time
async def test_a_run_delivers_what_it_could_not_write_down_though_nothing_can_be_read_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Ear(name="ear")
    async with scene(tmp_path, [ear], PLAIN) as on:
        for name in ("record", "standing", "due", "pending", "prune", "end", "mutes"):
            monkeypatch.setattr(Store, name, _no_room)
        ended = await once(on.duty, on.watched, on.now)
        assert ear.told == [(Became.APPEARED, NO_STARTTLS)]
        assert isinstance(ended.fault, FullStore)


def test_of_a_state_in_memory_nothing_is_lost_with_the_notice_that_it_replaces() -> None:
    unsaved = Unsaved()
    over = item(Became.CLEARED)
    for notice in (row(1, over).notice, replace(row(2).notice, items=())):
        unsaved.keep({"a": (notice, AT, True)})
    (left,) = unsaved.due("a", AT)
    assert left.notice.items == (over,)


def test_what_waits_in_memory_is_bounded_at_once_and_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.run.unsaved.MOST", 600)
    unsaved = Unsaved()
    for number in range(700):
        unsaved.keep({"a": (row(1, target=f"t{number}").notice, AT, False)})
    assert len(unsaved.due("a", AT)) == 500
    assert unsaved.lost == 100
    numbers = [left.id for left in unsaved.due("a", AT)]
    assert numbers == sorted(numbers)


def test_what_was_kept_while_the_clock_was_wrong_does_not_wait_for_years() -> None:
    unsaved = Unsaved()
    unsaved.keep({"a": (row(1).notice, AT + timedelta(days=400), False)})
    assert unsaved.due("a", AT)
    assert not unsaved.due("a", AT + timedelta(days=399))


@in_mock_time
async def test_what_is_lost_for_want_of_any_room_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("probe.run.unsaved.MOST", 1)
    monkeypatch.setattr(Store, "record", _no_room)
    async with scene(tmp_path, [Ear(name="a"), Ear(name="b")], PLAIN) as on:
        on.duty.log = Log(stream)
        await on.turn(deliver=False)
    assert "1 alerts are lost" in stream.getvalue()


def test_a_lock_holds_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with alone(tmp_path / "probe.db"), pytest.raises(BusyError, match="another run"), alone(tmp_path / "probe.db"):
        pass


# Runs


@pytest.mark.parametrize("error", [ShortageError("too many open files", "raise"), RecursionError("deep")])
@in_mock_time
async def test_one_that_cannot_be_looked_at_does_not_keep_a_run_from_the_others(
    error: Exception, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ear = Ear(name="ear")
    async with scene(tmp_path, [ear], PLAIN, watched=[OTHER, WATCHED]) as on:
        _breaking(on, "other", error)
        ended = await once(on.duty, on.watched, on.now)
    assert ear.told == [(Became.APPEARED, NO_STARTTLS)]
    assert [ran.standing.name for ran in ended.results] == ["mail"]
    assert isinstance(ended.fault, Mishap)
    assert str(ended.fault).startswith("other was not looked at: ")
    assert ended.fault.hint
    assert ("RecursionError" in capsys.readouterr().err) is isinstance(error, RecursionError)


@in_mock_time
async def test_a_bug_in_telling_keeps_no_run_from_the_others_and_loses_no_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(change: Change, *rest: Any) -> Item:
        if change.target == "mail":
            raise KeyError("a bug")
        return alerting.told(change, *rest)

    ear = Ear(name="ear")
    async with scene(tmp_path, [ear], PLAIN, watched=[WATCHED, OTHER]) as on:
        with monkeypatch.context() as bug:
            bug.setattr("probe.run.notices.told", broken)
            ended = await once(on.duty, on.watched, on.now)
        assert [ran.standing.name for ran in ended.results] == ["other"]
        await on.turn()
        assert [one.target for one in ear.items] == ["other", "mail"]


@pytest.mark.parametrize("fails", ["record", "prune"])
@in_mock_time
async def test_a_bug_in_the_store_loses_no_alert(fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **more: object) -> None:
        raise sqlite3.OperationalError("a bug")

    ear = Ear(name="ear")
    async with scene(tmp_path, [ear], PLAIN) as on:
        with monkeypatch.context() as bug:
            bug.setattr(Store, fails, broken)
            ended = await once(on.duty, on.watched, on.now)
        assert bool(ended.fault) is (fails == "record")
        await on.turn()
        assert ear.told == [(Became.APPEARED, NO_STARTTLS)]


@in_mock_time
async def test_a_mishap_is_over_with_the_next_look(tmp_path: Path) -> None:
    async with scene(tmp_path, [], in_turn([healthy()])) as on:
        _breaking(on, "mail", RuntimeError())
        with pytest.raises(Mishap):
            await on.turn()
        assert on.duty.trouble
        on.duty._look = looking.look
        await on.turn()
        assert not on.duty.trouble


@pytest.mark.parametrize(("broken", "path"), [(False, "/ping/x?rid="), (True, "/ping/x/fail?rid=")])
@in_trio
async def test_whoever_misses_us_hears_how_it_went_under_a_number_that_they_take(
    broken: bool, path: str, tmp_path: Path
) -> None:
    with receiver(OK) as there:
        async with scene(tmp_path, [_pinging(there)], in_turn([healthy()]), watched=[WATCHED, OTHER]) as on:
            if broken:
                _breaking(on, "other", ShortageError("too many open files", "raise"))
            await once(on.duty, on.watched, on.now)
    start, end = there.got
    assert end.path.startswith(path)
    assert ("too many open files" in end.body.decode()) is broken
    numbers = {got.path.partition("rid=")[2] for got in (start, end)}
    assert len({UUID(number) for number in numbers}) == 1


@in_trio
async def test_whoever_does_not_take_a_ping_holds_up_no_alert(tmp_path: Path) -> None:
    class Prompt(Ear, kw_only=True, frozen=True, tag="prompt"):
        async def send(self, message: Message) -> None:
            heard.set()

    heard = trio.Event()
    with receiver(STALL) as there:
        stalls = Healthchecks(name="hc", url=Secret(there.url("/ping/x")), timeout=Duration(600))
        async with scene(tmp_path, [stalls, Prompt(name="prompt")], PLAIN) as on, trio.open_nursery() as nursery:
            nursery.start_soon(once, on.duty, on.watched, on.now)
            with trio.fail_after(30):
                await heard.wait()
            nursery.cancel_scope.cancel()


@in_mock_time
async def test_the_last_word_on_a_sink_does_not_hide_what_is_stuck(tmp_path: Path) -> None:
    class Picky(Ear, kw_only=True, frozen=True, tag="picky"):
        async def send(self, message: Message) -> None:
            if any(notice.target == "mail" for notice in message.notices):
                raise Undelivered("422", final=True)

    async with scene(tmp_path, [Picky(name="picky")], PLAIN, watched=[WATCHED, OTHER]) as on:
        ended = await once(on.duty, on.watched, on.now)
    assert {(sent.stuck, sent.notices) for sent in ended.deliveries} == {(True, 1), (False, 1)}


# The watch


@asynccontextmanager
async def _watching(on: Scene, **more: Any) -> Any:
    """A watch whose clock is the test's own; gives it, and what it logs."""
    began, stream = on.at - timedelta(seconds=trio.current_time()), io.StringIO()
    log = Log(stream, Form.JSON)

    def now() -> datetime:
        on.at = began + timedelta(seconds=trio.current_time())
        return on.at

    on.duty._now, on.duty.log = now, log
    reread = more.pop("reread", lambda: on.duty.settings)
    watch = Watch(on.duty, reread, log, now, version="1", wishes=Wishes(**more), manager=Manager())
    async with trio.open_nursery() as nursery:
        await nursery.start(watch.keep)
        yield (
            watch,
            lambda name: [one for one in map(json.loads, stream.getvalue().splitlines()) if one["event"] == name],
        )
        watch.clock.stop()


@in_mock_time
async def test_a_store_that_fails_ends_no_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = Ear(name="ear")
    async with scene(tmp_path, [ear], PLAIN) as on, _watching(on, textfile=tmp_path / "probe.prom") as (_, events):
        for name in ("record", "standing", "due", "pending", "waiting", "prune", "end", "mutes", "sent", "forget"):
            monkeypatch.setattr(Store, name, _no_room)
        await trio.sleep(3600)
        assert len(events("look")) >= 3
        assert "probe_success" in (tmp_path / "probe.prom").read_text()
        assert "probe_outbox" not in (tmp_path / "probe.prom").read_text(), "nobody knows"
        assert len(events("store-failed")) <= 3, "it is said once, and not with each look"
    assert events("stopped")
    assert ear.told == [(Became.APPEARED, NO_STARTTLS)]


@in_mock_time
async def test_a_bug_in_the_metrics_ends_no_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **more: object) -> bytes:
        raise RuntimeError("a bug")

    monkeypatch.setattr("probe.run.watch.exposition", broken)
    async with scene(tmp_path, [], PLAIN) as on, _watching(on, textfile=tmp_path / "p.prom") as (_, events):
        await trio.sleep(3600)
        assert len(events("look")) >= 3
        assert {fault["where"] for fault in events("fault")} == {"textfile"}


@in_mock_time
async def test_a_bug_in_forgetting_ends_no_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **more: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Store, "prune", broken)
    async with scene(tmp_path, [], PLAIN) as on, _watching(on) as (_, events):
        await trio.sleep(3600)
        assert len(events("look")) >= 3
        assert events("fault")[0]["where"] == "forgetting"


@in_mock_time
async def test_a_shortage_is_one_line_and_whoever_misses_us_hears_of_it(tmp_path: Path) -> None:
    async with scene(tmp_path, [], PLAIN, watched=[WATCHED, OTHER]) as on:
        _breaking(on, "other", ShortageError("too many open files", "raise `ulimit -n`"))
        async with _watching(on) as (watch, events):
            assert watch._seen() is None, "nothing is known yet"
            await trio.sleep(2000)
            assert not events("fault")
            assert events("not-looked")[0]["target"] == "other"
            assert events("not-looked")[0]["reason"] == "other was not looked at: too many open files"
            assert [ran.standing.name for ran in watch._seen()] == ["mail"]
            assert "too many open files" in on.duty.trouble


@in_mock_time
async def test_after_a_restart_how_a_target_stood_is_what_is_pinged(tmp_path: Path) -> None:
    async with scene(tmp_path, [], PLAIN) as on:
        await on.turn()
        on.restart()
        async with _watching(on) as (watch, _):
            (ran,) = watch._seen()
            assert isinstance(ran, Ran)
            assert ran.standing.verdict == "FAIL"


@in_mock_time
async def test_what_is_being_sent_when_it_ends_is_not_sent_twice(tmp_path: Path) -> None:
    class Slow(Ear, kw_only=True, frozen=True, tag="slow"):
        async def send(self, message: Message) -> None:
            self.heard.append(message)
            began.set()
            await trio.sleep(6)

    began, slow, other = trio.Event(), Slow(name="slow"), Ear(name="other")
    async with scene(tmp_path, [slow, other], PLAIN) as on, _watching(on) as (watch, _):
        await began.wait()
        watch.clock.stop()
    assert (len(slow.heard), len(other.heard)) == (1, 1)


@in_mock_time
async def test_a_target_that_goes_while_it_is_looked_at_is_gone(tmp_path: Path) -> None:
    both = [WATCHED, replace(OTHER, retries=1, pause=30.0)]
    async with scene(tmp_path, [], PLAIN, watched=both) as on:
        fewer = replace(on.duty.settings, targets=(WATCHED,))
        async with _watching(on, reread=lambda: fewer) as (watch, events):
            await trio.sleep(10)  # within the pause
            await watch._reload()
            await trio.sleep(60)
            assert {look["target"] for look in events("look")} == {"mail", "other"}
            assert [standing.name for standing in on.duty.store.standings()] == ["mail"]


@in_mock_time
async def test_a_configuration_that_cannot_serve_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene(tmp_path, [], PLAIN) as on:
        moved = replace(on.duty.settings, store=tmp_path / "elsewhere.db")
        async with _watching(on, reread=lambda: moved) as (watch, events):
            with monkeypatch.context() as broken:
                broken.setattr("probe.run.look.outside", _unusable)
                await watch._reload()
            assert events("reload-refused")
            assert on.duty.settings is not moved
            assert not events("reloaded")


def _unusable(*args: object, **more: object) -> None:
    raise ConfigError("no resolver is named", "name one")


@in_mock_time
async def test_what_needs_a_restart_is_said(tmp_path: Path) -> None:
    async with scene(tmp_path, [], PLAIN) as on:
        moved = replace(on.duty.settings, store=tmp_path / "elsewhere.db")
        async with _watching(on, reread=lambda: moved) as (watch, events):
            await watch._reload()
            await watch._reload()
            assert [told.get("restart") for told in events("reloaded")] == [["store"], None]


@in_mock_time
async def test_whoever_can_reach_the_metrics_cannot_fill_the_log(tmp_path: Path) -> None:
    async with scene(tmp_path, [], PLAIN) as on, _watching(on) as (watch, events):
        for _ in range(100):
            watch.window.trouble(RuntimeError("a bug"))
        await trio.sleep(61)
        watch.window.trouble(RuntimeError("a bug"))
        assert [fault["more"] for fault in events("fault")] == [0, 99]


# Peers


@in_mock_time
async def test_what_a_peer_says_forges_nothing_wherever_it_is_told(tmp_path: Path) -> None:
    ear, evil = Ear(name="ear"), b"\x1b[2J\x9b31m\xe2\x80\xae\x07\x00 evil\x0b2026-01-01T00:00:00.000Z info look"
    async with (
        scene(tmp_path, [ear], in_turn([Script(banner=Reply(b"554 " + evil + b"\r\n"))])) as on,
        _watching(on) as (watch, _),
    ):
        on.duty.log = Log(text := io.StringIO())
        await trio.sleep(1000)
        agent = watch.window.agent()
        standings = list(watch.window.standings())
    (message,) = ear.heard
    assert "evil" in repr(message)
    mail = Email(host="mail.contoso.com", sender="probe@contoso.com", to=("ops@contoso.com",))
    told = [
        readable(message),
        document(message).decode(),
        json.dumps(slack.payload(message), ensure_ascii=False),
        json.dumps(teams.payload(message), ensure_ascii=False),
        json.dumps([pagerduty.event(one, "") for one in message.items], ensure_ascii=False, default=str),
        mail.letter(message, {}).get_content(),
        *command.variables(message).values(),
        exposition(standings, AT, agent=agent).decode(),
        text.getvalue(),
    ]
    for said in told:
        assert all(character.isprintable() or character == "\n" for character in said), said
    assert not any(line.startswith("2026-01-01") for line in "\n".join(told).splitlines())
