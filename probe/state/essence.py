"""What is essential in a look: two looks with one essence saw the same. Pure.

Not in it is what differs from look to look without anything being different: times, how long it took, lifetimes in
caches, who answered, what banners say, the words of an error, the days that a certificate has left.
"""

import hashlib
from collections.abc import Iterator

from probe.codec import encode
from probe.model import Answer, Evidence, Failure, Finding, Hop, Observation, PresentedChain, Report

SIZE = 16  # octets of a digest


def essence(report: Report) -> bytes:
    """A digest of it."""
    seen = report.evidence
    whole = (
        seen.target,
        (seen.route.kind, sorted(map(_hop, seen.route.hops)), seen.route.omitted, _failure(seen.route.failure)),
        sorted(map(encode, _answers(seen))),
        sorted({encode(_observed(one)) for one in seen.observations}),
        sorted({encode(_observed(one)) for one in seen.alternatives}),
        _promised(report),
        sorted({encode(_found(finding)) for finding in report.findings}),
    )
    return hashlib.sha256(encode(whole)).digest()[:SIZE]


def _hop(hop: Hop) -> tuple[object, ...]:
    return (-1 if hop.preference is None else hop.preference, hop.host, sorted(hop.addresses), hop.omitted)


def _answers(seen: Evidence) -> Iterator[tuple[object, ...]]:
    """What was asked for its own sake with its records; the rest, whose records are the route, with how it ended."""
    for hop in seen.route.hops:
        yield from map(_records, hop.tlsa)
    if seen.mta_sts:
        yield _records(seen.mta_sts.txt)
    if seen.tlsrpt:
        yield _records(seen.tlsrpt)
    for answer in seen.answers:
        yield (answer.question.name, answer.question.rtype, answer.outcome, answer.secure)


def _records(answer: Answer) -> tuple[object, ...]:
    return (answer.question.name, answer.question.rtype, sorted(answer.records))


def _observed(one: Observation) -> tuple[object, ...]:
    return (one.endpoint, _chain(one.chain), one.session, _failure(one.failure), one.attempted, bool(one.early))


def _chain(chain: PresentedChain | None) -> object:
    return chain and ([hashlib.sha256(der).hexdigest() for der in chain.der], chain.omitted)


def _failure(failure: Failure | None) -> object:
    return failure and (failure.stage, failure.kind)


def _promised(report: Report) -> object:
    """The policy in force; how it was fetched is in its findings."""
    sts = report.promises.mta_sts
    return sts and (sts.record, sts.policy, sts.origin, sts.mode, sts.id, sts.max_age, sorted(sts.mx))


def _found(finding: Finding) -> tuple[object, ...]:
    return (finding.code, finding.where, finding.verdict, finding.fact("cause"))
