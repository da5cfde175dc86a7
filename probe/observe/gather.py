"""Everything about one target, gathered side by side within its time: the route, then every address of every host; and
beside them what a mail domain has promised in TXT records and in a policy.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from probe.model import (
    Answer,
    Endpoint,
    Evidence,
    Failure,
    Hop,
    Kind,
    MtaSts,
    Observation,
    Question,
    Remembered,
    Route,
    RouteKind,
    Stage,
    Target,
    every_answer,
)
from probe.observe import policy, tls, tlsa
from probe.observe.asking import Asking, side_by_side
from probe.observe.endpoint import observe
from probe.observe.names import is_address
from probe.observe.names import route as find_route
from probe.observe.world import Budget, Limits, Slots, World

NO_SNI = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How to look. `sni` None sends each host's own name, `NO_SNI` none at all; `ehlo` None greets with an address
    literal; `connect` are addresses to observe instead of those that names lead to; `repeat` counts the connections to
    each address. `dane`, `mta_sts` and `tlsrpt` say which promises to look up; `remembered` are the policies that
    earlier looks had fetched, by domain."""

    limits: Limits = field(default_factory=Limits)
    families: frozenset[int] = frozenset({4, 6})
    connect: tuple[str, ...] = ()
    sni: str | None = None
    ehlo: str | None = None
    repeat: int = 1
    certificate: tls.ClientCertificate | None = None
    dane: bool = True
    mta_sts: bool = True
    tlsrpt: bool = True
    remembered: Mapping[str, Remembered] = field(default_factory=dict)
    resolvers: tuple[str, ...] = ()  # only to be written down, where no answer tells who was asked


async def gather(target: Target, world: World, manner: Manner, slots: Slots) -> Evidence:
    """All evidence on a target. When its time runs out, what was seen until then is the evidence."""
    at, seen = world.now(), _Seen(target, world, manner, slots)
    jobs = [seen.look_at_hosts]
    if target.port is None and not manner.connect and not is_address(target.name):  # a mail domain, and DNS is asked
        jobs += [seen.look_at_policy] if manner.mta_sts else []
        jobs += [seen.look_at_reporting] if manner.tlsrpt else []
    await side_by_side(jobs)
    return Evidence(
        target=target,
        at=at,
        route=seen.route,
        observations=seen.observations,
        alternatives=tuple(seen.alternatives[number] for number in sorted(seen.alternatives)),
        mta_sts=seen.mta_sts,
        tlsrpt=seen.tlsrpt,
        resolvers=_asked(seen, manner),
        ehlo=manner.ehlo,
        client_certificate=manner.certificate is not None,
    )


class _Seen:
    """Evidence in the making. Hosts, policy and reporting know nothing of each other; each has the target's time."""

    def __init__(self, target: Target, world: World, manner: Manner, slots: Slots) -> None:
        self._target, self._world, self._manner, self._slots = target, world, manner, slots
        self.route = Route(kind=RouteKind.NONE)
        self.observations: tuple[Observation, ...] = ()
        self.alternatives: dict[int, Observation] = {}
        self.mta_sts: MtaSts | None = None
        self.tlsrpt: Answer | None = None

    async def look_at_hosts(self) -> None:
        """The route, and then every address of every host."""
        target, world, manner = self._target, self._world, self._manner
        budget = Budget(manner.limits.target)
        self.route = await find_route(
            target,
            world,
            manner.limits,
            self._slots,
            budget,
            families=manner.families,
            dane=manner.dane,
            connect=manner.connect,
        )
        budget = Budget(budget.left)
        promising = {hop.host for hop in self.route.hops if tlsa.base(hop) is not None}
        endpoints = [endpoint for endpoint in _endpoints(target, self.route, manner) for _ in range(manner.repeat)]
        seen: dict[int, Observation] = {}

        async def look(number: int, endpoint: Endpoint) -> None:
            await self._visit(endpoint, budget, partial(seen.__setitem__, number))
            if endpoint.host in promising and number % manner.repeat == 0 and (offer := _other_offer(seen[number])):
                other = replace(endpoint, offer=offer)  # in line again for a place, behind those who had none yet
                await self._visit(other, budget, partial(self.alternatives.__setitem__, number))

        with budget.scope:
            await side_by_side([partial(look, number, endpoint) for number, endpoint in enumerate(endpoints)])
        self.observations = tuple(
            seen.get(number) or _unseen(endpoint, world) for number, endpoint in enumerate(endpoints)
        )

    async def _visit(self, endpoint: Endpoint, budget: Budget, record: Callable[[Observation], None]) -> None:
        manner = self._manner
        async with self._slots.at(endpoint.address):
            with budget.working():
                await observe(
                    endpoint,
                    self._world,
                    manner.limits,
                    ehlo=manner.ehlo,
                    certificate=manner.certificate,
                    record=record,
                )

    async def look_at_policy(self) -> None:
        """RFC 8461."""
        domain, manner = self._target.name, self._manner
        self.mta_sts = await policy.look(
            domain,
            self._world,
            manner.limits,
            self._slots,
            Budget(manner.limits.target),
            families=manner.families,
            remembered=manner.remembered.get(domain),
        )

    async def look_at_reporting(self) -> None:
        """RFC 8460 §3."""
        budget = Budget(self._manner.limits.target)
        ask = Asking(self._world, self._slots, budget)
        with budget.scope:
            await ask(Question(name=f"_smtp._tls.{self._target.name}", rtype="TXT"))
        (self.tlsrpt,) = ask.answers


def _endpoints(target: Target, route: Route, manner: Manner) -> Iterator[Endpoint]:
    for hop in route.hops:
        server_name = _server_name(hop) if manner.sni is None else None if manner.sni == NO_SNI else manner.sni
        for address in hop.addresses:
            yield Endpoint(
                host=hop.host,
                address=address,
                port=target.port or 25,
                server_name=server_name,
                dialogue=target.dialogue,
            )


def _server_name(hop: Hop) -> str | None:
    name = tlsa.base(hop) or hop.host  # RFC 7672 §8.1, RFC 7671 §3: the TLSA base domain
    # RFC 6066 §3: SNI carries host names, no addresses, and nothing that only DNS can carry.
    return None if is_address(name) or "\\" in name else name


def _other_offer(seen: Observation) -> str:
    """Which offer shows the other certificate of a server that has two; empty where there was none to begin with."""
    return tls.other_offer(seen.chain.der[0]) if seen.session and seen.chain else ""


def _asked(seen: _Seen, manner: Manner) -> tuple[str, ...]:
    answers = list(every_answer(seen.route, seen.mta_sts, seen.tlsrpt))
    asked = dict.fromkeys(who for answer in answers if answer.resolver for who in answer.resolver.split(", "))
    return tuple(asked) or (manner.resolvers if seen.route.failure or answers else ())


def _unseen(endpoint: Endpoint, world: World) -> Observation:
    failure = Failure(stage=Stage.CONNECT, kind=Kind.TIMEOUT, detail="the target's time ran out before its turn")
    return Observation(endpoint=endpoint, at=world.now(), failure=failure, attempted=False)
