"""The properties of one object, read as what they mean.

Whatever is asked for, the answer may be null (None), `Gap.ABSENT` or `Gap.LOST`, and the three are never mixed up. What
the reader should know of a value becomes a remark; a value that no Exchange writes is an `ExportError`.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from probe.errors import ExportError
from probe.exchange import dates
from probe.exchange.as_text import is_type_name, octets, text_of
from probe.exchange.enumerations import Numbers, flagged, named, numbered, ordered
from probe.exchange.raw import Listed, Nested, Raw, Value
from probe.model import Flag, Gap, List, Many, Remark, Text

_LONGEST = 4096  # characters of one text; no property of a connector or name in a certificate comes near
_SHOWN = 300  # characters of a text that a remark keeps
_MOST_REMARKS = 1000
_BETWEEN = re.compile(r"[,\s]+|;(?![0-9]+(?:[,;\s]|\Z))")  # the cost of an address space, `smtp:*;1`, stays with it
_OF_DIRECTORY = re.compile("=|/[A-Za-z]")  # `CN=EX01,CN=Servers`, `contoso.com/Microsoft Exchange/EX01`
_TRUTHS = {"true": True, "$true": True, "1": True, "false": False, "$false": False, "0": False}


@dataclass(slots=True)
class Margin:
    """Where the remarks on one file are gathered, each once. `order` is that of its dates."""

    source: str
    form: str
    order: dates.Order | None = None
    remarks: dict[Remark, None] = field(default_factory=dict)

    def add(self, what: str, of: str = "", key: str = "", text: str = "") -> None:
        if len(self.remarks) < _MOST_REMARKS:
            self.remarks[Remark(what=what, of=of[:_SHOWN], key=key[:_SHOWN], text=text[:_SHOWN])] = None
        else:
            self.remarks[Remark(what="remarks-cut")] = None


@dataclass(slots=True)
class Fields:
    """One object. Properties are asked for by their names in lower case; of several names the first that is there is
    read. `name` is what remarks call the object."""

    raw: Raw
    margin: Margin
    name: str = ""

    def remark(self, what: str, key: str = "", text: str = "") -> None:
        self.margin.add(what, self.name, self.raw.spelt.get(key, key), text)

    def refuse(self, key: str, why: str) -> NoReturn:
        """Raise the error that this property's value is wrong."""
        place = f"{self.margin.source}, line {self.raw.lines.get(key, self.raw.line)}"
        hint = "export it anew, and leave the file as PowerShell writes it"
        raise ExportError(f"{place}: {self.raw.spelt.get(key, key)} {why}", hint)

    def value(self, key: str) -> Value:
        """The value as the form gives it; where it is lost, that is remarked."""
        found = self.raw.properties.get(key, Gap.ABSENT)
        if found is Gap.LOST or (isinstance(found, str) and is_type_name(found)):
            self.remark("lost-in-csv" if self.margin.form == "csv" else "lost-in-depth", key)
            return Gap.LOST
        return None if isinstance(found, str) and not found.strip() else found

    def lost(self, key: str, what: str, text: str = "") -> Gap:
        self.remark(what, key, text)
        return Gap.LOST

    def flag(self, key: str) -> Flag:
        found = self.value(key)
        if found is None or isinstance(found, Gap | bool):
            return found
        text = text_of(found)
        if text is None or text.casefold() not in _TRUTHS:
            self.refuse(key, f"is {_quoted(text)}, neither True nor False")
        return _TRUTHS[text.casefold()]

    def text(self, key: str, convert: Callable[[Value], str | None] = text_of) -> Text:
        found = self.value(key)
        if found is None or isinstance(found, Gap):
            return found
        if isinstance(found, Listed) and len(found.values) == 1 and not found.cut:
            found = found.values[0]
        text = convert(found)
        if text is None:
            return self.lost(key, "value-unknown")
        return self.bounded(key, text) or None

    def bounded(self, key: str, text: str) -> str:
        if len(text) > _LONGEST:
            self.refuse(key, f"has {len(text)} characters, more than Exchange keeps of anything")
        return text

    def word(self, key: str, table: Numbers) -> Text:
        """The name of an enumeration's value."""
        found = self._enumerated(key)
        if isinstance(found, int):
            return numbered(found, table) or self.lost(key, "value-unknown", str(found))
        text = found if isinstance(found, str) else self.text(key)
        return named(self.bounded(key, text), table) if isinstance(text, str) else text

    def _enumerated(self, key: str) -> int | str | None:
        """The number or the text of a value of an enumeration; None for whatever else is there."""
        found = self.value(key)
        if isinstance(found, Nested):
            found = found.text or found.number
        if isinstance(found, float):
            return int(found) if found.is_integer() else -1
        if isinstance(found, str) and found.strip().isascii() and found.strip().isdigit():
            return int(found) if len(found) < 20 else -1
        return found if isinstance(found, int | str) and not isinstance(found, bool) else None

    def many(self, key: str, convert: Callable[[Value], str | None] = text_of) -> List:
        """A list; a single value is a list of one, and a text may be of several."""
        found = self.value(key)
        if found is None or isinstance(found, Gap):
            return found
        values = found.values if isinstance(found, Listed) else _split(found)
        cut = isinstance(found, Listed) and found.cut
        texts = [convert(value) for value in values if value is not None and value != ""]
        if None in texts:
            return self.lost(key, "value-unknown")
        if cut:
            self.remark("list-cut", key)
        return Many(tuple(self.bounded(key, text) for text in texts if text), cut)

    def words(self, key: str, table: Mapping[str, int]) -> List:
        """The names of flags, in the table's order."""
        found = self._enumerated(key)
        if isinstance(found, int):
            names = flagged(found, table)
            return self.lost(key, "value-unknown", str(found)) if names is None else Many(names)
        if isinstance(found, str):
            return Many(ordered(tuple(self.bounded(key, found).split(",")), table))
        many = self.many(key)
        return Many(ordered(many.items, table), many.cut) if isinstance(many, Many) else many

    def moment(self, key: str, *, utc: bool) -> tuple[datetime | Gap | None, bool]:
        """A date, and whether it is in a local time of which the zone is not known. `utc`: it is UTC by definition."""
        found = self.value(key)
        if found is None or isinstance(found, Gap):
            return found, False
        try:
            if isinstance(found, datetime):
                return dates.aware(found, utc=utc)
            return dates.moment(text_of(found) or "", self.margin.order, utc=utc)
        except dates.Ambiguous:
            return self.lost(key, "date-ambiguous", text_of(found) or ""), False
        except ValueError:
            return self.lost(key, "date-unreadable", text_of(found) or ""), False

    def number(self, key: str) -> int | Gap | None:
        found = self.value(key)
        if found is None or isinstance(found, Gap):
            return found
        text = text_of(found) or ""
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            self.refuse(key, f"is {_quoted(text)}, no number")
        return int(text)

    def octets(self, key: str) -> bytes | None:
        """Bytes, whole; None where they are not there, or not whole."""
        found = octets(self.raw.properties.get(key))
        if not isinstance(found, str) or is_type_name(found):
            return found if isinstance(found, bytes) and found else None
        try:
            return base64.b64decode(re.sub(r"\s+", "", found), validate=True) or None
        except (binascii.Error, ValueError):
            self.refuse(key, "is not base64")


def _split(value: Value) -> Sequence[Value]:
    """The items of a list that came as one text: ConvertTo-Json joins them by blanks where it is not told to go deep
    enough, people by commas or semicolons. Names of the directory may hold blanks themselves."""
    if not isinstance(value, str):
        return (value,)
    return value.split(",") if _OF_DIRECTORY.search(value) else _BETWEEN.split(value)


def _quoted(text: str | None) -> str:
    return f"`{ascii(text[:60])[1:-1]}`" if text is not None else "an object"


def first(values: Iterable[Text]) -> Text:
    """The first that is known; else the first that is lost or null; else `Gap.ABSENT`."""
    found = list(values)
    known = next((value for value in found if isinstance(value, str)), None)
    return known or next((value for value in found if value is not Gap.ABSENT), Gap.ABSENT)
