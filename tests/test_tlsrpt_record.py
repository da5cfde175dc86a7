"""TLSRPT: the record to the letter of RFC 8460 §3, and what is said of it."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.build import answer, evidence
from probe.judge.catalogue.tlsrpt import TLSRPT
from probe.judge.standard import Standard, Want
from probe.judge.tlsrpt import judge_tlsrpt
from probe.model import Answer, Finding, Outcome, Record, TlsRpt, Verdict

NAME = "_smtp._tls.contoso.com"
CATALOGUE = {entry.code: entry for entry in TLSRPT}
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


def found(asked: Answer | None, want: Want = Want.AUTO) -> tuple[TlsRpt | None, tuple[Finding, ...]]:
    promise, findings = judge_tlsrpt(replace(evidence(given="contoso.com"), tlsrpt=asked), Standard(tlsrpt=want))
    for finding in findings:
        assert finding.fact("cause") in (CATALOGUE[finding.code].causes or {None})
        assert all(len(value) <= 300 for _, value in finding.facts)
    return promise, findings


def read(*texts: str) -> tuple[TlsRpt, Finding]:
    promise, (finding,) = found(answer(NAME, "TXT", *(f'"{text}"' for text in texts)))
    assert promise
    return promise, finding


def good(text: str, *rua: str, ignored: str | None = None) -> None:
    promise, finding = read(text)
    assert promise == TlsRpt(record=Record.VALID, rua=rua), text
    assert (finding.code, finding.verdict, finding.fact("ignored")) == ("tlsrpt-valid", OK, ignored), text


def bad(text: str, cause: str, reason: str) -> None:
    promise, finding = read(text)
    assert promise == TlsRpt(record=Record.INVALID), text
    assert (finding.code, finding.verdict, finding.fact("cause")) == ("tlsrpt-record-invalid", WARN, cause), text
    assert reason in (finding.fact("reason") or ""), finding


def rua(*uris: str) -> str:
    return f"v=TLSRPTv1; rua={','.join(uris)}"


MAIL, WEB = "mailto:reports@contoso.com", "https://reports.contoso.com/v1/tlsrpt"


def test_good_records() -> None:
    good(rua(MAIL), MAIL)  # the RFC's own two
    good(rua(WEB), WEB)
    good(rua(MAIL, WEB), MAIL, WEB)
    good(f"v=TLSRPTv1;rua={MAIL}\t , {WEB} ;", MAIL, WEB)  # WSP around the comma, a semicolon at the end
    good(f"v=TLSRPTv1 ; ext=1; rua={MAIL}; more=a", MAIL)  # unknown fields are ignored, the order says nothing
    good(rua("MAILTO:a@b", "HTTPS://c"), "MAILTO:a@b", "HTTPS://c")  # RFC 3986 §3.1: schemes in any case
    good(rua("mailto:a@b?subject=TLS%20report"), "mailto:a@b?subject=TLS%20report")  # RFC 6068: header fields
    good(rua("mailto:a%21b%2Cc%3Bd@e"), "mailto:a%21b%2Cc%3Bd@e")  # the three that must be encoded, encoded
    good(rua("mailto:x+y_z.a=b@sub.contoso.com"), "mailto:x+y_z.a=b@sub.contoso.com")
    good(rua("https://[2001:db8::1]:8443/a?b=c/d?e#f"), "https://[2001:db8::1]:8443/a?b=c/d?e#f")
    good(rua("https://user:word@c:443"), "https://user:word@c:443")
    good(rua("https://192.0.2.1/"), "https://192.0.2.1/")
    good(rua(MAIL, "http://contoso.com/x"), MAIL, ignored="http://contoso.com/x")  # no scheme of §3: passed over
    good(f"{rua(MAIL)}; rua={WEB}", MAIL, ignored=f"rua={WEB}")  # the first counts


def test_bad_records() -> None:
    bad("v=TLSRPTv1", "rua", "there is no rua")
    bad("v=TLSRPTv1;", "rua", "there is no rua")
    bad(f"v=TLSRPTv1; RUA={MAIL}", "rua", "there is no rua")  # names are case-sensitive
    bad("v=TLSRPTv1; rua=", "syntax", "rua= has no value")
    bad(f"v=TLSRPTv1; rua={MAIL} ", "syntax", "a blank ends the record")
    bad(f"v=TLSRPTv1; rua={MAIL};;", "syntax", "nothing stands between two semicolons")
    bad(f"v=TLSRPTv1; rua = {MAIL}", "syntax", "rua  before = is not a name")
    bad(f"v=TLSRPTv1; rua={MAIL}; ext=a b", "syntax", "ext=a b has a blank")
    bad(f"v=TLSRPTv1; rua={MAIL}; ext=a=b", "syntax", "ext=a=b has")
    bad(f"v=TLSRPTv1; rua={MAIL};other@contoso.com", "syntax", "a semicolon within a URI is written %3B")
    bad("v=TLSRPTv1; rua=https://c/a;b=", "syntax", "b= has no value")
    bad(f"v=TLSRPTv2; rua={MAIL}", "version", "does not begin with v=TLSRPTv1;")
    bad(f"v=TLSRPT1; rua={MAIL}", "version", "does not begin with v=TLSRPTv1;")
    bad(f"V=TLSRPTv1; rua={MAIL}", "version", "does not begin with v=TLSRPTv1;")


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        (f" {MAIL}", "a blank stands behind rua="),
        (f"{MAIL},", "a comma has no URI beside it"),
        (f"{MAIL},,{WEB}", "a comma has no URI beside it"),
        ("reports@contoso.com", "reports@contoso.com is not a URI: write mailto:reports@contoso.com"),
        ("contoso.com", "contoso.com is not a URI"),
        (f"{MAIL}!10m", "an exclamation mark is written %21"),  # DMARC's limit of size
        ("https://c/a b", "  must not stand in a URI"),
        ("https://c/<a>", "< must not stand in a URI"),
        ("https://c/é", "\\xc3 must not stand in a URI"),
        ("https://c/%2", "% must not stand in a URI"),  # RFC 3986 §2.1: two hex digits
        ("https://c/%zz", "% must not stand in a URI"),
        ("https://c/#a#b", "is not a URI"),
        ("https://c/[a]", "is not a URI"),
        ("https://[2001:db8::1/", "is not a URI"),
        ("1https://c", "is not a URI"),  # a scheme begins with a letter
        ("mailto:", "takes one address, local@domain"),
        ("mailto:contoso.com", "takes one address, local@domain"),
        ("mailto:@contoso.com", "takes one address, local@domain"),
        ("mailto:a@", "takes one address, local@domain"),
        ("mailto:a@b@c", "takes one address, local@domain"),
        ("mailto:a..b@c", "takes one address, local@domain"),
        ("mailto:a@b.", "takes one address, local@domain"),
        ("mailto://a@b", "takes one address, local@domain"),
        ("https:contoso.com", "https:// takes a host"),
        ("https:///path", "https:// takes a host"),
        ("https://c:x/", "https:// takes a host"),  # no port is that
        ("http://contoso.com", "neither mailto nor https: http://contoso.com"),
        ("ftp://a,tel:1", "neither mailto nor https: ftp://a; tel:1"),
    ],
)
def test_bad_uris(uri: str, reason: str) -> None:
    bad(rua(uri), "rua", reason)


def test_each_faulty_uri_is_named() -> None:
    bad(rua("a@b", "mailto:c", MAIL), "rua", "a@b is not a URI: write mailto:a@b; mailto:c: mailto: takes")


def test_several_records_are_none_that_counts() -> None:
    promise, finding = read(rua(MAIL), rua(WEB))
    assert (promise.record, finding.fact("cause")) == (Record.INVALID, "several")
    promise, _ = read(rua(MAIL), "v=spf1 -all")
    assert promise == TlsRpt(record=Record.VALID, rua=(MAIL,))


@pytest.mark.parametrize(
    ("outcome", "texts", "record", "code", "verdict"),
    [
        (Outcome.NODATA, (), Record.NONE, "tlsrpt-absent", OK),
        (Outcome.NXDOMAIN, (), Record.NONE, "tlsrpt-absent", OK),
        (Outcome.FOUND, ("v=spf1 -all",), Record.NONE, "tlsrpt-absent", OK),
        (Outcome.FAILED, (), Record.UNKNOWN, "tlsrpt-lookup-failed", WARN),
        (Outcome.TIMEOUT, (), Record.UNKNOWN, "tlsrpt-lookup-failed", WARN),
        (Outcome.BOGUS, (), Record.UNKNOWN, "tlsrpt-lookup-failed", WARN),
    ],
)
def test_where_there_is_none_and_where_nobody_knows(
    outcome: Outcome, texts: tuple[str, ...], record: Record, code: str, verdict: Verdict
) -> None:
    promise, (finding,) = found(answer(NAME, "TXT", *texts, outcome=outcome, detail="SERVFAIL"))
    assert promise == TlsRpt(record=record)
    assert (finding.code, finding.verdict, finding.where.kind) == (code, verdict, "target")


@pytest.mark.parametrize(
    ("texts", "codes"),
    [
        ((rua(MAIL),), {"tlsrpt-valid": OK}),
        ((), {"tlsrpt-required": FAIL}),
        ((rua("x"),), {"tlsrpt-required": FAIL, "tlsrpt-record-invalid": WARN}),
    ],
)
def test_what_is_required(texts: tuple[str, ...], codes: dict[str, Verdict]) -> None:
    _, findings = found(answer(NAME, "TXT", *texts), Want.REQUIRE)
    assert {finding.code: finding.verdict for finding in findings} == codes
    assert all(finding.fact("reason") for finding in findings if finding.code == "tlsrpt-required")


def test_could_not_look_is_not_absent() -> None:
    _, findings = found(answer(NAME, "TXT", outcome=Outcome.TIMEOUT), Want.REQUIRE)
    assert [(finding.code, finding.verdict) for finding in findings] == [("tlsrpt-lookup-failed", UNKNOWN)]


def test_nothing_is_said_of_what_was_not_asked() -> None:
    assert found(None) == found(None, Want.OFF) == (None, ())
    assert found(answer(NAME, "TXT", rua(MAIL)), Want.OFF) == (None, ())


def test_what_is_required_and_was_not_asked_is_not_in_place() -> None:
    promise, (finding,) = found(None, Want.REQUIRE)
    assert promise is None
    assert (finding.code, finding.fact("cause"), finding.verdict) == ("tlsrpt-required", "not-asked", UNKNOWN)


HOSTILE = (
    rua("mailto:" + "a" * 65000),
    rua("mailto:" + "a." * 32000 + "@" + "b." * 200),
    rua("https://" + "a" * 65000 + "\x01"),
    rua("https://" + "a:" * 32000),
    rua("https://" + "a@" * 32000),
    rua("https://c/" + "?" * 65000 + "#" * 3),
    rua("https://c/" + "%41" * 21000),
    rua("," * 65000),
    rua("a" * 65000 + ":"),
    rua(*(MAIL for _ in range(2400))),
    rua(*("x" for _ in range(32000))),
    rua(MAIL) + ";rua=x" * 10000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_64_kib_take_no_time(text: str) -> None:
    begun = time.process_time()
    read(text)
    assert time.process_time() - begun < 5


CHANGE = st.tuples(
    st.integers(0, 90), st.integers(0, 6), st.sampled_from([*';=, \t!%#:/@[]é"\\', "", "rua=", "%2", "//"])
)


@settings(deadline=None, max_examples=2000)
@given(st.lists(st.tuples(st.just(rua(MAIL, WEB) + ";"), st.lists(CHANGE, max_size=4)), min_size=1, max_size=2))
def test_mutated_records_raise_nothing_but_findings(drafts: list[tuple[str, list[tuple[int, int, str]]]]) -> None:
    texts = []
    for text, changes in drafts:
        for place, length, put in changes:
            text = text[:place] + put + text[place + length :]
        texts.append(text)
    promise, finding = read(*texts)
    assert bool(promise.rua) is (promise.record is Record.VALID)
    codes = {Record.VALID: "tlsrpt-valid", Record.INVALID: "tlsrpt-record-invalid", Record.NONE: "tlsrpt-absent"}
    assert finding.code == codes[promise.record]
