"""`probe run` and `probe watch` as cron and systemd call them, with real servers before and behind them."""

import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.pki import TODAY
from tests.real.changing import (
    NET,
    Chain,
    MailHost,
    MailRelay,
    PolicyEstate,
    greylister,
    mail_relay,
    policy_estate,
)
from tests.real.duty import PATIENCE, Agent, Done, small_disk, until
from tests.real.estate import Authorities, Estate
from tests.real.nginx import HOST as ESTATE
from tests.real.servers import LOOPBACK, directory, free_ports
from tests.real.test_alertmanager import Running
from tests.real.test_alertmanager import there as _there
from tests.receiver import Receiver, receiver

Json = dict[str, Any]
alertmanager = _there  # the fixture
MX, RELAY, GREY = f"{NET}.1", f"{NET}.2", f"{NET}.5"
HOST = "mail.contoso.com"
SILENT = Done(0, "", "")  # as cron likes it


class Chains:
    """What the mail host presents in turn."""

    def __init__(self, authorities: Authorities) -> None:
        issuing = authorities.issuing
        long_ago, lately = TODAY - timedelta(days=100), TODAY - timedelta(days=10)
        self.good: Chain = (issuing.leaf(names=(HOST,)), issuing)
        self.next: Chain = (issuing.leaf(names=(HOST,)), issuing)
        self.other: Chain = (issuing.leaf(names=(HOST,)), issuing)
        self.expired: Chain = (issuing.leaf(names=(HOST,), not_before=long_ago, not_after=lately), issuing)


@pytest.fixture(scope="module")
def chains(authorities: Authorities) -> Chains:
    return Chains(authorities)


