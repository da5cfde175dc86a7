"""From target to addresses, in a world of dicts."""

from dataclasses import replace

import pytest
import trio

from probe.model import Answer, Failure, Hop, Kind, Outcome, Question, Route, RouteKind, Stage, Target
from probe.observe.names import is_address, route
from probe.observe.world import QUESTIONS, Budget, Limits, Slots, World
from tests.world import FAILED, HANGS, TIMEOUT, Zone, fake_world, in_mock_time

BOTH = frozenset({4, 6})
DOMAIN = Target(given="example.org", name="example.org", port=None)
HOST = Target(given="mx.example.org:25", name="mx.example.org", port=25)


async def find(
    zone: Zone,
    target: Target = DOMAIN,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    families: frozenset[int] = BOTH,
    connect: tuple[str, ...] = (),
) -> Route:
    async with fake_world(zone) as world:
        slots, budget = Slots(limits.connections), Budget(limits.target)
        return await route(target, world, limits, slots, budget, families=families, connect=connect)


def hosts(found: Route) -> list[tuple[int | None, str]]:
    return [(hop.preference, hop.host) for hop in found.hops]


# Targets that name a host, or an address


@in_mock_time
async def test_a_host_is_asked_for_both_kinds_of_addresses() -> None:
    found = await find({"mx.example.org": {"A": ["192.0.2.1", "192.0.2.2"], "AAAA": ["2001:db8::1"]}}, HOST)
    assert found.kind is RouteKind.HOST
    assert found.answers == ()
    (hop,) = found.hops
    assert (hop.host, hop.preference) == ("mx.example.org", None)
    assert hop.addresses == ("192.0.2.1", "192.0.2.2", "2001:db8::1")
    assert [answer.question.rtype for answer in hop.answers] == ["A", "AAAA"]


@pytest.mark.parametrize(("family", "rtype"), [(4, "A"), (6, "AAAA")])
@in_mock_time
async def test_only_the_wanted_kind_is_asked_for(family: int, rtype: str) -> None:
    found = await find({"mx.example.org": {"A": ["192.0.2.1"], "AAAA": ["::1"]}}, HOST, families=frozenset({family}))
    assert [answer.question.rtype for answer in found.hops[0].answers] == [rtype]


@pytest.mark.parametrize("outcome", [Outcome.NXDOMAIN, Outcome.NODATA, FAILED, TIMEOUT])
@in_mock_time
async def test_a_host_without_addresses_keeps_the_answers_that_say_why(outcome: Outcome) -> None:
    (hop,) = (await find({"mx.example.org": {"A": outcome, "AAAA": Outcome.NODATA}}, HOST)).hops
    assert hop.addresses == ()
    assert [answer.outcome for answer in hop.answers] == [outcome, Outcome.NODATA]


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "fe80::1%eth0"])
@pytest.mark.parametrize("port", [25, None])
@in_mock_time
async def test_an_address_asks_nothing(address: str, port: int | None) -> None:
    found = await find({address: HANGS}, Target(given=address, name=address, port=port))
    assert found == Route(kind=RouteKind.ADDRESS, hops=(Hop(host=address, preference=None, addresses=(address,)),))


@pytest.mark.parametrize("target", [DOMAIN, HOST, Target(given="192.0.2.9", name="192.0.2.9", port=25)])
@in_mock_time
async def test_addresses_from_the_user_take_the_place_of_any_other(target: Target) -> None:
    found = await find({target.name: HANGS}, target, connect=("192.0.2.7", "::1", "192.0.2.7"))
    assert found.kind is RouteKind.ADDRESS
    assert found.hops == (Hop(host=target.name, preference=None, addresses=("192.0.2.7", "::1")),)


@pytest.mark.parametrize(
    ("name", "yes"), [("::1", True), ("192.0.2.1", True), ("192.0.2", False), ("mx.example", False)]
)
def test_what_is_an_address(name: str, yes: bool) -> None:
    assert is_address(name) is yes


# MX


@in_mock_time
async def test_hosts_come_by_preference_and_then_by_name() -> None:
    found = await find({"example.org": {"MX": ["20 a.example", "5 c.example", "10 d.example", "10 b.example"]}})
    assert found.kind is RouteKind.MX
    assert hosts(found) == [(5, "c.example"), (10, "b.example"), (10, "d.example"), (20, "a.example")]
    assert [answer.question.rtype for answer in found.answers] == ["MX"]


@in_mock_time
async def test_a_host_named_twice_is_one_host() -> None:
    found = await find({"example.org": {"MX": ["20 a.example", "10 b.example", "5 a.example"]}})
    assert hosts(found) == [(5, "a.example"), (10, "b.example")]


@in_mock_time
async def test_an_mx_host_that_is_an_alias_shows_it() -> None:
    zone = {
        "example.org": {"MX": ["10 mx.example"]},
        "mx.example": {"CNAME": ["real.example"]},
        "real.example": {"A": ["192.0.2.1"]},
    }
    (hop,) = (await find(zone)).hops
    assert (hop.host, hop.addresses) == ("mx.example", ("192.0.2.1",))
    assert {(answer.aliases, answer.canonical) for answer in hop.answers} == {(("mx.example",), "real.example")}


@in_mock_time
async def test_an_mx_host_that_looks_like_an_address_is_a_name() -> None:
    (hop,) = (await find({"example.org": {"MX": ["10 192.0.2.1"]}})).hops
    assert hop.addresses == ()
    assert {answer.outcome for answer in hop.answers} == {Outcome.NXDOMAIN}


