"""What people and programs get to read of changes."""

import json
from datetime import timedelta
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from probe.alert import SINKS
from probe.alert.document import schema
from probe.alert.message import Block, blocks, document, headline, listed, moment, span, text
from probe.alert.sink import Sink
from probe.model import Verdict
from probe.model.duty import Became, Message
from tests.alerts import AT, item, message, messages

EXPIRED = item()
ELSEWHERE = item(place="mail.contoso.com 192.0.2.26:25", key="1")
WARNING = item(code="certificate-expires-soon", title="The certificate expires soon", verdict=Verdict.WARN, key="2")
CLEARED = item(kind=Became.CLEARED, verdict=Verdict.OK, before=Verdict.FAIL, code="starttls-not-supported", key="3")
RENEWED = item(kind=Became.CERTIFICATE, verdict=Verdict.OK, code="certificate-changed", title="Renewed", key="4")


def test_alike_changes_are_one_block_and_the_gravest_comes_first() -> None:
    found = blocks(message(CLEARED, WARNING, EXPIRED, RENEWED, ELSEWHERE))
    assert [block.first.code for block in found] == [
        "certificate-expired",
        "certificate-expires-soon",
        "starttls-not-supported",
        "certificate-changed",
    ]
    assert found[0].places == ("mail.contoso.com 192.0.2.25:25", "mail.contoso.com 192.0.2.26:25")


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": Became.REMINDER},
        {"code": "x"},
        {"verdict": Verdict.WARN},
        {"before": Verdict.WARN},
        {"title": "x"},
        {"sentence": "x"},
        {"remedy": ()},
        {"exchange": ()},
    ],
)
def test_what_differs_in_anything_that_is_told_is_a_block_of_its_own(changed: dict[str, Any]) -> None:
    assert len(blocks(message(EXPIRED, item(**changed)))) == 2


def test_news_come_before_reminders() -> None:
    again = item(kind=Became.REMINDER)
    assert [block.first.kind for block in blocks(message(again, EXPIRED))] == [Became.APPEARED, Became.REMINDER]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (message(EXPIRED), "FAIL certificate-expired at mail.contoso.com 192.0.2.25:25"),
        (
            message(EXPIRED, ELSEWHERE),
            "FAIL certificate-expired at mail.contoso.com 192.0.2.25:25 and 1 more place",
        ),
        (
            message(WARNING, CLEARED, EXPIRED),
            "FAIL certificate-expired at mail.contoso.com 192.0.2.25:25, and 2 more changes",
        ),
        (message(item(kind=Became.REMINDER, place="")), "FAIL certificate-expired (still) at contoso.com"),
        (
            message(item(kind=Became.WORSENED, before=Verdict.WARN, place="")),
            "FAIL certificate-expired (was WARN) at contoso.com",
        ),
        (message(CLEARED), "OK starttls-not-supported cleared at mail.contoso.com 192.0.2.25:25"),
        (message(notices=()), "OK: nothing has changed"),
    ],
)
def test_the_headline(told: Message, words: str) -> None:
    assert headline(told) == words


def test_a_place_that_does_not_name_its_target_comes_with_it() -> None:
    assert Block((item(place="mx.fabrikam.com 192.0.2.1:25"),)).places == (
        "mx.fabrikam.com 192.0.2.1:25 (contoso.com)",
    )
    assert Block((item(place=""),)).places == ("contoso.com",)


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({}, "new FAIL"),
        ({"kind": Became.REMINDER}, "still FAIL"),
        ({"kind": Became.WORSENED, "before": Verdict.WARN}, "worse: WARN → FAIL"),
        ({"kind": Became.EASED, "before": Verdict.FAIL, "verdict": Verdict.WARN}, "eased: FAIL → WARN"),
        ({"kind": Became.CLEARED, "before": Verdict.FAIL, "verdict": Verdict.OK}, "cleared (was FAIL)"),
        ({"kind": Became.CERTIFICATE, "verdict": Verdict.OK}, "certificate changed"),
        ({"kind": Became.POLICY, "verdict": Verdict.WARN}, "policy changed: WARN"),
    ],
)
def test_the_state(changed: dict[str, Any], state: str) -> None:
    assert Block((item(**changed),)).state == state


