"""Does Exchange Online recognise the organisation's mail: by the certificate that its servers show as clients, and by
the inbound connector's TlsSenderCertificateName?

The value is a domain or `*.` and a domain, to be matched by a name of the certificate; in older tenants it may be
issuer and subject, `<I>…<S>…`, both of which must then be the certificate's. Besides, its domain must be an accepted
domain of the tenant, or lie directly under one: otherwise Exchange Online answers `550 5.7.64 … ATTR36`.
"""

from collections.abc import Iterator, Sequence

from probe.judge import dn
from probe.judge.hybrid.accepted import above, covering, may_cover, of_tenant
from probe.judge.hybrid.connectors import on_premises
from probe.judge.hybrid.installed import is_named, names_of
from probe.judge.hybrid.offline.case import ORGANISATION, Case, Use, listed, servers_of
from probe.judge.hybrid.offline.expected import common_name, matching, may_judge, unverified
from probe.judge.hybrid.offline.gaps import Missed, called, missed
from probe.judge.hybrid.offline.nameless import IP_MAY_DO, shown
from probe.model import (
    ExchangeCertificate,
    Finding,
    Gap,
    InboundConnector,
    RuleBook,
    Verdict,
    Where,
    items,
    known,
)

BOOK = RuleBook.EXCHANGE_ONLINE
MOST_INBOUND = 200  # Exchange Online has limits of its own; a tenant has a handful
RECOGNISED = "whether Exchange Online recognises the organisation's mail"


def judge_senders(case: Case) -> Iterator[Finding | Missed]:
    """Findings on the inbound connectors by themselves, then on the certificates that would be shown to them."""
    connectors = on_premises(case.organisation.inbound)[:MOST_INBOUND]
    for connector in connectors:
        value = connector.tls_sender_certificate_name
        yield from missed(value, f"TlsSenderCertificateName of {called(connector)}", RECOGNISED)
        if isinstance(value, str) and value:
            yield from _judge_value(case, connector, value)
        elif not isinstance(value, Gap):
            yield from _judge_missing(case, connector)
    valued = [one for one in connectors if known(one.tls_sender_certificate_name)]
    if valued:
        yield from _judge_certificates(case, valued, certain=len(valued) == len(connectors))


def is_legacy(value: str) -> bool:
    return value.lstrip()[:3].upper() in ("<I>", "<S>")


def _judge_missing(case: Case, connector: InboundConnector) -> Iterator[Finding | Missed]:
    addresses = connector.sender_ip_addresses
    yield from missed(addresses, f"SenderIPAddresses of {called(connector)}", RECOGNISED)
    if not isinstance(addresses, Gap) and not items(addresses):
        where = Where(kind="connector", name=connector.name)
        yield case.found("sender-name-missing", Verdict.WARN, where, BOOK, blanks=_blank(connector))


def _judge_value(case: Case, connector: InboundConnector, value: str) -> Iterator[Finding | Missed]:
    where, name = Where(kind="connector", name=connector.name), value.strip().lower()
    if is_legacy(value):
        name = _common_name(value)
        blanks = (*_blank(connector), ("NEW-NAME", _acceptable(case, name)))
        yield case.found("sender-name-legacy", Verdict.WARN, where, BOOK, blanks=blanks, value=value)
    accepted = of_tenant(case.organisation)
    if not accepted:
        question = "whether TlsSenderCertificateName lies under an accepted domain"
        yield Missed(why="absent", what="accepted domains of Exchange Online", question=question)
    elif name:
        under = covering(name, accepted)
        if under:
            yield case.found("sender-name-accepted", Verdict.OK, where, BOOK, value=value, domain=under)
        else:
            higher = above(name, accepted)
            doubtful = may_cover(name, higher)
            yield case.found(
                "sender-name-not-accepted",
                Verdict.WARN if doubtful else Verdict.FAIL,
                where,
                BOOK,
                blanks=(*_blank(connector), ("DOMAIN", higher[0].domain if higher else None)),
                cause="deeper" if higher else "foreign",
                value=value,
                domain=listed(found.domain for found in higher or accepted),
                doubt="how far below an accepted domain the name may lie is not documented" if doubtful else None,
            )


