"""A small internet on loopback: servers of signed names, resolvers, mail hosts and policy hosts.

Every part is a real server with a directory of its own, on addresses that no other run on this machine uses. What is
to be said of each domain is in the tables: `dane` for RFC 7672, `sts` for RFC 8461.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.real.client import Run, run_probe
from tests.real.dns import nsd, unbound
from tests.real.estate import Authorities
from tests.real.exim import exim_hosts
from tests.real.internet.dane import Case, cases, host
from tests.real.internet.dns_cases import dns_cases
from tests.real.internet.machines import NET, Papers
from tests.real.internet.sts import PolicyHost, Sts
from tests.real.internet.sts_cases import later, mail_hosts, sts_cases
from tests.real.internet.zones import ROOT, plant
from tests.real.nginx import nginx
from tests.real.postfix import Host, postfix_hosts
from tests.real.servers import free_ports, need_root

VALIDATING, UNAWARE, LATER = f"{NET}.4", f"{NET}.5", f"{NET}.6"


@dataclass(frozen=True, kw_only=True)
class Internet:
    """The internet at work. Of its resolvers, `validating` holds the root's key (`anchor`, a DS line), `unaware` does
    not, and `later` validates, too, and shows some domains as they are another day. `forwarder` is the validating one
    at an address that may be a container's forwarder, whose word is worth nothing."""

    papers: Papers
    dane: Mapping[str, Case]
    sts: Mapping[str, Sts]
    anchor: str
    roots: Path
    forwarder: str
    log: Path  # of the validating resolver, which says why it calls something bogus
    validating: str = VALIDATING
    unaware: str = UNAWARE
    later: str = LATER

    def look(self, *words: str | Path, resolver: str = VALIDATING) -> Run:
        return run_probe(*words, "--resolver", resolver, "--roots", self.roots)


@contextmanager
def internet(authorities: Authorities, roots: Path, directory: Callable[[str], Path]) -> Iterator[Internet]:
    """Starts it all. `directory` makes one for each server."""
    need_root()
    papers = Papers(authorities)
    policy_host = PolicyHost(papers, directory("policies"))
    dane, sts = {**cases(papers), **dns_cases(papers)}, sts_cases(papers, policy_host)
    lines = [*mail_hosts(papers), *(line for case in sts.values() for line in case.lines)]
    tree = plant(dane.values(), lines, papers, directory("zones"))
    of_later, policies = later(sts, policy_host)
    policies |= {name: case.listener for name, case in sts.items() if case.listener}
    listeners, ports = papers.listeners()
    postfixes = [
        Host(address=papers.addresses[name], chains=chains, options=options)
        for name, (chains, options) in papers.of_postfix.items()
    ]
    exims = {papers.addresses[name]: chains for name, chains in papers.of_exim.items()}
    forwarder = f"127.0.0.11:{free_ports(1)[0]}"
    (private,) = papers.of_nginx["private"]
    with ExitStack() as stack:
        start = stack.enter_context
        for number, (address, files) in enumerate(tree.served.items()):
            start(nsd(directory(f"names-{number}"), address, files))
        also = [f"interface: {forwarder.replace(':', '@')}"]
        validating = start(unbound(directory("validating"), VALIDATING, root=ROOT, anchor=tree.anchor, local=also))
        start(unbound(directory("later"), LATER, root=ROOT, anchor=tree.anchor, local=of_later))
        start(unbound(directory("unaware"), UNAWARE, root=ROOT))
        start(nginx(directory("mail-hosts"), listeners, ports))
        start(nginx(directory("policy-hosts"), policies, [443] * len(policies)))
        start(postfix_hosts(directory("postfix-hosts"), postfixes, papers.root))
        start(exim_hosts(directory("exim-hosts"), exims, {host("expanded-sni"): private}))
        yield Internet(
            papers=papers,
            dane=dane,
            sts=sts,
            anchor=tree.anchor,
            roots=roots,
            forwarder=forwarder,
            log=validating.log,
        )
