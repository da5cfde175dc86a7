"""One observation, up to TLS: every way to fail, every limit, and what we say on the way."""

import errno
import math
import os
import socket
from contextlib import closing
from dataclasses import replace

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from probe.demo.peer import UNRECOGNIZED, End, Reply, Script, listen, reply, serve_smtp
from probe.dialogue.smtp import MAX_DIALOGUE, MAX_LINE, hear
from probe.errors import PeerError
from probe.model import Endpoint, Failure, Kind, Observation, Stage
from probe.observe.endpoint import observe
from probe.observe.outside import outside
from probe.observe.wire import MAX_HEARD, PIECE, Wire
from tests.observing import (
    ADDRESS,
    BUSY,
    DIRECT,
    HOST,
    LIMITS,
    SMTP,
    SMTPS,
    Peer,
    ended,
    healthy,
    in_turn,
    issuing,
    leaf,
    look,
    look_into,
    mock_time,
    raw,
    records,
    said,
    server,
    tapped,
)
from tests.world import HANGS, NOW, fake_world, in_mock_time, in_trio

BANNER = Script().banner.data
EHLO = Script().ehlo.data
LATE = "not done within {:g} seconds"
GONE = "the connection was closed while a reply was due"
HELLO = "EHLO probe.example\r\n"
QUIT = "QUIT\r\n"


def tls_first(script: Script) -> Script:
    return replace(script, tls=server(issuing()), tls_first=True)


# The way it ought to go


@in_mock_time
async def test_a_healthy_server() -> None:
    seen = await look(healthy())
    assert seen.failure is None
    assert (seen.endpoint, seen.at, seen.attempted, seen.early, seen.refusals) == (SMTP, NOW, True, "", ())
    assert seen.chain
    assert seen.chain.der == (leaf().der, issuing().der)
    assert [(turn.who, turn.data, turn.tls) for turn in seen.transcript] == [
        ("S", BANNER.decode(), False),
        ("C", HELLO, False),
        ("S", EHLO.decode(), False),
        ("C", "STARTTLS\r\n", False),
        ("S", Script().starttls.data.decode(), False),
        ("C", HELLO, True),
        ("S", Script().inside.data.decode(), True),
        ("C", QUIT, True),
    ]
    assert list(seen.seconds) == list(seen.octets) == ["connect", "dialogue", "handshake", "after"]
    assert seen.octets["connect"] == 0
    assert seen.octets["dialogue"] == len(BANNER + EHLO + Script().starttls.data)
    assert seen.octets["handshake"] > sum(map(len, seen.chain.der))


@in_mock_time
async def test_tls_at_once() -> None:
    seen = await look(tls_first(Script()), endpoint=SMTPS)
    assert seen.failure is None
    assert said(seen) == HELLO + QUIT
    assert all(turn.tls for turn in seen.transcript)
    assert hear(seen.transcript).banner
    assert hear(seen.transcript).ehlo
    assert list(seen.seconds) == ["connect", "handshake", "after"]


@in_mock_time
async def test_tls_at_once_and_nothing_said() -> None:
    seen = await look(tls_first(Script(banner=Reply(b""))), endpoint=DIRECT)
    assert (seen.failure, seen.transcript) == (None, ())
    assert seen.session
    assert trio.current_time() == pytest.approx(0, abs=0.01)  # and nothing waited for


@in_mock_time
async def test_submission_is_spoken_like_smtp() -> None:
    seen = await look(healthy(), endpoint=replace(SMTP, dialogue="submission"))
    assert seen.failure is None
    assert said(seen) == f"{HELLO}STARTTLS\r\n{HELLO}{QUIT}"


@in_mock_time
async def test_the_seconds_of_each_stage() -> None:
    script = Script(
        banner=Reply(b"220 x\r\n", drip=1), starttls=Reply(b"220\r\n", drip=1), inside=Reply(b"250 x\r\n", drip=1)
    )
    seen = await look(replace(script, tls=server()))
    assert seen.failure is None
    assert seen.seconds == {"connect": 0, "dialogue": 12, "handshake": 0, "after": 7}


@in_trio
async def test_over_tcp_we_know_our_own_address_and_greet_by_it() -> None:
    async with trio.open_nursery() as nursery:
        port = await listen(nursery, healthy())
        seen = await look_into(outside(), replace(SMTP, address="127.0.0.1", port=port), ehlo=None)
        nursery.cancel_scope.cancel()
    assert (seen.failure, seen.source) == (None, "127.0.0.1")
    assert said(seen).startswith("EHLO [127.0.0.1]\r\n")


