"""What is served over HTTP, to whom, and what a client may cost."""

import errno
import math
import socket
import struct
from collections.abc import Awaitable, Callable
from functools import wraps

import pytest
import trio
import trio.testing
from h2.config import H2Configuration
from h2.connection import H2Connection
from hypothesis import given
from hypothesis import strategies as st

from probe.config import target
from probe.config.duty import Watched
from probe.errors import ConfigError, StateError, UsageError
from probe.model.duty import Standing
from probe.report.prometheus import CONTENT_TYPE
from probe.run import exporter as house
from probe.run import http_app
from probe.run.exporter import bind, serve
from probe.run.http_asked import Refused, asked, fits, query
from probe.run.http_shared import Busy, Shared
from tests.exporting import LOOPBACK, TARGETS, Exporter, Here, exporter, reply, source
from tests.standings import standing
from tests.test_prometheus import read, value
from tests.world import in_mock_time, in_trio


def served(test: Callable[[Exporter, Here], Awaitable[None]]) -> Callable[[], None]:
    """Runs a test with an exporter of three targets; nothing may have gone wrong in it by the end."""

    @in_trio
    async def run() -> None:
        here = source()
        async with exporter(here, ["*.fabrikam.com"]) as served_here:
            await test(served_here, here)
        assert here.troubles == []

    @wraps(test)
    def named() -> None:
        run()

    del named.__wrapped__  # pytest would ask for its arguments
    return named


@served
async def test_all_targets_are_served(exporter: Exporter, here: Here) -> None:
    got = await exporter.get("/metrics")
    assert (got.status, got.headers["content-type"]) == (200, CONTENT_TYPE)
    series = read(got.body)
    assert value(series, "probe_success", target="mail") == 1
    assert value(series, "probe_success", target="edge") == 0
    assert value(series, "probe_outbox_stuck", sink="slack") == 1
    assert value(series, "probe_next_look_timestamp_seconds", target="mail") is not None


@served
async def test_it_is_packed_for_those_who_can_unpack(exporter: Exporter, here: Here) -> None:
    packed = await exporter.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == (await exporter.get("/metrics")).text


def test_a_want_of_file_descriptors_is_told_to_the_log_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    accept = trio.SocketListener.accept
    failures = [OSError(errno.EMFILE, "too many"), OSError(errno.ENFILE, "too many")]

    async def short(listener: trio.SocketListener) -> trio.SocketStream:
        if failures:
            raise failures.pop()
        return await accept(listener)

    async def run() -> None:
        here = source()
        async with exporter(here, []) as there:
            assert (await there.get("/-/healthy")).status == 200
        assert [getattr(error, "errno", None) for error in here.troubles] == [errno.ENFILE, errno.EMFILE]

    monkeypatch.setattr(trio.SocketListener, "accept", short)
    trio.run(run)
    assert not caplog.records, "nor does the last resort of `logging` write to stderr"


@served
async def test_one_target_is_looked_at(exporter: Exporter, here: Here) -> None:
    got = await exporter.get("/probe?target=mail")
    assert (got.status, got.headers["content-type"]) == (200, CONTENT_TYPE)
    assert value(read(got.body), "probe_success", target="mail") == 1
    assert "probe_build_info" not in got.text
    ((looked, seconds),) = here.looks
    assert (looked.target, looked.standard, looked.retries) == (TARGETS[0].target, TARGETS[0].standard, 0)
    assert seconds == pytest.approx(http_app.LOOK_SECONDS, abs=0.5)


