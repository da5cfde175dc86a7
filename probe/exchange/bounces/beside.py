"""A bounce beside an organisation's exports.

They tell by which connector Exchange Online comes, whose the presented certificate is and which one the servers'
connectors name; and what is wrong in them alone may be why the message bounced. They tell nothing of the wire: exports
and bounce are of two moments, and of what an export does not hold nothing is concluded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from probe.exchange.bounces.bounce import Bounce
from probe.exchange.bounces.certificates import fit, listed, named, presented
from probe.exchange.bounces.checking import GUESSED, to_microsoft
from probe.exchange.bounces.meaning import Check, Command, Explanation
from probe.judge.hybrid.connectors import names
from probe.judge.hybrid.installed import intended
from probe.judge.hybrid.offline import judge_organisation
from probe.judge.hybrid.way import enabled, for_domain, is_smart_host, level
from probe.judge.standard import AuthLevel, Standard
from probe.model import Finding, Gap, Many, Names, Organisation, OutboundConnector, Verdict, known, short

_ANY_WAY = (
    "connector-name-stale",
    "connector-name-finds-nothing",
    "connector-name-ambiguous",
    "connector-name-unreadable",
    "installed-certificate-expired",
    "installed-certificate-not-yet-valid",
    "installed-certificate-keyless",
    "installed-certificate-untrusted",
    "installed-certificate-unfit",
)
_INWARD = frozenset({*_ANY_WAY, "receive-name-null", "receive-without-tls", "tls-domain-mismatch"})
_OUTWARD = frozenset(
    {
        *_ANY_WAY,
        "send-name-null",
        "send-ignores-starttls",
        "sender-name-mismatch",
        "sender-name-missing",
        "sender-name-not-accepted",
        "inbound-ambiguous",
        "connector-name-resolves",
        "sender-name-matches",
        "sender-name-accepted",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What the exports tell of a bounce: a sentence each; the faults in them that may be why, or else what holds on the
    way to Exchange Online; the connector by which Exchange Online comes, where it is known which; and what remedies are
    filled in with."""

    sentences: tuple[str, ...]
    faults: tuple[Finding, ...]
    held: tuple[Finding, ...]
    connector: OutboundConnector | None
    names: Names


def beside(explanation: Explanation, organisation: Organisation, at: datetime) -> Exported:
    """What the organisation's exports tell of the bounce, as of `at` (UTC)."""
    bounce = explanation.bounce
    checks = {told.check for told in explanation.meanings}
    outward = bool(to_microsoft(bounce)) or not checks.isdisjoint({Check.SENDING, Check.LOCAL})
    inward = not outward and not checks.isdisjoint({Check.HOST, Check.NAME, Check.DOMAIN})
    by_certificate = outward or not checks.isdisjoint({Check.NAME, Check.DOMAIN})
    leading = list(_leading(bounce, organisation)) if inward else []
    connector = leading[0] if len(leading) == 1 else None
    expected = (known(connector.tls_domain) if connector else None) or bounce.expected
    best = intended(organisation, expected, at)
    told: list[str] = []
    if inward:
        told += _ways(bounce, organisation, leading)
    if by_certificate:
        told += presented(bounce, organisation, at)
    if inward and by_certificate:
        told += named(bounce, organisation)
        told += fit(organisation, expected, best)
    known_names = names(organisation, at, outbound=connector, certificate=best)
    found = list(_found(organisation, at, known_names, outward=outward)) if by_certificate else []
    faults = tuple(one for one in found if one.verdict in (Verdict.FAIL, Verdict.WARN))
    if by_certificate and not faults:
        told += _no_fault(organisation, outward=outward)
    return Exported(
        sentences=tuple(told),
        faults=faults,
        held=() if faults else tuple(one for one in found if one.verdict is Verdict.OK),
        connector=connector,
        names=known_names,
    )


def aimed(explanation: Explanation, exported: Exported, files: Sequence[str]) -> Explanation:
    """The explanation with commands that judge by the exports, too: what the connector demands, they know."""
    meanings = (
        replace(told, command=_by_exports(told.command, exported.connector, files)) for told in explanation.meanings
    )
    return replace(explanation, meanings=tuple(meanings))


