"""One GET and one response, without a connection: every framing, every limit, under every split of the bytes."""

from collections.abc import Iterable
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.dialogue.http import MAX_BODY, MAX_HEAD, MAX_INTERIM, MAX_PIECES, MAX_RESPONSE, Response, get, hear
from probe.errors import PeerClosed, PeerError
from probe.model import Speaker, Turn

HOST = "mta-sts.example.org"
OK = b"HTTP/1.1 200 OK\r\n"
CUT_SHORT = "the response ended before it was complete"

T = TypeVar("T")


def play(pieces: Iterable[bytes]) -> tuple[str, bytes | PeerError]:
    """What we ask, and how it ends when these pieces come and then the peer closes: with what is left, or a fault."""
    talk = get(HOST)
    said = next(talk)
    try:
        for piece in pieces:
            assert talk.send(piece) == b""
        talk.send(b"")
        raise AssertionError("still listening")
    except StopIteration as end:
        rest: bytes = end.value
        return said.decode(), rest
    except PeerError as error:
        return said.decode(), error


def transcript(said: bytes) -> tuple[Turn, ...]:
    return (
        Turn(who=Speaker.CLIENT, data="GET / HTTP/1.1\r\n\r\n", tls=True),
        Turn(who=Speaker.SERVER, data=said.decode("latin-1"), tls=True),
    )


def read(said: bytes) -> Response:
    response = hear(transcript(said))
    assert response
    return response


def splits(said: bytes) -> Iterable[list[bytes]]:
    yield [said]
    yield [said[at : at + 1] for at in range(len(said))]
    for at in range(1, len(said)):
        yield [said[:at], said[at:]]


def test_the_request() -> None:
    said, _ = play([OK + b"Content-Length: 0\r\n\r\n"])
    assert said == (
        "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.example.org\r\nUser-Agent: probe\r\n"
        "Accept-Encoding: identity\r\nConnection: close\r\n\r\n"
    )


# Every way to say where a response ends

FRAMED = {
    "by length": b"Content-Length: 5\r\n\r\nhello",
    "in chunks": b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n",
    "by closing": b"\r\nhello",
    "by length and in chunks": b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("framed", FRAMED)
def test_a_response_is_heard_to_its_end_however_it_arrives(framed: str) -> None:
    said = b"HTTP/1.1 103 Early Hints\r\nA: 1\r\n\r\n" + OK + b"Content-Type: text/plain\r\n" + FRAMED[framed]
    for pieces in splits(said):
        assert play(pieces)[1] == b""
    response = read(said)
    assert (response.status, response.body, response.fault) == (200, b"hello", "")
    assert response.header("content-type") == "text/plain"
    assert response.header("a") is None


def test_an_http_1_0_server_is_understood() -> None:
    said = b"HTTP/1.0 404 Not Found\n\nno"
    assert play([said])[1] == b""
    assert (read(said).status, read(said).body) == (404, b"no")


def test_nothing_is_heard_beyond_the_end() -> None:
    talk = get(HOST)
    next(talk)
    with pytest.raises(StopIteration) as end:  # at once, and not when the peer closes
        talk.send(OK + b"Content-Length: 2\r\n\r\nokHTTP/1.1 500 what\r\n\r\n")
    assert end.value.value == b"HTTP/1.1 500 what\r\n\r\n"


def test_a_flood_behind_the_end_is_no_fault() -> None:
    beyond = b"x" * 2 * MAX_RESPONSE
    said = OK + b"Content-Length: 2\r\n\r\nok"
    assert play([said + beyond])[1] == beyond
    assert read(said + beyond) == read(said)


def test_headers_are_kept_as_they_came() -> None:
    response = read(OK + b"Location: https://x/\r\nX: \xe9\r\nVia: a\r\nvia: b\r\nContent-Length: 0\r\n\r\n")
    assert response.headers[:2] == (("location", "https://x/"), ("x", "é"))
    assert response.header("via") == "a, b"


@pytest.mark.parametrize("status", [204, 301, 304, 404, 429, 500, 999])
def test_every_status_is_a_response(status: int) -> None:
    said = b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % status
    assert play([said])[1] == b""
    assert read(said) == Response(status=status, headers=(("content-length", "0"),), body=b"")


def test_a_content_coding_is_left_alone() -> None:
    bomb = b"\x1f\x8b" + bytes(100)
    assert read(OK + b"Content-Encoding: gzip\r\nContent-Length: 102\r\n\r\n" + bomb).body == bomb


# What is no response


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (b"220 mail.example.org ESMTP\r\n\r\n", "not HTTP: illegal status line"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "not HTTP: illegal status line"),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "not HTTP: illegal status line"),  # HTTP/2's first frame
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "not HTTP: illegal status line"),
        (b"<html>" + b"x" * 9000 + b"\r\n\r\n", "not HTTP: illegal status line"),
        (b"\r\n\r\n", "not HTTP: no response line received"),
        (OK + b"no colon\r\n\r\n", "not HTTP: illegal header line"),
        (OK + b"Content-Length: 2x\r\n\r\n", "not HTTP: bad Content-Length"),
        (OK + b"Content-Length: " + b"9" * 6000 + b"\r\n\r\n", "not HTTP: bad Content-Length"),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "not HTTP: conflicting Content-Length headers"),
        (OK + b"Transfer-Encoding: gzip\r\n\r\n", "not HTTP: Only Transfer-Encoding: chunked is supported"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "not HTTP: Received server _SWITCH_UPGRADE event"),
        (b"HTTP/1.1 000 x\r\n\r\n", "not HTTP: InformationalResponse status_code"),
    ],
)
def test_what_is_no_response(said: bytes, complaint: str) -> None:
    _, end = play([said])
    assert isinstance(end, PeerError)
    assert not isinstance(end, PeerClosed)
    assert str(end).startswith(complaint)
    assert len(str(end)) < 150
    assert hear(transcript(said)) is None