def test_since_when() -> None:
    assert Block((EXPIRED,)).since == "2026-02-26 12:00 UTC, for 3 days"
    assert Block((EXPIRED, item(since=AT - timedelta(days=9)))).since == "2026-02-20 12:00 UTC, for 9 days"
    assert Block((item(since=AT),)).since == "2026-03-01 12:00 UTC"
    assert Block((CLEARED,)).since == "2026-02-26 12:00 UTC to 2026-03-01 12:00 UTC, 3 days"
    assert Block((RENEWED,)).since == "2026-03-01 12:00 UTC"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (7199, "119 minutes"),
        (7200, "2 hours"),
        (172799, "47 hours"),
        (172800, "2 days"),
        (86400 * 400, "400 days"),
    ],
)
def test_how_long(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_the_whole_text() -> None:
    assert text(message(EXPIRED, ELSEWHERE, CLEARED)) == (
        "FAIL certificate-expired at mail.contoso.com 192.0.2.25:25 and 1 more place, and 1 more change\n"
        "\n"
        "new FAIL: The certificate has expired (certificate-expired)\n"
        "  the certificate expired on 2026-02-26\n"
        "  where  mail.contoso.com 192.0.2.25:25\n"
        "         mail.contoso.com 192.0.2.26:25\n"
        "  since  2026-02-26 12:00 UTC, for 3 days\n"
        "  Exchange Online says: 450 4.7.320 Certificate validation failed\n"
        "  what to do:\n"
        "    Install a new certificate, and let the connectors use it:\n"
        "        Enable-ExchangeCertificate\n"
        "\n"
        "cleared (was FAIL): The certificate has expired (starttls-not-supported)\n"
        "  the certificate expired on 2026-02-26\n"
        "  where  mail.contoso.com 192.0.2.25:25\n"
        "  when   2026-02-26 12:00 UTC to 2026-03-01 12:00 UTC, 3 days\n"
        "\n"
        "probe on probe.contoso.com, 2026-03-01 12:00 UTC\n"
    )


def test_what_there_is_no_room_for_is_counted() -> None:
    many = text(message(*(item(sentence=f"number {number}", key=f"{number}") for number in range(50))), most=10)
    assert many.count("what to do:") == 10
    assert "and 40 more changes: `probe status`" in many
    assert listed(["a", "b", "c"], 2) == ["a", "b", "and 1 more"]
    assert listed(["a", "b"], 2) == ["a", "b"]


def test_a_remedy_is_told_until_there_is_nothing_to_mend() -> None:
    assert Block((EXPIRED,)).remedy
    assert not Block((CLEARED,)).remedy


def test_times_are_in_utc() -> None:
    assert moment(AT) == "2026-03-01 12:00 UTC"


# --- for programs


@settings(max_examples=50, deadline=None)
@given(messages(4))
def test_every_document_obeys_its_schema_and_tells_all(told: Message) -> None:
    data = document(told)
    assert b"\n" not in data
    read = json.loads(data)
    jsonschema.Draft202012Validator(schema()).validate(read)
    assert [change["key"] for change in read["changes"]] == [one.key for one in told.items]
    assert {change["target"] for change in read["changes"]} == {target["name"] for target in read["targets"]}


def test_a_document() -> None:
    read = json.loads(document(message(EXPIRED)))
    (change,) = read.pop("changes")
    assert read == {
        "format": 1,
        "key": "fedcba9876543210",
        "at": "2026-03-01T12:00:00Z",
        "sender": "probe.contoso.com",
        "verdict": "FAIL",
        "headline": "FAIL certificate-expired at mail.contoso.com 192.0.2.25:25",
        "targets": [
            {
                "name": "contoso.com",
                "target": "contoso.com",
                "tags": ["edge"],
                "at": "2026-03-01T12:00:00Z",
                "verdict": "FAIL",
            }
        ],
    }
    assert change["kind"] == "appeared"
    assert change["before"] is None
    assert change["since"] == "2026-02-26T12:00:00Z"
    assert change["where"] == {
        "kind": "certificate",
        "host": "mail.contoso.com",
        "address": "192.0.2.25",
        "port": 25,
        "position": 0,
    }


@settings(max_examples=50, deadline=None)
@given(messages(4))
def test_no_headline_is_longer_than_wanted(told: Message) -> None:
    assert len(headline(told, 150)) <= 150
    assert "\n" not in headline(told)


# --- the table


def test_every_kind_is_in_the_table_by_its_own_name() -> None:
    assert {kind: sink.__struct_config__.tag for kind, sink in SINKS.items()} == {kind: kind for kind in SINKS}
    assert set(SINKS) == {
        "webhook",
        "alertmanager",
        "pagerduty",
        "slack",
        "teams",
        "email",
        "apprise",
        "command",
        "healthchecks",
    }
    for sink in SINKS.values():
        assert issubclass(sink, Sink)
        assert sink.__doc__
