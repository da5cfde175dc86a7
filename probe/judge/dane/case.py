"""What a host's records are held against the certificates by."""

from dataclasses import dataclass
from datetime import datetime

from probe.judge.chain import Anchors
from probe.judge.dane.tlsa import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`records` are the usable ones that count. `references` are the names that a certificate may have under usages
    other than 3, `base` the first of them; `common_name`: the common name will do where there is no DNS name.
    `owner` is where the records stand, `ttl` for how many seconds they are kept, None where that is not known."""

    records: tuple[Record, ...]
    references: tuple[str, ...]
    base: str
    owner: str
    ttl: int | None
    common_name: bool
    anchors: Anchors
    at: datetime
