"""All of a target: which endpoints are looked at, how many at a time, and what becomes of them when time runs out."""

import errno
import os
import socket
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

import pytest
import trio

from probe.demo.peer import Reply, Script, reply
from probe.errors import ShortageError
from probe.model import (
    Answer,
    Evidence,
    Failure,
    Kind,
    Observation,
    Outcome,
    Question,
    Remembered,
    RouteKind,
    Stage,
    Target,
)
from probe.observe.gather import NO_SNI, Manner, gather
from probe.observe.world import Budget, Limits, Slots, World
from tests.observing import REQUIRE, TLS_1_2, client_certificate, ended, healthy, in_turn, issuing, leaf, server, tapped
from tests.pki import Issued
from tests.world import (
    BOGUS,
    BOGUS_ZONE,
    FAILED,
    HANGS,
    INSECURE,
    NOW,
    SECURE,
    TIMEOUT,
    Held,
    Servers,
    Statuses,
    Zone,
    fake_world,
    in_mock_time,
)

ZONE: Final[Zone] = {
    "example.org": {"MX": ["10 mx1.example.org", "20 mx2.example.org"]},
    "mx1.example.org": {"A": ["192.0.2.1", "192.0.2.2"], "AAAA": ["2001:db8::1"]},
    "mx2.example.org": {"A": ["192.0.2.3"], "AAAA": Outcome.NODATA},
    "null.example": {"MX": ["0 ."]},
}
ADDRESSES = ("192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.3")
EVERYWHERE: Final[Servers] = {(address, 25): in_turn([healthy()]) for address in ADDRESSES}

DOMAIN = Target(given="example.org", name="example.org", port=None)
HOST = Target(given="mx1.example.org:25", name="mx1.example.org", port=25)
ADDRESS = Target(given="192.0.2.1:25", name="192.0.2.1", port=25)

RAN_OUT = (Stage.CONNECT, Kind.TIMEOUT, "the target's time ran out")
NEVER = (Stage.CONNECT, Kind.TIMEOUT, "the target's time ran out before its turn")


async def gathered(
    target: Target,
    zone: Zone = ZONE,
    servers: Servers = EVERYWHERE,
    slots: Slots | None = None,
    manner: Manner = Manner(),  # noqa: B008 - frozen
) -> Evidence:
    async with fake_world(zone, servers) as world:
        return await gather(target, world, manner, slots or Slots(2))


def within(seconds: float, **others: int) -> Manner:
    return Manner(limits=replace(Limits(target=seconds), **others), dane=False, mta_sts=False, tlsrpt=False)


# Which endpoints


@in_mock_time
async def test_every_address_of_every_host() -> None:
    evidence = await gathered(DOMAIN)
    assert (evidence.target, evidence.at, evidence.route.kind) == (DOMAIN, NOW, RouteKind.MX)
    seen = [(each.endpoint.host, each.endpoint.address, each.endpoint.port) for each in evidence.observations]
    assert seen == [
        ("mx1.example.org", "192.0.2.1", 25),
        ("mx1.example.org", "192.0.2.2", 25),
        ("mx1.example.org", "2001:db8::1", 25),
        ("mx2.example.org", "192.0.2.3", 25),
    ]
    assert [each.failure for each in evidence.observations] == [None] * 4
    assert [each.endpoint.server_name for each in evidence.observations] == [host for host, *_ in seen]


@in_mock_time
async def test_one_bad_address_hides_no_other() -> None:
    servers: Servers = {**EVERYWHERE, ("192.0.2.1", 25): HANGS, ("192.0.2.2", 25): OSError("no")}
    evidence = await gathered(DOMAIN, servers=servers)
    assert [bool(each.failure) for each in evidence.observations] == [True, True, False, False]
    assert all(each.attempted for each in evidence.observations)


@in_mock_time
async def test_they_are_looked_at_side_by_side() -> None:
    slow = in_turn([replace(healthy(), banner=Reply(b"220 x\r\n", drip=1))])
    await gathered(DOMAIN, servers=dict.fromkeys(EVERYWHERE, slow))
    assert trio.current_time() == pytest.approx(7)


