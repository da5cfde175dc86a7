"""`probe listen` as people run it, a process: what it prints of each delivery, what it tells meanwhile, how it ends."""

import json
import os
import pty
import re
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import jsonschema
import pytest

from probe.cli import run
from probe.cli.attending import Told
from probe.judge.judging import judge
from probe.report.json import schema
from tests.pki import Authority, pem

HOUSE = Path(__file__).parents[1]
HOME = "127.0.0.1"
PATIENCE = 30.0  # seconds until a test gives up
HYBRID = "mail.contoso.com"
ROOT = os.geteuid() == 0
KEPT = ("--user", "root") if ROOT else ()
Json = dict[str, Any]


@dataclass
class Running:
    """A listener that is up. `first` is the line by which it said so."""

    process: "subprocess.Popen[str]"
    first: str

    @property
    def port(self) -> int:
        found = re.search(r" port (\d+) ", self.first)
        assert found, self.first
        return int(found[1])

    def line(self) -> str:
        """The next line on stderr."""
        assert self.process.stderr
        return self.process.stderr.readline().rstrip("\n")

    def report(self) -> Json:
        """The next line of JSON."""
        assert self.process.stdout
        return dict(json.loads(self.process.stdout.readline()))

    def end(self, number: signal.Signals | None = signal.SIGTERM) -> tuple[int, str, str]:
        """Exit code, and what else was said on stdout and on stderr."""
        if number:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


def command(*words: str | Path, python: Sequence[str] = ()) -> list[str]:
    return [sys.executable, *python, "-m", "probe", *map(str, words)]


@contextmanager
def listening(
    *words: str | Path, where: str = f"{HOME}:0", python: Sequence[str] = (), user: str = "root"
) -> Iterator[Running]:
    """Root is given up in the tests of that alone: it takes its time."""
    pipe = subprocess.PIPE
    kept = ("--user", user) if ROOT and user else ()
    line = command("listen", where, *words, *kept, python=python)
    groups = [0, 1] if ROOT else None  # which are to be given up, too
    with subprocess.Popen(
        line, cwd=HOUSE, text=True, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, extra_groups=groups
    ) as process:
        try:
            assert process.stderr
            first = next((said for said in process.stderr if said.startswith("listening on ")), "")
            assert first, process.stdout and process.stdout.read()
            assert process.stderr.readline().startswith("  who may connect: ")
            assert process.stderr.readline().startswith("  messages are ")
            yield Running(process, first)
        finally:
            process.kill()


def probe(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*words), cwd=HOUSE, capture_output=True, text=True, timeout=PATIENCE, check=False)


@dataclass(frozen=True)
class Estate:
    """Files of somebody who sends."""

    home: Path
    thumbprint: str  # of the leaf in `full` and `alone`

    def __getattr__(self, name: str) -> Path:
        """`roots`, `full` (the chain and its key), `alone` (the leaf and its key), `other` (of another name),
        `exports`, by name."""
        return self.home / name


@pytest.fixture(name="estate", scope="module")
def _estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    home = tmp_path_factory.mktemp("estate")
    root = Authority.root()
    issuing = root.intermediate()
    leaf, other = issuing.leaf(names=(HYBRID,)), issuing.leaf(names=("other.example.org",))
    (home / "roots").write_bytes(pem(root))
    (home / "full").write_bytes(pem(leaf, issuing) + leaf.key_pem)
    (home / "alone").write_bytes(pem(leaf) + leaf.key_pem)
    (home / "other").write_bytes(pem(other, issuing) + other.key_pem)
    export = {
        "InboundConnector": [
            {
                "Identity": "Inbound from us",
                "Enabled": True,
                "ConnectorType": "OnPremises",
                "SenderDomains": ["smtp:*;1"],
                "SenderIPAddresses": [],
                "TlsSenderCertificateName": HYBRID,
                "RequireTls": True,
            }
        ],
        "AcceptedDomain": [{"DomainName": "contoso.com", "DomainType": "Authoritative", "Default": True}],
    }
    (home / "exports").mkdir()
    (home / "exports" / "inbound.json").write_text(json.dumps(export["InboundConnector"]))
    (home / "exports" / "domains.json").write_text(json.dumps(export["AcceptedDomain"]))
    return Estate(home, leaf.sha1)


