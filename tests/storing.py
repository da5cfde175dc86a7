"""Looks, standings and changes made by hand, for the tests of the store."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fixtures.build import HOST, SECOND, SESSION, evidence, seen
from fixtures.certificates import sample
from probe.model import Evidence, Finding, Remembered, Report, Target, Verdict, Where
from probe.model.duty import Became, Change, Episode, Item, Look, Met, Notice, PolicySeen, Sighting, Standing
from probe.state import Store

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NAME = "mail"
PLACE = Where(kind="endpoint", host=HOST, address="192.0.2.25", port=25)
NOTHING: Mapping[str, tuple[Notice, datetime, bool]] = {}


def chain() -> tuple[bytes, ...]:
    """As sent: leaf and intermediate."""
    return sample("renewed_same"), sample("int2025")


def other_chain() -> tuple[bytes, ...]:
    return sample("old"), sample("int2025")


def shown(*chains: Sequence[bytes]) -> Evidence:
    """What two addresses showed, each one of these chains, or the same one."""
    first, second = chains if len(chains) == 2 else (chains or (chain(),)) * 2
    return evidence(seen(*first), seen(*second, address=SECOND))


def look(
    at: datetime = AT,
    *,
    name: str = NAME,
    of: Evidence | None = None,
    codes: Sequence[str] = (),
    verdict: Verdict = Verdict.FAIL,
) -> Look:
    """A look that found these faults, or that nothing is wrong."""
    findings = [Finding(code=code, verdict=verdict, where=PLACE) for code in codes]
    findings = findings or [Finding(code="certificate-valid", verdict=Verdict.OK, where=PLACE)]
    report = Report(target=TARGET, at=at, findings=tuple(findings), evidence=of or shown(), roots="roots")
    return Look(name=name, report=report)


TARGET = Target(given=f"{HOST}:25", name=HOST, port=25)


def sighting(der: bytes, at: datetime = AT, *, first: datetime | None = None, address: str = "192.0.2.25") -> Sighting:
    return Sighting(
        host=HOST,
        address=address,
        port=25,
        sha256=hashlib.sha256(der).hexdigest(),
        sha1=hashlib.sha1(der).hexdigest(),
        subject=f"CN={HOST}",
        not_after=AT + 90 * DAY,
        first=first or at,
        last=at,
    )


def standing(
    at: datetime = AT,
    *,
    name: str = NAME,
    verdict: Verdict = Verdict.OK,
    certificates: Sequence[Sighting] = (),
    policy: PolicySeen | None = None,
    episodes: int = 0,
) -> Standing:
    faults = tuple(
        Episode(
            key=f"{number:016x}",
            code="certificate-expired",
            where=PLACE,
            verdict=Verdict.FAIL,
            facts=(("days", "3"),),
            began=AT,
            changed=AT,
            seen=at,
        )
        for number in range(episodes)
    )
    met = Met(host=HOST, address="192.0.2.25", port=25, version=SESSION.version, seconds={"connect": 0.01})
    return Standing(
        name=name,
        target=TARGET,
        at=at,
        verdict=verdict,
        since=AT,
        episodes=faults,
        certificates=tuple(certificates),
        policy=policy,
        endpoints=(met,),
    )


def change(at: datetime = AT, *, name: str = NAME, key: str = "00000000000000aa", **fields: object) -> Change:
    return Change(
        **{  # type: ignore[arg-type]
            "kind": Became.APPEARED,
            "target": name,
            "key": key,
            "code": "certificate-expired",
            "where": PLACE,
            "verdict": Verdict.FAIL,
            "since": at,
            "at": at,
            **fields,
        }
    )


def item(key: str, at: datetime = AT, kind: Became = Became.APPEARED) -> Item:
    return Item(
        kind=kind,
        target=NAME,
        key=key,
        code="certificate-expired",
        title="It has expired",
        sentence="The certificate expired 3 days ago",
        place=f"{HOST} 192.0.2.25:25",
        where=PLACE,
        verdict=Verdict.FAIL,
        since=at,
        at=at,
    )


def notice(at: datetime = AT, *items: Item, name: str = NAME) -> Notice:
    return Notice(target=name, given=TARGET.given, at=at, verdict=Verdict.FAIL, items=items)


def record(
    store: Store,
    at: datetime = AT,
    *,
    name: str = NAME,
    of: Evidence | None = None,
    codes: Sequence[str] = (),
    after: Standing | None = None,
    told: Standing | None = None,
    happened: Sequence[Change] = (),
    notices: Mapping[str, tuple[Notice, datetime, bool]] = NOTHING,
    policy: Remembered | None = None,
) -> None:
    """A look, written down."""
    after = after or standing(at, name=name)
    store.record(look(at, name=name, of=of, codes=codes), after, told, happened, notices, 1, policy)


def files(path: Path) -> list[str]:
    """The names of what lies there, without what SQLite keeps beside a store in use."""
    return sorted(one.name for one in path.iterdir() if not one.name.endswith(("-wal", "-shm")))


def minutes(count: int, step: timedelta = 5 * MINUTE) -> Iterator[datetime]:
    return (AT + number * step for number in range(count))
