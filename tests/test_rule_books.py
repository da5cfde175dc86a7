"""Which names a certificate stands for: by RFC 9525, and by Exchange Online."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.build import AT, evidence, seen
from fixtures.certificates import authority, leaf
from probe.judge.certificate import Certificate, parse
from probe.judge.chain import Anchors
from probe.judge.judging import judge
from probe.judge.names import by_exchange, by_rfc
from probe.judge.standard import AuthLevel, Standard
from probe.model import Finding, RuleBook, Verdict

ISSUER = authority("CN=Issuing CA")
ANCHORS = Anchors(label="the issuer", der=(ISSUER.der,))


def der(*names: str, common: str = "Mail Server") -> bytes:
    return leaf(f"CN={common},O=Contoso", ISSUER, names).der


def certificate(*names: str, common: str = "Mail Server") -> Certificate:
    found = parse(der(*names, common=common))
    assert isinstance(found, Certificate)
    return found


# The table of Exchange's rules, row by row.
TABLE = [
    ("mail.contoso.com", "mail.contoso.com", True),
    ("mail.contoso.com", "*.contoso.com", True),
    ("a.b.contoso.com", "*.contoso.com", False),
    ("contoso.com", "*.contoso.com", True),  # Exchange only
    ("*.contoso.com", "*.contoso.com", True),
    ("*.contoso.com", "mail.contoso.com", True),
    ("*.contoso.com", "a.b.contoso.com", False),
    ("*.contoso.com", "contoso.com", False),  # unverified
    # Beside the table:
    ("mail.contoso.com", "MAIL.Contoso.COM", True),
    ("mail.contoso.com", "mail.contoso.com.fabrikam.com", False),
    ("mail.contoso.com", "contoso.com", False),
    ("mail.contoso.com", "xmail.contoso.com", False),
    ("mail.contoso.com", "m*.contoso.com", False),
    ("mail.contoso.com", "*.com", False),
    ("mail.contoso.com", "*", False),
    ("*.contoso.com", "*.fabrikam.com", False),
    ("*.contoso.com", "*.mail.contoso.com", False),
    ("*.mail.contoso.com", "*.contoso.com", False),
]


@pytest.mark.parametrize(("expected", "presented", "matches"), TABLE)
@pytest.mark.parametrize("place", ["san", "common name"])
def test_exchange_online(expected: str, presented: str, place: str, *, matches: bool) -> None:
    in_san = place == "san"
    found = certificate(*((presented,) if in_san else ("x.org",)), common="Mail Server" if in_san else presented)
    assert by_exchange(found, expected) == (presented.lower() if matches else None)


def test_exchange_online_takes_letters_of_any_case() -> None:
    assert by_exchange(certificate("mail.contoso.com"), "Mail.CONTOSO.com") == "mail.contoso.com"


@pytest.mark.parametrize("common", ["192.0.2.25", "Mail Server", "mail.contoso.com/x", "mail contoso.com"])
def test_exchange_online_takes_host_names_only(common: str) -> None:
    found = certificate("192.0.2.25", "2001:db8::1", common=common)
    for expected in ("192.0.2.25", "2001:db8::1", common, "mail.contoso.com"):
        assert by_exchange(found, expected) is None


RFC_9525 = [
    ("mail.example.org", "mail.example.org", True),
    ("mail.example.org", "MAIL.example.ORG", True),
    ("mail.example.org", "mail.example.org.", False),
    ("mail.example.org.", "mail.example.org", False),
    ("mail.example.org", "*.example.org", True),
    ("a.b.example.org", "*.example.org", False),
    ("example.org", "*.example.org", False),
    ("foo.example.org", "f*.example.org", False),
    ("foo.example.org", "*oo.example.org", False),
    ("foo.example.org", "f*o.example.org", False),
    ("mail.example.org", "mail.*.org", False),
    ("a.b.example.org", "*.*.example.org", False),
    ("mail.example.org", "*", False),
    ("mail.example.org", "example.org", False),
    ("mail.example.org", "mail.example.org.evil.example", False),
    ("xn--bcher-kva.example", "xn--bcher-kva.example", True),
    ("mail.xn--bcher-kva.example", "*.xn--bcher-kva.example", True),
    ("xn--bcher-kva.example.org", "*.example.org", True),  # §6.3 makes no exception for A-labels
    ("xn--bcher-kva.example.org", "xn--*.example.org", False),
    ("xn--bcher-kva.b.example.org", "*.example.org", False),
]


@pytest.mark.parametrize(("host", "presented", "matches"), RFC_9525)
def test_rfc_9525(host: str, presented: str, *, matches: bool) -> None:
    assert by_rfc(certificate("other.example", presented), host) == (presented.lower() if matches else None)


def test_rfc_9525_does_not_look_at_the_common_name() -> None:
    assert by_rfc(certificate("other.example", common="mail.example.org"), "mail.example.org") is None


@pytest.mark.parametrize(
    ("address", "presented", "matches"),
    [
        ("192.0.2.25", "192.0.2.25", True),
        ("192.0.2.25", "192.0.2.26", False),
        ("2001:db8::25", "2001:db8::25", True),
        ("2001:DB8:0::25", "2001:db8::25", True),
        ("192.0.2.25", "mail.example.org", False),
    ],
)
def test_addresses_by_rfc_9525(address: str, presented: str, *, matches: bool) -> None:
    assert (by_rfc(certificate(presented), address) is not None) is matches


def test_an_address_written_as_a_dns_name_is_no_address() -> None:
    odd = der("x1.example").replace(b"\x82\x0ax1.example", b"\x82\x0a192.0.2.25")
    found = parse(odd)
    assert isinstance(found, Certificate)
    assert found.dns_names == ("192.0.2.25",)
    assert by_rfc(found, "192.0.2.25") is None


NAMES = st.text(st.sampled_from("ab.*-xn1ü\x00 :%"), max_size=20) | st.text(max_size=10)


@settings(deadline=None)
@given(NAMES, st.lists(NAMES, max_size=3))
def test_every_name_is_judged_and_the_rfc_is_the_stricter_book(host: str, names: list[str]) -> None:
    ascii_names = [name for name in names if name.isascii() and name]
    found = certificate("x.org", *ascii_names)
    strict, lenient = by_rfc(found, host), by_exchange(found, host)
    assert strict is None or strict in found.names
    assert lenient is None or lenient in found.names


# What is made of it


def name_finding(
    *names: str, host: str = "mail.contoso.com", common: str = "Mail Server", sni: str | None = None, **changes: object
) -> Finding:
    found = seen(der(*names, common=common), ISSUER.der, host=host, address=host if host[0].isdigit() else "192.0.2.25")
    if sni:
        found = replace(found, endpoint=replace(found.endpoint, server_name=sni))
    standard = Standard(**changes)  # type: ignore[arg-type]
    report = judge(evidence(found), standard, ANCHORS, AT)
    codes = ("certificate-name-matches", "certificate-host-mismatch", "certificate-name-unchecked")
    (finding,) = (finding for finding in report.findings if finding.code in codes)
    return finding


def test_a_mismatch_says_what_the_certificate_is_for() -> None:
    finding = name_finding("webmail.contoso.com", "192.0.2.9", common="owa.contoso.com")
    assert finding.code == "certificate-host-mismatch"
    assert finding.fact("presented") == "owa.contoso.com, webmail.contoso.com, 192.0.2.9"
    assert finding.fact("expected") == "mail.contoso.com"
    assert (finding.rule_book, finding.verdict) == (RuleBook.RFC, Verdict.WARN)


@pytest.mark.parametrize(
    ("standard", "book", "code"),
    [
        ({}, RuleBook.RFC, "certificate-host-mismatch"),
        ({"name": "mail.contoso.com"}, RuleBook.EXCHANGE_ONLINE, "certificate-name-matches"),
    ],
)
def test_the_common_name_counts_by_one_book(standard: dict[str, str], book: RuleBook, code: str) -> None:
    finding = name_finding("other.org", common="mail.contoso.com", **standard)
    assert (finding.code, finding.rule_book) == (code, book)


@pytest.mark.parametrize(
    ("presented", "common", "expected", "noted"),
    [
        ("mail.contoso.com", "x y", "mail.contoso.com", False),
        ("*.contoso.com", "x y", "mail.contoso.com", False),
        ("*.contoso.com", "x y", "*.contoso.com", False),
        ("*.contoso.com", "x y", "contoso.com", True),
        ("other.org", "mail.contoso.com", "mail.contoso.com", True),
    ],
)
def test_a_match_that_the_rfc_would_not_make_is_noted(
    presented: str, common: str, expected: str, *, noted: bool
) -> None:
    finding = name_finding(presented, common=common, name=expected)
    assert finding.code == "certificate-name-matches"
    assert (finding.fact("rfc_9525") is not None) is noted


def test_a_bare_address_has_no_name_to_compare() -> None:
    finding = name_finding("mail.contoso.com", host="192.0.2.25")
    assert (finding.code, finding.verdict) == ("certificate-name-unchecked", Verdict.OK)
    assert finding.fact("presented") == "mail.contoso.com"


@pytest.mark.parametrize(
    ("presented", "code"),
    [("192.0.2.25", "certificate-name-matches"), ("192.0.2.26", "certificate-host-mismatch")],
)
def test_a_bare_address_and_a_certificate_that_speaks_of_addresses(presented: str, code: str) -> None:
    assert name_finding(presented, host="192.0.2.25").code == code


def test_a_bare_address_with_sni_is_judged_by_that_name() -> None:
    finding = name_finding("mail.contoso.com", host="192.0.2.25", sni="mail.contoso.com")
    assert (finding.code, finding.fact("expected")) == ("certificate-name-matches", "mail.contoso.com")


@pytest.mark.parametrize(
    ("level", "verdict", "excused"),
    [
        (AuthLevel.DOMAIN_VALIDATION, Verdict.FAIL, None),
        (AuthLevel.CERTIFICATE_VALIDATION, Verdict.OK, "auth level CertificateValidation"),
        (AuthLevel.ENCRYPTION_ONLY, Verdict.OK, "auth level EncryptionOnly"),
    ],
)
def test_the_level_says_whether_the_name_counts(level: AuthLevel, verdict: Verdict, excused: str | None) -> None:
    finding = name_finding("other.org", name="mail.contoso.com", auth_level=level)
    assert finding.code == "certificate-host-mismatch"
    assert (finding.verdict, finding.fact("excused_by")) == (verdict, excused)


def test_exchange_online_looks_at_the_name_before_the_chain() -> None:
    for standard, first in ((Standard(name="x.org"), "certificate-host-mismatch"), (Standard(), None)):
        report = judge(evidence(seen(der("y.org"))), standard, Anchors(label="none", der=()), AT)
        faults = [found.code for found in report.findings if found.code.startswith(("certificate-h", "chain-i"))]
        assert faults[0] == (first or "chain-incomplete")


def test_without_a_name_domain_validation_compares_the_host_by_exchange_s_book() -> None:
    standard = Standard(auth_level=AuthLevel.DOMAIN_VALIDATION)
    chain = der("other.org", common="mail.contoso.com")  # the common name counts for Exchange alone
    report = judge(evidence(seen(chain, host="mail.contoso.com")), standard, ANCHORS, AT)
    (finding,) = (found for found in report.findings if found.code.startswith(("certificate-name", "certificate-host")))
    assert (finding.code, finding.rule_book) == ("certificate-name-matches", RuleBook.EXCHANGE_ONLINE)


def test_an_unreadable_leaf_is_excused_where_nothing_is_authenticated() -> None:
    for level, verdict in ((AuthLevel.ENCRYPTION_ONLY, Verdict.OK), (AuthLevel.CERTIFICATE_VALIDATION, Verdict.FAIL)):
        report = judge(evidence(seen(b"no certificate")), Standard(auth_level=level), ANCHORS, AT)
        (finding,) = (found for found in report.findings if found.code == "certificate-unreadable")
        assert finding.verdict is verdict
