"""What is handed from room to room: plain, frozen values.

All times are UTC, all durations seconds, all sizes bytes. Host names are lower-case A-labels without a trailing dot;
addresses are in their canonical text form. Text that came from a peer is kept as it came: whoever prints it escapes it.
"""

from probe.model.evidence import (
    FORMAT,
    Answer,
    Endpoint,
    Evidence,
    Failure,
    Hop,
    Observation,
    PresentedChain,
    Question,
    Route,
    Session,
    Target,
    Turn,
)
from probe.model.report import Finding, Report, Where
from probe.model.vocabulary import Kind, Outcome, RouteKind, RuleBook, Speaker, Stage, Verdict, gravest

__all__ = [
    "FORMAT",
    "Answer",
    "Endpoint",
    "Evidence",
    "Failure",
    "Finding",
    "Hop",
    "Kind",
    "Observation",
    "Outcome",
    "PresentedChain",
    "Question",
    "Report",
    "Route",
    "RouteKind",
    "RuleBook",
    "Session",
    "Speaker",
    "Stage",
    "Target",
    "Turn",
    "Verdict",
    "Where",
    "gravest",
]