@pytest.mark.parametrize("records", [["0 ."], ["10 ."], ["0 .", "10 ."]])
@in_mock_time
async def test_null_mx(records: list[str]) -> None:
    found = await find({"example.org": {"MX": records, "A": HANGS}})
    assert (found.kind, found.hops) == (RouteKind.NULL_MX, ())
    assert set(found.answers[0].records) == set(records)


@in_mock_time
async def test_a_null_mx_beside_others_is_no_host() -> None:
    found = await find({"example.org": {"MX": ["0 .", "10 mx.example"]}})
    assert (found.kind, hosts(found)) == (RouteKind.MX, [(10, "mx.example")])


@in_mock_time
async def test_without_mx_the_domain_is_its_host() -> None:
    found = await find({"example.org": {"A": ["192.0.2.1"]}})
    assert (found.kind, hosts(found)) == (RouteKind.IMPLICIT_MX, [(0, "example.org")])
    assert found.hops[0].addresses == ("192.0.2.1",)


@in_mock_time
async def test_an_alias_without_mx_leads_to_its_own_host() -> None:
    found = await find({"example.org": {"CNAME": ["example.net"]}, "example.net": {"A": ["192.0.2.1"]}})
    assert (found.kind, hosts(found)) == (RouteKind.IMPLICIT_MX, [(0, "example.net")])
    assert found.answers[0].aliases == ("example.org",)


@pytest.mark.parametrize("outcome", [Outcome.NXDOMAIN, FAILED, TIMEOUT])
@in_mock_time
async def test_no_knowledge_of_mx_is_no_implicit_mx(outcome: Outcome) -> None:
    found = await find({"example.org": {"MX": outcome, "A": ["192.0.2.1"]}})
    assert (found.kind, found.hops) == (RouteKind.NONE, ())
    assert [answer.outcome for answer in found.answers] == [outcome]


# Limits


@in_mock_time
async def test_hosts_and_addresses_beyond_the_limits_are_counted() -> None:
    zone = {
        "example.org": {"MX": [f"{i} mx{i}.example" for i in range(10_000)]},
        "mx0.example": {"A": [f"192.0.2.{i}" for i in range(5)], "AAAA": ["2001:db8::1"]},
    }
    found = await find(zone, limits=Limits(hosts=3, addresses=2))
    assert hosts(found) == [(0, "mx0.example"), (1, "mx1.example"), (2, "mx2.example")]
    assert found.omitted == 9_997
    assert (found.hops[0].addresses, found.hops[0].omitted) == (("192.0.2.0", "192.0.2.1"), 4)
    assert (found.hops[1].addresses, found.hops[1].omitted) == ((), 0)


@in_mock_time
async def test_an_address_named_twice_is_one_address() -> None:
    (hop,) = (await find({"mx.example.org": {"A": ["192.0.2.1", "192.0.2.1"]}}, HOST, limits=Limits(addresses=1))).hops
    assert (hop.addresses, hop.omitted) == (("192.0.2.1",), 0)


@in_mock_time
async def test_all_hosts_are_asked_for_side_by_side() -> None:
    zone = {"example.org": {"MX": [f"{i} mx{i}.example" for i in range(16)]}}
    async with fake_world(zone) as world:
        await route(DOMAIN, slow(world, 10), Limits(), Slots(2), Budget(60), families=BOTH)
    assert trio.current_time() == pytest.approx(20)


@in_mock_time
async def test_only_so_many_questions_are_asked_at_a_time_and_waiting_for_a_turn_is_free() -> None:
    zone, found, slots = {"mx.example.org": {"A": ["192.0.2.1"]}}, list[Route](), Slots(2)
    async with fake_world(zone) as plain:
        world = slow(plain, 10)

        async def find_it() -> None:
            found.append(await route(HOST, world, Limits(target=12), slots, Budget(12), families=frozenset({4})))

        async with trio.open_nursery() as nursery:
            for _ in range(3 * QUESTIONS):
                nursery.start_soon(find_it)
    assert trio.current_time() == pytest.approx(30)
    assert [(each.failure, each.hops[0].addresses) for each in found] == [(None, ("192.0.2.1",))] * 3 * QUESTIONS


def slow(world: World, seconds: float) -> World:
    async def resolve(question: Question) -> Answer:
        await trio.sleep(seconds)
        return await world.resolve(question)

    return replace(world, resolve=resolve)


LATE = Failure(stage=Stage.RESOLVE, kind=Kind.TIMEOUT, detail="names were not resolved in 60 s")


@in_mock_time
async def test_time_runs_out_before_mx_is_known() -> None:
    assert await find({"example.org": HANGS}) == Route(kind=RouteKind.NONE, failure=LATE)


@in_mock_time
async def test_time_runs_out_and_what_is_known_is_kept() -> None:
    zone: Zone = {
        "example.org": {"MX": ["10 a.example", "20 b.example"]},
        "a.example": {"A": ["192.0.2.1"], "AAAA": HANGS},
        "b.example": HANGS,
    }
    found = await find(zone)
    assert (found.kind, found.failure) == (RouteKind.MX, LATE)
    assert [answer.records for answer in found.answers] == [("10 a.example", "20 b.example")]
    assert [(hop.host, hop.addresses) for hop in found.hops] == [("a.example", ("192.0.2.1",)), ("b.example", ())]
