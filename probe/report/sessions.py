"""The connections of a run as a sender would count them: RFC 8460 §4.

A session is counted under the policy that decides over it: DANE where the host has usable records, else MTA-STS, else
none (RFC 8461 §2: DANE is not overridden). It failed where TLS did not come about, or where what was seen is not what
that policy demands; what another policy would have demanded is no failure of this session. Without a policy nearly
every certificate will do. An attempt that never came as far as TLS is not counted (§4.3.3: passing troubles need not be
reported), and neither is one that was never made.

What is wrong with a policy itself, so that it could not be used, is one failed session of that policy: the one look
that was taken at it. Sessions that went on without it are counted where they then belong.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from probe.judge.catalogue import explain
from probe.model import DaneHost, DaneStatus, Finding, Observation, Report, Sts, Verdict
from probe.report.wording import cause

TLSA, STS, NONE = "tlsa", "sts", "no-policy-found"

# RFC 8460 §4.3.2: the results that are about a policy.
ABOUT = {
    **dict.fromkeys(("tlsa-invalid", "dnssec-invalid", "dane-required"), TLSA),
    **dict.fromkeys(("sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"), STS),
}
# There was no TLS, or not for us: that fails under every policy.
_NO_TLS = ("starttls-not-supported", "not-observed", "client-certificate-required")
# What the fact `required_by` begins with, where a promise raises what is otherwise a matter of luck.
_BY = {TLSA: "DANE", STS: "MTA-STS"}
_DECIDES = (DaneStatus.HONOURED, DaneStatus.MIXED, DaneStatus.BROKEN, DaneStatus.DEFERRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The policy that sessions were counted under. `domain` is that of the policy (RFC 8460 §1.1: for DANE, the TLSA
    base domain), `text` its records or lines, `mx` its patterns."""

    kind: str
    domain: str
    text: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """So many sessions of one endpoint failed in one way. Without `seen` they failed before there was one."""

    result: str
    number: int
    why: Finding
    host: str | None = None
    seen: Observation | None = None


@dataclass(slots=True)
class Tally:
    """What came of the sessions under one policy. One session may fail in several ways."""

    successful: int = 0
    failed: int = 0
    details: list[Failed] = field(default_factory=list)


def tallied(report: Report) -> dict[Applied, Tally]:
    """All policies that had a say, in the order of the route; at least one."""
    tallies: dict[Applied, Tally] = defaultdict(Tally)
    bad = [(finding, result) for finding in report.findings if (result := _result(finding))]
    counted: set[Finding] = set()
    for group in _by_endpoint(report):
        applied = _applied(report, group[0].endpoint.host, bad)
        here = [it for it in bad if _concerns(it[0], group[0]) and _counts(*it, applied.kind)]
        if _count(tallies[applied], group, here):
            counted.update(finding for finding, _ in here)
    for finding, result in bad:
        broken = None if finding in counted else _broken(report, finding, result)
        if broken:
            tallies[broken].failed += 1
            tallies[broken].details.append(Failed(result=result, number=1, why=finding, host=finding.where.host))
    return dict(tallies) or {Applied(kind=NONE, domain=report.target.name): Tally()}


def _result(finding: Finding) -> str | None:
    """The result type of RFC 8460 §4.3 by which a sender would report this."""
    return None if finding.verdict is Verdict.OK else explain(finding.code, cause(finding)).tlsrpt


def _by_endpoint(report: Report) -> Iterable[list[Observation]]:
    groups: dict[object, list[Observation]] = {}
    for seen in report.evidence.observations:
        if seen.attempted:
            there = seen.endpoint
            groups.setdefault((there.host, there.address, there.port), []).append(seen)
    return groups.values()


