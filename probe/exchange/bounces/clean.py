"""Text from anywhere, made fit to be read: one kind of blank, no invisible marks, no whole mail addresses.

Whoever wrote the mail, and to whom, is nobody's business here: local parts are cut off before anything is kept.
"""

import html
import re

MOST = 2**20  # characters that are looked at; the original message stands last in a report, and is of no use
LONGEST_LOCAL = 320  # characters of a local part; RFC 5321 §4.5.3.1.1 allows 64, Exchange's own are longer

_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# What comes along when text is copied from a report or from Windows: direction marks, joiners, soft hyphens.
_INVISIBLE = re.compile(r"[\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\x00-\x08\x0e-\x1f\x7f]")
_TYPOGRAPHIC = str.maketrans("“”„‟″‘’‚‛′\xa0\u2007\u202f", "\"\"\"\"\"'''''   ")
_TAG = re.compile(r"<(/?[a-zA-Z!][^<>]*)>")
_BREAKING = re.compile(r"<(?:br|/?p|/?div|/?tr|/?td|/?table|/?li|/?h\d)\b[^<>]*>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(style|script|head)\b[^<>]*>")
_QUOTE = re.compile(r"^[>|][>| \t]*", re.MULTILINE)
_NO_LOCAL = frozenset(" \t\n<>()[]{},:;\\\"'=@|…")


def clean(text: str) -> str:
    """The text with LF for every line break, without quoting marks and without what cannot be seen."""
    text = text[:MOST].encode("utf-8", "replace").decode("utf-8")  # argv may hold bytes that are no text
    text = _BREAKS.sub("\n", text)
    return _QUOTE.sub("", _INVISIBLE.sub("", text).translate(_TYPOGRAPHIC))


def masked(text: str) -> str:
    """The text with `…@domain` for every mail address."""
    head, *rest = text.split("@")
    found = [head]
    for part in rest:
        if part[:1].isalnum() or part[:1] == "[":
            found[-1] = _without_local(found[-1])
        found.append(part)
    return "@".join(found)


def _without_local(text: str) -> str:
    """The text without the local part that it ends with: a word, or a text in quotes."""
    if text.endswith("…"):
        return text
    least = max(len(text) - LONGEST_LOCAL, 0)
    if text.endswith('"') and (begin := text.rfind('"', least, len(text) - 1)) >= 0:
        return text[:begin] + "…"
    end = len(text)
    while end > least and text[end - 1] not in _NO_LOCAL:
        end -= 1
    return text[:end] + "…"


def joined(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())


def looks_like_html(text: str) -> bool:
    head = text[:20_000].lower()
    return "<html" in head or "<body" in head or ("<br" in head or "<p>" in head or "<td" in head)


def from_html(text: str) -> str:
    """What a reader of the HTML sees, roughly: tags dropped, entities written out."""
    kept = []
    for number, piece in enumerate(_UNSEEN.split(text)):
        if number == 0:
            kept.append(piece)
        elif number % 2 == 0:  # behind an opening tag whose content is not shown; its name stands in between
            kept.append(piece.partition("</")[2].partition(">")[2])
    return html.unescape(_TAG.sub(" ", _BREAKING.sub("\n", "".join(kept))))
