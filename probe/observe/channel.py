"""The way to one resolver: UDP over sockets that questions share, and TCP for what does not fit. Used by `ask` only.

Questions under way at the same time share a socket, and tell their answers apart by number and question. No task of its
own reads it, so nothing outlives a call: one of the askers reads for all of them, and when it has its answer, or is
cancelled, another takes its place.

What a shared port costs in safety is kept small. A forger off the path has to hit port, number and question (RFC 5452
§4.5); so numbers are drawn at random, a socket takes only so many questions, for only so long, and is closed as soon as
nobody waits for it. Where many datagrams come that nobody asked for, the questions go over TCP (RFC 5452 §9.3), which
also bounds what a flood costs.
"""

import os
import socket
import struct

import trio

from probe.observe.query import TC, NoAnswerError, Query

Server = tuple[str, int]  # address and port

QUESTIONS = 64  # that a socket takes; small datagrams all, so that together they fit its send buffer
SECONDS = 10.0  # for which it takes them
STRAYS = 128  # that it bears: late answers to cancelled questions come to no more
_AT_A_TIME = 32  # datagrams read before other tasks have their turn


class Channel:
    """Asks one server. Sets no time limit."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._socket: _SharedSocket | None = None

    async def over_udp(self, query: Query) -> bytes | None:
        """The response, or None where TCP is to be asked: it was cut to fit, or forgeries come. Raises OSError."""
        if self._socket is None or not self._socket.takes_more:
            self._socket = _SharedSocket(self._server)
        return await self._socket.ask(query)

    async def over_tcp(self, query: Query) -> bytes:
        """The response (RFC 7766 §8: two octets of length, then the message). Raises OSError and `NoAnswerError`."""
        with trio.socket.socket(_family(self._server), socket.SOCK_STREAM) as sock:
            await sock.connect(self._server)
            stream = trio.SocketStream(sock)
            number = os.urandom(2)
            message = query.wire(int.from_bytes(number))
            try:
                await stream.send_all(struct.pack("!H", len(message)) + message)
                (length,) = struct.unpack("!H", await _receive(stream, 2))
                wire = await _receive(stream, length)
            except trio.BrokenResourceError:
                raise NoAnswerError("unreadable answer", "the connection was reset") from None
        flags = query.flags_of(wire)
        if flags is None or wire[:2] != number:
            raise NoAnswerError("unreadable answer", "it is no response to this question")
        if flags & TC:
            raise NoAnswerError("unreadable answer", "it was cut")
        return wire


class _Asker:
    """One question on a shared socket. `task` is set while it sleeps; with neither response nor error: ask TCP."""

    __slots__ = ("done", "error", "query", "response", "task")

    def __init__(self, query: Query) -> None:
        self.query = query
        self.task: trio.lowlevel.Task | None = None
        self.done = False
        self.response: bytes | None = None
        self.error: OSError | None = None

    async def sleep(self) -> None:
        self.task = trio.lowlevel.current_task()

        def cancelled(_: object) -> trio.lowlevel.Abort:
            self.task = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(cancelled)

    def wake(self) -> None:
        task, self.task = self.task, None
        if task:
            trio.lowlevel.reschedule(task)

    def finish(self, response: bytes | None = None, error: OSError | None = None) -> None:
        self.done, self.response, self.error = True, response, error
        self.wake()


class _SharedSocket:
    """A UDP socket connected to one server, so that only it is heard, and the ICMP message of a dead one at once.

    It is open from the first question until nobody waits any more. Raises OSError where it cannot be made.
    """

    def __init__(self, server: Server) -> None:
        self._socket = socket.socket(_family(server), socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect(server)
        except BaseException:
            self._socket.close()
            raise
        self._until = trio.current_time() + SECONDS
        self._closed = False
        self._asked = self._strays = 0
        self._waiting: dict[int, _Asker] = {}  # by the number of its question
        # Who reads for all. Of the others in `_waiting` each sleeps, or has been cancelled and is on its way out.
        self._reader: _Asker | None = None

    @property
    def takes_more(self) -> bool:
        return not self._closed and self._asked < QUESTIONS and trio.current_time() < self._until

    async def ask(self, query: Query) -> bytes | None:
        """The response, None where TCP is to be asked. Raises OSError."""
        number = self._number()
        asker = self._waiting[number] = _Asker(query)
        self._asked += 1
        try:
            self._send(query.wire(number))
            while not asker.done:
                if self._reader is None:
                    self._reader = asker
                if self._reader is asker:
                    await self._read()
                else:
                    await asker.sleep()
        finally:
            if self._waiting.get(number) is asker:  # cancelled
                del self._waiting[number]
            if self._reader is asker:
                self._reader = heir = next(iter(self._waiting.values()), None)
                if heir:
                    heir.wake()
            if not self._waiting:
                self._close()
        if asker.error:
            raise asker.error
        return asker.response

    def _number(self) -> int:
        while (number := int.from_bytes(os.urandom(2))) in self._waiting:
            pass
        return number

    def _send(self, wire: bytes) -> None:
        try:
            self._socket.send(wire)
        except BlockingIOError:
            pass  # lost on the way, as datagrams may be: the buffer holds more than we ever have under way
        except OSError as error:
            self._finish_all(error)  # of an earlier question's ICMP message, most likely

    async def _read(self) -> None:
        """Waits for datagrams, and hands those that are here to whom they belong."""
        try:
            await trio.lowlevel.wait_readable(self._socket)
        except trio.ClosedResourceError:  # somebody's sending failed, and everybody has been told
            return
        for _ in range(_AT_A_TIME):
            if not self._waiting:
                return
            try:
                wire = self._socket.recv(0xFFFF)
            except BlockingIOError:
                return
            except OSError as error:
                self._finish_all(error)
                return
            self._hand_over(wire)

    def _hand_over(self, wire: bytes) -> None:
        number = int.from_bytes(wire[:2])
        asker = self._waiting.get(number)
        flags = asker.query.flags_of(wire) if asker else None
        if asker and flags is not None:
            del self._waiting[number]
            asker.finish(None if flags & TC else wire)
            return
        # It was meant for another, or was forged.
        self._strays += 1
        if self._strays > STRAYS:
            self._finish_all(None)

    def _finish_all(self, error: OSError | None) -> None:
        """Ends every question, and the socket: with this error, or to be asked over TCP."""
        waiting, self._waiting = self._waiting, {}
        for asker in waiting.values():
            asker.finish(error=OSError(error.errno, error.strerror) if error else None)
        self._close()

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()


async def _receive(stream: trio.SocketStream, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        more = await stream.receive_some(count - len(received))
        if not more:
            raise NoAnswerError(
                "unreadable answer", f"the connection was closed after {len(received)} of {count} octets"
            )
        received += more
    return bytes(received)


def _family(server: Server) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in server[0] else socket.AF_INET
