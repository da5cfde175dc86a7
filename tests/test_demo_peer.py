"""What a script can say, and what a server's client cannot do to it."""

import ssl
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from socket import SOCK_STREAM, socketpair

import pytest
import trio
from OpenSSL import SSL
from trio.testing import MockClock

from probe.demo import peer
from probe.demo.peer import UNRECOGNIZED, End, Reply, Script, listen, reply, serve_smtp
from probe.demo.pki import Authorities, server_context
from tests.raw_client import ask, dial, hear, hear_out, presented, run, unverified, up_to_tls

HOST = "mail.contoso.com"
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
BYE = Script().quit.data


@pytest.fixture
def context() -> SSL.Context:
    return server_context(Authorities().issue((HOST,), NOW, NOW + timedelta(days=1)))


def heard_from(script: Script, *commands: bytes) -> list[bytes]:
    """The banner and the reply to each command, then whatever comes until the server hangs up after QUIT."""

    async def visit(nursery: trio.Nursery) -> list[bytes]:
        async with await dial(await listen(nursery, script)) as stream:
            heard = [await hear(stream), *[await ask(stream, command) for command in commands]]
            await stream.send_all(b"QUIT\r\n")
            return [*heard, await hear_out(stream)]

    return run(visit)


@pytest.mark.parametrize(
    ("script", "commands", "heard"),
    [
        (Script(), [b"EHLO a"], [Script().banner.data, Script().ehlo.data, BYE]),
        (Script(), [b"helo a", b"NOOP"], [Script().banner.data, Script().helo.data, UNRECOGNIZED.data, BYE]),
        (Script(banner=reply(220, "one", "two")), [], [b"220-one\r\n220 two\r\n", BYE]),
        (Script(banner=Reply(b"554 5.3.2 no\r\n")), [], [b"554 5.3.2 no\r\n", BYE]),
        (
            Script(ehlo=UNRECOGNIZED),
            [b"EHLO a", b"HELO a"],
            [Script().banner.data, UNRECOGNIZED.data, Script().helo.data, BYE],
        ),
        (
            Script(starttls=Reply(b"454 4.7.0 not now\r\n")),
            [b"STARTTLS", b"EHLO a"],
            [Script().banner.data, b"454 4.7.0 not now\r\n", Script().ehlo.data, BYE],
        ),
        (Script(banner=Reply(b"220-\x00\x1b[2J\n250 \xff\n")), [], [b"220-\x00\x1b[2J\n250 \xff\n", BYE]),
        (Script(banner=Reply(b"220 " + b"a" * 5120 + b"\r\n")), [], [b"220 " + b"a" * 5120 + b"\r\n", BYE]),
        (Script(banner=Reply(b"220 x\r\n", then=End.CLOSE)), [], [b"220 x\r\n", b""]),
    ],
)
def test_a_script_is_said_to_the_byte(script: Script, commands: list[bytes], heard: list[bytes]) -> None:
    assert heard_from(script, *commands) == heard


def test_connections_get_the_scripts_in_turn() -> None:
    async def visit(nursery: trio.Nursery) -> list[bytes]:
        port = await listen(nursery, Script(banner=reply(421, "busy")), Script())
        banners = []
        for _ in range(3):
            async with await dial(port) as stream:
                banners.append(await hear(stream))
        return banners

    assert run(visit) == [b"421 busy\r\n", Script().banner.data, Script().banner.data]


def test_plain_text_may_be_injected_behind_the_reply_to_starttls(context: SSL.Context) -> None:
    async def visit(nursery: trio.Nursery) -> tuple[bytes, int]:
        script = Script(starttls=Reply(b"220 go\r\n250 injected\r\n"), tls=context)
        async with await dial(await listen(nursery, script)) as stream:
            await hear(stream)
            replied = await ask(stream, b"STARTTLS")
            return replied, len((await presented(stream))[0])

    assert run(visit) == (b"220 go\r\n250 injected\r\n", 2)


def test_commands_pipelined_behind_starttls_are_forgotten(context: SSL.Context) -> None:
    async def visit(nursery: trio.Nursery) -> bytes:
        async with await dial(await listen(nursery, Script(tls=context))) as stream:
            await hear(stream)
            assert await ask(stream, b"STARTTLS\r\nNOOP") == Script().starttls.data
            tls = trio.SSLStream(stream, unverified(), server_hostname=HOST)
            return await ask(tls, b"EHLO a")

    assert run(visit) == Script().inside.data


def test_tls_first(context: SSL.Context) -> None:
    async def visit(nursery: trio.Nursery) -> list[bytes]:
        stream = await dial(await listen(nursery, Script(tls=context, tls_first=True)))
        async with trio.SSLStream(stream, unverified(), server_hostname=HOST) as tls:
            return [await hear(tls), await ask(tls, b"EHLO a"), await ask(tls, b"STARTTLS"), await ask(tls, b"QUIT")]

    assert run(visit) == [Script().banner.data, Script().inside.data, UNRECOGNIZED.data, BYE]


