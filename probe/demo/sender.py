"""A server on premises that has mail for Exchange Online: the client that our listener is there for.

It speaks as Exchange does, EHLO, STARTTLS, EHLO again, one sender, one recipient, QUIT, and verifies nobody, as a send
connector does whose TlsAuthLevel is EncryptionOnly. Its TLS is the prober's own.
"""

from contextlib import closing
from dataclasses import dataclass

from probe.demo.pki import Identity
from probe.dialogue import Talk
from probe.dialogue.smtp import QUIT, Inbox, starttls
from probe.observe import World, tls
from probe.observe.wire import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Whose mail it is and for whom: addresses without angle brackets, empty for the null sender."""

    sender: str
    recipient: str


async def deliver(world: World, address: str, port: int, name: str, identity: Identity | None, mail: Mail) -> None:
    """Try to deliver, as the server `name` with this certificate or none, and leave when the recipient is answered.

    Raises `PeerError` and `OSError` where the listener is not there or breaks off.
    """
    with closing(Wire(await world.connect(address, port))) as wire:
        await _converse(wire, starttls(name))
        await wire.secure(tls.connection(tls.context(_pem(identity) if identity else None), None))
        await _converse(wire, _envelope(name, mail))


async def _converse(wire: Wire, talk: Talk) -> None:
    try:
        say = next(talk)
        while True:
            await wire.send(say)
            say = talk.send(await wire.receive())
    except StopIteration:
        return


def _envelope(name: str, mail: Mail) -> Talk:
    """All that is said inside TLS, each command once the one before it is answered, whatever the answer."""
    inbox = Inbox()
    commands = (f"EHLO {name}", f"MAIL FROM:<{mail.sender}> SIZE=4096", f"RCPT TO:<{mail.recipient}>")
    for command in (*(f"{line}\r\n".encode() for line in commands), QUIT):
        inbox.feed((yield command))
        while inbox.next_reply() is None:
            inbox.feed((yield b""))
    return inbox.rest()


def _pem(identity: Identity) -> tls.ClientCertificate:
    return tls.ClientCertificate(chain=identity.chain_pem, key=identity.key_pem)
