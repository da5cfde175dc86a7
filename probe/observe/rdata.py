"""Names and the data of records as text, and how much of it is kept. Used by `response` only."""

import string
from collections.abc import Iterable

import dns.ipv4
import dns.ipv6
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from probe.observe.query import NoAnswerError

MAX_STRINGS = 8_192  # octets kept of one TXT record, in whole strings
MAX_TEXT = 65_536  # characters kept of the records of an answer, in whole records

_A, _AAAA, _CNAME, _MX, _TLSA, _TXT = (
    int(dns.rdatatype.from_text(t)) for t in ("A", "AAAA", "CNAME", "MX", "TLSA", "TXT")
)
_PLAIN = (string.ascii_lowercase + string.digits + "-_").encode()  # needs no escape in any name


def records_text(found: Iterable[tuple[int, int, int]], wire: bytes, total: int) -> tuple[list[str], str]:
    """The records, each given by its type, start and end, as text; and what was left out, in words.

    `total` is how many there were. Raises DNSException and `NoAnswerError` for what cannot be read.
    """
    texts: list[str] = []
    characters, cut = 0, ""
    for rtype, start, end in found:
        if rtype == _TXT:
            text, kept = _txt_text(wire[start:end])
            if kept < end - start:
                cut = f"a record of {end - start:,} octets cut to {kept:,}"
        else:
            text = _record_text(rtype, wire, start, end)
        characters += len(text)
        if texts and characters > MAX_TEXT:
            break
        texts.append(text)
    left_out = f"{len(texts):,} of {total:,} records read" if len(texts) < total else ""
    return texts, "; ".join(filter(None, (left_out, cut)))


def name_text(labels: tuple[bytes, ...]) -> str:
    """A name, its labels in lower case, without the last dot, odd octets escaped as in a zone file; the root is "."."""
    plain = b".".join(labels[:-1])
    if plain and not plain.replace(b".", b"").translate(None, _PLAIN) and plain.count(b".") == len(labels) - 2:
        return plain.decode()
    return dns.name.Name(labels).to_text(omit_final_dot=True)


def folded(name: dns.name.Name) -> tuple[bytes, ...]:
    """The labels in lower case: equal for equal names. To hash dnspython's own names takes time for every octet."""
    return tuple([label.lower() for label in name.labels])


def name_at(wire: bytes, start: int, end: int) -> tuple[bytes, ...]:
    """The labels of the name that fills these octets of a message, in lower case."""
    name, length = dns.name.from_wire(wire, start)
    if start + length != end:
        raise NoAnswerError("unreadable answer", "a name does not end with its record")
    return folded(name)


def _record_text(rtype: int, wire: bytes, start: int, end: int) -> str:
    """Types that are asked for all the time are read here: to make one of dnspython's records takes longer than all the
    rest of reading an answer."""
    length = end - start
    if rtype == _A and length == 4:
        return dns.ipv4.inet_ntoa(wire[start:end])
    if rtype == _AAAA and length == 16:
        return dns.ipv6.inet_ntoa(wire[start:end])
    if rtype == _MX and length > 2:
        return f"{int.from_bytes(wire[start : start + 2])} {name_text(name_at(wire, start + 2, end))}"
    if rtype == _CNAME:
        return name_text(name_at(wire, start, end))
    if rtype == _TLSA:
        return _tlsa_text(wire[start:end])
    return dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.RdataType.make(rtype), wire, start, length).to_text()


def _tlsa_text(data: bytes) -> str:
    """RFC 6698 §2.2, whatever the numbers and the length: dnspython refuses data that does not fit its matching type,
    and with it the whole answer. What lacks a field is shown as RFC 3597 §5 shows the unknown."""
    if len(data) < 4:
        return f"\\# {len(data)} {data.hex()}".rstrip()
    usage, selector, matching = data[:3]
    return f"{usage} {selector} {matching} {data[3:].hex()}"


def _txt_text(data: bytes) -> tuple[str, int]:
    """The strings of a TXT record (RFC 1035 §3.3.14), quoted, as many as are kept; and how many octets these are."""
    strings: list[str] = []
    at = 0
    while at < len(data):
        end = at + 1 + data[at]
        if end > len(data):
            raise NoAnswerError("unreadable answer", "a text goes on behind the end of its record")
        if end > MAX_STRINGS:
            break
        strings.append(f'"{_escaped(data[at + 1 : end])}"')
        at = end
    return " ".join(strings) or '""', at


def _escaped(text: bytes) -> str:
    """RFC 1035 §5.1, as dnspython writes it."""
    plain = text.decode("latin-1")
    if plain.isascii() and plain.isprintable() and '"' not in plain and "\\" not in plain:
        return plain
    return "".join(_ESCAPES[octet] for octet in text)


_ESCAPES = [
    f"\\{octet:03}" if not 0x20 <= octet < 0x7F else f"\\{octet:c}" if octet in b'"\\' else chr(octet)
    for octet in range(256)
]
