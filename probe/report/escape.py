"""Text from peers, made fit for a terminal.

A banner, a reply or a certificate may carry anything: escape sequences that repaint the screen, overrides that turn a
name from right to left, line breaks that forge a line of ours. What cannot be seen as itself does not get through.
"""

LIMIT = 300  # characters shown of one field; a distinguished name that Exchange can use has at most 256

_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def visible(text: str, limit: int = LIMIT) -> str:
    """The text on one line, everything unprintable written out (`\\x1b`, `\\u202e`), cut with "…" beyond the limit.

    What Python calls unprintable is what Unicode calls Other or Separator, the plain blank excepted: control
    characters, bidirectional overrides, zero-width characters, line separators, lone surrogates.
    """
    text = _decoded(text)
    if not text.isprintable():
        # Escapes make text longer: what is beyond the limit already need not be escaped to be cut.
        text = "".join(c if c.isprintable() else _escaped(c) for c in text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _escaped(character: str) -> str:
    # Not by the codec of that name: Python would load it only now, perhaps as a user who may not read its library.
    if character in _SHORT:
        return _SHORT[character]
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _decoded(text: str) -> str:
    """Wire text is kept one character a byte: where those bytes are UTF-8, what they say."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