def _acceptable(case: Case, name: str | None) -> str | None:
    """The name, if the tenant takes it."""
    return name if name and covering(name, of_tenant(case.organisation)) else None


def _common_name(value: str) -> str:
    try:
        subject = dn.parse_identity(value).subject
    except ValueError:
        return ""
    return next((text.lower() for rdn in subject for kind, text in rdn if kind == "CN"), "")


def _judge_certificates(case: Case, connectors: Sequence[InboundConnector], *, certain: bool) -> Iterator[Finding]:
    """For each choice of certificates that servers may show, which connectors recognise it."""
    groups: dict[tuple[str, ...], list[tuple[Use, tuple[ExchangeCertificate, ...]]]] = {}
    for use in case.sending:
        if candidates := shown(case, use):
            groups.setdefault(tuple(sorted({one.thumbprint for one in candidates})), []).append((use, candidates))
    for alike in groups.values():
        uses, candidates = [use for use, _ in alike], alike[0][1]
        met = [[one for one in connectors if _recognises(one, found) is not False] for found in candidates]
        if any(_recognises(one, found) is None for found in candidates for one in connectors):
            continue  # names that are not known are told where the servers' side is judged
        if all(met) or certain:
            yield _told(case, connectors, uses, candidates, met)


def _recognises(connector: InboundConnector, certificate: ExchangeCertificate) -> bool | None:
    value = known(connector.tls_sender_certificate_name) or ""
    if is_legacy(value):
        try:
            return is_named(certificate, dn.parse_identity(value))
        except ValueError:
            return None
    expected = value.strip().lower()
    return matching(certificate, expected) is not None if may_judge(certificate, expected) else None


def _told(
    case: Case,
    connectors: Sequence[InboundConnector],
    uses: Sequence[Use],
    candidates: Sequence[ExchangeCertificate],
    met: Sequence[Sequence[InboundConnector]],
) -> Finding:
    values = [known(one.tls_sender_certificate_name) or "" for one in connectors]
    first = next((one for one, matched in zip(candidates, met, strict=True) if not matched), candidates[0])
    rivals = next((matched for matched in met if len(matched) > 1), ())
    by_address = any(items(found.sender_ip_addresses) for found in case.organisation.inbound)
    code, verdict, cause, doubt = "sender-name-matches", Verdict.OK, None, None
    if not all(met):
        code, verdict = "sender-name-mismatch", Verdict.WARN if by_address or any(met) else Verdict.FAIL
        cause = "depends" if any(met) else "legacy-differs" if all(map(is_legacy, values)) else "no-name"
        doubt = IP_MAY_DO if by_address else None
    elif rivals:
        code, verdict = "inbound-ambiguous", Verdict.WARN
    else:
        doubt = next(filter(None, (unverified(candidates, value.lower()) for value in values)), None)
    alone = connectors[0] if len(connectors) == 1 else None
    return case.found(
        code,
        verdict,
        Where(kind="connector", name=uses[0].connector.name) if uses else ORGANISATION,
        BOOK,
        on=servers_of(uses),
        blanks=(*(_blank(alone) if alone else ()), ("NEW-NAME", _acceptable(case, common_name(first)))),
        cause=cause,
        expected=listed(values),
        presented=listed(names_of(first)),
        subject=known(first.subject),
        thumbprint=listed(one.thumbprint for one in candidates) if all(met) else first.thumbprint,
        connectors=listed(called(one) for one in rivals or connectors),
        servers=listed(servers_of(uses)),
        doubt=doubt,
    )


def _blank(connector: InboundConnector) -> tuple[tuple[str, str | None], ...]:
    return (("INBOUND-CONNECTOR", connector.name),)
