"""Standings made by hand, for the tests of what monitoring is told."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from probe.model import Target, Verdict, Where
from probe.model.duty import Episode, Met, PolicySeen, Sighting, Standing

AT = datetime(2026, 11, 21, 9, 35, tzinfo=UTC)
DAY = timedelta(days=1)


def sighting(
    address: str = "192.0.2.25",
    host: str = "mail.contoso.com",
    *,
    days: float | None = 60,
    subject: str = "",
    offer: str = "",
) -> Sighting:
    """A leaf that ends in so many days, and its chain a day earlier; None: its dates cannot be read."""
    ends = None if days is None else AT + days * DAY
    return Sighting(
        host=host,
        address=address,
        port=25,
        offer=offer,
        sha256="ab" * 32,
        sha1="cd" * 20,
        subject=subject or f"CN={host}",
        issuer="CN=Fabrikam TLS RSA CA 2025,O=Fabrikam Trust,C=GB",
        serial="01ff",
        names=(host,),
        not_before=ends and ends - 90 * DAY,
        not_after=ends,
        ends=ends and ends - DAY,
        first=AT - 30 * DAY,
        last=AT,
    )


def met(address: str = "192.0.2.25", host: str = "mail.contoso.com", *, failure: str = "") -> Met:
    if failure:
        return Met(host=host, address=address, port=25, failure=failure, seconds={"connect": 0.01})
    return Met(
        host=host,
        address=address,
        port=25,
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        group="X25519MLKEM768",
        seconds={"connect": 0.0123, "dialogue": 0.031, "handshake": 0.0457, "after": 0.012},
    )


def episode(
    code: str = "certificate-expired",
    verdict: Verdict = Verdict.FAIL,
    address: str = "192.0.2.25",
    host: str = "mail.contoso.com",
    **where: str | int,
) -> Episode:
    return Episode(
        key="0123456789abcdef",
        code=code,
        where=Where(kind="endpoint", host=host, address=address, port=25, **where),  # type: ignore[arg-type]
        verdict=verdict,
        began=AT - DAY,
        changed=AT - DAY,
        seen=AT,
    )


def standing(
    name: str = "mail",
    verdict: Verdict = Verdict.OK,
    *,
    episodes: Sequence[Episode] = (),
    certificates: Sequence[Sighting] | None = None,
    endpoints: Sequence[Met] | None = None,
    policy: PolicySeen | None = None,
    good: datetime | None = AT,
) -> Standing:
    return Standing(
        name=name,
        target=Target(given=f"{name}.contoso.com:25", name=f"{name}.contoso.com", port=25),
        tags=("mx", "prod"),
        at=AT,
        verdict=verdict,
        since=AT - 2 * DAY,
        good=good,
        attempts=2,
        seconds=0.25,
        episodes=tuple(episodes),
        certificates=(sighting(),) if certificates is None else tuple(certificates),
        endpoints=(met(),) if endpoints is None else tuple(endpoints),
        policy=policy,
    )
