"""The report on protocol logs as one JSON object, on one line; its schema comes from the same types."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from probe import model
from probe.codec import encode
from probe.model import Digest, Finding, Group, Leaf, Verdict, Way, gravest
from probe.report import document
from probe.report.json import told
from probe.report.logs import LEAF_ONLY

Count = Annotated[int, Meta(ge=0)]


class Certificate(Struct, frozen=True):
    """What a log tells of a certificate; null is what it does not tell."""

    thumbprint: Annotated[str | None, Meta(description="As logged; of a scrubbed copy it may be no SHA-1.")]
    subject: str | None
    issuer: str | None
    serial: str | None
    not_before: document.Moment | None
    not_after: document.Moment | None
    names: tuple[str, ...] | None
    scrubbed: Annotated[bool, Meta(description="Parts were taken out of the copy: do not compare its names.")]


class Failure(Struct, frozen=True):
    """How the sessions ended early."""

    stage: model.Stage
    kind: model.Kind
    detail: str


class Sessions(Struct, frozen=True):
    """Sessions that are alike, counted together. Empty text is what the log does not say."""

    way: Annotated[Way, Meta(description="send: the server connected; receive: its peer did.")]
    connector: str
    server: str
    peer: Annotated[str, Meta(description="An address, or the family of hosts that it counts itself to.")]
    sessions: Count
    first: document.Moment
    last: document.Moment
    sent: Annotated[Certificate | None, Meta(description="What this server presented.")]
    received: Annotated[Certificate | None, Meta(description="What the peer presented.")]
    version: Annotated[str | None, Meta(description="Of TLS; null where none was agreed.")]
    cipher: Annotated[str | None, Meta(description="In Schannel's words.")]
    status: Annotated[str, Meta(description="The word in which TLS or a certificate failed.")]
    validation: Annotated[str, Meta(description="The status of the client's chain.")]
    capabilities: str
    capability_status: str
    revocation: str
    reply: Annotated[str, Meta(description="The refusal that ended the sessions.")]
    offered: Annotated[tuple[str, ...] | None, Meta(description="Ways to TLS that were offered; null: not known.")]
    asked: Annotated[str, Meta(description="The one that was asked for.")]
    masked: Annotated[bool, Meta(description="A device on the way writes over words of the dialogue.")]
    ended: str
    failure: Failure | None
    scrubbed: bool
    example: Annotated[str, Meta(description="The session-id of the last one.")]
    source: Annotated[str, Meta(description="The file of the last one.")]
    generation: Annotated[str, Meta(description="A, B or C: how its certificates are written.")]


class Read(Struct, frozen=True):
    """How much was read, and how much of it could not be taken into account."""

    files: Count
    octets: Count
    rows: Count
    sessions: Count
    damaged: Annotated[int, Meta(ge=0, description="Rows that could not be read.")]
    omitted: Annotated[int, Meta(ge=0, description="Sessions of kinds beyond the limit.")]
    unfinished: Annotated[int, Meta(ge=0, description="Sessions without an end.")]
    notes: Annotated[tuple[str, ...], Meta(description="Files that could be read in part only.")]


class Logs(Struct, frozen=True):
    """The report of `probe logs`."""

    format: int
    at: document.Moment
    verdict: Verdict
    read: Read
    findings: Annotated[tuple[document.Finding, ...], Meta(description="Gravest first.")]
    groups: Annotated[tuple[Sessions, ...], Meta(description="Every kind of session, the latest first.")]
    note: Annotated[str, Meta(description="What a log cannot show.")]


def render(digest: Digest, findings: Sequence[Finding], at: datetime, notes: Sequence[str] = ()) -> bytes:
    """The report as one JSON object without a line break."""
    return encode(
        Logs(
            format=model.FORMAT,
            at=at,
            verdict=gravest(finding.verdict for finding in findings),
            read=Read(
                files=digest.files,
                octets=digest.octets,
                rows=digest.rows,
                sessions=digest.sessions,
                damaged=digest.damaged,
                omitted=digest.omitted,
                unfinished=digest.unfinished,
                notes=tuple(notes),
            ),
            findings=tuple(map(told, findings)),
            groups=tuple(_group(group) for group in sorted(digest.groups, key=lambda group: group.last, reverse=True)),
            note=LEAF_ONLY,
        )
    )


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every output of `render` obeys."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of probe on protocol logs",
        **msgspec.json.schema(Logs),
    }


def _group(group: Group) -> Sessions:
    session, failure = group.observation.session, group.observation.failure
    return Sessions(
        way=group.way,
        connector=group.connector,
        server=group.server,
        peer=group.peer,
        sessions=group.sessions,
        first=group.first,
        last=group.last,
        sent=_certificate(group.sent),
        received=_certificate(group.received),
        version=session.version if session else None,
        cipher=session.cipher if session else None,
        status=group.status,
        validation=group.validation,
        capabilities=group.capabilities,
        capability_status=group.capability_status,
        revocation=group.revocation,
        reply=group.reply,
        offered=group.offered,
        asked=group.asked,
        masked=group.masked,
        ended=group.ended,
        failure=Failure(failure.stage, failure.kind, failure.detail) if failure else None,
        scrubbed=group.scrubbed,
        example=group.example,
        source=group.source,
        generation=group.generation,
    )


def _certificate(leaf: Leaf | None) -> Certificate | None:
    if leaf is None:
        return None
    return Certificate(
        thumbprint=leaf.thumbprint,
        subject=leaf.subject,
        issuer=leaf.issuer,
        serial=leaf.serial,
        not_before=leaf.not_before,
        not_after=leaf.not_after,
        names=leaf.names,
        scrubbed=leaf.scrubbed,
    )
