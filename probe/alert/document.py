"""A message as JSON: what a webhook posts and a command reads. The schema comes from the same types.

Keys are only ever added; a change that would make an old reader misread a message raises `format`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from probe.codec import encode
from probe.model import Verdict
from probe.model.duty import Became, Item, Message, Notice

Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339, in UTC.")]


class Place(Struct, frozen=True, omit_defaults=True):
    """What a change is about; of the keys beside `kind`, those that apply."""

    kind: Annotated[str, Meta(description="Such as target, host, endpoint, certificate, record, policy, connector.")]
    host: str | None = None
    address: str | None = None
    port: int | None = None
    position: Annotated[int | None, Meta(description="Counts the certificates as presented; 0 is the leaf.")] = None
    name: Annotated[str | None, Meta(description="A connector, or the thumbprint of an installed certificate.")] = None


class Change(Struct, frozen=True):
    """One thing that is no longer as it was, or, with the kind `reminder`, is still so."""

    kind: Became
    target: Annotated[str, Meta(description="As the configuration calls it; see `targets`.")]
    key: Annotated[str, Meta(description="The same for all changes of one fault: to find what a `cleared` clears.")]
    code: Annotated[str, Meta(description="`probe explain CODE` tells what it means.")]
    title: Annotated[str, Meta(description="What it is, in a few words.")]
    sentence: Annotated[str, Meta(description="What is so here, with the facts.")]
    place: Annotated[str, Meta(description="Where, for people; empty: the target as a whole.")]
    where: Place
    verdict: Annotated[Verdict, Meta(description="OK where it is cleared, or a mere note.")]
    before: Annotated[Verdict | None, Meta(description="null: there was nothing.")]
    since: Annotated[datetime, Meta(tz=True, description="When what it is about began: RFC 3339, in UTC.")]
    at: Annotated[datetime, Meta(tz=True, description="When it was seen: RFC 3339, in UTC.")]
    remedy: Annotated[
        tuple[str, ...], Meta(description="How to mend it: instructions, and indented below each its commands.")
    ]
    exchange_online: Annotated[tuple[str, ...], Meta(description="What Exchange Online says of it.")]
    facts: Mapping[str, str]


class Looked(Struct, frozen=True):
    """A target that is spoken of, and how it stood at that look."""

    name: str
    target: Annotated[str, Meta(description="As it is given in the configuration.")]
    tags: tuple[str, ...]
    at: Moment
    verdict: Verdict


class Document(Struct, frozen=True):
    """All that one receiver is told at once. What was not acknowledged is sent again, with the same `key`."""

    format: Literal[1]
    key: Annotated[str, Meta(description="The same when the same is sent again.")]
    at: Moment
    sender: Annotated[str, Meta(description="The host that probes.")]
    verdict: Annotated[Verdict, Meta(description="The gravest of the changes'.")]
    headline: Annotated[str, Meta(description="The gravest change and how much more there is, on one line.")]
    targets: tuple[Looked, ...]
    changes: Annotated[tuple[Change, ...], Meta(description="In the order in which they were seen.")]


def render(message: Message, headline: str) -> bytes:
    """The message as one JSON object without a line break."""
    return encode(
        Document(
            format=1,
            key=message.key,
            at=message.at,
            sender=message.sender,
            verdict=message.verdict,
            headline=headline,
            targets=tuple(map(_looked, message.notices)),
            changes=tuple(map(told, message.items)),
        )
    )


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every output of `render` obeys."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Alert of probe",
        **msgspec.json.schema(Document),
    }


def told(item: Item) -> Change:
    """The change as JSON has it."""
    where = item.where
    return Change(
        kind=item.kind,
        target=item.target,
        key=item.key,
        code=item.code,
        title=item.title,
        sentence=item.sentence,
        place=item.place,
        where=Place(where.kind, where.host, where.address, where.port, where.position, where.name),
        verdict=item.verdict,
        before=item.before,
        since=item.since,
        at=item.at,
        remedy=item.remedy,
        exchange_online=item.exchange,
        facts=item.facts,
    )


def _looked(notice: Notice) -> Looked:
    return Looked(notice.target, notice.given, notice.tags, notice.at, notice.verdict)
