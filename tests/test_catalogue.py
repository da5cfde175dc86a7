"""The catalogue of findings: complete, within bounds, and the same in the documents."""

import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from probe.judge.catalogue import CATALOGUE, Cause, Entry, explain
from probe.model import Kind, Stage

ROOT = Path(__file__).resolve().parent.parent

# What needs no mending: the finding only ever says that something holds.
GOOD = {
    "tls-established",
    "certificate-trusted",
    "certificate-name-matches",
    "certificate-current",
    "connector-certificate-matches",
    "dane-matched",
    "sts-policy-valid",
    "sts-host-accepted",
    "tlsrpt-valid",
    # hybrid: endpoints held against exports
    "connector-applies",
    "client-certificate-asked",
    # export: what exports say by themselves
    "connector-name-resolves",
    "tls-domain-matches",
    "sender-name-matches",
    "sender-name-accepted",
    "capabilities-set",
    "hybrid-configuration-agrees",
    # logged: protocol logs
    "log-sessions-good",
    "log-trust-granted",
    "log-certificate-changed",
    "log-certificate-agrees",
    # rehearsal: the next certificate
    "rehearsal-lifetime",
    "rehearsal-not-looked",
    # inbound: deliveries to our listener
    "attributed-by-certificate",
    "attributed-by-address",
}

# RFC 8460 §4.3, and the registry of §6.6
RESULT_TYPES = {
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-expired",
    "certificate-not-trusted",
    "validation-failure",
    "tlsa-invalid",
    "dnssec-invalid",
    "dane-required",
    "sts-policy-fetch-error",
    "sts-policy-invalid",
    "sts-webpki-invalid",
}

CODES = (
    "no-mail",
    "name-not-found",
    "mx-is-alias",
    "route-cut",
    "not-observed",
    "starttls-not-supported",
    "plaintext-injected",
    "client-certificate-required",
    "tls-established",
    "tls-version-old",
    "cipher-weak",
    "certificate-trusted",
    "certificate-not-trusted",
    "chain-incomplete",
    "chain-misordered",
    "chain-superfluous",
    "certificate-name-matches",
    "certificate-host-mismatch",
    "certificate-name-unchecked",
    "certificate-current",
    "certificate-expired",
    "certificate-not-yet-valid",
    "certificate-expires-soon",
    "certificate-wrong-usage",
    "certificate-weak",
    "certificate-unreadable",
    "connector-certificate-matches",
    "connector-certificate-mismatch",
    "address-drift",
    "dane-matched",
    "tlsa-invalid",
    "dane-rollover",
    "tlsa-unusable",
    "dnssec-invalid",
    "dane-lookup-failed",
    "dane-not-validated",
    "dane-absent",
    "dane-mx-insecure",
    "dane-required",
    "sts-absent",
    "sts-record-invalid",
    "sts-lookup-failed",
    "sts-required",
    "sts-policy-valid",
    "sts-policy-fetch-error",
    "sts-policy-invalid",
    "sts-webpki-invalid",
    "sts-policy-remembered",
    "sts-policy-id-unchanged",
    "sts-policy-body-unchanged",
    "mx-not-in-policy",
    "sts-host-accepted",
    "tlsrpt-valid",
    "tlsrpt-absent",
    "tlsrpt-record-invalid",
    "tlsrpt-lookup-failed",
    "tlsrpt-required",
    # hybrid: endpoints held against exports
    "connector-applies",
    "connector-ambiguous",
    "connector-goes-elsewhere",
    "connector-none",
    "export-outdated",
    "client-certificate-asked",
    "client-certificate-not-asked",
    # export: what exports say by themselves
    "connector-name-resolves",
    "connector-name-stale",
    "connector-name-finds-nothing",
    "connector-name-ambiguous",
    "connector-name-unreadable",
    "connector-name-long",
    "receive-name-null",
    "send-name-null",
    "installed-certificate-expired",
    "installed-certificate-not-yet-valid",
    "installed-certificate-expires-soon",
    "installed-certificate-keyless",
    "installed-certificate-untrusted",
    "installed-certificate-unfit",
    "installed-certificate-not-for-smtp",
    "installed-certificates-alike",
    "installed-certificate-out-of-date",
    "tls-domain-matches",
    "tls-domain-mismatch",
    "outbound-level-weak",
    "sender-name-matches",
    "sender-name-mismatch",
    "sender-name-accepted",
    "sender-name-not-accepted",
    "sender-name-legacy",
    "sender-name-missing",
    "inbound-ambiguous",
    "receive-range-catches",
    "hybrid-connector-missing",
    "receive-without-tls",
    "capabilities-set",
    "capabilities-missing",
    "send-ignores-starttls",
    "send-level-not-evaluated",
    "hybrid-configuration-agrees",
    "hybrid-configuration-drift",
    "export-lossy",
    "export-without-questions",
    # logged: protocol logs
    "log-sessions-good",
    "log-key-unusable",
    "log-tls-failed",
    "log-peer-left",
    "log-command-masked",
    "log-plain-text",
    "log-tls-old",
    "log-cut-short",
    "log-peer-refused",
    "log-trust-granted",
    "log-trust-missing",
    "log-refused",
    "log-revocation-unchecked",
    "log-self-signed-sent",
    "log-certificate-changed",
    "log-certificate-uneven",
    "log-certificate-agrees",
    "log-certificate-differs",
    "log-certificate-not-installed",
    "log-contradicted",
    "log-scrubbed",
    "log-incomplete",
    "log-not-kept",
    # rehearsal: the next certificate
    "rehearsal-file",
    "rehearsal-dates",
    "rehearsal-overlap",
    "rehearsal-trust",
    "rehearsal-intermediate",
    "rehearsal-usage",
    "rehearsal-key",
    "rehearsal-signature",
    "rehearsal-unnameable",
    "rehearsal-length",
    "rehearsal-lifetime",
    "rehearsal-connector",
    "rehearsal-same-name",
    "rehearsal-hybrid-configuration",
    "rehearsal-names",
    "rehearsal-servers",
    "rehearsal-not-exported",
    "rehearsal-tls-domain",
    "rehearsal-sender-name",
    "rehearsal-accepted-domain",
    "rehearsal-endpoint",
    "rehearsal-tlsa",
    "rehearsal-sts",
    "rehearsal-not-looked",
    # duty: what changed from look to look
    "certificate-changed",
    "policy-changed",
    # inbound: deliveries to our listener
    "attributed-by-certificate",
    "attributed-by-address",
    "not-attributed",
    "attribution-ambiguous",
    "attribution-unknown",
    "relay-refused",
    "partner-restricted",
    "client-certificate-not-sent",
    "client-handshake-failed",
    "client-left",
    "client-without-tls",
)

