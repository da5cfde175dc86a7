"""What stands in the words of a reply or of a queue's last error: hosts, addresses, names, times.

Exchange writes `[{LED=…};{MSG=…};{FQDN=…};{IP=…};{LRT=…}]`: the last error's details, a message, whom it tried, and the
last retry (in US form; Exchange Online's is UTC). Any field may be empty; `{FQDN=` has been seen missing; the text may
end anywhere. Inside LED there are `[Message=…]` and `[LastAttemptedServerName=…]`, and since about 2023 the message
names what was expected and what was presented.
"""

import ipaddress
import re
from datetime import UTC, datetime

from probe.exchange.bounces.clean import joined

LONGEST = 1000  # characters kept of one field

_PAIR = re.compile(r"\{?\s*(LED|MSG|FQDN|IP|LRT)\s*=([^{}]*)", re.IGNORECASE)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}|{_LABEL}", re.IGNORECASE)
_SCRUBBED = re.compile(
    r"#{2,}|\*{3,}|\b[xX]{1,3}(?:\.[xX]{1,3}){3}\b|\bredacted\b|\bremoved\b|\bX{4,}\b", re.IGNORECASE
)
_TIME = re.compile(r"(\d{1,2})([/.])(\d{1,2})\2(\d{4})\s+(\d{1,2}):(\d{2}):(\d{2})(?:\s*([AP])\.?M\b)?", re.IGNORECASE)
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
_THUMBPRINT = re.compile(r"Thumbprint:?\s*([0-9A-Fa-f]{40})(?![0-9A-Fa-f])", re.IGNORECASE)

# Where the host that was tried is named, the surest place first.
_HOSTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"LastAttemptedServerName=([^\]\s]{1,300})",
        r"OutboundProxyTargetHostName:\s*([^\]\s]{1,300})",
        r"Server at ([^\s()]{1,300})",
        r"relay=([^\s\[\],]{1,300})\[",
        r"\bhost ([^\s\[\]]{1,300})\[[^\[\]\s]{1,300}\]",
        r"\bH=([^\s\[\]]{1,300}) \[",
        r"(?:connect to|connection with|conversation with) ([^\s\[\]]{1,300})\[",
        r"Name service error for name=([^\s]{1,300})",
        r"Remote-MTA:\s*dns;\s*([^\s()]{1,300})",
        r"(?<![^\s<>])([^\s<>]{1,253}) #<",
        r"(?:Receiving server|Message rejected by):\s*([^\s()]{1,300})",
        r"(?<![^\s<>])([^\s<>]{1,253}) Remote Server returned",
    )
)
_ADDRESSES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"OutboundProxyTargetIP:\s*([^\s]{1,300})",
        r"Server at [^\s()]{1,300} \(([^\s()]{1,300})\)",
        r"relay=[^\s\[\],]{1,300}(\[[^\[\]\s]{1,300}\](?::\d+)?)",
        r"\bhost [^\s\[\]]{1,300}(\[[^\[\]\s]{1,300}\])",
        r"\bH=[^\s\[\]]{1,300} (\[[^\[\]\s]{1,300}\](?::\d+)?)",
        r"(?:connect to|connection with|conversation with) [^\s\[\]]{1,300}(\[[^\[\]\s]{1,300}\](?::\d+)?)",
        r"last endpoint attempted was ([^\s]{1,300})",
        r"Receiving server: [^\s()]{1,300} \(([^\s()]{1,300})\)",
        r"(?<![^\s<>])([^\s<>]{1,253}) Remote Server returned",
    )
)


def pairs(text: str) -> dict[str, str]:
    """The fields of a last error, by their names in lower case."""
    found: dict[str, str] = {}
    for key, value in _PAIR.findall(text):
        found.setdefault(key.lower(), joined(value)[:LONGEST])
    if "fqdn" not in found and "msg" in found:  # without its name: `{MSG=};mail.contoso.com};{IP=…}`
        behind = text[text.upper().find("MSG=") :].partition("}")[2].partition("}")[0]
        if "=" not in behind and (host := host_of(behind.strip(" ;{"))):
            found["fqdn"] = host
    return found


