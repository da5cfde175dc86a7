"""What an Alertmanager is sent, and what becomes of it where one does not do its part; `tests/real` has a real one."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme

from probe.alert.alertmanager import Alertmanager
from probe.alert.sink import Undelivered
from probe.alert.words import Duration, Hidden, Secret
from probe.model import Verdict
from probe.model.duty import Became, Message
from tests.notices import AT, item, message, notice
from tests.receiver import CLOSE, DRIP, RUBBISH, STALL, Fault, Receiver, Says, receiver
from tests.world import in_trio

MESSAGE = message(notice(item(), open=(item(),), until=AT + timedelta(hours=2)))


def sink(*there: Receiver, **fields: Any) -> Alertmanager:
    plain: dict[str, Any] = {
        "urls": tuple(Secret(one.url("/s3cret/")) for one in there),
        "timeout": Duration(20),
    }
    return Alertmanager(**plain | fields)


async def refusal(of: Alertmanager, told: Message = MESSAGE) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        await of.send(told)
    assert "s3cret" not in str(caught.value)
    return caught.value


async def sent(told: Message, **fields: Any) -> list[Any]:
    with receiver() as there:
        await sink(there, **fields).send(told)
    return [alert for got in there.got for alert in got.json]


@in_trio
async def test_where_and_how_it_is_sent() -> None:
    with receiver() as there:
        await sink(there).send(MESSAGE)
    (got,) = there.got
    assert (got.method, got.path) == ("POST", "/s3cret/api/v2/alerts")
    assert got.headers["content-type"] == "application/json"
    (alert,) = got.json
    assert (alert["startsAt"], alert["endsAt"]) == ("2026-02-27T12:00:00Z", "2026-03-01T14:00:00Z")
    assert "generatorURL" not in alert


@in_trio
async def test_the_whole_path_may_be_configured() -> None:
    with receiver() as there:
        await sink(urls=(Secret(there.url("/api/v2/alerts")),)).send(MESSAGE)
    assert there.got[0].path == "/api/v2/alerts"


@pytest.mark.parametrize(
    ("verdict", "severity"), [(Verdict.FAIL, "critical"), (Verdict.WARN, "warning"), (Verdict.UNKNOWN, "warning")]
)
@in_trio
async def test_how_grave_it_is(verdict: Verdict, severity: str) -> None:
    (alert,) = await sent(message(notice(open=(item(verdict=verdict),))))
    assert (alert["labels"]["severity"], alert["annotations"]["verdict"]) == (severity, verdict)
    assert "endsAt" not in alert  # nobody said when: Alertmanager's own time


@in_trio
async def test_a_change_within_one_severity_ends_nothing() -> None:
    worse = item(Became.WORSENED, Verdict.UNKNOWN, before=Verdict.WARN)
    (alert,) = await sent(message(notice(worse, open=(worse,))))
    assert alert["labels"]["severity"] == "warning"


@in_trio
async def test_what_is_open_does_not_end() -> None:
    """An end that was not delivered may come along with a fault that is back."""
    over = item(Became.CLEARED, Verdict.OK, before=Verdict.FAIL)
    (alert,) = await sent(message(notice(over, open=(item(),), until=AT + timedelta(hours=2))))
    assert alert["endsAt"] == "2026-03-01T14:00:00Z"


@in_trio
async def test_notes_are_no_alerts() -> None:
    note = item(Became.CERTIFICATE, Verdict.OK)
    with receiver() as there:
        await sink(there).send(message(notice(note, item(Became.REMINDER))))
    assert there.got == []


@in_trio
async def test_labels_of_ones_own() -> None:
    (alert,) = await sent(MESSAGE, labels={"site": "north"}, generator="https://watch.contoso.com/")
    assert alert["labels"]["site"] == "north"
    assert alert["generatorURL"] == "https://watch.contoso.com/"


@in_trio
async def test_who_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "hunter2hunter2")
    with receiver() as there:
        await sink(there, bearer=Hidden("env:TOKEN")).send(MESSAGE)
        await sink(there, username="probe", password=Hidden("env:TOKEN")).send(MESSAGE)
    bearer, basic = (got.headers["authorization"] for got in there.got)
    assert bearer == "Bearer hunter2hunter2"
    assert base64.b64decode(basic.removeprefix("Basic ")) == b"probe:hunter2hunter2"
    for who in ({"bearer": Hidden("env:TOKEN")}, {"username": "probe", "password": Hidden("env:TOKEN")}):
        with receiver(Says(401, b"not with hunter2hunter2")) as there:
            error = await refusal(sink(there, **who))
        assert str(error).endswith("answered 401: not with …")
        assert not error.final


@pytest.mark.parametrize(
    ("answer", "final"),
    [
        (Says(500), False),
        (Says(503, headers={"Retry-After": "7"}), False),
        (Says(413), True),
        (Says(400, b"bad"), True),
        (CLOSE, False),
        (RUBBISH, False),
        (Says(302, headers={"Location": "https://example.org/s3cret"}), False),
    ],
)
@in_trio
async def test_one_that_fails(answer: Says | Fault, final: bool) -> None:
    with receiver(answer) as there:
        error = await refusal(sink(there))
    assert error.final is final
    assert error.after == (7.0 if answer == Says(503, headers={"Retry-After": "7"}) else None)


@pytest.mark.parametrize("fault", [STALL, DRIP])
@in_trio
async def test_the_deadline_holds(fault: Fault) -> None:
    with receiver(fault) as there:
        assert str(await refusal(sink(there, timeout=Duration(1)))).endswith("no whole answer within 1 s")


@in_trio
async def test_one_of_a_cluster_is_enough_and_all_are_told() -> None:
    with receiver(Says(500)) as failing, receiver() as one, receiver() as other:
        await sink(failing, one, other).send(MESSAGE)
    assert len(one.got) == len(other.got) == len(failing.got) == 1


@in_trio
async def test_a_whole_cluster_fails() -> None:
    with receiver(Says(400)) as one, receiver(Says(500)) as other:
        error = await refusal(sink(one, other))
        assert f"{one.url('')} answered 400" in str(error)
        assert f"{other.url('')} answered 500" in str(error)
    assert not error.final  # the other may have it later


@in_trio
async def test_one_that_took_only_the_first_request_did_not_take_it() -> None:
    many = tuple(item(key=f"{number:016x}") for number in range(300))
    with receiver(Says(200), Says(500)) as there:
        await refusal(sink(there), message(notice(open=many)))
    assert [len(got.json) for got in there.got] == [200, 100]


@in_trio
async def test_its_certificate(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with receiver(tls=authority.issue_cert("127.0.0.1")) as there:
        assert "its certificate is refused" in str(await refusal(sink(there)))
        assert there.got == []
        await sink(there, ca=tmp_path / "ca.pem").send(MESSAGE)
    assert len(there.got) == 1


def configured(**fields: object) -> Alertmanager:
    plain: dict[str, object] = {"urls": ["https://alerts.contoso.com/"]}
    return msgspec.convert(plain | fields, Alertmanager, dec_hook=lambda kind, value: kind(value))


@pytest.mark.parametrize("fields", [{"urls": []}, {"labels": {"not-a-name": "x"}}, {"generator": "javascript:1"}])
def test_settings_that_cannot_be(fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        configured(**fields)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"labels": {"severity": "none"}}, "severity is one that we set ourselves"),
        ({"username": "probe"}, "go together"),
        ({"username": "probe", "password": "env:TOKEN", "bearer": "env:TOKEN"}, "exclude each other"),
        ({"urls": ["alerts.contoso.com:9093"]}, "has to begin with https:// or http://"),
        ({"ca": "/nowhere/ca.pem"}, "ca"),
    ],
)
def test_settings_that_contradict_each_other(
    fields: dict[str, object], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "hunter2hunter2")
    with pytest.raises(ValueError, match=why):
        list(configured(**fields).remarks())


def test_remarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    assert list(configured().remarks()) == []
    assert list(configured(urls=["http://127.0.0.1:9093"]).remarks()) == []
    (remark,) = configured(urls=["http://alerts.contoso.com:9093"]).remarks()
    assert "plain http" in remark
    with pytest.raises(LookupError, match="NOT_THERE"):
        list(configured(bearer="env:NOT_THERE").remarks())


def test_its_place() -> None:
    both = configured(urls=["https://u:p@alerts.contoso.com/s3cret", "http://alerts.fabrikam.com:9093"])
    assert both.place == "https://alerts.contoso.com, http://alerts.fabrikam.com:9093"


def test_one_member_and_others() -> None:
    one = configured(url="https://alerts.contoso.com", urls=["http://alerts.fabrikam.com:9093"])
    assert one.place == "https://alerts.contoso.com, http://alerts.fabrikam.com:9093"
    assert len(list(one.remarks())) == 1


@in_trio
async def test_a_single_one_is_told() -> None:
    with receiver() as there:
        await msgspec.structs.replace(sink(there), url=Secret(there.url()), urls=()).send(MESSAGE)
    assert [got.path for got in there.got] == ["/api/v2/alerts"]
