"""What is handed from room to room: plain, frozen values.

All times are UTC, all durations seconds, all sizes bytes. Host names are lower-case A-labels without a trailing dot;
addresses are in their canonical text form. Text that came from a peer is kept as it came: whoever prints it escapes it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from probe.model.answer import Answer, Question
from probe.model.evidence import (
    FORMAT,
    Endpoint,
    Evidence,
    Failure,
    Hop,
    Leaf,
    MtaSts,
    Observation,
    PresentedChain,
    Remembered,
    Route,
    Session,
    Target,
    Turn,
    every_answer,
)
from probe.model.inbound import Attributed, Attribution, Relay
from probe.model.promises import (
    Dane,
    DaneHost,
    DaneStatus,
    Delivery,
    Policy,
    Promises,
    Record,
    Sts,
    StsHost,
    TlsRpt,
)
from probe.model.report import Finding, Names, Report, Where
from probe.model.vocabulary import (
    Direction,
    Dnssec,
    Kind,
    Outcome,
    Reply,
    RouteKind,
    RuleBook,
    Speaker,
    Stage,
    Verdict,
    gravest,
)

if TYPE_CHECKING:
    from probe.model.exchange import (
        AcceptedDomain,
        ExchangeCertificate,
        ExchangeServer,
        Flag,
        Gap,
        HybridConfiguration,
        InboundConnector,
        List,
        Many,
        OutboundConnector,
        ReceiveConnector,
        SendConnector,
        Text,
        Thing,
        items,
        known,
    )
    from probe.model.logged import Digest, Group, Way
    from probe.model.organisation import Export, Organisation, Remark, same_server, short
else:

    def __getattr__(name: str) -> object:
        """What Exchange keeps and what its logs tell: most commands never ask for it, and making its types takes a
        while."""
        for room in ("exchange", "organisation", "logged"):
            found = import_module(f"{__name__}.{room}")
            if name in vars(found):
                return vars(found)[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "FORMAT",
    "AcceptedDomain",
    "Answer",
    "Attributed",
    "Attribution",
    "Dane",
    "DaneHost",
    "DaneStatus",
    "Delivery",
    "Digest",
    "Direction",
    "Dnssec",
    "Endpoint",
    "Evidence",
    "ExchangeCertificate",
    "ExchangeServer",
    "Export",
    "Failure",
    "Finding",
    "Flag",
    "Gap",
    "Group",
    "Hop",
    "HybridConfiguration",
    "InboundConnector",
    "Kind",
    "Leaf",
    "List",
    "Many",
    "MtaSts",
    "Names",
    "Observation",
    "Organisation",
    "OutboundConnector",
    "Outcome",
    "Policy",
    "PresentedChain",
    "Promises",
    "Question",
    "ReceiveConnector",
    "Record",
    "Relay",
    "Remark",
    "Remembered",
    "Reply",
    "Report",
    "Route",
    "RouteKind",
    "RuleBook",
    "SendConnector",
    "Session",
    "Speaker",
    "Stage",
    "Sts",
    "StsHost",
    "Target",
    "Text",
    "Thing",
    "TlsRpt",
    "Turn",
    "Verdict",
    "Way",
    "Where",
    "every_answer",
    "gravest",
    "items",
    "known",
    "same_server",
    "short",
]
