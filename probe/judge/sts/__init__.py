"""MTA-STS (RFC 8461): what a domain has promised to senders over HTTPS, and whether it keeps it.

A TXT record at `_mta-sts.<domain>` says that there is a policy, and which (`record`). The policy is fetched from
`https://mta-sts.<domain>/.well-known/mta-sts.txt` (`fetch`); it names the MX hosts that are good, says what to do about
others, and for how long that holds (`policy`). Senders keep it for so long and go by what they keep (`memory`). Under
it, they deliver only to a host that it names, that offers STARTTLS, and whose certificate leads to a trusted root and
is for the name in the MX record (`hosts`, `webpki`).

What makes it work is what happens when something fails. DNS proves nothing, so a record that has gone is no reason to
forget a policy, and a policy host that cannot be reached is no reason either: as long as a remembered policy lives, it
counts (§3.3, §5.1). A sender that remembers none goes on as if there were no MTA-STS: a broken record or policy harms
nobody's mail, it leaves a promise without effect. That is a WARN. What fails under a policy in force stops mail, and is
a FAIL; in testing it is a WARN, because mail flows and is only reported (§5).

MTA-STS and DANE are judged side by side. Senders that know both go by DANE where it is usable (§2), which is not for
this package to weigh: it says what one does that knows MTA-STS alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from probe.judge.chain import Anchors
from probe.judge.find import TARGET, finding
from probe.judge.standard import Standard, Want
from probe.judge.sts.fetch import Fetched, read_fetch
from probe.judge.sts.hosts import judge_hosts
from probe.judge.sts.memory import Kept, alive, digest, keep
from probe.judge.sts.policy import Terms
from probe.judge.sts.record import Pointer, read_record
from probe.judge.txt import clipped, listed
from probe.model import Delivery, Evidence, Finding, MtaSts, Policy, Record, Remembered, Sts, Verdict, Where

__all__ = ["StsJudgement", "judge_sts", "remember"]

POLICY = Where(kind="policy")
A_DAY = 86400  # seconds
_MOST_SHOWN = 16  # patterns
_MOST_BLOCKED = 8  # hosts


@dataclass(frozen=True, slots=True, kw_only=True)
class StsJudgement:
    """`promise` is None where nothing was asked, or nothing is wanted. `strict` are the hosts that a policy in enforce
    or testing names: there, what DANE would excuse matters all the same."""

    promise: Sts | None = None
    findings: tuple[Finding, ...] = ()
    strict: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Record, policy and memory of a domain, read. `kept` is alive."""

    pointer: Pointer
    fetched: Fetched
    kept: Kept | None

    @property
    def terms(self) -> Terms | None:
        """Those that count: the fetched ones, or else the remembered ones (RFC 8461 §3.3)."""
        return self.fetched.terms or (self.kept.terms if self.kept else None)

    @property
    def unnoticed(self) -> Kept | None:
        """What senders go by still that remember a policy, though another one is served: they fetch it again only when
        the id is a new one, or theirs has ended (RFC 8461 §3.1, §5.1)."""
        fetched, kept = self.fetched, self.kept
        if fetched.terms and kept and self.pointer.id == kept.remembered.id:
            return kept if digest(fetched.body) != kept.remembered.digest.lower() else None
        return None

    @property
    def known(self) -> bool:
        """Whether we know what counts, be it nothing."""
        return bool(self.terms) or (self.pointer.record is not Record.UNKNOWN and self.fetched.looked)


def judge_sts(evidence: Evidence, standard: Standard, anchors: Anchors, at: datetime) -> StsJudgement:
    """MTA-STS of a domain as of `at`: its sum, and what was found."""
    if standard.mta_sts is Want.OFF:
        return StsJudgement()
    if evidence.mta_sts is None:
        # That nobody looked does not put it in force.
        unasked = finding("sts-required", Verdict.UNKNOWN, TARGET, cause="not-asked")
        return StsJudgement(findings=(unasked,) if standard.mta_sts is Want.REQUIRE else ())
    if standard.expects:  # what a connector expects is no business of MTA-STS
        standard = replace(standard, thumbprints=(), name=None, identity=None, auth_level=None)
    seen = _see(evidence, evidence.mta_sts, standard, anchors, at)
    hosts = judge_hosts(evidence, seen.terms, standard, anchors, at, known=seen.known)
    blocked: tuple[str, ...] = ()
    if seen.unnoticed:
        under = judge_hosts(evidence, seen.unnoticed.terms, standard, anchors, at, known=True)
        blocked = tuple(host for host, kept in under.hosts.items() if kept.delivery is Delivery.BLOCKED)
    findings = (
        *_on_record(seen, standard.mta_sts),
        *_on_policy(seen),
        *_changed(seen, blocked),
        *_required(seen, standard.mta_sts),
        *hosts.findings,
    )
    return StsJudgement(promise=replace(_sum(seen), hosts=hosts.hosts), findings=findings, strict=hosts.strict)


def remember(evidence: Evidence, anchors: Anchors, at: datetime) -> Remembered | None:
    """The policy to keep from now on: the one just fetched where it is good and a sender would have fetched it, else
    the one that still lives."""
    asked, domain = evidence.mta_sts, evidence.target.name
    if asked is None:
        return None
    seen = _see(evidence, asked, Standard(), anchors, at)
    fetched = seen.fetched
    if fetched.terms and fetched.at and not seen.unnoticed:
        return keep(domain, seen.pointer.id, fetched.body, fetched.terms, fetched.at)
    return seen.kept.remembered if seen.kept else None