@pytest.fixture(scope="module")
def make_directory(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    return lambda name: directory(tmp_path_factory, name)


@pytest.fixture(scope="module")
def mx(authorities: Authorities, make_directory: Callable[[str], Path]) -> Iterator[MailHost]:
    host = MailHost(MX, make_directory, authorities.private_root)
    yield host
    host.stop()


@pytest.fixture(scope="module")
def relay(authorities: Authorities, make_directory: Callable[[str], Path]) -> Iterator[MailRelay]:
    chain = (authorities.issuing.leaf(names=(RELAY,)), authorities.issuing)
    with mail_relay(make_directory("relay"), RELAY, chain, authorities.private_root) as there:
        yield there


@pytest.fixture
def webhook() -> Iterator[Receiver]:
    with receiver() as there:
        yield there


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


@pytest.fixture
def estate_of_sts(authorities: Authorities, make_directory: Callable[[str], Path]) -> Iterator[PolicyEstate]:
    with policy_estate(make_directory, authorities.issuing) as there:
        yield there


def unfolded(letter: str) -> str:
    """Quoted-printable without its soft line breaks (RFC 2045 §6.7)."""
    return letter.replace("=\n", "").replace("=3D", "=")


def target(name: str, **more: object) -> Json:
    return {"name": name, "target": f"{MX}:25", "expect_name": HOST, "retries": 0, **more}


def told(webhook: Receiver) -> list[list[tuple[str, str, str]]]:
    """The changes of each message: kind, code, verdict."""
    return [[(one["kind"], one["code"], one["verdict"]) for one in got.json["changes"]] for got in webhook.got]


FAILED = ("appeared", "certificate-expired", "FAIL")
MENDED = ("cleared", "certificate-expired", "OK")
UNSEEN = ("appeared", "not-observed", "UNKNOWN")
SEEN = ("cleared", "not-observed", "OK")
WEAKENED = ("policy-changed", "policy-changed", "WARN")


def test_an_expired_certificate_is_told_once_to_all_and_the_good_one_clears_it(
    agent: Agent,
    mx: MailHost,
    chains: Chains,
    relay: MailRelay,
    webhook: Receiver,
    alertmanager: Running,
    roots: Path,
) -> None:
    letter = {"kind": "email", "host": RELAY, "port": 25, "from": "probe@example.org", "to": ["ops@example.org"]}
    alerts: list[Json] = [
        {"kind": "webhook", "url": webhook.url("/hook")},
        {**letter, "ca": roots},
        {"kind": "alertmanager", "urls": [alertmanager.url]},
    ]
    agent.configure([target("renewal")], alerts, roots=roots)
    mx.present(chains.good)
    assert agent("run") == SILENT
    assert (webhook.got, relay.letters, alertmanager.alerts("renewal")) == ([], [], [])

    mx.present(chains.expired)
    done = agent("run")
    assert (done.exit_code, done.stderr) == (2, "")
    assert "certificate-expired" in done.stdout
    assert "3 alerts told" in done.stdout
    assert told(webhook) == [[FAILED]]
    (first,) = relay.letters
    assert "Subject: [probe] FAIL" in first
    assert "To: ops@example.org" in first
    assert f"CN={HOST} expired 10 days ago" in unfolded(first)
    (firing,) = alertmanager.alerts("renewal")
    assert (firing["labels"]["alertname"], firing["labels"]["severity"]) == ("certificate-expired", "critical")
    assert firing["annotations"]["thumbprint"] == chains.expired[0].sha1.upper()
    alertmanager.heard("renewal", lambda page: page["status"] == "firing")

    done = agent("run")
    assert (done.exit_code, done.stderr) == (2, "")
    assert "told" not in done.stdout  # Alertmanager's alert, which ends unless it is renewed, is no news to anybody
    assert (told(webhook), relay.letters) == ([[FAILED]], [first])
    (still,) = alertmanager.alerts("renewal")
    assert still["fingerprint"] == firing["fingerprint"]
    assert still["updatedAt"] > firing["updatedAt"]

    mx.present(chains.good)
    done = agent("run")
    assert (done.exit_code, done.stderr) == (0, "")
    assert told(webhook) == [[FAILED], [MENDED]]
    assert "no longer so" in unfolded(relay.letters[1])
    assert len(relay.letters) == 2
    assert alertmanager.alerts("renewal") == []
    alertmanager.heard("renewal", lambda page: page["status"] == "resolved")
    assert [change for change in agent.past("renewal") if change[0] != "certificate-changed"] == [FAILED, MENDED]
    assert agent("status").exit_code == 0


def test_a_server_that_is_stopped_is_unknown_and_clears_nothing(
    agent: Agent, mx: MailHost, chains: Chains, webhook: Receiver, alertmanager: Running, roots: Path
) -> None:
    alerts: list[Json] = [
        {"kind": "webhook", "url": webhook.url()},
        {"kind": "alertmanager", "urls": [alertmanager.url]},
    ]
    agent.configure([target("stopped")], alerts, roots=roots)
    mx.stop()
    done = agent("run")
    assert (done.exit_code, told(webhook)) == (3, [[UNSEEN]])
    mx.present(chains.expired)
    assert agent("run").exit_code == 2
    assert told(webhook)[1:] == [[FAILED, SEEN]]

    mx.stop()
    for _ in range(2):
        done = agent("run")
        assert done.exit_code == 2
        assert "certificate-expired" in done.stdout
        assert told(webhook)[2:] == [[UNSEEN]]
        firing = {alert["labels"]["alertname"] for alert in alertmanager.alerts("stopped")}
        assert firing == {"certificate-expired", "not-observed"}

    mx.present(chains.good)
    assert agent("run").exit_code == 0
    assert [sorted(message) for message in told(webhook)[3:]] == [[MENDED, SEEN]]
    assert alertmanager.alerts("stopped") == []


def test_a_greylisting_wakes_nobody(
    agent: Agent, make_directory: Callable[[str], Path], authorities: Authorities, webhook: Receiver, roots: Path
) -> None:
    with greylister() as policy, ExitStack() as stack:
        there = MailHost(GREY, make_directory, authorities.private_root, policy.options)
        stack.callback(there.stop)
        there.present(Chains(authorities).good)
        until(lambda: policy.asked == 1, "nobody asks")  # whether it listens is known by a connection, too
        policy.asked, policy.refusals = 0, 2  # each look asks a second time by itself, before it gives up
        alerts = [{"kind": "webhook", "url": webhook.url()}]
        agent.configure([target("grey", target=f"{GREY}:25", retries=2, pause="0s")], alerts, roots=roots)
        done = agent("run", "--verbose")
        assert (done.exit_code, done.stderr) == (0, "")
        assert "OK at the 2nd look" in done.stdout
        assert (policy.asked, webhook.got) == (3, [])
        assert agent("history", "grey", "--format", "json").json["changes"] == []


def test_the_next_certificate_is_a_note_and_another_one_an_alarm(
    agent: Agent, mx: MailHost, chains: Chains, webhook: Receiver, roots: Path
) -> None:
    expected = {"current": [chains.good[0].sha1], "next": [chains.next[0].sha256]}
    alerts = [{"kind": "webhook", "url": webhook.url()}]
    agent.configure([target("renewed", thumbprints=expected)], alerts, roots=roots)
    mx.present(chains.good)
    assert agent("run") == SILENT
    mx.present(chains.next)
    assert agent("run") == SILENT
    assert webhook.got == []
    assert agent.past("renewed") == [("certificate-changed", "certificate-changed", "OK")]
    assert chains.next[0].sha1.upper() in agent("history", "renewed").stdout

    mx.present(chains.other)
    assert agent("run").exit_code == 2
    (message,) = told(webhook)
    assert ("certificate-changed", "certificate-changed", "FAIL") in message
    assert agent.past("renewed")[1:] == message


def test_an_mta_sts_policy_that_is_weakened_is_told(
    agent: Agent, estate_of_sts: PolicyEstate, webhook: Receiver, roots: Path
) -> None:
    there = estate_of_sts
    watched: Json = {"name": "policy", "target": there.domain, "retries": 0}
    alerts = [{"kind": "webhook", "url": webhook.url()}]
    there.publish("enforce")
    with there.names("20260101T000000") as resolver:
        agent.configure([watched], alerts, roots=roots, resolver=resolver)
        assert agent("run") == SILENT
    there.publish("testing")
    with there.names("20260202T000000") as resolver:
        agent.configure([watched], alerts, roots=roots, resolver=resolver)
        done = agent("run")
        assert done.exit_code == 0  # a policy in testing is no fault
        assert told(webhook) == [[WEAKENED]]
        assert "mode testing" in webhook.got[0].json["changes"][0]["facts"]["after"]
        assert agent("run") == SILENT
        assert told(webhook) == [[WEAKENED]]
        assert agent.past("policy") == [WEAKENED]


@pytest.mark.parametrize("room", [0, 32768], ids=["none", "to-open-it"])  # bytes; so many SQLite takes to open it
def test_a_full_disk_loses_no_alert(
    mx: MailHost, chains: Chains, webhook: Receiver, roots: Path, tmp_path: Path, room: int
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk) as small:
        agent = Agent(tmp_path, small.inside)
        agent.configure(
            [target("full")], [{"kind": "webhook", "url": webhook.url()}], store=disk / "probe.db", roots=roots
        )
        mx.present(chains.good)
        assert agent("run") == SILENT
        small.fill(but=room)
        mx.present(chains.expired)
        done = agent("run")
        assert done.exit_code == 3
        assert done.stderr.startswith("error: ")
        assert told(webhook) == [[FAILED]]

        small.clear()
        assert agent("store", "check").exit_code == 0
        assert agent("run").exit_code == 2
        assert [change for change in agent.past("full") if change[0] != "certificate-changed"] == [FAILED]


def test_a_watch_over_two_servers(
    agent: Agent, mx: MailHost, estate: Estate, chains: Chains, webhook: Receiver, roots: Path
) -> None:
    mx.present(chains.good)
    expired = {"name": "expired", "target": f"{LOOPBACK}:{estate.server.ports['expired']}", "retries": 0}
    alerts = [{"kind": "webhook", "url": webhook.url()}]
    agent.configure([target("good"), {**expired, "expect_name": ESTATE}], alerts, roots=roots, schedule="1s")
    (port,) = free_ports(1)
    with agent.watching("--metrics", f"{LOOPBACK}:{port}") as watch:
        watch.heard("look", lambda looks: {look["target"] for look in looks[2:]} == {"good", "expired"})
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=PATIENCE) as answer:
            metrics = answer.read().decode()
        watch.process.terminate()
        assert watch.process.wait(PATIENCE) == 0
    for line in ('probe_success{target="good"} 1.0', 'probe_success{target="expired"} 0.0', "probe_targets 2.0"):
        assert line in metrics.splitlines()
    assert 'code="certificate-expired"' in metrics
    assert told(webhook) == [[FAILED]]  # at the latest as its last words
    assert len(watch.events("stopped")) == 1
    assert watch.events("fault") == []
    assert agent.past("expired") == [FAILED]
    assert agent("status").exit_code == 2
