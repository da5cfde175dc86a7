"""When a target is due. Pure: the clock is an argument.

Intervals lie on a fixed grid, k × every + phase, counted from 1970 in UTC. The phase comes from a digest of the name:
a thousand targets spread evenly over the interval, and each keeps its place after a restart. A slot depends on the wall
clock alone and not on when the last look ended, so nothing drifts.

Cron expressions (cronsim: Debian's cron, five fields, or six with seconds in front) count in local time. Where that
jumps they follow Debian's rules, too:

- A job at fixed times ("30 2 * * *": neither minute nor hour begins with a star) loses and doubles nothing: what falls
  into the hour that is left out in spring comes at the first minute after it (several such slots become one), and what
  falls into the hour that comes twice in autumn comes in the first.
- A job with a star in minute or hour goes on as time itself does: "*/15 * * * *" comes four times in each hour that
  passes, in the doubled hour eight times; "*/15 2 * * *" not at all on a day without that hour.

Under the watch, a slot of cron comes later by up to a tenth of the gap to the next one, 60 seconds at most; by how much
depends on the name, again, so that "0 6 * * *" for everything does not mean everything at once.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from probe.config.duty import Schedule
from probe.errors import ConfigError

EVERY = 900.0  # seconds: what the watch takes for a target that has no schedule
SPREAD = timedelta(seconds=60)  # at most, of slots of cron
JITTER = 0.9  # of an interval: cron starts runs up to a minute late, and looks take time, so a run may seem early
SLACK = timedelta(minutes=5)
A_DAY = timedelta(hours=25)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Local(tzinfo):
    """The system's time zone with all its changes of offset, past and to come: what `astimezone()` gives knows one."""

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        return None if dt is None else dt.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, dt: datetime | None) -> timedelta | None:
        return None

    def tzname(self, dt: datetime | None) -> str | None:
        return None if dt is None else dt.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, dt: datetime) -> datetime:
        there = dt.replace(tzinfo=UTC).astimezone()
        local = there.replace(tzinfo=self)
        return local if local.utcoffset() == there.utcoffset() else local.replace(fold=1)


LOCAL = Local()


def slot_after(schedule: Schedule, name: str, after: datetime, zone: tzinfo = LOCAL) -> datetime:
    """The first slot of this target that is later than `after` (with an offset), in UTC. Raises `ConfigError` for a
    cron expression that cannot be read or that never comes."""
    after = after.astimezone(UTC)
    if schedule.cron is None:
        every = _every(schedule)
        phase = round(every * _share(name) / _MICROSECOND)
        step = max(1, every // _MICROSECOND)
        passed = (after - _EPOCH) // _MICROSECOND  # whole numbers: floats lose microseconds by now
        return _EPOCH + ((passed - phase) // step + 1) * step * _MICROSECOND + phase * _MICROSECOND
    times = _cron(schedule.cron, after - SPREAD, zone, name)
    this = next(times)
    for coming in times:
        slot = this + min(SPREAD, (coming - this) / 10) * _share(name)
        if slot > after:
            return slot
        this = coming
    raise AssertionError("_cron raises before it ends")


def due(schedule: Schedule, name: str, last: datetime | None, now: datetime, zone: tzinfo = LOCAL) -> bool:
    """Whether `probe run` looks at a target `now` that it looked at `last` (None: never).

    Without a schedule always. Cron is not spread here: whoever starts the run has chosen the minute. A last look in
    the future says that the clock was set back: then it is due, for who knows when it was. Raises as `slot_after`.
    """
    if last is None or last > now:
        return True
    if schedule.cron is not None:
        return next(_cron(schedule.cron, last, zone, name)) <= now
    return schedule.every is None or now - last >= timedelta(seconds=schedule.every) * JITTER


def until(schedule: Schedule, after: datetime, gap: float | None = None, zone: tzinfo = LOCAL) -> datetime:
    """When a fault found by the look at `after` may be taken for gone if nobody speaks of it again: two looks and five
    minutes later.

    `gap` are the seconds from the look before to this one (None: this was the first). Where runs come less often than
    the schedule would have it, looks are as far apart as the runs are; and without a schedule nothing else is known
    of them: it is 25 hours at least, for cron may come once a day. Raises as `slot_after`.
    """
    after = after.astimezone(UTC)
    seen = timedelta(seconds=gap or 0.0) * 2
    if schedule.cron is not None:
        times = _cron(schedule.cron, after, zone)
        next(times)
        return max(next(times), after + seen) + SLACK
    if schedule.every is not None:
        return after + max(timedelta(seconds=schedule.every) * 2, seen) + SLACK
    return after + max(seen + SLACK, A_DAY)


def _every(schedule: Schedule) -> timedelta:
    return timedelta(seconds=EVERY if schedule.every is None else schedule.every)


def _share(name: str) -> float:
    """Where in its interval a name has its place: 0 to less than 1, evenly spread, the same for ever."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:6], "big") / (1 << 48)


def _cron(expression: str, after: datetime, zone: tzinfo, name: str = "") -> Iterator[datetime]:
    """The times of a cron expression later than `after`, in UTC, without end: each later than the one before.
    `name` is whose it is, for the error."""
    from cronsim import CronSim, CronSimError

    of = f" of {name}" if name else ""
    try:
        times = CronSim(expression, after.astimezone(zone))
    except (CronSimError, AssertionError) as error:  # it asserts that "1L/2" has no sense
        raise ConfigError(f"the schedule {expression!r}{of} cannot be read: {error}", _HINT) from None
    for time in times:
        # In the second of two equal hours cronsim counts from the first: what it says lies up to an hour back.
        if (found := time.astimezone(UTC)) > after:
            after = found
            yield found
    raise ConfigError(f"the schedule {expression!r}{of} never comes", _HINT)


_HINT = "minute, hour, day of the month, month, day of the week, as in `0 6 * * *` for every day at six"