@served
async def test_health_readiness_and_the_way_there(exporter: Exporter, here: Here) -> None:
    assert (await exporter.get("/-/healthy")).status == 200
    assert (await exporter.get("/-/ready")).status == 200
    here.is_ready = False
    assert (await exporter.get("/-/ready")).status == 503
    assert (await exporter.get("/-/healthy")).status == 200
    assert "/probe?target=" in (await exporter.get("/")).text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/probe", 400),
        ("/probe?target=", 400),
        ("/probe?target=mail&target=edge", 400),
        ("/probe?target=mail&module=nobody", 400),
        ("/probe?target=%ff", 400),
        ("/probe?target=%1b[2J", 400),
        ("/probe?target=not/a/target", 400),
        ("/probe?target=https://mx.fabrikam.com/" + "x" * 300, 400),
        ("/probe?target=mail&module=" + "x" * 301, 400),
        ("/probe?" + "&".join(["a=b"] * 50), 400),
        ("/probe?target=stranger.example.org:25", 403),
        ("/probe?target=mail.contoso.com:22", 403),
        ("/probe?target=edge.contoso.com:2526", 403),
        ("/probe?target=mail&module=tls", 200),
        ("/probe?target=contoso&module=tls", 400),
        ("/metrics/", 404),
        ("/../../etc/passwd", 404),
        ("/%2e%2e/%00", 404),
        ("/<script>", 404),
        ("//", 404),
    ],
)
def test_what_is_not_there_is_said_on_one_line(path: str, status: int) -> None:
    @served
    async def ask(exporter: Exporter, here: Here) -> None:
        got = await exporter.get(path)
        assert got.status == status
        assert len(here.looks) == (status == 200)
        if status != 200:
            assert got.text.endswith("\n")
            assert got.text[:-1].isprintable()
            assert got.headers["content-type"].startswith("text/plain")

    ask()


@served
async def test_it_only_reads(exporter: Exporter, here: Here) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"):
        got = await exporter.get("/probe?target=mail", method)
        assert (got.status, got.headers["allow"]) == (405, "GET, HEAD")
    head = await exporter.get("/metrics", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) > 1000
    assert here.looks == []


SCRAPE_TIMEOUT = "X-Prometheus-Scrape-Timeout-Seconds"


@pytest.mark.parametrize(("given", "seconds"), [("10", 9.5), ("0.5", 0.25), ("1e2", 60), (" 5 ", 4.5)])
def test_who_scrapes_says_how_long_it_waits(given: str, seconds: float) -> None:
    @served
    async def ask(exporter: Exporter, here: Here) -> None:
        assert (await exporter.get("/probe?target=mail", headers={SCRAPE_TIMEOUT: given})).status == 200
        assert here.looks[0][1] == pytest.approx(seconds, abs=0.01)

    ask()


@pytest.mark.parametrize("given", ["0", "-1", "nan", "inf", "1e999", "ten", "1,5"])
def test_what_is_no_time_is_refused(given: str) -> None:
    @served
    async def ask(exporter: Exporter, here: Here) -> None:
        assert (await exporter.get("/probe?target=mail", headers={SCRAPE_TIMEOUT: given})).status == 400
        assert here.looks == []

    ask()


@in_trio
async def test_those_who_ask_together_share_one_look() -> None:
    begun, go = trio.Event(), trio.Event()

    async def slow(watched: Watched, seconds: float) -> Standing:
        begun.set()
        await go.wait()
        return standing(watched.name)

    here = source(look=slow)
    bodies: list[bytes] = []

    async def ask(served: Exporter) -> None:
        bodies.append((await served.get("/probe?target=mail")).body)

    async with exporter(here) as served, trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(ask, served)
        await begun.wait()
        await trio.testing.wait_all_tasks_blocked(0.05)
        go.set()
    assert len(here.looks) == 1
    assert len(bodies) == 10
    assert len(set(bodies)) == 1


@in_trio
async def test_a_bug_and_a_shortage_are_told_apart_and_end_nothing() -> None:
    raised: list[Exception] = [RuntimeError("secret"), StateError("the disk is full", "…")]

    async def bad(watched: Watched, seconds: float) -> Standing:
        raise raised[0]

    here = source(look=bad)
    async with exporter(here) as served:
        got = await served.get("/probe?target=mail")
        assert (got.status, "secret" in got.text) == (500, False)
        assert here.troubles == [raised.pop(0)]
        got = await served.get("/probe?target=mail")
        assert (got.status, got.text) == (503, "the disk is full\n")
        assert (await served.get("/-/healthy")).status == 200


@in_trio
async def test_a_look_that_does_not_end_is_answered_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(watched: Watched, seconds: float) -> Standing:
        await trio.sleep_forever()
        raise AssertionError

    monkeypatch.setattr(http_app, "PATIENCE", 0.05)
    async with exporter(source(look=never)) as served:
        assert (await served.get("/probe?target=mail", headers={SCRAPE_TIMEOUT: "0.1"})).status == 503


# What a client may cost.