@pytest.mark.parametrize("count", [1, 2, 5])
@in_mock_time
async def test_every_address_is_looked_at_as_often_as_is_asked(count: int) -> None:
    evidence = await gathered(DOMAIN, manner=Manner(repeat=count))
    assert [each.endpoint.address for each in evidence.observations] == [
        address for address in ADDRESSES for _ in range(count)
    ]
    assert {each.failure for each in evidence.observations} == {None}


@pytest.mark.parametrize("dialogue", ["smtps", "direct"])
@in_mock_time
async def test_port_and_dialogue_are_the_targets(dialogue: str) -> None:
    target = Target(given="x", name="mx2.example.org", port=4465, dialogue=dialogue)
    served = in_turn([replace(healthy(), tls_first=True)])
    (seen,) = (await gathered(target, servers={("192.0.2.3", 4465): served})).observations
    assert (seen.failure, seen.endpoint.port, seen.endpoint.dialogue) == (None, 4465, dialogue)


@pytest.mark.parametrize(
    ("target", "manner", "names"),
    [
        (HOST, Manner(), {"mx1.example.org"}),
        (HOST, Manner(sni="other.example"), {"other.example"}),
        (HOST, Manner(sni=NO_SNI), {None}),
        (ADDRESS, Manner(), {None}),  # RFC 6066 §3
        (ADDRESS, Manner(sni="other.example"), {"other.example"}),
        (ADDRESS, Manner(sni=NO_SNI), {None}),
        (HOST, Manner(connect=("192.0.2.3",)), {"mx1.example.org"}),
        (ADDRESS, Manner(connect=("192.0.2.3",)), {None}),
        (DOMAIN, Manner(connect=("192.0.2.3",)), {"example.org"}),
        (DOMAIN, Manner(sni="other.example"), {"other.example"}),
    ],
)
@in_mock_time
async def test_the_server_name(target: Target, manner: Manner, names: set[str | None]) -> None:
    heard = set()
    script = healthy()
    context = script.tls
    assert not isinstance(context, Reply)
    context.set_tlsext_servername_callback(lambda connection: heard.add(connection.get_servername()))
    evidence = await gathered(target, servers=dict.fromkeys(EVERYWHERE, in_turn([script])), manner=manner)
    assert {each.endpoint.server_name for each in evidence.observations} == names
    assert heard == {name and name.encode() for name in names}


@in_mock_time
async def test_addresses_that_the_user_gave() -> None:
    evidence = await gathered(DOMAIN, zone={}, manner=Manner(connect=("192.0.2.3", "2001:db8::1")))
    assert [each.endpoint.address for each in evidence.observations] == ["192.0.2.3", "2001:db8::1"]
    assert {each.failure for each in evidence.observations} == {None}
    assert evidence.resolvers == ()


@pytest.mark.parametrize(
    ("zone", "kind"),
    [
        ({"example.org": {"MX": ["0 ."]}}, RouteKind.NULL_MX),
        ({}, RouteKind.NONE),
        ({"example.org": {"MX": FAILED}}, RouteKind.NONE),
        ({"example.org": {"MX": TIMEOUT}}, RouteKind.NONE),
        ({"example.org": {"MX": Outcome.NODATA}}, RouteKind.IMPLICIT_MX),
        ({"example.org": {"MX": ["1 gone.example"]}}, RouteKind.MX),
    ],
)
@in_mock_time
async def test_where_there_is_no_address_no_connection_is_made(zone: Zone, kind: RouteKind) -> None:
    async def connect(address: str, port: int) -> socket.socket:
        pytest.fail(f"a connection to {address}")

    async with fake_world(zone) as world:
        evidence = await gather(DOMAIN, replace(world, connect=connect), Manner(), Slots(2))
    assert (evidence.route.kind, evidence.observations) == (kind, ())


@pytest.mark.parametrize("ehlo", [None, "probe.example"])
@in_mock_time
async def test_the_greeting_is_written_down(ehlo: str | None) -> None:
    evidence = await gathered(HOST, manner=Manner(ehlo=ehlo))
    assert evidence.ehlo == ehlo
    assert {each.transcript[1].data for each in evidence.observations} == {f"EHLO {ehlo or '[127.0.0.1]'}\r\n"}


