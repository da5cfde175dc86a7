"""What the next certificate means for those who connect: which endpoints will show it, TLSA records, MTA-STS."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from probe.judge.certificate import Certificate, parse
from probe.judge.dane import judge_dane
from probe.judge.dane.said import several
from probe.judge.find import at_endpoint, at_host, finding
from probe.judge.hybrid.rehearsal.case import PLAN, Case
from probe.judge.names import by_rfc
from probe.judge.standard import Want
from probe.judge.sts import judge_sts
from probe.model import DaneStatus, Evidence, Finding, Observation, Record, Verdict, Where

# Endpoints that do not show what is to be replaced, the last of them not ours.
_OTHERS = ("other-installed", "stranger", "exchange-online")
_MICROSOFT = (".protection.outlook.com", ".mx.microsoft")
_BINDING = {"enforce": Verdict.FAIL, "testing": Verdict.WARN}


def judge_wire(case: Case) -> Iterator[Finding]:
    """Each endpoint that was observed, then what its host and domain have promised."""
    if not case.evidence:
        yield finding("rehearsal-not-looked", Verdict.OK, PLAN)
    for evidence in case.evidence:
        seen = dict(_endpoints(evidence, case))
        yield from seen.values()
        yield from _tlsa(evidence, case, _elsewhere(seen.values()))
        yield from _sts(evidence, case, _elsewhere(seen.values()))


def shown(evidence: Iterable[Evidence]) -> frozenset[str]:
    """The thumbprints of the certificates that were presented."""
    leaves = (
        parse(seen.chain.der[0]) for one in evidence for seen in one.observations if seen.chain and seen.chain.der
    )
    return frozenset(leaf.sha1.upper() for leaf in leaves)


def sent(evidence: Iterable[Evidence]) -> tuple[bytes, ...]:
    """The issuers that were sent along, each once."""
    chains = (seen.chain.der for one in evidence for seen in one.observations if seen.chain)
    return tuple(dict.fromkeys(der for chain in chains for der in chain[1:]))


def _endpoints(evidence: Evidence, case: Case) -> Iterator[tuple[Where, Finding]]:
    for seen in evidence.observations:
        yield at_endpoint(seen.endpoint), _endpoint(seen, case)
    if not evidence.observations:
        where = Where(kind="host", host=evidence.target.name)
        yield where, finding("rehearsal-endpoint", Verdict.UNKNOWN, where, cause="unobserved")


def _endpoint(seen: Observation, case: Case) -> Finding:
    where, code = at_endpoint(seen.endpoint), "rehearsal-endpoint"
    leaf = parse(seen.chain.der[0]) if seen.chain and seen.chain.der else None
    if leaf is None:
        detail = seen.failure.detail[:200] if seen.failure else ""
        return finding(code, Verdict.UNKNOWN, where, cause="unobserved", detail=detail)
    thumbprint = leaf.sha1.upper()
    subject = leaf.subject if isinstance(leaf, Certificate) else None
    facts = {"thumbprint": thumbprint, "subject": subject}
    if thumbprint == case.thumbprint:
        return finding(code, Verdict.OK, where, cause="next", **facts)
    if any(found.thumbprint == thumbprint for found in case.replaced):
        return finding(code, Verdict.OK, where, cause="today", **facts)
    if seen.endpoint.host.endswith(_MICROSOFT):  # where the MX record of a hybrid organisation mostly leads
        return finding(code, Verdict.OK, where, cause="exchange-online")
    if not case.organisation.certificates:
        return finding(code, Verdict.OK, where, cause="not-compared", **facts)
    installed = any(found.thumbprint == thumbprint for found in case.organisation.certificates)
    return finding(code, Verdict.WARN, where, cause=_OTHERS[0] if installed else _OTHERS[1], **facts)


def reached(evidence: Evidence, case: Case) -> bool:
    """Whether the next certificate is to be seen at the target, as far as is known."""
    return any(found.fact("cause") not in _OTHERS for _, found in _endpoints(evidence, case))


def _elsewhere(findings: Iterable[Finding]) -> frozenset[str]:
    """Hosts all of whose endpoints show something else: the next certificate is not going there."""
    causes: dict[str, set[str]] = {}
    for found in findings:
        causes.setdefault(found.where.host or "", set()).add(found.fact("cause") or "")
    return frozenset(host for host, seen in causes.items() if seen <= set(_OTHERS))


def _tlsa(evidence: Evidence, case: Case, elsewhere: frozenset[str]) -> Iterator[Finding]:
    """RFC 7671 §8.1: the new key is published before it is used. A sender that honours the records and meets another
    key delivers nothing."""
    standard = replace(case.standard, next_certificate=case.chain, dane=Want.AUTO)
    judged = judge_dane(evidence, standard, case.anchors, case.at)
    if judged.promise is None:
        return
    rolls = {found.where.host: found for found in judged.findings if found.code == "dane-rollover"}
    for host, promise in judged.promise.hosts.items():
        where, roll = Where(kind="record", host=host), rolls.get(host)
        if host in elsewhere:
            continue
        validated = promise.status is not DaneStatus.NOT_VALIDATED
        if roll:
            keys = ("publish", "ttl", "covered_by", "why")
            facts = {key: roll.fact(key) for key in keys}
            covered = roll.fact("cause") == "next-covered"
            fault = Verdict.FAIL if validated else Verdict.WARN
            missing = "not-covered" if validated else "not-covered-unvalidated"
            verdict, cause = (Verdict.OK, "covered") if covered else (fault, missing)
            yield finding("rehearsal-tlsa", verdict, where, cause=cause, **facts)
        elif promise.status in (DaneStatus.NONE, DaneStatus.UNUSABLE):
            yield finding("rehearsal-tlsa", Verdict.OK, where, cause="none")
        elif validated or promise.records:
            yield finding("rehearsal-tlsa", Verdict.UNKNOWN, where, cause="unknown")
        else:
            yield finding("rehearsal-tlsa", Verdict.OK, where, cause="none-seen")


def _sts(evidence: Evidence, case: Case, elsewhere: frozenset[str]) -> Iterator[Finding]:
    """RFC 8461 §4.2: a certificate for the MX host, by the rules of the web, up to a public root."""
    promise = judge_sts(evidence, case.standard, case.anchors, case.at).promise
    if promise is None:
        return
    if promise.record is Record.UNKNOWN and promise.mode is None:
        yield finding("rehearsal-sts", Verdict.UNKNOWN, Where(kind="policy"), cause="unknown")
    for host, kept in promise.hosts.items():
        if promise.mode not in _BINDING or host in elsewhere or not kept.in_policy:
            continue
        verdict, where, facts = _BINDING[promise.mode], at_host(host), {"mode": promise.mode}
        if by_rfc(case.leaf, host) is None:
            yield finding(
                "rehearsal-sts",
                verdict,
                where,
                cause="name",
                names=several(case.leaf.names, ", ") or "no name",
                **facts,
            )
        elif case.path.cause not in (None, "chain-incomplete"):
            yield finding("rehearsal-sts", verdict, where, cause="not-trusted", roots=case.anchors.label, **facts)
        else:
            yield finding("rehearsal-sts", Verdict.OK, where, **facts)
