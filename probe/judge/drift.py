"""Uneven servers: one host whose addresses, or whose connections to one address, show different certificates.

Behind a load balancer one server in two may have the old certificate; then half of the mail fails, and each single
look says that all is well or that nothing is.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from probe.judge.certificate import parse
from probe.judge.find import at_host, finding
from probe.model import Finding, Observation, Verdict, gravest


def judge_drift(judged: Iterable[tuple[Observation, tuple[Finding, ...]]]) -> Iterator[Finding]:
    """A note for each host that shows several leaf certificates, a WARN where it matters which one is met."""
    hosts: dict[str, list[tuple[Observation, tuple[Finding, ...]]]] = defaultdict(list)
    for seen, findings in judged:
        if seen.chain and seen.chain.der:
            hosts[seen.endpoint.host].append((seen, findings))
    for host, group in hosts.items():
        shown = Counter((seen.chain.der[0], seen.endpoint.address) for seen, _ in group if seen.chain)
        leaves = dict.fromkeys(der for der, _ in shown)
        if len(leaves) > 1:
            verdicts = {gravest(found.verdict for found in findings) for _, findings in group}
            yield finding(
                "address-drift",
                Verdict.WARN if len(verdicts) > 1 else Verdict.OK,
                at_host(host),
                certificates="; ".join(_told(leaf, shown) for leaf in leaves),
            )


def _told(leaf: bytes, shown: Counter[tuple[bytes, str]]) -> str:
    places = ", ".join(f"{address} ({count}x)" for (der, address), count in shown.items() if der == leaf)
    return f"{parse(leaf).sha1.upper()} at {places}"
