"""A TLSA record: which certificate, or which key, the owner of a name vouches for (RFC 6698 §2.1).

Four fields. The usage says what the certificate is to the server's: 0 and 2 its issuer (a trust anchor), 1 and 3 itself
(the end entity); with 0 and 1 the public authorities have to agree, with 2 and 3 nobody else is asked. The selector
says what is compared: 0 the whole certificate, 1 its public key. The matching type says how: 0 in full, 1 by SHA-256,
2 by SHA-512. "3 1 1" is what nearly everybody publishes, and what RFC 7671 §5.1 recommends.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from probe.judge import spki
from probe.judge.certificate import Certificate
from probe.judge.certificate import parse as read
from probe.judge.chain import readable
from probe.judge.dane import key
from probe.judge.dane.said import clipped

PKIX_TA, PKIX_EE, DANE_TA, DANE_EE = range(4)
CERTIFICATE, PUBLIC_KEY = range(2)
FULL, SHA_256, SHA_512 = range(3)

# RFC 7672 §3.1.3: 0 and 1 rest on authorities that a sender of mail does not have; it may take them for unusable, and
# all that are known do.
MAIL, ANY = frozenset({DANE_TA, DANE_EE}), frozenset(range(4))

_SIZES = {SHA_256: 32, SHA_512: 64}
_NAMES = {SHA_256: "SHA-256", SHA_512: "SHA-512"}
_NAMED = {PKIX_TA: "PKIX-TA", PKIX_EE: "PKIX-EE", DANE_TA: "DANE-TA", DANE_EE: "DANE-EE"}
_MOST = 32_768  # bytes of association data; no certificate is as long
_FORM = re.compile(r"\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})\s+([0-9a-fA-F][0-9a-fA-F\s]*)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record that can be used. As text it is what stands in a zone, behind "TLSA"."""

    usage: int
    selector: int
    matching: int
    data: bytes = field(repr=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.data.hex()}"

    @property
    def kind(self) -> str:
        """ "3 1 1"."""
        return f"{self.usage} {self.selector} {self.matching}"

    @property
    def named(self) -> str:
        """ "DANE-EE 3 1 1"."""
        return f"{_NAMED[self.usage]} {self.kind}"

    @property
    def shown(self) -> str:
        """The record, not longer than one by SHA-256."""
        return clipped(str(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A record that no sender can use; `malformed`: nor anybody else. Others look the same to an old sender."""

    text: str
    why: str
    malformed: bool = False

    @property
    def shown(self) -> str:
        return clipped(self.text)


def usages(dialogue: str) -> frozenset[int]:
    """Which usages a client of this protocol can use."""
    return MAIL if dialogue in ("smtp", "submission", "smtps") else ANY


def parse(text: str, usable: frozenset[int] = MAIL) -> Record | Unusable:
    """Read one record in presentation form. Total: what cannot be used is a value too."""
    form = _FORM.fullmatch(text) if len(text) <= 4 * _MOST else None
    if not form:  # RFC 3597's form among them: data too short to have the four fields
        return _malformed(text, "it is not of the form of a TLSA record")
    usage, selector, matching = (int(form[field]) for field in (1, 2, 3))
    digits = "".join(form[4].split())
    if max(usage, selector, matching) > 255 or len(digits) % 2 or len(digits) > 2 * _MOST:
        return _malformed(text, "its fields do not have the size that a TLSA record has")
    data = bytes.fromhex(digits)
    # RFC 6698 §4.1: what a client does not know is unusable to it.
    if usage > DANE_EE:
        return Unusable(text=text, why=f"there is no usage {usage}")
    if usage not in usable:
        return Unusable(text=text, why=f"usage {usage} is not for mail (RFC 7672 §3.1.3)")
    if selector > PUBLIC_KEY:
        return Unusable(text=text, why=f"there is no selector {selector}")
    if matching > SHA_512:
        return Unusable(text=text, why=f"there is no matching type {matching}")
    if matching in _SIZES and len(data) != _SIZES[matching]:
        return _malformed(text, f"{_NAMES[matching]} has {_SIZES[matching]} bytes, not {len(data)}")
    if matching == FULL and selector == CERTIFICATE and not (spki.whole(data) and readable(data)):
        return _malformed(text, "its data is not a certificate")
    if matching == FULL and selector == PUBLIC_KEY and not (spki.whole(data) and key.readable(data)):
        return _malformed(text, "its data is not a public key")
    return Record(usage=usage, selector=selector, matching=matching, data=data)


def _malformed(text: str, why: str) -> Unusable:
    return Unusable(text=text, why=why, malformed=True)


def matches(record: Record, certificate: bytes) -> bool:
    """Whether this certificate (DER), or its key, is the one that the record speaks of."""
    made = _made(certificate, record.selector, record.matching)
    return made is not None and made == record.data


def _made(certificate: bytes, selector: int, matching: int) -> bytes | None:
    if matching == FULL:
        return certificate if selector == CERTIFICATE else spki.of(certificate)
    return _digest(certificate, selector, matching)


@lru_cache(maxsize=4 * 32)  # of the longest chain that is kept of a peer, each certificate in every form
def _digest(certificate: bytes, selector: int, matching: int) -> bytes | None:
    what = certificate if selector == CERTIFICATE else spki.of(certificate)
    return (hashlib.sha256 if matching == SHA_256 else hashlib.sha512)(what).digest() if what else None


def counting(records: Iterable[Record]) -> tuple[Record, ...]:
    """Those that count among usable ones, in their order.

    Digest algorithm agility, RFC 7671 §9: for each usage and selector, of the digests only the strongest that occurs;
    full data always. Whoever publishes by two digests publishes everything by both. Unusable records have no part in
    it: a sender drops them first.
    """
    given = tuple(records)
    strongest: dict[tuple[int, int], int] = {}
    for record in given:
        pair = record.usage, record.selector
        strongest[pair] = max(record.matching, strongest.get(pair, FULL))
    return tuple(record for record in given if record.matching in (FULL, strongest[record.usage, record.selector]))


def of(certificate: bytes, usage: int, selector: int, matching: int) -> Record | None:
    """The record for a certificate (DER); None where its key cannot be found."""
    data = _made(certificate, selector, matching)
    return None if data is None else Record(usage=usage, selector=selector, matching=matching, data=data)


def lines(
    chain: Sequence[bytes], *, usage: int | None = None, selector: int = PUBLIC_KEY, matching: int = SHA_256
) -> tuple[Record, ...]:
    """What to publish for a chain (DER, leaf first): "3" for the leaf and "2" for each authority behind it.

    Several leaves, as of a server with two keys, or today's and the next one, get a record each. With `usage`, only
    records of that usage: of 1 and 3 for leaves, of 0 and 2 for authorities. An authority that stands first is one's
    own where it is self-signed (as servers' certificates from `openssl req -x509` are), and gets both; else it was
    given alone, and is no leaf.
    """
    found = []
    for position, der in enumerate(dict.fromkeys(chain)):
        certificate = read(der)
        authority = isinstance(certificate, Certificate) and certificate.is_ca
        own = position == 0 and isinstance(certificate, Certificate) and certificate.self_signed
        leaf = own or not authority
        if leaf and usage in (None, PKIX_EE, DANE_EE):
            found.append(of(der, DANE_EE if usage is None else usage, selector, matching))
        if authority and usage in (None, PKIX_TA, DANE_TA):
            found.append(of(der, DANE_TA if usage is None else usage, selector, matching))
    return tuple(record for record in found if record)


def line(owner: str, record: Record, ttl: int | None = None) -> str:
    """The line of a zone file: "_25._tcp.mx.example.org. IN TLSA 3 1 1 …". `owner` is without the last dot; without
    `ttl`, in seconds, the zone's own counts."""
    return f"{owner}. {'' if ttl is None else f'{ttl} '}IN TLSA {record}"


def owner(base: str, port: int) -> str:
    """Where the records of a host stand: "_25._tcp.mx.example.org" (RFC 6698 §3)."""
    return f"_{port}._tcp.{base}"
