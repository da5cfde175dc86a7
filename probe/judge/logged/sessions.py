"""How sessions ended before or just after TLS stood: keys, negotiations, commands on the way, peers that left."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from probe.judge.logged.case import Case, at_most, span
from probe.judge.logged.groups import (
    KEY_WORDS,
    Peer,
    breaks_off,
    called,
    had_expired,
    is_self_signed,
    peer_left,
    sha1,
    tls_word,
    went_well,
)
from probe.judge.session import judge_session
from probe.judge.standard import Standard
from probe.model import Finding, Group, Kind, Stage, Verdict, Way

_KEY_CAUSES = {"NoCredentials": "no-credentials", "UnknownCredentials": "unknown-credentials"}
_TLS_CAUSES = {
    "SocketError": "socket-error",
    "Renegotiate": "renegotiate",
    "AlgorithmMismatch": "nothing-in-common",
    "IllegalMessage": "nothing-in-common",
    "TIMEOUT": "timed-out",
    **dict.fromkeys(("CertExpired", "CertUnknown", "UntrustedRoot", "WrongPrincipal"), "certificate-refused"),
}
_OLD_TLS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1")
_STANDARD = Standard()


def judge_sessions(case: Case) -> Iterator[Finding]:
    """Findings on how the sessions went, good ones too."""
    yield from _keys(case)
    yield from _negotiations(case)
    yield from _left(case)
    yield from _without_starttls(case)
    yield from _plain(case)
    yield from _old_versions(case)
    for groups in case.gathered(filter(went_well, case.groups)):
        versions = dict.fromkeys(group.observation.session.version for group in groups if group.observation.session)
        yield case.tell("log-sessions-good", Verdict.OK, groups, cured=None, version=", ".join(versions))


def by(case: Case, groups: Iterable[Group], key: Callable[[Group], str]) -> Iterator[tuple[str, list[Group]]]:
    """The groups by some word, and for each word gathered by place."""
    found: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        found[key(group)].append(group)
    for word, alike in found.items():
        for gathered in case.gathered(alike):
            yield word, gathered


def _keys(case: Case) -> Iterator[Finding]:
    """The private key is missing or not to be read: that is known before the peer has shown anything."""
    for word, groups in by(case, (g for g in case.groups if tls_word(g) in KEY_WORDS), tls_word):
        failing = {sha1(group.sent) for group in groups} - {None}
        good = (other for other in case.beside(groups, whoever=True) if went_well(other) and sha1(other.sent))
        works = max((g for g in good if sha1(g.sent) not in failing), key=lambda group: group.last, default=None)
        last = max(groups, key=lambda group: group.last)
        same = None if works else sha1(last.sent)  # then it is this certificate's key that has to be mended
        yield case.tell(
            "log-key-unusable",
            Verdict.FAIL,
            groups,
            whoever=True,
            names=case.exports.names(last, use=sha1(works.sent) if works else same, old=sha1(last.sent)),
            cause="another-works" if works else _KEY_CAUSES[word],
            status=word,
            works=sha1(works.sent) if works else None,
            works_when=span([works]) if works else None,
        )


def _negotiations(case: Case) -> Iterator[Finding]:
    """Other faults of the handshake. That passers-by break off in one that they began is daily life."""
    failed = (g for g in case.groups if tls_word(g) and tls_word(g) not in KEY_WORDS and not g.masked)
    for word, groups in by(case, failed, tls_word):
        yield case.tell("log-tls-failed", _of_handshake(case, groups), groups, cause=_why_broken(word), status=word)


def _why_broken(word: str) -> str | None:
    """By Windows' word, or by that on who hung up: `Remote(TimedOut)`."""
    if "TimedOut" in word:
        return "timed-out"
    return "socket-error" if word.startswith("Remote") else _TLS_CAUSES.get(word)


def _of_handshake(case: Case, groups: list[Group]) -> Verdict:
    peer = case.peer(groups[0])
    if peer is Peer.OTHER:
        passers_by = groups[0].way is Way.RECEIVE or case.peers_own(groups)
        return Verdict.OK if passers_by else Verdict.WARN
    return at_most(Verdict.WARN if peer is Peer.INSIDE else Verdict.FAIL, case.chance(groups))