# How each stage can end early.
ENDINGS = {
    Stage.RESOLVE: (Kind.TIMEOUT, Kind.REJECTED, Kind.UNREACHABLE, Kind.PROTOCOL),
    Stage.CONNECT: (Kind.TIMEOUT, Kind.REFUSED, Kind.UNREACHABLE, Kind.CLOSED),
    Stage.DIALOGUE: (Kind.TIMEOUT, Kind.CLOSED, Kind.REJECTED, Kind.PROTOCOL),
    Stage.HANDSHAKE: (Kind.TIMEOUT, Kind.CLOSED, Kind.PROTOCOL, Kind.ALERT),
    Stage.AFTER: (Kind.TIMEOUT, Kind.CLOSED, Kind.REJECTED, Kind.PROTOCOL, Kind.ALERT),
}

CAUSES = {
    "name-not-found": {"no-such-name", "no-addresses"},
    "not-observed": {f"{stage}/{kind}" for stage, kinds in ENDINGS.items() for kind in kinds},
    "client-certificate-required": {"none-shown", "refused"},
    "tls-version-old": {"below-1.2", "below-minimum", "client"},
    # the same of a client's, where our listener is the server
    "plaintext-injected": {"client"},
    "cipher-weak": {"client"},
    "chain-incomplete": {"client"},
    "chain-misordered": {"client"},
    "chain-superfluous": {"client"},
    "certificate-host-mismatch": {"client"},
    "certificate-expired": {"client"},
    "certificate-not-yet-valid": {"client"},
    "certificate-expires-soon": {"client"},
    "certificate-wrong-usage": {"client"},
    "certificate-weak": {"client"},
    "certificate-unreadable": {"client"},
    "starttls-not-supported": {"not-offered", "no-usable-certificate", "masked", "refused"},
    "certificate-not-trusted": {
        "self-signed",
        "unknown-root",
        "chain-incomplete",
        "path-invalid",
        "client-self-signed",
        "client-unknown-root",
        "client-chain-incomplete",
        "client-path-invalid",
    },
    "connector-certificate-mismatch": {
        "thumbprint-differs",
        "issuer-differs",
        "subject-differs",
        "issuer-and-subject-differ",
        "name-unset",
        "another-installed",
        "not-installed",
        "send-old-installed",
        "send-another-installed",
        "send-not-installed",
        "send-name-stale",
    },
    "tlsa-invalid": {"no-match", "anchor-not-sent", "anchor-not-issuer", "anchor-is-leaf", "pkix-invalid"},
    "dane-rollover": {"next-covered", "next-not-covered", "complete-next", "complete-issuer", "incomplete"},
    "tlsa-unusable": {"all", "some"},
    "dnssec-invalid": {"mx", "addresses", "tlsa"},
    "dane-not-validated": {"none-seen", "records-seen"},
    "dane-required": {"no-records", "insecure", "unusable", "mx-insecure", "not-validated", "not-asked"},
    "sts-record-invalid": {"several", "version", "id", "syntax"},
    "sts-required": {"no-record", "no-policy", "mode-none", "mode-testing", "not-asked"},
    "sts-policy-fetch-error": {
        "name",
        "lookup",
        "connection",
        "timeout",
        "tls",
        "redirect",
        "status",
        "media-type",
        "encoding",
        "too-large",
        "response",
    },
    "sts-policy-invalid": {"syntax", "version", "mode", "max-age", "mx"},
    "sts-webpki-invalid": {"not-trusted", "host-mismatch", "expired", "not-yet-valid", "wrong-usage", "unreadable"},
    "tlsrpt-record-invalid": {"several", "version", "rua", "syntax"},
    "tlsrpt-required": {"no-record", "record-invalid", "not-asked"},
    # hybrid: endpoints held against exports
    "connector-none": {"none-leads-here", "not-exported"},
    "client-certificate-not-asked": {"configured", "some-configured", "not-configured"},
    # export: what exports say by themselves
    "hybrid-connector-missing": {"none-inbound", "no-inbound-for-us", "none-outbound"},
    "connector-name-stale": {"issuer-differs", "subject-differs", "issuer-and-subject-differ"},
    "connector-name-finds-nothing": {"nowhere", "server-lacks-it"},
    "connector-name-ambiguous": {"expired-among-them", "several-current"},
    "connector-name-long": {"edge", "no-edge"},
    "receive-name-null": {"self-signed", "ca-issued", "none", "unknown"},
    "send-name-null": {"self-signed", "ca-issued", "none", "unknown"},
    "installed-certificate-untrusted": {"self-signed", "revoked", "status"},
    "installed-certificate-unfit": {"elliptic", "usage"},
    "installed-certificates-alike": {"expired-among-them", "several-current"},
    "installed-certificate-out-of-date": {"expired", "expires-soon"},
    "tls-domain-mismatch": {"no-name", "depends"},
    "sender-name-mismatch": {"no-name", "legacy-differs", "depends"},
    "sender-name-not-accepted": {"foreign", "deeper"},
    "capabilities-missing": {"none", "legacy", "other-domain"},
    "hybrid-configuration-drift": {"certificate", "connectors-stale", "smart-host", "domains", "servers"},
    "export-lossy": {"lost", "cut", "absent"},
    # logged: protocol logs
    "log-key-unusable": {"no-credentials", "unknown-credentials", "another-works"},
    "log-cut-short": {"no-starttls"},
    "log-tls-failed": {"socket-error", "renegotiate", "nothing-in-common", "timed-out", "certificate-refused"},
    "log-peer-left": {"self-signed", "expired", "not-said"},
    "log-plain-text": {"others", "exchange-online"},
    "log-peer-refused": {"old-roots", "device-between", "wrong-expectation", "not-shown", "peer"},
    "log-trust-missing": {"no-domain", "no-certificate"},
    "log-refused": {
        "certificate-not-found",
        "not-attributed",
        "name-not-accepted",
        "partner-restricted",
        "out-of-date",
    },
    "log-self-signed-sent": {"receive", "send"},
    "log-certificate-uneven": {"by-server", "by-turns"},
    "log-certificate-agrees": {"superseded"},
    "log-certificate-differs": {"connector", "nothing-named", "wire"},
    "log-certificate-not-installed": {"nowhere", "elsewhere", "export-older", "since-removed"},
    "log-contradicted": {"expected-fails", "unfit-works"},
    "log-scrubbed": {"no-thumbprint", "names"},
    "log-incomplete": {"damaged", "omitted", "empty", "no-tls", "wire-unseen"},
    "log-not-kept": {"receive", "send"},
    # rehearsal: the next certificate
    "rehearsal-file": {"several-leaves", "authority"},
    "rehearsal-dates": {"expired", "not-yet-valid", "ends-first"},
    "rehearsal-overlap": {"gap", "too-late"},
    "rehearsal-trust": {"self-signed", "unknown-root", "path-invalid", "issuer-expired"},
    "rehearsal-intermediate": {"new", "not-in-file"},
    "rehearsal-usage": {"no-server-auth", "key-usage", "no-client-auth"},
    "rehearsal-key": {"ecdsa", "weak", "other"},
    "rehearsal-length": {"edge"},
    "rehearsal-connector": {
        "issuer-changes",
        "subject-changes",
        "issuer-and-subject-change",
        "unnamed",
        "unreadable",
        "name-absent",
        "name-lost",
    },
    "rehearsal-same-name": {"one-expired"},
    "rehearsal-names": {"lost"},
    "rehearsal-servers": {"no-key"},
    "rehearsal-not-exported": {"on-premises", "exchange-online", "too-many"},
    "rehearsal-tls-domain": {"not-covered", "unknown"},
    "rehearsal-sender-name": {"not-covered", "unknown"},
    "rehearsal-endpoint": {"other-installed", "stranger", "unobserved"},
    "rehearsal-tlsa": {"not-covered", "not-covered-unvalidated", "unknown"},
    "rehearsal-sts": {"name", "not-trusted", "unknown"},
    # duty: what changed from look to look
    "certificate-changed": {
        "expected",
        "renewed",
        "issuer-changed",
        "names-changed",
        "names-and-issuer-changed",
        "not-expected",
    },
    "policy-changed": {"weakened", "published", "edited"},
    # inbound: deliveries to our listener
    "not-attributed": {"not-sent", "chain-bad", "self-signed", "no-connector", "plain-text", "no-connectors-at-all"},
    "attribution-unknown": {"connectors", "address", "accepted-domains"},
    "relay-refused": {"null-sender", "foreign-sender", "name-not-accepted"},
    "client-handshake-failed": {
        "refused-ours",
        "closed",
        "key-mismatch",
        "nothing-in-common",
        "not-tls",
        "timed-out",
    },
    "client-without-tls": {"left", "put-off"},
}


