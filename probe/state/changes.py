"""What is no longer as it was: the difference between two standings of a target, and what of it is to be told.

The history is told of every difference from look to look. People are told of the difference to what they were last
told, which is the same thing, unless a maintenance window lay in between: what appeared in it and is still there is
told afterwards, and what came and went is in the history alone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from probe.model import Names, Verdict, Where
from probe.model.duty import Became, Change, Episode, PolicySeen, Sighting, Standing
from probe.state.leaves import Place, by_place, organisation, presented
from probe.state.standing import key

CERTIFICATE_CHANGED, POLICY_CHANGED = "certificate-changed", "policy-changed"
_MISMATCH = "connector-certificate-mismatch"  # the judge's word on a leaf that is not the expected one
_STRENGTH = {"enforce": 2, "testing": 1}  # of a policy's mode; "none" is as good as no policy (RFC 8461 §5)
TURNS, AN_HOUR = 4, timedelta(hours=1)
_MOST_NAMES = 20  # that a certificate has lost


def changes(before: Standing | None, after: Standing, expected: Collection[str] = ()) -> tuple[Change, ...]:
    """What has changed, gravest first: faults, certificates, the policy. Without a `before`, what is wrong at all; of
    certificates and policies the first sight is no change, nor is anything of a target that was pointed elsewhere.
    `expected` are the thumbprints (lower-case hex) that a new leaf may have, empty: nobody said."""
    found = [*_faults(before, after)]
    if before and _of_one_target(before, after):
        found += _certificates(before, after, expected)
        found += _policy(before.policy, after.policy, after)
    return tuple(sorted(found, key=lambda change: -change.verdict.gravity))


def tell(
    told: Standing | None, after: Standing, remind: float | None, expected: Collection[str] = ()
) -> tuple[tuple[Change, ...], Standing]:
    """What is to be told now, given what was `told` last; and the standing as it has then been told. A FAIL that stays
    is told again after `remind` seconds; None: never."""
    news, at = changes(told, after, expected), after.at
    fresh = {change.key for change in news}
    spoken = {one.key: min(one.told or told.at, at) for one in told.episodes} if told else {}
    due = [one for one in after.episodes if one.key not in fresh and _is_due(one, spoken.get(one.key), at, remind)]
    reminders = tuple(_change(Became.REMINDER, after, one, one.verdict, one.verdict) for one in due)
    again = fresh | {change.key for change in reminders}
    episodes = tuple(replace(one, told=at if one.key in again else spoken.get(one.key, at)) for one in after.episodes)
    return (*news, *reminders), replace(after, episodes=episodes)


def _is_due(episode: Episode, told: datetime | None, at: datetime, remind: float | None) -> bool:
    if remind is None or told is None or episode.verdict is not Verdict.FAIL:
        return False
    return (at - told).total_seconds() >= remind


def _of_one_target(before: Standing, after: Standing) -> bool:
    then, now = before.target, after.target
    return (then.name, then.port, then.dialogue) == (now.name, now.port, now.dialogue)


def _faults(before: Standing | None, after: Standing) -> Iterator[Change]:
    gone = {episode.key: episode for episode in before.episodes} if before else {}
    for episode in after.episodes:
        old = gone.pop(episode.key, None)
        if old is None:
            yield _change(Became.APPEARED, after, episode, episode.verdict, None)
        elif old.verdict is not episode.verdict:
            graver = episode.verdict.gravity > old.verdict.gravity
            kind = Became.WORSENED if graver else Became.EASED
            yield _change(kind, after, episode, episode.verdict, old.verdict)
    for episode in gone.values():
        yield _change(Became.CLEARED, after, episode, Verdict.OK, episode.verdict)


def _change(kind: Became, after: Standing, episode: Episode, verdict: Verdict, before: Verdict | None) -> Change:
    return Change(
        kind=kind,
        target=after.name,
        key=episode.key,
        code=episode.code,
        cause=episode.cause,
        where=episode.where,
        verdict=verdict,
        before=before,
        since=min(episode.began, after.at),
        at=after.at,
        rule_book=episode.rule_book,
        facts=episode.facts,
        names=episode.names,
    )


def _certificates(before: Standing, after: Standing, expected: Collection[str]) -> Iterator[Change]:
    """One change for each host and pair of leaves, wherever it is met."""
    known, now = by_place(before.certificates), by_place(after.certificates)
    # Behind a balancer leaves take turns from look to look, which is no news; one that returns after a while is.
    recent = before.at - max(TURNS * (after.at - before.at), AN_HOUR)
    pairs: dict[tuple[str, str, str, str], list[tuple[Sighting, Sighting]]] = defaultdict(list)
    for there, seen in now.items():
        earlier = known.get(there) or _moved(there, known, now)
        last = presented(earlier)
        old_ones = {one.sha256 for one in earlier if one in last or one.last >= recent}
        for leaf in presented(seen):
            if earlier and leaf.sha256 not in old_ones:
                old = _replaced(earlier, seen)
                pairs[there[0], there[3], old.sha256, leaf.sha256].append((old, leaf))
    for met in pairs.values():
        yield _certificate(after, met, expected)


def _moved(there: Place, known: dict[Place, list[Sighting]], now: dict[Place, list[Sighting]]) -> list[Sighting]:
    """The leaves of the addresses that a host had, where it has none of them any more."""
    host, _, port, offer = there
    old = [place for place in known if (place[0], place[2], place[3]) == (host, port, offer)]
    return [] if any(place in now for place in old) else [one for place in old for one in known[place]]


def _replaced(earlier: Sequence[Sighting], now: Sequence[Sighting]) -> Sighting:
    """Which of the earlier leaves the new one stands in for: one that is not presented any more, the latest of them."""
    still = {one.sha256 for one in presented(now)}
    last = presented(earlier)
    return max([one for one in last if one.sha256 not in still] or last, key=lambda one: one.first)


def _certificate(after: Standing, met: Sequence[tuple[Sighting, Sighting]], expected: Collection[str]) -> Change:
    old, new = met[0]
    verdict, cause = _judged(old, new, after, expected)
    where = _where([leaf for _, leaf in met])
    lost = [name for name in old.names if name not in new.names]
    facts = {
        "cause": cause,
        "before": old.sha1.upper(),
        "after": new.sha1.upper(),
        "before_not_after": _day(old.not_after),
        "not_after": _day(new.not_after),
        "subject": new.subject,
        "issuer": new.issuer,
        "before_subject": old.subject,
        "before_issuer": old.issuer,
        "lost": ", ".join(lost[:_MOST_NAMES]) or ("" if old.names else old.subject),
        "offer": new.offer.upper(),
    }
    return Change(
        kind=Became.CERTIFICATE,
        target=after.name,
        key=key(after.name, CERTIFICATE_CHANGED, new.sha256, where),
        code=CERTIFICATE_CHANGED,
        cause=cause,
        where=where,
        verdict=verdict,
        since=min(min(leaf.first for _, leaf in met), after.at),
        at=after.at,
        facts=tuple(sorted((name, value) for name, value in facts.items() if value)),
        names=Names(common=(("THUMBPRINT", facts["after"]),)) if cause == "renewed" else Names(),
    )


def _judged(old: Sighting, new: Sighting, after: Standing, expected: Collection[str]) -> tuple[Verdict, str]:
    if expected:
        known = {new.sha1, new.sha256} & set(expected)
        return (Verdict.OK, "expected") if known else (Verdict.FAIL, "not-expected")
    mismatch = [one.verdict for one in after.episodes if one.code == _MISMATCH and _is_at(one.where, new)]
    if mismatch:
        return max(mismatch, key=lambda verdict: verdict.gravity), "not-expected"
    names = set(old.names) <= set(new.names) if old.names else old.subject.casefold() == new.subject.casefold()
    issuer = organisation(old.issuer) == organisation(new.issuer)
    if names and issuer:
        return Verdict.OK, "renewed"
    return Verdict.WARN, "names-changed" if issuer else "issuer-changed" if names else "names-and-issuer-changed"


def _is_at(where: Where, leaf: Sighting) -> bool:
    return (where.host, where.address, where.port) == (leaf.host, leaf.address, leaf.port)


def _where(leaves: Sequence[Sighting]) -> Where:
    first, addresses = leaves[0], {(leaf.address, leaf.port) for leaf in leaves}
    if len(addresses) > 1:
        return Where(kind="host", host=first.host)
    return Where(kind="endpoint", host=first.host, address=first.address, port=first.port)


def _policy(before: PolicySeen | None, now: PolicySeen | None, after: Standing) -> Iterator[Change]:
    if before is None or now is None or before.digest == now.digest:
        return
    was, strength = _STRENGTH.get(before.mode or "", 0), _STRENGTH.get(now.mode or "", 0)
    weakened = was > strength
    where = Where(kind="policy")
    facts = {
        "cause": "weakened" if weakened else "published" if before.mode is None else "edited",
        "before": _terms(before),
        "after": _terms(now),
        "id": now.id or "",
    }
    yield Change(
        kind=Became.POLICY,
        target=after.name,
        key=key(after.name, POLICY_CHANGED, now.digest, where),
        code=POLICY_CHANGED,
        cause=facts["cause"],
        where=where,
        verdict=Verdict.WARN if weakened and before.mode == "enforce" else Verdict.OK,
        since=min(now.first, after.at),
        at=after.at,
        facts=tuple(sorted((name, value) for name, value in facts.items() if value)),
        names=Names(common=(("DOMAIN", after.target.name),)),
    )


def _terms(policy: PolicySeen) -> str:
    if policy.mode is None:
        return "no policy"
    return f"mode {policy.mode}, max_age {policy.max_age}, mx {', '.join(policy.mx[:_MOST_NAMES]) or 'none'}"


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""
