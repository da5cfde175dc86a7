"""In which line of a TOML text each key stands: the standard library's reader gives values alone."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

Path = tuple[str | int, ...]

# Of text that is valid TOML (https://toml.io/en/v1.0.0): comments, the four kinds of strings, and what holds all
# together. A string of several lines may end in two quotes of its own.
_PIECE = re.compile(
    r'#[^\n]*|"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\''
    r"|[\[\]{},=.\n]|[^\s\[\]{},=.\"'#]+",
    re.DOTALL,
)


def places(text: str) -> dict[Path, int]:
    """The line (from 1) of every table, key and element, by its path: `("target", 1, "warn_days")`. Of a table that is
    opened several times, the first. The text must be one that `tomllib` reads."""
    return _Scanner(text).found


@dataclass(slots=True)
class _Inside:
    """A value that holds others: its path, and in an array the number of the element."""

    path: Path
    element: int | None


class _Scanner:
    def __init__(self, text: str) -> None:
        self.found: dict[Path, int] = {}
        self._last: dict[Path, int] = {}  # of each array of tables the number of its last one
        self._line = 1
        self._table: Path = ()
        self._pieces = self._scan(text)
        for piece in self._pieces:
            if piece == "[":
                self._header()
            elif piece != "\n":
                self._value(self._table, self._key(piece, "="))

    def _scan(self, text: str) -> Iterator[str]:
        counted = 0
        for match in _PIECE.finditer(text.replace("\r\n", "\n")):
            # Of a piece that goes over several lines, the one in which it begins.
            self._line += match.string.count("\n", counted, match.start())
            counted = match.start()
            if not match[0].startswith("#"):
                yield match[0]

    def _key(self, first: str, end: str) -> Path:
        """A key, dotted or not, the piece that ends it included."""
        parts = [first]
        for piece in self._pieces:
            if piece == end:
                break
            parts.append(piece)
        return tuple(_plain(part) for part in parts if part != ".")

    def _header(self) -> None:
        first = next(self._pieces)
        several = first == "["
        line = self._line
        *above, last = self._key(next(self._pieces) if several else first, "]")
        if several:
            next(self._pieces)
        path: Path = ()
        for part in above:
            path = self._element((*path, part))
        path = (*path, last)
        if several:
            self.found.setdefault(path, line)
            self._last[path] = self._last.get(path, -1) + 1
        self._table = self._element(path)
        self.found.setdefault(self._table, line)

    def _element(self, path: Path) -> Path:
        return (*path, self._last[path]) if path in self._last else path

    def _value(self, above: Path, key: Path) -> None:
        """All of a value, to the end of its line."""
        here, stack, awaited = self._named(above, key), list[_Inside](), "value"
        for piece in self._pieces:
            if piece == "\n":
                if not stack:
                    return
            elif piece in ("]", "}"):
                here, awaited = stack.pop().path, "rest"
            elif piece == ",":
                within = stack[-1]
                if within.element is None:
                    awaited = "key"
                else:
                    within.element += 1
                    here, awaited = (*within.path, within.element), "value"
            elif awaited == "key":
                here, awaited = self._named(stack[-1].path, self._key(piece, "=")), "value"
            elif awaited == "value":  # what follows it, as a number's fraction does, is the rest
                self.found.setdefault(here, self._line)
                awaited = {"[": "value", "{": "key"}.get(piece, "rest")
                if awaited != "rest":
                    stack.append(_Inside(here, 0 if piece == "[" else None))
                    here = (*here, 0) if piece == "[" else here

    def _named(self, above: Path, key: Path) -> Path:
        for part in key:
            above = (*above, part)
            self.found.setdefault(above, self._line)
        return above


def _plain(part: str) -> str:
    """A part of a key without its quotes."""
    if part.startswith("'"):
        return part[1:-1]
    if "\\" in part:
        return next(iter(tomllib.loads(f"{part} = 0")))
    return part.strip('"')
