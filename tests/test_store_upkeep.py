"""What is forgotten, what never; copies; and `probe store`."""

import errno
from datetime import timedelta
from pathlib import Path

import pytest

from probe.cli import run as command
from probe.errors import StateError
from probe.model import Remembered, Verdict
from probe.model.duty import PolicySeen
from probe.state import Store, upkeep
from tests.storing import (
    AT,
    DAY,
    HOUR,
    NAME,
    chain,
    change,
    files,
    item,
    minutes,
    notice,
    other_chain,
    record,
    shown,
    sighting,
    standing,
)
from tests.test_store import rotated, rows

KEEP = 400 * 86400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "probe.db"


def test_what_is_old_goes_and_what_is_not_stays(path: Path) -> None:
    with Store.open(path, AT) as store:
        for day in (0, 300, 600):
            at = AT + day * DAY
            of = shown(other_chain() if day == 0 else chain(), chain()[: 1 + day // 600])
            seen = [sighting((other_chain() if day == 0 else chain())[0], at)]
            policy = PolicySeen(mode="enforce", id=str(day), digest=str(day), first=at)
            record(store, at, of=of, after=standing(at, certificates=seen, policy=policy), happened=[change(at)])
            store.end(store.begin("run", at), at, Verdict.OK, 1)
        gone = store.prune(AT + 600 * DAY, KEEP)
        assert [one.at for one in store.history(NAME)] == [AT + 300 * DAY, AT + 600 * DAY]
        assert [one.first for one in store.looks(NAME)] == [AT + 300 * DAY, AT + 600 * DAY]
        assert [one.first for one in store.sightings(NAME)] == [AT + 300 * DAY]
        assert [one.id for one in store.policies(NAME)] == ["0", "300", "600"]  # the first was in force 400 days ago
        assert store.evidence(NAME, AT + 100 * DAY) is None
        assert len(store.runs()) == 2
        assert rows(store, "certificate") == 2
        assert {kind: count for kind, count in gone.items() if count} == {
            "changes": 1,
            "looks": 1,
            "evidence": 1,
            "certificates seen": 1,
            "certificates": 1,
            "runs": 1,
        }
        assert set(store.prune(AT + 600 * DAY, KEEP).values()) == {0}
        assert store.check() == []
        store.prune(AT + 620 * DAY, 300 * 86400.0)
        assert [one.id for one in store.policies(NAME)] == ["300", "600"]


def test_how_targets_stand_what_waits_and_their_last_evidence_are_never_too_old(path: Path) -> None:
    with Store.open(path, AT) as store:
        out = {"ops": (notice(AT, item("a")), AT, False)}
        now = standing(certificates=[sighting(chain()[0])], episodes=2, policy=PolicySeen(mode=None, first=AT))
        record(store, after=now, told=now, notices=out, happened=[change()])
        for later in (25, 50, 75, 100, 1000, 1001):
            store.prune(AT + later * DAY, 86400.0)
        assert store.standing(NAME) == (now, now)
        assert len(store.pending()) == 1
        assert store.evidence(NAME, AT) == shown()
        assert store.sightings(NAME) == list(now.certificates)
        assert store.policies(NAME) == [now.policy]
        assert store.history(NAME) == []
        assert store.check() == []


def test_of_a_target_that_left_nothing_is_left_in_the_end(path: Path) -> None:
    with Store.open(path, AT) as store:
        now = standing(certificates=[sighting(chain()[0])], policy=PolicySeen(mode=None, first=AT))
        policy = Remembered(domain="contoso.com", id="1", body=b"", digest="", fetched=AT, expires=AT)
        record(store, after=now, told=now, happened=[change()], policy=policy)
        store.mute(NAME, AT + HOUR, "", AT)
        store.forget([])
        store.prune(AT + 20 * DAY, 86400.0)
        tables = ("target", "change", "stretch", "evidence", "shown", "certificate", "sighting", "policy", "remembered")
        assert {table: rows(store, table) for table in (*tables, "mute")} == dict.fromkeys((*tables, "mute"), 0)


def test_a_clock_that_is_far_ahead_for_once_makes_nobody_forget(path: Path) -> None:
    with Store.open(path, AT) as store:
        for at in minutes(3, DAY):
            record(store, at, happened=[change(at)])
        store.prune(AT + 3 * DAY, KEEP)
        for hours in range(20):  # a run every hour under a clock that is 27 years ahead
            store.prune(AT + 9999 * DAY + hours * HOUR, KEEP)
        assert len(store.history(NAME)) == 3
        store.prune(AT + 4 * DAY, KEEP)
        store.prune(AT + 9999 * DAY + 30 * HOUR, KEEP)  # once more, and it begins to be believed anew
        assert len(store.history(NAME)) == 3
        store.prune(AT + 9999 * DAY + 60 * HOUR, KEEP)
        assert store.history(NAME) == []


def test_after_a_clock_that_was_behind_all_goes_on(path: Path) -> None:
    with Store.open(path, AT) as store:
        record(store, happened=[change()])
        store.prune(AT - 9000 * DAY, KEEP)
        store.prune(AT, KEEP)
        for day in range(450):
            store.prune(AT + day * DAY, KEEP)
        assert store.history(NAME) == []


def test_restless_targets_are_thinned_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "QUIET", 3)
    with Store.open(path, AT) as store:
        news = AT + 30 * HOUR
        for number, at in enumerate(minutes(8 * 24, HOUR)):
            record(store, at, of=rotated(number), happened=[change(at)] if 30 <= number < 36 else ())
        kept = store.evidence(NAME, news)
        store.prune(AT + 8 * DAY, KEEP)
        assert rows(store, "evidence") == 3 + 6
        assert store.evidence(NAME, news) == kept == rotated(30)
        assert store.evidence(NAME, AT + 191 * HOUR) == rotated(191)
        store.prune(AT + 16 * DAY, KEEP)
        firsts = [one.first for one in store.looks(NAME)]
        assert news in firsts
        assert len(firsts) == 9 + 6 + 1  # one a day by UTC, those with news, the last one
        assert store.evidence(NAME, AT + 191 * HOUR) == rotated(191)
        assert store.check() == []


def test_a_long_stretch_is_not_thinned_out(path: Path) -> None:
    with Store.open(path, AT) as store:
        record(store, AT, of=rotated(1))
        for at in (AT + HOUR, AT + 2 * DAY):
            record(store, at, of=rotated(2))
        record(store, AT + 3 * DAY, of=rotated(3))
        store.prune(AT + 30 * DAY, KEEP)
        assert [one.first for one in store.looks(NAME)] == [AT, AT + HOUR, AT + 3 * DAY]


def test_what_is_freed_is_given_back(path: Path) -> None:
    with Store.open(path, AT) as store:
        for at in minutes(300):
            record(store, at, happened=[change(at, facts=(("text", "".join(map(chr, range(40, 9000)))),))])
    full = path.stat().st_size
    with Store.open(path, AT) as store:
        store.prune(AT + 20 * DAY, 86400.0)
        assert store.history(NAME) == []
    assert path.stat().st_size < full / 4


def test_others_may_write_between_the_batches(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "BATCH", 10)
    with Store.open(path, AT) as store, Store.open(path, AT) as other:
        for at in minutes(25):
            record(store, at, happened=[change(at)])
        began = 0

        def beside() -> object:
            nonlocal began
            began += 1
            other.mute(NAME, AT + 99 * DAY, str(began), AT)
            return store._writing()

        assert upkeep.prune(beside, AT + 20 * DAY, 86400.0, 0.0)["changes"] == 25  # type: ignore[arg-type]
        assert began > 3
        assert other.mutes(AT)[0].reason == str(began)


def test_a_copy_is_whole_and_nothing_is_written_over(path: Path) -> None:
    copy = path.with_name("copy.db")
    with Store.open(path, AT) as store:
        record(store, happened=[change()])
        store.backup(copy)
        record(store, AT + HOUR, happened=[change(AT + HOUR)])
        with pytest.raises(StateError, match="is there already"):
            store.backup(copy)
        with pytest.raises(StateError, match="cannot write"):
            store.backup(path.with_name("nowhere") / "copy.db")
    assert files(path.parent) == ["copy.db", "probe.db"]
    assert copy.stat().st_mode & 0o777 == 0o600
    with Store.open(copy, AT) as store:
        assert (len(store.history(NAME)), store.check()) == (1, [])


# The commands.


def test_the_commands_keep_it_in_order(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(path, AT) as store:
        record(store, AT - 9000 * DAY, happened=[change(AT - 9000 * DAY)])
        record(store)
    where = ["--store", str(path)]
    assert command(["store", "check", *where]) == 0
    assert capsys.readouterr().out == f"{path} is sound\n"
    assert command(["store", "prune", "--keep", "7000d", *where]) == 0
    assert capsys.readouterr().out == "forgot: changes 1\n"
    assert command(["store", "prune", "--keep", "7000d", *where]) == 0
    assert capsys.readouterr().out == "nothing is that old\n"
    assert command(["store", "backup", str(path.with_name("copy.db")), *where]) == 0
    assert command(["store", "backup", str(path.with_name("copy.db")), *where]) == 3
    assert capsys.readouterr().err == (
        f"error: {path.with_name('copy.db')} is there already\nhint: name another file: nothing is written over\n"
    )


def test_the_configuration_says_where_and_how_long(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    with Store.open(path, AT) as store:
        record(store, AT - 9000 * DAY, happened=[change(AT - 9000 * DAY)])
    config = path.with_name("probe.toml")
    config.write_text('[[target]]\ntarget = "mail.contoso.com:25"\n[store]\npath = "probe.db"\nkeep = "36500d"\n')
    assert command(["store", "prune"]) == 0
    assert capsys.readouterr().out == "nothing is that old\n"
    config.write_text('[[target]]\ntarget = "mail.contoso.com:25"\n[store]\npath = "probe.db"\nkeep = "700d"\n')
    assert command(["store", "prune"]) == 0
    assert capsys.readouterr().out.startswith("forgot: changes 1")
    config.write_text("[[target]]\n")
    assert command(["store", "prune", "--store", str(path)]) == 3
    assert "probe.toml" in capsys.readouterr().err


def test_what_is_wrong_with_it_is_told_fit_for_a_terminal(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(path, AT) as store:
        record(store, happened=[change()])
        with store._writing() as db:
            db.execute("INSERT INTO remembered VALUES (?, 0, x'00')", ("\x1b[31mred",))
    assert command(["store", "check", "--store", str(path)]) == 2
    assert capsys.readouterr().out.startswith("remembered policy of \\x1b[31mred: cannot be read: ")


def test_where_others_may_not_look_is_said(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "is_file", denied)
    assert command(["status", "--store", str(path)]) == 3
    assert capsys.readouterr().err.startswith(f"error: cannot read the store {path}: Permission denied\nhint: ")


@pytest.mark.parametrize("words", [["check"], ["prune", "--keep", "1d"], ["backup", "copy.db"]])
def test_where_there_is_none_none_is_begun(
    path: Path, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    assert command(["store", *words, "--store", str(path)]) == 3
    assert capsys.readouterr().err.startswith(f"error: there is no store at {path}\nhint: ")
    assert files(path.parent) == []


@pytest.mark.parametrize("keep", ["soon", "-1d", "1", ""])
def test_a_retention_that_is_none_is_refused(path: Path, keep: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["store", "prune", "--keep", keep, "--store", str(path)]) == 3
    assert capsys.readouterr().err.startswith(f"error: --keep {keep}")


def test_once_a_day_is_enough_where_it_is_asked_for(path: Path) -> None:
    with Store.open(path, AT) as store:
        for at in minutes(4, HOUR):
            record(store, at, happened=[change(at)])
        left = []
        for now in (4, 5, 27, 28, 27, 4):  # hours; then the clock is put back
            store.prune(AT + now * HOUR, 3 * 3600.0, every=86400.0)
            left.append(len(store.history(NAME)))
        assert left == [3, 3, 3, 0, 0, 0]


def test_a_second_is_a_second(path: Path) -> None:
    with Store.open(path, AT) as store:
        record(store, happened=[change()])
        store.prune(AT + timedelta(seconds=2), 1.0)
        assert store.history(NAME) == []