@pytest.mark.parametrize(
    ("target", "zone", "resolvers"),
    [
        (DOMAIN, ZONE, ("fake",)),
        (HOST, ZONE, ("fake",)),
        (ADDRESS, ZONE, ()),
        (DOMAIN, {"example.org": {"MX": TIMEOUT}}, ("192.0.2.53",)),  # who did not answer was asked all the same
        (DOMAIN, {"example.org": {"MX": HANGS}}, ("192.0.2.53",)),
    ],
)
@in_mock_time
async def test_who_was_asked_for_names(target: Target, zone: Zone, resolvers: tuple[str, ...]) -> None:
    manner = Manner(resolvers=("192.0.2.53",), mta_sts=False, tlsrpt=False)
    assert (await gathered(target, zone=zone, manner=manner)).resolvers == resolvers


@in_mock_time
async def test_resolvers_that_were_asked_in_vain_were_asked() -> None:
    async def resolve(question: Question) -> Answer:
        who = "192.0.2.53, 192.0.2.54" if question.rtype == "AAAA" else "192.0.2.54"
        return Answer(question=question, outcome=Outcome.TIMEOUT, canonical=question.name, resolver=who)

    async with fake_world() as world:
        evidence = await gather(HOST, replace(world, resolve=resolve), Manner(), Slots(2))
    assert evidence.resolvers == ("192.0.2.54", "192.0.2.53")


# How many at a time


@dataclass
class Busy:
    """A server that counts its visitors."""

    inside: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)

    def at(self, address: str) -> Servers:
        async def serve(stream: trio.SocketStream) -> None:
            self.inside[address] += 1
            self.most[address] = max(self.most[address], self.inside[address])
            await trio.sleep(1)
            self.inside[address] -= 1  # before the last word, so that who comes next cannot be counted beside it
            await stream.send_all(b"554 no\r\n")

        return {(address, port): serve for port in (25, 587)}


@pytest.mark.parametrize("each", [1, 2, 5])
@in_mock_time
async def test_one_address_gets_so_many_connections_at_a_time_whoever_asks(each: int) -> None:
    busy, slots = Busy(), Slots(each)
    targets = [replace(ADDRESS, port=port) for port in (25, 587)]
    servers: Servers = {**busy.at("192.0.2.1"), **busy.at("192.0.2.3")}
    async with fake_world(servers=servers) as world, trio.open_nursery() as nursery:
        for target in targets:
            nursery.start_soon(gather, target, world, Manner(repeat=5), slots)
        nursery.start_soon(gather, replace(ADDRESS, name="192.0.2.3"), world, Manner(repeat=5), slots)
    assert busy.most == {"192.0.2.1": each, "192.0.2.3": each}
    assert trio.current_time() == pytest.approx(10 / each)
    assert slots._limiters == {}  # what is no longer used is forgotten


@pytest.mark.parametrize(
    ("address", "also"),
    [("::ffff:192.0.2.1", "192.0.2.1"), ("::ffff:c000:201", "192.0.2.1"), ("2001:db8:0::1", "2001:db8::1")],
)
@in_mock_time
async def test_one_address_by_two_names_is_one_address(address: str, also: str) -> None:
    slots = Slots(2)
    limiter = slots.at(address)
    assert slots.at(also) is limiter
    assert slots.at("fe80::1%eth0") is not slots.at("fe80::1%eth1")


@in_mock_time
async def test_a_target_that_is_cut_leaves_its_places_to_others() -> None:
    slots = Slots(1)
    await gathered(ADDRESS, servers={("192.0.2.1", 25): HANGS}, slots=slots, manner=replace(within(3), repeat=2))
    assert slots._limiters == {}
    (seen,) = (await gathered(ADDRESS, slots=slots)).observations
    assert seen.failure is None


# Time


