"""What may become of a file: damaged, foreign, too new, too large for the disk, moved away; and others who use it."""

import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from probe.errors import StateError
from probe.model import Verdict
from probe.state import DamagedStore, FullStore, Store, place, schema
from tests.storing import AT, DAY, MINUTE, NAME, change, files, item, minutes, notice, record, standing

ASIDE = "probe.db.damaged-20260301T120000Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "probe.db"


def filled(path: Path, targets: int = 40) -> None:
    with Store.open(path, AT) as store:
        for number in range(targets):
            record(store, name=f"{NAME}{number}", happened=[change(name=f"{NAME}{number}")])


def text(path: Path) -> None:
    path.write_bytes(b"this is no database, and never was\n" * 100)


def beginning(path: Path) -> None:
    path.write_bytes(b"\xff" * 100 + path.read_bytes()[100:])


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def odd_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def pages(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\x5a" * (len(data) - 4096))


@pytest.mark.parametrize("damage", [text, beginning, half, odd_end, pages])
def test_a_damaged_store_is_set_aside_and_a_new_one_begun(path: Path, damage: Callable[[Path], None]) -> None:
    filled(path)
    damage(path)
    left = path.read_bytes()
    with pytest.raises(StateError, match=r"probe\.db"):
        Store.open(path, AT, writing=False)
    assert path.read_bytes() == left
    with Store.open(path, AT) as store:
        assert store.set_aside == path.with_name(ASIDE)
        record(store)
        assert (len(store.standings()), store.check()) == (1, [])
    kept = slice(100, len(left) - 4096)  # SQLite counts in the head who has opened it, and fills up the last page
    assert path.with_name(ASIDE).read_bytes()[kept] == left[kept]
    with Store.open(path, AT) as store:
        assert store.set_aside is None
    assert files(path.parent) == ["probe.db", ASIDE]


def test_what_was_set_aside_is_never_written_over(path: Path) -> None:
    for _ in range(3):
        text(path)
        Store.open(path, AT).close()
    assert files(path.parent) == ["probe.db", ASIDE, f"{ASIDE}-2", f"{ASIDE}-3"]


def test_what_a_killed_writer_left_goes_with_its_store(path: Path) -> None:
    """Else its log would be taken for the new store's."""
    there = path.with_name("there.db")
    filled(there)
    with Store.open(there, AT) as store:
        record(store, name="later", happened=[change(name="later")])
        for end in ("", "-wal"):
            path.with_name(path.name + end).write_bytes(there.with_name(there.name + end).read_bytes())
    with Store.open(path, AT, writing=False) as store:
        assert len(store.standings()) == 41
    pages(path)
    with Store.open(path, AT) as store:
        assert store.set_aside == path.with_name(ASIDE)
        record(store)
        assert ([one.name for one in store.standings()], store.check()) == ([NAME], [])


def test_the_log_of_somebody_who_still_writes_goes_with_it(path: Path) -> None:
    filled(path)
    with Store.open(path, AT) as other:
        record(other, happened=[change()])
        pages(path)
        path.with_name("probe.db.suspect").touch()
        with Store.open(path, AT) as store:
            assert store.set_aside == path.with_name(ASIDE)
            assert path.with_name(f"{ASIDE}-wal").stat().st_size
            record(store)
            assert ([one.name for one in store.standings()], store.check()) == ([NAME], [])


def test_damage_that_shows_later_is_told_and_the_next_to_open_sets_it_aside(path: Path) -> None:
    filled(path)
    with sqlite3.connect(path) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'change_of'").fetchone()
    db.close()
    data = bytearray(path.read_bytes())
    data[(root - 1) * 4096 : root * 4096] = b"\x5a" * 4096
    path.write_bytes(data)
    store = Store.open(path, AT)
    assert store.set_aside is None  # nothing shows yet
    with pytest.raises(DamagedStore, match="is damaged"):
        record(store, happened=[change()])
    store.close()
    with Store.open(path, AT) as store:
        assert store.set_aside == path.with_name(ASIDE)
        record(store, happened=[change()])
    assert files(path.parent) == ["probe.db", ASIDE]


def test_of_two_who_meet_the_damage_one_sets_it_aside(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text(path)
    ready = place._ready

    def slow(at: Path, now: datetime) -> sqlite3.Connection:
        try:
            return ready(at, now)
        except DamagedStore:
            monkeypatch.setattr(place, "_ready", ready)
            with Store.open(path, AT) as faster:
                assert faster.set_aside
                record(faster)
            raise

    monkeypatch.setattr(place, "_ready", slow)
    with Store.open(path, AT) as store:
        assert store.set_aside is None
        assert len(store.standings()) == 1
    assert files(path.parent) == ["probe.db", ASIDE]


def test_a_suspicion_that_is_groundless_costs_nothing(path: Path) -> None:
    filled(path, 1)
    path.with_name("probe.db.suspect").touch()
    with Store.open(path, AT) as store:
        assert store.set_aside is None
        assert len(store.standings()) == 1
    assert files(path.parent) == ["probe.db"]


@pytest.mark.parametrize("gone", ["moved", "deleted", "replaced"])
def test_a_store_that_is_taken_away_is_not_written_on(path: Path, gone: str) -> None:
    store = Store.open(path, AT)
    record(store)
    if gone == "deleted":
        path.unlink()
    else:
        path.rename(path.with_name("elsewhere"))
    if gone == "replaced":
        path.touch()
    with pytest.raises(DamagedStore, match="moved or deleted"):
        record(store)
    store.close()
    with Store.open(path, AT) as store:
        record(store)


def test_a_newer_store_is_left_alone(path: Path) -> None:
    filled(path, 1)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    left = path.read_bytes()
    for writing in (True, False):
        with pytest.raises(StateError, match="of version 99, this probe knows version 1"):
            Store.open(path, AT, writing=writing)
    assert path.read_bytes() == left
    assert files(path.parent) == ["probe.db"]


def test_another_programs_database_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE bookmarks (url)")
    db.close()
    left = path.read_bytes()
    for writing in (True, False):
        with pytest.raises(StateError, match="of another program"):
            Store.open(path, AT, writing=writing)
    assert path.read_bytes() == left


def test_where_there_is_none_reading_begins_none(path: Path) -> None:
    with pytest.raises(StateError, match="there is no store") as caught:
        Store.open(path, AT, writing=False)
    assert "probe run" in caught.value.hint
    path.touch()
    with pytest.raises(StateError, match="is empty"):
        Store.open(path, AT, writing=False)
    assert path.stat().st_size == 0


@pytest.mark.parametrize("writing", [True, False])
def test_a_directory_is_no_store(path: Path, writing: bool) -> None:
    path.mkdir()
    with pytest.raises(StateError):
        Store.open(path, AT, writing=writing)


def test_a_place_that_cannot_be_is_said(path: Path) -> None:
    path.write_text("a file")
    with pytest.raises(FullStore, match="cannot make the store"):
        Store.open(path / "below" / "probe.db", AT)


def test_a_closed_store_says_so(path: Path) -> None:
    store = Store.open(path, AT)
    store.close()
    store.close()
    for use in (store.standings, lambda: record(store)):
        with pytest.raises(DamagedStore, match="is closed"):  # what to do is the same: open it again
            use()


def test_reading_does_not_write(path: Path) -> None:
    filled(path, 1)
    with Store.open(path, AT, writing=False) as store, pytest.raises(StateError):
        record(store)


# A full disk.


def limit(store: Store, spare: int | None) -> None:
    """So many more pages; None: as many as there may be."""
    with store._reading() as db:
        (count,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {2**31 if spare is None else count + spare}")


@pytest.mark.parametrize("spare", range(0, 16, 3))
def test_a_full_disk_takes_nothing_by_halves_and_holds_up_nobody(path: Path, spare: int) -> None:
    bulky = [change(at, facts=(("text", "x" * 900 + str(at)),)) for at in minutes(60)]
    with Store.open(path, AT) as store:
        record(store)
        limit(store, spare)
        with pytest.raises(FullStore, match="cannot write the store"):
            record(
                store,
                AT + MINUTE,
                after=standing(AT + MINUTE, episodes=900),
                happened=bulky,
                notices={"ops": (notice(AT, item("a")), AT, False)},
            )
        assert store.standing(NAME)[0] == standing(AT)
        assert (store.history(NAME), store.pending(), len(store.looks(NAME))) == ([], [], 1)
        limit(store, None)
        record(store, AT + 2 * MINUTE, happened=bulky, notices={"ops": (notice(AT, item("a")), AT, False)})
        assert (len(store.history(NAME)), len(store.pending())) == (60, 1)
        assert store.check() == []


def test_what_breaks_off_leaves_nothing(path: Path) -> None:
    """As a bug does, or Ctrl-C."""
    with Store.open(path, AT) as store:
        with pytest.raises(AttributeError):
            record(store, happened=[change(), None])  # type: ignore[list-item]
        assert (store.standings(), store.history(NAME), store.looks(NAME)) == ([], [], [])
        record(store, happened=[change()])
        assert len(store.history(NAME)) == 1


# Older versions.


STEP = "ALTER TABLE mute ADD COLUMN who TEXT;\nUPDATE meta SET value = value + 1;\n"


def test_an_older_store_is_brought_up_with_a_backup_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path, 3)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, STEP, "CREATE TABLE further (id);\n"))
    with Store.open(path, AT) as store:
        assert len(store.standings()) == 3
        with store._reading() as db:
            assert db.execute("PRAGMA user_version").fetchone() == (3,)
            assert db.execute("SELECT who FROM mute").fetchall() == []
    first, second = "probe.db.v1-20260301T120000Z", "probe.db.v2-20260301T120000Z"
    assert files(path.parent) == ["probe.db", first, second]
    monkeypatch.undo()
    with Store.open(path.with_name(first), AT, writing=False) as store:
        assert len(store.standings()) == 3
        assert store.check() == []


