"""`probe run` as cron starts it, a process: what it prints, what it ends with, what it leaves behind."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from probe.cli.duty_options import RunFormat
from probe.cli.ran import tell
from probe.run.alone import alone
from probe.run.once import Ended
from tests.receiver import Receiver, Says, receiver

BASE = '[store]\npath = "state/probe.db"\n[defaults]\nretries = 0\nroots = "ca.pem"\ntimeout = "5s"\n'
SINK = '[[alert]]\nkind = "webhook"\nname = "hook"\nurl = "{url}"\n'
NEVER = "[[alert]]\nkind = 'command'\nname = 'deaf'\nrun = ['/bin/false']\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(name="hook")
def _hook() -> Iterator[Receiver]:
    with receiver() as there:
        yield there


@pytest.fixture(name="well")
def _well(authority: trustme.CA, tmp_path: Path) -> Iterator[str]:
    """A target with which all is well."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with receiver(tls=authority.issue_cert("localhost")) as there:
        yield f"tls://localhost:{there.port}"


@pytest.fixture(name="broken")
def _broken(authority: trustme.CA, tmp_path: Path) -> Iterator[str]:
    """A target whose certificate is over."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    over = datetime(2026, 1, 1, tzinfo=UTC)
    with receiver(tls=authority.issue_cert("localhost", not_after=over)) as there:
        yield f"tls://localhost:{there.port}"


def entry(name: str, target: str, *lines: str) -> str:
    return f'[[target]]\nname = "{name}"\ntarget = "{target}"\n' + "".join(f"{line}\n" for line in lines)


CLOSED = entry("closed", "127.0.0.1:9")


def configured(home: Path, *parts: str) -> None:
    if not (home / "ca.pem").exists():
        trustme.CA().cert_pem.write_to_path(home / "ca.pem")
    (home / "probe.toml").write_text(BASE + "".join(parts))


def probe(home: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "XDG_CONFIG_HOME": str(home)}
    command = [sys.executable, "-m", "probe", *args]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=home, env=environment, text=True, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe
    ) as process:
        out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def problem(done: "subprocess.CompletedProcess[str]") -> str:
    """The error of one that gave up: nothing else is said."""
    assert (done.returncode, done.stdout) == (3, ""), done
    error, hint = done.stderr.splitlines()
    assert hint.startswith("hint: ")
    assert error.startswith("error: ")
    return error.removeprefix("error: ")


def test_silence_where_all_is_ok_else_a_report_and_one_alert(
    well: str, broken: str, hook: Receiver, tmp_path: Path
) -> None:
    configured(tmp_path, entry("well", well), SINK.format(url=hook.url()))
    done = probe(tmp_path, "run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not hook.got
    configured(tmp_path, entry("well", well), entry("over", broken), SINK.format(url=hook.url()))
    done = probe(tmp_path, "run")
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("FAIL     over  tls://localhost:")
    assert "certificate-expired" in done.stdout
    assert "2 targets: 1 OK, 1 FAIL\n1 alert told\n" in done.stdout
    assert [got.json["verdict"] for got in hook.got] == ["FAIL"]
    again = probe(tmp_path, "run")
    assert again.returncode == 2
    assert len(hook.got) == 1, "it was told, and nothing has changed"


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("--target", "closed"), 3, "1 target: 1 UNKNOWN\n"),
        (("--tag", "good"), 0, ""),
        (("--tag", "good", "--tag", "bad"), 3, "2 targets: 1 OK, 1 UNKNOWN\n"),
        (("--tag", "good", "--target", "closed"), 0, ""),
    ],
)
def test_options_choose(args: tuple[str, ...], code: int, said: str, well: str, tmp_path: Path) -> None:
    configured(tmp_path, entry("well", well, 'tags = ["good"]'), entry("closed", "127.0.0.1:9", 'tags = ["bad"]'))
    done = probe(tmp_path, "run", *args)
    assert done.returncode == code
    assert done.stdout.endswith(said)
    assert bool(done.stdout) is bool(said)


def test_what_is_not_due_is_left_alone_unless_it_is_named(tmp_path: Path) -> None:
    configured(tmp_path, entry("closed", "127.0.0.1:9", 'schedule = "1d"'))
    assert [probe(tmp_path, "run", *args).returncode for args in ((), (), ("--target", "closed"))] == [3, 0, 3]


@pytest.mark.parametrize(
    ("args", "error", "hint"),
    [
        (("--target", "closd"), "--target `closd`: the configuration has none", "did you mean `closed`?"),
        (("--tag", "x"), "--tag `x`: the configuration has none", "there are none"),
        (("--config", "nowhere.toml"), "cannot read the configuration from nowhere.toml", "probe config init"),
        (("--store", "."), " is a directory", "name a file in it"),
        (("--format", "xml"), "xml", "probe run --help"),
    ],
)
def test_what_cannot_be_run(args: tuple[str, ...], error: str, hint: str, tmp_path: Path) -> None:
    configured(tmp_path, CLOSED)
    done = probe(tmp_path, "run", *args)
    assert error in problem(done)
    assert hint in done.stderr
    assert not (tmp_path / "state").exists()


def test_without_a_configuration(tmp_path: Path) -> None:
    assert "there is no probe.toml" in problem(probe(tmp_path, "run"))


def test_the_misspelt_key_is_told_first(tmp_path: Path) -> None:
    configured(tmp_path, '[[target]]\ntargte = "example.org"\n')
    done = probe(tmp_path, "run")
    assert problem(done) == 'probe.toml, line 8: [[target]] #1: unknown key "targte"'
    assert done.stderr.endswith("hint: did you mean target?\n")


def test_a_dry_run_stores_and_sends_nothing(broken: str, hook: Receiver, tmp_path: Path) -> None:
    ping = f'[[alert]]\nkind = "healthchecks"\nurl = "{hook.url("/ping")}"\n'
    configured(tmp_path, entry("over", broken), SINK.format(url=hook.url()), ping)
    done = probe(tmp_path, "run", "--dry-run", "--textfile", "probe.prom")
    assert done.returncode == 2
    assert "would tell hook of over: appeared:" in done.stdout
    assert not hook.got
    assert not (tmp_path / "state").exists()
    assert not (tmp_path / "probe.prom").exists()


@pytest.mark.parametrize("kind", ["json", "nagios"])
def test_formats(kind: str, tmp_path: Path) -> None:
    configured(tmp_path, CLOSED)
    done = probe(tmp_path, "run", "--format", kind)
    assert (done.returncode, done.stderr) == (3, "")
    if kind == "json":
        told = json.loads(done.stdout)
        assert (told["target"]["name"], told["target"]["verdict"], told["muted"]) == ("closed", "UNKNOWN", False)
    else:
        assert "UNKNOWN" in done.stdout.splitlines()[0]
        assert "127.0.0.1:9" in done.stdout


def test_metrics_are_written_and_where_they_cannot_be_the_report_comes_first(tmp_path: Path) -> None:
    configured(tmp_path, CLOSED)
    assert probe(tmp_path, "run", "--textfile", "probe.prom").returncode == 3
    assert 'probe_success{target="closed"} 0.0' in (tmp_path / "probe.prom").read_text()
    done = probe(tmp_path, "run", "--textfile", "nowhere/probe.prom")
    assert done.returncode == 3
    assert "1 target: 1 UNKNOWN" in done.stdout
    assert done.stderr.startswith("error: cannot write metrics to ")


def test_a_second_one_is_turned_away(tmp_path: Path) -> None:
    configured(tmp_path, CLOSED)
    with alone(tmp_path / "state" / "probe.db"):
        assert f"another run is under way with {tmp_path}/state/probe.db (process {os.getpid()})" in problem(
            probe(tmp_path, "run")
        )


def test_how_often_was_looked_is_said(tmp_path: Path) -> None:
    configured(tmp_path, entry("closed", "127.0.0.1:9", "retries = 2", 'pause = "0s"'))
    assert "so after 3 looks" in probe(tmp_path, "run").stdout


def test_a_muted_target_wakes_nobody(hook: Receiver, tmp_path: Path) -> None:
    configured(tmp_path, CLOSED, SINK.format(url=hook.url()))
    assert probe(tmp_path, "mute", "closed", "--until", "2h", "--reason", "a new disk").returncode == 0
    done = probe(tmp_path, "run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert probe(tmp_path, "unmute", "closed").returncode == 0
    assert not hook.got
    done = probe(tmp_path, "run")
    assert (done.returncode, len(hook.got)) == (3, 1), "what is still wrong is told afterwards"


def test_an_alert_that_does_not_arrive_is_a_warning_and_said(well: str, broken: str, tmp_path: Path) -> None:
    with receiver(Says(200), Says(400, b"no thanks")) as there:
        sink = SINK.format(url=there.url("/s3cret"))
        configured(tmp_path, entry("mail", broken), sink)
        assert probe(tmp_path, "run").returncode == 2
        configured(tmp_path, entry("mail", well), sink)
        done = probe(tmp_path, "run")
    assert (done.returncode, done.stderr) == (1, "")
    assert "1 alert stuck: hook: " in done.stdout
    assert "400" in done.stdout
    assert "s3cret" not in done.stdout
    listed = probe(tmp_path, "alerts")
    assert (listed.returncode, listed.stderr) == (2, "")
    assert listed.stdout.startswith("hook: mail, ")
    later = probe(tmp_path, "run")
    assert (later.returncode, later.stdout) == (1, "")
    assert later.stderr == "warning: alerts for hook are stuck: see `probe alerts list`\n"


def test_a_service_that_does_not_hear_the_ping_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    ended = Ended(results=(), deliveries=(), silent={"switch": "no answer"})
    assert tell(ended, RunFormat.TEXT, verbosity=0, colour=False) == 1
    assert capsys.readouterr() == ("", "warning: switch could not be pinged: no answer\n")


def test_a_damaged_store_is_said_loudly_and_begun_anew(tmp_path: Path) -> None:
    configured(tmp_path, CLOSED)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "probe.db").write_bytes(b"this was a store once" * 500)
    done = probe(tmp_path, "run")
    assert done.returncode == 3
    assert "1 target: 1 UNKNOWN" in done.stdout
    assert done.stderr.startswith("warning: the store was damaged; it is kept as ")
    (aside,) = (tmp_path / "state").glob("probe.db.damaged-*")
    assert str(aside) in done.stderr
    assert probe(tmp_path, "run").stderr == ""


def test_a_store_of_a_newer_version_is_left_alone_and_the_dead_mans_switch_hears_of_it(
    hook: Receiver, tmp_path: Path
) -> None:
    ping = f'[[alert]]\nkind = "healthchecks"\nurl = "{hook.url("/ping")}"\n'
    configured(tmp_path, CLOSED, ping)
    assert probe(tmp_path, "run").returncode == 3
    path = tmp_path / "state" / "probe.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    hook.got.clear()
    assert "is of version 99, this probe knows version " in problem(probe(tmp_path, "run"))
    assert path.read_bytes() == before
    assert [got.path for got in hook.got] == ["/ping/fail"]
    assert b"is of version 99" in hook.got[0].body
    assert problem(probe(tmp_path, "run", "--dry-run"))
    assert len(hook.got) == 1


def test_a_switch_that_hears_nothing_hides_no_error(tmp_path: Path) -> None:
    ping = '[[alert]]\nkind = "healthchecks"\nurl = "http://127.0.0.1:9/ping"\n'
    configured(tmp_path, CLOSED, ping)
    (tmp_path / "state").write_text("a file in the place of the directory")
    done = probe(tmp_path, "run")
    assert (done.returncode, done.stdout) == (3, "")
    warning, error, _ = done.stderr.splitlines()
    assert warning.startswith("warning: healthchecks could not be pinged: ")
    assert error.startswith("error: cannot ")


def test_where_the_store_cannot_be_written_alerts_go_out_nonetheless(
    well: str, broken: str, hook: Receiver, tmp_path: Path
) -> None:
    """Beside the store there is no room for what SQLite needs, even to read."""
    ping = f'[[alert]]\nkind = "healthchecks"\nurl = "{hook.url("/ping")}"\n'
    configured(tmp_path, entry("mail", well), SINK.format(url=hook.url()), ping)
    assert probe(tmp_path, "run").returncode == 0
    configured(tmp_path, entry("mail", broken), SINK.format(url=hook.url()), ping)
    path = tmp_path / "state" / "probe.db"
    before = path.read_bytes()
    path.with_name("probe.db-shm").mkdir()
    hook.got.clear()
    done = probe(tmp_path, "run")
    assert done.returncode == 3
    assert "1 target: 1 FAIL\n1 alert told\n" in done.stdout
    assert done.stderr.startswith(f"error: cannot write the store {path}: ")
    assert "/" in [got.path for got in hook.got]
    assert hook.got[-1].path == "/ping/fail"
    assert b"cannot write the store" in hook.got[-1].body
    assert path.read_bytes() == before
    path.with_name("probe.db-shm").rmdir()
    assert probe(tmp_path, "run").returncode == 2