def _left(case: Case) -> Iterator[Finding]:
    """TLS stood, and the peer went without a word: a certificate that it refuses looks so, and monitoring does, too."""
    for cause, groups in by(case, filter(peer_left, case.groups), _why_left):
        reason = cause != "not-said"
        known = case.peer(groups[0]) in (Peer.MICROSOFT, Peer.UNKNOWN)
        sent = groups[-1].sent
        grave = Verdict.FAIL if reason else case.chance(groups)
        yield case.tell(
            "log-peer-left",
            grave if known else Verdict.WARN if reason and case.outside(groups[0]) else Verdict.OK,
            groups,
            names=case.exports.names(groups[-1], use=case.proper(groups[-1]), old=sha1(sent)),
            cause=cause,
            subject=sent.subject if sent else None,
        )


def _why_left(group: Group) -> str:
    if is_self_signed(group.sent):
        return "self-signed"
    return "expired" if had_expired(group) else "not-said"


def _without_starttls(case: Case) -> Iterator[Finding]:
    """STARTTLS was not to be had, or did not come through."""
    for groups in case.gathered(g for g in case.groups if g.masked):
        known = case.peer(groups[0]) in (Peer.MICROSOFT, Peer.UNKNOWN)
        verdict = Verdict.FAIL if known else Verdict.WARN
        yield case.tell("log-command-masked", verdict, groups, reply=groups[-1].reply or None)
    refused = [g for g in case.groups if not g.masked and not went_well(g) and fault(g) is not None]
    for cause, groups in by(case, refused, lambda group: _cause(fault(group))):
        known = case.exports.of_hybrid(groups[0]) or case.peer(groups[0]) is Peer.MICROSOFT
        heard = fault(groups[-1])
        reply = heard.fact("reply") if heard else None
        if groups[0].way is Way.SEND:  # many hosts have no TLS; who demands it of them gets a refusal
            if known:
                yield case.tell("log-cut-short", Verdict.FAIL, groups, cause="no-starttls", detail=reply)
            continue
        broken = cause in ("no-usable-certificate", "masked", "refused")
        yield case.tell(
            "starttls-not-supported",
            Verdict.FAIL if known else Verdict.WARN if broken else Verdict.OK,
            groups,
            cause=cause,
            keywords=heard.fact("keywords") if heard else None,
            reply=reply,
        )


def fault(group: Group) -> Finding | None:
    """What the wire's judge says of the dialogue, where that is that there was no STARTTLS."""
    seen = group.observation
    failure = seen.failure
    if failure is None or failure.stage is not Stage.DIALOGUE or failure.kind is not Kind.REJECTED:
        return None
    found = judge_session(
        seen, _STANDARD, _STANDARD.demand(seen.endpoint), others_answered=True, certificate_shown=False
    )
    return next((finding for finding in found if finding.code == "starttls-not-supported"), None)


def _cause(found: Finding | None) -> str:
    return (found.fact("cause") if found else None) or "not-offered"


def _plain(case: Case) -> Iterator[Finding]:
    """STARTTLS was offered and not asked for, until mail began or the session was over. Most often the peer does as it
    likes; Exchange Online always asks."""
    told = (g for g in case.groups if g.offered and not breaks_off(g))
    plain = (g for g in told if not (g.observation.session or g.observation.failure or _told(g)))
    for groups in case.gathered(plain):
        microsoft = case.peer(groups[0]) is Peer.MICROSOFT and groups[0].way is Way.RECEIVE
        yield case.tell(
            "log-plain-text",
            Verdict.WARN if microsoft and case.chance(groups) is Verdict.FAIL else Verdict.OK,
            groups,
            cause="exchange-online" if microsoft else "others",
        )


def _told(group: Group) -> bool:
    """Whether anything of TLS shows: a certificate, a word, a refusal."""
    return bool(group.sent or group.received or group.status or group.reply or group.validation)


def _old_versions(case: Case) -> Iterator[Finding]:
    """With strangers it is their matter, where the server has agreed on something newer with others."""
    for groups in case.gathered(filter(_is_old, case.groups)):
        session, peer = groups[-1].observation.session, case.peer(groups[0])
        newer = any(went_well(other) and not _is_old(other) for other in case.beside(groups, whoever=True))
        theirs = peer is Peer.INSIDE or (peer is Peer.OTHER and newer)
        yield case.tell(
            "log-tls-old",
            Verdict.OK if theirs else Verdict.WARN,
            groups,
            cured=lambda group: went_well(group) and not _is_old(group),
            version=session.version if session else None,
            certificate=called(groups[-1].sent),
        )


def _is_old(group: Group) -> bool:
    return bool(group.observation.session and group.observation.session.version in _OLD_TLS)
