"""Answers made to hurt: each ends in an `Answer`, bounded, and soon."""

import itertools
import random
import struct
import time
from collections.abc import Callable, Iterable

import dns.message
import dns.name
import dns.rcode
import pytest
import trio
import trio.lowlevel
from hypothesis import example, given, settings
from hypothesis import strategies as st

from probe.model import Answer, Kind, Outcome, Question
from probe.observe.ask import Resolver
from probe.observe.channel import STRAYS
from probe.observe.rdata import MAX_STRINGS, MAX_TEXT
from probe.observe.response import MAX_ALIASES, MAX_RECORDS
from tests.nameserver import OverTcp, Query, ask, nameserver, prefixed, reply, says, silent, truncated
from tests.world import in_trio

MX = Question(name="example.org", rtype="MX")
TXT = Question(name="example.org", rtype="TXT")
SHORT = 0.2  # seconds
SECONDS = 2.0  # of processor time for one answer, with all its tries and on a slow machine
AT_QUESTION = b"\xc0\x0c"  # a pointer to the name in the question


def record(rtype: int, data: bytes, owner: bytes = AT_QUESTION) -> bytes:
    return owner + struct.pack("!HHIH", rtype, 1, 300, len(data)) + data


def message(query: Query, *records: bytes, claimed: int | None = None, rcode: int = 0) -> bytes:
    """A response of these records; `claimed` is how many it says that there are."""
    response = dns.message.make_response(query, recursion_available=True)
    response.use_edns(False)
    wire = bytearray(response.to_wire())
    wire[3] |= rcode
    wire[6:8] = (len(records) if claimed is None else claimed).to_bytes(2)
    return bytes(wire) + b"".join(records)


def over_tcp(make: Callable[[Query], bytes]) -> OverTcp:
    async def serve(query: Query, stream: trio.SocketStream) -> None:
        await stream.send_all(prefixed(make(query)))

    return serve


async def ask_for(question: Question, *records: bytes, claimed: int | None = None) -> Answer:
    """What comes of a response of these records, over TCP; it must not take long."""
    began = time.process_time()
    with trio.fail_after(20):
        answer = await ask(
            truncated, question, over_tcp(lambda query: message(query, *records, claimed=claimed)), patience=10
        )
    assert time.process_time() - began < SECONDS
    assert len(answer.detail) < 300
    assert sum(map(len, answer.records)) <= 2 * MAX_TEXT
    return answer


# Many records


@in_trio
async def test_ten_thousand_mx_records() -> None:
    """As many as fit into a message, which says that there are even more."""
    records = [record(15, struct.pack("!H", number) + b"\0") for number in range(4_300)]
    answer = await ask_for(MX, *records, claimed=10_000)
    assert answer.detail == "1,000 of 10,000 records read"
    assert len(answer.records) == MAX_RECORDS


@in_trio
async def test_records_of_the_same_text_are_one() -> None:
    answer = await ask_for(MX, *[record(15, b"\0\x0a\0")] * 999)
    assert (answer.records, answer.detail) == (("10 .",), "")


@in_trio
async def test_more_records_promised_than_there_are() -> None:
    answer = await ask_for(MX, record(15, b"\0\x0a\0"), claimed=65_535)
    assert answer.outcome is Outcome.FAILED
    assert answer.detail.startswith("unreadable answer")


@pytest.mark.parametrize("octets", [4, 40])
@in_trio
async def test_a_record_that_promises_more_octets_than_there_are(octets: int) -> None:
    question = Question(name="_25._tcp.mx.example.org", rtype="TLSA")
    whole = record(52, b"\3\1\1" + bytes(40))
    assert (await ask_for(question, whole[:-octets])).outcome is Outcome.FAILED


@in_trio
async def test_a_thousand_owners_that_have_nothing_to_do_with_the_question() -> None:
    dice = random.Random(1)
    owners = [b"\x3f" + dice.randbytes(63) + b"\0" for _ in range(700)]
    answer = await ask_for(MX, *[record(15, b"\0\x0a\0", owner) for owner in owners])
    assert (answer.outcome, answer.records) == (Outcome.NODATA, ())


