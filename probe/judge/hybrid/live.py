"""Endpoints held against the organisation's exports: beside the judgement by the connector's level and name, which is
the usual one by another standard, what only the exports can tell."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from probe.dialogue.smtp import hear
from probe.judge.certificate import parse
from probe.judge.find import TARGET, at_endpoint, finding, placed
from probe.judge.hybrid.connectors import front_ends, is_default, names, server_of
from probe.judge.hybrid.installed import same_server
from probe.judge.hybrid.offline.case import Case
from probe.judge.hybrid.offline.names import judge_uses
from probe.judge.hybrid.offline.rights import grants
from probe.judge.hybrid.offline.settings import judge_mechanisms
from probe.judge.hybrid.presented import judge_presented
from probe.judge.hybrid.way import Way, elsewhere, is_ours, level
from probe.judge.standard import AuthLevel, Standard
from probe.model import (
    Endpoint,
    Evidence,
    Finding,
    Gap,
    Many,
    Names,
    Observation,
    Organisation,
    OutboundConnector,
    ReceiveConnector,
    RuleBook,
    Stage,
    Verdict,
    items,
    known,
)

BOOK = RuleBook.EXCHANGE_ONLINE


def judge_hybrid(evidence: Evidence, organisation: Organisation, ways: dict[Endpoint, Way]) -> Iterator[Finding]:
    """What the exports say of the target's endpoints; `ways`: by which connector Exchange Online comes to each."""
    yield from _judge_ways(evidence, organisation, ways)
    for seen in evidence.observations:
        if seen.endpoint.dialogue == "smtp" and is_ours(organisation, seen.endpoint):
            connector = ways[seen.endpoint].connector if seen.endpoint in ways else None
            yield from _judge_endpoint(seen, organisation, connector)
            if seen.failure and seen.failure.stage is Stage.DIALOGUE and not hear(seen.transcript).starttls:
                yield from _why_no_starttls(seen, organisation, evidence.at)


def _judge_ways(evidence: Evidence, organisation: Organisation, ways: dict[Endpoint, Way]) -> Iterator[Finding]:
    by_smart_host = elsewhere(organisation, evidence.target)
    if by_smart_host:
        hosts = ", ".join(items(by_smart_host.smart_hosts)) or "none"
        yield finding("connector-goes-elsewhere", Verdict.OK, TARGET, BOOK, connector=by_smart_host.name, hosts=hosts)
    for endpoint, found in ways.items():
        where = at_endpoint(endpoint)
        if found.connector and found.rivals:
            rivals = ", ".join(rival.name for rival in found.rivals)
            yield finding("connector-ambiguous", Verdict.OK, where, BOOK, connector=found.connector.name, rivals=rivals)
        elif found.connector:
            told = {
                "settings": known(found.connector.tls_settings),
                "name": known(found.connector.tls_domain),
                "dane": _mode(known(found.connector.smtp_dane_mode)),
                "sts": _mode(known(found.connector.mta_sts_mode)),
            }
            yield finding("connector-applies", Verdict.OK, where, BOOK, connector=found.connector.name, **told)
        elif endpoint.dialogue == "smtp" and not by_smart_host:
            # With a port, it is this very endpoint that was asked about; a domain may well have other mail hosts.
            exported = bool(organisation.outbound) or "outbound" in organisation.none
            verdict = Verdict.WARN if exported and evidence.target.port else Verdict.OK
            cause = "none-leads-here" if exported else "not-exported"
            yield finding("connector-none", verdict, where, BOOK, cause=cause)


def _mode(mode: str | None) -> str | None:
    """A mode that is worth a word: the default is not."""
    return None if mode == "Opportunistic" else mode


def _judge_endpoint(
    seen: Observation, organisation: Organisation, outbound: OutboundConnector | None
) -> Iterator[Finding]:
    connectors = meant(answering(seen, organisation))
    if seen.chain and seen.chain.der:
        leaf, validates = parse(seen.chain.der[0]), _validates(outbound) if outbound else None
        for found in judge_presented(leaf, organisation, connectors, validates=validates):
            yield placed(found, seen.endpoint)
    if seen.session and connectors:
        yield from _judge_request(seen, connectors)


