"""The report of a run for programs: one JSON object a target, on one line; its schema comes from the same types."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from probe import model
from probe.codec import encode
from probe.report import remembered_json as j
from probe.report.ran import Ran


class Result(Struct, frozen=True):
    """One target of a run: how it stands, and what changed since the look before."""

    format: int
    target: j.Target
    changes: tuple[j.Change, ...]
    muted: Annotated[bool, Meta(description="It is in a maintenance window: nobody was told.")]


def render(ran: Ran) -> bytes:
    """The result as one JSON object without a line break."""
    return encode(
        Result(
            format=model.FORMAT,
            target=j.target(ran.standing),
            changes=tuple(map(j.change, ran.happened)),
            muted=ran.muted,
        )
    )


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every output of `render` obeys."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Result of a run of probe for one target",
        **msgspec.json.schema(Result),
    }
