"""SMTP as a client that wants TLS: banner, EHLO, STARTTLS; inside TLS EHLO again (RFC 5321, RFC 3207).

Whatever stands behind the reply to STARTTLS was sent in plain text by somebody who could not know our TLS keys: it is
handed back as evidence and never read as part of the session.
"""

from collections.abc import Generator

from probe.dialogue.smtp.lines import Inbox, Reply
from probe.errors import PeerError, PeerRefusal

QUIT = b"QUIT\r\n"


def starttls(name: str) -> Generator[bytes, bytes, bytes]:
    """From the banner to the moment where the TLS handshake begins. Returns the bytes that came too early."""
    inbox = Inbox()
    keywords = yield from _banner_and_ehlo(inbox, name)
    if not any(keyword.partition(" ")[0].upper() == "STARTTLS" for keyword in keywords):
        raise PeerRefusal("STARTTLS is not offered")
    reply = yield from _ask(inbox, b"STARTTLS\r\n")
    if reply.code != 220:  # RFC 3207 §4
        raise PeerRefusal(str(reply))
    return inbox.rest()


def greet(name: str) -> Generator[bytes, bytes, bytes]:
    """Banner and EHLO, where the session is already inside TLS."""
    inbox = Inbox()
    yield from _banner_and_ehlo(inbox, name)
    return inbox.rest()


def greet_again(name: str) -> Generator[bytes, bytes, bytes]:
    """The second EHLO: RFC 3207 §4.2 has both sides forget the first. It is also the first read inside TLS, where a
    TLS 1.3 server that refuses our client certificate makes itself heard."""
    inbox = Inbox()
    reply = yield from _ask(inbox, b"EHLO %s\r\n" % name.encode("ascii"))
    if not reply.positive:
        raise PeerRefusal(str(reply))
    return inbox.rest()


def _banner_and_ehlo(inbox: Inbox, name: str) -> Generator[bytes, bytes, tuple[str, ...]]:
    banner = yield from _reply(inbox)
    if not banner.positive:  # RFC 5321 §3.1: 220, or 554 and no service; 421 is "not now"
        raise PeerRefusal(str(banner))
    ehlo = yield from _ask(inbox, b"EHLO %s\r\n" % name.encode("ascii"))
    if 500 <= ehlo.code < 600:
        # RFC 5321 §3.2: a server that does not know EHLO gets HELO, which offers no extensions.
        helo = yield from _ask(inbox, b"HELO %s\r\n" % name.encode("ascii"))
        if not helo.positive:
            raise PeerRefusal(str(helo))
        return ()
    if not ehlo.positive:
        raise PeerRefusal(str(ehlo))
    return ehlo.lines[1:]


def _ask(inbox: Inbox, command: bytes) -> Generator[bytes, bytes, Reply]:
    if ahead := inbox.rest():
        # One reply a command (RFC 5321 §4.2). Taking this for the answer would let a man in the middle prepare answers.
        raise PeerError(f"the peer spoke out of turn: {ahead[:80].decode('latin-1')}")
    inbox.feed((yield command))
    return (yield from _reply(inbox))


def _reply(inbox: Inbox) -> Generator[bytes, bytes, Reply]:
    while (reply := inbox.next_reply()) is None:
        inbox.feed((yield b""))
    return reply
