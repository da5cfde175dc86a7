"""Name servers on loopback, well-behaved and otherwise."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataset
import dns.rdatatype
import dns.rrset
import trio

from probe.model import Outcome
from tests.world import FAILED, TIMEOUT, Hanging, Zone

Query = dns.message.QueryMessage
OverUdp = Callable[[Query], Iterable[bytes]]  # the datagrams to send back
OverTcp = Callable[[Query, trio.SocketStream], Awaitable[None]]

RCODES = {Outcome.NXDOMAIN: dns.rcode.NXDOMAIN, FAILED: dns.rcode.SERVFAIL}


@asynccontextmanager
async def nameserver(over_udp: OverUdp, over_tcp: OverTcp | None = None) -> AsyncIterator[tuple[str, int]]:
    """A server, by its address and port. Without `over_tcp` nobody listens there."""
    udp, tcp = await _same_port()

    async def serve_udp() -> None:
        while True:
            wire, client = await udp.recvfrom(0xFFFF)
            query = dns.message.from_wire(wire)
            assert isinstance(query, Query)
            for datagram in over_udp(query):
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


async def _same_port() -> tuple[trio.socket.SocketType, trio.socket.SocketType]:
    """A UDP and a TCP socket on one free port, the latter not yet listening."""
    while True:
        udp, tcp = trio.socket.socket(type=trio.socket.SOCK_DGRAM), trio.socket.socket()
        await udp.bind(("127.0.0.1", 0))
        try:
            await tcp.bind(udp.getsockname())
        except OSError:  # taken by another
            udp.close()
            tcp.close()
        else:
            return udp, tcp


def reply(query: Query, *rrsets: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> Query:
    """A resolver's response; `rrsets` as in "mx.example.org. 300 IN A 192.0.2.1"."""
    response = dns.message.make_response(query, recursion_available=True)
    response.set_rcode(rcode)
    for text in rrsets:
        name, ttl, rdclass, rtype, *records = text.split(maxsplit=4)
        response.answer.append(dns.rrset.from_text(name, int(ttl), rdclass, rtype, *records))
    assert isinstance(response, Query)
    return response


def from_zone(zone: Zone) -> OverUdp:
    """A resolver that knows what is in `zone`."""

    def over_udp(query: Query) -> Iterable[bytes]:
        rtype = dns.rdatatype.to_text(query.question[0].rdtype)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        response = reply(query)
        seen = set()
        while name not in seen:
            seen.add(name)
            entry = zone.get(name, Outcome.NXDOMAIN)
            held = entry.get(rtype, entry.get("CNAME", Outcome.NODATA)) if isinstance(entry, Mapping) else entry
            if isinstance(held, Hanging) or held is TIMEOUT:
                return
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
        yield response.to_wire(max_size=0xFFFF)

    return over_udp
