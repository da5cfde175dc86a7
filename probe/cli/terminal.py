"""Lines to stdout: in colour where a terminal shows them, in ASCII where its encoding knows no better."""

import os
import sys
from collections.abc import Iterable

from probe.report.layout import Line, coloured, plain


def write(lines: Iterable[Line], *, colour: bool) -> None:
    """Print lines. `colour` False, NO_COLOR in the environment, or no terminal: plain."""
    ascii_only = not _can_show("└─…×→")
    if colour and sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        coloured(lines, sys.stdout, ascii=ascii_only)
    else:
        sys.stdout.write(encodable(plain(lines, ascii=ascii_only)))
    sys.stdout.flush()


def encodable(text: str) -> str:
    """The text, with what the output's encoding has no character for written as an escape."""
    encoding = sys.stdout.encoding or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
