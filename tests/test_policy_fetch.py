"""The MTA-STS record and the fetch behind it: whom we ask, what we keep, and what a hostile policy host can do."""

import gzip
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from itertools import chain, repeat

import pytest
import trio
import trustme

from probe.dialogue.http import MAX_BODY, MAX_HEAD, MAX_INTERIM, MAX_PIECES, MAX_RESPONSE, Response, hear
from probe.model import Answer, Kind, MtaSts, Outcome, Question, Remembered, Speaker, Stage
from probe.observe.policy import ENOUGH, MINUTE, look
from probe.observe.wire import PIECE
from probe.observe.world import Budget, Limits, Slots, World
from tests.observing import ended
from tests.world import BOGUS, FAILED, HANGS, NOW, TIMEOUT, Held, Server, Servers, Zone, fake_world, in_mock_time

HOST = "mta-sts.example.org"
TXT = '"v=STSv1; id=20260301;"'
POLICY = b"version: STSv1\nmode: enforce\nmx: mx.example.org\nmax_age: 86400\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
GOOD = OK + b"Content-Length: %d\r\n\r\n" % len(POLICY) + POLICY
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LATE = (Stage.AFTER, Kind.TIMEOUT, "the target's time ran out")

Said = Iterable[bytes | float]  # what is said, and how many seconds of silence are between


def zone(*addresses: str, txt: Held | None = None) -> Zone:
    """The names around a policy at these addresses."""
    return {
        "_mta-sts.example.org": {"TXT": [TXT] if txt is None else txt},
        HOST: {
            "A": [address for address in addresses if ":" not in address] or Outcome.NODATA,
            "AAAA": [address for address in addresses if ":" in address] or Outcome.NODATA,
        },
    }


@cache
def context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(HOST).configure_cert(made)
    return made


def https(said: Said, requests: list[bytes] | None = None, *, stays: bool = False) -> Server:
    """A policy host: hears a request, says its say, and hangs up, or `stays`."""

    async def serve(stream: trio.SocketStream) -> None:
        tls = trio.SSLStream(stream, context(), server_side=True)
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # the client has had enough
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                request += await tls.receive_some() or b"\r\n\r\n"
            if requests is not None:
                requests.append(request)
            for part in said:
                if isinstance(part, float):
                    await trio.sleep(part)
                else:
                    await tls.send_all(part)
            if stays:
                await trio.sleep_forever()
            await tls.aclose()

    return serve


async def looked(
    servers: Servers | None = None,
    names: Zone | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    families: frozenset[int] = frozenset({4, 6}),
    remembered: Remembered | None = None,
) -> MtaSts:
    async with fake_world(names or zone("192.0.2.1"), servers or {}) as world:
        return await look_into(world, limits, families, remembered)


async def look_into(
    world: World,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    families: frozenset[int] = frozenset({4, 6}),
    remembered: Remembered | None = None,
) -> MtaSts:
    budget, slots = Budget(limits.target), Slots(limits.connections)
    return await look("example.org", world, limits, slots, budget, families=families, remembered=remembered)


def response(found: MtaSts) -> Response:
    heard = hear(found.fetches[-1].transcript)
    assert heard
    return heard


# The way it ought to go


