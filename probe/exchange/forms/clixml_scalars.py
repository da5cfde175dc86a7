"""The simple values of Clixml, an element each."""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime

from probe.exchange.forms.clixml_elements import Element
from probe.exchange.forms.limits import Flaw, shown
from probe.exchange.forms.printed import told
from probe.exchange.raw import Value
from probe.exchange.text import wellformed

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_REAL = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{0,40})?(?:[eE][+-]?[0-9]{1,3})?|-?INF|NaN")


def unescaped(text: str) -> str:
    """Text with its `_xHHHH_` escapes resolved: UTF-16 units, of which two may be one character."""
    if "_x" not in text:
        return text
    return wellformed(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text))


def _boolean(text: str) -> Value:
    return {"true": True, "false": False}[text.strip().lower()]


def _integer(text: str) -> Value:
    if not _INTEGER.fullmatch(text.strip()):
        raise ValueError
    return int(text)


def _real(text: str) -> Value:
    if not _REAL.fullmatch(text.strip()):
        raise ValueError
    return float(text)


def _character(text: str) -> Value:
    return wellformed(chr(int(text))) if _INTEGER.fullmatch(text.strip()) else unescaped(text)


def _bytes(text: str) -> Value:
    return b64decode("".join(text.split()), validate=True)


def _time(text: str) -> Value:
    """UTC; or the text as it is, where it has no zone."""
    time = datetime.fromisoformat(text.strip())
    return time.astimezone(UTC) if time.tzinfo else text.strip()


_READ: dict[str, Callable[[str], Value]] = {
    **dict.fromkeys(("S", "SBK", "URI", "Version", "G", "TS"), unescaped),
    **dict.fromkeys(("SB", "By", "I16", "U16", "I32", "U32", "I64", "U64"), _integer),
    **dict.fromkeys(("Db", "Sg", "D"), _real),
    "B": _boolean,
    "C": _character,
    "BA": _bytes,
    "DT": _time,
    "Nil": lambda _: None,
}
SCALARS = frozenset(_READ)
TEXTS = SCALARS | {"T", "ToString"}  # the elements that have text of their own


def scalar(element: Element) -> Value:
    """The value of such an element. As in other forms, a property whose text is a type's name has lost its value; an
    item of a list is as it is. Raises `Flaw`."""
    text = "".join(element.text)
    try:
        value = _READ[element.tag](text)
    except (ValueError, KeyError, OverflowError, binascii.Error):
        name = shown(element.name or element.tag)
        raise Flaw(element.line, f"the value of {name} is no {element.tag}: {shown(text)}") from None
    return told(value) if isinstance(value, str) and element.name is not None else value
