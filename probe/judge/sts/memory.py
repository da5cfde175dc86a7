"""What a sender remembers of a policy (RFC 8461 §3.3, §5.1).

A policy is kept for `max_age` seconds, and is fetched again when the `id` in DNS has changed. As long as it lives it
holds, whatever has become of record and policy host since: else whoever stands between the two could switch MTA-STS off
by holding back an answer. A policy that was fetched takes the place of the one before it, be it stricter or laxer.

What was remembered comes back from a file, which may be anybody's. It is believed only where it is whole: a policy that
holds to the grammar, for this domain, under its own digest, and no longer than its own max_age.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from probe.judge.sts.policy import MOST_BYTES, Terms, read_policy
from probe.model import Remembered

_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A remembered policy that is alive, `until` then."""

    remembered: Remembered
    terms: Terms
    until: datetime


def alive(remembered: Remembered | None, domain: str, at: datetime) -> Kept | None:
    """What a sender that remembers this goes by at that moment."""
    if remembered is None or len(remembered.body) > MOST_BYTES or not _ID.fullmatch(remembered.id):
        return None
    if remembered.domain.lower() != domain or remembered.digest.lower() != digest(remembered.body):
        return None
    terms = read_policy(remembered.body)
    if not isinstance(terms, Terms):
        return None
    until = min(remembered.expires, _after(remembered.fetched, terms.max_age))
    return Kept(remembered=remembered, terms=terms, until=until) if remembered.fetched <= at < until else None


def keep(domain: str, id: str, body: bytes, terms: Terms, fetched: datetime) -> Remembered:  # noqa: A002 - its name
    """What a sender keeps of a policy that it has just fetched."""
    expires = _after(fetched, terms.max_age)
    return Remembered(domain=domain, id=id, body=body, digest=digest(body), fetched=fetched, expires=expires)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _after(moment: datetime, seconds: int) -> datetime:
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:  # saved evidence may be of any year
        return _LAST