@in_mock_time
async def test_when_time_runs_out_what_was_seen_is_kept() -> None:
    servers: Servers = {
        **EVERYWHERE,
        ("192.0.2.2", 25): HANGS,
        ("2001:db8::1", 25): in_turn([replace(healthy(), inside=Reply(b""))]),
        ("192.0.2.3", 25): in_turn([Script(ehlo=Reply(b"250-mx\r\n250-S", drip=0.1))]),
    }
    evidence = await gathered(DOMAIN, servers=servers, manner=within(5))
    assert trio.current_time() == pytest.approx(5)
    whole, hanging, silent, dripping = evidence.observations
    assert whole.failure is None
    assert ended(hanging) == RAN_OUT
    assert hanging.attempted
    assert ended(silent) == (Stage.AFTER, *RAN_OUT[1:])
    assert silent.session
    assert silent.chain
    assert silent.chain.der[0] == leaf().der
    assert ended(dripping) == (Stage.DIALOGUE, *RAN_OUT[1:])
    assert dripping.transcript[-1].data == "250-mx\r\n250-S"


@in_mock_time
async def test_whose_turn_never_came_was_not_attempted() -> None:
    evidence = await gathered(ADDRESS, servers={("192.0.2.1", 25): HANGS}, manner=replace(within(5), repeat=4))
    assert trio.current_time() == pytest.approx(5)
    lucky = [each for each in evidence.observations if each.attempted]
    others = [each for each in evidence.observations if not each.attempted]
    assert [ended(each) for each in lucky] == [RAN_OUT] * 2
    assert [ended(each) for each in others] == [NEVER] * 2
    assert [each.seconds for each in others] == [{}] * 2


@pytest.mark.parametrize("repeat", [1, 3])
@in_mock_time
async def test_waiting_for_a_place_that_another_target_holds_is_free(repeat: int) -> None:
    slow = in_turn([replace(healthy(), banner=Reply(b"220 xx\r\n", drip=1))])
    found: list[Evidence] = []
    slots, manner = Slots(1), Manner(limits=Limits(target=8.5 * repeat, connections=1), repeat=repeat)
    async with fake_world(servers={("192.0.2.1", 25): slow}) as world:

        async def look() -> None:
            found.append(await gather(ADDRESS, world, manner, slots))

        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(look)
    assert trio.current_time() == pytest.approx(4 * 8 * repeat)
    assert [each.failure for evidence in found for each in evidence.observations] == [None] * 4 * repeat


@in_mock_time
async def test_time_spent_waiting_between_two_turns_is_free_and_turns_add_up() -> None:
    budget = Budget(10)
    with budget.scope:
        for _ in range(3):
            with budget.working():
                await trio.sleep(3)
            await trio.sleep(100)
        with budget.working():
            await trio.sleep(3)
    assert budget.scope.cancelled_caught
    assert trio.current_time() == pytest.approx(310)


@in_mock_time
async def test_two_at_work_together_spend_it_once() -> None:
    budget = Budget(10)

    async def work(seconds: float) -> None:
        with budget.working():
            await trio.sleep(seconds)

    with budget.scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(work, 4)
            nursery.start_soon(work, 6)
        await trio.sleep(50)
        await work(4.5)
    assert budget.scope.cancelled_caught
    assert trio.current_time() == pytest.approx(60)


def slow_names(world: World, seconds: float) -> World:
    async def resolve(question: Question) -> Answer:
        await trio.sleep(seconds)
        return await world.resolve(question)

    return replace(world, resolve=resolve)


@in_mock_time
async def test_names_take_their_time_from_the_target() -> None:
    async with fake_world(ZONE, {("192.0.2.3", 25): HANGS}) as world:
        target = replace(HOST, name="mx2.example.org")
        (seen,) = (await gather(target, slow_names(world, 4), within(5), Slots(2))).observations
    assert (ended(seen), seen.attempted) == (RAN_OUT, True)
    assert seen.seconds == {"connect": 1}
    assert trio.current_time() == pytest.approx(5)


@in_mock_time
async def test_names_that_take_all_the_time() -> None:
    evidence = await gathered(DOMAIN, zone={"example.org": HANGS}, manner=within(5))
    assert trio.current_time() == pytest.approx(5)
    assert evidence.observations == ()
    assert evidence.route.failure == Failure(
        stage=Stage.RESOLVE, kind=Kind.TIMEOUT, detail="names were not resolved in 5 s"
    )


