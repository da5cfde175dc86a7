"""From a target to the addresses of its hosts: MX, implicit MX, null MX, and the addresses of each host."""

import ipaddress
from collections.abc import Iterable

import trio

from probe.model import Answer, Failure, Hop, Kind, Outcome, Question, Route, RouteKind, Stage, Target
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
    connect: tuple[str, ...] = (),
) -> Route:
    """Where the target's endpoints are. `families` is a subset of {4, 6}: which kinds of addresses to ask for.

    `connect` are addresses given by the user: they are taken in place of any that would be found, and DNS is not asked.
    Never raises for what it meets. Where the budget runs out first, `failure` is set and what is known by then is kept.
    """
    if connect or is_address(target.name):
        addresses = tuple(dict.fromkeys(connect)) or (target.name,)
        return Route(kind=RouteKind.ADDRESS, hops=(Hop(host=target.name, preference=None, addresses=addresses),))

    mx: Answer | None = None
    kind, hosts = RouteKind.NONE, list[Host]()
    known: dict[Question, Answer] = {}
    rtypes = [_RTYPES[family] for family in sorted(families)]

    async def ask(question: Question) -> Answer:
        async with slots.questions:
            with budget.working():
                known[question] = answer = await world.resolve(question)
                return answer

    with budget.scope:
        if target.port is None:
            mx = await ask(Question(name=target.name, rtype="MX"))
            kind, hosts = _mail_hosts(mx)
        else:
            kind, hosts = RouteKind.HOST, [(None, target.name)]
        async with trio.open_nursery() as nursery:  # of 2 * limits.hosts at most
            for _, host in hosts[: limits.hosts]:
                for rtype in rtypes:
                    nursery.start_soon(ask, Question(name=host, rtype=rtype))

    hops = []
    for preference, host in hosts[: limits.hosts]:
        questions = [Question(name=host, rtype=rtype) for rtype in rtypes]
        hops.append(_hop(host, preference, [known[question] for question in questions if question in known], limits))
    late = Failure(stage=Stage.RESOLVE, kind=Kind.TIMEOUT, detail=f"names were not resolved in {limits.target:g} s")
    return Route(
        kind=kind,
        hops=tuple(hops),
        answers=() if mx is None else (mx,),
        omitted=len(hosts[limits.hosts :]),
        failure=late if budget.scope.cancelled_caught else None,
    )


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


def _hop(host: str, preference: int | None, answers: list[Answer], limits: Limits) -> Hop:
    addresses = tuple(dict.fromkeys(address for answer in answers for address in answer.records))
    return Hop(
        host=host,
        preference=preference,
        addresses=addresses[: limits.addresses],
        answers=tuple(answers),
        omitted=len(addresses[limits.addresses :]),
    )
