"""The certificates that the server sent: whose they are, their dates, and how they changed from session to session."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from probe.judge.find import finding
from probe.judge.logged.case import MOMENT, Case, place, times
from probe.judge.logged.groups import Peer, called, is_self_signed, sha1, went_well
from probe.model import Finding, Gap, Group, Names, Verdict, Way, Where

Place = tuple[Way, str, str]
MOST = 6  # certificates told of one place


def judge_certificates(case: Case) -> Iterator[Finding]:
    """Findings on the certificates that went out. Of the inner network's sessions nothing is concluded: there Exchange
    uses certificates that it made itself."""
    outside = [group for group in case.groups if group.sent and case.outside(group)]
    yield from _self_signed(case, outside)
    yield from _expired(case, outside)
    yield from _expiring(case, outside)
    yield from _changed(case, outside)
    yield from _uneven(case, outside)


def _self_signed(case: Case, groups: Iterable[Group]) -> Iterator[Finding]:
    for alike in case.gathered(group for group in groups if is_self_signed(group.sent)):
        last = max(alike, key=lambda group: group.last)
        yield case.tell(
            "log-self-signed-sent",
            _gravity(case, alike),
            alike,
            cured=lambda group: bool(group.sent) and not is_self_signed(group.sent),
            whoever=True,
            names=case.exports.names(last, use=case.proper(last), old=sha1(last.sent)),
            cause=last.way,
            subject=last.sent.subject if last.sent else None,
            names_in_it=", ".join((last.sent.names or ())[:MOST]) if last.sent else None,
        )


def _gravity(case: Case, groups: Sequence[Group]) -> Verdict:
    """Of a self-signed certificate. Strangers who look at a server's certificate are few, at a client's none; Exchange
    Online refuses it where a connector demands one, and takes it from and for others."""
    last = groups[-1]
    if case.exports.of_hybrid(last):
        return Verdict.FAIL
    if case.peer(last) is Peer.MICROSOFT and case.exports.organisation is None:
        return Verdict.WARN if any(map(went_well, groups)) else Verdict.FAIL
    return Verdict.WARN if last.way is Way.RECEIVE else Verdict.OK


def _expired(case: Case, groups: Iterable[Group]) -> Iterator[Finding]:
    """Sent after its last day, by the log's own dates, or by those of the export where the log has none."""
    expired = [(group, until) for group in groups if (until := _until(case, group)) and until < group.last]
    dates = {id(group): until for group, until in expired}
    for alike in case.gathered(group for group, _ in expired):
        last = max(alike, key=lambda group: group.last)
        until = dates[id(last)]
        yield case.tell(
            "certificate-expired",
            Verdict.FAIL if last.way is Way.RECEIVE or case.peer(last) is not Peer.OTHER else Verdict.WARN,
            alike,
            cured=lambda group: went_well(group) and id(group) not in dates,
            whoever=True,
            names=case.exports.names(last, use=case.proper(last), old=sha1(last.sent)),
            subject=last.sent.subject if last.sent else None,
            not_after=until.strftime(MOMENT),
            days_ago=max((last.last - until) // timedelta(days=1), 0),
        )


def _expiring(case: Case, groups: Iterable[Group]) -> Iterator[Finding]:
    """Of the certificate that each place sent last; one that was replaced may expire."""
    for group in _latest(groups).values():
        until, begin = _until(case, group), _from(case, group)
        if until is None or not case.at <= until or until < group.last:
            continue
        left = until - case.at
        share = timedelta.max if begin is None else (until - begin) * (case.standard.warn_lifetime / 100)
        if left < timedelta(days=case.standard.warn_days) and left < share:
            yield case.tell(
                "certificate-expires-soon",
                Verdict.WARN,
                [group],
                cured=None,
                subject=group.sent.subject if group.sent else None,
                not_after=until.strftime(MOMENT),
                days_left=left // timedelta(days=1),
            )


def _until(case: Case, group: Group) -> datetime | None:
    if group.sent and group.sent.not_after:
        return group.sent.not_after
    found = case.exports.installed.get(sha1(group.sent) or "")
    return None if found is None or isinstance(found.not_after, Gap) else found.not_after


def _from(case: Case, group: Group) -> datetime | None:
    if group.sent and group.sent.not_before:
        return group.sent.not_before
    found = case.exports.installed.get(sha1(group.sent) or "")
    return None if found is None or isinstance(found.not_before, Gap) else found.not_before


def _changed(case: Case, groups: Sequence[Group]) -> Iterator[Finding]:
    """One certificate after the other, or several by turns."""
    for sent in _by_place(groups).values():
        spans = _spans(sent)
        if len(spans) < 2:
            continue
        turns = any(later[1] < earlier[2] for earlier, later in pairwise(spans))
        told = "; ".join(f"{name} ({times(number, first, last)})" for name, first, last, number in spans[-MOST:])
        last = max(sent, key=lambda group: group.last)
        found = finding(
            "log-certificate-uneven" if turns else "log-certificate-changed",
            Verdict.WARN if turns else Verdict.OK,
            place(last),
            cause="by-turns" if turns else None,
            certificates=told,
            changed=spans[-1][1].strftime(MOMENT),
        )
        yield replace(found, names=case.exports.names(last))


Span = tuple[str, datetime, datetime, int]  # thumbprint, first and last time, sessions


def _spans(groups: Iterable[Group]) -> list[Span]:
    """When each certificate was sent, in order of its first time."""
    found: dict[str, Span] = {}
    for group in groups:
        name = called(group.sent)
        _, first, last, number = found.get(name, (name, group.first, group.last, 0))
        found[name] = name, min(first, group.first), max(last, group.last), number + group.sessions
    return sorted(found.values(), key=lambda span: (span[1], span[2]))


def _uneven(case: Case, groups: Sequence[Group]) -> Iterator[Finding]:
    """Servers that send different certificates under the same connector's name: a renewal reached some of them."""
    roles: dict[tuple[Way, str], list[Group]] = defaultdict(list)
    for group in _latest(groups).values():
        roles[group.way, _role(group)].append(group)
    for (way, role), latest in roles.items():
        sent = {called(group.sent) for group in latest}
        if len({group.server.casefold() for group in latest}) < 2 or len(sent) < 2:
            continue
        if all(is_self_signed(group.sent) for group in latest):
            continue  # each server has made its own, and that is told
        last = max(latest, key=lambda group: group.last)
        told = "; ".join(f"{called(g.sent)} by {g.server} (last {g.last.strftime(MOMENT)})" for g in latest[:MOST])
        more = f" and {len(latest) - MOST} more servers" if len(latest) > MOST else ""
        name = last.connector if way is Way.SEND else role
        found = finding(
            "log-certificate-uneven",
            Verdict.WARN,
            Where(kind="log", name=name),
            cause="by-server",
            certificates=told + more,
        )
        yield replace(found, names=case.exports.names(last) if case.exports.organisation else Names())


def _role(group: Group) -> str:
    """The connector's name without its server's, which the default connectors bear twice."""
    server, backslash, name = group.connector.partition("\\")
    return name.removesuffix(server).strip() if backslash else group.connector


def latest_sent(case: Case) -> Iterator[Group]:
    """For each place the last sessions in which it sent a certificate to somebody outside."""
    yield from _latest(group for group in case.groups if group.sent and case.outside(group)).values()


def _latest(groups: Iterable[Group]) -> dict[Place, Group]:
    found: dict[Place, Group] = {}
    for group in groups:
        key = _key(group)
        if key not in found or group.last >= found[key].last:
            found[key] = group
    return found


def _by_place(groups: Iterable[Group]) -> dict[Place, list[Group]]:
    found: dict[Place, list[Group]] = defaultdict(list)
    for group in groups:
        found[_key(group)].append(group)
    return found


def _key(group: Group) -> Place:
    """A scrubbed copy may name one server in two ways."""
    return group.way, group.connector.casefold(), "" if group.scrubbed else group.server.casefold()
