"""Zones signed with the tools of ldns: each by one key of its own (ECDSAP256SHA256), for keys and records alike."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.pki import TODAY
from tests.real.servers import program

# Who serves what: the root, the only domain below it, and everything below that.
SERVERS = {".": "root.nic.example.", "example.": "tld.nic.example."}
OTHERS = "ns.nic.example."

# ldns-signzone writes TLSA records without association data in a form that no server reads: RFC 3597's is for those.
_EMPTY = re.compile(r"^(\S+\s+\d+\s+IN\s+)TLSA\s+(\d+) (\d+) (\d+)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone to be served. `origin` ends in a dot; `text` are lines of a zone file with names relative to it.

    `delegated` are the names, relative too, that it hands on, with the DS lines of each: none where the delegation is
    insecure. `days` says from and until when the signatures hold, counted from today. `altered` replaces text after
    signing, as whoever sits on the way would.
    """

    origin: str
    text: str = ""
    delegated: Mapping[str, str] = field(default_factory=dict)
    signed: bool = True
    nsec3: bool = False
    days: tuple[int, int] = (-1, 30)
    altered: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A zone file as a server loads it, and the DS line of its key, for the parent or for a resolver."""

    origin: str
    file: Path
    ds: str = ""


def publish(zone: Zone, directory: Path) -> Published:
    """Writes the zone's file, signed where it is to be."""
    file = directory / f"{zone.origin.strip('.') or 'root'}.zone"
    server = _server(zone.origin)
    lines = [f"$ORIGIN {zone.origin}", "$TTL 300", f"@ SOA {server} hostmaster.nic.example. 1 3600 600 86400 60"]
    lines += [f"@ NS {server}", zone.text]
    for child, ds in zone.delegated.items():
        lines += [f"{child} NS {_server(child)}", ds]
    file.write_text("\n".join([*lines, ""]))
    if not zone.signed:
        return Published(origin=zone.origin, file=file)

    key = new_key(directory, zone.origin)
    signed = file.with_suffix(".signed")
    denial = ["-n", "-t", "0"] if zone.nsec3 else []
    first, last = ((TODAY + timedelta(days=days)).strftime("%Y%m%d%H%M%S") for days in zone.days)
    _run(directory, "ldns-signzone", *denial, "-i", first, "-e", last, "-f", signed.name, file.name, key)
    text = _EMPTY.sub(_generic, signed.read_text())
    for old, new in zone.altered.items():
        if text.count(old) != 1:
            raise ValueError(f"{old!r} stands {text.count(old)} times in {zone.origin}")
        text = text.replace(old, new)
    signed.write_text(text)
    return Published(origin=zone.origin, file=signed, ds=ds_of(directory, key))


def new_key(directory: Path, origin: str) -> str:
    """The name of a fresh key for that zone, whose files lie in `directory`."""
    return _run(directory, "ldns-keygen", "-a", "ECDSAP256SHA256", "-k", origin).strip()


def ds_of(directory: Path, key: str) -> str:
    return (directory / f"{key}.ds").read_text().strip()


def _server(origin: str) -> str:
    return SERVERS.get(origin, OTHERS)


def _generic(found: re.Match[str]) -> str:
    octets = "".join(f"{int(number):02x}" for number in found.groups()[1:])
    return f"{found[1]}TYPE52 \\# 3 {octets}"


def _run(directory: Path, name: str, *arguments: str) -> str:
    command = [str(program(name)), *arguments]
    return subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, check=True, text=True).stdout
