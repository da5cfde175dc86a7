"""To which tenant would Exchange Online attribute a delivery, and may it relay? A delivery is the tenant's own where

    1. an enabled inbound connector of type OnPremises knows a name of the client's certificate, which must be a CA's,
       in date and complete as sent; or
    2. such a connector knows the client's address.

Mail for recipients outside of the tenant then needs one thing more: the certificate's domain, or that of MAIL FROM, is
an accepted domain. The header's From does not count any more (Exchange Team blog, "Updated Requirements for SMTP Relay
through Exchange Online", in force since November 2023). Nothing is concluded from what the exports do not tell.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from probe.dialogue.smtp import Envelope
from probe.judge.catalogue.words import NAME_NOT_ACCEPTED, NOT_ATTRIBUTED, PARTNER_RESTRICTED
from probe.judge.certificate import Certificate
from probe.judge.hybrid.accepted import above, covering, may_cover, of_tenant, takes
from probe.judge.hybrid.connectors import on_premises
from probe.judge.hybrid.offline.senders import MOST_INBOUND, is_legacy
from probe.judge.inbound.matching import Match, Matches, by_address, by_certificate, refusing
from probe.model import AcceptedDomain, Attributed, Attribution, Organisation, Relay

ADD_DOMAINS = "the exports have no accepted domains of Exchange Online (Get-AcceptedDomain)"
ADD_CONNECTORS = "the exports have no inbound connectors (Get-InboundConnector)"
NO_CONNECTORS = "the tenant has no inbound connector of type OnPremises that is enabled"
NO_DELIVERY = "it did not come to a delivery"
HIDDEN = "cannot be known here, and these connectors go by addresses"
TOLD = 3  # properties that are missing, or connectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What the rules look at. `secure`: TLS stood. `leaf` is None where no certificate was shown or none that can be
    read; `status` is Exchange's word for why it does not count, empty where it does. `delivers`: it got far enough to
    be attributed at all."""

    address: str
    said: Envelope
    secure: bool = False
    shown: bool = False
    leaf: Certificate | None = None
    status: str = ""
    delivers: bool = True

    @property
    def counting(self) -> Certificate | None:
        """The certificate, if Exchange Online counts it."""
        return None if self.status else self.leaf


def attribute(client: Client, organisation: Organisation) -> Attribution:
    """The outcome by the organisation's exports."""
    if not client.delivers:
        return _unknown(NO_DELIVERY)
    if not organisation.inbound and "inbound" not in organisation.none:
        return _unknown(ADD_CONNECTORS)
    connectors = on_premises(organisation.inbound)[:MOST_INBOUND]
    accepted = of_tenant(organisation)
    named = by_certificate(client.counting, connectors) if client.counting else Matches()
    placed = by_address(client.address, connectors)
    if named.found:
        return _by_certificate(client, named.found, accepted)
    if placed.found:
        return _by_address(client, placed.found, accepted)
    partner = refusing(organisation.inbound, client.said.senders, client.counting, client.address)
    if missing := (*named.open, *placed.open):
        so_far = "" if named.open else f"{_lacking(client)[1]}; and "
        return _unknown(f"{so_far}the exports do not have {_few(missing)}")
    if placed.hidden:
        outside = f"at which address Exchange Online would see {client.address} {HIDDEN}: {_few(placed.hidden)}"
        return _unknown(f"{_lacking(client)[1]}; and {outside}")
    made = _nobodys(client, accepted, partner.name if partner else None, any_connector=bool(connectors))
    return replace(made, doubt=named.doubt)


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:TOLD]) + (f" and {len(names) - TOLD} more" if len(names) > TOLD else "")


def _unknown(because: str) -> Attribution:
    return Attribution(outcome=Attributed.UNKNOWN, relay=Relay.UNKNOWN, because=because)


def _by_certificate(client: Client, found: tuple[Match, ...], accepted: tuple[AcceptedDomain, ...]) -> Attribution:
    outside = [match for match in found if not _domain(client, match, accepted)]
    outcome, doubt = Attributed.BY_CERTIFICATE, found[0].doubt
    if not accepted:
        relay, because = Relay.UNKNOWN, ADD_DOMAINS
    elif not outside:
        relay, because = Relay.YES, ""
    elif unclear := [match.value for match in outside if may_cover(match.value, above(match.value, accepted))]:
        relay, because = Relay.UNKNOWN, f"whether {unclear[0]} lies under an accepted domain is not known"
    elif len(outside) < len(found):
        relay, because = Relay.UNKNOWN, "it depends on which of the connectors is taken"
    else:
        outcome, relay = Attributed.NOT_ACCEPTED, Relay.ACCEPTED_SENDERS
        because = f"{outside[0].value} lies under no accepted domain of the tenant"
        # Microsoft's rule of 2023 lets the domain of MAIL FROM stand in; that of July 2017 knows no such way.
        doubt = "whether an accepted domain in MAIL FROM makes up for it is documented both ways"
    made = _settled(client, outcome, relay, accepted, because, NAME_NOT_ACCEPTED)
    return _of(replace(made, doubt=doubt), found)