@in_trio
async def test_a_name_far_into_the_message_is_not_taken_for_one_near_its_beginning() -> None:
    """A pointer holds 14 bits. This owner begins where they would overflow to the question's place."""
    head = 12 + len("example.org") + 2 + 4
    filler = record(16, bytes(0x4000 + 12 - head - 12))
    assert head + len(filler) == 0x4000 + 12
    answer = await ask_for(MX, filler, record(15, b"\0\x0a\0", b"\4evil\7example\0"))
    assert answer.outcome is Outcome.NODATA


# Long records


@pytest.mark.parametrize("octet", [b"a", b"\0", b'"', b"\xff"])
@in_trio
async def test_a_text_of_64_kib(octet: bytes) -> None:
    answer = await ask_for(TXT, record(16, (b"\xff" + octet * 255) * 255))
    (text,) = answer.records
    assert text.count(" ") == MAX_STRINGS // 256 - 1
    assert text.startswith('"') and text.endswith('"')  # noqa: PT018
    assert answer.detail == "a record of 65,280 octets cut to 8,192"


@in_trio
async def test_a_text_of_empty_strings() -> None:
    (text,) = (await ask_for(TXT, record(16, bytes(65_000)))).records
    assert text.count('""') == MAX_STRINGS


@in_trio
async def test_many_texts() -> None:
    answer = await ask_for(TXT, *[record(16, b"\xff%03d" % n + b"\0" * 252) for n in range(240)])
    kept = len(answer.records)
    assert MAX_TEXT - 2_000 < sum(map(len, answer.records)) <= MAX_TEXT
    assert answer.detail == f"{kept} of 240 records read"


@in_trio
async def test_a_text_as_long_as_may_be_is_whole() -> None:
    answer = await ask_for(TXT, record(16, (b"\xff" + b"a" * 255) * 32))
    assert (len(answer.records[0]), answer.detail) == (32 * 257 + 31, "")


@in_trio
async def test_tlsa_data_of_64_kib() -> None:
    question = Question(name="_25._tcp.mx.example.org", rtype="TLSA")
    answer = await ask_for(question, record(52, b"\3\0\0" + bytes(65_000)))
    assert answer.records == ("3 0 0 " + "00" * 65_000,)
    answer = await ask_for(question, *[record(52, b"\3\0\0" + bytes([n]) * 16_000) for n in range(4)])
    assert (len(answer.records), answer.detail) == (2, "2 of 4 records read")


# Names


@in_trio
async def test_names_with_control_characters() -> None:
    answer = await ask_for(MX, record(15, b"\0\x0a\x0ca\x1b[2J\r\n\0\x07 .\\\x04\xff\x80\x7f;\0"))
    assert answer.records == (r"10 a\027[2j\013\010\000\007\032\.\\.\255\128\127\;",)
    assert answer.records[0].isprintable()
    host = answer.records[0].removeprefix("10 ")
    assert (await ask(says(), Question(name=host, rtype="A"))).outcome is Outcome.NODATA  # and can be asked


@in_trio
async def test_a_compression_bomb() -> None:
    """3,501 records of 16 octets each, whose exchange unpacks to the longest name there is."""
    name = b"\x01a" * 120 + AT_QUESTION
    first = record(15, b"\0\0" + name)
    at = struct.pack("!H", 0xC000 | 29 + 14)
    answer = await ask_for(MX, first, *[record(15, struct.pack("!H", n) + at) for n in range(1, 3_501)])
    assert answer.records[0] == "0 " + "a." * 120 + "example.org"
    assert answer.detail == f"{len(answer.records)} of 3,501 records read"
    assert 250 < len(answer.records) < 260


@in_trio
async def test_owners_that_are_a_compression_bomb() -> None:
    """Each owner is another tail of the longest name, behind a chain of pointers."""
    name = b"\x01a" * 120 + AT_QUESTION
    first = record(15, b"\0\0" + name)
    owners = [struct.pack("!H", 0xC000 | 29 + 14 + 2 * (n % 120)) for n in range(3_500)]
    answer = await ask_for(MX, first, *[record(15, b"\0\x0a\0", owner) for owner in owners])
    assert answer.records == ("0 " + "a." * 120 + "example.org",)


