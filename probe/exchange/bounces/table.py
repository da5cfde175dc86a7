"""All rows together, and how a code finds its own."""

import re
from collections.abc import Iterator

from probe.exchange.bounces.connection import CONNECTION
from probe.exchange.bounces.encryption import ENCRYPTION
from probe.exchange.bounces.general import GENERAL
from probe.exchange.bounces.limits import LIMITS
from probe.exchange.bounces.meaning import Row
from probe.exchange.bounces.promises import PROMISES
from probe.exchange.bounces.relay import RELAY

ROWS: tuple[Row, ...] = (*ENCRYPTION, *PROMISES, *RELAY, *CONNECTION, *GENERAL, *LIMITS)

_RANGE = re.compile(r"(\d\.\d+)\.(\d+)-(\d+)")


def rows(enhanced: str) -> tuple[Row, ...]:
    """The rows for a code: those that name it, else those in whose range it lies."""
    return _NAMED.get(enhanced) or tuple(row for row in _RANGED if any(_within(enhanced, code) for code in row.codes))


def _within(enhanced: str, code: str) -> bool:
    found = _RANGE.fullmatch(code)
    if not found:
        return False
    head, _, detail = enhanced.rpartition(".")
    return head == found[1] and int(found[2]) <= int(detail) <= int(found[3])


def _by_code() -> Iterator[tuple[str, Row]]:
    for row in ROWS:
        for code in row.codes:
            if "-" not in code:
                yield code, row


def _named() -> dict[str, tuple[Row, ...]]:
    found: dict[str, tuple[Row, ...]] = {}
    for code, row in _by_code():
        found[code] = (*found.get(code, ()), row)
    return found


_NAMED = _named()
_RANGED = tuple(row for row in ROWS if any("-" in code for code in row.codes))
WORDS_ALONE = tuple(row for row in ROWS if not row.codes)


def codes() -> Iterator[str]:
    """Every code and range that is known."""
    return iter(dict.fromkeys(code for row in ROWS for code in row.codes))
