"""The text of `Format-List`, as redirected to a file, recorded in a transcript, or copied from a console.

A property is a name, blanks, a colon, and its value behind one blank; nothing there is null, or an empty text: it
cannot be told, and null is what we make of it. A value that goes on begins in the same column. An object ends at a
blank line, or where its first property comes again.

Around objects a console has prompts, warnings, headings: whatever has not that shape. But an unknown line right below a
value, with no blank line between, is taken for the rest of that value with its indentation lost, as happens in mails
and tickets: half a `TlsCertificateName` would be worse than one with something behind it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from probe.exchange.forms.limits import (
    LESS,
    LONGEST_VALUE,
    MOST_LINES,
    MOST_PROPERTIES,
    MOST_VALUES,
    Flaw,
    Gathering,
    counted,
    shown,
    too_many_properties,
    too_many_values,
)
from probe.exchange.forms.printed import value
from probe.exchange.forms.wrapped import Piece, joined, screen
from probe.exchange.raw import Listed, Raw, Read

_PROPERTY = re.compile(r" {0,40}(?P<name>[A-Za-z_][A-Za-z0-9_]{0,254}+) {1,255}+:(?= |$)")
_CONSOLE = re.compile(
    r"\s*+(?:"
    r"(?:\[[^\]\s]{1,60}\]:? ?)?PS\b[^>]{0,300}>|\[PS\]|>>"  # prompts
    r"|(?:WARNING|VERBOSE|DEBUG|WARNUNG|AUSFÜHRLICH|AVERTISSEMENT)\s?:"
    r"|\+ |At line:|At .{1,300}:[0-9]+ char:|[A-Za-z]+-[A-Za-z]+ : "  # what errors look like
    r"|Creating a new session|\*{5}|Windows PowerShell|Transcript |-{3}"
    r")"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,30}+m")


@dataclass(slots=True)
class _Entry:
    """One property while it is read: `column` is where values stand, `margin` that many blanks."""

    name: str
    line: int
    column: int
    margin: str
    pieces: list[Piece] = field(default_factory=list)
    length: int = 0

    def take(self, text: str, start: int, line: int) -> None:
        self.length += len(text) + 1
        if self.length > LONGEST_VALUE + 1:
            raise Flaw(line, f"the value of {shown(self.name)} has more than 1 MiB", LESS)
        self.pieces.append(Piece(text, start))


def looks_like_it(text: str) -> bool:
    """Whether any line is a property."""
    return any(_PROPERTY.match(line) for line in lines(text))


def lines(text: str) -> Iterator[str]:
    """Lines without their ends: a line ends where Windows ends it, not at every character that Unicode knows for it."""
    text = text.replace("\u00a0", " ")  # which mail programs and chats make of blanks
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    if "\r" in text:
        text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    start = 0
    for number in count(1):
        end = text.find("\n", start)
        if number > MOST_LINES:
            raise Flaw(number, f"the file has more than {MOST_LINES} lines", LESS)
        yield text[start:] if end < 0 else text[start:end]
        if end < 0:
            return
        start = end + 1


def read(text: str) -> Read:
    # Twice, so that the text is kept but once: first for the console's width, then for the values.
    on = screen(entry.pieces for found in _entries(text) for entry in found)
    objects: list[Raw] = []
    values = 0
    for found in _entries(text):
        gathering = Gathering(found[0].line)
        for entry in found:
            given = value(joined(entry.pieces, on))
            values += 1 + (len(given.values) if isinstance(given, Listed) else 0)
            if values > MOST_VALUES:
                raise too_many_values(entry.line)
            gathering.add(entry.name, given, entry.line)
        counted(objects, gathering.raw())
    return Read(form="format-list", objects=tuple(objects))


def _entries(text: str) -> Iterator[list[_Entry]]:
    """The properties of one object after another."""
    listing = _Listing()
    for number, line in enumerate(lines(text), 1):
        last = listing.current[-1] if listing.current else None
        if not line or line.isspace():
            listing.blank(line, last, number)
        elif last and listing.goes_on(line, last):
            listing.more(line[last.column :], last.column, last, number)
        elif found := _property(line, last):
            if listing.ends_before(found[0]):
                yield listing.current
                listing.current = []
            listing.begin(*found, line, number)
        elif last and listing.lost_its_margin(line, last):
            listing.more(line.strip(), 0, last, number)
        else:
            listing.blanks = 2  # whatever it is, no object goes on behind it
    if listing.current:
        yield listing.current


class _Listing:
    """The object at hand, and how many blank lines there were since its last line."""

    def __init__(self) -> None:
        self.current: list[_Entry] = []
        self.blanks = 0

    def blank(self, line: str, last: _Entry | None, number: int) -> None:
        if last and len(line) == last.column + 1:  # the blank behind a word that filled the line before
            self.more(" ", last.column, last, number)
        elif not last or len(line) != last.column:  # an empty line within a value is as long as the margin
            self.blanks += 1

    def goes_on(self, line: str, last: _Entry) -> bool:
        """Whether the line is more of the last value. An empty line within a text may have been trimmed."""
        return line.startswith(last.margin) and (
            not self.blanks or (self.blanks == 1 and not line[last.column].isspace())
        )

    def lost_its_margin(self, line: str, last: _Entry) -> bool:
        """Whether an unknown line is more of the last value, which had any."""
        return not self.blanks and bool(last.pieces[0].text.strip()) and not _CONSOLE.match(line)

    def more(self, text: str, column: int, last: _Entry, number: int) -> None:
        last.take(text, column, number)
        self.blanks = 0

    def ends_before(self, name: str) -> bool:
        """Whether a property of this name begins another object."""
        return bool(self.current) and (self.blanks > 0 or name.lower() == self.current[0].name.lower())

    def begin(self, name: str, column: int, line: str, number: int) -> None:
        if len(self.current) == MOST_PROPERTIES:
            raise too_many_properties(number)
        entry = _Entry(name, number, column, " " * column)
        self.current.append(entry)
        self.more(line[column - 1 :], column - 1, entry, number)


def _property(line: str, last: _Entry | None) -> tuple[str, int] | None:
    """The name on this line, and the column of its value. A name may be of any kind, as those of calculated properties
    are, where its colon stands below the one before."""
    if found := _PROPERTY.match(line):
        return found["name"], found.end() + 1
    if last and line[last.column - 3 : last.column].rstrip() == " :" and (name := line[: last.column - 3].strip()):
        return name, last.column
    return None
