"""A certificate as the log tells of it: its names and its thumbprint, never its bytes.

Exchange has written it in three ways. A: a title, then a row for each part (2010, 2013). B: one row, its parts set
apart by blanks alone (2016). C: the same with the dates of validity (2016 and later). B and C are read from the right,
for a distinguished name holds blanks itself. Of C only the row for what a server presents was seen in the wild; that
the others are alike is assumed.
"""

import re
from dataclasses import replace
from functools import lru_cache

from probe.exchange.logs.row import moment, text
from probe.model import Leaf

MOST_NAMES = 256
_LONGEST = 4096  # characters of a distinguished name; Exchange itself can use 1,024 at most

_THUMBPRINT = re.compile(r"[0-9A-F]{40}")
_SERIAL = re.compile(r"[0-9A-F]{2,64}")
_LIKE_A_THUMBPRINT = re.compile(r"[0-9A-FX]{32,64}")
# What forums and cautious people put in place of what they take out, and what is left where they put nothing.
_MASK = re.compile(r"X{4}|\bX\.X\b|\*{3}")
_GAP = re.compile(r"^\s*,|=\s*,|=\s*$|^\s*$")
_PLACE = re.compile(r'"|\s(?=(?:[A-Za-z]{1,12}|(?:OID\.)?[0-9][0-9.]{1,80})=)')


def in_one_row(data: bytes, *, dated: bool) -> Leaf | None:
    """From the one row of generation C (`dated`) or B; None where it cannot be cut into its parts."""
    words, names = text(data), ""
    last = words.rsplit(None, 1)[-1] if words else ""
    if not (moment(last.encode()) if dated else _LIKE_A_THUMBPRINT.fullmatch(last)):
        words, names = words[: len(words) - len(last)].rstrip(), last
    wanted = 5 if dated else 3
    parts = words.rsplit(None, wanted - 1)
    if len(parts) == wanted - 1:  # both distinguished names were taken out
        parts.insert(0, "")
    if len(parts) != wanted or not _LIKE_A_THUMBPRINT.fullmatch(parts[2]):
        return None
    begin, end = (moment(part.encode()) for part in parts[3:]) if dated else (None, None)
    if dated and not (begin and end):
        return None
    subject, issuer = _two_names(parts[0])
    leaf = Leaf(
        thumbprint=parts[2],
        serial=parts[1],
        subject=subject,
        issuer=issuer,
        not_before=begin,
        not_after=end,
        scrubbed=not parts[0],
    )
    return _checked(_with_names(leaf, names))


def _two_names(joined: str) -> tuple[str | None, str | None]:
    """Subject and issuer. The issuer begins at a blank that a type follows (`CN=`), outside quotes, and behind no comma
    and no plus, where a next part of the same name would begin. Both None where that is nowhere, or more than once."""
    half, odd = divmod(len(joined), 2)
    if odd and joined[half] == " " and joined[:half] == joined[half + 1 :]:
        return joined[:half], joined[:half]  # self-signed, whatever it is made of
    quoted, places = False, []
    for found in _PLACE.finditer(joined):
        if found[0] == '"':
            quoted = not quoted
        elif not quoted and joined[max(0, found.start() - 8) : found.start()].rstrip()[-1:] not in ",+":
            places.append(found.start())
    if len(places) != 1:
        return None, None
    return joined[: places[0]].strip()[:_LONGEST], joined[places[0] :].strip()[:_LONGEST]


@lru_cache(maxsize=512)  # a server presents the same ones all day
def from_parts(parts: tuple[tuple[str, bytes], ...]) -> Leaf:
    """From the rows of generation A, each with the part that it tells; of a part told twice the last counts."""
    told = {part: text(data)[:_LONGEST] for part, data in parts if part != "names"}
    leaf = Leaf(
        thumbprint=told.get("thumbprint"),
        subject=told.get("subject"),
        issuer=told.get("issuer"),
        serial=told.get("serial"),
    )
    names = next((text(data) for part, data in reversed(parts) if part == "names"), None)
    return _checked(leaf if names is None else _with_names(leaf, names))


def _with_names(leaf: Leaf, joined: str) -> Leaf:
    """`leaf` with its alternate names, which the log joins by semicolons, less those that were taken out."""
    parts = [part.strip() for part in joined.split(";")] if joined.strip() else []
    kept = tuple(part for part in parts if part.strip("*. "))
    scrubbed = leaf.scrubbed or len(kept) < len(parts) or bool(_MASK.search(joined))
    return replace(leaf, names=kept[:MOST_NAMES], scrubbed=scrubbed)


def _checked(leaf: Leaf) -> Leaf:
    """`leaf`, as scrubbed where any part of it cannot be what Exchange wrote."""
    numbers = ((leaf.thumbprint, _THUMBPRINT), (leaf.serial, _SERIAL))
    strange = any(part is not None and not form.fullmatch(part) for part, form in numbers) or any(
        part is not None and (_GAP.search(part) or _MASK.search(part)) for part in (leaf.subject, leaf.issuer)
    )
    return replace(leaf, scrubbed=True) if strange else leaf