def answering(seen: Observation, organisation: Organisation) -> tuple[ReceiveConnector, ...]:
    """The front ends' connectors that may have answered: those of the name in the banner, where that is known."""
    connectors = front_ends(organisation)
    heard = hear(seen.transcript)
    words = heard.banner.lines[0].split() if heard.banner and heard.banner.lines else []
    greeted = words[0].lower() if words else ""
    by_name = tuple(
        found
        for found in connectors
        if greeted and ((known(found.fqdn) or "").lower() == greeted or same_server(server_of(found) or "", greeted))
    )
    return by_name or connectors


def _why_no_starttls(seen: Observation, organisation: Organisation, at: datetime) -> Iterator[Finding]:
    """What the exports know of it: Exchange offers none where the connector's certificate is not to be found (event
    12014), nor where its AuthMechanism lacks Tls. Which connector answered is known where the banner tells."""
    case, chosen = Case(organisation, Standard(), at), {id(one) for one in meant(answering(seen, organisation))}
    uses = [use for use in case.uses if id(use.connector) in chosen]
    for found in (*judge_uses(case, uses), *judge_mechanisms(case, uses)):
        if isinstance(found, Finding) and found.verdict is Verdict.FAIL:
            yield found


def meant(connectors: Sequence[ReceiveConnector]) -> Sequence[ReceiveConnector]:
    """Those that are there for Exchange Online: one for the addresses of a few others, such as an application's relay,
    is not, though it may be the one that answers our own address."""
    return [found for found in connectors if is_default(found) or grants(found) is not False] or connectors


def _validates(connector: OutboundConnector) -> bool | None:
    """Whether Exchange Online checks the certificate; None: not known."""
    if isinstance(connector.tls_settings, Gap):
        return None
    return level(connector) not in (None, AuthLevel.ENCRYPTION_ONLY)


def _judge_request(seen: Observation, connectors: Sequence[ReceiveConnector]) -> Iterator[Finding]:
    """Exchange asks for a client certificate where TlsDomainCapabilities is set: so it has been seen to do, it is not
    documented."""
    granting = [found for found in connectors if _grants(found) is True]
    lacking = [found for found in connectors if _grants(found) is False]
    where = at_endpoint(seen.endpoint)
    if seen.certificate_requested:
        if granting or lacking:
            unsaid = ", ".join(found.name for found in lacking) if not granting else None
            yield finding("client-certificate-asked", Verdict.OK, where, BOOK, unsaid=unsaid)
    elif lacking or len(granting) == len(connectors):
        cause = "not-configured" if not granting else "some-configured" if lacking else "configured"
        # A connector for Exchange Online's own addresses stands before the default one, which answers ours.
        apart = {server_of(found) for found in granting if not is_default(found)}
        excused = lacking and all(server_of(found) in apart for found in lacking)
        yield finding(
            "client-certificate-not-asked",
            Verdict.OK if excused else Verdict.WARN,
            where,
            BOOK,
            cause=cause,
            connectors=", ".join(found.name for found in (lacking or granting)),
            excused_by=f"{granting[0].name}, for addresses of its own" if excused else None,
        )


def _grants(connector: ReceiveConnector) -> bool | None:
    """Whether it has rights to give to a client by its certificate; None: not known."""
    if connector.domain_secure_enabled is True:
        return None  # together with a list in TransportConfig it asks as well
    capabilities = connector.tls_domain_capabilities
    if capabilities is None:
        return False
    return bool(capabilities.items) if isinstance(capabilities, Many) else None


def with_names(
    findings: Iterable[Finding], evidence: Evidence, organisation: Organisation, ways: dict[Endpoint, Way], at: datetime
) -> Iterator[Finding]:
    """The findings with the organisation's names for their remedies, those of the server that answered where it told
    its name."""
    told: dict[tuple[str | None, ...], Names] = {}
    for seen in evidence.observations:
        there, found = seen.endpoint, ways.get(seen.endpoint, Way())
        servers = dict.fromkeys(filter(None, map(server_of, answering(seen, organisation))))
        told[there.host, there.address, str(there.port)] = names(
            organisation, at, outbound=found.connector, servers=servers or None
        )
    general = names(organisation, at)
    for one in findings:
        key = (one.where.host, one.where.address, str(one.where.port))
        # What was found in the exports alone knows what it is about.
        kept = one.verdict is Verdict.OK or one.names != Names()
        yield one if kept else replace(one, names=told.get(key, general))