def _see(evidence: Evidence, asked: MtaSts, standard: Standard, anchors: Anchors, at: datetime) -> _Seen:
    domain, pointer = evidence.target.name, read_record(asked.txt)
    match pointer.record:
        case Record.VALID:
            fetched = read_fetch(asked, f"mta-sts.{domain}", standard, anchors, at)
        case Record.UNKNOWN:
            fetched = Fetched(policy=Policy.UNKNOWN)
        case _:  # RFC 8461 §3.1: without a valid record the policy is not looked for
            fetched = Fetched(policy=Policy.NONE)
    return _Seen(pointer=pointer, fetched=fetched, kept=alive(asked.remembered, domain, at))


def _sum(seen: _Seen) -> Sts:
    pointer, fetched, kept, terms = seen.pointer, seen.fetched, seen.kept, seen.terms
    found = Sts(record=pointer.record, policy=fetched.policy, reason=pointer.reason or fetched.reason)
    if terms is None:
        return found
    return replace(
        found,
        mode=terms.mode,
        id=pointer.id if fetched.terms or not kept else kept.remembered.id,
        max_age=terms.max_age,
        mx=terms.mx,
        origin="fetched" if fetched.terms else "remembered",
    )


def _on_record(seen: _Seen, want: Want) -> Iterator[Finding]:
    pointer = seen.pointer
    match pointer.record:
        case Record.INVALID:
            yield finding(
                "sts-record-invalid", Verdict.WARN, TARGET, cause=pointer.cause, reason=clipped(pointer.reason)
            )
        case Record.UNKNOWN:  # with a remembered policy we know what senders do even so
            verdict = Verdict.WARN if seen.kept else Verdict.UNKNOWN
            yield finding("sts-lookup-failed", verdict, TARGET, reason=clipped(pointer.reason))
        case Record.NONE if not seen.kept and want is not Want.REQUIRE:
            yield finding("sts-absent", Verdict.OK, TARGET, reason=clipped(pointer.reason))


def _on_policy(seen: _Seen) -> Iterator[Finding]:
    pointer, fetched, kept = seen.pointer, seen.fetched, seen.kept
    yield from fetched.findings
    if fetched.terms:
        yield _valid(pointer, fetched.terms)
        return
    if fetched.policy in (Policy.FETCH_ERROR, Policy.INVALID, Policy.WEBPKI_INVALID):
        verdict = Verdict.WARN if fetched.looked or kept else Verdict.UNKNOWN
        code = f"sts-policy-{fetched.policy}" if fetched.policy is not Policy.WEBPKI_INVALID else "sts-webpki-invalid"
        yield finding(code, verdict, POLICY, cause=fetched.cause, reason=fetched.reason)
    if kept:
        yield finding(
            "sts-policy-remembered",
            Verdict.WARN,
            POLICY,
            why=clipped(pointer.reason or fetched.reason),
            mode=kept.terms.mode,
            id=kept.remembered.id,
            fetched=_told(kept.remembered.fetched),
            until=_told(kept.until),
        )


def _valid(pointer: Pointer, terms: Terms) -> Finding:
    notes = list(pointer.notes)
    if terms.binding and terms.max_age < A_DAY:
        # RFC 8461 §3.2, §10.2: it holds off an attacker for no longer than this; weeks are meant.
        notes.append(f"senders forget it after {terms.max_age} s; weeks are usual")
    if terms.repeated:
        notes.append(f"the first {', '.join(terms.repeated)} of several counts")
    if terms.unknown:
        notes.append(f"unknown fields are ignored: {listed(terms.unknown)}")
    return finding(
        "sts-policy-valid",
        Verdict.OK,
        POLICY,
        mode=terms.mode,
        id=pointer.id,
        max_age=terms.max_age,
        mx=listed(terms.mx, _MOST_SHOWN) or "none",
        note=listed(notes, len(notes)),
    )


def _changed(seen: _Seen, blocked: Sequence[str]) -> Iterator[Finding]:
    """Beside what a sender remembers. `blocked` are the hosts of today that it does not deliver to."""
    pointer, kept = seen.pointer, seen.kept
    if not (seen.fetched.terms and kept):
        return
    if seen.unnoticed:
        more = f" and {len(blocked) - _MOST_BLOCKED} more" if len(blocked) > _MOST_BLOCKED else ""
        yield finding(
            "sts-policy-id-unchanged",
            Verdict.WARN,
            POLICY,
            domain=kept.remembered.domain,
            id=pointer.id,
            until=_told(kept.until),
            remembered=clipped(f"{kept.terms.mode}, {listed(kept.terms.mx)}"),
            blocked=clipped(", ".join(blocked[:_MOST_BLOCKED]) + more),
        )
    elif pointer.id != kept.remembered.id and digest(seen.fetched.body) == kept.remembered.digest.lower():
        yield finding("sts-policy-body-unchanged", Verdict.OK, POLICY, id=pointer.id, before=kept.remembered.id)


def _required(seen: _Seen, want: Want) -> Iterator[Finding]:
    """With `--mta-sts require`: what is published must be in force. Where we could not look, that is all there is to
    say."""
    if want is not Want.REQUIRE or not seen.known or seen.pointer.record is Record.UNKNOWN:
        return
    terms, cause = seen.terms, ""
    if seen.pointer.record is Record.NONE:
        cause = "no-record"
    elif seen.pointer.record is Record.INVALID or terms is None:
        cause = "no-policy"
    elif terms.mode != "enforce":
        cause = f"mode-{terms.mode}"
    if cause:
        # In testing the promise is there and binds nobody yet.
        verdict = Verdict.WARN if cause == "mode-testing" else Verdict.FAIL
        reason = clipped(seen.pointer.reason or seen.fetched.reason)
        yield finding("sts-required", verdict, TARGET, cause=cause, reason=reason)


def _told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
