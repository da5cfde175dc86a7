"""What a connector expects of the certificate, by Exchange Online's rules."""

import pytest

from tests.real.estate import Estate
from tests.real.nginx import HOST

ISSUER = "CN=Probe Test Issuing CA, O=Probe Tests, C=GB"
CONTOSO = f"CN={HOST}, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB"


def colons(digest: str) -> str:
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2)).upper()


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_the_expected_thumbprint(estate: Estate, digest: str) -> None:
    leaf = estate.chain("full-chain")[0]
    run = estate.look("full-chain", "--expect-thumbprint", colons(getattr(leaf, digest)))

    finding = run.report.finding("connector-certificate-matches")
    assert (finding["facts"]["by"], finding["rule_book"]) == ("thumbprint", "exchange-online")
    assert (run.report.faults, run.exit_code) == (set(), 0)


def test_another_thumbprint_than_expected(estate: Estate) -> None:
    leaf, issuer = estate.chain("full-chain")
    run = estate.look("full-chain", "--expect-thumbprint", issuer.sha1)

    facts = run.report.finding("connector-certificate-mismatch")["facts"]
    assert facts["cause"] == "thumbprint-differs"
    assert issuer.sha1 in facts["expected"].lower()
    assert leaf.sha1 in facts["presented"].lower()
    assert (run.report.verdict, run.exit_code) == ("FAIL", 2)


@pytest.mark.parametrize("case", ["full-chain", "renewed"])
def test_the_current_thumbprint_and_the_next(estate: Estate, case: str) -> None:
    current, following = (estate.chain(name)[0].sha1 for name in ("full-chain", "renewed"))
    report = estate.look(case, "--expect-thumbprint", current, "--expect-thumbprint", following).report

    assert report.faults == set()
    assert "connector-certificate-matches" in report.codes


@pytest.mark.parametrize(
    ("case", "name", "faults"),
    [
        ("full-chain", HOST, set()),
        ("full-chain", "*.example.org", set()),
        ("wildcard", "*.example.org", set()),
        ("wildcard", HOST, set()),
        ("common-name-only", HOST, set()),
        ("full-chain", "mail.example.net", {"certificate-host-mismatch"}),
        ("full-chain", "*.example.net", {"certificate-host-mismatch"}),
    ],
)
def test_the_expected_name(estate: Estate, case: str, name: str, faults: set[str]) -> None:
    report = estate.look(case, "--expect-name", name).report

    assert report.faults == faults
    judged = report.finding("certificate-host-mismatch" if faults else "certificate-name-matches")
    assert judged["rule_book"] == "exchange-online"
    assert report.verdict == ("FAIL" if faults else "OK")


def test_expected_issuer_and_subject(estate: Estate) -> None:
    report = estate.look("contoso", "--expect-certificate", f"<I>{ISSUER}<S>{CONTOSO}").report

    assert report.fact("connector-certificate-matches", "by") == "issuer-and-subject"
    assert report.faults == set()


def test_issuer_and_subject_may_be_written_in_other_ways(estate: Estate) -> None:
    subject = f'CN="{HOST}",O=Contoso Ltd,L=Reading,ST=Berkshire,C=GB'
    report = estate.look("contoso", "--expect-certificate", f"<I>{ISSUER}<S>{subject}").report

    assert report.faults == set()


@pytest.mark.parametrize(
    ("issuer", "subject", "cause"),
    [
        ("CN=Another CA, C=GB", CONTOSO, "issuer-differs"),
        (ISSUER, CONTOSO.replace("Reading", "London"), "subject-differs"),
        ("CN=Another CA, C=GB", CONTOSO.replace("Reading", "London"), "issuer-and-subject-differ"),
    ],
)
def test_another_issuer_or_subject_than_expected(estate: Estate, issuer: str, subject: str, cause: str) -> None:
    run = estate.look("contoso", "--expect-certificate", f"<I>{issuer}<S>{subject}")

    finding = run.report.finding("connector-certificate-mismatch")
    assert finding["facts"]["cause"] == cause
    if cause == "subject-differs":
        assert "L" in finding["facts"]["rdns"]
    assert (run.report.verdict, run.exit_code) == ("FAIL", 2)


@pytest.mark.parametrize(
    ("level", "case", "verdict"),
    [
        ("EncryptionOnly", "self-signed", "OK"),
        ("EncryptionOnly", "no-starttls", "FAIL"),
        ("CertificateValidation", "wrong-name", "OK"),
        ("CertificateValidation", "private-root", "FAIL"),
        ("CertificateValidation", "leaf-only", "FAIL"),
        ("DomainValidation", "full-chain", "OK"),
        ("DomainValidation", "wrong-name", "FAIL"),
    ],
)
def test_the_level_of_authentication(estate: Estate, level: str, case: str, verdict: str) -> None:
    name = ("--expect-name", HOST) if level == "DomainValidation" else ()

    assert estate.look(case, "--auth-level", level, *name).report.verdict == verdict