@in_trio
async def test_over_ipv6_the_literal_says_so() -> None:
    try:
        listeners = await trio.open_tcp_listeners(0, host="::1")
    except OSError:
        pytest.skip("this host has no IPv6")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, in_turn([healthy()]), listeners)
        port = listeners[0].socket.getsockname()[1]
        seen = await look_into(outside(), replace(SMTP, address="::1", port=port), ehlo=None)
        nursery.cancel_scope.cancel()
    assert seen.source == "::1"
    assert said(seen).startswith("EHLO [IPv6:::1]\r\n")


# Every way to fail before TLS: stage, kind and detail


@pytest.mark.parametrize(
    ("error", "kind", "detail"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), Kind.REFUSED, os.strerror(errno.ECONNREFUSED)),
        (OSError(errno.ETIMEDOUT, "x"), Kind.TIMEOUT, os.strerror(errno.ETIMEDOUT)),
        (OSError(errno.ENETUNREACH, "x"), Kind.UNREACHABLE, os.strerror(errno.ENETUNREACH)),
        (OSError(errno.EHOSTUNREACH, "x"), Kind.UNREACHABLE, os.strerror(errno.EHOSTUNREACH)),
        (OSError(errno.EAFNOSUPPORT, "x"), Kind.UNREACHABLE, os.strerror(errno.EAFNOSUPPORT)),
        (OSError(errno.EACCES, "x"), Kind.UNREACHABLE, os.strerror(errno.EACCES)),
        (OSError(errno.ECONNRESET, "x"), Kind.CLOSED, os.strerror(errno.ECONNRESET)),
        (OSError(errno.ECONNABORTED, "x"), Kind.CLOSED, os.strerror(errno.ECONNABORTED)),
        (OSError(errno.ENOTCONN, "x"), Kind.CLOSED, os.strerror(errno.ENOTCONN)),
        (socket.gaierror(socket.EAI_NONAME, "no such zone"), Kind.UNREACHABLE, "no such zone"),
        (OSError("no number"), Kind.UNREACHABLE, "no number"),
    ],
)
@in_mock_time
async def test_no_connection(error: OSError, kind: Kind, detail: str) -> None:
    seen = await look(error)
    assert ended(seen) == (Stage.CONNECT, kind, detail)
    assert (seen.transcript, seen.chain, seen.session, seen.source) == ((), None, None, None)
    assert list(seen.seconds) == ["connect"]
    assert seen.attempted


@in_mock_time
async def test_a_connection_that_never_stands() -> None:
    seen = await look(HANGS)
    assert ended(seen) == (Stage.CONNECT, Kind.TIMEOUT, LATE.format(LIMITS.connect))
    assert seen.seconds == {"connect": LIMITS.connect}


@pytest.mark.parametrize(
    ("script", "kind", "detail"),
    [
        (Script(banner=reply(554, "5.7.1 no")), Kind.REJECTED, "554 5.7.1 no"),
        (Script(ehlo=reply(550, "no"), helo=reply(550, "still", "no")), Kind.REJECTED, "550 still no"),
        (Script(ehlo=reply(250, "mx", "SIZE")), Kind.REJECTED, "STARTTLS is not offered"),
        (Script(ehlo=UNRECOGNIZED), Kind.REJECTED, "STARTTLS is not offered"),
        (Script(starttls=reply(501, "no")), Kind.REJECTED, "501 no"),
        (Script(banner=Reply(b"", then=End.CLOSE)), Kind.CLOSED, GONE),
        (Script(banner=Reply(b"220-mx\r\n22", then=End.CLOSE)), Kind.CLOSED, GONE),
        (Script(ehlo=Reply(b"250-x\r\n", then=End.CLOSE)), Kind.CLOSED, GONE),
        (Script(starttls=Reply(b"", then=End.CLOSE)), Kind.CLOSED, GONE),
        (Script(banner=Reply(b"\x15\x03\x01\n")), Kind.PROTOCOL, "not an SMTP reply: \x15\x03\x01"),
        (Script(banner=Reply(b"x" * MAX_LINE * 2)), Kind.PROTOCOL, "a line of more than 4096 bytes"),
        (Script(ehlo=Reply(b"250-AGAIN\r\n", endless=True)), Kind.PROTOCOL, "a reply of more than 128 lines"),
        (
            Script(ehlo=Reply(b"250-%s\r\n" % (b"x" * 4000), endless=True)),
            Kind.PROTOCOL,
            f"more than {MAX_DIALOGUE} bytes of replies",
        ),
        (
            Script(ehlo=Reply(EHLO + b"220 go\r\n")),
            Kind.PROTOCOL,
            "the peer spoke out of turn: 220 go\r\n",
        ),
    ],
)
@in_mock_time
async def test_a_dialogue_that_fails(script: Script, kind: Kind, detail: str) -> None:
    seen = await look(script)
    assert ended(seen) == (Stage.DIALOGUE, kind, detail)
    assert (seen.session, seen.chain, seen.refusals) == (None, None, ())
    assert list(seen.seconds) == ["connect", "dialogue"]
    assert sum(len(turn.data) for turn in seen.transcript) < 2 * MAX_DIALOGUE
    assert trio.current_time() == pytest.approx(0, abs=0.01)
    said_goodbye = said(seen).endswith(QUIT)
    assert said_goodbye == (kind is Kind.REJECTED)


