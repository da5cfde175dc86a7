"""Secure, insecure, bogus, or nobody knows: what resolvers say, and whom we believe."""

from collections.abc import Iterable
from contextlib import AsyncExitStack

import dns.flags
import dns.name
import dns.rcode
import pytest
import trio
from trio.testing import MockClock

from probe.model import Answer, Dnssec, Outcome, Question
from probe.observe.ask import Resolver
from probe.observe.channel import Server
from probe.observe.outside import outside
from probe.observe.validation import ExtendedError, Standing, extended_errors
from tests.nameserver import (
    REFUSED,
    ROOT_SOA,
    SERVFAIL,
    A,
    OverUdp,
    Query,
    ask,
    in_turn,
    nameserver,
    reply,
    says,
    silent,
)
from tests.world import in_trio

ADDRESS = "mx.example.org. 300 IN A 192.0.2.1"
OTHER = Question(name="mx.example.org", rtype="AAAA")
SECURE = says(ADDRESS, secure=True)
UNSIGNED = says(ADDRESS)
VALIDATOR, FORWARDER = "127.0.0.1", "127.0.0.11"
SHORT = 0.2  # seconds

# Whom we believe


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("127.0.0.1", True),
        ("127.0.0.53", True),
        ("::1", True),
        (FORWARDER, False),
        ("192.0.2.53", False),
        ("10.0.0.53", False),
        ("fe80::1%eth0", False),
        ("::ffff:127.0.0.1", False),
    ],
)
def test_only_loopback_is_trusted_by_itself(address: str, trusted: bool) -> None:
    assert Standing(address, declared=False).trusted is trusted
    assert Standing(address, declared=True).trusted


@pytest.mark.parametrize(
    "over_udp", [SECURE, says(secure=True), says(rcode=dns.rcode.NXDOMAIN, secure=True)], ids=["a", "nodata", "nx"]
)
@in_trio
async def test_what_a_trusted_validator_vouches_for_is_secure(over_udp: OverUdp) -> None:
    answer = await ask(over_udp)
    assert (answer.secure, answer.dnssec) == (True, Dnssec.SECURE)


@in_trio
async def test_a_forwarder_of_a_container_is_believed_only_where_it_is_declared() -> None:
    async with nameserver(SECURE, validates=True, address=FORWARDER) as server:
        assert (await Resolver([server], 3)(A)).secure is None
        assert (await Resolver([server], 3, trust_ad=True)(A)).secure is True
        assert (await outside([server]).resolve(A)).secure is None
        assert (await outside([server], trust_ad=True).resolve(A)).secure is True


@in_trio
async def test_one_that_is_not_trusted_is_not_asked_for_the_root() -> None:
    asked, over_udp = counted(UNSIGNED)
    assert (await ask(over_udp, validates=None, address=FORWARDER)).secure is None
    assert len(asked) == 1


# Who validates


def counted(over_udp: OverUdp) -> tuple[list[Query], OverUdp]:
    asked: list[Query] = []

    def counting(query: Query) -> Iterable[bytes]:
        asked.append(query)
        return over_udp(query)

    return asked, counting


def root_says(of_the_root: OverUdp, otherwise: OverUdp) -> OverUdp:
    return lambda query: (of_the_root if query.question[0].name == dns.name.root else otherwise)(query)


@pytest.mark.parametrize(("validates", "secure"), [(True, False), (False, None)])
@in_trio
async def test_without_ad_it_is_insecure_only_where_somebody_validates(validates: bool, secure: bool | None) -> None:
    assert (await ask(UNSIGNED, validates=validates)).secure is secure


@in_trio
async def test_one_that_has_set_ad_is_known_to_validate() -> None:
    asked, over_udp = counted(in_turn(SECURE, says()))
    async with nameserver(over_udp, validates=None) as server:
        resolver = Resolver([server], 3)
        assert [(await resolver(question)).secure for question in (A, OTHER)] == [True, False]
    assert len(asked) == 2


@in_trio
async def test_one_that_sets_ad_after_all_is_known_to_validate_from_then_on() -> None:
    async with nameserver(in_turn(UNSIGNED, says(secure=True), says())) as server:
        resolver = Resolver([server], 3)
        questions = [Question(name="mx.example.org", rtype=rtype) for rtype in ("A", "AAAA", "TXT")]
        assert [(await resolver(question)).secure for question in questions] == [None, True, False]


