"""Apprise as a sink: its JSON plug-in and a real receiver."""

import logging
import sys
from typing import Any

import pytest

from probe.alert.notify import MISSING, Apprise
from probe.alert.sink import Undelivered
from probe.alert.words import Duration, Secret
from probe.model import Verdict
from probe.model.duty import Became
from tests.notices import item, message, notice
from tests.receiver import CLOSE, DRIP, STALL, Fault, Receiver, Says, receiver
from tests.world import in_trio

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise's own

MESSAGE = message(notice(item()))
TOKEN = "t0k3n-of-ours"


def address(there: Receiver) -> Secret:
    return Secret(f"json://probe:{TOKEN}@127.0.0.1:{there.port}/{TOKEN}")


def sink(*urls: Secret, **fields: Any) -> Apprise:
    plain: dict[str, Any] = {"urls": urls, "timeout": Duration(20)}
    return Apprise(**plain | fields)


async def refusal(of: Apprise) -> str:
    with pytest.raises(Undelivered) as caught:
        await of.send(MESSAGE)
    assert TOKEN not in str(caught.value)
    assert not caught.value.final
    return str(caught.value)


@in_trio
async def test_it_says_what_happened() -> None:
    with receiver() as there:
        await sink(address(there)).send(MESSAGE)
    (got,) = there.got
    assert (got.json["type"], got.json["title"].partition(" at ")[0]) == ("failure", "FAIL certificate-expired")
    assert "450 4.7.320 Certificate validation failed" in got.json["message"]


@pytest.mark.parametrize(
    ("verdict", "kind", "told"),
    [
        (Verdict.WARN, Became.APPEARED, "warning"),
        (Verdict.UNKNOWN, Became.APPEARED, "warning"),
        (Verdict.OK, Became.CLEARED, "success"),
    ],
)
@in_trio
async def test_how_grave_it_is(verdict: Verdict, kind: Became, told: str) -> None:
    with receiver() as there:
        await sink(address(there)).send(message(notice(item(kind, verdict))))
    assert there.got[0].json["type"] == told


@in_trio
async def test_text_is_not_taken_for_markup() -> None:
    told = message(notice(item(sentence="<b>no</b> *no*")))
    with receiver() as there:
        await sink(address(there)).send(told)
        await sink(Secret(f"{address(there).text}?format=html")).send(told)
    as_it_is, as_markup = (got.json["message"] for got in there.got)
    assert "<b>no</b> *no*" in as_it_is
    assert "&lt;b&gt;no&lt;/b&gt;" in as_markup


@pytest.mark.parametrize("answer", [Says(500), Says(401), CLOSE])
@in_trio
async def test_one_that_fails(
    answer: Says | Fault, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with receiver(answer) as there:
        assert await refusal(sink(address(there))) == "url 1 (json): not delivered"
    assert TOKEN not in caplog.text + "".join(capfd.readouterr())


@in_trio
async def test_it_does_not_follow_to_elsewhere() -> None:
    with receiver() as elsewhere, receiver(Says(307, headers={"Location": elsewhere.url("/elsewhere")})) as there:
        assert await refusal(sink(address(there))) == "url 1 (json): not delivered"
    assert elsewhere.got == []


@in_trio
async def test_one_of_two_fails_and_the_other_hears_of_it() -> None:
    with receiver(Says(500)) as failing, receiver() as there:
        assert await refusal(sink(address(failing), address(there))) == "url 1 (json): not delivered"
    assert len(there.got) == 1


@pytest.mark.parametrize("fault", [STALL, DRIP])
@in_trio
async def test_the_deadline_holds(fault: Fault) -> None:
    with receiver(fault) as there:
        assert await refusal(sink(address(there), timeout=Duration(1))) == "json: not done within 1 s"


@in_trio
async def test_what_is_no_address() -> None:
    assert await refusal(sink(Secret(f"nobody-knows://{TOKEN}"))) == (
        "url 1 (nobody-knows): apprise does not know what to do with it"
    )


@in_trio
async def test_a_secret_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    assert await refusal(sink(Secret("env:NOT_THERE"))) == "the environment has no NOT_THERE"


@in_trio
async def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert await refusal(sink(Secret("json://127.0.0.1/"))) == MISSING
    with pytest.raises(ValueError, match=r"pip install 'starttls-probe\[apprise\]'"):
        list(sink(Secret("json://127.0.0.1/")).remarks())


def test_remarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT", f"json://127.0.0.1/{TOKEN}")
    assert list(sink(Secret("env:CHAT")).remarks()) == []
    (remark,) = sink(Secret(f"json://127.0.0.1/{TOKEN}")).remarks()
    assert remark == "url 1 (json) is a secret, and in plain sight here; env:NAME or file:PATH keeps it elsewhere"
    with pytest.raises(ValueError, match=r"url 2 \(nobody-knows\)") as caught:
        list(sink(Secret("env:CHAT"), Secret(f"nobody-knows://{TOKEN}")).remarks())
    assert TOKEN not in str(caught.value)
    with pytest.raises(LookupError, match="NOT_THERE"):
        list(sink(Secret("env:NOT_THERE")).remarks())


def test_its_place_is_the_scheme_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT", f"slack://{TOKEN}/{TOKEN}")
    assert sink(Secret("env:CHAT"), Secret(f"json://{TOKEN}"), Secret("env:NOT_THERE")).place == "slack, json, ?"
    assert TOKEN not in repr(sink(Secret(f"json://{TOKEN}")))
