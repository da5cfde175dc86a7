"""Prometheus' text format, 0.0.4: how every target stands, and how the prober itself does.

https://prometheus.io/docs/instrumenting/exposition_formats/ and .../practices/naming/: base units, times in seconds
since 1970, facts as labels of series named `_info` that are always 1. What is not known has no series, so a target
that left has none either. The library escapes the labels. Here they are made visible and bounded, and so is the number
of series, for hosts, certificates and findings are the peers' doing.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from probe.model import Verdict, Where
from probe.model.duty import Episode, Met, Sighting, Standing
from probe.report.escape import visible

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_ENDPOINTS = 64  # of a target, and as many certificates: what is wrong or ends first goes before the rest
MOST_FINDINGS = 100  # of a target, the gravest
LABEL = 200  # characters of a label's value; a name in DNS has up to 253, and few have more than 100

_THERE = ("target", "host", "address", "port")
_CERTIFICATE = (*_THERE, "offer")

# What there is, in the order in which it is written: name, meaning, labels.
FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "probe_success": ("Whether the last look at the target came to OK or WARN.", ("target",)),
    "probe_verdict": ("1 for the verdict that the target has, 0 for the others.", ("target", "verdict")),
    "probe_verdict_since_timestamp_seconds": ("Since when the target has had its verdict.", ("target",)),
    "probe_target_info": ('What is looked at; tags between commas, as in ",mx,prod,".', ("target", "given", "tags")),
    "probe_duration_seconds": ("How long the last look took, all its attempts together.", ("target",)),
    "probe_attempts": ("Attempts of the last look.", ("target",)),
    "probe_last_look_timestamp_seconds": ("When the target was last looked at.", ("target",)),
    "probe_last_good_timestamp_seconds": ("When a look last came to OK or WARN.", ("target",)),
    "probe_next_look_timestamp_seconds": ("When the target is due again.", ("target",)),
    "probe_finding": ("1 for every fault that is open.", ("target", "code", "verdict", *_THERE[1:], "name")),
    "probe_endpoint_up": ("Whether TLS stood at the last look.", _THERE),
    "probe_stage_duration_seconds": ("How long a stage of the last look took.", (*_THERE, "stage")),
    "probe_tls_info": ("The TLS session that was agreed.", (*_THERE, "version", "cipher", "group")),
    "probe_certificate_not_after_timestamp_seconds": ("When the leaf expires, believed or not.", _CERTIFICATE),
    "probe_certificate_not_before_timestamp_seconds": ("From when the leaf is valid.", _CERTIFICATE),
    "probe_chain_earliest_not_after_timestamp_seconds": (
        "When the first certificate of the presented chain expires.",
        _CERTIFICATE,
    ),
    "probe_certificate_last_seen_timestamp_seconds": ("When the leaf was last seen there.", _CERTIFICATE),
    "probe_certificate_info": (
        "The leaf that is presented; thumbprint is its SHA-1, as Exchange names it.",
        (*_CERTIFICATE, "thumbprint", "sha256", "serial", "subject", "issuer"),
    ),
    "probe_mta_sts_policy_info": ("The MTA-STS policy in force, where there is one.", ("target", "mode", "id")),
    "probe_mta_sts_policy_max_age_seconds": ("How long senders remember that policy.", ("target",)),
    "probe_series_omitted": ("Endpoints, certificates and findings that have no series: too many.", ("target",)),
    "probe_targets": ("Targets that have been looked at.", ()),
    "probe_build_info": ("The version of the prober.", ("version",)),
    "probe_outbox_pending": ("Messages that wait for delivery, stuck ones included.", ("sink",)),
    "probe_outbox_stuck": ("Messages that will not be tried again by themselves.", ("sink",)),
    "probe_run_last_timestamp_seconds": ("When the last run, or round of looks, ended.", ()),
    "probe_written_timestamp_seconds": ("When this was written.", ()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """How the prober itself does. `outbox`, by every sink's name: how many messages wait, and how many of them are
    stuck; zeros, too. `ran`: when the last run ended, None: none has."""

    version: str
    outbox: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    ran: datetime | None = None


def exposition(
    standings: Iterable[Standing],
    now: datetime,
    *,
    next_due: Mapping[str, datetime] | None = None,
    agent: Agent | None = None,
) -> bytes:
    """All of it, to be served as `CONTENT_TYPE`. `next_due` by the targets' names. Takes some 0.5 ms a target."""
    from prometheus_client import CollectorRegistry, generate_latest

    targets = tuple(standings)
    sheet = _Sheet()
    for standing in targets:
        _target(sheet, standing, (next_due or {}).get(standing.name))
    if agent:
        sheet.put("probe_targets", len(targets))
        sheet.put("probe_written_timestamp_seconds", now.timestamp())
        _agent(sheet, agent)
    registry = CollectorRegistry()
    registry.register(sheet)
    return generate_latest(registry)


