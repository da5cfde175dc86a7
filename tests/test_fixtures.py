"""The fixtures: made again byte for byte, judged as the table says, and no finding without one that raises it."""

import json
import shlex
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from jsonschema import Draft202012Validator

from fixtures.certificates import sample
from fixtures.make import HERE, files
from fixtures.scenes import ENDINGS
from probe import config
from probe.cli import run
from probe.judge.catalogue import CATALOGUE
from probe.judge.catalogue.duty import DUTY
from probe.judge.catalogue.export import EXPORT
from probe.judge.catalogue.hybrid import HYBRID
from probe.judge.catalogue.inbound import ATTRIBUTION
from probe.judge.catalogue.inbound_named import SEND_NAMED
from probe.judge.catalogue.installed import INSTALLED
from probe.judge.catalogue.logged import LOGGED
from probe.judge.catalogue.rehearsal import REHEARSAL
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import Verdict
from probe.report.json import schema
from probe.report.wording import cause

ROOTS = HERE / "roots.pem"
SHA1 = "52B4AA6D EFE3B5CB 25122B92 519B89BE 3082BBA1"  # of the healthy leaf, as the samples' list has it
NAME = "--expect-name mail.contoso.com"
ISSUER = 'CN=Fabrikam TLS RSA CA 2025, O="Fabrikam Trust Services, Inc.", C=US'
SUBJECT = "CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB"

OK, WARN, FAIL, UNKNOWN = "OK", "WARN", "FAIL", "UNKNOWN"
SELF_SIGNED = {"certificate-not-trusted:self-signed", "certificate-host-mismatch"}
INCOMPLETE = {"certificate-not-trusted:chain-incomplete", "chain-incomplete"}


def identity(issuer: str, subject: str) -> str:
    return f"--expect-certificate {shlex.quote(f'<I>{issuer}<S>{subject}')}"


