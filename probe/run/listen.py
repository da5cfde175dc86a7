"""The listener: stands where Exchange Online would stand, hears whoever comes, and outlives whatever they do.

Every connection is one task, under limits on how many there are, on how many are of one address, on handshakes in a
second; `observe.accept` bounds what each may say and how long it may take. Who is not allowed, or too much, is told so
in one line and let go, which costs next to nothing.
"""

import errno
import ipaddress
import socket
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import trio

from probe.dialogue.smtp import attend
from probe.errors import ConfigError, ProbeError
from probe.model import Evidence, Observation, Route, RouteKind, Target
from probe.observe.accept import Host, plain, receive
from probe.observe.notes import STOPPED

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Loopback, private (RFC 1918, RFC 4193) and IPv6's link-local: whoever else should connect has to be named.
AT_HOME = tuple(
    ipaddress.ip_network(text)
    for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7", "fe80::/10")
)
GRACE = 5.0  # seconds for those under way when we stop
_BACKLOG = 1024
_AT_A_TIME = 64  # accepted before other tasks have their turn
_SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_ROOTS = (
    "a port below 1024 is root's: start it as root, who is given up then, or with CAP_NET_BIND_SERVICE (systemd: "
    "AmbientCapabilities=), or on another port, to which a firewall redirects 25"
)
_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
_NOT_ALLOWED = b"554 5.7.1 Your address may not connect here\r\n"
_TOO_MANY = b"421 4.7.0 Too many connections\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Who may connect, and how much of it at a time: connections in all and of one address (of IPv6: of one /64),
    handshakes in a second."""

    allow: tuple[Network, ...] = AT_HOME
    connections: int = 1000
    each: int = 100
    handshakes: int = 500


class Listener:
    """Serves clients. `record` gets what was seen of each; `turned_away` the address of each who was not heard and why:
    not-allowed, too-many, or a shortage of ours in words; `fault` what went wrong with one for a reason of ours, in
    these two as well. Whatever they raise, the listener serves on."""

    def __init__(
        self,
        host: Callable[[Callable[[], bool]], Host],
        rules: Rules,
        record: Callable[[Observation], None],
        *,
        turned_away: Callable[[str, str], None],
        fault: Callable[[Exception], None],
    ) -> None:
        self._rules, self._record = rules, record
        self._turned_away, self._fault = turned_away, fault
        self._here: Counter[str] = Counter()  # clients by address
        self._tokens, self._filled = float(rules.handshakes), trio.current_time()
        self._host = host(self._may_secure)
        self._accepting = trio.CancelScope()

    @property
    def clients(self) -> int:
        """How many are connected."""
        return self._here.total()

    def stop(self) -> None:
        """Take nobody new; those under way get their grace."""
        self._accepting.cancel()

    async def serve(
        self, sockets: Sequence[socket.socket], task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Until `stop`, or cancelled. The sockets are closed then, before those under way have had their grace."""
        async with trio.open_nursery() as clients:
            try:
                with self._accepting:
                    async with trio.open_nursery() as doors:
                        for listening in sockets:
                            doors.start_soon(self._accept, listening, clients)
                        task_status.started()
            finally:
                for listening in sockets:
                    listening.close()
            clients.cancel_scope.deadline = trio.current_time() + GRACE

    async def _accept(self, listening: socket.socket, clients: trio.Nursery) -> None:
        port = int(listening.getsockname()[1])
        while True:
            await trio.lowlevel.wait_readable(listening)
            for _ in range(_AT_A_TIME):
                try:
                    sock, address = listening.accept()
                except (BlockingIOError, InterruptedError):
                    break
                except OSError as error:
                    if error.errno in _SHORT:  # until somebody leaves
                        await trio.sleep(0.1)
                        break
                    continue  # accept(2): the fault of a connection that is gone already
                sock.setblocking(False)
                self._welcome(sock, plain(str(address[0])), port, clients)

    def _welcome(self, sock: socket.socket, peer: str, port: int, clients: trio.Nursery) -> None:
        reason = self._reason(peer)
        if reason:
            with suppress(OSError):
                sock.send(_NOT_ALLOWED if reason == "not-allowed" else _TOO_MANY)
            sock.close()
            self._tell_away(peer, reason)
        else:
            self._here[as_one(peer)] += 1
            clients.start_soon(self._one, sock, peer, port)

    def _reason(self, peer: str) -> str:
        """Why this one is not heard; empty: it is."""
        if not allowed(peer, self._rules.allow):
            return "not-allowed"
        full = self.clients >= self._rules.connections or self._here[as_one(peer)] >= self._rules.each
        return "too-many" if full else ""

    async def _one(self, sock: socket.socket, peer: str, port: int) -> None:
        try:
            await receive(sock, self._host, peer, port, self._record)
        except ProbeError as error:  # a shortage: the next one may fare better
            self._tell_away(peer, str(error))
        except Exception as error:
            self._blame(error)
        finally:
            sock.close()
            self._here[as_one(peer)] -= 1
            if not self._here[as_one(peer)]:
                del self._here[as_one(peer)]

    def _tell_away(self, peer: str, reason: str) -> None:
        try:
            self._turned_away(peer, reason)
        except Exception as error:
            self._blame(error)

    def _blame(self, error: Exception) -> None:
        with suppress(Exception):  # whoever is told of faults may have one
            self._fault(error)

    def _may_secure(self) -> bool:
        """A handshake costs a thousand times what a command does, so there is a rate: a bucket that fills up."""
        now, most = trio.current_time(), self._rules.handshakes
        self._tokens = min(float(most), self._tokens + (now - self._filled) * most)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def allowed(peer: str, networks: Sequence[Network]) -> bool:
    """Whether the address lies in one of the networks."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address.version == network.version and address in network for network in networks)


def as_one(peer: str) -> str:
    """What counts as one address: with IPv6 a host has a whole /64 (RFC 4291 §2.5.4)."""
    return str(ipaddress.ip_network(f"{peer}/64", strict=False)) if ":" in peer else peer


def bind(address: str | None, port: int) -> list[socket.socket]:
    """Listening sockets; None: at every address of this machine. Port 0 takes a free one. Raises `ConfigError`."""
    where = f"port {port}" if address is None else f"{address} port {port}"
    sockets: list[socket.socket] = []
    try:
        if address is None:
            sockets.append(_listening("0.0.0.0", port))  # noqa: S104 - who may connect, `Rules.allow` says
            try:
                sockets.append(_listening("::", sockets[0].getsockname()[1]))
            except OSError as error:
                if error.errno not in _NO_IPV6:
                    raise
        else:
            sockets.append(_listening(address, port))
    except OSError as error:
        for listening in sockets:
            listening.close()
        hint = _ROOTS if isinstance(error, PermissionError) else "is it taken, or not ours?"
        raise ConfigError(f"cannot listen on {where}: {error.strerror}", hint) from None
    return sockets


def _listening(address: str, port: int) -> socket.socket:
    # It knows zones (RFC 4007 §11), of which `bind` alone makes none.
    family, *_, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)[0]
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if made.family is socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if sys.platform != "win32":  # where it lets others take the port from us
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setblocking(False)
        made.bind(place)
        made.listen(_BACKLOG)
    except BaseException:
        made.close()
        raise
    return made


def came_to_deliver(seen: Observation) -> bool:
    """Whether it asked for TLS or named a sender: port scans and the checks of a balancer do neither. Of one that we
    cut off ourselves, before it came to a sender, nothing can be said."""
    said = attend(seen.transcript)
    cut = seen.failure is not None and seen.failure.detail == STOPPED
    return bool(said.senders) or (said.asked and not cut)


def evidence(seen: Observation, name: str) -> Evidence:
    """A delivery as evidence on the listener, whose name is `name`."""
    port = seen.endpoint.port
    return Evidence(
        target=Target(given=f"{name}:{port}", name=name, port=port),
        at=seen.at,
        route=Route(kind=RouteKind.INBOUND),
        observations=(seen,),
        ehlo=name,
    )
