"""Resolvers as they are met: slow, broken, wrong, hostile."""

import struct
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
import trio

from probe.model import Kind, Outcome, Question
from probe.observe.ask import Resolver, system_resolvers
from probe.observe.channel import Server
from probe.observe.query import PAYLOAD
from probe.observe.world import server_text
from tests.nameserver import (
    REFUSED,
    SERVFAIL,
    A,
    OverUdp,
    Query,
    ask,
    from_zone,
    in_turn,
    nameserver,
    prefixed,
    reply,
    says,
    silent,
    truncated,
)
from tests.world import in_trio

MX = Question(name="example.org", rtype="MX")
ADDRESS = "mx.example.org. 300 IN A 192.0.2.1"
NEGATIVE = {dns.rcode.NOERROR: "NODATA", dns.rcode.NXDOMAIN: "NXDOMAIN"}
SHORT = 0.2  # seconds: for those who never answer


# What is asked, and what an answer says


@in_trio
async def test_the_query_is_recursive_asks_for_ad_and_offers_edns() -> None:
    seen = []

    def over_udp(query: Query) -> Iterable[bytes]:
        seen.append((dns.flags.to_text(query.flags), query.edns, query.payload, query.ednsflags))
        return [reply(query, ADDRESS).to_wire()]

    await ask(over_udp)
    assert seen == [("RD AD", 0, PAYLOAD, 0)]


@in_trio
async def test_records_are_text_in_lower_case_without_the_last_dot() -> None:
    answer = await ask(says("EXAMPLE.org. 60 IN MX 10 MX.Example.ORG."), MX)
    assert answer.outcome is Outcome.FOUND
    assert answer.records == ("10 mx.example.org",)
    assert answer.canonical == "example.org"
    assert answer.ttl == 60
    assert answer.resolver.startswith("127.0.0.1:")


@in_trio
async def test_null_mx_is_a_dot() -> None:
    assert (await ask(says("example.org. 60 IN MX 0 ."), MX)).records == ("0 .",)


@in_trio
async def test_odd_octets_in_names_are_escaped() -> None:
    answer = await ask(says(r"example.org. 60 IN MX 0 a\032b\000\255\.c.example."), MX)
    assert answer.records == (r"0 a\032b\000\255\.c.example",)


@in_trio
async def test_an_escaped_name_is_asked_as_it_was_printed() -> None:
    name = r"a\032b\255\.c.example"
    answer = await ask(from_zone({name: {"A": ["192.0.2.1"]}}), Question(name=name, rtype="A"))
    assert answer.records == ("192.0.2.1",)


@in_trio
async def test_other_types_come_as_in_a_zone_file() -> None:
    question = Question(name="example.org", rtype="TXT")
    record = r'''"v=STSv1; " "id=1;" "" "a\"b\\c\000\195\164;(x)$@'"'''
    assert (await ask(says(f"example.org. 60 IN TXT {record}"), question)).records == (record,)


@in_trio
async def test_a_text_without_strings() -> None:
    """RFC 1035 §3.3.14 wants one or more."""
    answer = await ask(with_data(16, b""), Question(name="example.org", rtype="TXT"))
    assert answer.records == ('""',)


@in_trio
async def test_a_dot_inside_a_label_is_escaped() -> None:
    assert (await ask(says(r"example.org. 60 IN MX 0 a\.b.example."), MX)).records == (r"0 a\.b.example",)


@in_trio
async def test_an_alias_asked_for_is_a_name() -> None:
    question = Question(name="a.example", rtype="CNAME")
    answer = await ask(from_zone({"a.example": {"CNAME": ["MX.Example.org"]}}), question)
    assert (answer.records, answer.canonical, answer.aliases) == (("mx.example.org",), "a.example", ())


def with_data(rtype: int, *datas: bytes) -> OverUdp:
    """Records of that type at the asked name, whatever is in them."""

    def over_udp(query: Query) -> Iterable[bytes]:
        response = reply(query)
        response.use_edns(False)
        wire = bytearray(response.to_wire())
        wire[6:8] = len(datas).to_bytes(2)
        for data in datas:
            wire += b"\xc0\x0c" + struct.pack("!HHIH", rtype, 1, 60, len(data)) + data
        return [bytes(wire)]

    return over_udp


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\3\1\1" + bytes(range(0xE0, 0x100)), "3 1 1 " + bytes(range(0xE0, 0x100)).hex()),
        (b"\3\1\1\xab", "3 1 1 ab"),  # no digest of SHA-256
        (b"\xff\x09\x07\xab\xcd", "255 9 7 abcd"),
        (b"\3\1\1", r"\# 3 030101"),
        (b"\3\1", r"\# 2 0301"),
        (b"", r"\# 0"),
    ],
)
@in_trio
async def test_tlsa_records_are_shown_whatever_is_in_them(data: bytes, text: str) -> None:
    answer = await ask(with_data(52, data), Question(name="_25._tcp.mx.example.org", rtype="TLSA"))
    assert (answer.outcome, answer.records) == (Outcome.FOUND, (text,))