def _by_exports(command: Command, connector: OutboundConnector | None, files: Sequence[str]) -> Command:
    if command.target is None:
        return command
    more = (*command.more, *(word for file in files for word in ("--connectors", file)))
    if connector is None or isinstance(connector.tls_settings, Gap):
        return replace(command, more=more)
    # A name on the command line would go before the connector's own level and name.
    return replace(command, more=more, name=None, notes=tuple(note for note in command.notes if note != GUESSED))


def _leading(bounce: Bounce, organisation: Organisation) -> Iterator[OutboundConnector]:
    """The outbound connectors that lead where the bounce was: to that smart host, or by that domain's MX records."""
    for connector in enabled(organisation):
        by_host = is_smart_host(connector, bounce.fqdn or "?", bounce.ip or "?")
        by_mx = connector.use_mx_record is True and for_domain(connector, organisation, bounce.domain or "?")
        if by_host or by_mx:
            yield connector


def _ways(bounce: Bounce, organisation: Organisation, leading: Sequence[OutboundConnector]) -> Iterator[str]:
    if not organisation.outbound:
        yield "The exports hold no outbound connectors: what Exchange Online demands they do not tell."
    elif not leading and not all(map(_hosts_known, enabled(organisation))):
        yield "Whether an outbound connector leads there is open: the exports have lost smart hosts."
    elif not leading and (bounce.fqdn or bounce.ip):
        yield f"No outbound connector in the exports leads to {bounce.fqdn or bounce.ip}."
    elif len(leading) > 1:
        yield f"Several outbound connectors lead there: {listed([found.name for found in leading])}."
    for connector in leading[:1] if len(leading) == 1 else ():
        yield f"Exchange Online comes there by {connector.name}, which {_demand(connector)}."
        domain = known(connector.tls_domain)
        checked = level(connector) is AuthLevel.DOMAIN_VALIDATION and bounce.expected and domain
        if checked and bounce.expected and domain and bounce.expected.casefold() != domain.casefold():
            yield (
                f"The bounce expected {bounce.expected}, and by the export {connector.name} expects {domain}: it was "
                "changed in between, or another connector was used."
            )


def _hosts_known(connector: OutboundConnector) -> bool:
    return connector.smart_hosts is None or (isinstance(connector.smart_hosts, Many) and not connector.smart_hosts.cut)


def _demand(connector: OutboundConnector) -> str:
    if isinstance(connector.tls_settings, Gap):
        return "demands what the exports do not tell (TlsSettings)"
    if level(connector) is AuthLevel.DOMAIN_VALIDATION:
        return f"demands DomainValidation: a trusted certificate for {known(connector.tls_domain) or 'a name'}"
    return f"demands {connector.tls_settings}" if connector.tls_settings else "takes TLS where it is offered"


def _found(organisation: Organisation, at: datetime, known_names: Names, *, outward: bool) -> Iterator[Finding]:
    """What the exports alone say about this way. The connectors of the other way are left out, because what is wrong
    with both is told as one, of the first of them; the names of all still go into the remedies."""
    one_way = replace(organisation, receive=()) if outward else replace(organisation, send=())
    wanted = _OUTWARD if outward else _INWARD
    for finding in judge_organisation(one_way, Standard(), at):
        if finding.code in wanted:
            yield replace(finding, names=_united(known_names, finding.names))


def _united(general: Names, own: Names) -> Names:
    """The finding's own names, with what is known otherwise of the same servers."""
    of_server = {short(dict(server).get("SERVER", "")): dict(server) for server in general.servers}
    return Names(
        common=tuple({**dict(general.common), **dict(own.common)}.items()),
        servers=tuple(
            tuple({**of_server.get(short(dict(server).get("SERVER", "")), {}), **dict(server)}.items())
            for server in own.servers
        ),
    )


def _no_fault(organisation: Organisation, *, outward: bool) -> Iterator[str]:
    """Said only where the exports hold everything that it takes."""
    held = {
        "certificates": organisation.certificates,
        "send connectors" if outward else "receive connectors": organisation.send if outward else organisation.receive,
        "inbound connectors" if outward else "outbound connectors": (
            organisation.inbound if outward else organisation.outbound
        ),
    }
    missing = [what for what, found in held.items() if not found]
    if missing:
        yield f"The exports hold no {' and no '.join(missing)}: whether the fault is in them is open."
    else:
        yield "By the exports alone nothing is wrong on this way: it was mended by then, or the reason is elsewhere."
