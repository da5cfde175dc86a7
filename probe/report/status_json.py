"""The overview of `probe status` as one JSON object, on one line; its schema comes from the same types."""

from collections import Counter
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from probe import model
from probe.codec import encode
from probe.model import Verdict, duty
from probe.report import document
from probe.report import remembered_json as j
from probe.report.kept import Mute, Run
from probe.report.status import Overview


class Waiting(Struct, frozen=True):
    """A notice on one target that a sink has not got yet. `stuck`: it is not tried again by itself."""

    id: int
    sink: str
    target: str
    created: document.Moment
    due: document.Moment
    attempts: j.Count
    error: Annotated[str, Meta(description="Why the last attempt failed.")]
    stuck: bool


class Window(Struct, frozen=True):
    """A maintenance window that is open; target "*" is all."""

    target: str
    until: document.Moment
    reason: str


class Status(Struct, frozen=True):
    """How all targets stand, and whether they are still being watched."""

    format: int
    at: document.Moment
    verdict: Annotated[
        Verdict,
        Meta(description="The gravest; at least UNKNOWN where nobody looks any more, WARN where alerts are stuck."),
    ]
    stale: Annotated[bool, Meta(description="No target was looked at for three times as long as is usual.")]
    counts: Annotated[dict[Verdict, int], Meta(description="Targets by verdict; those of `never` are UNKNOWN.")]
    targets: Annotated[tuple[j.Target, ...], Meta(description="Gravest first, then what expires next.")]
    never: Annotated[tuple[str, ...], Meta(description="Targets of the configuration that nobody has looked at yet.")]
    mutes: tuple[Window, ...]
    outbox: tuple[Waiting, ...]
    runs: Annotated[tuple[j.Run, ...], Meta(description="The last ones, newest first.")]


def render(overview: Overview) -> bytes:
    """The overview as one JSON object without a line break."""
    counts = Counter(overview.verdicts.values())
    return encode(
        Status(
            format=model.FORMAT,
            at=overview.at,
            verdict=overview.verdict,
            stale=overview.stale,
            counts={verdict: counts[verdict] for verdict in Verdict},
            targets=tuple(map(j.target, overview.ordered)),
            never=tuple(overview.never),
            mutes=tuple(map(_window, overview.mutes)),
            outbox=tuple(map(_waiting, overview.pending)),
            runs=tuple(map(run, overview.runs)),
        )
    )


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every output of `render` obeys."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Status of the targets of probe",
        **msgspec.json.schema(Status),
    }


def run(kept: Run) -> j.Run:
    return j.Run(kept.number, kept.kind, kept.began, kept.ended, kept.verdict, kept.targets)


def _window(mute: Mute) -> Window:
    return Window(mute.target, mute.until, mute.reason)


def _waiting(pending: duty.Pending) -> Waiting:
    return Waiting(
        id=pending.id,
        sink=pending.sink,
        target=pending.notice.target,
        created=pending.created,
        due=pending.due,
        attempts=pending.attempts,
        error=pending.error,
        stuck=pending.stuck,
    )
