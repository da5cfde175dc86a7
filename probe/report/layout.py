"""Lines made of styled spans: wrapped first, coloured (or not) last.

Styles are names for what a span means; only `coloured` knows colours. Nothing here interprets text: rich's markup and
ANSI codes never meet what a peer said.
"""

import textwrap
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TextIO

from probe.model import Verdict

WIDTH = 80
MARGIN = "  "
COLUMN = 12  # where the values stand beside their labels; a SHA-256 there still fits into 80

STYLES = {
    "OK": "bold green",
    "WARN": "bold yellow",
    "FAIL": "bold red",
    "UNKNOWN": "bold magenta",
    "strong": "bold",
    "label": "cyan",
    "bad": "red",
    "command": "bright_blue",
    "dim": "dim",
    "": "",
}
_ASCII = str.maketrans({"└": "`", "├": "|", "│": "|", "─": "-", "…": "...", "×": "x", "→": "->", "’": "'"})


class Span(NamedTuple):
    text: str
    style: str = ""


Line = tuple[Span, ...]
BLANK: Line = ()


def wrapped(
    text: str, *, width: int, indent: int = 0, hang: int = 0, head: Line = (), style: str = ""
) -> Iterator[Line]:
    """The text beside its head: it begins at column `indent`, its further lines `hang` columns to the right of that.
    Words longer than a line stay whole: a name, an address or a thumbprint is for copying."""
    pieces = textwrap.wrap(
        text, max(width - indent, 20), subsequent_indent=" " * hang, break_long_words=False, break_on_hyphens=False
    )
    margin = indent - sum(len(span.text) for span in head)
    for piece in pieces or [""]:
        yield _line(*head, Span(" " * max(margin, 0)), Span(piece, style))
        head, margin = (), indent


def row(label: str, text: str, *, width: int, style: str = "") -> Iterator[Line]:
    """A label, and the value beside it."""
    return wrapped(text, width=width, indent=COLUMN, head=(Span(f"{MARGIN}{label}", "label"),), style=style)


def unwrapped(label: str, text: str, style: str = "") -> Line:
    """A label and what is said by it, on one line: what is looked for by line stays whole, and terminals wrap."""
    return (Span(f"{MARGIN}{label}", "label"), Span(f" {text}", style))


def body(text: str, *, width: int, margin: str = MARGIN, hang: int = 0, style: str = "") -> Iterator[Line]:
    """A paragraph under a heading."""
    return wrapped(text, width=width, indent=len(margin), hang=hang, style=style)


def heading(verdict: Verdict, text: str, *, width: int, style: str = "strong") -> Iterator[Line]:
    """A verdict and what it is about. The verdict is a word: colour only repeats what it says."""
    return wrapped(text, width=width, indent=len(verdict) + 2, head=(Span(verdict, verdict),), style=style)


def plain(lines: Iterable[Line], *, ascii: bool = False) -> str:  # noqa: A002
    """The lines as text, each with its line break; `ascii` where the output knows no more than that."""
    text = "".join("".join(span.text for span in line).rstrip() + "\n" for line in lines)
    return _to_ascii(text) if ascii else text


def coloured(lines: Iterable[Line], file: TextIO, *, ascii: bool = False) -> None:  # noqa: A002
    """Print the lines to a terminal. Whether there may be colour the caller decides; which, rich."""
    from rich.console import Console  # 40 ms that a pipe need not pay
    from rich.text import Text

    console = Console(file=file, markup=False, highlight=False, emoji=False, soft_wrap=True)
    for line in lines:
        spans = ((_to_ascii(span.text) if ascii else span.text, STYLES[span.style]) for span in line)
        console.print(Text.assemble(*spans, end=""))


def _to_ascii(text: str) -> str:
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def _line(*spans: Span) -> Line:
    return tuple(span for span in spans if span.text)