@pytest.mark.parametrize(
    "name",
    [
        struct.pack("!H", 0xC000 | 29 + 14),  # itself
        struct.pack("!H", 0xC000 | 29 + 40),  # forward
        b"\xff\xff",  # outside
        b"\x01a" + struct.pack("!H", 0xC000 | 29 + 14),  # round and round
        b"\xc0",
        b"\x3fa",
        b"\x80a\0",  # no kind of label
        b"\x01a" * 127 + AT_QUESTION,  # too long
    ],
)
@in_trio
async def test_names_that_do_not_end(name: bytes) -> None:
    answer = await ask_for(MX, record(15, b"\0\0" + name))
    assert answer.outcome is Outcome.FAILED
    assert answer.detail.startswith("unreadable answer")


@pytest.mark.parametrize("owner", [b"\xc0\x1d", b"\xc0\xff", b"\xc0", b"\x3f", b"\xff\xff", b"\x80\0"])
@in_trio
async def test_owners_that_do_not_end(owner: bytes) -> None:
    answer = await ask_for(MX, record(15, b"\0\0\0", owner))
    assert answer.outcome is Outcome.FAILED
    assert answer.detail.startswith("unreadable answer")


# Aliases


def chain(length: int) -> list[bytes]:
    """example.org → n1 → n2 …"""
    names = [AT_QUESTION, *(b"\x05" + f"n{n:04}".encode() + AT_QUESTION for n in range(1, length + 1))]
    return [record(5, target, owner) for owner, target in itertools.pairwise(names)]


@pytest.mark.parametrize("length", [MAX_ALIASES + 1, 900, 2_500])
@in_trio
async def test_a_long_chain_of_aliases(length: int) -> None:
    records = chain(length)
    if length < MAX_RECORDS:
        random.Random(1).shuffle(records)
    answer = await ask_for(MX, *records)
    assert (answer.outcome, answer.kind) == (Outcome.FAILED, Kind.PROTOCOL)
    assert answer.detail.startswith("CNAME loop")


@in_trio
async def test_the_longest_chain_that_is_followed() -> None:
    last = b"\x05" + f"n{MAX_ALIASES:04}".encode() + AT_QUESTION
    answer = await ask_for(MX, *chain(MAX_ALIASES), record(15, b"\0\x0a\0", last))
    assert (answer.records, len(answer.aliases)) == (("10 .",), MAX_ALIASES)


@in_trio
async def test_a_thousand_aliases_of_one_name() -> None:
    answer = await ask_for(MX, *[record(5, b"\x05" + f"n{n:04}".encode() + b"\0") for n in range(1_000)])
    assert (answer.outcome, answer.canonical) == (Outcome.NODATA, "n0000")


@in_trio
async def test_an_alias_of_itself() -> None:
    answer = await ask_for(MX, record(5, AT_QUESTION))
    assert (answer.outcome, answer.kind) == (Outcome.FAILED, Kind.PROTOCOL)


# Extended errors


@in_trio
async def test_extended_errors_with_a_novel_for_a_reason() -> None:
    def make(query: Query) -> bytes:
        options = struct.pack("!HHH", 15, 60_000, 6) + b"\x1b[31m" * 12_000
        options = options[:60_004]
        wire = bytearray(message(query, rcode=int(dns.rcode.SERVFAIL)))
        wire[10:12] = b"\0\1"
        return bytes(wire) + b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(options)) + options

    answer = await ask(truncated, MX, over_tcp(make))
    assert answer.outcome is Outcome.BOGUS
    assert answer.detail.startswith(f"SERVFAIL from {answer.resolver} (DNSSEC: bogus: ")
    assert len(answer.detail) < 200


# Floods


@pytest.mark.parametrize("listens", [True, False])
@in_trio
async def test_a_flood_of_forgeries(listens: bool) -> None:
    """The right name, every number but the right one. TCP it is then, and soon."""
    forged = 0

    def over_udp(query: Query) -> Iterable[bytes]:
        nonlocal forged
        response = reply(query, "example.org. 300 IN MX 66 evil.example.")
        for number in range(1, 3_000):
            forged += 1
            response.id = query.id ^ number
            yield response.to_wire()

    good = over_tcp(lambda query: reply(query, "example.org. 300 IN MX 10 mx.example.org.").to_wire())
    began = trio.current_time()
    answer = await ask(over_udp, MX, good if listens else None, patience=60)
    assert trio.current_time() - began < 30
    assert forged < 10_000  # two tries at most
    if listens:
        assert answer.records == ("10 mx.example.org",)
    else:
        assert (answer.outcome, answer.kind) == (Outcome.TIMEOUT, Kind.UNREACHABLE)
        assert " over TCP: " in answer.detail


