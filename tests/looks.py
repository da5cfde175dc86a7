"""Looks at targets, judged by the real judge, for the tests of what is remembered and told."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from fixtures.build import ADDRESS, AT, HOST, SECOND, answer, by_mx, evidence, failed, seen
from fixtures.certificates import authority, leaf
from fixtures.scenes import ISSUING, LEAF, ROOTS, scenes
from probe.judge.chain import Anchors
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import Evidence, Hop, Kind, Observation, Outcome, Stage
from probe.model.duty import Look, Standing
from probe.state.standing import stand

ANCHORS = Anchors(label="roots", der=ROOTS)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NAME = "mail"

CHAIN = (LEAF.der, ISSUING.der)
EXPIRED = (leaf(f"CN={HOST}", ISSUING, (HOST,), until=AT - 20 * DAY).der, ISSUING.der)
RENEWED = (leaf(f"CN={HOST},O=Renewed", ISSUING, (HOST,)).der, ISSUING.der)
THIRD = (leaf(f"CN={HOST},O=Third", ISSUING, (HOST,)).der, ISSUING.der)
FOREIGN_CA = authority("CN=Fabrikam Other CA,O=Fabrikam Trust,C=GB")
FOREIGN = (leaf(f"CN={HOST},O=Foreign", FOREIGN_CA, (HOST,)).der, FOREIGN_CA.der)
NARROW = (leaf("CN=other.contoso.com", ISSUING, ("other.contoso.com",)).der, ISSUING.der)
TIME_OUT = failed(Stage.CONNECT, Kind.TIMEOUT, "no connection within 10 s")
UNTRIED = replace(TIME_OUT, attempted=False)
BUSY = failed(Stage.DIALOGUE, Kind.REJECTED, "421 4.3.2 Too busy, try again later")
STALLED = failed(Stage.HANDSHAKE, Kind.TIMEOUT, "no handshake within 20 s")


def look(
    found: Evidence,
    *,
    at: datetime = AT,
    standard: Standard | None = None,
    expected: tuple[str, ...] = (),
    name: str = NAME,
) -> Look:
    standard = standard or Standard(thumbprints=expected)
    return Look(name=name, report=judge(found, standard, ANCHORS, at), expected=expected)


def at_host(*observations: Observation, at: datetime = AT, expected: tuple[str, ...] = ()) -> Look:
    """A look at a host, whose addresses are those of the observations."""
    return look(evidence(*observations), at=at, expected=expected)


def standing(*looks: Look) -> Standing:
    """How the target stands after these looks."""
    found: Standing | None = None
    for one in looks:
        found = stand(found, one)
    assert found
    return found


def there(one: Observation, address: str = SECOND) -> Observation:
    return replace(one, endpoint=replace(one.endpoint, address=address))


def unresolved(rtype: str = "A") -> Evidence:
    """The host, of which the addresses could not be looked up."""
    lost = answer(HOST, rtype, outcome=Outcome.FAILED, detail="SERVFAIL from 192.0.2.53")
    found = evidence(seen(*CHAIN))
    hop = replace(found.route.hops[0], addresses=(), answers=(lost,))
    return replace(found, route=replace(found.route, hops=(hop,)), observations=())


def domain(*hosts: str) -> Evidence:
    """contoso.com with these hosts, each at an address of its own, all of them well but with an expired certificate."""
    hops = [
        Hop(host=host, preference=10, addresses=(f"192.0.2.{n}",), answers=(answer(host, "A", f"192.0.2.{n}"),))
        for n, host in enumerate(hosts, 1)
    ]
    observations = [seen(*EXPIRED, host=hop.host, address=hop.addresses[0]) for hop in hops]
    return evidence(*observations, given="contoso.com", route=by_mx(*hops))


@cache
def all_looks(standard: Standard = Standard()) -> Mapping[str, Look]:  # noqa: B008 - frozen
    """A look at each piece of evidence of the fixtures."""
    return {name: look(found, standard=standard) for name, found in scenes().items()}


def moved(one: Look, at: datetime) -> Look:
    """The same look at another time."""
    return replace(one, report=replace(one.report, at=at))


__all__ = [
    "ADDRESS",
    "AT",
    "BUSY",
    "CHAIN",
    "DAY",
    "EXPIRED",
    "FOREIGN",
    "HOST",
    "HOUR",
    "NAME",
    "NARROW",
    "RENEWED",
    "SECOND",
    "STALLED",
    "THIRD",
    "TIME_OUT",
    "UNTRIED",
    "all_looks",
    "at_host",
    "domain",
    "evidence",
    "failed",
    "look",
    "moved",
    "seen",
    "standing",
    "there",
    "unresolved",
]
