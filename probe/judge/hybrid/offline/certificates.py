"""Are the certificates that connectors name fit for it: current, with their key, trusted, of a kind that will do?

Where a name leads to several, a fault of one of them is the ambiguity's business: here is told what is wrong whichever
Exchange takes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from probe.judge.certificate import Certificate, parse
from probe.judge.fitness import ANY_USAGE, SERVER_AUTH
from probe.judge.hybrid.offline.case import Case, Use, at_installed, listed, servers_of
from probe.judge.hybrid.offline.gaps import Missed, called, missed
from probe.model import ExchangeCertificate, Finding, Gap, Many, Verdict, known

LOCAL = timedelta(hours=14)  # how far a local time may be from UTC
IS_IT_CURRENT = "whether it is current"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong with one certificate."""

    code: str
    verdict: Verdict
    facts: tuple[tuple[str, str | int | None], ...] = ()


def judge_certificates(case: Case) -> Iterator[Finding | Missed]:
    """A finding for each certificate and what is wrong with it."""
    found: dict[tuple[Trouble, str], list[tuple[Use, ExchangeCertificate]]] = {}
    hybrid = {id(use.connector) for use in (*case.facing, *case.sending)}
    for use in case.uses:
        here = use.resolution.here if use.resolution else ()
        told = [set(_troubles(case, use, one, hybrid=id(use.connector) in hybrid)) for one in here]
        yield from (trouble for trouble in set().union(*told) if isinstance(trouble, Missed))
        shared = set.intersection(*(_codes(each) for each in told)) if told else set()
        for one, troubles in zip(here, told, strict=True):
            for trouble in troubles:
                if isinstance(trouble, Trouble) and trouble.code in shared:
                    found.setdefault((trouble, one.thumbprint), []).append((use, one))
    for (trouble, thumbprint), cases in found.items():
        uses = [use for use, _ in cases]
        yield case.found(
            trouble.code,
            trouble.verdict,
            at_installed(thumbprint, servers_of(uses)),
            uses=uses,
            # A certificate that has lost its key is mended itself; in the place of any other a better one is to come.
            certificate=cases[0][1] if trouble.code in _STAYS else None,
            blanks=(("OLD-THUMBPRINT", thumbprint),),
            subject=known(cases[0][1].subject),
            servers=listed(servers_of(uses)) if len(servers_of(uses)) > 1 else None,
            connectors=listed(called(use.connector) for use in uses),
            facts=trouble.facts,
        )


_STAYS = ("installed-certificate-keyless", "installed-certificate-not-for-smtp")


def _codes(troubles: set["Trouble | Missed"]) -> set[str]:
    return {trouble.code for trouble in troubles if isinstance(trouble, Trouble)}


def _troubles(case: Case, use: Use, certificate: ExchangeCertificate, *, hybrid: bool) -> Iterator[Trouble | Missed]:
    yield from judge_dates(case, certificate)
    yield from missed(
        certificate.has_private_key, f"HasPrivateKey of {certificate.thumbprint}", "whether it has its key"
    )
    if certificate.server is Gap.LOST:
        where = f"whether {use.server or 'the server'} has it"
        yield Missed(why="lost", what=f"the server of {certificate.thumbprint}", question=where)
    if certificate.has_private_key is False:
        yield Trouble(code="installed-certificate-keyless", verdict=Verdict.FAIL)
    yield from _trust(case, use, certificate, hybrid=hybrid)
    if is_elliptic(certificate):
        yield Trouble(code="installed-certificate-unfit", verdict=Verdict.WARN, facts=(("cause", "elliptic"),))
    if hybrid and not serves(certificate):
        yield Trouble(code="installed-certificate-unfit", verdict=Verdict.FAIL, facts=(("cause", "usage"),))
    services = certificate.services
    if isinstance(services, Many) and not services.cut and "smtp" not in (name.casefold() for name in services.items):
        excuse = (("excused_by", "Microsoft's text of today, by which a certificate that is named needs no flag"),)
        yield Trouble(code="installed-certificate-not-for-smtp", verdict=Verdict.OK, facts=excuse)


