"""What the next certificate means in Exchange Online, which knows it by its names.

Outbound connectors expect a name of the server that they connect to (TlsDomain); inbound connectors know the
organisation by a name of the certificate that it shows (TlsSenderCertificateName), and the domain of that name has to
be an accepted domain of the tenant. A name that today's certificate does not bear either is not the renewal's fault.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from probe.judge import dn
from probe.judge.certificate import host_address, is_host
from probe.judge.dane.said import several
from probe.judge.find import finding
from probe.judge.hybrid.connectors import MICROSOFT, on_premises, to_microsoft
from probe.judge.hybrid.installed import is_named
from probe.judge.hybrid.rehearsal.case import ONLINE, Case, identity_of
from probe.judge.names import by_exchange, doubtful, exchange_matches
from probe.model import (
    Finding,
    Gap,
    InboundConnector,
    Organisation,
    OutboundConnector,
    RuleBook,
    Verdict,
    Where,
    items,
    known,
)

_BOOK = RuleBook.EXCHANGE_ONLINE
_LONGEST = 400  # characters of a text that is told
MOST = 100  # connectors of Exchange Online that are judged; a tenant has a few


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """A connector of Exchange Online that has to expect another name. `bridge` is one that both certificates bear, so
    that it can be set beforehand; None: there is none."""

    connector: InboundConnector | OutboundConnector
    before: str
    after: str
    bridge: str | None


def leading_here(organisation: Organisation) -> tuple[OutboundConnector, ...]:
    """The enabled outbound connectors that lead to the organisation's own servers."""
    return tuple(
        found
        for found in organisation.outbound
        if found.enabled is not False and (known(found.connector_type) or "OnPremises").casefold() == "onpremises"
    )[:MOST]


def judge_online(case: Case) -> Iterator[Finding]:
    """Each outbound and inbound connector, and the accepted domains."""
    inbound = on_premises(case.organisation.inbound)[:MOST]
    if not case.organisation.outbound or not case.organisation.inbound:
        missing = "connectors" if not (case.organisation.outbound or case.organisation.inbound) else ""
        which = missing or ("outbound connectors" if case.organisation.inbound else "inbound connectors")
        if _is_hybrid(case):
            yield finding("rehearsal-not-exported", Verdict.UNKNOWN, ONLINE, cause="exchange-online", what=which)
    yield from (_outbound(connector, case) for connector in case.outbound)
    for connector in inbound:
        yield _inbound(connector, case)
        yield from _accepted(connector, case)


def _is_hybrid(case: Case) -> bool:
    """Whether anything says that there is a tenant in Exchange Online."""
    organisation = case.organisation
    rights = (" ".join(items(found.tls_domain_capabilities)).casefold() for found in organisation.receive)
    named = bool(organisation.hybrid or organisation.outbound or organisation.inbound)
    return named or bool(to_microsoft(organisation)) or any(MICROSOFT in given for given in rights)


def renamed(case: Case) -> tuple[Renamed, ...]:
    """The connectors that have to expect another name, outbound ones first, those that cannot be asked left out."""
    wanted: list[Renamed] = []
    for outbound in case.outbound:
        expected = known(outbound.tls_domain)
        if expected and _compares(outbound) and _concerned(expected, case) and not by_exchange(case.leaf, expected):
            wanted.append(_renamed(outbound, expected, case))
    for inbound in on_premises(case.organisation.inbound)[:MOST]:
        expected = known(inbound.tls_sender_certificate_name)
        if expected and not _known_by(expected, case) and _concerned(expected, case):
            wanted.append(_renamed(inbound, expected, case))
    return tuple(wanted)


def _renamed(connector: InboundConnector | OutboundConnector, expected: str, case: Case) -> Renamed:
    bridge = _bridge(case, case.domains if isinstance(connector, InboundConnector) else {})
    parent = expected.lower().partition(".")[2]
    hosts = [name for name in case.leaf.names if "." in name and is_host(name) and not host_address(name)]
    near = [name for name in hosts if name.partition(".")[2] == parent]
    after = bridge or next(iter((*near, *hosts)), "")
    return Renamed(connector=connector, before=expected, after=after, bridge=bridge)


def _bridge(case: Case, domains: Mapping[str, None]) -> str | None:
    """A name that Exchange Online would find in either certificate: one that both bear, or a wildcard above both."""
    before, after = (
        [name for name in names if is_host(name) and not host_address(name)]
        for names in (case.names_today, case.leaf.names)
    )
    common = [name for name in after if name in frozenset(before)]
    parents = frozenset(name.partition(".")[2] for name in before)
    wild = [f"*.{parent}" for name in after if (parent := name.partition(".")[2]) in parents and "." in parent]
    return next((name for name in (*common, *wild) if not domains or _under(name, domains)), None)


def _outbound(connector: OutboundConnector, case: Case) -> Finding:
    where, code = Where(kind="connector", name=connector.name), "rehearsal-tls-domain"
    if not _compares(connector):
        level = known(connector.tls_settings) or "none"
        return finding(code, Verdict.OK, where, _BOOK, cause="not-compared", level=level)
    given = connector.tls_domain
    if isinstance(given, Gap) or not given:
        return finding(code, Verdict.UNKNOWN, where, _BOOK, cause="unknown")
    facts = {"expected": given[:_LONGEST], "names": several(case.leaf.names, ", ") or "no name"}
    matched = by_exchange(case.leaf, given)
    doubt = doubtful(case.leaf, matched, given)
    if matched:
        return finding(code, Verdict.OK, where, _BOOK, matched=matched, doubt=doubt, **facts)
    if not _concerned(given, case):
        return finding(code, Verdict.OK, where, _BOOK, cause="not-concerned", **facts)
    return finding(code, _fault(given, case), where, _BOOK, cause="not-covered", doubt=doubt, **facts)


