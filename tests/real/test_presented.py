"""What a server presents and how it speaks, judged without any expectation: one nginx listener a case."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificates

from tests.pki import CLIENT_AUTH, TODAY, pem
from tests.real.client import run_probe
from tests.real.estate import AIA, Authorities, Estate
from tests.real.nginx import HOST

CERTIFICATE = {"certificate-trusted", "certificate-name-matches", "certificate-current"}
HEALTHY = ["full-chain", "rsa", "both-keys", "wildcard", "short-lived", "contoso", "tls12", "tls13"]


@pytest.mark.parametrize("case", [*HEALTHY, "smtps", "https", "direct"])
def test_a_healthy_server_is_ok(estate: Estate, case: str) -> None:
    report = estate.seen[case]

    assert report.faults == set()
    assert report.codes >= {"tls-established", *CERTIFICATE}
    assert report.verdict == "OK"
    assert report.observation["failure"] is None


@pytest.mark.parametrize(
    ("case", "fault", "verdict"),
    [
        ("expired", "certificate-expired", "FAIL"),
        ("issuer-expired", "certificate-expired", "FAIL"),
        ("not-yet-valid", "certificate-not-yet-valid", "FAIL"),
        ("wrong-name", "certificate-host-mismatch", "WARN"),
        ("common-name-only", "certificate-host-mismatch", "WARN"),  # RFC 9525 §2: the common name does not count
        ("private-root", "certificate-not-trusted", "WARN"),
        ("client-usage", "certificate-wrong-usage", "WARN"),
        ("sha1", "certificate-weak", "WARN"),
        ("rsa1024", "certificate-weak", "WARN"),
        ("expires-soon", "certificate-expires-soon", "WARN"),
        ("tls10", "tls-version-old", "WARN"),
        ("misordered", "chain-misordered", "WARN"),
        ("no-starttls", "starttls-not-supported", "WARN"),
    ],
)
def test_one_fault_is_one_finding(estate: Estate, case: str, fault: str, verdict: str) -> None:
    report = estate.seen[case]

    assert report.faults == {fault}
    assert report.finding(fault)["where"]["address"] == "127.0.0.1"
    assert report.verdict == verdict


@pytest.mark.parametrize(("case", "code"), [("full-chain", 0), ("wrong-name", 1), ("expired", 2)])
def test_the_exit_code_tells_the_verdict(estate: Estate, case: str, code: int) -> None:
    assert estate.look(case).exit_code == code


def test_several_targets_print_in_input_order(estate: Estate) -> None:
    cases = ["expired", "full-chain", "no-starttls", "smtps"]
    run = run_probe(*estate.arguments(*cases))

    assert [report.data["target"] for report in run.reports] == [estate.target(case) for case in cases]
    assert [report.verdict for report in run.reports] == ["FAIL", "OK", "WARN", "OK"]
    assert run.exit_code == 2


@pytest.mark.parametrize(
    "case",
    ["full-chain", "rsa", "leaf-only", "self-signed", "private-root", "with-root", "misordered", "stranger-sent"],
)
def test_the_chain_is_reported_exactly_as_it_was_sent(estate: Estate, case: str) -> None:
    reported = estate.seen[case].observation["certificates"]

    assert [(certificate["sha1"], certificate["sha256"]) for certificate in reported] == [
        (certificate.sha1, certificate.sha256) for certificate in estate.chain(case)
    ]


@pytest.mark.parametrize("case", ["leaf-only", "with-root", "misordered"])
def test_the_chain_is_written_exactly_as_it_was_sent(estate: Estate, case: str, tmp_path: Path) -> None:
    file = tmp_path / "chain.pem"
    estate.look(case, "--chain", file)

    sent = [certificate.certificate for certificate in estate.chain(case)]
    assert load_pem_x509_certificates(file.read_bytes()) == sent


def test_an_expired_leaf_is_otherwise_judged_as_any_other(estate: Estate) -> None:
    report = estate.seen["expired"]

    finding = report.finding("certificate-expired")
    assert (finding["where"]["position"], finding["facts"]["days_ago"]) == (0, "10")
    assert report.codes >= {"certificate-trusted", "certificate-name-matches"}


def test_an_expired_intermediate_is_found_at_its_place(estate: Estate) -> None:
    finding = estate.seen["issuer-expired"].finding("certificate-expired")

    assert finding["where"]["position"] == 1
    assert "Probe Test Stale CA" in finding["facts"]["subject"]


def test_certificates_are_judged_as_of_the_given_date(estate: Estate) -> None:
    later, sooner = (TODAY + timedelta(days=400)).isoformat(), (TODAY + timedelta(days=8)).isoformat()

    assert estate.look("full-chain", "--at", later).report.faults == {"certificate-expired"}
    assert estate.look("not-yet-valid", "--at", sooner).report.faults == set()


def test_warnings_of_expiry_can_be_moved(estate: Estate) -> None:
    early = estate.look("full-chain", "--warn-days", "365", "--warn-lifetime", "99")
    assert early.report.faults == {"certificate-expires-soon"}
    assert estate.look("expires-soon", "--warn-days", "5").report.faults == set()


def test_the_leaf_alone_lacks_its_issuer(estate: Estate) -> None:
    report = estate.seen["leaf-only"]

    assert (report.verdict, report.fact("certificate-not-trusted", "cause")) == ("WARN", "chain-incomplete")
    assert "CN=Probe Test Issuing CA" in report.fact("chain-incomplete", "missing")
    assert report.fact("chain-incomplete", "aia") == AIA


def test_what_exchange_made_for_itself_is_self_signed(estate: Estate) -> None:
    report = estate.seen["self-signed"]

    assert report.fact("certificate-not-trusted", "cause") == "self-signed"
    assert "ex01.contoso.local" in report.fact("certificate-host-mismatch", "presented")
    (leaf,) = report.observation["certificates"]
    assert (leaf["subject"], leaf["self_signed"]) == ("CN=EX01", True)


def test_a_root_of_ones_own_is_unknown_until_it_is_named(
    estate: Estate, authorities: Authorities, tmp_path: Path
) -> None:
    assert estate.seen["private-root"].fact("certificate-not-trusted", "cause") == "unknown-root"

    named = tmp_path / "private.pem"
    named.write_bytes(authorities.private_root.pem)
    report = estate.look("private-root", "--roots", named).report
    assert report.faults == set()


@pytest.mark.parametrize("case", ["with-root", "stranger-sent"])
def test_too_much_was_sent(estate: Estate, case: str) -> None:
    report = estate.seen[case]

    assert report.fact("chain-superfluous", "positions") == "2"
    assert report.codes >= CERTIFICATE
    assert report.verdict == "OK"


def test_the_names_that_a_wrong_certificate_has(estate: Estate) -> None:
    facts = estate.seen["wrong-name"].finding("certificate-host-mismatch")["facts"]

    assert facts["expected"] == HOST
    assert facts["presented"] == "other.example.org, other.example.net"


@pytest.mark.parametrize("case", ["smtps-wrong-name", "https-private-root"])
def test_tls_at_once_is_a_promise(estate: Estate, case: str) -> None:
    assert estate.seen[case].verdict == "FAIL"


@pytest.mark.parametrize(("case", "version"), [("tls10", "TLSv1"), ("tls12", "TLSv1.2"), ("tls13", "TLSv1.3")])
def test_the_version_is_what_the_server_speaks(estate: Estate, case: str, version: str) -> None:
    report = estate.seen[case]

    assert report.observation["session"]["version"] == version
    assert report.fact("tls-version-old" if case == "tls10" else "tls-established", "version") == version


def test_a_minimum_version_of_ones_own(estate: Estate) -> None:
    report = estate.look("tls12", "--min-tls", "1.3").report

    assert (report.faults, report.verdict) == ({"tls-version-old"}, "FAIL")


@pytest.mark.parametrize("case", ["certificate-asked", "certificate-asked-tls12"])
def test_a_server_may_ask_for_a_certificate_of_ours(estate: Estate, case: str) -> None:
    report = estate.seen[case]

    # nginx asks without naming an authority here, as Exchange does.
    assert report.observation["session"]["certificate_requested"] is True
    assert report.observation["client_cas"] == []
    assert report.faults == set()
    assert estate.seen["full-chain"].observation["session"]["certificate_requested"] is False


def test_a_required_certificate_can_be_given(estate: Estate, authorities: Authorities, tmp_path: Path) -> None:
    refused = estate.seen["certificate-required"]
    assert refused.faults == {"client-certificate-required"}
    assert refused.observation["client_cas"] == ["CN=Probe Test Root, O=Probe Tests, C=GB"]
    assert len(refused.observation["certificates"]) == 2

    ours = authorities.root.leaf(names=("us.example.org",), eku=(CLIENT_AUTH,))
    certificate, key = tmp_path / "us.pem", tmp_path / "us.key"
    certificate.write_bytes(pem(ours))
    key.write_bytes(ours.key_pem)
    given = estate.look("certificate-required", "--client-cert", certificate, "--client-key", key).report
    assert given.faults == set()


def test_no_starttls_is_told_with_what_was_offered(estate: Estate) -> None:
    report = estate.seen["no-starttls"]

    assert report.fact("starttls-not-supported", "cause") == "not-offered"
    assert "8BITMIME" in report.fact("starttls-not-supported", "keywords")
    assert report.observation["session"] is None
    assert report.observation["certificates"] == []


def test_keywords_come_in_the_order_in_which_they_were_sent(estate: Estate) -> None:
    keywords = estate.seen["full-chain"].observation["keywords"]

    assert keywords == ["SIZE 10485760", "8BITMIME", "PIPELINING", "AUTH PLAIN LOGIN", "STARTTLS"]


def test_two_servers_behind_one_address(estate: Estate) -> None:
    even = estate.look("full-chain", "--repeat", "4").report
    assert "address-drift" not in even.codes
    assert len(even.data["observations"]) == 4

    uneven = estate.look("uneven", "--repeat", "4").report
    assert uneven.finding("address-drift")["verdict"] == "OK"
    for case in ("full-chain", "renewed"):
        assert estate.chain(case)[0].sha1 in uneven.fact("address-drift", "certificates").lower()


def test_two_servers_behind_one_address_of_which_one_is_bad(estate: Estate) -> None:
    report = estate.look("uneven-expired", "--repeat", "4").report

    assert report.finding("address-drift")["verdict"] == "WARN"
    assert report.faults == {"address-drift", "certificate-expired"}
