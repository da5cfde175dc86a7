"""What the explanation of a finding is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """How an entry reads where the finding names this cause. None: as in the entry; an empty tuple: nothing."""

    title: str
    meaning: str
    remedy: tuple[str, ...]
    exchange_online: tuple[str, ...] | None = None
    tlsrpt: str | None = None
    hresult: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Everything there is to say about one finding code.

    `title` says what is so, in one line. `meaning` says what that does to mail, `cause` how it usually comes about.
    `remedy` holds one instruction a line; a line that starts with a blank is a command to paste, and names in angle
    brackets and capitals (`<SERVER>`) are to be filled in first. `exchange_online` are the words a user will search
    for, today's first. `tlsrpt` is the result type of RFC 8460 §4.3, `hresult` the Windows error by name and number.
    `causes` tells apart what the finding's `cause` fact tells apart (for `not-observed`: "STAGE/KIND").
    """

    code: str
    title: str
    meaning: str
    cause: str
    remedy: tuple[str, ...] = ()
    exchange_online: tuple[str, ...] = ()
    tlsrpt: str | None = None
    hresult: str | None = None
    references: tuple[str, ...]
    causes: Mapping[str, Cause] = field(default_factory=dict)