class _Sheet:
    """Values by family and labels: no series twice, for Prometheus would take the first and complain."""

    def __init__(self) -> None:
        self._values: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in FAMILIES}
        self._known: dict[str, str] = {}  # labels that were made fit: most occur many times

    def put(self, family: str, value: float, *labels: str) -> None:
        self._values[family].setdefault(tuple(map(self._label, labels)), value)

    def _label(self, text: str) -> str:
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = _label(text)
        return found

    def collect(self) -> Iterator["Metric"]:
        """The library's name for asking."""
        from prometheus_client.metrics_core import GaugeMetricFamily

        for name, values in self._values.items():
            if values:
                meaning, labels = FAMILIES[name]
                metric = GaugeMetricFamily(name, meaning, labels=labels)
                for there, value in values.items():
                    metric.add_metric(there, value)
                yield metric


def _label(text: str) -> str:
    """Visible, and where it is cut still different from others that begin alike."""
    shown = visible(text, LABEL)
    if len(shown) < LABEL or shown == text:
        return shown
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{shown[: LABEL - 10]}…{digest}"


def _target(sheet: _Sheet, standing: Standing, due: datetime | None) -> None:
    name = standing.name
    good = standing.verdict in (Verdict.OK, Verdict.WARN)
    tags = f",{','.join(standing.tags)}," if standing.tags else ""
    sheet.put("probe_success", good, name)
    for verdict in Verdict:
        sheet.put("probe_verdict", verdict is standing.verdict, name, verdict)
    sheet.put("probe_verdict_since_timestamp_seconds", standing.since.timestamp(), name)
    sheet.put("probe_target_info", 1, name, standing.target.given, tags)
    sheet.put("probe_duration_seconds", standing.seconds, name)
    sheet.put("probe_attempts", standing.attempts, name)
    sheet.put("probe_last_look_timestamp_seconds", standing.at.timestamp(), name)
    _time(sheet, "probe_last_good_timestamp_seconds", standing.good, (name,))
    _time(sheet, "probe_next_look_timestamp_seconds", due, (name,))
    _policy(sheet, standing)
    episodes = sorted(standing.episodes, key=_gravest_first)
    met = sorted(standing.endpoints, key=lambda one: (not one.failure, *_place(one)))
    latest = {(*_place(seen), seen.offer): seen for seen in sorted(standing.certificates, key=lambda seen: seen.last)}
    certificates = sorted(latest.values(), key=_ending_first)
    for episode in episodes[:MOST_FINDINGS]:
        where = episode.where
        place = (where.host or "", where.address or "", str(where.port or ""))
        sheet.put("probe_finding", 1, name, episode.code, episode.verdict, *place, where.name or "")
    for one in met[:MOST_ENDPOINTS]:
        _endpoint(sheet, name, one)
    for certificate in certificates[:MOST_ENDPOINTS]:
        _certificate(sheet, name, certificate)
    omitted = max(0, len(episodes) - MOST_FINDINGS)
    omitted += sum(max(0, len(all_of) - MOST_ENDPOINTS) for all_of in (met, certificates))
    sheet.put("probe_series_omitted", omitted, name)


def _gravest_first(episode: Episode) -> tuple[int, str, Sequence[str]]:
    return -episode.verdict.gravity, episode.code, _place(episode.where)


def _ending_first(seen: Sighting) -> tuple[float, Sequence[str]]:
    ends = seen.ends or seen.not_after
    return ends.timestamp() if ends else float("inf"), _place(seen)


def _place(there: Met | Sighting | Where) -> tuple[str, str, str]:
    return there.host or "", there.address or "", str(there.port or "")


def _endpoint(sheet: _Sheet, name: str, met: Met) -> None:
    there = (name, *_place(met))
    sheet.put("probe_endpoint_up", not met.failure, *there)
    for stage, seconds in met.seconds.items():
        sheet.put("probe_stage_duration_seconds", seconds, *there, stage)
    if met.version:
        sheet.put("probe_tls_info", 1, *there, met.version, met.cipher or "", met.group or "")


def _certificate(sheet: _Sheet, name: str, seen: Sighting) -> None:
    there = (name, *_place(seen), seen.offer)
    _time(sheet, "probe_certificate_not_after_timestamp_seconds", seen.not_after, there)
    _time(sheet, "probe_certificate_not_before_timestamp_seconds", seen.not_before, there)
    _time(sheet, "probe_chain_earliest_not_after_timestamp_seconds", seen.ends, there)
    _time(sheet, "probe_certificate_last_seen_timestamp_seconds", seen.last, there)
    digests = seen.sha1.upper(), seen.sha256
    sheet.put("probe_certificate_info", 1, *there, *digests, seen.serial, seen.subject, seen.issuer)


def _policy(sheet: _Sheet, standing: Standing) -> None:
    policy = standing.policy
    if policy and policy.mode:
        sheet.put("probe_mta_sts_policy_info", 1, standing.name, policy.mode, policy.id or "")
        if policy.max_age is not None:
            sheet.put("probe_mta_sts_policy_max_age_seconds", policy.max_age, standing.name)


def _agent(sheet: _Sheet, agent: Agent) -> None:
    sheet.put("probe_build_info", 1, agent.version)
    for sink, (pending, stuck) in agent.outbox.items():
        sheet.put("probe_outbox_pending", pending, sink)
        sheet.put("probe_outbox_stuck", stuck, sink)
    _time(sheet, "probe_run_last_timestamp_seconds", agent.ran, ())


def _time(sheet: _Sheet, family: str, at: datetime | None, labels: Sequence[str]) -> None:
    if at is not None:
        sheet.put(family, at.timestamp(), *labels)
