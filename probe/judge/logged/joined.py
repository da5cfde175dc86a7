"""The thumbprint in the log against the connector's certificate, against what is installed, and against the wire.

A log knows thumbprints and a connector names issuer and subject: which certificate that is depends on what the server
has installed. Where two fit, the log decides. Directions matter: what a server sends as a client may rightly be
another than it presents as a server. So of a send log the wire need not have the same, but one that a connector names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from probe.judge.find import finding
from probe.judge.hybrid.installed import is_named, resolve
from probe.judge.logged.case import MOMENT, Case, some
from probe.judge.logged.certificates import latest_sent
from probe.judge.logged.groups import sha1
from probe.judge.logged.wire import Look, Wire
from probe.model import Finding, Gap, Group, Verdict, Way

_LATER = timedelta(days=1)  # an export made so long after the log may well know another state
_AS_CLIENT = "what it sends as a client may rightly differ from what it presents as a server"
_NOT_NAMED = "but by the exports no connector names what is on the wire"


def judge_joined(case: Case) -> Iterator[Finding]:
    """Findings on the certificate that each place sent last, as far as there is something to hold it against."""
    look = Look(case)
    for group in latest_sent(case):
        sent = sha1(group.sent)
        if sent:
            yield from _expected(case, group, sent)
            yield from _installed(case, group, sent)
            yield from _compared(case, group, sent, look)


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


def _compared(case: Case, group: Group, sent: str, look: Look) -> Iterator[Finding]:
    """The one sentence on log, wire and connector."""
    named, wire = _named(case, group, sent), look.beside(group)
    if named is None and wire is None:
        return
    by_name = None if named is None or named.thumbprints is None else sent in named.thumbprints
    by_wire = None if wire is None else _is_in_order(group, sent, named, wire, look)
    cause = None
    if by_name is False:
        cause = "connector" if named and named.thumbprints else "nothing-named"
    if wire and by_wire is False:
        cause = "superseded" if _superseded(group, by_name, named, wire) else cause or "wire"
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
        note=_note(case, group, wire, named, by_wire),
    )


def _is_in_order(group: Group, sent: str, named: _Named | None, wire: Wire, look: Look) -> bool | None:
    """Whether the wire has the certificate of the log; beside a send log one that any connector names will do. None:
    the exports do not tell which they name."""
    if group.way is Way.RECEIVE or sent in wire.thumbprints:
        return sent in wire.thumbprints
    if named and named.thumbprints and not named.thumbprints.isdisjoint(wire.thumbprints):
        return True
    return look.rightly


def _superseded(group: Group, by_name: bool | None, named: _Named | None, wire: Wire) -> bool:
    """Whether the certificate was changed since the receive log was written."""
    if group.way is Way.SEND:
        return False
    if named is None or named.thumbprints is None:  # what the connector names is not known
        return bool(wire.begun and wire.begun > group.last)
    return by_name is False and set(wire.thumbprints) <= named.thumbprints


def _only(named: _Named | None) -> str | None:
    """The certificate that is named without doubt."""
    return next(iter(named.thumbprints)) if named and named.thumbprints and len(named.thumbprints) == 1 else None


def _note(case: Case, group: Group, wire: Wire | None, named: _Named | None, by_wire: bool | None) -> str | None:
    collected = case.exports.organisation.collected if case.exports.organisation else None
    received, notes = group.way is Way.RECEIVE, []
    if named and named.thumbprints and len(named.thumbprints) > 1:
        notes.append("the name fits several certificates: the log says which one is in use")
    if named and collected and collected < group.last:
        notes.append("the export is older than these sessions")
    elif named and collected and wire and wire.begun and collected < wire.begun and (received or by_wire is False):
        notes.append("the export is older than the certificate on the wire: make a new one")
    if wire and not received and wire.thumbprints != (sha1(group.sent),):
        notes.append(f"{_AS_CLIENT}, {_NOT_NAMED}" if by_wire is False else _AS_CLIENT)
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
