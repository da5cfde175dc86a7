"""What differs between two judgements on one target: what was seen, put side by side in lines that are the same where
it is the same; and what is wrong, by code and place. Pure: it compares and decides nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from probe.judge.certificate import Certificate, Unreadable, parse
from probe.model import Answer, Direction, Finding, Observation, Report, RouteKind, Verdict, gravest
from probe.report.attribution import attribution
from probe.report.wording import failed, nearby, peer, place

Sheet = dict[tuple[str, str], tuple[str, ...]]  # by subject and place: what is there, a line for each thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The same difference at all these places. `about` is route, addresses, TLSA, session, certificate, chain,
    attribution, DANE, MTA-STS or TLSRPT. The lines are as peers wrote them: whoever prints them makes them visible."""

    about: str
    places: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A fault that appeared, cleared, or became worse or better. OK: it is none on that side. `finding` is the later
    one, and of what cleared the last one there was."""

    finding: Finding
    before: Verdict
    after: Verdict

    @property
    def worse(self) -> bool:
        return self.after.gravity > self.before.gravity


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One target on both sides, each as of a moment."""

    name: str
    near: str
    verdicts: tuple[Verdict, Verdict]
    at: tuple[datetime, datetime]
    differences: tuple[Difference, ...]
    shifts: tuple[Shift, ...]

    @property
    def same(self) -> bool:
        return not self.differences and not self.shifts

    @property
    def verdict(self) -> Verdict:
        """The gravest of what is worse than before; OK where nothing is."""
        return gravest([Verdict.OK, *(shift.after for shift in self.shifts if shift.worse)])


def compare(name: str, before: Report, after: Report) -> Compared:
    """The two judgements beside each other."""
    return Compared(
        name=name,
        near=nearby(after),
        verdicts=(before.verdict, after.verdict),
        at=(before.at, after.at),
        differences=tuple(_together(_sheet(before), _sheet(after))),
        shifts=tuple(_shifts(before.findings, after.findings)),
    )


def _together(before: Sheet, after: Sheet) -> Iterator[Difference]:
    """What differs alike at several places once, in the order of the sheets."""
    alike: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key, ()), after.get(key, ())
        if set(old) != set(new):
            about, where = key
            gone = tuple(line for line in old if line not in new)
            come = tuple(line for line in new if line not in old)
            alike.setdefault((about, gone, come), []).append(where)
    for (about, gone, come), places in alike.items():
        yield Difference(about=about, places=tuple(filter(None, places)), before=gone, after=come)


def _shifts(before: Iterable[Finding], after: Iterable[Finding]) -> Iterator[Shift]:
    """The worst first. That something good is no longer said is no news of its own."""
    old = {(found.code, found.where): found for found in before if found.verdict is not Verdict.OK}
    new = {(found.code, found.where): found for found in after if found.verdict is not Verdict.OK}
    shifts = [
        Shift(
            finding=new.get(key) or old[key],
            before=old[key].verdict if key in old else Verdict.OK,
            after=new[key].verdict if key in new else Verdict.OK,
        )
        for key in dict.fromkeys((*new, *old))
    ]
    moved = (shift for shift in shifts if shift.before is not shift.after)
    yield from sorted(moved, key=lambda shift: (not shift.worse, -shift.after.gravity, -shift.before.gravity))


def _sheet(report: Report) -> Sheet:
    """Everything that was seen of the target and is compared. Times, greetings and timings are not."""
    sheet: Sheet = {}
    for key, lines in (*_route(report), *_wire(report), *_promises(report)):
        sheet[key] = tuple(dict.fromkeys((*sheet.get(key, ()), *lines)))
    return sheet


Entry = tuple[tuple[str, str], Sequence[str]]


