"""Postfix: one master, a listener for each way of its smtpd, and postscreen before one of them; or one that sends."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.pki import Authority, Issued, pem
from tests.real.duty import until
from tests.real.servers import LOOPBACK, Server, free_ports, need_root, program, running

# What each smtpd is told beyond main.cf.
LISTENERS: Mapping[str, Sequence[str]] = {
    "plain": (),
    "tls12": ("smtpd_tls_mandatory_protocols=<=TLSv1.2", "smtpd_tls_protocols=<=TLSv1.2"),
    "no-starttls": ("smtpd_tls_security_level=none",),
    "smtps": ("smtpd_tls_wrappermode=yes", "smtpd_tls_security_level=encrypt"),
    "certificate-asked": ("smtpd_tls_ask_ccert=yes",),
    "certificate-required": ("smtpd_tls_security_level=encrypt", "smtpd_tls_req_ccert=yes"),
    "certificate-required-tls12": (
        "smtpd_tls_security_level=encrypt",
        "smtpd_tls_req_ccert=yes",
        "smtpd_tls_mandatory_protocols=<=TLSv1.2",
    ),
    "tls-unavailable": ("smtpd_tls_CAfile=$config_directory/missing.pem",),
    "no-certificate": ("smtpd_tls_chain_files=$config_directory/missing.pem",),
    "not-now": ("smtpd_delay_reject=no", "smtpd_client_restrictions=defer"),
    "not-you": ("smtpd_delay_reject=no", "smtpd_client_restrictions=reject"),
}
BANNER = "mx.example.org ESMTP postscreen waits"


@contextmanager
def postfix(directory: Path, chains: Sequence[Sequence[Issued]], client_ca: Authority) -> Iterator[Server]:
    """Presents `chains`, one for each key type; asks for client certificates of `client_ca`."""
    names = [*LISTENERS, "postscreen"]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    services = [_smtpd(f"{LOOPBACK}:{ports[name]} inet", options) for name, options in LISTENERS.items()]
    postscreen = _POSTSCREEN.format(port=ports["postscreen"])
    listens = [(LOOPBACK, port) for port in ports.values()]
    with _master(directory, chains, client_ca, [*services, postscreen], listens) as log:
        yield Server(log=log, ports=ports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One mail host on an address of its own: a chain for each key type, and what its smtpd is told beyond main.cf."""

    address: str
    chains: Sequence[Sequence[Issued]]
    options: Sequence[str] = ()


@contextmanager
def postfix_hosts(directory: Path, hosts: Sequence[Host], client_ca: Authority) -> Iterator[Path]:
    """One master with all these hosts on port 25. Yields the log."""
    services = []
    for host in hosts:
        files = [directory / f"{host.address}.{number}.pem" for number in range(len(host.chains))]
        for file, chain in zip(files, host.chains, strict=True):
            file.write_bytes(chain[0].key_pem + pem(*chain))
        chains = [f"smtpd_tls_chain_files={', '.join(map(str, files))}"] if files else []
        services.append(_smtpd(f"{host.address}:25 inet", [*chains, *host.options]))
    with _master(directory, (), client_ca, services, [(host.address, 25) for host in hosts]) as log:
        yield log


@contextmanager
def postfix_outgoing(
    directory: Path, hostname: str, transports: Mapping[str, Sequence[str]], client_ca: Authority
) -> Iterator[Path]:
    """One that takes mail from its own sendmail alone: each transport is an smtp client told so much beyond main.cf. A
    letter's X-Route says by which it goes, and where to (transport:[address]:port). All others are thrown away. Yields
    the log."""
    services = [_service(f"{name} unix - -", "smtp", options) for name, options in transports.items()]
    settings = f"myhostname = {hostname}\nheader_checks = regexp:{directory}/routes\n{_OUTGOING}"
    (directory / "routes").write_text("/^X-Route: (.*)$/ FILTER $1\n")
    with _master(directory, (), client_ca, services, (), settings) as log:
        # Before that, a letter is left lying until pickup looks for itself, a minute later.
        until(lambda: "daemon started" in log.read_text(), "Postfix does not start")
        yield log


