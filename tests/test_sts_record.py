"""The TXT record of MTA-STS, RFC 8461 §3.1 to the letter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.build import answer
from probe.judge.sts.record import Pointer, read_record
from probe.model import Outcome, Record

NAME = "_mta-sts.contoso.com"


def read(*texts: str) -> Pointer:
    return read_record(answer(NAME, "TXT", *(f'"{text}"' for text in texts)))


def good(text: str, found: str) -> None:
    pointer = read(text)
    assert (pointer.record, pointer.id, pointer.cause, pointer.reason) == (Record.VALID, found, "", ""), text


def bad(text: str, cause: str, reason: str) -> None:
    pointer = read(text)
    assert (pointer.record, pointer.id, pointer.cause) == (Record.INVALID, "", cause), text
    assert reason in pointer.reason, text


def test_good_records() -> None:
    good("v=STSv1; id=20160831085700Z;", "20160831085700Z")  # the RFC's own
    good("v=STSv1;id=1", "1")  # neither blank nor semicolon at the end
    good("v=STSv1 ;\t id=a ; ", "a")  # sts-field-delim: WSP on both sides
    good(f"v=STSv1; id={'Z9' * 16};", "Z9" * 16)  # the longest id
    good("v=STSv1; more=a; id=1; ext=2", "1")  # the order of the fields is not significant, unknown ones are ignored
    good("v=STSv1; v=STSv2; id=1", "1")  # another v is an unknown field as any
    good("v=STSv1; ID=x; id=1", "1")  # names are case-sensitive
    good("v=STSv1; id=1; id=2", "1")  # of a repeated field the first counts (§3.2)
    good("v=STSv1; id=1; id=!!", "1")  # and what the others hold is ignored


def test_bad_records() -> None:
    bad("v=STSv1", "id", "there is no id")
    bad("v=STSv1;", "id", "there is no id")
    bad("v=STSv1; ext=1", "id", "there is no id")
    bad("v=STSv1; ID=1", "id", "there is no id")  # names are case-sensitive
    bad("v=STSv1; id=", "id", "id= has no value")
    bad(f"v=STSv1; id={'a' * 33}", "id", "is not 1 to 32 letters and digits")
    bad("v=STSv1; id=2026-11-20", "id", "id=2026-11-20 is not 1 to 32 letters and digits")  # no hyphen
    bad("v=STSv1; id=!!; id=1", "id", "id=!!")  # the first counts, be it wrong
    bad("v=STSv1; id=1 ", "syntax", "a blank ends the record")
    bad("v=STSv1; id=1;;", "syntax", "nothing stands between two semicolons")
    bad("v=STSv1; id = 1", "syntax", "is not a name")
    bad("v=STSv1; id=1, mode=enforce", "id", "id=1, mode=enforce has a blank")  # a comma for a semicolon
    bad("v=STSv1 id=1", "version", "but reads v=STSv1 id=1")  # a blank for a semicolon
    bad("v=STSv1; id=1; x", "syntax", "x is not name=value")
    bad("v=STSv1; id=1; more=", "syntax", "more= has no value")
    bad("v=STSv1; id=ä", "id", "id=ä")
    bad("v=STSv2; id=1", "version", "does not begin with v=STSv1; but reads v=STSv2; id=1")
    bad("V=STSV1; id=1", "version", "does not begin with v=STSv1;")  # case counts
    bad(" v=STSv1; id=1", "version", "does not begin with v=STSv1;")


def test_several_records_are_none_that_counts() -> None:
    pointer = read("v=STSv1; id=1", "v=STSv1; id=2")
    assert (pointer.record, pointer.cause) == (Record.INVALID, "several")
    assert "2 records begin with v=STSv1;" in pointer.reason
    assert "v=STSv1; id=2" in pointer.reason


def test_other_records_beside_it_are_discarded() -> None:
    pointer = read("v=spf1 -all", "v=STSv1; id=1")
    assert (pointer.record, pointer.id) == (Record.VALID, "1")
    assert pointer.notes == ("1 other TXT records stand beside it",)


def test_strings_are_joined_without_blanks() -> None:
    pointer = read_record(answer(NAME, "TXT", '"v=STSv1; i" "d=12" "34;"'))
    assert (pointer.record, pointer.id) == (Record.VALID, "1234")


def test_oddities_are_noted() -> None:
    found = answer(NAME, "TXT", '"v=STSv1; id=1; id=2"', aliases=(NAME,), canonical="sts.fabrikam.com")
    notes = ("the first id of several counts", "the record is an alias of sts.fabrikam.com")
    assert read_record(found).notes == notes


@pytest.mark.parametrize(
    ("outcome", "records", "record"),
    [
        (Outcome.NODATA, (), Record.NONE),
        (Outcome.NXDOMAIN, (), Record.NONE),
        (Outcome.FOUND, ("v=spf1 -all",), Record.NONE),  # a wildcard answers for every name
        (Outcome.FOUND, (), Record.NONE),
        (Outcome.FAILED, (), Record.UNKNOWN),  # "could not look" is never "none"
        (Outcome.TIMEOUT, (), Record.UNKNOWN),
        (Outcome.BOGUS, (), Record.UNKNOWN),
    ],
)
def test_where_there_is_none_and_where_nobody_knows(outcome: Outcome, records: tuple[str, ...], record: Record) -> None:
    pointer = read_record(answer(NAME, "TXT", *records, outcome=outcome, detail="SERVFAIL from 192.0.2.53"))
    assert (pointer.record, pointer.id) == (record, "")
    assert NAME in pointer.reason
    assert ("SERVFAIL" in pointer.reason) is (record is Record.UNKNOWN)


BASES = ("v=STSv1; id=20160831085700Z;", "v=STSv1;id=1;a=b", "v=STSv1 ; ext=1 ; id=Z")
CHANGE = st.tuples(st.integers(0, 40), st.integers(0, 4), st.sampled_from([*';= \t\\"v1!é\x00', "", "id=", "v=STSv1;"]))


@settings(deadline=None, max_examples=2000)
@given(st.lists(st.tuples(st.sampled_from(BASES), st.lists(CHANGE, max_size=3)), min_size=1, max_size=2))
def test_mutated_records_raise_nothing(drafts: list[tuple[str, list[tuple[int, int, str]]]]) -> None:
    texts = []
    for text, changes in drafts:
        for place, length, put in changes:
            text = text[:place] + put + text[place + length :]
        texts.append(f'"{text}"')
    pointer = read_record(answer(NAME, "TXT", *texts))
    assert (pointer.record is Record.VALID) is bool(pointer.id)
    assert (pointer.record is Record.INVALID) is bool(pointer.cause)
    assert pointer.cause in ("", "several", "version", "id", "syntax")
    assert pointer.id.isalnum() or not pointer.id
    assert len(pointer.reason) <= 300
