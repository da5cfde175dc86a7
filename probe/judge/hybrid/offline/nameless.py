"""What does Exchange take where a connector names no certificate?

By its code of 2013, unverified since, it looks for one by the connector's Fqdn: those that bear exactly that name
before those with a wildcard, and of them one of a CA before a self-signed one. A Default Frontend's Fqdn is the
server's internal name, which no public CA certifies: what is found there is the self-signed certificate of its setup.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from probe.judge.hybrid.installed import covers, is_current, names_of
from probe.judge.hybrid.offline.case import Case, Use, at_uses, listed, others, servers_of
from probe.judge.hybrid.offline.certificates import is_distrusted, is_elliptic, serves
from probe.judge.hybrid.offline.gaps import Missed, called, missed
from probe.model import ExchangeCertificate, Finding, Verdict, items, known

BY_CODE_OF_2013 = "so by Exchange's code of 2013, unverified since"
MOST_HELD = 100  # certificates of one server that are looked at
IP_MAY_DO = "SenderIPAddresses may have the mail attributed all the same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What Exchange finds by a name: `kind` is ca-issued, self-signed, none or unknown."""

    kind: str
    certificates: tuple[ExchangeCertificate, ...] = ()


def choice(case: Case, use: Use) -> Choice:
    """What Exchange finds for a connector that names none, on this server."""
    host = (known(use.connector.fqdn) or "").lower()
    held = case.inventory.on(use.server)[:MOST_HELD]
    if not host or not held:
        return Choice(kind="unknown")
    fit = [found for found in held if _is_candidate(case, found)]
    exact = [found for found in fit if host in names_of(found)]
    for group in (exact, [found for found in fit if found not in exact and covers(found, host)]):
        if chosen := _preferred(group):
            return chosen
    return Choice(kind="none" if all(map(names_of, held)) else "unknown")


def _is_candidate(case: Case, certificate: ExchangeCertificate) -> bool:
    return (
        certificate.has_private_key is not False
        and not (certificate.is_self_signed is False and is_distrusted(certificate))
        and is_current(certificate, case.at) is not False
        and not is_elliptic(certificate)
        and serves(certificate)
    )


def _preferred(group: Sequence[ExchangeCertificate]) -> Choice | None:
    by_a_ca = tuple(found for found in group if found.is_self_signed is False)
    if by_a_ca:
        return Choice(kind="ca-issued", certificates=by_a_ca)
    if group and all(found.is_self_signed is True for found in group):
        return Choice(kind="self-signed", certificates=tuple(group))
    return Choice(kind="unknown") if group else None


def shown(case: Case, use: Use) -> tuple[ExchangeCertificate, ...]:
    """The certificates of which Exchange shows one for this connector; none where that is not known, and where it is
    the self-signed one of the setup, on which there is a finding already."""
    if use.connector.tls_certificate_name is None:
        found = choice(case, use)
        return found.certificates if found.kind == "ca-issued" else ()
    return use.resolution.here if use.resolution else ()


def judge_nameless(case: Case) -> Iterator[Finding | Missed]:
    """A finding for the connectors on the way to and from Exchange Online that name no certificate."""
    named = any(use.resolution for use in case.facing)
    for code, uses in (("receive-name-null", case.facing), ("send-name-null", case.sending)):
        found: dict[tuple[str, str | None], list[tuple[Use, Choice]]] = {}
        for use in uses:
            if use.connector.tls_certificate_name is None:
                made = choice(case, use)
                found.setdefault((made.kind, _doubt(case, use, named=named)), []).append((use, made))
                yield from _unknown(case, use, made)
        for (kind, doubt), cases in found.items():
            alike = [use for use, _ in cases]
            verdict = _verdict(case, kind, alike[0], doubt)
            excused = verdict is Verdict.OK and kind != "ca-issued"
            yield case.found(
                code,
                verdict,
                at_uses(alike),
                uses=alike,
                cause=kind,
                servers=listed(servers_of(alike)) or "the server",
                fqdn=listed(known(use.connector.fqdn) for use in alike) or "not known",
                thumbprint=listed(one.thumbprint for _, made in cases for one in made.certificates),
                also=others(alike),
                doubt=BY_CODE_OF_2013 if kind == "ca-issued" else doubt,
                excused_by="the outbound connector's TlsSettings" if excused else None,
            )


def _unknown(case: Case, use: Use, made: Choice) -> Iterator[Missed]:
    if made.kind == "unknown":
        question = "which certificate Exchange takes where none is named"
        yield from missed(use.connector.fqdn, f"Fqdn of {called(use.connector)}", question)
        if not case.inventory.on(use.server):
            yield Missed(why="absent", what=f"certificates of {use.server or 'the servers'}", question=question)


def _doubt(case: Case, use: Use, *, named: bool) -> str | None:
    """Why it may be no fault at all."""
    if use.receives:
        if named and case.receives_at(use.server) is None:
            return "the exports do not say whether Exchange Online's mail comes to this server"
        return None
    by_address = any(items(found.sender_ip_addresses) for found in case.organisation.inbound)
    return IP_MAY_DO if by_address else None


def _verdict(case: Case, kind: str, use: Use, doubt: str | None) -> Verdict:
    if kind == "ca-issued":
        return Verdict.OK
    if use.receives and case.validates is False:
        return Verdict.OK
    certain = kind == "self-signed" and doubt is None and (case.validates or not use.receives)
    return Verdict.FAIL if certain else Verdict.WARN