def test_a_step_that_fails_leaves_the_store_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path, 1)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, STEP + "SELECT nonsense;\n"))
    with pytest.raises(sqlite3.OperationalError):
        Store.open(path, AT)
    monkeypatch.undo()
    with Store.open(path, AT) as store, store._reading() as db:
        assert "who" not in [row[1] for row in db.execute("PRAGMA table_info(mute)")]
        assert len(store.standings()) == 1


def test_the_last_few_backups_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path, 1)
    steps = [f"CREATE TABLE t{number} (id);\n" for number in range(6)]
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, *steps))
    Store.open(path, AT).close()
    assert [name.split("-")[0] for name in files(path.parent)] == [
        "probe.db",
        "probe.db.v4",
        "probe.db.v5",
        "probe.db.v6",
    ]


def test_a_reader_says_that_an_older_store_is_to_be_brought_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path, 1)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, STEP))
    with pytest.raises(StateError, match="of an older version"):
        Store.open(path, AT, writing=False)


# Others beside us.


def test_readers_and_short_writers_beside_a_long_writer(path: Path) -> None:
    writer = Store.open(path, AT)
    record(writer)
    reader = Store.open(path, AT, writing=False)
    with Store.open(path, AT) as other:
        other.mute(NAME, AT + DAY, "patch day", AT)
        record(writer, AT + MINUTE)
        assert other.unmute(NAME)
    assert reader.standings() == [standing(AT + MINUTE)]
    record(writer, AT + 2 * MINUTE)
    assert reader.standings() == [standing(AT + 2 * MINUTE)]
    reader.close()
    writer.close()