@in_mock_time
async def test_a_policy() -> None:
    requests: list[bytes] = []
    found = await looked({("192.0.2.1", 443): https([GOOD], requests)})
    assert found.txt.records == (TXT,)
    assert [(answer.question.name, answer.question.rtype) for answer in found.addresses] == [
        (HOST, "A"),
        (HOST, "AAAA"),
    ]
    (fetch,) = found.fetches
    assert fetch.failure is None
    endpoint = fetch.endpoint
    assert (endpoint.host, endpoint.server_name, endpoint.port, endpoint.dialogue) == (HOST, HOST, 443, "policy")
    assert fetch.session
    assert fetch.chain
    assert fetch.at == NOW
    assert [turn.who for turn in fetch.transcript] == [Speaker.CLIENT, Speaker.SERVER]
    assert requests == [fetch.transcript[0].data.encode()]
    assert requests[0].startswith(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.example.org\r\n")
    assert (response(found).status, response(found).body, response(found).fault) == (200, POLICY, "")


@in_mock_time
async def test_the_end_of_the_response_is_the_end_of_the_fetch() -> None:
    found = await looked({("192.0.2.1", 443): https([GOOD], stays=True)})
    assert found.fetches[0].failure is None
    assert trio.current_time() == pytest.approx(0, abs=0.01)


@in_mock_time
async def test_aliases_are_followed() -> None:
    names: Zone = {
        "_mta-sts.example.org": {"CNAME": ["_mta-sts.provider.example"]},
        "_mta-sts.provider.example": {"TXT": [TXT]},
        HOST: {"CNAME": ["policies.provider.example"]},
        "policies.provider.example": {"A": ["192.0.2.1"]},
    }
    found = await looked({("192.0.2.1", 443): https([GOOD])}, names)
    assert found.txt.aliases == ("_mta-sts.example.org",)
    assert found.fetches[0].endpoint.server_name == HOST  # RFC 8461 §3.3: the name of the policy host itself
    assert response(found).status == 200


# When there is nothing to fetch


@pytest.mark.parametrize(
    "txt",
    [Outcome.NXDOMAIN, Outcome.NODATA, FAILED, TIMEOUT, BOGUS, ['"v=spf1 -all"'], ['"v=stsv1; id=1;"'], ['""']],
)
@in_mock_time
async def test_without_a_record_nothing_more_is_asked(txt: Held) -> None:
    async with fake_world({"_mta-sts.example.org": {"TXT": txt}}) as world:

        async def resolve(question: Question) -> Answer:
            assert question == Question(name="_mta-sts.example.org", rtype="TXT")
            return await world.resolve(question)

        found = await look_into(replace(world, resolve=resolve), remembered=REMEMBERED)
    assert found.txt.outcome is (Outcome.FOUND if isinstance(txt, list) else txt)
    assert (found.addresses, found.fetches, found.remembered) == ((), (), REMEMBERED)


REMEMBERED = Remembered(
    domain="example.org", id="1", body=POLICY, digest="0" * 64, fetched=NOW, expires=NOW + timedelta(days=1)
)


@pytest.mark.parametrize(
    "txt",
    [
        ['"v=STSv1"'],
        ['"v=ST" "Sv1; id=1;"'],
        ['" v=STSv1; id=1;"'],  # which is none, as the judge will say
        [TXT, '"v=STSv1; id=2;"'],
        ['"other"', TXT],
    ],
)
@in_mock_time
async def test_whatever_speaks_of_sts_is_worth_a_fetch(txt: list[str]) -> None:
    found = await looked({("192.0.2.1", 443): https([GOOD])}, zone("192.0.2.1", txt=txt), remembered=REMEMBERED)
    assert (response(found).status, found.remembered) == (200, REMEMBERED)


@pytest.mark.parametrize("outcome", [Outcome.NXDOMAIN, Outcome.NODATA, FAILED, TIMEOUT, BOGUS])
@in_mock_time
async def test_a_policy_host_without_addresses(outcome: Outcome) -> None:
    found = await looked(names={**zone(), HOST: outcome})
    assert [answer.outcome for answer in found.addresses] == [outcome] * 2
    assert found.fetches == ()


# One address after another


@in_mock_time
async def test_the_first_address_with_a_response_is_the_last_one_asked() -> None:
    addresses = ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5")
    servers: Servers = {
        ("192.0.2.2", 443): HANGS,
        ("192.0.2.3", 443): https([]),
        ("192.0.2.4", 443): https([b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"]),
        ("192.0.2.5", 443): https([GOOD]),
    }
    found = await looked(servers, zone(*addresses))
    assert [(fetch.endpoint.address, bool(fetch.failure)) for fetch in found.fetches] == [
        ("192.0.2.1", True),
        ("192.0.2.2", True),
        ("192.0.2.3", True),
        ("192.0.2.4", False),
    ]
    assert [fetch.failure and fetch.failure.stage for fetch in found.fetches] == [
        Stage.CONNECT,
        Stage.CONNECT,
        Stage.AFTER,
        None,
    ]
    assert response(found).status == 503
    assert trio.current_time() == pytest.approx(Limits().connect)


@in_mock_time
async def test_addresses_without_a_response_are_given_up_after_a_few() -> None:
    addresses = [f"192.0.2.{number}" for number in range(1, 10)]
    mute: Servers = {(each, 443): https([b"HTTP/1.1 100 Continue\r\n\r\n"]) for each in addresses[1:]}
    # One without TLS costs nothing but time.
    found = await looked({**mute, ("192.0.2.3", 443): HANGS}, zone(*addresses))
    assert len(found.fetches) == ENOUGH + 2
    assert [bool(fetch.session) for fetch in found.fetches] == [False, True, False, True, True]


@pytest.mark.parametrize(("family", "address"), [(4, "192.0.2.1"), (6, "2001:db8::1")])
@in_mock_time
async def test_only_the_wanted_kind_of_address(family: int, address: str) -> None:
    servers: Servers = {("192.0.2.1", 443): https([GOOD]), ("2001:db8::1", 443): https([GOOD])}
    found = await looked(servers, zone("192.0.2.1", "2001:db8::1"), families=frozenset({family}))
    assert [fetch.endpoint.address for fetch in found.fetches] == [address]
    assert len(found.addresses) == 1


@in_mock_time
async def test_only_so_many_addresses() -> None:
    found = await looked(names=zone(*(f"192.0.2.{number}" for number in range(100))), limits=Limits(addresses=3))
    assert [ended(fetch) for fetch in found.fetches] == [(Stage.CONNECT, Kind.REFUSED, "nobody listens there")] * 3


@in_mock_time
async def test_a_redirect_is_not_followed() -> None:
    moved = b"HTTP/1.1 301 Moved\r\nLocation: https://example.org/mta-sts.txt\r\nContent-Length: 0\r\n\r\n"
    requests: list[bytes] = []
    found = await looked({("192.0.2.1", 443): https([moved], requests)})
    assert (response(found).status, len(requests), len(found.fetches)) == (301, 1, 1)


@in_mock_time
async def test_a_busy_host_is_not_asked_again() -> None:  # as a server of mail would be
    requests: list[bytes] = []
    found = await looked({("192.0.2.1", 443): https([b"421 4.3.2 busy\r\n\r\n"], requests)})
    assert ended(found.fetches[0]) == (Stage.AFTER, Kind.PROTOCOL, "not HTTP: illegal status line")
    assert (len(requests), found.fetches[0].refusals) == (1, ())


# Hosts that do not speak HTTP, or not for long


@in_mock_time
async def test_a_host_without_tls() -> None:
    async def plain(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    found = await looked({("192.0.2.1", 443): plain})
    failure = found.fetches[0].failure
    assert failure
    assert (failure.stage, failure.kind) == (Stage.HANDSHAKE, Kind.PROTOCOL)
    assert found.fetches[0].transcript == ()


NOT_HTTP, CUT_SHORT = "not HTTP: illegal status line", "the response ended before it was complete"


@pytest.mark.parametrize(
    ("said", "kind", "detail"),
    [
        ([], Kind.CLOSED, "the connection was closed while a response was due"),
        ([b"HTTP/1.1 200 OK\r\nCont"], Kind.CLOSED, CUT_SHORT),
        ([GOOD[:-1]], Kind.CLOSED, CUT_SHORT),
        ([CHUNKED + b"5\r\nversi"], Kind.CLOSED, CUT_SHORT),
        ([CHUNKED + b"2\r\nve\r\n"], Kind.CLOSED, CUT_SHORT),
        ([CHUNKED + b"0\r\n"], Kind.CLOSED, CUT_SHORT),
        ([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], Kind.PROTOCOL, NOT_HTTP),
        ([b"\x00\x00\x12\x04" + bytes(20)], Kind.PROTOCOL, NOT_HTTP),
        ([b"\xff" * 100_000], Kind.PROTOCOL, f"more than {MAX_HEAD} bytes of headers"),
    ],
)
@in_mock_time
async def test_a_host_that_speaks_something_else(said: Said, kind: Kind, detail: str) -> None:
    found = await looked({("192.0.2.1", 443): https(said)})
    assert ended(found.fetches[0]) == (Stage.AFTER, kind, detail)
    assert found.fetches[0].session
    assert found.fetches[0].chain
    assert trio.current_time() == pytest.approx(0, abs=0.01)


# Floods: each ends where its limit is, whatever it is made of


@dataclass
class Flood:
    """A beginning, and then the same without end, as often as somebody connects."""

    begin: bytes
    part: bytes

    def __iter__(self) -> Iterator[bytes]:
        return chain([self.begin] if self.begin else [], repeat(self.part))


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        (Flood(OK + b"\r\n", b"x" * 1000), f"more than {MAX_BODY} bytes of body"),
        (Flood(OK + b"Content-Length: 99999999999999999999\r\n\r\n", b"x" * 20), f"more than {MAX_BODY} bytes of body"),
        (Flood(CHUNKED, b"3e8\r\n" + b"x" * 1000 + b"\r\n"), f"more than {MAX_BODY} bytes of body"),
        (Flood(CHUNKED + b"ffffffffffffffff\r\n", b"x" * 1000), f"more than {MAX_BODY} bytes of body"),
        (Flood(CHUNKED, b"1\r\nx\r\n" * 50), f"more than {MAX_PIECES} pieces of body"),
        (Flood(CHUNKED, b"1;" + b"e" * 10_000 + b"\r\nx\r\n"), f"more than {MAX_RESPONSE} bytes of response"),
        (Flood(CHUNKED + b"1;", b"e" * 1000), f"more than {MAX_RESPONSE} bytes of response"),
        (Flood(CHUNKED + b"0\r\n", b"Trailer: x\r\n" * 10), f"more than {MAX_RESPONSE} bytes of response"),
        (Flood(OK, b"X: x\r\n" * 10), f"more than {MAX_HEAD} bytes of headers"),
        (Flood(OK + b"X: ", b"x" * 1000), f"more than {MAX_HEAD} bytes of headers"),
        (Flood(OK + b"X: x\r\n", b" folded\r\n" * 10), f"more than {MAX_HEAD} bytes of headers"),
        (Flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), f"more than {MAX_INTERIM} interim responses"),
        (Flood(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), f"more than {MAX_INTERIM} interim responses"),
        (Flood(b"HTTP/1.1 200 ", b"O" * 1000), f"more than {MAX_HEAD} bytes of headers"),
    ],
    ids=[
        "endless body",
        "an endless length",
        "endless chunks",
        "an endless chunk",
        "tiny chunks",
        "large extensions",
        "an endless extension",
        "endless trailers",
        "endless headers",
        "an endless header",
        "an endless folded header",
        "endless 100",
        "endless 103",
        "an endless status line",
    ],
)
@in_mock_time
async def test_a_flood_is_bounded(said: Said, detail: str) -> None:
    found = await looked({("192.0.2.1", 443): https(said)})
    (fetch,) = found.fetches
    assert ended(fetch) == (Stage.AFTER, Kind.PROTOCOL, detail)
    assert sum(len(turn.data) for turn in fetch.transcript) < MAX_RESPONSE + 2 * PIECE
    heard = hear(fetch.transcript)
    assert (heard.fault if heard else detail) == detail  # the judge reads the same
    assert trio.current_time() == pytest.approx(0, abs=0.01)


@in_mock_time
async def test_a_flood_of_tls_records_is_bounded_too() -> None:
    found = await looked({("192.0.2.1", 443): https(Flood(OK + b"Content-Length: 65536\r\n\r\n", b"x"))})
    assert ended(found.fetches[0]) == (Stage.AFTER, Kind.PROTOCOL, f"more than {MAX_PIECES} pieces")
    assert response(found).fault == CUT_SHORT


@in_mock_time
async def test_a_bomb_stays_packed() -> None:
    bomb = gzip.compress(bytes(20_000_000))
    packed = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb
    found = await looked({("192.0.2.1", 443): https([packed])})
    assert found.fetches[0].failure is None
    assert response(found).header("content-encoding") == "gzip"
    assert response(found).body == bomb


# Time: a minute, whatever the policy host does with it


def drip(said: bytes, seconds: float) -> Said:
    return [part for octet in said for part in (bytes([octet]), seconds)]


@pytest.mark.parametrize(
    ("said", "body"),
    [
        ([600.0], None),
        (drip(GOOD, 0.7), GOOD[:86].partition(b"\r\n\r\n")[2]),
        (drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 0.1), None),
        ([GOOD[:-1], 600.0], POLICY[:-1]),
        ([OK + b"\r\n" + POLICY, 600.0], POLICY),  # which may be all, and nobody can know
        ([CHUNKED + b"5\r\nversi\r\n", 600.0], b"versi"),
    ],
)
@pytest.mark.parametrize("target", [60.0, 600.0])
@in_mock_time
async def test_a_tarpit_gets_a_minute(target: float, said: Said, body: bytes | None) -> None:
    limits = Limits().within(target)
    found = await looked({("192.0.2.1", 443): https(said)}, limits=limits)
    assert trio.current_time() == pytest.approx(MINUTE)
    assert ended(found.fetches[0]) == LATE
    heard = hear(found.fetches[0].transcript)
    assert (heard and heard.body) == body