def _domain(client: Client, match: Match, accepted: tuple[AcceptedDomain, ...]) -> str | None:
    """The accepted domain under which the certificate lies, by the name that the connector knows it by; a pair of
    issuer and subject has as many as the certificate."""
    names = client.leaf.names if is_legacy(match.value) and client.leaf else (match.value, match.by)
    return next(filter(None, (covering(name, accepted) for name in names)), None)


def _by_address(client: Client, found: tuple[Match, ...], accepted: tuple[AcceptedDomain, ...]) -> Attribution:
    names = client.counting.names if client.counting else ()
    if not accepted:
        relay, because = Relay.UNKNOWN, ADD_DOMAINS
    elif any(covering(name, accepted) for name in names):
        relay, because = Relay.YES, ""
    else:
        relay, because = Relay.ACCEPTED_SENDERS, "no certificate under an accepted domain stands beside the address"
    return _of(_settled(client, Attributed.BY_ADDRESS, relay, accepted, because, NOT_ATTRIBUTED), found)


def _of(made: Attribution, found: tuple[Match, ...]) -> Attribution:
    if len(found) == 1:
        return replace(made, connector=found[0].connector.name, by=found[0].by)
    rivals = tuple(match.connector.name for match in found)
    outcome = made.outcome if made.outcome is Attributed.NOT_ACCEPTED else Attributed.AMBIGUOUS
    return replace(made, outcome=outcome, connector=rivals[0], by=found[0].by, rivals=rivals)


def _nobodys(
    client: Client, accepted: tuple[AcceptedDomain, ...], partner: str | None, *, any_connector: bool
) -> Attribution:
    """Nobody's: mail for the tenant's own recipients is then taken as a stranger's, and no other."""
    outcome, because = _lacking(client)
    because += ", and no inbound connector knows its address" if any_connector else f", and {NO_CONNECTORS}"
    made = _settled(client, outcome, Relay.NO, accepted, because, NOT_ATTRIBUTED)
    if partner is not None:
        made = replace(made, partner=partner, passes=False, reply=PARTNER_RESTRICTED)
    return replace(made, status=client.status)


def _lacking(client: Client) -> tuple[Attributed, str]:
    """Why its certificate does not attribute it."""
    if not client.secure:
        return Attributed.ANONYMOUS, "it did not use TLS"
    if not client.shown:
        return Attributed.NOT_SENT, "it showed no certificate"
    if client.status:
        what = "a self-signed certificate" if client.leaf and client.leaf.self_signed else "its certificate"
        return Attributed.CHAIN_BAD, f"{what} does not count ({client.status})"
    return Attributed.NO_CONNECTOR, "no inbound connector knows a name of its certificate"


def _settled(
    client: Client,
    outcome: Attributed,
    relay: Relay,
    accepted: tuple[AcceptedDomain, ...],
    because: str,
    denied: str,
) -> Attribution:
    """With what follows for the senders and recipients that were named."""
    said = client.said
    inside, own = _tenants(said.recipients, accepted), _tenants(said.senders, accepted)
    passes: bool | None
    match relay:
        case Relay.YES:
            passes = True if said.senders else None
        case Relay.ACCEPTED_SENDERS:
            passes = _either(own, inside) if said.senders else None
        case Relay.NO:
            passes = inside if said.recipients and accepted else None
        case Relay.UNKNOWN:
            passes = None
    refused = passes is False or (relay is Relay.NO and not (said.recipients and accepted))
    return Attribution(outcome=outcome, relay=relay, because=because, passes=passes, reply=denied if refused else "")


def foreign(senders: Iterable[str], organisation: Organisation) -> tuple[str, ...]:
    """The senders' domains that are none of the tenant's, "" being the null sender."""
    accepted = of_tenant(organisation)
    return tuple(domain for domain in senders if takes(domain, accepted) is False)


def undecided(said: Envelope, organisation: Organisation) -> tuple[str, ...]:
    """The domains of which it is not known whether the tenant takes them for its own."""
    accepted = of_tenant(organisation)
    return tuple(domain for domain in (*said.senders, *said.recipients) if takes(domain, accepted) is None)


def _tenants(domains: tuple[str, ...], accepted: tuple[AcceptedDomain, ...]) -> bool | None:
    """Whether all are the tenant's own, and there are some; None: that is not known."""
    each = {takes(domain, accepted) for domain in domains}
    return False if not each or False in each else None if None in each else True


def _either(one: bool | None, other: bool | None) -> bool | None:
    return True if one or other else None if None in (one, other) else False