@in_trio
async def test_a_reset_in_the_dialogue_and_behind_the_220() -> None:
    reset = Reply(b"", then=End.RESET)
    for script, stage in (
        (Script(banner=reset), Stage.DIALOGUE),
        (Script(ehlo=reset), Stage.DIALOGUE),
        (Script(tls=reset), Stage.HANDSHAKE),
        (Script(starttls=Reply(b"220 go\r\n", then=End.RESET)), Stage.HANDSHAKE),
    ):
        async with trio.open_nursery() as nursery:
            endpoint = replace(SMTP, address="127.0.0.1", port=await listen(nursery, script))
            seen = await look_into(outside(), endpoint)
            nursery.cancel_scope.cancel()
        assert seen.failure
        assert (seen.failure.stage, seen.failure.kind) == (stage, Kind.CLOSED)


# A tarpit, at every stage: however it trickles, the stage ends when it was to end

DRIP = 0.5
ENDLESS = Reply(b"220-x\r\n", drip=DRIP, endless=True)


@pytest.mark.parametrize(
    ("endpoint", "peer", "stage"),
    [
        (SMTP, Script(banner=Reply(b"")), Stage.DIALOGUE),
        (SMTP, Script(banner=ENDLESS), Stage.DIALOGUE),
        (SMTP, Script(banner=Reply(b"x", drip=DRIP, endless=True)), Stage.DIALOGUE),
        (SMTP, Script(ehlo=Reply(b"")), Stage.DIALOGUE),
        (SMTP, Script(ehlo=Reply(b"250-x\r\n", drip=DRIP, endless=True)), Stage.DIALOGUE),
        (SMTP, Script(starttls=Reply(b"")), Stage.DIALOGUE),
        (SMTP, Script(starttls=ENDLESS), Stage.DIALOGUE),
        (
            SMTP,  # a little in each of the three parts
            Script(banner=Reply(BANNER, drip=DRIP), ehlo=Reply(EHLO, drip=DRIP), starttls=ENDLESS),
            Stage.DIALOGUE,
        ),
        (SMTP, Script(tls=Reply(b"")), Stage.HANDSHAKE),
        (SMTP, Script(tls=Reply(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xf0" + bytes(200), drip=DRIP)), Stage.HANDSHAKE),
        (DIRECT, Script(tls=Reply(b""), tls_first=True), Stage.HANDSHAKE),
        (SMTP, replace(healthy(), inside=Reply(b"")), Stage.AFTER),
        (SMTP, replace(healthy(), inside=Reply(b"250-x\r\n", drip=DRIP, endless=True)), Stage.AFTER),
        (SMTPS, tls_first(Script(banner=ENDLESS)), Stage.AFTER),
    ],
)
@in_mock_time
async def test_a_tarpit_cannot_stretch_a_stage(endpoint: Endpoint, peer: Peer, stage: Stage) -> None:
    limit = {Stage.DIALOGUE: LIMITS.dialogue, Stage.HANDSHAKE: LIMITS.handshake, Stage.AFTER: LIMITS.after}[stage]
    seen = await look(peer, endpoint=endpoint)
    assert ended(seen) == (stage, Kind.TIMEOUT, LATE.format(limit))
    assert seen.seconds[stage.lower()] == pytest.approx(limit)
    assert trio.current_time() == pytest.approx(limit)
    assert (seen.session is None) == (stage is not Stage.AFTER)


@in_mock_time
async def test_what_a_tarpit_let_through_is_kept() -> None:
    seen = await look(Script(ehlo=Reply(b"250-mx\r\n250-SIZE\r\n250-STA", drip=1)))
    assert ended(seen) == (Stage.DIALOGUE, Kind.TIMEOUT, LATE.format(30))
    assert seen.transcript[-1].data == "250-mx\r\n250-SIZE\r\n250-STA"


# "Not now"


@pytest.mark.parametrize(
    "script",
    [
        Script(banner=BUSY),
        Script(banner=Reply(BUSY.data, then=End.CLOSE)),
        Script(ehlo=BUSY),
        Script(ehlo=reply(500, "what"), helo=BUSY),
        Script(starttls=BUSY),
    ],
)
@in_mock_time
async def test_whoever_says_not_now_is_asked_again_after_a_pause(script: Script) -> None:
    seen = await look(script, healthy())
    assert seen.failure is None
    assert seen.chain
    refusal = Failure(stage=Stage.DIALOGUE, kind=Kind.REJECTED, detail="421 4.3.2 busy")
    assert seen.refusals == (refusal,)
    assert trio.current_time() == pytest.approx(LIMITS.pause)
    assert "421" not in "".join(turn.data for turn in seen.transcript)  # of the second attempt alone


@in_mock_time
async def test_whoever_says_it_twice_is_left_in_peace() -> None:
    connections: list[bytearray] = []
    seen = await look(
        tapped(in_turn([Script(banner=BUSY), Script(banner=reply(450, "still busy")), healthy()]), connections)
    )
    assert ended(seen) == (Stage.DIALOGUE, Kind.REJECTED, "450 still busy")
    assert [refusal.detail for refusal in seen.refusals] == ["421 4.3.2 busy"]
    assert connections == [b"QUIT\r\n", b"QUIT\r\n"]
    assert trio.current_time() == pytest.approx(LIMITS.pause)


@in_mock_time
async def test_the_second_attempt_may_fail_in_another_way() -> None:
    seen = await look(Script(starttls=BUSY), Script(banner=Reply(b"", then=End.CLOSE)))
    assert ended(seen) == (Stage.DIALOGUE, Kind.CLOSED, GONE)
    assert len(seen.refusals) == 1


@pytest.mark.parametrize(
    "script",
    [
        Script(banner=reply(554, "421")),
        Script(ehlo=reply(550, "no"), helo=reply(550, "no")),
        Script(starttls=reply(554, "4.7.0")),
        Script(banner=Reply(b"421")),  # which is no reply
    ],
)
@in_mock_time
async def test_no_is_an_answer(script: Script) -> None:
    connections: list[bytearray] = []
    seen = await look(tapped(in_turn([script, healthy()]), connections))
    assert seen.failure
    assert seen.refusals == ()
    assert len(connections) == 1


# Bytes in front of TLS


@pytest.mark.parametrize("size", [1, 16384 - 8, 16384, 60000, 200000])
@in_mock_time
async def test_what_comes_behind_the_220_is_kept_and_never_fed_to_tls(size: int) -> None:
    script = Script(starttls=Reply(b"220 go\r\n" + b"e" * size), tls=server(issuing()))
    seen = await look(arriving_at_once(script))
    assert seen.failure is None
    assert seen.session
    assert seen.early == "e" * min(size, MAX_DIALOGUE)
    assert seen.octets["dialogue"] == len(BANNER + EHLO + b"220 go\r\n") + size


def arriving_at_once(script: Script) -> Peer:
    """A socket pair holds 200 kB only where both ends are told to."""

    async def serve(stream: trio.SocketStream) -> None:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20)
        await serve_smtp(stream, script)

    return serve


@in_mock_time
async def test_a_flood_in_front_of_tls_is_bounded() -> None:
    seen = await look(Script(starttls=Reply(b"220 go\r\n" + b"e" * 4000, endless=True)))
    assert ended(seen) == (Stage.HANDSHAKE, Kind.PROTOCOL, "wrong version number")
    assert 4000 <= len(seen.early) <= MAX_HEARD + PIECE


@in_mock_time
async def test_a_connection_is_heard_only_so_far() -> None:
    async def flood(stream: trio.SocketStream) -> None:
        while True:
            await stream.send_all(bytes(4000))

    async with fake_world(servers={(ADDRESS, 25): flood}) as world:
        wire = Wire(await world.connect(ADDRESS, 25))
        with closing(wire):
            while wire.heard <= MAX_HEARD:
                assert await wire.receive()
            with pytest.raises(PeerError, match=f"more than {MAX_HEARD} bytes"):
                await wire.receive()
        assert MAX_HEARD < wire.heard <= MAX_HEARD + PIECE


# What we say


HANDSHAKE = 22  # the kind of a TLS record

SCRIPTS = {
    "healthy": healthy(),
    "refused": Script(banner=reply(554, "no")),
    "busy": Script(banner=BUSY),
    "EHLO refused": Script(ehlo=UNRECOGNIZED),
    "HELO refused": Script(ehlo=UNRECOGNIZED, helo=UNRECOGNIZED),
    "not offered": Script(ehlo=reply(250, "mx", "AUTH PLAIN", "PIPELINING", "CHUNKING")),
    "STARTTLS refused": Script(starttls=reply(454, "no")),
    "no TLS": Script(tls=Reply(b"not TLS\r\n")),
    "TLS closed": Script(),
    "TLS silent": Script(tls=Reply(b"")),
    "TLS alert": Script(tls=Reply(b"\x15\x03\x03\x00\x02\x02\x28", then=End.CLOSE)),
    "refused inside": replace(healthy(), inside=reply(554, "no")),
    "busy inside": replace(healthy(), inside=BUSY),
    "silent inside": replace(healthy(), inside=Reply(b"")),
    "rubbish inside": replace(healthy(), inside=Reply(b"x\r\n")),
    "injected": replace(healthy(), starttls=Reply(b"220 go\r\n250 x\r\n")),
    "more offered inside": replace(healthy(), inside=reply(250, "mx", "STARTTLS", "AUTH PLAIN")),
    "closed inside": replace(healthy(), inside=Reply(b"", then=End.CLOSE)),
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
@pytest.mark.parametrize("endpoint", [SMTP, SMTPS, DIRECT], ids=lambda endpoint: endpoint.dialogue)
@in_mock_time
async def test_no_mail_is_ever_sent_and_nothing_in_plain_text_behind_starttls(
    script: Script, endpoint: Endpoint
) -> None:
    connections: list[bytearray] = []
    peer = script if endpoint is SMTP else replace(script, tls_first=True)
    seen = await look(tapped(in_turn([peer]), connections), endpoint=endpoint)
    assert {line.partition(" ")[0] for line in said(seen).splitlines()} <= {"EHLO", "HELO", "STARTTLS", "QUIT"}
    for heard in connections:
        plain, _, behind = bytes(heard).partition(b"STARTTLS\r\n") if endpoint is SMTP else (b"", b"", bytes(heard))
        assert {line.split()[0] for line in plain.splitlines()} <= {b"EHLO", b"HELO", b"QUIT"}
        if plain and script is SCRIPTS["STARTTLS refused"]:
            assert behind == b"QUIT\r\n"
        elif behind:
            assert next(kind for kind, _ in records(behind)) == HANDSHAKE


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("refused", "QUIT\r\n"),
        ("not offered", f"{HELLO}QUIT\r\n"),
        ("STARTTLS refused", f"{HELLO}STARTTLS\r\nQUIT\r\n"),
        ("no TLS", f"{HELLO}STARTTLS\r\n"),
        ("refused inside", f"{HELLO}STARTTLS\r\n{HELLO}QUIT\r\n"),
        ("healthy", f"{HELLO}STARTTLS\r\n{HELLO}QUIT\r\n"),
    ],
)
@in_mock_time
async def test_we_say_goodbye(name: str, end: str) -> None:
    assert said(await look(SCRIPTS[name])) == end


@in_mock_time
async def test_a_peer_that_is_gone_when_we_say_goodbye() -> None:
    async def serve(stream: trio.SocketStream) -> None:
        await stream.send_all(b"554 no\r\n")

    assert ended(await look(serve)) == (Stage.DIALOGUE, Kind.REJECTED, "554 no")


# Being cancelled


@pytest.mark.parametrize(
    ("peer", "seconds", "stage"),
    [
        (HANGS, 3, Stage.CONNECT),
        (Script(banner=Reply(b"")), 3, Stage.DIALOGUE),
        (Script(tls=Reply(b"")), 3, Stage.HANDSHAKE),
        (replace(healthy(), inside=Reply(b"")), 3, Stage.AFTER),
    ],
)
@in_mock_time
async def test_whoever_cancels_gets_what_was_seen(peer: Peer, seconds: float, stage: Stage) -> None:
    seen: list[Observation] = []
    served = HANGS if peer is HANGS else in_turn([peer])
    async with fake_world(servers={(ADDRESS, 25): served}) as world:
        with trio.move_on_after(seconds) as scope:
            await observe(SMTP, world, LIMITS, record=seen.append)
    assert scope.cancelled_caught
    (observation,) = seen
    assert ended(observation) == (stage, Kind.TIMEOUT, "the target's time ran out")
    assert observation.seconds[stage.lower()] == pytest.approx(seconds)
    assert bool(observation.chain) == (stage is Stage.AFTER)


@in_mock_time
async def test_cancelled_in_the_pause_the_refusal_is_what_was_seen() -> None:
    seen: list[Observation] = []
    async with fake_world(servers={(ADDRESS, 25): in_turn([Script(banner=BUSY)])}) as world:
        with trio.move_on_after(LIMITS.pause / 2):
            await observe(SMTP, world, LIMITS, record=seen.append)
    assert [ended(observation) for observation in seen] == [(Stage.DIALOGUE, Kind.REJECTED, "421 4.3.2 busy")]


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
@in_mock_time
async def test_every_connection_is_closed(script: Script) -> None:
    opened: list[socket.socket] = []
    async with fake_world(servers={(ADDRESS, 25): in_turn([script])}) as world:

        async def connect(address: str, port: int) -> socket.socket:
            opened.append(await world.connect(address, port))
            return opened[-1]

        await look_into(replace(world, connect=connect))
    assert [connection.fileno() for connection in opened] == [-1] * len(opened)


# Whatever a server says, an observation comes back


part = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([BANNER, EHLO, b"220 go\r\n", b"250 x\r\n", b"421 x\r\n", b"\x16\x03\x03\x00\x10", b"2" * 5000]),
)