# Evidence, options, the verdict, and every finding that is not OK, with its cause.
CASES: tuple[tuple[str, str, str, set[str]], ...] = (
    ("healthy", "", OK, set()),
    ("healthy", NAME, OK, set()),
    ("healthy", "--at 2026-10-18T23:59:59Z", FAIL, {"certificate-not-yet-valid"}),
    ("healthy", "--at 2026-10-19", OK, set()),
    ("healthy", "--at 2027-04-10", OK, set()),
    ("healthy", "--at 2027-04-11", WARN, {"certificate-expires-soon"}),
    ("healthy", "--at 2027-04-11 --warn-days 20", OK, set()),
    ("healthy", "--at 2027-05-01T23:59:59Z", WARN, {"certificate-expires-soon"}),
    ("healthy", "--at 2027-05-02", FAIL, {"certificate-expired"}),
    ("healthy", "--at 2029-06-02", FAIL, {"certificate-expired"}),
    ("healthy", "--expect-name *.contoso.com", OK, set()),
    ("healthy", "--expect-name mail.fabrikam.com", FAIL, {"certificate-host-mismatch"}),
    ("healthy", "--expect-name mail.fabrikam.com --auth-level CertificateValidation", OK, set()),
    ("healthy", f"--expect-thumbprint '{SHA1}'", OK, set()),
    ("healthy", f"--expect-thumbprint {'0' * 40}", FAIL, {"connector-certificate-mismatch:thumbprint-differs"}),
    ("healthy", f"--expect-thumbprint {'0' * 40} --expect-thumbprint '{SHA1}'", OK, set()),
    ("healthy", identity(ISSUER, SUBJECT), OK, set()),
    ("healthy", identity(ISSUER, SUBJECT.replace("S=", "ST=")), OK, set()),
    (
        "wrong-intermediate",
        identity(ISSUER, SUBJECT),
        FAIL,
        {"connector-certificate-mismatch:issuer-differs", *INCOMPLETE},
    ),
    ("healthy", identity(ISSUER, "CN=x.org"), FAIL, {"connector-certificate-mismatch:subject-differs"}),
    ("healthy", identity("CN=A", "CN=B"), FAIL, {"connector-certificate-mismatch:issuer-and-subject-differ"}),
    ("healthy", "--min-tls 1.3", OK, set()),
    ("healthy", f"--roots {HERE}/exchange/int2025.pem", OK, set()),
    ("expired", "", FAIL, {"certificate-expired"}),
    ("expired", NAME, FAIL, {"certificate-expired"}),
    ("expired", "--at 2026-11-01", WARN, {"certificate-expires-soon"}),
    ("expired", "--at 2026-01-01", OK, set()),
    ("self-signed", "", WARN, SELF_SIGNED),
    ("self-signed", NAME, FAIL, SELF_SIGNED),
    ("self-signed", "--auth-level EncryptionOnly", OK, set()),
    ("self-signed", f"{NAME} --auth-level EncryptionOnly", OK, set()),
    ("self-signed", "--auth-level CertificateValidation", FAIL, {"certificate-not-trusted:self-signed"}),
    ("self-signed", f"--roots {HERE}/exchange/selfsigned.pem", WARN, {"certificate-host-mismatch"}),
    ("self-signed", f"--roots {HERE}/exchange/selfsigned.pem --expect-name EX01", OK, set()),
    ("leaf-only", "", WARN, INCOMPLETE),
    ("leaf-only", NAME, FAIL, INCOMPLETE),
    ("wrong-intermediate", NAME, FAIL, INCOMPLETE),
    ("wrong-intermediate", f"{NAME} --roots {HERE}/exchange/int2026.pem", OK, set()),
    ("with-root", NAME, OK, set()),
    ("misordered", NAME, WARN, {"chain-misordered"}),
    ("duplicate", NAME, OK, set()),
    ("private-root", "", WARN, {"certificate-not-trusted:unknown-root"}),
    ("private-root", NAME, FAIL, {"certificate-not-trusted:unknown-root"}),
    ("bad-signature", NAME, FAIL, {"certificate-not-trusted:path-invalid"}),
    ("wrong-name", "", WARN, {"certificate-host-mismatch"}),
    ("wrong-name", NAME, FAIL, {"certificate-host-mismatch"}),
    ("wrong-name", "--expect-name webmail.contoso.com", OK, set()),
    ("client-usage", "", WARN, {"certificate-wrong-usage"}),
    ("client-usage", NAME, FAIL, {"certificate-wrong-usage"}),
    ("unreadable", "", WARN, {"certificate-unreadable"}),
    ("unreadable", NAME, FAIL, {"certificate-unreadable"}),
    ("no-certificate", NAME, FAIL, {"certificate-unreadable"}),
    ("weak", "", WARN, {"certificate-weak"}),
    ("weak", NAME, FAIL, {"certificate-weak"}),
    ("expired-cross-signature", NAME, WARN, {"chain-superfluous"}),
    ("starttls-not-offered", "", WARN, {"starttls-not-supported:not-offered"}),
    ("starttls-not-offered", "--auth-level EncryptionOnly", FAIL, {"starttls-not-supported:not-offered"}),
    ("starttls-no-certificate", NAME, FAIL, {"starttls-not-supported:no-usable-certificate"}),
    ("starttls-masked", NAME, FAIL, {"starttls-not-supported:masked"}),
    ("starttls-refused", NAME, FAIL, {"starttls-not-supported:refused"}),
    ("injected", "", FAIL, {"plaintext-injected"}),
    ("client-certificate", "", WARN, {"client-certificate-required:none-shown"}),
    ("client-certificate", NAME, FAIL, {"client-certificate-required:none-shown"}),
    ("client-certificate-refused", "", WARN, {"client-certificate-required:refused"}),
    ("tls-1.2", NAME, OK, set()),
    ("tls-1.2", "--min-tls 1.3", FAIL, {"tls-version-old:below-minimum"}),
    ("old-tls", "", WARN, {"tls-version-old:below-1.2", "cipher-weak"}),
    ("old-tls", NAME, FAIL, {"tls-version-old:below-1.2", "cipher-weak"}),
    ("old-tls", "--min-tls 1.2", FAIL, {"tls-version-old:below-1.2", "cipher-weak"}),
    ("old-tls", "--min-tls 1.0", WARN, {"cipher-weak"}),
    ("busy", NAME, UNKNOWN, {"not-observed:DIALOGUE/REJECTED"}),
    ("never-attempted", NAME, UNKNOWN, {"not-observed:CONNECT/TIMEOUT"}),
    ("bare-address", "", OK, set()),
    ("bare-address", NAME, OK, set()),
    ("https-self-signed", "", FAIL, SELF_SIGNED),
    ("smtps-self-signed", "", FAIL, SELF_SIGNED),
    ("submission-self-signed", "", FAIL, SELF_SIGNED),
    ("submission-self-signed", "--auth-level EncryptionOnly", OK, set()),
    ("drift", "", FAIL, {"certificate-expired", "address-drift"}),
    ("drift", "--at 2026-10-25 --warn-days 1", OK, set()),
    ("drift-harmless", "", OK, set()),
    ("uneven-behind-one-address", NAME, FAIL, {"certificate-expired", "address-drift"}),
    ("chain-cut", "", WARN, {"route-cut"}),
    ("one-address-refused", NAME, WARN, {"not-observed:CONNECT/REFUSED"}),
    ("mail-domain", "", OK, set()),
    ("null-mx", "", OK, set()),
    ("null-mx", NAME, FAIL, {"no-mail"}),
    ("no-such-domain", "", FAIL, {"name-not-found:no-such-name"}),
    ("host-without-address", "", WARN, {"name-not-found:no-addresses"}),
    ("no-host-with-address", "", FAIL, {"name-not-found:no-addresses"}),
    ("alias", "--expect-name mail.contoso.com", OK, set()),
    ("route-cut", "", WARN, {"route-cut"}),
    ("resolve-failed", "", UNKNOWN, {"not-observed:RESOLVE/REJECTED"}),
    ("resolve-timeout", "", UNKNOWN, {"not-observed:RESOLVE/TIMEOUT"}),
    ("resolve-unreachable", "", UNKNOWN, {"not-observed:RESOLVE/UNREACHABLE"}),
    ("resolve-loop", "", FAIL, {"not-observed:RESOLVE/PROTOCOL"}),
    ("one-family-only", "", UNKNOWN, {"not-observed:RESOLVE/UNREACHABLE"}),
    ("resolve-cut-short", "", UNKNOWN, {"not-observed:RESOLVE/TIMEOUT"}),
    ("half-resolved", "", WARN, {"not-observed:RESOLVE/REJECTED"}),
    *(
        (
            f"not-observed-{stage}-{kind}".lower(),
            NAME,
            # Nobody reached it, or it stalled or left before anything was refused: nothing is known.
            UNKNOWN if stage == "CONNECT" or kind == "TIMEOUT" or (stage, kind) == ("DIALOGUE", "CLOSED") else FAIL,
            {f"not-observed:{stage}/{kind}"},
        )
        for stage, kind in ENDINGS
    ),
    # Clients at our listener.
    ("delivery-whole", "", OK, set()),
    ("delivery-whole", "--at 2026-10-18T23:59:59Z", FAIL, {"certificate-not-yet-valid:client"}),
    ("delivery-whole", "--at 2027-04-11", WARN, {"certificate-expires-soon:client"}),
    ("delivery-whole", NAME, OK, set()),
    ("delivery-whole", "--expect-name mail.fabrikam.com", FAIL, {"certificate-host-mismatch:client"}),
    ("delivery-whole", f"--expect-thumbprint '{SHA1}'", OK, set()),
    ("delivery-whole", f"--expect-thumbprint {'0' * 40}", FAIL, {"connector-certificate-mismatch:thumbprint-differs"}),
    (
        "delivery-leaf-only",
        "",
        FAIL,
        {"certificate-not-trusted:client-chain-incomplete", "chain-incomplete:client"},
    ),
    ("delivery-leaf-only", "--auth-level EncryptionOnly", OK, set()),
    ("delivery-expired", "", FAIL, {"certificate-expired:client"}),
    ("delivery-self-signed", "", FAIL, {"certificate-not-trusted:client-self-signed"}),
    ("delivery-private-root", "", FAIL, {"certificate-not-trusted:client-unknown-root"}),
    ("delivery-bad-signature", "", FAIL, {"certificate-not-trusted:client-path-invalid"}),
    ("delivery-misordered", "", WARN, {"chain-misordered:client"}),
    ("delivery-duplicate", "", OK, set()),
    ("delivery-client-usage", "", FAIL, {"certificate-wrong-usage:client"}),
    ("delivery-weak", "", WARN, {"certificate-weak:client"}),
    ("delivery-unreadable", "", FAIL, {"certificate-unreadable:client"}),
    ("delivery-no-certificate", "", WARN, {"client-certificate-not-sent"}),
    ("delivery-no-certificate", NAME, FAIL, {"client-certificate-not-sent"}),
    ("delivery-handshake-refused", "", FAIL, {"client-handshake-failed:refused-ours"}),
    ("delivery-handshake-closed", "", FAIL, {"client-handshake-failed:closed"}),
    ("delivery-handshake-key-mismatch", "", FAIL, {"client-handshake-failed:key-mismatch"}),
    ("delivery-handshake-nothing-in-common", "", FAIL, {"client-handshake-failed:nothing-in-common"}),
    ("delivery-handshake-not-tls", "", FAIL, {"client-handshake-failed:not-tls"}),
    ("delivery-handshake-timed-out", "", UNKNOWN, {"client-handshake-failed:timed-out"}),
    ("delivery-handshake-other", "", FAIL, {"client-handshake-failed"}),
    ("delivery-then-silence", "", WARN, {"client-left"}),
    ("delivery-then-gone", "", OK, set()),
    ("delivery-old-tls", "", FAIL, {"tls-version-old:client", "cipher-weak:client"}),
    ("delivery-in-plain-text", "", WARN, {"client-without-tls"}),
    ("delivery-in-plain-text", NAME, FAIL, {"client-without-tls"}),
    ("delivery-scan", "", UNKNOWN, {"client-without-tls:left"}),
    ("delivery-put-off", "", UNKNOWN, {"client-without-tls:put-off"}),
    ("delivery-injected", "", FAIL, {"plaintext-injected:client"}),
    # What the domain has promised, kept and broken.
    ("dane-absent", "", OK, set()),
    ("dane-absent-unsigned", "", OK, set()),
    (
        "dane-anchor-is-no-issuer",
        "",
        FAIL,
        {"certificate-not-trusted:chain-incomplete", "chain-incomplete", "tlsa-invalid:anchor-not-issuer"},
    ),
    ("dane-anchor-is-the-leaf", "", FAIL, {"tlsa-invalid:anchor-is-leaf"}),
    ("dane-expired-and-misnamed-by-issuer", "", FAIL, {"certificate-expired", "certificate-host-mismatch"}),
    ("dane-expired-and-misnamed-by-key", "", OK, set()),
    ("dane-honoured", "", OK, set()),
    ("dane-key-and-issuer", "", OK, set()),
    ("dane-key-and-next", "", OK, set()),
    ("dane-mx-insecure", "", OK, set()),
    ("dane-not-validated", "", UNKNOWN, {"dane-not-validated:records-seen"}),
    ("dane-not-validated-none-seen", "", OK, set()),
    (
        "dane-one-address-of-two",
        "",
        FAIL,
        {"address-drift", "certificate-expired", "certificate-host-mismatch", "tlsa-invalid:no-match"},
    ),
    ("dane-one-unusable", "", WARN, {"tlsa-unusable:some"}),
    ("dane-other-key", "", FAIL, {"tlsa-invalid:no-match"}),
    ("dane-root-not-sent", "", FAIL, {"tlsa-invalid:anchor-not-sent"}),
    (
        "dane-second-certificate",
        "",
        FAIL,
        {"certificate-expired", "certificate-host-mismatch", "tlsa-invalid:no-match"},
    ),
    ("dane-tlsa-bogus", "", FAIL, {"dnssec-invalid:tlsa"}),
    ("dane-tlsa-failed", "", UNKNOWN, {"dane-lookup-failed"}),
    ("dane-unusable", "", WARN, {"tlsa-unusable:all"}),
    ("dane-web", "", OK, set()),
    (
        "dane-web-untrusted",
        "",
        FAIL,
        {
            "certificate-expired",
            "certificate-host-mismatch",
            "certificate-not-trusted:chain-incomplete",
            "chain-incomplete",
            "tlsa-invalid:pkix-invalid",
        },
    ),
    ("dane-without-starttls", "", FAIL, {"starttls-not-supported:not-offered"}),
    ("dnssec-bogus-host", "", FAIL, {"dnssec-invalid:addresses"}),
    ("dnssec-bogus-mx", "", FAIL, {"dnssec-invalid:mx"}),
    ("sts-absent", "", OK, set()),
    ("sts-and-dane", "", FAIL, {"certificate-host-mismatch"}),
    ("sts-enforced", "", OK, set()),
    ("sts-fetch-failed-remembered", "", WARN, {"sts-policy-fetch-error:status", "sts-policy-remembered"}),
    ("sts-fetch-handshake", "", WARN, {"sts-policy-fetch-error:tls"}),
    ("sts-fetch-html", "", WARN, {"sts-policy-fetch-error:media-type"}),
    ("sts-fetch-not-found", "", WARN, {"sts-policy-fetch-error:status"}),
    ("sts-fetch-old-tls", "", WARN, {"sts-policy-fetch-error:tls"}),
    ("sts-fetch-packed", "", WARN, {"sts-policy-fetch-error:encoding"}),
    ("sts-fetch-redirected", "", WARN, {"sts-policy-fetch-error:redirect"}),
    ("sts-fetch-refused", "", WARN, {"sts-policy-fetch-error:connection"}),
    ("sts-fetch-rubbish", "", WARN, {"sts-policy-fetch-error:response"}),
    ("sts-fetch-timeout", "", WARN, {"sts-policy-fetch-error:timeout"}),
    ("sts-fetch-too-large", "", WARN, {"sts-policy-fetch-error:too-large"}),
    ("sts-host-lookup-failed", "", WARN, {"sts-policy-fetch-error:lookup"}),
    ("sts-host-misnamed-enforce", "", FAIL, {"certificate-host-mismatch"}),
    ("sts-host-misnamed-testing", "", WARN, {"certificate-host-mismatch"}),
    ("sts-host-without-address", "", WARN, {"sts-policy-fetch-error:name"}),
    ("sts-host-without-starttls-enforce", "", FAIL, {"starttls-not-supported:not-offered"}),
    ("sts-host-without-starttls-testing", "", WARN, {"starttls-not-supported:not-offered"}),
    ("sts-mx-not-covered-enforce", "", FAIL, {"certificate-host-mismatch", "mx-not-in-policy"}),
    ("sts-mx-not-covered-testing", "", WARN, {"certificate-host-mismatch", "mx-not-in-policy"}),
    ("sts-off", "", OK, set()),
    ("sts-policy-malformed", "", WARN, {"sts-policy-invalid:syntax"}),
    ("sts-policy-of-unknown-mode", "", WARN, {"sts-policy-invalid:mode"}),
    ("sts-policy-of-version-2", "", WARN, {"sts-policy-invalid:version"}),
    ("sts-policy-without-max-age", "", WARN, {"sts-policy-invalid:max-age"}),
    ("sts-policy-without-mx", "", WARN, {"sts-policy-invalid:mx"}),
    ("sts-record-malformed", "", WARN, {"sts-record-invalid:syntax"}),
    ("sts-record-of-version-2", "", WARN, {"sts-record-invalid:version"}),
    ("sts-record-twice", "", WARN, {"sts-record-invalid:several"}),
    ("sts-record-unknown", "", UNKNOWN, {"sts-lookup-failed"}),
    ("sts-record-without-id", "", WARN, {"sts-record-invalid:id"}),
    ("sts-remembered", "", WARN, {"sts-policy-remembered"}),
    ("sts-remembered-body-unchanged", "", OK, set()),
    ("sts-remembered-id-unchanged", "", WARN, {"sts-policy-id-unchanged"}),
    ("sts-testing", "", OK, set()),
    ("sts-web-client-usage", "", WARN, {"sts-webpki-invalid:wrong-usage"}),
    ("sts-web-expired", "", WARN, {"sts-webpki-invalid:expired"}),
    ("sts-web-misnamed", "", WARN, {"sts-webpki-invalid:host-mismatch"}),
    ("sts-web-not-yet-valid", "", WARN, {"sts-webpki-invalid:not-yet-valid"}),
    ("sts-web-unreadable", "", WARN, {"sts-webpki-invalid:unreadable"}),
    ("sts-web-untrusted", "", WARN, {"sts-webpki-invalid:not-trusted"}),
    ("tlsrpt-absent", "", OK, set()),
    ("tlsrpt-malformed", "", WARN, {"tlsrpt-record-invalid:syntax"}),
    ("tlsrpt-of-version-2", "", WARN, {"tlsrpt-record-invalid:version"}),
    ("tlsrpt-twice", "", WARN, {"tlsrpt-record-invalid:several"}),
    ("tlsrpt-unknown", "", WARN, {"tlsrpt-lookup-failed"}),
    ("tlsrpt-valid", "", OK, set()),
    ("tlsrpt-without-scheme", "", WARN, {"tlsrpt-record-invalid:rua"}),
    # The same under demands.
    ("dane-honoured", "--dane require", OK, set()),
    ("dane-honoured", f"--next-certificate {HERE}/exchange/renewed_same.pem", WARN, {"dane-rollover:next-not-covered"}),
    ("dane-key-and-next", f"--next-certificate {HERE}/exchange/renewed_newissuer.pem", OK, set()),
    ("dane-honoured", NAME, OK, set()),
    ("dane-expired-and-misnamed-by-key", NAME, FAIL, {"certificate-expired", "certificate-host-mismatch"}),
    ("dane-expired-and-misnamed-by-key", "--dane off", FAIL, {"certificate-expired", "certificate-host-mismatch"}),
    ("dane-other-key", "--dane off", OK, set()),
    ("dane-without-starttls", "--dane off", WARN, {"starttls-not-supported:not-offered"}),
    ("dane-absent", "--dane require", FAIL, {"dane-required:no-records"}),
    ("healthy", "--dane require", UNKNOWN, {"dane-required:not-asked"}),
    ("dane-absent-unsigned", "--dane require", FAIL, {"dane-required:insecure", "dane-required:mx-insecure"}),
    ("dane-mx-insecure", "--dane require", FAIL, {"dane-required:mx-insecure"}),
    ("dane-unusable", "--dane require", FAIL, {"dane-required:unusable", "tlsa-unusable:all"}),
    ("dane-not-validated-none-seen", "--dane require", UNKNOWN, {"dane-required:not-validated"}),
    ("dnssec-bogus-mx", "--dane off", FAIL, {"dnssec-invalid:mx"}),
    ("sts-enforced", "--mta-sts require", OK, set()),
    ("sts-testing", "--mta-sts require", WARN, {"sts-required:mode-testing"}),
    ("sts-off", "--mta-sts require", FAIL, {"sts-required:mode-none"}),
    ("sts-absent", "--mta-sts require", FAIL, {"sts-required:no-record"}),
    (
        "sts-fetch-not-found",
        "--mta-sts require",
        FAIL,
        {"sts-required:no-policy", "sts-policy-fetch-error:status"},
    ),
    ("sts-host-misnamed-enforce", "--mta-sts off", WARN, {"certificate-host-mismatch"}),
    ("tlsrpt-absent", "--tlsrpt require", FAIL, {"tlsrpt-required:no-record"}),
    ("tlsrpt-twice", "--tlsrpt require", FAIL, {"tlsrpt-required:record-invalid", "tlsrpt-record-invalid:several"}),
    ("tlsrpt-twice", "--tlsrpt off", OK, set()),
    ("tlsrpt-unknown", "--tlsrpt require", UNKNOWN, {"tlsrpt-lookup-failed"}),
    # Nobody looked.
    ("dane-honoured", "--mta-sts require", UNKNOWN, {"sts-required:not-asked"}),
    ("dane-honoured", "--tlsrpt require", UNKNOWN, {"tlsrpt-required:not-asked"}),
)

