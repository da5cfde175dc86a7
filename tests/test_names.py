"""From target to addresses, in a world of dicts."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
import trio

from probe.model import Answer, Failure, Hop, Kind, Outcome, Question, Route, RouteKind, Stage, Target
from probe.observe import tlsa
from probe.observe.names import is_address, route
from probe.observe.world import QUESTIONS, Budget, Limits, Slots, World
from tests.world import (
    BOGUS,
    BOGUS_ZONE,
    FAILED,
    HANGS,
    INSECURE,
    NOTHING,
    SECURE,
    TIMEOUT,
    Statuses,
    Zone,
    fake_world,
    in_mock_time,
)

BOTH = frozenset({4, 6})
DOMAIN = Target(given="example.org", name="example.org", port=None)
HOST = Target(given="mx.example.org:25", name="mx.example.org", port=25)


async def find(
    zone: Zone,
    target: Target = DOMAIN,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    families: frozenset[int] = BOTH,
    connect: tuple[str, ...] = (),
    dane: bool = False,
    dnssec: Statuses = NOTHING,
) -> Route:
    async with fake_world(zone, dnssec=dnssec) as world:
        slots, budget = Slots(limits.connections), Budget(limits.target)
        return await route(target, world, limits, slots, budget, families=families, dane=dane, connect=connect)


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


@pytest.mark.parametrize("outcome", [Outcome.NXDOMAIN, Outcome.NODATA, FAILED, TIMEOUT, BOGUS])
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


@pytest.mark.parametrize("outcome", [Outcome.NXDOMAIN, FAILED, TIMEOUT, BOGUS])
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
        await route(DOMAIN, slow(world, 10), Limits(), Slots(2), Budget(60), families=BOTH, dane=False)
    assert trio.current_time() == pytest.approx(20)


@in_mock_time
async def test_only_so_many_questions_are_asked_at_a_time_and_waiting_for_a_turn_is_free() -> None:
    zone, found, slots = {"mx.example.org": {"A": ["192.0.2.1"]}}, list[Route](), Slots(2)
    async with fake_world(zone) as plain:
        world = slow(plain, 10)

        async def find_it() -> None:
            limits, budget = Limits(target=12), Budget(12)
            found.append(await route(HOST, world, limits, slots, budget, families=frozenset({4}), dane=False))

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


# TLSA: which questions are asked, in which order (RFC 7672 §2.2)

HASH = "3 1 1 " + 64 * "a"
PLAIN: Zone = {
    "mx.example.org": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]},
    "_25._tcp.mx.example.org": {"TLSA": [HASH]},
}
ALIASED: Zone = {
    "mx.example.org": {"CNAME": ["real.example.net"]},
    "real.example.net": {"A": ["192.0.2.1"]},
    "_25._tcp.mx.example.org": {"TLSA": [HASH]},
    "_25._tcp.real.example.net": {"TLSA": [HASH]},
}
OWN, EXPANDED = "_25._tcp.mx.example.org", "_25._tcp.real.example.net"
BOTH_SECURE: Statuses = {"example.org": SECURE, "example.net": SECURE}


def asked(hop: Hop) -> list[tuple[str, str]]:
    """The questions beyond addresses, and what came of them; that for CNAME in front."""
    answers = [hop.alias] if hop.alias else []
    return [(f"{each.question.name} {each.question.rtype}", each.outcome) for each in (*answers, *hop.tlsa)]


async def promised(zone: Zone, dnssec: Statuses, target: Target = HOST) -> Hop:
    (hop,) = (await find(zone, target, dane=True, dnssec=dnssec)).hops
    return hop


@pytest.mark.parametrize("dnssec", [{"example.org": SECURE}, NOTHING], ids=["secure", "not validated"])
@in_mock_time
async def test_a_host_without_alias_is_its_own_base(dnssec: Statuses) -> None:
    hop = await promised(PLAIN, dnssec)
    assert asked(hop) == [(f"{OWN} TLSA", Outcome.FOUND)]
    assert hop.tlsa[0].records == (HASH,)
    assert tlsa.base(hop) == "mx.example.org"


@pytest.mark.parametrize(
    ("target", "question"),
    [
        (Target(given="x", name="mx.example.org", port=2525), "_2525._tcp.mx.example.org TLSA"),
        (Target(given="x", name="mx.example.org", port=465, dialogue="smtps"), "_465._tcp.mx.example.org TLSA"),
        (Target(given="x", name="mx.example.org", port=443, dialogue="direct"), "_443._tcp.mx.example.org TLSA"),
        (Target(given="x", name="mx.example.org", port=None), f"{OWN} TLSA"),  # an implicit MX
        (DOMAIN, f"{OWN} TLSA"),
    ],
)
@in_mock_time
async def test_the_port_is_the_targets(target: Target, question: str) -> None:
    zone = {"example.org": {"MX": ["10 mx.example.org"]}, "mx.example.org": {"A": ["192.0.2.1"]}}
    assert asked(await promised(zone, BOTH_SECURE, target)) == [(question, Outcome.NXDOMAIN)]


@pytest.mark.parametrize("zone", [PLAIN, ALIASED])
@in_mock_time
async def test_where_it_is_not_wanted_it_is_not_asked(zone: Zone) -> None:
    (hop,) = (await find(zone, HOST, dane=False, dnssec=BOTH_SECURE)).hops
    assert asked(hop) == []


@in_mock_time
async def test_below_unsigned_addresses_there_is_nothing_to_ask() -> None:
    hop = await promised({**PLAIN, "_25._tcp.mx.example.org": HANGS}, {"elsewhere.example": SECURE})
    assert (asked(hop), hop.addresses) == ([], ("192.0.2.1", "2001:db8::1"))
    assert tlsa.base(hop) is None


@pytest.mark.parametrize(
    ("a", "aaaa", "secure"),
    [
        ((Outcome.FOUND, True), (Outcome.NODATA, True), True),
        ((Outcome.FOUND, True), (Outcome.FAILED, None), True),
        ((Outcome.FOUND, True), (Outcome.BOGUS, None), True),
        ((Outcome.FOUND, True), (Outcome.FOUND, None), True),  # asked, as nobody has shown that it is not
        ((Outcome.FOUND, True), (Outcome.FOUND, False), False),
        ((Outcome.FOUND, True), (Outcome.NODATA, False), False),
        ((Outcome.FOUND, False), (Outcome.FAILED, None), False),
    ],
)
@in_mock_time
async def test_a_host_is_as_secure_as_its_weakest_answer(
    a: tuple[Outcome, bool | None], aaaa: tuple[Outcome, bool | None], secure: bool
) -> None:
    said = {"A": a, "AAAA": aaaa, "TLSA": (Outcome.NODATA, True)}

    async def resolve(question: Question) -> Answer:
        outcome, validated = said[question.rtype]
        records = ("192.0.2.1" if question.rtype == "A" else "::1",) if outcome is Outcome.FOUND else ()
        return Answer(
            question=question, outcome=outcome, canonical=question.name, records=records, secure=validated, resolver="x"
        )

    assert bool(asked(await promised_by(resolve))) is secure


async def promised_by(resolve: Callable[[Question], Awaitable[Answer]]) -> Hop:
    async with fake_world() as world:
        found = await route(
            HOST, replace(world, resolve=resolve), Limits(), Slots(2), Budget(60), families=BOTH, dane=True
        )
    return found.hops[0]


@in_mock_time
async def test_names_that_only_this_machine_knows_have_no_tlsa() -> None:
    async def resolve(question: Question) -> Answer:
        assert question.rtype != "TLSA"
        found = ("127.0.0.1",)
        return Answer(
            question=question, outcome=Outcome.FOUND, canonical=question.name, records=found, resolver="system"
        )

    hop = await promised_by(resolve)
    assert (hop.addresses, asked(hop)) == (("127.0.0.1",), [])


@pytest.mark.parametrize("outcome", [Outcome.NXDOMAIN, Outcome.NODATA, FAILED, TIMEOUT, BOGUS])
@in_mock_time
async def test_without_addresses_there_is_nothing_to_ask(outcome: Outcome) -> None:
    hop = await promised({**PLAIN, "mx.example.org": outcome}, BOTH_SECURE)
    assert (hop.addresses, asked(hop)) == ((), [])


@pytest.mark.parametrize("target", [HOST, DOMAIN, Target(given="192.0.2.9", name="192.0.2.9", port=25)])
@in_mock_time
async def test_addresses_from_the_user_have_no_tlsa(target: Target) -> None:
    (hop,) = (await find({target.name: HANGS}, target, dane=True, connect=("192.0.2.7",))).hops
    assert asked(hop) == []


# ... of a host that is an alias

FOUND, NODATA, NXDOMAIN = Outcome.FOUND, Outcome.NODATA, Outcome.NXDOMAIN


@pytest.mark.parametrize("dnssec", [BOTH_SECURE, NOTHING], ids=["secure", "not validated"])
@in_mock_time
async def test_the_expanded_name_comes_first(dnssec: Statuses) -> None:
    hop = await promised(ALIASED, dnssec)
    assert asked(hop) == [(f"{EXPANDED} TLSA", FOUND)]
    assert (hop.host, tlsa.base(hop)) == ("mx.example.org", "real.example.net")


@pytest.mark.parametrize("outcome", [NODATA, NXDOMAIN])
@in_mock_time
async def test_where_it_holds_nothing_the_name_itself_is_next(outcome: Outcome) -> None:
    hop = await promised({**ALIASED, EXPANDED: outcome}, BOTH_SECURE)
    assert asked(hop) == [(f"{EXPANDED} TLSA", outcome), (f"{OWN} TLSA", FOUND)]
    assert tlsa.base(hop) == "mx.example.org"


@in_mock_time
async def test_unsigned_records_under_the_expanded_name_are_nothing() -> None:
    hop = await promised(ALIASED, {**BOTH_SECURE, "_tcp.real.example.net": INSECURE})
    assert asked(hop) == [(f"{EXPANDED} TLSA", FOUND), (f"{OWN} TLSA", FOUND)]
    assert tlsa.base(hop) == "mx.example.org"


@pytest.mark.parametrize("outcome", [FAILED, TIMEOUT, BOGUS])
@in_mock_time
async def test_an_error_is_no_absence(outcome: Outcome) -> None:
    hop = await promised({**ALIASED, EXPANDED: outcome}, BOTH_SECURE)
    assert asked(hop) == [(f"{EXPANDED} TLSA", outcome)]
    assert tlsa.base(hop) is None


@in_mock_time
async def test_a_bogus_zone_of_records_is_an_error_too() -> None:
    hop = await promised(PLAIN, {"example.org": SECURE, "_tcp.mx.example.org": BOGUS_ZONE})
    assert asked(hop) == [(f"{OWN} TLSA", BOGUS)]


@in_mock_time
async def test_where_only_the_way_begins_signed_the_name_itself_is_the_base() -> None:
    hop = await promised(ALIASED, {"example.org": SECURE})
    assert asked(hop) == [("mx.example.org CNAME", FOUND), (f"{OWN} TLSA", FOUND)]
    assert hop.alias
    assert (hop.alias.secure, hop.alias.records) == (True, ("real.example.net",))
    assert tlsa.base(hop) == "mx.example.org"


@in_mock_time
async def test_where_it_begins_unsigned_there_is_no_base() -> None:
    hop = await promised(ALIASED, {"example.net": SECURE})
    assert asked(hop) == [("mx.example.org CNAME", FOUND)]
    assert hop.alias
    assert hop.alias.secure is False


@pytest.mark.parametrize("outcome", [FAILED, TIMEOUT, BOGUS, NODATA])
@in_mock_time
async def test_an_alias_that_cannot_be_looked_up_has_no_base(outcome: Outcome) -> None:
    async def resolve(question: Question) -> Answer:
        held = {"CNAME": outcome, "A": FOUND, "AAAA": NODATA}[question.rtype]  # nothing else is asked
        return Answer(
            question=question,
            outcome=held,
            canonical="real.example.net",
            records=("192.0.2.1",) if held is FOUND else (),
            aliases=() if question.rtype == "CNAME" else ("mx.example.org",),
            secure=held is NODATA and question.rtype == "CNAME",
        )

    hop = await promised_by(resolve)
    assert asked(hop) == [("mx.example.org CNAME", outcome)]


@in_mock_time
async def test_the_expanded_name_is_the_one_that_led_to_addresses() -> None:
    async def resolve(question: Question) -> Answer:  # one kind was asked for before the alias changed
        found, old = question.rtype == "AAAA", question.rtype == "A"
        return Answer(
            question=question,
            outcome=FOUND if found else NODATA,
            canonical="old.example.net" if old else "real.example.net" if found else question.name,
            records=("::1",) if found else (),
            aliases=("mx.example.org",) if found or old else (),
        )

    hop = await promised_by(resolve)
    assert asked(hop) == [(f"{EXPANDED} TLSA", NODATA), (f"{OWN} TLSA", NODATA)]


@in_mock_time
async def test_records_may_themselves_stand_behind_an_alias() -> None:
    zone: Zone = {
        **PLAIN,
        "_25._tcp.mx.example.org": {"CNAME": ["tlsa.example.net"]},
        "tlsa.example.net": {"TLSA": [HASH]},
    }
    hop = await promised(zone, BOTH_SECURE)
    assert asked(hop) == [(f"{OWN} TLSA", FOUND)]
    assert (hop.tlsa[0].canonical, hop.tlsa[0].records) == ("tlsa.example.net", (HASH,))
    assert tlsa.base(hop) == "mx.example.org"  # and not where the records are: RFC 7671 §7
    unsigned = await promised(zone, {"example.org": SECURE})
    assert unsigned.tlsa[0].secure is False
    assert tlsa.base(unsigned) is None


@in_mock_time
async def test_an_alias_of_the_domain_is_its_host() -> None:
    zone: Zone = {**ALIASED, "example.org": {"CNAME": ["real.example.net"]}}
    hop = await promised(zone, BOTH_SECURE, DOMAIN)
    assert (hop.host, asked(hop)) == ("real.example.net", [(f"{EXPANDED} TLSA", FOUND)])


# ... of many hosts, and of servers that do not answer


@in_mock_time
async def test_hosts_beyond_the_limit_are_not_asked_for() -> None:
    names = [f"mx{number}.example.org" for number in range(20)]
    zone: Zone = {
        "example.org": {"MX": [f"10 {name}" for name in names]},
        **{name: {"A": ["192.0.2.1"]} for name in names},
    }
    questions: list[Question] = []
    async with fake_world(zone, dnssec=BOTH_SECURE) as world:

        async def resolve(question: Question) -> Answer:
            questions.append(question)
            return await world.resolve(question)

        counted = replace(world, resolve=resolve)
        found = await route(DOMAIN, slow(counted, 1), Limits(hosts=3), Slots(2), Budget(60), families=BOTH, dane=True)
    assert [question.rtype for question in questions].count("TLSA") == 3
    assert all(asked(hop) for hop in found.hops)
    assert trio.current_time() == pytest.approx(3)  # MX, then addresses, then TLSA, each side by side


@in_mock_time
async def test_dead_servers_of_tlsa_leave_half_of_the_time() -> None:
    zone: Zone = {
        "example.org": {"MX": ["10 a.example.org", "10 b.example.org", "20 c.example.org"]},
        "a.example.org": {"A": ["192.0.2.1"]},
        "b.example.org": {"A": ["192.0.2.2"]},
        "c.example.org": {"CNAME": ["d.example.net"]},
        "d.example.net": {"A": ["192.0.2.3"]},
        "_25._tcp.a.example.org": {"TLSA": [HASH]},
        "_25._tcp.b.example.org": HANGS,
        "_25._tcp.c.example.org": HANGS,
    }
    budget = Budget(60)
    async with fake_world(zone, dnssec=BOTH_SECURE) as world:
        found = await route(DOMAIN, slow(world, 10), Limits(), Slots(2), budget, families=BOTH, dane=True)
    assert trio.current_time() == pytest.approx(40)  # 20 for MX and addresses, then half of the rest
    assert budget.left == pytest.approx(20)
    assert found.failure is None
    a, b, c = found.hops
    assert [hop.addresses for hop in found.hops] == [("192.0.2.1",), ("192.0.2.2",), ("192.0.2.3",)]
    assert asked(a) == [("_25._tcp.a.example.org TLSA", FOUND)]
    assert asked(b) == [("_25._tcp.b.example.org TLSA", TIMEOUT)]
    assert asked(c) == [("_25._tcp.d.example.net TLSA", NXDOMAIN), ("_25._tcp.c.example.org TLSA", TIMEOUT)]
    assert b.tlsa[0].detail == "no answer in the 20 s that were left for it"


@in_mock_time
async def test_time_runs_out_before_tlsa_can_be_asked() -> None:
    found = await find({**PLAIN, "mx.example.org": {"A": ["192.0.2.1"], "AAAA": HANGS}}, HOST, dane=True)
    assert (found.failure, found.hops[0].addresses, asked(found.hops[0])) == (LATE, ("192.0.2.1",), [])
