"""What is written down while we observe, stage by stage, and the one place where faults become facts."""

import errno
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import trio
from OpenSSL import SSL

from probe.errors import PeerClosed, PeerError, PeerRefusal
from probe.model import Endpoint, Failure, Kind, Observation, PresentedChain, Session, Speaker, Stage, Turn
from probe.observe.wire import Wire

# OpenSSL's words for an alert that it was sent: "tlsv13 alert certificate required", "tlsv1 unrecognized name".
_ALERT = re.compile(r"(?:(?:ssl|tls)\S* alert|tlsv13?) (.+)")


@dataclass(slots=True, kw_only=True)
class Notes:
    """An observation in the making."""

    endpoint: Endpoint
    at: datetime
    transcript: list[Turn] = field(default_factory=list)
    early: str = ""
    certificate_requested: bool = False
    session: Session | None = None
    chain: PresentedChain | None = None
    failure: Failure | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    octets: dict[str, int] = field(default_factory=dict)
    source: str | None = None
    wire: Wire | None = None
    stage: Stage = Stage.CONNECT

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
            session=self.session,
            chain=self.chain,
            failure=self.failure,
            seconds=self.seconds,
            octets=self.octets,
            source=self.source,
            refusals=refusals,
        )


class Ended(Exception):
    """The observation is over; the notes say why."""


@contextmanager
def stage(notes: Notes, which: Stage, limit: float) -> Iterator[None]:
    """The only place that sets a deadline to a stage and turns what can go wrong there into a `Failure`.

    Anything that it does not know is a bug of ours and goes on as a traceback. The stage's deadline covers the whole
    stage, however the peer trickles.
    """
    notes.stage = which
    began, before = trio.current_time(), notes.wire.heard if notes.wire else 0
    try:
        with trio.fail_after(limit):
            yield
    except trio.TooSlowError:
        notes.failure = Failure(stage=which, kind=Kind.TIMEOUT, detail=f"not done within {limit:g} seconds")
    except trio.Cancelled:  # the target's time is up, or the user's patience: note how far we came, and obey
        notes.failure = Failure(stage=which, kind=Kind.TIMEOUT, detail="the target's time ran out")
        raise
    except (PeerError, SSL.Error, OSError) as error:
        notes.failure = _failure(which, error)
    finally:
        notes.seconds[which.lower()] = round(trio.current_time() - began, 6)
        notes.octets[which.lower()] = notes.wire.heard - before if notes.wire else 0
    if notes.failure:
        raise Ended


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
