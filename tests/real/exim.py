"""Exim, whose TLS is GnuTLS: one daemon, its settings chosen by the port that a client came to."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.pki import Authority, Issued, pem
from tests.real.servers import LOOPBACK, Server, free_ports, need_root, program, running

NAMES = ("plain", "smtps", "certificate-asked", "certificate-required", "certificate-required-tls12", "no-starttls")


@contextmanager
def exim(directory: Path, chain: Sequence[Issued], client_ca: Authority) -> Iterator[Server]:
    need_root()
    executable = program("exim4")
    ports = dict(zip(NAMES, free_ports(len(NAMES)), strict=True))
    chain_file, key, authority = (directory / name for name in ("chain.pem", "key.pem", "client-ca.pem"))
    chain_file.write_bytes(pem(*chain))
    key.write_bytes(chain[0].key_pem)
    authority.write_bytes(client_ca.pem)
    (directory / "log").mkdir()
    for path in (directory, directory / "log", key):
        shutil.chown(path, "Debian-exim", "Debian-exim")  # it reads certificates after it gave up root
    configuration, log = directory / "exim.conf", directory / "exim.log"
    configuration.write_text(
        _CONFIGURATION.format(
            directory=directory,
            ports=" : ".join(map(str, ports.values())),
            smtps=ports["smtps"],
            asked=ports["certificate-asked"],
            required=ports["certificate-required"],
            required_tls12=ports["certificate-required-tls12"],
            without=ports["no-starttls"],
        )
    )
    listens = [(LOOPBACK, port) for port in ports.values()]
    with running(executable, "-C", configuration, "-bdf", log=log, listens=listens):
        yield Server(log=log, ports=ports)


@contextmanager
def exim_hosts(
    directory: Path, hosts: Mapping[str, Sequence[Sequence[Issued]]], named: Mapping[str, Sequence[Issued]]
) -> Iterator[Path]:
    """Mail hosts on port 25, by address, each with a chain for each key type; `named` are those for whoever asks for
    that name. Yields the log."""
    need_root()
    chains = {f"{address}.{number}": chain for address, of in hosts.items() for number, chain in enumerate(of)}
    chains |= {f"{name}.0": chain for name, chain in named.items()}
    (directory / "log").mkdir()
    for name, chain in chains.items():
        (directory / f"{name}.pem").write_bytes(pem(*chain))
        (directory / f"{name}.key").write_bytes(chain[0].key_pem)
    for path in (directory, directory / "log", *directory.glob("*.key")):
        shutil.chown(path, "Debian-exim", "Debian-exim")
    configuration, log = directory / "exim.conf", directory / "exim.log"
    which = f"${{if inlist{{$tls_in_sni}}{{{':'.join(named)}}}{{$tls_in_sni}}{{$received_ip_address}}}}"
    files = {}
    for suffix in ("pem", "key"):
        first, second = (f"{directory}/{which}.{number}.{suffix}" for number in (0, 1))
        files[suffix] = f"{first}${{if exists{{{second}}}{{:{second}}}}}"
    text = _HOSTS.format(directory=directory, addresses=" : ".join(hosts), **files)
    configuration.write_text(text)
    listens = [(address, 25) for address in hosts]
    with running(program("exim4"), "-C", configuration, "-bdf", log=log, listens=listens):
        yield log


_HOSTS = """\
primary_hostname = exim.example.org
spool_directory = {directory}
log_file_path = {directory}/log/%slog
pid_file_path = {directory}/exim.pid
local_interfaces = {addresses}
daemon_smtp_ports = 25
tls_certificate = {pem}
tls_privatekey = {key}
tls_advertise_hosts = *
host_lookup =
hosts_treat_as_local =
rfc1413_hosts =
rfc1413_query_timeout = 0s
smtp_accept_max = 100
smtp_enforce_sync = true
"""

_CONFIGURATION = """\
primary_hostname = exim.example.org
spool_directory = {directory}
log_file_path = {directory}/log/%slog
pid_file_path = {directory}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {ports}
tls_on_connect_ports = {smtps}
tls_certificate = {directory}/chain.pem
tls_privatekey = {directory}/key.pem
tls_verify_certificates = {directory}/client-ca.pem
tls_advertise_hosts = ${{if eq{{$received_port}}{{{without}}}{{}}{{*}}}}
tls_try_verify_hosts = ${{if eq{{$received_port}}{{{asked}}}{{*}}{{}}}}
tls_verify_hosts = ${{if inlist{{$received_port}}{{{required}:{required_tls12}}}{{*}}{{}}}}
tls_require_ciphers = ${{if eq{{$received_port}}{{{required_tls12}}}{{NORMAL:-VERS-TLS1.3}}{{NORMAL}}}}
host_lookup =
hosts_treat_as_local =
rfc1413_hosts =
rfc1413_query_timeout = 0s
smtp_accept_max = 100
smtp_enforce_sync = true
"""
