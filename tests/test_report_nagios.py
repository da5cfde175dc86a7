"""The monitoring plug-ins' form, held against their guidelines."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from probe.model import Report, Verdict
from probe.report.nagios import LIMIT, render
from tests import reports

# 'label'=value[UOM];[warn];[crit];[min];[max]
VALUE = re.compile(r"'[^'=|]+'=-?[0-9.]+(s?);[0-9.:~@-]*;[0-9.:~@-]*(;[0-9.-]*(;[0-9.-]*)?)?")


def test_one_target_tells_the_gravest_fault_and_its_place() -> None:
    first, *more = render([reports.mail_domain()]).splitlines()
    text, _, values = first.partition(" | ")
    assert text == "PROBE WARNING - contoso.com not-observed at mx2.contoso.com 198.51.100.25:25, and 1 more"
    assert values.startswith(
        "'days_left'=103;;0: '192.0.2.25:25 days_left'=103;;0: '[2001:db8::25]:25 days_left'=103;;0:"
    )
    assert "'198.51.100.25:25 connect'=0.000400s;;;0" in values
    assert more[0] == "WARNING contoso.com not-observed: mx2.contoso.com 198.51.100.25:25: connecting was refused"


def test_a_healthy_target_tells_its_days() -> None:
    report = reports.report(reports.healthy(), [reports.observation("192.0.2.25", reports.LEAF, reports.ISSUING)])
    assert render([report]).startswith("PROBE OK - mail.contoso.com:25 103 days left | 'days_left'=103;;0:")


def test_an_expired_leaf_has_a_value_beyond_its_threshold() -> None:
    issued = reports.ISSUING.leaf(not_before=reports.AT.replace(month=1), not_after=reports.AT.replace(day=18))
    report = reports.report(
        [reports.finding("certificate-expired", Verdict.FAIL, reports.at(position=0))],
        [reports.observation("192.0.2.25", issued)],
    )
    assert render([report]).startswith(
        "PROBE CRITICAL - mail.contoso.com:25 certificate-expired at 192.0.2.25:25 | 'days_left'=-3;;0:"
    )


def test_several_targets_come_to_one_status_and_keep_their_values_apart() -> None:
    targets = [reports.mail_domain(), reports.exchange_default(), reports.report(())]
    first = render(targets).splitlines()[0]
    assert first.startswith("PROBE CRITICAL - 3 targets (1 WARNING, 1 CRITICAL, 1 UNKNOWN): mail.contoso.com:25 ")
    labels = re.findall(r"'([^']+)'=", first)
    assert "contoso.com days_left" in labels
    assert "mail.contoso.com:25 192.0.2.25:25 handshake" in labels
    assert len(labels) == len(set(labels))


def test_too_much_is_cut_between_values() -> None:
    seen = [reports.observation(f"192.0.{n}.25", reports.EX01) for n in range(255)]
    output = render([reports.report((), seen)])
    assert len(output.encode()) <= LIMIT
    assert all(VALUE.fullmatch(value) for value in re.split(r" (?=')", output.strip().partition(" | ")[2]))


@given(st.lists(reports.any_report(), max_size=3))
@settings(deadline=None)  # the first example waits for the certificates to be read
def test_no_peer_forges_status_or_values(targets: list[Report]) -> None:
    output = render(targets)
    first, _, rest = output.partition("\n")
    text, bar, values = first.partition(" | ")
    assert re.match(r"PROBE (OK|WARNING|CRITICAL|UNKNOWN) - ", text)
    assert output.count("|") == bar.count("|")
    assert all(VALUE.fullmatch(value) for value in re.split(r" (?=')", values) if value)
    assert output.replace("\n", "").isprintable()
    assert len(output.encode()) <= LIMIT
    faults = sum(finding.verdict is not Verdict.OK for report in targets for finding in report.findings)
    assert rest.count("\n") <= faults


def test_labels_and_word_are_the_same_whoever_is_muted() -> None:
    report = reports.report(reports.healthy(), [reports.observation("192.0.2.25", reports.LEAF, reports.ISSUING)])
    both, one = render([report, report]), render([report], several=True, note="1 target muted")
    label = "'mail.contoso.com:25 days_left'=103"
    assert label in both
    assert label in one
    assert one.startswith("PROBE OK - 1 target muted; mail.contoso.com:25 103 days left | ")
    assert render([], verdict=Verdict.OK, note="2 targets muted") == "PROBE OK - 2 targets muted\n"
    assert render([report], verdict=Verdict.UNKNOWN, note="the disk is full").startswith("PROBE UNKNOWN - the disk is")


def test_what_finds_no_room_is_counted() -> None:
    many = [reports.mail_domain() for _ in range(300)]
    said = render(many)
    assert len(said.encode()) <= LIMIT
    lines = said.splitlines()
    assert lines[-1].startswith("… and ")
    kept = len(lines) - 2
    assert int(lines[-1].split()[2]) + kept == 300 * (len(render(many[:1]).splitlines()) - 1)
