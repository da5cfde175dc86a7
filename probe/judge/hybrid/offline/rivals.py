"""Several certificates that one name leads to: which is the one to use, and which to remove."""

from collections.abc import Sequence
from dataclasses import dataclass

from probe.judge.hybrid.installed import is_current
from probe.judge.hybrid.offline.case import Case, listed
from probe.model import ExchangeCertificate, known


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivalry:
    """Several certificates of one name. `expired`: some are, others not; `best` is the one to use, `old` one to
    remove, by its thumbprint."""

    candidates: str
    expired: bool
    best: ExchangeCertificate | None
    old: str


def rivalry(case: Case, found: Sequence[ExchangeCertificate]) -> Rivalry:
    """Of several certificates that one name leads to, which to use and which to remove."""
    current = [is_current(one, case.at) for one in found]
    best = max((one for one in found if usable(case, one)), key=end_of, default=None)
    return Rivalry(
        candidates=listed(described(case, one) for one in found),
        expired=False in current and any(held is not False for held in current),
        best=best,
        old=min((one for one in found if one is not best), key=end_of).thumbprint,
    )


def usable(case: Case, certificate: ExchangeCertificate) -> bool:
    """Whether nothing known stands against it: it is current, and has its key."""
    return is_current(certificate, case.at) is not False and certificate.has_private_key is not False


def end_of(certificate: ExchangeCertificate) -> float:
    """For comparisons, in seconds; 0 where it is not known."""
    end = known(certificate.not_after)
    return end.timestamp() if end else 0


def described(case: Case, certificate: ExchangeCertificate) -> str:
    """Its thumbprint, and what is known to stand against it."""
    end = known(certificate.not_after)
    state = "expired" if end and end < case.at else "until"
    keyless = " without its key" if certificate.has_private_key is False else ""
    return f"{certificate.thumbprint}{keyless}" + (f" ({state} {end:%Y-%m-%d})" if end else "")