def _route(report: Report) -> Iterator[Entry]:
    route = report.evidence.route
    lines = [f"MX {hop.preference} {hop.host}" if route.kind is RouteKind.MX else hop.host for hop in route.hops]
    ways = {RouteKind.NULL_MX: "null MX", RouteKind.NONE: "no host", RouteKind.IMPLICIT_MX: "no MX record"}
    unknown = [_unknown(answer) for answer in route.answers if not answer.outcome.known]
    failure = [failed(route.failure)] if route.failure else []
    yield ("route", ""), [*([ways[route.kind]] if route.kind in ways else []), *lines, *unknown, *failure]
    for hop in route.hops:
        doubts = [_unknown(answer) for answer in hop.answers if not answer.outcome.known]
        yield ("addresses", hop.host), [*hop.addresses, *doubts]
        records = [record for answer in hop.tlsa for record in answer.records]
        doubts = [_unknown(answer) for answer in hop.tlsa if not answer.outcome.known]
        yield ("TLSA", hop.host), [*records, *doubts]


def _unknown(answer: Answer) -> str:
    return f"{answer.question.name} {answer.question.rtype} not known: {answer.outcome}"


def _wire(report: Report) -> Iterator[Entry]:
    if report.attribution:
        yield ("attribution", ""), [attribution(report.attribution)]
    for seen in (*report.evidence.observations, *report.evidence.alternatives):
        inbound = seen.direction is Direction.INBOUND
        there = peer(seen) if inbound else place(seen.endpoint.host, seen.endpoint.address, seen.endpoint.port)
        where = f"{there} ({seen.endpoint.offer.upper()})" if seen.endpoint.offer else there
        if not seen.endpoint.offer:  # that one with a narrower offer came to nothing is no fault
            yield ("session", where), list(_session(seen))
        chain = [parse(der) for der in seen.chain.der] if seen.chain else []
        if chain:
            yield ("certificate", where), list(_leaf(chain[0]))
            yield ("chain", where), [_named(number, one) for number, one in enumerate(chain) if number]
        elif inbound and seen.session:
            yield ("certificate", where), ["none was presented"]


def _session(seen: Observation) -> Iterator[str]:
    if seen.session:
        yield ", ".join(filter(None, (seen.session.version, seen.session.group, seen.session.cipher)))
    if seen.certificate_requested and seen.direction is Direction.OUTBOUND:
        yield "asks for a client certificate"
    if not seen.attempted:
        yield "not tried: the time for the target ran out before"
    elif seen.failure:
        yield failed(seen.failure, of_client=seen.direction is Direction.INBOUND)


def _leaf(leaf: Certificate | Unreadable) -> Iterator[str]:
    yield f"SHA-1 {leaf.sha1.upper()}"
    if isinstance(leaf, Unreadable):
        yield f"cannot be read: {leaf.error}"
        return
    yield f"subject {leaf.subject}"
    yield f"issuer {leaf.issuer}"
    yield f"names {', '.join(leaf.names) or 'none'}"
    yield f"valid {leaf.not_before:%Y-%m-%d} to {leaf.not_after:%Y-%m-%d}"
    yield f"key {leaf.key}"


def _named(number: int, one: Certificate | Unreadable) -> str:
    subject = "cannot be read" if isinstance(one, Unreadable) else one.subject
    return f"{number} {one.sha1.upper()} {subject}"


def _promises(report: Report) -> Iterator[Entry]:
    promises = report.promises
    for host, dane in promises.dane.hosts.items() if promises.dane else ():
        yield ("DANE", host), [str(dane.status)]
    if sts := promises.mta_sts:
        terms = (("mode", sts.mode), ("id", sts.id), ("max_age", sts.max_age), ("by way of", sts.origin))
        told = [f"{key} {value}" for key, value in terms if value is not None]
        yield ("MTA-STS", ""), [f"record {sts.record}", f"policy {sts.policy}", *told, *(f"mx {one}" for one in sts.mx)]
    if tlsrpt := promises.tlsrpt:
        yield ("TLSRPT", ""), [f"record {tlsrpt.record}", *(f"rua {uri}" for uri in tlsrpt.rua)]