@pytest.mark.parametrize(
    ("tls", "heard"),
    [
        (Reply(b"", then=End.CLOSE), b""),
        (Reply(b"\x15\x03\x03\x00\x02\x02\x28", then=End.CLOSE), b"\x15\x03\x03\0\2\2("),
    ],
)
def test_bytes_in_the_place_of_tls(tls: Reply, heard: bytes) -> None:
    async def visit(nursery: trio.Nursery) -> bytes:
        async with await up_to_tls(await listen(nursery, Script(tls=tls))) as stream:
            await stream.send_all(b"\x16\x03\x01 a ClientHello\n of two lines\n")
            return await hear_out(stream)

    assert run(visit) == heard


def test_a_handshake_that_fails_ends_with_an_alert(context: SSL.Context) -> None:
    context.set_min_proto_version(SSL.TLS1_3_VERSION)

    async def visit(nursery: trio.Nursery) -> str:
        older = unverified()
        older.maximum_version = ssl.TLSVersion.TLSv1_2
        async with await up_to_tls(await listen(nursery, Script(tls=context))) as stream:
            with pytest.raises(trio.BrokenResourceError) as caught:
                await trio.SSLStream(stream, older, server_hostname=HOST).do_handshake()
            return str(caught.value.__cause__)

    assert "ALERT_PROTOCOL_VERSION" in run(visit)


def test_a_refused_client_certificate_is_an_alert_behind_a_finished_handshake(context: SSL.Context) -> None:
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)

    async def visit(nursery: trio.Nursery) -> str:
        async with await up_to_tls(await listen(nursery, Script(tls=context))) as stream:
            tls = trio.SSLStream(stream, unverified(), server_hostname=HOST)
            with pytest.raises(trio.BrokenResourceError) as caught:
                await ask(tls, b"EHLO a")
            return str(caught.value.__cause__)

    assert "ALERT_CERTIFICATE_REQUIRED" in run(visit)


def test_a_reset_is_a_reset() -> None:
    async def visit(nursery: trio.Nursery) -> None:
        script = Script(tls=Reply(b"", then=End.RESET))
        async with await up_to_tls(await listen(nursery, script)) as stream:
            await stream.send_all(b"ClientHello")
            with pytest.raises(trio.BrokenResourceError) as caught:
                await stream.receive_some()
            assert isinstance(caught.value.__cause__, ConnectionResetError)

    run(visit)


def test_silence_in_the_place_of_tls_lasts() -> None:
    async def visit(nursery: trio.Nursery) -> tuple[bytes, float]:
        async with await pair(nursery, Script(tls=Reply(b""))) as stream:
            await hear(stream)
            assert await ask(stream, b"STARTTLS") == Script().starttls.data
            await stream.send_all(b"ClientHello\nNOOP\n")
            return await hear_out(stream), trio.current_time()

    heard, seconds = run(visit, MockClock(autojump_threshold=0))
    assert heard == b""
    assert seconds == peer.PATIENCE


# The peer's own bounds, on the mock clock


async def pair(nursery: trio.Nursery, script: Script) -> trio.SocketStream:
    """A client's end of a connection to this script, over a socket pair."""
    ours, theirs = (trio.SocketStream(trio.socket.from_stdlib_socket(end)) for end in socketpair(type=SOCK_STREAM))
    nursery.start_soon(serve_smtp, theirs, script)
    return ours


def test_the_tarpit_drips_and_never_finishes() -> None:
    async def visit(nursery: trio.Nursery) -> tuple[bytes, float]:
        script = Script(banner=Reply(b"220-wait\r\n", drip=2.0, endless=True))
        async with await pair(nursery, script) as stream:
            start, heard = trio.current_time(), b""
            while len(heard) < 25:
                heard += await stream.receive_some(1)
            return heard, trio.current_time() - start

    assert run(visit, MockClock(autojump_threshold=0)) == (b"220-wait\r\n220-wait\r\n220-w", 50.0)


def test_an_endless_reply_ends_when_the_client_leaves() -> None:
    async def visit(nursery: trio.Nursery) -> None:
        script = Script(ehlo=Reply(b"250-AGAIN\r\n", endless=True))
        async with trio.open_nursery() as server, await pair(server, script) as stream:
            await hear(stream)
            await stream.send_all(b"EHLO a\r\n")
            for _ in range(100):
                assert await stream.receive_some()

    run(visit)


def test_a_client_that_says_nothing_is_left_in_the_end() -> None:
    async def visit(nursery: trio.Nursery) -> tuple[bytes, float]:
        async with await pair(nursery, Script()) as stream:
            start = trio.current_time()
            return await hear_out(stream), trio.current_time() - start

    assert run(visit, MockClock(autojump_threshold=0)) == (Script().banner.data, peer.PATIENCE)


def test_a_line_without_end_is_cut() -> None:
    async def visit(nursery: trio.Nursery) -> bytes:
        async with await pair(nursery, Script()) as stream:
            await hear(stream)
            await stream.send_all(b"A" * (peer.LINE + 1))
            return await hear_out(stream)

    assert run(visit) == b"500 5.5.4 Line too long\r\n"


def test_clients_beyond_the_limit_are_hung_up_on() -> None:
    async def visit(nursery: trio.Nursery) -> bytes:
        port = await listen(nursery, Script())
        async with AsyncExitStack() as stack:
            for _ in range(peer.CONNECTIONS):
                await hear(await stack.enter_async_context(await dial(port)))
            return await hear_out(await stack.enter_async_context(await dial(port)))

    assert run(visit) == b""