@pytest.mark.parametrize(
    ("rtype", "data"),
    [
        ("A", b""),
        ("A", b"\xc0\0\2"),
        ("A", b"\xc0\0\2\1\1"),
        ("AAAA", bytes(15)),
        ("MX", b"\0"),
        ("MX", b"\0\x0a"),
        ("MX", b"\0\x0a\0\0"),
        ("MX", b"\0\x0a\x03mx"),
        ("CNAME", b"\0\0"),
        ("TXT", b"\x05abc"),
        ("TXT", b"\x03abc\xff"),
    ],
)
@in_trio
async def test_records_that_do_not_fit_their_type(rtype: str, data: bytes) -> None:
    number = int(dns.rdatatype.from_text(rtype))
    answer = await ask(with_data(number, data), Question(name="a.example", rtype=rtype))
    assert answer.outcome is Outcome.FAILED
    assert answer.detail.startswith("unreadable answer from 127.0.0.1")


@pytest.mark.parametrize(
    ("soa", "ttl"),
    [
        ("example.org. 900 IN SOA ns. h. 1 2 3 4 60", 60),
        ("example.org. 30 IN SOA ns. h. 1 2 3 4 60", 30),
        ("", None),
    ],
)
@pytest.mark.parametrize("rcode", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN])
@in_trio
async def test_how_long_there_is_nothing(soa: str, ttl: int | None, rcode: dns.rcode.Rcode) -> None:
    answer = await ask(says(rcode=rcode, soa=soa))
    assert (answer.outcome, answer.ttl) == (Outcome(NEGATIVE[rcode]), ttl)


@in_trio
async def test_nothing_behind_an_alias_holds_no_longer_than_the_alias() -> None:
    answer = await ask(says("mx.example.org. 20 IN CNAME b.example.", soa="example. 900 IN SOA ns. h. 1 2 3 4 60"))
    assert (answer.outcome, answer.ttl) == (Outcome.NODATA, 20)


@in_trio
async def test_aliases_are_followed_inside_the_answer() -> None:
    zone = {
        "a.example": {"CNAME": ["b.example"]},
        "b.example": {"CNAME": ["c.example"]},
        "c.example": {"A": ["192.0.2.9"]},
    }
    answer = await ask(from_zone(zone), Question(name="a.example", rtype="A"))
    assert (answer.records, answer.aliases, answer.canonical) == (
        ("192.0.2.9",),
        ("a.example", "b.example"),
        "c.example",
    )


@pytest.mark.parametrize(
    ("target", "outcome"), [({"AAAA": ["::1"]}, Outcome.NODATA), (Outcome.NXDOMAIN, Outcome.NXDOMAIN)]
)
@in_trio
async def test_an_alias_of_nothing(target: Any, outcome: Outcome) -> None:
    answer = await ask(
        from_zone({"a.example": {"CNAME": ["b.example"]}, "b.example": target}), Question(name="a.example", rtype="A")
    )
    assert (answer.outcome, answer.aliases, answer.canonical) == (outcome, ("a.example",), "b.example")


@pytest.mark.parametrize("length", [1, 2, 16, 40])
@in_trio
async def test_aliases_that_do_not_end(length: int) -> None:
    loop = [f"n{i}.example. 60 IN CNAME n{(i + 1) % length}.example." for i in range(length)]
    answer = await ask(says(*loop), Question(name="n0.example", rtype="A"))
    assert (answer.outcome, answer.kind) == (Outcome.FAILED, Kind.PROTOCOL)
    assert answer.detail.startswith("CNAME loop")


@in_trio
async def test_a_loop_of_aliases_is_the_zones_and_nobody_else_is_asked() -> None:
    loop = says("n0.example. 60 IN CNAME n0.example.")
    async with nameserver(loop) as first, nameserver(SERVFAIL) as second:
        answer = await Resolver([first, second], SHORT)(Question(name="n0.example", rtype="A"))
    assert (answer.kind, answer.resolver) == (Kind.PROTOCOL, server_text(first))


