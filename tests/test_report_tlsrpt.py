"""The TLSRPT report, held against a schema written from RFC 8460 §4.4, and counted by hand."""

import json
import re
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from fixtures.make import HERE
from probe import config
from probe.judge.certificate import host_address
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import (
    Dane,
    DaneHost,
    DaneStatus,
    Delivery,
    Dnssec,
    Failure,
    Kind,
    Observation,
    Policy,
    Promises,
    Record,
    Report,
    Route,
    RouteKind,
    Stage,
    Verdict,
    Where,
)
from probe.report.tlsrpt import file_name, render
from tests import reports
from tests.reports import HOST, SECOND, dane_host, finding, sts_host

COUNT = {"type": "integer", "minimum": 0}
NAME = {"type": "string", "pattern": r"^[A-Za-z0-9_.-]{1,253}$"}  # A-labels
STRINGS = {"type": "array", "items": {"type": "string"}}
ADDRESS = {"anyOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}]}
RESULT_TYPES = [  # §4.3
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
]


def an_object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    known = {**required, **{key.replace("_", "-"): value for key, value in optional.items()}}
    return {"type": "object", "required": list(required), "properties": known, "additionalProperties": False}


FAILURE = an_object(
    {"result-type": {"enum": RESULT_TYPES}, "failed-session-count": {"type": "integer", "minimum": 1}},
    sending_mta_ip=ADDRESS,
    receiving_mx_hostname=NAME,
    receiving_mx_helo={"type": "string"},
    receiving_ip=ADDRESS,
    additional_information={"type": "string", "format": "uri"},
    failure_reason_code={"type": "string", "maxLength": 300},
)
POLICY = an_object(
    {
        "policy-type": {"enum": ["tlsa", "sts", "no-policy-found"]},
        "policy-string": STRINGS,
        "policy-domain": NAME,
        "mx-host": STRINGS,
    }
)
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}  # RFC 3339 §5.6, in UTC
SCHEMA = an_object(
    {
        "organization-name": {"type": "string", "minLength": 1},
        "date-range": an_object({"start-datetime": MOMENT, "end-datetime": MOMENT}),
        "contact-info": {"type": "string", "format": "email"},
        "report-id": {"type": "string", "minLength": 1},
        "policies": {
            "type": "array",
            "minItems": 1,
            "items": an_object(
                {
                    "policy": POLICY,
                    "summary": an_object(
                        {"total-successful-session-count": COUNT, "total-failure-session-count": COUNT}
                    ),
                    "failure-details": {"type": "array", "items": FAILURE},
                }
            ),
        },
    }
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())

FAIL, WARN = Verdict.FAIL, Verdict.WARN
FIRST, OTHER = "192.0.2.25", "198.51.100.25"
HONOURED, BROKEN = dane_host(DaneStatus.HONOURED, 1, 1), dane_host(DaneStatus.BROKEN, 0, 1, tlsa_base=SECOND)
NO_TLS = Failure(stage=Stage.DIALOGUE, kind=Kind.REJECTED, detail="454 4.7.0 no")


def seen(address: str = FIRST, host: str = HOST, **changes: object) -> Observation:
    return reports.observation(address, reports.LEAF, reports.ISSUING, host=host, **changes)


def without_tls(address: str = FIRST, host: str = HOST, failure: Failure = NO_TLS) -> Observation:
    return reports.observation(address, host=host, failure=failure)


BOTH = (seen(), seen(OTHER, SECOND))


def rendered(report: Report) -> Any:
    line = render(report)
    assert b"\n" not in line
    found = json.loads(line)
    VALIDATOR.validate(found)
    for result in found["policies"]:
        failed = result["summary"]["total-failure-session-count"]
        counts = [detail["failed-session-count"] for detail in result["failure-details"]]
        assert max(counts, default=0) <= failed <= sum(counts)  # ways may overlap (§4.4); none is without a reason
    return found


