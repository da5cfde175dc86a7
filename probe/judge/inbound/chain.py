"""The client's chain, as Exchange Online would look at it: it comes from a CA, is in date and fit, complete as sent.

The questions are those that a server's chain has to answer, see `judge.trust`. Names apart: they are not compared with
where the client comes from, for that is not what anybody goes by; only with what the user expects.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from probe.judge.certificate import Certificate, parse
from probe.judge.chain import Anchors
from probe.judge.find import noted
from probe.judge.standard import AuthLevel, Demand, Standard
from probe.judge.trust import judge_chain
from probe.model import Finding, Observation, RuleBook, Verdict

MALFORMED = "unreadable"  # no word of Exchange's: what it says to such a certificate is not known

# Exchange's words (ChainValidityStatus) by what our questions found, gravest first.
STATUSES = {
    "certificate-unreadable": MALFORMED,
    "certificate-not-trusted": "UntrustedRoot",
    "certificate-expired": "CertificateExpired",
    "certificate-not-yet-valid": "CertificateExpired",
    "certificate-wrong-usage": "WrongUsage",
}
_CLIENTS = (
    *STATUSES,
    "chain-incomplete",
    "chain-misordered",
    "chain-superfluous",
    "certificate-expires-soon",
    "certificate-weak",
    "certificate-host-mismatch",
)


def demand(standard: Standard) -> Demand:
    """What is demanded of a client: all that its certificate needs to count at all, and the expected name. Where there
    is none, none is compared: what the client called for by SNI is a name of ours."""
    named = standard.name or standard.level is AuthLevel.ENCRYPTION_ONLY
    return Demand(
        strict=True,
        identified=False,
        level=standard.level if named else AuthLevel.CERTIFICATE_VALIDATION,
        book=RuleBook.EXCHANGE_ONLINE,
        name=standard.name,
    )


def judge_client_chain(seen: Observation, standard: Standard, anchors: Anchors, at: datetime) -> tuple[Finding, ...]:
    """Findings on the chain that the client showed; none where it showed none."""
    der = seen.chain.der if seen.chain else ()
    if not der:
        return ()
    return tuple(_of_client(list(judge_chain(seen.endpoint, der, anchors, at, standard, demand(standard)))))


def _of_client(findings: list[Finding]) -> Iterator[Finding]:
    for found in findings:
        cause = found.fact("cause")
        if found.code == "certificate-not-trusted":
            yield noted(found, cause=f"client-{cause}")
        elif found.code == "certificate-weak":  # that it is refused for that has not been seen
            yield noted(replace(found, verdict=min(found.verdict, Verdict.WARN, key=_gravity)), cause="client")
        elif found.code in _CLIENTS:
            yield noted(found, cause="client")
        elif found.code != "certificate-name-unchecked":  # nobody asked for a name
            yield found


def _gravity(verdict: Verdict) -> int:
    return verdict.gravity


def leaf_of(seen: Observation) -> Certificate | None:
    """The client's own certificate; None where there is none, or none that can be read."""
    found = parse(seen.chain.der[0]) if seen.chain and seen.chain.der else None
    return found if isinstance(found, Certificate) else None


def status(leaf: Certificate | None, findings: tuple[Finding, ...]) -> str:
    """Exchange's word for why the certificate does not count, empty where it does. An intermediate that cannot be read
    is no harm by itself, and a self-signed certificate does not count though somebody may trust it."""
    if leaf and leaf.self_signed:
        return "UntrustedRoot"
    codes = {found.code for found in findings if found.code != "certificate-unreadable" or found.where.position == 0}
    return next((word for code, word in STATUSES.items() if code in codes), "")


def eased(found: Finding) -> Finding:
    """A fault of the chain where the client's address attributes it all the same."""
    if found.verdict is Verdict.FAIL and (found.code in STATUSES or found.code == "chain-incomplete"):
        return replace(found, verdict=Verdict.WARN)
    return found
