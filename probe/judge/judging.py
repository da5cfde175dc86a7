"""The whole judgement on one target.

Each observation is judged by itself (the way to TLS, the session, the chain, the expected certificate), then the
observations of one host beside each other, then the route, and what the domain has promised. A promise works both ways.
It raises what is otherwise a matter of luck: a missing STARTTLS is a WARN among opportunistic senders and a FAIL where
DANE or MTA-STS demands TLS. And it excuses: to a sender that has matched a DANE record, public authorities mean
nothing, and often names and dates neither (RFC 7671 §5.1).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from probe.judge.chain import Anchors
from probe.judge.dane import Excuse, judge_dane
from probe.judge.drift import judge_drift
from probe.judge.find import at_certificate, finding, noted, placed
from probe.judge.route import judge_route
from probe.judge.session import judge_session
from probe.judge.standard import Standard
from probe.judge.sts import judge_sts
from probe.judge.tlsrpt import judge_tlsrpt
from probe.judge.trust import judge_chain
from probe.model import (
    Endpoint,
    Evidence,
    Finding,
    Observation,
    Promises,
    Report,
    RouteKind,
    Stage,
    Verdict,
)

if TYPE_CHECKING:
    from probe.judge.hybrid.way import Way
    from probe.model import Organisation

Judged = list[tuple[Observation, tuple[Finding, ...]]]


def judge(
    evidence: Evidence, standard: Standard, anchors: Anchors, at: datetime, organisation: "Organisation | None" = None
) -> Report:
    """The report on a target as of `at` (UTC): gravest finding first, each (code, place) once. With an organisation,
    each endpoint is judged by the connector by which Exchange Online would come to it, and a delivery to our listener
    by those that would know it."""
    if evidence.route.kind is RouteKind.INBOUND:
        from probe.judge.inbound import judge_deliveries  # most targets are no listeners

        told, attribution = judge_deliveries(evidence, standard, anchors, at, organisation)
        return replace(_report(evidence, _united(told), anchors, at), attribution=attribution)
    ways = _ways(evidence, organisation) if organisation else {}
    standards = {there: found.demanded(standard) for there, found in ways.items()}
    leading = next((found for found in ways.values() if found.connector), None)
    wanted = leading.promising(standard) if leading else standard
    dane = judge_dane(evidence, wanted, anchors, at)
    sts = judge_sts(evidence, wanted, anchors, at)
    tlsrpt, reporting = judge_tlsrpt(evidence, standard)
    answered = any(seen.failure is None or seen.failure.stage is not Stage.CONNECT for seen in evidence.observations)
    judged: Judged = [
        (
            seen,
            tuple(
                _judge_one(
                    seen, standards.get(seen.endpoint, standard), anchors, at, answered, evidence.client_certificate
                )
            ),
        )
        for seen in evidence.observations
    ]
    others = [
        (seen, tuple(_judge_other(seen, standards.get(replace(seen.endpoint, offer=""), standard), anchors, at)))
        for seen in _otherwise(evidence)
    ]
    strict = {there for there in dane.excused if standards.get(there, standard).expects}
    excuses = _excuses(dane.excused, sts.strict)
    judged, others = _excused(judged, excuses, strict), _excused(others, excuses, strict)
    promised = (*dane.findings, *sts.findings, *reporting, *(found for _, findings in others for found in findings))
    findings = [*judge_route(evidence, standard), *_merged(judged), *judge_drift(judged)]
    if promised:
        findings = _united(promised, findings)
    if organisation:
        from probe.judge.hybrid.live import judge_hybrid, with_names

        findings = _united(findings, judge_hybrid(evidence, organisation, ways))
        findings = list(with_names(findings, evidence, organisation, ways, at))
    promises = Promises(dane=dane.promise, mta_sts=sts.promise, tlsrpt=tlsrpt)
    return replace(_report(evidence, findings, anchors, at), promises=promises)


def _report(evidence: Evidence, findings: Iterable[Finding], anchors: Anchors, at: datetime) -> Report:
    return Report(
        target=evidence.target,
        at=at,
        findings=tuple(sorted(findings, key=lambda found: -found.verdict.gravity)),
        evidence=evidence,
        roots=anchors.label,
    )


def _ways(evidence: Evidence, organisation: "Organisation") -> "dict[Endpoint, Way]":
    # Loaded here: most targets are judged without exports, and what reads them takes its time.
    from probe.judge.hybrid.way import way

    return {seen.endpoint: way(organisation, evidence, seen.endpoint) for seen in evidence.observations}


def _judge_one(
    seen: Observation, standard: Standard, anchors: Anchors, at: datetime, answered: bool, certificate_shown: bool
) -> Iterator[Finding]:
    demand = standard.demand(seen.endpoint)
    yield from judge_session(seen, standard, demand, others_answered=answered, certificate_shown=certificate_shown)
    if seen.chain and seen.chain.der:
        yield from judge_chain(seen.endpoint, seen.chain.der, anchors, at, standard, demand)
    elif seen.session:
        where, error = at_certificate(0), "no certificate was presented"
        yield placed(finding("certificate-unreadable", demand.fault, where, demand.book, error=error), seen.endpoint)


def _otherwise(evidence: Evidence) -> Iterator[Observation]:
    """The looks with a narrower offer that brought another certificate to light."""
    leaves = {seen.chain.der[0] for seen in evidence.observations if seen.chain and seen.chain.der}
    for seen in evidence.alternatives:
        if seen.chain and seen.chain.der and seen.chain.der[0] not in leaves:
            yield seen


def _judge_other(seen: Observation, standard: Standard, anchors: Anchors, at: datetime) -> Iterator[Finding]:
    """The server's other chain; how TLS came about says nothing, for the offer was not what a sender's is."""
    demand = standard.demand(seen.endpoint)
    for found in judge_chain(seen.endpoint, seen.chain.der if seen.chain else (), anchors, at, standard, demand):
        yield noted(found, seen=f"to clients that offer {seen.endpoint.offer.upper()} alone")


def _excuses(by_dane: Mapping[Endpoint, Excuse], strict: frozenset[str]) -> Mapping[Endpoint, Excuse]:
    """Where nobody asks for more: no policy of MTA-STS, and no clients of the web, which know nothing of DANE and
    refuse an expired certificate whatever DNS says."""
    return {there: found for there, found in by_dane.items() if there.dialogue != "direct" and there.host not in strict}


def _excused(judged: Judged, excuses: Mapping[Endpoint, Excuse], strict: Collection[Endpoint]) -> Judged:
    return [
        (seen, tuple(_note(found, excuses.get(seen.endpoint), seen.endpoint in strict) for found in findings))
        for seen, findings in judged
    ]


def _note(found: Finding, excuse: Excuse | None, strict: bool) -> Finding:
    """The finding, or what is left of it beside a DANE record that matches: a connector's own demands, or the user's,
    are not met by DANE, and then it is only said that other senders would be content."""
    if excuse is None or found.verdict is Verdict.OK or found.code not in excuse.codes:
        return found
    if strict:
        return noted(found, rfc_7671=excuse.by)
    return replace(noted(found, excused_by=excuse.by), verdict=Verdict.OK)


def _merged(judged: Judged) -> Iterator[Finding]:
    """Each (code, place) once, the gravest of them. Where an endpoint was observed several times and only some of the
    observations found it, the fact `seen` says how many."""
    times: dict[tuple[str, str, int], int] = defaultdict(int)
    same: dict[tuple[str, object], list[Finding]] = defaultdict(list)
    for seen, findings in judged:
        times[seen.endpoint.host, seen.endpoint.address, seen.endpoint.port] += 1
        for found in findings:
            same[found.code, found.where].append(found)
    for group in same.values():
        gravest = max(group, key=lambda found: found.verdict.gravity)
        where = gravest.where
        asked = times[where.host or "", where.address or "", where.port or 0]
        yield noted(gravest, seen=f"{len(group)} of {asked} connections") if asked > len(group) else gravest


def _united(*parts: Iterable[Finding]) -> list[Finding]:
    """Each (code, place) once, the gravest of them, of equals the first: what a promise demands is said as such."""
    united: dict[tuple[str, object], Finding] = {}
    for found in (found for part in parts for found in part):
        known = united.setdefault((found.code, found.where), found)
        if found.verdict.gravity > known.verdict.gravity:
            united[found.code, found.where] = found
    return list(united.values())
