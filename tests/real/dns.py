"""A real authoritative server (NSD) behind a real resolver (Unbound), serving one zone, "test"."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.real.servers import LOOPBACK, free_ports, program, running


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """Unbound, and the server behind it that it asks: addresses as `--resolver` takes them."""

    log: Path
    address: str
    authoritative: str


@contextmanager
def resolver(directory: Path, records: str) -> Iterator[Resolver]:
    """Resolves the names in `records`, lines of a zone file relative to "test.".

    Below "servfail.test" the authoritative server has a zone that it cannot load. Answers of more than 512 bytes are
    truncated over UDP.
    """
    nsd, unbound = program("nsd"), program("unbound")
    authoritative, recursive = free_ports(2)
    (directory / "test.zone").write_text(_ZONE + records)
    nsd_configuration, nsd_log = directory / "nsd.conf", directory / "nsd.log"
    nsd_configuration.write_text(_NSD.format(directory=directory, port=authoritative))
    configuration, log = directory / "unbound.conf", directory / "unbound.log"
    configuration.write_text(_UNBOUND.format(directory=directory, port=recursive, authoritative=authoritative))
    with (
        running(nsd, "-d", "-c", nsd_configuration, log=nsd_log, listens=[(LOOPBACK, authoritative)]),
        running(unbound, "-d", "-p", "-c", configuration, log=log, listens=[(LOOPBACK, recursive)]),
    ):
        yield Resolver(log=log, address=f"{LOOPBACK}:{recursive}", authoritative=f"{LOOPBACK}:{authoritative}")


_ZONE = """\
$ORIGIN test.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
"""

_NSD = """\
server:
  ip-address: 127.0.0.1
  port: {port}
  username: ""
  chroot: ""
  zonesdir: "{directory}"
  database: ""
  pidfile: "{directory}/nsd.pid"
  xfrdfile: "{directory}/xfrd.state"
  xfrdir: "{directory}"
  zonelistfile: "{directory}/zone.list"
  cookie-secret-file: ""
remote-control:
  control-enable: no
zone:
  name: test
  zonefile: test.zone
zone:
  name: servfail.test
  zonefile: missing.zone
"""

_UNBOUND = """\
server:
  interface: 127.0.0.1
  port: {port}
  directory: "{directory}"
  username: ""
  chroot: ""
  pidfile: "{directory}/unbound.pid"
  use-syslog: no
  logfile: ""
  verbosity: 1
  num-threads: 1
  module-config: "iterator"
  do-ip6: no
  do-not-query-localhost: no
  local-zone: "test." nodefault
  max-udp-size: 512
remote-control:
  control-enable: no
stub-zone:
  name: "test."
  stub-addr: 127.0.0.1@{authoritative}
"""
