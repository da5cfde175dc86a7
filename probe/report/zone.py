"""TLSA records as one pastes them into a zone file, each under a comment that says of which certificate it speaks."""

from collections.abc import Iterator, Sequence

from probe.judge.certificate import Certificate, parse
from probe.judge.dane import tlsa
from probe.report.escape import visible


def lines(
    chain: Sequence[bytes],
    host: str | None,
    port: int,
    ttl: int | None,
    usage: int | None,
    selector: int,
    matching: int,
) -> list[str]:
    """The lines for a chain (DER, leaf first); without `host`, the records' own data alone."""
    owner = tlsa.owner(host, port) if host else ""
    records = dict.fromkeys(tlsa.lines(chain, usage=usage, selector=selector, matching=matching))
    written = {record: tlsa.line(owner, record, ttl) if owner else str(record) for record in records}
    return [line for record, text in written.items() for line in (*_comment(record, chain), text)]


def _comment(record: tlsa.Record, chain: Sequence[bytes]) -> Iterator[str]:
    """RFC 1035 §5.1: from a semicolon to the end of the line."""
    der = next(der for der in chain if tlsa.matches(record, der))
    what = "issuer" if record.usage in (tlsa.PKIX_TA, tlsa.DANE_TA) else "leaf"
    found = parse(der)
    if isinstance(found, Certificate):
        yield f"; {what}: {visible(found.subject)}, until {found.not_after:%Y-%m-%d}"
    else:
        yield f"; {what}: cannot be read otherwise, {visible(found.error)}"
