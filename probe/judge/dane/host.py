"""One host: each of its addresses against its records, and what that comes to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain as together

from probe.judge.chain import Anchors
from probe.judge.dane import tlsa
from probe.judge.dane.bases import Published, Standing, references
from probe.judge.dane.case import Case
from probe.judge.dane.look import Fate, Look, look
from probe.judge.dane.rollover import judge_rollover
from probe.judge.dane.said import several
from probe.judge.dane.tlsa import Record, Unusable
from probe.judge.find import at_endpoint, finding, noted
from probe.judge.standard import Standard
from probe.model import (
    Answer,
    DaneStatus,
    Dnssec,
    Endpoint,
    Evidence,
    Finding,
    Hop,
    Observation,
    Verdict,
    Where,
)

MOST_RECORDS = 64  # of one host; nobody has as many


@dataclass(frozen=True, slots=True, kw_only=True)
class Excuse:
    """The codes that are no more than notes at an endpoint, and the record by which: "DANE-EE 3 1 1"."""

    codes: frozenset[str]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What became of the promise of one host."""

    status: DaneStatus
    findings: tuple[Finding, ...] = ()
    excused: Mapping[Endpoint, Excuse] = field(default_factory=dict)
    matching: int = 0
    observed: int = 0


def at_records(host: str) -> Where:
    return Where(kind="record", host=host)


def judge_host(
    hop: Hop,
    said: Published,
    answer: Answer,
    evidence: Evidence,
    standard: Standard,
    anchors: Anchors,
    at: datetime,
) -> Host:
    """A host that has TLSA records, in `answer`, whether they are validated or not."""
    base, where = said.base or hop.host, at_records(hop.host)
    dialogue = evidence.target.dialogue
    read = [tlsa.parse(text, tlsa.usages(dialogue)) for text in dict.fromkeys(answer.records[:MOST_RECORDS])]
    usable = tuple(dict.fromkeys(record for record in read if isinstance(record, Record)))
    unusable = [record for record in read if isinstance(record, Unusable)]
    case = Case(
        records=tlsa.counting(usable),
        references=references(evidence, hop, base),
        base=base,
        owner=answer.canonical if answer.aliases else answer.question.name,
        ttl=answer.ttl,
        common_name=tlsa.usages(dialogue) is tlsa.MAIL,
        anchors=anchors,
        at=at,
    )
    looks = tuple(look(seen, case, certificate_shown=evidence.client_certificate) for seen in _seen(hop, evidence))
    rollover = judge_rollover(where, looks, case, usable, standard.next_certificate)
    general = [*_unusable(where, unusable, bool(usable)), *([rollover] if rollover else [])]
    if said.standing is Standing.ADVICE:
        return Host(
            status=DaneStatus.NOT_VALIDATED,
            findings=(_advice(where, looks, case, answer, general), *(found for found in general)),
        )
    places = _places(looks)
    return Host(
        status=_status(said, case, looks),
        findings=(*together.from_iterable(_judge_place(group, case) for group in places), *general),
        excused=_excused(places),
        matching=sum(_kept(group) for group in places),
        observed=sum(_observed(group) for group in places),
    )


def _seen(hop: Hop, evidence: Evidence) -> Iterator[Observation]:
    """The observations of a host, and those with a narrower offer that brought another certificate to light."""
    own = [seen for seen in evidence.observations if seen.endpoint.host == hop.host]
    yield from own
    known = {(seen.endpoint.address, seen.chain.der[0]) for seen in own if seen.chain and seen.chain.der}
    for seen in evidence.alternatives:
        if seen.endpoint.host == hop.host and seen.chain and seen.chain.der:
            shown = seen.endpoint.address, seen.chain.der[0]
            if shown not in known:
                known.add(shown)
                yield seen


def _places(looks: Sequence[Look]) -> list[list[Look]]:
    """The looks by address."""
    places: dict[tuple[str, int], list[Look]] = {}
    for found in looks:
        places.setdefault((found.at.endpoint.address, found.at.endpoint.port), []).append(found)
    return list(places.values())


def _observed(group: Sequence[Look]) -> bool:
    return any(found.fate is not Fate.UNOBSERVED for found in group)


