"""Everything about one target, gathered side by side within its time: the route, then every address of every host."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import trio

from probe.model import Endpoint, Evidence, Failure, Kind, Observation, Route, Stage, Target
from probe.observe.endpoint import observe
from probe.observe.names import is_address
from probe.observe.names import route as find_route
from probe.observe.tls import ClientCertificate
from probe.observe.world import Budget, Limits, Slots, World

NO_SNI = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How to look. `sni` None sends each host's own name, `NO_SNI` none at all; `ehlo` None greets with an address
    literal; `connect` are addresses to observe instead of those that names lead to; `repeat` counts the connections to
    each address."""

    limits: Limits = field(default_factory=Limits)
    families: frozenset[int] = frozenset({4, 6})
    connect: tuple[str, ...] = ()
    sni: str | None = None
    ehlo: str | None = None
    repeat: int = 1
    certificate: ClientCertificate | None = None
    resolvers: tuple[str, ...] = ()  # only to be written down, where no answer tells who was asked


async def gather(target: Target, world: World, manner: Manner, slots: Slots) -> Evidence:
    """All evidence on a target. When its time runs out, what was seen until then is the evidence."""
    at, limits = world.now(), manner.limits
    budget = Budget(limits.target)
    route = await find_route(target, world, limits, slots, budget, families=manner.families, connect=manner.connect)
    budget = Budget(budget.left)
    endpoints = [endpoint for endpoint in _endpoints(target, route, manner) for _ in range(manner.repeat)]
    seen: dict[int, Observation] = {}

    async def look(number: int, endpoint: Endpoint) -> None:
        record = partial(seen.__setitem__, number)
        async with slots.at(endpoint.address):
            with budget.working():
                await observe(endpoint, world, limits, ehlo=manner.ehlo, certificate=manner.certificate, record=record)

    with budget.scope:
        if len(endpoints) == 1:  # a sweep's usual case, and a nursery costs a tenth of a handshake
            await look(0, endpoints[0])
        else:
            async with trio.open_nursery() as nursery:
                for number, endpoint in enumerate(endpoints):
                    nursery.start_soon(look, number, endpoint)

    return Evidence(
        target=target,
        at=at,
        route=route,
        observations=tuple(seen.get(number) or _unseen(endpoint, world) for number, endpoint in enumerate(endpoints)),
        resolvers=_asked(route, manner),
        ehlo=manner.ehlo,
        client_certificate=manner.certificate is not None,
    )


def _endpoints(target: Target, route: Route, manner: Manner) -> Iterator[Endpoint]:
    for hop in route.hops:
        # RFC 6066 §3: SNI carries host names, no addresses, and nothing that only DNS can carry.
        own_name = None if is_address(hop.host) or "\\" in hop.host else hop.host
        server_name = own_name if manner.sni is None else None if manner.sni == NO_SNI else manner.sni
        for address in hop.addresses:
            yield Endpoint(
                host=hop.host,
                address=address,
                port=target.port or 25,
                server_name=server_name,
                dialogue=target.dialogue,
            )


def _asked(route: Route, manner: Manner) -> tuple[str, ...]:
    answers = [answer for answers in (route.answers, *(hop.answers for hop in route.hops)) for answer in answers]
    asked = dict.fromkeys(who for answer in answers if answer.resolver for who in answer.resolver.split(", "))
    return tuple(asked) or (manner.resolvers if answers or route.failure else ())


def _unseen(endpoint: Endpoint, world: World) -> Observation:
    failure = Failure(stage=Stage.CONNECT, kind=Kind.TIMEOUT, detail="the target's time ran out before its turn")
    return Observation(endpoint=endpoint, at=world.now(), failure=failure, attempted=False)