@in_mock_time
async def test_addresses_that_came_too_late_were_not_attempted() -> None:
    zone: Zone = {"mx1.example.org": {"A": ["192.0.2.1", "192.0.2.2"], "AAAA": HANGS}}
    evidence = await gathered(HOST, zone=zone, manner=within(5))
    assert trio.current_time() == pytest.approx(5)
    assert evidence.route.failure
    assert [(ended(each), each.attempted) for each in evidence.observations] == [(NEVER, False)] * 2


@pytest.mark.parametrize("repeat", [1, 3])
@in_mock_time
async def test_whoever_cancels_is_obeyed(repeat: int) -> None:
    with trio.move_on_after(2) as scope:
        await gathered(ADDRESS, servers={("192.0.2.1", 25): HANGS}, manner=Manner(repeat=repeat))
    assert scope.cancelled_caught


@pytest.mark.parametrize("repeat", [1, 3])
@in_mock_time
async def test_a_fault_of_our_own_is_no_evidence(repeat: int) -> None:
    async def connect(address: str, port: int) -> socket.socket:
        raise ZeroDivisionError

    async with fake_world() as world:
        with pytest.raises((ZeroDivisionError, ExceptionGroup)):
            await gather(ADDRESS, replace(world, connect=connect), Manner(repeat=repeat), Slots(2))


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
@pytest.mark.parametrize("repeat", [1, 3])
@in_mock_time
async def test_what_this_machine_ran_out_of_is_no_fact_about_a_peer(number: int, repeat: int) -> None:
    servers: Servers = {("192.0.2.1", 25): OSError(number, "no")}
    with pytest.raises((ShortageError, ExceptionGroup)) as raised:
        await gathered(ADDRESS, servers=servers, manner=Manner(repeat=repeat))
    error: BaseException = raised.value
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, ShortageError)
    assert str(error) == os.strerror(number).lower()
    assert "ulimit -n" in error.hint


# What a mail domain has promised, beside its hosts

TXT = '"v=STSv1; id=1;"'
REPORTS = '"v=TLSRPTv1; rua=mailto:tls@example.org"'
PROMISES: Final[Zone] = {
    **ZONE,
    "_mta-sts.example.org": {"TXT": [TXT]},
    "mta-sts.example.org": {"A": ["192.0.2.4"]},
    "_smtp._tls.example.org": {"TXT": [REPORTS]},
}
KEPT = Remembered(domain="example.org", id="0", body=b"", digest="", fetched=NOW, expires=NOW)


@in_mock_time
async def test_a_mail_domain_is_asked_what_it_has_promised() -> None:
    evidence = await gathered(DOMAIN, zone=PROMISES, manner=Manner(remembered={"example.org": KEPT, "x.example": KEPT}))
    assert evidence.mta_sts
    assert evidence.mta_sts.txt.records == (TXT,)
    assert [fetch.endpoint.address for fetch in evidence.mta_sts.fetches] == ["192.0.2.4"]
    assert evidence.mta_sts.remembered is KEPT
    assert evidence.tlsrpt
    assert evidence.tlsrpt.question == Question(name="_smtp._tls.example.org", rtype="TXT")
    assert evidence.tlsrpt.records == (REPORTS,)
    assert [each.failure for each in evidence.observations] == [None] * 4
    assert evidence.alternatives == ()


@pytest.mark.parametrize(
    ("target", "manner"),
    [
        (HOST, Manner()),
        (ADDRESS, Manner()),
        (Target(given="192.0.2.1", name="192.0.2.1", port=None), Manner()),
        (DOMAIN, Manner(connect=("192.0.2.3",))),
        (DOMAIN, Manner(mta_sts=False, tlsrpt=False)),
    ],
)
@in_mock_time
async def test_nobody_else_is(target: Target, manner: Manner) -> None:
    async with fake_world(PROMISES, EVERYWHERE) as world:

        async def resolve(question: Question) -> Answer:
            assert question.rtype != "TXT"
            return await world.resolve(question)

        evidence = await gather(target, replace(world, resolve=resolve), manner, Slots(2))
    assert (evidence.mta_sts, evidence.tlsrpt) == (None, None)
    assert evidence.observations


