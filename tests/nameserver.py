"""Name servers on loopback, well-behaved and otherwise."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataset
import dns.rdatatype
import dns.rrset
import trio

from probe.model import Answer, Dnssec, Outcome, Question
from probe.observe.ask import Resolver
from tests.world import BOGUS, FAILED, NOTHING, TIMEOUT, Hanging, Statuses, Zone, status_of

Query = dns.message.QueryMessage
OverUdp = Callable[[Query], Iterable[bytes]]  # the datagrams to send back
OverTcp = Callable[[Query, trio.SocketStream], Awaitable[None]]

RCODES = {Outcome.NXDOMAIN: dns.rcode.NXDOMAIN, FAILED: dns.rcode.SERVFAIL}
A = Question(name="mx.example.org", rtype="A")
ROOT_SOA = ". 86400 IN SOA a.nic.example. hostmaster.nic.example. 1 1800 900 604800 86400"


@asynccontextmanager
async def nameserver(
    over_udp: OverUdp, over_tcp: OverTcp | None = None, *, validates: bool | None = False, address: str = "127.0.0.1"
) -> AsyncIterator[tuple[str, int]]:
    """A server, by its address and port. Without `over_tcp` nobody listens there.

    The root's SOA, by which a validator is known, it answers by itself: `validates` says how. None leaves that, too, to
    `over_udp`.
    """
    udp, tcp = await _same_port(address)

    async def serve_udp() -> None:
        while True:
            wire, client = await udp.recvfrom(0xFFFF)
            query = dns.message.from_wire(wire)
            assert isinstance(query, Query)
            of_the_root = query.question[0].name == dns.name.root and validates is not None
            answers = [reply(query, ROOT_SOA, secure=bool(validates)).to_wire()] if of_the_root else over_udp(query)
            for datagram in answers:
                await udp.sendto(datagram, client)

    async def serve_tcp(stream: trio.SocketStream) -> None:
        assert over_tcp
        length = int.from_bytes(await stream.receive_some(2))
        query = dns.message.from_wire(bytes(await stream.receive_some(length)))
        assert isinstance(query, Query)
        with suppress(trio.BrokenResourceError):  # the client left
            await over_tcp(query, stream)

    with udp, tcp:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_udp)
            if over_tcp:
                tcp.listen()
                nursery.start_soon(trio.serve_listeners, serve_tcp, [trio.SocketListener(tcp)])
            yield udp.getsockname()
            nursery.cancel_scope.cancel()


async def _same_port(address: str) -> tuple[trio.socket.SocketType, trio.socket.SocketType]:
    """A UDP and a TCP socket on one free port, the latter not yet listening."""
    while True:
        udp, tcp = trio.socket.socket(type=trio.socket.SOCK_DGRAM), trio.socket.socket()
        await udp.bind((address, 0))
        try:
            await tcp.bind(udp.getsockname())
        except OSError:  # taken by another
            udp.close()
            tcp.close()
        else:
            return udp, tcp


async def ask(
    over_udp: OverUdp, question: Question = A, over_tcp: OverTcp | None = None, patience: float = 3, **how: Any
) -> Answer:
    """The answer to one question put to one server; `how` as for `nameserver`."""
    async with nameserver(over_udp, over_tcp, **how) as server:
        return await Resolver([server], patience)(question)


def reply(
    query: Query,
    *rrsets: str,
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    secure: bool = False,
    soa: str = "",
    errors: Iterable[tuple[int, str]] = (),
) -> Query:
    """A resolver's response; `rrsets` as in "mx.example.org. 300 IN A 192.0.2.1".

    `secure` sets AD, `soa` is the record of a negative answer, `errors` are extended ones, where EDNS can carry them.
    """
    response = dns.message.make_response(query, recursion_available=True)
    response.set_rcode(rcode)
    if secure:
        response.flags |= dns.flags.AD
    if soa:
        name, ttl, rdclass, rtype, data = soa.split(maxsplit=4)
        response.authority.append(dns.rrset.from_text(name, int(ttl), rdclass, rtype, data))
    if errors and query.edns == 0:
        response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.make(code), text) for code, text in errors])
    for text in rrsets:
        name, ttl, rdclass, rtype, *records = text.split(maxsplit=4)
        response.answer.append(dns.rrset.from_text(name, int(ttl), rdclass, rtype, *records))
    assert isinstance(response, Query)
    return response


def from_zone(zone: Zone, dnssec: Statuses = NOTHING) -> OverUdp:
    """A resolver that knows what is in `zone`, and validates it where `dnssec` says how that ends."""

    def over_udp(query: Query) -> Iterable[bytes]:
        rtype = dns.rdatatype.to_text(query.question[0].rdtype)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        response = reply(query)
        seen: list[str] = []
        while name not in seen:
            seen.append(name)
            entry = zone.get(name, Outcome.NXDOMAIN)
            held = entry.get(rtype, entry.get("CNAME", Outcome.NODATA)) if isinstance(entry, Mapping) else entry
            if isinstance(held, Hanging) or held is TIMEOUT:
                return
            if held is BOGUS and not query.flags & dns.flags.CD:
                held = FAILED
            if isinstance(held, Outcome):
                response.set_rcode(RCODES.get(held, dns.rcode.NOERROR))
                break
            owner = dns.name.from_text(name)
            is_alias = isinstance(entry, Mapping) and rtype not in entry
            records = dns.rdataset.from_text_list(
                "IN", "CNAME" if is_alias else rtype, 300, held, origin=dns.name.root, relativize=False
            )
            response.answer.append(dns.rrset.from_rdata_list(owner, 300, list(records)))
            if is_alias:
                name = held[0]
        status = status_of(seen, dnssec)
        if status is Dnssec.BOGUS and not query.flags & dns.flags.CD:
            response = reply(query, rcode=dns.rcode.SERVFAIL)
        # RFC 6840 §5.7 and §5.9: AD for whoever asks for it, and never where checking is disabled.
        elif status is Dnssec.SECURE and query.flags & dns.flags.AD and not query.flags & dns.flags.CD:
            response.flags |= dns.flags.AD
        yield response.to_wire(max_size=0xFFFF)

    return over_udp


def says(*rrsets: str, **how: Any) -> OverUdp:
    """The same response to whatever is asked; `how` as for `reply`."""
    return lambda query: [reply(query, *rrsets, **how).to_wire()]


def silent(_: Query) -> Iterable[bytes]:
    return ()


def truncated(query: Query) -> Iterable[bytes]:
    response = reply(query)
    response.flags |= dns.flags.TC
    return [response.to_wire()]


def in_turn(*answers: OverUdp) -> OverUdp:
    """One after another; who asks more often than that fails the test."""
    left = list(answers)
    return lambda query: left.pop(0)(query)


def prefixed(wire: bytes) -> bytes:
    """As over TCP."""
    return len(wire).to_bytes(2) + wire


SERVFAIL = says(rcode=dns.rcode.SERVFAIL)
REFUSED = says(rcode=dns.rcode.REFUSED)
