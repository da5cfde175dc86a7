"""One observation, held against the records of its host: kept, broken, or nothing to be seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from probe.judge.certificate import Certificate, parse
from probe.judge.dane.anchor import STRICT
from probe.judge.dane.case import Case
from probe.judge.dane.match import Held, hold
from probe.judge.dane.publish import proposal, zone_line
from probe.judge.dane.said import several
from probe.judge.find import at_endpoint, finding, noted, placed
from probe.judge.session import judge_session
from probe.judge.standard import Standard
from probe.model import Finding, Observation, Stage, Verdict

REQUIRED_BY = "DANE"


class Fate(Enum):
    KEPT = auto()
    BROKEN = auto()
    UNOBSERVED = auto()  # no connection, "not now", stalled: it may be well or not


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`held` is what the chain came to, None where none was seen or no record is usable; `findings` say what is wrong.
    `seen` tells who sees it, where that is not everybody."""

    at: Observation
    fate: Fate
    held: Held | None = None
    findings: tuple[Finding, ...] = ()
    seen: str = ""

    @property
    def leaf(self) -> bytes | None:
        return self.at.chain.der[0] if self.at.chain and self.at.chain.der else None

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self.at.chain.der if self.at.chain else ()

    @property
    def key(self) -> str:
        """ "RSA 2048", "" where that cannot be read."""
        certificate = parse(self.leaf) if self.leaf else None
        return certificate.key if isinstance(certificate, Certificate) else ""


def look(seen: Observation, case: Case, *, certificate_shown: bool) -> Look:
    """What a sender that honours the records meets there. Without a usable record it asks for TLS alone (RFC 7672
    §2.2)."""
    who = f"to clients that offer {seen.endpoint.offer.upper()} alone" if seen.endpoint.offer else ""
    chain = seen.chain.der if seen.chain else ()
    if seen.failure and not who:
        found = _failed(seen, certificate_shown)
        if found and found.code != "not-observed":
            return Look(at=seen, fate=Fate.BROKEN, findings=(noted(found, required_by=REQUIRED_BY),))
        if found and found.verdict is Verdict.FAIL and seen.failure.stage is Stage.HANDSHAKE:
            return Look(at=seen, fate=Fate.BROKEN)  # told already, and no sender demands less
        if seen.failure.stage is not Stage.AFTER:
            return Look(at=seen, fate=Fate.UNOBSERVED)
    if not chain and (who or not seen.session):
        return Look(at=seen, fate=Fate.UNOBSERVED, seen=who)
    if not case.records:
        return Look(at=seen, fate=Fate.KEPT, seen=who)
    held = hold(chain, case) if chain else Held(cause="no-match", error="no certificate was presented")
    if held.matches:
        return Look(at=seen, fate=Fate.KEPT, held=held, seen=who)
    return Look(at=seen, fate=Fate.BROKEN, held=held, findings=tuple(_unheld(seen, held, case)), seen=who)


def _failed(seen: Observation, certificate_shown: bool) -> Finding | None:
    """What the session's judge makes of the failure, TLS being demanded."""
    told = judge_session(seen, Standard(), STRICT, others_answered=False, certificate_shown=certificate_shown)
    codes = ("starttls-not-supported", "client-certificate-required", "not-observed")
    return next((found for found in told if found.code in codes), None)


def _unheld(seen: Observation, held: Held, case: Case) -> Iterator[Finding]:
    if held.faults:  # the anchor was found: what is wrong has a name of its own
        yield from (placed(noted(found, required_by=REQUIRED_BY), seen.endpoint) for found in held.faults)
        return
    leaf = seen.chain.der[0] if seen.chain and seen.chain.der else None
    certificate = parse(leaf) if leaf else None
    wanted = proposal(leaf, case.records) if leaf else None
    yield finding(
        "tlsa-invalid",
        Verdict.FAIL,
        at_endpoint(seen.endpoint),
        cause=held.cause,
        error=held.error[:200] if held.cause != "anchor-not-sent" else None,
        anchor=held.error[:200] if held.cause == "anchor-not-sent" else None,
        base=case.base,
        records=several(record.shown for record in case.records),
        presented=certificate.subject[:200] if isinstance(certificate, Certificate) else None,
        key=certificate.key if isinstance(certificate, Certificate) else None,
        publish=zone_line(wanted, case) if wanted else None,
    )
