"""A chain in question, with everything that it is judged by."""

from dataclasses import dataclass
from datetime import datetime

from probe.judge.certificate import Certificate, Unreadable
from probe.judge.chain import Anchors, Path
from probe.judge.standard import Demand, Standard
from probe.model import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A chain in question: whose, what was sent, where it leads, and by what it is judged."""

    endpoint: Endpoint
    der: tuple[bytes, ...]
    leaf: Certificate
    path: Path
    anchors: Anchors
    at: datetime
    standard: Standard
    demand: Demand

    def position(self, certificate: Certificate | Unreadable) -> int | None:
        return self.der.index(certificate.der) if certificate.der in self.der else None
