"""The text format: what is in it, what is not, and that nobody's certificate breaks it."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from probe.errors import ConfigError
from probe.model import Verdict
from probe.model.duty import PolicySeen, Standing
from probe.report.prometheus import LABEL, MOST_ENDPOINTS, MOST_FINDINGS, Agent, exposition
from probe.run import textfile
from tests.real.servers import program
from tests.standings import AT, DAY, episode, met, sighting, standing

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]
PLACE = {"target": "mail", "host": "mail.contoso.com", "address": "192.0.2.25", "port": "25"}
AGENT = Agent(version="0.1.0", outbox={"slack": (3, 1), "mail": (0, 0)}, ran=AT)


def read(text: bytes) -> Series:
    """Every series, which may be there only once. A label without a value is none, to Prometheus."""
    samples = [sample for family in text_string_to_metric_families(text.decode()) for sample in family.samples]
    found = {
        (sample.name, frozenset((key, value) for key, value in sample.labels.items() if value)): sample.value
        for sample in samples
    }
    assert len(found) == len(samples)
    return found


def of(*standings: Standing) -> Series:
    return read(exposition(standings, AT))


def value(series: Series, name: str, /, **labels: str) -> float | None:
    return series.get((name, frozenset(labels.items())))


def names(series: Series) -> Counter[str]:
    return Counter(name for name, _ in series)


def labels(series: Series, name: str, label: str) -> list[str]:
    return sorted(dict(of_one).get(label, "") for family, of_one in series if family == name)


def promtool(*arguments: str | Path, text: bytes = b"") -> None:
    done = subprocess.run([program("promtool"), *arguments], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


FULL = standing(
    verdict=Verdict.FAIL,
    episodes=[episode(), episode("connector-certificate-changed", name="To Exchange Online")],
    endpoints=[met(), met("192.0.2.26", failure="connecting was refused")],
    policy=PolicySeen(mode="enforce", id="20261121", max_age=604800, mx=("mail.contoso.com",), first=AT),
)


def test_how_a_target_stands() -> None:
    series = of(FULL)
    assert value(series, "probe_success", target="mail") == 0
    assert {verdict: value(series, "probe_verdict", target="mail", verdict=verdict) for verdict in Verdict} == {
        Verdict.OK: 0,
        Verdict.WARN: 0,
        Verdict.UNKNOWN: 0,
        Verdict.FAIL: 1,
    }
    assert value(series, "probe_verdict_since_timestamp_seconds", target="mail") == (AT - 2 * DAY).timestamp()
    assert value(series, "probe_target_info", target="mail", given="mail.contoso.com:25", tags=",mx,prod,") == 1
    assert value(series, "probe_duration_seconds", target="mail") == 0.25
    assert value(series, "probe_attempts", target="mail") == 2
    assert value(series, "probe_last_look_timestamp_seconds", target="mail") == AT.timestamp()
    assert value(series, "probe_last_good_timestamp_seconds", target="mail") == AT.timestamp()
    assert value(series, "probe_mta_sts_policy_info", target="mail", mode="enforce", id="20261121") == 1
    assert value(series, "probe_mta_sts_policy_max_age_seconds", target="mail") == 604800
    assert value(series, "probe_series_omitted", target="mail") == 0


def test_every_fault_is_a_series() -> None:
    series = of(FULL)
    assert value(series, "probe_finding", code="certificate-expired", verdict="FAIL", **PLACE) == 1
    connector = {"code": "connector-certificate-changed", "name": "To Exchange Online"}
    assert value(series, "probe_finding", verdict="FAIL", **connector, **PLACE) == 1
    assert names(series)["probe_finding"] == 2


def test_what_an_endpoint_showed() -> None:
    series = of(FULL)
    session = {"version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384", "group": "X25519MLKEM768"}
    assert value(series, "probe_endpoint_up", **PLACE) == 1
    assert value(series, "probe_endpoint_up", **{**PLACE, "address": "192.0.2.26"}) == 0
    assert value(series, "probe_tls_info", **PLACE, **session) == 1
    assert names(series)["probe_tls_info"] == 1
    assert value(series, "probe_stage_duration_seconds", **PLACE, stage="handshake") == 0.0457


def test_a_certificate_has_its_dates_and_its_names() -> None:
    series = of(standing(certificates=[sighting(offer="rsa"), sighting(offer="ecdsa", days=10)]))
    for offer, days in (("rsa", 60), ("ecdsa", 10)):
        there = {**PLACE, "offer": offer}
        ends = AT + days * DAY
        assert value(series, "probe_certificate_not_after_timestamp_seconds", **there) == ends.timestamp()
        assert value(series, "probe_certificate_not_before_timestamp_seconds", **there) == (ends - 90 * DAY).timestamp()
        assert value(series, "probe_chain_earliest_not_after_timestamp_seconds", **there) == (ends - DAY).timestamp()
        assert value(series, "probe_certificate_last_seen_timestamp_seconds", **there) == AT.timestamp()
    assert labels(series, "probe_certificate_info", "thumbprint") == ["CD" * 20] * 2
    assert labels(series, "probe_certificate_info", "sha256") == ["ab" * 32] * 2
    assert labels(series, "probe_certificate_info", "subject") == ["CN=mail.contoso.com"] * 2


def test_an_expired_certificate_of_a_failed_handshake_has_its_dates() -> None:
    series = of(standing(verdict=Verdict.FAIL, certificates=[sighting(days=-3)], endpoints=[met(failure="alert")]))
    assert value(series, "probe_certificate_not_after_timestamp_seconds", **PLACE) == (AT - 3 * DAY).timestamp()
    assert value(series, "probe_endpoint_up", **PLACE) == 0


def test_what_is_not_known_has_no_series() -> None:
    series = of(standing(certificates=[sighting(days=None)], endpoints=[], good=None))
    unknown = {
        "probe_certificate_not_after_timestamp_seconds",
        "probe_certificate_not_before_timestamp_seconds",
        "probe_chain_earliest_not_after_timestamp_seconds",
        "probe_last_good_timestamp_seconds",
        "probe_next_look_timestamp_seconds",
        "probe_endpoint_up",
        "probe_mta_sts_policy_info",
        "probe_targets",
        "probe_build_info",
    }
    assert not unknown & set(names(series))
    assert names(series)["probe_certificate_info"] == 1


def test_no_policy_is_no_series() -> None:
    series = of(standing(policy=PolicySeen(mode=None, first=AT)))
    assert not [name for name in names(series) if "mta_sts" in name]


@pytest.mark.parametrize(
    ("verdict", "success"), [(Verdict.OK, 1), (Verdict.WARN, 1), (Verdict.UNKNOWN, 0), (Verdict.FAIL, 0)]
)
def test_unknown_is_no_success(verdict: Verdict, success: int) -> None:
    assert value(of(standing(verdict=verdict)), "probe_success", target="mail") == success


def test_of_two_certificates_at_one_place_the_later_one_counts() -> None:
    old, new = replace(sighting(days=1), last=AT - DAY), sighting(days=80, subject="CN=renewed")
    series = of(standing(certificates=[new, old]))
    assert labels(series, "probe_certificate_info", "subject") == ["CN=renewed"]
    assert value(series, "probe_certificate_not_after_timestamp_seconds", **PLACE) == (AT + 80 * DAY).timestamp()


def test_series_vanish_with_their_target() -> None:
    both, one = of(standing("mail"), standing("edge")), of(standing("mail"))
    assert {dict(of_one).get("target") for _, of_one in both} == {"mail", "edge"}
    assert {dict(of_one).get("target") for _, of_one in one} == {"mail"}


def test_the_prober_itself() -> None:
    due = AT + timedelta(minutes=5)
    series = read(exposition([standing("mail"), standing("edge")], AT, next_due={"edge": due}, agent=AGENT))
    assert value(series, "probe_next_look_timestamp_seconds", target="edge") == due.timestamp()
    assert value(series, "probe_targets") == 2
    assert value(series, "probe_build_info", version="0.1.0") == 1
    assert value(series, "probe_outbox_pending", sink="slack") == 3
    assert value(series, "probe_outbox_stuck", sink="slack") == 1
    assert value(series, "probe_outbox_stuck", sink="mail") == 0
    assert value(series, "probe_run_last_timestamp_seconds") == AT.timestamp()
    assert value(series, "probe_written_timestamp_seconds") == AT.timestamp()


def test_the_first_of_too_many_are_the_worst() -> None:
    addresses = [f"192.0.2.{number}" for number in range(MOST_ENDPOINTS + 20)]
    codes = [f"code-{number}" for number in range(MOST_FINDINGS + 5)]
    series = of(
        standing(
            verdict=Verdict.FAIL,
            certificates=[sighting(address, days=1000 - number) for number, address in enumerate(addresses)],
            endpoints=[*map(met, addresses), met("198.51.100.25", failure="refused")],
            episodes=[*(episode(code, Verdict.WARN) for code in codes), episode("starttls-not-supported")],
        )
    )
    assert names(series)["probe_endpoint_up"] == MOST_ENDPOINTS
    assert names(series)["probe_certificate_info"] == MOST_ENDPOINTS
    assert names(series)["probe_finding"] == MOST_FINDINGS
    assert "198.51.100.25" in labels(series, "probe_endpoint_up", "address")
    assert addresses[-1] in labels(series, "probe_certificate_info", "address")
    assert addresses[0] not in labels(series, "probe_certificate_info", "address")
    assert "starttls-not-supported" in labels(series, "probe_finding", "code")
    assert value(series, "probe_series_omitted", target="mail") == 21 + 20 + 6


def test_long_names_are_cut_and_stay_apart() -> None:
    alike = "x" * 1000
    found = labels(of(standing(alike + "1"), standing(alike + "2")), "probe_success", "target")
    assert len(set(found)) == 2
    assert all(len(label) <= LABEL for label in found)


HOSTILE = st.text(st.characters(), max_size=300) | st.sampled_from(
    ['"} 1\n#', "\\", "\\n", "a\nb", "\ud800", "\x00", "\u202e"]
)


@given(HOSTILE, HOSTILE, HOSTILE)
@settings(deadline=None)
def test_nobody_forges_a_series(subject: str, host: str, code: str) -> None:
    hostile = standing(
        host,
        episodes=[episode(code, host=host)],
        certificates=[sighting(host=host, subject=subject)],
        endpoints=[met(host=host)],
    )
    series = of(hostile)
    honest = of(standing(episodes=[episode()]))
    assert names(series) == names(honest)
    for _, of_one in series:
        assert all(len(text) <= LABEL and text.isprintable() for _, text in of_one)


def test_promtool_has_nothing_to_say() -> None:
    hostile = sighting(subject='CN="} 1\n# é\x1b')
    promtool(
        *("check", "metrics"),
        text=exposition([FULL, standing("edge", certificates=[hostile])], AT, next_due={"mail": AT}, agent=AGENT),
    )


def test_the_library_is_loaded_late() -> None:
    code = "import sys, probe.report.prometheus, probe.run.textfile; print('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_text_file_is_whole_and_readable_for_all(tmp_path: Path) -> None:
    file = tmp_path / "probe.prom"
    data = exposition([FULL], AT, agent=AGENT)
    textfile.write(file, b"old")
    textfile.write(file, data)
    assert file.read_bytes() == data
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]
    promtool("check", "metrics", text=file.read_bytes())


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "probe.prom", tmp_path / "link.prom"
    link.symlink_to(file)
    textfile.write(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"


def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    taken = tmp_path / "probe.prom"
    taken.mkdir()
    for path in (taken, tmp_path / "missing" / "probe.prom"):
        with pytest.raises(ConfigError, match="cannot write metrics to"):
            textfile.write(path, b"")
    assert list(tmp_path.iterdir()) == [taken]
    assert not list(taken.iterdir())
