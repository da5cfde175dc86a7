"""What PagerDuty gets: an event a fault, under the fault's own key, and resolved when it is cleared."""

from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trustme
from hypothesis import given, settings

from probe.alert.pagerduty import MOST_BYTES, MOST_SUMMARY, PagerDuty, encoded, event
from probe.alert.sink import Undelivered
from probe.alert.words import Duration, Hidden
from probe.model import Verdict
from probe.model.duty import Became, Item, Message
from tests.alerts import item, items, message
from tests.receiver import CLOSE, STALL, Fault, Receiver, Says, receiver

TAKEN = Says(202, b'{"status": "success", "message": "Event processed", "dedup_key": "x"}')


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_TEST_KEY", "R0UTINGKEYSECRET")


def pagerduty(there: Receiver, **settings: Any) -> PagerDuty:
    return PagerDuty(routing_key=Hidden("env:PROBE_TEST_KEY"), url=there.url("/v2/enqueue"), **settings)


def events(told: Message) -> list[dict[str, Any]]:
    with receiver(TAKEN) as there:
        trio.run(partial(pagerduty(there).send, told))
    return [got.json for got in there.got]


def test_a_fault_triggers() -> None:
    (event,) = events(message())
    details = event["payload"].pop("custom_details")
    assert event == {
        "routing_key": "R0UTINGKEYSECRET",
        "event_action": "trigger",
        "dedup_key": "0123456789abcdef",
        "client": "probe",
        "payload": {
            "summary": "FAIL certificate-expired at mail.contoso.com 192.0.2.25:25: "
            "the certificate expired on 2026-02-26",
            "source": "mail.contoso.com",
            "severity": "critical",
            "timestamp": "2026-03-01T12:00:00Z",
            "component": "mail.contoso.com 192.0.2.25:25",
            "group": "contoso.com",
            "class": "certificate-expired",
        },
    }
    assert details["since"] == "2026-02-26 12:00 UTC, for 3 days"
    assert "Enable-ExchangeCertificate" in details["what to do"]


@pytest.mark.parametrize("kind", [Became.APPEARED, Became.WORSENED, Became.EASED, Became.REMINDER])
@pytest.mark.parametrize(
    ("verdict", "severity"), [(Verdict.FAIL, "critical"), (Verdict.UNKNOWN, "error"), (Verdict.WARN, "warning")]
)
def test_what_is_open_triggers_again_under_its_key(kind: Became, verdict: Verdict, severity: str) -> None:
    (event,) = events(message(item(kind=kind, verdict=verdict)))
    assert (event["event_action"], event["dedup_key"]) == ("trigger", "0123456789abcdef")
    assert event["payload"]["severity"] == severity


def test_what_is_cleared_resolves() -> None:
    (event,) = events(message(item(kind=Became.CLEARED, verdict=Verdict.OK, before=Verdict.FAIL)))
    assert event == {
        "routing_key": "R0UTINGKEYSECRET",
        "event_action": "resolve",
        "dedup_key": "0123456789abcdef",
    }


def test_a_note_is_no_event() -> None:
    assert events(message(item(kind=Became.CERTIFICATE, verdict=Verdict.OK))) == []
    (event,) = events(message(item(kind=Became.CERTIFICATE, verdict=Verdict.WARN)))
    assert event["event_action"] == "trigger"


def test_of_one_fault_the_last_word_counts_and_the_gravest_comes_first() -> None:
    warned = item(key="w", verdict=Verdict.WARN)
    came, went = item(key="a"), item(key="a", kind=Became.CLEARED, verdict=Verdict.OK)
    back = item(key="b", kind=Became.CLEARED, verdict=Verdict.OK), item(key="b")
    sent = [(event["dedup_key"], event["event_action"]) for event in events(message(warned, came, went, *back))]
    assert sent == [("b", "trigger"), ("w", "trigger"), ("a", "resolve")]


def test_over_one_connection_all_are_sent() -> None:
    with receiver(TAKEN) as there:
        trio.run(partial(pagerduty(there).send, message(*(item(key=f"{number:016x}") for number in range(60)))))
    assert len({got.json["dedup_key"] for got in there.got}) == 60
    assert len({got.peer for got in there.got}) == 1


def test_where_a_limit_stops_us_it_is_not_always_before_the_same() -> None:
    told = message(*(item(key=f"{number:016x}") for number in range(20)))
    first = set()
    for _ in range(20):
        with receiver(TAKEN, Says(429, b"", {"Retry-After": "60"})) as there:
            with pytest.raises(Undelivered) as caught:
                trio.run(partial(pagerduty(there).send, told))
            assert caught.value.after == 60
            assert not caught.value.final
            assert len(there.got) == 2
            first.add(there.got[0].json["dedup_key"])
    assert len(first) > 1


