"""Real authoritative servers (NSD) and real resolvers (Unbound).

`resolver` is one of each, serving one zone, "test"; `nsd` and `unbound` are the parts of a whole internet.
"""

from collections.abc import Iterator, Mapping, Sequence
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


@contextmanager
def nsd(directory: Path, address: str, zones: Mapping[str, Path]) -> Iterator[Path]:
    """Serves these zone files on port 53 of that address; one that is missing is a zone that fails. Yields the log."""
    configuration, log = directory / "nsd.conf", directory / "nsd.log"
    lines = "".join(f'zone:\n  name: "{origin}"\n  zonefile: "{file}"\n' for origin, file in zones.items())
    configuration.write_text(_SERVER.format(directory=directory, address=address) + lines)
    with running(program("nsd"), "-d", "-c", configuration, log=log, listens=[(address, 53)]):
        yield log


@contextmanager
def unbound(
    directory: Path, address: str, *, root: str, anchor: str = "", local: Sequence[str] = ()
) -> Iterator[Resolver]:
    """Resolves from the root server at that address, on port 53; validates where it is given the root's DS line.

    `local` are further lines of its settings.
    """
    configuration, log = directory / "unbound.conf", directory / "unbound.log"
    hints = directory / "hints"
    hints.write_text(f". 3600 NS root.nic.example.\nroot.nic.example. 3600 A {root}\n")
    trust = ['module-config: "validator iterator"', f'trust-anchor: "{anchor}"', "ede: yes"]
    lines = [*(trust if anchor else ['module-config: "iterator"']), *local]
    text = _RESOLVER.format(directory=directory, address=address, hints=hints)
    configuration.write_text("\n".join([text, *(f"  {line}" for line in lines), ""]))
    with running(program("unbound"), "-d", "-p", "-c", configuration, log=log, listens=[(address, 53)]):
        yield Resolver(log=log, address=address, authoritative=root)


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

_SERVER = """\
server:
  ip-address: {address}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{directory}"
  database: ""
  pidfile: "{directory}/nsd.pid"
  xfrdfile: "{directory}/xfrd.state"
  xfrdir: "{directory}"
  zonelistfile: "{directory}/zone.list"
  cookie-secret-file: ""
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"""

_RESOLVER = """\
remote-control:
  control-enable: no
server:
  interface: {address}
  outgoing-interface: {address}
  directory: "{directory}"
  username: ""
  chroot: ""
  pidfile: "{directory}/unbound.pid"
  use-syslog: no
  logfile: ""
  verbosity: 1
  val-log-level: 2
  num-threads: 1
  do-ip6: no
  do-not-query-localhost: no
  root-hints: "{hints}"
  qname-minimisation: no"""