def everything() -> Iterator[tuple[str, Entry | Cause]]:
    """Every entry and every cause, each with a name for the test report."""
    for code, entry in CATALOGUE.items():
        yield code, entry
        for cause, told in entry.causes.items():
            yield f"{code}:{cause}", told


TOLD = pytest.mark.parametrize("told", [pytest.param(told, id=name) for name, told in everything()])
EVERY_ENTRY = pytest.mark.parametrize("entry", [pytest.param(entry, id=code) for code, entry in CATALOGUE.items()])


def test_every_code_has_its_entry() -> None:
    assert set(CATALOGUE) == set(CODES)
    assert all(code == entry.code for code, entry in CATALOGUE.items())


@EVERY_ENTRY
def test_every_cause_is_told_apart(entry: Entry) -> None:
    assert set(entry.causes) == CAUSES.get(entry.code, set())


@EVERY_ENTRY
def test_entries_are_complete(entry: Entry) -> None:
    assert entry.cause
    assert entry.references
    assert bool(entry.remedy) is (entry.code not in GOOD)


@TOLD
def test_prose_is_prose(told: Entry | Cause) -> None:
    assert told.title[0].isupper()
    assert not told.title.endswith(".")
    assert len(told.title) <= 72
    assert told.meaning.endswith(".")
    assert "  " not in told.meaning


