"""The real Alertmanager: what it makes of what we send, and what its receivers hear."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from probe.alert import alertmanager
from probe.alert.alertmanager import Alertmanager
from probe.alert.words import Duration, Secret
from probe.model import Verdict, Where
from probe.model.duty import Became, Item
from tests.notices import item, message, notice
from tests.real.servers import LOOPBACK, directory, free_ports, program, running
from tests.receiver import Receiver, Says, receiver
from tests.world import in_trio

_CONFIGURATION = """\
route:
  receiver: pager
  group_by: [target]
  group_wait: 200ms
  group_interval: 1s
  repeat_interval: 4h
receivers:
  - name: pager
    webhook_configs:
      - url: {url}
        send_resolved: true
"""


@dataclass(frozen=True, slots=True)
class Running:
    url: str
    pager: Receiver

    @property
    def sink(self) -> Alertmanager:
        return Alertmanager(urls=(Secret(self.url),), timeout=Duration(20))

    def alerts(self, target: str) -> list[dict[str, Any]]:
        """Those of the target that are firing."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts?filter=target%3D%22{target}%22", timeout=20) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def paged(self, target: str) -> list[dict[str, Any]]:
        """What the pager heard of the target, oldest first."""
        return [told for got in self.pager.got if (told := got.json)["groupLabels"].get("target") == target]

    def heard(self, target: str, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Waits until the pager hears it."""
        deadline = time.monotonic() + 30
        while not (found := [told for told in self.paged(target) if what(told)]):
            assert time.monotonic() < deadline, self.paged(target)
            time.sleep(0.05)
        return found[0]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = directory(tmp_path_factory, "alertmanager")
    (port,) = free_ports(1)
    with receiver(Says(200)) as pager:
        (home / "alertmanager.yml").write_text(_CONFIGURATION.format(url=pager.url("/")))
        options = (
            f"--config.file={home / 'alertmanager.yml'}",
            f"--storage.path={home / 'data'}",
            f"--web.listen-address={LOOPBACK}:{port}",
            "--cluster.listen-address=",
        )
        listens = [(LOOPBACK, port)]
        with running(program("prometheus-alertmanager"), *options, log=home / "log", listens=listens):
            yield Running(f"http://{LOOPBACK}:{port}", pager)


def now() -> datetime:
    return datetime.now(UTC)


def fault(target: str, number: int = 0, **fields: Any) -> Item:
    """One of a target's, since two days; each number is another."""
    where = Where(kind="endpoint", host=f"mail{number}.contoso.com", address="192.0.2.25", port=25)
    at = now()
    plain: dict[str, Any] = {"target": target, "key": f"{number:016x}", "where": where, "at": at}
    return item(**plain | {"since": at - timedelta(days=2)} | fields)


async def look(there: Running, target: str, *is_open: Item, items: tuple[Item, ...] = (), hours: float = 2) -> None:
    """What one look sends."""
    at = now()
    one = notice(*items, target=target, open=is_open, until=at + timedelta(hours=hours), at=at, tags=("edge", "prod"))
    await there.sink.send(message(one, at=at))


def firing(told: dict[str, Any]) -> set[str]:
    return {alert["labels"]["severity"] for alert in told["alerts"] if alert["status"] == "firing"}


def resolved(told: dict[str, Any]) -> set[str]:
    return {alert["labels"]["severity"] for alert in told["alerts"] if alert["status"] == "resolved"}


@in_trio
async def test_it_fires(there: Running) -> None:
    one = fault("fires.contoso.com")
    await look(there, "fires.contoso.com", one, items=(one,))
    (alert,) = there.heard("fires.contoso.com", lambda told: bool(firing(told)))["alerts"]
    assert alert["labels"] == {
        "alertname": "certificate-expired",
        "severity": "critical",
        "target": "fires.contoso.com",
        "tags": ",edge,prod,",
        "about": "endpoint",
        "host": "mail0.contoso.com",
        "address": "192.0.2.25",
        "port": "25",
        "key": "0000000000000000",
    }
    assert alert["annotations"] == {
        "summary": "The certificate has expired at mail.contoso.com 192.0.2.25:25",
        "description": "It ended 2026-02-27 12:00:00 UTC, 2 days ago.",
        "remedy": "Renew it, then give it to the connector:\n    Set-SendConnector ...",
        "exchange": "450 4.7.320 Certificate validation failed",
        "verdict": "FAIL",
        "given": "fires.contoso.com",
        "days_left": "-2",
        "thumbprint": "AB" * 20,
    }
    assert datetime.fromisoformat(alert["startsAt"]) - one.since < timedelta(milliseconds=1)


@in_trio
async def test_what_belongs_together_comes_together(there: Running) -> None:
    await look(there, "grouped.contoso.com", *(fault("grouped.contoso.com", number) for number in range(3)))
    assert len(there.heard("grouped.contoso.com", lambda told: bool(firing(told)))["alerts"]) == 3


@in_trio
async def test_renewed_it_is_the_same_alert_for_longer(there: Running) -> None:
    one = fault("renewed.contoso.com")
    await look(there, "renewed.contoso.com", one, items=(one,), hours=1)
    (before,) = there.alerts("renewed.contoso.com")
    await look(there, "renewed.contoso.com", one, hours=2)
    (after,) = there.alerts("renewed.contoso.com")
    assert after["fingerprint"] == before["fingerprint"]
    assert after["startsAt"] == before["startsAt"]
    longer = datetime.fromisoformat(after["endsAt"]) - datetime.fromisoformat(before["endsAt"])
    assert longer > timedelta(minutes=59)


@in_trio
async def test_a_newer_thumbprint_does_not_make_another_alert(there: Running) -> None:
    await look(there, "facts.contoso.com", fault("facts.contoso.com", facts={"thumbprint": "AA", "days_left": "3"}))
    await look(there, "facts.contoso.com", fault("facts.contoso.com", facts={"thumbprint": "BB", "days_left": "2"}))
    (alert,) = there.alerts("facts.contoso.com")
    assert (alert["annotations"]["thumbprint"], alert["annotations"]["days_left"]) == ("BB", "2")


@in_trio
async def test_cleared_it_is_resolved(there: Running) -> None:
    one = fault("cleared.contoso.com")
    await look(there, "cleared.contoso.com", one, items=(one,))
    there.heard("cleared.contoso.com", lambda told: bool(firing(told)))
    over = fault("cleared.contoso.com", kind=Became.CLEARED, verdict=Verdict.OK, before=Verdict.FAIL, since=one.since)
    await look(there, "cleared.contoso.com", items=(over,))
    assert there.alerts("cleared.contoso.com") == []
    there.heard("cleared.contoso.com", lambda told: resolved(told) == {"critical"} and not firing(told))


@in_trio
async def test_cleared_in_the_moment_in_which_it_began(there: Running) -> None:
    """Its end, which we set back, is not before its beginning, which Alertmanager would refuse."""
    one = fault("short.contoso.com", since=now())
    await look(there, "short.contoso.com", one, items=(one,))
    over = fault("short.contoso.com", kind=Became.CLEARED, verdict=Verdict.OK, before=Verdict.FAIL, since=one.since)
    await look(there, "short.contoso.com", items=(over,))
    assert there.alerts("short.contoso.com") == []


@in_trio
async def test_eased_it_ends_as_critical_and_goes_on_as_a_warning(there: Running) -> None:
    one = fault("eased.contoso.com")
    await look(there, "eased.contoso.com", one, items=(one,))
    there.heard("eased.contoso.com", lambda told: firing(told) == {"critical"})
    eased = fault("eased.contoso.com", kind=Became.EASED, verdict=Verdict.WARN, before=Verdict.FAIL, since=one.since)
    await look(there, "eased.contoso.com", eased, items=(eased,))
    there.heard("eased.contoso.com", lambda told: firing(told) == {"warning"} and resolved(told) == {"critical"})


@in_trio
async def test_eased_and_worse_again(there: Running) -> None:
    one = fault("again.contoso.com")
    await look(there, "again.contoso.com", one, items=(one,))
    there.heard("again.contoso.com", lambda told: firing(told) == {"critical"})
    eased = fault("again.contoso.com", kind=Became.EASED, verdict=Verdict.WARN, before=Verdict.FAIL, since=one.since)
    await look(there, "again.contoso.com", eased, items=(eased,))
    worse = fault("again.contoso.com", kind=Became.WORSENED, before=Verdict.WARN, since=one.since)
    await look(there, "again.contoso.com", worse, items=(worse,))
    (alert,) = there.alerts("again.contoso.com")
    assert alert["labels"]["severity"] == "critical"


@in_trio
async def test_its_clock_may_be_a_little_behind_ours(there: Running) -> None:
    one = fault("clocks.contoso.com")
    await look(there, "clocks.contoso.com", one, items=(one,))
    over = fault(
        "clocks.contoso.com",
        kind=Became.CLEARED,
        verdict=Verdict.OK,
        before=Verdict.FAIL,
        since=one.since,
        at=now() + timedelta(seconds=45),
    )
    await look(there, "clocks.contoso.com", items=(over,))
    assert there.alerts("clocks.contoso.com") == []


@in_trio
async def test_when_nobody_renews_it_it_ends(there: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alertmanager, "LEAST", timedelta(seconds=2))
    await look(there, "left.contoso.com", fault("left.contoso.com"), hours=0)
    there.heard("left.contoso.com", lambda told: bool(firing(told)))
    there.heard("left.contoso.com", lambda told: bool(resolved(told)) and not firing(told))


@in_trio
async def test_hostile_and_endless_text_is_taken(there: Running) -> None:
    where = Where(kind="host", host='x"}\n\0\x1b[2J\ud800' + "y" * 10_000)
    one = fault(
        "hostile.contoso.com",
        where=where,
        sentence="\x00\u202e{{ .Labels }}" + "z" * 100_000,
        facts={"not a name": "1", "key": "2", "": "3", "ok": "\x7f"},
        remedy=("\r\n" * 3000,),
    )
    await look(there, "hostile.contoso.com", one)
    (alert,) = there.alerts("hostile.contoso.com")
    assert len(alert["labels"]["host"]) == 256
    assert alert["labels"]["key"] == "0000000000000000"
    assert "{{ .Labels }}" in alert["annotations"]["description"]
    assert not {"not a name", ""} & alert["annotations"].keys()


@in_trio
async def test_more_than_one_request_holds(there: Running) -> None:
    many = [fault("many.contoso.com", number) for number in range(450)]
    await look(there, "many.contoso.com", *many)
    assert len(there.alerts("many.contoso.com")) == 450


@in_trio
async def test_what_is_delivered_late_still_fires(there: Running) -> None:
    """It waited in the outbox for longer than it was good for, and nothing newer took its place."""
    at = now()
    late = notice(target="late.contoso.com", open=(fault("late.contoso.com"),), until=at - timedelta(hours=1))
    await there.sink.send(message(late, at=at))
    assert len(there.alerts("late.contoso.com")) == 1
