"""Dates as exports have them: ISO 8601, or in whatever way the server's culture writes them.

A date such as `5/1/2027` may be of May or of January. Where another date of the same file settles it (`10/19/2026`: no
month has the number 19), it is settled for all of them; where none does, the date is not known.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum

# .NET's round-trip format has seven decimals of a second.
_ISO = re.compile(
    r"(?P<main>[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?"
    r"\s?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_CULTURE = re.compile(
    r"(?P<one>[0-9]{1,4})(?P<mark>[./-])\s?(?P<two>[0-9]{1,2})(?P=mark)\s?(?P<three>[0-9]{1,4})\.?"
    r"(?:,?\s+(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(?:[:.](?P<second>[0-9]{2}))?"
    r"(?:\s?(?P<half>[AaPp])\.?\s?[Mm]\.?)?)?"
)
_LONGEST = 60  # characters


class Order(Enum):
    """Which comes first where the year is last."""

    DAY = "day"
    MONTH = "month"


class Ambiguous(ValueError):
    """Day and month cannot be told apart."""


def order(texts: Iterable[str]) -> Order | None:
    """What the dates of one file tell of their order; None where they tell nothing, or contradict each other."""
    found = set()
    for text in texts:
        parts = _culture(text)
        if parts and parts["mark"] == "/" and len(parts["one"]) < 3:
            if int(parts["one"]) > 12:
                found.add(Order.DAY)
            elif int(parts["two"]) > 12:
                found.add(Order.MONTH)
    return found.pop() if len(found) == 1 else None


def moment(text: str, settled: Order | None, *, utc: bool) -> tuple[datetime, bool]:
    """The moment, and whether it is a local time of which the zone is not known (then taken as if it were UTC).

    `utc`: without a zone, it is UTC. Raises `Ambiguous`, and ValueError for what is no date.
    """
    iso = _ISO.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if iso:
        zone = (iso["zone"] or "").replace("Z", "+00:00")
        found = datetime.fromisoformat(f"{iso['main']}.{(iso['part'] or '0')[:6]:0<6}{zone}")
    else:
        found = _of_culture(text, settled)
    if found.tzinfo:
        return _in_utc(found), False
    return found.replace(tzinfo=UTC), not utc


def _in_utc(found: datetime) -> datetime:
    try:
        return found.astimezone(UTC)
    except OverflowError:  # an hour before the first of all days
        raise ValueError("the date is beyond the calendar") from None


def aware(found: datetime, *, utc: bool) -> tuple[datetime, bool]:
    """The same for a date that a form has read already."""
    return (_in_utc(found), False) if found.tzinfo else (found.replace(tzinfo=UTC), not utc)


def _culture(text: str) -> re.Match[str] | None:
    return _CULTURE.fullmatch(text.strip()) if len(text) <= _LONGEST else None


def _of_culture(text: str, settled: Order | None) -> datetime:
    parts = _culture(text)
    if not parts:
        raise ValueError("it is no date of a form that is known")
    one, two, three = (int(parts[name]) for name in ("one", "two", "three"))
    if len(parts["one"]) == 4:
        year, month, day = one, two, three
    elif len(parts["three"]) != 4:
        raise ValueError("its year has not four digits")
    else:
        year, (day, month) = three, _day_and_month(one, two, parts["mark"], settled)
    hour = int(parts["hour"] or 0)
    if parts["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("no clock shows this hour")
        hour = hour % 12 + (12 if parts["half"] in "Pp" else 0)
    return datetime(year, month, day, hour, int(parts["minute"] or 0), int(parts["second"] or 0))  # noqa: DTZ001


def _day_and_month(one: int, two: int, mark: str, settled: Order | None) -> tuple[int, int]:
    """Dots and hyphens are of cultures that begin with the day; a slash may be of any."""
    if mark != "/" or one > 12 or one == two:
        return one, two
    if two > 12:
        return two, one
    if settled is None:
        raise Ambiguous("day and month cannot be told apart")
    return (one, two) if settled is Order.DAY else (two, one)
