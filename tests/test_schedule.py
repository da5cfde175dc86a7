"""When targets are due: grids, cron through changes of offset, what `probe run` takes, when an alert ends."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.config.duty import Schedule
from probe.errors import ConfigError
from probe.run.schedule import EVERY, LOCAL, due, slot_after, until

BERLIN = ZoneInfo("Europe/Berlin")  # 2026: forward on March 29 at 01:00 UTC, back on October 25 at 01:00 UTC
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # by half an hour
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

moments = st.timedeltas(-300 * DAY, 1500 * DAY).map(lambda delta: NOON + delta)
names = st.text(max_size=12)
CRONS = ["*/5 * * * *", "*/15 * * * *", "30 2 * * *", "0 6 * * *", "15,45 1-3 * * *", "*/15 2 * * *", "0 */2 * * 1-5"]


def slots(schedule: Schedule, name: str, begin: datetime, end: datetime, zone: ZoneInfo = BERLIN) -> list[datetime]:
    found: list[datetime] = []
    while (begin := slot_after(schedule, name, begin, zone)) < end:
        found.append(begin)
    return found


def local(times: list[datetime], zone: ZoneInfo = BERLIN) -> list[str]:
    return [slot.astimezone(zone).strftime("%d %H:%M") for slot in times]


@contextmanager
def living_in(zone: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


@given(st.floats(0.001, 1e7), names, moments)
def test_an_interval_is_a_grid_that_only_the_name_moves(every: float, name: str, after: datetime) -> None:
    schedule = Schedule(every=every)
    first = slot_after(schedule, name, after)
    second = slot_after(schedule, name, first)
    assert after < first <= after + timedelta(seconds=every)
    assert second - first == timedelta(seconds=every)
    assert slot_after(schedule, name, first - timedelta(microseconds=1)) == first


def test_a_restart_moves_no_slot() -> None:
    """A place in the interval is for ever: figures that were written down once."""
    assert slot_after(Schedule(every=300), "mail", NOON) == datetime(2026, 3, 1, 12, 0, 0, 992559, tzinfo=UTC)
    assert slot_after(Schedule(every=86400), "edge", NOON) == datetime(2026, 3, 1, 15, 10, 5, 209659, tzinfo=UTC)


def test_a_thousand_targets_spread_evenly_over_the_interval() -> None:
    minutes = [0] * 5
    for number in range(1000):
        minutes[(slot_after(Schedule(every=300), f"mail{number}", NOON) - NOON) // MINUTE] += 1
    assert min(minutes) > 150
    assert max(minutes) < 250


def test_without_a_schedule_the_watch_looks_every_quarter_of_an_hour() -> None:
    slot = slot_after(Schedule(), "mail", NOON)
    assert slot_after(Schedule(), "mail", slot) - slot == timedelta(seconds=EVERY) == 15 * MINUTE


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, LORD_HOWE, ZoneInfo("UTC")], ids=str)
@pytest.mark.parametrize("cron", CRONS)
@given(after=moments, name=names)
def test_slots_of_cron_are_later_and_follow_each_other(cron: str, zone: ZoneInfo, after: datetime, name: str) -> None:
    schedule = Schedule(cron=cron)
    slot = slot_after(schedule, name, after, zone)
    assert slot > after
    assert slot_after(schedule, name, slot - timedelta(microseconds=1), zone) == slot
    assert slot_after(schedule, name, slot, zone) > slot


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)], ids=str)
@pytest.mark.parametrize("cron", CRONS)
def test_slots_do_not_depend_on_when_one_asks(cron: str, day: datetime) -> None:
    """From every minute around a change of offset, also from within the doubled hour, the next slot is the same one."""
    schedule = Schedule(cron=cron)
    expected = slots(schedule, "mail", day - 3 * HOUR, day + 2 * DAY)
    for minutes in range(-60, 300, 4):
        asked = day + minutes * MINUTE
        assert slot_after(schedule, "mail", asked, BERLIN) == next(slot for slot in expected if slot > asked)


def test_what_falls_into_the_hour_left_out_comes_once_after_it() -> None:
    spring = datetime(2026, 3, 27, 12, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC)
    assert local(slots(Schedule(cron="30 2 * * *"), "a", *spring)) == ["28 02:30", "29 03:00", "30 02:30"]
    assert local(slots(Schedule(cron="15,45 2 * * *"), "a", *spring)) == [
        "28 02:15", "28 02:45", "29 03:00", "30 02:15", "30 02:45",
    ]  # fmt: skip


def test_what_falls_into_the_doubled_hour_comes_once() -> None:
    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 26, 12, tzinfo=UTC)
    found = slots(Schedule(cron="30 2 * * *"), "a", *autumn)
    assert local(found) == ["25 02:30", "26 02:30"]
    assert found[0].hour == 0  # the first of the two


def test_a_star_goes_on_as_time_does() -> None:
    for day in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
        assert len(slots(Schedule(cron="*/15 * * * *"), "a", day, day + 4 * HOUR)) == 16
    spring = datetime(2026, 3, 29, tzinfo=UTC)
    assert local(slots(Schedule(cron="*/30 2 * * *"), "a", spring, spring + DAY + HOUR)) == ["30 02:00", "30 02:30"]


def test_cron_is_spread_by_a_tenth_of_the_gap_and_a_minute_at_most() -> None:
    daily = {slot_after(Schedule(cron="0 6 * * *"), f"mail{n}", NOON, BERLIN) for n in range(300)}
    six = datetime(2026, 3, 2, 5, tzinfo=UTC)
    assert len(daily) == 300
    assert six <= min(daily) < six + timedelta(seconds=5) < six + timedelta(seconds=55) < max(daily) < six + MINUTE
    often = {slot_after(Schedule(cron="* * * * *"), f"mail{n}", NOON, BERLIN) for n in range(300)}
    assert all(slot.second < 6 for slot in often)


def test_the_system_s_zone_knows_its_changes_of_offset() -> None:
    with living_in("Europe/Berlin"):
        for cron in CRONS:
            for day in (datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)):
                here = there = day
                while there < day + 2 * DAY:
                    here, there = (
                        slot_after(Schedule(cron=cron), "a", here),
                        slot_after(Schedule(cron=cron), "a", there, BERLIN),
                    )
                    assert here == there
        assert datetime(2026, 7, 1, tzinfo=LOCAL).tzname() == "CEST"


@pytest.mark.parametrize("cron", ["", "6 o'clock", "99 * * * *", "0 0 31 2 *", "* * */20 * 1L", "* * * * 1#1/2"])
def test_what_is_no_cron_expression_or_never_comes(cron: str) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read|never comes"):
        slot_after(Schedule(cron=cron), "mail", NOON)
    with pytest.raises(ConfigError, match=r"of mail (cannot be read|never comes)"):
        due(Schedule(cron=cron), "mail", NOON, NOON)


def test_a_run_takes_what_has_no_schedule_was_never_seen_or_was_seen_in_the_future() -> None:
    assert due(Schedule(), "a", NOON - MINUTE, NOON)
    for schedule in (Schedule(), Schedule(every=3600), Schedule(cron="0 6 * * *")):
        assert due(schedule, "a", None, NOON)
        assert due(schedule, "a", NOON + MINUTE, NOON)


def test_a_run_takes_an_interval_a_little_early() -> None:
    hourly = Schedule(every=3600)
    assert not due(hourly, "a", NOON - 53 * MINUTE, NOON)
    assert due(hourly, "a", NOON - 54 * MINUTE, NOON)
    assert not due(hourly, "a", NOON, NOON)


def test_a_run_takes_cron_when_a_time_has_come_since_and_not_a_spread_later() -> None:
    noon = Schedule(cron="0 12 * * *")
    utc = ZoneInfo("UTC")
    assert due(noon, "a", NOON - DAY, NOON, utc)  # cron starts the run at that very second
    assert due(noon, "a", NOON - DAY + MINUTE, NOON + HOUR, utc)
    assert not due(noon, "a", NOON - HOUR, NOON - timedelta(microseconds=1), utc)
    assert not due(noon, "a", NOON, NOON + HOUR, utc)
    assert not due(noon, "a", NOON + timedelta(seconds=2), NOON + HOUR, utc)


def test_a_run_in_the_second_of_two_equal_hours_does_not_take_the_first_one_s_time_again() -> None:
    nightly = Schedule(cron="30 2 * * *")
    last = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10, again
    assert due(nightly, "a", last - 50 * MINUTE, last, BERLIN)
    assert not due(nightly, "a", last, last + 40 * MINUTE, BERLIN)
    assert until(nightly, last, None, BERLIN) == datetime(2026, 10, 27, 1, 35, tzinfo=UTC)


def test_an_alert_outlives_the_next_two_looks() -> None:
    assert until(Schedule(every=300), NOON) == NOON + 15 * MINUTE
    assert until(Schedule(every=300), NOON, 280) == NOON + 15 * MINUTE
    daily = until(Schedule(cron="0 6 * * *"), NOON, None, BERLIN)
    assert daily == datetime(2026, 3, 3, 5, 5, tzinfo=UTC)


def test_an_alert_outlives_runs_that_come_less_often_than_the_schedule() -> None:
    """A target of every five minutes, and a timer that starts the run every hour."""
    assert until(Schedule(every=300), NOON, 3600) == NOON + 2 * HOUR + 5 * MINUTE
    assert until(Schedule(cron="* * * * *"), NOON, 3600, BERLIN) == NOON + 2 * HOUR + 5 * MINUTE


def test_an_alert_without_a_schedule_goes_by_the_gap() -> None:
    assert until(Schedule(), NOON) == NOON + 25 * HOUR
    assert until(Schedule(), NOON, 60) == NOON + 25 * HOUR, "two by hand say nothing of when cron comes"
    assert until(Schedule(), NOON, 24 * 3600) == NOON + 48 * HOUR + 5 * MINUTE
    assert until(Schedule(), NOON, -100) == NOON + 25 * HOUR  # the clock was set back in between


@given(moments, st.sampled_from(CRONS), names)
def test_an_alert_lasts_beyond_the_next_slot_of_the_watch(at: datetime, cron: str, name: str) -> None:
    for schedule in (Schedule(cron=cron), Schedule(every=300), Schedule()):
        assert until(schedule, at, None, BERLIN) > slot_after(schedule, name, at, BERLIN)


def test_slots_do_not_drift() -> None:
    found = slots(Schedule(every=7), "mail", NOON, NOON + HOUR)
    assert {after - before for before, after in pairwise(found)} == {timedelta(seconds=7)}