@in_trio
async def test_what_is_inside_a_failure_does_not_count() -> None:
    loop = says("n0.example. 60 IN CNAME n0.example.", rcode=dns.rcode.SERVFAIL)
    answer = await ask(loop, Question(name="n0.example", rtype="A"))
    assert (answer.outcome, answer.kind) == (Outcome.FAILED, None)
    assert answer.detail.startswith("SERVFAIL")


@in_trio
async def test_records_of_other_classes_do_not_count() -> None:
    assert (await ask(says("mx.example.org. 60 CH A a.example. 1"))).outcome is Outcome.NODATA


@in_trio
async def test_nxdomain_with_records_contradicts_itself() -> None:
    answer = await ask(says(ADDRESS, rcode=dns.rcode.NXDOMAIN))
    assert answer.outcome is Outcome.FAILED
    assert answer.detail.startswith("unreadable answer")


@in_trio
async def test_a_referral_is_no_answer() -> None:
    def over_udp(query: Query) -> Iterable[bytes]:
        response = dns.message.make_response(query)
        response.authority.append(dns.rrset.from_text("org.", 60, "IN", "NS", "a.nic.example."))
        return [response.to_wire()]

    answer = await ask(over_udp)
    assert answer.outcome is Outcome.FAILED
    assert answer.detail.startswith("referral")


@pytest.mark.parametrize("name", ["a" * 64, "a..b", ".".join(["a" * 60] * 5), "\\", "\ud800", "\u200b"])
@in_trio
async def test_what_is_no_name_is_not_asked(name: str) -> None:
    answer = await Resolver([], SHORT)(Question(name=name, rtype="A"))
    assert answer.outcome is Outcome.FAILED
    assert answer.detail.startswith("not a name")


# Whose answer it is


def wrong_number(query: Query) -> bytes:
    response = reply(query, "mx.example.org. 300 IN A 203.0.113.66")
    response.id = query.id ^ 1
    return response.to_wire()


def other_question(query: Query) -> bytes:
    other = dns.message.make_query("mx.example.net", "A", id=query.id)
    return reply(other, "mx.example.net. 300 IN A 203.0.113.66").to_wire()


def other_type(query: Query) -> bytes:
    """Type 97 is "a", and 65 is "A"."""
    other = dns.message.make_query("mx.example.org", "TYPE97", id=query.id)
    return reply(other, rcode=dns.rcode.REFUSED).to_wire()


def two_questions(query: Query) -> bytes:
    response = dns.message.make_response(query)
    response.question.append(response.question[0])
    return response.to_wire()


def no_question(query: Query) -> bytes:
    return struct.pack("!HHHHHH", query.id, 0x8180, 0, 0, 0, 0)


def other_opcode(query: Query) -> bytes:
    return struct.pack("!HHHHHH", query.id, 0x8000 | 5 << 11, 0, 0, 0, 0)


STRAYS: list[Callable[[Query], bytes]] = [
    wrong_number,
    other_question,
    other_type,
    two_questions,
    no_question,
    other_opcode,
    Query.to_wire,
    lambda _: b"",
    lambda _: b"?" * 40,
]


@in_trio
async def test_what_belongs_to_another_question_is_passed_over() -> None:
    answer = await ask(lambda query: [*(stray(query) for stray in STRAYS), reply(query, ADDRESS).to_wire()])
    assert answer.records == ("192.0.2.1",)


@in_trio
async def test_names_are_the_same_in_any_letters_and_types_are_not() -> None:
    question = Question(name="mx.example.ORG", rtype="TYPE65")

    def over_udp(query: Query) -> Iterable[bytes]:
        return [other_type(query), reply(query).to_wire().replace(b"ORG", b"orG")]

    assert (await ask(over_udp, question)).outcome is Outcome.NODATA


@in_trio
async def test_strays_do_not_stretch_the_time() -> None:
    answer = await ask(lambda query: (stray(query) for stray in STRAYS), patience=SHORT)
    assert answer.outcome is Outcome.TIMEOUT
    assert answer.detail.endswith("in 0.2 s")


@in_trio
async def test_an_answer_that_cannot_be_read() -> None:
    answer = await ask(lambda query: [reply(query, ADDRESS).to_wire()[:-14]])
    assert answer.outcome is Outcome.FAILED
    assert answer.detail.startswith("unreadable answer from 127.0.0.1")


