"""The text of a policy (RFC 8461 §3.2), to the letter.

    sts-policy-record = sts-policy-field *WSP *(sts-policy-term sts-policy-field *WSP) [sts-policy-term]
    sts-policy-field  = name ":" *WSP value      ; version, mode, max_age: once each; mx: once or more, unless mode none
    sts-policy-term   = LF / CRLF
    sts-policy-mx-value      = ["*."] Domain     ; RFC 5321 §4.1.2: no dot at the end, no underscore
    sts-policy-max-age-value = 1*10(DIGIT)       ; at most 31557600, a year
    sts-policy-ext-value     = vchar [*(SP / vchar) vchar]   ; UTF-8

Names and values are case-sensitive, and the fields come in any order. No line may be empty: many a sender passes over
one, the grammar does not. Spec: by the grammar alone, `mode: strict` is a well-formed extension by the name of mode. It
is read here as what it was meant for, a mode, and a wrong one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from probe.judge.txt import BLANKS, NAME, listed, shown

MOST_BYTES = 65536  # RFC 8461 §3.3
MOST_AGE = 31557600  # seconds
MODES = ("enforce", "testing", "none")

_ENOUGH = 64  # lines that are none
_ONCE = ("version", "mode", "max_age")
_LABEL = rb"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_PATTERN = re.compile(rb"(?:\*\.)?" + _LABEL + rb"(?:\." + _LABEL + rb")*")
_DIGITS = re.compile(rb"[0-9]{1,10}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A policy that holds to the grammar. `max_age` in seconds; `mx` are the patterns as written. `unknown` names the
    fields that are ignored, `repeated` those whose first entry alone counts."""

    mode: str
    max_age: int
    mx: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()

    @property
    def binding(self) -> bool:
        """Whether it asks anything of the hosts. RFC 8461 §5: `none` is as if there were no policy."""
        return self.mode != "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Why a text is no policy. `cause` is one of syntax, version, mode, max-age, mx."""

    cause: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    name: str
    value: bytes


def read_policy(body: bytes) -> Terms | Flaw:
    """The policy in a response's body, or the first thing that is wrong with it; `reason` tells the next ones too."""
    if not body:
        return Flaw(cause="syntax", reason="the policy is empty")
    flaws: list[Flaw] = []
    found: dict[str, list[_Line]] = {}
    for line in _lines(body):
        if isinstance(line, Flaw):
            flaws.append(line)
            if len(flaws) == _ENOUGH:  # it is something else altogether
                break
        else:
            found.setdefault(line.name, []).append(line)
    # RFC 8461 §3.2: of a field that must not be repeated, all entries but the first are ignored.
    first = {name: found[name][0] for name in _ONCE if name in found}
    patterns = found.get("mx", [])
    flaws += (flaw for line in (*first.values(), *patterns) if (flaw := _flaw(line)))
    mode = first["mode"].value.decode() if "mode" in first else ""
    wanted = [name for name in _ONCE if name not in first]
    wanted += ["mx"] if not patterns and mode != "none" else []
    flaws += (_missing(name, found) for name in wanted)
    if flaws:
        return Flaw(cause=flaws[0].cause, reason=listed(flaw.reason for flaw in flaws))
    return Terms(
        mode=mode,
        max_age=int(first["max_age"].value),
        mx=tuple(dict.fromkeys(line.value.decode() for line in patterns)),
        unknown=tuple(name for name in found if name not in (*_ONCE, "mx")),
        repeated=tuple(name for name in first if len(found[name]) > 1),
    )


def _lines(body: bytes) -> Iterator[_Line | Flaw]:
    *ended, rest = body.split(b"\n")
    lines = [line.removesuffix(b"\r") for line in ended]
    for number, line in enumerate([*lines, rest] if rest else lines, 1):
        yield _read(number, line)


def _read(number: int, line: bytes) -> _Line | Flaw:
    name, colon, value = line.rstrip(BLANKS).partition(b":")
    value = value.lstrip(BLANKS)
    if not colon or not NAME.fullmatch(name):
        wrong = _no_field(line, name, colon)
    elif not value:
        wrong = f"{shown(name)} has no value"
    else:
        try:
            if not _CONTROL.search(value.decode()):
                return _Line(number, name.decode(), value)
            wrong = f"{shown(name)} has a control character in its value"
        except UnicodeDecodeError:
            wrong = f"{shown(name)} has a value that is not UTF-8"
    return Flaw(cause="syntax", reason=f"line {number}: {wrong}")


def _no_field(line: bytes, name: bytes, colon: bytes) -> str:
    if not line.strip(BLANKS):
        return "empty"
    if line.startswith(b"\xef\xbb\xbf"):
        return "begins with a byte order mark"
    if line[:1] in (b" ", b"\t"):
        return "begins with a blank"
    if colon and NAME.fullmatch(name.rstrip(BLANKS)):
        return f"a blank stands between {shown(name.rstrip(BLANKS))} and the colon"
    return f"{shown(line)} is not name: value"


def _flaw(line: _Line) -> Flaw | None:
    """What is wrong with the value of a field that has a meaning."""
    value, there = line.value, f"line {line.number}: {line.name} is {shown(line.value)}"
    match line.name:
        case "version" if value != b"STSv1":
            return Flaw(cause="version", reason=f"{there}, not STSv1")
        case "mode" if value not in (mode.encode() for mode in MODES):
            return Flaw(cause="mode", reason=f"{there}, not enforce, testing or none")
        case "max_age" if not _DIGITS.fullmatch(value):
            return Flaw(cause="max-age", reason=f"{there}, not a number of up to ten digits")
        case "max_age" if int(value) > MOST_AGE:
            return Flaw(cause="max-age", reason=f"{there}, more than {MOST_AGE}")
        case "mx" if not _PATTERN.fullmatch(value):
            return Flaw(cause="mx", reason=f"{there}: {_no_pattern(value)}")
    return None


def _no_pattern(value: bytes) -> str:
    if b"," in value or b" " in value or b"\t" in value:
        return "each pattern needs a line of its own"
    if value.endswith(b"."):
        return "no dot may stand at the end"
    if b"*" in value.removeprefix(b"*."):
        return "a wildcard is the whole first label, as in *.example.org"
    if not value.isascii():
        return "a name in other letters is written as its A-label, xn--…"
    return "not a host name, nor *. and a domain"


def _missing(name: str, found: dict[str, list[_Line]]) -> Flaw:
    alike = next((line for other, lines in found.items() for line in lines if other.lower() == name), None)
    hint = f"; line {alike.number} has {alike.name}, and names are in lower case" if alike else ""
    return Flaw(cause=name.replace("_", "-"), reason=f"{name} is missing{hint}")
