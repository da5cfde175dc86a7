"""Octets to lines, whatever the encoding, in pieces of some hundred kilobytes.

Exchange writes UTF-8. A copy that went through PowerShell or an editor may be UTF-16, in either order, with a mark at
its beginning or without. All of it leaves here as UTF-8, or in the unknown code page that it was: bytes are decoded
where they are kept.
"""

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain

LONGEST = 16384  # bytes of a line; a certificate's row with 250 names has some 8,000
BROKEN = b"\0"  # stands for a line that is longer, or was not written to its end

_PIECE = 1 << 18  # bytes looked at together; decides nothing but speed and memory
_SNIFFED = 4096  # bytes by whose zeros UTF-16 without a mark is known

_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def other_log(head: bytes) -> str | None:
    """The kind of log that a file's first bytes name, as in "Message Tracking Log", where it is not the SMTP protocol
    log; None where it is, or names none."""
    wide = _wide(head)
    text = head.decode(wide, "replace").encode() if wide else head
    for line in text.splitlines()[:10]:
        name, _, value = line.removeprefix(codecs.BOM_UTF8).partition(b":")
        if name == b"#Log-type" and not (b"SMTP" in value and b"Protocol" in value):
            return value.strip().decode("ascii", "replace")[:80]
    return None


def lines(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The lines of a file, without their LF, a list for each piece of it.

    Exchange ends lines with CRLF, and a file that it is writing may end anywhere: where the others end so, the last one
    must, too. Half a word is another word.
    """
    rest, strict = b"", False
    for piece in _plain(chunks):
        found = piece.split(b"\n")
        if len(found) == 1:
            rest = _bounded(rest + piece)
            continue
        found[0] = rest + found[0]
        strict = found[0].endswith(b"\r")
        rest = _bounded(found.pop())
        yield [*map(_cut, found)] if _has_long(piece) or len(found[0]) > LONGEST else found
    if rest:
        yield [BROKEN if strict and not rest.endswith(b"\r") else _cut(rest)]


def _has_long(piece: bytes) -> bool:
    """Whether a line may be too long: it then fills some half of the limit, counted from the beginning, whole."""
    half = LONGEST // 2
    return any(piece.find(b"\n", start, start + half) < 0 for start in range(0, len(piece) - half, half))


def _bounded(line: bytes) -> bytes:
    return line if len(line) <= LONGEST else line[: LONGEST + 1]


def _cut(line: bytes) -> bytes:
    return line if len(line) <= LONGEST else BROKEN


def _plain(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces, none of them UTF-16."""
    pieces = (chunk[start : start + _PIECE] for chunk in chunks for start in range(0, len(chunk), _PIECE))
    head = b""
    for piece in pieces:  # a pipe may give a few bytes at a time, too few to know by
        head += piece
        if len(head) >= _SNIFFED:
            break
    wide = _wide(head)
    if wide is None:
        yield head
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(wide)("replace")
    for piece in chain((head,), pieces):
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


def _wide(head: bytes) -> str | None:
    """The UTF-16 that a file begins in, None where it is none: of Latin text every second byte is 0."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    head = head[:_SNIFFED]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    most, few = len(head) * 0.4, len(head) * 0.05
    if odd > most and even < few:
        return "utf-16-le"
    return "utf-16-be" if even > most and odd < few else None