# Over TCP


@in_trio
async def test_a_truncated_answer_is_asked_for_over_tcp() -> None:
    records = [f"example.org. 300 IN MX {i} mx{i}.example.org." for i in range(200)]

    async def over_tcp(query: Query, stream: trio.SocketStream) -> None:
        for octet in prefixed(reply(query, *records).to_wire(max_size=0xFFFF)):  # as slowly as may be
            await stream.send_all(bytes([octet]))

    answer = await ask(truncated, MX, over_tcp)
    assert len(answer.records) == 200


@in_trio
async def test_an_answer_cut_in_the_middle_of_a_record() -> None:
    async def over_tcp(query: Query, stream: trio.SocketStream) -> None:
        await stream.send_all(prefixed(reply(query, ADDRESS).to_wire()))

    def over_udp(query: Query) -> Iterable[bytes]:
        response = reply(query, ADDRESS)
        response.flags |= dns.flags.TC
        return [response.to_wire()[:-20]]

    assert (await ask(over_udp, A, over_tcp)).records == ("192.0.2.1",)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (lambda wire: b"", "the connection was closed after 0 of 2 octets"),
        (lambda wire: b"\x00", "the connection was closed after 1 of 2 octets"),
        (lambda wire: b"\x00\x00", "it is no response to this question"),
        (lambda wire: b"\xff\xff" + wire, "of 65535 octets"),
        (lambda wire: b"\x00\x14" + wire, "it is no response to this question"),
        (lambda wire: b"\x00\x28" + wire, "it ends in the middle of a record"),
        (lambda wire: prefixed(bytes([wire[0] ^ 1]) + wire[1:]), "it is no response to this question"),
        (lambda wire: prefixed(wire[:2] + b"\xa8\x00" + bytes(8)), "it is no response to this question"),
        (lambda wire: prefixed(wire[:2] + bytes([wire[2] | 2]) + wire[3:]), "it was cut"),
    ],
)
@in_trio
async def test_lies_over_tcp(sent: Any, reason: str) -> None:
    async def over_tcp(query: Query, stream: trio.SocketStream) -> None:
        await stream.send_all(sent(reply(query, ADDRESS).to_wire()))

    answer = await ask(truncated, A, over_tcp)
    assert answer.outcome is Outcome.FAILED
    assert answer.detail.startswith("unreadable answer from 127.0.0.1")
    assert " over TCP: " in answer.detail
    assert reason in answer.detail


@in_trio
async def test_a_trickle_over_tcp_does_not_stretch_the_time() -> None:
    async def over_tcp(_: Query, stream: trio.SocketStream) -> None:
        await stream.send_all(b"\xff\xff")
        while True:
            await stream.send_all(b"\x00")
            await trio.sleep(0.01)

    answer = await ask(truncated, A, over_tcp, patience=SHORT)
    assert answer.outcome is Outcome.TIMEOUT
    assert answer.detail.endswith("over TCP in 0.2 s")


@in_trio
async def test_nobody_listens_on_tcp() -> None:
    answer = await ask(truncated)
    assert answer.outcome is Outcome.TIMEOUT
    assert " over TCP: " in answer.detail


# Asking again, and asking the next


@in_trio
async def test_servfail_is_asked_again() -> None:
    assert (await ask(in_turn(SERVFAIL, says(ADDRESS)))).records == ("192.0.2.1",)


@in_trio
async def test_servfail_that_stays() -> None:
    answer = await ask(in_turn(SERVFAIL, SERVFAIL, SERVFAIL))
    assert answer.outcome is Outcome.FAILED
    assert answer.detail == f"SERVFAIL from {answer.resolver}"


@in_trio
async def test_a_server_without_edns_is_asked_without() -> None:
    def over_udp(query: Query) -> Iterable[bytes]:
        if query.edns == 0:  # as one that never heard of it: not even the question comes back
            return [struct.pack("!HHHHHH", query.id, 0x8001, 0, 0, 0, 0)]
        return [reply(query, ADDRESS).to_wire()]

    assert (await ask(over_udp)).records == ("192.0.2.1",)


@pytest.mark.parametrize("broken", [SERVFAIL, REFUSED, silent, lambda query: [query.to_wire()[:11]]])
@in_trio
async def test_a_broken_resolver_gives_way_to_the_next(broken: OverUdp) -> None:
    async with nameserver(broken) as first, nameserver(says(ADDRESS)) as second:
        answer = await Resolver([first, second], SHORT)(A)
    assert answer.records == ("192.0.2.1",)
    assert answer.resolver == server_text(second)


