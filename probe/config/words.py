"""The words of single options, turned into values."""

import re
from datetime import UTC, datetime

from probe.config.targets import address_of, host_and_port, name_of
from probe.errors import UsageError
from probe.judge.dn import Identity, parse_identity


def host_name(text: str, option: str) -> str:
    """A host name for an option such as --sni."""
    try:
        return name_of(text, text)
    except UsageError:
        raise UsageError(f"{option} `{text}` is not a host name", "as in mail.example.org") from None


def expected_name(text: str) -> str:
    """A connector's TlsDomain: a domain, or `*.` and a domain."""
    wildcard, rest = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    if address_of(rest):
        raise UsageError(
            f"--expect-name `{text}` is an address", "a connector's TlsDomain is a domain, as in mail.contoso.com"
        )
    return wildcard + host_name(rest, "--expect-name")


def address(text: str, option: str) -> str:
    """An IP address."""
    if canonical := address_of(text.removeprefix("[").removesuffix("]")):
        return canonical
    raise UsageError(f"{option} `{text}` is not an address", "as in 192.0.2.1 or 2001:db8::1")


def resolver(text: str) -> tuple[str, int]:
    """A resolver's address and port, 53 unless named."""
    try:
        host, port = host_and_port(text, text)
    except UsageError:
        host, port = "", None
    if not address_of(host):
        raise UsageError(f"--resolver `{text}` is not an address", "as in 192.0.2.53, 127.0.0.1:5353 or [::1]:53")
    return host, port or 53


def moment(text: str) -> datetime:
    """A moment in ISO 8601; without an offset, UTC; without a time, midnight."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--at `{text}` is not a date", "as in 2026-12-24 or 2026-12-24T18:00:00Z") from None
    try:
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise UsageError(f"--at `{text}` is beyond the calendar", "as in 2026-12-24") from None


def thumbprint(text: str) -> str:
    """A SHA-1 or SHA-256 thumbprint as bare lower-case hex.

    Blanks, colons and hyphens may stand anywhere, and so may the invisible marks that come along when one is copied
    from Windows' certificate dialog.
    """
    bare = re.sub(r"[\s:\-\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", bare):
        wrong = f"has {len(bare)} digits" if re.fullmatch(r"[0-9a-f]+", bare) else "is not hexadecimal"
        raise UsageError(
            f"--expect-thumbprint `{text}` {wrong}",
            "a thumbprint is 40 hexadecimal digits (SHA-1, as Exchange prints it) or 64 (SHA-256)",
        )
    return bare


def identity(text: str) -> Identity:
    """The issuer and subject of --expect-certificate."""
    try:
        return parse_identity(text)
    except ValueError as error:
        hint = (
            "as Exchange prints it: '<I>CN=Issuing CA, O=Example, C=US<S>CN=mail.contoso.com', in quotes for the shell"
        )
        if re.fullmatch(r"[0-9A-Fa-f\s:-]+", text):
            hint = "a thumbprint is for --expect-thumbprint; this option takes issuer and subject, <I>…<S>…"
        raise UsageError(f"--expect-certificate cannot be read: {error}", hint) from None