def deliver(
    port: int, certificate: Path | None = None, *, sender: str = "a@contoso.com", to: str = "b@fabrikam.com"
) -> tuple[int, str]:
    """One delivery with that certificate; gives the reply to the recipient."""
    with client(port, certificate) as session:
        session.mail(sender)
        code, text = session.rcpt(to)
    return code, text.decode()


def client(port: int, certificate: Path | None = None) -> smtplib.SMTP:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate)
    session = smtplib.SMTP(HOME, port, local_hostname="ex01.contoso.com", timeout=PATIENCE)
    session.ehlo()
    session.starttls(context=context)
    session.ehlo()
    return session


# One delivery after the other


def test_each_delivery_is_one_line_of_json_as_it_ends(estate: Estate) -> None:
    with listening("--format", "json", "--roots", estate.roots) as here:
        assert f"listening on {HOME} port {here.port} as " in here.first
        reports = []
        for certificate in (estate.full, estate.alone, None):
            assert deliver(here.port, certificate)[0] == 451
            reports.append(here.report())
        code, out, err = here.end()
    for report in reports:
        jsonschema.validate(report, schema())
    assert [report["verdict"] for report in reports] == ["OK", "FAIL", "WARN"]
    shown = [report["observations"][0]["certificates"] for report in reports]
    assert [len(chain or ()) for chain in shown] == [2, 1, 0]
    assert shown[0][0]["sha1"] == estate.thumbprint
    assert (code, out, err) == (2, "", "3 deliveries: 1 OK, 1 WARN, 1 FAIL\n")


def test_the_text_report_and_the_summary() -> None:
    with listening("--no-color") as here:
        deliver(here.port)
        deliver(here.port)
        code, out, err = here.end(signal.SIGINT)
    assert out.startswith("WARN  delivery from 127.0.0.1")
    assert out.count("WARN  delivery from 127.0.0.1") == 2
    assert "\n\nWARN  delivery from" in out, "a blank line between two"
    assert (code, err) == (1, "2 deliveries: 2 WARN\n")


@pytest.mark.parametrize(("certificate", "code"), [("full", 0), ("alone", 2), ("other", 2), (None, 2)])
def test_once_ends_with_the_verdict_of_the_first(certificate: str | None, code: int, estate: Estate) -> None:
    words = ("--once", "-q", "--roots", estate.roots, "--connectors", estate.exports)
    with listening(*words) as here:
        deliver(here.port, estate.home / certificate if certificate else None)
        assert here.end(None)[0] == code


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--expect-name", HYBRID), 0),
        (("--expect-name", "wrong.contoso.com"), 2),
        (("--expect-thumbprint", "{thumbprint}"), 0),
        (("--expect-thumbprint", "00" * 20), 2),
    ],
)
def test_what_is_expected_decides(words: tuple[str, str], code: int, estate: Estate) -> None:
    option, value = words
    with listening("--once", "-q", "--roots", estate.roots, option, value.format(thumbprint=estate.thumbprint)) as here:
        deliver(here.port, estate.full)
        assert here.end(None)[0] == code


@pytest.mark.parametrize("words", [("--once", "--timeout", "0.3"), ("--timeout", "0.3")])
def test_nobody_came(words: tuple[str, ...]) -> None:
    with listening(*words) as here:
        assert here.end(None) == (3, "", "nobody came to deliver\n")


def test_a_visit_without_a_delivery_is_told_once_and_ends_nothing() -> None:
    with listening("--once", "--format", "json") as here:
        for _ in range(3):
            with socket.create_connection((HOME, here.port), PATIENCE) as visitor:
                visitor.recv(100)
                visitor.sendall(b"QUIT\r\n")
                while visitor.recv(100):
                    pass
        deliver(here.port)
        code, out, err = here.end(None)
    assert (code, len(out.splitlines())) == (1, 1)
    assert err == f"{HOME} connected, and delivered nothing\n"


def test_as_exchange_online_would_answer(estate: Estate) -> None:
    words = ("--reply", "exchange", "--roots", estate.roots, "--connectors", estate.exports)
    with listening(*words) as here:
        code, text = deliver(here.port, None, sender="a@fabrikam.com")
        assert (code, text.startswith("5.7.64 TenantAttribution")) == (550, True)
        assert deliver(here.port, estate.full)[0] == 451, "it would be taken, and that is never said"


