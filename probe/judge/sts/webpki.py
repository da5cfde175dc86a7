"""What MTA-STS asks of a certificate, be it the policy host's (RFC 8461 §3.3) or an MX host's (§4.2): a path to a
trusted root, dates that hold, a DNS-ID that is the name, and, by the general rules, a usage that allows servers.

How strongly a certificate was made is not among it, nor the order in which the chain was sent.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from probe.judge.chain import Anchors
from probe.judge.find import at_certificate, finding, placed
from probe.judge.standard import Standard
from probe.judge.trust import judge_chain
from probe.model import Finding, Observation, Verdict

# Each with its cause under `sts-webpki-invalid`.
FAULTS = {
    "chain-incomplete": "not-trusted",
    "certificate-not-trusted": "not-trusted",
    "certificate-host-mismatch": "host-mismatch",
    "certificate-expired": "expired",
    "certificate-not-yet-valid": "not-yet-valid",
    "certificate-wrong-usage": "wrong-usage",
    "certificate-unreadable": "unreadable",
}


def judge_certificate(
    seen: Observation, name: str, standard: Standard, anchors: Anchors, at: datetime
) -> tuple[Finding, ...]:
    """All findings on the chain of this connection, against this name; none where TLS did not come about and no chain
    was shown. The standard expects nothing of a connector: what is asked then is what the baseline asks as well, word
    for word, and need not be worked out twice. That is why how grave it is, is settled afterwards."""
    if seen.chain and seen.chain.der:
        endpoint = replace(seen.endpoint, host=name)
        return tuple(judge_chain(endpoint, seen.chain.der, anchors, at, standard, standard.demand(endpoint)))
    if seen.session:
        error = "no certificate was presented"
        return (placed(finding("certificate-unreadable", Verdict.FAIL, at_certificate(0), error=error), seen.endpoint),)
    return ()


def faults(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those of the findings for which a sender refuses the certificate."""
    return tuple(
        found
        for found in findings
        # Only the leaf must be readable; other rubbish in the chain matters where it breaks the path.
        if found.code in FAULTS and not (found.code == "certificate-unreadable" and found.where.position)
    )


def gravest(found: tuple[Finding, ...]) -> Finding:
    """The one to name. RFC 8460 has no word for an incomplete chain, only for what follows from it."""
    return next((each for each in found if each.code != "chain-incomplete"), found[0])
