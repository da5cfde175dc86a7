"""The path question: does the chain, as presented, lead to a trust anchor, and if not, why?

OpenSSL builds the path, from what the peer sent and from the anchors alone. Nothing is fetched by AIA, because Exchange
Online and most mail servers don't fetch either: a checker that does says "fine" while the mail queues up. Time is a
question of its own. The store is asked with the clock first; where that fails, once more without it, so that an expired
certificate in a path to a good root is told as expired and not as untrusted. Names and usage are no business of the
path either, nor is revocation, which is not looked up at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from probe.judge import dn, spki
from probe.judge.certificate import Certificate, Unreadable, issued, parse
from probe.judge.store import FEW, NO_CHECK_TIME, Error, Loaded, readable

__all__ = ["Anchors", "Path", "Superfluous", "Walk", "follow", "misordered", "readable", "superfluous"]

# What is presented is hostile, and real chains have two ways of three or four links.
MOST_WAYS, LONGEST_WAY, MOST_CHECKS = 16, 16, 64
# Microseconds, as `spki` reckons them: signatures among what is presented, and then paths.
# One path of a real chain takes 2,000.
MOST_PAIRING, MOST_VERIFYING = 15_000, 25_000
BY_A_ROOT = 500  # what a signature costs by one of many anchors, which the user has chosen
AN_ATTEMPT = 150  # OpenSSL's search for issuers, and our own asking
COMPARISONS = 50  # of names with constraints, in a microsecond
TOO_DEAR = (0, "there is more to check than any real chain has")


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
    return Walk(chain, at).to(anchors)


class Walk:
    """One presented chain and its ways up. Whatever is looked for, all of it takes no more than so much work; what
    would take more is not done, and an attempt not made has failed."""

    def __init__(self, chain: tuple[bytes, ...], at: datetime) -> None:
        self.chain = chain
        self.at = at
        self._loaded = Loaded()
        self._left = MOST_VERIFYING
        self._ways: tuple[tuple[Certificate, ...], ...] = ()
        self._weights: dict[bytes, _Weight] = {}

    def spend(self, cost: int) -> bool:
        """Whether so much work (microseconds) may still be done; it counts as done then."""
        if cost > self._left:
            return False
        self._left -= cost
        return True

    def to(self, anchors: Anchors) -> Path | None:
        """The path to one of the anchors. None where the leaf cannot be read."""
        leaf = parse(self.chain[0]) if self.chain else None
        if not isinstance(leaf, Certificate):
            return None
        error = TOO_DEAR
        for tried, flags in self._tries(leaf):
            way, failed = self._verified(tried, anchors, flags)
            if not failed:
                return Path(certificates=way)
            error = failed if tried is self.chain and failed is not TOO_DEAR else error
        return Path(certificates=self._ways[0], cause=_cause(self._ways[0], error), error=error[1])

    def _tries(self, leaf: Certificate) -> Iterator[tuple[tuple[bytes, ...], int]]:
        yield self.chain, 0
        self._ways = self._ways or tuple(islice(_Pairs(self.chain).ways((leaf,)), MOST_WAYS))
        # OpenSSL goes one way. Where cross-signing makes several, it may have missed the good one.
        others = [tuple(link.der for link in way) for way in self._ways if len(self._ways) > 1]
        yield from ((way, 0) for way in others)
        yield from ((way, NO_CHECK_TIME) for way in (self.chain, *others))

    def _verified(
        self, tried: tuple[bytes, ...], anchors: Anchors, flags: int
    ) -> tuple[tuple[Certificate, ...], Error | None]:
        """OpenSSL's path, or its error."""
        if not self.spend(self._cost(tried, anchors)):
            return (), TOO_DEAR
        found, error = self._loaded.path(tried, anchors.der, self.at, flags)
        path = tuple(certificate for certificate in map(parse, found) if isinstance(certificate, Certificate))
        if error or len(path) < len(found):  # its dates, usage and strength are anybody's guess
            return (), error or (0, "a certificate on the path cannot be read")
        # Beyond the leaf where the leaf itself is the anchor, OpenSSL goes on as long as it is sent issuers.
        end = max((place for place, link in enumerate(path) if link.der in anchors.der), default=len(path) - 1)
        return path[: end + 1], None

    def _cost(self, tried: tuple[bytes, ...], anchors: Anchors) -> int:
        """What OpenSSL may have to do for a path, in microseconds or nearly: on it, each issuer has signed once, and
        every name is held against the constraints of all above it."""
        few = anchors.der if len(anchors.der) <= FEW else ()
        issuers = [self._weight(der) for der in dict.fromkeys((*tried[1:], *few))]
        leaf = self._weight(tried[0])
        names = leaf.names + sum(issuer.names for issuer in issuers)
        constraints = leaf.constraints + sum(issuer.constraints for issuer in issuers)
        signatures = sum(issuer.signature for issuer in issuers) + (0 if few else BY_A_ROOT)
        return AN_ATTEMPT + signatures + names * constraints // COMPARISONS

    def _weight(self, der: bytes) -> "_Weight":
        if der not in self._weights:
            read, signature = parse(der), spki.of_certificate(der).cost
            if isinstance(read, Certificate):
                weight = _Weight(signature=signature, names=read.name_count, constraints=read.constraint_count)
            else:  # one for so many bytes is what there may be
                weight = _Weight(signature=signature, names=len(der) // 8, constraints=len(der) // 8)
            self._weights[der] = weight
        return self._weights[der]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weight:
    """What a certificate may cost: a signature by it (microseconds), its names, and the constraints for others'."""

    signature: int
    names: int
    constraints: int


class _Pairs:
    """Which of the presented certificates signed which: each pair is checked once, and only so many."""

    def __init__(self, chain: tuple[bytes, ...]) -> None:
        self._named: dict[dn.Name, list[Certificate]] = {}
        for der in dict.fromkeys(chain):
            read = parse(der)
            if isinstance(read, Certificate):
                self._named.setdefault(read.subject_name, []).append(read)
        self._parents: dict[bytes, list[Certificate]] = {}
        self._checks, self._left = MOST_CHECKS, MOST_PAIRING

    def ways(self, way: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        """Every way on from here, each as far as an issuer is among what was presented."""
        child, parents = way[-1], []
        if not child.self_signed and len(way) < LONGEST_WAY:
            parents = [parent for parent in self._issuers(child) if parent not in way]
        for parent in parents:
            yield from self.ways((*way, parent))
        if not parents:
            yield way

    def _issuers(self, child: Certificate) -> list[Certificate]:
        if child.der not in self._parents:
            named = self._named.get(child.issuer_name, ())
            self._parents[child.der] = [o for o in named if o is not child and self._issued(child.der, o.der)]
        return self._parents[child.der]

    def _issued(self, child: bytes, parent: bytes) -> bool:
        key = spki.of_certificate(parent)
        cost = key.cost if key.verifiable else 0
        if not self._checks or cost > self._left:
            return False
        self._checks, self._left = self._checks - 1, self._left - cost
        return issued(child, parent)


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
