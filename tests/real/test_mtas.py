"""Postfix, Exim and Dovecot, each with its own manners: banners, keywords, refusals, client certificates."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.pki import CLIENT_AUTH, pem
from tests.real.client import Report, Run, run_probe
from tests.real.estate import Authorities
from tests.real.nginx import HOST
from tests.real.postfix import BANNER
from tests.real.servers import LOOPBACK, Server

SCHEMES = {"smtps": "smtps", "submission": "submission", "submissions": "smtps"}


def look(server: Server, roots: Path, *names: str, options: Sequence[str | Path] = ()) -> Run:
    targets = [f"{SCHEMES.get(name, 'smtp')}://{HOST}:{server.ports[name]}" for name in names]
    return run_probe(*targets, "--connect", LOOPBACK, "--roots", roots, *options)


def look_at_all(server: Server, roots: Path) -> dict[str, Report]:
    """Every listener in one run: two of them have us wait and ask again."""
    return dict(zip(server.ports, look(server, roots, *server.ports).reports, strict=True))


@pytest.fixture(scope="module")
def of_postfix(postfix_server: Server, roots: Path) -> dict[str, Report]:
    return look_at_all(postfix_server, roots)


@pytest.fixture(scope="module")
def of_exim(exim_server: Server, roots: Path) -> dict[str, Report]:
    return look_at_all(exim_server, roots)


@pytest.fixture(scope="module")
def of_dovecot(dovecot_server: Server, roots: Path) -> dict[str, Report]:
    return look_at_all(dovecot_server, roots)


POSTFIX_KEYWORDS = [
    *("PIPELINING", "SIZE 10240000", "VRFY", "ETRN", "STARTTLS"),
    *("ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING"),
]
EXIM_KEYWORDS = [
    *("SIZE 52428800", "8BITMIME", "PIPELINING", "PIPECONNECT", "CHUNKING", "STARTTLS", "SMTPUTF8", "HELP"),
]


@pytest.mark.parametrize("name", ["plain", "tls12", "postscreen"])
def test_postfix_is_ok(of_postfix: dict[str, Report], name: str) -> None:
    report = of_postfix[name]

    assert (report.verdict, report.faults) == ("OK", set())
    assert report.observation["keywords"] == POSTFIX_KEYWORDS
    assert len(report.observation["certificates"]) == 2


def test_postscreen_has_a_banner_of_several_lines(postfix_server: Server, roots: Path, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    run = look(postfix_server, roots, "postscreen", options=("--evidence", evidence))

    assert f"220-{BANNER}\\r\\n220 mx.example.org ESMTP Postfix\\r\\n" in evidence.read_text()
    assert run.exit_code == 0


def test_postfix_speaks_tls_at_once(of_postfix: dict[str, Report]) -> None:
    report = of_postfix["smtps"]

    assert report.faults == set()
    assert report.observation["keywords"] == [word for word in POSTFIX_KEYWORDS if word != "STARTTLS"]


def test_postfix_without_starttls(of_postfix: dict[str, Report]) -> None:
    report = of_postfix["no-starttls"]

    assert report.fact("starttls-not-supported", "cause") == "not-offered"
    assert "ETRN" in report.observation["keywords"]


def test_postfix_refuses_starttls_when_its_tls_is_broken(of_postfix: dict[str, Report]) -> None:
    report = of_postfix["tls-unavailable"]

    assert report.fact("starttls-not-supported", "cause") == "refused"
    assert report.fact("starttls-not-supported", "reply").startswith("454 4.7.0 TLS not available")
    assert report.observation["attempts"] == 2  # RFC 3207 §4: 454 is temporary


def test_postfix_without_a_certificate_fails_the_handshake(of_postfix: dict[str, Report]) -> None:
    report = of_postfix["no-certificate"]

    facts = report.finding("not-observed")["facts"]
    assert (facts["stage"], facts["kind"], facts["detail"]) == ("HANDSHAKE", "ALERT", "handshake failure")
    assert report.verdict == "FAIL"


@pytest.mark.parametrize(
    ("name", "reply", "verdict", "attempts"),
    [("not-now", "450 4.3.2", "UNKNOWN", 2), ("not-you", "554 5.7.1", "FAIL", 1)],
)
def test_postfix_may_not_want_to_speak(
    of_postfix: dict[str, Report], name: str, reply: str, verdict: str, attempts: int
) -> None:
    report = of_postfix[name]

    facts = report.finding("not-observed")["facts"]
    assert (facts["stage"], facts["kind"]) == ("DIALOGUE", "REJECTED")
    assert facts["detail"].startswith(reply)
    assert (report.verdict, report.observation["attempts"]) == (verdict, attempts)


@pytest.mark.parametrize("reports", ["of_postfix", "of_exim"])
def test_a_certificate_may_be_asked_for(reports: str, request: pytest.FixtureRequest) -> None:
    report = request.getfixturevalue(reports)["certificate-asked"]

    assert report.observation["session"]["certificate_requested"] is True
    assert report.observation["client_cas"] == ["CN=Contoso Private Root, O=Contoso, C=GB"]
    assert report.faults == set()


@pytest.mark.parametrize("name", ["certificate-required", "certificate-required-tls12"])
@pytest.mark.parametrize("server", ["postfix", "exim"])
def test_a_certificate_may_be_required(
    server: str, name: str, request: pytest.FixtureRequest, roots: Path, authorities: Authorities, tmp_path: Path
) -> None:
    refused = request.getfixturevalue(f"of_{server}")[name]
    assert refused.faults == {"client-certificate-required"}
    assert len(refused.observation["certificates"]) == 2

    ours = authorities.private_root.leaf(names=("us.example.org",), eku=(CLIENT_AUTH,))
    both = tmp_path / "us.pem"
    both.write_bytes(ours.key_pem + pem(ours))
    given = look(request.getfixturevalue(f"{server}_server"), roots, name, options=("--client-cert", both)).report
    assert given.faults == set()


def test_exim_is_ok(of_exim: dict[str, Report]) -> None:
    report = of_exim["plain"]

    assert (report.verdict, report.faults) == ("OK", set())
    assert report.observation["keywords"] == EXIM_KEYWORDS


def test_exim_speaks_tls_at_once(of_exim: dict[str, Report]) -> None:
    assert of_exim["smtps"].faults == set()


def test_exim_without_starttls(of_exim: dict[str, Report]) -> None:
    assert of_exim["no-starttls"].fact("starttls-not-supported", "cause") == "not-offered"


@pytest.mark.parametrize("name", ["submission", "submissions"])
def test_dovecot_submission_is_ok(of_dovecot: dict[str, Report], name: str) -> None:
    report = of_dovecot[name]

    assert (report.verdict, report.faults) == ("OK", set())
    assert "ENHANCEDSTATUSCODES" in report.observation["keywords"]


def test_submission_is_a_promise(dovecot_server: Server, roots: Path) -> None:
    target = f"submission://elsewhere.example.net:{dovecot_server.ports['submission']}"
    report = run_probe(target, "--connect", LOOPBACK, "--roots", roots).report

    assert (report.verdict, report.faults) == ("FAIL", {"certificate-host-mismatch"})