def judge_dates(case: Case, certificate: ExchangeCertificate) -> Iterator[Trouble | Missed]:
    """Whether it is current. Local dates may be off by hours: what they leave open is a warning."""
    begin, end = known(certificate.not_before), known(certificate.not_after)
    if end is None:
        yield from missed(certificate.not_after, f"NotAfter of {certificate.thumbprint}", IS_IT_CURRENT)
        return
    end, begin = _aware(end), _aware(begin) if begin else None
    slack = LOCAL if certificate.dates_local else timedelta(0)
    left = end - case.at
    zone = "local time of the server" if slack else "UTC"
    until = ("not_after", f"{end:%Y-%m-%d %H:%M:%S} {zone}")
    days, doubt = (
        left // timedelta(days=1),
        ("doubt", "the zone of the date is not known: it may be up to 14 hours off" if slack else None),
    )
    if left < -slack:
        ago = (until, ("days_ago", -left // timedelta(days=1)))
        yield Trouble(code="installed-certificate-expired", verdict=Verdict.FAIL, facts=ago)
    elif begin and begin - case.at > slack:
        since = ("not_before", f"{begin:%Y-%m-%d %H:%M:%S} {zone}")
        yield Trouble(code="installed-certificate-not-yet-valid", verdict=Verdict.FAIL, facts=(since,))
    elif left < slack or _ends_soon(case, left, end - begin if begin else None):
        ahead = (until, ("days_left", max(days, 0)), doubt)
        yield Trouble(code="installed-certificate-expires-soon", verdict=Verdict.WARN, facts=ahead)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _ends_soon(case: Case, left: timedelta, lifetime: timedelta | None) -> bool:
    standard = case.standard
    late = lifetime is None or left < lifetime * (standard.warn_lifetime / 100)
    return late and left < timedelta(days=standard.warn_days)


def _trust(case: Case, use: Use, certificate: ExchangeCertificate, *, hybrid: bool) -> Iterator[Trouble]:
    """Self-signed, or not trusted by the very server: by Status, which is Exchange's own word."""
    code, status = "installed-certificate-untrusted", known(certificate.status)
    if certificate.is_self_signed is True and hybrid:
        excuse = None
        verdict = Verdict.FAIL
        if use.receives and case.validates is not True:
            verdict = Verdict.WARN if case.validates is None else Verdict.OK
            excuse = "the outbound connector's TlsSettings" if verdict is Verdict.OK else None
        yield Trouble(code=code, verdict=verdict, facts=(("cause", "self-signed"), ("excused_by", excuse)))
    elif is_distrusted(certificate) and certificate.is_self_signed is not True:
        revoked = (status or "").casefold() == "revoked"
        facts = (("cause", "revoked" if revoked else "status"), ("status", status))
        yield Trouble(code=code, verdict=Verdict.FAIL if revoked else Verdict.WARN, facts=facts)


def is_distrusted(certificate: ExchangeCertificate) -> bool:
    """Whether the server itself does not trust it. That revocation could not be looked up is no such word."""
    return (known(certificate.status) or "").casefold() in ("revoked", "untrusted", "invalid")


def is_elliptic(certificate: ExchangeCertificate) -> bool:
    """Whether its key is no RSA key; PublicKeySize is 0 then."""
    read = _read(certificate)
    if read:
        return read.key.startswith("EC ")
    size = certificate.public_key_size
    return not isinstance(size, Gap) and size == 0


def serves(certificate: ExchangeCertificate) -> bool:
    """Whether its usage lets it be a server's, as far as is known."""
    read = _read(certificate)
    return read is None or read.usages is None or bool({SERVER_AUTH, ANY_USAGE} & set(read.usages))


def _read(certificate: ExchangeCertificate) -> Certificate | None:
    read = parse(certificate.der) if certificate.der else None
    return read if isinstance(read, Certificate) else None
