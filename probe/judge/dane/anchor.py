"""The path to a trust anchor that a record names: DANE-TA(2), RFC 7671 §5.2.

The anchor is an issuer. It has to stand among the presented certificates, behind the first: a digest tells which one
it is, and nobody is expected to have it at hand (§5.2.2). Two records bring it along: "2 0 0", the certificate in full,
and "2 1 0", the bare key, by which the last of the presented certificates has to be signed then (§5.2.3).

The leaf is not its own anchor, even where its digest is published under usage 2. Path validation begins with what the
anchor has signed (RFC 5280 §6.1), and §5.2 speaks of issuing authorities throughout. OpenSSL sees it so, and with it
Postfix; others do not. Usage 3 is there for that. But a self-signed leaf is signed by its own key, so under a record of
that bare key it holds.

From the leaf up to the anchor everything is checked that a sender checks: signatures, CA flags, constraints, usage,
dates. The anchor's own dates RFC 5280 §6.1 leaves out, for an anchor is a name and a key. OpenSSL keeps to that with an
intermediate and looks at a root's all the same; so does this, or mail that Postfix holds back would look delivered.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from probe.judge import spki as keys
from probe.judge.certificate import Certificate, host_address, is_host, parse
from probe.judge.chain import Anchors, Path, Walk, follow
from probe.judge.dane import key, tlsa
from probe.judge.dane.case import Case
from probe.judge.dane.said import several
from probe.judge.dane.tlsa import Record
from probe.judge.find import at_certificate, finding
from probe.judge.fitness import judge_dates, judge_usage
from probe.judge.names import by_rfc
from probe.judge.presented import Presented
from probe.judge.standard import Demand, Standard
from probe.model import Finding, RuleBook, Verdict

MOST_PATHS = 8  # that one chain is tried for; what is presented is hostile, and so are the records
STRICT = Demand(strict=True, identified=True, level=None, book=RuleBook.RFC, name=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """What became of one record: an anchor was found, and the way to it `failed` for a reason in words, or the leaf has
    `faults`, or all is well. `depth` counts the links from the leaf to the anchor; `name` is which of ours it bears."""

    depth: int
    name: str = ""
    failed: str = ""
    faults: tuple[Finding, ...] = ()

    @property
    def well(self) -> bool:
        return not self.failed and not self.faults


class Paths:
    """The ways of one chain to anchors, each looked for once and judged once, and all of them within what one chain may
    cost."""

    def __init__(self, chain: tuple[bytes, ...], at: datetime) -> None:
        self.chain = chain
        self.walk = Walk(chain, at)
        self.judged: dict[tuple[object, ...], Led] = {}
        self.leaf_faults: dict[tuple[object, ...], tuple[str | None, tuple[Finding, ...]]] = {}
        self.usage: dict[bytes, tuple[Finding, ...]] = {}
        self._found: dict[tuple[bytes, ...], Path | None] = {}
        self._by: dict[Anchors, Path | None] = {}

    def to(self, *anchors: bytes) -> Path | None:
        """The way to one of these (DER); None where there is no telling."""
        if anchors not in self._found and len(self._found) < MOST_PATHS:
            self._found[anchors] = self.walk.to(Anchors(label="TLSA", der=anchors))
        return self._found.get(anchors)

    def by(self, anchors: Anchors) -> Path | None:
        """The way to one of the user's own."""
        if anchors not in self._by:
            self._by[anchors] = follow(self.chain, anchors, self.walk.at)
        return self._by[anchors]


def lead(paths: Paths, record: Record, case: Case) -> Led | None:
    """Whether the chain leads to the anchor of a record, the best of the ways; None where the anchor is not there."""
    best: Led | None = None
    for path, dated in _paths(paths, record):
        led = judged(paths, path, case, dated=dated)
        if led.well:
            return led
        if best is None or (best.failed and not led.failed):
            best = led
    return best


