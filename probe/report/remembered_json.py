"""What `status`, `history`, `diff` and `run` have in common in JSON, as types, and how it is made of the model's.

Keys are only ever added. All times are RFC 3339 in UTC.
"""

from collections.abc import Mapping
from typing import Annotated

from msgspec import UNSET, Meta, Struct

from probe import model
from probe.model import RuleBook, Verdict, duty
from probe.report import document
from probe.report.kept import next_end

Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0, description="In seconds.")]
Key = Annotated[str, Meta(description="The fault's identity over time, the same in every alert.")]


class Fault(Struct, frozen=True):
    """A fault that is open: `verdict` as last seen; it began then, and its verdict last changed then."""

    key: Key
    code: Annotated[str, Meta(description="`probe explain CODE` tells what it means.")]
    cause: str | None
    where: document.Where
    verdict: Verdict
    rule_book: RuleBook
    facts: Mapping[str, str]
    began: document.Moment
    changed: document.Moment
    seen: document.Moment
    told: Annotated[document.Moment | None, Meta(description="When somebody was last alerted; null: never.")]


class Change(Struct, frozen=True):
    """What is no longer as it was. `before` is null where there was nothing; `verdict` is OK where there is nothing
    any more, and of notes."""

    kind: duty.Became
    key: Key
    code: str
    cause: str | None
    where: document.Where
    verdict: Verdict
    before: Verdict | None
    since: document.Moment
    at: document.Moment
    facts: Mapping[str, str]


class Certificate(Struct, frozen=True):
    """A leaf certificate that an endpoint presented, from `first` to `last`; what could not be read of it is null."""

    host: str
    address: str
    port: int
    offer: Annotated[str, Meta(description="The one kind of key that was offered to be shown; empty: any.")]
    sha1: document.Hex
    sha256: document.Hex
    subject: str
    issuer: str
    serial: str
    names: tuple[str, ...]
    not_before: document.Moment | None
    not_after: document.Moment | None
    ends: Annotated[document.Moment | None, Meta(description="When the first of the presented chain expires.")]
    first: document.Moment
    last: document.Moment


class Policy(Struct, frozen=True):
    """An MTA-STS policy, in force from `first`; `mode` null: there was none."""

    mode: str | None
    id: str | None
    max_age: Annotated[int | None, Meta(description="In seconds.")]
    mx: tuple[str, ...]
    first: document.Moment


class Target(Struct, frozen=True):
    """How a target of the configuration stands."""

    name: str
    target: Annotated[str, Meta(description="As configured.")]
    tags: tuple[str, ...]
    at: Annotated[document.Moment, Meta(description="Of the last look.")]
    verdict: Verdict
    since: Annotated[document.Moment, Meta(description="It has been that verdict from then on.")]
    good: Annotated[document.Moment | None, Meta(description="The last look that came to OK or WARN; null: none.")]
    expires: Annotated[document.Moment | None, Meta(description="When the first of what is presented expires.")]
    attempts: Annotated[int, Meta(ge=0, description="Looks that it took.")]
    seconds: Seconds
    faults: tuple[Fault, ...]
    certificates: tuple[Certificate, ...]
    policy: Policy | None


class Run(Struct, frozen=True):
    """A run; `ended` null: it lasts, or was cut off."""

    number: int
    kind: str
    began: document.Moment
    ended: document.Moment | None
    verdict: Verdict | None
    targets: Count


def target(standing: duty.Standing) -> Target:
    return Target(
        name=standing.name,
        target=standing.target.given,
        tags=standing.tags,
        at=standing.at,
        verdict=standing.verdict,
        since=standing.since,
        good=standing.good,
        expires=next_end(standing),
        attempts=standing.attempts,
        seconds=round(standing.seconds, 6),
        faults=tuple(map(fault, sorted(standing.episodes, key=lambda each: -each.verdict.gravity))),
        certificates=tuple(map(certificate, standing.certificates)),
        policy=policy(standing.policy) if standing.policy else None,
    )


def fault(episode: duty.Episode) -> Fault:
    return Fault(
        key=episode.key,
        code=episode.code,
        cause=episode.cause,
        where=where(episode.where),
        verdict=episode.verdict,
        rule_book=episode.rule_book,
        facts=dict(episode.facts),
        began=episode.began,
        changed=episode.changed,
        seen=episode.seen,
        told=episode.told,
    )


def change(happened: duty.Change) -> Change:
    return Change(
        kind=happened.kind,
        key=happened.key,
        code=happened.code,
        cause=happened.cause,
        where=where(happened.where),
        verdict=happened.verdict,
        before=happened.before,
        since=happened.since,
        at=happened.at,
        facts=dict(happened.facts),
    )


def certificate(seen: duty.Sighting) -> Certificate:
    return Certificate(
        host=seen.host,
        address=seen.address,
        port=seen.port,
        offer=seen.offer,
        sha1=seen.sha1,
        sha256=seen.sha256,
        subject=seen.subject,
        issuer=seen.issuer,
        serial=seen.serial,
        names=seen.names,
        not_before=seen.not_before,
        not_after=seen.not_after,
        ends=seen.ends,
        first=seen.first,
        last=seen.last,
    )


def policy(seen: duty.PolicySeen) -> Policy:
    return Policy(mode=seen.mode, id=seen.id, max_age=seen.max_age, mx=seen.mx, first=seen.first)


def where(place: model.Where) -> document.Where:
    return document.Where(
        kind=place.kind,  # type: ignore[arg-type]  # the model's docstring lists the very same kinds
        host=UNSET if place.host is None else place.host,
        address=UNSET if place.address is None else place.address,
        port=UNSET if place.port is None else place.port,
        position=UNSET if place.position is None else place.position,
        name=UNSET if place.name is None else place.name,
    )
