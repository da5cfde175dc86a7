"""The listener on duty: real clients deliver to a real listener, and what they show is judged, stored and told."""

import json
import os
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from probe.state import Store
from tests.pki import Authority, Issued, pem

DEADLINE = 30.0  # seconds, for whatever is waited for
CONFIG = """
[store]
path = "probe.db"

[defaults]
roots = "root.pem"
retries = 0
schedule = "1h"

[[target]]
name = "closed"
target = "127.0.0.1:1"

[[alert]]
kind = "command"
name = "file"
run = ["/bin/sh", "-c", "cat >> {home}/alerts.jsonl"]
tags = ["in"]

[listen]
address = "127.0.0.1"
port = {port}
host = "listener.example"
tags = ["in"]
"""


class Estate:
    """A directory with a configuration, and the certificates of a client in it."""

    def __init__(self, home: Path) -> None:
        self.home, self.root = home, Authority.root()
        self.issuing = self.root.intermediate()
        self.leaf = self.issuing.leaf(names=["mail.contoso.com"])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        (home / "root.pem").write_bytes(self.root.pem)
        self.shown("whole", self.leaf, self.issuing)
        self.shown("alone", self.leaf)
        self.configure()

    def configure(self, more: str = "", *, of: str = CONFIG) -> None:
        (self.home / "probe.toml").write_text(of.format(home=self.home, port=self.port) + more)

    def shown(self, name: str, *chain: Issued) -> None:
        (self.home / f"{name}.pem").write_bytes(pem(*chain) + chain[0].key_pem)

    def deliver(self, name: str = "", *, tls: bool = True, sender: str = "x@contoso.com") -> tuple[int, bytes]:
        """As a mail server would; gives what was answered to the recipient."""
        with smtplib.SMTP("127.0.0.1", self.port, "mail.contoso.com", timeout=DEADLINE) as client:
            if tls:
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                if name:
                    context.load_cert_chain(self.home / f"{name}.pem")
                client.starttls(context=context)
            client.ehlo()
            client.mail(sender)
            return client.rcpt("y@elsewhere.example")

    @property
    def told(self) -> list[tuple[str, str]]:
        """The changes that went out so far."""
        with suppress(FileNotFoundError):
            lines = (self.home / "alerts.jsonl").read_text().splitlines()
            return [(item["kind"], item["code"]) for line in lines for item in json.loads(line)["changes"]]
        return []

    def store(self) -> Store:
        return Store.open(self.home / "probe.db", datetime.now(UTC), writing=False)