def test_addresses_are_masked_unless_asked_for() -> None:
    said = []
    for words in ((), ("--full-addresses",)):
        with listening("--once", "--transcript", *words) as here:
            deliver(here.port, sender="secret@contoso.com", to="hidden@fabrikam.com")
            said.append(here.end(None)[1])
    masked, whole = said
    assert "contoso.com" in masked
    assert not re.search("secret|hidden", masked)
    assert "secret@contoso.com" in whole
    assert "hidden@fabrikam.com" in whole


def test_our_own_certificate_is_shown(estate: Estate) -> None:
    with listening("--cert", estate.full, "--name", "probe.contoso.com") as here:
        assert " as probe.contoso.com" in here.first
        with client(here.port) as session:
            assert isinstance(session.sock, ssl.SSLSocket)
            shown = session.sock.getpeercert(binary_form=True)
    assert shown
    assert ssl.DER_cert_to_PEM_cert(shown).encode() in (estate.full).read_bytes()


def test_the_evidence_judged_again_says_the_same(estate: Estate, tmp_path: Path) -> None:
    saved, chains = tmp_path / "evidence", tmp_path / "chains.pem"
    judged = ("--format", "json", "--roots", estate.roots, "--connectors", estate.exports)
    with listening(*judged, "--evidence", saved, "--chain", chains) as here:
        deliver(here.port, estate.full)
        deliver(here.port, estate.alone)
        code, live, _ = here.end()
    again = probe("judge", saved, *judged)
    assert (again.returncode, again.stdout) == (code, live)
    assert live.count("\n") == 2
    assert chains.read_text().count("BEGIN CERTIFICATE") == 3


# How it ends


def test_who_is_under_way_may_finish() -> None:
    with listening("--format", "json") as here:
        with client(here.port) as session:
            session.mail("a@contoso.com")
            here.process.send_signal(signal.SIGTERM)
            assert here.line().startswith("ending; 1 under way")
            assert session.rcpt("b@fabrikam.com")[0] == 451
        code, out, err = here.end(None)
    assert json.loads(out)["observations"][0]["delivery"]["recipients"] == ["fabrikam.com"]
    assert (code, err) == (1, "1 delivery: 1 WARN\n")


def test_a_second_interrupt_does_not_wait() -> None:
    with listening() as here, client(here.port) as session:
        here.process.send_signal(signal.SIGINT)
        assert here.line().startswith("ending; 1 under way")
        assert here.end(signal.SIGINT) == (130, "", "")
        with pytest.raises(smtplib.SMTPServerDisconnected):
            session.noop()


def test_nobody_reads_on() -> None:
    with listening("--format", "json") as here:
        assert here.process.stdout
        here.process.stdout.close()
        deliver(here.port)
        assert here.process.wait(PATIENCE) == 3
        assert here.process.stderr
        assert here.process.stderr.read() == ""


def test_a_disk_without_room(estate: Estate) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        line = command("listen", f"{HOME}:0", "--format", "json", *KEPT)
        with subprocess.Popen(line, cwd=HOUSE, text=True, stdout=full, stderr=subprocess.PIPE) as process:
            assert process.stderr
            here = Running(process, process.stderr.readline())
            deliver(here.port)
            assert process.wait(PATIENCE) == 3
            assert "no space left" in process.stderr.read()