def results(report: Report) -> list[tuple[str, str, int, int, list[tuple[str, int]]]]:
    """Policy type and domain, successes, failures, and the result types with their counts."""
    return [
        (
            result["policy"]["policy-type"],
            result["policy"]["policy-domain"],
            *result["summary"].values(),
            [(detail["result-type"], detail["failed-session-count"]) for detail in result["failure-details"]],
        )
        for result in rendered(report)["policies"]
    ]


def dane(first: DaneHost = HONOURED, second: DaneHost = HONOURED, **more: Any) -> Promises:
    return Promises(dane=Dane(mx_dnssec=Dnssec.SECURE, hosts={HOST: first, SECOND: second}), **more)


def at(address: str = FIRST, host: str = HOST) -> Where:
    return reports.at(address, host=host)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_head_of_a_report() -> None:
    found = rendered(reports.promising(Promises(), observations=BOTH))
    assert list(found) == ["organization-name", "date-range", "contact-info", "report-id", "policies"]
    assert found["organization-name"] == "probe.fabrikam.com"
    assert found["contact-info"] == "postmaster@probe.fabrikam.com"
    assert found["date-range"] == {"start-datetime": "2026-11-21T09:35:00Z", "end-datetime": "2026-11-21T09:35:00Z"}
    assert re.fullmatch(r"[0-9a-f]{32}@probe\.fabrikam\.com", found["report-id"])


def test_the_range_is_the_moment_of_the_probe_in_utc() -> None:
    east = reports.AT.astimezone(timezone(timedelta(hours=9)))
    report = reports.promising(Promises(), observations=[seen(at=reports.AT + timedelta(seconds=3.7))])
    report = replace(report, at=reports.AT + timedelta(days=30), evidence=replace(report.evidence, at=east))
    assert rendered(report)["date-range"] == {
        "start-datetime": "2026-11-21T09:35:00Z",
        "end-datetime": "2026-11-21T09:35:03Z",
    }


def test_the_same_evidence_gives_the_same_report_and_other_evidence_another_id() -> None:
    once, again, other = (
        reports.promising(Promises(), observations=observations) for observations in (BOTH, BOTH, BOTH[:1])
    )
    assert render(once) == render(again)
    assert rendered(once)["report-id"] != rendered(other)["report-id"]


@pytest.mark.parametrize("ehlo", [None, "[192.0.2.2]", "", "a b", "x\x1b[31m", "*.example"])
def test_without_a_name_of_ours_nobody_is_blamed(ehlo: str | None) -> None:
    report = reports.promising(Promises(), observations=BOTH)
    found = rendered(replace(report, evidence=replace(report.evidence, ehlo=ehlo)))
    assert (found["organization-name"], found["contact-info"]) == ("probe.invalid", "postmaster@probe.invalid")


def test_without_a_policy_every_tls_will_do() -> None:
    # What senders without a policy do not look at is a WARN here, and no failure to them.
    mismatch = finding("certificate-host-mismatch", WARN, at(), expected=HOST, presented="x")
    assert results(reports.promising(Promises(), mismatch, observations=BOTH)) == [
        ("no-policy-found", "contoso.com", 2, 0, [])
    ]


def test_a_host_is_a_policy_domain_of_its_own() -> None:
    report = reports.report(reports.healthy(), [seen()])
    assert results(report) == [("no-policy-found", HOST, 1, 0, [])]


def test_where_there_is_no_tls_the_session_failed_under_any_policy() -> None:
    none = finding("starttls-not-supported", WARN, at(), cause="refused", reply="454 4.7.0 no")
    for promises, kind, domain in (
        (Promises(), "no-policy-found", "contoso.com"),
        (Promises(mta_sts=reports.sts()), "sts", "contoso.com"),
        (dane(), "tlsa", HOST),
    ):
        found = reports.promising(promises, none, observations=[without_tls()])
        assert results(found) == [(kind, domain, 0, 1, [("starttls-not-supported", 1)])]