def test_what_was_seen_before_a_look_at_the_root_ended_counts() -> None:
    standing = Standing(VALIDATOR, declared=False)
    assert standing.secure(authentic=True)
    standing.looked(answered=True, authentic=False)
    assert standing.secure(authentic=False) is False


@in_trio
async def test_what_is_not_known_has_no_status() -> None:
    loop = says("mx.example.org. 60 IN CNAME mx.example.org.", secure=True)
    answer = await ask(loop, validates=True)
    assert (answer.outcome, answer.secure, answer.dnssec) == (Outcome.FAILED, None, Dnssec.FAILED)


@pytest.mark.parametrize("of_the_root", [says(ROOT_SOA), says(ROOT_SOA, secure=True), says(), REFUSED])
@in_trio
async def test_the_root_is_asked_for_once_a_run(of_the_root: OverUdp) -> None:
    asked, over_udp = counted(root_says(of_the_root, says()))
    async with nameserver(over_udp, validates=None) as server:
        resolver = Resolver([server], 3)
        async with trio.open_nursery() as nursery:
            for number in range(10):
                nursery.start_soon(resolver, Question(name=f"n{number}.example", rtype="A"))
        await resolver(A)
    assert sum(query.question[0].name == dns.name.root for query in asked) == 1


@pytest.mark.parametrize("passing", [SERVFAIL, silent])
def test_a_look_at_the_root_that_failed_is_taken_once_more(passing: OverUdp) -> None:
    clock = MockClock(rate=1)

    async def main() -> None:
        asked, of_the_root = counted(in_turn(passing, says(ROOT_SOA, secure=True)))
        async with nameserver(root_says(of_the_root, says()), validates=None) as server:
            resolver = Resolver([server], SHORT)
            assert (await resolver(A)).secure is None
            clock.jump(6)  # longer than what failed is remembered
            assert (await resolver(OTHER)).secure is False
        assert len(asked) == 2

    trio.run(main, clock=clock)


def test_no_more_than_two_looks_are_taken() -> None:
    standing = Standing(VALIDATOR, declared=False)
    for _ in range(2):
        assert standing.is_open
        standing.looked(answered=False, authentic=False)
    assert not standing.is_open


# Bogus


def unless_unchecked(checked: OverUdp, unchecked: OverUdp) -> OverUdp:
    return lambda query: (unchecked if query.flags & dns.flags.CD else checked)(query)


BOGUS = unless_unchecked(SERVFAIL, UNSIGNED)


@pytest.mark.parametrize("unchecked", [UNSIGNED, says(), says(rcode=dns.rcode.NXDOMAIN)])
@pytest.mark.parametrize("address", ["127.0.0.1", FORWARDER])
@in_trio
async def test_an_answer_that_is_only_given_unchecked_is_bogus(unchecked: OverUdp, address: str) -> None:
    answer = await ask(unless_unchecked(SERVFAIL, unchecked), address=address)
    assert (answer.outcome, answer.records, answer.secure) == (Outcome.BOGUS, (), None)
    assert answer.dnssec is Dnssec.BOGUS
    assert answer.detail == f"SERVFAIL from {answer.resolver} (DNSSEC: it has an answer, and gives it only unchecked)"
    assert answer.canonical == A.name


@pytest.mark.parametrize("unchecked", [SERVFAIL, REFUSED, silent])
@in_trio
async def test_without_an_answer_nothing_is_bogus(unchecked: OverUdp) -> None:
    answer = await ask(unless_unchecked(SERVFAIL, unchecked), patience=SHORT)
    assert (answer.outcome, answer.detail) == (Outcome.FAILED, f"SERVFAIL from {answer.resolver}")


@in_trio
async def test_a_server_that_failed_in_passing_is_not_bogus() -> None:
    """It answers unchecked, and checked the next time."""
    answer = await ask(in_turn(SERVFAIL, SERVFAIL, UNSIGNED, SECURE))
    assert (answer.outcome, answer.secure) == (Outcome.FOUND, True)


@in_trio
async def test_a_refusal_is_not_bogus() -> None:
    answer = await ask(unless_unchecked(REFUSED, UNSIGNED))
    assert (answer.outcome, answer.detail) == (Outcome.FAILED, f"REFUSED from {answer.resolver}")


