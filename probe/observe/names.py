"""From a target to the addresses of its hosts: MX, implicit MX, null MX, the addresses of each host, and its TLSA."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache, partial

from probe.model import Answer, Failure, Hop, Kind, Outcome, Question, Route, RouteKind, Stage, Target
from probe.observe import tlsa
from probe.observe.asking import Asking, side_by_side
from probe.observe.world import Budget, Limits, Slots, World

_RTYPES = {4: "A", 6: "AAAA"}

Host = tuple[int | None, str]  # preference and name


async def route(
    target: Target,
    world: World,
    limits: Limits,
    slots: Slots,
    budget: Budget,
    *,
    families: frozenset[int],
    dane: bool,
    connect: tuple[str, ...] = (),
) -> Route:
    """Where the target's endpoints are. `families` is a subset of {4, 6}: which kinds of addresses to ask for; `dane`:
    whether to ask for TLSA, too.

    `connect` are addresses given by the user: they are taken in place of any that would be found, and DNS is not asked.
    Never raises for what it meets. Where the budget runs out first, `failure` is set and what is known by then is kept.
    What TLSA takes is at most half of what is left once the addresses are known: where its servers are dead, the
    addresses are to be observed all the same.
    """
    if connect or is_address(target.name):
        addresses = tuple(dict.fromkeys(connect)) or (target.name,)
        return Route(kind=RouteKind.ADDRESS, hops=(Hop(host=target.name, preference=None, addresses=addresses),))

    ask = Asking(world, slots, budget)
    mx: Answer | None = None
    kind, hosts = RouteKind.NONE, list[Host]()
    promised: dict[str, Asking] = {}  # by host

    def hops() -> list[Hop]:
        return [
            _hop(host, preference, address_questions(host, families), ask, limits)
            for preference, host in hosts[: limits.hosts]
        ]

    with budget.scope:
        if target.port is None:
            mx = await ask(Question(name=target.name, rtype="MX"))
            kind, hosts = _mail_hosts(mx)
        else:
            kind, hosts = RouteKind.HOST, [(None, target.name)]
        wanted = [question for _, host in hosts[: limits.hosts] for question in address_questions(host, families)]
        await side_by_side([partial(ask, question) for question in wanted])  # 2 * limits.hosts at most
        if dane:
            half = Budget(budget.left / 2)
            with half.scope:
                promised = {host: Asking(world, slots, budget, half) for _, host in hosts[: limits.hosts]}
                # RFC 7672 §2.2.2: the addresses first.
                await side_by_side(
                    [partial(tlsa.look_up, hop, target.port or 25, promised[hop.host]) for hop in hops()]
                )

    late = Failure(stage=Stage.RESOLVE, kind=Kind.TIMEOUT, detail=f"names were not resolved in {limits.target:g} s")
    return Route(
        kind=kind,
        hops=tuple(tlsa.with_tlsa(hop, promised[hop.host].answers) if hop.host in promised else hop for hop in hops()),
        answers=() if mx is None else (mx,),
        omitted=len(hosts[limits.hosts :]),
        failure=late if budget.scope.cancelled_caught else None,
    )


def address_questions(host: str, families: frozenset[int]) -> list[Question]:
    """What to ask for a host's addresses. `families` is a subset of {4, 6}."""
    return [Question(name=host, rtype=_RTYPES[family]) for family in sorted(families)]


@lru_cache(maxsize=4096)  # asked several times of each name
def is_address(name: str) -> bool:
    """Whether it is an IPv4 or IPv6 address, with or without a zone."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _mail_hosts(mx: Answer) -> tuple[RouteKind, list[Host]]:
    """What the answer to the MX question says of the domain's hosts, by preference and then by name."""
    if mx.outcome is Outcome.NODATA:
        # RFC 5321 §5.1: without MX records the domain is its own host, of preference 0. An alias met on the way "is
        # processed as if it were the initial name".
        return RouteKind.IMPLICIT_MX, [(0, mx.canonical)]
    if mx.outcome is not Outcome.FOUND:
        return RouteKind.NONE, []
    best: dict[str, int] = {}
    for preference, host in sorted(_exchanges(mx.records)):
        best.setdefault(host, preference)
    # RFC 7505 §3. Spec: it asks for a single record of preference 0, and allows no other MX beside it. "." is no host
    # whatever its preference, so: only "." means no mail, and beside others it is passed over.
    best.pop(".", None)
    if not best:
        return RouteKind.NULL_MX, []
    return RouteKind.MX, [(preference, host) for host, preference in best.items()]


def _exchanges(records: Iterable[str]) -> Iterable[tuple[int, str]]:
    for record in records:
        preference, host = record.split(" ", 1)
        yield int(preference), host


def _hop(host: str, preference: int | None, questions: Iterable[Question], ask: Asking, limits: Limits) -> Hop:
    answers = [ask.known[question] for question in questions if question in ask.known]
    addresses = tuple(dict.fromkeys(address for answer in answers for address in answer.records))
    return Hop(
        host=host,
        preference=preference,
        addresses=addresses[: limits.addresses],
        answers=tuple(answers),
        omitted=len(addresses[limits.addresses :]),
    )
