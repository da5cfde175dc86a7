"""The front door: every fault of our own is two lines and a 3, data is on stdout, and nothing heavy is loaded early."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fixtures.certificates import sample
from fixtures.make import HERE
from fixtures.scenes import scenes
from probe.cli import run, settings
from probe.cli.options import Want
from probe.errors import UsageError
from probe.judge import standard as judging
from probe.judge.catalogue import CATALOGUE
from probe.judge.standard import Standard
from probe.model import Remembered, Target
from tests import pki

ROOTS = ("--roots", str(HERE / "roots.pem"))
HEALTHY, EXPIRED, BUSY = (str(HERE / "evidence" / f"{name}.json") for name in ("healthy", "expired", "busy"))
LEAF_ONLY = str(HERE / "evidence" / "leaf-only.json")
NOWHERE = "127.255.255.254"  # loopback, where nobody listens
AT = datetime(2026, 11, 21, 9, 35, tzinfo=UTC)


def probe(*args: str, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    env = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")} | environment
    command = [sys.executable, "-m", "probe", *args]
    return subprocess.run(command, input=given, capture_output=True, env=env, timeout=30, check=False)


def python(program: str, *args: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", program, *args]
    return subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)


# Bad input

# In a directory with `empty`, `damaged.pem`, `cert.pem`, `key.pem`, `strange` (evidence of format 2), `targets`, and a
# certificate in DER that is cut, `short.der`, and one with something behind it, `long.der`.
BAD: tuple[tuple[tuple[str, ...], str], ...] = (
    ((), "no target is named"),
    (("check",), "no target is named"),
    (("judge",), "Missing argument"),
    (("--nonsense", "x.example"), "--nonsense"),
    (("x.example", "--timeout"), "--timeout"),
    (("x.example", "--format", "xml"), "xml"),
    (("x.example", "--auth-level", "Maybe"), "Maybe"),
    (("x.example", "--timeout", "soon"), "soon"),
    (("x.example", "--timeout", "0"), "--timeout 0"),
    (("x.example", "--timeout", "-1"), "--timeout -1"),
    (("x.example", "--timeout", "nan"), "--timeout nan"),
    (("x.example", "--timeout", "inf"), "--timeout inf"),
    (("x.example", "--repeat", "0"), "--repeat 0"),
    (("x.example", "--repeat", "1001"), "--repeat 1001"),
    (("x.example", "--repeat", "1.5"), "1.5"),
    (("x.example", "--parallel", "0"), "--parallel 0"),
    (("x.example", "-4", "-6"), "-4 and -6"),
    (("x.example", "--resolver", "dns.example"), "--resolver `dns.example`"),
    (("x.example", "--resolver", "192.0.2.53:0"), "--resolver `192.0.2.53:0`"),
    (("x.example", "--connect", "mail.example"), "--connect `mail.example`"),
    (("x.example", "y.example", "--connect", "192.0.2.1"), "--connect"),
    (("x.example", "--sni", "a b"), "--sni `a b`"),
    (("x.example", "--sni", ""), "--sni ``"),
    (("x.example", "--ehlo", ""), "--ehlo ``"),
    (("x.example", "--ehlo", "a\r\nMAIL FROM:<>"), "--ehlo"),
    (("x.example", "--ehlo", "[x]"), "--ehlo `x`"),
    (("x.example", "--at", "tomorrow"), "--at `tomorrow`"),
    (("x.example", "--at", ""), "--at ``"),
    (("x.example", "--warn-days", "-1"), "--warn-days -1"),
    (("x.example", "--warn-days", "nan"), "--warn-days nan"),
    (("x.example", "--warn-days", "inf"), "--warn-days inf"),
    (("x.example", "--warn-days", "1e12"), "--warn-days 1e+12"),
    (("x.example", "--warn-lifetime", "101"), "--warn-lifetime 101"),
    (("x.example", "--warn-lifetime", "-1"), "--warn-lifetime -1"),
    (("x.example", "--warn-lifetime", "nan"), "--warn-lifetime nan"),
    (("x.example", "--min-tls", "1.4"), "--min-tls `1.4`"),
    (("x.example", "--min-tls", ""), "--min-tls ``"),
    (("x.example", "--min-tls", "TLSv1.2"), "--min-tls `TLSv1.2`"),
    (("x.example", "--expect-thumbprint", ""), "--expect-thumbprint"),
    (("x.example", "--expect-thumbprint", "abc"), "--expect-thumbprint `abc` has 3 digits"),
    (("x.example", "--expect-name", ""), "--expect-name ``"),
    (("x.example", "--expect-name", "*"), "--expect-name `*`"),
    (("x.example", "--expect-certificate", ""), "--expect-certificate"),
    (("x.example", "--expect-certificate", "CN=x"), "--expect-certificate"),
    (("x.example", "--roots", "missing.pem"), "missing.pem"),
    (("x.example", "--roots", "empty"), "`empty` holds no certificate"),
    (("x.example", "--roots", "damaged.pem"), "`damaged.pem`: certificate 1 is damaged"),
    (("x.example", "--roots", "certifi", "--roots", "empty"), "`empty` holds no certificate"),
    (("x.example", "--roots", ""), "cannot read roots"),
    (("x.example", "--client-key", "key.pem"), "--client-key without a certificate"),
    (("x.example", "--client-cert", "missing.pem"), "missing.pem"),
    (("x.example", "--client-cert", "cert.pem"), "cert.pem holds no private key"),
    (("x.example", "--client-cert", "cert.pem", "--client-key", "key.pem"), "cert.pem and its key"),
    (("x.example", "--client-cert", "empty", "--client-key", "key.pem"), "empty holds no certificate"),
    (("x.example", "--chain", "missing/chain.pem"), "cannot write missing"),
    (("x.example", "--evidence", "."), "cannot write ."),
    (("x.example", "--dane", "maybe"), "maybe"),
    (("192.0.2.1:25", "--dane", "require"), "--dane require: `192.0.2.1:25` is an address"),
    (("x.example:25", "--dane", "require", "--connect", "192.0.2.1"), "--dane require: --connect leaves out DNS"),
    (("x.example", "--mta-sts", "require", "--connect", "192.0.2.1"), "--mta-sts require: --connect leaves out DNS"),
    (("x.example", "--tlsrpt", "require", "--connect", "192.0.2.1"), "--tlsrpt require: --connect leaves out DNS"),
    (("x.example:25", "--mta-sts", "require"), "--mta-sts require: `x.example:25` is no mail domain"),
    (("x.example", "y.example:25", "--tlsrpt", "require"), "--tlsrpt require: `y.example:25` is no mail domain"),
    (("x.example", "--next-certificate", "missing.pem"), "missing.pem"),
    (("x.example", "--next-certificate", "empty"), "empty holds no certificate"),
    (("x.example", "--next-certificate", "key.pem"), "key.pem holds no certificate"),
    (("x.example", "--next-certificate", "damaged.pem"), "damaged.pem: certificate 1 is damaged"),
    (("x.example", "--next-certificate", "cert.pem", "--dane", "off"), "--next-certificate without DANE"),
    (("x.example", "--remember", "file", "--mta-sts", "off"), "--remember without MTA-STS"),
    (("tlsa", "cert.pem", "--port", "25"), "--port is of no use without --host"),
    (("tlsa", "cert.pem", "--ttl", "60"), "--ttl is of no use without --host"),
    (("x.example", "--remember", "-"), "--remember -: what is remembered needs a file"),
    (("x.example", "--remember", "."), "is no file to remember policies in"),
    (("x.example", "--remember", "cert.pem"), "cert.pem, line 1: not a remembered policy"),
    (("x.example", "--remember", "missing/file"), "cannot write beside missing/file"),
    (("x.example", "--remember", "cert.pem", "--evidence", "cert.pem"), "cert.pem is named twice"),
    (("x.example", "--reports", "reports"), "--reports without --format tlsrpt"),
    (("x.example", "--format", "tlsrpt", "--reports", "cert.pem"), "cannot make cert.pem"),
    (("192.0.2.1:25", "--format", "tlsrpt"), "--format tlsrpt: `192.0.2.1:25` is an address"),
    (("x..example",), "`x..example` is not a target"),
    (("host:99999",), "the port `99999`"),
    (("http://x.example",), "unknown scheme `http`"),
    (("good.example", "bad..example"), "`bad..example` is not a target"),
    (("@missing",), "missing"),
    (("@empty",), "the list of targets is empty"),
    (("@targets",), "targets, line 2: `bad..example` is not a target"),
    (("192.0.2.1:25", "--auth-level", "DomainValidation"), "no name to compare at `192.0.2.1:25`"),
    (("check", "--", "-x..y"), "`-x..y` is not a target"),
    (("judge", "missing"), "cannot read evidence from missing"),
    (("judge", "."), "cannot read evidence from ."),
    (("judge", "empty"), "empty holds no evidence"),
    (("judge", "cert.pem"), "cert.pem, line 1: not evidence of a probe"),
    (("judge", "strange"), "strange, line 1: evidence of format 2"),
    (("judge", HEALTHY, "strange"), "strange, line 1"),
    (("judge", HEALTHY, "--at", "never"), "--at `never`"),
    (("judge", HEALTHY, "--roots", "empty"), "`empty` holds no certificate"),
    (("judge", HEALTHY, "--timeout", "1"), "--timeout"),
    (("judge", HEALTHY, "--mta-sts", "require"), "--mta-sts require: `mail.contoso.com:25` is no mail domain"),
    (("judge", HEALTHY, "--next-certificate", "key.pem"), "key.pem holds no certificate"),
    (("judge", HEALTHY, "--next-certificate", "cert.pem", "--dane", "off"), "--next-certificate without DANE"),
    (("judge", HEALTHY, "--reports", "reports"), "--reports without --format tlsrpt"),
    (("judge", HEALTHY, "--remember", "file"), "--remember"),
    (("tlsa",), "Missing argument"),
    (("tlsa", "missing.pem"), "cannot read a certificate from missing.pem"),
    (("tlsa", "."), "cannot read a certificate from ."),
    (("tlsa", "empty"), "empty holds no certificate"),
    (("tlsa", "key.pem"), "key.pem holds no certificate"),
    (("tlsa", "damaged.pem"), "damaged.pem: certificate 1 is damaged"),
    (("tlsa", "short.der"), "short.der: certificate 1 is damaged"),
    (("tlsa", "long.der"), "long.der: certificate 1 is damaged"),
    (("tlsa", "cert.pem", "--usage", "4"), "--usage 4 is out of range"),
    (("tlsa", "cert.pem", "--usage", "2"), "there is nothing to publish with usage 2"),
    (("tlsa", "cert.pem", "--selector", "2"), "--selector 2 is out of range"),
    (("tlsa", "cert.pem", "--matching", "3"), "--matching 3 is out of range"),
    (("tlsa", "cert.pem", "--matching", "x"), "x"),
    (("tlsa", "cert.pem", "--port", "0"), "--port 0 is out of range"),
    (("tlsa", "cert.pem", "--ttl", "-1"), "--ttl -1 is out of range"),
    (("tlsa", "cert.pem", "--host", "a b"), "--host `a b` is not a host name"),
    (("tlsa", "cert.pem", "--host", "x\n.example"), "--host"),
    (("explain", "nothing-of-the-sort"), "there is no finding `nothing-of-the-sort`"),
    (("explain", "certificate-expire"), "there is no finding `certificate-expire`"),
    (("schema", "x"), "x"),
    (("demo", "--sevre"), "--sevre"),
    (("\x1b[31m\u202eevil\x07\n.example",), "\\x1b[31m\\u202eevil\\x07"),
    (("x.example", "--at", "\x1b]0;title\x07"), "--at `\\x1b]0;title\\x07`"),
    (("explain", "\x9b31m\u2028x"), "\\x9b31m"),
    (("--\x1b[2J", "x.example"), "\\x1b[2J"),
)

# Runs each command line in one process, and takes down whatever it asked of the network.
DRIVER = """
import contextlib, io, json, sys
asked = []
idle = ("socket.__new__",)
sys.addaudithook(lambda event, _: event.startswith("socket.") and event not in idle and asked.append(event))
from probe.cli import run, settings
from probe.cli.options import Want
told = []
for args in json.load(sys.stdin):
    asked.clear()
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = run(args)
    told.append((code, out.getvalue(), err.getvalue(), list(asked)))
