"""The attribution in findings: whose mail it would be, whether it could be relayed, and if not, why not."""

from collections.abc import Iterator

from probe.judge.find import at_endpoint, finding
from probe.judge.hybrid.accepted import of_tenant
from probe.judge.hybrid.connectors import on_premises
from probe.judge.hybrid.offline.case import listed
from probe.judge.inbound.attribution import ADD_DOMAINS, HIDDEN, Client, foreign, undecided
from probe.model import (
    Attributed,
    Attribution,
    Finding,
    Observation,
    Organisation,
    Relay,
    RuleBook,
    Verdict,
    known,
)

BOOK = RuleBook.EXCHANGE_ONLINE
NAMELESS = "without a name"

_CAUSES = {
    Attributed.NOT_SENT: "not-sent",
    Attributed.CHAIN_BAD: "chain-bad",
    Attributed.NO_CONNECTOR: "no-connector",
    Attributed.ANONYMOUS: "plain-text",
}
_ATTRIBUTED = {
    Attributed.BY_CERTIFICATE: "attributed-by-certificate",
    Attributed.BY_ADDRESS: "attributed-by-address",
}


def judge_attribution(
    seen: Observation, client: Client, found: Attribution, organisation: Organisation
) -> Iterator[Finding]:
    """Findings on what Exchange Online would make of the delivery. Nothing where it did not come to one: why not, is
    told elsewhere."""
    if not client.delivers:
        return
    where = at_endpoint(seen.endpoint)
    told = {
        "connector": None if found.connector is None else found.connector or NAMELESS,
        "by": found.by,
        "relay": found.relay,
        "because": found.because,
        "doubt": found.doubt,
        "sender": listed(domain or "<>" for domain in client.said.senders),
        "recipients": listed(client.said.recipients),
    }
    if found.outcome in _CAUSES:
        yield _nobodys(seen, client, found, organisation, told)
    elif found.outcome in _ATTRIBUTED:
        yield finding(_ATTRIBUTED[found.outcome], Verdict.OK, where, BOOK, **told)
    elif found.outcome is Attributed.UNKNOWN:
        cause = "address" if HIDDEN in found.because else "connectors"
        yield finding("attribution-unknown", Verdict.UNKNOWN, where, BOOK, cause=cause, **told)
    else:
        yield from _ambiguous(seen, found, told)
    if found.outcome is Attributed.NOT_ACCEPTED or (found.passes is False and found.outcome not in _CAUSES):
        yield _refused(seen, client, found, organisation, told)
    if found.because == ADD_DOMAINS or (found.relay is Relay.UNKNOWN and found.outcome in _ATTRIBUTED):
        yield finding("attribution-unknown", Verdict.UNKNOWN, where, BOOK, cause="accepted-domains", **told)
    elif found.relay is Relay.ACCEPTED_SENDERS and found.passes is None and client.said.senders:
        domains = listed(undecided(client.said, organisation))
        more = {**told, "because": f"the exports do not have MatchSubDomains of the domain above {domains}"}
        yield finding("attribution-unknown", Verdict.UNKNOWN, where, BOOK, cause="accepted-domains", **more)
    if found.partner is not None:
        yield finding(
            "partner-restricted", Verdict.FAIL, where, BOOK, **{**told, "connector": found.partner or NAMELESS}
        )


def _ambiguous(seen: Observation, found: Attribution, told: dict[str, str | None]) -> Iterator[Finding]:
    if found.rivals:
        more = {**told, "connectors": listed(name or NAMELESS for name in found.rivals)}
        yield finding("attribution-ambiguous", Verdict.WARN, at_endpoint(seen.endpoint), BOOK, **more)


def _refused(
    seen: Observation, client: Client, found: Attribution, organisation: Organisation, told: dict[str, str | None]
) -> Finding:
    strangers = foreign(client.said.senders, organisation)
    cause = "null-sender" if strangers == ("",) else "foreign-sender"
    cause = "name-not-accepted" if found.outcome is Attributed.NOT_ACCEPTED else cause
    return finding(
        "relay-refused",
        Verdict.WARN if found.passes is True else Verdict.FAIL,
        at_endpoint(seen.endpoint),
        BOOK,
        cause=cause,
        **told,
        foreign=listed(domain or "<>" for domain in strangers),
        accepted=listed(domain.domain for domain in of_tenant(organisation)),
    )


def _nobodys(
    seen: Observation, client: Client, found: Attribution, organisation: Organisation, told: dict[str, str | None]
) -> Finding:
    connectors = on_premises(organisation.inbound)
    itself = found.outcome is Attributed.CHAIN_BAD and client.leaf and client.leaf.self_signed
    cause = "self-signed" if itself else _CAUSES[found.outcome]
    inside = "its recipients are the tenant's own: their mail would be taken, as a stranger's" if found.passes else None
    return finding(
        "not-attributed",
        Verdict.FAIL,
        at_endpoint(seen.endpoint),
        BOOK,
        cause=cause if connectors else "no-connectors-at-all",
        **told,
        status=found.status,
        presented=listed(client.leaf.names if client.leaf else ()),
        thumbprint=client.leaf.sha1.upper() if client.leaf else None,
        expected=listed(known(one.tls_sender_certificate_name) for one in connectors),
        address=seen.endpoint.address,
        inside=inside,
    )
