"""Values of `model` as they lie in the store, and back: JSON, compressed where that pays. Times are microseconds since
1970, UTC.

The file may be damaged, or somebody may have been at it: whatever cannot be read raises `ValueError` here.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from probe.codec import encode
from probe.model import Remembered
from probe.model.duty import Change, Episode, Item, Met, Notice, PolicySeen, Sighting, Standing

T = TypeVar("T")

MOST_BYTES = 1 << 26  # that a compressed value may come to
SMALL = 128  # bytes: what is no larger is not compressed
LEVEL = 6  # of zlib: 9 takes twice as long and saves 1 %
DAY = 86_400_000_000  # microseconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIMES: dict[type, tuple[str, ...]] = {
    Standing: ("at", "since", "good"),
    Episode: ("began", "changed", "seen", "told"),
    Sighting: ("not_before", "not_after", "ends", "first", "last"),
    PolicySeen: ("first",),
    Met: ("at",),
    Change: ("since", "at"),
    Item: ("since", "at"),
    Notice: ("at", "until"),
    Remembered: ("fetched", "expires"),
}
_WITHIN: dict[type, tuple[str, ...]] = {
    Standing: ("episodes", "certificates", "policy", "endpoints"),
    Notice: ("items", "open"),
}
_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (Standing, Sighting, PolicySeen, Change, Notice, Remembered)
}
_BAD = (msgspec.DecodeError, OverflowError, RecursionError)
UNREADABLE = (ValueError, TypeError, AttributeError)  # a column may hold what a column of its kind never does


def micros(at: datetime) -> int:
    """The moment as a number."""
    return (at - _EPOCH) // _MICROSECOND


def moment(number: Any) -> datetime:
    """Raises `ValueError`."""
    try:
        return _EPOCH + timedelta(microseconds=number)
    except (OverflowError, TypeError):
        raise ValueError(f"{number!r} is no moment") from None


def packed(data: bytes) -> bytes:
    return zlib.compress(data, LEVEL) if len(data) > SMALL else data


def unpacked(data: Any) -> bytes:
    """Raises `ValueError`."""
    if not isinstance(data, bytes):
        raise ValueError("it is no blob")  # noqa: TRY004 - what is in the file is a value, not a type
    if data[:1] in b"{":
        return data
    try:
        reader = zlib.decompressobj()
        found = reader.decompress(data, MOST_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not reader.eof:
        raise ValueError("it is cut off, or too large")
    return found


def pack(value: object, *, plain: bool = False) -> bytes:
    """`plain`: what is read much more often than it is written is not compressed."""
    data = encode(value)
    return data if plain else packed(data)


def unpack(data: Any, kind: type[T]) -> T:
    """Raises `ValueError`."""
    try:
        value: T = _DECODERS[kind].decode(unpacked(data))
        _sound(value)
    except _BAD as error:
        raise ValueError(f"no {kind.__name__.lower()}: {error}") from None
    return value


def readable(rows: Iterable[tuple[Any, ...]], made: Callable[..., T]) -> Iterator[T]:
    """What `made` makes of the rows. What cannot be read is left out: `probe store check` tells of it."""
    for row in rows:
        with suppress(*UNREADABLE):
            yield made(*row)


def _sound(value: object) -> None:
    """Raises `ValueError` and `OverflowError` for times that are no moments, which JSON can hold."""
    for name in _TIMES[type(value)]:
        time = getattr(value, name)
        if time is None or time.tzinfo is UTC:
            continue
        if time.utcoffset() is None:
            raise ValueError(f"the time {time.isoformat()} has no offset")
        time.astimezone(UTC)  # fails beyond either end of the calendar
    for name in _WITHIN.get(type(value), ()):
        held = getattr(value, name)
        for one in held if isinstance(held, tuple) else (held,):
            if one is not None:
                _sound(one)