def in_process(visit: Callable[[int], None], *words: str | Path) -> int:
    """The exit code of a listener in this process, which `visit` comes to and which is ended then."""
    with socket.socket() as free:
        free.bind((HOME, 0))
        port = free.getsockname()[1]

    def clients() -> None:
        try:
            _reach(port)
            visit(port)
        finally:
            signal.raise_signal(signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is the listener's alone
    going = Thread(target=clients)
    going.start()
    try:
        return run(["listen", f"{HOME}:{port}", *map(str, words), *KEPT])
    finally:
        going.join(PATIENCE)
        signal.signal(signal.SIGTERM, before)


def _reach(port: int) -> None:
    """Wait until somebody listens there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((HOME, port), PATIENCE).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return


def test_a_fault_of_ours_costs_the_green(
    estate: Estate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = [ZeroDivisionError("a bug")]

    def once_wrong(*given: Any) -> Any:
        if wrong:
            raise wrong.pop()
        return judge(*given)

    def visit(port: int) -> None:
        deliver(port, estate.full)
        deliver(port, estate.full)

    monkeypatch.setattr("probe.cli.printer.judge", once_wrong)
    assert in_process(visit, "--format", "json", "--roots", estate.roots) == 3, "what was not judged is not known"
    told = capsys.readouterr().err
    assert "ZeroDivisionError: a bug" in told
    assert "1 delivery: 1 OK" in told, "it went on"


def test_who_may_not_connect_is_named_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    replies: list[bytes] = []

    def visit(port: int) -> None:
        for _ in range(2):
            with socket.create_connection((HOME, port), PATIENCE) as client:
                replies.append(client.recv(100))

    monkeypatch.setattr("probe.run.hosting.AT_HOME", ())
    assert in_process(visit) == 3
    assert [reply[:9] for reply in replies] == [b"554 5.7.1"] * 2
    away = f"{HOME} may not connect; if it is one of your servers, add --allow {HOME}\n"
    assert capsys.readouterr().err.count(away) == 1
    assert in_process(visit, "--allow", f"{HOME}/32") == 3
    told = capsys.readouterr().err
    assert [reply[:4] for reply in replies[2:]] == [b"220 "] * 2
    assert f", {HOME}/32\n" in told
    assert "may not connect;" not in told


@pytest.mark.parametrize(
    ("where", "place"), [(f"{HOME}:0", HOME), ("0.0.0.0:0", "every IPv4 address"), ("[::]:0", "every IPv6 address")]
)
def test_it_says_where_it_listens(where: str, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["listen", where, "--timeout", "0.01", *KEPT]) == 3
    assert capsys.readouterr().err.startswith(f"listening on {place} port ")


# A terminal


@pytest.mark.parametrize("quiet", [False, True])
def test_who_watches_sees_it_happen(quiet: bool, estate: Estate) -> None:
    ours, theirs = pty.openpty()
    try:
        line = command("listen", f"{HOME}:0", "--once", *(["-q"] if quiet else []), *KEPT)
        with (
            subprocess.Popen(line, cwd=HOUSE, text=True, stdout=subprocess.DEVNULL, stderr=theirs) as process,
            os.fdopen(os.dup(ours)) as terminal,
        ):
            deliver(Running(process, terminal.readline()).port, estate.full)
            process.wait(PATIENCE)
            os.write(theirs, b"the end\n")
            said = [line.rstrip("\n") for line in iter(terminal.readline, "the end\n")]
    finally:
        os.close(ours)
        os.close(theirs)
    steps = [
        f"{HOME} connected",
        f"{HOME} TLSv1.3, certificate: CN={HYBRID}",
        f"{HOME} sends from contoso.com to fabrikam.com",
    ]
    assert said[2:] == ([] if quiet else steps)  # two more lines of the beginning come first


def test_of_many_addresses_only_so_many_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = Told(most=2)
    for peer in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"):
        told.once(peer, "was turned away")
    assert capsys.readouterr().err.splitlines() == [
        "192.0.2.1 was turned away",
        "192.0.2.2 was turned away",
        "of further addresses nothing is said",
    ]


# What is wrong before anybody comes

BAD: tuple[tuple[tuple[str, ...], str], ...] = (
    ((), "no port is named"),
    (("mail",), "`mail` is not where one can listen"),
    (("65536",), "port 65536 is out of range"),
    (("mail.contoso.com:25",), "the address `mail.contoso.com` is not an address"),
    (("[::1:25",), "is not where one can listen"),
    (("0", "--once", "--guide"), "--guide listens to nobody"),
    (("--guide", "--format", "json"), "--guide is for people"),
    (("0", "--allow", "contoso.com"), "--allow `contoso.com` is neither an address nor a network"),
    (("0", "--allow", "192.0.2.0/33"), "--allow `192.0.2.0/33`"),
    (("0", "--reply", "exchange"), "--reply exchange"),
    (("0", "--reply", "maybe"), "maybe"),
    (("0", "--timeout", "0"), "--timeout 0 is no time"),
    (("0", "--timeout", "nan"), "--timeout nan is no time"),
    (("0", "--format", "nagios"), "nagios"),
    (("0", "--name", "a b"), "--name `a b` is not a host name"),
    (("0", "--key", "key.pem"), "--key without a certificate"),
    (("0", "--cert", "missing.pem"), "missing.pem"),
    (("0", "--cert", "{roots}"), "holds no private key"),
    (("0", "--cert", "{full}", "--key", "{other}"), "is not that of the first certificate"),
    (("0", "--evidence", "missing/evidence"), "cannot write missing/evidence"),
    (("0", "--evidence", "{full}", "--cert", "{full}"), "is named twice"),
    (("192.0.2.1:0",), "cannot listen on 192.0.2.1 port 0"),
    (("{taken}",), "cannot listen on 127.0.0.1 port"),
    (("0", "--user", "nobody-of-that-name"), "there is no user `nobody-of-that-name`"),
    (("0", "--user", "4294967294"), "there is no user `4294967294`"),
    (("0", "--user", "9" * 30), "there is no user"),
)


@pytest.mark.parametrize(("words", "message"), BAD)
def test_one_error_and_one_hint(
    words: tuple[str, ...],
    message: str,
    estate: Estate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server((HOME, 0)) as there:
        names = {"taken": f"{HOME}:{there.getsockname()[1]}"}
        names |= {name: str(estate.home / name) for name in ("roots", "full", "other")}
        assert run(["listen", *(word.format(**names) for word in words)]) == 3
    told = capsys.readouterr()
    error, hint = told.err.splitlines()
    assert (error[:7], hint[:6], told.out) == ("error: ", "hint: ", "")
    assert message in error


# Root


def _status(process: "subprocess.Popen[str]") -> dict[str, list[str]]:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}


needs_root = pytest.mark.skipif(not ROOT, reason="only root has something to give up")


@needs_root
@pytest.mark.parametrize(("named", "user"), [("", "nobody"), ("daemon", "daemon")])
def test_root_is_given_up_for_good(named: str, user: str, estate: Estate, tmp_path: Path) -> None:
    import pwd

    closed = tmp_path / "closed"  # where nobody else may go
    closed.mkdir(mode=0o700)
    saved = closed / "evidence"
    words = ("--evidence", saved, "--roots", estate.roots)
    with listening(*words, where=f"{HOME}:{_low()}", user=named) as here:
        assert here.first.endswith(f", user {user}\n")
        status, found = _status(here.process), pwd.getpwnam(user)
        deliver(here.port, estate.full)
        assert here.end()[0] == 0
    assert status["Uid"] == [str(found.pw_uid)] * 4
    assert status["Gid"] == [str(found.pw_gid)] * 4
    assert status["Groups"] == []
    assert {status[kind][0].strip("0") for kind in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {""}
    assert saved.read_bytes().count(b"\n") == 1, "files were opened before"


@needs_root
def test_root_stays_where_that_is_wanted() -> None:
    with listening(user="root") as here:
        assert _status(here.process)["Uid"] == ["0"] * 4


@needs_root
@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_is_loaded_once_root_is_given_up(form: str, estate: Estate) -> None:
    words = ("--format", form, "-v", "--reply", "exchange", "--roots", estate.roots, "--connectors", estate.exports)
    with listening(*words, python=("-X", "importtime"), user="") as here:
        for certificate in (estate.full, estate.alone, estate.other, None):
            deliver(here.port, certificate)
        with socket.create_connection((HOME, here.port)) as odd:  # what has to be escaped, too
            odd.sendall(b"EHLO x\r\nMAIL FROM:<a@\x1b\xe2\x80\xae.example>\r\nQUIT\r\n")
            while odd.recv(4096):
                pass
        code, out, err = here.end()
    assert code == 2
    assert ("x1b" if form == "text" else "u001b") in out  # no codec may be loaded for it
    assert "import time" not in err, "where it is installed may be closed to others"


def _low() -> int:
    """A free port below 1024."""
    for port in range(1023, 600, -1):
        with socket.socket() as tried:
            try:
                tried.bind((HOME, port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


# The guide


def test_the_guide_needs_no_port_and_no_network(estate: Estate, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["listen", "--guide"]) == 0
    plain = capsys.readouterr().out
    assert "New-SendConnector" in plain
    assert "-Port" not in plain
    assert run(["listen", "192.0.2.9:2525", "--guide", "--connectors", str(estate.exports)]) == 0
    assert "-SmartHosts '192.0.2.9' -DNSRoutingEnabled $false -Port 2525" in capsys.readouterr().out
    for everywhere in ("0.0.0.0", "[::]"):
        assert run(["listen", f"{everywhere}:25", "--guide"]) == 0
        assert "-SmartHosts '<HOST>'" in capsys.readouterr().out, "that leads to no one host"
