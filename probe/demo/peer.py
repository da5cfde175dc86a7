"""A small SMTP server that says what its script says: the healthy, the broken and the hostile.

A `Script` holds the reply of each moment as raw bytes, so it can say anything: no reply, half a reply, two replies at
once, garbage, a line without end. Its defaults are a healthy server; a script says only where it differs:

    Script(tls=context)                                        healthy
    Script(banner=Reply(b"554 5.3.2 No mail here\\r\\n"))         refuses
    Script(starttls=Reply(b"220 go\\r\\n250 injected\\r\\n"), …)    plain text smuggled in front of TLS
    Script(ehlo=Reply(b"250-AGAIN\\r\\n", endless=True))          an EHLO reply that never ends
    Script(tls=Reply(b"", then=End.RESET))                     agrees to TLS and cuts the line
    Script(tls=Reply(b"not TLS at all\\r\\n"))                    agrees to TLS and cannot speak it

TLS goes through pyOpenSSL's memory BIOs because trio's own `SSLStream` drops the alert of a handshake that fails, and
that alert is what a prober has to report.
"""

import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import chain, repeat
from socket import SO_LINGER, SOL_SOCKET
from sys import platform
from typing import NoReturn, TypeVar

import trio
from OpenSSL import SSL

ADDRESS = "127.0.0.1"

# What clients may take: bytes and seconds.
LINE = 4096
CONNECTIONS = 64  # at once
PATIENCE = 300.0  # for a whole connection; RFC 5321 §4.5.3.2.7 has a server wait this long for a command
FAREWELL = 5.0  # until the client hangs up, too

_CHUNK = 16384
_NO_TIME = struct.pack("hh" if platform == "win32" else "ii", 1, 0)  # to linger: closing is then a reset

T = TypeVar("T")


class End(StrEnum):
    """How a server hangs up after a reply."""

    CLOSE = "close"  # in order: close_notify where TLS stands, then FIN
    RESET = "reset"  # RST; over a socket pair, which knows none, a plain close


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said at one moment, as raw bytes; nothing at all is a reply too, for which the client waits in vain.

    With `drip` there are so many seconds before every single byte. An `endless` reply is said over and over until the
    client leaves. `then` hangs up behind it.
    """

    data: bytes
    drip: float = 0.0
    endless: bool = False
    then: End | None = None


def reply(code: int, *lines: str) -> Reply:
    """A well-formed reply of one or more lines (RFC 5321 §4.2.1)."""
    *head, last = lines
    return Reply("".join([*(f"{code}-{line}\r\n" for line in head), f"{code} {last}\r\n"]).encode())


UNRECOGNIZED = reply(500, "5.3.3 Unrecognized command")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a server says, moment by moment. `inside` answers EHLO once TLS stands.

    `tls` is what follows a 220 to STARTTLS: the context of a TLS server, or bytes in answer to the ClientHello, after
    which the server only listens (the default hangs up). With `tls_first` it comes before the banner, as on port 465.
    """

    banner: Reply = Reply(b"220 mail.contoso.com ESMTP\r\n")
    ehlo: Reply = Reply(b"250-mail.contoso.com\r\n250-SIZE 37748736\r\n250-STARTTLS\r\n250 8BITMIME\r\n")
    helo: Reply = Reply(b"250 mail.contoso.com\r\n")
    starttls: Reply = Reply(b"220 2.0.0 SMTP server ready\r\n")
    tls: SSL.Context | Reply = Reply(b"", then=End.CLOSE)
    tls_first: bool = False
    inside: Reply = Reply(b"250-mail.contoso.com\r\n250-SIZE 37748736\r\n250 8BITMIME\r\n")
    quit: Reply = Reply(b"221 2.0.0 Service closing transmission channel\r\n")


async def listen(nursery: trio.Nursery, *scripts: Script) -> int:
    """Serves on a free port of 127.0.0.1 until the nursery is cancelled; gives the port.

    The first connection gets the first script, the next the next, and all further ones the last: `listen(nursery,
    busy, healthy)` is a server that says "not now" once.
    """
    listeners = await trio.open_tcp_listeners(0, host=ADDRESS)
    turns = chain(scripts, repeat(scripts[-1]))
    places = trio.Semaphore(CONNECTIONS)

    async def handle(stream: trio.SocketStream) -> None:
        try:
            places.acquire_nowait()
        except trio.WouldBlock:
            return  # full: trio hangs up for us
        try:
            await serve_smtp(stream, next(turns))
        finally:
            places.release()

    nursery.start_soon(trio.serve_listeners, handle, listeners)
    port: int = listeners[0].socket.getsockname()[1]
    return port


