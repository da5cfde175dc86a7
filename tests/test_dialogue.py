"""What is said around TLS, without sockets: every way in which the bytes may arrive comes to the same."""

import random
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.dialogue import DIALOGUES, Talk, http
from probe.dialogue.smtp import (
    MAX_DIALOGUE,
    MAX_LINE,
    MAX_LINES,
    Heard,
    Inbox,
    Reply,
    greet,
    greet_again,
    hear,
    starttls,
)
from probe.errors import PeerClosed, PeerError, PeerRefusal
from probe.model import Speaker, Turn

End = bytes | tuple[type[PeerError], str]  # what the talk returned or raised

NAME = "probe.example"
BANNER = b"220 mx.example.org ESMTP\r\n"
EHLO = b"250-mx.example.org\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
GO = b"220 2.0.0 go\r\n"

SAYS_NOTHING: tuple[str, ...] = ()
SAYS_EHLO = ("EHLO",)
SAYS_HELO = ("EHLO", "HELO")
SAYS_STARTTLS = ("EHLO", "STARTTLS")


def play(talk: Talk, turns: Sequence[Sequence[bytes]]) -> tuple[tuple[str, ...], End]:
    """The verbs said, and how the talk ended. Each turn is what the server says, in pieces, before it waits for us; a
    talk that wants more than the server says finds it closed. Pieces not asked for come on top of what was beyond."""
    said: list[str] = []
    waiting = deque([piece for piece in turn if piece] for turn in turns)
    pieces = deque(waiting.popleft())
    try:
        say = next(talk)
        while True:
            if say:
                assert say.endswith(b"\r\n")
                said.append(say.split()[0].decode())
                pieces += waiting.popleft() if waiting else ()
            say = talk.send(pieces.popleft() if pieces else b"")
    except StopIteration as end:
        beyond: bytes = end.value
        return tuple(said), beyond + b"".join(pieces)
    except PeerError as error:
        return tuple(said), (type(error), str(error))


