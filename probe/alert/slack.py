"""Slack's incoming webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.

Nothing that comes from a peer can become markup, a link or a mention: it stands in plain text objects, or escaped
(`&`, `<`, `>` are all that Slack knows) and `verbatim`, so that no name is made a link.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from probe.alert.address import origin, revealed, secrets, without
from probe.alert.http import post, remarks
from probe.alert.message import Block, blocks, count, cut, headline, listed, moment, steps
from probe.alert.sink import Sink, Undelivered
from probe.alert.words import Secret
from probe.model import Verdict
from probe.model.duty import Message

# https://docs.slack.dev/reference/block-kit/blocks
MOST_BLOCKS = 50
MOST_HEADER = 150  # characters
MOST_TEXT = 3000  # characters of a text object
MOST_FALLBACK = 4000  # characters: what Slack advises, it cuts at 40,000
# Not documented: blocks of some 13,000 characters in all are refused as msg_blocks_too_long (bolt-js issue 2509).
MOST_IN_ALL = 10_000

_MOST_GROUPS = 15  # of three blocks each; beside them a header, a mention, what was left out, and who sends
_MOST_SENTENCE, _MOST_REMEDY = 1500, 2400  # characters, as escaped
_MARKS = {
    Verdict.FAIL: ":red_circle:",
    Verdict.UNKNOWN: ":white_circle:",
    Verdict.WARN: ":large_yellow_circle:",
    Verdict.OK: ":large_green_circle:",
}
_MENTION = re.compile(r"<!(here|channel|everyone)>|<@[UW][A-Z0-9]{1,20}>|<!subteam\^S[A-Z0-9]{1,20}>")

Json = dict[str, object]


class Slack(Sink, kw_only=True, frozen=True, tag="slack"):
    """`url` is the webhook's. `mention` (`<!here>`, `<!channel>`, `<@U…>`, `<!subteam^S…>`) is called where something
    is new and FAIL or UNKNOWN, or has worsened to it. `ca`: a file of authorities, instead of the public ones."""

    url: Secret
    mention: str = ""
    ca: Path | None = None

    @property
    def place(self) -> str:
        return origin(self.url)

    async def send(self, message: Message) -> None:
        body = msgspec.json.encode(payload(message, self.mention))
        headers = {"Content-Type": "application/json; charset=utf-8"}
        answer = await post(self.url, body, headers, timeout=self.timeout, ca=self.ca)
        if answer.body.strip() != b"ok":
            said = without(answer.said, secrets(revealed(self.url))) or "nothing"
            raise Undelivered(f'{self.place} answered {answer.status} and said {said}, not "ok"')

    def remarks(self) -> Iterator[str]:
        yield from remarks(self.url, ca=self.ca)
        if self.mention and not all(map(_MENTION.fullmatch, self.mention.split())):
            raise ValueError("mention is one or more of <!here>, <!channel>, <!everyone>, <@U…>, <!subteam^S…>")


def payload(message: Message, mention: str = "") -> Json:
    """What is posted: blocks for those who read, `text` for notifications and screen readers."""
    found = blocks(message)
    made: list[Json] = [{"type": "header", "text": _plain(headline(message, MOST_HEADER), MOST_HEADER)}]
    if mention and any(block.alarm for block in found):
        made.append({"type": "section", "text": {"type": "mrkdwn", "text": mention}})
    room = MOST_IN_ALL
    told = 0
    for block in found[:_MOST_GROUPS]:
        group = list(_group(block))
        if (room := room - len(msgspec.json.encode(group))) < 0 and told:
            break
        made += group
        told += 1
    if left := len(found) - told:
        made.append(_small(f"and {count(left, 'more change')}: `probe status` shows how all targets stand"))
    made.append(_small(f"probe on {escape(message.sender)}, {moment(message.at)}"))
    return {"text": escape(headline(message, MOST_FALLBACK // 8)), "blocks": made}


def escape(words: str) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text#escaping"""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _group(block: Block) -> Iterator[Json]:
    item = block.first
    title, code = (escape(cut(words.replace("`", "'"), 300)) for words in (item.title, item.code))
    yield _marked(f"{_MARKS[item.verdict]} *{escape(cut(block.state, 100))}* · {title} `{code}`")
    when = "when" if block.cleared or block.note else "since"
    lines = [item.sentence] if item.sentence else []
    lines += [f"• {cut(where, 200)}" for where in listed(block.places, 5)]
    lines += [f"{when} {block.since}"]
    lines += [f"Exchange Online says: {cut(said, 300)}" for said in block.exchange[:3]]
    lines[0] = cut(lines[0], _MOST_SENTENCE)
    yield {"type": "section", "text": _plain("\n".join(lines), MOST_TEXT)}
    if block.remedy:
        lines = steps(block, _MOST_REMEDY, lambda line: len(escape(line)))
        told = escape("\n".join(lines).replace("```", "'''"))  # a fence within would end ours
        yield _marked(f"```\n{told}\n```")


def _plain(words: str, most: int) -> Json:
    return {"type": "plain_text", "text": cut(words, most), "emoji": False}


def _marked(words: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": words, "verbatim": True}}


def _small(words: str) -> Json:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": words, "verbatim": True}]}
