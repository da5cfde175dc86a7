"""The tree of names: the root (NSEC) and "example" (NSEC3), both signed, and zones below: sound, unsigned, broken."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.real.internet.dane import Case
from tests.real.internet.dns_cases import good_host
from tests.real.internet.machines import MX, NET, Papers, tlsa
from tests.real.internet.signing import Zone, ds_of, new_key, publish

ROOT, TLD, SERVER = f"{NET}.1", f"{NET}.2", f"{NET}.3"
_TAMPERED = f"{NET}.253"  # where an address that was changed on the way leads


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The zone files that each of the three servers has, by origin, and the DS line of the root's key."""

    served: Mapping[str, Mapping[str, Path]]
    anchor: str


def plant(cases: Iterable[Case], sts: Iterable[str], papers: Papers, directory: Path) -> Tree:
    """Signs and writes every zone. `sts` are the lines of "sts.example", where nothing is signed."""
    files: dict[str, Path] = {"servfail.example.": directory / "missing.zone"}

    def publish_below(*zones: Zone) -> dict[str, str]:
        """The zones by name, each with its DS line."""
        published = [publish(zone, directory) for zone in zones]
        files.update({zone.origin: zone.file for zone in published})
        return {zone.origin: zone.ds for zone in published}

    def lines(zone: str) -> str:
        return "\n".join(line for case in cases if zone in case.target for line in case.lines)

    cases = list(cases)
    record = f"@ TLSA {tlsa(3, 1, 1, papers.leaf)}"
    below = {name: f"_25._tcp.{name}.{MX}." for name in _RECORDS}
    records = publish_below(
        Zone(origin=below["tlsa-bogus"], text=record),
        Zone(origin=below["tlsa-expired"], text=record, days=(-60, -30)),
        Zone(origin=below["tlsa-unsigned"], text=record, signed=False),
    )
    # A key that signed nothing: what it vouches for is bogus. And zones that their server does not have.
    records[below["tlsa-bogus"]] = ds_of(directory, new_key(directory, below["tlsa-bogus"]))
    for name in ("tlsa-servfail", "unanswered"):
        records[below[name]] = ""
        files[below[name]] = directory / "missing.zone"
    dane = lines("dane.example")
    plain = "\n".join(
        [
            *good_host(papers, "mx.plain.example"),
            "alias CNAME right-311.mx.dane.example.",
            "plain MX 10 mx",
            "to-secure MX 10 right-311.mx.dane.example.",
            f"store {record.removeprefix('@ ')}",
        ]
    )
    children = publish_below(
        Zone(origin="dane.example.", text=dane, delegated=records),
        Zone(origin="nsec3.example.", text=lines("nsec3.example"), nsec3=True),
        Zone(origin="plain.example.", text=plain, signed=False),
        Zone(origin="sts.example.", text="\n".join(sts), signed=False),
        Zone(origin="bogus.example.", text=_mail_host(papers, "bogus")),
        Zone(origin="expired.example.", text=_mail_host(papers, "expired"), days=(-60, -30)),
        _tampered(papers),
    )
    children["bogus.example."] = ds_of(directory, new_key(directory, "bogus.example."))
    children["servfail.example."] = ""
    servers = f"tld.nic.example. A {TLD}\nns.nic.example. A {SERVER}\nroot.nic.example. A {ROOT}\n"
    tld = publish(Zone(origin="example.", text=servers, delegated=children, nsec3=True), directory)
    root = publish(Zone(origin=".", text=servers, delegated={"example.": tld.ds}), directory)
    served = {ROOT: {".": root.file}, TLD: {"example.": tld.file}, SERVER: files}
    return Tree(served=served, anchor=root.ds)


_RECORDS = ("tlsa-bogus", "tlsa-expired", "tlsa-unsigned", "tlsa-servfail", "unanswered")


def _mail_host(papers: Papers, zone: str) -> str:
    return "\n".join(["@ MX 10 mx", *good_host(papers, f"mx.{zone}.example")])


def _tampered(papers: Papers) -> Zone:
    """What was signed was changed on the way: an MX, an address, a TLSA record."""
    genuine, address = tlsa(3, 1, 1, papers.stranger), papers.addresses["rootless"]
    text = "\n".join(
        [
            *("mx MX 10 genuine", "address MX 10 mx.address", "tlsa MX 10 mx.tlsa"),
            *(f"mx.address A {address}", f"mx.tlsa A {papers.addresses['private']}"),
            *good_host(papers, "genuine.tampered.example"),
            f"_25._tcp.mx.address TLSA {tlsa(3, 1, 1, papers.leaf)}",
            f"_25._tcp.mx.tlsa TLSA {genuine}",
        ]
    )
    altered = {
        "MX\t10 genuine.": "MX\t10 changed.",
        address: _TAMPERED,
        genuine: tlsa(3, 1, 1, papers.leaf),
    }
    return Zone(origin="tampered.example.", text=text, altered=altered)