def test_whoever_writes_for_too_long_is_not_waited_for(path: Path) -> None:
    with Store.open(path, AT) as store, Store.open(path, AT) as other:
        with other._reading() as db:
            db.execute("PRAGMA busy_timeout = 20")
        with store._writing(), pytest.raises(StateError, match="is busy"):
            record(other)
        record(other)


def test_many_may_begin_it_at_once(path: Path) -> None:
    faults: list[BaseException] = []

    def begin(number: int) -> None:
        try:
            with Store.open(path, AT) as store:
                for at in minutes(3):
                    record(store, at, name=str(number), happened=[change(at, name=str(number))])
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with Store.open(path, AT, writing=False) as store:
        assert [len(store.history(str(number))) for number in range(8)] == [3] * 8
        assert store.check() == []


# Rows that cannot be read.


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{}",
        b"\x78\x9c garbage",
        b"[" * 100_000,
        "text",
        7,
        b'{"name":"mail0","at":"2026-03-01T12:00:00"}',
    ],
)
def test_a_standing_that_cannot_be_read_is_unknown_and_told_by_check(path: Path, bad: object) -> None:
    filled(path, 2)
    with Store.open(path, AT) as store:
        with store._writing() as db:
            db.execute("UPDATE standing SET data = ? WHERE target = 1", (bad,))
        assert store.standing(f"{NAME}0") == (None, None)
        assert [one.name for one in store.standings()] == [f"{NAME}1"]
        (problem,) = store.check()
        assert problem.startswith("standing of target 1: cannot be read: ")
        store.forget([f"{NAME}1"])
        record(store, name=f"{NAME}0")
        assert store.check() == []


