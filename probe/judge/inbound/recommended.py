"""Which certificate the remedies of a delivery should name: the one to show, and an old one to remove."""

from collections.abc import Iterable, Iterator

from probe.judge import dn
from probe.judge.certificate import Certificate
from probe.judge.hybrid.accepted import in_dns
from probe.judge.hybrid.connectors import on_premises
from probe.judge.hybrid.installed import covers, is_current, is_named, names_of, subject_of
from probe.judge.hybrid.offline.case import Case
from probe.judge.hybrid.offline.rivals import end_of, usable
from probe.judge.hybrid.offline.senders import MOST_INBOUND, is_legacy
from probe.model import ExchangeCertificate, known


def to_show(
    case: Case, meant: Iterable[ExchangeCertificate], unfit: str, *, keyless: bool
) -> ExchangeCertificate | None:
    """The certificate to show: of those that the send connector means one that can be used, before others if an inbound
    connector knows it; else any installed one that an inbound connector knows; else none. `unfit` is the thumbprint of
    the one that was shown and did not do. `keyless`: it may be that only its key is to be repaired."""
    named = [one for one in meant if one.thumbprint != unfit]
    values = [*_expected(case)]
    for held in ([one for one in named if _fit(case, one)], [*_recognised(case, values, unfit)]):
        if held:
            return max(held, key=lambda one: (_knows(values, one), end_of(one)))
    return next((one for one in named if keyless and is_current(one, case.at) is not False), None)


def supersedes(case: Case, better: ExchangeCertificate, leaf: Certificate) -> bool:
    """Whether this is the successor of a certificate that was shown: it is for the same, by subject or by names, ends
    later, and can be used."""
    subject, ends = subject_of(better), known(better.not_after)
    alike = (subject is not None and dn.same_parts(subject) == dn.same_parts(leaf.subject_name)) or (
        set(names_of(better)) == set(leaf.names)
    )
    return alike and ends is not None and leaf.not_after < ends and _fit(case, better)


def _fit(case: Case, certificate: ExchangeCertificate) -> bool:
    return usable(case, certificate) and certificate.is_self_signed is not True


def _expected(case: Case) -> Iterator[str]:
    for connector in on_premises(case.organisation.inbound)[:MOST_INBOUND]:
        if value := known(connector.tls_sender_certificate_name):
            yield value


def _recognised(case: Case, values: list[str], unfit: str) -> Iterator[ExchangeCertificate]:
    for one in case.organisation.certificates:
        if one.thumbprint != unfit and _fit(case, one) and _knows(values, one):
            yield one


def _knows(values: list[str], certificate: ExchangeCertificate) -> bool:
    return any(_is_of(certificate, value) for value in values)


def _is_of(certificate: ExchangeCertificate, value: str) -> bool:
    if not is_legacy(value):
        return covers(certificate, in_dns(value))
    try:
        return is_named(certificate, dn.parse_identity(value))
    except ValueError:
        return False