json.dump(told, sys.stdout)
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], tuple[int, str, str, list[str]]]:
    folder = tmp_path_factory.mktemp("bad")
    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    certificate = (HERE / "exchange" / "old.pem").read_bytes()
    for name, data in (
        ("empty", b"\n\n"),
        ("cert.pem", certificate),
        ("key.pem", secret),
        ("damaged.pem", certificate.replace(b"MII", b"MIA", 1)),
        ("strange", b'{"format":2}\n'),
        ("targets", b"good.example\nbad..example\n"),
        ("short.der", sample("old")[:-1]),
        ("long.der", sample("old") + b"\n"),
    ):
        (folder / name).write_bytes(data)
    command = [sys.executable, "-c", DRIVER]
    given = json.dumps([args for args, _ in BAD]).encode()
    done = subprocess.run(command, input=given, capture_output=True, cwd=folder, timeout=60, check=True)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ("empty", "cert.pem", "key.pem", "damaged.pem", "strange", "targets", "short.der", "long.der")
    )
    return dict(zip((args for args, _ in BAD), map(tuple, json.loads(done.stdout)), strict=True))


@pytest.mark.parametrize(("args", "said"), BAD)
def test_bad_input_is_named_and_touches_nothing(
    told: dict[tuple[str, ...], tuple[int, str, str, list[str]]], args: tuple[str, ...], said: str
) -> None:
    code, out, err, asked = told[args]
    assert (code, out, asked) == (3, "", [])
    error, hint, end = err.split("\n")
    assert error.startswith("error: ")
    assert said in error
    assert hint.startswith("hint: ")
    assert len(hint) > len("hint: ")
    assert end == ""
    assert err.replace("\n", "").isprintable()
    assert not error.endswith(".") or error.endswith(("`.`", " ."))


