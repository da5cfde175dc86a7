"""Where sinks send to, and what of it may be shown: scheme, host and port, never a path, which may be a secret."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, urlsplit

from probe.alert.sink import Undelivered
from probe.alert.words import Secret

MOST_SAID = 200  # characters of what a receiver says, and of its name
_LEAST_SECRET = 4  # characters: to blot out "v2" hides nothing


def revealed(secret: Secret | str) -> str:
    """The text of a secret. Raises `Undelivered` where there is none: it may be there the next time."""
    try:
        return secret.reveal() if isinstance(secret, Secret) else secret
    except LookupError as error:
        raise Undelivered(shown(str(error.args[0]), MOST_SAID)) from None


def origin(url: Secret | str) -> str:
    """Scheme, host and port of an http address; empty where it is none, or is not to be had."""
    try:
        parts = urlsplit(url.reveal() if isinstance(url, Secret) else url)
        port = parts.port
    except (LookupError, ValueError):
        return ""
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return shown(f"{parts.scheme}://{host}" + (f":{port}" if port else ""), MOST_SAID)


def loopback(url: str) -> bool:
    """Whether what is sent to the address does not leave this machine (RFC 6761 §6.3)."""
    from ipaddress import ip_address

    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def secrets(url: str) -> Iterator[str]:
    """What may be secret in an address: everything but scheme, host and port, whole and in pieces."""
    parts = urlsplit(url)
    for text in (parts.path, parts.query, parts.fragment, parts.username or "", parts.password or ""):
        for piece in (text, *re.split("[/=&]", text)):
            yield piece
            yield unquote(piece)


def without(text: str, hidden: Iterable[str]) -> str:
    """The text of a receiver, bounded, with whatever is secret blotted out."""
    known = sorted({secret for secret in hidden if len(secret) >= _LEAST_SECRET}, key=len, reverse=True)
    if known:
        text = re.sub("|".join(map(re.escape, known)), "…", text, flags=re.IGNORECASE)
    return shown(text, MOST_SAID)


def shown(text: str, most: int) -> str:
    """The text on one line, what cannot be seen replaced, cut with "…" beyond `most` characters."""
    text = "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text).strip()
    return text if len(text) <= most else text[: most - 1] + "…"
