"""What is handed from room to room: plain, frozen values.

All times are UTC, all durations seconds, all sizes bytes. Host names are lower-case A-labels without a trailing dot;
addresses are in their canonical text form. Text that came from a peer is kept as it came: whoever prints it escapes it.
"""

from probe.model.answer import Answer, Question
from probe.model.evidence import (
    FORMAT,
    Endpoint,
    Evidence,
    Failure,
    Hop,
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
from probe.model.report import Finding, Report, Where
from probe.model.vocabulary import Dnssec, Kind, Outcome, RouteKind, RuleBook, Speaker, Stage, Verdict, gravest

__all__ = [
    "FORMAT",
    "Answer",
    "Dane",
    "DaneHost",
    "DaneStatus",
    "Delivery",
    "Dnssec",
    "Endpoint",
    "Evidence",
    "Failure",
    "Finding",
    "Hop",
    "Kind",
    "MtaSts",
    "Observation",
    "Outcome",
    "Policy",
    "PresentedChain",
    "Promises",
    "Question",
    "Record",
    "Remembered",
    "Report",
    "Route",
    "RouteKind",
    "RuleBook",
    "Session",
    "Speaker",
    "Stage",
    "Sts",
    "StsHost",
    "Target",
    "TlsRpt",
    "Turn",
    "Verdict",
    "Where",
    "every_answer",
    "gravest",
]