WEBSOCKET = b"\r\n".join(
    [
        b"GET /metrics HTTP/1.1",
        b"host: a",
        b"upgrade: websocket",
        b"connection: upgrade",
        b"sec-websocket-version: 13",
        b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    ]
)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",  # no Host
        b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        b"GET  / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),  # TLS
        b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 100_000,
        b"GET /" + b"a" * 100_000,
        b"\x00" * 100,
        b"\r\n\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200,
        b"GET / HTTP/1.1\r\nhost: a\r\nupgrade: h2c\r\nhttp2-settings: !!\r\nconnection: upgrade\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        WEBSOCKET,
    ],
)
def test_rubbish_ends_its_own_connection_alone(request_: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "IDLE_SECONDS", 0.2)

    @in_trio
    async def ask() -> None:
        async with exporter(source()) as served:
            got = await served.raw(request_)
            assert not got.startswith(b"HTTP/1.1 200")
            assert (await served.get("/-/healthy")).status == 200

    ask()


@in_trio
async def test_an_error_of_the_library_ends_its_own_connection_alone() -> None:
    hostile = H2Connection(H2Configuration(header_encoding=None, validate_outbound_headers=False))
    hostile.initiate_connection()
    path = [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"a"), (b":path", b"/\xff")]
    hostile.send_headers(1, path, end_stream=True)
    here = source()
    async with exporter(here) as served:
        await served.raw(hostile.data_to_send())
        assert len(here.troubles) == 1
        assert (await served.get("/-/healthy")).status == 200


@in_trio
async def test_a_long_body_holds_nothing_up() -> None:
    async with exporter(source()) as served:
        for size in (10, 1 << 16, 1 << 22):
            request = f"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n".encode()
            got = await served.raw(request + bytes(size))
            assert got.startswith(b"HTTP/1.1 200") or size > 10  # it may be reset while more is being said
        assert (await served.get("/-/healthy")).status == 200


@in_trio
async def test_connections_are_kept_for_more() -> None:
    request = b"GET /-/healthy HTTP/1.1\r\nhost: a\r\n\r\n"
    async with exporter(source()) as served, await trio.open_tcp_stream(LOOPBACK, served.port) as stream:
        for _ in range(3):
            await stream.send_all(request)
            heard = b""
            while not heard.endswith(b"\r\n\r\nhealthy\n"):
                heard += await stream.receive_some()
            assert reply(heard).status == 200


@in_trio
async def test_who_says_nothing_is_left() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house, "IDLE_SECONDS", 0.1)
        async with exporter(source()) as served:
            assert await served.raw(b"") == b""
            assert await served.raw(b"GET / HTTP/1.1\r\nhost:") == b""


