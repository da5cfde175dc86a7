"""Reading a DNS response: whether it is ours, and what it says. Used by `ask` only.

Names and records are dnspython's to decode, and so is the head. The sections are walked here and not by
`dns.message.from_wire`, which hashes every record at a cost that grows with the square of its labels: one answer of
56 KiB, full of pointers to one long name, keeps it busy for nine seconds.
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.MX
import dns.wire

from probe.model import Answer, Kind, Outcome, Question

MAX_RECORDS = 1_000  # read of one response
MAX_ALIASES = 16  # followed

_HEAD = 12 + 255 + 4  # octets of the header and one question, at their longest
_ANSWER, _AUTHORITY = 0, 1


class NoAnswerError(Exception):
    """A response came, and leaves it open what is there: `what` it was instead, and `why` in more words.

    `kind` PROTOCOL: the fault is the zone's own, and no other resolver would know more.
    """

    def __init__(self, what: str, why: str = "", kind: Kind | None = None) -> None:
        super().__init__(what, why)
        self.what, self.why, self.kind = what, why, kind


class _Record(NamedTuple):
    section: int
    owner: dns.name.Name
    rtype: dns.rdatatype.RdataType
    rclass: dns.rdataclass.RdataClass
    ttl: int
    start: int  # of its data, in the response
    length: int

    def data(self, wire: bytes) -> dns.rdata.Rdata:
        return dns.rdata.from_wire(self.rclass, self.rtype, wire, self.start, self.length)


def flags_of(wire: bytes, query: dns.message.QueryMessage) -> int | None:
    """The flags of a response to `query`; None where it is no such thing: a stray, a forgery, rubbish."""
    try:
        head = dns.message.from_wire(wire[:_HEAD], question_only=True)
    except dns.exception.DNSException:
        return None
    return head.flags if query.is_response(head) else None


def read(question: Question, wire: bytes, resolver: str) -> Answer:
    """What a response to the question says of it. Raises `NoAnswerError`, and DNSException where it cannot be read.

    What else it says of its answer, such as its DNSSEC status, is to be read here.
    """
    parser = dns.wire.Parser(wire)
    _, flags, questions, *counts = parser.get_struct("!HHHHHH")
    for _ in range(questions):
        parser.get_name(decompress=True)
        parser.get_struct("!HH")
    records = list(itertools.islice(_walk(parser, counts), MAX_RECORDS))

    extended = next((record.ttl for record in records if record.rtype == dns.rdatatype.OPT), 0)  # RFC 6891 §6.1.3
    rcode = dns.rcode.from_flags(flags, extended)
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise NoAnswerError(dns.rcode.to_text(rcode))
    aliases, name, found = _follow(question, records, wire)
    if found and rcode == dns.rcode.NXDOMAIN:
        raise NoAnswerError("unreadable answer", "there is no such name, and yet there are records")
    if not found and rcode == dns.rcode.NOERROR and _is_referral(flags, records):
        raise NoAnswerError("referral", "it does not look up names for others")

    texts = {_record_text(record.data(wire)) for record in found}
    negative = Outcome.NXDOMAIN if rcode == dns.rcode.NXDOMAIN else Outcome.NODATA
    total = counts[_ANSWER]
    return Answer(
        question=question,
        outcome=Outcome.FOUND if found else negative,
        canonical=_name_text(name),
        records=tuple(sorted(texts)),  # RFC 2181 §5: a set. Two looks at the same records shall be equal
        aliases=tuple(_name_text(record.owner) for record in aliases),
        ttl=min(record.ttl for record in (*aliases, *found)) if found else None,
        resolver=resolver,
        detail=f"{MAX_RECORDS:,} of {total:,} records read" if total > MAX_RECORDS else "",
    )


def _walk(parser: dns.wire.Parser, counts: list[int]) -> Iterator[_Record]:
    """The records of all sections, undecoded."""
    for section, count in enumerate(counts):
        for _ in range(count):
            owner = parser.get_name(decompress=True)
            rtype, rclass, ttl, length = parser.get_struct("!HHIH")
            rtype, rclass = dns.rdatatype.RdataType.make(rtype), dns.rdataclass.RdataClass.make(rclass)
            yield _Record(section, owner, rtype, rclass, ttl, parser.current, length)
            parser.get_bytes(length)


def _follow(
    question: Question, records: list[_Record], wire: bytes
) -> tuple[list[_Record], dns.name.Name, list[_Record]]:
    """The aliases on the way from the asked name, the last name, and what was asked for there."""
    held: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], list[_Record]] = {}
    for record in records:
        if record.section == _ANSWER and record.rclass == dns.rdataclass.IN:
            held.setdefault((record.owner, record.rtype), []).append(record)
    name, rtype = dns.name.from_text(question.name), dns.rdatatype.from_text(question.rtype)
    aliases: list[_Record] = []
    while True:
        found, alias = held.get((name, rtype), []), held.get((name, dns.rdatatype.CNAME))
        if found or not alias:
            return aliases, name, found
        if len(aliases) == MAX_ALIASES:
            raise NoAnswerError("CNAME loop", f"more than {MAX_ALIASES} aliases", Kind.PROTOCOL)
        aliases.append(alias[0])
        name = cast(dns.rdtypes.ANY.CNAME.CNAME, alias[0].data(wire)).target


def _is_referral(flags: int, records: list[_Record]) -> bool:
    """An authoritative server pointing elsewhere, which says nothing about the name (RFC 2308 §2.2)."""
    types = {record.rtype for record in records if record.section == _AUTHORITY}
    return not flags & dns.flags.RA and dns.rdatatype.NS in types and dns.rdatatype.SOA not in types


def _name_text(name: dns.name.Name) -> str:
    """Lower case, without the last dot, odd octets escaped as in a zone file; the root is "."."""
    return name.canonicalize().to_text(omit_final_dot=True)


def _record_text(data: dns.rdata.Rdata) -> str:
    if isinstance(data, dns.rdtypes.ANY.MX.MX):
        return f"{data.preference} {_name_text(data.exchange)}"
    return data.to_text()