@contextmanager
def _master(
    directory: Path,
    chains: Sequence[Sequence[Issued]],
    client_ca: Authority,
    services: Sequence[str],
    listens: Sequence[tuple[str, int]],
    settings: str = "myhostname = mx.example.org",
) -> Iterator[Path]:
    need_root()
    check, daemons = program("postfix"), Path("/usr/lib/postfix/sbin")
    for folder in ("config", "queue", "data"):
        (directory / folder).mkdir()
    config, log = directory / "config", directory / "postfix.log"
    # smtpd reads them before it gives up root; the key comes first in each of these files.
    for number, chain in enumerate(chains):
        (config / f"{number}.pem").write_bytes(chain[0].key_pem + pem(*chain))
    (config / "client-ca.pem").write_bytes(client_ca.pem)
    files = ", ".join(str(config / f"{number}.pem") for number in range(len(chains)))
    main = _MAIN.format(directory=directory, chain_files=files, banner=BANNER, settings=settings)
    (config / "main.cf").write_text(main)
    (config / "master.cf").write_text(_MASTER.format(services="\n".join(services)))
    log.touch()
    for path in (directory / "data", log):
        shutil.chown(path, "postfix", "postfix")
    # `postfix start-fg` would start the master as a child of its own, and leave it behind. This only makes the queue.
    subprocess.run([check, "-c", config, "check"], check=True)
    with running(daemons / "master", "-c", config, "-s", log=log, listens=listens):
        yield log


def _smtpd(service: str, options: Sequence[str]) -> str:
    return _service(f"{service} n -", "smtpd", options)


def _service(service: str, daemon: str, options: Sequence[str]) -> str:
    return "\n".join([f"{service} n - - {daemon}", *(f"  -o {{ {option} }}" for option in options)])


_MAIN = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/postfix.log
maillog_file_prefixes = {directory}
{settings}
mydestination = example.org
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
notify_classes =
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = may
smtpd_tls_chain_files = {chain_files}
smtpd_tls_CAfile = {directory}/config/client-ca.pem
smtpd_tls_loglevel = 1
tls_random_source = dev:/dev/urandom
postscreen_access_list =
postscreen_cache_map =
postscreen_dnsbl_sites =
postscreen_greet_wait = 1s
postscreen_greet_banner = {banner}
"""

_OUTGOING = """\
default_transport = discard
smtp_dns_support_level = disabled
smtp_tls_security_level = encrypt
smtp_tls_loglevel = 1
smtp_connection_cache_on_demand = no
"""

_POSTSCREEN = "127.0.0.1:{port} inet n - n - 1 postscreen"

_MASTER = """\
{services}
smtpd      pass  - - n - - smtpd
tlsproxy   unix  - - n - 0 tlsproxy
dnsblog    unix  - - n - 0 dnsblog
pickup     unix  n - n 60 1 pickup
cleanup    unix  n - n - 0 cleanup
qmgr       unix  n - n 300 1 qmgr
tlsmgr     unix  - - n 1000? 1 tlsmgr
rewrite    unix  - - n - - trivial-rewrite
bounce     unix  - - n - 0 bounce
defer      unix  - - n - 0 bounce
trace      unix  - - n - 0 bounce
verify     unix  - - n - 1 verify
flush      unix  n - n 1000? 0 flush
proxymap   unix  - - n - - proxymap
showq      unix  n - n - - showq
error      unix  - - n - - error
discard    unix  - - n - - discard
retry      unix  - - n - - error
local      unix  - n n - - local
anvil      unix  - - n - 1 anvil
scache     unix  - - n - 1 scache
postlog    unix-dgram n - n - 1 postlogd
"""
