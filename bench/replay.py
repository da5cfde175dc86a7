"""What a fleet of targets shows over a week: recorded evidence, with certificates of each target's own.

Most of what they show is the same each time. Now and then a target breaks for two hours, a blip is gone at the second
look, a certificate is renewed; and some targets show one certificate and the other in turn, as behind a load balancer
that forgot a server. All of it happens at the same moments in every run.

In evidence as it was recorded a thousand targets would share five chains, and whatever is remembered of chains would
look better than it is. So each target's leaves are issued anew: name and key stay, issuer and serial do not.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding

from bench.authority import Issuer, issue
from probe.config import evidence
from probe.model import Evidence, Observation

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
BEGUN = datetime(2026, 11, 2, tzinfo=UTC)
WEEK = 7 * 1440  # minutes
EVERY = 5  # minutes between two looks
OUTAGE, BALANCED, BLIPS = 120, 100, 288  # minutes; one target in so many; one look in so many
USUAL = ("healthy", "mail-domain", "dane-key-and-next", "sts-enforced", "tls-1.2", "sts-testing")
BROKEN = (
    "expired",
    "self-signed",
    "starttls-not-offered",
    "not-observed-connect-refused",
    "not-observed-connect-timeout",
)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues the leaves anew; `root` and `intermediate` are DER."""

    issuer: Issuer
    root: bytes
    intermediate: bytes

    @classmethod
    def make(cls) -> "Authority":
        root, key = issue("Benchmark Root", ec.SECP384R1(), None, ca=True, now=BEGUN)
        above = Issuer(root.subject, key)
        intermediate, below = issue("Benchmark Intermediate", ec.SECP384R1(), above, ca=True, now=BEGUN)
        der = Encoding.DER
        return cls(Issuer(intermediate.subject, below), root.public_bytes(der), intermediate.public_bytes(der))

    def reissued(self, leaf: bytes) -> bytes:
        """Another certificate of the same name, key and dates."""
        old = x509.load_der_x509_certificate(leaf)
        builder = (
            x509.CertificateBuilder()
            .subject_name(old.subject)
            .issuer_name(self.issuer.name)
            .public_key(old.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(old.not_valid_before_utc)
            .not_valid_after(old.not_valid_after_utc)
        )
        for extension in old.extensions:
            if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
                builder = builder.add_extension(extension.value, extension.critical)
        return builder.sign(self.issuer.key, SHA384()).public_bytes(Encoding.DER)


class Fleet:
    """So many targets over a week from `BEGUN`. Everything is made beforehand: what grows later is not the bench's."""

    def __init__(self, targets: int, authority: Authority) -> None:
        dice = random.Random(5)
        self._recorded = {name: next(evidence(FIXTURES / "evidence" / f"{name}.json")) for name in (*USUAL, *BROKEN)}
        self._balanced = set(dice.sample(range(targets), targets // BALANCED))
        self._breaks = {number: dice.randrange(WEEK) for number in dice.sample(range(targets), targets // 2)}
        self._renews = {number: dice.randrange(WEEK) for number in dice.sample(range(targets), targets // 8)}
        self._dice, self._intermediate = dice, authority.intermediate
        self._leaves = [self._issued(number, authority) for number in range(targets)]
        self._second = {number: self._issued(number, authority) for number in {*self._balanced, *self._renews}}

    def shown(self, number: int, at: datetime) -> tuple[Evidence, int]:
        """The evidence of the look that counts, and how many it took."""
        minute = (at - BEGUN) // timedelta(minutes=1)
        attempts = 2 if self._dice.randrange(BLIPS) == 0 else 1
        if 0 <= minute - self._breaks.get(number, minute + 1) < OUTAGE:
            return self._at(self._recorded[BROKEN[number % len(BROKEN)]], at, {}), 1
        renewed = minute > self._renews.get(number, minute) or (number in self._balanced and minute // EVERY % 2 == 1)
        leaves = self._second[number] if renewed else self._leaves[number]
        return self._at(self._usual(number), at, leaves), attempts

    def _usual(self, number: int) -> Evidence:
        return self._recorded[USUAL[number % len(USUAL)]]

    def _issued(self, number: int, authority: Authority) -> dict[bytes, bytes]:
        """The leaves of a target, each by the one that was recorded."""
        seen = self._usual(number)
        fetches = seen.mta_sts.fetches if seen.mta_sts else ()
        chains = [one.chain.der for one in (*seen.observations, *seen.alternatives, *fetches) if one.chain]
        return {leaf: authority.reissued(leaf) for leaf in dict.fromkeys(der[0] for der in chains if der)}

    def _at(self, seen: Evidence, at: datetime, leaves: Mapping[bytes, bytes]) -> Evidence:
        """The same, seen then, with these leaves."""
        each = partial(map, partial(self._seen, at=at, leaves=leaves))
        return replace(
            seen,
            at=at,
            observations=tuple(each(seen.observations)),
            alternatives=tuple(each(seen.alternatives)),
            mta_sts=seen.mta_sts and replace(seen.mta_sts, fetches=tuple(each(seen.mta_sts.fetches))),
        )

    def _seen(self, one: Observation, at: datetime, leaves: Mapping[bytes, bytes]) -> Observation:
        if not leaves or not one.chain or not one.chain.der:
            return replace(one, at=at)
        return replace(one, at=at, chain=replace(one.chain, der=(leaves[one.chain.der[0]], self._intermediate)))


def turns(targets: int, minutes: int) -> Iterator[tuple[datetime, int]]:
    """Whose turn is when: spread evenly, each every `EVERY` minutes."""
    step = timedelta(minutes=EVERY) / targets
    for turn in range(minutes * targets // EVERY):
        yield BEGUN + turn * step, turn % targets
