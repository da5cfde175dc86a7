"""The MX hosts against a policy: does it name them (RFC 8461 §4.1), and are their certificates in order (§4.2)?

The name that counts is the one in the MX record; where it is an alias, what it stands for plays no part. A wildcard is
a whole first label and covers exactly one: `*.mx.microsoft` is good for `a.mx.microsoft`, and neither for
`contoso-com.k-v1.mx.microsoft` nor for `mx.microsoft` itself.

Hosts beyond those that we look at are held against the patterns all the same, which takes no look.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from probe.judge.chain import Anchors
from probe.judge.find import at_host, finding, noted
from probe.judge.route import mail_hosts
from probe.judge.session import judge_session
from probe.judge.standard import Standard
from probe.judge.sts.policy import Terms
from probe.judge.sts.webpki import faults, gravest, judge_certificate
from probe.judge.txt import clipped
from probe.model import Delivery, Evidence, Finding, Observation, Stage, StsHost, Verdict

# What keeps a sender from TLS altogether.
_NO_TLS = ("starttls-not-supported", "client-certificate-required")

_NO_TERMS = Terms(mode="none", max_age=0, mx=())  # RFC 8461 §5: the two are alike
MOST_HOSTS = 1000
MOST_COMPARED = 500  # patterns, to find the nearest one; 64 KiB have room for 6,000

# What a sender holds against a connection; None: we did not see enough to know.
_Look = tuple[Finding, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Every MX host, what was found, and which of them the policy covers and binds."""

    hosts: Mapping[str, StsHost]
    findings: tuple[Finding, ...] = ()
    strict: frozenset[str] = frozenset()


def folded(patterns: Iterable[str]) -> Mapping[str, str]:
    """The patterns as written, in their order, by what they are compared as: case means nothing (RFC 4343 §3)."""
    found: dict[str, str] = {}
    for pattern in patterns:
        found.setdefault(_plain(pattern), pattern)
    return found


def matching(host: str, patterns: Mapping[str, str]) -> str | None:
    """The pattern that covers the host, None where none does. `patterns` are `folded`."""
    host = _plain(host)
    _, dot, parent = host.partition(".")
    return patterns.get(host) or (patterns.get(f"*.{parent}") if dot else None)


def nearest(host: str, patterns: Mapping[str, str]) -> tuple[str, str, str]:
    """Of a host that no pattern covers: the pattern that comes nearest, of the first so many, why it fails, and one
    that would do. The first is empty where nothing comes near."""
    host = _plain(host)
    parent = host.partition(".")[2]
    compared = islice(patterns, MOST_COMPARED)
    plain = max(compared, key=lambda pattern: (_shared(host, pattern), pattern.startswith("*.")), default="")
    near, base = patterns.get(plain, ""), plain.removeprefix("*.")
    if not near or not _shared(host, plain):
        which = f"none of the first {MOST_COMPARED} patterns" if len(patterns) > MOST_COMPARED else "no pattern"
        return "", f"{which} is of its domain", host
    if plain.startswith("*.") and host == base:
        return near, f"a wildcard does not cover {base} itself; `{host}` would", host
    if plain.startswith("*.") and host.endswith(f".{base}"):
        return near, f"a wildcard covers one label; `*.{parent}` would", f"*.{parent}"
    if host.endswith(f".{base}"):
        return near, f"it covers {base} alone; `*.{parent}` would", f"*.{parent}"
    return near, f"it covers other hosts; `{host}` would", host


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")


def _shared(host: str, pattern: str) -> int:
    """How many labels at the end the two have in common; the wildcard is none. One alone, the top-level domain, is as
    good as nothing."""
    count = 0
    for ours, theirs in zip(reversed(host.split(".")), reversed(pattern.removeprefix("*.").split(".")), strict=False):
        if ours != theirs:
            break
        count += 1
    return count if count > 1 or pattern.removeprefix("*.") in (host, host.rpartition(".")[2]) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """By what the hosts are judged."""

    evidence: Evidence
    terms: Terms
    patterns: Mapping[str, str]
    standard: Standard
    anchors: Anchors
    at: datetime