@given(parts=st.lists(part, max_size=6), hang_up=st.booleans(), endpoint=st.sampled_from([SMTP, SMTPS, DIRECT]))
@settings(max_examples=150, deadline=None)
def test_any_bytes_make_an_observation(parts: list[bytes], hang_up: bool, endpoint: Endpoint) -> None:
    seen = mock_time(look, raw(*parts, hang_up=hang_up), endpoint=endpoint)
    within_limits(seen)


@given(parts=st.lists(part, max_size=3), hang_up=st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_bytes_behind_starttls_make_an_observation(parts: list[bytes], hang_up: bool) -> None:
    seen = mock_time(look, raw(BANNER, EHLO, b"220 go\r\n", *parts, hang_up=hang_up))
    within_limits(seen)
    assert seen.session is None
    assert seen.failure


@given(inside=part, then=st.sampled_from([None, End.CLOSE]))
@settings(max_examples=60, deadline=None)
def test_any_bytes_inside_tls_make_an_observation(inside: bytes, then: End | None) -> None:
    seen = mock_time(look, replace(healthy(), inside=Reply(inside, then=then)))
    within_limits(seen)
    assert seen.session
    assert seen.chain


def within_limits(seen: Observation) -> None:
    assert sum(seen.octets.values()) <= MAX_HEARD + PIECE
    limits = {"connect": 10.0, "dialogue": 30.0, "handshake": 15.0, "after": 10.0}
    assert all(seconds <= limits[stage] for stage, seconds in seen.seconds.items())
    assert seen.attempted
    assert seen.endpoint.host == HOST


@in_mock_time
async def test_a_stage_that_ends_too_late_is_named_and_not_the_next() -> None:
    """Where the event loop comes late, a stage's end and its deadline are seen at once."""
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, MockClock)
    clock.autojump_threshold = math.inf

    async with fake_world(servers={(SMTP.address, SMTP.port): in_turn([healthy()])}) as world:

        async def connect(address: str, port: int) -> socket.socket:
            found = await world.connect(address, port)
            clock.jump(LIMITS.connect + 1)
            return found

        seen = await look_into(replace(world, connect=connect), SMTP)
    assert ended(seen) == (Stage.CONNECT, Kind.TIMEOUT, f"not done within {LIMITS.connect:g} seconds")
