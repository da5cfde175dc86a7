"""Settings by which TLS, or the trust that rests on it, does not come about at all."""

from collections.abc import Iterable, Iterator

from probe.judge.hybrid.offline.case import Case, Use, at_uses, listed, others, servers_of
from probe.judge.hybrid.offline.gaps import Missed, called, missed
from probe.judge.hybrid.offline.rights import grants, lacking
from probe.model import Finding, Many, ReceiveConnector, SendConnector, Verdict, items, known


def judge_settings(case: Case) -> Iterator[Finding | Missed]:
    """Findings on the connectors that mail with Exchange Online takes, and on levels that are set in vain on any."""
    yield from judge_mechanisms(case, case.facing)
    if case.is_hybrid:
        yield from _judge_rights(case)
    yield from _judge_sending(case)


def judge_mechanisms(case: Case, uses: Iterable[Use]) -> Iterator[Finding | Missed]:
    """Do these receive connectors offer TLS at all?"""
    without: list[Use] = []
    for use in uses:
        connector = use.connector
        if isinstance(connector, ReceiveConnector):
            mechanisms = connector.auth_mechanism
            if "tls" in (name.strip().casefold() for name in items(mechanisms)):
                continue
            what = f"AuthMechanism of {called(connector)}"
            yield from missed(mechanisms, what, "whether it offers STARTTLS")
            if mechanisms is None or (isinstance(mechanisms, Many) and not mechanisms.cut):
                without.append(use)
    if without:
        yield case.found(
            "receive-without-tls",
            Verdict.FAIL if case.demands_tls else Verdict.WARN,
            at_uses(without),
            uses=without,
            servers=listed(servers_of(without)),
            also=others(without),
        )


def _judge_rights(case: Case) -> Iterator[Finding | Missed]:
    given: list[Use] = []
    missing: dict[str, list[Use]] = {}
    for use in case.facing:
        connector = use.connector
        if not isinstance(connector, ReceiveConnector):
            continue
        if (granted := grants(connector)) is None:
            what = f"TlsDomainCapabilities of {called(connector)}"
            yield from missed(connector.tls_domain_capabilities, what, "whether hybrid mail keeps its trust")
        elif granted:
            given.append(use)
        else:
            missing.setdefault(lacking(connector), []).append(use)
    if given:
        yield case.found("capabilities-set", Verdict.OK, at_uses(given), also=others(given))
    for cause, uses in missing.items():
        unsure = bool(given) and any(case.receives_at(use.server) is None for use in uses)
        capabilities = (
            entry
            for use in uses
            if isinstance(use.connector, ReceiveConnector)
            for entry in items(use.connector.tls_domain_capabilities)
        )
        yield case.found(
            "capabilities-missing",
            Verdict.WARN,
            at_uses(uses),
            uses=uses,
            cause=cause,
            capabilities=listed(capabilities),
            servers=listed(servers_of(uses)),
            also=others(uses),
            doubt="the exports do not say whether Exchange Online's mail comes to this server" if unsure else None,
        )


def _judge_sending(case: Case) -> Iterator[Finding | Missed]:
    hybrid = {id(use.connector) for use in case.sending}
    seen: set[int] = set()
    for use in case.uses:
        connector = use.connector
        if isinstance(connector, SendConnector) and id(connector) not in seen:
            seen.add(id(connector))
            yield from _judge_one(case, use, connector, hybrid=id(connector) in hybrid)


def _judge_one(case: Case, use: Use, connector: SendConnector, *, hybrid: bool) -> Iterator[Finding | Missed]:
    where, blanks = at_uses([use, use]), (("SEND-CONNECTOR", connector.name),)
    if hybrid:
        question = "whether it uses TLS"
        yield from missed(connector.ignore_starttls, f"IgnoreSTARTTLS of {called(connector)}", question)
        if connector.ignore_starttls is True:
            yield case.found("send-ignores-starttls", Verdict.FAIL, where, blanks=blanks)
            return
    level = known(connector.tls_auth_level)
    if level and connector.require_tls is False:
        yield case.found("send-level-not-evaluated", Verdict.WARN, where, blanks=blanks, level=level)
