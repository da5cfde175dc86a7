"""How records and names are put into facts: never longer than somebody would read."""

from collections.abc import Iterable

_RECORD = len("3 1 1 ") + 64  # one by SHA-256
_MOST = 6
_LONGEST = 480  # characters


def clipped(record: str) -> str:
    """The text of a record, cut to the length of one by SHA-256."""
    return record if len(record) <= _RECORD else f"{record[:_RECORD]}…"


def several(things: Iterable[str], between: str = "; ", most: int = _MOST) -> str:
    """The first of them, each once, and how many more there are."""
    named = list(dict.fromkeys(things))
    text = between.join(named[:most])
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return f"{text} and {len(named) - most} more" if len(named) > most else text