async def closed_port() -> Server:
    async with nameserver(silent) as server:
        return server


@in_trio
async def test_a_closed_port_is_noticed_at_once() -> None:
    dead = await closed_port()
    async with nameserver(says(ADDRESS)) as server:
        with trio.fail_after(20):
            answer = await Resolver([dead, server], timeout=60)(A)
    assert answer.records == ("192.0.2.1",)


@in_trio
async def test_nobody_is_there() -> None:
    with trio.fail_after(20):
        answer = await Resolver([await closed_port()], timeout=60)(A)
    assert (answer.outcome, answer.kind) == (Outcome.TIMEOUT, Kind.UNREACHABLE)
    assert answer.detail == f"no answer from {answer.resolver}: Connection refused"
    assert answer.resolver.startswith("127.0.0.1:")


@in_trio
async def test_one_that_is_silent_is_slow_whoever_else_is_not_there() -> None:
    dead = await closed_port()
    async with nameserver(silent) as server:
        answer = await Resolver([dead, server], SHORT)(A)
    assert (answer.outcome, answer.kind) == (Outcome.TIMEOUT, None)
    assert answer.resolver == f"{server_text(dead)}, {server_text(server)}"


@in_trio
async def test_an_address_that_cannot_be_reached_from_here() -> None:
    answer = await Resolver([("255.255.255.255", 53)], SHORT)(A)  # a broadcast, which the socket does not allow
    assert (answer.outcome, answer.kind) == (Outcome.TIMEOUT, Kind.UNREACHABLE)
    assert answer.detail.startswith("no answer from 255.255.255.255: ")


@in_trio
async def test_one_that_failed_says_more_than_one_that_is_silent() -> None:
    async with nameserver(SERVFAIL) as first, nameserver(silent) as second:
        answer = await Resolver([first, second], SHORT)(A)
    assert answer.outcome is Outcome.FAILED
    assert answer.detail == f"SERVFAIL from {server_text(first)}"


@in_trio
async def test_a_silent_resolver_is_asked_last_from_then_on() -> None:
    asked = []

    def over_udp(query: Query) -> Iterable[bytes]:
        asked.append(query)
        return ()

    async with nameserver(over_udp) as first, nameserver(says(ADDRESS)) as second:
        resolver = Resolver([first, second], SHORT)
        for rtype in ("A", "AAAA", "MX"):
            assert (await resolver(Question(name="mx.example.org", rtype=rtype))).outcome in (
                Outcome.FOUND,
                Outcome.NODATA,
            )
    assert len(asked) == 1


@in_trio
async def test_no_resolver() -> None:
    answer = await Resolver([], SHORT)(A)
    assert (answer.outcome, answer.kind) == (Outcome.TIMEOUT, Kind.UNREACHABLE)
    assert (answer.detail, answer.resolver) == ("no resolver is configured", "")


def test_when_files_run_out_it_is_not_the_resolvers_fault() -> None:
    code = """
import os, trio
from probe.errors import ShortageError
from probe.model import Question
from probe.observe.ask import Resolver

async def main() -> None:
    taken = []
    try:
        while True:
            taken.append(os.dup(0))
    except OSError:
        pass
    try:
        await Resolver([("127.0.0.1", 53)], 1)(Question(name="example.org", rtype="A"))
    except ShortageError as error:
        assert str(error) == "too many open files", error
    else:
        raise AssertionError

import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
trio.run(main)
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdin=subprocess.DEVNULL)


# The system


def test_the_systems_resolvers_are_addresses_and_ports() -> None:
    assert all(address and port == 53 for address, port in system_resolvers())


@pytest.mark.parametrize(
    ("server", "text"),
    [
        (("192.0.2.53", 53), "192.0.2.53"),
        (("192.0.2.53", 5353), "192.0.2.53:5353"),
        (("2001:db8::53", 53), "2001:db8::53"),
        (("2001:db8::53", 5353), "[2001:db8::53]:5353"),
    ],
)
def test_a_resolver_in_words(server: Server, text: str) -> None:
    assert server_text(server) == text


def test_dnspython_is_loaded_only_to_ask() -> None:
    code = "import sys, probe.observe.names, probe.observe.outside; sys.exit('dns' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
