"""A delivery held against an organisation's exports: its attribution, its send connectors, its names for remedies."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from probe.dialogue.smtp import Envelope, attend
from probe.judge.catalogue import explain
from probe.judge.catalogue.words import NAME_NOT_ACCEPTED, NOT_ATTRIBUTED, PARTNER_RESTRICTED
from probe.judge.find import noted
from probe.judge.hybrid.accepted import covering, of_tenant
from probe.judge.hybrid.connectors import names, on_premises, row
from probe.judge.hybrid.installed import names_of
from probe.judge.hybrid.offline.case import Case, listed, servers_of
from probe.judge.hybrid.offline.rivals import described, usable
from probe.judge.inbound.attribution import Client, attribute
from probe.judge.inbound.capture import LEFT
from probe.judge.inbound.chain import eased, leaf_of, status
from probe.judge.inbound.named import judge_named, likely, meant
from probe.judge.inbound.recommended import supersedes, to_show
from probe.judge.inbound.told import judge_attribution
from probe.judge.standard import Standard
from probe.model import (
    Attributed,
    Attribution,
    Finding,
    Names,
    Observation,
    Organisation,
    Speaker,
    Turn,
    Verdict,
)

_UNSHOWN = ("client-certificate-not-sent", "client-handshake-failed")  # what should have been shown, is told
BY_ADDRESS = "an inbound connector that knows the address"
INCOMPLETE = "chain-incomplete"
PARTNERS = "partner-restricted"
_REFUSALS = {NOT_ATTRIBUTED, NAME_NOT_ACCEPTED, PARTNER_RESTRICTED}


def judge_by_exports(
    seen: Observation, captured: tuple[Finding, ...], organisation: Organisation, at: datetime
) -> tuple[Attribution, tuple[Finding, ...]]:
    """The attribution, and all findings on the delivery; `captured` are those that need no exports."""
    said = attend(seen.transcript)
    client = _client(seen, said, captured)
    found = attribute(client, organisation)
    greeted, case = said.greeted_inside or said.greeted or "", Case(organisation, Standard(), at)
    told = list(_eased(captured) if found.outcome is Attributed.BY_ADDRESS else captured)
    told += judge_attribution(seen, client, found, organisation)
    if client.leaf:
        serves = found.outcome is Attributed.BY_CERTIFICATE
        told += judge_named(seen, client.leaf, greeted, case, serves=serves)
    return found, tuple(_with_names(told, client, found, greeted, case))


def reply(seen: Observation, chain: tuple[Finding, ...], organisation: Organisation) -> str:
    """What Exchange Online would say to the last recipient, by the last sender."""
    # At CRLF alone: a domain in UTF-8 may hold what else Unicode takes for the end of a line.
    lines = [line for turn in seen.transcript if turn.who is Speaker.CLIENT for line in turn.data.split("\r\n")]
    last = (next((line for line in reversed(lines) if line.startswith(verb)), "") for verb in ("MAIL ", "RCPT "))
    said = attend((Turn(who=Speaker.CLIENT, data="\r\n".join(last), tls=seen.session is not None),))
    return attribute(_client(seen, said, chain), organisation).reply


def _client(seen: Observation, said: Envelope, findings: tuple[Finding, ...]) -> Client:
    leaf, secure = leaf_of(seen), seen.session is not None
    return Client(
        address=seen.endpoint.address,
        said=said,
        secure=secure,
        shown=bool(seen.chain and seen.chain.der),
        leaf=leaf,
        status=status(leaf, findings),
        # One that asked for TLS and did not get it would not have gone on without.
        delivers=not seen.early
        and all(found.code != LEFT for found in findings)
        and (secure or (bool(said.senders) and not said.asked)),
    )


def _eased(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Where the address will do, a certificate is a matter of relay alone."""
    for found in findings:
        if found.code == "client-certificate-not-sent" and found.verdict is Verdict.WARN:
            yield noted(replace(found, verdict=Verdict.OK), excused_by=BY_ADDRESS)
        else:
            yield eased(found)


def _with_names(
    findings: Sequence[Finding],
    client: Client,
    found: Attribution,
    greeted: str,
    case: Case,
) -> Iterator[Finding]:
    """The findings with what Exchange Online would answer to this delivery, and with what the blanks of their remedies
    stand for: it is a send connector that is to be mended, on the servers from which the delivery may have come."""
    told = None
    for one in findings:
        if one.verdict is Verdict.OK or one.names != Names():
            yield one
            continue
        told = told or _names(client, found, greeted, case, whole=not any(each.code == INCOMPLETE for each in findings))
        one = _answered(one, found.reply)
        if one.code in _UNSHOWN and (expected := listed(described(case, held) for held in meant(case, greeted))):
            one = noted(one, expected=expected)
        yield replace(one, names=_of_partner(told, found) if one.code == PARTNERS else told)


def _answered(found: Finding, reply: str) -> Finding:
    """Where the catalogue quotes how such mail is refused, what would be said of this one; empty: nothing."""
    words = explain(found.code, found.fact("cause")).exchange_online
    return found if _REFUSALS.isdisjoint(words) else noted(found, reply=reply)


def _of_partner(names: Names, found: Attribution) -> Names:
    """Of the one finding that is about the partner's connector: the others' remedies are for the tenant's own."""
    others = tuple((blank, value) for blank, value in names.common if blank != "INBOUND-CONNECTOR")
    return replace(names, common=(*others, ("INBOUND-CONNECTOR", found.partner)) if found.partner else others)


def _names(client: Client, found: Attribution, greeted: str, case: Case, *, whole: bool) -> Names:
    """`whole`: what was shown does not lack an intermediate alone, so that another certificate is to be shown."""
    uses, organisation = likely(case.sending, greeted), case.organisation
    held, leaf = meant(case, greeted), client.leaf
    presented = leaf.sha1.upper() if leaf else ""
    best = to_show(case, held, presented if whole else "", keyless=not client.secure)
    known = names(organisation, case.at, certificate=best, servers=servers_of(uses) or None)
    unmeant = () if best else ("THUMBPRINT", "HOLDER")  # any other that is installed may be another service's
    # Where nothing was shown, it may be one that the connector's name fits as well, and that nobody can use any more.
    stale = next((one.thumbprint for one in held if best and not usable(case, one)), None)
    old = (presented if best and supersedes(case, best, leaf) else None) if leaf else stale
    own = {
        "INBOUND-CONNECTOR": found.connector or _switched_off(organisation),
        "NEW-NAME": _acceptable(leaf.names if leaf else (), organisation)
        or (_acceptable(names_of(best), organisation) if best else None),
        "ADDRESS": client.address,
        "OLD-THUMBPRINT": old,
    }
    common = {blank: value for blank, value in known.common if blank not in unmeant}
    common |= {blank: value for blank, value in own.items() if value}
    rows = tuple(row(use.connector, use.server) for use in uses)
    return Names(common=tuple(common.items()), servers=rows or known.servers)


def _switched_off(organisation: Organisation) -> str | None:
    """The connector to enable where none of type OnPremises is on: the only one that is off."""
    off = on_premises(replace(one, enabled=True) for one in organisation.inbound if one.enabled is False)
    return off[0].name if len(off) == 1 and not on_premises(organisation.inbound) else None


def _acceptable(borne: Iterable[str], organisation: Organisation) -> str | None:
    """The first of the names that the tenant takes."""
    return next((name for name in borne if covering(name, of_tenant(organisation))), None)
