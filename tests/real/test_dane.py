"""`probe` looks at every domain with DANE of the internet of these tests: tests.real.internet says what is to be said.

That its table is right is for tests.real.test_oracles.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.pki import pem
from tests.real.client import Report, Run, probe
from tests.real.internet import Internet
from tests.real.internet.dane import Case, host
from tests.real.internet.machines import tlsa

Json = dict[str, Any]
Seen = Mapping[str, Report]


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the one run leaves what it saw."""
    return tmp_path_factory.mktemp("dane") / "evidence"


@pytest.fixture(scope="module")
def live(internet: Internet, evidence: Path) -> Run:
    """Every domain without further options, in one run."""
    return internet.look(*(case.target for case in internet.dane.values()), "--evidence", evidence)


@pytest.fixture(scope="module")
def seen(internet: Internet, live: Run) -> Seen:
    return dict(zip(internet.dane, live.reports, strict=True))


def promise(report: Report) -> Json:
    return dict(report.data["promises"]["dane"] or {})


def hosts(report: Report) -> dict[str, Json]:
    return dict(promise(report).get("hosts", {}))


def of_hosts(seen: Seen, key: str) -> dict[tuple[str, str], Any]:
    """One field of every host of every case."""
    return {(name, at): host[key] for name, report in seen.items() for at, host in hosts(report).items()}


def test_every_host_of_every_domain_has_its_status(internet: Internet, seen: Seen) -> None:
    assert of_hosts(seen, "status") == {
        (name, at): expected.status for name, case in internet.dane.items() for at, expected in case.hosts.items()
    }


def test_each_answer_has_its_dnssec_status(internet: Internet, seen: Seen) -> None:
    expected = {(name, at): there for name, case in internet.dane.items() for at, there in case.hosts.items()}

    assert of_hosts(seen, "addresses_dnssec") == {place: there.addresses for place, there in expected.items()}
    assert of_hosts(seen, "tlsa_dnssec") == {place: there.tlsa for place, there in expected.items()}
    of_mx = {name: promise(report).get("mx_dnssec") for name, report in seen.items() if name != "null"}
    assert of_mx == {name: case.mx for name, case in internet.dane.items() if name != "null"}


def test_the_name_that_the_records_are_found_under(internet: Internet, seen: Seen) -> None:
    expected = {
        (name, at): there.base for name, case in internet.dane.items() for at, there in case.hosts.items() if there.base
    }
    bases = of_hosts(seen, "tlsa_base")

    assert {place: bases[place] for place in expected} == expected


def test_the_findings_say_why(internet: Internet, seen: Seen) -> None:
    missing = {name: case.codes - seen[name].codes for name, case in internet.dane.items()}

    assert {name: codes for name, codes in missing.items() if codes} == {}


def verdicts(internet: Internet, seen: Seen, status: str) -> dict[str, str]:
    """Of the mail domains all of whose hosts have that status."""
    chosen = {name: case for name, case in internet.dane.items() if case.mx and case.hosts and name != "both"}
    return {name: seen[name].verdict for name, case in chosen.items() if _all(case, status)}


def _all(case: Case, status: str) -> bool:
    return {there.status for there in case.hosts.values()} == {status}


def test_what_honours_its_promise_is_well(internet: Internet, seen: Seen) -> None:
    # A private authority, names and dates that do not fit: nothing of it matters to who has matched a record.
    found = verdicts(internet, seen, "honoured")

    assert {name: verdict for name, verdict in found.items() if verdict != "OK"} == {}
    assert len(found) > 40


@pytest.mark.parametrize("status", ["broken", "mixed"])
def test_what_breaks_its_promise_fails(internet: Internet, seen: Seen, status: str) -> None:
    assert set(verdicts(internet, seen, status).values()) == {"FAIL"}


def test_what_cannot_be_looked_up_is_unknown_and_what_is_bogus_fails(seen: Seen) -> None:
    unknown = ("tlsa-servfail", "alias-servfail", "servfail", "to-servfail", "not-now", "nobody")
    bogus = ("tlsa-bogus", "tlsa-expired", "bogus", "expired", "to-bogus")

    assert {name: seen[name].verdict for name in unknown} == dict.fromkeys(unknown, "UNKNOWN")
    assert {name: seen[name].verdict for name in bogus} == dict.fromkeys(bogus, "FAIL")