def _kept(group: Sequence[Look]) -> bool:
    return _observed(group) and not any(found.fate is Fate.BROKEN for found in group)


def _status(said: Published, case: Case, looks: Sequence[Look]) -> DaneStatus:
    fates = {found.fate for found in looks} - {Fate.UNOBSERVED}
    if said.addresses is Dnssec.BOGUS:  # of one family; RFC 7672 §2.2.2: for any query of the process, the mail waits
        return DaneStatus.DEFERRED
    if not case.records:
        return DaneStatus.UNUSABLE
    if not fates:
        return DaneStatus.DEFERRED
    if len(fates) > 1:
        return DaneStatus.MIXED
    return DaneStatus.HONOURED if Fate.KEPT in fates else DaneStatus.BROKEN


def _judge_place(group: Sequence[Look], case: Case) -> Iterator[Finding]:
    """One address: what is wrong at it, or what matched."""
    broken = [found for found in group if found.fate is Fate.BROKEN]
    plain = [found for found in group if not found.seen]
    times = sum(not found.seen for found in broken)
    told: set[tuple[str, Where]] = set()
    for found in broken:
        note = found.seen or (f"{times} of {len(plain)} connections" if times < len(plain) else "")
        for fault in found.findings:
            if (fault.code, fault.where) not in told:
                told.add((fault.code, fault.where))
                yield noted(fault, seen=note) if note else fault
    matches = [found.held.matches[0] for found in group if found.held and found.held.matches]
    if matches and not broken:
        yield finding(
            "dane-matched",
            Verdict.OK,
            at_endpoint(group[0].at.endpoint),
            record=several(match.record.shown for match in matches),
            by=matches[0].record.named,
            base=case.base,
            depth=matches[0].depth,
            name=matches[0].name,
            key=several((found.key for found in group if found.held), ", "),
        )


def _excused(places: Sequence[Sequence[Look]]) -> dict[Endpoint, Excuse]:
    """By endpoint: nothing where one of its connections broke the promise."""
    excused: dict[Endpoint, Excuse] = {}
    for group in places:
        for endpoint in dict.fromkeys(found.at.endpoint for found in group):
            looks = [found for found in group if found.at.endpoint == endpoint]
            held = [found.held for found in looks if found.held]
            if held and not any(found.fate is Fate.BROKEN for found in looks):
                codes = frozenset.intersection(*(one.excused for one in held))
                excused[endpoint] = Excuse(codes=codes, by=held[0].matches[0].record.named)
    return {endpoint: excuse for endpoint, excuse in excused.items() if excuse.codes}


def _unusable(where: Where, records: Sequence[Unusable], others: bool) -> Iterator[Finding]:
    """RFC 7672 §2.2: with nothing usable, TLS is demanded and no certificate is. Beside usable ones they do no harm."""
    if not records:
        return
    typed = any(record.malformed for record in records)
    yield finding(
        "tlsa-unusable",
        Verdict.OK if others and not typed else Verdict.WARN,
        where,
        cause="some" if others else "all",
        records=several(record.shown for record in records),
        why=several((f"{record.shown[:16].rstrip()}: {record.why}" for record in records), most=4),
    )


def _advice(where: Where, looks: Sequence[Look], case: Case, answer: Answer, general: Sequence[Finding]) -> Finding:
    """What would be so, were the records validated."""
    kept = [found for found in looks if found.fate is Fate.KEPT and found.held]
    broken = [found for found in looks if found.fate is Fate.BROKEN]
    told = [
        f"{found.held.matches[0].record.shown} would match {found.at.endpoint.address}" for found in kept if found.held
    ]
    told += [f"nothing would match {found.at.endpoint.address}" for found in broken]
    if not case.records:
        told = ["none of the records is usable"]
    return finding(
        "dane-not-validated",
        Verdict.UNKNOWN,
        where,
        cause="records-seen",
        base=case.base,
        records=several(tlsa_text[:70] for tlsa_text in answer.records[:MOST_RECORDS]),
        advice=several(told, most=4) or "no address could be observed",
        resolver=answer.resolver,
    )
