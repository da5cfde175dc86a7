"""On duty: a look is compared, written down and told, once, to whom it concerns; whatever else goes wrong."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import trio

from probe.alert.words import Hours
from probe.demo.peer import End, Reply, Script, reply
from probe.model import Verdict
from probe.model.duty import Became
from probe.state import FullStore, Store
from tests.duties import ADDRESS, AT, HOST, WATCHED, Ear, Holder, scene
from tests.observing import healthy, in_turn, issuing, server
from tests.pki import TODAY
from tests.world import in_mock_time

REFUSED = ConnectionRefusedError("nobody listens there")
NO_TLS = Script(ehlo=reply(250, HOST))
PLAIN = in_turn([NO_TLS])
NO_STARTTLS = "starttls-not-supported"


@in_mock_time
async def test_a_fault_is_told_once_and_so_is_its_end(tmp_path: Path) -> None:
    ear = Ear(name="ear")
    async with scene(tmp_path, [ear], in_turn([healthy()])) as on:
        await on.turn()
        assert not ear.heard
        on.servers[ADDRESS] = PLAIN
        for _ in range(4):
            await on.turn()
        assert ear.told == [(Became.APPEARED, NO_STARTTLS)]
        assert ear.items[0].verdict is Verdict.FAIL
        on.servers[ADDRESS] = in_turn([healthy()])
        for _ in range(2):
            await on.turn()
        assert ear.told[1:] == [(Became.CLEARED, NO_STARTTLS)]
        assert ear.items[1].key == ear.items[0].key
        history = [(change.kind, change.code) for change in on.duty.store.history("mail")]
        assert history == ear.told


@in_mock_time
async def test_what_was_told_is_known_after_a_restart(tmp_path: Path) -> None:
    ear = Ear(name="ear")
    async with scene(tmp_path, [ear], PLAIN) as on:
        await on.turn()
        on.restart()
        await on.turn()
        assert ear.told == [(Became.APPEARED, NO_STARTTLS)]


@pytest.mark.parametrize("blip", [NO_TLS, Script(banner=Reply(b"", then=End.RESET)), Script(tls=Reply(b"no TLS"))])
@in_mock_time
async def test_a_blip_wakes_nobody_and_the_report_says_how_often_was_looked(blip: Script, tmp_path: Path) -> None:
    ear, patient = Ear(name="ear"), replace(WATCHED, retries=2, pause=20)
    async with scene(tmp_path, [ear], in_turn([blip, healthy()]), watched=[patient]) as on:
        began = trio.current_time()
        (ran,) = await on.turn()
        assert ran.standing.verdict is Verdict.OK
        assert ran.standing.attempts == 2
        assert trio.current_time() - began >= 20
        assert not ear.heard


@in_mock_time
async def test_a_fault_that_stays_is_looked_at_as_often_as_told_and_then_no_more(tmp_path: Path) -> None:
    ear, patient = Ear(name="ear"), replace(WATCHED, retries=2, pause=20)
    async with scene(tmp_path, [ear], PLAIN, watched=[patient]) as on:
        (first,) = await on.turn()
        (second,) = await on.turn()
        assert (first.standing.attempts, second.standing.attempts) == (3, 1)
        assert ear.told == [(Became.APPEARED, NO_STARTTLS)]


@in_mock_time
async def test_not_being_able_to_look_is_an_alarm_and_clears_nothing(tmp_path: Path) -> None:
    ear = Ear(name="ear")
    async with scene(tmp_path, [ear], PLAIN) as on:
        await on.turn()
        on.servers[ADDRESS] = REFUSED
        (ran,) = await on.turn()
        assert ran.standing.verdict is Verdict.FAIL
        assert (Became.APPEARED, "not-observed") in ear.told
        assert Became.CLEARED not in [kind for kind, code in ear.told if code != NO_STARTTLS]


@in_mock_time
async def test_a_reminder_comes_as_often_as_wanted_while_it_fails(tmp_path: Path) -> None:
    ear, nagged = Ear(name="ear"), replace(WATCHED, remind=3600.0)
    async with scene(tmp_path, [ear], PLAIN, watched=[nagged]) as on:
        for _ in range(25):
            await on.turn(timedelta(minutes=6))
        kinds = [kind for kind, _ in ear.told]
        assert kinds == [Became.APPEARED, Became.REMINDER, Became.REMINDER]


@in_mock_time
async def test_in_a_maintenance_window_nobody_is_told_and_nothing_is_forgotten(tmp_path: Path) -> None:
    ear = Ear(name="ear")
    async with scene(tmp_path, [ear], PLAIN) as on:
        on.duty.store.mute("mail", AT + timedelta(hours=1), "patch day", AT)
        (ran,) = await on.turn()
        assert ran.muted
        assert ran.happened
        assert not ear.heard
        await on.turn(timedelta(hours=2))
        assert ear.told == [(Became.APPEARED, NO_STARTTLS)]
        assert ear.items[0].since == AT + timedelta(minutes=5), "it has been so since then, not since the window ended"


@in_mock_time
async def test_what_came_and_went_in_a_maintenance_window_is_in_the_history_alone(tmp_path: Path) -> None:
    ear = Ear(name="ear")
    async with scene(tmp_path, [ear], in_turn([healthy()])) as on:
        await on.turn()
        on.duty.store.mute("*", on.at + timedelta(hours=1), "", on.at)
        on.servers[ADDRESS] = PLAIN
        await on.turn()
        on.servers[ADDRESS] = in_turn([healthy()])
        await on.turn()
        await on.turn(timedelta(hours=2))
        assert not ear.heard
        assert [change.kind for change in on.duty.store.history("mail")] == [Became.APPEARED, Became.CLEARED]


@in_mock_time
async def test_a_sink_that_holds_a_state_is_told_it_after_every_look(tmp_path: Path) -> None:
    holder = Holder(name="holder")
    async with scene(tmp_path, [holder], PLAIN) as on:
        await on.turn()
        await on.turn()
        assert [len(message.notices[0].open) for message in holder.heard] == [1, 1]
        until = holder.heard[1].notices[0].until
        assert until
        assert until > on.at + timedelta(minutes=5), "else it would take the fault for gone before the next look"
        on.servers[ADDRESS] = in_turn([healthy()])
        await on.turn()
        (last,) = holder.heard[2].notices
        assert last.open == ()
        assert [item.kind for item in last.items] == [Became.CLEARED]


@in_mock_time
async def test_a_state_that_could_not_be_told_is_replaced_and_its_end_is_not_lost(tmp_path: Path) -> None:
    holder = Holder(name="holder")
    async with scene(tmp_path, [holder], PLAIN) as on:
        await on.turn()
        holder.deaf.append("503")
        on.servers[ADDRESS] = in_turn([healthy()])
        for _ in range(20):
            await on.turn()
        assert len(on.duty.store.pending()) == 1
        holder.deaf.clear()
        await on.turn(timedelta(hours=2))
        assert [item.kind for item in holder.heard[-1].items] == [Became.CLEARED]


@in_mock_time
async def test_tags_and_verdicts_say_whom_it_concerns(tmp_path: Path) -> None:
    others, only_fail = Ear(name="others", tags=("internet",)), Ear(name="fail", verdicts=(Verdict.FAIL,))
    unknowns = Ear(name="unknowns", verdicts=(Verdict.UNKNOWN,), tags=("hybrid", "internet"))
    async with scene(tmp_path, [others, only_fail, unknowns], PLAIN) as on:
        await on.turn()
        on.servers[ADDRESS] = REFUSED
        await on.turn()
        on.servers[ADDRESS] = in_turn([healthy()])
        await on.turn()
        assert not others.heard
        assert only_fail.told == [(Became.APPEARED, NO_STARTTLS), (Became.CLEARED, NO_STARTTLS)]
        assert unknowns.told == [(Became.APPEARED, "not-observed"), (Became.CLEARED, "not-observed")]


@in_mock_time
async def test_a_warning_waits_for_the_end_of_quiet_hours_and_a_failure_does_not(tmp_path: Path) -> None:
    local = AT.astimezone()
    hours = Hours((local - timedelta(hours=2)).time(), (local + timedelta(hours=2)).time())
    ear, opportunistic = Ear(name="ear", quiet=hours), replace(WATCHED, name="b", standard=WATCHED.standard.__class__())
    async with scene(tmp_path, [ear], PLAIN, watched=[opportunistic]) as on:
        await on.turn()
        assert not ear.heard
        await on.turn(timedelta(hours=3))
        assert [item.verdict for item in ear.items] == [Verdict.WARN]
    loud = Ear(name="ear", quiet=hours)
    async with scene(tmp_path / "2", [loud], PLAIN) as on:
        await on.turn()
        assert [item.verdict for item in loud.items] == [Verdict.FAIL]


@in_mock_time
async def test_a_certificate_that_is_expected_next_is_no_alarm(tmp_path: Path) -> None:
    ear, new = Ear(name="ear"), issuing().leaf(names=(HOST,))
    renewed = in_turn([Script(tls=server(issuing(), own=new))])
    first = replace(WATCHED, standard=replace(WATCHED.standard, thumbprints=()))
    async with scene(tmp_path, [ear], in_turn([healthy()]), watched=[first]) as on:
        await on.turn()
        on.servers[ADDRESS] = renewed
        await on.turn()
        assert not ear.heard
        (note,) = on.duty.store.history("mail")
        assert (note.kind, note.verdict) == (Became.CERTIFICATE, Verdict.OK)


@in_mock_time
async def test_a_certificate_that_nobody_expects_is_an_alarm(tmp_path: Path) -> None:
    ear, new = Ear(name="ear"), issuing().leaf(names=(HOST,))
    from tests.observing import leaf

    pinned = replace(WATCHED, standard=replace(WATCHED.standard, thumbprints=(leaf().sha1,)))
    async with scene(tmp_path, [ear], in_turn([healthy()]), watched=[pinned]) as on:
        await on.turn()
        on.servers[ADDRESS] = in_turn([Script(tls=server(issuing(), own=new))])
        await on.turn()
        assert Verdict.FAIL in {item.verdict for item in ear.items}


@in_mock_time
async def test_a_full_disk_loses_no_alert_and_repeats_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = Ear(name="ear")
    async with scene(tmp_path, [ear], in_turn([healthy()])) as on:
        await on.turn()
        with monkeypatch.context() as full:
            full.setattr(Store, "record", _no_room)
            on.servers[ADDRESS] = PLAIN
            await on.turn()
            assert isinstance(on.duty.fault, FullStore)
            ear.deaf.append("500")
            on.servers[ADDRESS] = in_turn([healthy()])
            await on.turn()
            ear.deaf.clear()
            await on.turn(timedelta(hours=2))
        assert ear.told == [(Became.APPEARED, NO_STARTTLS), (Became.CLEARED, NO_STARTTLS)]
        on.servers[ADDRESS] = PLAIN
        await on.turn()
        assert [change.kind for change in on.duty.store.history("mail")] == [Became.APPEARED]


def _no_room(*args: object) -> None:
    raise FullStore("no room", "make some")


@in_mock_time
async def test_a_store_that_turns_out_to_be_damaged_is_set_aside_and_the_look_is_not_lost(tmp_path: Path) -> None:
    ear = Ear(name="ear")
    async with scene(tmp_path, [ear], in_turn([healthy()])) as on:
        await on.turn()
        on.duty.store.close()
        data = bytearray(on.path.read_bytes())
        data[4096:] = b"\xa5" * (len(data) - 4096)  # the header is good, and the rest is not
        on.path.write_bytes(data)
        on.restart()
        on.servers[ADDRESS] = PLAIN
        await on.turn()
        assert ear.told == [(Became.APPEARED, NO_STARTTLS)]
        assert on.duty.store.set_aside
        assert on.duty.store.history("mail")
        assert sqlite3.connect(on.path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


@in_mock_time
async def test_what_waits_for_a_sink_that_is_gone_is_stuck_and_does_not_vanish(tmp_path: Path) -> None:
    ear = Ear(name="ear", deaf=["500"])
    async with scene(tmp_path, [ear], PLAIN) as on:
        await on.turn()
        on.sinks = ()
        on.restart()
        (row,) = on.duty.store.pending()
        assert row.stuck


@in_mock_time
async def test_a_target_that_left_the_configuration_stands_no_more(tmp_path: Path) -> None:
    async with scene(tmp_path, [], PLAIN, watched=[WATCHED, replace(WATCHED, name="gone")]) as on:
        await on.turn()
        on.watched = (WATCHED,)
        on.restart()
        assert [standing.name for standing in on.duty.store.standings()] == ["mail"]
        assert on.duty.store.history("gone")


@in_mock_time
async def test_of_a_target_that_left_the_configuration_no_incident_stays_open(tmp_path: Path) -> None:
    ear, holder = Ear(name="ear"), Holder(name="holder")
    async with scene(tmp_path, [ear, holder], PLAIN, watched=[WATCHED, replace(WATCHED, name="gone")]) as on:
        await on.turn()
        on.watched = (WATCHED,)
        on.restart()
        await on.turn()
        last = [item for item in ear.items if item.target == "gone"][-1]
        assert (last.kind, last.before) == (Became.CLEARED, Verdict.FAIL)
        assert "nobody looks" in last.sentence
        assert [change.kind for change in on.duty.store.history("gone")] == [Became.APPEARED, Became.CLEARED]
        (state,) = [notice for notice in holder.heard[-1].notices if notice.target == "gone"]
        assert not state.open
        on.restart()
        await on.turn()
        assert [item for item in ear.items if item.target == "gone"][-1] is last, "it is said once"


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
@in_mock_time
async def test_a_clock_that_jumps_and_comes_back_loses_and_repeats_nothing(jump: timedelta, tmp_path: Path) -> None:
    ear, always = Ear(name="ear"), replace(WATCHED, remind=None)
    async with scene(tmp_path, [ear], PLAIN, watched=[always]) as on:
        await on.turn()
        told = list(ear.told)
        await on.turn(jump)
        await on.turn(-jump)
        await on.turn()
        appeared: Sequence[str] = [code for kind, code in ear.told if kind is Became.APPEARED and code == NO_STARTTLS]
        assert told == [(Became.APPEARED, NO_STARTTLS)]
        assert len(appeared) == 1
        on.servers[ADDRESS] = in_turn([healthy()])
        await on.turn()
        assert (Became.CLEARED, NO_STARTTLS) in ear.told
        assert on.at > TODAY