def judge_hosts(
    evidence: Evidence, terms: Terms | None, standard: Standard, anchors: Anchors, at: datetime, *, known: bool
) -> Hosts:
    """Each MX host under these terms, or with None without any. `known` is False where there may be some that we could
    not see."""
    terms = terms or _NO_TERMS
    case = _Case(evidence=evidence, terms=terms, patterns=folded(terms.mx), standard=standard, anchors=anchors, at=at)
    hosts: dict[str, StsHost] = {}
    findings: list[Finding] = []
    looked_at = {hop.host for hop in evidence.route.hops}
    seen_at: Mapping[str, list[Observation]] = defaultdict(list)
    for seen in evidence.observations:
        seen_at[seen.endpoint.host].append(seen)
    for host in mail_hosts(evidence)[:MOST_HOSTS]:
        looks = [_look(seen, case) for seen in seen_at.get(host, ())] if host in looked_at else []
        # How its certificate fares is told without a policy as well: it is what the host would come to under one.
        certificate = _certificate(looks)
        if terms.binding:
            pattern = matching(host, case.patterns)
            delivery = _delivery(pattern, looks, terms)
            hosts[host] = StsHost(in_policy=pattern is not None, certificate=certificate, delivery=delivery)
            findings += _told(host, pattern, looks, case) if host in looked_at else ()
        else:
            delivery = Delivery.OK if known else Delivery.UNKNOWN
            hosts[host] = StsHost(certificate=certificate, delivery=delivery)
    strict = frozenset(host for host, kept in hosts.items() if kept.in_policy)
    return Hosts(hosts=hosts, findings=tuple(findings), strict=strict)


def _look(seen: Observation, case: _Case) -> _Look:
    found = list(faults(judge_certificate(seen, seen.endpoint.host, case.standard, case.anchors, case.at)))
    if seen.failure:
        # RFC 8461 §4: the host must support STARTTLS. Whatever keeps TLS from coming about is as good as none.
        found += (
            each
            for each in judge_session(
                seen,
                case.standard,
                case.standard.demand(seen.endpoint),
                others_answered=True,
                certificate_shown=case.evidence.client_certificate,
            )
            if each.code in _NO_TLS
            or (each.code == "not-observed" and each.verdict is Verdict.FAIL and seen.failure.stage is Stage.HANDSHAKE)
        )
    return tuple(found) if found or seen.session else None


def _certificate(looks: Sequence[_Look]) -> str:
    seen = [found for found in looks if found is not None]
    bad = next((gravest(found).code for found in seen if found), None)
    return bad or ("ok" if seen else "unknown")


def _delivery(pattern: str | None, looks: Sequence[_Look], terms: Terms) -> Delivery:
    """A sender tries every address of a host (RFC 5321 §5.1): mail stops where all that we saw are refused."""
    seen = [found for found in looks if found is not None]
    if pattern is not None and not all(seen):
        return Delivery.OK
    if pattern is not None and not seen:
        return Delivery.UNKNOWN
    # RFC 8461 §5: enforce must not deliver; testing delivers, and reports.
    return Delivery.BLOCKED if terms.mode == "enforce" else Delivery.WOULD_BE_BLOCKED


def _told(host: str, pattern: str | None, looks: Sequence[_Look], case: _Case) -> Iterator[Finding]:
    terms = case.terms
    if pattern is None:
        near, why, publish = nearest(host, case.patterns)
        yield finding(
            "mx-not-in-policy",
            _verdict(terms),
            at_host(host),
            domain=case.evidence.target.name,
            mode=terms.mode,
            nearest=clipped(near),
            why=clipped(why),
            publish=f"mx: {publish}",
        )
        return
    seen = [found for found in looks if found is not None]
    yield from (_raised(each, terms) for found in seen for each in found)
    for other in case.evidence.alternatives:  # a server's second certificate, which other senders get to see
        if other.endpoint.host == host and other.chain:
            for each in faults(judge_certificate(other, host, case.standard, case.anchors, case.at)):
                yield noted(_raised(each, terms), seen=f"to clients that offer {other.endpoint.offer.upper()} alone")
    if seen and not any(seen):
        yield finding("sts-host-accepted", Verdict.OK, at_host(host), mode=terms.mode, pattern=clipped(pattern))


def _raised(found: Finding, terms: Terms) -> Finding:
    return replace(noted(found, required_by=f"MTA-STS ({terms.mode})"), verdict=_verdict(terms))


def _verdict(terms: Terms) -> Verdict:
    return Verdict.FAIL if terms.mode == "enforce" else Verdict.WARN