@pytest.mark.parametrize(
    ("said", "body", "complaint"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\nokXX", b"ok", "not HTTP: malformed chunk footer"),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"", "not HTTP: illegal chunk header"),
        (b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 21 + b"\r\n", b"", "not HTTP: illegal chunk header"),
        (b"Transfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n", b"", "not HTTP: illegal header line"),
    ],
)
def test_what_is_no_response_from_some_point_on(said: bytes, body: bytes, complaint: str) -> None:
    for pieces in splits(OK + said):
        _, end = play(pieces)
        assert isinstance(end, PeerError)
        assert str(end) == complaint
    response = read(OK + said)
    assert (response.status, response.body, response.fault) == (200, body, complaint)


# A peer that leaves


def test_a_peer_that_leaves_at_once() -> None:
    _, end = play([])
    assert isinstance(end, PeerClosed)
    assert str(end) == "the connection was closed while a response was due"
    assert hear(()) is None


@pytest.mark.parametrize("framed", ["by length", "in chunks"])
def test_a_peer_that_leaves_on_the_way(framed: str) -> None:
    said = OK + FRAMED[framed]
    for at in range(1, len(said) - 1):
        _, end = play([said[:at]])
        assert isinstance(end, PeerClosed)
        assert str(end) == CUT_SHORT
        response = hear(transcript(said[:at]))
        assert (response.fault if response else CUT_SHORT) == CUT_SHORT
        assert bool(response) is (b"\r\n\r\n" in said[:at])


# Limits, each of them to the byte


def in_pieces(said: bytes, size: int = 1000) -> list[bytes]:
    return [said[at : at + size] for at in range(0, len(said), size)]


