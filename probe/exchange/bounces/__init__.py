"""Bounces, and everything else in which mail servers and Windows say that something failed: read, and explained.

    read("450 4.4.317 Cannot connect to remote server [Message=UntrustedRoot] …") → Bounce
    explain(bounce)                                                                → Explanation
    beside.beside(explanation, organisation, at)                                   → Exported
    comparing.compare(explanation, report)                                         → Comparison

Two things make this harder than looking up a number. One code has several meanings (4.7.5 has three), so that the text
decides and not the code; and the text arrives as people paste it: cut off, wrapped, quoted, with addresses taken out.
What it does not say stays unknown, and what is doubtful is said as such.
"""

from probe.exchange.bounces.bounce import Bounce, Kind, Reply
from probe.exchange.bounces.explaining import explain
from probe.exchange.bounces.meaning import (
    Check,
    Cited,
    Command,
    Comparison,
    Explanation,
    Outcome,
    Party,
    Told,
)
from probe.exchange.bounces.reading import read

__all__ = [
    "Bounce",
    "Check",
    "Cited",
    "Command",
    "Comparison",
    "Explanation",
    "Kind",
    "Outcome",
    "Party",
    "Reply",
    "Told",
    "explain",
    "read",
]