def host_of(text: str) -> str | None:
    """The host name in lower case, None where it is none."""
    bare = text.strip(" .,;:'\"<>()").lower()
    if len(bare) > 253 or not _HOST.fullmatch(bare) or address_of(bare):
        return None
    return bare if "." in bare else None


def address_of(text: str) -> str | None:
    """The address in its canonical form, None where it is none."""
    try:
        return str(ipaddress.ip_address(text.strip(" .,;'\"[]()")[:45]))
    except ValueError:
        return None


def address_and_port(text: str) -> tuple[str | None, int | None]:
    """ "192.0.2.25:25", "[2001:db8::25]:25", or the address alone."""
    text = text.strip(" .,;'\"()")
    head, colon, port = text.rpartition(":")
    number = int(port) if colon and port.isascii() and port.isdigit() and len(port) <= 5 else 0
    if 0 < number < 65536 and (head.startswith("[") or ":" not in head) and (address := address_of(head)):
        return address, number
    return address_of(text), None


def host_in(text: str) -> str | None:
    """The host that was tried."""
    return next((host for found in _found(_HOSTS, text) if (host := host_of(found))), None)


def address_in(text: str) -> tuple[str | None, int | None]:
    """The address that was tried, and its port where that is said."""
    last = [value for value in (bracketed(text, "LastAttemptedIP"),) if value]
    return next(
        (place for found in (*last, *_found(_ADDRESSES, text)) if (place := address_and_port(found))[0]), (None, None)
    )


def _found(patterns: tuple[re.Pattern[str], ...], text: str) -> list[str]:
    return [found[1][:300] for pattern in patterns if (found := pattern.search(text))]


def bracketed(text: str, key: str) -> str | None:
    """The value of `[key=value]`; brackets in it are counted, and where it ends early it is what is there."""
    start = text.lower().find(f"[{key.lower()}=")
    if start < 0:
        return None
    start += len(key) + 2
    depth = 1
    for place in range(start, min(len(text), start + LONGEST)):
        depth += {"[": 1, "]": -1}.get(text[place], 0)
        if depth == 0:
            return joined(text[start:place])
    return joined(text[start : start + LONGEST])


def certificate_in(text: str) -> tuple[str | None, str | None, str | None]:
    """Expected name, presented subject and thumbprint of the long form, as far as the text goes."""
    expected = _between(text, "Expected Subject:", ". Presented Subject:")
    presented = _between(text, "Presented Subject:", ". Thumbprint:")
    print_ = _THUMBPRINT.search(text)
    return expected, presented, print_[1].upper() if print_ else None


def _between(text: str, begin: str, end: str) -> str | None:
    _, found, rest = text.partition(begin)
    value = rest.partition(end)[0].partition("]")[0].partition("}")[0].strip()
    return value[:LONGEST].rstrip(" .") or None if found else None


def time_in(text: str) -> datetime | None:
    """A time in US form, taken for UTC; with the day first where dots part them or the month would be beyond 12."""
    found = _TIME.search(text)
    if not found:
        return None
    month, day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6, 7))
    if month > 12 or found[2] == ".":
        month, day = day, month
    if found[8]:
        hour = hour % 12 + (12 if found[8].upper() == "P" else 0)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def exact_time_in(text: str) -> datetime | None:
    """The first time in ISO 8601 with an offset, in UTC."""
    found = _ISO_TIME.search(text)
    try:
        return datetime.fromisoformat(found[0]).astimezone(UTC) if found else None
    except (ValueError, OverflowError):
        return None


def is_scrubbed(text: str) -> bool:
    """Whether somebody took out addresses or names: `###.###.###.###`, `xxx.xxx.xxx.xxx`, `[redacted]`."""
    return bool(_SCRUBBED.search(text))


def is_cut(text: str) -> bool:
    """Whether the text ends early."""
    return text.endswith(("...", "…")) or text.count("{") > text.count("}") or text.count("[") > text.count("]")