def test_the_details_of_a_failure() -> None:
    none = finding("starttls-not-supported", WARN, at(), cause="refused", reply="454 4.7.0 no")
    (result,) = rendered(reports.promising(Promises(), none, observations=[without_tls()]))["policies"]
    assert result["failure-details"] == [
        {
            "result-type": "starttls-not-supported",
            "failed-session-count": 1,
            "sending-mta-ip": "192.0.2.2",
            "receiving-mx-hostname": "mail.contoso.com",
            "receiving-mx-helo": "mail.contoso.com",
            "receiving-ip": "192.0.2.25",
            "failure-reason-code": "STARTTLS is offered, then refused: 454 4.7.0 no",
        }
    ]


@pytest.mark.parametrize(
    "failure",
    [
        Failure(stage=Stage.CONNECT, kind=Kind.REFUSED),
        Failure(stage=Stage.CONNECT, kind=Kind.TIMEOUT),
        Failure(stage=Stage.DIALOGUE, kind=Kind.REJECTED, detail="421 4.3.2 busy"),
    ],
)
def test_what_never_came_as_far_as_tls_is_no_session(failure: Failure) -> None:
    found = finding("not-observed", Verdict.UNKNOWN, at(), stage=failure.stage, kind=failure.kind)
    report = reports.promising(Promises(), found, observations=[without_tls(failure=failure), BOTH[1]])
    assert results(report) == [("no-policy-found", "contoso.com", 1, 0, [])]


def test_a_handshake_that_failed_is_a_session_that_failed() -> None:
    alert = Failure(stage=Stage.HANDSHAKE, kind=Kind.ALERT, detail="handshake failure")
    found = finding("not-observed", FAIL, at(), stage=alert.stage, kind=alert.kind, detail=alert.detail)
    report = reports.promising(Promises(), found, observations=[without_tls(failure=alert), BOTH[1]])
    assert results(report) == [("no-policy-found", "contoso.com", 1, 1, [("validation-failure", 1)])]


def test_what_was_never_tried_is_not_counted() -> None:
    late = replace(BOTH[1], attempted=False, session=None, chain=None)
    outside = finding("mx-not-in-policy", FAIL, Where(kind="host", host=SECOND), mode="enforce", why="x")
    promises = dane(HONOURED, dane_host(DaneStatus.NONE))
    assert results(reports.promising(promises, outside, observations=[BOTH[0], late])) == [("tlsa", HOST, 1, 0, [])]


def test_a_target_without_a_host_has_a_report_that_says_nothing() -> None:
    report = reports.report((), given="contoso.com", route=Route(kind=RouteKind.NULL_MX))
    assert results(report) == [("no-policy-found", "contoso.com", 0, 0, [])]


def test_usable_dane_decides_host_by_host_and_mta_sts_over_the_rest() -> None:
    promises = dane(HONOURED, dane_host(DaneStatus.NONE), mta_sts=reports.sts())
    found = rendered(reports.promising(promises, observations=BOTH))["policies"]
    assert [(result["policy"], *result["summary"].values()) for result in found] == [
        (
            {
                "policy-type": "tlsa",
                "policy-string": [reports.TLSA],
                "policy-domain": "mail.contoso.com",
                "mx-host": [],
            },
            1,
            0,
        ),
        (
            {
                "policy-type": "sts",
                "policy-string": [
                    "version: STSv1",
                    "mode: enforce",
                    "mx: mail.contoso.com",
                    "mx: *.contoso.com",
                    "max_age: 604800",
                ],
                "policy-domain": "contoso.com",
                "mx-host": ["mail.contoso.com", "*.contoso.com"],
            },
            1,
            0,
        ),
    ]


def test_hosts_under_one_tlsa_base_are_one_policy() -> None:
    assert results(reports.promising(dane(), observations=BOTH)) == [("tlsa", HOST, 2, 0, [])]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (DaneStatus.NONE, "no-policy-found"),
        (DaneStatus.NOT_VALIDATED, "no-policy-found"),
        (DaneStatus.UNUSABLE, "tlsa"),
    ],
)
def test_dane_that_decides_nothing(status: DaneStatus, kind: str) -> None:
    report = reports.promising(dane(dane_host(status)), observations=BOTH[:1])
    assert [result[0] for result in results(report)] == [kind]
    report = reports.promising(dane(dane_host(status), mta_sts=reports.sts()), observations=BOTH[:1])
    assert [result[0] for result in results(report)] == ["sts"]


