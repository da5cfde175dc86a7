"""What the next certificate means on premises: the connectors that name one, the names, and the servers."""

from collections.abc import Iterator
from dataclasses import replace

from probe.judge import dn
from probe.judge.certificate import is_host
from probe.judge.dane.said import several
from probe.judge.find import finding
from probe.judge.hybrid.installed import is_current, is_named
from probe.judge.hybrid.rehearsal.case import ON_PREMISES, PLAN, Case, Connector, identity_of, place
from probe.judge.hybrid.rehearsal.certificate import told
from probe.judge.names import exchange_matches
from probe.model import Finding, Gap, SendConnector, Verdict, Where, items, known

_LONGEST = 400  # characters of a text that is told
_CAUSES = {
    (True, False): "issuer-changes",
    (False, True): "subject-changes",
    (True, True): "issuer-and-subject-change",
}
_NOT_BY_NAME = ("IIS", "IMAP", "POP")  # services that use a certificate without any connector


def judge_on_premises(case: Case) -> Iterator[Finding]:
    """Each connector, then what is so of the organisation."""
    for connector in case.connectors:
        yield _connector(connector, case)
    if case.omitted:
        facts = {"cause": "too-many", "number": str(case.omitted)}
        yield finding("rehearsal-not-exported", Verdict.UNKNOWN, ON_PREMISES, **facts)
    yield from _same_name(case)
    yield from _wizard(case)
    yield from _names(case)
    yield from _servers(case)


def _connector(connector: Connector, case: Case) -> Finding:
    given, where = connector.tls_certificate_name, place(connector)
    if isinstance(given, Gap):
        return finding("rehearsal-connector", Verdict.UNKNOWN, where, cause=f"name-{given.value}")
    if not given:
        return _unnamed(connector, case)
    identity = identity_of(given)
    if identity is None:
        return finding("rehearsal-connector", Verdict.WARN, where, cause="unreadable", given=given[:_LONGEST])
    issuer = dn.differing(identity.issuer, case.leaf.issuer_name) if identity.issuer else ()
    subject = dn.differing(identity.subject, case.leaf.subject_name)
    if not issuer and not subject:
        return finding("rehearsal-connector", Verdict.OK, where)
    end = known(case.today.not_after) if case.today else None
    return finding(
        "rehearsal-connector",
        Verdict.FAIL,
        where,
        cause=_CAUSES[bool(issuer), bool(subject)],
        differs="; ".join((*issuer, *subject))[:_LONGEST],
        until=told(end) if end and end > case.at else None,
    )


def _unnamed(connector: Connector, case: Case) -> Finding:
    """Exchange then looks for the connector's Fqdn among the certificates."""
    fqdn = (known(connector.fqdn) or "").lower()
    covered = bool(fqdn) and any(exchange_matches(name, fqdn) for name in case.leaf.names)
    verdict, cause = (Verdict.OK, "unnamed-covered") if covered else (Verdict.WARN, "unnamed")
    return finding("rehearsal-connector", verdict, place(connector), cause=cause, fqdn=fqdn or "unknown")


def _same_name(case: Case) -> Iterator[Finding]:
    """Another certificate of the same issuer and subject: by name the two are one."""
    identity = identity_of(case.identity)
    twins = [found for found in case.replaced if identity and is_named(found, identity)]
    if twins:
        expired = any(is_current(found, case.at) is False for found in twins)
        yield finding(
            "rehearsal-same-name",
            Verdict.WARN,  # which of them is taken is doubtful
            PLAN,
            cause="one-expired" if expired else "both-valid",
            others=several((found.thumbprint for found in twins), ", "),
        )


def _wizard(case: Case) -> Iterator[Finding]:
    hybrid = case.organisation.hybrid
    given = known(hybrid.tls_certificate_name) if hybrid else None
    identity = identity_of(given) if given else None
    if identity is None:
        return
    where = Where(kind="organisation", name="HybridConfiguration")
    issuer = dn.differing(identity.issuer, case.leaf.issuer_name) if identity.issuer else ()
    differs = (*issuer, *dn.differing(identity.subject, case.leaf.subject_name))
    yield finding(
        "rehearsal-hybrid-configuration",
        Verdict.WARN if differs else Verdict.OK,
        where,
        cause="stale" if differs else None,
        differs="; ".join(differs)[:_LONGEST],
    )


def _names(case: Case) -> Iterator[Finding]:
    """Names that go: of hosts alone, for a certificate is for nothing else here."""
    before = [name for name in case.names_today if is_host(name)]
    if not before:
        return
    kept = frozenset(case.leaf.names)
    lost = [name for name in before if name not in kept and f"*.{name.partition('.')[2]}" not in kept]
    if lost:
        services = case.today.services if case.today else None
        others = [name for name in items(services) if name.upper() in _NOT_BY_NAME] if services else []
        yield finding(
            "rehearsal-names",
            Verdict.WARN,
            PLAN,
            cause="lost",
            lost=several(lost, ", "),
            used_by=several(_users(case, frozenset(lost)), ", "),
            services=", ".join(others),
        )
    else:
        yield finding("rehearsal-names", Verdict.OK, PLAN, names=several(case.leaf.names, ", "))


def _users(case: Case, lost: frozenset[str]) -> Iterator[str]:
    """Where the exports speak of a name that goes. What expects it by name has findings of its own."""
    for connector in case.connectors:
        if (known(connector.fqdn) or "").lower() in lost:
            yield f"Fqdn of {connector.name}"
    for outbound in case.outbound:
        if any(host.lower() in lost for host in items(outbound.smart_hosts)):
            yield f"smart host of {outbound.name}"


def _servers(case: Case) -> Iterator[Finding]:
    """Installing it is what the plan is for: that it is not there yet is no fault."""
    held = [found for found in case.organisation.certificates if found.thumbprint == case.thumbprint]
    keyless = [known(found.server) or "a server" for found in held if found.has_private_key is False]
    if keyless:
        servers = several(keyless, ", ")
        yield finding("rehearsal-servers", Verdict.WARN, PLAN, cause="no-key", servers=servers)
    elif case.lacking and case.organisation.certificates:
        yield finding("rehearsal-servers", Verdict.OK, PLAN, cause="lacking", servers=several(case.lacking, ", "))
    elif held:
        cause = "in-use" if case.settled else None
        yield finding("rehearsal-servers", Verdict.OK, PLAN, cause=cause, servers=several(case.servers, ", "))


def lacking(case: Case) -> Case:
    """The case with the servers that do not hold the certificate, or not with its key."""
    held = {
        (known(found.server) or "").partition(".")[0].casefold()
        for found in case.organisation.certificates
        if found.thumbprint == case.thumbprint and found.has_private_key is not False
    }
    missing = (server for server in case.servers if server.casefold() not in held)
    alone = "" in held and len(case.servers) == 1  # an export of the one server need not say whose it is
    return replace(case, lacking=() if alone else tuple(missing))


def sends(case: Case) -> tuple[SendConnector, ...]:
    return tuple(connector for connector in case.connectors if isinstance(connector, SendConnector))
