"""What Teams gets: a card within its limits, in which no text is markup, and whose answers are believed."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trustme
from hypothesis import given, settings

from probe.alert.sink import Undelivered
from probe.alert.teams import MOST_BYTES, Teams, payload
from probe.alert.words import Secret
from probe.model import Verdict
from probe.model.duty import Became, Message
from tests.alerts import HOSTILE, item, message, messages
from tests.receiver import CLOSE, STALL, Fault, Receiver, Says, receiver

# https://adaptivecards.io/explorer/: all that we use of version 1.5.
TYPES = {"AdaptiveCard", "Container", "RichTextBlock", "TextRun"}
STYLES = {"default", "emphasis", "good", "attention", "warning", "accent"}
COLOURS = {"Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"}


def teams(there: Receiver, **settings: Any) -> Teams:
    return Teams(url=Secret(there.url("/workflows/SECRET?sig=SECRET")), **settings)


def card(told: Message) -> Any:
    read = msgspec.json.decode(msgspec.json.encode(payload(told)))
    (attachment,) = read["attachments"]
    assert read["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    return attachment["content"]


def parts(thing: Any) -> Iterator[dict[str, Any]]:
    """All elements of a card, the card itself first."""
    yield thing
    for name in ("body", "items", "inlines"):
        for inner in thing.get(name, ()):
            yield from parts(inner)


def lines(thing: Any) -> list[str]:
    return ["".join(run["text"] for run in part["inlines"]) for part in parts(thing) if part["type"] == "RichTextBlock"]


def test_what_is_posted() -> None:
    with receiver(Says(202, b"")) as there:
        trio.run(partial(teams(there).send, message()))
    (got,) = there.got
    assert got.headers["content-type"].startswith("application/json")
    read = got.json["attachments"][0]["content"]
    assert (read["version"], read["msteams"]) == ("1.5", {"width": "Full"})
    assert lines(read) == [
        "FAIL certificate-expired at mail.contoso.com 192.0.2.25:25",
        "new FAIL · The certificate has expired (certificate-expired)",
        "the certificate expired on 2026-02-26",
        "• mail.contoso.com 192.0.2.25:25",
        "since 2026-02-26 12:00 UTC, for 3 days",
        "Exchange Online says: 450 4.7.320 Certificate validation failed",
        "Install a new certificate, and let the connectors use it:",
        "    Enable-ExchangeCertificate",
        "probe on probe.contoso.com, 2026-03-01 12:00 UTC",
    ]
    commands = [part for part in parts(read) if part.get("fontType") == "Monospace"]
    assert [run["text"] for run in commands] == ["    Enable-ExchangeCertificate"]


@settings(max_examples=40, deadline=None)
@given(messages())
def test_teams_takes_whatever_we_are_told(told: Message) -> None:
    body = msgspec.json.encode(payload(told))
    assert len(body) <= MOST_BYTES
    assert len(body.decode().encode("utf-16-le")) <= MOST_BYTES
    for part in parts(card(told)):
        assert part["type"] in TYPES  # of these none knows Markdown, links or pictures
        assert part.get("style", "default") in STYLES
        assert part.get("color", "Default") in COLOURS
        assert part["type"] != "TextRun" or part["text"]
        assert "{{" not in part.get("text", "")  # begins a macro


def test_no_command_is_cut_in_two() -> None:
    remedy = tuple(f"    Set-Something -Number {number} -Value `'&&&'" for number in range(100))
    shown = lines(card(message(item(remedy=remedy))))
    lines_told = [line for line in shown if line.startswith(("    ", "…"))]
    assert 20 < len(lines_told) < 100
    assert lines_told[-1] == "… `probe explain certificate-expired` tells all of it"
    assert lines_told[:-1] == list(remedy[: len(lines_told) - 1])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_shown_as_it_is(hostile: str) -> None:
    assert hostile.replace("{{", "{ {") in lines(card(message(item(sentence=hostile))))


@pytest.mark.parametrize(
    ("changed", "style"),
    [
        ({}, "attention"),
        ({"verdict": Verdict.UNKNOWN}, "warning"),
        ({"verdict": Verdict.WARN}, "warning"),
        ({"kind": Became.CLEARED, "verdict": Verdict.OK, "before": Verdict.FAIL}, "good"),
        ({"kind": Became.CERTIFICATE, "verdict": Verdict.OK}, "default"),
    ],
)
def test_its_colour_tells_how_grave_it_is(changed: dict[str, Any], style: str) -> None:
    (group,) = [part for part in parts(card(message(item(**changed)))) if part["type"] == "Container"]
    assert group["style"] == style


def test_what_there_is_no_room_for_is_counted() -> None:
    read = card(message(*(item(sentence=f"{number} " * 300, key=f"{number}") for number in range(100))))
    shown = sum(part["type"] == "Container" for part in parts(read))
    assert 3 < shown < 20
    assert f"and {100 - shown} more changes: probe status shows how all targets stand" in lines(read)


@pytest.mark.parametrize("answer", [Says(202, b""), Says(200, b"1"), Says(200, b""), Says(202, b'{"id": "7"}')])
def test_what_is_taken(answer: Says) -> None:
    with receiver(answer) as there:
        trio.run(partial(teams(there).send, message()))


FAILED = b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error %d with ContextId x"


@pytest.mark.parametrize(
    ("answer", "final", "words"),
    [
        (Says(200, FAILED % 429), False, "and yet: Webhook message delivery failed"),
        (Says(200, FAILED % 413), True, "and yet: Webhook message delivery failed"),
        (Says(200, b'{"error": {"code": "x", "message": "/workflows/SECRET"}}'), False, "and yet"),
        (Says(400, b'{"error": {"code": "TriggerInputSchemaMismatch"}}'), True, "TriggerInputSchemaMismatch"),
        (Says(401, b'{"error": {"code": "DirectApiAuthorizationRequired"}}'), False, "401"),
        (Says(404, b"WorkflowNotFound"), False, "WorkflowNotFound"),
        (Says(413, b""), True, "413"),
        (Says(429, b"", {"Retry-After": "30"}), False, "429"),
        (Says(502, b""), False, "502"),
        (Says(307, b"", {"Location": "/workflows/SECRET"}), False, "redirects are not followed"),
        (CLOSE, False, "left"),
        (STALL, False, "no whole answer"),
    ],
)
def test_what_is_not_taken(answer: Says | Fault, final: bool, words: str) -> None:
    with receiver(answer) as there, pytest.raises(Undelivered) as caught:
        trio.run(partial(teams(there, timeout=0.5).send, message()))
    assert words in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert caught.value.final is final
    assert caught.value.after == (30 if words == "429" else None)


def test_tls_that_nobody_vouches_for(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with receiver(Says(202, b""), tls=authority.issue_cert("127.0.0.1")) as there:
        with pytest.raises(Undelivered, match="certificate is refused"):
            trio.run(partial(teams(there).send, message()))
        assert there.got == []
        trio.run(partial(teams(there, ca=tmp_path / "ca.pem").send, message()))
    assert len(there.got) == 1


def test_what_is_remarked() -> None:
    (remark,) = Teams(url=Secret("https://prod-00.westeurope.logic.azure.com/workflows/SECRET?sig=SECRET")).remarks()
    assert "in plain sight" in remark
    assert "SECRET" not in remark
    (plain, _) = Teams(url=Secret("http://contoso.com/SECRET")).remarks()
    assert "plain http" in plain
