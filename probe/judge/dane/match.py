"""One chain against the records of its host: any that matches will do (RFC 6698 §2.1, RFC 7671 §4)."""

from dataclasses import dataclass, replace
from functools import lru_cache

from probe.judge.certificate import SMALL
from probe.judge.dane import tlsa
from probe.judge.dane.anchor import Led, Paths, is_own, judged, lead
from probe.judge.dane.case import Case
from probe.judge.dane.tlsa import Record
from probe.model import Finding

# What a sender that has matched the leaf itself does not look at: RFC 7671 §5.1, names, dates and path.
_BY_LEAF = frozenset(
    {
        "certificate-not-trusted",
        "chain-incomplete",
        "chain-misordered",
        "chain-superfluous",
        "certificate-host-mismatch",
        "certificate-expired",
        "certificate-not-yet-valid",
        "certificate-expires-soon",
        "certificate-wrong-usage",
    }
)
# What one that came to an anchor has settled otherwise: by the way to it, and by a name that it goes by
# (RFC 7672 §3.2.2).
_BY_ANCHOR = frozenset({"certificate-not-trusted", "chain-incomplete", "certificate-host-mismatch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A record that holds for a chain: at which depth, the leaf's being 0, and by which name, "" where none counts."""

    record: Record
    depth: int
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a chain comes to. Without matches, either `faults` of a leaf whose anchor was found, or the `cause` why no
    record holds, with `error` for the reason in words. `near` are the records whose anchor was found, and the codes of
    what keeps each from holding."""

    matches: tuple[Match, ...] = ()
    faults: tuple[Finding, ...] = ()
    cause: str = ""
    error: str = ""
    near: tuple[tuple[Record, str], ...] = ()

    @property
    def excused(self) -> frozenset[str]:
        """The codes that mean nothing to a sender that found a match."""
        by_leaf = any(match.record.usage == tlsa.DANE_EE for match in self.matches)
        by_anchor = any(match.record.usage == tlsa.DANE_TA for match in self.matches)
        return _BY_LEAF if by_leaf else _BY_ANCHOR if by_anchor else frozenset()


def hold(chain: tuple[bytes, ...], case: Case) -> Held:
    """Every record held against a chain."""
    # Behind several addresses there is mostly one chain; one beyond the usual size is not worth remembering.
    held = _hold if sum(map(len, chain)) <= 2 * SMALL else _hold.__wrapped__
    return held(chain, case)


@lru_cache(maxsize=256)
def _hold(chain: tuple[bytes, ...], case: Case) -> Held:
    matches: list[Match] = []
    failed: list[tuple[Record, Led]] = []
    paths = Paths(chain, case.at)
    for record in case.records:
        led = _led(paths, record, case)
        if led and led.well:
            matches.append(Match(record=record, depth=led.depth, name=led.name))
        elif led:
            failed.append((record, led))
    near = tuple((record, ", ".join(dict.fromkeys(fault.code for fault in led.faults))) for record, led in failed)
    near = tuple((record, codes) for record, codes in near if codes and record.usage == tlsa.DANE_TA)
    if matches:
        return Held(matches=tuple(sorted(matches, key=lambda match: match.depth)), near=near)
    return replace(_unheld(paths, failed, case), near=near)


def _led(paths: Paths, record: Record, case: Case) -> Led | None:
    chain = paths.chain
    match record.usage:
        case tlsa.DANE_EE:
            # RFC 7671 §5.1: names and dates MUST be ignored. So the leaf need not even be readable.
            return Led(depth=0) if tlsa.matches(record, chain[0]) else None
        case tlsa.DANE_TA:
            return lead(paths, record, case)
        case tlsa.PKIX_EE if not tlsa.matches(record, chain[0]):
            return None
    # RFC 6698 §2.1.1: 0 and 1 narrow down what the public authorities vouch for; their path has to hold first.
    path = paths.by(case.anchors)
    if not path:
        return None
    led, issuers = judged(paths, path, case), path.certificates[1:]
    if record.usage == tlsa.PKIX_EE:
        return led
    return led if any(tlsa.matches(record, issuer.der) for issuer in issuers) else None


def _unheld(paths: Paths, failed: list[tuple[Record, Led]], case: Case) -> Held:
    """Why no record holds: the nearest miss."""
    by_anchor = [led for record, led in failed if record.usage == tlsa.DANE_TA]
    missed = [led for led in by_anchor if led.faults]
    if missed:
        return Held(faults=min((led.faults for led in missed), key=len))
    if by_anchor:
        return Held(cause="anchor-not-issuer", error=by_anchor[0].failed)
    if failed:
        led = failed[0][1]
        return Held(cause="pkix-invalid", error=led.failed or ", ".join(dict.fromkeys(f.code for f in led.faults)))
    if any(is_own(paths.chain, record) for record in case.records):
        return Held(cause="anchor-is-leaf")
    sent, error = _anchor_sent(paths, case)
    return Held(cause="no-match" if sent else "anchor-not-sent", error=error)


def _anchor_sent(paths: Paths, case: Case) -> tuple[bool, str]:
    """Whether every anchor that a record could mean was to be seen; else which it is, as far as that can be told.

    A digest does not say whose it is. Where the chain leads to a public root, we have what the server left out; where
    it ends open, something above was not sent, and there may be the anchor.
    """
    digests = [record for record in case.records if record.usage == tlsa.DANE_TA and record.matching != tlsa.FULL]
    path = paths.by(case.anchors)
    if not digests or not path:
        return True, ""
    if not path.cause:
        unsent = [link for link in path.certificates if link.der not in paths.chain]
        found = [link for link in unsent if any(tlsa.matches(record, link.der) for record in digests)]
        return (False, found[0].subject) if found else (True, "")
    by_anchor_alone = len(digests) == len(case.records)  # with others, it may as well be the leaf that has changed
    return not by_anchor_alone or path.end.self_signed, ""