def test_a_policy_that_asks_for_nothing_is_none() -> None:
    report = reports.promising(Promises(mta_sts=reports.sts(mode="none", mx=())), observations=BOTH)
    assert results(report) == [("no-policy-found", "contoso.com", 2, 0, [])]


def test_nothing_matches() -> None:
    wrong = finding("tlsa-invalid", FAIL, at(OTHER, SECOND), cause="no-match", records=reports.TLSA)
    assert results(reports.promising(dane(HONOURED, BROKEN), wrong, observations=BOTH)) == [
        ("tlsa", HOST, 1, 0, []),
        ("tlsa", SECOND, 0, 1, [("tlsa-invalid", 1)]),
    ]


def test_what_mta_sts_demands_is_no_failure_under_dane_and_the_reverse() -> None:
    """RFC 8461 §2: under a DANE-EE record that matches, an expired leaf is in order, whatever MTA-STS says of it."""
    expired = finding("certificate-expired", FAIL, at(), subject="CN=x", required_by="MTA-STS (enforce)")
    under_dane = reports.promising(dane(mta_sts=reports.sts()), expired, observations=BOTH[:1])
    assert results(under_dane) == [("tlsa", HOST, 1, 0, [])]
    under_sts = reports.promising(Promises(mta_sts=reports.sts()), expired, observations=BOTH[:1])
    assert results(under_sts) == [("sts", "contoso.com", 0, 1, [("certificate-expired", 1)])]
    misnamed = finding("certificate-host-mismatch", FAIL, at(), expected=HOST, presented="x", required_by="DANE")
    assert results(reports.promising(dane(), misnamed, observations=BOTH[:1]))[0][2:] == (
        0,
        1,
        [("certificate-host-mismatch", 1)],
    )


def test_in_testing_failures_are_reported_too() -> None:
    policy = reports.sts({HOST: sts_host(), SECOND: sts_host(Delivery.WOULD_BE_BLOCKED)}, mode="testing")
    outside = finding("mx-not-in-policy", WARN, Where(kind="host", host=SECOND), mode="testing", why="x")
    expired = finding("certificate-expired", WARN, at(), subject="CN=x", required_by="MTA-STS (testing)")
    report = reports.promising(Promises(mta_sts=policy), outside, expired, observations=BOTH)
    assert results(report) == [("sts", "contoso.com", 0, 2, [("certificate-expired", 1), ("validation-failure", 1)])]


def test_a_host_outside_of_the_policy_is_nothing_to_dane() -> None:
    outside = finding("mx-not-in-policy", FAIL, Where(kind="host", host=HOST), mode="enforce", why="x")
    report = reports.promising(dane(mta_sts=reports.sts()), outside, observations=BOTH[:1])
    assert results(report) == [("tlsa", HOST, 1, 0, [])]


@pytest.mark.parametrize(
    ("code", "policy"),
    [
        ("sts-policy-fetch-error", Policy.FETCH_ERROR),
        ("sts-policy-invalid", Policy.INVALID),
        ("sts-webpki-invalid", Policy.WEBPKI_INVALID),
    ],
)
def test_a_policy_that_is_broken_is_a_failure_of_its_own(code: str, policy: Policy) -> None:
    broken = finding(code, WARN, Where(kind="policy"), reason="so it is")
    gone = reports.sts(policy=policy, origin=None)
    assert results(reports.promising(Promises(mta_sts=gone), broken, observations=BOTH)) == [
        ("no-policy-found", "contoso.com", 2, 0, []),
        ("sts", "contoso.com", 0, 1, [(code, 1)]),
    ]
    remembered = reports.sts(policy=policy, origin="remembered")
    assert results(reports.promising(Promises(mta_sts=remembered), broken, observations=BOTH)) == [
        ("sts", "contoso.com", 2, 1, [(code, 1)])
    ]


