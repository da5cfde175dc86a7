"""Everything about one target, gathered side by side within its time: the route, then every address of every host."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from weakref import WeakValueDictionary

import trio

from probe.model import Endpoint, Evidence, Failure, Kind, Observation, Route, Stage, Target
from probe.observe.endpoint import observe
from probe.observe.names import is_address
from probe.observe.names import route as find_route
from probe.observe.tls import ClientCertificate
from probe.observe.world import Limits, World

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
    resolvers: tuple[str, ...] = ()  # only to be written down: who stands behind `World.resolve`


class Slots:
    """At most so many connections to one address at a time, whoever asks: we are guests there."""

    def __init__(self, each: int) -> None:
        self._each = each
        # A sweep meets millions of addresses: what nobody holds or waits for is forgotten.
        self._limiters: WeakValueDictionary[str, trio.CapacityLimiter] = WeakValueDictionary()

    def at(self, address: str) -> trio.CapacityLimiter:
        """The limiter to hold while connected to this address."""
        limiter = self._limiters.get(address)
        if limiter is None:
            limiter = self._limiters[address] = trio.CapacityLimiter(self._each)
        return limiter


class Budget:
    """A target's time, in seconds. It runs while anything of the target is at work: waiting for a slot is free."""

    def __init__(self, seconds: float) -> None:
        self.scope = trio.CancelScope()
        if seconds <= 0:
            self.scope.cancel()
        self._left = seconds
        self._working = 0

    @contextmanager
    def working(self) -> Iterator[None]:
        if not self._working:
            self.scope.deadline = trio.current_time() + self._left
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1
            if not self._working:
                self._left = self.scope.deadline - trio.current_time()
                self.scope.deadline = math.inf


async def gather(target: Target, world: World, manner: Manner, slots: Slots) -> Evidence:
    """All evidence on a target. When its time runs out, what was seen until then is the evidence."""
    at, began, limits = world.now(), trio.current_time(), manner.limits
    route = await find_route(target, world, limits, families=manner.families, connect=manner.connect)
    budget = Budget(limits.target - (trio.current_time() - began))
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
    answered = dict.fromkeys(answer.resolver for answer in answers if answer.resolver)
    return tuple(answered) or (manner.resolvers if answers else ())


def _unseen(endpoint: Endpoint, world: World) -> Observation:
    failure = Failure(stage=Stage.CONNECT, kind=Kind.TIMEOUT, detail="the target's time ran out before its turn")
    return Observation(endpoint=endpoint, at=world.now(), failure=failure, attempted=False)
