"""A real Prometheus scrapes the exporter as contrib/prometheus/scrape.yml has it, and is asked what it got."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import trio

from probe.config.duty import Watched
from probe.model import Verdict
from probe.model.duty import Standing
from tests.exporting import LOOPBACK, Exporter, Reply, exporter, reply, source
from tests.real.servers import free_ports, program, running, tail
from tests.standings import AT, DAY, episode, sighting, standing
from tests.world import in_trio

CONTRIB = Path(__file__).parents[2] / "contrib" / "prometheus"
LONG_AGO = -20000  # days from AT: expired by whatever clock the server has
ALERTS = {"ProbeFailing", "ProbeCertificateExpired"}


@dataclass(frozen=True)
class Prometheus:
    """What the running server says, by its HTTP API."""

    port: int

    async def ask(self, path: str) -> Reply:
        # HTTP/1.0: no chunks in the answer
        return reply(await Exporter(self.port).raw(f"GET {path} HTTP/1.0\r\nhost: {LOOPBACK}\r\n\r\n".encode()))

    async def ready(self) -> None:
        """It listens a moment before it answers, and tells nobody when."""
        while (await self.ask("/-/ready")).status != 200:  # noqa: ASYNC110 - another process
            await trio.sleep(0.05)

    async def api(self, path: str) -> Any:
        return json.loads((await self.ask(f"/api/v1/{path}")).body)["data"]

    async def query(self, text: str) -> dict[str, float]:
        """The values, by their labels in one line, names of metrics and jobs left out."""
        found = (await self.api(f"query?query={quote(text)}"))["result"]
        return {
            " ".join(value for key, value in sorted(one["metric"].items()) if key not in ("__name__", "job")): float(
                one["value"][1]
            )
            for one in found
        }

    async def until(self, text: str, fine: Callable[[dict[str, float]], bool]) -> dict[str, float]:
        """Asks until the answer is fine, or for a minute."""
        found: dict[str, float] = {}
        with trio.move_on_after(60):
            while not fine(found := await self.query(text)):  # noqa: ASYNC110 - another process
                await trio.sleep(0.1)
        return found


def scrape(port: int) -> str:
    """The configuration as contributed, but for the exporter's address and for our patience."""
    text = (CONTRIB / "scrape.yml").read_text().replace("127.0.0.1:9465", f"{LOOPBACK}:{port}")
    text = text.replace("- alerts.yml", f"- {CONTRIB / 'alerts.yml'}")
    text = re.sub(r"scrape_(interval|timeout): \w+", r"scrape_\1: 1s", text)
    return f"global:\n  evaluation_interval: 1s\n{text}"


async def look(asked: Watched, seconds: float) -> Standing:
    return standing(asked.name, certificates=[sighting(days=LONG_AGO)] if asked.name == "contoso" else None)


@in_trio
async def _scrapes(tmp_path: Path) -> None:
    expired = standing("edge", Verdict.FAIL, episodes=[episode()], certificates=[sighting(days=LONG_AGO)])
    here = source(look=look, known=[standing("mail"), expired])
    port = free_ports(1)[0]
    file, log = tmp_path / "prometheus.yml", tmp_path / "prometheus.log"
    async with exporter(here, ["*.fabrikam.com"]) as served:
        file.write_text(scrape(served.port))
        command: list[str | Path] = [
            program("prometheus"),
            f"--config.file={file}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address={LOOPBACK}:{port}",
            "--log.level=debug",
        ]
        with running(*command, log=log, listens=[(LOOPBACK, port)]):
            prometheus = Prometheus(port)
            await prometheus.ready()
            own, there = f"{LOOPBACK}:{served.port}", "192.0.2.25 mail.contoso.com"

            # All targets at once, on /metrics.
            found = await prometheus.until('probe_success{job="probe"}', lambda found: len(found) == 2)
            assert found == {f"{own} mail": 1, f"{own} edge": 0}
            found = await prometheus.query('probe_certificate_not_after_timestamp_seconds{job="probe"}')
            ends = {"mail": AT + 60 * DAY, "edge": AT + LONG_AGO * DAY}
            assert found == {f"{there} {own} 25 {name}": end.timestamp() for name, end in ends.items()}
            assert await prometheus.query("probe_finding") == {
                f"192.0.2.25 certificate-expired mail.contoso.com {own} 25 edge FAIL": 1
            }
            assert await prometheus.query("probe_outbox_stuck") == {f"{own} slack": 1}

            # One at a time, on /probe: relabelled, with a module and without.
            words = {
                "mail.contoso.com:25": "mail",
                "contoso.com": "contoso",
                "mx.fabrikam.com:25": "mx.fabrikam.com:25",
            }
            found = await prometheus.until('probe_success{job="probe-targets"}', lambda found: len(found) == 3)
            assert found == {f"{word} {name}": 1 for word, name in words.items()}
            found = await prometheus.query('probe_certificate_not_after_timestamp_seconds{target="contoso"}')
            assert found == {f"{there} contoso.com 25 contoso": (AT + LONG_AGO * DAY).timestamp()}
            assert {asked.name for asked, _ in here.looks} == set(words.values())
            assert {seconds for _, seconds in here.looks} == {0.5}  # of the second that Prometheus gives us

            # Nothing that it had to complain of.
            targets = (await prometheus.api("targets"))["activeTargets"]
            assert [(one["health"], one["lastError"]) for one in targets] == [("up", "")] * 4
            complaints = re.findall(r".*(?:out-of-order|duplicate|append failed).*", tail(log, 1_000_000))
            assert complaints == []

            # The rules hold.
            alerts = f'ALERTS{{target="edge",alertname=~"{"|".join(ALERTS)}"}}'
            found = await prometheus.until(alerts, lambda found: len(found) == 2)
            assert len(found) == len(ALERTS)
            rules = [rule for group in (await prometheus.api("rules"))["groups"] for rule in group["rules"]]
            assert {rule["name"] for rule in rules if rule["health"] != "ok"} == set()
            assert {rule["name"] for rule in rules if rule["alerts"]} >= ALERTS

            # A target that goes takes its series along.
            here.known = [standing("mail")]
            found = await prometheus.until('probe_success{job="probe"}', lambda found: len(found) == 1)
            assert found == {f"{own} mail": 1}
            assert await prometheus.query("probe_finding") == {}
    assert here.troubles == []


def test_prometheus_gets_what_is_served(tmp_path: Path) -> None:
    _scrapes(tmp_path)
