"""A small SMTP and TLS client that shares no code with `probe.observe`, to look at our own servers from outside."""

import ssl
from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio
from cryptography import x509
from OpenSSL import SSL

from probe.demo.peer import ADDRESS

T = TypeVar("T")


def run(visit: Callable[[trio.Nursery], Awaitable[T]], clock: trio.abc.Clock | None = None) -> T:
    """Runs `visit` with a nursery for its servers, which are cancelled when it is done."""

    async def main() -> T:
        async with trio.open_nursery() as nursery:
            with trio.fail_after(1000 if clock else 20):
                result = await visit(nursery)
            nursery.cancel_scope.cancel()
        return result

    return trio.run(main, clock=clock)


async def dial(port: int) -> trio.SocketStream:
    return await trio.open_tcp_stream(ADDRESS, port)


async def hear(stream: trio.abc.ReceiveStream) -> bytes:
    """One reply, to the end of its last line."""
    heard = b""
    while not heard.endswith(b"\n") or heard.splitlines()[-1][3:4] == b"-":
        more = await stream.receive_some()
        assert more, f"closed after {heard!r}"
        heard += more
    return heard


async def hear_out(stream: trio.abc.ReceiveStream) -> bytes:
    """Everything until the server closes."""
    heard = bytearray()
    async for part in stream:
        heard += part
    return bytes(heard)


async def ask(stream: trio.abc.Stream, command: bytes) -> bytes:
    await stream.send_all(command + b"\r\n")
    return await hear(stream)


async def up_to_tls(port: int) -> trio.SocketStream:
    stream = await dial(port)
    await hear(stream)
    assert b"STARTTLS\r\n" in await ask(stream, b"EHLO probe.example")
    assert (await ask(stream, b"STARTTLS")).startswith(b"220 ")
    return stream


async def presented(stream: trio.SocketStream) -> tuple[list[x509.Certificate], list[str]]:
    """The chain exactly as sent, and OpenSSL's states on the way, through a TLS client in memory."""
    states: list[str] = []
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_info_callback(lambda connection, *_: states.append(connection.get_state_string().decode()))
    tls = SSL.Connection(context, None)
    tls.set_connect_state()
    while True:
        try:
            tls.do_handshake()
        except SSL.WantReadError:
            await stream.send_all(tls.bio_read(65536))
            tls.bio_write(await stream.receive_some())
        else:
            return tls.get_peer_cert_chain(as_cryptography=True) or [], states


def unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
