"""What was seen of a target over time: stretches of looks that saw the same, their evidence, and certificates.

A look that sees what the one before it saw costs one small UPDATE. Evidence is kept once for each essence of a target,
its certificates once for all targets: in the evidence that lies in the store, each stands as its SHA-256.

Some targets never show the same twice: addresses that rotate, a balancer with uneven members. So of a target at most
`A_DAY` stretches begin within 24 hours; what is seen beyond that is one stretch without a digest, unless something in
it is a change. And no evidence is kept of more than `A_DAY` essences in that time, or of more than `MOST_BYTES` at a
time.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from probe.codec import decode_evidence, encode
from probe.errors import EvidenceError
from probe.model import Evidence, Observation, PresentedChain, Verdict
from probe.model.duty import Look, PolicySeen, Sighting, Standing
from probe.state.blobs import DAY, micros, moment, pack, packed, readable, unpack, unpacked
from probe.state.essence import essence
from probe.state.rows import LookSeen

A_DAY = 50
MOST_BYTES = 1 << 20  # of a piece of evidence as stored, with the certificates that are new with it

Database = sqlite3.Connection


def remember_look(
    db: Database, target: int, look: Look, before: Callable[[], Standing | None], after: Standing, changed: bool
) -> None:
    """`before` is asked where it has to be known. `changed`: something in the look is for the history."""
    at, digest, verdict = micros(look.report.at), essence(look.report), look.report.verdict
    row = db.execute(
        "SELECT id, digest, verdict, first FROM stretch WHERE target = ? ORDER BY id DESC LIMIT 1", (target,)
    ).fetchone()
    same = row is not None and (row[1], row[2]) == (digest, verdict) and _later(at, row[3])
    if same:
        _extend(db, row[0], at, changed)
        return
    (begun,) = db.execute(
        "SELECT count(*) FROM stretch WHERE target = ? AND first BETWEEN ? AND ?", (target, at - DAY, at + DAY)
    ).fetchone()
    if begun >= A_DAY and not changed:
        if row[1] == b"" and _later(at, row[3]):
            _extend(db, row[0], at, changed)
        else:
            _begin(db, target, b"", None, verdict, at, changed)
        return
    kept = _evidence(db, target, digest, look.report.evidence, room=begun < A_DAY)
    _begin(db, target, digest, kept, verdict, at, changed)
    seen_last(db, target, before())
    seen_last(db, target, after, _leaves(look.report.evidence))


def _later(at: int, first: int) -> bool:
    """Whether a look belongs behind one that was then. A clock that was put back a little makes no new stretch."""
    return at > first - DAY


def _extend(db: Database, stretch: int, at: int, changed: bool) -> None:
    db.execute("UPDATE stretch SET last = max(first, ?), changed = changed OR ? WHERE id = ?", (at, changed, stretch))


def _begin(
    db: Database, target: int, digest: bytes, evidence: int | None, verdict: Verdict, at: int, changed: bool
) -> None:
    db.execute(
        "INSERT INTO stretch (target, digest, evidence, verdict, changed, first, last) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (target, digest, evidence, str(verdict), changed, at, at),
    )


def _evidence(db: Database, target: int, digest: bytes, seen: Evidence, *, room: bool) -> int | None:
    """The row of what was seen, a new one if need be; None where there is no room for it."""
    row = db.execute("SELECT id FROM evidence WHERE target = ? AND digest = ?", (target, digest)).fetchone()
    if row:
        return int(row[0])
    chains = {hashlib.sha256(der).digest(): der for der in _presented(seen)}
    data = packed(encode(_with_chains(seen, lambda der: hashlib.sha256(der).digest())))
    size = len(data) + sum(map(len, chains.values()))
    if not room or size > MOST_BYTES:
        return None
    made = db.execute(
        "INSERT INTO evidence (target, digest, size, data) VALUES (?, ?, ?, ?)", (target, digest, len(data), data)
    ).lastrowid
    keep_certificates(db, chains.values())
    db.executemany(
        "INSERT INTO shown SELECT ?, id FROM certificate WHERE sha256 = ?", [(made, sha256) for sha256 in chains]
    )
    return made


def keep_certificates(db: Database, ders: Iterable[bytes]) -> None:
    db.executemany(
        "INSERT OR IGNORE INTO certificate (sha256, der) VALUES (?, ?)",
        [(hashlib.sha256(der).digest(), der) for der in ders],
    )


def _observations(seen: Evidence) -> Iterator[Observation]:
    yield from seen.observations
    yield from seen.alternatives
    if seen.mta_sts:
        yield from seen.mta_sts.fetches


def _presented(seen: Evidence) -> Iterator[bytes]:
    for one in _observations(seen):
        if one.chain:
            yield from one.chain.der


def _leaves(seen: Evidence) -> dict[str, bytes]:
    """By SHA-256, in lower-case hex."""
    chains = (one.chain.der[:1] for one in (*seen.observations, *seen.alternatives) if one.chain)
    return {hashlib.sha256(der).hexdigest(): der for leaf in chains for der in leaf}


def _with_chains(seen: Evidence, turned: Callable[[bytes], bytes]) -> Evidence:
    """The same with other certificates."""

    def chain(held: PresentedChain | None) -> PresentedChain | None:
        return held and replace(held, der=tuple(map(turned, held.der)))

    def each(observations: tuple[Observation, ...]) -> tuple[Observation, ...]:
        return tuple(replace(one, chain=chain(one.chain)) for one in observations)

    return replace(
        seen,
        observations=each(seen.observations),
        alternatives=each(seen.alternatives),
        mta_sts=seen.mta_sts and replace(seen.mta_sts, fetches=each(seen.mta_sts.fetches)),
    )


def evidence_of(db: Database, data: object) -> Evidence:
    """What was packed, with its certificates. Raises `ValueError`."""

    def der(sha256: bytes) -> bytes:
        row = db.execute("SELECT der FROM certificate WHERE sha256 = ?", (sha256,)).fetchone()
        if row is None:
            raise ValueError(f"certificate {sha256.hex()} is not there")
        return bytes(row[0])

    try:
        return _with_chains(decode_evidence(unpacked(data)), der)
    except EvidenceError as error:
        raise ValueError(str(error)) from None


def evidence_at(db: Database, name: str, at: datetime) -> Evidence | None:
    rows = db.execute(
        "SELECT evidence.data FROM stretch JOIN evidence ON evidence.id = stretch.evidence"
        " WHERE stretch.target = (SELECT id FROM target WHERE name = ?) AND first <= ?"
        " ORDER BY first DESC, stretch.id DESC",
        (name, micros(at)),
    )
    return next(readable(rows, lambda data: evidence_of(db, data)), None)


def stretches(db: Database, name: str) -> list[LookSeen]:
    rows = db.execute(
        "SELECT first, last, digest, verdict FROM stretch WHERE target = (SELECT id FROM target WHERE name = ?)"
        " ORDER BY id",
        (name,),
    )
    return list(readable(rows, look_seen))


def look_seen(first: object, last: object, digest: bytes, verdict: str) -> LookSeen:
    return LookSeen(first=moment(first), last=moment(last), digest=digest.hex(), verdict=Verdict(verdict))


def seen_last(db: Database, target: int, standing: Standing | None, ders: dict[str, bytes] | None = None) -> None:
    """Note where certificates were seen, and when last; of those whose octets are at hand, keep these, too."""
    for one in standing.certificates if standing else ():
        if ders and one.sha256 in ders:
            keep_certificates(db, [ders[one.sha256]])
        db.execute(
            "INSERT INTO sighting (target, place, sha256, first, last, data) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)",
            (target, _place(one), one.sha256, micros(one.first), micros(one.last), pack(one)),
        )


def _place(one: Sighting) -> str:
    return encode((one.host, one.address, one.port, one.offer)).decode()


def sightings(db: Database, name: str, standing: Standing | None) -> list[Sighting]:
    """Of what is presented now, `last` lies in the standing: it is not written with every look."""
    rows = db.execute(
        "SELECT first, last, data FROM sighting WHERE target = (SELECT id FROM target WHERE name = ?) ORDER BY id",
        (name,),
    )
    found = {(_place(one), one.sha256): one for one in readable(rows, sighting)}
    for one in standing.certificates if standing else ():
        known = found.get((_place(one), one.sha256), one)
        found[_place(one), one.sha256] = replace(one, first=min(known.first, one.first), last=max(known.last, one.last))
    return sorted(found.values(), key=lambda one: (one.first, one.last))


def sighting(first: object, last: object, data: object) -> Sighting:
    return replace(unpack(data, Sighting), first=moment(first), last=moment(last))


def remember_policy(db: Database, target: int, policy: PolicySeen | None) -> None:
    """Where it is another than the last one, or in force anew."""
    if policy is None:
        return
    row = db.execute("SELECT data FROM policy WHERE target = ? ORDER BY id DESC LIMIT 1", (target,)).fetchone()
    data = pack(policy)
    if row is None or row[0] != data:
        db.execute("INSERT INTO policy (target, first, data) VALUES (?, ?, ?)", (target, micros(policy.first), data))
