"""What `probe run` prints: nothing where nothing is wrong, and the rest in as few lines as will do."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta

import jsonschema
import pytest

from probe.model import Verdict
from probe.model.duty import Became, Change, Episode, Standing
from probe.report.layout import plain
from probe.report.ran import Ran, ordinal, render
from probe.report.ran_json import render as to_json
from probe.report.ran_json import schema
from tests.standings import AT, DAY, episode, standing


@dataclass(frozen=True)
class Sent:
    sink: str
    notices: int
    error: str = ""
    stuck: bool = False


EXPIRED = replace(
    episode(), facts=(("days_ago", "3"), ("not_after", "2026-11-18 00:00:00 UTC"), ("subject", "CN=mail.contoso.com"))
)


def change(kind: Became, fault: Episode, verdict: Verdict, before: Verdict | None = None) -> Change:
    return Change(
        kind=kind,
        target="mail",
        key=fault.key,
        code=fault.code,
        where=fault.where,
        verdict=verdict,
        before=before,
        since=fault.began,
        at=AT,
        facts=fault.facts,
    )


def failing(*faults: Episode, name: str = "mail", attempts: int = 1) -> Standing:
    return replace(standing(name, Verdict.FAIL, episodes=faults or [EXPIRED]), attempts=attempts)


def well(name: str = "ok", attempts: int = 1) -> Standing:
    return replace(standing(name), attempts=attempts)


def text(*results: Ran, sent: tuple[Sent, ...] = (), verbosity: int = 0) -> str:
    return plain(render(results, sent, verbosity=verbosity))


CLEARED = change(Became.CLEARED, EXPIRED, Verdict.OK, Verdict.FAIL)


@pytest.mark.parametrize(
    "results",
    [
        [],
        [Ran(standing=well())],
        [Ran(standing=well(attempts=2), happened=(CLEARED,))],
        [Ran(standing=failing(), muted=True), Ran(standing=well())],
    ],
)
def test_cron_stays_silent(results: list[Ran]) -> None:
    assert render(results, [Sent("slack", 1)]) == []


def test_a_whole_report() -> None:
    told = text(
        Ran(standing=well(), happened=(CLEARED,)),
        Ran(standing=well("other")),
        Ran(standing=failing(attempts=3)),
        sent=(Sent("slack", 2), Sent("pager", 1, "500 Internal Server Error")),
    )
    assert told == (
        "FAIL     mail  mail.contoso.com:25\n"
        "         certificate-expired: 192.0.2.25:25: CN=mail.contoso.com expired 3 days\n"
        "           ago, on 2026-11-18 00:00:00 UTC\n"
        "         since 2026-11-20 09:35 UTC, for 24 h\n"
        "         so after 3 looks\n"
        "OK       ok  ok.contoso.com:25\n"
        "         certificate-expired at mail.contoso.com 192.0.2.25:25: no longer so; it\n"
        "           was for 24 h, since 2026-11-20 09:35 UTC\n"
        "\n"
        "3 targets: 2 OK, 1 FAIL\n"
        "2 alerts told\n"
        "1 alert waiting: pager: 500 Internal Server Error\n"
    )


def test_an_alert_that_did_not_go_out_is_never_passed_over() -> None:
    told = text(Ran(standing=well()), sent=(Sent("slack", 2, "404 Not Found", stuck=True),))
    assert told == "1 target: 1 OK\n2 alerts stuck: slack: 404 Not Found; see `probe alerts`\n"


def test_what_is_new_and_what_is_worse() -> None:
    fresh = replace(episode("chain-incomplete", Verdict.WARN), began=AT, changed=AT)
    worse = change(Became.WORSENED, EXPIRED, Verdict.FAIL, Verdict.WARN)
    told = text(Ran(standing=failing(EXPIRED, fresh), happened=(worse, change(Became.APPEARED, fresh, Verdict.WARN))))
    assert "for 24 h; worse in this run, was WARN\n" in told
    assert told.index("worse in this run") < told.index("chain-incomplete:") < told.index("new in this run\n")
    assert told.count("chain-incomplete") == 1


def test_faults_of_one_age_are_dated_once_and_many_are_counted() -> None:
    codes = ("certificate-expired", "certificate-not-trusted", "chain-incomplete", "tls-version-old", "address-drift")
    told = text(Ran(standing=failing(*(episode(code) for code in codes))))
    assert told.count("since 2026-11-20 09:35 UTC") == 1
    assert "         and 2 more faults\n" in told
    assert "address-drift" not in told


def test_the_gravest_first_and_what_is_muted_last() -> None:
    told = text(
        Ran(standing=failing(name="muted"), muted=True),
        Ran(standing=standing("warn", Verdict.WARN)),
        Ran(standing=standing("unknown", Verdict.UNKNOWN)),
        Ran(standing=failing(name="fail")),
    )
    heads = [line.split()[1] for line in told.splitlines() if line[:1] in "FUW" and not line[:1].isspace() and line]
    assert heads == ["fail", "unknown", "warn", "muted"]
    assert told.count("certificate-expired") == 1  # of what is muted, the verdict alone
    assert "2 FAIL; 1 muted\n" in told


def test_certificates_and_policies_that_changed_are_told() -> None:
    fault = replace(EXPIRED, code="certificate-changed")
    note = change(Became.CERTIFICATE, fault, Verdict.OK)
    told = text(Ran(standing=failing()), Ran(standing=well(), happened=(note,)))
    assert "certificate-changed at mail.contoso.com 192.0.2.25:25: " in told


def test_verbosity() -> None:
    results = (Ran(standing=failing(attempts=3)), Ran(standing=well(attempts=2)))
    assert "OK at the 2nd look" not in text(*results)
    assert "OK at the 2nd look\n" in text(*results, verbosity=1)
    assert text(Ran(standing=well()), verbosity=1) == "OK       ok  ok.contoso.com:25\n\n1 target: 1 OK\n"
    assert text(*results, verbosity=-1).splitlines() == [
        "FAIL     mail  mail.contoso.com:25",
        "",
        "2 targets: 1 OK, 1 FAIL",
    ]


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (22, "22nd")]
)
def test_ordinals(number: int, said: str) -> None:
    assert ordinal(number) == said


def test_hostile_text_does_not_act() -> None:
    hostile = "\x1b]0;owned\x07\u202e\nOK       all is well"
    fault = replace(EXPIRED, facts=(("subject", hostile), ("days_ago", hostile), ("not_after", hostile)))
    bad = replace(failing(fault, name=hostile), target=replace(well().target, given=hostile))
    gone = change(Became.CLEARED, fault, Verdict.OK, Verdict.FAIL)
    told = text(Ran(standing=bad, happened=(gone,)), sent=(Sent(hostile, 1, hostile),))
    assert "\\x1b]0;owned" in told
    assert told.replace("\n", "").isprintable()
    assert not [line for line in told.splitlines() if line.startswith("OK ")]


def test_json_obeys_its_schema() -> None:
    ran = Ran(standing=failing(), happened=(CLEARED,), muted=True)
    line = to_json(ran)
    told = json.loads(line)
    jsonschema.validate(told, schema())
    assert b"\n" not in line
    assert (told["target"]["name"], told["target"]["verdict"], told["muted"]) == ("mail", "FAIL", True)
    assert told["target"]["faults"][0]["facts"]["days_ago"] == "3"
    assert told["changes"][0]["kind"] == "cleared"
    assert told["target"]["expires"] == (AT + 59 * DAY).isoformat().replace("+00:00", "Z")
    assert timedelta(0) < AT - EXPIRED.began
