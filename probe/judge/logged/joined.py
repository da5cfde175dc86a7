"""The thumbprint in the log against the connector's certificate, against what is installed, and against the wire.

A log knows thumbprints and a connector names issuer and subject: which certificate that is depends on what the server
has installed. Where two fit, the log decides. Directions matter: what a server sends as a client is not what it
presents as a server, so only receive logs are held against the wire.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from probe.judge.certificate import Certificate, parse
from probe.judge.find import finding
from probe.judge.hybrid.installed import is_named, resolve
from probe.judge.logged.case import MOMENT, Case, some
from probe.judge.logged.certificates import latest_sent
from probe.judge.logged.groups import sha1
from probe.model import Finding, Gap, Group, Verdict, Way

_LATER = timedelta(days=1)  # an export made so long after the log may well know another state
_AS_CLIENT = "what it sends as a client is not what it presents as a server"


def judge_joined(case: Case) -> Iterator[Finding]:
    """Findings on the certificate that each place sent last, as far as there is something to hold it against."""
    for group in latest_sent(case):
        sent = sha1(group.sent)
        if sent:
            yield from _expected(case, group, sent)
            yield from _installed(case, group, sent)
            yield from _compared(case, group, sent)


def _expected(case: Case, group: Group, sent: str) -> Iterator[Finding]:
    """Against the thumbprints that the user expects."""
    wanted = [thumbprint.upper() for thumbprint in case.standard.thumbprints if len(thumbprint) == len(sent)]
    if sent in wanted:
        yield case.tell("connector-certificate-matches", Verdict.OK, [group], cured=None, by="thumbprint")
    elif wanted:
        yield case.tell(
            "connector-certificate-mismatch",
            Verdict.FAIL,
            [group],
            cured=None,
            names=case.exports.names(group, use=wanted[0] if len(wanted) == 1 else None, old=sent),
            cause="thumbprint-differs",
            expected=" or ".join(wanted),
            presented=sent,
        )


def _installed(case: Case, group: Group, sent: str) -> Iterator[Finding]:
    """Against what is installed: Exchange goes on sending a certificate that was removed, until it is restarted."""
    organisation = case.exports.organisation
    held = case.exports.held(case.exports.server(group))
    if organisation is None or not held or sent in held:
        return
    collected = organisation.collected
    cause = "nowhere"
    if sent in case.exports.installed:
        cause = "elsewhere"
    elif collected and collected < group.last:
        cause = "export-older"
    elif collected and collected > group.last + _LATER:
        cause = "since-removed"
    yield case.tell(
        "log-certificate-not-installed",
        Verdict.OK if cause == "since-removed" else Verdict.WARN,
        [group],
        cured=None,
        cause=cause,
        collected=collected.strftime(MOMENT) if collected else None,
        elsewhere=some(case.exports.holders[sent]) if cause == "elsewhere" else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """What the connector's name comes to. `thumbprints` are the certificates that it fits, None: that is not known."""

    told: str
    thumbprints: frozenset[str] | None


def _named(case: Case, group: Group, sent: str) -> _Named | None:
    """The certificate that the connector names, None where the exports do not tell."""
    organisation = case.exports.organisation
    if organisation is None:
        return None
    name = case.exports.certificate_name(group)
    if isinstance(name, Gap):
        return None
    if name is None:
        return _Named(told="none, so that Exchange chooses by the host's name", thumbprints=None)
    server = case.exports.server(group)
    resolution = resolve(organisation, name, server)
    if resolution.error or not case.exports.held(server):
        return None
    here = dict.fromkeys(certificate.thumbprint for certificate in resolution.here)
    certificate = case.exports.installed.get(sent)
    identity = resolution.identity
    if certificate and identity and sent in case.exports.held(server) and is_named(certificate, identity):
        here.setdefault(sent)  # of very many that fit, only some are told
    told = some(list(here), 4).replace(", ", " or ") if here else "one that is not installed"
    return _Named(told=told, thumbprints=frozenset(here))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wire:
    """The leaf certificates that the live look saw; `begun` is when the first of them did, None where one cannot be
    read."""

    thumbprints: tuple[str, ...]
    begun: datetime | None