def _paths(paths: Paths, record: Record) -> Iterator[tuple[Path, int]]:
    """The ways to an anchor, and how many of their certificates have dates that count."""
    chain = paths.chain
    present = [der for der in dict.fromkeys(chain) if der != chain[0] and tlsa.matches(record, der)]
    if record.matching == tlsa.FULL and record.selector == tlsa.CERTIFICATE and record.data not in (*present, chain[0]):
        present.append(record.data)  # RFC 7671 §5.2.2: it need not be sent
    for der in present:
        if path := paths.to(der):
            yield path, len(path.certificates) - (not path.end.self_signed)
    if not present and record.matching == tlsa.FULL and record.selector == tlsa.PUBLIC_KEY:
        yield from ((path, len(path.certificates)) for path in _by_key(paths, record.data))


def _by_key(paths: Paths, spki: bytes) -> Iterator[Path]:
    """RFC 7671 §5.2.3: the topmost certificate is signed by the key, and the rest of the chain holds."""
    way = paths.to()
    if not way or not paths.walk.spend(keys.key(spki).cost) or not key.signed(way.end.der, spki):
        return
    if len(way.certificates) == 1:
        yield Path(certificates=way.certificates)
    elif path := paths.to(way.end.der):
        yield path


def judged(paths: Paths, path: Path, case: Case, *, dated: int | None = None) -> Led:
    """What a sender says to this path: where it leads, then dates (of all, or of the first `dated`), usage and name.
    Many records lead to few paths, and each path is judged once."""
    depth = len(path.certificates) - 1
    if path.cause:
        return Led(depth=depth, failed=path.error or path.cause)
    links = tuple(link.der for link in path.certificates)
    question = links, dated, case.references, case.common_name
    if question not in paths.judged:
        presented = _presented(paths, path, case)
        within = replace(presented, path=Path(certificates=path.certificates[:dated]))
        faults = [found for found in judge_dates(within) if found.verdict is Verdict.FAIL]
        for link in path.certificates:
            faults += _usage(paths, presented, link)
        name, misnamed = _name(paths, path.certificates[0], case)
        paths.judged[question] = Led(depth=depth, name=name or "", faults=(*faults, *misnamed))
    return paths.judged[question]


def _presented(paths: Paths, path: Path, case: Case) -> Presented:
    return Presented(
        der=paths.chain,
        leaf=path.certificates[0],
        name=None,
        path=path,
        anchors=Anchors(label="TLSA", der=()),
        at=case.at,
        standard=Standard(),
        demand=STRICT,
    )


def _usage(paths: Paths, presented: Presented, link: Certificate) -> tuple[Finding, ...]:
    if link.der not in paths.usage:
        alone = replace(presented, path=Path(certificates=(link,)))
        paths.usage[link.der] = tuple(judge_usage(alone))
    return paths.usage[link.der]


def _name(paths: Paths, leaf: Certificate, case: Case) -> tuple[str | None, tuple[Finding, ...]]:
    """Which of our names the leaf bears, or the fault that it bears none."""
    question = case.references, case.common_name
    if question not in paths.leaf_faults:
        name = bears(leaf, case)
        paths.leaf_faults[question] = name, () if name else (_misnamed(leaf, case),)
    return paths.leaf_faults[question]


def bears(leaf: Certificate, case: Case) -> str | None:
    """The reference identifier that the leaf bears, None where it bears none.

    RFC 7672 §3.2.3: the common name counts where there is no DNS-ID. A wildcard is a whole label (RFC 9525 §6.3).
    """
    if case.common_name and not leaf.dns_names:
        common = (name.lower() for name in leaf.common_names if is_host(name) and not host_address(name))
        leaf = replace(leaf, dns_names=tuple(common))
    return next((name for name in case.references if by_rfc(leaf, name)), None)


def _misnamed(leaf: Certificate, case: Case) -> Finding:
    return finding(
        "certificate-host-mismatch",
        Verdict.FAIL,
        at_certificate(0),
        expected=several(case.references, " or "),
        presented=several(leaf.names, ", ") or "none",
        subject=leaf.subject,
        thumbprint=leaf.sha1.upper(),
    )


def is_own(chain: tuple[bytes, ...], record: Record) -> bool:
    """Whether a record of usage 2 names the leaf itself."""
    return record.usage == tlsa.DANE_TA and isinstance(parse(chain[0]), Certificate) and tlsa.matches(record, chain[0])
