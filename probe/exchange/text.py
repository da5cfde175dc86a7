"""Bytes of a Windows file to text.

PowerShell 5.1 writes UTF-16LE with a byte order mark where `>` redirects, UTF-8 with one where it is told to, and the
machine's code page elsewhere; PowerShell 7 writes UTF-8 without one. Editors and mail lose the mark.
"""

from probe.errors import ExportError

LARGEST = 64 << 20  # bytes; an export of a thousand connectors has a tenth of it

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8", "UTF-8 with BOM"),
    (b"\xff\xfe", "utf-16-le", "UTF-16LE"),
    (b"\xfe\xff", "utf-16-be", "UTF-16BE"),
)
_UNMARKED = {"utf-16-le": "UTF-16LE without BOM", "utf-16-be": "UTF-16BE without BOM"}
_LOOKED_AT = 256  # bytes at the beginning that tell UTF-16 by its zeros


def decoded(data: bytes) -> tuple[str, str]:
    """The text, and the name of the encoding it was found to be in.

    Never fails: what is no UTF-8 is taken for Windows-1252, and what an encoding does not define becomes U+FFFD. Raises
    `ExportError` for more than 64 MiB.
    """
    if len(data) > LARGEST:
        raise ExportError("it has more than 64 MiB", "export less at a time, such as one kind of object a file")
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            return _unmarked(data.decode(codec, "replace")), name
    if wide := _unmarked_utf_16(data[:_LOOKED_AT]):
        return _unmarked(data.decode(wide, "replace")), _UNMARKED[wide]
    try:
        return _unmarked(data.decode("utf-8")), "UTF-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), "Windows-1252"


def _unmarked(text: str) -> str:
    """Without byte order marks: where files are put one after another there are more than the first."""
    return text.replace("\ufeff", "")


def _unmarked_utf_16(start: bytes) -> str | None:
    """Exports are Latin letters nearly all through: in UTF-16 every other octet is zero, in UTF-8 none."""
    pairs = len(start) // 2
    low, high = start[0 : 2 * pairs : 2].count(0), start[1 : 2 * pairs : 2].count(0)
    if max(low, high) * 4 < pairs * 3 or min(low, high) * 4 > pairs or not pairs:
        return None
    return "utf-16-le" if high > low else "utf-16-be"


def wellformed(text: str) -> str:
    """The same text without lone surrogates, which JSON and XML can spell and nothing can print."""
    if text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
