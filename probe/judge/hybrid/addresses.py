"""Ranges of addresses as connectors write them."""

import ipaddress
from collections.abc import Iterable, Iterator

MOST_RANGES = 1000  # of one connector
Range = tuple[int, int, int]  # version, first and last address
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# What no server on the Internet sees a client come from: RFC 1918, RFC 6598, loopback and link-local.
_INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")
)


def ranges(given: Iterable[str]) -> Iterator[tuple[str, Range]]:
    """`10.0.0.1-10.0.0.9`, `10.0.0.0/8`, `10.0.0.0(255.0.0.0)` or one address; anything else is passed over."""
    for _, text in zip(range(MOST_RANGES), given, strict=False):
        first, dash, last = text.strip().partition("-")
        try:
            if dash:
                begin, end = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
                if begin.version == end.version:
                    yield text, (begin.version, int(begin), int(end))
            else:
                network = ipaddress.ip_network(first.replace("(", "/").removesuffix(")"), strict=False)
                yield text, (network.version, int(network[0]), int(network[-1]))
        except ValueError:
            continue


def within(address: str, given: Iterable[str]) -> str | None:
    """The range that the address lies in, as it is written; None: in none, or it is no address."""
    there = _read(address)
    if there is None:
        return None
    place = int(there)
    return next(
        (text for text, (version, first, last) in ranges(given) if version == there.version and first <= place <= last),
        None,
    )


def is_hidden(address: str, given: Iterable[str]) -> bool:
    """Whether a client with this address may come from one of these all the same: it lies inside, and Exchange Online
    would see another, which these may have. SenderIPAddresses take no IPv6, so that is as good as inside."""
    there = _read(address)
    if there is None or _is_outside(there):
        return False
    return any(version == 4 and _is_outside(ipaddress.IPv4Address(first)) for _, (version, first, _) in ranges(given))


def _is_outside(address: Address) -> bool:
    return address.version == 4 and not any(address in network for network in _INSIDE)


def _read(address: str) -> Address | None:
    """An address of IPv4 in the clothes of IPv6 (RFC 4291 §2.5.5.2) is one of IPv4; None: it is none at all."""
    try:
        there = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(there, "ipv4_mapped", None) or there
