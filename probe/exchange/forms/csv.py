"""What `Export-Csv` writes. Lists are lost there: the cell has the name of their type.

An empty cell is null to us: CSV cannot tell it from an empty text. The first line may be `#TYPE` and the type's name,
as in PowerShell 5.1. Cells are divided by commas, by semicolons where the culture writes numbers with a comma, or by
tabs. The standard library reads them, with its own limit for one cell as it is found (131,072 characters unless
somebody has set it): it is one for the whole process, and not ours to change.
"""

import csv
import io
import re
from collections.abc import Iterator

from probe.exchange.forms.limits import (
    LESS,
    LONGEST_ROW,
    MOST_LINES,
    MOST_VALUES,
    Flaw,
    Gathering,
    checked,
    counted,
    shown,
    too_many_values,
)
from probe.exchange.forms.printed import told
from probe.exchange.raw import Raw, Read

_TYPE = "#TYPE "
_SEPARATOR = re.compile(r"sep=[,;\t]")  # a line that Excel wants to see
_NAME = r"(?:\"[^\"\r\n]{1,255}+\"|[A-Za-z_][A-Za-z0-9_]{0,254}+)"
_HEADER = re.compile(rf"{_NAME}(?:(?P<divider>[,;\t]){_NAME}(?:(?P=divider){_NAME})*+)?+\s*+")
_DIVIDERS = ",;\t"
_LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n)|[^\r\n]++")


def looks_like_it(text: str) -> bool:
    """Whether it begins with a `#TYPE` line, or with a line of names: several, or one in quotes."""
    first = _first(text)
    if first.startswith(_TYPE):
        return True
    header = _HEADER.fullmatch(first)
    return header is not None and (header["divider"] is not None or first.startswith('"'))


def _first(text: str) -> str:
    """The first line that says anything."""
    lines = (line for line in io.StringIO(text[: 1 << 20]) if line.strip() and not _SEPARATOR.match(line))
    return next(lines, "")


def read(text: str) -> Read:
    objects: list[Raw] = []
    types: tuple[str, ...] = ()
    header: list[str] | None = None
    divider = _divider(text)
    values = 0
    for line, row in _rows(text, divider):
        values += len(row)
        if values > MOST_VALUES:
            raise too_many_values(line)
        if row[0].startswith(_TYPE):
            types, header = (divider.join(row).removeprefix(_TYPE).strip(),), None
        elif header is None:
            header = _header(row, line)
        elif row != header:
            counted(objects, _raw(header, row, types, line))
    return Read(form="csv", objects=tuple(objects))


def _divider(text: str) -> str:
    """What stands between the names."""
    lines = (line for line in io.StringIO(text[: 1 << 20]) if line.strip() and not line.startswith((_TYPE, "sep=")))
    header = next(lines, "")
    found = _HEADER.fullmatch(header)
    return (found and found["divider"]) or max(_DIVIDERS, key=header.count)


class _Lines:
    """The lines, with their ends; `taken` is how many characters the row at hand has so far. A row is kept whole."""

    def __init__(self, text: str) -> None:
        self._found = enumerate(_LINE.finditer(text), 1)
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        number, found = next(self._found)
        self.taken += len(found[0])
        if number > MOST_LINES:
            raise Flaw(number, f"the file has more than {MOST_LINES} lines", LESS)
        if self.taken > LONGEST_ROW:
            raise Flaw(number, "a row has more than 4 MiB", LESS)
        return found[0]


def _rows(text: str, divider: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that has anything, and the line on which it begins."""
    lines = _Lines(text)
    rows = csv.reader(lines, delimiter=divider, strict=True)
    line = 1
    try:
        for row in rows:
            if any(row) and not (line == 1 and _SEPARATOR.fullmatch(divider.join(row))):
                yield line, row
            line = rows.line_num + 1
            lines.taken = 0
    except csv.Error as error:
        large = "limit" in str(error)
        what = "one cell has more text than can be read" if large else f"the row cannot be read: {error}"
        raise Flaw(
            line, what, LESS if large else "a row that is cut, or was saved by another program, cannot serve"
        ) from None


def _header(row: list[str], line: int) -> list[str]:
    if empty := [number for number, name in enumerate(row, 1) if not name.strip()]:
        raise Flaw(line, f"column {empty[0]} has no name")
    return row


def _raw(header: list[str], row: list[str], types: tuple[str, ...], line: int) -> Raw:
    if len(row) != len(header):
        raise Flaw(line, f"the row has {len(row)} cells, but {len(header)} are named: {shown(','.join(row))}")
    gathering = Gathering(line)
    for name, cell in zip(header, row, strict=True):
        gathering.add(name.strip(), told(checked(cell, name, line)) if cell else None, line)
    return gathering.raw(types=types)
