"""What `probe history` tells, as one JSON object, on one line; its schema comes from the same types."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from probe import model
from probe.codec import encode
from probe.model import Verdict
from probe.report import document
from probe.report import remembered_json as j
from probe.report.history import Past
from probe.report.kept import Run
from probe.report.status_json import run


class Stretch(Struct, frozen=True):
    """Looks that saw the same."""

    first: document.Moment
    last: document.Moment
    verdict: Verdict


class History(Struct, frozen=True):
    """The past of one target; every list oldest first."""

    format: int
    at: document.Moment
    name: str
    since: Annotated[document.Moment | None, Meta(description="What is older is left out; null: nothing is.")]
    standing: Annotated[j.Target | None, Meta(description="null: it is no longer watched.")]
    changes: tuple[j.Change, ...]
    certificates: tuple[j.Certificate, ...]
    policies: tuple[j.Policy, ...]
    looks: tuple[Stretch, ...]


class Runs(Struct, frozen=True):
    """The runs, newest first."""

    format: int
    runs: tuple[j.Run, ...]


def render(past: Past) -> bytes:
    """The past as one JSON object without a line break."""
    return encode(
        History(
            format=model.FORMAT,
            at=past.at,
            name=past.name,
            since=past.since,
            standing=j.target(past.standing) if past.standing else None,
            changes=tuple(map(j.change, past.changes)),
            certificates=tuple(j.certificate(seen) for group in past.leaves for seen in group),
            policies=tuple(j.policy(policy) for policy, _ in past.in_force),
            looks=tuple(
                Stretch(look.first, look.last, look.verdict)
                for look in past.looks
                if past.since is None or look.last >= past.since
            ),
        )
    )


def render_runs(runs: Sequence[Run]) -> bytes:
    """The runs as one JSON object without a line break."""
    return encode(Runs(format=model.FORMAT, runs=tuple(map(run, runs))))


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every output of `render` and `render_runs` obeys."""
    (history, runs), definitions = msgspec.json.schema_components([History, Runs], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "History of a target of probe; without a target, its runs",
        "anyOf": [history, runs],
        "$defs": definitions,
    }