def test_a_typing_error_gets_a_suggestion(told: dict[tuple[str, ...], tuple[int, str, str, list[str]]]) -> None:
    assert "did you mean certificate-expired?" in told["explain", "certificate-expire"][2]


def test_the_driver_would_notice_the_network() -> None:
    args = [["127.255.255.254:25", "--ehlo", "x.example", "--timeout", "5"]]
    ((_, _, _, asked),) = json.loads(python(DRIVER, given=json.dumps(args).encode()).stdout)
    assert "socket.connect" in asked


def test_a_key_that_is_not_the_certificate_s_is_never_shown(
    told: dict[tuple[str, ...], tuple[int, str, str, list[str]]],
) -> None:
    _, _, err, _ = told["x.example", "--client-cert", "cert.pem", "--client-key", "key.pem"]
    assert "PRIVATE" not in err


# What is loaded when


@pytest.mark.parametrize(
    ("args", "unloaded"),
    [
        ((), ("trio", "OpenSSL", "cryptography", "dns", "httpx", "rich", "msgspec", "certifi", "idna")),
        (("--version",), ("trio", "OpenSSL", "cryptography", "dns", "httpx", "rich")),
        (("--help",), ("trio", "OpenSSL", "cryptography", "dns", "httpx")),
        (("explain",), ("trio", "OpenSSL", "cryptography", "dns", "httpx", "rich")),
        (("explain", "certificate-expired"), ("trio", "OpenSSL", "cryptography", "dns", "httpx", "rich")),
        (("schema",), ("trio", "dns", "httpx", "rich")),
        (("tlsa", str(HERE / "exchange" / "old.pem")), ("trio", "dns", "httpx", "rich")),
        (("judge", HEALTHY, *ROOTS, "--format", "tlsrpt"), ("trio", "dns", "httpx", "rich")),
        (("judge", HEALTHY, *ROOTS), ("trio", "dns", "httpx", "rich", "asyncio")),
        (("judge", HEALTHY, *ROOTS, "--format", "json"), ("trio", "dns", "httpx", "rich")),
        (("x..example",), ("trio", "dns", "httpx", "rich")),
    ],
)
def test_nothing_heavy_is_loaded_early(args: tuple[str, ...], unloaded: tuple[str, ...]) -> None:
    program = "import sys; from probe import cli; code = cli.run(sys.argv[1:]) if sys.argv[1:] else 0"
    report = "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    done = python(f"{program}; {report}", *args)
    loaded = set(done.stderr.decode().splitlines()[-1].split())
    assert {"probe", "typer"} <= loaded
    assert not loaded & set(unloaded)