@in_trio
async def test_who_asks_beside_one_that_is_flooded_gets_an_answer() -> None:
    def over_udp(query: Query) -> Iterable[bytes]:
        good = reply(query, f"{query.question[0].name} 300 IN MX 10 mx.example.org.")
        if query.question[0].name == dns.name.from_text("n3.example"):
            for _ in range(2 * STRAYS):
                yield b"?" * 40
        yield good.to_wire()

    def make(query: Query) -> bytes:
        return reply(query, f"{query.question[0].name} 300 IN MX 10 mx.example.org.").to_wire()

    answers: list[Answer] = []
    async with nameserver(over_udp, over_tcp(make)) as server:
        resolver = Resolver([server], 10)

        async def one(number: int) -> None:
            answers.append(await resolver(Question(name=f"n{number}.example", rtype="MX")))

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(one, number)
    assert [answer.outcome for answer in answers] == [Outcome.FOUND] * 20


@in_trio
async def test_truncated_for_ever() -> None:
    answer = await ask(truncated, MX, over_tcp(lambda query: next(iter(truncated(query)))))
    assert answer.outcome is Outcome.FAILED
    assert answer.detail.endswith(" over TCP: it was cut")


@in_trio
async def test_a_trickle_costs_no_more_than_its_time() -> None:
    async def trickle(_: Query, stream: trio.SocketStream) -> None:
        await stream.send_all(b"\xff\xff")
        while True:
            await stream.send_all(b"\0")
            await trio.lowlevel.checkpoint()

    began = trio.current_time()
    answer = await ask(truncated, MX, trickle, patience=SHORT)
    assert answer.outcome in (Outcome.TIMEOUT, Outcome.FAILED)
    assert trio.current_time() - began < 10 * SHORT


@in_trio
async def test_silence_over_tcp() -> None:
    async def hang(_: Query, stream: trio.SocketStream) -> None:
        await trio.sleep_forever()

    answer = await ask(truncated, MX, hang, patience=SHORT)
    assert answer.outcome is Outcome.TIMEOUT


@in_trio
async def test_nothing_at_all() -> None:
    assert (await ask(silent, MX, patience=SHORT)).outcome is Outcome.TIMEOUT


# Anything


QUERY = dns.message.make_query("example.org", "MX", id=0, use_edns=0)
GOOD = reply(
    QUERY, "example.org. 300 IN CNAME example.net.", "example.net. 300 IN MX 10 mx.example.net.", "b. 1 IN A 192.0.2.1"
).to_wire()
SOA = "org. 900 IN SOA ns.example. host.example. 1 2 3 4 60"
REFUSAL = reply(QUERY, rcode=dns.rcode.SERVFAIL, errors=[(7, "of yesterday")], soa=SOA).to_wire()


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=600),
        st.binary(max_size=200).map(lambda tail: GOOD[:29] + tail),
        st.lists(st.tuples(st.integers(2, len(GOOD) - 1), st.integers(0, 255)), max_size=8).map(
            lambda changes: bytes(dict(changes).get(at, octet) for at, octet in enumerate(GOOD))
        ),
        st.lists(st.tuples(st.integers(4, len(REFUSAL) - 1), st.integers(0, 255)), max_size=8).map(
            lambda changes: bytes(dict(changes).get(at, octet) for at, octet in enumerate(REFUSAL))
        ),
    ),
    st.sampled_from(["MX", "A", "AAAA", "TXT", "TLSA", "CNAME", "SOA"]),
)
@example(GOOD, "MX")
@example(REFUSAL, "MX")
def test_no_response_raises(wire: bytes, rtype: str) -> None:
    """Whatever comes, over either transport, ends in an answer."""

    def as_answer(query: Query) -> bytes:
        head = query.to_wire()[:2] + wire[2:25]
        return head + query.to_wire()[25:29] + wire[29:] if len(wire) > 29 else head

    def over_udp(query: Query) -> Iterable[bytes]:
        return [as_answer(query), reply(query, rcode=dns.rcode.REFUSED).to_wire()]

    async def main() -> None:
        assert isinstance(await ask(over_udp, Question(name="example.org", rtype=rtype), over_tcp(as_answer)), Answer)

    trio.run(main)
