"""Does what the Hybrid Configuration Wizard was last asked for agree with how things are?

Its configuration is an intent, not a state: the connectors work without it. But the next run of the wizard makes it
true, and whoever renews by hand leaves it behind.
"""

from collections.abc import Iterable, Iterator, Mapping

from probe.judge import dn
from probe.judge.hybrid.installed import short
from probe.judge.hybrid.offline.case import ORGANISATION, Case, Use, listed
from probe.judge.hybrid.offline.gaps import Missed, called, missed
from probe.judge.hybrid.offline.rivals import usable
from probe.judge.hybrid.way import plain_host
from probe.model import Finding, HybridConfiguration, List, Many, SendConnector, Verdict, items, known

INTENT = "whether the connectors are as the wizard left them"
Drift = tuple[str, bool, Mapping[str, str | None]]  # the cause, whether it has drifted, and the facts


def judge_intent(case: Case) -> Iterator[Finding | Missed]:
    """A finding for each respect in which intent and connectors differ, or one that says in which they agree."""
    hybrid = case.organisation.hybrid
    if hybrid is None:
        return
    for name, value in (("TlsCertificateName", hybrid.tls_certificate_name), ("Domains", hybrid.domains)):
        yield from missed(value, f"{name} of the hybrid configuration", INTENT)
    compared = [*_certificate(case, hybrid), *_smart_host(case, hybrid), *_domains(case, hybrid)]
    compared += _servers(case, hybrid)
    for cause, drifted, facts in compared:
        if drifted:
            where = ORGANISATION
            yield case.found("hybrid-configuration-drift", Verdict.WARN, where, facts=facts.items(), cause=cause)
    if compared and not any(drifted for _, drifted, _ in compared):
        agreed = listed(cause for cause, _, _ in compared)
        yield case.found("hybrid-configuration-agrees", Verdict.OK, ORGANISATION, compared=agreed)


def _certificate(case: Case, hybrid: HybridConfiguration) -> Iterator[Drift]:
    given = known(hybrid.tls_certificate_name)
    intended = _identity(given)
    uses = [use for use in (*case.facing, *case.sending) if use.resolution and use.resolution.identity]
    if not intended or not uses:
        return
    others = [use for use in uses if use.resolution and _names_another(intended, use.resolution.identity)]
    stale = [_is_stale(case, use, given or "") for use in others]
    if not others:
        yield "certificate", False, {}
    for cause, wanted in (("connectors-stale", True), ("certificate", False)):
        if alike := [use for use, behind in zip(others, stale, strict=True) if behind is wanted]:
            actual = next((use.resolution.given for use in alike if use.resolution), None)
            connectors = listed(called(use.connector) for use in alike)
            yield cause, True, {"intended": given, "actual": actual, "connectors": connectors}


def _is_stale(case: Case, use: Use, intended: str) -> bool:
    """Whether it is the connector that is behind: the wizard's certificate is there to be used, and its own is not."""
    own = use.resolution.here if use.resolution else ()
    there = case.inventory.resolve(intended, use.server).here
    return any(usable(case, one) for one in there) and not any(usable(case, one) for one in own)


def _identity(given: str | None) -> dn.Identity | None:
    try:
        return dn.parse_identity(given) if given else None
    except ValueError:
        return None


def _names_another(one: dn.Identity, other: dn.Identity | None) -> bool:
    if other is None:
        return False
    same_issuer = one.issuer is None or other.issuer is None
    same_issuer = same_issuer or dn.same_parts(one.issuer or ()) == dn.same_parts(other.issuer or ())
    return not same_issuer or dn.same_parts(one.subject) != dn.same_parts(other.subject)


def _smart_host(case: Case, hybrid: HybridConfiguration) -> Iterator[Drift]:
    """The wizard's own connector, or whichever sends to a smart host; a connector that goes by MX has none."""
    given = known(hybrid.on_premises_smart_host)
    lists = [found.smart_hosts for found in case.outbound if found.use_mx_record is not True]
    if given and lists and all(map(_is_whole, lists)):
        hosts = [host for listed_hosts in lists for host in items(listed_hosts)]
        drifted = plain_host(given) not in {plain_host(host) for host in hosts}
        yield "smart-host", drifted, {"intended": given, "actual": listed(hosts) or "none"}


def _domains(case: Case, hybrid: HybridConfiguration) -> Iterator[Drift]:
    """Domains that the outbound connectors leave out; what they have beyond the wizard's is somebody's wish."""
    lists = [found.recipient_domains for found in case.outbound]
    everything = any(found.all_accepted_domains is True for found in case.outbound)
    if not lists or not _is_whole(hybrid.domains) or not all(map(_is_whole, lists)):
        return
    taken = {entry.strip().lower() for listed_domains in lists for entry in items(listed_domains)}
    wanted = (entry.lower().removeprefix("autod:").strip() for entry in items(hybrid.domains))
    # The routing domain is the tenant's own.
    asked = [domain for domain in wanted if domain and not domain.endswith(".onmicrosoft.com")]
    left = [] if everything else [domain for domain in asked if not _is_taken(domain, taken)]
    if asked:
        yield "domains", bool(left), {"intended": listed(left), "actual": listed(sorted(taken)) or "none"}


def _is_taken(domain: str, taken: set[str]) -> bool:
    above = domain.split(".")
    return bool({"*", domain, *(f"*.{'.'.join(above[start:])}" for start in range(1, len(above)))} & taken)


def _servers(case: Case, hybrid: HybridConfiguration) -> Iterator[Drift]:
    """Sending servers, of the wizard and of the connectors that lead to Exchange Online. Edge servers stand apart."""
    lists = [hybrid.sending_transport_servers]
    if hybrid.edge_transport_servers is not None:
        lists.append(hybrid.edge_transport_servers)
    connectors = {id(use.connector): use.connector for use in case.sending}.values()
    sources = [found.source_transport_servers for found in connectors if isinstance(found, SendConnector)]
    if not sources or not all(map(_is_whole, (*lists, *sources))):
        return
    wanted, actual = _short(lists), _short(sources)
    if wanted:
        facts = {"intended": listed(sorted(wanted.values())), "actual": listed(sorted(actual.values())) or "none"}
        yield "servers", wanted.keys() != actual.keys(), facts


def _short(lists: Iterable[List]) -> dict[str, str]:
    return {short(name): name for one in lists for name in items(one)}


def _is_whole(value: List) -> bool:
    return value is None or (isinstance(value, Many) and not value.cut)
