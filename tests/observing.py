"""Looking at scripted servers in a world of socket pairs: one observation, and what went over the wire."""

import functools
import socket
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import cache
from itertools import chain as chained
from itertools import repeat
from typing import TypeVar

import trio
from OpenSSL import SSL
from trio.testing import MockClock, wait_all_tasks_blocked

from probe.demo.peer import Script, reply, serve_smtp
from probe.model import Endpoint, Kind, Observation, Stage
from probe.observe.endpoint import observe
from probe.observe.tls import ClientCertificate
from probe.observe.world import Limits, World
from tests.pki import Authority, Issued
from tests.world import Hanging, Server, fake_world

ADDRESS = "192.0.2.1"
HOST = "mx.example.org"
NAME = "probe.example"

SMTP = Endpoint(host=HOST, address=ADDRESS, port=25, server_name=HOST)
SMTPS = Endpoint(host=HOST, address=ADDRESS, port=465, server_name=HOST, dialogue="smtps")
DIRECT = Endpoint(host=HOST, address=ADDRESS, port=443, server_name=HOST, dialogue="direct")

LIMITS = Limits()
BUSY = reply(421, "4.3.2 busy")

T = TypeVar("T")
Peer = Script | Server | OSError | Hanging


@cache
def authority() -> Authority:
    return Authority.root()


@cache
def issuing() -> Authority:
    return authority().intermediate()


@cache
def leaf() -> Issued:
    return issuing().leaf(names=(HOST,))


@cache
def client() -> Issued:
    return issuing().leaf(names=(NAME,))


def client_certificate() -> ClientCertificate:
    return ClientCertificate(chain=client().pem + issuing().pem, key=client().key_pem)


TLS_1_2, TLS_1_3 = SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION
ASK, REQUIRE = SSL.VERIFY_PEER, SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT


def server(
    *others: Issued,
    version: int | None = None,
    ask: int | None = None,
    accept: bool = True,
    own: Issued | None = None,
    ciphers: bytes | None = None,
) -> SSL.Context:
    """A TLS server that sends its own certificate and then `others`, in that order. `version` is the only one it
    speaks; `ask` says whether it wants a certificate of the client's, and `accept` what it thinks of it."""
    own = own or leaf()
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    if version is not None:
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
    context.set_cipher_list(ciphers or b"DEFAULT:@SECLEVEL=0")
    context.use_certificate(own.certificate)
    context.use_privatekey(own.private_key)
    for other in others:
        context.add_extra_chain_cert(other.certificate)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    if ask is not None:
        context.set_verify(ask, lambda *_: accept)
    return context


def healthy() -> Script:
    return Script(tls=server(issuing()))


def in_turn(peers: Iterable[Peer]) -> Server:
    """The first connection meets the first peer, the next the next, and all further ones the last."""
    *_, last = peers = tuple(peers)
    turns = chained(peers, repeat(last))

    async def serve(stream: trio.SocketStream) -> None:
        peer = next(turns)
        if isinstance(peer, Script):
            await serve_smtp(stream, peer)
        elif not isinstance(peer, OSError | Hanging):
            await peer(stream)

    return serve


async def look(
    *peers: Peer,
    endpoint: Endpoint = SMTP,
    limits: Limits = LIMITS,
    ehlo: str | None = NAME,
    certificate: ClientCertificate | None = None,
) -> Observation:
    """One observation of an endpoint where the peers serve in turn."""
    only = peers[0] if len(peers) == 1 else None
    served = only if isinstance(only, OSError | Hanging) else in_turn(peers)
    async with fake_world(servers={(endpoint.address, endpoint.port): served}) as world:
        seen = await look_into(world, endpoint, limits, ehlo, certificate)
        await wait_all_tasks_blocked()  # until the peers have heard our last word
        return seen


async def look_into(
    world: World,
    endpoint: Endpoint = SMTP,
    limits: Limits = LIMITS,
    ehlo: str | None = NAME,
    certificate: ClientCertificate | None = None,
) -> Observation:
    seen: list[Observation] = []
    await observe(endpoint, world, limits, ehlo=ehlo, certificate=certificate, record=seen.append)
    (observation,) = seen
    return observation


def ended(seen: Observation) -> tuple[Stage, Kind, str] | None:
    """The failure, to compare with."""
    return (seen.failure.stage, seen.failure.kind, seen.failure.detail) if seen.failure else None


def said(seen: Observation) -> str:
    """What we said, in the clear and inside TLS."""
    return "".join(turn.data for turn in seen.transcript if turn.who == "C")


def raw(*parts: bytes, hang_up: bool = True) -> Server:
    """Says each part after it has heard something, the first one at once; nothing is made of what it hears."""

    async def serve(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError):
            for number, part in enumerate(parts):
                if number:
                    await stream.receive_some()
                await stream.send_all(part)
            if not hang_up:
                await trio.sleep_forever()

    return serve


def tapped(serve: Server, heard: list[bytearray]) -> Server:
    """The same server behind a wire-tap: what each client sends is appended to `heard`."""

    async def pump(source: trio.SocketStream, sink: trio.SocketStream, copy: bytearray) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async for part in source:
                copy += part
                await sink.send_all(part)
            await sink.send_eof()

    async def tap(stream: trio.SocketStream) -> None:
        heard.append(bytearray())
        ends = [trio.SocketStream(trio.socket.from_stdlib_socket(end)) for end in socket.socketpair()]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pump, stream, ends[0], heard[-1])
            nursery.start_soon(pump, ends[0], stream, bytearray())
            async with ends[0], ends[1]:
                await serve(ends[1])
            nursery.cancel_scope.cancel()

    return tap


def mock_time(test: Callable[..., Awaitable[T]], *args: object, **kwargs: object) -> T:
    """One run under the clock that jumps, for tests that take many."""
    return trio.run(functools.partial(test, *args, **kwargs), clock=MockClock(autojump_threshold=0))


def records(data: bytes) -> list[tuple[int, int]]:
    """Kind and length of each TLS record. There is nothing else in `data`."""
    found = []
    while data:
        kind, version, length = data[0], data[1], int.from_bytes(data[3:5])
        assert kind in (20, 21, 22, 23), data
        assert (version, len(data) >= 5 + length) == (3, True), data
        found.append((kind, length))
        data = data[5 + length :]
    return found
