"""DANE: what the owner of a mail host promises in DNS about its TLS, and whether the host keeps it.

A TLSA record at `_25._tcp.mx.example.org`, signed by DNSSEC, says two things: that the host speaks TLS, always, and
which certificate or key it shows (RFC 6698, 7671; for mail RFC 7672). A sender that honours it delivers to that host
and to no other. It needs no public authority, and an attacker on the way can neither strip STARTTLS nor show a
certificate of his own; in exchange, a key that changes before its record does stops the mail of every such sender.

The judging goes as a sender does. `bases` finds the records that count, or why there are none: insecure and absent are
answers, bogus and failed mean that the mail waits. `tlsa` reads them; what is not usable is put aside, and where that
leaves nothing, TLS is demanded and no certificate is (RFC 7672 §2.2). `look` takes each observation of the host, and
`match` holds its chain against each record: one that holds is enough. By usage 3 it is the leaf itself, whatever names
and dates it has; by usage 2 it is an issuer, to which `anchor` looks for the way. `host` adds the addresses up, since a
sender may meet any of them, and `rollover` says what becomes of all that when the certificate is changed.

The promise works both ways. Where TLS or the match fails, that is a FAIL, however opportunistic the protocol; where it
holds, what the baseline says of trust, names and dates is excused, for such a sender does not look at them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from probe.judge.chain import Anchors
from probe.judge.dane.bases import Published, Standing, asked, mail_exchanges, published
from probe.judge.dane.host import MOST_RECORDS, Excuse, Host, at_records, judge_host
from probe.judge.find import TARGET, finding
from probe.judge.route import mail_hosts
from probe.judge.standard import Standard, Want
from probe.model import Dane, DaneHost, DaneStatus, Dnssec, Endpoint, Evidence, Finding, Hop, Outcome, Verdict

__all__ = ["DaneJudgement", "Excuse", "judge_dane"]

_LONGEST = 8192  # characters of a record that are told

# RFC 7672 §2.2.2 and §2.1.2: what the answers alone come to.
_DECIDED = {
    Standing.ABSENT: DaneStatus.NONE,
    Standing.UNSEEN: DaneStatus.NOT_VALIDATED,
    Standing.BOGUS: DaneStatus.DEFERRED,
    Standing.FAILED: DaneStatus.DEFERRED,
    Standing.UNASKED: DaneStatus.DEFERRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DaneJudgement:
    """`promise` is None where there can be none, or nobody asked. `excused` are findings of the baseline that are no
    more than notes at an endpoint."""

    promise: Dane | None = None
    findings: tuple[Finding, ...] = ()
    excused: Mapping[Endpoint, Excuse] = field(default_factory=dict)


def judge_dane(evidence: Evidence, standard: Standard, anchors: Anchors, at: datetime) -> DaneJudgement:
    """What the hosts of a target have promised by DANE, and whether they keep it as of `at` (UTC)."""
    if standard.dane is Want.OFF:
        return DaneJudgement()
    if not asked(evidence):
        missing = finding("dane-required", Verdict.UNKNOWN, TARGET, cause="not-asked")
        return DaneJudgement(findings=(missing,) if standard.dane is Want.REQUIRE else ())
    hops: dict[str, Hop] = {}
    for hop in evidence.route.hops:
        hops.setdefault(hop.host, hop)
    said = {host: published(hop) for host, hop in hops.items()}
    judged = {host: _judge(hops[host], here, evidence, standard, anchors, at) for host, here in said.items()}
    mx = mail_exchanges(evidence)
    hosts = {host: _summed_up(said[host], judged[host]) for host in said}
    beyond = DaneHost(addresses_dnssec=None, status=DaneStatus.DEFERRED)  # of the limit: nobody looked there
    promise = Dane(
        mx_dnssec=mx.dnssec if mx else None,
        hosts={host: hosts.get(host, beyond) for host in mail_hosts(evidence)},
    )
    return DaneJudgement(
        promise=promise,
        findings=(
            *(found for host in judged.values() for found in host.findings),
            *_of_the_target(promise, said, standard),
        ),
        excused={there: excuse for host in judged.values() for there, excuse in host.excused.items()},
    )


def _judge(hop: Hop, said: Published, evidence: Evidence, standard: Standard, anchors: Anchors, at: datetime) -> Host:
    if said.answer and said.standing in (Standing.SECURE, Standing.ADVICE):
        host = judge_host(hop, said, said.answer, evidence, standard, anchors, at)
    else:
        host = Host(status=_DECIDED[said.standing], findings=tuple(_why_none(hop, said, standard)))
    return host


def _why_none(hop: Hop, said: Published, standard: Standard) -> Iterator[Finding]:
    where, problem = at_records(hop.host), said.problem
    match said.standing:
        case Standing.ABSENT if hop.addresses and standard.dane is not Want.REQUIRE:
            yield finding("dane-absent", Verdict.OK, where, why=said.why)
        case Standing.BOGUS if problem:
            # RFC 7672 §2.1.2: the mail waits. Of addresses and MX the same is said with the route, DANE or not.
            yield finding(
                "dnssec-invalid",
                Verdict.FAIL,
                where,
                cause="tlsa" if problem is said.answer else "addresses",
                question=f"{problem.question.name} {problem.question.rtype}",
                detail=problem.detail[:300],
            )
        case Standing.FAILED if problem:
            # RFC 7672 §2.2.3: not "no record". An attacker who can drop answers would be rid of DANE.
            yield finding(
                "dane-lookup-failed",
                Verdict.UNKNOWN,
                where,
                question=f"{problem.question.name} {problem.question.rtype}",
                detail=problem.detail[:300] or problem.outcome.value,
            )
        case Standing.UNASKED:
            yield finding("dane-lookup-failed", Verdict.UNKNOWN, where, detail="it was not asked for")


def _of_the_target(promise: Dane, said: Mapping[str, Published], standard: Standard) -> Iterator[Finding]:
    hosts = promise.hosts
    unseen = [host for host, here in said.items() if here.standing is Standing.UNSEEN and here.answer]
    promising = [host for host, here in said.items() if here.standing is Standing.SECURE]
    insecure_mx = promise.mx_dnssec is Dnssec.INSECURE
    if standard.dane is Want.REQUIRE:
        yield from _required(promise, said)
    elif unseen:
        failed = (here.problem for here in said.values() if here.standing is Standing.UNSEEN and here.problem)
        asked_for = (f"{answer.question.name}: {answer.detail or answer.outcome}" for answer in failed)
        yield finding("dane-not-validated", Verdict.OK, TARGET, cause="none-seen", failed=next(asked_for, "")[:300])
    if promising and insecure_mx:
        # RFC 7672 §2.2.1: such a sender MAY go by the records of the hosts all the same, and the common ones do.
        yield finding("dane-mx-insecure", Verdict.OK, TARGET, hosts=f"{len(promising)} of {len(hosts)}")


def _required(promise: Dane, said: Mapping[str, Published]) -> Iterator[Finding]:
    """What is missing where DANE is mandatory (RFC 7672 §6)."""
    for host, here in said.items():
        cause = "insecure" if here.addresses is Dnssec.INSECURE else "no-records"
        if promise.hosts[host].status is DaneStatus.UNUSABLE:
            yield finding("dane-required", Verdict.FAIL, at_records(host), cause="unusable", why="no usable record")
        elif here.standing is Standing.ABSENT and (here.answer or cause == "insecure"):  # else no mail goes there
            yield finding("dane-required", Verdict.FAIL, at_records(host), cause=cause, why=here.why)
    unknown = any(host.status is DaneStatus.NOT_VALIDATED for host in promise.hosts.values())
    if promise.hosts.keys() - said.keys():  # beyond the limit
        yield finding("dane-required", Verdict.UNKNOWN, TARGET, cause="not-asked")
    elif unknown or promise.mx_dnssec is Dnssec.NOT_VALIDATED:
        yield finding("dane-required", Verdict.UNKNOWN, TARGET, cause="not-validated")
    elif promise.mx_dnssec is Dnssec.INSECURE:
        # RFC 7672 §2.2.1: the mail MUST wait, whatever the hosts promise.
        yield finding("dane-required", Verdict.FAIL, TARGET, cause="mx-insecure")


def _summed_up(said: Published, host: Host) -> DaneHost:
    answer = said.answer
    found = answer is not None and answer.outcome is Outcome.FOUND
    return DaneHost(
        addresses_dnssec=said.addresses,
        tlsa_dnssec=answer.dnssec if answer else None,
        tlsa_base=said.base,
        records=tuple(text[:_LONGEST] for text in answer.records[:MOST_RECORDS]) if answer and found else (),
        status=host.status,
        matching=host.matching,
        observed=host.observed,
    )