# What the server says, turn by turn; what we say to it; how it ends.
TRANSCRIPTS: dict[str, tuple[Callable[[str], Talk], list[bytes], tuple[str, ...], End]] = {
    "plain": (starttls, [BANNER, EHLO, GO], SAYS_STARTTLS, b""),
    "multi-line banner": (starttls, [b"220-wait\r\n220-for\r\n220 it\r\n", EHLO, GO], SAYS_STARTTLS, b""),
    "not ESMTP": (starttls, [b"220 hello\r\n", EHLO, GO], SAYS_STARTTLS, b""),
    "nothing but codes": (starttls, [b"220\r\n", b"250-\r\n250 STARTTLS\r\n", b"220\r\n"], SAYS_STARTTLS, b""),
    "lower case": (starttls, [BANNER, b"250-mx\r\n250-starttls\r\n250 size\r\n", GO], SAYS_STARTTLS, b""),
    "with a parameter": (starttls, [BANNER, b"250-mx\r\n250 StartTLS required\r\n", GO], SAYS_STARTTLS, b""),
    "bare LF": (starttls, [b"220 mx\n", b"250-mx\n250 STARTTLS\n", b"220 go\n"], SAYS_STARTTLS, b""),
    "NULs": (starttls, [b"220 m\0x\r\n", b"250-\0\r\n250-\xff\x1b\r\n250 STARTTLS\r\n", GO], SAYS_STARTTLS, b""),
    "codes that change": (starttls, [b"554-no\r\n220 yes\r\n", b"220-mx\r\n250 STARTTLS\r\n", GO], SAYS_STARTTLS, b""),
    "early": (starttls, [BANNER, EHLO, GO + b"250 injected\r\n"], SAYS_STARTTLS, b"250 injected\r\n"),
    "early and cut": (starttls, [BANNER, EHLO, GO + b"\x16\x03\n"], SAYS_STARTTLS, b"\x16\x03\n"),
    "early after bare LF": (starttls, [BANNER, EHLO, b"220 go\n\r\n"], SAYS_STARTTLS, b"\r\n"),
    "a banner of 554": (starttls, [b"554 5.7.1 no\r\n"], SAYS_NOTHING, (PeerRefusal, "554 5.7.1 no")),
    "a banner of 421": (starttls, [b"421-too\r\n421 busy\r\n"], SAYS_NOTHING, (PeerRefusal, "421 too busy")),
    "EHLO 421": (starttls, [BANNER, b"421 later\r\n"], SAYS_EHLO, (PeerRefusal, "421 later")),
    "EHLO 354": (starttls, [BANNER, b"354 go on\r\n"], SAYS_EHLO, (PeerRefusal, "354 go on")),
    "no STARTTLS": (starttls, [BANNER, b"250-mx\r\n250 SIZE\r\n"], SAYS_EHLO, (PeerRefusal, "STARTTLS is not offered")),
    "STARTTLS in the greeting line": (
        starttls,
        [BANNER, b"250-STARTTLS\r\n250 XSTARTTLS\r\n"],
        SAYS_EHLO,
        (PeerRefusal, "STARTTLS is not offered"),
    ),
    "STARTTLS 454": (starttls, [BANNER, EHLO, b"454 4.7.0 no\r\n"], SAYS_STARTTLS, (PeerRefusal, "454 4.7.0 no")),
    "STARTTLS 501": (starttls, [BANNER, EHLO, b"501 what\r\n"], SAYS_STARTTLS, (PeerRefusal, "501 what")),
    "STARTTLS 250": (starttls, [BANNER, EHLO, b"250 well\r\n"], SAYS_STARTTLS, (PeerRefusal, "250 well")),
    **{
        f"HELO after {code}": (
            starttls,
            [BANNER, b"%d no\r\n" % code, b"250 mx\r\n"],
            SAYS_HELO,
            (PeerRefusal, "STARTTLS is not offered"),
        )
        for code in (500, 502, 504)
    },
    "HELO refused": (starttls, [BANNER, b"500 no\r\n", b"550 no\r\n"], SAYS_HELO, (PeerRefusal, "550 no")),
    "not SMTP": (
        starttls,
        [b"SSH-2.0-OpenSSH_9.2\r\n"],
        SAYS_NOTHING,
        (PeerError, "not an SMTP reply: SSH-2.0-OpenSSH_9.2"),
    ),
    "no separator": (starttls, [b"220mx\r\n"], SAYS_NOTHING, (PeerError, "not an SMTP reply: 220mx")),
    "digits of another kind": (starttls, [b"2\xb20 mx\r\n"], SAYS_NOTHING, (PeerError, "not an SMTP reply: 2²0 mx")),
    "an empty line": (starttls, [b"\r\n"], SAYS_NOTHING, (PeerError, "not an SMTP reply: ")),
    "a line as long as may be": (
        starttls,
        [b"220 " + b"a" * (MAX_LINE - 5) + b"\r\n", EHLO, GO],
        SAYS_STARTTLS,
        b"",
    ),
    "a longer line": (
        starttls,
        [b"220 " + b"a" * (MAX_LINE - 3) + b"\n"],
        SAYS_NOTHING,
        (PeerError, "a line of more than 4096 bytes"),
    ),
    "a line without end": (
        starttls,
        [b"a" * (MAX_LINE + 1)],
        SAYS_NOTHING,
        (PeerError, "a line of more than 4096 bytes"),
    ),
    "as many lines as may be": (
        starttls,
        [BANNER, b"250-A\r\n" * (MAX_LINES - 1) + b"250 STARTTLS\r\n", GO],
        SAYS_STARTTLS,
        b"",
    ),
    "more lines": (
        starttls,
        [BANNER, b"250-A\r\n" * (MAX_LINES + 1)],
        SAYS_EHLO,
        (PeerError, "a reply of more than 128 lines"),
    ),
    "inside TLS": (greet_again, [b"", EHLO + b"x"], SAYS_EHLO, b"x"),
    "refused inside TLS": (greet_again, [b"", b"550-no\r\n550 more\r\n"], SAYS_EHLO, (PeerRefusal, "550 no more")),
    "TLS first": (greet, [BANNER, EHLO], SAYS_EHLO, b""),
    "TLS first, HELO": (greet, [BANNER, b"502 no\r\n", b"250 mx\r\n"], SAYS_HELO, b""),
    "TLS first, refused": (greet, [b"554 no\r\n"], SAYS_NOTHING, (PeerRefusal, "554 no")),
}
OVER_ALL = b"250-%s\r\n" % (b"a" * 4000) * 17  # no line too long, not too many of them, and yet more than 64 KiB