@pytest.mark.parametrize("wanted", ["dane", "mta_sts", "tlsrpt"])
@in_mock_time
async def test_each_promise_has_its_switch(wanted: str) -> None:
    manner = Manner(dane=wanted == "dane", mta_sts=wanted == "mta_sts", tlsrpt=wanted == "tlsrpt")
    evidence = await gathered(DOMAIN, zone=PROMISES, manner=manner)
    assert bool(evidence.mta_sts) is (wanted == "mta_sts")
    assert bool(evidence.tlsrpt) is (wanted == "tlsrpt")
    assert [bool(hop.tlsa) for hop in evidence.route.hops] == [wanted == "dane"] * 2


@pytest.mark.parametrize("held", [{"MX": ["0 ."]}, Outcome.NXDOMAIN, Outcome.NODATA, FAILED, TIMEOUT, BOGUS])
@in_mock_time
async def test_a_domain_without_hosts_may_have_promised_all_the_same(held: Mapping[str, Held] | Outcome) -> None:
    evidence = await gathered(DOMAIN, zone={**PROMISES, "example.org": held})
    assert evidence.observations == ()
    assert evidence.mta_sts
    assert evidence.mta_sts.txt.records == (TXT,)
    assert evidence.tlsrpt
    assert evidence.tlsrpt.records == (REPORTS,)


@in_mock_time
async def test_of_a_domain_that_is_not_there_nothing_is_fetched() -> None:
    questions: list[str] = []
    async with fake_world() as world:

        async def resolve(question: Question) -> Answer:
            questions.append(f"{question.name} {question.rtype}")
            return await world.resolve(question)

        evidence = await gather(DOMAIN, replace(world, resolve=resolve), Manner(), Slots(2))
    assert sorted(questions) == ["_mta-sts.example.org TXT", "_smtp._tls.example.org TXT", "example.org MX"]
    assert evidence.mta_sts
    assert evidence.mta_sts.txt.outcome is Outcome.NXDOMAIN


@in_mock_time
async def test_promises_are_asked_for_beside_the_hosts() -> None:
    slow = in_turn([replace(healthy(), banner=Reply(b"220 x\r\n", drip=1))])
    servers: Servers = {**dict.fromkeys(EVERYWHERE, slow), ("192.0.2.4", 443): HANGS}
    async with fake_world(PROMISES, servers) as world:
        evidence = await gather(DOMAIN, slow_names(world, 1), Manner(), Slots(2))
    # MX, addresses, TLSA, then 7 seconds of banner; meanwhile TXT, addresses, then 10 seconds of nothing
    assert trio.current_time() == pytest.approx(12)
    assert [each.failure for each in evidence.observations] == [None] * 4
    assert evidence.mta_sts
    assert [ended(each) for each in evidence.mta_sts.fetches] == [
        (Stage.CONNECT, Kind.TIMEOUT, "not done within 10 seconds")
    ]


@in_mock_time
async def test_promises_that_hang_take_no_more_than_the_targets_time_and_nothing_from_the_hosts() -> None:
    zone: Zone = {**ZONE, "_mta-sts.example.org": HANGS, "_smtp._tls.example.org": HANGS}
    evidence = await gathered(DOMAIN, zone=zone, manner=Manner(limits=Limits(target=5)))
    assert trio.current_time() == pytest.approx(5)
    assert [each.failure for each in evidence.observations] == [None] * 4
    assert evidence.mta_sts
    assert evidence.tlsrpt
    for answer in (evidence.mta_sts.txt, evidence.tlsrpt):
        assert (answer.outcome, answer.detail) == (TIMEOUT, "no answer in the 5 s that were left for it")


@in_mock_time
async def test_whoever_was_asked_for_any_name_was_asked() -> None:
    async def resolve(question: Question) -> Answer:
        records = {"A": ("192.0.2.1",), "TXT": (TXT,), "TLSA": (HASH,)}.get(question.rtype, ())
        return Answer(
            question=question,
            outcome=Outcome.FOUND if records else Outcome.NODATA,
            canonical=question.name,
            records=records,
            secure=True,
            resolver=f"{question.rtype} {question.name.partition('.')[0]}",
        )

    async with fake_world() as world:
        evidence = await gather(DOMAIN, replace(world, resolve=resolve), Manner(), Slots(2))
    assert evidence.resolvers == (
        "MX example",
        "A example",
        "AAAA example",
        "TLSA _25",
        "TXT _mta-sts",
        "A mta-sts",
        "AAAA mta-sts",
        "TXT _smtp",
    )


