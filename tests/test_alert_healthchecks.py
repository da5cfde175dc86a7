"""Pings, as healthchecks.io takes them."""

from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
import trio
import trustme

from probe.alert.healthchecks import MOST_BYTES, Healthchecks
from probe.alert.message import text
from probe.alert.sink import Undelivered
from probe.alert.words import Secret
from tests.alerts import message
from tests.receiver import CLOSE, STALL, Fault, Receiver, Says, receiver

RID = "2c2f9b6e-3f0a-4a4e-9a53-0d5a4fdb5a11"
OK = Says(200, b"OK")


def healthchecks(there: Receiver, ending: str = "", **settings: Any) -> Healthchecks:
    return Healthchecks(url=Secret(there.url(f"/ping/SECRET{ending}")), **settings)


@pytest.mark.parametrize(
    ("event", "ending", "path"),
    [
        ("start", "", f"/ping/SECRET/start?rid={RID}"),
        ("success", "", f"/ping/SECRET?rid={RID}"),
        ("fail", "/", f"/ping/SECRET/fail?rid={RID}"),
        ("fail", "?create=1", f"/ping/SECRET/fail?create=1&rid={RID}"),
    ],
)
def test_a_ping(event: Literal["start", "success", "fail"], ending: str, path: str) -> None:
    with receiver(OK) as there:
        trio.run(healthchecks(there, ending).ping, event, "1 FAIL, ÄÖ", RID)
    (got,) = there.got
    assert (got.method, got.path) == ("POST", path)
    assert got.body.decode() == "1 FAIL, ÄÖ"
    assert got.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_ping_without_a_run() -> None:
    with receiver(OK) as there:
        trio.run(healthchecks(there).ping, "success", "", "")
    assert there.got[0].path == "/ping/SECRET"


@pytest.mark.parametrize("body", ["ä" * MOST_BYTES, "x" + "ä" * MOST_BYTES, "\ud800" * MOST_BYTES])
def test_a_long_body_is_cut_between_characters(body: str) -> None:
    with receiver(OK) as there:
        trio.run(healthchecks(there).ping, "fail", body, RID)
    assert MOST_BYTES - 1 <= len(there.got[0].body) <= MOST_BYTES
    assert there.got[0].body.decode()


def test_a_message_is_a_log_entry_that_changes_nothing() -> None:
    with receiver(OK) as there:
        trio.run(partial(healthchecks(there).send, message()))
    assert there.got[0].path == "/ping/SECRET/log"
    assert there.got[0].body.decode() == text(message())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Says(200, b"OK (not found)"), "OK (not found)"),
        (Says(200, b"OK (rate limited)"), "OK (rate limited)"),
        (Says(404, b"not found"), "404: not found"),
        (Says(409, b"ambiguous slug"), "409: ambiguous slug"),
        (Says(429, b"rate limit exceeded"), "429"),
        (Says(500, b"SECRET"), "500"),
        (Says(301, b"", {"Location": "/ping/SECRET/"}), "redirects are not followed"),
        (CLOSE, "left"),
        (STALL, "no whole answer"),
    ],
)
def test_what_is_not_taken(answer: Says | Fault, words: str) -> None:
    with receiver(answer) as there, pytest.raises(Undelivered) as caught:
        trio.run(healthchecks(there, timeout=0.5).ping, "success", "", RID)
    assert words in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert RID not in str(caught.value)
    assert not caught.value.final


@pytest.mark.parametrize("answer", [Says(200, b"OK"), Says(201, b"Created"), Says(204, b""), Says(200, b"ok")])
def test_what_is_taken(answer: Says) -> None:
    with receiver(answer) as there:
        trio.run(healthchecks(there).ping, "success", "", RID)


def test_tls_that_nobody_vouches_for(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with receiver(OK, tls=authority.issue_cert("127.0.0.1")) as there:
        with pytest.raises(Undelivered, match="certificate is refused"):
            trio.run(healthchecks(there).ping, "success", "", RID)
        assert there.got == []
        trio.run(healthchecks(there, ca=tmp_path / "ca.pem").ping, "success", "", RID)
    assert len(there.got) == 1


def test_its_place_and_what_is_remarked() -> None:
    sink = Healthchecks(url=Secret("https://hc-ping.com/SECRET"))
    assert sink.place == "https://hc-ping.com"
    assert float(sink.every) == 300
    (remark,) = sink.remarks()
    assert "in plain sight" in remark
    assert "SECRET" not in remark
