"""Asking resolvers: dnspython's messages over our own sockets.

The one door behind which dnspython lives; no type of it gets out. dnspython's own resolver is not used for asking: it
measures time by the wall clock, raises where there is no answer, and reads responses until one fits.
"""

import socket
import struct
from collections.abc import Sequence

import dns.exception
import dns.flags
import dns.message
import dns.name
import trio

from probe.model import Answer, Kind, Outcome, Question
from probe.observe.response import NoAnswerError, flags_of, read
from probe.observe.world import blame_shortage, server_text

Server = tuple[str, int]  # address and port

PAYLOAD = 1232  # the largest UDP answer we invite: DNS Flag Day 2020's, below RFC 9715's 1400 at most


class Resolver:
    """Asks `servers` in turn, each for at most `timeout` seconds a try, until one of them knows.

    Fits `World.resolve`: bad news is an `Answer`. A server that is silent, unreachable, or answers without an answer
    (SERVFAIL, REFUSED, rubbish) gives way to the next; after the last comes a second round, for what was lost on the
    way or failed in passing. The outcome is FAILED where any of them answered, TIMEOUT where none did. It is the
    caller who bounds how many questions are asked at a time.

    Whoever shares sockets between questions does so in `_try`; whoever remembers answers does so in `__call__`;
    what else a response says of its answer (its DNSSEC status) is read in `response.read`.
    """

    def __init__(self, servers: Sequence[Server], timeout: float) -> None:
        self._servers = tuple(servers)
        self._timeout = timeout

    async def __call__(self, question: Question) -> Answer:
        """The answer to one question."""
        try:
            name = dns.name.from_text(question.name)
        except dns.exception.DNSException as error:
            return _unknown(question, Outcome.FAILED, f"not a name that DNS can carry: {error}")
        tried = []
        # RFC 6891 §7: a server that cannot do EDNS may well be able to answer without it.
        for edns, server in [(edns, server) for edns in (True, False) for server in self._servers]:
            query = dns.message.make_query(
                name, question.rtype, use_edns=0 if edns else False, payload=PAYLOAD if edns else None
            )
            answer = await self._try(question, query, server)
            if answer.outcome not in (Outcome.FAILED, Outcome.TIMEOUT) or answer.kind is Kind.PROTOCOL:
                return answer
            tried.append(answer)
            if answer.outcome is Outcome.TIMEOUT:  # asked last from now on: a dead server costs its time once
                self._servers = (*(other for other in self._servers if other != server), server)
        failed = [answer for answer in tried if answer.outcome is Outcome.FAILED]
        outcome = Outcome.FAILED if failed else Outcome.TIMEOUT
        detail = "; ".join(dict.fromkeys(answer.detail for answer in failed or tried))
        resolver = ", ".join(dict.fromkeys(answer.resolver for answer in failed or tried))
        unreachable = all(answer.kind is Kind.UNREACHABLE for answer in tried)
        return _unknown(
            question,
            outcome,
            detail or "no resolver is configured",
            resolver,
            Kind.UNREACHABLE if unreachable else None,
        )

    async def _try(self, question: Question, query: dns.message.QueryMessage, server: Server) -> Answer:
        """One question to one server: over UDP, and over TCP where the answer did not fit."""
        resolver = who = server_text(server)
        try:
            with trio.fail_after(self._timeout):
                response = await _over_udp(query, server)
                if response is None:
                    who = f"{resolver} over TCP"
                    response = await _over_tcp(query, server)
            return read(question, response, resolver)
        except trio.TooSlowError:
            return _unknown(question, Outcome.TIMEOUT, f"no answer from {who} in {self._timeout:.2g} s", resolver)
        except OSError as error:
            blame_shortage(error)
            detail = f"no answer from {who}: {error.strerror or error}"
            return _unknown(question, Outcome.TIMEOUT, detail, resolver, Kind.UNREACHABLE)
        except NoAnswerError as error:
            detail = f"{error.what} from {who}: {error.why}" if error.why else f"{error.what} from {who}"
            return _unknown(question, Outcome.FAILED, detail, resolver, error.kind)
        except dns.exception.DNSException as error:
            return _unknown(question, Outcome.FAILED, f"unreadable answer from {who}: {error}", resolver)


def _unknown(question: Question, outcome: Outcome, detail: str, resolver: str = "", kind: Kind | None = None) -> Answer:
    return Answer(
        question=question, outcome=outcome, canonical=question.name, resolver=resolver, detail=detail, kind=kind
    )


async def _over_udp(query: dns.message.QueryMessage, server: Server) -> bytes | None:
    """The response, or None where it was cut to fit. Raises OSError.

    The socket is connected: only `server` is heard, and the ICMP message of a dead one is heard at once. What does not
    belong to `query` was meant for another or was forged, and the wait goes on.
    """
    with trio.socket.socket(_family(server), socket.SOCK_DGRAM) as sock:
        await sock.connect(server)
        await sock.send(query.to_wire())
        while True:
            wire = await sock.recv(0xFFFF)
            flags = flags_of(wire, query)
            if flags is not None:
                return None if flags & dns.flags.TC else wire


async def _over_tcp(query: dns.message.QueryMessage, server: Server) -> bytes:
    """The response (RFC 7766 §8: two octets of length, then the message). Raises OSError and `NoAnswerError`."""
    with trio.socket.socket(_family(server), socket.SOCK_STREAM) as sock:
        await sock.connect(server)
        stream = trio.SocketStream(sock)
        try:
            await stream.send_all(query.to_wire(prepend_length=True))
            (length,) = struct.unpack("!H", await _receive(stream, 2))
            wire = await _receive(stream, length)
        except trio.BrokenResourceError:
            raise NoAnswerError("unreadable answer", "the connection was reset") from None
    flags = flags_of(wire, query)
    if flags is None:
        raise NoAnswerError("unreadable answer", "it is no response to this question")
    if flags & dns.flags.TC:
        raise NoAnswerError("unreadable answer", "it was cut")
    return wire


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


def system_resolvers() -> list[Server]:
    """The resolvers that the operating system is set up with; empty where it has none."""
    import dns.resolver  # only here: it brings an HTTP client along where one is installed

    try:
        resolver = dns.resolver.Resolver()
    except (dns.exception.DNSException, ValueError):  # none configured, or what is there cannot be read
        return []
    return [(str(server), resolver.port) for server in resolver.nameservers]
