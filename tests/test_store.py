"""What the store remembers: it comes back as it went in, and what does not change costs nothing."""

import hashlib
import os
import stat
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fixtures.build import HOST, SECOND, answer, by_mx, evidence, failed, hop, seen
from probe.model import Evidence, Finding, Kind, Remembered, Stage, Verdict
from probe.model.duty import PolicySeen
from probe.state import Mute, Run, Store, default_path
from probe.state import seen as seen_module
from probe.state.essence import essence
from tests.storing import (
    AT,
    DAY,
    HOUR,
    MINUTE,
    NAME,
    PLACE,
    chain,
    change,
    item,
    look,
    minutes,
    notice,
    other_chain,
    record,
    shown,
    sighting,
    standing,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "probe.db"


def rows(store: Store, table: str) -> int:
    with store._reading() as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_run_is_numbered_begun_and_ended(path: Path) -> None:
    with Store.open(path, AT) as store:
        first = store.begin("run", AT)
        store.end(first, AT + MINUTE, Verdict.FAIL, 7)
        second = store.begin("watch", AT + HOUR)
    with Store.open(path, AT, writing=False) as store:
        assert store.runs() == [
            Run(number=second, kind="watch", began=AT + HOUR),
            Run(number=first, kind="run", began=AT, ended=AT + MINUTE, verdict=Verdict.FAIL, targets=7),
        ]
        assert [run.number for run in store.runs(limit=1)] == [second]


def test_all_that_a_look_brings_comes_back(path: Path) -> None:
    now = standing(AT, episodes=2, certificates=[sighting(chain()[0])])
    told = standing(AT - HOUR, episodes=1)
    happened = change(names=look().report.findings[0].names, facts=(("days", "3"),))
    sent = notice(AT, item("a"))
    policy = Remembered(domain="contoso.com", id="1", body=b"\x00\xff", digest="ab", fetched=AT, expires=AT + DAY)
    with Store.open(path, AT) as store:
        record(store, after=now, told=told, happened=[happened], notices={"ops": (sent, AT, False)}, policy=policy)
    with Store.open(path, AT, writing=False) as store:
        assert store.standing(NAME) == (now, told)
        assert store.standings() == [now]
        assert store.history(NAME) == [happened]
        assert store.remembered() == {"contoso.com": policy}
        (row,) = store.pending()
        assert (row.sink, row.notice, row.created, row.due, row.attempts, row.stuck) == ("ops", sent, AT, AT, 0, False)
        assert store.evidence(NAME, AT) == shown()
        assert store.check() == []


def test_of_a_name_that_nobody_knows_there_is_nothing(path: Path) -> None:
    with Store.open(path, AT) as store:
        assert store.standing("a") == (None, None)
        assert (store.history("a"), store.looks("a"), store.sightings("a"), store.policies("a")) == ([], [], [], [])
        assert store.evidence("a", AT) is None
        assert store.certificate("00") is None
        assert store.certificate("no hex") is None
        assert (store.remembered(), store.runs(), store.standings(), store.mutes(AT)) == ({}, [], [], [])


def test_standings_come_by_name(path: Path) -> None:
    with Store.open(path, AT) as store:
        for name in ("c", "a", "b"):
            record(store, name=name)
        assert [one.name for one in store.standings()] == ["a", "b", "c"]


def test_history_comes_in_order_and_from_when_it_is_asked_for(path: Path) -> None:
    changes = [change(at, key=str(number)) for number, at in enumerate(minutes(3))]
    with Store.open(path, AT) as store:
        for one in changes:
            record(store, one.at, happened=[one])
        record(store, AT, name="b", happened=[change(name="b")])
        assert store.history(NAME) == changes
        assert store.history(NAME, changes[1].at) == changes[1:]


def test_looks_that_see_the_same_are_one_stretch(path: Path) -> None:
    with Store.open(path, AT) as store:
        for at in minutes(100):
            record(store, at)
        (stretch,) = store.looks(NAME)
        assert (stretch.first, stretch.last, stretch.verdict) == (AT, AT + 99 * 5 * MINUTE, Verdict.OK)
        assert (rows(store, "stretch"), rows(store, "evidence"), rows(store, "certificate")) == (1, 1, 2)


def test_what_is_seen_again_is_a_new_stretch_of_the_same_evidence(path: Path) -> None:
    one, other = shown(), shown(other_chain())
    with Store.open(path, AT) as store:
        for at, of in zip(minutes(4), (one, other, other, one), strict=True):
            record(store, at, of=of)
        first, second, third = store.looks(NAME)
        assert first.digest == third.digest != second.digest
        assert rows(store, "evidence") == 2
        assert rows(store, "certificate") == 3  # one intermediate for both
        times = list(minutes(4))
        assert [store.evidence(NAME, at) for at in times] == [one, other, other, one]
        assert store.evidence(NAME, times[3] + 99 * DAY) == one
        assert store.evidence(NAME, AT - MINUTE) is None


def test_evidence_comes_back_octet_for_octet(path: Path) -> None:
    """With certificates that are none, twice the same one, and one as long as a digest."""
    odd = (b"", b"\xff" * 32, b"\xff" * 32, chain()[0])
    found = replace(evidence(seen(*odd)), alternatives=(seen(*chain(), address=SECOND),))
    with Store.open(path, AT) as store:
        record(store, of=found)
        assert store.evidence(NAME, AT) == found
        assert store.certificate(hashlib.sha256(chain()[0]).hexdigest()) == chain()[0]


def test_a_verdict_that_changes_is_a_new_stretch(path: Path) -> None:
    with Store.open(path, AT) as store:
        record(store, AT)
        record(store, AT + MINUTE, codes=["certificate-expired"])
        assert [stretch.verdict for stretch in store.looks(NAME)] == [Verdict.OK, Verdict.FAIL]


def test_a_target_that_never_shows_the_same_twice_is_bounded(path: Path) -> None:
    with Store.open(path, AT) as store:
        for number, at in enumerate(minutes(288)):
            record(store, at, of=rotated(number))
        assert len(store.looks(NAME)) == seen_module.A_DAY + 1
        restless = store.looks(NAME)[-1]
        assert (restless.digest, restless.last) == ("", AT + 287 * 5 * MINUTE)
        assert rows(store, "evidence") == seen_module.A_DAY
        assert store.evidence(NAME, restless.last) == rotated(seen_module.A_DAY - 1)
        record(store, AT + 2 * DAY, of=rotated(300))
        assert store.evidence(NAME, AT + 2 * DAY) == rotated(300)


def test_what_changes_is_told_apart_however_often(path: Path) -> None:
    with Store.open(path, AT) as store:
        for number, at in enumerate(minutes(120)):
            record(store, at, of=rotated(number % 2), happened=[change(at)])
        assert len(store.looks(NAME)) == 120
        assert store.evidence(NAME, AT + 119 * 5 * MINUTE) == rotated(1)
        assert len(store.history(NAME)) == 120


def test_of_what_changes_too_often_no_more_evidence_is_kept(path: Path) -> None:
    with Store.open(path, AT) as store:
        for number, at in enumerate(minutes(seen_module.A_DAY + 9)):
            record(store, at, of=rotated(number), happened=[change(at)])
        assert len({one.digest for one in store.looks(NAME)}) == seen_module.A_DAY + 9
        assert rows(store, "evidence") == seen_module.A_DAY


def test_that_a_certificate_was_there_earlier_is_believed(path: Path) -> None:
    with Store.open(path, AT) as store:
        record(store, after=standing(certificates=[sighting(chain()[0], first=AT)]))
        now = standing(AT + HOUR, certificates=[sighting(chain()[0], AT + HOUR, first=AT - DAY)])
        record(store, AT + HOUR, of=rotated(1), after=now)
        store.forget([])
        assert [(one.first, one.last) for one in store.sightings(NAME)] == [(AT - DAY, AT + HOUR)]


def rotated(number: int) -> Evidence:
    address = f"198.51.{number // 250}.{number % 250}"
    return evidence(seen(*chain(), address=address))


def test_evidence_that_is_too_large_is_not_kept(path: Path) -> None:
    huge = evidence(seen(os.urandom(seen_module.MOST_BYTES)))
    with Store.open(path, AT) as store:
        record(store, of=huge)
        (stretch,) = store.looks(NAME)
        assert stretch.digest == essence(look(of=huge).report).hex()
        assert store.evidence(NAME, AT) is None
        assert rows(store, "certificate") == 0


def test_certificates_are_seen_from_when_to_when(path: Path) -> None:
    old, new = other_chain()[0], chain()[0]
    with Store.open(path, AT) as store:
        record(store, AT, of=shown(other_chain()), after=standing(AT, certificates=[sighting(old, AT)]))
        for at in (AT + HOUR, AT + 2 * HOUR):  # the second look writes no sighting: nothing is new
            record(store, at, of=shown(other_chain()), after=standing(at, certificates=[sighting(old, at, first=AT)]))
        record(store, AT + DAY, after=standing(AT + DAY, certificates=[sighting(new, AT + DAY)]))
        at = AT + 2 * DAY
        record(store, at, after=standing(at, certificates=[sighting(new, at, first=AT + DAY)]))
        found = [(one.sha256, one.first, one.last) for one in store.sightings(NAME)]
        assert found == [
            (hashlib.sha256(old).hexdigest(), AT, AT + 2 * HOUR),
            (hashlib.sha256(new).hexdigest(), AT + DAY, at),
        ]
        assert store.certificate(found[0][0]) == old


def test_where_a_certificate_comes_back_it_is_one_row(path: Path) -> None:
    with Store.open(path, AT) as store:
        for at, der in zip(minutes(6), [chain()[0], other_chain()[0]] * 3, strict=True):
            record(store, at, of=shown((der,)), after=standing(at, certificates=[sighting(der, at)]))
        assert rows(store, "sighting") == 2
        assert [one.first for one in store.sightings(NAME)] == [AT, AT + 5 * MINUTE]
        assert [one.last for one in store.sightings(NAME)] == [AT + 20 * MINUTE, AT + 25 * MINUTE]


def test_policies_are_kept_once_a_change(path: Path) -> None:
    enforce = PolicySeen(mode="enforce", id="1", max_age=86400, mx=(HOST,), digest="aa", first=AT)
    none = PolicySeen(mode=None, first=AT + HOUR)
    with Store.open(path, AT) as store:
        for at, policy in ((AT, enforce), (AT + MINUTE, enforce), (AT + HOUR, none), (AT + 2 * HOUR, none)):
            record(store, at, after=standing(at, policy=policy))
        record(store, AT + 3 * HOUR, after=standing(AT + 3 * HOUR))  # nobody could look
        assert store.policies(NAME) == [enforce, none]


@pytest.mark.parametrize(
    ("fetched", "stays"),
    [(AT - HOUR, "known"), (AT, "new"), (AT + HOUR, "new")],
)
def test_of_two_policies_the_later_one_is_remembered(path: Path, fetched: datetime, stays: str) -> None:
    with Store.open(path, AT) as store:
        record(store, policy=remembered("known", AT))
        record(store, AT + 2 * HOUR, policy=remembered("new", fetched))
        assert store.remembered()["contoso.com"].id == stays


def test_a_policy_from_the_future_gives_way(path: Path) -> None:
    with Store.open(path, AT) as store:
        record(store, policy=remembered("known", AT + 900 * DAY))
        record(store, policy=remembered("new", AT))
        assert store.remembered()["contoso.com"].id == "new"


def remembered(version: str, fetched: datetime) -> Remembered:
    return Remembered(domain="contoso.com", id=version, body=b"", digest="", fetched=fetched, expires=AT + DAY)


def test_what_was_told_is_not_written_again_where_it_is_the_same(path: Path) -> None:
    told = standing(AT, episodes=3)
    with Store.open(path, AT) as store:
        record(store, told=told)
        with store._reading() as db:
            before = db.total_changes
        record(store, AT + MINUTE, told=told)
        with store._reading() as db:
            assert db.total_changes - before == 2  # how it stands, and how long the stretch is
        record(store, AT + 2 * MINUTE, told=None)
        assert store.standing(NAME)[1] is None


def test_a_target_that_left_stands_no_more_and_is_not_forgotten(path: Path) -> None:
    with Store.open(path, AT) as store:
        certificates = [sighting(chain()[0])]
        for name in ("a", "b"):
            record(store, name=name, told=standing(name=name), happened=[change(name=name)])
        later = standing(AT + HOUR, name="a", certificates=[replace(certificates[0], last=AT + HOUR)])
        record(store, AT + HOUR, name="a", after=later)
        store.forget(["b", "c"])
        assert store.standing("a") == (None, None)
        assert [one.name for one in store.standings()] == ["b"]
        assert len(store.history("a")) == 1
        assert [one.last for one in store.sightings("a")] == [AT + HOUR]
        assert store.evidence("a", AT) is not None


def test_who_was_looked_at_then(path: Path) -> None:
    with Store.open(path, AT) as store:
        record(store, AT, name="old")
        record(store, AT + 30 * DAY, name="a")
        record(store, AT + 40 * DAY, name="b")
        assert store.targets_at(AT) == ["old"]
        assert store.targets_at(AT + 31 * DAY) == ["a"]
        assert store.targets_at(AT + 41 * DAY) == ["b"]
        assert store.targets_at(AT - DAY) == []


def test_mutes_come_go_and_end(path: Path) -> None:
    with Store.open(path, AT) as store:
        store.mute("*", AT + HOUR, "patch day", AT)
        store.mute("a", AT + HOUR, "first", AT)
        store.mute("a", AT + DAY, "second", AT + MINUTE)
        second = Mute(target="a", until=AT + DAY, reason="second", made=AT + MINUTE)
        assert store.mutes(AT) == [Mute(target="*", until=AT + HOUR, reason="patch day", made=AT), second]
        assert store.mutes(AT + HOUR) == [second]
        assert store.unmute("a")
        assert not store.unmute("a")


# Clocks.


@pytest.mark.parametrize("back", [MINUTE, HOUR, 2 * DAY, 3000 * DAY])
def test_a_clock_that_is_put_back_makes_no_nonsense(path: Path, back: timedelta) -> None:
    with Store.open(path, AT) as store:
        record(store, AT)
        for at in minutes(5):
            record(store, at - back)
        assert all(stretch.first <= stretch.last for stretch in store.looks(NAME))
        assert len(store.looks(NAME)) == (1 if back < DAY else 2)
        assert store.evidence(NAME, AT) is not None
        assert store.check() == []


def test_a_clock_that_was_ahead_for_once_leaves_no_stretch_in_the_future(path: Path) -> None:
    with Store.open(path, AT) as store:
        for at in (AT, AT + 9000 * DAY, AT + MINUTE):
            record(store, at)
        assert [(one.first, one.last) for one in store.looks(NAME)] == [(AT, AT + MINUTE)]


# What is essential.


def answered(found: Evidence, **fields: object) -> Evidence:
    hops = tuple(
        replace(one, answers=tuple(replace(a, **fields) for a in one.answers))  # type: ignore[arg-type]
        for one in found.route.hops
    )
    return replace(found, route=replace(found.route, hops=hops))


TLSA = answer(f"_25._tcp.{HOST}", "TLSA", "3 1 1 " + "ab" * 32, "3 1 1 " + "cd" * 32, secure=True)


def with_tlsa(*records: str) -> Evidence:
    held = replace(hop(HOST, 10, answer(HOST, "A", "192.0.2.25", secure=True)), tlsa=(replace(TLSA, records=records),))
    return evidence(seen(*chain()), route=by_mx(held))


def test_what_differs_without_being_different_is_not_essential() -> None:
    plain = shown()
    first, second = plain.observations
    (held,) = plain.route.hops
    alike = [
        replace(plain, at=AT + DAY, resolvers=("192.0.2.99",)),
        replace(plain, observations=(second, first)),
        replace(plain, observations=(replace(first, transcript=(), seconds={}, octets={}, at=AT + DAY), second)),
        answered(plain, ttl=7, resolver="another"),
        replace(plain, route=replace(plain.route, hops=(replace(held, addresses=held.addresses[::-1]),))),
        answered(plain, records=tuple(reversed(plain.route.hops[0].answers[0].records))),
    ]
    assert {essence(look(AT + DAY, of=of).report) for of in (plain, *alike)} == {essence(look(of=plain).report)}
    assert essence(look(of=with_tlsa(*TLSA.records)).report) == essence(look(of=with_tlsa(*TLSA.records[::-1])).report)


def test_the_words_of_a_failure_are_not_essential_its_kind_is() -> None:
    busy, busier = (evidence(failed(Stage.DIALOGUE, Kind.REJECTED, f"421 busy {number}")) for number in (1, 2))
    closed = evidence(failed(Stage.DIALOGUE, Kind.CLOSED))
    assert essence(look(of=busy).report) == essence(look(of=busier).report) != essence(look(of=closed).report)


def test_everything_else_is_essential() -> None:
    plain = shown()
    first, second = plain.observations
    assert first.session
    different = [
        replace(plain, observations=(first,)),
        shown(other_chain()),
        shown(chain(), other_chain()),
        shown(other_chain(), chain()),
        shown(chain()[:1]),
        replace(plain, observations=(replace(first, session=replace(first.session, version="TLSv1.2")), second)),
        replace(plain, observations=(replace(first, early="250 yes"), second)),
        replace(plain, alternatives=(first,)),
        answered(plain, secure=True),
        with_tlsa(*TLSA.records),
        with_tlsa(*TLSA.records[:1]),
        replace(with_tlsa(), tlsrpt=answer("_smtp._tls.contoso.com", "TXT", "v=TLSRPTv1")),
        replace(with_tlsa(), tlsrpt=answer("_smtp._tls.contoso.com", "TXT", "v=TLSRPTv2")),
    ]
    digests = [essence(look(of=of).report) for of in (plain, *different)]
    digests += [essence(look(codes=["a"]).report), essence(look(codes=["a"], verdict=Verdict.WARN).report)]
    caused = Finding(code="a", verdict=Verdict.FAIL, where=PLACE, facts=(("cause", "b"),))
    digests.append(essence(replace(look().report, findings=(caused,))))
    assert len(set(digests)) == len(digests)


# The place.


def test_the_file_is_for_nobody_elses_eyes(path: Path) -> None:
    mask = os.umask(0)
    try:
        with Store.open(path, AT) as store:
            record(store)
            modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    finally:
        os.umask(mask)
    assert modes == {"probe.db": 0o600, "probe.db-wal": 0o600, "probe.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_systemd_says_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}/one:{tmp_path}/two")
    assert default_path() == tmp_path / "one" / "probe.db"
    monkeypatch.setenv("STATE_DIRECTORY", "")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    assert default_path().name == "probe.db"
    assert "probe" in default_path().parent.name


def test_a_store_is_found_through_a_link_and_with_odd_characters(tmp_path: Path) -> None:
    there = tmp_path / "a ?b#%20 c.db"
    (tmp_path / "link.db").symlink_to(there)
    with Store.open(tmp_path / "link.db", AT) as store:
        record(store)
    with Store.open(there, AT, writing=False) as store:
        assert store.standing(NAME)[0] == standing()
