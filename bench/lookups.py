"""Processor time for the names of one domain: MX, A, AAAA, TLSA and two TXT questions, put to NSD on loopback."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench import build, programs, table

GOAL = 1_000.0  # µs a domain
_ADDRESS = "127.0.0.1"

CONFIGURATION = """
server:
  ip-address: 127.0.0.1
  port: {port}
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
zone:
  name: test
  zonefile: test.zone
"""
ZONE = """\
$ORIGIN test.
$TTL 3600
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
"""
HOST = """\
{host} A 192.0.2.1
{host} AAAA 2001:db8::1
_25._tcp.{host} TLSA 3 1 1 24539b24fa611ff5a880458c6c1425d322f6ad43be7a6c91b40c5d8d5e614ecc
"""
DOMAIN = """\
{domain} MX 10 {host}
_mta-sts.{domain} TXT "v=STSv1; id=20260301;"
_smtp._tls.{domain} TXT "v=TLSRPTv1; rua=mailto:reports@{domain}.test"
"""


def missing() -> str | None:
    """What is not installed for this table, or None."""
    return None if programs.find("nsd") else "nsd"


def measure(directory: Path, *, count: int, rounds: int) -> str:
    """The table. Every row is run once unmeasured first, and must have found every record."""
    client = [build.product(), build.HERE / "ask_only.py"]
    rows = {
        "every domain its own MX host, 100 at a time": (f"own:{count}", "100"),
        "the same, one domain after another": (f"own:{count}", "1"),
        "one MX host for all, 100 at a time": (f"shared:{count}", "100"),
    }
    full: dict[str, list[float]] = {name: [] for name in rows}
    single: list[float] = []
    with _serve(directory, count) as server:
        for domains, parallel in rows.values():
            output = programs.run([*client, server, domains, parallel], cwd=directory).output
            if output.split()[:2] != ["ok", str(count)]:
                raise RuntimeError(f"not every record was found: {output[:1000]}")
        for _ in range(rounds):
            single.append(programs.run([*client, server, "own:1", "1"], cwd=directory).cpu)
            for name, (domains, parallel) in rows.items():
                full[name].append(programs.run([*client, server, domains, parallel], cwd=directory).cpu)
    start = median(single)
    lines = []
    for name, seconds in full.items():
        each = median((cpu - start) / (count - 1) for cpu in seconds) * 1e6
        lines.append((name, f"{each:,.0f}", f"≤ {GOAL:,.0f}  {table.verdict(each, GOAL)}"))
    title = table.heading(
        "Processor time for the names of a domain, in µs",
        f"MX, A, AAAA, TLSA and two TXT; {count:,} domains; median of {rounds} rounds.",
        f"Without start-up, which takes {start * 1e3:,.0f} ms.",
    )
    return "\n".join((title, table.table(("", "a domain", "goal"), lines)))


@contextlib.contextmanager
def _serve(directory: Path, count: int) -> Iterator[str]:
    """Runs NSD with that many domains of either kind, and gives its address and port."""
    nsd = programs.find("nsd")
    if nsd is None:
        raise RuntimeError("nsd is not installed")
    records = [ZONE, HOST.format(host="mx")]
    for n in range(count):
        own = f"mx.own{n}"
        records += [HOST.format(host=own), DOMAIN.format(domain=f"own{n}", host=own)]
        records.append(DOMAIN.format(domain=f"shared{n}", host="mx"))
    (directory / "test.zone").write_text("".join(records))
    with socket.create_server((_ADDRESS, 0)) as free:
        port = free.getsockname()[1]
    configuration, log = directory / "nsd.conf", directory / "nsd.log"
    configuration.write_text(CONFIGURATION.format(directory=directory, port=port))
    with programs.on_core(programs.SERVER_CORE), log.open("wb") as output:
        server = subprocess.Popen(
            [nsd.path, "-d", "-c", configuration],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**programs.BASE_ENVIRONMENT, **nsd.environment},
        )
    try:
        _await(server, port, log)
        yield f"{_ADDRESS}:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _await(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(200):
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection((_ADDRESS, port), 1.0):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nsd did not start: {log.read_text(errors='replace')[-2000:]}")
