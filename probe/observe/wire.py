"""A TCP connection, in plain text until `secure`, inside TLS from then on.

Sockets are non-blocking and trio only waits for them: a stream class between the two costs more than it gives here.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import trio
from OpenSSL import SSL

from probe.errors import PeerError

T = TypeVar("T")

PIECE = 16384  # bytes read at once
MAX_HEARD = 524288  # bytes heard on one connection; OpenSSL takes 100 KiB of certificates at most


class Wire:
    """`heard` counts the bytes that came, in whichever form."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._tls: SSL.Connection | None = None
        self.heard = 0

    def close(self) -> None:
        """Take leave of TLS in form where that needs no waiting, and close."""
        if self._tls:
            with suppress(SSL.Error, OSError):
                self._tls.shutdown()
                while True:  # with what was said last, until there is no more of it, or no room
                    self._socket.send(self._tls.bio_read(PIECE))
        self._socket.close()

    def waiting(self) -> bytes:
        """All that has arrived already, without waiting for more."""
        arrived = bytearray()
        with suppress(OSError):  # nothing more; a fault of the connection shows again in what is done next
            while self.heard <= MAX_HEARD and (piece := self._socket.recv(PIECE)):
                self.heard += len(piece)
                arrived += piece
        return bytes(arrived)

    async def send(self, data: bytes) -> None:
        """Inside TLS it leaves when we next wait for an answer, or close: in one packet with the handshake's end."""
        if self._tls:
            self._tls.send(data)
        else:
            await self._send(data)

    async def receive(self) -> bytes:
        """The next bytes, `b""` where the peer has closed."""
        if not self._tls:
            return await self._receive()
        connection = self._tls
        try:
            return await self._through(connection, lambda: connection.recv(PIECE))
        except SSL.ZeroReturnError:
            return b""
        except SSL.SysCallError:  # closed without close_notify: common, and no fault
            return b""

    async def secure(self, connection: SSL.Connection) -> None:
        """The handshake. From here on everything goes through TLS."""
        self._tls = connection
        await self._through(connection, connection.do_handshake)

    async def _through(self, connection: SSL.Connection, act: Callable[[], T]) -> T:
        """Do `act` on the TLS connection, carrying bytes between it and the socket until it is done."""
        while True:
            try:
                done = act()
            except SSL.WantReadError:
                await self._flush(connection)
                if piece := await self._receive():
                    connection.bio_write(piece)
                else:
                    connection.bio_shutdown()
            except SSL.Error:
                with suppress(OSError):  # the alert that says why we leave is a courtesy
                    await self._flush(connection)
                raise
            else:
                return done

    async def _flush(self, connection: SSL.Connection) -> None:
        with suppress(SSL.WantReadError):  # nothing more to say
            while True:
                said = connection.bio_read(PIECE)
                await self._send(said)
                if len(said) < PIECE:
                    return

    async def _send(self, data: bytes) -> None:
        while data:
            try:
                data = data[self._socket.send(data) :]
            except (BlockingIOError, InterruptedError):
                await trio.lowlevel.wait_writable(self._socket)

    async def _receive(self) -> bytes:
        if self.heard > MAX_HEARD:
            raise PeerError(f"more than {MAX_HEARD} bytes on one connection")
        while True:
            await trio.lowlevel.wait_readable(self._socket)  # first: no answer is there the moment that we have asked
            with suppress(BlockingIOError, InterruptedError):
                piece = self._socket.recv(PIECE)
                self.heard += len(piece)
                return piece


def own_address(sock: socket.socket) -> str | None:
    """Our end's address, None where there is none."""
    try:
        own = sock.getsockname()
    except OSError:  # reset already, which some systems answer with EINVAL
        return None
    return str(own[0]) if isinstance(own, tuple) else None  # a socket pair has no address