class Deaf:
    """A client that asks for more than sockets hold, and reads nothing. `sending`, `left`: what the exporter does."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.sending, self.left = trio.Event(), trio.Event()
        self.size = 1 << 25
        patch.setattr(http_app, "exposition", lambda *_, **__: bytes(self.size))
        send_all = house._Client.send_all

        async def watched(stream: house._Client, data: bytes) -> None:
            if len(data) == self.size:
                self.sending.set()
            try:
                await send_all(stream, data)
            except trio.BrokenResourceError:
                self.left.set()
                raise

        patch.setattr(house._Client, "send_all", watched)

    async def ask(self, exporter: Exporter) -> trio.SocketStream:
        stream = await trio.open_tcp_stream(LOOPBACK, exporter.port)
        await stream.send_all(b"GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n")
        await self.sending.wait()
        return stream


@in_trio
async def test_who_takes_no_answer_is_left() -> None:
    with pytest.MonkeyPatch.context() as patch:
        deaf = Deaf(patch)
        patch.setattr(house, "SEND_SECONDS", 0.1)
        here = source()
        async with exporter(here) as served, await deaf.ask(served):
            await deaf.left.wait()
            assert (await served.get("/-/healthy")).status == 200
        assert here.troubles == []


@in_trio
async def test_who_takes_no_answer_delays_no_end() -> None:
    with pytest.MonkeyPatch.context() as patch:
        deaf = Deaf(patch)
        patch.setattr(house, "SEND_SECONDS", math.inf)
        async with exporter(source()) as served:
            stream = await deaf.ask(served)
            await trio.testing.wait_all_tasks_blocked(0.05)
        await stream.aclose()


@in_trio
async def test_so_many_connections_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "MOST_CONNECTIONS", 3)
    async with exporter(source()) as served:
        idle = [await trio.open_tcp_stream(LOOPBACK, served.port) for _ in range(3)]
        assert await served.raw(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n") == b""
        for stream in idle:
            await stream.aclose()
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert (await served.get("/-/healthy")).status == 200


@in_trio
async def test_who_resets_the_connection_leaves_no_trace() -> None:
    begun = trio.Event()

    async def slow(watched: Watched, seconds: float) -> Standing:
        begun.set()
        await trio.sleep(0.1)
        return standing(watched.name)

    here = source(look=slow)
    async with exporter(here) as served:
        stream = await trio.open_tcp_stream(LOOPBACK, served.port)
        await stream.send_all(b"GET /probe?target=mail HTTP/1.1\r\nhost: a\r\n\r\n")
        await begun.wait()
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await stream.aclose()
        assert (await served.get("/probe?target=mail")).status == 200
    assert (len(here.looks), here.troubles) == (1, [])


@in_trio
async def test_who_leaves_makes_room() -> None:
    begun = trio.Event()

    async def never(watched: Watched, seconds: float) -> Standing:
        begun.set()
        await trio.sleep_forever()
        raise AssertionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house, "MOST_CONNECTIONS", 1)
        async with exporter(source(look=never)) as served:
            stream = await trio.open_tcp_stream(LOOPBACK, served.port)
            await stream.send_all(b"GET /probe?target=mail HTTP/1.1\r\nhost: a\r\n\r\n")
            await begun.wait()
            await stream.aclose()
            while not await served.raw(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"):
                await trio.lowlevel.checkpoint()


# Where to listen.


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9465", ("127.0.0.1", 9465)),
        (":9465", ("127.0.0.1", 9465)),
        ("9465", ("127.0.0.1", 9465)),
        ("[::1]:9465", ("::1", 9465)),
        ("[::]:9465", ("::", 9465)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("localhost:9465", ("localhost", 9465)),
    ],
)
def test_addresses_to_listen_on(text: str, address: tuple[str, int]) -> None:
    assert bind(text) == address


@pytest.mark.parametrize(
    "text", ["", ":", "::1", "127.0.0.1", "[::1]", ":0", ":65536", "a b:1", "http://localhost:9465"]
)
def test_what_is_no_address_is_said(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        bind(text)
    assert "9465" in caught.value.hint


@in_trio
async def test_a_port_that_is_taken_is_said() -> None:
    async with exporter(source()) as served:
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1 port {served.port}: "):
            await serve((LOOPBACK, served.port), source())


# Who is looked at.


def look_at(word: str, module: str = "", *allowed: str) -> Watched:
    return asked(word, module, TARGETS, allowed)


def test_a_target_goes_by_its_name_or_by_its_word() -> None:
    assert look_at("mail").target == look_at("mail.contoso.com:25").target == TARGETS[0].target
    assert look_at("mail.contoso.com:25").name == "mail"
    assert look_at("mail", "mail") == look_at("mail")


def test_a_module_is_what_another_target_expects() -> None:
    found = look_at("mail", "edge")
    assert (found.name, found.target, found.standard) == ("mail", TARGETS[0].target, TARGETS[1].standard)


def test_a_module_is_a_protocol() -> None:
    found = look_at("contoso", "smtps")
    assert (found.target.name, found.target.port, found.target.dialogue) == ("contoso.com", 465, "smtps")
    found = look_at("mail", "https")
    assert (found.target.port, found.target.dialogue) == (25, "direct")
    assert found.standard == Watched(name="", target=found.target).standard


def test_others_are_looked_at_where_a_pattern_allows_them() -> None:
    found = look_at("mx.fabrikam.com:25", "", "*.fabrikam.com")
    assert (found.name, found.target.name, found.target.port) == ("mx.fabrikam.com:25", "mx.fabrikam.com", 25)
    assert look_at("mx.fabrikam.com:25", "mail", "*.fabrikam.com").standard == TARGETS[0].standard
    with pytest.raises(Refused):
        look_at("mx.fabrikam.com:25", "", "*.example.org")


@pytest.mark.parametrize(
    ("pattern", "words", "others"),
    [
        (
            "*.contoso.com",
            ["mx.contoso.com", "a.b.contoso.com:25", "MX.contoso.com:465"],
            ["contoso.com", "mx.contoso.com:22"],
        ),
        (
            "contoso.com",
            ["contoso.com", "user@contoso.com"],
            ["xcontoso.com", "contoso.com.example.org", "contosoXcom:25"],
        ),
        (
            "mx.contoso.com:2525",
            ["mx.contoso.com:2525"],
            ["mx.contoso.com:25", "mx.contoso.com", "mx.contoso.com:25250"],
        ),
        ("*.contoso.com:*", ["mx.contoso.com:22", "mx.contoso.com"], ["mx.example.org:22"]),
        ("192.0.2.0/24", ["192.0.2.25", "192.0.2.25:465"], ["192.0.3.25", "192.0.2.25:22", "mx.contoso.com"]),
        ("192.0.2.25:*", ["192.0.2.25:22"], ["192.0.2.2:22", "192.0.2.250:22"]),
        ("[2001:db8::/32]:2525", ["[2001:db8::25]:2525"], ["[2001:db8::25]:25", "[2001:db9::25]:2525"]),
        ("2001:db8::25", ["[2001:db8::25]:25"], ["[2001:db8::26]:25"]),
        ("*", ["mx.contoso.com", "192.0.2.25"], ["mx.contoso.com:22"]),
        ("", [], ["mx.contoso.com"]),
        (".*", [], ["mx.contoso.com"]),
    ],
)
def test_patterns(pattern: str, words: list[str], others: list[str]) -> None:
    assert [word for word in words if not fits(pattern, target(word))] == []
    assert [word for word in others if fits(pattern, target(word))] == []


@given(st.binary(max_size=400) | st.text(max_size=100).map(lambda text: f"target={text}".encode(errors="replace")))
def test_any_query_is_understood_or_refused(text: bytes) -> None:
    try:
        word, module = query(text)
        asked(word, module, TARGETS, ["*.fabrikam.com"])
    except Refused as error:
        refused = error
    else:
        return
    assert refused.status in (400, 403)
    assert str(refused).isprintable()


# Sharing, under a clock of its own.


@in_mock_time
async def test_a_result_is_good_for_a_while() -> None:
    async with trio.open_nursery() as nursery:
        works: list[int] = []

        async def work(left: float) -> int:
            await trio.sleep(1)
            works.append(1)
            return len(works)

        shared = Shared[int](nursery, 10)
        assert [await shared.get("a", 5, work) for _ in range(3)] == [1, 1, 1]
        assert await shared.get("b", 5, work) == 2
        await trio.sleep(10)
        assert await shared.get("a", 5, work) == 3


@in_mock_time
async def test_so_many_at_a_time_and_who_waits_too_long_is_told() -> None:
    running = most = 0

    async def work(left: float) -> float:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await trio.sleep(4)
        running -= 1
        return left

    got: list[object] = []

    async def ask(shared: Shared[float], key: int) -> None:
        try:
            got.append(await shared.get(key, 10, work))
        except (Busy, trio.TooSlowError) as error:
            got.append(type(error))

    async with trio.open_nursery() as nursery:
        shared = Shared[float](nursery, 10, parallel=2)
        async with trio.open_nursery() as asking:
            for key in range(6):
                asking.start_soon(ask, shared, key)
    assert most == 2
    assert got[:4] == [10, 10, 6, 6]
    assert len(got[4:]) == 2
    assert all(error in (Busy, trio.TooSlowError) for error in got[4:])


@in_mock_time
async def test_who_leaves_takes_nothing_from_the_others() -> None:
    async def work(left: float) -> str:
        await trio.sleep(3)
        return "done"

    async with trio.open_nursery() as nursery:
        shared = Shared[str](nursery, 10)
        with trio.move_on_after(1):
            await shared.get("a", 10, work)
        assert await shared.get("a", 10, work) == "done"
        assert trio.current_time() == 3


@in_mock_time
async def test_an_error_is_not_kept() -> None:
    async def bad(left: float) -> str:
        raise ValueError("no")

    async def good(left: float) -> str:
        return "yes"

    async with trio.open_nursery() as nursery:
        shared = Shared[str](nursery, 10)
        with pytest.raises(ValueError, match="no"):
            await shared.get("a", 10, bad)
        assert await shared.get("a", 10, good) == "yes"


@in_mock_time
async def test_results_are_not_piled_up() -> None:
    works: list[int] = []

    async def work(left: float) -> int:
        works.append(1)
        return len(works)

    async with trio.open_nursery() as nursery:
        shared = Shared[int](nursery, 10, most=20)
        for key in range(100):
            assert await shared.get(key, 10, work) == key + 1
        assert await shared.get(99, 10, work) == 100
        assert await shared.get(0, 10, work) == 101