every_transcript = pytest.mark.parametrize(
    ("talk", "turns", "said", "end"), TRANSCRIPTS.values(), ids=TRANSCRIPTS.keys()
)


@every_transcript
def test_what_is_said_and_how_it_ends(
    talk: Callable[[str], Talk], turns: list[bytes], said: tuple[str, ...], end: End
) -> None:
    assert play(talk(NAME), [[turn] for turn in turns]) == (said, end)


@every_transcript
def test_wherever_a_turn_is_cut_in_two(
    talk: Callable[[str], Talk], turns: list[bytes], said: tuple[str, ...], end: End
) -> None:
    for number, turn in enumerate(turns):
        for cut in range(1, len(turn)):
            pieces = [[other] for other in turns]
            pieces[number] = [turn[:cut], turn[cut:]]
            assert play(talk(NAME), pieces) == (said, end), (number, cut)


@every_transcript
def test_byte_by_byte(talk: Callable[[str], Talk], turns: list[bytes], said: tuple[str, ...], end: End) -> None:
    assert play(talk(NAME), [[bytes([byte]) for byte in turn] for turn in turns]) == (said, end)


@given(which=st.sampled_from(list(TRANSCRIPTS)), chance=st.randoms(use_true_random=False))
@settings(deadline=None)
def test_however_it_is_cut(which: str, chance: random.Random) -> None:
    talk, turns, said, end = TRANSCRIPTS[which]
    assert play(talk(NAME), [pieces_of(turn, chance) for turn in turns]) == (said, end)


def pieces_of(turn: bytes, chance: random.Random) -> list[bytes]:
    cuts = sorted(chance.sample(range(1, len(turn)), min(len(turn) - 1, chance.randrange(12)))) if turn else []
    return [turn[start:stop] for start, stop in pairwise([0, *cuts, len(turn)])]


@pytest.mark.parametrize("size", [1, 7, 4096, 16384, len(OVER_ALL)])
def test_more_than_the_whole_dialogue_may_hold(size: int) -> None:
    assert len(OVER_ALL) > MAX_DIALOGUE
    pieces = [OVER_ALL[start : start + size] for start in range(0, len(OVER_ALL), size)]
    assert play(starttls(NAME), [[BANNER], pieces]) == (SAYS_EHLO, (PeerError, "more than 65536 bytes of replies"))


