"""`probe listen` at work: has every delivery judged and printed as it ends, and tells on stderr what else goes on.

Ctrl-C and SIGTERM let those finish who are under way, for some seconds; a second Ctrl-C does not. The exit code is the
gravest verdict's in either of the first two cases: a person who has seen enough ends it by Ctrl-C, and nothing is wrong
with that.
"""

import signal
import socket
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import trio
from OpenSSL import SSL

from probe.cli.printer import Printer
from probe.dialogue.smtp import attend
from probe.judge.certificate import Certificate, parse
from probe.judge.chain import Anchors
from probe.judge.standard import Standard
from probe.model import Observation, Reply, Verdict, gravest
from probe.observe.accept import Host
from probe.report.escape import visible
from probe.report.text import plain, summary
from probe.run.hosting import answered, rules
from probe.run.listen import GRACE, Listener, Network, came_to_deliver, evidence

if TYPE_CHECKING:
    from probe.model import Organisation

ADDRESSES = 100  # of which is told that they did not deliver
EVERY = {"0.0.0.0": "every IPv4 address", "::": "every IPv6 address"}  # noqa: S104 - what was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asks for. `name` is what we call ourselves, `context` has our certificate. `networks` may
    connect besides those at home. `once`: one delivery is enough; `seconds`: so is that time. `user`: as whom we run
    now, where that was changed."""

    name: str
    context: SSL.Context
    networks: tuple[Network, ...]
    reply: Reply
    full: bool
    once: bool
    seconds: float | None
    user: str | None
    quiet: bool


class Attending:
    """One run of the command."""

    def __init__(
        self,
        wishes: Wishes,
        printer: Printer,
        standard: Standard,
        anchors: Anchors,
        organisation: "Organisation | None",
    ) -> None:
        self._wishes, self._printer = wishes, printer
        self._standard, self._anchors, self._organisation = standard, anchors, organisation
        self._scope = trio.CancelScope()
        self._over = False
        self._fault: list[Verdict] = []  # of ours: what was not judged, is not known
        self._unwritable: OSError | None = None
        self._told = Told()
        self._watched = sys.stderr is not None and sys.stderr.isatty() and not wishes.quiet

    def attend(self, sockets: Sequence[socket.socket]) -> int:
        """Until it is over; gives the exit code."""
        trio.run(self._attend, sockets)
        if self._unwritable:
            raise self._unwritable
        self._printer.finish()
        verdicts = self._printer.verdicts
        if not self._wishes.once or not verdicts:
            say(plain([summary(verdicts, "delivery")]).rstrip() if verdicts else "nobody came to deliver")
        return gravest([*verdicts, *self._fault]).exit_code

    async def _attend(self, sockets: Sequence[socket.socket]) -> None:
        listener = Listener(
            lambda secure: Host(
                name=self._wishes.name,
                context=self._wishes.context,
                now=_now,
                answer=self._answer,
                secure=secure,
                full=self._wishes.full,
                step=self._step,
            ),
            rules(self._wishes.networks),
            self._record,
            turned_away=self._turned_away,
            fault=self._failed,
        )
        async with trio.open_nursery() as beside:
            await beside.start(self._heed, listener)
            if self._wishes.seconds is not None:
                beside.start_soon(_stop_after, self._wishes.seconds, listener)
            for line in _beginning(sockets, self._wishes):
                say(line)
            with self._scope:
                await listener.serve(sockets)
            beside.cancel_scope.cancel()

    async def _heed(self, listener: Listener, task_status: trio.TaskStatus[None]) -> None:
        stopping = False
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for number in signals:
                if stopping and number == signal.SIGINT:
                    self._over = True
                    raise KeyboardInterrupt
                stopping = True
                if listener.clients:
                    say(f"ending; {listener.clients} under way, for {GRACE:g} seconds more; Ctrl-C does not wait")
                listener.stop()

    def _end(self) -> None:
        self._over = True
        self._scope.cancel()

    # What the listener tells

    def _record(self, seen: Observation) -> None:
        if self._over:
            return
        if not came_to_deliver(seen):
            if not self._wishes.quiet:
                self._told.once(seen.endpoint.address, "connected, and delivered nothing")
            return
        try:
            self._printer.deliver(evidence(seen, self._wishes.name))
        except OSError as error:  # nobody reads on, or there is no room
            self._unwritable = error
            self._end()
        if self._wishes.once:
            self._end()

    def _turned_away(self, peer: str, reason: str) -> None:
        if reason == "not-allowed":
            self._told.once(peer, f"may not connect; if it is one of your servers, add --allow {peer}")
        else:
            self._told.once(peer, f"was turned away: {reason.replace('-', ' ')}")

    def _failed(self, error: Exception) -> None:
        """A bug costs one delivery, and the exit code its green."""
        if sys.stderr is not None:
            with suppress(OSError):
                traceback.print_exception(error)
        self._fault.append(Verdict.UNKNOWN)
        if self._wishes.once:
            self._end()

    def _step(self, seen: Observation) -> None:
        if self._watched:
            say(_progress(seen))

    def _answer(self, seen: Observation) -> str:
        self._step(seen)
        return answered(seen, self._wishes.reply, self._standard, self._anchors, self._organisation)


class Told:
    """What is said of each address once, and of no more than so many of them: a scan of a network is no news."""

    def __init__(self, most: int = ADDRESSES) -> None:
        self._most = most
        self._said: set[tuple[str, str]] = set()

    def once(self, peer: str, what: str) -> None:
        if (peer, what) in self._said or len(self._said) > self._most:
            return
        self._said.add((peer, what))
        full = len(self._said) > self._most
        say("of further addresses nothing is said" if full else f"{peer} {what}")


def say(line: str) -> None:
    """A line on stderr, if there is one: that nobody reads it is no reason to end."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(visible(line, 1000), file=sys.stderr, flush=True)


def _now() -> datetime:
    return datetime.now(UTC)


async def _stop_after(seconds: float, listener: Listener) -> None:
    await trio.sleep(seconds)
    listener.stop()


def _progress(seen: Observation) -> str:
    """How far a client is, for somebody who watches."""
    peer, said = seen.endpoint.address, attend(seen.transcript)
    if said.recipients:
        senders = ", ".join(name or "the null sender" for name in said.senders)
        return f"{peer} sends from {senders} to {', '.join(name or 'no domain' for name in said.recipients)}"
    if seen.session:
        leaf = parse(seen.chain.der[0]) if seen.chain else None
        shown = leaf.subject if isinstance(leaf, Certificate) else "one that cannot be read" if seen.chain else "none"
        return f"{peer} {seen.session.version}, certificate: {shown}"
    return f"{peer} connected"


def _beginning(sockets: Sequence[socket.socket], wishes: Wishes) -> Iterator[str]:
    addresses = {str(listening.getsockname()[0]) for listening in sockets}
    place = "every address" if addresses >= EVERY.keys() else ", ".join(EVERY.get(one, one) for one in addresses)
    user = f", user {wishes.user}" if wishes.user else ""
    yield f"listening on {place} port {sockets[0].getsockname()[1]} as {wishes.name}{user}"
    others = "".join(f", {network}" for network in wishes.networks)
    yield f"  who may connect: loopback and private networks{others}"
    answer = "answered as Exchange Online would" if wishes.reply is Reply.EXCHANGE else "answered 451 and stay queued"
    yield f"  messages are {answer}; Ctrl-C ends it"
