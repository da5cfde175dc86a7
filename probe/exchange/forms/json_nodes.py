"""JSON text to nodes that remember their lines, with every member of an object kept, in order and however often.

The library's own reader keeps one of two keys that are the same, and forgets where things stood; an export has
`{"value": 4, "Value": "DomainValidation"}`, and whoever reads that a value is wrong wants the line. One value after
another is taken, too: NDJSON.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from probe.exchange.forms.limits import (
    DEEPEST,
    MOST_PROPERTIES,
    MOST_VALUES,
    Flaw,
    checked,
    shown,
    too_many_properties,
    too_many_values,
)
from probe.exchange.text import wellformed


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    line: int
    value: "Node"


@dataclass(frozen=True, slots=True)
class Object:
    line: int
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Array:
    line: int
    items: tuple["Node", ...]


Node = Object | Array | str | bool | int | float | None

_BLANKS = re.compile(r"[ \t\r\n]*+")
_TOKEN = re.compile(
    r'(?P<mark>[{}\[\]:,])|"(?P<string>[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+)"'
    r"|(?P<number>-?+(?:0|[1-9][0-9]*+)(?P<real>(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+))(?![0-9A-Za-z_.])"
    r"|(?P<word>true|false|null)(?![0-9A-Za-z_])"
)
_WORDS = {"true": True, "false": False, "null": None}
_DIGITS = 20  # of an integer; a Ticks property has 18


def nodes(text: str) -> Iterator[Node]:
    """All values of a text, one after another. Raises `Flaw`."""
    parser = _Parser(text)
    while parser.more():
        yield parser.value(0, "")


def _value_of(name: str) -> str:
    return f"the value of {shown(name)}" if name else "a value"


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._line = 1
        self._counted = 0  # as far as line ends have been counted
        self._values = 0

    def more(self) -> bool:
        """Go to what comes next; whether anything does."""
        if blanks := _BLANKS.match(self._text, self._place):
            self._place = blanks.end()
        return self._place < len(self._text)

    def value(self, depth: int, name: str) -> Node:
        token = self._token(_value_of(name))
        self._values += 1
        if self._values > MOST_VALUES:
            raise too_many_values(self._line)
        if depth > DEEPEST:
            raise Flaw(self._line, f"objects stand within objects more than {DEEPEST} deep")
        if token["mark"] == "{":
            return Object(self._line, tuple(self._members(depth)))
        if token["mark"] == "[":
            return Array(self._line, tuple(self._items(depth, name)))
        if token["string"] is not None:
            return self._string(token, name)
        if token["number"]:
            return self._number(token, name)
        if token["word"]:
            return _WORDS[token["word"]]
        raise self._wrong(f"`{token['mark']}` stands where {_value_of(name)} should", token.start())

    def _members(self, depth: int) -> Iterator[Member]:
        token = self._token("a property's name")
        count = 0
        while token["mark"] != "}":
            if token["string"] is None:
                raise self._wrong("a property's name in double quotes should stand here", token.start())
            name, line = self._string(token, "name"), self._line
            count += 1
            if count > MOST_PROPERTIES:
                raise too_many_properties(line)
            self._expect(":", f"a colon behind {shown(name)}")
            yield Member(name, line, self.value(depth + 1, name))
            token = self._expect(",}", f"a comma or a closing brace behind {_value_of(name)}")
            if token["mark"] == ",":
                token = self._token("a property's name")

    def _items(self, depth: int, name: str) -> Iterator[Node]:
        if self.more() and self._text[self._place] == "]":
            self._place += 1
            return
        mark = ","
        while mark == ",":
            yield self.value(depth + 1, name)
            mark = self._expect(",]", "a comma or a closing bracket")["mark"]

    def _expect(self, marks: str, what: str) -> re.Match[str]:
        token = self._token(what)
        if token["mark"] is None or token["mark"] not in marks:
            raise self._wrong(f"{what} should stand here", token.start())
        return token

    def _token(self, what: str) -> re.Match[str]:
        """The next one. `self._line` is its line then."""
        more = self.more()
        self._line += self._text.count("\n", self._counted, self._place)
        self._counted = self._place
        if not more:
            raise self._wrong(f"the text ends where {what} should stand", self._place)
        token = _TOKEN.match(self._text, self._place)
        if not token:
            if self._text[self._place] == '"':
                raise self._wrong("a text has no closing quote, or a line break in it", self._place)
            raise self._wrong(f"{what} should stand here", self._place)
        self._place = token.end()
        return token

    def _string(self, token: re.Match[str], name: str) -> str:
        text = checked(token["string"], name, self._line)
        if "\\" not in text:
            return wellformed(text)
        try:
            return wellformed(str(json.loads(f'"{text}"')))
        except ValueError:
            raise self._wrong("a text has a backslash before what it cannot stand before", token.start()) from None

    def _number(self, token: re.Match[str], name: str) -> int | float:
        digits = token["number"]
        if not token["real"] and len(digits) <= _DIGITS:
            return int(digits)
        number = float(digits) if len(digits) <= 400 else math.inf
        if not math.isfinite(number):
            raise self._wrong(f"{_value_of(name)} is a number beyond all bounds", token.start())
        return number

    def _wrong(self, what: str, place: int) -> Flaw:
        column = place - self._text.rfind("\n", 0, place)
        return Flaw(self._line, f"column {column}: {what}")