EXIT_CODES = {OK: 0, WARN: 1, FAIL: 2, UNKNOWN: 3}
EVIDENCE = sorted((HERE / "evidence").glob("*.json"))


def judged(capsys: pytest.CaptureFixture[str], name: str, options: str) -> tuple[int, dict[str, Any]]:
    roots = () if "--roots" in options else ("--roots", str(ROOTS))
    path = HERE / "evidence" / f"{name}.json"
    code = run(["judge", str(path), "--format", "json", *roots, *shlex.split(options)])
    return code, json.loads(capsys.readouterr().out)


def named(finding: dict[str, Any]) -> str:
    facts = finding["facts"]
    told = f"{facts['stage']}/{facts['kind']}" if finding["code"] == "not-observed" else facts.get("cause")
    return f"{finding['code']}:{told}" if told else finding["code"]


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


@pytest.mark.parametrize(("name", "options", "verdict", "faults"), CASES)
def test_evidence_is_judged_as_it_was_made_to_be(
    capsys: pytest.CaptureFixture[str], name: str, options: str, verdict: str, faults: set[str]
) -> None:
    code, report = judged(capsys, name, options)

    assert {named(finding) for finding in report["findings"] if finding["verdict"] != OK} == faults
    assert (report["verdict"], code) == (verdict, EXIT_CODES[verdict])
    validator().validate(report)


