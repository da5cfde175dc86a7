"""Deliveries to a listener, judged by the real judge, for the tests of what is remembered of its clients."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from fixtures.build import AT, SESSION
from fixtures.certificates import leaf
from fixtures.scenes import ISSUING
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import (
    Direction,
    Endpoint,
    Failure,
    Kind,
    Observation,
    Organisation,
    PresentedChain,
    Speaker,
    Stage,
    Turn,
)
from probe.model.duty import Look
from probe.run.listen import evidence
from tests.looks import ANCHORS

NAME = "listen"
CLIENT, OTHER = "192.0.2.25", "192.0.2.26"
SHOWN = (leaf("CN=mail.contoso.com", ISSUING, ("mail.contoso.com",)).der, ISSUING.der)
RENEWED = (leaf("CN=mail.contoso.com,O=Renewed", ISSUING, ("mail.contoso.com",)).der, ISSUING.der)
REFUSED = Failure(stage=Stage.HANDSHAKE, kind=Kind.ALERT, detail="unknown ca")


def delivered(
    *chain: bytes, client: str = CLIENT, sender: str | None = "x@contoso.com", at: datetime = AT, **changes: Any
) -> Observation:
    """One that came to its recipient, by TLS. `sender` None: it broke off before."""
    said = ["EHLO mail.contoso.com"]
    if sender is not None:
        said += [f"MAIL FROM:<{sender}>", "RCPT TO:<y@elsewhere.example>", "QUIT"]
    plain = changes.pop("plain", False)
    begun = [] if plain else ["EHLO mail.contoso.com", "STARTTLS"]
    lines = [(line, False) for line in begun] + [(line, not plain) for line in said]
    found = Observation(
        endpoint=Endpoint(host=client, address=client, port=2525, server_name=None),
        at=at,
        transcript=tuple(Turn(who=Speaker.CLIENT, data=f"{line}\r\n", tls=tls) for line, tls in lines),
        certificate_requested=not plain,
        session=None if plain else SESSION,
        chain=PresentedChain(der=chain) if chain else None,
        seconds={"dialogue": 0.01, "handshake": 0.02, "after": 0.03},
        source="192.0.2.2",
        direction=Direction.INBOUND,
    )
    return replace(found, **changes)


def broken(client: str = CLIENT, at: datetime = AT) -> Observation:
    """One that refused our certificate."""
    return replace(
        delivered(client=client, sender=None, at=at),
        session=None,
        failure=REFUSED,
        transcript=delivered().transcript[:2],
    )


def look(seen: Observation, organisation: Organisation | None = None, standard: Standard | None = None) -> Look:
    """A look at the listener by this delivery."""
    report = judge(evidence(seen, "listener.example"), standard or Standard(), ANCHORS, seen.at, organisation)
    return Look(name=NAME, report=report)