@every_transcript
def test_the_peer_may_leave_at_any_point(
    talk: Callable[[str], Talk], turns: list[bytes], said: tuple[str, ...], end: End
) -> None:
    """Before the talk's end it is a `PeerClosed`, after it nothing is missed."""
    whole = b"".join(turns)
    for cut in range(0, len(whole), max(1, len(whole) // 400)):
        left, heard = cut, []
        for turn in turns:
            heard.append([turn[:left]] if turn[:left] else [])
            left = max(0, left - len(turn))
        said_then, end_then = play(talk(NAME), heard)
        assert said_then == said[: len(said_then)]
        if isinstance(end_then, bytes):
            assert isinstance(end, bytes)
            assert end.startswith(end_then)
        elif end_then[0] is PeerClosed:
            assert end_then[1] == "the connection was closed while a reply was due"
        else:
            assert end_then == end


@pytest.mark.parametrize(
    "turns",
    [
        [BANNER + b"250 x\r\n"],  # before EHLO
        [BANNER + b"\n"],
        [BANNER, EHLO + GO],  # before STARTTLS
        [BANNER, EHLO + b"2"],
        [BANNER, b"502 no\r\n250 mx\r\n"],  # before HELO
    ],
)
def test_a_peer_that_speaks_out_of_turn_is_not_believed(turns: list[bytes]) -> None:
    said, end = play(starttls(NAME), [[turn] for turn in turns])
    assert said == (SAYS_NOTHING, SAYS_EHLO)[len(turns) - 1]
    assert isinstance(end, tuple)
    assert end[0] is PeerError
    assert end[1].startswith("the peer spoke out of turn: ")


def test_what_peers_say_is_quoted_shortly() -> None:
    for turn in (b"x" * 4000 + b"\r\n", BANNER + b"y" * 4000):
        _, end = play(starttls(NAME), [[turn]])
        assert isinstance(end, tuple)
        assert len(end[1]) < 120


def test_we_greet_by_the_name_we_are_given() -> None:
    for talk in (starttls(NAME), greet(NAME)):
        next(talk)
        assert talk.send(BANNER) == b"EHLO probe.example\r\n"
        assert talk.send(b"502 no\r\n") == b"HELO probe.example\r\n"
    assert next(greet_again("[192.0.2.1]")) == b"EHLO [192.0.2.1]\r\n"


def test_the_table_of_dialogues() -> None:
    assert {name: (row.before, row.after, row.farewell) for name, row in DIALOGUES.items()} == {
        "smtp": (starttls, greet_again, b"QUIT\r\n"),
        "submission": (starttls, greet_again, b"QUIT\r\n"),
        "smtps": (None, greet, b"QUIT\r\n"),
        "direct": (None, None, b""),
        "policy": (None, http.get, b""),
    }


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.sampled_from([starttls, greet, greet_again]))
@settings(max_examples=300, deadline=None)
def test_a_talk_ends_or_raises_its_own(heard: list[bytes], talk: Callable[[str], Talk]) -> None:
    said, _ = play(talk(NAME), [[piece] for piece in heard] or [[]])
    assert set(said) <= {"EHLO", "HELO", "STARTTLS"}


# Reading takes work in proportion to what is read, not to how it arrives


class Counting(bytearray):
    """Counts the bytes that are looked at or copied."""

    looked_at = 0

    def find(self, sub: Any, start: Any = 0, *rest: Any) -> int:
        self.looked_at += len(self) - start
        return super().find(sub, start, *rest)

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        self.looked_at += len(part)
        return part


@pytest.mark.parametrize("size", [1, 2, 100, 16384])
@pytest.mark.parametrize("length", [10, 400, 4000])
def test_reading_is_linear(size: int, length: int) -> None:
    inbox = Inbox()
    inbox._buffer = counting = Counting()
    text = (b"250 %s\r\n" % (b"a" * length)) * (60000 // length // 2)
    replies = 0
    for start in range(0, len(text), size):
        inbox.feed(text[start : start + size])
        while inbox.next_reply():
            replies += 1
    assert replies == 60000 // length // 2
    lines_in_a_piece = 1 + size // length
    assert counting.looked_at <= len(text) * (2 + lines_in_a_piece)


# Reading a transcript back


def written(*turns: tuple[str, str] | tuple[str, str, bool]) -> tuple[Turn, ...]:
    return tuple(Turn(who=Speaker(who), data=data, tls=bool(tls)) for who, data, *tls in turns)


def test_a_whole_transcript_is_heard() -> None:
    heard = hear(
        written(
            ("S", "220-mx\r\n220 ESMTP\r\n"),
            ("C", "EHLO probe.example\r\n"),
            ("S", "250-mx\r\n250-size 1000\r\n250 STARTTLS\r\n"),
            ("C", "STARTTLS\r\n"),
            ("S", "220 go\r\n250 injected\r\n"),
            ("C", "EHLO probe.example\r\n", True),
            ("S", "250-mx\r\n250 AUTH PLAIN\r\n", True),
            ("C", "QUIT\r\n", True),
        )
    )
    assert heard == Heard(
        banner=Reply(code=220, lines=("mx", "ESMTP")),
        ehlo=Reply(code=250, lines=("mx", "size 1000", "STARTTLS")),
        starttls=Reply(code=220, lines=("go",)),
        after=Reply(code=250, lines=("mx", "AUTH PLAIN")),
    )
    assert heard.keywords == ("size 1000", "STARTTLS")


@pytest.mark.parametrize(
    ("turns", "heard", "keywords"),
    [
        ((), Heard(), ()),
        ([("S", "220 mx")], Heard(), ()),  # the line never ended
        ([("S", "220-mx\r\n")], Heard(), ()),  # the reply never ended
        ([("S", "SSH\r\n")], Heard(), ()),
        ([("S", "220 mx\r\n"), ("S", "221 bye\r\n", True)], Heard(banner=Reply(code=220, lines=("mx",))), ()),
        (
            [("S", "554 no\r\n"), ("C", "QUIT\r\n"), ("S", "221 x\r\n")],
            Heard(banner=Reply(code=554, lines=("no",))),
            (),
        ),
        (
            [("S", "220 mx\r\n"), ("C", "EHLO a\r\n"), ("S", "502 no\r\n"), ("C", "HELO a\r\n"), ("S", "250 mx\r\n")],
            Heard(banner=Reply(code=220, lines=("mx",)), ehlo=Reply(code=250, lines=("mx",)), helo=True),
            (),
        ),
        (
            [("S", "220 mx\r\n"), ("C", "EHLO a\r\n"), ("S", "421-no\r\n421 SIZE\r\n")],
            Heard(banner=Reply(code=220, lines=("mx",)), ehlo=Reply(code=421, lines=("no", "SIZE"))),
            (),
        ),
        (  # TLS at once: banner and EHLO are inside
            [("S", "220 mx\r\n", True), ("C", "EHLO a\r\n", True), ("S", "250-mx\r\n250 SIZE\r\n", True)],
            Heard(banner=Reply(code=220, lines=("mx",)), ehlo=Reply(code=250, lines=("mx", "SIZE"))),
            ("SIZE",),
        ),
    ],
)
def test_what_never_came_is_none(
    turns: Sequence[tuple[str, str] | tuple[str, str, bool]], heard: Heard, keywords: tuple[str, ...]
) -> None:
    assert hear(written(*turns)) == heard
    assert heard.keywords == keywords


lines = st.lists(
    st.text(st.characters(max_codepoint=255, exclude_characters="\n"), max_size=30).filter(
        lambda line: not line.endswith("\r")
    ),
    min_size=1,
    max_size=5,
).map(tuple)


def on_the_wire(reply: Reply) -> str:
    *head, last = reply.lines
    return "".join([*(f"{reply.code}-{line}\r\n" for line in head), f"{reply.code} {last}\r\n"])


@given(
    banner=st.builds(Reply, code=st.just(220), lines=lines),
    ehlo=st.builds(Reply, code=st.just(250), lines=lines),
    go=st.builds(Reply, code=st.integers(200, 599), lines=lines),
    after=st.builds(Reply, code=st.integers(200, 599), lines=lines),
    beyond=st.text(st.characters(max_codepoint=255), max_size=9),
)
@settings(deadline=None)
def test_hearing_undoes_saying(banner: Reply, ehlo: Reply, go: Reply, after: Reply, beyond: str) -> None:
    transcript = written(
        ("S", on_the_wire(banner)),
        ("C", "EHLO a\r\n"),
        ("S", on_the_wire(ehlo)),
        ("C", "STARTTLS\r\n"),
        ("S", on_the_wire(go) + beyond),
        ("C", "EHLO a\r\n", True),
        ("S", on_the_wire(after), True),
    )
    assert hear(transcript) == Heard(banner=banner, ehlo=ehlo, starttls=go, after=after)


any_turn = st.builds(
    Turn,
    who=st.sampled_from(Speaker),
    data=st.one_of(st.text(max_size=30), st.sampled_from(["EHLO a\r\n", "STARTTLS\r\n", "220 x\r\n", "", "250-"])),
    tls=st.booleans(),
)


@given(st.lists(any_turn, max_size=8).map(tuple))
@settings(deadline=None)
def test_hearing_is_total(transcript: tuple[Turn, ...]) -> None:
    assert isinstance(hear(transcript).keywords, tuple)


def test_hearing_has_the_limits_of_the_dialogue() -> None:
    assert hear(written(("S", OVER_ALL.decode()))) == Heard()
