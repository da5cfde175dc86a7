"""A session as evidence: what the wire would have shown to a client in the place of the side that connected.

It shows less. There is a certificate's row and no chain, whether a certificate was asked for is not told, and what
stands for the cipher are Schannel's words.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address

from probe.exchange.logs import replies
from probe.exchange.logs.row import text
from probe.exchange.logs.story import Story
from probe.model import Endpoint, Failure, Kind, Observation, Speaker, Stage, Turn, Way

_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_PLAIN = re.compile(
    rb"(?:%b\.){3}%b" % (_OCTET, _OCTET)
)  # IPv4 as it is nearly always written, for the library is slow
SMTP = 25  # the port where the log's endpoints were taken out
_TLS_ENDS = {"SocketError": Kind.CLOSED, "TimedOut": Kind.TIMEOUT}


def observation(story: Story, at: datetime, server: str) -> Observation:
    """The evidence of one session. `server` is this server's name."""
    here, there = endpoints(story)
    listening, connecting = (here, there) if story.way is Way.RECEIVE else (there, here)
    name = story.host or (server if story.way is Way.RECEIVE else "")
    return Observation(
        endpoint=Endpoint(
            host=name.lower().rstrip(".") or listening[0],
            address=listening[0],
            port=listening[1] or SMTP,
            server_name=None,
        ),
        at=at,
        transcript=tuple(_turns(story)),
        session=story.session,
        failure=failure(story),
        source=connecting[0] or None,
        leaf=story.sent if story.way is Way.RECEIVE else story.received,
    )


def endpoints(story: Story) -> tuple[tuple[str, int], tuple[str, int]]:
    """Address and port of this server and of its peer, empty and 0 where the log has none."""
    local = next((one.local for one in story.rows if one.local), b"")
    remote = next((one.remote for one in story.rows if one.remote), b"")
    return _endpoint(local), _endpoint(remote)


def _endpoint(raw: bytes) -> tuple[str, int]:
    port = raw[:80].rpartition(b":")[2]
    number = int(port) if port.isdigit() and len(port) <= 5 else 0
    return address(raw), number if number < 65536 else 0


def address(raw: bytes) -> str:
    """The address of an endpoint as logged, in its canonical text; empty where there is none."""
    return _canonical(raw[:80].rpartition(b":")[0])


@lru_cache(maxsize=4096)
def _canonical(raw: bytes) -> str:
    if _PLAIN.fullmatch(raw):
        return raw.decode()
    try:
        return str(ip_address(text(raw).strip("[]")))
    except ValueError:
        return ""


def _turns(story: Story) -> Iterator[Turn]:
    for part, (command, lines) in story.said.items():
        tls = part == "after"
        if command:
            yield Turn(who=Speaker.CLIENT, data=f"{_wire(command)}\r\n", tls=tls)
        sent = replies.as_sent(tuple(lines)) if part in ("ehlo", "after") else replies.coded(lines)
        if sent:
            yield Turn(who=Speaker.SERVER, data="".join(f"{_wire(line)}\r\n" for line in sent), tls=tls)
    if story.mailed and not (story.asked or story.agreed):
        yield Turn(who=Speaker.CLIENT, data=f"{_wire('MAIL …')}\r\n")  # in plain text; whose, is not kept


def _wire(words: str) -> str:
    """One character a byte, as evidence of the wire is; and no line break but ours."""
    return " ".join(words.split("\n")).replace("\r", " ").encode().decode("latin-1")


def failure(story: Story) -> Failure | None:
    """How it ended early. None also where the log breaks off: of what is not seen nothing is said."""
    return _without_tls(story) if not (story.agreed or story.broken) else _with_tls(story)


def _with_tls(story: Story) -> Failure | None:
    if story.broken:
        return Failure(stage=Stage.HANDSHAKE, kind=_TLS_ENDS.get(story.broken, Kind.PROTOCOL), detail=story.broken)
    if story.peer_chain:  # TLS stood, and the side that connected did not like what it saw
        return Failure(stage=Stage.AFTER, kind=Kind.PROTOCOL, detail=story.peer_chain)
    if story.refused in ("after", "late"):
        return Failure(stage=Stage.AFTER, kind=Kind.REJECTED, detail=story.reply)
    return _left(story, Stage.AFTER) if "after" not in story.said else None


def _left(story: Story, stage: Stage) -> Failure | None:
    """One of the two went away where the next word was due."""
    if not (story.asked and story.finished) or "tls" in story.gaps:
        return None
    return Failure(stage=stage, kind=Kind.CLOSED, detail="QUIT" if story.farewell else story.ended)


def _without_tls(story: Story) -> Failure | None:
    if story.unreachable:
        return Failure(stage=Stage.CONNECT, kind=story.unreachable)
    if story.overwritten and story.refused:  # a command that the device wrote over, so that nobody knows it
        return Failure(stage=Stage.DIALOGUE, kind=Kind.PROTOCOL, detail=story.reply)
    if story.refused in ("banner", "ehlo", "starttls"):
        return Failure(stage=Stage.DIALOGUE, kind=Kind.REJECTED, detail=story.reply)
    if story.asked:
        return _left(story, Stage.HANDSHAKE)
    if story.offered is not None and "STARTTLS" not in story.offered:
        return Failure(stage=Stage.DIALOGUE, kind=Kind.REJECTED, detail="STARTTLS is not offered")
    return Failure(stage=Stage.AFTER, kind=Kind.REJECTED, detail=story.reply) if story.refused == "late" else None