class Watch:
    """A watch under way, and what it has logged."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process, self._log = process, log

    def named(self, name: str, **fields: object) -> list[dict[str, Any]]:
        lines = self._log.read_bytes().splitlines(keepends=True)
        events = [json.loads(line) for line in lines if line.endswith(b"\n")]
        return [one for one in events if one["event"] == name and fields.items() <= one.items()]

    def wait_for(self, what: Callable[[], object]) -> None:
        end = time.monotonic() + DEADLINE
        while not what():
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < end, self._log.read_text()
            time.sleep(0.02)

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(DEADLINE)


@pytest.fixture(name="estate")
def _estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


@contextmanager
def watching(estate: Estate) -> Iterator[Watch]:
    log = estate.home / "watch.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "probe", "watch", "--log-format", "json"],
            cwd=estate.home,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            stderr=stderr,
            stdout=stderr,
            stdin=subprocess.DEVNULL,
        )
    try:
        watch = Watch(process, log)
        watch.wait_for(lambda: watch.named("ready"))
        yield watch
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_a_delivery_is_judged_stored_and_told(estate: Estate) -> None:
    with watching(estate) as watch:
        assert watch.named("listening", what="deliveries", address=f"127.0.0.1 port {estate.port}")
        assert estate.deliver("alone")[0] == 451
        watch.wait_for(lambda: watch.named("delivery", client="127.0.0.1", verdict="FAIL", target="listen"))
        assert watch.named("change", target="listen", code="certificate-not-trusted", kind="appeared")
        estate.deliver("whole")
        watch.wait_for(lambda: watch.named("delivery", verdict="OK"))
        assert not watch.named("change", kind="cleared"), "another server may stand behind the same address"
        assert watch.end() == 0
    assert ("appeared", "certificate-not-trusted") in estate.told
    with estate.store() as store:
        (standing,) = [standing for standing in store.standings() if standing.name == "listen"]
        kept = store.evidence("listen", standing.at)
    assert (standing.verdict, standing.tags, standing.target.name) == ("FAIL", ("in",), "listener.example")
    assert [one.host for one in standing.endpoints] == ["127.0.0.1"]
    assert [one.sha256 for one in standing.certificates] == [estate.leaf.sha256]
    assert kept is not None
    (seen,) = kept.observations
    assert seen.chain is not None
    assert seen.chain.der == (estate.leaf.der, estate.issuing.der)


def test_what_was_told_before_a_restart_is_not_told_again(estate: Estate) -> None:
    for _ in range(2):
        with watching(estate) as watch:
            estate.deliver("alone")
            watch.wait_for(lambda: watch.named("delivery"))
            watch.end()
    assert estate.told.count(("appeared", "certificate-not-trusted")) == 1
    assert not watch.named("change", target="listen")


def test_a_run_in_between_leaves_the_listener_its_standing(estate: Estate) -> None:
    with watching(estate) as watch:
        estate.deliver("whole")
        watch.wait_for(lambda: watch.named("delivery"))
        watch.end()
    command = [sys.executable, "-m", "probe", "run"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run(command, cwd=estate.home, env=environment, capture_output=True, timeout=60, check=False)
    with estate.store() as store:
        assert {standing.name for standing in store.standings()} == {"closed", "listen"}
    estate.configure(of=CONFIG.partition("[listen]")[0])
    subprocess.run(command, cwd=estate.home, env=environment, capture_output=True, timeout=60, check=False)
    with estate.store() as store:
        assert {standing.name for standing in store.standings()} == {"closed"}, "the table is gone"


def test_expectations_are_taken_over_and_another_port_needs_a_restart(estate: Estate) -> None:
    with watching(estate) as watch:
        estate.deliver("whole")
        watch.wait_for(lambda: watch.named("delivery", verdict="OK"))
        estate.configure(f'thumbprints = "{"ab" * 20}"\n')
        watch.process.send_signal(signal.SIGHUP)
        watch.wait_for(lambda: watch.named("reloaded"))
        assert "restart" not in watch.named("reloaded")[0]
        estate.deliver("whole", sender="z@contoso.net")
        watch.wait_for(lambda: watch.named("delivery", verdict="FAIL"))
        estate.configure('allow = ["192.0.2.0/24"]\n')
        watch.process.send_signal(signal.SIGHUP)
        watch.wait_for(lambda: len(watch.named("reloaded")) == 2)
        assert watch.named("reloaded")[1]["restart"] == ["listen"]
        assert estate.deliver("whole")[0] == 451, "it goes on at the old door meanwhile"


def test_without_its_table_nobody_listens_any_more(estate: Estate) -> None:
    with watching(estate) as watch:
        estate.deliver("alone")
        watch.wait_for(lambda: watch.named("delivery"))
        estate.configure(of=CONFIG.partition("[listen]")[0])
        watch.process.send_signal(signal.SIGHUP)
        watch.wait_for(lambda: watch.named("reloaded"))
        watch.wait_for(lambda: not _answers(estate.port))
        assert watch.end() == 0
    with estate.store() as store:
        assert {standing.name for standing in store.standings()} == {"closed"}
    assert ("cleared", "certificate-not-trusted") in estate.told, "whoever was told of it hears that nobody looks"


def _answers(port: int) -> bool:
    with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), DEADLINE):
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_under_way_is_heard_when_it_ends_and_then_told(number: signal.Signals, estate: Estate) -> None:
    with (
        watching(estate) as watch,
        smtplib.SMTP("127.0.0.1", estate.port, "old.contoso.com", timeout=DEADLINE) as client,
    ):
        client.ehlo()
        client.mail("x@contoso.com")
        watch.process.send_signal(number)
        watch.wait_for(lambda: watch.named("stopping"))
        watch.wait_for(lambda: not _answers(estate.port))
        assert client.rcpt("y@elsewhere.example")[0] == 451, "it has its grace"
        client.quit()
        assert watch.process.wait(DEADLINE) == 0
        assert watch.named("delivery", client="127.0.0.1")
        assert watch.named("stopped")
    assert ("appeared", "client-without-tls") in estate.told


def test_a_listener_alone_is_on_duty(estate: Estate) -> None:
    head, _, tail = CONFIG.partition("[[target]]")
    estate.configure(of=head + "[[alert]]" + tail.partition("[[alert]]")[2])
    with watching(estate) as watch:
        estate.deliver("whole")
        watch.wait_for(lambda: watch.named("delivery", verdict="OK"))
        assert watch.end() == 0
    with estate.store() as store:
        assert {standing.name for standing in store.standings()} == {"listen"}
        assert store.runs()[0].verdict == "OK"


def test_a_port_that_is_taken_is_said_before_anything_begins(estate: Estate) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", estate.port))
        taken.listen()
        said = refused(estate)
    assert f"cannot listen on 127.0.0.1 port {estate.port}" in said
    assert not (estate.home / "probe.db").exists()


def refused(estate: Estate) -> str:
    """What a watch says that does not come to begin."""
    done = subprocess.run(
        [sys.executable, "-m", "probe", "watch"],
        cwd=estate.home,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    return done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
def test_root_is_given_up_before_the_store_is_made() -> None:
    with tempfile.TemporaryDirectory() as made:
        home = Path(made)
        home.chmod(0o777)
        estate = Estate(home)
        estate.configure('user = "nobody"\n')
        with watching(estate) as watch:
            status = Path(f"/proc/{watch.process.pid}/status").read_text()
            assert estate.deliver("whole")[0] == 451
            watch.wait_for(lambda: watch.named("delivery", verdict="OK"))
        (uids,) = [line.split()[1:] for line in status.splitlines() if line.startswith("Uid:")]
        assert "0" not in uids
        assert (home / "probe.db").stat().st_uid == int(uids[0])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
def test_a_store_that_is_roots_alone_is_said() -> None:
    with tempfile.TemporaryDirectory() as made:
        home = Path(made)
        home.chmod(0o755)
        (home / "closed").mkdir(mode=0o700)
        estate = Estate(home)
        estate.configure('user = "nobody"\n', of=CONFIG.replace("probe.db", "closed/probe.db"))
        assert refused(estate).startswith(f"error: cannot lock {home}/closed/probe.db.lock: Permission denied\nhint: ")
