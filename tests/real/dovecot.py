"""Dovecot's submission proxy, with STARTTLS and with TLS at once. It never comes to relay anything."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.pki import Issued, pem
from tests.real.servers import LOOPBACK, Server, free_ports, need_root, program, running


@contextmanager
def dovecot(directory: Path, chain: Sequence[Issued]) -> Iterator[Server]:
    need_root()
    executable = program("dovecot")
    names = ("submission", "submissions")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    (directory / "chain.pem").write_bytes(pem(*chain))
    (directory / "key.pem").write_bytes(chain[0].key_pem)
    configuration, log = directory / "dovecot.conf", directory / "dovecot.log"
    configuration.write_text(_CONFIGURATION.format(directory=directory, log=log, **ports))
    listens = [(LOOPBACK, port) for port in ports.values()]
    with running(executable, "-F", "-c", configuration, log=log, listens=listens):
        yield Server(log=log, ports=ports)


_CONFIGURATION = """\
protocols = submission
listen = 127.0.0.1
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {log}
hostname = submission.example.org
submission_relay_host = 127.0.0.1
passdb {{
  driver = static
  args = password=never-asked
}}
ssl = required
ssl_cert = <{directory}/chain.pem
ssl_key = <{directory}/key.pem
service submission-login {{
  inet_listener submission {{
    port = {submission}
  }}
  inet_listener submissions {{
    port = {submissions}
    ssl = yes
  }}
}}
"""