@in_trio
async def test_ad_in_an_unchecked_answer_means_nothing() -> None:
    answer = await ask(unless_unchecked(SERVFAIL, SECURE))
    assert (answer.outcome, answer.secure) == (Outcome.BOGUS, None)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (6, "bogus"),
        (7, "signature expired"),
        (8, "signature not yet valid"),
        (9, "DNSKEY missing"),
        (10, "RRSIGs missing"),
        (11, "no zone key bit set"),
        (12, "NSEC missing"),
    ],
)
@in_trio
async def test_a_validator_may_say_itself_that_it_is_bogus(code: int, name: str) -> None:
    asked, over_udp = counted(says(rcode=dns.rcode.SERVFAIL, errors=[(22, ""), (code, "as <mx.example.org. A IN>")]))
    answer = await ask(over_udp)
    assert answer.outcome is Outcome.BOGUS
    assert answer.detail == f"SERVFAIL from {answer.resolver} (DNSSEC: {name}: as <mx.example.org. A IN>)"
    assert not any(query.flags & dns.flags.CD for query in asked)


@pytest.mark.parametrize("code", [0, 1, 2, 5, 13, 22, 23, 4711])
@in_trio
async def test_other_extended_errors_are_no_word_on_dnssec(code: int) -> None:
    answer = await ask(says(rcode=dns.rcode.SERVFAIL, errors=[(code, "of 192.0.2.1")]))
    assert answer.outcome is Outcome.FAILED
    assert answer.detail.startswith(f"SERVFAIL from {answer.resolver} (extended error ")
    assert answer.detail.endswith(": of 192.0.2.1)")


@in_trio
async def test_an_extended_error_beside_an_answer_changes_nothing() -> None:
    answer = await ask(says(ADDRESS, errors=[(6, "bogus")]))
    assert answer.outcome is Outcome.FOUND


@in_trio
async def test_bogus_that_passes() -> None:
    answer = await ask(in_turn(says(rcode=dns.rcode.SERVFAIL, errors=[(7, "")]), SECURE))
    assert (answer.outcome, answer.secure) == (Outcome.FOUND, True)


def option(code: int, data: bytes) -> bytes:
    return code.to_bytes(2) + len(data).to_bytes(2) + data


@pytest.mark.parametrize(
    ("options", "errors"),
    [
        (b"", []),
        (option(15, b"\0\6"), [(6, "")]),
        (option(10, bytes(8)) + option(15, b"\0\7expired\0"), [(7, "expired")]),
        (option(15, b"\0\6\xff\xfe"), [(6, "\ufffd\ufffd")]),
        (option(15, b"\0"), []),
        (option(15, b"\0\6abc")[:-1], []),
        (b"\0\x0f\0", []),
        (option(15, b"\0\6" + b"a" * 60_000), [(6, "a" * 120)]),
        (option(15, b"\0\6" + "ä".encode() * 200), [(6, "ä" * 120)]),
        (option(15, b"\0\6") * 10_000, [(6, "")] * 4),
    ],
)
def test_extended_errors_as_they_come(options: bytes, errors: list[tuple[int, str]]) -> None:
    assert extended_errors(options) == [ExtendedError(*error) for error in errors]


# Several resolvers


async def between(*servers: tuple[OverUdp, str, bool], question: Question = A, rounds: int = 1) -> list[Answer]:
    """What servers, each at its address and perhaps validating, say together."""
    async with AsyncExitStack() as stack:
        listening: list[Server] = []
        for over_udp, address, validates in servers:
            one = nameserver(over_udp, address=address, validates=validates)
            listening.append(await stack.enter_async_context(one))
        resolver = Resolver(listening, SHORT)
        names = [question.name, *(f"n{number}.example" for number in range(1, rounds))]
        return [await resolver(Question(name=name, rtype=question.rtype)) for name in names]


LIAR = says("mx.example.org. 300 IN A 203.0.113.66", secure=True)


@pytest.mark.parametrize("second", [UNSIGNED, LIAR, says(), says(rcode=dns.rcode.NXDOMAIN)])
@in_trio
async def test_one_that_is_not_trusted_cannot_talk_bogus_away(second: OverUdp) -> None:
    (answer,) = await between((BOGUS, VALIDATOR, True), (second, FORWARDER, True))
    assert answer.outcome is Outcome.BOGUS
    assert answer.resolver.startswith("127.0.0.1:")


@pytest.mark.parametrize("validates", [True, False])
@in_trio
async def test_nor_can_one_that_does_not_vouch_for_its_answer(validates: bool) -> None:
    (answer,) = await between((BOGUS, VALIDATOR, True), (UNSIGNED, "127.0.0.2", validates))
    assert answer.outcome is Outcome.BOGUS