# Faults, pipes and interruptions


def test_a_crash_is_a_traceback_and_a_3() -> None:
    program = """
import sys
import types
from probe import cli
from probe.cli.table import COMMANDS, Command

def crash() -> None:
    print("half a report")
    raise ZeroDivisionError("ours")

sys.modules["probe.cli.crashing"] = types.SimpleNamespace(crash=crash)
COMMANDS["crash"] = Command("crashing", "crash")
sys.exit(cli.run(["crash"]))
"""
    done = python(program)
    assert done.returncode == 3
    assert done.stderr.startswith(b"Traceback (most recent call last):")
    assert done.stderr.rstrip().endswith(b"ZeroDivisionError: ours")
    assert done.stdout == b"half a report\n"


@pytest.mark.parametrize(
    "args",
    [
        ("explain",),
        ("schema",),
        ("judge", *([HEALTHY] * 60), *ROOTS),
        ("judge", *([HEALTHY] * 60), *ROOTS, "--format", "json"),
        ("judge", *([HEALTHY] * 60), *ROOTS, "--format", "nagios"),
        ("judge", *([HEALTHY] * 60), *ROOTS, "--format", "tlsrpt"),
        ("tlsa", *([str(HERE / "exchange" / "old.pem")] * 60)),
        ("--help",),
        ("--version",),
    ],
)
@pytest.mark.parametrize("lines", [0, 1])
def test_a_closed_pipe_is_no_traceback(args: tuple[str, ...], lines: int) -> None:
    command = [sys.executable, "-m", "probe", *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        for _ in range(lines):
            assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) in (0, 3)


@pytest.fixture
def tarpit() -> Iterator[socket.socket]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_ctrl_c_prints_what_is_finished(tarpit: socket.socket) -> None:
    _, port = tarpit.getsockname()
    targets = (f"127.0.0.1:{port}", f"{NOWHERE}:25", f"{NOWHERE}:26")
    command = [sys.executable, "-m", "probe", *targets, "--ehlo", "x.example", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        connection, _ = tarpit.accept()
        with connection:
            time.sleep(0.5)  # the others are refused at once, and wait for the first to be printed
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"")
    assert [json.loads(line)["target"] for line in out.splitlines()] == list(targets[1:])


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_ctrl_c_while_a_list_is_being_read() -> None:
    command = [sys.executable, "-m", "probe", "-"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"")


# What is asked for and what comes


