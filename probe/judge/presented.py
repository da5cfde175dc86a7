"""A chain in question, with everything that it is judged by."""

from dataclasses import dataclass
from datetime import datetime

from probe.judge.certificate import Certificate, Unreadable
from probe.judge.chain import Anchors, Path
from probe.judge.standard import Demand, Standard


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What was sent, where it leads, and by what it is judged. `name` is what the leaf should have; None: anything.
    `host` is the one connected to, where by the connector another name is compared."""

    der: tuple[bytes, ...]
    leaf: Certificate
    name: str | None
    host: str | None = None
    path: Path
    anchors: Anchors
    at: datetime
    standard: Standard
    demand: Demand

    def position(self, certificate: Certificate | Unreadable) -> int | None:
        return self.der.index(certificate.der) if certificate.der in self.der else None
