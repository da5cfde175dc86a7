"""What the store tells of itself: small rows that are nobody else's."""

from dataclasses import dataclass
from datetime import datetime

from probe.model import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run by its number; `kind` is "run" or "watch". One that is under way, or was killed, has neither `ended` nor
    `verdict`. `targets` is how many were looked at."""

    number: int
    kind: str
    began: datetime
    ended: datetime | None = None
    verdict: Verdict | None = None
    targets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LookSeen:
    """A stretch of looks, from `first` to `last`, that all saw the same: `digest` is of what is essential in it, see
    `essence`. Empty: it changed too often to be told apart."""

    first: datetime
    last: datetime
    digest: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A maintenance window: nothing is told of `target` ("*": of none) before `until`."""

    target: str
    until: datetime
    reason: str
    made: datetime
