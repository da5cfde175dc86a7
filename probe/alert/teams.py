"""Teams, through a workflow ("Post to a channel when a webhook request is received"), as an Adaptive Card.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using

All text stands in the runs of rich text blocks, which know no Markdown: what a peer wrote cannot become a link there.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from probe.alert.address import origin, revealed, secrets, without
from probe.alert.http import Answer, post, remarks
from probe.alert.message import Block, blocks, count, cut, headline, listed, moment, steps
from probe.alert.sink import Sink, Undelivered
from probe.alert.words import Secret
from probe.model import Verdict
from probe.model.duty import Message

# "28 KB"; receivers have been seen to count two bytes a character, so it is counted both ways.
MOST_BYTES = 28 * 1024
_MOST_GROUPS = 20
_STYLES = {Verdict.FAIL: "attention", Verdict.UNKNOWN: "warning", Verdict.WARN: "warning", Verdict.OK: "good"}
_COLOURS = {Verdict.FAIL: "Attention", Verdict.UNKNOWN: "Warning", Verdict.WARN: "Warning", Verdict.OK: "Good"}
_REFUSED = re.compile(r"fail|error|exception|throttl", re.IGNORECASE)

Json = dict[str, object]


class Teams(Sink, kw_only=True, frozen=True, tag="teams"):
    """`url` is the workflow's. `ca`: a file of authorities, instead of the public ones."""

    url: Secret
    ca: Path | None = None

    @property
    def place(self) -> str:
        return origin(self.url)

    async def send(self, message: Message) -> None:
        body = msgspec.json.encode(payload(message))
        headers = {"Content-Type": "application/json; charset=utf-8"}
        answer = await post(self.url, body, headers, timeout=self.timeout, ca=self.ca)
        _believe(answer, self.place, revealed(self.url))

    def remarks(self) -> Iterator[str]:
        yield from remarks(self.url, ca=self.ca)


def _believe(answer: Answer, place: str, url: str) -> None:
    """A workflow answers 202 and nothing. Others have answered 200 and told in the body that Teams took nothing."""
    if not _REFUSED.search(answer.said):
        return
    status = re.search(r"HTTP error (\d{3})", answer.said)
    final = status is not None and status[1] in ("400", "413")
    said = without(answer.said, secrets(url))
    raise Undelivered(f"{place} answered {answer.status}, and yet: {said}", final=final)


def payload(message: Message) -> Json:
    """What is posted: a message with one card."""
    found = blocks(message)
    top = _words(headline(message), size="Large", weight="Bolder")
    sent = f"probe on {cut(message.sender, 255)}, {moment(message.at)}"
    groups = [_group(block) for block in found[:_MOST_GROUPS]]
    while True:
        left = len(found) - len(groups)
        more = [f"and {count(left, 'more change')}: probe status shows how all targets stand"] if left else []
        card = _card([top, *groups, *(_words(words, size="Small", isSubtle=True) for words in (*more, sent))])
        if _fits(card) or not groups:
            return card
        groups.pop()


def _fits(card: Json) -> bool:
    words = msgspec.json.encode(card)
    return max(len(words), len(words.decode().encode("utf-16-le"))) <= MOST_BYTES


def _card(body: list[Json]) -> Json:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "msteams": {"width": "Full"},
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _group(block: Block) -> Json:
    return {
        "type": "Container",
        "style": "default" if block.note else _STYLES[block.first.verdict],
        "separator": True,
        "items": list(_lines(block)),
    }


def _lines(block: Block) -> Iterator[Json]:
    item = block.first
    state = _run(f"{cut(block.state, 100)} · ", color=_COLOURS[item.verdict], weight="Bolder")
    yield _runs(state, _run(f"{cut(item.title, 300)} ({cut(item.code, 100)})", weight="Bolder"))
    if item.sentence:
        yield _words(cut(item.sentence, 1500))
    for where in listed(block.places, 5):
        yield _words(f"• {cut(where, 200)}")
    yield _words(f"{'when' if block.cleared or block.note else 'since'} {block.since}", isSubtle=True)
    for said in block.exchange[:3]:
        yield _words(f"Exchange Online says: {cut(said, 300)}", isSubtle=True)
    for line in steps(block, 2400):
        yield _words(line, fontType="Monospace" if line.startswith(" ") else "Default")


def _words(words: str, **look: object) -> Json:
    return _runs(_run(words, **look))


def _runs(*runs: Json) -> Json:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(words: str, **look: object) -> Json:
    # Even here {{DATE(…)}} and {{TIME(…)}} would be computed, and an empty text is none.
    return {"type": "TextRun", "text": re.sub(r"\{(?=\{)", "{ ", words) or " ", **look}
