"""What to publish: the record that a certificate needs, as a line of the zone."""

from probe.judge.dane import tlsa
from probe.judge.dane.case import Case
from probe.judge.dane.tlsa import Record


def proposal(leaf: bytes, records: tuple[Record, ...]) -> Record | None:
    """The record to publish for a leaf beside these: 3 1 1, or 3 1 2 where there is one already, for beside that one by
    SHA-256 would not count (RFC 7671 §9). Of a leaf whose key cannot be found, the whole certificate."""
    return _of(leaf, tlsa.PUBLIC_KEY, records) or _of(leaf, tlsa.CERTIFICATE, records)


def _of(leaf: bytes, selector: int, records: tuple[Record, ...]) -> Record | None:
    stronger = (tlsa.DANE_EE, selector, tlsa.SHA_512)
    there = any((record.usage, record.selector, record.matching) == stronger for record in records)
    return tlsa.of(leaf, tlsa.DANE_EE, selector, tlsa.SHA_512 if there else tlsa.SHA_256)


def zone_line(record: Record, case: Case) -> str:
    """The line of the zone file for a record, where the others stand; without a TTL, of which all that is known is what
    a resolver's copy of the others has left."""
    return tlsa.line(case.owner, record)