def test_unusable_records_demand_tls_and_no_more(seen: Seen) -> None:
    assert seen["usage-1"].finding("tlsa-unusable")["verdict"] == "WARN"
    assert seen["usage-1"].verdict == "WARN"
    without = seen["unusable-without-tls"]
    assert (without.verdict, without.finding("starttls-not-supported")["verdict"]) == ("FAIL", "FAIL")


def test_the_records_are_shown_as_they_are_published(internet: Internet, seen: Seen) -> None:
    def records(name: str) -> set[str]:
        return set(hosts(seen[name])[host(name)]["records"])

    papers = internet.papers
    assert records("roll-211") == {tlsa(3, 1, 1, papers.leaf), tlsa(2, 1, 1, papers.issuing)}
    assert records("right-200") == {tlsa(2, 0, 0, papers.issuing)}
    assert records("short-digest") == {"3 1 1 abcdef"}
    assert records("no-data") == {r"\# 3 030101"}
    assert records("absent") == set()


def test_names_and_dates_become_notes_where_the_leaf_matches(seen: Seen) -> None:
    # RFC 7671 §5.1.
    for name, code in (("expired-311", "certificate-expired"), ("misnamed-311", "certificate-host-mismatch")):
        assert (seen[name].verdict, seen[name].finding(code)["verdict"]) == ("OK", "OK")
        assert seen[name].fact(code, "excused_by") == "DANE-EE 3 1 1"


def test_names_and_dates_are_demanded_below_an_anchor(seen: Seen) -> None:
    # RFC 7672 §3.1.2, §3.2.2.
    for name, code in (("expired-211", "certificate-expired"), ("misnamed-211", "certificate-host-mismatch")):
        assert (seen[name].verdict, seen[name].finding(code)["verdict"]) == ("FAIL", "FAIL")
        assert seen[name].fact(code, "required_by") == "DANE"


def test_a_connector_asks_for_more_than_dane(internet: Internet) -> None:
    report = internet.look("misnamed-311.dane.example", "--expect-name", host("misnamed-311")).report

    assert hosts(report)[host("misnamed-311")]["status"] == "honoured"
    assert report.verdict == "FAIL"


def test_an_insecure_mx_answer_is_noted(seen: Seen) -> None:
    # RFC 7672 §2.2.1: a sender may use DANE even so.
    report = seen["to-secure"]

    assert report.finding("dane-mx-insecure")["verdict"] == "OK"
    assert report.verdict == "OK"


def test_what_nobody_has_validated_is_advice(internet: Internet) -> None:
    targets = ("right-311.dane.example", "wrong-311.dane.example", "absent.dane.example", "plain.plain.example")
    right, wrong, absent, plain = internet.look(*targets, resolver=internet.unaware).reports

    for report, name in ((right, "right-311"), (wrong, "wrong-311")):
        assert promise(report)["mx_dnssec"] == "not-validated"
        assert hosts(report)[host(name)]["status"] == "not-validated"
        assert report.finding("dane-not-validated")["verdict"] == "UNKNOWN"
        assert report.verdict == "UNKNOWN"
    advice = [report.fact("dane-not-validated", "advice") for report in (right, wrong)]
    assert len(set(advice)) == 2
    assert absent.finding("dane-not-validated")["verdict"] == "OK"
    # Insecure or not: nobody could tell, and there are records.
    assert plain.finding("dane-not-validated")["verdict"] == "UNKNOWN"


def test_whose_word_on_signatures_counts(internet: Internet) -> None:
    """The same resolver, at an address that is on this machine by its looks only."""
    target, mx = "right-311.dane.example", host("right-311")
    doubted = internet.look(target, resolver=internet.forwarder).report
    trusted = internet.look(target, "--trust-ad", resolver=internet.forwarder).report

    assert hosts(doubted)[mx]["status"] == "not-validated"
    assert hosts(trusted)[mx]["status"] == "honoured"


def test_dane_may_be_required(internet: Internet) -> None:
    targets = ("right-311.dane.example", "absent.dane.example", "plain.plain.example", "to-secure.plain.example")
    right, *others = internet.look(*targets, "--dane", "require").reports

    assert right.verdict == "OK"
    for report in others[:2]:
        assert {finding["verdict"] for finding in report.all("dane-required")} == {"FAIL"}
        assert report.verdict == "FAIL"