@pytest.mark.parametrize(
    ("time", "fits"),
    [
        ("2026-03-01T12:00:00", False),
        ("0001-01-01T00:00:00+23:59", False),
        ("9999-12-31T23:59:59-23:59", False),
        ("9999-12-31T23:59:59Z", True),
        ("2026-03-01T12:00:00+05:00", True),
    ],
)
def test_times_that_are_no_moments(path: Path, time: str, fits: bool) -> None:
    with Store.open(path, AT) as store:
        record(store, after=standing(episodes=1))
        with store._writing() as db:
            (data,) = db.execute("SELECT data FROM standing").fetchone()
            bad = data.replace(b'"seen":"2026-03-01T12:00:00Z"', f'"seen":"{time}"'.encode())
            assert bad != data
            db.execute("UPDATE standing SET data = ?", (bad,))
        assert (store.standing(NAME)[0] is not None) is fits
        assert (store.check() == []) is fits


UPDATES = (
    "UPDATE change SET data = x'00'",
    "UPDATE change SET data = 'x'",
    "UPDATE evidence SET data = x'00'",
    "UPDATE evidence SET data = '{}'",
    "UPDATE certificate SET der = x'00'",
    "DELETE FROM certificate",
    "UPDATE sighting SET first = 'x'",
    "UPDATE sighting SET first = 9e18",
    "UPDATE sighting SET data = 7",
    "UPDATE stretch SET verdict = 'FINE'",
    "UPDATE stretch SET first = last + 1",
    "UPDATE stretch SET digest = 7",
    "UPDATE stretch SET last = 'x'",
    "UPDATE stretch SET target = 99",
    "UPDATE policy SET data = x'00'",
    "UPDATE remembered SET data = x'00'",
    "UPDATE run SET began = 'x'",
    "UPDATE run SET verdict = 'FINE'",
    "UPDATE mute SET until = 9e18",
    "UPDATE told SET data = x'00'",
    "UPDATE outbox SET notice = x'00'",
)


@pytest.mark.parametrize("update", UPDATES)
def test_whatever_is_in_a_row_nobody_falls_over_it_and_check_tells(path: Path, update: str) -> None:
    from probe.model import Remembered
    from probe.model.duty import PolicySeen
    from tests.storing import chain, sighting

    with Store.open(path, AT) as store:
        now = standing(certificates=[sighting(chain()[0])], policy=PolicySeen(mode=None, first=AT))
        policy = Remembered(domain="contoso.com", id="1", body=b"", digest="", fetched=AT, expires=AT)
        out = {"ops": (notice(AT, item("a")), AT, False)}
        record(store, after=now, told=now, happened=[change()], notices=out, policy=policy)
        store.end(store.begin("run", AT), AT, Verdict.OK, 1)
        store.mute(NAME, AT + DAY, "", AT)
        assert store.check() == []
        with store._reading() as db:
            db.execute("PRAGMA foreign_keys = OFF")
            assert db.execute(update).rowcount > 0
            db.execute("PRAGMA foreign_keys = ON")
        assert store.check() != []
        store.standings(), store.standing(NAME), store.history(NAME), store.looks(NAME), store.sightings(NAME)
        store.policies(NAME), store.remembered(), store.runs(), store.mutes(AT), store.pending(), store.targets_at(AT)
        store.evidence(NAME, AT), store.due("ops", AT), store.next_due(AT)
        record(store, AT + timedelta(seconds=1), after=now, happened=[change()])


def test_a_store_that_nobody_uses_is_read_where_there_is_no_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To read a log, SQLite makes a file beside it; a store that was closed in order has no log."""
    filled(path, 2)
    assert not path.with_name("probe.db-wal").exists()
    usual = place._to_read

    def full(there: Path, mode: str) -> sqlite3.Connection:
        if "immutable" not in mode:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return usual(there, mode)

    monkeypatch.setattr(place, "_to_read", full)
    with Store.open(path, AT, writing=False) as store:
        assert len(store.standings()) == 2
    path.with_name("probe.db-wal").touch()
    with pytest.raises(FullStore):
        Store.open(path, AT, writing=False)
