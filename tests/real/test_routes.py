"""From a domain to its mail hosts: a real authoritative server, a real resolver, and hosts on port 25."""

import socket
from collections.abc import Iterator

import pytest

from tests.real.client import Report, run_probe
from tests.real.mail import NET, Mail
from tests.real.servers import LOOPBACK, free_ports


@pytest.fixture
def silent() -> Iterator[str]:
    """A resolver that hears and never answers, over UDP and TCP alike."""
    with (
        socket.create_server((LOOPBACK, 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(tcp.getsockname())
        yield f"{LOOPBACK}:{tcp.getsockname()[1]}"


def addresses(report: Report) -> list[tuple[str, str]]:
    return [(seen["host"], seen["address"]) for seen in report.data["observations"]]


def route(report: Report) -> list[tuple[str, int | None]]:
    return [(host["host"], host["preference"]) for host in report.data["route"]["hosts"]]


def test_hosts_come_by_preference_and_all_are_observed(mail: Mail) -> None:
    report = mail.seen["several"]

    assert report.data["route"]["kind"] == "mx"
    assert route(report) == [("one.mx.test", 10), ("two.mx.test", 20), ("three.mx.test", 30)]
    assert addresses(report) == [
        ("one.mx.test", f"{NET}.1"),
        ("two.mx.test", f"{NET}.2"),
        ("three.mx.test", f"{NET}.3"),
    ]
    leaves = [seen["certificates"][0]["sha1"] for seen in report.data["observations"]]
    assert leaves == [mail.leaf(name) for name in ("one", "two", "three")]
    assert (report.verdict, report.faults) == ("OK", set())


def test_a_mail_address_stands_for_its_domain(mail: Mail) -> None:
    run = mail.look("postmaster@Several.TEST")

    assert run.report.data["target"] == "postmaster@Several.TEST"
    assert route(run.report) == route(mail.seen["several"])
    assert run.exit_code == 0


@pytest.mark.parametrize(("option", "expected"), [([], [f"{NET}.1", "::1"]), (["-4"], [f"{NET}.1"]), (["-6"], ["::1"])])
def test_both_families_of_addresses(mail: Mail, option: list[str], expected: list[str]) -> None:
    if not mail.has_ipv6:
        pytest.skip("there is no IPv6 here, or port 25 of ::1 is taken")
    report = mail.look("families.test", *option).report

    assert sorted(address for _, address in addresses(report)) == sorted(expected)
    assert report.faults == set()


def test_a_domain_without_mx_is_its_own_mail_host(mail: Mail) -> None:
    report = mail.seen["implicit"]

    assert report.data["route"]["kind"] == "implicit-mx"
    assert addresses(report) == [("implicit.test", f"{NET}.4")]
    assert report.verdict == "OK"


def test_a_null_mx_means_no_mail_and_no_connection(mail: Mail) -> None:
    report = mail.seen["null"]

    assert report.data["route"]["kind"] == "null-mx"
    assert report.data["observations"] == []
    finding = report.finding("no-mail")
    assert (finding["where"], finding["facts"]) == ({"kind": "target"}, {"domain": "null.test"})


def test_a_domain_may_be_an_alias(mail: Mail) -> None:
    assert route(mail.seen["renamed"]) == route(mail.seen["several"])
    assert mail.seen["renamed"].verdict == "OK"


def test_a_mail_host_ought_not_to_be_an_alias(mail: Mail) -> None:
    report = mail.seen["aliased"]

    finding = report.finding("mx-is-alias")
    assert (finding["verdict"], finding["facts"]["canonical"]) == ("OK", "one.mx.test")
    assert addresses(report) == [("alias.mx.test", f"{NET}.1")]


@pytest.mark.parametrize(("domain", "cause"), [("addressless", "no-addresses"), ("nowhere", "no-such-name")])
def test_a_mail_host_without_an_address(mail: Mail, domain: str, cause: str) -> None:
    report = mail.seen[domain]

    finding = report.finding("name-not-found")
    assert (finding["where"]["kind"], finding["facts"]["cause"]) == ("host", cause)
    assert report.data["observations"] == []
    assert report.verdict == "FAIL"


def test_one_host_without_an_address_beside_a_good_one(mail: Mail) -> None:
    report = mail.seen["partly"]

    finding = report.finding("name-not-found")
    assert (finding["where"]["host"], finding["verdict"]) == ("missing.mx.test", "WARN")
    assert addresses(report) == [("one.mx.test", f"{NET}.1")]


@pytest.mark.parametrize(("domain", "cause"), [("missing", "no-such-name"), ("textual", "no-addresses")])
def test_a_domain_that_leads_nowhere(mail: Mail, domain: str, cause: str) -> None:
    report = mail.seen[domain]

    assert report.fact("name-not-found", "cause") == cause
    assert (report.verdict, report.data["observations"]) == ("FAIL", [])


@pytest.mark.parametrize("domain", ["circle-a", "ring", "servfail", "broken"])
def test_names_that_cannot_be_looked_up_are_unknown(mail: Mail, domain: str) -> None:
    report = mail.seen[domain]

    assert report.verdict == "UNKNOWN"
    assert report.fact("not-observed", "stage") == "RESOLVE"
    assert "SERVFAIL" in report.fact("not-observed", "detail")
    assert "FAILED" in {answer["outcome"] for answer in report.data["route"]["answers"]}


def test_a_loop_of_aliases_ends(mail: Mail) -> None:
    # Unbound gives up on it; the authoritative server hands the loop out as it is.
    run = run_probe("circle-a.test", "ring.test", "--resolver", mail.resolver.authoritative)

    assert [report.faults for report in run.reports] == [{"not-observed"}, {"not-observed"}]
    assert [report.fact("not-observed", "kind") for report in run.reports] == ["PROTOCOL", "PROTOCOL"]
    assert run.exit_code == 2


def test_a_resolver_that_never_answers_is_a_time_out(mail: Mail, silent: str) -> None:
    run = run_probe("several.test", "--resolver", silent, "--timeout", "2")

    assert (run.report.verdict, run.exit_code) == ("UNKNOWN", 3)
    facts = run.report.finding("not-observed")["facts"]
    assert (facts["stage"], facts["kind"]) == ("RESOLVE", "TIMEOUT")


def test_a_resolver_that_is_not_there(mail: Mail) -> None:
    nobody = f"{LOOPBACK}:{free_ports(1)[0]}"
    run = run_probe("several.test", "--resolver", nobody, "--timeout", "5")

    assert (run.report.verdict, run.exit_code) == ("UNKNOWN", 3)
    facts = run.report.finding("not-observed")["facts"]
    assert (facts["stage"], facts["kind"]) == ("RESOLVE", "UNREACHABLE")
    assert run.report.data["resolvers"] == [nobody]


@pytest.mark.parametrize("dead", ["refusing", "silent"])
def test_the_next_resolver_takes_over(mail: Mail, silent: str, dead: str) -> None:
    first = silent if dead == "silent" else f"{LOOPBACK}:{free_ports(1)[0]}"
    run = run_probe("several.test", "--resolver", first, "--resolver", mail.resolver.address, "--roots", mail.roots)

    assert (run.report.verdict, run.report.faults) == ("OK", set())
    assert {answer["resolver"] for answer in run.report.data["route"]["answers"]} == {mail.resolver.address}


def test_a_truncated_answer_is_asked_for_again_over_tcp(mail: Mail) -> None:
    (answer,) = [answer for answer in mail.seen["large"].data["route"]["answers"] if answer["rtype"] == "A"]

    assert len(answer["records"]) == 40


@pytest.mark.parametrize(
    ("domain", "fact", "omitted"), [("twenty", "hosts_omitted", "4"), ("large", "addresses_omitted", "24")]
)
def test_many_hosts_and_addresses_are_cut_and_said_to_be(mail: Mail, domain: str, fact: str, omitted: str) -> None:
    report = mail.seen[domain]

    assert report.fact("route-cut", fact) == omitted
    assert len(report.data["observations"]) == 16
    assert report.verdict == "WARN"


def test_a_host_whose_addresses_present_different_certificates(mail: Mail) -> None:
    report = mail.seen["drifting"]

    finding = report.finding("address-drift")
    assert (finding["verdict"], finding["where"]["host"]) == ("OK", "drift.mx.test")
    assert report.verdict == "OK"


def test_an_address_where_nothing_listens(mail: Mail) -> None:
    alone, beside_another = mail.seen["dead"], mail.seen["half"]

    facts = alone.finding("not-observed")["facts"]
    assert (alone.verdict, facts["stage"], facts["kind"]) == ("UNKNOWN", "CONNECT", "REFUSED")
    finding = beside_another.finding("not-observed")
    assert (beside_another.verdict, finding["where"]["address"]) == ("WARN", f"{NET}.254")


def test_a_host_is_resolved_without_mx(mail: Mail) -> None:
    report = mail.look("two.mx.test:25").report

    assert report.data["route"]["kind"] == "host"
    assert addresses(report) == [("two.mx.test", f"{NET}.2")]
    assert report.observation["server_name"] == "two.mx.test"


def test_an_address_needs_no_name(mail: Mail) -> None:
    report = mail.look(f"{NET}.1:25").report

    assert report.data["route"]["kind"] == "address"
    assert report.data["resolvers"] == []
    assert report.observation["server_name"] is None
    assert "certificate-name-unchecked" in report.codes


def test_an_ipv6_address_needs_no_name(mail: Mail) -> None:
    if not mail.has_ipv6:
        pytest.skip("there is no IPv6 here, or port 25 of ::1 is taken")
    assert mail.look("[::1]:25").report.observation["address"] == "::1"
