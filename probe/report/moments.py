"""Times and stretches of time, in the few words that there is room for. All times are UTC."""

from datetime import datetime, timedelta

MINUTE, HOUR, DAY = 60, 3600, 86400  # seconds


def moment(at: datetime) -> str:
    """ "2026-11-21 09:35", as it stands in tables whose heading says UTC."""
    return f"{at:%Y-%m-%d %H:%M}"


def day(at: datetime) -> str:
    """ "2026-11-21"."""
    return f"{at:%Y-%m-%d}"


def span(length: timedelta) -> str:
    """ "42 s", "12 min", "5 h 10 min", "3 days 4 h", "45 days". A clock that was set back makes nothing negative."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < 2 * DAY:
        return _two(seconds // HOUR, "h", seconds % HOUR // MINUTE, "min")
    if seconds < 14 * DAY:
        return _two(seconds // DAY, "days", seconds % DAY // HOUR, "h")
    return f"{seconds // DAY} days"


def short(length: timedelta) -> str:
    """The same for a narrow column: "42 s", "12 min", "5 h", "45 d"."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR} h"
    return f"{seconds // DAY} d"


def _two(large: int, of_these: str, small: int, of_those: str) -> str:
    return f"{large} {of_these} {small} {of_those}" if small else f"{large} {of_these}"
