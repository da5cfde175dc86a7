"""TXT records: from presentation form to bytes, which of several counts, and the fields of it."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.judge.txt import LONGEST, choose, clipped, fields, joined, listed, shown

VERSION = b"v=STSv1"
GOOD = "v=STSv1; id=20261120T120000"


@pytest.mark.parametrize(
    ("presented", "meant"),
    [
        ('"v=STSv1; id=1;"', b"v=STSv1; id=1;"),  # one string
        ('"v=STSv1; " "id=1;"', b"v=STSv1; id=1;"),  # RFC 8461 §3.1: joined without blanks
        ('"v=STS" "v1;id" "=1"', b"v=STSv1;id=1"),  # wherever they were cut
        ("v=STSv1;id=1", b"v=STSv1;id=1"),  # RFC 1035 §5.1: quotes may be left out
        ("a b", b"ab"),  # then a blank parts two strings
        (r'"say \"hi\" \\ "', b'say "hi" \\ '),  # RFC 1035 §5.1: a backslash takes the meaning away
        (r'"a\009b\255\000"', b"a\tb\xff\x00"),  # three digits: a byte
        (r'"\256\12"', b"25612"),  # no byte has that number: the digit alone
        ('"é"', "é".encode()),  # what no presentation form has, as it is
        ('"open', b"open"),  # a quote that never ends
        ('"end\\', b"end\\"),  # a backslash without anything behind it
        ('""', b""),
        ("", b""),
        ("\udc80", b"?"),  # text that is none
    ],
)
def test_a_record_is_its_strings_joined(presented: str, meant: bytes) -> None:
    assert joined(presented) == meant


@pytest.mark.parametrize(
    ("records", "text", "cause", "others"),
    [
        ((GOOD,), GOOD, "", 0),  # the only one
        ((GOOD, "v=spf1 -all"), GOOD, "", 1),  # others are discarded
        (("v=STSv1 ; id=1",), "v=STSv1 ; id=1", "", 0),  # alone, the grammar decides: a blank may stand there
        (("v=STSv1 ; id=1", "x"), None, "version", 0),  # in company it has to begin with "v=STSv1;"
        (("v=STSv1 ; id=1", GOOD), GOOD, "", 1),  # so of these two only one remains
        ((GOOD, "v=STSv1;id=2"), None, "several", 0),  # not exactly one remains
        ((GOOD, "v=STSv1;"), None, "several", 0),  # be it as wrong as it likes
        (("v=STSv1",), "v=STSv1", "", 0),  # meant, and without fields
        (("v=STSv10; id=1",), None, "version", 0),  # another version
        (("v=STSv2; id=1",), None, "version", 0),
        (("V=STSv1; id=1",), None, "version", 0),  # case counts
        (("v=stsv1; id=1",), None, "version", 0),
        ((" v=STSv1; id=1",), None, "version", 0),  # it begins with a blank
        ((r"\"v=STSv1; id=1\"",), None, "version", 0),  # quotes within quotes
        (("v=spf1 -all",), None, "", 1),  # a wildcard's record: nothing of the kind
        (("v=TLSRPTv1; rua=mailto:a@b",), None, "", 1),  # another standard's
        (("v=STSomething",), None, "", 1),
        ((), None, "", 0),
    ],
)
def test_which_record_counts(records: tuple[str, ...], text: str | None, cause: str, others: int) -> None:
    chosen = choose([f'"{record}"' for record in records], VERSION)
    assert (chosen.text, chosen.cause, chosen.others) == (text and text.encode(), cause, others)
    assert bool(chosen.reason) is bool(cause)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (b"v=STSv1;a=1", [(b"a", b"1")]),  # no blank needed
        (b"v=STSv1 \t;\t a=1", [(b"a", b"1")]),  # WSP on both sides of the semicolon
        (b"v=STSv1;a=1;", [(b"a", b"1")]),  # a semicolon may end it
        (b"v=STSv1;a=1 ; \t", [(b"a", b"1")]),  # with its blanks
        (b"v=STSv1;a=1;b=2;a=3", [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]),  # in any order, as often as one likes
        (b"v=STSv1;" + b"a" * 32 + b"=!", [(b"a" * 32, b"!")]),  # the longest name
        (b"v=STSv1;9_-.=~", [(b"9_-.", b"~")]),  # every sort of character
        (b"v=STSv1;", []),
    ],
)
def test_fields(text: bytes, pairs: list[tuple[bytes, bytes]]) -> None:
    found = fields(text, VERSION)
    assert (list(found.pairs), found.flaws) == (pairs, ())


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        (b"v=STSv2;a=1", "does not begin with v=STSv1;"),
        (b" v=STSv1;a=1", "does not begin with v=STSv1;"),  # no WSP in front
        (b"v=STSv1;a=1 ", "a blank ends the record"),  # WSP belongs to a semicolon
        (b"v=STSv1;;a=1", "nothing stands between two semicolons"),
        (b"v=STSv1;a=1;;", "nothing stands between two semicolons"),
        (b"v=STSv1;a", "a is not name=value"),
        (b"v=STSv1;a=", "a= has no value"),
        (b"v=STSv1;=1", "nothing before = is not a name"),
        (b"v=STSv1;a =1", "a  before = is not a name"),  # a blank there
        (b"v=STSv1;_a=1", "_a before = is not a name"),  # a letter or digit comes first
        (b"v=STSv1;" + b"a" * 33 + b"=1", "a" * 33 + " before = is not a name"),
        (b"v=STSv1;a= 1", "a= 1 has a blank, an = or another character in its value that must not be there"),
        (b"v=STSv1;a=1=2", "a=1=2 has a blank, an = or another character in its value that must not be there"),
        (b"v=STSv1;a=\xff", "a=\\xff has a blank, an = or another character in its value that must not be there"),
    ],
)
def test_what_does_not_fit_is_named(text: bytes, flaw: str) -> None:
    assert flaw in fields(text, VERSION).flaws


def test_every_flaw_is_found_and_good_fields_stay() -> None:
    found = fields(b"v=STSv1;a=1;b;;c=", VERSION)
    assert found.pairs == ((b"a", b"1"),)
    assert len(found.flaws) == 3


def test_a_free_field_has_any_value_but_none() -> None:
    assert fields(b"v=STSv1;a=1 = 2", VERSION, free=(b"a",)).pairs == ((b"a", b"1 = 2"),)
    assert fields(b"v=STSv1;a=", VERSION, free=(b"a",)).flaws == ("a= has no value",)


def test_what_is_shown_is_bounded() -> None:
    assert shown(b"\xff" * 65536) == "\\xff" * 20 + "…"
    assert shown("é".encode()) == "é"
    assert listed(["a", "b"]) == "a; b"
    assert listed("abcde") == "a; b; c; and 2 more"
    assert len(clipped("x" * 65536)) == LONGEST
    assert len(listed(["x" * 65536] * 9)) == LONGEST


HOSTILE = (
    '"' * 65536,
    "\\" * 65536,
    '"' + "\\" * 65536 + '"',
    '"v=STSv1;' + " " * 65536 + '"',
    '"v=STSv1' + " " * 65536 + 'x"',
    '"v=STSv1;' + ";" * 65536 + '"',
    '"v=STSv1;' + "a=1;" * 16384 + '"',
    '"v=STSv1;id=' + "a" * 65536 + '"',
    '"' + "v=STSv1;" * 8192 + '"',
    '"' + " \t" * 32768 + 'v = STSv1"',
    '"a" ' * 16384,
    '"\\000\\255' * 8192,
)


@pytest.mark.parametrize("record", HOSTILE, ids=range(len(HOSTILE)))
def test_64_kib_take_no_time(record: str) -> None:
    begun = time.process_time()
    chosen = choose((record, record[:-1] + "x"), VERSION)
    fields(chosen.text or joined(record), VERSION)
    assert time.process_time() - begun < 5
    assert len(chosen.reason) <= LONGEST


PIECES = st.sampled_from(
    [
        "v=STSv1",
        "v=",
        ";",
        " ",
        "\t",
        "=",
        "id",
        "1",
        "a" * 33,
        "\\",
        '"',
        "\\059",
        "\\;",
        "é",
        "\x00",
        "\udc80",
        "V=",
        "rua",
    ]
)


@settings(deadline=None, max_examples=2000)
@given(st.lists(st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join), max_size=3))
def test_whatever_a_record_holds_it_is_read(records: list[str]) -> None:
    chosen = choose(records, VERSION)
    for text in filter(None, (chosen.text, *map(joined, records))):
        found = fields(text, VERSION)
        assert all(name and value and b";" not in value for name, value in found.pairs)
    assert not (chosen.text and chosen.cause)