def test_the_failure_of_a_policy_names_no_host_but_who_asked() -> None:
    broken = finding("sts-policy-fetch-error", WARN, Where(kind="policy"), reason="so it is")
    report = reports.promising(Promises(mta_sts=reports.sts(record=Record.VALID, origin=None)), broken)
    (result,) = rendered(report)["policies"]
    assert result["failure-details"] == [
        {
            "result-type": "sts-policy-fetch-error",
            "failed-session-count": 1,
            "sending-mta-ip": "192.0.2.2",
            "failure-reason-code": "the policy cannot be fetched: so it is",
        }
    ]


def test_bogus_spoils_every_session_with_the_host() -> None:
    bogus = finding("dnssec-invalid", FAIL, Where(kind="record", host=SECOND), cause="tlsa", question="x", detail="y")
    deferred = dane_host(DaneStatus.DEFERRED, tlsa_dnssec=Dnssec.BOGUS, tlsa_base=SECOND, records=())
    report = reports.promising(dane(HONOURED, deferred), bogus, observations=BOTH)
    assert results(report) == [("tlsa", HOST, 1, 0, []), ("tlsa", SECOND, 0, 1, [("dnssec-invalid", 1)])]
    unseen = reports.promising(dane(HONOURED, deferred), bogus, observations=BOTH[:1])
    assert results(unseen) == [("tlsa", HOST, 1, 0, []), ("tlsa", SECOND, 0, 1, [("dnssec-invalid", 1)])]


def test_bogus_mx_records_lead_to_no_session_at_all() -> None:
    bogus = finding("dnssec-invalid", FAIL, Where(kind="target"), cause="mx", question="x", detail="y")
    report = reports.promising(Promises(dane=Dane(mx_dnssec=Dnssec.BOGUS)), bogus)
    assert results(report) == [("tlsa", "contoso.com", 0, 1, [("dnssec-invalid", 1)])]


def test_records_that_stop_no_mail_are_one_failure_beside_the_sessions() -> None:
    useless = finding("tlsa-invalid", WARN, Where(kind="record", host=HOST), base=HOST, records="x")
    report = reports.promising(dane(dane_host(DaneStatus.UNUSABLE)), useless, observations=BOTH[:1])
    assert results(report) == [("tlsa", HOST, 1, 1, [("tlsa-invalid", 1)])]


def test_a_lookup_that_failed_holds_mail_up() -> None:
    failed = finding("dane-lookup-failed", Verdict.UNKNOWN, Where(kind="record", host=HOST), detail="SERVFAIL")
    deferred = dane_host(DaneStatus.DEFERRED, tlsa_dnssec=Dnssec.FAILED, records=())
    report = reports.promising(dane(deferred), failed, observations=BOTH[:1])
    assert results(report) == [("tlsa", HOST, 0, 1, [("dnssec-invalid", 1)])]


def test_dane_that_was_demanded_and_is_not_there() -> None:
    missing = finding("dane-required", FAIL, Where(kind="record", host=SECOND), cause="no-records", why="x")
    report = reports.promising(dane(HONOURED, dane_host(DaneStatus.NONE, tlsa_base=None)), missing, observations=BOTH)
    assert results(report) == [("tlsa", HOST, 1, 0, []), ("tlsa", SECOND, 0, 1, [("dane-required", 1)])]


def test_every_connection_counts_where_nothing_else_is_said() -> None:
    expired = finding("certificate-expired", FAIL, at(), subject="CN=x")
    assert results(reports.promising(Promises(), expired, observations=[seen()] * 3)) == [
        ("no-policy-found", "contoso.com", 0, 3, [("certificate-expired", 3)])
    ]


