"""What is written down while we observe, stage by stage, and the one place where faults become facts."""

import errno
import os
import re
import socket
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType

import trio
from OpenSSL import SSL

from probe.errors import PeerClosed, PeerError, PeerRefusal
from probe.model import Direction, Endpoint, Failure, Kind, Observation, PresentedChain, Session, Speaker, Stage, Turn
from probe.observe.wire import Wire
from probe.observe.world import blame_shortage

# OpenSSL's words for an alert that it was sent: "tlsv13 alert certificate required", "tlsv1 unrecognized name".
_ALERT = re.compile(r"(?:(?:ssl|tls)\S* alert|tlsv13?) (.+)")


STOPPED = "the listener stopped"  # why a client was not heard to its end


@dataclass(slots=True, kw_only=True)
class Notes:
    """An observation in the making."""

    endpoint: Endpoint
    at: datetime
    transcript: list[Turn] = field(default_factory=list)
    early: str = ""
    certificate_requested: bool = False
    client_cas: tuple[str, ...] = ()
    session: Session | None = None
    chain: PresentedChain | None = None
    failure: Failure | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    octets: dict[str, int] = field(default_factory=dict)
    source: str | None = None
    wire: Wire | None = None
    stage: Stage = Stage.CONNECT
    direction: Direction = Direction.OUTBOUND

    @property
    def heard(self) -> int:
        """Bytes, so far."""
        return self.wire.heard if self.wire else 0

    def turn(self, who: Speaker, data: bytes) -> None:
        text, secured = data.decode("latin-1"), self.stage is Stage.AFTER
        last = self.transcript[-1] if self.transcript else None
        if last and last.who is who and last.tls is secured:
            self.transcript[-1] = Turn(who=who, data=last.data + text, tls=secured)
        else:
            self.transcript.append(Turn(who=who, data=text, tls=secured))

    def observation(self, refusals: tuple[Failure, ...]) -> Observation:
        return Observation(
            endpoint=self.endpoint,
            at=self.at,
            transcript=tuple(self.transcript),
            early=self.early,
            certificate_requested=self.certificate_requested,
            client_cas=self.client_cas,
            session=self.session,
            chain=self.chain,
            failure=self.failure,
            seconds=self.seconds,
            octets=self.octets,
            source=self.source,
            refusals=refusals,
            direction=self.direction,
        )


class Ended(Exception):
    """The observation is over; the notes say why."""


class Stages:
    """One observation's stages, each under its own deadline, which covers the whole stage however the peer trickles.

        with Stages(notes) as begin:
            with begin(Stage.CONNECT, 10): ...
            with begin(Stage.DIALOGUE, 30): ...

    The only place that sets deadlines to an observation and turns what can go wrong in it into a `Failure`. Anything
    that it does not know is a bug of ours and goes on as a traceback. All stages share one cancel scope, whose
    deadline each moves on: a scope for each would cost as much as a tenth of a handshake. When they end, however they
    end, the connection is closed.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._scope = trio.CancelScope()
        self._limit = self._began = 0.0
        self._heard = 0

    def __call__(self, which: Stage, limit: float) -> "_Stage":
        """Begin a stage that may take `limit` seconds."""
        self._notes.stage, self._limit = which, limit
        self._began, self._heard = trio.current_time(), self._notes.heard
        self._scope.deadline = self._began + limit
        return _Stage(self)

    def __enter__(self) -> "Stages":
        self._scope.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        notes = self._notes
        if notes.wire:
            notes.wire.close()
        if isinstance(error, Ended):
            kind = error = trace = None
        swallowed = self._scope.__exit__(kind, error, trace)
        if self._scope.cancelled_caught:
            notes.failure = self._too_slow()
        elif isinstance(error, trio.Cancelled):  # the target's time is up, or the user's patience
            outbound = notes.direction is Direction.OUTBOUND
            detail = "the target's time ran out" if outbound else STOPPED
            notes.failure = Failure(stage=notes.stage, kind=Kind.TIMEOUT, detail=detail)
        return swallowed or error is None

    def end(self, error: BaseException | None) -> None:
        """Note how long the stage took, and what went wrong in it. Raises `Ended` where that is a fact."""
        notes = self._notes
        notes.seconds[notes.stage.lower()] = round(trio.current_time() - self._began, 6)
        notes.octets[notes.stage.lower()] = notes.heard - self._heard
        if isinstance(error, PeerError | SSL.Error | OSError):
            notes.failure = _failure(notes.stage, error)
        elif error is None and self._scope.cancel_called:  # done, but too late: its deadline must not hit the next one
            notes.failure = self._too_slow()
        if notes.failure:
            raise Ended from None

    def _too_slow(self) -> Failure:
        detail = f"not done within {self._limit:g} seconds"
        return Failure(stage=self._notes.stage, kind=Kind.TIMEOUT, detail=detail)


class _Stage:
    """One stage, while it lasts."""

    __slots__ = ("_stages",)

    def __init__(self, stages: Stages) -> None:
        self._stages = stages

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stages.end(error)


def _failure(which: Stage, error: PeerError | SSL.Error | OSError) -> Failure:
    if isinstance(error, PeerClosed):
        return Failure(stage=which, kind=Kind.CLOSED, detail=str(error))
    if isinstance(error, PeerRefusal):
        return Failure(stage=which, kind=Kind.REJECTED, detail=str(error))
    if isinstance(error, PeerError):
        return Failure(stage=which, kind=Kind.PROTOCOL, detail=str(error))
    if isinstance(error, SSL.SysCallError | SSL.ZeroReturnError):
        return Failure(stage=which, kind=Kind.CLOSED, detail="the connection was closed")
    if isinstance(error, SSL.Error):
        reason = error.args[0][-1][-1] if error.args and error.args[0] else ""
        if alert := _ALERT.fullmatch(reason):
            return Failure(stage=which, kind=Kind.ALERT, detail=alert[1])
        return Failure(stage=which, kind=Kind.PROTOCOL, detail=reason or "no reason given")
    blame_shortage(error)
    detail = _in_words(error)
    if isinstance(error, ConnectionRefusedError):
        return Failure(stage=which, kind=Kind.REFUSED, detail=detail)
    if isinstance(error, TimeoutError):
        return Failure(stage=which, kind=Kind.TIMEOUT, detail=detail)
    if isinstance(error, ConnectionError) or error.errno == errno.ENOTCONN:
        return Failure(stage=which, kind=Kind.CLOSED, detail=detail)
    return Failure(stage=which, kind=Kind.UNREACHABLE, detail=detail)


def _in_words(error: OSError) -> str:
    if error.errno and not isinstance(error, socket.gaierror):  # whose numbers are from another table
        return os.strerror(error.errno)  # trio puts the address in front; we say it anyway
    return error.strerror or str(error)