def _applied(report: Report, host: str, bad: Iterable[tuple[Finding, str]]) -> Applied:
    """The policy that decides over sessions with this host."""
    dane, sts = report.promises.dane, report.promises.mta_sts
    at_host = dane.hosts.get(host) if dane else None
    demanded = any(result == "dane-required" and finding.where.host in (None, host) for finding, result in bad)
    if demanded or (at_host and at_host.status in _DECIDES):
        return _tlsa(host, at_host)
    if sts and sts.origin and sts.mode != "none":
        return _sts(report.target.name, sts)
    if at_host and at_host.status is DaneStatus.UNUSABLE:  # TLS is required even so: RFC 7672 §2.2
        return _tlsa(host, at_host)
    return Applied(kind=NONE, domain=report.target.name)


def _tlsa(host: str, found: DaneHost | None) -> Applied:
    return (
        Applied(kind=TLSA, domain=found.tlsa_base or host, text=found.records)
        if found
        else Applied(kind=TLSA, domain=host)
    )


def _sts(domain: str, sts: Sts) -> Applied:
    if not sts.origin:
        return Applied(kind=STS, domain=domain)
    fields = (("version", "STSv1"), ("mode", sts.mode), *(("mx", mx) for mx in sts.mx), ("max_age", sts.max_age))
    text = tuple(f"{key}: {value}" for key, value in fields if value is not None)
    return Applied(kind=STS, domain=domain, text=text, mx=sts.mx)


def _concerns(finding: Finding, seen: Observation) -> bool:
    where, there = finding.where, seen.endpoint
    if where.address is None:
        return where.kind != "policy" and where.host in (None, there.host)
    return (where.host, where.address, where.port) == (there.host, there.address, there.port)


def _counts(finding: Finding, result: str, kind: str) -> bool:
    """Whether sessions under that kind of policy fail by this."""
    if finding.code == "mx-not-in-policy":
        return kind == STS
    if result in ABOUT:  # a policy that cannot be used spoils a session only where mail waits for its sake
        return ABOUT[result] == kind == TLSA and finding.verdict is not Verdict.WARN
    if finding.code in _NO_TLS:
        return True
    if required := finding.fact("required_by"):
        return _BY.get(kind, "") in required
    return finding.verdict is Verdict.FAIL


def _count(tally: Tally, group: list[Observation], bad: list[tuple[Finding, str]]) -> bool:
    """Count the sessions with one endpoint; tells whether there were any."""
    sessions = sum(seen.session is not None for seen in group)
    refused = sum(seen.session is not None and seen.failure is not None for seen in group)
    told = sum(_times(finding, len(group)) for finding, _ in bad if finding.code in _NO_TLS)
    lost = min(len(group) - sessions, told)
    spoilt, ways = 0, dict[str, Failed]()
    for finding, result in bad:
        without = finding.code in _NO_TLS
        number = min(_times(finding, len(group)), lost + refused if without else sessions)
        if not without or refused:
            spoilt = max(spoilt, min(number, sessions))
        if number and (result not in ways or ways[result].number < number):
            seen = next((seen for seen in group if (seen.session is None) == without), group[0])
            ways[result] = Failed(result=result, number=number, why=finding, host=seen.endpoint.host, seen=seen)
    tally.successful += sessions - spoilt
    tally.failed += lost + spoilt
    tally.details += ways.values()
    return sessions + lost > 0


def _times(finding: Finding, asked: int) -> int:
    """Of so many connections, how many it was found at. The fact `seen` says "2 of 3 connections", or that it is others
    who see it."""
    seen = finding.fact("seen")
    number = seen.partition(" ")[0] if seen else str(asked)
    return int(number) if number.isdecimal() and len(number) < 10 else 0


def _broken(report: Report, finding: Finding, result: str) -> Applied | None:
    """The policy that this finding calls broken; None where it is about sessions."""
    kind, where, promises = ABOUT.get(result), finding.where, report.promises
    if kind == STS and promises.mta_sts:
        return _sts(report.target.name, promises.mta_sts)
    if kind == TLSA and where.address is None:
        found = promises.dane.hosts.get(where.host) if promises.dane and where.host else None
        return _tlsa(where.host or report.target.name, found)
    return None