def test_dane_may_be_left_out(internet: Internet) -> None:
    report = internet.look("wrong-311.dane.example", "--dane", "off").report

    assert report.data["promises"]["dane"] is None
    assert not {code for code in report.codes if code.startswith(("dane", "tlsa"))}


def test_the_two_schemes_of_rolling_over(seen: Seen) -> None:
    # RFC 7671 §8.
    found = {
        name: seen[name].fact("dane-rollover", "cause") for name in ("roll-311", "rolled-311", "roll-211", "right-311")
    }

    assert found == {
        "roll-311": "complete-next",
        "rolled-311": "complete-next",
        "roll-211": "complete-issuer",
        "right-311": "incomplete",
    }
    assert 0 < int(seen["roll-311"].fact("dane-rollover", "ttl")) <= 300


def test_whether_the_next_certificate_is_covered(internet: Internet, tmp_path: Path) -> None:
    papers, file = internet.papers, tmp_path / "next.pem"
    file.write_bytes(pem(papers.renewed, papers.issuing))
    targets = ("roll-311.dane.example", "roll-211.dane.example", "right-311.dane.example")
    *covered, uncovered = internet.look(*targets, "--next-certificate", file).reports

    for report in covered:
        assert report.fact("dane-rollover", "cause") == "next-covered"
        assert report.verdict == "OK"
    assert uncovered.fact("dane-rollover", "cause") == "next-not-covered"
    line = uncovered.fact("dane-rollover", "publish")
    assert line.startswith(f"_25._tcp.{host('right-311')}. ")
    assert line.endswith(f" IN TLSA {tlsa(3, 1, 1, papers.renewed)}")
    assert uncovered.verdict == "WARN"


def test_a_server_with_two_chains_is_looked_at_twice(internet: Internet, seen: Seen) -> None:
    report = seen["postfix-one-of-two"]

    assert report.fact("tlsa-invalid", "publish").endswith(tlsa(3, 1, 1, internet.papers.rsa))
    assert seen["postfix-both"].verdict == "OK"


def test_the_records_for_a_chain_are_printed(internet: Internet, tmp_path: Path) -> None:
    papers, file = internet.papers, tmp_path / "chain.pem"
    file.write_bytes(pem(papers.leaf, papers.issuing))
    done = probe("tlsa", file)

    lines = done.stdout.decode()
    assert done.returncode == 0
    assert tlsa(3, 1, 1, papers.leaf) in lines
    assert tlsa(2, 1, 1, papers.issuing) in lines


def test_a_report_of_rfc_8460_says_what_failed(internet: Internet) -> None:
    # RFC 8460 §4.3.
    expected = {
        "right-311": set(),
        "wrong-311": {"tlsa-invalid"},
        "tlsa-bogus": {"dnssec-invalid"},
        "misnamed-211": {"certificate-host-mismatch"},
        "expired-211": {"certificate-expired"},
        "no-starttls": {"starttls-not-supported"},
    }
    targets = [internet.dane[name].target for name in expected]
    done = probe(*targets, "--resolver", internet.validating, "--roots", internet.roots, "--format", "tlsrpt")

    policies = [json.loads(line)["policies"] for line in done.stdout.splitlines()]
    results = [{detail["result-type"] for part in parts for detail in part["failure-details"]} for parts in policies]
    assert dict(zip(expected, results, strict=True)) == expected
    assert {part["policy"]["policy-type"] for parts in policies for part in parts} == {"tlsa"}


def test_evidence_of_promises_is_judged_as_the_live_run_was(internet: Internet, live: Run, evidence: Path) -> None:
    replayed = probe("judge", evidence, "--roots", internet.roots, "--format", "json")

    assert replayed.returncode == live.exit_code
    for before, after in zip(live.stdout.splitlines(), replayed.stdout.splitlines(), strict=True):
        assert json.loads(after) == json.loads(before)


def test_one_line_says_what_became_of_it(internet: Internet) -> None:
    target = "both-addresses-right.dane.example"
    done = probe(target, "--resolver", internet.validating, "--roots", internet.roots)

    assert "honoured by 2 of 2 addresses" in done.stdout.decode()
