"""TXT records that hold `v=…; name=value; …`: one grammar that MTA-STS (RFC 8461 §3.1) and TLSRPT (RFC 8460 §3) share.

    record      = version 1*(field-delim field) [field-delim]
    field-delim = *WSP ";" *WSP
    field       = name "=" value
    name        = (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".")
    value       = 1*(%x21-3A / %x3C / %x3E-7E)        ; no "=", ";", SP, controls

Which record it is, comes before: where a name has several TXT records, those that do not begin with the version and a
semicolon are discarded, and if then there is not exactly one, there is none that counts. Spec: the two rules differ by
a blank, for `v=STSv1 ;id=1` fits the grammar and does not begin with `v=STSv1;`. So that record counts where it is the
only one, and is discarded where it has company.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from probe.model import Record

LONGEST = 300  # characters of a fact
NAMED = 3  # of the faults of one record or policy
BLANKS = b" \t"  # WSP (RFC 5234 §B.1)

NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
VALUE = re.compile(rb"[\x21-\x3a\x3c\x3e-\x7e]+")

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"?|([^\s"]+)', re.DOTALL)
_ESCAPED = re.compile(rb"\\(?:(1\d\d|2[0-4]\d|25[0-5]|0\d\d)|(.))", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The record that counts, or why there is none: `cause` is then "several" or "version" (there is one that was
    meant), or "" where nothing of the kind is there. `others` counts the TXT records that were discarded."""

    text: bytes | None = None
    cause: str = ""
    reason: str = ""
    others: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields behind the version in their order, and in words what does not fit the grammar."""

    pairs: tuple[tuple[bytes, bytes], ...] = ()
    flaws: tuple[str, ...] = ()


def joined(record: str) -> bytes:
    """The strings of a TXT record in presentation form, unescaped and put together without blanks (RFC 8461 §3.1)."""
    strings = (quoted or bare for quoted, bare in _STRING.findall(record))
    return b"".join(_ESCAPED.sub(_meant, string.encode("utf-8", "replace")) for string in strings)


def _meant(escaped: re.Match[bytes]) -> bytes:
    return bytes((int(escaped[1]),)) if escaped[1] else escaped[2]


def choose(records: Sequence[str], version: bytes) -> Chosen:
    """Which of a name's TXT records counts."""
    texts = [joined(record) for record in records]
    alone = len(texts) == 1 and texts[0].partition(b";")[0].rstrip(BLANKS) == version
    begin = texts if alone else [text for text in texts if text.startswith(version + b";")]
    if len(begin) == 1:
        return Chosen(text=begin[0], others=len(texts) - 1)
    if begin:
        reason = f"{len(begin)} records begin with {version.decode()}; and only one may: {listed(map(shown, begin))}"
        return Chosen(cause="several", reason=reason)
    for text in texts:
        if _alike(text, version):
            return Chosen(cause="version", reason=f"does not begin with {version.decode()}; but reads {shown(text)}")
    return Chosen(others=len(texts))


def _alike(text: bytes, version: bytes) -> bool:
    """Whether somebody meant this record, with another version, case, quotes or a blank in front."""
    kind = version.removeprefix(b"v=").removesuffix(b"v1")
    return re.match(rb"[\s\"'\xef\xbb\xbf]*v\s*=[\s\"']*" + kind + rb"(?:v|[^A-Z]|\Z)", text, re.IGNORECASE) is not None


def fields(text: bytes, version: bytes, free: Iterable[bytes] = ()) -> Fields:
    """The fields of a record that begins with the version. `free` are the names whose values have a grammar of their
    own: whoever asked looks at those."""
    head, *parts = text.split(b";")
    pairs, flaws, free = [], [], tuple(free)
    if head.rstrip(BLANKS) != version:
        flaws.append(f"does not begin with {version.decode()};")
    if parts and not parts[-1].strip(BLANKS):
        parts.pop()  # the semicolon at the end
    elif text[-1:] in (b" ", b"\t"):
        flaws.append("a blank ends the record")
    for part in parts:
        name, equals, value = (field := part.strip(BLANKS)).partition(b"=")
        if not field:
            flaws.append("nothing stands between two semicolons")
        elif not equals:
            flaws.append(f"{shown(field)} is not name=value")
        elif not NAME.fullmatch(name):
            flaws.append(f"{shown(name) or 'nothing'} before = is not a name")
        elif not value:
            flaws.append(f"{shown(name)}= has no value")
        elif name not in free and not VALUE.fullmatch(value):
            flaws.append(f"{shown(field)} has a blank, an = or another character in its value that must not be there")
        else:
            pairs.append((name, value))
    return Fields(pairs=tuple(pairs), flaws=tuple(flaws))


def status(chosen: Chosen) -> Record:
    """Of a choice that came to nothing."""
    return Record.INVALID if chosen.cause else Record.NONE


def shown(raw: bytes, most: int = 80) -> str:
    """Foreign bytes as text for a fact, cut where they go on for too long; whoever prints it escapes it."""
    text = raw[: 4 * most].decode("utf-8", "backslashreplace")
    return text if len(text) <= most else f"{text[:most]}…"


def listed(things: Iterable[str], most: int = NAMED) -> str:
    """The first of them, and how many more there are."""
    every = list(things)
    more = f"; and {len(every) - most} more" if len(every) > most else ""
    return clipped("; ".join(every[:most]) + more)


def clipped(text: str) -> str:
    """No longer than a fact may be."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