def targets_of(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    return [json.loads(line)["target"] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "given",
    [
        b"# a list\n127.255.255.254:25\n\n127.255.255.254:26 # two\n",
        "127.255.255.254:25\r\n127.255.255.254:26\r\n".encode("utf-16"),
        "127.255.255.254:25\n127.255.255.254:26".encode("utf-8-sig"),
    ],
)
def test_targets_from_standard_input(given: bytes) -> None:
    done = probe("-", "--ehlo", "x.example", "--timeout", "5", "--format", "json", given=given)
    assert targets_of(done) == ["127.255.255.254:25", "127.255.255.254:26"]
    assert (done.returncode, done.stderr) == (3, b"")


@pytest.mark.parametrize("given", [b"", b"\n# nothing\n", b"\xff\xfe\xff", b"bad..example"])
def test_bad_standard_input(given: bytes) -> None:
    done = probe("-", given=given)
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.startswith(b"error: ")
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    "words", [("check", "judge"), ("check", "demo"), ("check", "explain"), ("check", "tlsa"), ("check", "check")]
)
def test_a_target_that_is_called_like_a_command(capsys: pytest.CaptureFixture[str], words: tuple[str, str]) -> None:
    code = run([*words, "--connect", NOWHERE, "--ehlo", "x.example", "--timeout", "5", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    assert (report["target"], code) == (words[1], 3)


def test_an_option_may_come_before_the_target(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["--format", "json", "--timeout", "5", "--ehlo", "x.example", f"{NOWHERE}:25"])
    report = json.loads(capsys.readouterr().out)
    assert (report["target"], report["verdict"], code) == (f"{NOWHERE}:25", "UNKNOWN", 3)


def test_the_version() -> None:
    done = probe("--version")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"probe ")
    assert done.stdout.count(b"\n") == 1


@pytest.mark.parametrize(
    "args", [("--help",), ("-h",), ("check", "-h"), ("judge", "--help"), ("tlsa", "--help"), ("demo", "--help")]
)
def test_help(args: tuple[str, ...]) -> None:
    done = probe(*args)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Usage: probe" in done.stdout


def judged(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    code = run(["judge", *args, *(() if "--roots" in args else ROOTS)])
    out, err = capsys.readouterr()
    assert err == ""
    return code, out


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ((HEALTHY,), 0),
        ((LEAF_ONLY,), 1),
        ((EXPIRED,), 2),
        ((BUSY,), 3),
        ((HEALTHY, LEAF_ONLY), 1),
        ((LEAF_ONLY, BUSY), 3),
        ((BUSY, EXPIRED, HEALTHY), 2),
    ],
)
@pytest.mark.parametrize("form", ["text", "json", "nagios", "tlsrpt"])
def test_the_gravest_verdict_is_the_exit_code(
    capsys: pytest.CaptureFixture[str], files: Sequence[str], code: int, form: str
) -> None:
    assert judged(capsys, *files, "--format", form)[0] == code


def test_json_is_a_line_a_target_in_the_order_given(capsys: pytest.CaptureFixture[str]) -> None:
    _, out = judged(capsys, EXPIRED, HEALTHY, EXPIRED, "--format", "json")
    assert [json.loads(line)["verdict"] for line in out.splitlines()] == ["FAIL", "OK", "FAIL"]


def test_a_nagios_check_is_one_status(capsys: pytest.CaptureFixture[str]) -> None:
    _, out = judged(capsys, EXPIRED, HEALTHY, "--format", "nagios")
    assert out.startswith("PROBE CRITICAL - ")
    assert out.count("PROBE ") == 1


def test_louder_and_quieter(capsys: pytest.CaptureFixture[str]) -> None:
    lengths = [len(judged(capsys, EXPIRED, *more)[1]) for more in (("-q",), (), ("-v",))]
    assert lengths == sorted(set(lengths))
    assert judged(capsys, EXPIRED, "-q")[1].count("\n") == 1


def test_the_transcript(capsys: pytest.CaptureFixture[str]) -> None:
    assert "EHLO probe.fabrikam.com" not in judged(capsys, HEALTHY)[1]
    assert "EHLO probe.fabrikam.com" in judged(capsys, HEALTHY, "--transcript")[1]


