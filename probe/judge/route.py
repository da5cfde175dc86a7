"""What the route alone tells: whether there is a host to deliver to, and what we left out."""

import re
from collections.abc import Iterator

from probe.judge.find import TARGET, at_host, finding
from probe.judge.standard import Standard
from probe.model import Answer, Evidence, Finding, Hop, Kind, Outcome, RouteKind, Stage, Verdict, Where

_MX = re.compile(r"(\d{1,5}) (\S{1,1024})", re.ASCII)


def judge_route(evidence: Evidence, standard: Standard) -> Iterator[Finding]:
    """Findings on names and addresses."""
    route = evidence.route
    if route.kind is RouteKind.NULL_MX:
        # RFC 7505: the domain says that it takes no mail. That is in order, unless mail was expected to arrive.
        verdict = Verdict.FAIL if standard.expects else Verdict.OK
        yield finding("no-mail", verdict, TARGET, domain=evidence.target.name)
    if route.failure:
        yield _unresolved(Verdict.UNKNOWN, TARGET, route.failure.kind, route.failure.detail)
    elif route.kind is RouteKind.NONE:
        for answer in route.answers:
            yield from _judge_answer(answer, others=False, where_host=None)
    others = any(hop.addresses for hop in route.hops)
    for hop in route.hops:
        yield from _judge_hop(hop, others)
    hosts, addresses = route.omitted, sum(hop.omitted for hop in route.hops)
    certificates = max((seen.chain.omitted for seen in evidence.observations if seen.chain), default=0)
    if hosts or addresses or certificates:
        yield finding(
            "route-cut",
            Verdict.WARN,
            TARGET,
            hosts_omitted=hosts or None,
            addresses_omitted=addresses or None,
            certificates_omitted=certificates or None,
        )


def mail_hosts(evidence: Evidence) -> tuple[str, ...]:
    """Every host that mail for the target may go to, those beyond the limit included, by preference."""
    found = dict.fromkeys(hop.host for hop in evidence.route.hops)
    if evidence.route.omitted:
        mx = (answer for answer in evidence.route.answers if answer.question.rtype == "MX")
        records = (_MX.fullmatch(record) for answer in mx for record in answer.records)
        named = sorted((int(record[1]), record[2].lower()) for record in records if record)
        found.update(dict.fromkeys(host.removesuffix(".") for _, host in named if host != "."))
    return tuple(found)


def _judge_hop(hop: Hop, others: bool) -> Iterator[Finding]:
    alias = next((answer for answer in hop.answers if answer.aliases), None)
    if alias and hop.preference is not None:
        # RFC 2181 §10.3: the name in an MX record must not be an alias. Most senders follow it all the same.
        yield finding("mx-is-alias", Verdict.OK, at_host(hop.host), canonical=alias.canonical)
    unknown = [answer for answer in hop.answers if not answer.outcome.known]
    if hop.addresses:
        for answer in unknown:  # one family is known, the other is not: some addresses may have gone unseen
            yield from _judge_answer(answer, others=True, where_host=hop.host)
    elif unknown:
        yield from _judge_answer(unknown[0], others=others, where_host=hop.host)
    elif hop.answers:
        first = hop.answers[0]
        unasked = {"A", "AAAA"} - {answer.question.rtype for answer in hop.answers}
        if unasked and first.outcome is Outcome.NODATA:  # the host may well have addresses of the other family
            detail = f"no {first.question.rtype} record; {unasked.pop()} was not asked for"
            verdict = Verdict.OK if others else Verdict.UNKNOWN
            yield _unresolved(verdict, at_host(hop.host), Kind.UNREACHABLE, detail)
        else:
            yield from _judge_answer(first, others=others, where_host=hop.host)


def _judge_answer(answer: Answer, *, others: bool, where_host: str | None) -> Iterator[Finding]:
    """`others`: mail has somewhere else to go."""
    where = at_host(where_host) if where_host else TARGET
    match answer.outcome:
        case Outcome.BOGUS:
            # RFC 4035 §5.5: a validating resolver gives its clients no such answer, so their mail waits, DANE or not.
            yield finding(
                "dnssec-invalid",
                Verdict.FAIL,
                where,
                cause="addresses" if where_host else "mx",
                question=f"{answer.question.name} {answer.question.rtype}",
                detail=answer.detail,
            )
        case Outcome.FAILED | Outcome.TIMEOUT:
            kind = answer.kind or (Kind.TIMEOUT if answer.outcome is Outcome.TIMEOUT else Kind.REJECTED)
            alone = Verdict.FAIL if kind is Kind.PROTOCOL else Verdict.UNKNOWN  # the zone's own fault is known
            detail = f"{answer.question.name} {answer.question.rtype}: {answer.detail or answer.outcome}"
            yield _unresolved(Verdict.WARN if others else alone, where, kind, detail)
        case Outcome.NXDOMAIN | Outcome.NODATA:
            yield finding(
                "name-not-found",
                Verdict.WARN if others else Verdict.FAIL,
                where,
                cause="no-such-name" if answer.outcome is Outcome.NXDOMAIN else "no-addresses",
                question=f"{answer.question.name} {answer.question.rtype}",
                outcome=answer.outcome,
            )


def _unresolved(verdict: Verdict, where: Where, kind: Kind, detail: str) -> Finding:
    return finding("not-observed", verdict, where, stage=Stage.RESOLVE, kind=kind, detail=detail)