@TOLD
def test_remedies_can_be_read_and_pasted(told: Entry | Cause) -> None:
    assert isinstance(told, Entry) or told.remedy
    for line in told.remedy:
        assert line.strip()
        assert len(line) <= 110
        assert line.isascii()  # a typographic quote in a pasted command is a fault of its own
        assert line.startswith("    ") or line.endswith((".", ":"))


@TOLD
def test_a_certificate_put_to_use_needs_a_restart(told: Entry | Cause) -> None:
    # Exchange keeps the certificate in memory: without the restart the remedy changes nothing.
    text = "\n".join((*told.remedy, ""))
    for command in (
        "Set-ReceiveConnector '<RECEIVE-CONNECTOR>' -TlsCertificateName $n\n",
        "Import-Certificate ",
    ):
        assert "Restart-Service MSExchangeTransport" in text.partition(command)[2] or command not in text


@TOLD
def test_names_are_those_of_the_standards(told: Entry | Cause) -> None:
    assert told.tlsrpt is None or told.tlsrpt in RESULT_TYPES
    assert told.hresult is None or re.fullmatch(r"[A-Z_]+ 0x80[0-9A-F]{6}", told.hresult)


@TOLD
def test_words_of_exchange_online_are_given_once_and_the_older_ones_later(told: Entry | Cause) -> None:
    words = told.exchange_online or ()
    assert len(words) == len(set(words))
    if any("4.7.320" in line for line in words):
        assert words[0].startswith("450 4.4.317 ")


