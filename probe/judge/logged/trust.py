"""What one side made of the other's certificate: refused by us, taken without trust, refused by them in a reply."""

import re
from collections.abc import Iterator

from probe.judge.logged.case import FEW, Case
from probe.judge.logged.groups import (
    NO_CERTIFICATE,
    Peer,
    chain_word,
    is_microsofts,
    peer_left,
    sha1,
    tls_word,
    went_well,
)
from probe.judge.logged.sessions import by, fault
from probe.model import Finding, Group, Kind, Stage, Verdict, Way

_NAME_WORDS = ("SubjectMismatch", "NoCNMatch")
_ROOT_WORDS = ("UntrustedRoot", "InternalChainFailure", "UntrustedTestRoot", "not said")
_OF_TLS = re.compile(r"TLS|[Cc]ertificate|ATTR|5\.7\.64|5\.7\.51")
_CODE = re.compile(r"(?P<code>[245]\d\d)[ -](?P<enhanced>\d\.\d{1,3}\.\d{1,3})?")


def judge_trust(case: Case) -> Iterator[Finding]:
    """Findings on what the sides made of each other."""
    yield from _refused_by_us(case)
    yield from _capabilities(case)
    yield from _refused_by_them(case)
    for groups in case.gathered(g for g in case.groups if g.revocation):
        status = groups[-1].revocation
        yield case.tell("log-revocation-unchecked", Verdict.OK, groups, cured=None, status=status)


def _refused_by_us(case: Case) -> Iterator[Finding]:
    """The word is ours, and so the fault may be ours: an old root store, or a device that answers in the peer's stead.

    A certificate that is refused and yet did no harm is a note.
    """
    for cause, groups in by(case, filter(chain_word, case.groups), lambda group: _why(case, group)):
        last = max(groups, key=lambda group: group.last)
        ours = case.peer(last) in (Peer.MICROSOFT, Peer.UNKNOWN)
        harm = last.way is Way.SEND or any(_harmed(group, strictly=not ours) for group in groups)
        received = last.received
        yield case.tell(
            "log-peer-refused",
            Verdict.FAIL if harm and ours else Verdict.WARN if harm else Verdict.OK,
            groups,
            cause=cause,
            status=chain_word(last),
            received=sha1(received) or (received.thumbprint if received else None),
            subject=received.subject if received else None,
            issuer=received.issuer if received else None,
            names_in_it=", ".join((received.names or ())[:6]) if received else None,
            reply=last.reply or None,
        )


def _harmed(group: Group, *, strictly: bool) -> bool:
    """Whether the session ended early; `strictly`: with the very refusal, for strangers come and go as they like."""
    return "4.7.5" in group.reply if strictly else bool(group.reply or group.observation.failure)


def _why(case: Case, group: Group) -> str:
    """Who is to blame, as far as the certificate tells."""
    word, received = chain_word(group), group.received
    if case.peer(group) is not Peer.MICROSOFT:
        return "peer"
    if received is None:
        return "not-shown"
    if not is_microsofts(received):
        return "device-between"
    if word in _NAME_WORDS:
        return "wrong-expectation"
    return "old-roots" if word in _ROOT_WORDS else "peer"


def _capabilities(case: Case) -> Iterator[Finding]:
    """Whether Exchange Online's connections got the trust that hybrid mail needs. Of others nobody asks it."""
    for groups in case.gathered(g for g in case.groups if g.capabilities.casefold() not in ("", "none")):
        yield case.tell("log-trust-granted", Verdict.OK, groups, cured=None, capabilities=groups[-1].capabilities)
    for cause, groups in by(case, (g for g in case.groups if _lost(case, g)), _how_lost):
        received = groups[-1].received
        yield case.tell(
            "log-trust-missing",
            Verdict.WARN,
            groups,
            cured=lambda group: group.capabilities.casefold() not in ("", "none"),
            cause=cause,
            status=groups[-1].capability_status or groups[-1].validation,
            received=received.thumbprint if received else None,
        )


def _lost(case: Case, group: Group) -> bool:
    if group.way is not Way.RECEIVE or case.peer(group) is not Peer.MICROSOFT or chain_word(group):
        return False
    return group.capabilities.casefold() == "none" or group.validation == NO_CERTIFICATE


def _how_lost(group: Group) -> str:
    unseen = group.validation == NO_CERTIFICATE or group.capability_status == "NoRemoteCertificate"
    return "no-certificate" if unseen else "no-domain"


def _refused_by_them(case: Case) -> Iterator[Finding]:
    """Replies by which the other side refused, or we did, that no other finding has told."""
    for cause, groups in by(case, (g for g in case.groups if _unexplained(g)), _which):
        yield case.tell(
            "log-refused",
            _of_reply(case, groups, cause),
            groups,
            cause=None if cause == "other" else cause,
            reply=groups[-1].reply,
        )
    for groups in case.gathered((g for g in case.groups if _cut_short(case, g)), together=True):
        failure = groups[-1].observation.failure
        yield case.tell(
            "log-cut-short",
            _of_silence(case, groups),
            groups,
            stage=failure.stage if failure else None,
            kind=failure.kind if failure else None,
            detail=failure.detail if failure else None,
        )


def _of_silence(case: Case, groups: list[Group]) -> Verdict:
    """A failure only where nobody gets through any more: Exchange tries one address after the other."""
    if case.chance(groups) is not Verdict.FAIL:
        return Verdict.OK
    first, number = min(group.first for group in groups), sum(group.sessions for group in groups)
    through = any(went_well(group) and group.last > first for group in case.beside(groups))
    return Verdict.WARN if through or number <= FEW else Verdict.FAIL


def _of_reply(case: Case, groups: list[Group], cause: str) -> Verdict:
    """Exchange Online's refusals for what we are, before all; that a stranger has no time for us is its own affair."""
    peer = case.peer(groups[0])
    if cause == "certificate-not-found" or (cause != "other" and peer in (Peer.MICROSOFT, Peer.UNKNOWN)):
        return Verdict.FAIL
    if groups[0].way is Way.RECEIVE or (peer is Peer.OTHER and not _OF_TLS.search(groups[0].reply)):
        return Verdict.OK
    return Verdict.WARN if case.chance(groups) is Verdict.FAIL else Verdict.OK


def _unexplained(group: Group) -> bool:
    told = chain_word(group) or tls_word(group) or group.masked
    return bool(group.reply) and not told and fault(group) is None


def _which(group: Group) -> str:
    """By the text, not by the code: one code of Exchange Online has several meanings."""
    text = group.reply
    if "ATTR36" in text:
        return "name-not-accepted"
    if "specified in TlsCertificateName" in text:
        return "certificate-not-found"
    found = _CODE.match(text)
    enhanced = found["enhanced"] if found else None
    return {
        "5.7.64": "not-attributed",
        "5.7.51": "partner-restricted",
        "4.7.230": "out-of-date",
        "5.7.230": "out-of-date",
    }.get(enhanced or "", "other")


def _cut_short(case: Case, group: Group) -> bool:
    """A session with Exchange Online that ended early, for no reason that another finding has told."""
    failure = group.observation.failure
    if failure is None or case.peer(group) is not Peer.MICROSOFT:
        return False
    if chain_word(group) or tls_word(group) or group.masked or peer_left(group) or group.reply:
        return False
    return failure.stage in (Stage.RESOLVE, Stage.CONNECT) or (
        failure.stage is Stage.DIALOGUE and failure.kind is not Kind.REJECTED
    )
