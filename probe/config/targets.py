"""What the user wants probed: one target from one word, many from a list."""

import codecs
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from probe.config.files import read
from probe.errors import UsageError
from probe.judge.certificate import host_address
from probe.model import Target

SCHEMES: dict[str, tuple[int | None, str]] = {
    "smtp": (25, "smtp"),
    "submission": (587, "submission"),  # RFC 6409
    "smtps": (465, "smtps"),  # RFC 8314 §3.3
    "https": (443, "direct"),
    "tls": (None, "direct"),
}

# Ports whose protocol is known, for targets without a scheme. All others are taken for SMTP between servers.
_WELL_KNOWN = {587: "submission", 465: "smtps", **dict.fromkeys((443, 636, 853, 990, 993, 995), "direct")}

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_TARGET_HINT = (
    "a target is host:25, an address, a mail domain, user@domain, or smtp://, submission://, smtps://, https://, tls://"
)


def targets(words: Iterable[str]) -> Iterator[Target]:
    """Every target that the words name, those of `@file` and `-` (standard input) included. Raises `UsageError` and
    `ConfigError`."""
    for word in words:
        if word == "-":
            if sys.stdin is None:
                raise UsageError("standard input is closed", "name the targets, or a file that lists them with @FILE")
            yield from _listed(_text(sys.stdin.buffer.read()), "standard input")
        elif word.startswith("@"):
            yield from _listed(_text(read(Path(word[1:]), "a list of targets")), word[1:])
        else:
            yield target(word)


def _text(raw: bytes) -> str:
    """PowerShell redirects as UTF-16, and editors put a mark in front of UTF-8."""
    utf_16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return raw.decode("utf-16" if utf_16 else "utf-8-sig", "replace")


def _listed(text: str, name: str) -> Iterator[Target]:
    for number, line in enumerate(text.splitlines(), 1):
        if word := line.partition("#")[0].strip():
            try:
                yield target(word)
            except UsageError as error:
                raise UsageError(f"{name}, line {number}: {error}", error.hint) from None


def target(word: str) -> Target:
    """One target from one word. Raises `UsageError`."""
    given = word.strip()
    if not given.isprintable():  # it comes back in every report, and argv may hold bytes that are no text at all
        raise UsageError(f"`{given}` has characters that cannot be printed", _TARGET_HINT)
    scheme, separator, rest = given.partition("://")
    if separator:
        if scheme.lower() not in SCHEMES:
            raise UsageError(f"`{given}` has the unknown scheme `{scheme}`", f"known schemes: {', '.join(SCHEMES)}")
        default_port, dialogue = SCHEMES[scheme.lower()]
        host, port = host_and_port(rest.partition("/")[0], given)
        port = port or default_port
        if port is None:
            raise UsageError(f"`{given}` names no port", "as in tls://host:993")
        return Target(given=given, name=host, port=port, dialogue=dialogue)
    if "@" in given:
        return Target(given=given, name=name_of(given.rpartition("@")[2], given), port=None)
    host, port = host_and_port(given, given)
    if port is None and address_of(host):
        port = 25
    return Target(given=given, name=host, port=port, dialogue=_WELL_KNOWN.get(port or 0, "smtp"))


def address_of(text: str) -> str | None:
    """The canonical text of an address, with its zone (RFC 4007 §11) where it has one; None where it is none."""
    bare, percent, zone = text.partition("%")
    if percent and not (":" in bare and re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", zone)):
        return None
    canonical = host_address(bare)
    return canonical and canonical + percent + zone


def host_and_port(text: str, given: str) -> tuple[str, int | None]:
    """The host or address of a text, and its port where it names one. `given` is what to quote in complaints."""
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(.*))?", text)
    if bracketed:
        address, port = address_of(bracketed[1].removeprefix("IPv6:")), bracketed[2]
        if not address:
            raise UsageError(f"`{given}` has no address between its brackets", "as in [2001:db8::1]:25")
        return address, _port(port, given)
    if address := address_of(text):  # an IPv6 address without brackets has no port
        return address, None
    host, separator, port = text.partition(":")
    return name_of(host, given), _port(port if separator else None, given)


def _port(text: str | None, given: str) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not 0 < int(text) < 65536:
        raise UsageError(f"`{given}` has the port `{text}`", "a port is a number from 1 to 65535, as in host:25")
    return int(text)


def name_of(text: str, given: str) -> str:
    """A host name or domain as lower-case A-labels without a trailing dot, or an address."""
    if address := address_of(text):
        return address
    name = text.removesuffix(".").lower()
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise UsageError(f"`{given}` is no international domain name: {error}", _TARGET_HINT) from None
    if not name or len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise UsageError(f"`{given}` is not a target", _TARGET_HINT)
    if re.fullmatch(r"[0-9.]+", name):
        raise UsageError(f"`{given}` looks like an address and is none", _TARGET_HINT)
    return name
