"""What PowerShell prints for a value where it prints text: lists in braces, and type names where it has nothing to say.

A list is printed `{a, b}`, its items unquoted. So a comma and a blank within an item cannot be told from those between
items, but for two cases in which we keep an item whole: between double quotes (`O="Fabrikam, Inc."`), where every quote
of the list has its partner; and in the `<I>issuer<S>subject` pairs, where a piece such as `O=Contoso` continues the one
before it. Everything else is cut at each comma that a blank follows.

More items than `$FormatEnumerationLimit` end in `...`, in PowerShell 7 in `…`, right after the last one printed.
"""

import re

from probe.exchange.raw import Listed, Value
from probe.model import Gap

# A type's full name, alone: what .NET prints for an object that has no text of its own, such as a list. Only .NET's and
# Exchange's own namespaces, every part with a capital: `system.contoso.com` is a host.
_TYPE_NAME = re.compile(
    r"(?:Deserialized\.)?(?:System|Microsoft\.Exchange|Microsoft\.PowerShell)"
    r"(?:[.+][A-Z][A-Za-z0-9_]*+(?:`[0-9]++)?+)++(?:\[[^\s\]][^\r\n]*+)?+(?:\[\])?+"
)
_BETWEEN = re.compile(r",[ \t]++")
_BETWEEN_OR_QUOTED = re.compile(r'(?P<quoted>"[^"]*+")|,[ \t]++')
_PAIR = re.compile(r"<[IS]>", re.IGNORECASE)
_RDN = re.compile(r"(?:OID\.)?[A-Za-z0-9.]{1,40}+=")
_ELLIPSES = ("...", "…")


def value(text: str) -> Value:
    """The value that a printed text stands for: None for nothing, a list for braces, else a text."""
    text = text.strip()
    if not text:
        return None
    return listed(text[1:]) if text.startswith("{") else told(text)


def told(text: str) -> str | Gap:
    """The text, or that it was lost: where the name of a type stands instead of the value."""
    # `System.Object[]` and ``Microsoft.Exchange.Data.MultiValuedProperty`1[…]`` are such.
    return Gap.LOST if _TYPE_NAME.fullmatch(text) else text


def listed(inside: str) -> Listed:
    """The list of a text after its opening brace. `cut`: it ends in an ellipsis, or without its closing brace."""
    body, brace, _ = inside.rpartition("}")
    if not brace:
        body = inside
    body = body.strip()
    ellipsis = next((mark for mark in _ELLIPSES if body.endswith(mark)), "")
    body = body.removesuffix(ellipsis).rstrip(" ,")
    return Listed(values=tuple(_items(body)), cut=bool(ellipsis) or not brace)


def _items(body: str) -> list[str]:
    items: list[list[str]] = []  # each by its pieces
    for piece in _pieces(body):
        if items and _PAIR.match(items[-1][0]) and _RDN.match(piece):
            items[-1].append(piece)
        elif piece:
            items.append([piece])
    return [", ".join(pieces) for pieces in items]


def _pieces(body: str) -> list[str]:
    if body.count('"') % 2:
        return _BETWEEN.split(body)
    pieces, start = [], 0
    for found in _BETWEEN_OR_QUOTED.finditer(body):
        if found["quoted"] is None:
            pieces.append(body[start : found.start()])
            start = found.end()
    return [*pieces, body[start:]]