def test_the_chain_as_pem(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "chain.pem"
    judged(capsys, EXPIRED, BUSY, "--chain", str(path))
    blocks = path.read_text().split("# mail.contoso.com 192.0.2.25 port 25, certificate ")[1:]
    assert [block.partition("\n")[0] for block in blocks] == ["0", "1"]
    sent = scenes()["expired"].observations[0].chain
    assert sent
    assert tuple(ssl.PEM_cert_to_DER_cert(block.partition("\n")[2]) for block in blocks) == sent.der


def test_the_date_of_the_evidence_counts_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    for at, expected in (((), "2026-11-21T09:35:00Z"), (("--at", "2027-01-01"), "2027-01-01T00:00:00Z")):
        report = json.loads(judged(capsys, HEALTHY, "--format", "json", *at)[1])
        assert report["at"] == expected


def test_evidence_of_a_live_run_is_judged_the_same_again(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "evidence"
    live = run([f"{NOWHERE}:25", "--timeout", "5", "--ehlo", "x.example", "--evidence", str(path), "--format", "json"])
    told = capsys.readouterr().out
    assert (live, told) == judged(capsys, str(path), "--format", "json", "--roots", "certifi")


# TLSRPT


def test_tlsrpt_is_a_line_a_target(capsys: pytest.CaptureFixture[str]) -> None:
    _, out = judged(capsys, EXPIRED, HEALTHY, "--format", "tlsrpt")
    counts = [json.loads(line)["policies"][0]["summary"] for line in out.splitlines()]
    assert [tuple(count.values()) for count in counts] == [(0, 1), (1, 0)]


def test_each_domain_gets_a_file_and_its_name_is_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "new" / "reports"
    args = (EXPIRED, HEALTHY, "--format", "tlsrpt", "--reports", str(folder))
    code, out = judged(capsys, *args)
    assert code == 2
    names = [Path(line) for line in out.splitlines()]
    assert [path.name for path in names] == [
        "probe.fabrikam.com!mail.contoso.com!1795253700!1795253700.json",
        "probe.fabrikam.com!mail.contoso.com!1795253700!1795253700!001.json",  # both of one host in one second
    ]
    assert sorted(folder.iterdir()) == sorted(names)
    assert all(json.loads(path.read_text())["policies"] for path in names)
    assert judged(capsys, *args) == (code, out)  # the same again: nothing is written twice
    assert sorted(folder.iterdir()) == sorted(names)


def test_no_report_is_written_over_another_file_or_through_a_link(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name = "probe.fabrikam.com!mail.contoso.com!1795253700!1795253700.json"
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / name).symlink_to(elsewhere)
    (tmp_path / name.replace(".json", "!001.json")).write_text("somebody's")
    _, out = judged(capsys, HEALTHY, "--format", "tlsrpt", "--reports", str(tmp_path))
    assert out == f"{tmp_path / name.replace('.json', '!002.json')}\n"
    assert not elsewhere.exists()
    assert (tmp_path / name.replace(".json", "!001.json")).read_text() == "somebody's"


# TLSA records

LEAF, ISSUER = (str(HERE / "exchange" / f"{name}.pem") for name in ("renewed_same", "int2025"))


def openssl_says(path: str, *, whole: bool = False, digest: str = "sha256") -> str:
    """The digest of a certificate or its key by the openssl program."""
    what = ("x509", "-in", path, "-outform", "DER") if whole else ("x509", "-in", path, "-noout", "-pubkey")
    found = subprocess.run(["openssl", *what], capture_output=True, check=True).stdout
    if not whole:
        command = ["openssl", "pkey", "-pubin", "-outform", "DER"]
        found = subprocess.run(command, input=found, capture_output=True, check=True).stdout
    done = subprocess.run(["openssl", "dgst", f"-{digest}", "-r"], input=found, capture_output=True, check=True)
    return done.stdout.decode().split()[0]


def tlsa(capsys: pytest.CaptureFixture[str], *args: str) -> list[str]:
    assert run(["tlsa", *args]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return [line for line in out.splitlines() if not line.startswith(";")]


def test_the_records_of_a_chain(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tlsa", LEAF, ISSUER]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("; leaf: CN=mail.contoso.com, ")
    assert lines[1] == f"3 1 1 {openssl_says(LEAF)}"
    assert lines[2].startswith("; issuer: CN=Fabrikam TLS RSA CA 2025, ")
    assert lines[3] == f"2 1 1 {openssl_says(ISSUER)}"
    assert len(lines) == 4


def test_whole_lines_of_a_zone(capsys: pytest.CaptureFixture[str]) -> None:
    line = f"IN TLSA 3 1 1 {openssl_says(LEAF)}"
    assert tlsa(capsys, LEAF, "--host", "Mail.Contoso.com.") == [f"_25._tcp.mail.contoso.com. {line}"]
    assert tlsa(capsys, LEAF, "--host", "bücher.example", "--port", "587", "--ttl", "300") == [
        f"_587._tcp.xn--bcher-kva.example. 300 {line}"
    ]


@pytest.mark.parametrize(
    ("args", "start", "asked"),
    [
        (("--selector", "0"), "3 0 1", {"whole": True}),
        (("--matching", "2"), "3 1 2", {"digest": "sha512"}),
        (("--usage", "1"), "1 1 1", {}),
        (("--selector", "0", "--matching", "0"), "3 0 0", None),
    ],
)
def test_the_fields_can_be_chosen(
    capsys: pytest.CaptureFixture[str], args: tuple[str, ...], start: str, asked: dict[str, Any] | None
) -> None:
    data = sample("renewed_same").hex() if asked is None else openssl_says(LEAF, **asked)
    assert tlsa(capsys, LEAF, *args) == [f"{start} {data}"]


def test_der_pem_and_standard_input_are_alike(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    der, chain = tmp_path / "leaf.der", tmp_path / "chain.pem"
    der.write_bytes(sample("renewed_same"))
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem = Path(LEAF).read_bytes() + Path(ISSUER).read_bytes()
    chain.write_bytes(key + b"# our chain\r\n" + pem + Path(LEAF).read_bytes())
    expected = tlsa(capsys, LEAF, ISSUER)
    assert tlsa(capsys, str(der), ISSUER) == expected
    assert run(["tlsa", str(chain)]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if not line.startswith(";")] == expected
    assert "PRIVATE" not in out
    assert key.splitlines()[1].decode() not in out
    for given in (chain.read_bytes(), pem):
        done = probe("tlsa", "-", given=given)
        assert (done.returncode, done.stdout.decode(), done.stderr) == (0, out, b"")


def test_a_hostile_subject_cannot_leave_its_comment(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    hostile = pki.self_signed(subject="CN=x\n_25._tcp.evil. IN TLSA 3 1 1 00\x1b[2J")
    (tmp_path / "x.der").write_bytes(hostile.der)
    assert run(["tlsa", str(tmp_path / "x.der")]) == 0
    out = capsys.readouterr().out
    key = hostile.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert out.replace("\n", "").isprintable()
    assert [line for line in out.splitlines() if not line.startswith("; ")] == [f"3 1 1 {sha256(key).hexdigest()}"]


# What is wanted of promises


def test_what_is_not_wanted_is_not_asked_for() -> None:
    wanted = settings.promised(Standard(), Want.OFF, Want.AUTO, Want.REQUIRE, None)
    known = Remembered(domain="x.example", id="1", body=b"", digest="", fetched=AT, expires=AT)
    manner, _ = settings.looking(
        resolver=["192.0.2.53"],
        connect=[],
        sni=None,
        ehlo=None,
        families=frozenset({4, 6}),
        timeout=None,
        repeat=1,
        parallel=1,
        client_cert=None,
        client_key=None,
        standard=wanted,
        trust_ad=True,
        remembered={"x.example": known},
    )
    assert (manner.dane, manner.mta_sts, manner.tlsrpt) == (False, True, True)
    assert manner.remembered == {"x.example": known}


def test_what_is_to_come_next_goes_with_what_is_wanted() -> None:
    wanted = settings.promised(Standard(), Want.AUTO, Want.AUTO, Want.AUTO, Path(LEAF))
    assert wanted.next_certificate == (sample("renewed_same"),)


def test_nothing_is_remembered_of_what_is_not_asked() -> None:
    target, off = Target(given="x.example", name="x.example", port=None), Standard(mta_sts=judging.Want.OFF)
    settings.agree([target], Standard(), remember=Path("file"))
    settings.agree([target], off)
    with pytest.raises(UsageError, match="--remember without MTA-STS"):
        settings.agree([target], off, remember=Path("file"))


def test_every_code_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain"]) == 0
    listing = capsys.readouterr().out
    for code, entry in CATALOGUE.items():
        assert code in listing
        assert run(["explain", code]) == 0
        page = capsys.readouterr().out
        assert code in page
        assert entry.title in page


def test_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Report of probe"


# Terminals


def on_terminal(*args: str, **environment: str) -> bytes:
    """What comes out where stdout is a terminal."""
    import pty

    ours, theirs = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "CI")}
    env |= {"TERM": "xterm-256color", **environment}
    command = [sys.executable, "-m", "probe", *args]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, stdin=theirs, env=env) as process:
        os.close(theirs)
        said = b""
        while piece := _read(ours):
            said += piece
        process.wait(30)
    os.close(ours)
    return said


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # so Linux tells that the other end is closed
        return b""


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
@pytest.mark.parametrize(
    ("args", "environment", "coloured"),
    [
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, True),  # no-color.org: when present and not an empty string
        (("--no-color",), {}, False),
        ((), {"TERM": "dumb"}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    args: tuple[str, ...], environment: dict[str, str], *, coloured: bool
) -> None:
    said = on_terminal("judge", EXPIRED, *ROOTS, *args, **environment)
    assert b"certificate-expired" in said
    assert (b"\x1b[" in said) is coloured


def test_no_colour_in_a_pipe() -> None:
    assert b"\x1b" not in probe("judge", EXPIRED, *ROOTS, FORCE_COLOR="1", TERM="xterm").stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_an_output_that_knows_fewer_letters(encoding: str) -> None:
    done = probe("judge", EXPIRED, LEAF_ONLY, *ROOTS, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert (done.returncode, done.stderr) == (2, b"")
    text: Any = done.stdout.decode(encoding)
    assert "certificate-expired" in text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
@pytest.mark.parametrize("option", ["--evidence", "--chain"])
def test_a_full_disk_loses_no_report(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = f"{NOWHERE}:25" if option == "--evidence" else ""
    args = [target, "--ehlo", "x.example"] if target else ["judge", HEALTHY, *ROOTS]
    assert run([*args, option, "/dev/full", "-q"]) == 3
    printed = capsys.readouterr()
    assert printed.out.count("\n") == 1
    assert printed.err.startswith("error: cannot write the ")


def ran(*args: str, closed: Sequence[int] = (), **environment: str) -> "subprocess.CompletedProcess[bytes]":
    """One command line as a user's shell would run it, with some of its standard streams closed."""
    code = f"import os, sys\nfor number in {list(closed)}: os.close(number)\n"
    code += "os.execv(sys.executable, [sys.executable, '-m', 'probe', *sys.argv[1:]])"
    command = [sys.executable, "-c", code, *args]
    return subprocess.run(command, capture_output=True, check=False, timeout=60, env={**os.environ, **environment})


def test_a_closed_output_is_a_fault_of_ours_and_no_traceback() -> None:
    done = ran("explain", closed=[1])
    assert done.returncode == 3
    assert done.stderr.startswith(b"error: standard output is closed\nhint: ")


def test_a_closed_input_is_named() -> None:
    done = ran("-", closed=[0])
    assert done.returncode == 3
    assert done.stderr.startswith(b"error: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
def test_a_report_that_cannot_be_written_is_one_line() -> None:
    command = f"{sys.executable} -m probe explain > /dev/full"
    done = subprocess.run(command, shell=True, capture_output=True, check=False, timeout=60)
    assert done.returncode == 3
    assert done.stderr.startswith(b"error: ")


@pytest.mark.parametrize("form", ["json", "nagios", "text", "tlsrpt"])
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_every_form_can_be_written_in_every_encoding(form: str, encoding: str) -> None:
    done = ran("почта.рф:25", "--connect", NOWHERE, "--ehlo", "x.example", "--format", form, PYTHONIOENCODING=encoding)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    if form == "tlsrpt":
        (result,) = json.loads(done.stdout.decode("utf-8"))["policies"]
        assert result["policy"]["policy-domain"] == "xn--80a1acny.xn--p1ai"
    if form == "json":  # RFC 8259 §8.1
        assert json.loads(done.stdout.decode("utf-8"))["target"] == "почта.рф:25"


def test_no_file_is_written_over_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = tmp_path / "same"
    roots = tmp_path / "roots.pem"
    roots.write_bytes((HERE / "roots.pem").read_bytes())
    for args in (
        ("127.0.0.1:1", "--evidence", str(same), "--chain", str(same)),
        ("127.0.0.1:1", "--roots", str(roots), "--chain", str(roots)),
        ("judge", HEALTHY, "--chain", HEALTHY, *ROOTS),
    ):
        assert run(list(args)) == 3
        assert "is named twice" in capsys.readouterr().err
    assert not same.exists()
    assert roots.read_bytes() == (HERE / "roots.pem").read_bytes()


def test_ctrl_c_tells_the_monitoring_system_what_is_finished(tarpit: socket.socket) -> None:
    _, port = tarpit.getsockname()
    command = [sys.executable, "-m", "probe", f"{NOWHERE}:25", f"127.0.0.1:{port}", "--ehlo", "x.example"]
    with subprocess.Popen([*command, "--format", "nagios"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        connection, _ = tarpit.accept()
        with connection:
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out.startswith(b"PROBE UNKNOWN")


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (("127.0.0.1:25", "-6"), "`127.0.0.1` is left out by -6"),
        (("[::1]:25", "-4"), "`::1` is left out by -4"),
        (("x.example", "--connect", "127.0.0.1", "-6"), "`127.0.0.1` is left out by -6"),
        (("x.example", "--expect-name", "10.0.0.1"), "`10.0.0.1` is an address"),
    ],
)
def test_what_contradicts_itself_is_refused(
    args: tuple[str, ...], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(list(args)) == 3
    assert word in capsys.readouterr().err


def test_the_chains_are_written_once_each_and_harmless(tmp_path: Path) -> None:
    uneven = HERE / "evidence" / "uneven-behind-one-address.json"
    hostile = tmp_path / "hostile.json"
    hostile.write_text(uneven.read_text().replace("mail.contoso.com", r"x\n-----BEGIN CERTIFICATE-----\n"))
    for source in (uneven, hostile):
        run(["judge", str(source), *ROOTS, "-q", "--chain", str(tmp_path / "chains.pem")])
        written = (tmp_path / "chains.pem").read_text()
        assert written.count("# ") == 4  # two certificates that take turns, three connections, each with its issuer
        assert written.count("\n-----BEGIN CERTIFICATE-----\n") == 4


def test_a_command_misspelt_is_no_mail_domain(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["staus"]) == 3
    assert "did you mean `probe status`? A host: `probe check staus`" in capsys.readouterr().err