@in_mock_time
async def test_a_slow_answer_within_the_minute_is_an_answer() -> None:
    found = await looked({("192.0.2.1", 443): https([30.0, GOOD[:50], 25.0, GOOD[50:]])})
    assert found.fetches[0].failure is None
    assert response(found).body == POLICY


@in_mock_time
async def test_the_minute_is_for_all_addresses_together() -> None:
    addresses = [f"192.0.2.{number}" for number in range(1, 10)]
    limits = Limits().within(600)
    found = await looked(dict.fromkeys(((each, 443) for each in addresses), HANGS), zone(*addresses), limits)
    assert trio.current_time() == pytest.approx(MINUTE)
    *given_up, cut = (ended(fetch) for fetch in found.fetches)
    assert given_up == [(Stage.CONNECT, Kind.TIMEOUT, "not done within 10 seconds")] * 5
    assert cut == (Stage.CONNECT, *LATE[1:])


@in_mock_time
async def test_a_target_with_less_time_has_less_for_its_policy() -> None:
    found = await looked({("192.0.2.1", 443): https([600.0])}, limits=Limits(target=5))
    assert trio.current_time() == pytest.approx(5)
    assert ended(found.fetches[0]) == LATE


@in_mock_time
async def test_a_record_that_never_comes() -> None:
    found = await looked(names={"_mta-sts.example.org": HANGS}, limits=Limits(target=5), remembered=REMEMBERED)
    assert trio.current_time() == pytest.approx(5)
    assert (found.txt.outcome, found.txt.detail) == (TIMEOUT, "no answer in the 5 s that were left for it")
    assert (found.addresses, found.fetches, found.remembered) == ((), (), REMEMBERED)


