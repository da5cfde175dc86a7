"""Values that are objects, as the text that PowerShell prints of them.

Which of the two an export has depends on its form, its depth, and whether the session was remote. Everything is total:
None is what has no text that we know of.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from probe.exchange.enumerations import CAPABILITIES, flagged, named
from probe.exchange.forms.printed import told
from probe.exchange.raw import Listed, Nested, Value
from probe.model import Gap

# An IPAddress has an Address, too, which is a number: its text goes before.
_PLAIN = ("ipaddresstostring", "address", "domain", "smtpdomain", "name", "distinguishedname")
_DEPTH = 4  # objects within objects
_ENTRY = re.compile(r".*:\s*(?:" + "|".join(CAPABILITIES) + r")", re.IGNORECASE | re.DOTALL)


def is_type_name(text: str) -> bool:
    """Whether a type's name stands where the value was, or what PowerShell makes of an object beyond the depth."""
    return told(text.strip()) is Gap.LOST or text.startswith("@{")


def text_of(value: Value, depth: int = _DEPTH) -> str | None:
    """The text of one value; None for nulls, gaps, bytes, lists, and objects of which we know no text."""
    match value:
        case str():
            return None if is_type_name(value) else value.strip()
        case bool() | int() | float():
            return str(value)
        case datetime():
            return value.isoformat()
        case Nested() if depth:
            return _object(value, depth - 1)
        case _:
            return None


def _object(value: Nested, depth: int) -> str | None:
    if value.text and not is_type_name(value.text):
        return value.text.strip()
    has = value.properties
    if "certificatesubject" in has:
        return _identifier(value, depth)
    if "lowerbound" in has and "upperbound" in has:
        low, high = text_of(has["lowerbound"], depth), text_of(has["upperbound"], depth)
        return low if low == high else f"{low}-{high}" if low and high else None
    address, port = text_of(has.get("address"), depth), text_of(has.get("port"), depth)
    if address and port and port.isdigit():
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    if "cost" in has and (space := address or text_of(has.get("domain"), depth)):
        return f"{text_of(has.get('type'), depth) or 'smtp'}:{space};{text_of(has['cost'], depth)}"
    texts = (text_of(has.get(name), depth) for name in _PLAIN)
    return next((text for text in texts if text), None if value.number is None else str(value.number))


def _identifier(value: Nested, depth: int) -> str | None:
    """An SmtpX509Identifier."""
    issuer, subject = (text_of(value.properties.get(f"certificate{part}"), depth) for part in ("issuer", "subject"))
    return f"<I>{issuer}<S>{subject}" if issuer and subject else f"<S>{subject}" if subject else None


def server(value: Value) -> str | None:
    """A server's name, of a reference to it in the directory: `CN=EX01,CN=Servers,…`, `contoso.com/…/EX01`, `EX01`."""
    text = text_of(value)
    if not text:
        return None
    if text[:3].casefold() == "cn=":
        return text[3:].partition(",")[0]
    return text.rpartition("/")[2]


def capability(value: Value) -> str | None:
    """One entry of TlsDomainCapabilities, `domain:Right` or `domain:Right,Right`."""
    if isinstance(value, Nested) and "capabilities" in value.properties and not (value.text and ":" in value.text):
        has = value.properties
        holder = text_of(has.get("domain")) or text_of(has.get("smtpx509identifier"))
        rights = _rights(has["capabilities"])
        return f"{holder}:{rights}" if holder and rights else None
    text = text_of(value)
    if not text:
        return None
    holder, colon, rights = text.rpartition(":")
    return f"{holder}:{','.join(named(right, CAPABILITIES) for right in rights.split(','))}" if colon else text


def _rights(value: Value) -> str | None:
    if isinstance(value, Nested) and not value.text and value.number is not None:
        value = value.number
    if isinstance(value, int):
        names = flagged(value, CAPABILITIES)
        return ",".join(names) if names else None
    text = text_of(value)
    return ",".join(named(right, CAPABILITIES) for right in text.split(",")) if text else None


def capabilities(entries: Iterable[str]) -> Iterator[str]:
    """Entries put together again that a form has split at commas: those of a name's parts, or of several rights."""
    parts: list[str] = []
    last = ""
    for entry in entries:
        if last and named(entry, CAPABILITIES) in CAPABILITIES:
            last = f"{last},{named(entry, CAPABILITIES)}"
            continue
        if last:
            yield last
            last = ""
        parts.append(entry)
        if _ENTRY.fullmatch(entry):
            last, parts = capability(", ".join(parts)) or entry, []
    if last or parts:
        yield last or ", ".join(parts)


def octets(value: Value) -> bytes | str | None:
    """Bytes, or base64 text to be decoded, of RawData; None where it is not whole."""
    if isinstance(value, bytes | str):
        return value
    if isinstance(value, Nested):  # a byte array of a remote session, wrapped
        inner = value.properties.get("value")
        return value.text or (octets(inner) if isinstance(inner, bytes | str | Listed) else None)
    if not isinstance(value, Listed) or value.cut:
        return None
    texts = [text_of(item) or "" for item in value.values]
    if not all(text.isascii() and text.isdigit() and len(text) < 4 and int(text) < 256 for text in texts):
        return None
    return bytes(map(int, texts))
