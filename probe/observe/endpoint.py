"""One connection to one endpoint, from TCP to the last word, written down as an `Observation`.

    connect -> [dialogue] -> handshake -> [dialogue inside TLS] -> farewell

Whatever goes wrong on the way is data. The notes fill up as we go, so that there is something to judge wherever it
ends: at a fault, at a stage's deadline, or because the time of the whole target ran out.
"""

from collections.abc import Callable
from contextlib import suppress

import trio
from OpenSSL import SSL

from probe.dialogue import DIALOGUES, Talk
from probe.dialogue.smtp import MAX_DIALOGUE
from probe.errors import PeerRefusal
from probe.model import Endpoint, Failure, Observation, Speaker, Stage
from probe.observe import tls
from probe.observe.notes import Notes, Stages
from probe.observe.wire import Wire, own_address
from probe.observe.world import Limits, World


async def observe(
    endpoint: Endpoint,
    world: World,
    limits: Limits,
    *,
    ehlo: str | None = None,
    certificate: tls.ClientCertificate | None = None,
    record: Callable[[Observation], None],
) -> None:
    """Observe an endpoint once and hand the observation to `record`, also where we are cancelled on the way.

    A 4xx reply means "not now" (RFC 5321 §4.2.1): the peer gets a pause and one more try on a fresh connection.
    `ehlo` is the name that the dialogue takes, see `Dialogue`: None greets with the address of the connection as a
    literal.
    """
    refusals: tuple[Failure, ...] = ()
    while True:
        notes = Notes(endpoint=endpoint, at=world.now())
        try:
            await _converse_once(notes, world, limits, ehlo, certificate)
        except trio.Cancelled:
            record(notes.observation(refusals))
            raise
        if refusals or not notes.failure or not _put_off(notes.failure, endpoint):
            record(notes.observation(refusals))
            return
        try:
            await trio.sleep(limits.pause)
        except trio.Cancelled:
            record(notes.observation(refusals))
            raise
        refusals = (notes.failure,)


def _put_off(failure: Failure, endpoint: Endpoint) -> bool:
    """Whether asking again may help: a 4xx to the banner, to EHLO, or to STARTTLS. Once TLS stands behind a STARTTLS it
    would be about who we are, such as Postfix's 421 to a client without a certificate."""
    first_words = Stage.DIALOGUE if DIALOGUES[endpoint.dialogue].before else Stage.AFTER
    return failure.transient and failure.stage is first_words


async def _converse_once(
    notes: Notes, world: World, limits: Limits, ehlo: str | None, certificate: tls.ClientCertificate | None
) -> None:
    endpoint, dialogue = notes.endpoint, DIALOGUES[notes.endpoint.dialogue]
    with Stages(notes) as begin:
        with begin(Stage.CONNECT, limits.connect):
            sock = await world.connect(endpoint.address, endpoint.port)
            notes.wire = wire = Wire(sock)
        notes.source = own_address(sock)
        name = ehlo or _literal(notes.source)
        if dialogue.before:
            with begin(Stage.DIALOGUE, limits.dialogue):
                early = await _converse(notes, wire, dialogue.before(name), dialogue.farewell)
                # TLS has the client speak first: what is here before our first word was not sent through TLS.
                notes.early = (early + wire.waiting())[:MAX_DIALOGUE].decode("latin-1")
        connection = tls.connection(tls.context(certificate, endpoint.offer), endpoint.server_name)
        try:
            with begin(Stage.HANDSHAKE, limits.handshake):
                await wire.secure(connection)
                notes.session = tls.session(connection)
        finally:
            notes.chain = tls.chain(connection, limits.certificates)
            notes.certificate_requested = tls.certificate_requested(connection)
            notes.client_cas = tls.client_cas(connection) if notes.certificate_requested else ()
        with begin(Stage.AFTER, limits.after):
            if dialogue.after:
                await _converse(notes, wire, dialogue.after(name), dialogue.farewell)
                await _part(notes, wire, dialogue.farewell)
            elif notes.certificate_requested:
                await _await_refusal(wire)


async def _converse(notes: Notes, wire: Wire, talk: Talk, farewell: bytes) -> bytes:
    """Drive a talk to its end; gives what was heard beyond it. A peer that refuses us is still told goodbye."""
    try:
        say = next(talk)
        while True:
            if say:
                notes.turn(Speaker.CLIENT, say)
                await wire.send(say)
            heard = await wire.receive()
            notes.turn(Speaker.SERVER, heard)
            say = talk.send(heard)
    except StopIteration as end:
        beyond: bytes = end.value
        return beyond
    except PeerRefusal:
        await _part(notes, wire, farewell)
        raise


async def _part(notes: Notes, wire: Wire, farewell: bytes) -> None:
    """Say goodbye and don't wait for the answer: nothing is learnt from it, and nginx takes 40 ms over it."""
    if farewell:
        notes.turn(Speaker.CLIENT, farewell)
        with suppress(OSError, SSL.Error):  # it may be gone already
            await wire.send(farewell)


async def _await_refusal(wire: Wire) -> None:
    """Nothing is said inside TLS here, so read once: a TLS 1.3 server that misses our certificate says so only now."""
    with trio.move_on_after(1):
        await wire.receive()


def _literal(address: str | None) -> str:
    """The address literal of RFC 5321 §4.1.3, for a host that has no name to give."""
    address = (address or "127.0.0.1").partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
