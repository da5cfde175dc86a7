"""Does the name that a connector stores still lead to a certificate, on every server that has to find it there?

One answer, told once, for all connectors and servers of which it is true.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from probe.judge import dn
from probe.judge.hybrid.installed import Resolution, covers, issuer_of, subject_of
from probe.judge.hybrid.offline.case import Case, Use, at_uses, listed, others, servers_of
from probe.judge.hybrid.offline.gaps import Missed, called, missed
from probe.judge.hybrid.offline.rivals import end_of, rivalry, usable
from probe.judge.pasted import DIRECTORY
from probe.model import ExchangeCertificate, Finding, Gap, Verdict, known

NEARLY = 250  # characters: some room for a longer name of the next issuer
MOST_COMPARED = 100  # certificates of one server
ROOM = 280  # characters of one fact
_QUOTED = re.compile(r"`([^`]{80})[^`]+`")
NEEDED = "which certificate is meant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of a name on a server. `best` is the certificate to use, `old` one to remove. The same certificate
    on two servers is the same fate."""

    code: str
    verdict: Verdict
    facts: tuple[tuple[str, str | None], ...]
    best: ExchangeCertificate | None = field(default=None, compare=False)
    old: str | None = None


def judge_names(case: Case) -> Iterator[Finding | Missed]:
    """A finding for each name and what becomes of it; nothing on connectors that have none."""
    yield from judge_uses(case, case.uses)
    yield from _judge_length(case)


def judge_uses(case: Case, uses: Iterable[Use]) -> Iterator[Finding | Missed]:
    """The same of some of the connectors, their names' lengths apart."""
    fates: dict[Fate, list[Use]] = {}
    asking = {id(use.connector) for use in (*case.facing, *case.sending)}
    for use in uses:
        value = use.connector.tls_certificate_name
        if value is Gap.LOST or id(use.connector) in asking:
            yield from missed(value, f"TlsCertificateName of {called(use.connector)}", NEEDED)
        if use.resolution:
            fate = _fate(case, use, use.resolution)
            if isinstance(fate, Missed):
                yield fate
            else:
                fates.setdefault(fate, []).append(use)
    for fate, alike in fates.items():
        yield case.found(
            fate.code,
            fate.verdict,
            at_uses(alike),
            uses=alike,
            certificate=fate.best,
            blanks=(("OLD-THUMBPRINT", fate.old),),
            servers=listed(servers_of(alike)) or "any server in the exports",
            also=others(alike),
            facts=fate.facts,
        )


def _fate(case: Case, use: Use, resolved: Resolution) -> Fate | Missed:
    if resolved.identity is None:
        return _unreadable(resolved, resolved.error)
    if resolved.here:
        return _named(case, resolved)
    held = case.inventory.on(use.server)
    if not held:
        there = f"certificates of {use.server}" if use.server else "certificates of the servers"
        return Missed(why="absent", what=there, question=f"{NEEDED} there")
    if unread := case.inventory.unread(use.server):
        why = "lost" if Gap.LOST in (unread.subject, unread.issuer) else "absent"
        return Missed(why=why, what=f"Subject and Issuer of {unread.thumbprint}", question=NEEDED)
    if beginning := _begins(resolved.given, (*held[:MOST_COMPARED], *resolved.kin)):
        return _unreadable(resolved, f"it is the beginning of the name of {beginning}, as where something has cut it")
    # One list of certificates without a server, and several servers: it may be another's.
    doubt = None
    if case.has_several_servers and all(known(found.server) is None for found in held):
        doubt = "the export does not say whose certificates these are"
    return _unnamed(case, resolved, resolved.identity, held, doubt)


def _unreadable(resolved: Resolution, why: str) -> Fate:
    facts = (("name", resolved.given), ("why", why))
    return Fate(code="connector-name-unreadable", verdict=Verdict.UNKNOWN, facts=facts)


def _begins(given: str, held: Sequence[ExchangeCertificate]) -> str | None:
    """The certificate whose name goes on where this one ends: a cut is not seen where it leaves a name that reads."""
    start = given.strip().casefold()
    for found in held:
        for whole in (f"<I>{known(found.issuer)}<S>{known(found.subject)}", f"<S>{known(found.subject)}"):
            if len(start) < len(whole) and whole.casefold().startswith(start):
                return found.thumbprint
    return None


def _named(case: Case, resolved: Resolution) -> Fate:
    found = {one.thumbprint: one for one in resolved.here}
    if len(found) > 1:
        return _ambiguous(case, resolved, sorted(found.values(), key=lambda one: one.thumbprint))
    doubt = "it has the parts of the names in another order" if resolved.reordered else None
    (only,) = found
    facts = (("name", resolved.given), ("thumbprint", only), ("doubt", doubt))
    return Fate(code="connector-name-resolves", verdict=Verdict.OK, facts=facts)


