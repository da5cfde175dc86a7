"""What Exchange Online would make of a delivery, in one sentence."""

from probe.model import Attributed, Attribution, Relay
from probe.report.escape import visible
from probe.report.wording import named

UNJUDGED = (
    "attribution is not judged: that takes `--connectors FILE` with the inbound connectors and the accepted domains of "
    "Exchange Online"
)
LONGEST = 600  # characters of a reason
_BY = {
    Attributed.BY_CERTIFICATE: "certificate",
    Attributed.NOT_ACCEPTED: "certificate",
    Attributed.BY_ADDRESS: "address",
}


def attribution(found: Attribution | None) -> str:
    """ "attributed to connector X by certificate; relay possible: yes"; of None, that nobody gave the exports."""
    if found is None:
        return UNJUDGED
    if found.outcome is Attributed.UNKNOWN:
        return f"attribution is unknown{_because(found)}"
    return f"{_owner(found)}; relay possible: {_relay(found)}"


def _owner(found: Attribution) -> str:
    if found.outcome is Attributed.AMBIGUOUS:
        return f"attributed to one of several connectors that match: {named(found.rivals, most=4)}"
    if found.outcome in _BY:
        return f"attributed to connector {visible(found.connector or '?')} by {_BY[found.outcome]}"
    if found.partner is not None:
        return f"not attributed to any tenant, and restricted by partner connector {visible(found.partner)}"
    return "not attributed to any tenant"


def _relay(found: Attribution) -> str:
    """Whether, and if it is refused, by which of Exchange Online's numbers it is known."""
    yours = f": this is your {visible(' '.join(found.reply.split()[:2]))}" if found.reply else ""
    this = ", not for this one" if found.relay is Relay.ACCEPTED_SENDERS and found.passes is False else ""
    return f"{found.relay}{this}{yours}{_because(found)}"


def _because(found: Attribution) -> str:
    return f", because {visible(found.because, LONGEST)}" if found.because else ""
