"""The webhook: what it posts, signs and fills in."""

import hashlib
import hmac
import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import trio
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from probe.alert.document import schema
from probe.alert.message import headline, text
from probe.alert.sink import Undelivered
from probe.alert.webhook import Webhook, filled
from probe.alert.words import Hidden, Secret
from probe.model.duty import Message
from tests.alerts import item, message, messages
from tests.receiver import CLOSE, STALL, Fault, Got, Receiver, Says, receiver


def webhook(there: Receiver, **settings: Any) -> Webhook:
    return Webhook(url=Secret(there.url("/hook/SECRET")), **settings)


def posted(told: Message | None = None, **settings: Any) -> Got:
    with receiver() as there:
        trio.run(partial(webhook(there, **settings).send, told or message()))
    (got,) = there.got
    return got


def test_what_is_posted() -> None:
    got = posted()
    assert (got.method, got.path) == ("POST", "/hook/SECRET")
    assert got.headers["content-type"] == "application/json"
    assert got.headers["idempotency-key"] == message().key
    assert "probe-signature" not in got.headers
    jsonschema.Draft202012Validator(schema()).validate(got.json)


def test_the_signature_is_of_time_and_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_TEST_KEY", "kept to ourselves")
    got = posted(secret=Hidden("env:PROBE_TEST_KEY"))
    found = re.fullmatch(r"t=([0-9]+),v1=([0-9a-f]{64})", got.headers["probe-signature"])
    assert found
    signed = f"{found[1]}.".encode() + got.body
    assert hmac.new(b"kept to ourselves", signed, hashlib.sha256).hexdigest() == found[2]


def test_headers_go_along_and_do_not_replace_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_TEST_KEY", "Bearer 7")
    headers = {"Authorization": Secret("env:PROBE_TEST_KEY"), "X-Site": Secret("north"), "Content-Type": Secret("x/y")}
    got = posted(headers=headers)
    assert got.headers["authorization"] == "Bearer 7"
    assert got.headers["x-site"] == "north"
    assert got.headers["content-type"] == "application/json"


# --- templates

TEMPLATE = """{"text": "${headline} | ${text}", "who": "${sender}", "id": "${key}", "when": "${at}",
 "how": "${verdict}", "changes": ${changes}, "targets": ${targets}, "all": ${message},
 "price": "$5 $$ ${ \\u0024{key}"}"""


