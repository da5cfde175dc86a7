"""The text of an MTA-STS policy, RFC 8461 §3.2 to the letter."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.judge.sts.policy import MOST_BYTES, Flaw, Terms, read_policy

RFC = b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n"
NONE = b"version: STSv1\nmode: none\nmax_age: 86400\n"


def good(body: bytes, mode: str, max_age: int, *mx: str, unknown: tuple[str, ...] = ()) -> Terms:
    terms = read_policy(body)
    assert isinstance(terms, Terms), terms
    assert (terms.mode, terms.max_age, terms.mx, terms.unknown) == (mode, max_age, mx, unknown)
    assert terms.binding is (mode != "none")
    return terms


def bad(body: bytes, cause: str, reason: str) -> None:
    flaw = read_policy(body)
    assert isinstance(flaw, Flaw), body
    assert flaw.cause == cause, flaw
    assert reason in flaw.reason, flaw


def enforce(*lines: bytes) -> bytes:
    """A policy of these lines and of what else it needs."""
    return b"\n".join((b"version: STSv1", b"mode: enforce", *lines, b"max_age: 1"))


def test_good_policies() -> None:
    good(RFC, "enforce", 604800, "mail.example.com", "*.example.net")  # the RFC's own, by CRLF
    good(RFC.replace(b"\r\n", b"\n"), "enforce", 604800, "mail.example.com", "*.example.net")  # sts-policy-term: LF
    good(RFC.replace(b"\r\n", b"\n", 2), "enforce", 604800, "mail.example.com", "*.example.net")  # or both
    good(RFC.removesuffix(b"\r\n"), "enforce", 604800, "mail.example.com", "*.example.net")  # the last may be missing
    good(b"max_age:0\nmx:a\nmode:testing\nversion:STSv1", "testing", 0, "a")  # in any order, without blanks
    good(b"version: \t STSv1 \t\nmode:enforce \nmx: a\t\nmax_age: 1 ", "enforce", 1, "a")  # *WSP before and after
    good(NONE, "none", 86400)  # no mx needed
    good(NONE + b"mx: a.b\n", "none", 86400, "a.b")  # nor forbidden
    good(enforce(b"mx: A.example", b"mx: a.example", b"mx: A.example"), "enforce", 1, "A.example", "a.example")
    good(enforce(b"mx: *.a"), "enforce", 1, "*.a")
    good(enforce(b"mx: 1.2-3.x--y"), "enforce", 1, "1.2-3.x--y")  # RFC 5321: sub-domain = Let-dig [Ldh-str]
    good(enforce(b"mx: a", b"max_age: 31557600").removesuffix(b"\nmax_age: 1"), "enforce", 31557600, "a")  # the most
    good(NONE.replace(b"86400", b"0000000001"), "none", 1)  # ten digits
    good(enforce(b"mx: a", b"policy: any thing: goes; here = there"), "enforce", 1, "a", unknown=("policy",))
    good(
        enforce(b"mx: a", "näme-it: x".encode()[1:].replace("ä".encode(), b"a")), "enforce", 1, "a", unknown=("ame-it",)
    )
    good(enforce(b"mx: a", "x: größer € 𝄞".encode()), "enforce", 1, "a", unknown=("x",))  # UTF8-2, -3 and -4
    good(enforce(b"mx: a", b"a" * 32 + b": x"), "enforce", 1, "a", unknown=("a" * 32,))
    good(enforce(b"mx: a", b"Mode: strict"), "enforce", 1, "a", unknown=("Mode",))  # names are case-sensitive


def test_of_repeated_fields_the_first_counts() -> None:
    terms = good(b"mode: testing\n" + RFC + b"version: STSv9", "testing", 604800, "mail.example.com", "*.example.net")
    assert terms.repeated == ("version", "mode")
    good(RFC + b"max_age: never", "enforce", 604800, "mail.example.com", "*.example.net")  # and the rest is ignored


def test_bad_lines() -> None:
    bad(b"", "syntax", "the policy is empty")
    bad(b"\n", "syntax", "line 1: empty")
    bad(RFC + b"\r\n", "syntax", "line 6: empty")  # one term may end it, not two
    bad(RFC + b" ", "syntax", "line 6: empty")
    bad(RFC.replace(b"mode", b"\r\nmode"), "syntax", "line 2: empty")
    bad(b"\xef\xbb\xbf" + RFC, "syntax", "line 1: begins with a byte order mark")
    bad(b" " + RFC, "syntax", "line 1: begins with a blank")
    bad(RFC.replace(b"mode:", b"mode :"), "syntax", "line 2: a blank stands between mode and the colon")
    bad(RFC.replace(b"mode:", b"mode="), "syntax", "line 2: mode= enforce is not name: value")
    bad(RFC.replace(b"mode: enforce", b"mode:"), "syntax", "line 2: mode has no value")
    bad(RFC.replace(b"mode: enforce", b"mode: \t "), "syntax", "line 2: mode has no value")
    bad(RFC.replace(b"\r\n", b"\r"), "syntax", "line 1: version has a control character in its value")
    bad(RFC.replace(b"\r\n", b"\r\r\n"), "syntax", "line 1: version has a control character in its value")
    bad(RFC.removesuffix(b"\n"), "syntax", "line 5: max_age has a control character in its value")  # a CR alone
    bad(enforce(b"mx: a", b"x: a\tb"), "syntax", "line 4: x has a control character")  # no tab within
    bad(enforce(b"mx: a", b"x: \x7f"), "syntax", "line 4: x has a control character")
    bad(enforce(b"mx: a", b"x: \xff"), "syntax", "line 4: x has a value that is not UTF-8")
    bad(enforce(b"mx: a", b"x: \xed\xa0\x80"), "syntax", "line 4: x has a value that is not UTF-8")  # a surrogate
    bad(enforce(b"mx: a", b"x: \xc0\xaf"), "syntax", "line 4: x has a value that is not UTF-8")  # longer than need be
    bad(enforce(b"mx: a", b"_x: 1"), "syntax", "line 4: _x: 1 is not name: value")
    bad(enforce(b"mx: a", b"a" * 33 + b": 1"), "syntax", "line 4: " + "a" * 33)
    bad(enforce(b"mx: a", b"# a comment"), "syntax", "line 4: # a comment is not name: value")
    bad(b"<!DOCTYPE html>\n<html>\n</html>\n", "syntax", "line 1: <!DOCTYPE html> is not name: value")
    bad(RFC.decode().encode("utf-16"), "syntax", "line 1: ")


def test_bad_values() -> None:
    bad(RFC.replace(b"STSv1", b"STSv2"), "version", "line 1: version is STSv2, not STSv1")
    bad(RFC.replace(b"STSv1", b"stsv1"), "version", "line 1: version is stsv1, not STSv1")  # case-sensitive
    bad(RFC.replace(b"version: STSv1\r\n", b""), "version", "version is missing")
    bad(RFC.replace(b"enforce", b"Enforce"), "mode", "line 2: mode is Enforce, not enforce, testing or none")
    bad(RFC.replace(b"enforce", b"report"), "mode", "line 2: mode is report")  # of the drafts
    bad(RFC.replace(b"mode: enforce\r\n", b""), "mode", "mode is missing")
    bad(RFC.replace(b"mode", b"Mode"), "mode", "mode is missing; line 2 has Mode, and names are in lower case")
    bad(b"mode: x\n" + RFC, "mode", "line 1: mode is x")  # the first counts, be it wrong
    bad(RFC.replace(b"604800", b"31557601"), "max-age", "line 5: max_age is 31557601, more than 31557600")
    bad(RFC.replace(b"604800", b"00000000001"), "max-age", "not a number of up to ten digits")
    bad(RFC.replace(b"604800", b"-1"), "max-age", "not a number of up to ten digits")
    bad(RFC.replace(b"604800", b"1e3"), "max-age", "not a number of up to ten digits")
    bad(RFC.replace(b"604800", "١".encode()), "max-age", "not a number of up to ten digits")  # DIGIT is ASCII
    bad(RFC.replace(b"max_age: 604800\r\n", b""), "max-age", "max_age is missing")
    bad(RFC.replace(b"max_age", b"max-age"), "max-age", "max_age is missing")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"mail.example.com.", "no dot may stand at the end"),
        (b"mail.example.com, mx2.example.com", "each pattern needs a line of its own"),
        (b"mail.example.com mx2.example.com", "each pattern needs a line of its own"),
        (b"*", "a wildcard is the whole first label"),
        (b"*.*.example.com", "a wildcard is the whole first label"),
        (b"**.example.com", "a wildcard is the whole first label"),
        (b"mx*.example.com", "a wildcard is the whole first label"),
        (b"mail.*.com", "a wildcard is the whole first label"),
        (b".example.com", "not a host name"),  # the wildcard of the drafts
        (b"*.", "no dot may stand at the end"),
        (b"a..b", "not a host name"),
        (b"-a.b", "not a host name"),
        (b"a-.b", "not a host name"),
        (b"my_mx.example.com", "not a host name"),  # RFC 5321 §4.1.2 has no underscore
        (b"[192.0.2.1]", "not a host name"),
        ("mx.münchen.example".encode(), "a name in other letters is written as its A-label"),
    ],
)
def test_bad_patterns(value: bytes, reason: str) -> None:
    bad(enforce(b"mx: a", b"mx: " + value), "mx", f"line 4: mx is {value.decode()}: {reason}")
    bad(NONE + b"mx: " + value, "mx", reason)


def test_hosts_are_needed_unless_the_mode_is_none() -> None:
    bad(NONE.replace(b"none", b"enforce"), "mx", "mx is missing")
    bad(NONE.replace(b"none", b"testing"), "mx", "mx is missing")
    bad(NONE.replace(b"none", b"testing") + b"MX: a\n", "mx", "mx is missing; line 4 has MX")


def test_the_first_faults_are_told_and_the_others_counted() -> None:
    flaw = read_policy(b"version: 1\nmode: 2\nmax_age: x\nmx: _\n")
    assert isinstance(flaw, Flaw)
    assert flaw.reason.startswith("line 1: version is 1, not STSv1; line 2: mode is 2")
    assert flaw.reason.endswith("; and 1 more")


HOSTILE = (
    b"\n" * MOST_BYTES,
    b"\r" * MOST_BYTES,
    b":" * MOST_BYTES,
    b"a:" * (MOST_BYTES // 2),
    b" " * MOST_BYTES,
    b"a:b\n" * (MOST_BYTES // 4),
    b"".join(b"%d:b\n" % number for number in range(9000)),
    enforce(b"mx: " + b"a." * 32000 + b"!"),
    enforce(b"mx: " + b"a-" * 32000),
    enforce(b"mx: " + b"-" * 64000),
    enforce(b"mx: a", b"mx: " + b"a" * 64000),
    enforce(*(b"mx: %d.example" % number for number in range(3500))),
    enforce(b"mx: " + b"*." * 32000),
    b"max_age: " + b"9" * 65000,
    b"mode: " + b" " * 65000 + b"x",
    b"\xf0\x9d\x84\x9e" * (MOST_BYTES // 4),
)


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_64_kib_take_no_time(body: bytes) -> None:
    begun = time.process_time()
    found = read_policy(body)
    assert time.process_time() - begun < 5
    assert isinstance(found, Terms) or len(found.reason) <= 300


CHANGE = st.tuples(
    st.integers(0, 90),
    st.integers(0, 6),
    st.sampled_from(
        [
            b"",
            b"\n",
            b"\r",
            b"\r\n",
            b":",
            b" ",
            b"\t",
            b"\xff",
            b"\x00",
            b"*.",
            b".",
            b"mx: a\n",
            b"max_age: 9",
            b"none",
            b"_",
        ]
    ),
)


@settings(deadline=None, max_examples=2000)
@given(st.sampled_from((RFC, NONE)), st.lists(CHANGE, min_size=1, max_size=4), st.binary(max_size=4))
def test_mutated_policies_raise_nothing(body: bytes, changes: list[tuple[int, int, bytes]], tail: bytes) -> None:
    for place, length, put in changes:
        body = body[:place] + put + body[place + length :]
    found = read_policy(body + tail)
    if isinstance(found, Terms):
        assert found.mode in ("enforce", "testing", "none")
        assert 0 <= found.max_age <= 31557600
        assert found.mx or not found.binding
    else:
        assert found.cause in ("syntax", "version", "mode", "max-age", "mx")
        assert 0 < len(found.reason) <= 300
