"""How a target stands after a look, given how it stood before.

What the look found is open. What it did not find and could have found is closed. What it could not look at stays as it
was: UNKNOWN never clears a FAIL, nor a WARN, and under the same place a FAIL that turns UNKNOWN is a FAIL still.

Times never run backwards from look to look: a clock that was set back by a little stands still until it has caught up.
One that was set back by more than a day had been wrong before, and what it had noted ahead of the time is drawn in.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from probe.model import Finding, Observation, Report, RouteKind, Sts, Verdict, Where, gravest
from probe.model.duty import Episode, Look, Met, PolicySeen, Sighting, Standing
from probe.state.delivered import Delivered, bounded, clients
from probe.state.leaves import sight
from probe.state.reach import Reach

A_DAY = timedelta(days=1)
LONGEST = 300  # characters of what a peer said

# A log's and a rehearsal's findings are told apart by their cause as well (see `Finding`).
_BY_CAUSE = ("log-", "rehearsal-")


def key(name: str, code: str, cause: str | None, where: Where) -> str:
    """What identifies a fault of the target `name` in all messages and stores: 16 hex digits."""
    place = [where.kind, where.host, where.address, where.port, where.position, where.name]
    told = json.dumps([name, code, cause, *place], ensure_ascii=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def stand(before: Standing | None, look: Look) -> Standing:
    """How the target stands after this look. A target that the configuration has pointed elsewhere starts afresh."""
    report = look.report
    if before and not same_target(before, report):
        before = None
    at = _moment(before, report.at)
    before = _drawn_in(before, at) if before else None
    endpoints = tuple(_met(report.evidence.observations))
    certificates = before.certificates if before else ()
    if report.evidence.route.kind is RouteKind.INBOUND:
        endpoints = clients(before.endpoints if before else (), [replace(one, at=at) for one in endpoints], at)
        reach: Reach = Delivered(report, endpoints)
        certificates = bounded(certificates)
    else:
        reach = Reach(report)
    episodes = _episodes(look.name, before.episodes if before else (), report, reach, at)
    verdict = gravest((report.verdict, *(episode.verdict for episode in episodes)))
    return Standing(
        name=look.name,
        target=report.target,
        tags=look.tags,
        at=at,
        verdict=verdict,
        since=before.since if before and before.verdict is verdict else at,
        good=at if verdict in (Verdict.OK, Verdict.WARN) else before.good if before else None,
        attempts=look.attempts,
        seconds=look.seconds,
        episodes=episodes,
        certificates=sight(certificates, report.evidence, reach, at),
        policy=_policy(before.policy if before else None, report.promises.mta_sts, reach, at),
        endpoints=endpoints,
    )


def same_target(before: Standing, report: Report) -> bool:
    """Whether it was of the same target, however it was written."""
    then, now = before.target, report.target
    return (then.name, then.port, then.dialogue) == (now.name, now.port, now.dialogue)


def _moment(before: Standing | None, at: datetime) -> datetime:
    return before.at if before and A_DAY > before.at - at > timedelta() else at


def _drawn_in(before: Standing, at: datetime) -> Standing:
    """Nothing that is remembered lies in the future."""
    if before.at <= at:
        return before

    def episode(one: Episode) -> Episode:
        began, changed, seen = (min(moment, at) for moment in (one.began, one.changed, one.seen))
        return replace(one, began=began, changed=changed, seen=seen, told=one.told and min(one.told, at))

    def met(one: Met) -> Met:
        return replace(one, at=one.at and min(one.at, at))

    def sighting(one: Sighting) -> Sighting:
        return replace(one, first=min(one.first, at), last=min(one.last, at))

    return replace(
        before,
        at=at,
        since=min(before.since, at),
        good=before.good and min(before.good, at),
        episodes=tuple(map(episode, before.episodes)),
        certificates=tuple(map(sighting, before.certificates)),
        policy=before.policy and replace(before.policy, first=min(before.policy.first, at)),
        endpoints=tuple(map(met, before.endpoints)),
    )


def _episodes(name: str, before: Sequence[Episode], report: Report, reach: Reach, at: datetime) -> tuple[Episode, ...]:
    """What is open after the look: what it found, and what it could not look at; gravest first, then oldest."""
    known, found = {episode.key: episode for episode in before}, dict[str, Episode]()
    for finding in report.findings:
        if finding.verdict is not Verdict.OK:
            this = _episode(name, finding, at)
            found[this.key] = _continued(known.get(this.key), this, reach)
    for episode in before:
        if episode.key not in found and not reach.settles(episode):
            found[episode.key] = episode
    return tuple(sorted(found.values(), key=lambda episode: (-episode.verdict.gravity, episode.began)))


def _continued(before: Episode | None, now: Episode, reach: Reach) -> Episode:
    if before is None:
        return now
    if now.verdict is Verdict.UNKNOWN and before.verdict is Verdict.FAIL:
        return before
    if now.verdict.gravity < before.verdict.gravity and not reach.knows_demand(before):
        return replace(before, seen=now.seen)  # it is there; what made it so grave could not be looked up
    same = before.verdict is now.verdict
    return replace(now, began=before.began, changed=before.changed if same else now.changed, told=before.told)


def _episode(name: str, found: Finding, at: datetime) -> Episode:
    facts = dict(found.facts)
    cause = f"{facts.get('stage')}/{facts.get('kind')}" if found.code == "not-observed" else facts.get("cause")
    return Episode(
        key=key(name, found.code, cause if found.code.startswith(_BY_CAUSE) else None, found.where),
        code=found.code,
        cause=cause,
        where=found.where,
        verdict=found.verdict,
        rule_book=found.rule_book,
        facts=found.facts,
        names=found.names,
        began=at,
        changed=at,
        seen=at,
    )


def _policy(before: PolicySeen | None, sts: Sts | None, reach: Reach, at: datetime) -> PolicySeen | None:
    """The policy in force. What could not be looked up is as it was; None: nobody asked."""
    if sts is None:
        return None
    if not reach.promised.policy_known:
        return before
    mx = tuple(sorted(pattern.lower() for pattern in sts.mx))
    told = json.dumps([sts.mode, sts.max_age, mx])
    digest = hashlib.sha256(told.encode()).hexdigest() if sts.mode else ""
    first = before.first if before and before.digest == digest else at
    return PolicySeen(mode=sts.mode, id=sts.id, max_age=sts.max_age, mx=sts.mx, digest=digest, first=first)


def _met(observations: Sequence[Observation]) -> list[Met]:
    """Each endpoint once; of several connections to it the one that got furthest."""
    best: dict[tuple[str, str, int], Observation] = {}
    for seen in observations:
        there = seen.endpoint.host, seen.endpoint.address, seen.endpoint.port
        if there not in best or _progress(seen) > _progress(best[there]):
            best[there] = seen
    return [_one_met(seen) for seen in best.values()]


def _progress(seen: Observation) -> tuple[bool, bool, int]:
    return seen.session is not None, seen.failure is None, len(seen.seconds)


def _one_met(seen: Observation) -> Met:
    there, session = seen.endpoint, seen.session
    return Met(
        host=there.host,
        address=there.address,
        port=there.port,
        version=session.version if session else None,
        cipher=session.cipher if session else None,
        group=session.group if session else None,
        failure="" if session else _failure(seen),
        seconds=dict(seen.seconds),
    )


def _failure(seen: Observation) -> str:
    if not seen.attempted:
        return "the time ran out before its turn"
    if not (failure := seen.failure):
        return "no TLS"
    detail = f": {failure.detail[:LONGEST]}" if failure.detail else ""
    return f"{failure.stage.lower()}: {failure.kind.lower()}{detail}"
