"""The path question: does the chain, as presented, lead to a trust anchor, and if not, why?

OpenSSL builds the path, from what the peer sent and from the anchors alone. Nothing is fetched by AIA, because Exchange
Online and most mail servers don't fetch either: a checker that does says "fine" while the mail queues up. Time is a
question of its own. The store is asked with the clock first; where that fails, once more without it, so that an expired
certificate in a path to a good root is told as expired and not as untrusted. Names and usage are no business of the
path either, nor is revocation, which is not looked up at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice

from OpenSSL import crypto

from probe.judge.certificate import Certificate, Unreadable, issued, parse

# What is presented is hostile, and real chains have two ways of three or four links.
MOST_WAYS, LONGEST_WAY, MOST_CHECKS = 16, 16, 64
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, for which pyOpenSSL has no name


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """The trust anchors (DER), and in words where they come from."""

    label: str
    der: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """How the chain leads, from the leaf upwards.

    `certificates` is the way to the anchor, or as far as it can be followed. `cause` is None where an anchor was
    reached, else one of self-signed, unknown-root, chain-incomplete, path-invalid; `error` is then OpenSSL's word.
    """

    certificates: tuple[Certificate, ...]
    cause: str | None = None
    error: str = ""

    @property
    def end(self) -> Certificate:
        return self.certificates[-1]


def follow(chain: tuple[bytes, ...], anchors: Anchors, at: datetime) -> Path | None:
    """The path of a presented chain. None where the leaf cannot be read."""
    leaf = parse(chain[0]) if chain else None
    if not isinstance(leaf, Certificate):
        return None
    way, error = _verify(chain, anchors, at, 0)
    if not error:
        return Path(certificates=way)
    presented = [read for der in dict.fromkeys(chain) if isinstance(read := parse(der), Certificate)]
    ways = tuple(islice(_ways((leaf,), presented, iter(range(MOST_CHECKS))), MOST_WAYS))
    # OpenSSL goes one way. Where cross-signing makes several, it may have missed the good one.
    tries = (chain, *(tuple(link.der for link in way) for way in ways if len(ways) > 1))
    for flags in (0, NO_CHECK_TIME):
        for tried in tries:
            way, failed = _verify(tried, anchors, at, flags)
            if not failed:
                return Path(certificates=way)
            error = failed if tried is chain else error
    return Path(certificates=ways[0], cause=_cause(ways[0], error), error=error[1])


def _verify(
    chain: tuple[bytes, ...], anchors: Anchors, at: datetime, flags: int
) -> tuple[tuple[Certificate, ...], tuple[int, str] | None]:
    """OpenSSL's path, or the code and text of its error."""
    store = _store(anchors, flags)
    if not flags & NO_CHECK_TIME:  # a time that is set counts for more than the flag, before OpenSSL 4
        store.set_time(at.astimezone(UTC).replace(tzinfo=None))
    leaf, others = _load(chain[0]), [loaded for der in chain[1:] if (loaded := _load(der))]
    if not leaf:  # the two libraries read alike but for the oddest of certificates
        return (), (0, "OpenSSL cannot read the leaf")
    try:
        found = crypto.X509StoreContext(store, leaf, others).get_verified_chain()
    except crypto.X509StoreContextError as error:
        code, _, text = error.errors
        return (), (int(code), str(text))
    read = (parse(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)) for certificate in found)
    path = tuple(certificate for certificate in read if isinstance(certificate, Certificate))
    if len(path) < len(found):  # its dates, usage and strength are anybody's guess
        return (), (0, "a certificate on the path cannot be read")
    # Beyond the leaf where the leaf itself is the anchor, OpenSSL goes on as long as it is sent issuers.
    end = max((place for place, link in enumerate(path) if link.der in anchors.der), default=len(path) - 1)
    return path[: end + 1], None


@lru_cache(maxsize=8)
def _store(anchors: Anchors, flags: int) -> crypto.X509Store:
    store = crypto.X509Store()
    # An anchor is what the user calls one, be it an intermediate; strictness about form is not Exchange's.
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN | flags)
    for der in anchors.der:
        if loaded := _load(der):
            store.add_cert(loaded)
    return store


def readable(der: bytes) -> bool:
    """Whether these bytes can serve as an anchor."""
    return _load(der) is not None


@lru_cache(maxsize=512)
def _load(der: bytes) -> crypto.X509 | None:
    try:
        return crypto.load_certificate(crypto.FILETYPE_ASN1, der)
    except crypto.Error:
        return None


def _ways(
    way: tuple[Certificate, ...], presented: Sequence[Certificate], checks: Iterator[int]
) -> Iterator[tuple[Certificate, ...]]:
    """Every way on from here through the presented certificates, each as far as an issuer is among them. `checks` runs
    out with the signatures that we are willing to check."""
    child, parents = way[-1], []
    if not child.self_signed and len(way) < LONGEST_WAY:
        parents = [
            other
            for other in presented
            if other not in way
            and other.subject_name == child.issuer_name
            and next(checks, None) is not None
            and issued(child.der, other.der)
        ]
    for parent in parents:
        yield from _ways((*way, parent), presented, checks)
    if not parents:
        yield way


def _cause(way: tuple[Certificate, ...], error: tuple[int, str]) -> str:
    # 18 and 19: self-signed, as leaf or further up; 2, 20 and 21: an issuer was not found. Anything else is a
    # path that was found and is no good: a constraint, a signature.
    end = way[-1]
    forged = end.subject_name == end.issuer_name and not end.self_signed
    if error[0] not in (2, 18, 19, 20, 21) or forged:
        return "path-invalid"
    if end.self_signed:
        return "self-signed" if len(way) == 1 else "unknown-root"
    # A root need not be sent. So where the last issuer missing is an intermediate's, it may well be a root that the
    # anchors lack. Where it is the leaf's, an intermediate is missing: public authorities issue no leaf from a root.
    return "chain-incomplete" if len(way) == 1 else "unknown-root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Superfluous:
    """A presented certificate that the path does not need: its position, and why it is none of it."""

    position: int
    certificate: Certificate | Unreadable
    why: str  # duplicate, root, unrelated


def superfluous(chain: tuple[bytes, ...], path: Path) -> tuple[Superfluous, ...]:
    """The presented certificates outside the path, and the root, which the other side has or does not trust anyway."""
    needed = {certificate.der for certificate in path.certificates}
    seen: set[bytes] = set()
    found = []
    for position, der in enumerate(chain):
        certificate = parse(der)
        if der in seen:
            why = "duplicate"
        elif der not in needed:
            why = "unrelated"
        elif position and isinstance(certificate, Certificate) and certificate.self_signed:
            why = "root"
        else:
            why = ""
        seen.add(der)
        if why:
            found.append(Superfluous(position=position, certificate=certificate, why=why))
    return tuple(found)


def misordered(chain: tuple[bytes, ...], path: Path) -> bool:
    """Whether an issuer stands before what it issued. RFC 5246 §7.4.2 wants each to certify the one before it; RFC
    8446 §4.4.2 relaxes that to a SHOULD."""
    places = [chain.index(certificate.der) for certificate in path.certificates if certificate.der in chain]
    return places != sorted(places)
