"""Exchange Online's connectors in the plan, where they have to expect another name.

A connector holds one name. Where there is one that both certificates bear, or a wildcard above both, it is set before
anything else and nothing ever waits. Otherwise an outbound connector is changed in the window of the restart: until
Exchange Online uses the new name, its mail waits there, and it goes on trying for 24 hours. For inbound mail nothing
waits: what is not recognised is refused or treated as a stranger's, so a second connector stands beside the first.
"""

from collections.abc import Iterator

from probe.judge.catalogue.words import LATENCY
from probe.judge.hybrid.rehearsal.case import Case
from probe.judge.hybrid.rehearsal.online import Renamed, renamed
from probe.judge.hybrid.rehearsal.step import Step
from probe.model import InboundConnector, Names, OutboundConnector, known

ONLINE = "In Exchange Online PowerShell"
OUTBOUND = "    Set-OutboundConnector '<OUTBOUND-CONNECTOR>' -TlsSettings DomainValidation -TlsDomain '<NEW-NAME>'"
INBOUND = "    Set-InboundConnector '<INBOUND-CONNECTOR>' -TlsSenderCertificateName '<NEW-NAME>'"
BESIDE = (
    "    New-InboundConnector '<INBOUND-CONNECTOR> (next)' -ConnectorType OnPremises -SenderDomains '*' `",
    "        -RequireTls $true -CloudServicesMailEnabled $true -TlsSenderCertificateName '<NEW-NAME>'",
)
NOT_BESIDE = "    Remove-InboundConnector '<INBOUND-CONNECTOR> (next)'"
_ANSWERS = {OutboundConnector: ("rehearsal-tls-domain",), InboundConnector: ("rehearsal-sender-name",)}


def beforehand(case: Case) -> Iterator[Step]:
    """What can expect either certificate is made to, and what cannot gets a second one beside it."""
    for change in renamed(case):
        if change.bridge:
            yield Step(
                key="bridge",
                instruction=f"{ONLINE}, let the connector expect a name that both certificates have:",
                commands=(_command(change),),
                why=f"So it takes the old certificate and the new one alike. {LATENCY} Wait for that.",
                names=valued(change, change.after),
                answers=_ANSWERS[type(change.connector)],
            )
        elif isinstance(change.connector, InboundConnector):
            yield Step(
                key="beside",
                instruction=f"{ONLINE}, set a second inbound connector beside the first:",
                commands=BESIDE,
                why="One connector knows one name, and no name is in both certificates. Without the second, mail that "
                f"is sent with the new certificate is a stranger's, or refused (5.7.64). {LATENCY}",
                names=valued(change, change.after),
                answers=_ANSWERS[InboundConnector],
            )


def at_once(case: Case) -> Iterator[Step]:
    """What has to change at the same time as the certificate."""
    for change in renamed(case):
        if not change.bridge and isinstance(change.connector, OutboundConnector):
            yield Step(
                key="online",
                instruction=f"{ONLINE}, at once, let the outbound connector expect the new name:",
                commands=(OUTBOUND,),
                why=f"The connector knows one name, and no name is in both certificates. {LATENCY} Until then its mail "
                "waits with SubjectMismatch, and goes out when it tries again; it tries for 24 hours.",
                names=valued(change, change.after),
                answers=_ANSWERS[OutboundConnector],
            )


def afterwards(case: Case) -> Iterator[Step]:
    """Back to one inbound connector, the wizard's own, whose name it looks for."""
    for change in renamed(case):
        if not change.bridge and isinstance(change.connector, InboundConnector):
            names = valued(change, change.after)
            yield Step(
                key="first",
                instruction=f"{ONLINE}, when mail flows both ways, give the first connector the new name:",
                commands=(INBOUND,),
                why=LATENCY,
                names=names,
                answers=_ANSWERS[InboundConnector],
            )
            yield Step(
                key="second",
                instruction="An hour or more later, remove the second one:",
                commands=(NOT_BESIDE,),
                names=names,
                answers=_ANSWERS[InboundConnector],
            )


def _command(change: Renamed) -> str:
    return OUTBOUND if isinstance(change.connector, OutboundConnector) else INBOUND


def valued(change: Renamed, value: str) -> Names:
    """The connector, and the name that it is to expect."""
    kind = "OUTBOUND" if isinstance(change.connector, OutboundConnector) else "INBOUND"
    named = ((f"{kind}-CONNECTOR", change.connector.name),)
    return Names(common=(*named, ("NEW-NAME", value)) if value else named)


def expected_then(case: Case) -> str | None:
    """The name that Exchange Online will expect of the servers; None where that is several, or not known."""
    after = {change.connector.name: change.after for change in renamed(case)}
    expected = {after.get(connector.name) or known(connector.tls_domain) for connector in case.outbound}
    return next(iter(expected)) if len(expected) == 1 else None