# DANE: which name the server hears, and its other certificate

HASH = "3 1 1 " + 64 * "a"
SECURED: Final[Statuses] = {"example.org": SECURE, "example.net": SECURE}
ALIAS: Final[Zone] = {
    "mx1.example.org": {"CNAME": ["real.example.net"]},
    "real.example.net": {"A": ["192.0.2.1"]},
    "_25._tcp.real.example.net": {"TLSA": [HASH]},
}
DIRECTLY: Final[Zone] = {**ZONE, "_25._tcp.mx1.example.org": {"TLSA": [HASH]}}


async def gathered_securely(
    zone: Zone,
    dnssec: Statuses = SECURED,
    manner: Manner = Manner(),  # noqa: B008 - frozen
    servers: Servers = EVERYWHERE,
    target: Target = HOST,
) -> Evidence:
    async with fake_world(zone, servers, dnssec) as world:
        return await gather(target, world, manner, Slots(2))


@pytest.mark.parametrize(
    ("zone", "dnssec", "sni", "name"),
    [
        (ALIAS, SECURED, None, "real.example.net"),
        (ALIAS, SECURED, "other.example", "other.example"),
        (ALIAS, SECURED, NO_SNI, None),
        (ALIAS, {"elsewhere.example": SECURE}, None, "mx1.example.org"),
        (ALIAS, {**SECURED, "_tcp.real.example.net": INSECURE}, None, "mx1.example.org"),
        ({**ALIAS, "_25._tcp.real.example.net": FAILED}, SECURED, None, "mx1.example.org"),
        ({**ALIAS, "_25._tcp.real.example.net": Outcome.NXDOMAIN}, SECURED, None, "mx1.example.org"),
        (
            {**ALIAS, "_25._tcp.real.example.net": Outcome.NODATA, "_25._tcp.mx1.example.org": {"TLSA": [HASH]}},
            SECURED,
            None,
            "mx1.example.org",
        ),
    ],
)
@in_mock_time
async def test_the_server_hears_the_base_of_its_records(
    zone: Zone, dnssec: Statuses, sni: str | None, name: str | None
) -> None:
    evidence = await gathered_securely(zone, dnssec, Manner(sni=sni))
    assert {each.endpoint.server_name for each in evidence.observations} == {name}
    assert {each.endpoint.host for each in evidence.observations} == {"mx1.example.org"}


@cache
def rsa_leaf() -> Issued:
    return issuing().leaf(names=("mx1.example.org",), key="rsa2048")


def with_two() -> Script:
    context = server(issuing())
    context.use_certificate(rsa_leaf().certificate)
    context.use_privatekey(rsa_leaf().private_key)
    return Script(tls=context)


def shown(seen: Observation) -> bytes | None:
    return seen.chain.der[0] if seen.chain else None


@pytest.mark.parametrize("repeat", [1, 3])
@in_mock_time
async def test_a_server_with_tlsa_is_asked_for_its_other_certificate(repeat: int) -> None:
    servers: Servers = dict.fromkeys(EVERYWHERE, in_turn([with_two()]))
    evidence = await gathered_securely(DIRECTLY, manner=Manner(repeat=repeat), servers=servers, target=DOMAIN)
    assert [shown(each) for each in evidence.observations] == [leaf().der] * 4 * repeat
    assert {each.endpoint.offer for each in evidence.observations} == {""}
    # mx2 has no TLSA, and nobody asks it
    firsts = [replace(each.endpoint, offer="rsa") for each in evidence.observations[: 3 * repeat : repeat]]
    assert [each.endpoint for each in evidence.alternatives] == firsts
    assert [shown(each) for each in evidence.alternatives] == [rsa_leaf().der] * 3


@in_mock_time
async def test_a_server_that_shows_rsa_is_asked_for_the_other_kind() -> None:
    servers: Servers = dict.fromkeys(EVERYWHERE, in_turn([Script(tls=server(own=rsa_leaf()))]))
    evidence = await gathered_securely(DIRECTLY, servers=servers)
    assert [(each.endpoint.offer, ended(each)) for each in evidence.alternatives] == [
        ("ecdsa", (Stage.HANDSHAKE, Kind.ALERT, "handshake failure"))
    ] * 3