def _ambiguous(case: Case, resolved: Resolution, found: Sequence[ExchangeCertificate]) -> Fate:
    ends = {known(one.not_after) for one in found}
    keyless = any(one.has_private_key is False for one in found)
    rivals = rivalry(case, found)
    worrying = rivals.expired or keyless or (len(ends) > 1 and None not in ends)
    facts = (
        ("name", resolved.given),
        ("candidates", rivals.candidates),
        ("cause", "expired-among-them" if rivals.expired else "several-current"),
        ("doubt", None if worrying else "which of them Exchange takes the export cannot tell"),
    )
    return Fate(
        code="connector-name-ambiguous",
        verdict=Verdict.WARN if worrying else Verdict.OK,
        facts=facts,
        best=rivals.best,
        old=rivals.old,
    )


def _unnamed(
    case: Case,
    resolved: Resolution,
    identity: dn.Identity,
    held: Sequence[ExchangeCertificate],
    doubt: str | None,
) -> Fate:
    """The server has none of that name: another has it; or the server has one that was renewed under another name; or
    there is nothing like it."""
    fault = Verdict.WARN if doubt else Verdict.FAIL
    elsewhere = [found for found in resolved.elsewhere if usable(case, found)]
    kin = _kin(case, resolved, identity, held)
    facts: tuple[tuple[str, str | None], ...]
    best: ExchangeCertificate | None
    if elsewhere:
        best = max(elsewhere, key=end_of)
        holders = listed(known(found.server) for found in elsewhere if found.thumbprint == best.thumbprint)
        facts = (("cause", "server-lacks-it"), ("thumbprint", best.thumbprint), ("holders", holders))
        code = "connector-name-finds-nothing"
    elif kin:
        cause, best, rdns = kin
        facts = (("cause", cause), ("installed", best.thumbprint), ("rdns", rdns))
        code = "connector-name-stale"
    else:
        facts, best, code = (("cause", "nowhere"),), None, "connector-name-finds-nothing"
    told = (("name", resolved.given), ("trap", dn.trap(resolved.given)), ("doubt", doubt), *facts)
    return Fate(code=code, verdict=fault, facts=told, best=best)


def _kin(
    case: Case, resolved: Resolution, identity: dn.Identity, held: Sequence[ExchangeCertificate]
) -> tuple[str, ExchangeCertificate, str] | None:
    """The certificate that was probably meant, in which way it differs, and in which parts."""
    common = [value.lower() for rdn in identity.subject for kind, value in rdn if kind == "CN"]
    renewed = [found for found in resolved.kin if not _differs(identity, found)]
    by_name = (found for found in held[:MOST_COMPARED] if any(covers(found, name) for name in common))
    kin = [found for found in renewed or by_name if usable(case, found) and found.is_self_signed is not True]
    if not kin:
        return None
    best = max(kin, key=lambda found: (end_of(found), found.thumbprint))
    issuer, subject = issuer_of(best) or (), subject_of(best) or ()
    by_issuer = dn.differing(identity.issuer, issuer) if identity.issuer else ()
    by_subject = dn.differing(identity.subject, subject)
    cause = "issuer-and-subject-differ" if by_issuer and by_subject else "subject-differs" if by_subject else None
    rdns = briefly([*(f"issuer {part}" for part in by_issuer), *(f"subject {part}" for part in by_subject)])
    return cause or "issuer-differs", best, rdns


def briefly(parts: Sequence[str]) -> str:
    """Differences beside one another, as many as a line of the report holds: cut there, a quotation would not end."""
    told: list[str] = []
    for part in (_QUOTED.sub(r"`\1…`", part) for part in parts):
        if len("; ".join((*told, part))) > ROOM:
            return "; ".join((*told, f"and {len(parts) - len(told)} more"))
        told.append(part)
    return "; ".join(told)


def _differs(identity: dn.Identity, certificate: ExchangeCertificate) -> bool:
    """Whether the subject is another, whatever the issuer."""
    return dn.same_parts(identity.subject) != dn.same_parts(subject_of(certificate) or ())


def _judge_length(case: Case) -> Iterator[Finding]:
    """Microsoft's KB 4052493: the directory of an Edge server takes 256 characters, and EdgeSync fails with more."""
    long: dict[str, list[Use]] = {}
    for use in case.uses:
        if use.resolution and len(use.resolution.given) >= NEARLY:
            long.setdefault(use.resolution.given, []).append(use)
    for given, uses in long.items():
        if case.has_edge or len(given) > DIRECTORY:
            yield case.found(
                "connector-name-long",
                Verdict.WARN if case.has_edge else Verdict.OK,
                at_uses(uses),
                uses=uses,
                cause="edge" if case.has_edge else "no-edge",
                length=len(given),
                also=others(uses),
            )
