"""The JSON report: its keys, its schema, and that no text breaks it."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from probe.codec import decode_evidence, encode
from probe.model import (
    FORMAT,
    Dane,
    DaneStatus,
    Delivery,
    Dnssec,
    Outcome,
    PresentedChain,
    Promises,
    Record,
    Report,
    TlsRpt,
    Verdict,
)
from probe.report.json import render, schema
from tests import reports

UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
VALIDATOR = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())


def rendered(report: Report) -> Any:
    return json.loads(render(report))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_keys_are_those_that_were_promised() -> None:
    found = rendered(reports.exchange_default())
    assert list(found) == [
        "format",
        "target",
        "at",
        "verdict",
        "findings",
        "promises",
        "route",
        "observations",
        "alternatives",
        "policy_fetches",
        "roots",
        "resolvers",
        "ehlo",
        "attribution",
    ]
    assert (found["format"], found["target"], found["at"]) == (FORMAT, "mail.contoso.com:25", "2026-11-21T09:35:00Z")
    assert found["verdict"] == "FAIL"
    finding = found["findings"][0]
    assert finding["code"] == "certificate-host-mismatch"
    assert finding["where"] == {
        "kind": "certificate",
        "host": "mail.contoso.com",
        "address": "192.0.2.25",
        "port": 25,
        "position": 0,
    }
    assert finding["facts"]["presented"] == "EX01, EX01.contoso.local"
    assert finding["rule_book"] == "exchange-online"
    assert "450 4.7.320 Certificate validation failed [Message=SubjectMismatch]" in finding["exchange_online"]
    assert (finding["tlsrpt"], finding["hresult"]) == ("certificate-host-mismatch", "CERT_E_CN_NO_MATCH 0x800B010F")


def test_where_names_only_what_applies() -> None:
    places = [finding["where"] for finding in rendered(reports.mail_domain())["findings"]]
    assert {"kind": "target"} in places
    assert {"kind": "endpoint", "host": "mx2.contoso.com", "address": "198.51.100.25", "port": 25} in places


def test_a_failure_before_tls_has_nulls_where_nothing_was_seen() -> None:
    seen = rendered(reports.mail_domain())["observations"][2]
    assert seen["failure"] == {"stage": "CONNECT", "kind": "REFUSED", "detail": ""}
    assert (seen["session"], seen["certificates"], seen["keywords"]) == (None, [], [])


def test_certificates_stand_in_the_order_in_which_they_came() -> None:
    found = rendered(reports.mail_domain())["observations"][0]
    assert found["keywords"] == ["SIZE 37748736", "STARTTLS"]
    assert found["seconds"] == {"connect": 0.0123, "dialogue": 0.031, "handshake": 0.0457, "after": 0.012}
    leaf, issuing = found["certificates"]
    assert leaf["subject"] == "CN=mail.contoso.com"
    assert leaf["names"] == ["mail.contoso.com", "autodiscover.contoso.com"]
    assert (leaf["not_before"], leaf["not_after"]) == ("2026-09-05T00:00:00Z", "2027-03-05T00:00:00Z")
    assert (leaf["sha1"], leaf["sha256"]) == (reports.LEAF.sha1, reports.LEAF.sha256)
    assert issuing["sha256"] == reports.ISSUING.sha256


def test_an_unreadable_certificate_has_its_digests_and_the_error() -> None:
    seen = replace(reports.observation("192.0.2.25", reports.LEAF), chain=PresentedChain(der=(b"\x30\x00",)))
    report = rendered(reports.report((), [seen]))
    VALIDATOR.validate(report)
    (certificate,) = report["observations"][0]["certificates"]
    assert certificate["subject"] is None
    assert certificate["error"]
    assert len(certificate["sha256"]) == 64


def test_what_acts_on_a_terminal_is_written_out_and_reads_back_the_same() -> None:
    banner = "220 \x9b2J\x7f\x85\u061c\u200b\u200f\u2028\u202e\u2060\u206f\ufeff Zürich 日本"
    found = reports.finding("certificate-weak", Verdict.FAIL, reports.at(), subject=banner)
    line = render(reports.report([found])).decode()
    assert "220 \\u009b2J\\u007f\\u0085\\u061c\\u200b\\u200f\\u2028\\u202e\\u2060\\u206f\\ufeff Zürich 日本" in line
    assert json.loads(line)["findings"][0]["facts"]["subject"] == banner


def test_exchange_onlines_words_carry_the_facts_as_in_text() -> None:
    report = reports.exchange_default()
    words = [finding["exchange_online"] for finding in rendered(report)["findings"]]
    assert words[0][0] == (
        "450 4.4.317 Cannot connect to remote server [Message=SubjectMismatch Expected Subject: mail.contoso.com. "
        f"Presented Subject: CN=EX01. Thumbprint: {reports.EX01.sha1.upper()}]"
    )
    expired = reports.finding("certificate-expired", Verdict.FAIL, reports.at(position=0), subject="CN=EX01")
    (found,) = rendered(reports.report([expired]))["findings"]
    assert found["exchange_online"][:2] == [
        "450 4.4.317 Cannot connect to remote server [Message=CertificateExpired]",
        "450 4.7.320 Certificate validation failed [Message=CertificateExpired]",
    ]


def test_nobody_complains_of_what_is_as_it_should_be() -> None:
    excused = reports.finding("certificate-host-mismatch", Verdict.OK, reports.at(position=0), excused_by="x")
    (found,) = rendered(reports.report([excused]))["findings"]
    assert (found["exchange_online"], found["tlsrpt"], found["hresult"]) == ([], None, None)


def test_what_was_promised_is_summed_up_beside_the_findings() -> None:
    promises = Promises(
        dane=Dane(mx_dnssec=Dnssec.SECURE, hosts={reports.HOST: reports.dane_host(DaneStatus.MIXED, 1, 2)}),
        mta_sts=reports.sts({reports.SECOND: reports.sts_host(Delivery.BLOCKED, "certificate-expired")}),
        tlsrpt=TlsRpt(record=Record.VALID, rua=("mailto:tlsrpt@contoso.com",)),
    )
    found = rendered(reports.promising(promises))
    VALIDATOR.validate(found)
    assert found["promises"] == {
        "dane": {
            "mx_dnssec": "secure",
            "hosts": {
                "mail.contoso.com": {
                    "addresses_dnssec": "secure",
                    "tlsa_dnssec": "secure",
                    "tlsa_base": "mail.contoso.com",
                    "records": [reports.TLSA],
                    "status": "mixed",
                    "matching": 1,
                    "observed": 2,
                }
            },
        },
        "mta_sts": {
            "record": "valid",
            "policy": "valid",
            "reason": "",
            "mode": "enforce",
            "id": "20261101T000000",
            "max_age": 604800,
            "mx": ["mail.contoso.com", "*.contoso.com"],
            "from": "fetched",
            "hosts": {
                "mx2.contoso.com": {"in_policy": True, "certificate": "certificate-expired", "delivery": "blocked"}
            },
        },
        "tlsrpt": {"record": "valid", "rua": ["mailto:tlsrpt@contoso.com"]},
    }


def test_what_nobody_asked_for_is_null() -> None:
    found = rendered(reports.exchange_default())
    assert found["promises"] == {"dane": None, "mta_sts": None, "tlsrpt": None}
    assert (found["alternatives"], found["policy_fetches"]) == ([], [])
    assert {seen["offer"] for seen in found["observations"]} == {""}


def test_every_answer_has_its_dnssec_status() -> None:
    report = reports.promising(Promises())
    mx = report.evidence.route.answers[0]
    wrong = [replace(mx, outcome=outcome, secure=None) for outcome in (Outcome.BOGUS, Outcome.TIMEOUT, Outcome.NODATA)]
    route = replace(report.evidence.route, answers=(mx, *wrong))
    found = rendered(replace(report, evidence=replace(report.evidence, route=route)))
    VALIDATOR.validate(found)
    assert [(answer["rtype"], answer["name"], answer["dnssec"]) for answer in found["route"]["answers"]] == [
        ("MX", "contoso.com", "secure"),
        ("MX", "contoso.com", "bogus"),
        ("MX", "contoso.com", "failed"),
        ("MX", "contoso.com", "not-validated"),
        ("A", "mail.contoso.com", "secure"),
        ("TLSA", "_25._tcp.mail.contoso.com", "secure"),
        ("A", "mx2.contoso.com", "secure"),
        ("CNAME", "mx2.contoso.com", "secure"),
        ("TLSA", "_25._tcp.mx2.contoso.com", "secure"),
        ("TXT", "_mta-sts.contoso.com", "insecure"),
        ("A", "mta-sts.contoso.com", "insecure"),
        ("TXT", "_smtp._tls.contoso.com", "secure"),
    ]


def test_the_other_chain_and_the_policy_host_are_observations_too() -> None:
    report = reports.promising(Promises())
    seen = reports.observation("192.0.2.25", reports.LEAF, reports.ISSUING)
    other = replace(seen, endpoint=replace(seen.endpoint, offer="rsa"))
    found = rendered(replace(report, evidence=replace(report.evidence, alternatives=(other,))))
    VALIDATOR.validate(found)
    ((alternative,), (fetch,)) = found["alternatives"], found["policy_fetches"]
    assert (alternative["offer"], alternative["certificates"][0]["sha256"]) == ("rsa", reports.LEAF.sha256)
    assert (fetch["host"], fetch["port"], fetch["dialogue"], fetch["keywords"]) == (
        "mta-sts.contoso.com",
        443,
        "policy",
        [],
    )


@pytest.mark.parametrize("key", ["promises", "findings", "observations", "route", "roots"])
def test_the_schema_notices_what_is_missing(key: str) -> None:
    found: Mapping[str, object] = rendered(reports.mail_domain())
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({name: value for name, value in found.items() if name != key})


@given(reports.any_report())
@settings(deadline=None)  # the first example waits for the certificates to be read
def test_whatever_was_seen_is_one_line_that_obeys_the_schema(report: Report) -> None:
    line = render(report)
    assert len(line.decode().splitlines()) == 1
    assert not UNSEEN.search(line.decode())
    VALIDATOR.validate(json.loads(line))


@given(reports.any_report())
@settings(deadline=None)  # the first example waits for the certificates to be read
def test_evidence_is_as_harmless_and_reads_back_the_same(report: Report) -> None:
    line = encode(report.evidence)
    assert not UNSEEN.search(line.decode())
    assert decode_evidence(line) == report.evidence
