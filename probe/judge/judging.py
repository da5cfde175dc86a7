"""The whole judgement on one target.

Each observation is judged by itself (the way to TLS, the session, the chain, the expected certificate), then the
observations of one host beside each other, then the route.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from probe.judge.chain import Anchors
from probe.judge.drift import judge_drift
from probe.judge.find import at_certificate, finding, placed
from probe.judge.route import judge_route
from probe.judge.session import judge_session
from probe.judge.standard import Standard
from probe.judge.trust import judge_chain
from probe.model import Evidence, Finding, Observation, Report, Stage


def judge(evidence: Evidence, standard: Standard, anchors: Anchors, at: datetime) -> Report:
    """The report on a target as of `at` (UTC): gravest finding first, each (code, place) once."""
    answered = any(seen.failure is None or seen.failure.stage is not Stage.CONNECT for seen in evidence.observations)
    judged = [
        (seen, tuple(_judge_one(seen, standard, anchors, at, answered, evidence.client_certificate)))
        for seen in evidence.observations
    ]
    findings = [*judge_route(evidence, standard), *_merged(judged), *judge_drift(judged)]
    return Report(
        target=evidence.target,
        at=at,
        findings=tuple(sorted(findings, key=lambda found: -found.verdict.gravity)),
        evidence=evidence,
        roots=anchors.label,
    )


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


def _merged(judged: list[tuple[Observation, tuple[Finding, ...]]]) -> Iterator[Finding]:
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
        if asked > len(group):
            facts = sorted((*gravest.facts, ("seen", f"{len(group)} of {asked} connections")))
            gravest = Finding(
                code=gravest.code,
                verdict=gravest.verdict,
                where=where,
                facts=tuple(facts),
                rule_book=gravest.rule_book,
            )
        yield gravest
