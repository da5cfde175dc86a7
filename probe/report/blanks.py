"""Filling in the blanks of a command that somebody will paste, with values that somebody else may have chosen.

A name of a connector or a server may hold quotes, `$`, `;` or worse. In PowerShell a value lands inside single quotes
only, where nothing but the quote has a meaning; PowerShell takes the typographic ones (U+2018 to U+201B) for it as
well, so each of them is doubled. Lines for other programs (`probe`, `certutil`, `dig`, zone files) may be pasted into
PowerShell or into a POSIX shell, whose quoting contradict each other (what `'\\''` escapes in one, ends the string in
the other): they get plain values only, as does a blank outside single quotes. A value that is not fit leaves its blank.
"""

import re
from collections.abc import Iterator, Mapping

from probe.report.escape import LIMIT

PER_SERVER = frozenset({"SERVER", "RECEIVE-CONNECTOR"})
BLANKS = PER_SERVER | {
    "SEND-CONNECTOR",
    "INBOUND-CONNECTOR",
    "OUTBOUND-CONNECTOR",
    "NAME",
    "NEW-NAME",
    "THUMBPRINT",
    "HOLDER",
    "OLD-THUMBPRINT",
    "DOMAIN",
    "HOST",
    "ADDRESS",
    "TARGET",
}

_BLANK = re.compile(r"<([A-Z]+(?:-[A-Z]+)*)>")
_QUOTED = re.compile("'[^']*'|\"[^\"]*\"")  # in our own text, which doubles no quotes
_POWERSHELL = re.compile(r" *(?:\$[A-Za-z]+ = |[A-Z][a-z]+-[A-Z][A-Za-z]+ )")  # an assignment, or a cmdlet
_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
_THUMBPRINT = re.compile(r"[0-9A-Fa-f]{40}")
_BARE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
# Host names, addresses and ports, thumbprints, wildcards: no shell sees more in them, in its quotes or in a variable.
_PLAIN = re.compile(r"[A-Za-z0-9_*\[][A-Za-z0-9_*\[\].:-]*")


def blanks(line: str) -> Iterator[str]:
    """The words of the blanks that the line has."""
    return (word for word in _BLANK.findall(line) if word in BLANKS)


def filled(line: str, values: Mapping[str, str]) -> str:
    """The line with its blanks filled in, as far as their values are known and fit to stand there."""
    quoted = [found.span() for found in _QUOTED.finditer(line) if found[0][0] == "'"]
    powershell = _POWERSHELL.match(line) is not None

    def fill(found: re.Match[str]) -> str:
        word = found[1]
        value = values.get(word, "") if word in BLANKS else ""
        if word.endswith("THUMBPRINT") and not _THUMBPRINT.fullmatch(value):
            return found[0]  # a wildcard in its place would mean every certificate
        if not any(start < found.start() < end for start, end in quoted):
            return value if _BARE.fullmatch(value) else found[0]
        if powershell:
            return _QUOTES.sub(r"\1\1", value) if _is_fit(value) else found[0]
        return value if _PLAIN.fullmatch(value) else found[0]

    return _BLANK.sub(fill, line)


def _is_fit(value: str) -> bool:
    """Whether it can be shown and pasted as it is: on one line, with nothing in it that is not seen."""
    return 0 < len(value) <= LIMIT and value.isprintable()
