"""Postfix: one master, a listener for each way of its smtpd, and postscreen in front of one of them."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.pki import Authority, Issued, pem
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
    need_root()
    check, daemons = program("postfix"), Path("/usr/lib/postfix/sbin")
    names = [*LISTENERS, "postscreen"]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    for folder in ("config", "queue", "data"):
        (directory / folder).mkdir()
    config, log = directory / "config", directory / "postfix.log"
    # smtpd reads them before it gives up root; the key comes first in each of these files.
    for number, chain in enumerate(chains):
        (config / f"{number}.pem").write_bytes(chain[0].key_pem + pem(*chain))
    (config / "client-ca.pem").write_bytes(client_ca.pem)
    files = ", ".join(str(config / f"{number}.pem") for number in range(len(chains)))
    (config / "main.cf").write_text(_MAIN.format(directory=directory, chain_files=files, banner=BANNER))
    services = [_smtpd(f"{LOOPBACK}:{ports[name]} inet", options) for name, options in LISTENERS.items()]
    (config / "master.cf").write_text(_MASTER.format(smtpd="\n".join(services), postscreen=ports["postscreen"]))
    log.touch()
    for path in (directory / "data", log):
        shutil.chown(path, "postfix", "postfix")
    listens = [(LOOPBACK, port) for port in ports.values()]
    # `postfix start-fg` would start the master as a child of its own, and leave it behind. This only makes the queue.
    subprocess.run([check, "-c", config, "check"], check=True)
    with running(daemons / "master", "-c", config, "-s", log=log, listens=listens):
        yield Server(log=log, ports=ports)


def _smtpd(service: str, options: Sequence[str]) -> str:
    return "\n".join([f"{service} n - n - - smtpd", *(f"  -o {{ {option} }}" for option in options)])


_MAIN = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/postfix.log
maillog_file_prefixes = {directory}
myhostname = mx.example.org
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

_MASTER = """\
{smtpd}
127.0.0.1:{postscreen} inet n - n - 1 postscreen
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
retry      unix  - - n - - error
local      unix  - n n - - local
anvil      unix  - - n - 1 anvil
scache     unix  - - n - 1 scache
postlog    unix-dgram n - n - 1 postlogd
"""
