"""Ranges of addresses as connectors write them."""

import ipaddress
from collections.abc import Iterable, Iterator

MOST_RANGES = 1000  # of one connector
Range = tuple[int, int, int]  # version, first and last address


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
    try:
        there = ipaddress.ip_address(address)
    except ValueError:
        return None
    place = int(there)
    return next(
        (text for text, (version, first, last) in ranges(given) if version == there.version and first <= place <= last),
        None,
    )
