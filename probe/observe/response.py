"""Reading a DNS response: what it says. Used by `ask` only.

Names are dnspython's to decode. The sections are walked here and not by `dns.message.from_wire`, which hashes every
record at a cost that grows with the square of its labels: one answer of 56 KiB, full of pointers to one long name,
keeps it busy for nine seconds. A usual answer costs it ten times as much, too.
"""

import struct
from typing import NamedTuple

import dns.flags
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from probe.model import Answer, Kind, Outcome, Question
from probe.observe.query import AD, HEAD, NoAnswerError, Query
from probe.observe.rdata import folded, name_at, name_text, records_text
from probe.observe.validation import extended_errors

MAX_RECORDS = 1_000  # read of one response
MAX_ALIASES = 16  # followed

_ANSWER, _AUTHORITY, _ADDITIONAL = 0, 1, 2
_IN = int(dns.rdataclass.IN)
_CNAME, _NS, _SOA, _OPT = (
    int(rtype) for rtype in (dns.rdatatype.CNAME, dns.rdatatype.NS, dns.rdatatype.SOA, dns.rdatatype.OPT)
)
_RA = int(dns.flags.RA)
_TELLING = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
_POINTER = b"\xc0"

_Labels = tuple[bytes, ...]  # of a name, in lower case


class _Record(NamedTuple):
    owner: _Labels
    rtype: int
    rclass: int
    ttl: int
    start: int  # of its data, in the response
    end: int


def is_authentic(wire: bytes) -> bool:
    """Whether the server says that it has validated everything in its answer (AD, RFC 4035 §3.2.3)."""
    return bool(int.from_bytes(wire[2:4]) & AD)


def read(question: Question, query: Query, wire: bytes, resolver: str) -> Answer:
    """What a response to the query says of the question. Raises `NoAnswerError`, and DNSException where it cannot be
    read. That it is a response to the query, `Query.flags_of` has found before."""
    flags, questions, *counts = struct.unpack_from("!HHHHH", wire, 2)
    walk = _Walk(wire, query, questions)
    answers = walk.records(counts[_ANSWER])
    aliases, name, found = _follow(query, answers if flags & 0xF in _TELLING else [], wire)
    # Where the answer is there, what comes behind it does not matter. Elsewhere it says why there is none.
    authority, additional = ([], []) if found else (walk.records(counts[_AUTHORITY]), walk.records(counts[_ADDITIONAL]))
    options = next((record for record in additional if record.rtype == _OPT), None)
    rcode = dns.rcode.from_flags(flags, options.ttl if options else 0)  # RFC 6891 §6.1.3
    if rcode not in _TELLING:
        errors = extended_errors(wire[options.start : options.end]) if options else ()
        raise NoAnswerError(dns.rcode.to_text(rcode), errors=errors)
    if found and rcode == dns.rcode.NXDOMAIN:
        raise NoAnswerError("unreadable answer", "there is no such name, and yet there are records")
    if not found and rcode == dns.rcode.NOERROR and _is_referral(flags, authority):
        raise NoAnswerError("referral", "it does not look up names for others")

    negative = Outcome.NXDOMAIN if rcode == dns.rcode.NXDOMAIN else Outcome.NODATA
    total = counts[_ANSWER] if counts[_ANSWER] > MAX_RECORDS else len(found)
    texts, cuts = records_text([(record.rtype, record.start, record.end) for record in found], wire, total)
    return Answer(
        question=question,
        outcome=Outcome.FOUND if found else negative,
        canonical=name_text(name),
        records=tuple(sorted(set(texts))),  # RFC 2181 §5: a set. Two looks at the same records shall be equal
        aliases=tuple(name_text(alias) for alias, _ in aliases),
        ttl=_ttl([record for _, record in aliases], found, authority, wire),
        resolver=resolver,
        detail=cuts,
    )


class _Walk:
    """Goes through the sections one after another, and leaves the data of records undecoded."""

    def __init__(self, wire: bytes, query: Query, questions: int) -> None:
        self._wire = wire
        self._at = HEAD + (len(query.question) if questions else 0)
        self._left = MAX_RECORDS
        # By where they stand. Nearly every owner is a pointer to the name in the question.
        self._names = {HEAD: folded(query.name)} if questions else {}

    def records(self, count: int) -> list[_Record]:
        """The next section, of so many records; fewer where the limit is reached."""
        count = min(count, self._left)
        self._left -= count
        try:
            return [self._record() for _ in range(count)]
        except struct.error:
            raise NoAnswerError("unreadable answer", "it ends in the middle of a record") from None

    def _record(self) -> _Record:
        owner = self._name()
        rtype, rclass, ttl, length = struct.unpack_from("!HHIH", self._wire, self._at)
        start = self._at + 10
        self._at = end = start + length
        if end > len(self._wire):
            raise struct.error
        return _Record(owner, rtype, rclass, ttl, start, end)

    def _name(self) -> _Labels:
        start = self._at
        if self._wire[start : start + 1] >= _POINTER:
            place = struct.unpack_from("!H", self._wire, start)[0] & 0x3FFF
            known = self._names.get(place)
            if known is not None:
                self._at += 2
                return known
        else:
            place = start
        name, length = dns.name.from_wire(self._wire, start)
        self._at += length
        labels = self._names[place] = folded(name)
        return labels


def _follow(
    query: Query, answers: list[_Record], wire: bytes
) -> tuple[list[tuple[_Labels, _Record]], _Labels, list[_Record]]:
    """The aliases on the way from the asked name, the last name, and what was asked for there."""
    held: dict[tuple[_Labels, int], list[_Record]] = {}
    for record in answers:
        if record.rclass == _IN:
            held.setdefault((record.owner, record.rtype), []).append(record)
    name, aliases = folded(query.name), list[tuple[_Labels, _Record]]()
    while True:
        found, alias = held.get((name, query.rtype), []), held.get((name, _CNAME))
        if found or not alias:
            return aliases, name, found
        if len(aliases) == MAX_ALIASES:
            raise NoAnswerError("CNAME loop", f"more than {MAX_ALIASES} aliases", Kind.PROTOCOL)
        aliases.append((name, alias[0]))
        name = name_at(wire, alias[0].start, alias[0].end)


def _is_referral(flags: int, authority: list[_Record]) -> bool:
    """An authoritative server pointing elsewhere, which says nothing about the name (RFC 2308 §2.2)."""
    types = {record.rtype for record in authority}
    return not flags & _RA and _NS in types and _SOA not in types


def _ttl(aliases: list[_Record], found: list[_Record], authority: list[_Record], wire: bytes) -> int | None:
    """For how many seconds all of the answer holds."""
    if found:
        return min(record.ttl for record in (*aliases, *found))
    soa = next((record for record in authority if record.rtype == _SOA), None)
    if soa is None or soa.end - soa.start < 22:
        return None
    # RFC 2308 §5: the smaller of the SOA's own TTL and its MINIMUM, the last four octets of its data.
    return min(soa.ttl, int.from_bytes(wire[soa.end - 4 : soa.end]), *(record.ttl for record in aliases))