def test_a_template_is_filled_in(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(TEMPLATE.replace("${ ", "$ "), encoding="utf-8")
    told = message(item(sentence='a "quote", a back\\slash and ${key}'), sender='"quoted"')
    read = posted(told, template=tmp_path / "t.json").json
    assert read["text"] == f"{headline(told)} | {text(told)}"
    assert (read["who"], read["id"], read["how"]) == (told.sender, told.key, "FAIL")
    assert read["when"] == "2026-03-01T12:00:00Z"
    assert read["changes"] == read["all"]["changes"]
    assert read["targets"] == read["all"]["targets"]
    assert read["changes"][0]["sentence"] == 'a "quote", a back\\slash and ${key}'
    assert read["price"] == "$5 $$ $ ${key}"


@settings(max_examples=60, deadline=None)
@given(messages(3))
def test_no_text_leaves_its_quotation_marks(told: Message) -> None:
    read = json.loads(filled('{"a": "${text}", "b": "${headline}", "c": ${changes}}', told))
    assert set(read) == {"a", "b", "c"}
    assert read["a"] == text(told)
    assert read["b"] == headline(told)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ('{"a": "${headlines}"}', r"nothing is called \$\{headlines\}; there are key, at"),
        ('{"a": "${}"}', "nothing is called"),
        ('{"a": "${key.__class__}"}', "nothing is called"),
        ('{"a": ${headline}}', "no JSON"),
        ('{"a": "${changes}"}, ', "no JSON"),
        ("", "no JSON"),
        ("[" * 5000, "no JSON"),
        ('{"a": "' + "x" * 70000 + '"}', "longer than"),
    ],
)
def test_a_template_that_does_not_serve_is_known_beforehand(template: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(template)
    with receiver() as there:
        sink = webhook(there, template=tmp_path / "t.json")
        with pytest.raises(ValueError, match=words):
            list(sink.remarks())
        with pytest.raises(Undelivered, match=words):
            trio.run(partial(sink.send, message()))
    assert there.got == []


def test_a_template_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_bytes(b"\xff")
    for name, words in (("t.json", "not UTF-8"), ("u.json", "No such file")):
        with pytest.raises(ValueError, match=words):
            list(Webhook(url=Secret("http://127.0.0.1/"), template=tmp_path / name).remarks())


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_template_breaks_it(template: str) -> None:
    try:
        json.loads(filled(template, message()))
    except ValueError as error:
        assert str(error).startswith("template: ")  # noqa: PT017  either is right


# --- refusals


@pytest.mark.parametrize(
    ("answer", "final"),
    [
        (Says(500, b"your key is KEPTQUIET"), False),
        (Says(413, b""), True),
        (Says(404, b"/hook/SECRET"), False),
        (Says(301, b"", {"Location": "/hook/SECRET/"}), False),
        (CLOSE, False),
        (STALL, False),
    ],
)
def test_what_is_not_delivered(answer: Says | Fault, final: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_TEST_KEY", "KEPTQUIET")
    with receiver(answer) as there, pytest.raises(Undelivered) as caught:
        trio.run(partial(webhook(there, timeout=0.5, secret=Hidden("env:PROBE_TEST_KEY")).send, message()))
    assert "SECRET" not in str(caught.value)
    assert "KEPTQUIET" not in str(caught.value)
    assert caught.value.final is final


@pytest.mark.parametrize("answer", [Says(200, b"what is this?"), Says(204, b""), Says(201, b"<html>")])
def test_whatever_a_webhook_says_with_a_2xx_is_good(answer: Says) -> None:
    with receiver(answer) as there:
        trio.run(partial(webhook(there).send, message()))


def test_a_secret_that_is_gone_is_no_reason_to_send_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROBE_TEST_KEY", raising=False)
    with receiver() as there:
        for wrong in ({"secret": Hidden("env:PROBE_TEST_KEY")}, {"headers": {"A": Secret("env:PROBE_TEST_KEY")}}):
            with pytest.raises(Undelivered, match="no PROBE_TEST_KEY"):
                trio.run(partial(webhook(there, **wrong).send, message()))
            with pytest.raises(LookupError):
                list(webhook(there, **wrong).remarks())
    assert there.got == []


def test_tls_that_nobody_vouches_for(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with receiver(tls=authority.issue_cert("127.0.0.1")) as there:
        with pytest.raises(Undelivered, match="certificate is refused"):
            trio.run(partial(webhook(there).send, message()))
        assert there.got == []
        trio.run(partial(webhook(there, ca=tmp_path / "ca.pem").send, message()))
    assert len(there.got) == 1


@pytest.mark.parametrize(
    "headers",
    [{"Host": "x"}, {"content-length": "1"}, {"Probe-Signature": "x"}, {"a b": "c"}, {"A": "b\nC: d"}, {"A": "ä"}],
)
def test_headers_that_cannot_be_set(headers: dict[str, str]) -> None:
    secrets = {name: Secret(value) for name, value in headers.items()}
    with pytest.raises(ValueError, match="headers: "):
        list(Webhook(url=Secret("http://127.0.0.1/"), headers=secrets).remarks())


def test_what_is_remarked() -> None:
    assert list(Webhook(url=Secret("http://localhost/"), headers={"X-A": Secret("b")}).remarks()) == []
    assert any("plain http" in remark for remark in Webhook(url=Secret("http://contoso.com/")).remarks())
