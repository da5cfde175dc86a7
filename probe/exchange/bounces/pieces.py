"""Texts with several errors in them, and lines that were broken on the way.

`Get-Queue | Format-List` lists a queue after the other, a log has a line for each recipient: what one of them says must
not be taken for another's. And consoles, mail programs and logs break lines, some between words, some within them.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto

from probe.exchange.bounces.clean import joined

MOST = 200  # errors of one text
WRAPPED = 8192  # characters in which lines may have been broken within a word
NARROWEST = 30  # columns of a console

_LIST = "[{"  # the first character of a last error
_BEGIN = re.compile(
    r"^[ \t]*(?:LastError|RecipientStatus|SourceContext)[ \t]*:"  # a property, as Format-List has it
    r"|^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)[^\n]{1,300}?(?:\bto=<|[*=]{2} )"
    r"|\[\{",
    re.MULTILINE,
)
_INDENT = re.compile(r"\n[ \t]*")


class Joining(Enum):
    """How lines came to be."""

    WORDS = auto()  # broken between words
    CUT = auto()  # cut at the console's width
    INDENTED = auto()  # likewise, and what follows is set in
    MIXED = auto()  # set in; cut within a word only where a line is as wide as the console


def pieces(text: str) -> Iterator[str]:
    """The errors of a text, each by itself; what stands before the first one belongs to that."""
    begin, is_open = 0, False
    for found, _ in zip(_BEGIN.finditer(text), range(MOST), strict=False):
        is_list = found[0] == _LIST
        if is_open or not is_list:
            yield text[begin : found.start()]
            begin = found.start()
        is_open = is_list
    yield text[begin:]


def joinings(text: str) -> Iterator[tuple[Joining, str]]:
    """The text on one line, in every way in which its lines may have been broken."""
    yield Joining.WORDS, joined(text)
    if "\n" in text and len(text) <= WRAPPED:
        yield Joining.CUT, text.replace("\n", "")
        yield Joining.INDENTED, joined(_INDENT.sub("", text))
        yield Joining.MIXED, joined("".join(_full_lines_glued(text)))


def is_square(text: str) -> bool:
    """Whether all lines but the last are of one length, as a console cuts them."""
    *lines, _ = text.strip().split("\n")
    return len({len(line) for line in lines}) == 1 and len(lines[0]) >= NARROWEST


def _full_lines_glued(text: str) -> Iterator[str]:
    """Format-List breaks between words where it can: only a line as wide as the console was cut within one."""
    lines = text.split("\n")
    widest = max(map(len, lines))
    for line in lines:
        yield line.strip(" \t") if len(line) == widest else line.strip(" \t") + " "
