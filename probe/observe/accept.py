"""One client of our listener, from its connection to its last word, written down as an INBOUND `Observation`.

    banner -> [EHLO ...] -> STARTTLS -> handshake -> [EHLO, MAIL, RCPT ...] -> 221

The counterpart of `endpoint`, with the same notes, stages and wire: only who speaks first, and what is said, differs.
"""

import ipaddress
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from OpenSSL import SSL

from probe.dialogue.smtp.kept import kept_of
from probe.dialogue.smtp.server import INJECTED, NOT_NOW, READY, Desk, Over, Service, inside, welcome
from probe.errors import PeerClosed, PeerError
from probe.model import Direction, Endpoint, Observation, Speaker, Stage
from probe.observe import tls
from probe.observe.notes import Notes, Stages
from probe.observe.tls_server import accepting, called_for, client_chain
from probe.observe.wire import Wire, own_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a client may take, in seconds: before TLS, for the handshake, inside TLS. RFC 5321 §4.5.3.2.7 would have
    a server wait five minutes for every command; here a person may be typing, and nobody else has that long to say."""

    dialogue: float = 120.0
    handshake: float = 15.0
    after: float = 120.0
    certificates: int = 32  # of a chain, that are kept


def _not_now(_: Observation) -> str:
    return NOT_NOW


def _unwatched(_: Observation) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Who we are to a client. `answer` gives the reply to the recipient that the client has just named, from what was
    seen of it so far. `secure`: whether a handshake may begin now. `full`: keep whole addresses. `step` hears what was
    seen so far when a client has connected, and again when TLS stands."""

    name: str
    context: SSL.Context
    now: Callable[[], datetime]
    patience: Patience = Patience()
    answer: Callable[[Observation], str] = _not_now
    secure: Callable[[], bool] = lambda: True
    full: bool = False
    step: Callable[[Observation], None] = _unwatched


async def receive(sock: socket.socket, host: Host, peer: str, port: int, record: Callable[[Observation], None]) -> None:
    """Hear a client out on its connection, which is closed in the end, and hand what was seen to `record`, also where
    we are cancelled on the way. `peer` is its address, `port` the one that it came to."""
    there = Endpoint(host=peer, address=peer, port=port, server_name=None)
    notes = Notes(endpoint=there, at=host.now(), direction=Direction.INBOUND, stage=Stage.DIALOGUE)
    own = own_address(sock)
    notes.wire, notes.source = Wire(sock), own and plain(own)
    try:
        host.step(notes.observation(()))
        await _serve(notes, notes.wire, host)
    finally:
        record(notes.observation(()))


async def _serve(notes: Notes, wire: Wire, host: Host) -> None:
    desk = Desk(
        name=host.name,
        peer=notes.endpoint.address,
        note=lambda line: notes.turn(Speaker.CLIENT, line.encode("latin-1")),
        answer=lambda: host.answer(notes.observation(())),
        secure=host.secure,
        full=host.full,
    )
    with Stages(notes) as begin:
        with begin(Stage.DIALOGUE, host.patience.dialogue):
            over = await _attend(notes, wire, welcome(desk))
            if over.secure:
                await _let_begin(notes, wire, over, full=host.full)
        if not over.secure:
            return
        connection = accepting(host.context)
        notes.certificate_requested = True
        try:
            with begin(Stage.HANDSHAKE, host.patience.handshake):
                await wire.secure(connection)
                notes.session = tls.session(connection)
        finally:
            notes.chain = client_chain(connection, host.patience.certificates)
            notes.endpoint = replace(notes.endpoint, server_name=called_for(connection))
        host.step(notes.observation(()))
        with begin(Stage.AFTER, host.patience.after):
            await _attend(notes, wire, inside(desk))


async def _let_begin(notes: Notes, wire: Wire, over: Over, *, full: bool) -> None:
    """Answer STARTTLS; but not to a client that has sent more behind it. It could not know whether there would be TLS,
    so somebody else may have put that there for us to take as said inside (RFC 3207 §4.2, CVE-2011-0411)."""
    early = over.rest + wire.waiting()
    if early:
        notes.early = kept_of(early, full=full)
        await _say(notes, wire, over.say + INJECTED)
        raise PeerError("commands came in plain text behind STARTTLS")
    await _say(notes, wire, over.say + READY)


async def _attend(notes: Notes, wire: Wire, service: Service) -> Over:
    """Hear a client to the end of its part. One that goes too far is told so, and let go."""
    try:
        say = next(service)
        while True:
            await _say(notes, wire, say)
            say = service.send(await wire.receive())
    except StopIteration as end:
        over: Over = end.value
        if not over.secure:
            await _part(notes, wire, over.say)
        return over
    except PeerClosed:
        raise
    except PeerError as error:
        await _part(notes, wire, f"421 4.7.0 {error}\r\n".encode())
        raise


async def _say(notes: Notes, wire: Wire, data: bytes) -> None:
    if data:
        notes.turn(Speaker.SERVER, data)
        await wire.send(data)


async def _part(notes: Notes, wire: Wire, data: bytes) -> None:
    with suppress(OSError, SSL.Error):  # it may be gone already
        await _say(notes, wire, data)


def plain(address: str) -> str:
    """The address as people write it: one of IPv4 that comes in IPv6's clothes (RFC 4291 §2.5.5.2) without them, and
    without the zone that is this machine's own affair."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)