@cache
def raised() -> frozenset[tuple[str, str | None]]:
    """Every (code, cause) that the evidence raises, as it is or under the options of the table."""
    found = set()
    anchors = config.anchors([str(ROOTS)])
    for path in EVIDENCE:
        for evidence in config.evidence(path):
            for standard in (Standard(), Standard(next_certificate=(sample("renewed_newissuer"),))):
                report = judge(evidence, standard, anchors, evidence.at)
                found |= {(finding.code, cause(finding)) for finding in report.findings}
    for _, _, _, faults in CASES:
        for fault in faults:
            code, _, told = fault.partition(":")
            found.add((code, told or None))
    return frozenset(found)


# These are good news of an expectation: the evidence alone cannot raise them.
WITH_OPTIONS = {"connector-certificate-matches": f"--expect-thumbprint '{SHA1}'"}


# These rest on exports, on logs, or on a certificate to come: their own tests raise them.
ELSEWHERE = {entry.code for entry in (*HYBRID, *EXPORT, *LOGGED, *REHEARSAL, *DUTY, *ATTRIBUTION)}


@pytest.mark.parametrize("code", [code for code in CATALOGUE if code not in ELSEWHERE])
def test_every_finding_has_evidence_that_raises_it(capsys: pytest.CaptureFixture[str], code: str) -> None:
    if code in WITH_OPTIONS:
        _, report = judged(capsys, "healthy", WITH_OPTIONS[code])
        assert code in {finding["code"] for finding in report["findings"]}
    else:
        assert code in {raised for raised, _ in raised()}


