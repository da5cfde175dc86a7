"""A listener on loopback, and clients of it that share no code with the product.

async with listening() as here:
    await here.visit(lambda: deliver(here.port, offering(leaf(), issuing())))
    seen = await here.seen()
"""

import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import ClassVar, TypeVar

import trio
from OpenSSL import SSL

from probe.dialogue.smtp.server import NOT_NOW
from probe.model import Observation
from probe.observe.accept import Host, Patience
from probe.observe.tls_server import OwnCertificate, self_made, server_context
from probe.run.listen import Listener, Rules, bind
from tests.pki import Issued

HOME, NAME = "127.0.0.1", "listener.example"
A_WHILE = 20.0  # seconds until a test gives up
T = TypeVar("T")


@cache
def own() -> OwnCertificate:
    return self_made(NAME, datetime.now(UTC))[0]


@dataclass
class Here:
    """A listener that is up: its port, and what came of those who were there."""

    port: int
    listener: Listener
    away: list[tuple[str, str]]
    faults: list[Exception]
    more: trio.MemoryReceiveChannel[Observation]

    async def seen(self) -> Observation:
        """The next observation."""
        with trio.fail_after(A_WHILE):
            return await self.more.receive()

    async def visit(self, act: Callable[[], T]) -> T:
        """Be a client, in a thread."""
        return await trio.to_thread.run_sync(act)


@asynccontextmanager
async def listening(
    *,
    rules: Rules | None = None,
    patience: Patience | None = None,
    answer: Callable[[Observation], str] = lambda _: NOT_NOW,
    secure: Callable[[], bool] = lambda: True,
    record: Callable[[Observation], None] | None = None,
    turned_away: Callable[[str, str], None] | None = None,
    fault: Callable[[Exception], None] | None = None,
    certificate: OwnCertificate | None = None,
    context: SSL.Context | None = None,
    address: str = HOME,
) -> AsyncIterator[Here]:
    send, receive = trio.open_memory_channel[Observation](5000)
    host = Host(
        name=NAME,
        context=context or server_context(certificate or own()),
        now=lambda: datetime.now(UTC),
        patience=patience or Patience(dialogue=A_WHILE, handshake=A_WHILE, after=A_WHILE),
        answer=answer,
        secure=secure,
    )
    sockets = bind(address, 0)
    away: list[tuple[str, str]] = []
    faults: list[Exception] = []
    listener = Listener(
        lambda _: host,
        rules or Rules(),
        record or send.send_nowait,
        turned_away=turned_away or (lambda *told: away.append(told)),
        fault=fault or faults.append,
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(listener.serve, sockets)
        port = int(sockets[0].getsockname()[1])
        try:
            yield Here(port=port, listener=listener, away=away, faults=faults, more=receive)
        finally:
            while Client.made:
                Client.made.pop().close()
            nursery.cancel_scope.cancel()


class Client:
    """A client that waits for its answers, in plain text and then inside TLS. `listening` closes what is still open."""

    made: ClassVar[list["Client"]] = []

    def __init__(self, port: int, source: str = HOME, *, address: str = HOME, buffer: int | None = None) -> None:
        self.made.append(self)
        self.sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        if buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.sock.settimeout(A_WHILE)
        if source != HOME:
            self.sock.bind((source, 0))
        self.sock.connect((address, port))
        self.tls: SSL.Connection | None = None

    def send(self, data: bytes) -> None:
        (self.tls or self.sock).sendall(data)

    def receive(self) -> bytes:
        """What comes next; nothing where the listener has closed or reset."""
        try:
            return (self.tls or self.sock).recv(65536)
        except (SSL.Error, ConnectionError):
            return b""

    def hear(self) -> str:
        """One reply, or what came of it before the end."""
        heard = b""
        while not heard.endswith(b"\n") or heard.splitlines()[-1][3:4] == b"-":
            if not (more := self.receive()):
                break
            heard += more
        return heard.decode()

    def hear_out(self) -> str:
        """All until the listener closes."""
        heard = b""
        while more := self.receive():
            heard += more
        return heard.decode("latin-1")

    def ask(self, command: str) -> str:
        self.send(command.encode() + b"\r\n")
        return self.hear()

    def starttls(self) -> str:
        """Up to the answer to STARTTLS."""
        self.hear()
        self.ask("EHLO before.example")
        return self.ask("STARTTLS")

    def handshake(self, context: SSL.Context, server_name: str | None = None) -> None:
        self.sock.settimeout(None)  # pyOpenSSL knows no time-outs of Python's; the kernel's do
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(A_WHILE), 0))
        self.tls = SSL.Connection(context, self.sock)
        if server_name:
            self.tls.set_tlsext_host_name(server_name.encode())
        self.tls.set_connect_state()
        self.tls.do_handshake()

    def secure(self, context: SSL.Context | None = None, server_name: str | None = None) -> None:
        """Everything up to the end of the handshake."""
        assert self.starttls().startswith("220 ")
        self.handshake(context or offering(), server_name)

    def deliver(self) -> list[str]:
        """The codes of a delivery, from EHLO to QUIT."""
        said = ["EHLO inside.example", "MAIL FROM:<ann@contoso.com>", "RCPT TO:<bob@fabrikam.com>", "QUIT"]
        return [self.ask(command)[:3] for command in said]

    def reset(self) -> None:
        """Leave without a word, by RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        self.sock.close()


def offering(*chain: Issued, version: int | None = None, key: object = None) -> SSL.Context:
    """A client that shows these certificates, the first one being its own, and takes any server's."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if version is not None:
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    if chain:
        leaf, *others = chain
        context.use_certificate(leaf.certificate)
        context.use_privatekey(key or leaf.private_key)  # type: ignore[arg-type]
        for other in others:
            context.add_extra_chain_cert(other.certificate)
    return context


def deliver(port: int, context: SSL.Context | None = None, server_name: str | None = None) -> list[str]:
    """A whole delivery inside TLS; the codes of its replies."""
    client = Client(port)
    try:
        client.secure(context, server_name)
        return client.deliver()
    finally:
        client.close()


def tried(port: int, context: SSL.Context) -> str:
    """A handshake that comes to nothing; the client's side of the story."""
    client = Client(port)
    try:
        client.secure(context)
        client.ask("NOOP")
    except SSL.Error as error:
        return str(error)
    finally:
        client.close()
    return ""


def flood(client: Client, data: bytes, times: int) -> None:
    """Send without ever reading, until the listener has had enough."""
    with suppress(OSError, SSL.Error):
        for _ in range(times):
            client.send(data)


def der(*chain: Issued) -> Sequence[bytes]:
    return tuple(one.der for one in chain)
