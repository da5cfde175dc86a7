"""Is the certificate that a server showed the one that its send connector names?

A send connector stores issuer and subject, or nothing, and then its Fqdn counts. So what the connectors to Exchange
Online name is first resolved to thumbprints, among what each of their servers has installed; where two certificates
share a name, what was shown decides. The name in the greeting says which server it may have been: that is a hint and
no more, for it is freely chosen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from probe.judge import dn
from probe.judge.certificate import Certificate
from probe.judge.find import at_certificate, finding
from probe.judge.hybrid.connectors import edge_servers
from probe.judge.hybrid.installed import same_server, short
from probe.judge.hybrid.offline.case import Case, Use, listed, servers_of
from probe.judge.hybrid.offline.nameless import BY_CODE_OF_2013, choice
from probe.judge.hybrid.offline.names import briefly
from probe.judge.hybrid.offline.rivals import described, end_of, usable
from probe.judge.hybrid.presented import is_younger, outdated
from probe.judge.inbound.recommended import supersedes
from probe.model import ExchangeCertificate, Finding, Observation, Organisation, RuleBook, Verdict, known

BOOK = RuleBook.EXCHANGE_ONLINE


def judge_named(seen: Observation, leaf: Certificate, greeted: str, case: Case, *, serves: bool) -> Iterator[Finding]:
    """Is the leaf one that these connectors name? Nothing is said where it is not known what they name. `serves`: the
    tenant knows the mail by it all the same."""
    organisation, presented = case.organisation, leaf.sha1.upper()
    named = {use: _named(case, use) for use in likely(case.sending, greeted)}
    fitting = [use for use in case.sending if presented in named.get(use, _named(case, use))]
    expected = {thumbprint: found for held in named.values() for thumbprint, found in held.items()}
    where = replace(at_certificate(0), host=seen.endpoint.host, address=seen.endpoint.address, port=seen.endpoint.port)
    if fitting:
        yield replace(_matching(case, fitting, presented), where=where)
    elif bearing := [use for use in named if use.resolution and not _differences(leaf, use)]:
        yield replace(_bearing(case, bearing, presented, expected), where=where)
    elif not _holders(organisation, presented) and organisation.certificates and is_younger(leaf, organisation):
        yield replace(outdated(leaf, organisation, set(expected)), where=where)
    elif expected or any(use.resolution and use.resolution.identity for use in named):
        yield replace(_told(case, list(named), leaf, expected, serves=serves), where=where)


def likely(uses: Sequence[Use], greeted: str) -> Sequence[Use]:
    """Those of the server that the client calls itself, or of its connector; where it is neither's name, all."""
    by_server = [use for use in uses if greeted and use.server and same_server(use.server, greeted)]
    by_fqdn = [use for use in uses if greeted and (known(use.connector.fqdn) or "").lower() == greeted.lower()]
    return by_server or by_fqdn or uses


def meant(case: Case, greeted: str) -> Sequence[ExchangeCertificate]:
    """The certificates that a client of this name would show by its connectors, each once, the best of them first."""
    held = {
        thumbprint: found for use in likely(case.sending, greeted) for thumbprint, found in _named(case, use).items()
    }
    return sorted(held.values(), key=lambda found: (usable(case, found), end_of(found)), reverse=True)


def _named(case: Case, use: Use) -> dict[str, ExchangeCertificate]:
    """The certificates that the connector leads to on this server, by thumbprint."""
    if use.connector.tls_certificate_name is None:
        return {found.thumbprint: found for found in choice(case, use).certificates}
    return {found.thumbprint: found for found in use.resolution.here} if use.resolution else {}


def _holders(organisation: Organisation, presented: str) -> list[ExchangeCertificate]:
    return [found for found in organisation.certificates if found.thumbprint == presented]


def _matching(case: Case, uses: Sequence[Use], presented: str) -> Finding:
    names = listed(use.connector.name for use in uses)
    several = max(len(_named(case, use)) for use in uses)
    by_fqdn = uses[0].connector.tls_certificate_name is None
    return finding(
        "connector-certificate-matches",
        Verdict.OK,
        at_certificate(0),
        BOOK,
        by=f"the Fqdn of {names}, for no certificate is named ({BY_CODE_OF_2013})"
        if by_fqdn
        else f"the TlsCertificateName of {names}",
        thumbprint=presented,
        ambiguous=f"{several} installed certificates share that name; this is the one in use" if several > 1 else None,
    )


def _bearing(case: Case, uses: Sequence[Use], presented: str, expected: Mapping[str, ExchangeCertificate]) -> Finding:
    """It bears the very name, and only the export does not know it there: it was installed since, as a rule."""
    there = listed(described(case, one) for one in expected.values())
    names = listed(use.connector.name for use in uses)
    return finding(
        "connector-certificate-matches",
        Verdict.OK,
        at_certificate(0),
        BOOK,
        by=f"issuer and subject, as in the TlsCertificateName of {names}",
        thumbprint=presented,
        ambiguous=f"of that name the export has another one installed: {there}" if there else None,
    )


def _told(
    case: Case,
    uses: Sequence[Use],
    leaf: Certificate,
    expected: Mapping[str, ExchangeCertificate],
    *,
    serves: bool,
) -> Finding:
    """It is another one."""
    presented, names = leaf.sha1.upper(), listed(use.connector.name for use in uses)
    rdns, given = "", None
    if not expected:
        rdns, given = min((_differences(leaf, use), use.resolution.given) for use in uses if use.resolution)
    holders, edges = _holders(case.organisation, presented), edge_servers(case.organisation)
    cause = "send-name-stale" if not expected else "send-another-installed" if holders else "send-not-installed"
    if holders and any(supersedes(case, one, leaf) for one in expected.values()):
        cause = "send-old-installed"
    return finding(
        "connector-certificate-mismatch",
        Verdict.WARN if serves else Verdict.FAIL,
        at_certificate(0),
        BOOK,
        cause=cause,
        expected=given or " or ".join(sorted(expected)),
        presented=presented,
        subject=leaf.subject,
        issuer=leaf.issuer,
        not_after=leaf.not_after.strftime("%Y-%m-%d %H:%M:%S UTC"),
        connectors=names,
        servers=listed(known(found.server) for found in holders),
        senders=listed(servers_of(uses)),
        rdns=rdns,
        edge=listed(server for server in servers_of(uses) if short(server) in edges) or None,
    )


def _differences(leaf: Certificate, use: Use) -> str:
    """In which parts the connector's name and the certificate's differ; empty where they are the same."""
    identity = use.resolution.identity if use.resolution else None
    if identity is None:
        return "it cannot be read"
    issuer = dn.differing(identity.issuer, leaf.issuer_name) if identity.issuer else ()
    subject = dn.differing(identity.subject, leaf.subject_name)
    return briefly([*(f"issuer {part}" for part in issuer), *(f"subject {part}" for part in subject)])