@pytest.mark.parametrize("code", [code for code, entry in CATALOGUE.items() if entry.causes and code not in ELSEWHERE])
def test_every_cause_has_evidence_that_raises_it(code: str) -> None:
    needs_exports = {*INSTALLED, *SEND_NAMED} if code == "connector-certificate-mismatch" else set()
    told = {told for found, told in raised() if found == code}
    assert told - {None} == set(CATALOGUE[code].causes) - needs_exports  # of some codes, only clients have causes


def test_every_piece_of_evidence_is_in_the_table() -> None:
    assert {path.stem for path in EVIDENCE} == {name for name, *_ in CASES}


def test_the_files_are_what_the_program_makes() -> None:
    made = files()
    assert {path for path in made if path.parent.name == "evidence"} == set(EVIDENCE)
    for path, data in made.items():
        assert path.read_bytes() == data, f"{path.name} is out of date: python -m fixtures.make"


def test_no_private_key_is_among_them() -> None:
    for path in HERE.rglob("*"):
        if path.suffix in (".pem", ".json", ".md"):
            assert b"PRIVATE KEY" not in path.read_bytes()


def test_the_exchange_samples_are_certificates_valid_when_judged() -> None:
    for path in (HERE / "exchange").glob("*.pem"):
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        current = certificate.not_valid_before_utc <= config.moment("2026-11-21") <= certificate.not_valid_after_utc
        assert current is (path.stem != "old")


def test_the_readme_names_every_sample_and_every_module() -> None:
    text = (HERE / "README.md").read_text(encoding="utf-8")
    for path in (*(HERE / "exchange").glob("*.pem"), *HERE.glob("*.py")):
        assert path.name in text or path.name == "__init__.py"


def test_verdicts_of_the_table_cover_all_four() -> None:
    assert {verdict for _, _, verdict, _ in CASES} == set(Verdict)
