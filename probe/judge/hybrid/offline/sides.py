"""Sides of an organisation of which the exports do not speak, and what therefore is open."""

from collections.abc import Iterator

from probe.judge.hybrid.connectors import on_premises
from probe.judge.hybrid.offline.case import MOST_USES, Case
from probe.judge.hybrid.offline.gaps import Missed, called, missed
from probe.model import SendConnector


def judge_sides(case: Case) -> Iterator[Missed]:
    """What was not exported of that which the exported connectors and certificates have to do with."""
    organisation = case.organisation
    at_servers = organisation.send or organisation.receive
    certificates, far = organisation.certificates, organisation.inbound or organisation.outbound
    asked = {"send", "receive"} <= organisation.none
    alone = bool(organisation.domains or organisation.servers or organisation.hybrid)
    sides = (
        (case.uses, certificates, "certificates of the servers", "what names lead to"),
        (certificates and not asked, at_servers, "connectors of the servers", "which certificates are in use"),
        (alone, at_servers or certificates or far, "connectors", "what they demand, and which certificates they name"),
        (case.facing, organisation.outbound, "outbound connectors", "what Exchange Online demands of the servers"),
        (case.sending, organisation.inbound, "inbound connectors", "whether Exchange Online recognises the mail"),
        (case.outbound, organisation.receive, "receive connectors", "which certificates the servers show"),
        (on_premises(organisation.inbound), organisation.send, "send connectors", "which certificates servers show"),
    )
    for near, other, what, question in sides:
        if near and not other and what.removesuffix(" connectors") not in organisation.none:
            yield Missed(why="absent", what=what, question=question)
    yield from _sending(case)
    if len(case.uses) == MOST_USES:
        yield Missed(why="cut", what=f"connectors beyond the first {MOST_USES}", question="whether they are in order")


def _sending(case: Case) -> Iterator[Missed]:
    """Of the connectors to Exchange Online, on which servers they are; where none is known, whether one of them is."""
    for use in case.sending:
        if isinstance(use.connector, SendConnector):
            what = f"SourceTransportServers of {called(use.connector)}"
            yield from missed(use.connector.source_transport_servers, what, "which servers need the certificate")
    for connector in () if case.sending else case.organisation.send:
        if connector.enabled is not False:
            what = f"AddressSpaces of {called(connector)}"
            yield from missed(connector.address_spaces, what, "whether it leads to Exchange Online")
