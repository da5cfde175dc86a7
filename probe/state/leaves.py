"""The leaf certificates that endpoints present, from look to look.

Of an endpoint there are those that it showed when it was last looked at, and those that it had shown in the seven days
before: a balancer with two servers shows one certificate now and another one then, and that is no news each time.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

from probe.judge import dn
from probe.judge.certificate import Certificate, parse
from probe.model import Evidence, Observation
from probe.model.duty import Sighting
from probe.state.reach import Reach

MEMORY = timedelta(days=7)
LONGEST = 1024  # characters of a distinguished name that are kept
MOST_NAMES = 256  # of one certificate; an authority of the public web gives no more than 100

Place = tuple[str, str, int, str]  # host, address, port, offer

# RFC 4514 §3, and for the others what OpenSSL calls them; Windows has names of its own.
_TYPES = {
    "S": "ST",
    "T": "title",
    "G": "GN",
    "I": "initials",
    "SERIALNUMBER": "serialNumber",
    "PostalCode": "postalCode",
    "E": "emailAddress",
}


def place(seen: Sighting) -> Place:
    return seen.host, seen.address, seen.port, seen.offer


def by_place(sightings: Sequence[Sighting]) -> dict[Place, list[Sighting]]:
    found: dict[Place, list[Sighting]] = defaultdict(list)
    for seen in sightings:
        found[place(seen)].append(seen)
    return found


def presented(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Of the sightings at one endpoint, those of the last look that saw any."""
    last = max((seen.last for seen in sightings), default=None)
    return [seen for seen in sightings if seen.last == last]


def sight(before: Sequence[Sighting], evidence: Evidence, reach: Reach, at: datetime) -> tuple[Sighting, ...]:
    """What is known of the endpoints' leaves after a look that was taken `at`."""
    known, seen = by_place(before), by_place(list(_leaves(evidence, at)))
    found: list[Sighting] = []
    for there in dict.fromkeys((*seen, *known)):
        now, earlier = seen.get(there, []), known.get(there, [])
        if not now and not reach.stays(there[0], there[1]):
            continue
        first = {one.sha256: one.first for one in earlier}
        found += (_since(one, first.get(one.sha256, at)) for one in now)
        latest = [] if now or (there[3] and reach.saw_both(there[0], there[1])) else presented(earlier)
        shown = {one.sha256 for one in now}
        kept = [one for one in earlier if one.sha256 not in shown and (one in latest or one.last >= at - MEMORY)]
        found += (_past(one, at) for one in kept) if now else kept
    return tuple(found)


def _since(seen: Sighting, first: datetime) -> Sighting:
    return seen if seen.first == first else replace(seen, first=first)


def _past(seen: Sighting, at: datetime) -> Sighting:
    """A sighting from before `at`, as it is also where the clock has stood still since."""
    last = min(seen.last, at - timedelta.resolution)
    return seen if seen.last == last else replace(seen, first=min(seen.first, last), last=last)


def _leaves(evidence: Evidence, at: datetime) -> Iterator[Sighting]:
    """Each leaf that each endpoint showed, once; of narrower offers those that nobody else gets to see."""
    told: set[tuple[object, ...]] = set()
    for one in evidence.observations:
        if one.chain and one.chain.der:
            found = _sighting(one, one.chain.der, at)
            if (key := (*place(found), found.sha256)) not in told:
                told.add(key)
                yield found
    shown = {one.chain.der[0] for one in evidence.observations if one.chain and one.chain.der}
    for one in evidence.alternatives:
        if one.chain and one.chain.der and one.chain.der[0] not in shown:
            yield _sighting(one, one.chain.der, at)


def _sighting(seen: Observation, chain: Sequence[bytes], at: datetime) -> Sighting:
    leaf, there = parse(chain[0]), seen.endpoint
    read = leaf if isinstance(leaf, Certificate) else None
    ends = (one.not_after for one in map(parse, chain) if isinstance(one, Certificate))
    return Sighting(
        host=there.host,
        address=there.address,
        port=there.port,
        offer=there.offer,
        sha256=leaf.sha256,
        sha1=leaf.sha1,
        subject=rfc_4514(read.subject_name) if read else "",
        issuer=rfc_4514(read.issuer_name) if read else "",
        serial=read.serial if read else "",
        names=(*read.dns_names, *read.ip_names)[:MOST_NAMES] if read else (),
        not_before=read.not_before if read else None,
        not_after=read.not_after if read else None,
        ends=min(ends, default=None),
        first=at,
        last=at,
    )


@lru_cache(maxsize=4096)  # the same names at every look; the parser remembers as many certificates
def rfc_4514(name: dn.Name) -> str:
    """The name as text, the most specific part first (RFC 4514 §2)."""
    parts = ("+".join(f"{_type(kind)}={_escaped(value)}" for kind, value in rdn) for rdn in name)
    return ",".join(parts)[:LONGEST]


def _type(kind: str) -> str:
    return _TYPES.get(kind, kind.removeprefix("OID."))


def _escaped(value: str) -> str:
    """RFC 4514 §2.4."""
    text = "".join(f"\\{c}" if c in '"+,;<>\\' else "\\00" if c == "\0" else c for c in value)
    if text.startswith(("#", " ")):
        text = f"\\{text}"
    return f"{text[:-1]}\\ " if text.endswith(" ") and len(value) > 1 else text


def organisation(issuer: str) -> str:
    """Who issued it: the organisation that the issuer's name names, else its common name; the whole where it cannot be
    read. To be compared, not to be shown."""
    try:
        parts = [part for rdn in dn.parse(issuer) for part in rdn]
    except ValueError:
        return issuer.casefold()
    for kind in ("O", "CN"):
        if named := [value for this, value in parts if this.upper() == kind]:
            return " ".join(named[0].split()).casefold()
    return issuer.casefold()
