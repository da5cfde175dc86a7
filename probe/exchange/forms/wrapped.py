"""Values that a console has wrapped, put together again.

PowerShell wraps a value at its console's width. Where the culture is English, French, German, Italian, Portuguese or
Spanish it breaks behind blanks, and cuts a word only if it is wider than a whole line; in every other culture it cuts
wherever the line is full. The blank at which it broke stays at the end of the line, until an editor or a mail trims it.

So a join takes a blank wherever one is left at either side, and where the line was not full. A full line was cut within
a word: if blanks have survived at other joins; if the word would be wider than a line; or if every join is at a full
line, which is no chance where there are several of them, nor where properties without a value have kept the blank
behind their colon, so that no editor has trimmed the lines. Otherwise a blank was trimmed. After a comma one always
was: names and lists have it there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_MANY = 3  # joins of different lines, all of them full, that are no chance
_MANY_FLUSH = 2  # the same where a terminal cut the lines, and has not indented what follows


@dataclass(frozen=True, slots=True)
class Piece:
    """What one line has of a value; `start` is the column at which it begins there. The first of a value has the blank
    behind the colon."""

    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Screen:
    """The console, judged by what it printed: its width in columns; whether nothing was trimmed since; and whether it
    cuts lines where they are full."""

    width: int
    untrimmed: bool
    cutting: bool


def screen(values: Iterable[Sequence[Piece]]) -> Screen:
    """The console that printed all these values."""
    width, untrimmed, kept, flush = 0, False, False, False
    shortest: int | None = None  # of the lines that go on
    going_on: set[str] = set()  # those lines; the same one on every server tells no more than once
    for pieces in values:
        width = max(width, *(piece.end for piece in pieces))
        kept |= len(pieces) == 1 and pieces[0].text == " "
        for before, after in pairwise(pieces):
            untrimmed |= _blank_left(before, after)
            flush |= after.start == 0
            going_on.add(before.text)
            shortest = before.end if shortest is None else min(shortest, before.end)
    enough = 1 if kept else _MANY_FLUSH if flush else _MANY
    return Screen(width, untrimmed, shortest == width and len(going_on) >= enough)


def joined(pieces: Sequence[Piece], on: Screen) -> str:
    """The value of these pieces."""
    parts = [pieces[0].text.strip()]
    for before, after in pairwise(pieces):
        if parts[-1] != " " and not _cut_within_word(before, after, on):
            parts.append(" ")
        if text := after.text.strip():
            parts.append(text)
    return "".join(parts).strip()


def _blank_left(before: Piece, after: Piece) -> bool:
    return before.text.endswith(" ") or after.text.startswith(" ")


def _cut_within_word(before: Piece, after: Piece, on: Screen) -> bool:
    if _blank_left(before, after) or before.end < on.width:
        return False
    if on.untrimmed or on.cutting:
        return True
    if before.text.endswith(","):
        return False
    head, blank, _ = after.text.partition(" ")
    word = before.text.rpartition(" ")[2] + head + blank  # PowerShell counts the blank behind it
    return len(word) > on.width - max(before.start, after.start)