@in_mock_time
async def test_one_kind_of_address_that_never_comes_leaves_time_for_the_other() -> None:
    names: Zone = {**zone(), HOST: {"A": ["192.0.2.1"], "AAAA": HANGS}}
    found = await looked({("192.0.2.1", 443): https([GOOD])}, names)
    assert trio.current_time() == pytest.approx(30)
    assert [answer.outcome for answer in found.addresses] == [Outcome.FOUND, TIMEOUT]
    assert response(found).status == 200


@asynccontextmanager
async def busy(slots: Slots, address: str, seconds: float) -> AsyncIterator[None]:
    async def hold(task_status: trio.TaskStatus[None]) -> None:
        async with slots.at(address):
            task_status.started()
            await trio.sleep(seconds)

    async with trio.open_nursery() as nursery:
        await nursery.start(hold)
        yield


@in_mock_time
async def test_waiting_for_a_place_is_free() -> None:
    slots = Slots(1)
    async with (
        fake_world(zone("192.0.2.1"), {("192.0.2.1", 443): https([GOOD])}) as world,
        busy(slots, "192.0.2.1", 99),
    ):
        found = await look("example.org", world, Limits(), slots, Budget(60), families=frozenset({4}))
    assert trio.current_time() == pytest.approx(99)
    assert response(found).status == 200


@in_mock_time
async def test_whoever_cancels_is_obeyed() -> None:
    with trio.move_on_after(2) as scope:
        await looked({("192.0.2.1", 443): https([600.0])})
    assert scope.cancelled_caught