async def serve_smtp(stream: trio.SocketStream, script: Script) -> None:
    """Serves one client to the end and closes its stream. Whatever the client does ends only this connection."""
    line = _Line(stream)
    with trio.move_on_after(PATIENCE):
        async with stream:
            with suppress(trio.EndOfChannel, OSError, trio.BrokenResourceError, SSL.Error):
                await _talk(line, script)


async def _talk(line: "_Line", script: Script) -> None:
    if script.tls_first:
        await line.start_tls(script.tls)
    await line.say(script.banner)
    while True:
        match (await line.hear()).partition(b" ")[0].upper():
            case b"EHLO":
                await line.say(script.inside if line.secure else script.ehlo)
            case b"HELO":
                await line.say(script.helo)
            case b"STARTTLS" if not line.secure:
                await line.say(script.starttls)
                if script.starttls.data.startswith(b"220"):
                    await line.start_tls(script.tls)
            case b"QUIT":
                await line.say(script.quit)
                await line.hang_up()
            case _:
                await line.say(UNRECOGNIZED)


class _Line:
    """One connection: lines in, replies out, in plain text, then inside TLS. Its end is an `EndOfChannel`."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._tls: SSL.Connection | None = None
        self._heard = bytearray()

    @property
    def secure(self) -> bool:
        return self._tls is not None

    async def hear(self) -> bytes:
        """The next line, without its end."""
        while b"\n" not in self._heard:
            if len(self._heard) > LINE:
                await self.say(reply(500, "5.5.4 Line too long"))
                await self.hang_up()
            self._heard += await self._receive()
        line, _, self._heard = self._heard.partition(b"\n")
        return bytes(line.strip())

    async def say(self, said: Reply) -> None:
        await self._utter(said)
        while said.endless:
            await self._utter(said)
        if said.then is End.CLOSE:
            await self.hang_up()
        if said.then is End.RESET:
            self._stream.setsockopt(SOL_SOCKET, SO_LINGER, _NO_TIME)
            raise trio.EndOfChannel

    async def start_tls(self, tls: SSL.Context | Reply) -> None:
        self._heard.clear()  # RFC 3207 §4.2: nothing said in plain text counts inside TLS
        if isinstance(tls, Reply):
            await self._receive()  # the ClientHello
            await self.say(tls)
            await self._ignore()
        self._tls = SSL.Connection(tls, None)
        self._tls.set_accept_state()
        await self._step(self._tls, self._tls.do_handshake)

    async def hang_up(self) -> NoReturn:
        """Closes in order and waits for the client to do so: a close with bytes still unread would be a reset
        (RFC 1122 §4.2.2.13), which may overtake our last words."""
        if self._tls is not None:
            with suppress(SSL.Error):  # there is nothing to shut down in a handshake that failed
                self._tls.shutdown()
            await self._flush(self._tls)
        await self._stream.send_eof()
        with trio.move_on_after(FAREWELL):
            await self._ignore()
        raise trio.EndOfChannel

    async def _ignore(self) -> NoReturn:
        while await self._stream.receive_some(_CHUNK):
            pass
        raise trio.EndOfChannel

    async def _utter(self, said: Reply) -> None:
        if not said.drip:
            await self._send(said.data)
            return
        for byte in said.data:
            await trio.sleep(said.drip)
            await self._send(bytes([byte]))

    async def _send(self, data: bytes) -> None:
        if self._tls is None:
            await self._stream.send_all(data)
        elif data:  # OpenSSL takes no empty write
            await self._step(self._tls, partial(self._tls.send, data))

    async def _receive(self) -> bytes:
        if self._tls is None:
            data = bytes(await self._stream.receive_some(_CHUNK))
        else:
            data = await self._step(self._tls, partial(self._tls.recv, _CHUNK))
        if not data:
            await self.hang_up()
        return data

    async def _step(self, tls: SSL.Connection, step: Callable[[], T]) -> T:
        """Takes one step of TLS, carrying records both ways until it is done. A failed step's alert is sent, too."""
        while True:
            try:
                done = step()
            except SSL.WantReadError:
                await self._flush(tls)
            except SSL.Error:
                await self.hang_up()
            else:
                await self._flush(tls)
                return done
            records = await self._stream.receive_some(_CHUNK)
            if not records:
                raise trio.EndOfChannel
            tls.bio_write(records)

    async def _flush(self, tls: SSL.Connection) -> None:
        with suppress(SSL.WantReadError):  # nothing more to send
            while True:
                await self._stream.send_all(tls.bio_read(_CHUNK))