@pytest.mark.parametrize("size", [11, 1000, 16384, 200_000])
@pytest.mark.parametrize("beyond", [0, 1])
@pytest.mark.parametrize("filling", ["one line", "many lines", "interim"])
def test_how_much_head(filling: str, beyond: int, size: int) -> None:
    room = MAX_HEAD - len(OK + b"Content-Length: 2\r\n\r\n") + beyond
    line, interim = b"Name: value\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"
    before = interim * (MAX_INTERIM - 1) if filling == "interim" else b""
    lines = line * ((room - len(before)) // len(line) - 1) if filling == "many lines" else b""
    last = b"X: " + b"x" * (room - len(before) - len(lines) - 5) + b"\r\n"
    said = before + OK + lines + last + b"Content-Length: 2\r\n\r\n"
    assert len(said) == MAX_HEAD + beyond
    _, end = play(in_pieces(said + b"ok", size))
    assert str(end) == f"more than {MAX_HEAD} bytes of headers" if beyond else end == b""
    assert (hear(transcript(said + b"ok")) is None) is bool(beyond)


@pytest.mark.parametrize("size", [1, 1000, 200_000])
@pytest.mark.parametrize("beyond", [0, 1])
def test_how_many_interim_responses(beyond: int, size: int) -> None:
    said = b"HTTP/1.1 103 \r\n\r\n" * (MAX_INTERIM + beyond) + OK + b"Content-Length: 2\r\n\r\nok"
    _, end = play(in_pieces(said, size))
    assert str(end) == f"more than {MAX_INTERIM} interim responses" if beyond else end == b""
    assert (hear(transcript(said)) is None) is bool(beyond)


@pytest.mark.parametrize(
    "begin",
    [
        OK + b"Content-Length: 60000\r\n\r\n",
        OK + b"X: ",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1;",
    ],
    ids=["body", "head", "extension"],
)
def test_in_how_many_pieces(begin: bytes) -> None:
    talk = get(HOST)
    next(talk)
    talk.send(begin)
    for _ in range(MAX_PIECES - 1):
        talk.send(b"x")
    with pytest.raises(PeerError, match=f"more than {MAX_PIECES} pieces$"):
        talk.send(b"x")


@pytest.mark.parametrize("beyond", [0, 1])
def test_how_many_chunks(beyond: int) -> None:
    said = OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * (MAX_PIECES + beyond) + b"0\r\n\r\n"
    for size in (997, 200_000):
        _, end = play(in_pieces(said, size))
        assert str(end) == f"more than {MAX_PIECES} pieces of body" if beyond else end == b""
    assert read(said).fault == (f"more than {MAX_PIECES} pieces of body" if beyond else "")


@pytest.mark.parametrize("length", [MAX_BODY, MAX_BODY + 1, 10**19])
def test_what_announces_too_much_is_not_waited_for(length: int) -> None:
    talk, head = get(HOST), OK + b"Content-Length: %d\r\n\r\n" % length
    next(talk)
    if length == MAX_BODY:
        assert talk.send(head) == b""
    else:
        with pytest.raises(PeerError, match=f"more than {MAX_BODY} bytes of body"):
            talk.send(head)
        response = read(head)
        assert (response.status, response.fault) == (200, f"more than {MAX_BODY} bytes of body")


@pytest.mark.parametrize("size", [997, 16384, 200_000])
@pytest.mark.parametrize("beyond", [0, 1])
@pytest.mark.parametrize("framed", ["by length", "in chunks", "by closing"])
def test_how_much_body(framed: str, beyond: int, size: int) -> None:
    body = b"x" * (MAX_BODY + beyond)
    said = {
        "by length": OK + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        "in chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n",
        "by closing": OK + b"\r\n" + body,
    }[framed]
    _, end = play(in_pieces(said, size))
    complaint = f"more than {MAX_BODY} bytes of body" if beyond else ""
    assert str(end) == complaint if beyond else end == b""
    assert read(said).fault == complaint


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "said",
    [
        CHUNKED + b"1\r\nx\r\n" * 20_000,
        CHUNKED + b"1;" + b"e" * 200_000,
        CHUNKED + b"".join(b"1;%s\r\nx\r\n" % (b"e" * 1000) for _ in range(200)),
        CHUNKED + b"0" * 200_000,
        CHUNKED + b"0\r\n" + b"Trailer: x\r\n" * 20_000,
    ],
    ids=["tiny chunks", "an endless extension", "large extensions", "leading zeros", "endless trailers"],
)
def test_how_much_is_spent_on_chunks(said: bytes) -> None:
    heard = 0
    talk = get(HOST)
    next(talk)
    with pytest.raises(PeerError) as fault:  # noqa: PT012 - where it is raised is what is counted
        for piece in in_pieces(said, 997):
            heard += len(piece)
            talk.send(piece)
    assert str(fault.value) in (
        f"more than {MAX_RESPONSE} bytes of response",
        f"more than {MAX_PIECES} pieces of body",
        "not HTTP: illegal chunk header",
    )
    assert heard <= MAX_RESPONSE + 997
    assert read(said[:heard]).fault == str(fault.value)


# Whatever comes

TOKENS = [
    OK,
    b"HTTP/1.1 100 Continue\r\n",
    b"\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"hello",
    b"\x00",
    b"\n",
    b" folded\r\n",
]
WHATEVER = st.lists(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=20)), max_size=12)


@given(WHATEVER)
@settings(max_examples=500, deadline=None)
def test_a_talk_ends_or_raises_its_own_and_is_read_back_alike(heard: list[bytes]) -> None:
    _, end = play([piece for piece in heard if piece])
    said = b"".join(heard)
    response = hear(transcript(said))
    if response and not isinstance(end, PeerError):
        assert response.fault == ""
    elif response:
        assert response.fault == str(end)


@given(st.lists(st.tuples(st.sampled_from(list(Speaker)), st.text(max_size=30), st.booleans()), max_size=6))
@settings(max_examples=200, deadline=None)
def test_reading_back_is_total(turns: list[tuple[Speaker, str, bool]]) -> None:
    hear(tuple(Turn(who=who, data=data, tls=tls) for who, data, tls in turns))


def test_what_was_heard_outside_tls_is_no_response() -> None:
    said = (OK + b"Content-Length: 0\r\n\r\n").decode()
    assert hear((Turn(who=Speaker.SERVER, data=said, tls=True),))
    assert hear((Turn(who=Speaker.SERVER, data=said, tls=False),)) is None
    assert hear((Turn(who=Speaker.CLIENT, data=said, tls=True),)) is None
    assert hear((Turn(who=Speaker.SERVER, data=said + "\u20ac", tls=True),)) is None