def test_a_cause_stands_in_for_the_entry() -> None:
    entry = explain("not-observed", "CONNECT/REFUSED")
    assert entry.code == "not-observed"
    assert entry.title == "The connection was refused"
    assert entry.exchange_online == ("450 4.4.316 Connection refused [Message=Socket error code 10061]",)
    assert entry.references == CATALOGUE["not-observed"].references


def test_a_cause_without_words_of_its_own_keeps_the_entry_s() -> None:
    entry = explain("certificate-not-trusted", "self-signed")
    assert entry.exchange_online == CATALOGUE["certificate-not-trusted"].exchange_online
    assert entry.hresult == "CERT_E_UNTRUSTEDROOT 0x800B0109"


def test_a_cause_may_say_that_exchange_online_says_nothing() -> None:
    assert explain("not-observed", "CONNECT/UNREACHABLE").exchange_online == ()


def test_an_unknown_cause_changes_nothing() -> None:
    assert explain("not-observed", "CONNECT/BORED") is CATALOGUE["not-observed"]
    assert explain("no-mail", "any") is CATALOGUE["no-mail"]


def test_an_unknown_code_is_an_error() -> None:
    with pytest.raises(KeyError):
        explain("no-such-code")


def test_untrusted_findings_say_whose_roots_they_rest_on() -> None:
    for cause in (None, "unknown-root"):
        meaning = explain("certificate-not-trusted", cause).meaning
        assert "The finding names the list of roots" in meaning
        assert "Microsoft's" in meaning


def test_exchange_online_is_quoted_only_for_what_it_compares() -> None:
    """It knows no thumbprints; a stale issuer or subject shows as STARTTLS missing, and on sending."""
    code = "connector-certificate-mismatch"
    assert explain(code).exchange_online == explain(code, "thumbprint-differs").exchange_online == ()
    assert "reports nothing" in explain(code, "thumbprint-differs").meaning
    for cause in ("issuer-differs", "subject-differs", "issuer-and-subject-differ"):
        told = explain(code, cause)
        assert "12014" in told.meaning
        assert any("451 5.7.3 STARTTLS is required" in line for line in told.exchange_online)
        assert any("TlsCertificateName of the SendConnector" in line for line in told.exchange_online)
        assert not any("SubjectMismatch" in line for line in told.exchange_online)


def test_a_version_that_exchange_online_takes_is_not_reported_by_it() -> None:
    assert "cannot connect" in explain("tls-version-old", "below-1.2").meaning
    assert explain("tls-version-old", "below-1.2").hresult == "SEC_E_ALGORITHM_MISMATCH 0x80090331"
    fine = explain("tls-version-old", "below-minimum")
    assert (fine.exchange_online, fine.tlsrpt, fine.hresult) == ((), None, None)
    assert "it connects and reports nothing" in fine.meaning
    assert not any("SCHANNEL" in line for line in fine.remedy)


def test_a_client_certificate_that_was_not_shown_is_not_one_that_was_refused() -> None:
    assert "got none" in explain("client-certificate-required", "none-shown").meaning
    assert "was shown" in explain("client-certificate-required", "refused").meaning


def test_an_unknown_issuer_is_not_called_a_root_for_certain() -> None:
    told = explain("certificate-not-trusted", "unknown-root").meaning
    assert "complete" not in told
    assert "a further intermediate is missing" in told
    for code, cause in (("chain-incomplete", None), ("certificate-not-trusted", "chain-incomplete")):
        assert "issues leaves from its root directly" in explain(code, cause).meaning


def test_the_document_is_what_the_catalogue_says() -> None:
    text = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    assert text == runpy.run_path(str(ROOT / "docs" / "generate.py"))["findings"]()
    headings = re.findall(r"^### ?(.*)|^## (.*)", text, re.MULTILINE)
    assert [second for _, second in headings if second] == list(CATALOGUE)
    assert sum(bool(first) for first, _ in headings) == sum(len(entry.causes) for entry in CATALOGUE.values())