@pytest.mark.parametrize(
    ("zone", "dnssec", "manner"),
    [
        (ZONE, SECURED, Manner()),
        (DIRECTLY, {"elsewhere.example": SECURE}, Manner()),
        (DIRECTLY, SECURED, Manner(dane=False)),
        (DIRECTLY, {**SECURED, "_tcp.mx1.example.org": BOGUS_ZONE}, Manner()),
        ({**DIRECTLY, "_25._tcp.mx1.example.org": FAILED}, SECURED, Manner()),
    ],
    ids=["no TLSA", "insecure", "not wanted", "bogus", "failed"],
)
@in_mock_time
async def test_without_tlsa_every_server_is_visited_once(zone: Zone, dnssec: Statuses, manner: Manner) -> None:
    connections: list[bytearray] = []
    servers: Servers = dict.fromkeys(EVERYWHERE, tapped(in_turn([with_two()]), connections))
    evidence = await gathered_securely(zone, dnssec, manner, servers)
    assert (len(connections), evidence.alternatives) == (3, ())


@pytest.mark.parametrize(
    "script", [Script(starttls=reply(454, "no")), replace(with_two(), tls=Reply(b""))], ids=["no STARTTLS", "no TLS"]
)
@in_mock_time
async def test_where_nothing_was_shown_there_is_no_other(script: Script) -> None:
    evidence = await gathered_securely(DIRECTLY, servers=dict.fromkeys(EVERYWHERE, in_turn([script])))
    assert {bool(each.failure) for each in evidence.observations} == {True}
    assert evidence.alternatives == ()


@in_mock_time
async def test_whoever_wants_a_certificate_of_ours_shows_no_other() -> None:
    script = Script(tls=server(ask=REQUIRE, version=TLS_1_2))
    evidence = await gathered_securely(DIRECTLY, servers=dict.fromkeys(EVERYWHERE, in_turn([script])))
    assert [(shown(each), each.session) for each in evidence.observations] == [(leaf().der, None)] * 3
    assert evidence.alternatives == ()


@in_mock_time
async def test_the_other_certificate_waits_behind_those_who_were_not_looked_at_yet() -> None:
    slow = in_turn([replace(with_two(), banner=Reply(b"220 xx\r\n", drip=1))])
    manner = Manner(limits=Limits(target=34, connections=1), repeat=4)
    zone: Zone = {"mx1.example.org": {"A": ["192.0.2.1"]}, "_25._tcp.mx1.example.org": {"TLSA": [HASH]}}
    async with fake_world(zone, {("192.0.2.1", 25): slow}, SECURED) as world:
        evidence = await gather(HOST, world, manner, Slots(1))
    assert [each.failure for each in evidence.observations] == [None] * 4  # 8 seconds each
    (other,) = evidence.alternatives
    assert ended(other) == (Stage.DIALOGUE, Kind.TIMEOUT, "the target's time ran out")


@in_mock_time
async def test_dead_servers_of_tlsa_keep_no_address_from_being_looked_at() -> None:
    evidence = await gathered_securely({**ZONE, "_25._tcp.mx1.example.org": HANGS})
    assert trio.current_time() == pytest.approx(30)
    assert [each.failure for each in evidence.observations] == [None] * 3
    (answer,) = evidence.route.hops[0].tlsa
    assert answer.outcome is TIMEOUT
    assert evidence.route.failure is None


@in_mock_time
async def test_a_client_certificate_is_shown_when_we_ask_for_the_other_one_too() -> None:
    tls = server(ask=REQUIRE)
    tls.use_certificate(rsa_leaf().certificate)
    tls.use_privatekey(rsa_leaf().private_key)
    servers: Servers = dict.fromkeys(EVERYWHERE, in_turn([Script(tls=tls)]))
    evidence = await gathered_securely(DIRECTLY, manner=Manner(certificate=client_certificate()), servers=servers)
    assert [each.failure for each in evidence.alternatives] == [None] * 3