def _wire(case: Case, group: Group) -> _Wire | None:
    """What was seen at the server's own address where it was looked at, else at every endpoint; None: nothing."""
    shown = [seen for evidence in case.seen for seen in evidence.observations if seen.chain and seen.chain.der]
    local = group.observation.endpoint.address if group.way is Way.RECEIVE else ""
    shown = [seen for seen in shown if seen.endpoint.address == local] or shown
    leaves = [parse(seen.chain.der[0]) for seen in shown if seen.chain]
    if not leaves:
        return None
    read = [leaf for leaf in leaves if isinstance(leaf, Certificate)]
    return _Wire(
        thumbprints=tuple(dict.fromkeys(leaf.sha1.upper() for leaf in leaves)),
        begun=None if len(read) < len(leaves) else min(leaf.not_before for leaf in read),
    )


def _compared(case: Case, group: Group, sent: str) -> Iterator[Finding]:
    """The one sentence on log, wire and connector."""
    named, wire = _named(case, group, sent), _wire(case, group)
    if named is None and wire is None:
        return
    answers = wire if group.way is Way.RECEIVE else None  # that may be compared
    by_name = None if named is None or named.thumbprints is None else sent in named.thumbprints
    by_wire = None if answers is None else sent in answers.thumbprints
    cause = None
    if by_name is False:
        cause = "connector" if named and named.thumbprints else "nothing-named"
    if by_wire is False:
        seen_there = set(answers.thumbprints) if answers else set()
        wanted = named.thumbprints if named else None
        if wanted is None:  # what the connector names is not known
            superseded = bool(answers and answers.begun and answers.begun > group.last)
        else:
            superseded = by_name is False and seen_there <= wanted
        cause = "superseded" if superseded else cause or "wire"
    good = cause in (None, "superseded")
    yield case.tell(
        "log-certificate-agrees" if good else "log-certificate-differs",
        Verdict.OK if good else Verdict.WARN,
        [group],
        cured=None,
        names=case.exports.names(group, use=_only(named), old=sent) if not good else None,
        cause=cause,
        sent=sent,
        wire=" and ".join(wire.thumbprints) if wire else None,
        named=named.told if named else None,
        note=_note(case, group, wire, named),
    )


def _only(named: _Named | None) -> str | None:
    """The certificate that is named without doubt."""
    return next(iter(named.thumbprints)) if named and named.thumbprints and len(named.thumbprints) == 1 else None


def _note(case: Case, group: Group, wire: _Wire | None, named: _Named | None) -> str | None:
    collected = case.exports.organisation.collected if case.exports.organisation else None
    notes = []
    if named and named.thumbprints and len(named.thumbprints) > 1:
        notes.append("the name fits several certificates: the log says which one is in use")
    if named and collected and collected < group.last:
        notes.append("the export is older than these sessions")
    elif named and collected and wire and group.way is Way.RECEIVE and wire.begun and collected < wire.begun:
        notes.append("the export is older than the certificate on the wire: make a new one")
    if wire and group.way is Way.SEND:
        notes.append(_AS_CLIENT)
    return "; ".join(notes) or None


def judge_contradictions(case: Case, found: tuple[Finding, ...]) -> Iterator[Finding]:
    """Where the log says the contrary of what the user or an export says: that the good certificate is the bad one.

    It happens easily: the certificate that fails is looked up in one place, the one that is removed in another.
    """
    expected = {thumbprint.upper() for thumbprint in case.standard.thumbprints}
    for fault in found:
        if fault.code != "log-key-unusable" or fault.fact("cause") != "another-works":
            continue
        failing, works = fault.fact("thumbprint") or "", fault.fact("works") or ""
        against = _against(case, works)
        if expected & set(failing.split(", ")):
            cause, claim = "expected-fails", f"{some(sorted(expected))} is expected"
        elif against:
            cause, claim = "unfit-works", f"by the export {works} is {against}"
        else:
            continue
        yield finding(
            "log-contradicted",
            Verdict.WARN,
            fault.where,
            cause=cause,
            claim=claim,
            failing=failing,
            failed=fault.fact("last"),
            works=works,
            worked=fault.fact("works_when"),
        )


def _against(case: Case, thumbprint: str) -> str | None:
    """What an export holds against a certificate; None: nothing, or it does not speak of it."""
    found = case.exports.installed.get(thumbprint)
    if found is None:
        installed = case.exports.organisation.certificates if case.exports.organisation else ()
        return "not installed" if installed else None
    if found.has_private_key is False:
        return "without a private key"
    until = found.not_after
    if isinstance(until, Gap) or until is None or until > case.at:
        return None
    return f"expired, since {until.strftime(MOMENT)}"