def _compares(connector: OutboundConnector) -> bool:
    """Whether it compares names: TlsDomain counts with DomainValidation alone."""
    level = connector.tls_settings
    return isinstance(level, Gap) or (level or "").casefold() == "domainvalidation"


def _inbound(connector: InboundConnector, case: Case) -> Finding:
    where, code = Where(kind="connector", name=connector.name), "rehearsal-sender-name"
    given = connector.tls_sender_certificate_name
    if isinstance(given, Gap):
        return finding(code, Verdict.UNKNOWN, where, _BOOK, cause="unknown")
    if not given:
        by = "by address" if items(connector.sender_ip_addresses) else "by nothing that the export tells"
        return finding(code, Verdict.OK, where, _BOOK, cause="not-compared", by=by)
    facts = {"expected": given[:_LONGEST], "names": several(case.leaf.names, ", ") or "no name"}
    if matched := _known_by(given, case):
        return finding(code, Verdict.OK, where, _BOOK, matched=matched, **facts)
    if not _concerned(given, case):
        return finding(code, Verdict.OK, where, _BOOK, cause="not-concerned", **facts)
    return finding(code, _fault(given, case), where, _BOOK, cause="not-covered", **facts)


def _known_by(expected: str, case: Case) -> str | None:
    """The name by which an inbound connector would know the next certificate. Older tenants hold issuer and subject
    there, and both have to be the same (so in Exchange's code of 2013)."""
    pair = identity_of(expected) if expected.lstrip().startswith("<") else None
    if pair is None:
        return by_exchange(case.leaf, expected)
    same = not dn.differing(pair.subject, case.leaf.subject_name) and (
        pair.issuer is None or not dn.differing(pair.issuer, case.leaf.issuer_name)
    )
    return "its issuer and subject" if same else None


def _bears_today(expected: str, case: Case) -> bool:
    """Whether the certificate in use is what is expected, as far as is known."""
    pair = identity_of(expected) if expected.lstrip().startswith("<") else None
    if pair:
        return any(is_named(found, pair) for found in case.replaced)
    wanted = expected.lower()
    return not case.names_today or any(exchange_matches(name, wanted) for name in case.names_today)


def _concerned(expected: str, case: Case) -> bool:
    """Whether it is this certificate that a connector expects: of several, those that today's one satisfies; where it
    satisfies none, any may."""
    if _bears_today(expected, case):
        return True
    outbound = (known(found.tls_domain) for found in case.outbound if _compares(found))
    inbound = (known(found.tls_sender_certificate_name) for found in on_premises(case.organisation.inbound)[:MOST])
    return not any(name and _bears_today(name, case) for name in (*outbound, *inbound))


def _fault(expected: str, case: Case) -> Verdict:
    """What fails today already is not the renewal's doing."""
    return Verdict.FAIL if _bears_today(expected, case) else Verdict.WARN


def _accepted(connector: InboundConnector, case: Case) -> Iterator[Finding]:
    """Whether the name by which the tenant would know the certificate is under one of its domains (ATTR36)."""
    given, domains = known(connector.tls_sender_certificate_name), case.domains
    if not given or not domains or not _known_by(given, case):
        return
    where = Where(kind="connector", name=connector.name)
    wanted = given.lower()
    names = [name for name in case.leaf.names if given.startswith("<") or exchange_matches(name, wanted)]
    facts = {"names": several(names, ", "), "domains": several(domains, ", ")}
    if any(_under(name, domains) for name in names):
        yield finding("rehearsal-accepted-domain", Verdict.OK, where, _BOOK, **facts)
    elif any(_under(name, domains) for name in case.names_today if exchange_matches(name, wanted)):
        yield finding("rehearsal-accepted-domain", Verdict.FAIL, where, _BOOK, **facts)
    else:
        yield finding("rehearsal-accepted-domain", Verdict.WARN, where, _BOOK, **facts)


def accepted_domains(organisation: Organisation) -> Mapping[str, None]:
    """The accepted domains of the tenant, in their order; those of the servers on premises are not it. A dot in front:
    with all below it."""
    found = (domain for domain in organisation.domains if domain.online is not False)
    return dict.fromkeys(f"{'.' if domain.match_subdomains is True else ''}{domain.domain.lower()}" for domain in found)


def _under(name: str, domains: Mapping[str, None]) -> bool:
    """Whether the name, or its parent, is one of the domains."""
    host = name.removeprefix("*.")
    labels = host.split(".")
    above = (f".{'.'.join(labels[place:])}" for place in range(len(labels)))
    return host in domains or host.partition(".")[2] in domains or any(suffix in domains for suffix in above)


def concerned_hosts(case: Case) -> Iterator[str]:
    """Where Exchange Online connects to: the smart hosts of the outbound connectors, addresses among them."""
    for connector in case.outbound:
        for host in items(connector.smart_hosts):
            literal = host.strip("[]")
            if host_address(literal) or (is_host(literal) and not literal.startswith("*")):
                yield literal
