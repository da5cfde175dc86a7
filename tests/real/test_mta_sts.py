"""`probe` looks at every domain with MTA-STS or TLSRPT of the internet of these tests: tests.real.internet says what is
to be said.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.real.client import Report, Run, probe
from tests.real.internet import Internet
from tests.real.internet.machines import STS_MX
from tests.real.internet.sts import GOOD, ID

Json = dict[str, Any]
Seen = Mapping[str, Report]
KEPT = ("record-gone", "record-refused", "policy-gone", "body-changed", "id-changed", "briefly")


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the one run leaves what it saw."""
    return tmp_path_factory.mktemp("sts") / "evidence"


@pytest.fixture(scope="module")
def live(internet: Internet, evidence: Path) -> Run:
    """Every domain without further options, in one run."""
    return internet.look(*(case.domain for case in internet.sts.values()), "--evidence", evidence)


@pytest.fixture(scope="module")
def seen(internet: Internet, live: Run) -> Seen:
    return dict(zip(internet.sts, live.reports, strict=True))


@pytest.fixture(scope="module")
def afterwards(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """The domains that a sender remembers a policy of, in the world of later."""
    file = tmp_path_factory.mktemp("remembered") / "policies"
    domains = [internet.sts[name].domain for name in KEPT]
    internet.look(*domains, "--remember", file)
    return dict(zip(KEPT, internet.look(*domains, "--remember", file, resolver=internet.later).reports, strict=True))


def promise(report: Report) -> Json:
    return dict(report.data["promises"]["mta_sts"])


def test_every_record_and_policy_is_taken_for_what_it_is(internet: Internet, seen: Seen) -> None:
    found = {name: tuple(promise(report)[key] for key in ("record", "policy", "mode")) for name, report in seen.items()}

    assert found == {name: (case.record, case.policy, case.mode) for name, case in internet.sts.items()}


def test_every_host_is_held_against_the_policy(internet: Internet, seen: Seen) -> None:
    keys = ("in_policy", "certificate", "delivery")
    found = {
        (name, at): tuple(host[key] for key in keys)
        for name, report in seen.items()
        for at, host in promise(report)["hosts"].items()
    }

    assert found == {(name, at): host for name, case in internet.sts.items() for at, host in case.hosts.items()}


def test_the_findings_say_why(internet: Internet, seen: Seen) -> None:
    missing = {name: case.codes - seen[name].codes for name, case in internet.sts.items()}

    assert {name: codes for name, codes in missing.items() if codes} == {}


def test_a_policy_without_effect_harms_no_mail(internet: Internet, seen: Seen) -> None:
    # RFC 8461 §3.3: a sender that remembers nothing delivers as if there were none.
    void = {name for name, case in internet.sts.items() if case.policy not in ("valid", "none")}
    assert {name: seen[name].verdict for name in void} == dict.fromkeys(void, "WARN")
    assert len(void) > 25
    invalid = {name for name, case in internet.sts.items() if case.record == "invalid"}
    assert {name: seen[name].verdict for name in invalid} == dict.fromkeys(invalid, "WARN")


def test_a_fault_under_enforce_is_graver_than_in_testing(seen: Seen) -> None:
    for name in ("misnamed", "self-signed", "silent"):
        assert (seen[f"host-{name}"].verdict, seen[f"testing-{name}"].verdict) == ("FAIL", "WARN")
    assert (seen["deeper"].verdict, seen["deeper-testing"].verdict, seen["deeper-none"].verdict) == (
        "FAIL",
        "WARN",
        "OK",
    )
    assert seen["host-misnamed"].fact("certificate-host-mismatch", "required_by") == "MTA-STS (enforce)"


def test_the_policy_is_told(seen: Seen) -> None:
    good = promise(seen["good"])

    assert (good["from"], good["id"], good["max_age"], good["mx"]) == ("fetched", ID, 604800, [f"*.{STS_MX}"])
    assert good["mode"] == "enforce"
    assert promise(seen["no-record"])["from"] is None


def test_why_a_host_is_not_in_the_policy(seen: Seen) -> None:
    facts = seen["deeper"].finding("mx-not-in-policy")["facts"]

    assert facts["nearest"] == f"*.{STS_MX}"
    assert f"*.b.{STS_MX}" in json.dumps(facts)


def test_no_redirect_is_followed(internet: Internet, seen: Seen) -> None:
    # It leads to a policy that is as good as any; nobody may have asked for it (RFC 8461 §3.3).
    report = seen["redirect"]

    assert "301" in promise(report)["reason"]
    assert {fetch["host"] for fetch in report.data["policy_fetches"]} == {f"mta-sts.{internet.sts['redirect'].domain}"}


@pytest.mark.parametrize("name", ["record-gone", "record-refused", "policy-gone"])
def test_a_remembered_policy_counts_when_something_fails(afterwards: Seen, name: str) -> None:
    # RFC 8461 §3.3, §5.1.
    report = afterwards[name]
    found = promise(report)

    assert (found["from"], found["mode"], found["id"], found["mx"]) == ("remembered", "enforce", ID, [f"*.{STS_MX}"])
    assert found["hosts"][GOOD] == {"in_policy": True, "certificate": "ok", "delivery": "ok"}
    assert report.finding("sts-policy-remembered")["verdict"] == "WARN"
    assert report.verdict == "WARN"


def test_what_became_of_the_record_is_said_beside(afterwards: Seen) -> None:
    found = {name: (promise(report)["record"], promise(report)["policy"]) for name, report in afterwards.items()}

    assert found == {
        "record-gone": ("none", "none"),
        "record-refused": ("unknown", "unknown"),
        "policy-gone": ("valid", "fetch-error"),
        "body-changed": ("valid", "valid"),
        "id-changed": ("valid", "valid"),
        "briefly": ("none", "none"),
    }


def test_a_policy_is_remembered_no_longer_than_it_says(afterwards: Seen) -> None:
    assert promise(afterwards["briefly"])["from"] is None
    assert "sts-absent" in afterwards["briefly"].codes


def test_a_change_without_the_other_is_found(afterwards: Seen) -> None:
    body, id_ = afterwards["body-changed"], afterwards["id-changed"]

    assert body.finding("sts-policy-id-unchanged")["verdict"] == "WARN"
    assert promise(body)["mode"] == "testing"
    assert id_.finding("sts-policy-body-unchanged")["verdict"] == "OK"
    assert promise(id_)["id"] == "20260202T000000"


def test_mta_sts_may_be_required(internet: Internet) -> None:
    names = ("good", "testing", "no-record", "not-found", "no-id")
    domains = [internet.sts[name].domain for name in names]
    good, testing, *others = internet.look(*domains, "--mta-sts", "require").reports

    assert (good.verdict, testing.verdict) == ("OK", "WARN")
    for report in others:
        assert (report.verdict, report.finding("sts-required")["verdict"]) == ("FAIL", "FAIL")


def test_mta_sts_may_be_left_out(internet: Internet) -> None:
    report = internet.look(internet.sts["deeper"].domain, "--mta-sts", "off").report

    assert report.data["promises"]["mta_sts"] is None
    assert report.verdict == "OK"


def test_dane_decides_and_mta_sts_is_told_beside(seen: Seen) -> None:
    # RFC 8461 §2.
    report = seen["both"]
    host = "both.mx.dane.example"

    assert report.data["promises"]["dane"]["hosts"][host]["status"] == "honoured"
    assert promise(report)["hosts"][host]["delivery"] == "blocked"


def test_every_record_of_tlsrpt_is_taken_for_what_it_is(internet: Internet, seen: Seen) -> None:
    def expected(uris: Any) -> Json:
        if uris is None:
            return {"record": "none", "rua": []}
        return {"record": "valid" if uris else "invalid", "rua": list(uris)}

    assert {name: report.data["promises"]["tlsrpt"] for name, report in seen.items()} == {
        name: expected(case.tlsrpt) for name, case in internet.sts.items()
    }


def test_tlsrpt_may_be_required(internet: Internet) -> None:
    domains = [internet.sts[name].domain for name in ("report-mail", "good", "report-nowhere")]
    there, *others = internet.look(*domains, "--tlsrpt", "require").reports

    assert there.verdict == "OK"
    assert [report.finding("tlsrpt-required")["verdict"] for report in others] == ["FAIL", "FAIL"]


def test_a_report_of_rfc_8460_says_what_failed(internet: Internet) -> None:
    # RFC 8460 §4.3. It has no word for a mail host that the policy does not name.
    names = ("good", "host-misnamed", "deeper", "cert-expired", "policy-no-mx", "not-found")
    domains = [internet.sts[name].domain for name in names]
    done = probe(*domains, "--resolver", internet.validating, "--roots", internet.roots, "--format", "tlsrpt")
    reports = [json.loads(line) for line in done.stdout.splitlines()]

    results = {
        name: {detail["result-type"] for part in report["policies"] for detail in part["failure-details"]}
        for name, report in zip(names, reports, strict=True)
    }
    assert results == {
        "good": set(),
        "host-misnamed": {"certificate-host-mismatch"},
        "deeper": {"validation-failure"},
        "cert-expired": {"sts-webpki-invalid"},
        "policy-no-mx": {"sts-policy-invalid"},
        "not-found": {"sts-policy-fetch-error"},
    }
    summary = reports[1]["policies"][0]["summary"]
    assert (summary["total-successful-session-count"], summary["total-failure-session-count"]) == (0, 1)


def test_evidence_of_policies_is_judged_as_the_live_run_was(internet: Internet, live: Run, evidence: Path) -> None:
    replayed = probe("judge", evidence, "--roots", internet.roots, "--format", "json")

    assert replayed.returncode == live.exit_code
    for before, after in zip(live.stdout.splitlines(), replayed.stdout.splitlines(), strict=True):
        assert json.loads(after) == json.loads(before)


def test_one_line_says_what_strict_senders_do(internet: Internet) -> None:
    done = probe(internet.sts["deeper"].domain, "--resolver", internet.validating, "--roots", internet.roots)

    text = " ".join(done.stdout.decode().split())
    assert f"MTA-STS: enforce, tenant.b.{STS_MX} not covered → mail from strict senders stops" in text
