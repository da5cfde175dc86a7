"""Certificates without connectors: an export of `Get-ExchangeCertificate` alone does not say which of them are in use.

What can be said is what is so whichever is: that a name leads to several, or that one is out of date and nothing beside
it takes its place. Self-signed ones are left out: setup makes them, several of one name are usual, and no mail with
Exchange Online goes by them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from probe.judge import dn
from probe.judge.hybrid.installed import covers, issuer_of, names_of, short, subject_of
from probe.judge.hybrid.offline.case import Case, at_installed, listed
from probe.judge.hybrid.offline.certificates import Trouble, judge_dates
from probe.judge.hybrid.offline.gaps import Missed
from probe.judge.hybrid.offline.rivals import rivalry, usable
from probe.model import ExchangeCertificate, Finding, Gap, Many, Verdict, known

MOST_COMPARED = 100  # certificates of one server
WHERE_UNKNOWN = "the export does not say on which server each of them is"
_CAUSES: Mapping[str, str] = {
    "installed-certificate-expired": "expired",
    "installed-certificate-expires-soon": "expires-soon",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A certificate that is out of date, or nearly; `excuse` says why that should harm nothing."""

    certificate: str
    trouble: Trouble
    excuse: str | None


def judge_unnamed(case: Case) -> Iterator[Finding | Missed]:
    """Findings on certificates of the servers, where no connector of theirs is known."""
    if case.organisation.send or case.organisation.receive:
        return
    rivals: dict[tuple[str, ...], list[Sequence[ExchangeCertificate]]] = {}
    late: dict[Late, list[ExchangeCertificate]] = {}
    for held in _by_server(case.organisation.certificates):
        settled: set[str] = set()
        for group, best in _alike(case, held):
            rivals.setdefault(tuple(one.thumbprint for one in group), []).append(group)
            settled |= {one.thumbprint for one in group if one is not best}
        for certificate, found in _late(case, held, settled):
            if isinstance(found, Missed):
                yield found
            else:
                late.setdefault(found, []).append(certificate)
    for groups in rivals.values():
        yield _told_alike(case, groups[0], _servers(group[0] for group in groups))
    for found, certificates in late.items():
        yield _told_late(case, found, certificates[0], _servers(certificates))


def _by_server(certificates: Iterable[ExchangeCertificate]) -> Iterator[tuple[ExchangeCertificate, ...]]:
    """Each server's certificates, each once."""
    held: dict[str | None, dict[str, ExchangeCertificate]] = defaultdict(dict)
    for found in certificates:
        if not _is_self_signed(found):
            server = known(found.server)
            held[short(server) if server else None].setdefault(found.thumbprint, found)
    return (tuple(each.values()) for each in held.values())


def _is_self_signed(certificate: ExchangeCertificate) -> bool:
    subject = subject_of(certificate)
    return certificate.is_self_signed is True or (subject is not None and subject == issuer_of(certificate))


def _alike(
    case: Case, held: Iterable[ExchangeCertificate]
) -> Iterator[tuple[Sequence[ExchangeCertificate], ExchangeCertificate]]:
    """Several of one issuer and subject, which is all that a connector stores; and the one of them to use."""
    named: dict[tuple[dn.Name, dn.Name], list[ExchangeCertificate]] = defaultdict(list)
    for found in held:
        subject, issuer = subject_of(found), issuer_of(found)
        if subject and issuer:
            named[dn.same_parts(subject), dn.same_parts(issuer)].append(found)
    for group in named.values():
        group.sort(key=lambda one: one.thumbprint)
        if len(group) > 1 and (best := rivalry(case, group).best):
            yield group, best


def _late(
    case: Case, held: Sequence[ExchangeCertificate], settled: Collection[str]
) -> Iterator[tuple[ExchangeCertificate, Late | Missed]]:
    """Those that are out of date, or may be; `settled` are told of already."""
    for certificate in held:
        for trouble in judge_dates(case, certificate) if certificate.thumbprint not in settled else ():
            if isinstance(trouble, Missed):
                yield certificate, trouble
            elif trouble.code in _CAUSES:
                excuse = _excuse(case, certificate, held)
                yield certificate, Late(certificate=certificate.thumbprint, trouble=trouble, excuse=excuse)


def _excuse(case: Case, certificate: ExchangeCertificate, held: Sequence[ExchangeCertificate]) -> str | None:
    """One that lasts longer and has all of its names; or that nothing shows it to be for SMTP."""
    names, end = names_of(certificate), known(certificate.not_after)
    for one in held[:MOST_COMPARED]:
        other = known(one.not_after)
        if names and end and other and other > end and usable(case, one) and all(covers(one, name) for name in names):
            return f"{one.thumbprint}, which has its names and lasts longer"
    services = certificate.services
    if isinstance(services, Many) and not services.cut and "smtp" not in (name.casefold() for name in services.items):
        return "its Services, which lack SMTP"
    return None


def _servers(certificates: Iterable[ExchangeCertificate]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(server for one in certificates if (server := known(one.server))))


def _told_alike(case: Case, group: Sequence[ExchangeCertificate], servers: Sequence[str]) -> Finding:
    found = rivalry(case, group)
    best = found.best or group[0]
    return case.found(
        "installed-certificates-alike",
        Verdict.WARN if found.expired else Verdict.OK,
        at_installed(best.thumbprint, servers),
        on=servers,
        certificate=best,
        blanks=(("OLD-THUMBPRINT", found.old),),
        cause="expired-among-them" if found.expired else "several-current",
        subject=known(best.subject),
        candidates=found.candidates,
        servers=listed(servers) if len(servers) > 1 else None,
        doubt=WHERE_UNKNOWN if best.server is Gap.LOST else None,
    )


def _told_late(case: Case, found: Late, certificate: ExchangeCertificate, servers: Sequence[str]) -> Finding:
    return case.found(
        "installed-certificate-out-of-date",
        Verdict.OK if found.excuse else Verdict.WARN,
        at_installed(found.certificate, servers),
        on=servers,
        blanks=(("OLD-THUMBPRINT", found.certificate),),
        facts=found.trouble.facts,
        cause=_CAUSES[found.trouble.code],
        subject=known(certificate.subject),
        servers=listed(servers) if len(servers) > 1 else None,
        excused_by=found.excuse,
    )
