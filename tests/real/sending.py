"""Clients that a person reaches for, each run once with one letter that they offer to the listener over STARTTLS.

None of them trusts the listener's certificate, and all take the answer 451 as what it is: exit codes are not looked at,
because each client has its own for "not now".
"""

import shutil
import smtplib
import ssl
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.pki import Issued, pem
from tests.real.duty import PATIENCE
from tests.real.servers import LOOPBACK, need_root, program

TLS12, TLS13 = "TLSv1.2", "TLSv1.3"
SENDER = "someone@contoso.com"


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a client is to offer: to whom, and by which certificate and version of TLS. It greets by `name`, and has
    `home` for its files."""

    home: Path
    name: str
    port: int
    recipient: str
    chain: Sequence[Issued]
    version: str

    @property
    def newest(self) -> bool:
        return self.version == TLS13

    @property
    def certificate(self) -> Path:
        """Its chain as PEM."""
        return self._written("chain.pem", pem(*self.chain))

    @property
    def issuers(self) -> Path:
        """What stands behind the leaf."""
        return self._written("issuers.pem", pem(*self.chain[1:]))

    @property
    def key(self) -> Path:
        return self._written("key.pem", self.chain[0].key_pem)

    def _written(self, name: str, content: bytes) -> Path:
        file = self.home / name
        file.write_bytes(content)
        return file

    def shown(self, certificate: str, key: str) -> Sequence[str]:
        """Options of a command line, if there is a certificate."""
        return (certificate, str(self.certificate), key, str(self.key)) if self.chain else ()


def _run(*command: str | Path, said: str = "") -> str:
    """What it prints, for whoever reads about a failed test, too."""
    done = subprocess.run(command, input=said, text=True, capture_output=True, timeout=PATIENCE, check=False)
    print(done.stdout, done.stderr)
    return done.stdout


def swaks(letter: Letter) -> None:
    """Presents the leaf of the file alone (Net::SSLeay's use_certificate_file)."""
    version = "tlsv1_3" if letter.newest else "tlsv1_2"
    place = ("--server", f"{LOOPBACK}:{letter.port}", "--ehlo", letter.name, "--from", SENDER, "--to", letter.recipient)
    secured = ("--tls", "--tls-protocol", version, *letter.shown("--tls-cert", "--tls-key"))
    _run(program("swaks"), *place, *secured)


def openssl(letter: Letter, *options: str | Path) -> str:
    """s_client. The chain behind the leaf is an option of its own."""
    version = "-tls1_3" if letter.newest else "-tls1_2"
    place = ("-connect", f"{LOOPBACK}:{letter.port}", "-starttls", "smtp", "-name", letter.name)
    shown = letter.shown("-cert", "-key")
    # Without -ign_eof it would take the R of RCPT for its own command to renegotiate.
    command = ("s_client", *place, version, "-crlf", "-ign_eof", *shown)
    behind = ("-cert_chain", str(letter.issuers)) if letter.chain[1:] else ()
    talk = f"EHLO {letter.name}\nMAIL FROM:<{SENDER}>\nRCPT TO:<{letter.recipient}>\nQUIT\n"
    return _run(program("openssl"), *command, *behind, *options, said=talk)


def msmtp(letter: Letter) -> None:
    priorities = f"NORMAL:-VERS-ALL:+VERS-{letter.version.replace('v', '')}"
    options = {
        "host": LOOPBACK,
        "port": letter.port,
        "domain": letter.name,
        "from": SENDER,
        "tls": "on",
        "tls-starttls": "on",
        "tls-certcheck": "off",
        "tls-priorities": priorities,
    }
    shown = letter.shown("--tls-cert-file", "--tls-key-file")
    files = [f"{option}={file}" for option, file in zip(shown[::2], shown[1::2], strict=True)]
    words = [f"--{option}={value}" for option, value in options.items()]
    _run(program("msmtp"), "--file=/dev/null", *words, *files, letter.recipient, said="Subject: test\n\ntest\n")


def python(letter: Letter) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    wanted = ssl.TLSVersion.TLSv1_3 if letter.newest else ssl.TLSVersion.TLSv1_2
    context.minimum_version = context.maximum_version = wanted
    if letter.chain:
        context.load_cert_chain(letter.certificate, letter.key)
    with smtplib.SMTP(LOOPBACK, letter.port, local_hostname=letter.name, timeout=PATIENCE) as smtp:
        smtp.starttls(context=context)
        with suppress(smtplib.SMTPRecipientsRefused):
            smtp.sendmail(SENDER, letter.recipient, "Subject: test\r\n\r\ntest\r\n")


def exim(letter: Letter) -> None:
    """Exim as a client, whose TLS is GnuTLS; it keeps the letter in a queue of its own."""
    need_root()
    home = letter.home
    (home / "log").mkdir()
    names = [f"tls_certificate = {letter.certificate}", f"tls_privatekey = {letter.key}"] if letter.chain else []
    configuration = home / "exim.conf"
    configuration.write_text(
        _EXIM.format(
            executable=program("exim4"),
            home=home,
            name=letter.name,
            port=letter.port,
            version=letter.version.replace("v", ""),
            certificate="\n  ".join(names),
        )
    )
    for path in (home, home / "log", *home.glob("key.pem")):
        shutil.chown(path, "Debian-exim", "Debian-exim")  # what delivers has given up root
    _run(
        program("exim4"),
        "-C",
        configuration,
        "-odf",
        "-oi",
        "-f",
        SENDER,
        letter.recipient,
        said="Subject: test\n\ntest\n",
    )


_EXIM = """\
exim_path = {executable}
keep_environment =
primary_hostname = {name}
spool_directory = {home}
log_file_path = {home}/log/%slog
host_lookup =
begin routers
there:
  driver = manualroute
  route_list = * 127.0.0.1::{port}
  self = send
  transport = there
begin transports
there:
  driver = smtp
  hosts_require_tls = *
  tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-{version}
  {certificate}
begin retry
* * F,1d,1h
"""


@dataclass(frozen=True)
class Go:
    """net/smtp on crypto/tls. It delivers twice, the second time with what is left of the first session."""

    executable: Path

    def __call__(self, letter: Letter) -> str:
        place = ("-server", f"{LOOPBACK}:{letter.port}", "-name", letter.name, "-from", SENDER, "-to", letter.recipient)
        version = ("-version", "0x304" if letter.newest else "0x303")
        return _run(self.executable, *place, *version, *letter.shown("-cert", "-key"))


def build_go(home: Path) -> Go:
    source, made = Path(__file__).with_name("clients") / "sender.go", home / "sender"
    settings = {"GOCACHE": f"{home}/cache", "GOPATH": f"{home}/path", "GO111MODULE": "off", "GOTOOLCHAIN": "local"}
    go = program("go")
    environment = {**settings, "CGO_ENABLED": "0", "PATH": str(go.parent), "HOME": str(home)}
    command = (go, "build", "-o", made, source)
    subprocess.run(command, check=True, capture_output=True, env=environment, timeout=100)
    return Go(made)


Client = Callable[[Letter], object]
CLIENTS: dict[str, Client] = {
    "swaks": swaks,
    "openssl": openssl,
    "msmtp": msmtp,
    "python": python,
    "exim": exim,
}
