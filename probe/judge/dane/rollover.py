"""Rolling over: what happens to the mail on the day that the key changes (RFC 7671 §8).

A sender that holds the old records, for as long as their TTL, meets the new key; so the new key has to be covered
before it is used, by records that have been public for twice the TTL (§8.1, §8.4). Two schemes come without that hurry:

  3 1 1 + 3 1 1   today's key and the next one's. The next key is made, and published, long before it is used.
  3 1 1 + 2 1 1   today's key and its issuer's. A new key is covered by the issuer, an unplanned change of issuer by the
                  key, as long as not both change at once.

A record that matches nothing anywhere is the next key's or a leftover: that, the records alone do not tell.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from probe.judge.certificate import Certificate, parse
from probe.judge.dane import tlsa
from probe.judge.dane.case import Case
from probe.judge.dane.look import Fate, Look
from probe.judge.dane.match import hold
from probe.judge.dane.publish import proposal, zone_line
from probe.judge.dane.said import several
from probe.judge.dane.tlsa import Record
from probe.judge.find import finding
from probe.model import Finding, RuleBook, Verdict, Where

Facts = dict[str, str | int | None]

_LEAVES = (tlsa.PKIX_EE, tlsa.DANE_EE)
SAFE, BREAKS = "safe to roll", "roll-over would break, publish this record:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """A record and the looks that it holds for."""

    record: Record
    looks: tuple[Look, ...]


def judge_rollover(
    where: Where, looks: Sequence[Look], case: Case, usable: Sequence[Record], upcoming: tuple[bytes, ...]
) -> Finding | None:
    """The verdict on the next change of certificate; `upcoming` is the chain (DER) that is to come, if the user has it.
    None where nothing can be said: no record is usable, or there is no chain to hold them against."""
    seen = [look for look in looks if look.held]
    if not case.records or not (seen or upcoming):
        return None
    matched = [Matched(record=record, looks=_held_for(record, seen)) for record in case.records]
    facts = _facts(matched, seen, case, usable)
    if upcoming:
        verdict, more = _next(case, upcoming, seen)
    else:
        verdict, more = Verdict.OK, _scheme(matched, seen, case)
    return finding("dane-rollover", verdict, where, RuleBook.RFC, **facts, **more)


def _held_for(record: Record, looks: Iterable[Look]) -> tuple[Look, ...]:
    return tuple(look for look in looks if look.held and any(match.record == record for match in look.held.matches))


def _next(case: Case, upcoming: tuple[bytes, ...], seen: Sequence[Look]) -> tuple[Verdict, Facts]:
    """Whether a record holds for the chain to come, from the day on that it is valid."""
    leaf = parse(upcoming[0])
    if isinstance(leaf, Certificate):
        about: Facts = {"next": leaf.subject[:200], "next_key": leaf.key}
        case = replace(case, at=max(case.at, leaf.not_before))
    else:
        about = {"next": leaf.sha256}
    held, safe = hold(upcoming, case), SAFE
    sent = seen[0].chain[1:] if seen else ()
    if not held.matches and sent:  # a file often holds the leaf alone, and the server goes on sending its issuers
        along = hold((*upcoming, *(der for der in sent if der not in upcoming)), case)
        held, safe = (along, f"{SAFE} if its issuer is sent along, as today") if along.matches else (held, SAFE)
    if held.matches:
        covered = several(match.record.shown for match in held.matches)
        return Verdict.OK, {"cause": "next-covered", "one_line": safe, "covered_by": covered, **about}
    wanted = proposal(upcoming[0], case.records)
    return Verdict.WARN, {
        "cause": "next-not-covered",
        "one_line": BREAKS,
        "publish": zone_line(wanted, case) if wanted else None,
        "why": several(fault.code for fault in held.faults) or held.cause,
        "error": held.error[:200],
        **about,
    }


def _scheme(matched: Sequence[Matched], seen: Sequence[Look], case: Case) -> Facts:
    """By which scheme of the two the records stand, if by any; else the record that would complete one."""
    broken = [look for look in seen if look.fate is Fate.BROKEN]
    if broken and all(_just_expired(look, case) for look in broken):  # which any roll-over mends
        return {"cause": "complete-issuer", "one_line": f"{SAFE} as long as the issuer stays"}
    if broken:
        wanted = next((proposal(look.leaf, case.records) for look in broken if look.leaf), None)
        return {"cause": "incomplete", "one_line": BREAKS, "publish": zone_line(wanted, case) if wanted else None}
    ours = any(found.looks and found.record.usage in _LEAVES for found in matched)
    spare = any(not found.looks and found.record.usage in _LEAVES for found in matched)
    if ours and spare:
        return {"cause": "complete-next", "one_line": f"{SAFE} to the key whose record matches nothing yet"}
    if any(found.looks and found.record.usage not in _LEAVES for found in matched):
        return {"cause": "complete-issuer", "one_line": f"{SAFE} as long as the issuer stays"}
    issuer = _issuer(seen, case)
    if issuer:
        return {"cause": "incomplete", "one_line": BREAKS, "publish": zone_line(issuer, case)}
    return {"cause": "incomplete", "one_line": "roll-over would break, publish the next certificate's record first"}


def _just_expired(look: Look, case: Case) -> bool:
    """Whether nothing but the leaf's last day keeps an anchor that was found from holding."""
    near = {codes for _, codes in look.held.near} if look.held else set()
    expired = [isinstance(link, Certificate) and link.not_after < case.at for link in map(parse, look.chain)]
    return near == {"certificate-expired"} and expired[0] and not any(expired[1:])


def _issuer(seen: Sequence[Look], case: Case) -> Record | None:
    """The record of an issuer that would hold for every chain as it is sent today; None where there is none."""
    records = tlsa.lines(seen[0].chain[1:], usage=tlsa.DANE_TA)
    if not records:
        return None
    asked = replace(case, records=records)
    held = [{match.record for match in hold(look.chain, asked).matches} for look in seen]
    return next((record for record in records if all(record in one for one in held)), None)


def _facts(matched: Sequence[Matched], seen: Sequence[Look], case: Case, usable: Sequence[Record]) -> Facts:
    held = {match.record for look in seen if look.held for match in look.held.matches}
    near = {record: codes for look in seen if look.held for record, codes in look.held.near if record not in held}
    return {
        "matching": several(f"{found.record.shown} ({_places(found.looks, seen)})" for found in matched if found.looks),
        "unmatched": several(f.record.shown for f in matched if not f.looks and f.record not in near) if seen else None,
        "found": several(f"{record.shown} ({codes})" for record, codes in near.items()),
        "passed_over": several(record.shown for record in usable if record not in case.records),
        "missing": several(_place(look) for look in seen if look.fate is Fate.BROKEN),
        "ttl": case.ttl,  # what a resolver's copy had left: the records' own is no shorter
    }


def _places(looks: Sequence[Look], everywhere: Sequence[Look]) -> str:
    if len(looks) == len(everywhere) > 1 and len({look.key for look in looks}) == 1:
        return f"all {len(looks)}, {looks[0].key}"
    return several((_place(look) for look in looks), ", ", 3)


def _place(look: Look) -> str:
    """ "192.0.2.25 RSA 2048"."""
    return f"{look.at.endpoint.address} {look.key}".rstrip()
