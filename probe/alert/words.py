"""The small words of a sink's settings: secrets, durations, hours of the day."""

import os
import re
from datetime import datetime, time, timedelta
from pathlib import Path

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_HOURS = re.compile(r"(\d\d?:\d\d)\s*-\s*(\d\d?:\d\d)", re.ASCII)
MOST_BYTES = 65536  # of a file that holds a secret


class Secret:
    """What must not be shown. `text` is as configured: `env:NAME`, `file:PATH`, or for addresses the thing itself.

    `reveal` is called at the moment of use, so that a rotated secret is seen; a path is relative to `base`.
    """

    __slots__ = ("base", "text")

    def __init__(self, text: str, base: Path | None = None) -> None:
        self.text, self.base = text, base or Path()

    @property
    def literal(self) -> bool:
        """Whether the configuration holds it in plain sight."""
        return not self.text.startswith(("env:", "file:"))

    def reveal(self) -> str:
        """The secret, without the line break that editors put at its end. Raises `LookupError` with a reason that tells
        where it was looked for, and nothing of what was found."""
        kind, _, rest = self.text.partition(":")
        if self.literal:
            return self.text
        if kind == "env":
            if not (found := os.environ.get(rest, "")):
                raise LookupError(f"the environment has no {rest}")
            return found
        try:
            with (self.base / Path(rest).expanduser()).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
            found = data.decode().rstrip("\r\n")
        except (OSError, RuntimeError) as error:  # the latter: nobody knows whose home it is
            raise LookupError(f"cannot read {rest}: {getattr(error, 'strerror', error)}") from None
        except UnicodeDecodeError:
            raise LookupError(f"{rest} is not UTF-8") from None
        if not found or len(data) > MOST_BYTES:
            raise LookupError(f"{rest} is {'too long' if found else 'empty'}")
        return found

    def __repr__(self) -> str:
        return "Secret('…')" if self.literal else f"Secret({self.text!r})"


class Duration(float):
    """Seconds, as in "90s", "15m", "24h", "7d", "2w"."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: object) -> "Duration":
        """Raises `ValueError`."""
        found = re.fullmatch(r"([0-9]{1,9})\s*([smhdw])", text.strip(), re.ASCII) if isinstance(text, str) else None
        if not found:
            raise ValueError("a duration is a whole number and a unit, as in 90s, 15m, 24h, 7d, 2w")
        return cls(int(found[1]) * _UNITS[found[2]])


class Hours:
    """A stretch of the local day, as in "22:00-07:00"; it may go past midnight."""

    __slots__ = ("begin", "end")

    def __init__(self, begin: time, end: time) -> None:
        self.begin, self.end = begin, end

    @classmethod
    def parse(cls, text: object) -> "Hours":
        """Raises `ValueError`."""
        found = _HOURS.fullmatch(text.strip()) if isinstance(text, str) else None
        try:
            begin, end = (time.fromisoformat(part.zfill(5)) for part in (found.groups() if found else ()))
        except ValueError:
            begin = end = time()
        if begin == end:
            raise ValueError("hours are a stretch of the day, as in 22:00-07:00")
        return cls(begin, end)

    def over(self, at: datetime) -> datetime | None:
        """When the stretch that `at` (with an offset) lies in is over, by the local clock; None outside of it."""
        local = at.astimezone()
        now = local.time()
        inside = self.begin <= now < self.end if self.begin < self.end else now >= self.begin or now < self.end
        if not inside:
            return None
        day = local.date() + timedelta(days=1 if now >= self.end else 0)
        return datetime.combine(day, self.end).astimezone(at.tzinfo)


class Hidden(Secret):
    """A secret that the configuration must not hold in plain sight: `env:NAME` or `file:PATH` alone."""

    __slots__ = ()
