"""What Slack gets: within its limits, and with nothing in it that a peer could make a link or a mention of."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trustme
from hypothesis import given, settings

from probe.alert.message import blocks
from probe.alert.sink import Undelivered
from probe.alert.slack import MOST_BLOCKS, MOST_HEADER, MOST_IN_ALL, MOST_TEXT, Slack, escape, payload
from probe.alert.words import Secret
from probe.model import Verdict
from probe.model.duty import Became, Item, Message
from tests.alerts import HOSTILE, item, message, messages
from tests.receiver import CLOSE, STALL, Fault, Receiver, Says, receiver


def slack(there: Receiver, **settings: Any) -> Slack:
    return Slack(url=Secret(there.url("/services/T0/B0/SECRET")), **settings)


def sent(sink: Slack, told: Message) -> None:
    trio.run(partial(sink.send, told))


def texts(read: Any) -> Iterator[dict[str, Any]]:
    """All text objects in the blocks."""
    for block in read["blocks"]:
        yield from [block["text"]] if "text" in block else block["elements"]


def test_what_is_posted() -> None:
    with receiver() as there:
        sent(slack(there), message())
    (got,) = there.got
    assert got.headers["content-type"].startswith("application/json")
    assert got.json["text"] == "FAIL certificate-expired at mail.contoso.com 192.0.2.25:25"
    assert [text["text"] for text in texts(got.json)] == [
        "FAIL certificate-expired at mail.contoso.com 192.0.2.25:25",
        ":red_circle: *new FAIL* · The certificate has expired `certificate-expired`",
        "\n".join(
            [
                "the certificate expired on 2026-02-26",
                "• mail.contoso.com 192.0.2.25:25",
                "since 2026-02-26 12:00 UTC, for 3 days",
                "Exchange Online says: 450 4.7.320 Certificate validation failed",
            ]
        ),
        "```\nInstall a new certificate, and let the connectors use it:\n    Enable-ExchangeCertificate\n```",
        "probe on probe.contoso.com, 2026-03-01 12:00 UTC",
    ]


@settings(max_examples=40, deadline=None)
@given(messages())
def test_slack_takes_whatever_we_are_told(told: Message) -> None:
    read = msgspec.json.decode(msgspec.json.encode(payload(told, "<!here>")))
    assert len(read["blocks"]) <= MOST_BLOCKS
    assert 0 < len(read["text"]) <= 4000
    for block in read["blocks"]:
        assert block["type"] in ("header", "section", "context")
        if block["type"] == "header":
            assert block["text"]["type"] == "plain_text"
            assert len(block["text"]["text"]) <= MOST_HEADER
    for text in texts(read):
        assert 0 < len(text["text"]) <= MOST_TEXT
    groups = [block for block in read["blocks"] if block["type"] == "section"]
    assert len(msgspec.json.encode(groups)) <= MOST_IN_ALL + 3000  # a single one may be larger


@settings(max_examples=40, deadline=None)
@given(messages())
def test_nothing_becomes_markup_that_is_not_ours(told: Message) -> None:
    for text in texts(msgspec.json.decode(msgspec.json.encode(payload(told)))):
        if text["type"] == "plain_text":
            assert text["emoji"] is False
            continue
        assert text["verbatim"] is True
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", text["text"])
        assert text["text"].count("```") in (0, 2)


def test_many_small_changes_are_not_more_blocks_than_slack_takes() -> None:
    small = {"sentence": "", "place": "", "target": "x", "title": "x", "code": "x", "exchange": ()}
    told = message(*(item(remedy=(f"{number}",), key=f"{number}", **small) for number in range(60)))
    read: Any = payload(told, "<!here>")
    assert MOST_BLOCKS - 3 <= len(read["blocks"]) <= MOST_BLOCKS


def test_no_command_is_cut_in_two() -> None:
    remedy = tuple(f"    Set-Something -Number {number} -Value `'&&&'" for number in range(100))
    (told,) = [one["text"] for one in texts(payload(message(item(remedy=remedy)))) if "```" in one["text"]]
    lines_told = told.replace("&amp;", "&").split("\n")[1:-1]
    assert 20 < len(lines_told) < 100
    assert lines_told[-1] == "… `probe explain certificate-expired` tells all of it"
    assert lines_told[:-1] == list(remedy[: len(lines_told) - 1])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_shown_as_it_is(hostile: str) -> None:
    shown = [text["text"] for text in texts(payload(message(item(sentence=hostile, title=hostile))))]
    assert any(hostile in text for text in shown)
    assert any(escape(hostile.replace("`", "'")) in text for text in shown)  # the title


@pytest.mark.parametrize(
    ("told", "called"),
    [
        (item(), True),
        (item(kind=Became.WORSENED, before=Verdict.WARN), True),
        (item(verdict=Verdict.UNKNOWN), True),
        (item(verdict=Verdict.WARN), False),
        (item(kind=Became.REMINDER), False),
        (item(kind=Became.CLEARED, verdict=Verdict.OK, before=Verdict.FAIL), False),
    ],
)
def test_somebody_is_called_for_what_is_grave_and_new(told: Item, called: bool) -> None:
    mention = {"type": "section", "text": {"type": "mrkdwn", "text": "<!here> <@U0ABC>"}}
    assert (mention in payload(message(told), "<!here> <@U0ABC>")["blocks"]) is called  # type: ignore[operator]


def test_what_there_is_no_room_for_is_counted() -> None:
    told = message(*(item(sentence=f"{number} " * 300, key=f"{number}") for number in range(100)))
    read: Any = payload(told)
    shown = sum("new FAIL" in text["text"] for text in texts(read))
    assert 3 < shown < 16
    (more,) = [text["text"] for text in texts(read) if "more change" in text["text"] and "status" in text["text"]]
    assert more.startswith(f"and {len(blocks(told)) - shown} more changes")


@pytest.mark.parametrize(
    ("answer", "final", "words"),
    [
        (Says(200, b"invalid_token"), False, 'said invalid_token, not "ok"'),
        (Says(200, b""), False, "said nothing"),
        (Says(200, b"<html>Please log in at /services/T0/B0/SECRET</html>"), False, "log in"),
        (Says(400, b"invalid_blocks"), True, "400: invalid_blocks"),
        (Says(404, b"no_service"), False, "404: no_service"),
        (Says(410, b"channel_is_archived"), True, "410: channel_is_archived"),
        (Says(413, b""), True, "413"),
        (Says(429, b"rate_limited", {"Retry-After": "30"}), False, "rate_limited"),
        (Says(500, b"rollup_error"), False, "500"),
        (
            Says(302, b"", {"Location": "https://evil.example.org/x"}),
            False,
            "not followed (to https://evil.example.org)",
        ),
        (CLOSE, False, "left"),
        (STALL, False, "no whole answer"),
    ],
)
def test_what_is_not_ok_is_not_delivered(answer: Says | Fault, final: bool, words: str) -> None:
    with receiver(answer) as there, pytest.raises(Undelivered) as caught:
        trio.run(partial(slack(there, timeout=0.5).send, message()))
    assert words in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert caught.value.final is final
    assert caught.value.after == (30 if words == "rate_limited" else None)


def test_tls_that_nobody_vouches_for(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with receiver(tls=authority.issue_cert("127.0.0.1")) as there:
        with pytest.raises(Undelivered, match="certificate is refused"):
            sent(slack(there), message())
        assert there.got == []
        sent(slack(there, ca=tmp_path / "ca.pem"), message())
    assert len(there.got) == 1


def test_what_is_remarked() -> None:
    with receiver() as there:
        assert list(slack(there, mention="<!here> <@U0ABC>").remarks()) == []
    (remark,) = Slack(url=Secret("https://hooks.slack.com/services/T0/B0/SECRET")).remarks()
    assert "in plain sight" in remark
    assert "SECRET" not in remark
    (plain, _) = Slack(url=Secret("http://hooks.slack.com/services/T0/B0/SECRET")).remarks()
    assert "plain http" in plain


@pytest.mark.parametrize("mention", ["@here", "<!here", "<!here><!here>", "hello", "<https://example.org>"])
def test_what_is_no_mention(mention: str) -> None:
    with pytest.raises(ValueError, match="mention is"):
        list(Slack(url=Secret("http://127.0.0.1/"), mention=mention).remarks())


def test_its_place_is_no_secret() -> None:
    sink = Slack(url=Secret("https://hooks.slack.com/services/T0/B0/SECRET"))
    assert sink.place == "https://hooks.slack.com"
    assert "SECRET" not in repr(sink)