def test_of_several_connections_those_that_failed_are_counted() -> None:
    expired = finding("certificate-expired", FAIL, at(), subject="CN=x", seen="2 of 3 connections")
    report = reports.promising(Promises(), expired, observations=[seen()] * 3)
    assert results(report) == [("no-policy-found", "contoso.com", 1, 2, [("certificate-expired", 2)])]
    none = finding("starttls-not-supported", WARN, at(), cause="refused", seen="1 of 3 connections")
    report = reports.promising(Promises(), expired, none, observations=[without_tls(), *[seen()] * 2])
    assert results(report) == [
        ("no-policy-found", "contoso.com", 0, 3, [("certificate-expired", 2), ("starttls-not-supported", 1)])
    ]


def test_what_others_get_to_see_is_none_of_our_sessions() -> None:
    other = finding("certificate-expired", FAIL, at(), subject="CN=x", seen="to clients that offer RSA alone")
    assert results(reports.promising(Promises(), other, observations=BOTH)) == [
        ("no-policy-found", "contoso.com", 2, 0, [])
    ]


def test_two_names_for_one_fault_are_one_result() -> None:
    chain = [
        finding(code, FAIL, at(), missing="CN=A", child="CN=B")
        for code in ("chain-incomplete", "certificate-not-trusted")
    ]
    assert results(reports.promising(Promises(), *chain, observations=BOTH[:1])) == [
        ("no-policy-found", "contoso.com", 0, 1, [("certificate-not-trusted", 1)])
    ]


def test_an_address_has_no_zone_in_a_report() -> None:
    link_local = reports.observation("fe80::1%eth0", failure=NO_TLS, source="fe80::2%eth0")
    none = finding("starttls-not-supported", WARN, at("fe80::1%eth0"), cause="refused", reply="454")
    (detail,) = rendered(reports.promising(Promises(), none, observations=[link_local]))["policies"][0][
        "failure-details"
    ]
    assert (detail["receiving-ip"], detail["sending-mta-ip"]) == ("fe80::1", "fe80::2")


def test_the_file_is_named_as_the_rfc_asks() -> None:
    report = reports.promising(Promises(), observations=BOTH)
    assert file_name(report) == "probe.fabrikam.com!contoso.com!1795253700!1795253700.json"
    assert file_name(report, 7) == "probe.fabrikam.com!contoso.com!1795253700!1795253700!007.json"


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "..", ".", "", "a\x00b", "a\nb", "x" * 5000, "C:\\x", "a!b", "ü", "-rf", "NUL"],
)
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    report = reports.promising(Promises())
    report = replace(
        report, target=replace(report.target, name=name), evidence=replace(report.evidence, ehlo=name or None)
    )
    told = file_name(report, 3)
    assert re.fullmatch(r"[a-z0-9_-][a-z0-9._-]{0,79}![a-z0-9_-][a-z0-9._-]{0,79}!\d+!\d+!003\.json", told)
    assert len(told) < 255


@given(reports.any_report())
@settings(deadline=None)  # the first example waits for the certificates to be read
def test_whatever_was_seen_can_be_reported(report: Report) -> None:
    found = json.loads(render(report))
    for result in found["policies"]:
        assert result["policy"]["policy-type"] in ("tlsa", "sts", "no-policy-found")
        assert min(result["summary"].values()) >= 0
        for detail in result["failure-details"]:
            assert detail["result-type"] in RESULT_TYPES
            assert detail["failed-session-count"] > 0
            assert detail["failure-reason-code"].isprintable()
    assert re.fullmatch(r"[a-z0-9._-]+![a-z0-9._-]+!\d+!\d+\.json", file_name(report))


def test_every_piece_of_evidence_can_be_reported() -> None:
    anchors, kinds = config.anchors([str(HERE / "roots.pem")]), set()
    for path in sorted((HERE / "evidence").glob("*.json")):
        for evidence in config.evidence(path):
            if host_address(evidence.target.name):
                continue  # the command line refuses it: an address is no policy domain
            for result in rendered(judge(evidence, Standard(), anchors, evidence.at))["policies"]:
                kinds |= {detail["result-type"] for detail in result["failure-details"]}
    assert kinds >= {"tlsa-invalid", "dnssec-invalid", "sts-policy-fetch-error", "sts-policy-invalid"}