@in_trio
async def test_an_answer_that_is_shown_to_be_secure_counts() -> None:
    (answer,) = await between((BOGUS, VALIDATOR, True), (SECURE, "127.0.0.2", True))
    assert (answer.outcome, answer.secure) == (Outcome.FOUND, True)


@pytest.mark.parametrize("address", [FORWARDER, "127.0.0.2"])
@in_trio
async def test_a_validator_that_merely_fails_gives_way(address: str) -> None:
    (answer,) = await between((SERVFAIL, VALIDATOR, True), (UNSIGNED, address, False))
    assert (answer.outcome, answer.secure, answer.records) == (Outcome.FOUND, None, ("192.0.2.1",))


@in_trio
async def test_a_validator_that_failed_in_passing_has_its_say() -> None:
    (answer,) = await between((in_turn(SERVFAIL, UNSIGNED, SECURE), VALIDATOR, True), (LIAR, FORWARDER, True))
    assert (answer.records, answer.secure) == (("192.0.2.1",), True)


@in_trio
async def test_among_those_who_are_not_trusted_the_first_that_knows_wins() -> None:
    asked, over_udp = counted(BOGUS)
    (answer,) = await between((over_udp, FORWARDER, True), (UNSIGNED, FORWARDER, False))
    assert (answer.outcome, answer.secure) == (Outcome.FOUND, None)
    assert len(asked) == 1


@in_trio
async def test_nor_does_it_matter_what_they_call_bogus_where_a_trusted_one_merely_failed() -> None:
    (answer,) = await between((BOGUS, FORWARDER, True), (SERVFAIL, VALIDATOR, True), (UNSIGNED, FORWARDER, False))
    assert (answer.outcome, answer.secure) == (Outcome.FOUND, None)


@in_trio
async def test_who_is_trusted_is_asked_first_why_it_failed() -> None:
    (answer,) = await between((BOGUS, FORWARDER, True), (BOGUS, VALIDATOR, True))
    assert answer.outcome is Outcome.BOGUS
    assert answer.resolver.startswith(f"{VALIDATOR}:")


@pytest.mark.parametrize("second", [SERVFAIL, REFUSED, silent])
@in_trio
async def test_bogus_where_nobody_else_knows(second: OverUdp) -> None:
    (answer,) = await between((BOGUS, VALIDATOR, True), (second, FORWARDER, False))
    assert answer.outcome is Outcome.BOGUS


@in_trio
async def test_a_validator_that_was_slow_once_stays_the_first_to_be_asked() -> None:
    def over_udp(query: Query) -> Iterable[bytes]:
        slow = query.question[0].name == dns.name.from_text(A.name)
        return () if slow else [reply(query, secure=True).to_wire()]

    first, second = await between((over_udp, VALIDATOR, True), (UNSIGNED, FORWARDER, False), rounds=2)
    assert (first.outcome, first.secure) == (Outcome.FOUND, None)
    assert (second.outcome, second.secure) == (Outcome.NODATA, True)


@pytest.mark.parametrize(
    ("servers", "silent_ones", "then"),
    [
        ("abc", "a", "bca"),
        ("abc", "ab", "cab"),
        ("aBC", "B", "aCB"),
        ("AbC", "A", "CbA"),
        ("AbC", "b", "ACb"),
        ("aB", "a", "Ba"),
        ("Ab", "A", "Ab"),
    ],
)
@in_trio
async def test_who_is_asked_first_after_some_were_silent(servers: str, silent_ones: str, then: str) -> None:
    """Letters are servers, capital ones trusted."""
    asked: list[str] = []

    def noting(letter: str) -> OverUdp:
        def over_udp(query: Query) -> Iterable[bytes]:
            if query.question[0].name == dns.name.from_text(A.name):
                return () if letter in silent_ones else REFUSED(query)
            asked.append(letter)
            return REFUSED(query)

        return over_udp

    async with AsyncExitStack() as stack:
        listening: list[Server] = []
        for letter in servers:
            one = nameserver(noting(letter), address=VALIDATOR if letter.isupper() else FORWARDER)
            listening.append(await stack.enter_async_context(one))
        resolver = Resolver(listening, SHORT)
        await resolver(A)
        await resolver(Question(name="example.net", rtype="A"))
    assert "".join(asked[: len(servers)]) == then
