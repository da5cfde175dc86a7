"""Real servers that change: a mail host, a mail domain's policy, a greylister; and a relay that keeps its letters.

All on loopback addresses of this run's own.
"""

import os
import smtplib
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.pki import Authority, Issued, pem
from tests.real.dns import resolver
from tests.real.duty import PATIENCE, until
from tests.real.nginx import Listener, nginx
from tests.real.postfix import Host, postfix_hosts
from tests.real.servers import LOOPBACK, need_root, program

# Beside the nets of tests.real.mail and tests.real.internet, which listen on port 25 as well.
NET = f"127.{8 + os.getpid() % 56}.{os.getpid() // 56 % 256}"
Chain = Sequence[Issued]


@dataclass
class MailHost:
    """A Postfix on port 25 that can be stopped, and be given other certificates."""

    address: str
    directory: Callable[[str], Path]
    client_ca: Authority
    options: Sequence[str] = ()
    _home: Path | None = None
    _running: ExitStack = field(default_factory=ExitStack)

    def present(self, chain: Chain) -> None:
        """Another certificate, as an administrator brings it in: the file is replaced, and Postfix told. Starts Postfix
        where it does not run."""
        if self._home is None:
            home = self.directory("mx")
            host = Host(address=self.address, chains=[chain], options=self.options)
            self._running.enter_context(postfix_hosts(home, [host], self.client_ca))
            self._home = home
            return
        (self._home / f"{self.address}.0.pem").write_bytes(chain[0].key_pem + pem(*chain))
        reload = [str(program("postfix")), "-c", str(self._home / "config"), "reload"]
        subprocess.run(reload, check=True, capture_output=True, timeout=PATIENCE)
        until(lambda: presented(self.address) == chain[0].der, "the new certificate is never presented")

    def stop(self) -> None:
        self._home = None
        self._running.close()


def presented(address: str) -> bytes:
    """The leaf that is presented there now; nothing where nobody answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with smtplib.SMTP(address, 25, local_hostname="test.example.org", timeout=PATIENCE) as smtp:
            smtp.starttls(context=context)
            assert isinstance(smtp.sock, ssl.SSLSocket)
            return smtp.sock.getpeercert(binary_form=True) or b""
    except (OSError, smtplib.SMTPException):
        return b""


@dataclass(frozen=True)
class MailRelay:
    """A Postfix that takes every letter over TLS, and keeps it in its queue."""

    address: str
    home: Path

    @property
    def letters(self) -> list[str]:
        """Header and body of each, oldest first."""
        held = sorted((self.home / "queue" / "hold").rglob("*"), key=lambda path: path.stat().st_mtime_ns)
        return [self._read(path) for path in held if path.is_file()]

    def _read(self, path: Path) -> str:
        command = [str(program("postcat")), "-c", str(self.home / "config"), "-hb", str(path)]
        done = subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE, text=True)
        return done.stdout


@contextmanager
def mail_relay(home: Path, address: str, chain: Chain, client_ca: Authority) -> Iterator[MailRelay]:
    # A letter on hold lies in the queue until somebody releases it: nothing is ever delivered.
    hold = "smtpd_recipient_restrictions=check_recipient_access static:HOLD"
    options = ("smtpd_tls_security_level=encrypt", hold, "local_recipient_maps=")
    with postfix_hosts(home, [Host(address=address, chains=[chain], options=options)], client_ca):
        yield MailRelay(address, home)


@dataclass
class Greylister:
    """A policy server for Postfix (SMTPD_POLICY_README): says "not now" so many times, then has nothing against it."""

    port: int
    refusals: int = 1
    asked: int = 0

    @property
    def options(self) -> Sequence[str]:
        """What an smtpd is told to ask it as soon as somebody connects."""
        policy = f"check_policy_service inet:{LOOPBACK}:{self.port}"
        return "smtpd_delay_reject=no", f"smtpd_client_restrictions={policy}"

    def answer(self) -> str:
        self.asked += 1
        return "450 4.7.1 Greylisted, come again" if self.asked <= self.refusals else "DUNNO"


@contextmanager
def greylister() -> Iterator[Greylister]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            # An empty line ends a question; smtpd keeps the line open for the next one.
            for line in self.rfile:
                if line == b"\n":
                    self.wfile.write(f"action={there.answer()}\n\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True  # of an smtpd that outlives us by a moment

    with Server((LOOPBACK, 0), Handler) as server:
        there = Greylister(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield there
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class PolicyEstate:
    """A domain with MTA-STS: its mail host, its policy host, and a name server."""

    directory: Callable[[str], Path]
    policy: Path
    domain: str = "sts.test"

    def publish(self, mode: str) -> None:
        self.policy.write_text(f"version: STSv1\r\nmode: {mode}\r\nmx: mx.sts.test\r\nmax_age: 604800\r\n")

    @contextmanager
    def names(self, identity: str) -> Iterator[str]:
        """A resolver that knows the domain, whose policy goes by that id."""
        with resolver(self.directory("names"), _RECORDS.format(net=NET, identity=identity)) as there:
            yield there.address


@contextmanager
def policy_estate(make: Callable[[str], Path], issuing: Authority) -> Iterator[PolicyEstate]:
    need_root()
    home = make("policy")
    policy = home / "mta-sts.txt"
    served = f"location = /.well-known/mta-sts.txt {{ types {{}} default_type text/plain; alias {policy}; }}"
    listeners = {
        "mx": Listener(chains=[(issuing.leaf(names=("mx.sts.test",)), issuing)], addresses=[f"{NET}.3"]),
        "policy": Listener(
            chains=[(issuing.leaf(names=("mta-sts.sts.test",)), issuing)],
            addresses=[f"{NET}.4"],
            speaks="https",
            server_name="mta-sts.sts.test",
            answers=served,
        ),
    }
    with nginx(home, listeners, [25, 443]):
        yield PolicyEstate(make, policy)


_RECORDS = """
sts MX 10 mx.sts
mx.sts A {net}.3
mta-sts.sts A {net}.4
_mta-sts.sts TXT "v=STSv1; id={identity};"
"""
