"""`probe history`: what changed when, and a drawing of what was presented from when to when."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.model import Verdict
from probe.model.duty import Became, Change, PolicySeen, Sighting
from probe.report.history import Past, render, render_runs
from probe.report.history_json import schema
from probe.report.layout import plain
from probe.report.moments import short, span
from probe.report.timeline import Bar, drawn
from probe.state import LookSeen, Run
from tests.recalling import ago, data, remember, say, stopped_clock  # noqa: F401 - a fixture
from tests.standings import AT, DAY, episode, sighting, standing

FAULT = episode()


def leaf(number: int, first: float, last: float, ends: float, address: str = "192.0.2.25") -> Sighting:
    """A certificate seen from so many days ago to so many, that expires so many days from now."""
    digits = f"{number:02x}"
    seen = sighting(address, days=ends)
    return replace(seen, sha1=digits * 20, sha256=digits * 32, first=AT - first * DAY, last=AT - last * DAY)


def look(first: float, last: float, verdict: Verdict) -> LookSeen:
    return LookSeen(first=AT - first * DAY, last=AT - last * DAY, digest="00", verdict=verdict)


def change(kind: Became, verdict: Verdict, before: Verdict | None, days: float) -> Change:
    return Change(
        kind=kind,
        target="mail",
        key=FAULT.key,
        code=FAULT.code,
        where=FAULT.where,
        verdict=verdict,
        before=before,
        since=AT - 10 * DAY,
        at=AT - days * DAY,
    )


def text(past: Past, verbosity: int = 0) -> str:
    return plain(render(past, verbosity=verbosity))


def drawing(bars: Sequence[Bar], looks: Sequence[LookSeen] = (), days: float = 30) -> list[str]:
    return plain(drawn(bars, looks, AT - days * DAY, AT, 52)).splitlines()


def test_the_drawing() -> None:
    bars = [
        Bar(label="OLD", first=AT - 30 * DAY, last=AT - 10 * DAY, ends=AT - 5 * DAY),
        Bar(label="NEW", first=AT - 10 * DAY, last=AT, ends=AT + 5 * DAY, now=True),
        Bar(label="LATE", first=AT - DAY, last=AT, ends=AT + 12 * DAY),
    ]
    looks = [look(30, 8, Verdict.OK), look(7, 5, Verdict.FAIL), look(5, 4, Verdict.WARN), look(2, 0, Verdict.UNKNOWN)]
    assert drawing(bars, looks)[1:] == [  # a column a day
        "  verdict   " + "─" * 23 + "×××! ???",
        "  OLD       " + "─" * 21 + "....×    │",
        "  NEW       " + " " * 20 + "─" * 11 + "....×",
        "  LATE      " + " " * 29 + "──........→",
    ]
    (dates,) = plain(drawn([], [], AT - 30 * DAY, AT, 80)).splitlines()
    assert dates == " " * 12 + f"{'2026-10-22':<50}now     2026-12-01"


def test_what_expired_before_the_drawing_begins_has_no_cross() -> None:
    (_, row) = drawing([Bar(label="X", first=AT - 9 * DAY, last=AT, ends=AT - 99 * DAY)])
    assert "×" not in row


def test_the_gravest_verdict_of_a_column_is_drawn() -> None:
    blip = [look(30, 15, Verdict.OK), look(15, 15, Verdict.FAIL), look(15, 0, Verdict.OK)]
    assert drawing([], blip)[1].count("×") == 1


def test_the_drawing_is_as_wide_in_ascii_but_for_the_arrow() -> None:
    lines = drawn([Bar(label="X", first=AT - 9 * DAY, last=AT, ends=AT + DAY)], [], AT - 9 * DAY, AT, 80)
    told = list(lines)
    assert [len(line) for line in plain(told).splitlines()] == [
        len(line) for line in plain(told, ascii=True).splitlines()
    ]
    assert plain(told, ascii=True).isascii()


moments = st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(bars=st.lists(st.tuples(moments, moments, moments | st.none()), max_size=4), since=moments, now=moments)
def test_any_times_can_be_drawn(
    bars: list[tuple[datetime, datetime, datetime | None]], since: datetime, now: datetime
) -> None:
    rows = [Bar(label="X", first=first, last=last, ends=ends) for first, last, ends in bars]
    looks = [LookSeen(first=first, last=last, digest="", verdict=Verdict.FAIL) for first, last, _ in bars]
    for line in plain(drawn(rows, looks, since, now, 80)).splitlines():
        assert len(line) <= 80


def test_a_whole_history() -> None:
    past = Past(
        at=AT,
        name="mail",
        standing=standing("mail", Verdict.FAIL, episodes=[FAULT], good=AT - 3 * DAY),
        changes=[
            change(Became.APPEARED, Verdict.FAIL, None, 10),
            change(Became.CLEARED, Verdict.OK, Verdict.FAIL, 7),
        ],
        sightings=[leaf(1, 30, 10, -12), leaf(2, 10, 0, 60), leaf(2, 10, 1, 60, "192.0.2.26")],
        policies=[
            PolicySeen(mode="testing", id="1", max_age=86400, mx=("*.contoso.com",), first=AT - 30 * DAY),
            PolicySeen(mode=None, first=AT - 10 * DAY),
        ],
        looks=[look(30, 10, Verdict.OK)],
    )
    told = text(past)
    assert told.startswith(
        "FAIL  mail  mail.contoso.com:25\n"
        "  since     2026-11-19 09:35 UTC, for 2 days\n"
        "  looked    2026-11-21 09:35 UTC, 0 s ago\n"
        "  last good 2026-11-18 09:35 UTC, 3 days ago\n"
        "\n"
        "Changes (UTC)\n"
        "  2026-11-11 09:35  FAIL certificate-expired at 192.0.2.25:25\n"
    )
    assert "  2026-11-14 09:35  FAIL → OK cleared: certificate-expired at 192.0.2.25:25\n" in told
    assert "no longer so; it was for 3 days" in told
    assert "\n  01010101  CN=mail.contoso.com\n  seen      2026-10-22 09:35 to 2026-11-11 09:35, 20 days\n" in told
    assert "  at        mail.contoso.com 192.0.2.25:25, mail.contoso.com 192.0.2.26:25\n" in told
    assert "to 2026-11-09, expired 12 days ago\n" in told
    assert "  SHA-1     0202020202020202020202020202020202020202\n" in told
    assert told.endswith(
        "MTA-STS policies (UTC)\n"
        "  2026-10-22 09:35 to 2026-11-11 09:35  20 days\n"
        "    testing, max_age 86400 s, id 1, mx: *.contoso.com\n"
        "  2026-11-11 09:35 to now  10 days\n"
        "    no policy\n"
    )
    assert not [line for line in told.splitlines() if len(line) > 80]
    assert "  SHA-256   " + "02" * 32 in text(past, verbosity=1)


def test_since_leaves_out_what_was_over_by_then() -> None:
    policies = [
        PolicySeen(mode=mode, first=AT - days * DAY) for mode, days in (("none", 30), ("testing", 20), ("enforce", 1))
    ]
    past = Past(
        at=AT,
        name="mail",
        since=AT - 5 * DAY,
        standing=standing(),
        sightings=[leaf(1, 30, 10, 60), leaf(2, 10, 0, 60)],
        policies=policies,
    )
    assert [group[0].sha1[:2] for group in past.leaves] == ["02"]
    assert [policy.mode for policy, _ in past.in_force] == ["testing", "enforce"]
    assert "none since 2026-11-16 09:35" in text(past)
    assert [policy.mode for policy, _ in replace(past, since=None).in_force] == ["none", "testing", "enforce"]


def test_one_that_is_no_longer_watched_has_a_past() -> None:
    told = text(Past(at=AT, name="gone", changes=[change(Became.APPEARED, Verdict.FAIL, None, 10)]))
    assert told.startswith("gone: no longer watched\n")
    assert "certificate-expired at mail.contoso.com 192.0.2.25:25" in told
    assert "none was seen" in told


def test_hostile_text_does_not_act() -> None:
    evil = "\x1b[2J\u202e\nOK"
    seen = replace(leaf(1, 9, 0, 9), subject=evil, issuer=evil, names=(evil,), host=evil)
    policy = PolicySeen(mode=evil, id=evil, mx=(evil,), first=AT - DAY)
    told = text(Past(at=AT, name=evil, standing=standing(evil), sightings=[seen], policies=[policy]), verbosity=1)
    assert told.replace("\n", "").isprintable()
    assert "\\x1b[2J\\u202e\\nOK" in told


def test_runs() -> None:
    runs = [
        Run(number=2, kind="watch", began=AT - DAY),
        Run(
            number=1,
            kind="run",
            began=AT - 2 * DAY,
            ended=AT - 2 * DAY + timedelta(minutes=1),
            verdict=Verdict.WARN,
            targets=3,
        ),
    ]
    assert plain(render_runs(runs, AT)) == (
        "   run  kind  began (UTC)       ago     took        targets\n"
        "     1  run   2026-11-19 09:35  2 d     1 min             3  WARN\n"
        "     2  watch 2026-11-20 09:35  24 h    not ended\n"
    )
    assert plain(render_runs([], AT)) == "No run is remembered.\n"


@pytest.mark.parametrize(
    ("seconds", "long", "brief"),
    [
        (-5, "0 s", "0 s"),
        (59, "59 s", "59 s"),
        (60, "1 min", "1 min"),
        (3599, "59 min", "59 min"),
        (3600, "1 h", "1 h"),
        (5 * 3600 + 600, "5 h 10 min", "5 h"),
        (172799, "47 h 59 min", "47 h"),
        (172800, "2 days", "2 d"),
        (3 * 86400 + 4 * 3600, "3 days 4 h", "3 d"),
        (14 * 86400 + 3600, "14 days", "14 d"),
    ],
)
def test_lengths_of_time(seconds: int, long: str, brief: str) -> None:
    assert (span(timedelta(seconds=seconds)), short(timedelta(seconds=seconds))) == (long, brief)


# The command


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "probe.db"
    past = [(ago(9), "healthy"), (ago(6), "expired"), (ago(0.01), "healthy")]
    return remember(path, [(at, {"contoso-mail": fixture}) for at, fixture in past])


def test_it_reads_a_real_store(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = say(capsys, "history", "contoso-mail", "--store", store)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("OK  contoso-mail  ")
    assert "2026-11-15 09:35  FAIL certificate-expired at " in said.out
    assert "FAIL → OK cleared: certificate-expired at " in said.out
    assert said.out.count("  SHA-1     ") == 2
    told = data(say(capsys, "history", "contoso-mail", "--store", store, "--format", "json"))
    jsonschema.validate(told, schema())
    assert told["name"] == "contoso-mail"


def test_since_takes_lengths_and_moments(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for since in ("2d", "48h", "2026-11-19", "2026-11-19T09:35:00+00:00"):
        said = say(capsys, "history", "contoso-mail", "--store", store, "--since", since)
        assert said.code == 0
        assert "2026-11-15 09:35  FAIL" not in said.out
        assert "cleared: certificate-expired" in said.out
    wrong = say(capsys, "history", "contoso-mail", "--store", store, "--since", "yesterday")
    assert (wrong.code, wrong.out) == (3, "")
    assert wrong.err.startswith("error: --since `yesterday` is neither a moment nor how long ago\nhint: as in 30d")


def test_an_unknown_target_is_answered_with_the_nearest(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = say(capsys, "history", "Contoso-Mial", "--store", store)
    assert (said.code, said.out) == (3, "")
    assert said.err == "error: the target `Contoso-Mial` is not remembered\nhint: did you mean `contoso-mail`?\n"
    far = say(capsys, "history", "xyz", "--store", store)
    assert far.err.endswith("hint: there are contoso-mail\n")


def test_without_a_target_the_runs(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = say(capsys, "history", "--store", store)
    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == ["run", "1", "2", "3"]
    assert len(say(capsys, "history", "--store", store, "--since", "1d").out.splitlines()) == 2
    jsonschema.validate(data(say(capsys, "history", "--store", store, "--format", "json")), schema())
