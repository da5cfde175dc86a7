"""The JSON report: its keys, its schema, and that no text breaks it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from probe.model import FORMAT, PresentedChain, Report
from probe.report.json import render, schema
from tests import reports

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
        "route",
        "observations",
        "roots",
        "resolvers",
        "ehlo",
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


@pytest.mark.parametrize("key", ["findings", "observations", "route", "roots"])
def test_the_schema_notices_what_is_missing(key: str) -> None:
    found: Mapping[str, object] = rendered(reports.mail_domain())
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({name: value for name, value in found.items() if name != key})


@given(reports.any_report())
@settings(deadline=None)  # the first example waits for the certificates to be read
def test_whatever_was_seen_is_one_line_that_obeys_the_schema(report: Report) -> None:
    line = render(report)
    assert b"\n" not in line
    VALIDATOR.validate(json.loads(line))