@settings(max_examples=100, deadline=None)
@given(items())
def test_its_limits_are_kept(told: Item) -> None:
    made: Any = msgspec.json.decode(encoded(event(told, "probe.contoso.com"), "key"))
    assert len(made["dedup_key"]) <= 255
    if made["event_action"] == "trigger":
        assert 0 < len(made["payload"]["summary"]) <= MOST_SUMMARY
        assert made["payload"]["source"]
        assert made["payload"]["severity"] in ("critical", "error", "warning", "info")


def test_an_event_that_is_too_large_goes_without_its_details() -> None:
    body = encoded(event(item(remedy=("x" * MOST_BYTES,)), "probe.contoso.com"), "key")
    assert len(body) <= MOST_BYTES
    assert msgspec.json.decode(body)["payload"]["class"] == "certificate-expired"


@pytest.mark.parametrize(
    ("answer", "final", "words"),
    [
        (Says(400, b'{"status": "invalid event", "errors": ["R0UTINGKEYSECRET is invalid"]}'), True, "… is invalid"),
        (
            Says(202, b'{"status": "invalid event", "message": "R0UTINGKEYSECRET"}'),
            False,
            "did not say that it took it",
        ),
        (Says(200, b"<html>Log in</html>"), False, "did not say that it took it"),
        (Says(202, b""), False, "nothing"),
        (Says(202, b"[" * 60000), False, "did not say"),
        (Says(403, b""), False, "403"),
        (Says(413, b""), True, "413"),
        (Says(500, b""), False, "500"),
        (
            Says(302, b"", {"Location": "https://evil.example.org/"}),
            False,
            "not followed (to https://evil.example.org)",
        ),
        (CLOSE, False, "left"),
        (STALL, False, "no whole answer"),
    ],
)
def test_what_is_not_taken(answer: Says | Fault, final: bool, words: str) -> None:
    with receiver(answer) as there, pytest.raises(Undelivered) as caught:
        trio.run(partial(pagerduty(there, timeout=0.5).send, message()))
    assert words in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert caught.value.final is final


def test_tls_that_nobody_vouches_for(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with receiver(TAKEN, tls=authority.issue_cert("127.0.0.1")) as there:
        with pytest.raises(Undelivered, match="certificate is refused"):
            trio.run(partial(pagerduty(there).send, message()))
        assert there.got == []
        trio.run(partial(pagerduty(there, ca=tmp_path / "ca.pem").send, message()))
    assert len(there.got) == 1


def test_its_place_and_what_is_remarked(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = PagerDuty(routing_key=Hidden("env:PROBE_TEST_KEY"))
    assert sink.place == "https://events.pagerduty.com"
    assert list(sink.remarks()) == []
    monkeypatch.delenv("PROBE_TEST_KEY")
    with pytest.raises(LookupError):
        list(sink.remarks())
    with receiver() as there, pytest.raises(Undelivered, match="no PROBE_TEST_KEY"):
        trio.run(partial(pagerduty(there).send, message()))
    assert there.got == []


def test_a_storm_that_meets_the_limit_goes_on_where_it_was() -> None:
    """Two targets with two faults each; what is beyond the limit is not taken."""
    storm = message(*(item(target=target, key=f"{target}-{number}") for target in ("one", "two") for number in (1, 2)))
    with receiver(TAKEN, TAKEN, TAKEN, Says(429, b"", {"Retry-After": "30"})) as there:
        with pytest.raises(Undelivered) as caught:
            trio.run(partial(pagerduty(there).send, storm))
        sent = {got.json["dedup_key"] for got in there.got[:3]}
    whole = {target for target in ("one", "two") if {f"{target}-1", f"{target}-2"} <= sent}
    assert caught.value.told == whole
    assert len(whole) == 1
    assert caught.value.after == 30


def test_a_storm_that_takes_too_long_goes_on_where_it_was() -> None:
    storm = message(*(item(target=target, key=target) for target in ("one", "two")))
    with receiver(TAKEN, STALL) as there:
        with pytest.raises(Undelivered) as caught:
            trio.run(partial(pagerduty(there, timeout=Duration(3)).send, storm))
        assert caught.value.told == {there.got[0].json["dedup_key"]}


def test_a_target_of_which_there_is_nothing_to_send_counts_as_told() -> None:
    note = item(target="noted", kind=Became.CERTIFICATE, verdict=Verdict.OK)
    with receiver(CLOSE) as there, pytest.raises(Undelivered) as caught:
        trio.run(partial(pagerduty(there).send, message(item(), note)))
    assert caught.value.told == {"noted"}
