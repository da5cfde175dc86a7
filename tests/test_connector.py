"""The expected certificate: thumbprints, issuer and subject."""

import hashlib

import pytest

from fixtures.build import ADDRESS, AT, HOST, SECOND, evidence, seen
from fixtures.certificates import sample
from fixtures.scenes import ROOTS
from probe import config
from probe.judge.certificate import Certificate, parse
from probe.judge.chain import Anchors
from probe.judge.judging import judge
from probe.judge.standard import AuthLevel, Standard
from probe.model import Finding, RuleBook, Verdict

ANCHORS = Anchors(label="roots", der=ROOTS)
CHAIN = (sample("renewed_same"), sample("int2025"))
SHA1 = "52b4aa6defe3b5cb25122b92519b89be3082bba1"
SHA256 = "a57c74d6bbb661ca5bae298a43fa2688c8f97859e1bac5570bca3673b2697a3a"
ISSUER = 'CN=Fabrikam TLS RSA CA 2025, O="Fabrikam Trust Services, Inc.", C=US'
SUBJECT = "CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB"


def finding(*thumbprints: str, identity: str | None = None, chain: tuple[bytes, ...] = CHAIN) -> Finding:
    standard = Standard(thumbprints=thumbprints, identity=config.identity(identity) if identity else None)
    (found,) = (
        found
        for found in judge(evidence(seen(*chain)), standard, ANCHORS, AT).findings
        if found.code.startswith("connector-")
    )
    assert found.rule_book is RuleBook.EXCHANGE_ONLINE
    assert (found.where.kind, found.where.position) == ("certificate", 0)
    assert found.verdict is (Verdict.OK if found.code == "connector-certificate-matches" else Verdict.FAIL)
    return found


@pytest.mark.parametrize("expected", [(SHA1,), (SHA256,), ("0" * 40, SHA1), (SHA1, "0" * 64), (SHA256, "0" * 40)])
def test_any_of_the_expected_thumbprints_will_do(expected: tuple[str, ...]) -> None:
    found = finding(*expected)
    assert (found.code, found.fact("by")) == ("connector-certificate-matches", "thumbprint")
    assert found.fact("thumbprint") == SHA1.upper()  # as Exchange prints it


def test_another_thumbprint() -> None:
    found = finding("0" * 40, "f" * 40)
    assert (found.code, found.fact("cause")) == ("connector-certificate-mismatch", "thumbprint-differs")
    assert found.fact("expected") == f"{'0' * 40} or {'F' * 40}"
    assert found.fact("presented") == SHA1.upper()


def test_another_thumbprint_is_told_in_the_digest_of_those_expected() -> None:
    """Nobody can compare a SHA-1 with a SHA-256."""
    assert finding("f" * 64).fact("presented") == SHA256.upper()
    assert finding("0" * 40, "f" * 64).fact("presented") == f"{SHA1.upper()}, in SHA-256 {SHA256.upper()}"


def test_it_is_the_leaf_that_counts_and_not_its_issuer() -> None:
    issuer = parse(CHAIN[1])
    assert isinstance(issuer, Certificate)
    assert finding(issuer.sha1).code == "connector-certificate-mismatch"
    assert finding(issuer.sha256).code == "connector-certificate-mismatch"


@pytest.mark.parametrize(
    "identity",
    [
        f"<I>{ISSUER}<S>{SUBJECT}",
        f"<S>{SUBJECT}",
        f"<I>{ISSUER}<S>{SUBJECT.replace('S=B', 'ST=B')}",
        f"<I>{ISSUER.upper()}<S>{SUBJECT.replace(', ', ',')}",
        f"<I>{ISSUER.replace(chr(34), '”')}<S>{SUBJECT}",
        f"<I>{ISSUER}<S>C=GB, ST=Berkshire, L=Reading, O=Contoso Ltd, CN=mail.contoso.com",
    ],
)
def test_issuer_and_subject_in_any_writing(identity: str) -> None:
    found = finding(identity=identity)
    assert (found.code, found.fact("by")) == ("connector-certificate-matches", "issuer-and-subject")


@pytest.mark.parametrize(
    ("identity", "cause", "rdns"),
    [
        (f"<I>CN=Other, C=US<S>{SUBJECT}", "issuer-differs", "issuer CN: expected `Other`, found `Fabrikam"),
        (f"<I>{ISSUER}<S>{SUBJECT.replace('Reading', 'Bath')}", "subject-differs", "subject L: expected `Bath`, found"),
        ("<I>CN=Other, C=US<S>CN=x", "issuer-and-subject-differ", "issuer CN: expected `Other`"),
        ("<S>CN=x", "subject-differs", "subject CN: expected `x`, found `mail.contoso.com`"),
        (
            f"<I>{ISSUER}<S>O=Contoso Ltd, CN=mail.contoso.com, L=Reading, S=Berkshire, C=GB",
            "subject-differs",
            "subject the same parts, in another order",
        ),
    ],
)
def test_what_differs(identity: str, cause: str, rdns: str) -> None:
    found = finding(identity=identity)
    assert (found.code, found.fact("cause")) == ("connector-certificate-mismatch", cause)
    assert rdns in (found.fact("rdns") or "")
    assert found.fact("expected") == identity
    assert (found.fact("subject"), found.fact("issuer")) == (SUBJECT, ISSUER)


def test_a_renewal_by_another_issuer() -> None:
    found = finding(identity=f"<I>{ISSUER}<S>{SUBJECT}", chain=(sample("renewed_newissuer"), sample("int2026")))
    assert found.fact("cause") == "issuer-differs"
    assert "2025" in (found.fact("rdns") or "")
    assert "2026" in (found.fact("rdns") or "")


def test_both_expectations_have_to_hold() -> None:
    identity = f"<I>{ISSUER}<S>{SUBJECT}"
    assert finding(SHA1, identity=identity).fact("by") == "thumbprint and issuer-and-subject"
    found = finding("0" * 40, identity=identity)
    assert (found.fact("cause"), found.fact("expected")) == ("thumbprint-differs", "0" * 40)
    found = finding(SHA1, identity="<S>CN=x")
    assert (found.fact("cause"), found.fact("expected")) == ("subject-differs", "<S>CN=x")


def test_nothing_expected_nothing_said() -> None:
    report = judge(evidence(seen(*CHAIN)), Standard(), ANCHORS, AT)
    assert not [found for found in report.findings if found.code.startswith("connector-")]


def test_every_address_is_held_against_the_expectation() -> None:
    uneven = evidence(seen(*CHAIN), seen(sample("old"), sample("int2025"), address=SECOND))
    report = judge(uneven, Standard(thumbprints=(SHA1,)), ANCHORS, AT)
    found = {found.where.address: found.code for found in report.findings if found.code.startswith("connector-")}
    assert found == {ADDRESS: "connector-certificate-matches", SECOND: "connector-certificate-mismatch"}
    assert {found.where.host for found in report.findings} == {HOST}


def test_a_leaf_that_cannot_be_read_is_compared_all_the_same() -> None:
    chain = (b"no certificate",)
    known = hashlib.sha1(chain[0]).hexdigest()
    assert finding(known, chain=chain).code == "connector-certificate-matches"
    assert finding("0" * 40, chain=chain).code == "connector-certificate-mismatch"
    assert finding(identity=f"<S>{SUBJECT}", chain=chain).fact("cause") == "subject-differs"
    for standard in (Standard(thumbprints=("0" * 40,), auth_level=level) for level in AuthLevel):
        assert judge(evidence(seen(*chain)), standard, ANCHORS, AT).verdict is Verdict.FAIL
