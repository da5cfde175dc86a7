"""A rehearsal as one JSON object, on one line."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from probe import model
from probe.codec import encode
from probe.judge.hybrid.rehearsal import Rehearsal, Step
from probe.report import document
from probe.report.json import told
from probe.report.rehearsal import filled


class Next(Struct, frozen=True):
    """The next certificate. `tls_certificate_name` is how connectors will name it."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: document.Moment
    not_after: document.Moment
    serial: str
    sha1: document.Hex
    sha256: document.Hex
    spki_sha256: document.Hex
    key: str
    signature: str
    tls_certificate_name: str


class InUse(Struct, frozen=True):
    """The certificate that it replaces; null where the exports do not tell."""

    thumbprint: str
    subject: str | None
    not_after: datetime | None


class PlanStep(Struct, frozen=True):
    """One thing to do. `stage` names its place in the plan; `answers` are the codes of what it mends."""

    stage: str
    instruction: str
    commands: Annotated[tuple[str, ...], Meta(description="To paste, a line each.")]
    why: str
    answers: tuple[str, ...]


class Document(Struct, frozen=True):
    """The rehearsal of a renewal."""

    format: int
    at: Annotated[datetime, Meta(tz=True, description="The moment judged for: RFC 3339, in UTC.")]
    verdict: model.Verdict
    next: Next
    in_use: InUse | None
    findings: Annotated[tuple[document.Finding, ...], Meta(description="Gravest first.")]
    plan: Annotated[tuple[PlanStep, ...], Meta(description="In order.")]
    back: Annotated[tuple[PlanStep, ...], Meta(description="The ways back, from the last stage to the first.")]
    roots: Annotated[str, Meta(description="The trust anchors that the verdict rests on.")]


def to_json(rehearsal: Rehearsal) -> bytes:
    """The rehearsal as one JSON object without a line break."""
    leaf, today = rehearsal.next, rehearsal.today
    return encode(
        Document(
            format=model.FORMAT,
            at=rehearsal.at,
            verdict=rehearsal.verdict,
            next=Next(
                subject=leaf.subject,
                issuer=leaf.issuer,
                names=leaf.names,
                not_before=leaf.not_before,
                not_after=leaf.not_after,
                serial=leaf.serial,
                sha1=leaf.sha1,
                sha256=leaf.sha256,
                spki_sha256=leaf.spki_sha256,
                key=leaf.key,
                signature=leaf.signature,
                tls_certificate_name=rehearsal.identity,
            ),
            in_use=InUse(today.thumbprint, model.known(today.subject), model.known(today.not_after)) if today else None,
            findings=tuple(map(told, rehearsal.findings)),
            plan=tuple(map(_step, rehearsal.steps)),
            back=tuple(map(_step, rehearsal.back)),
            roots=rehearsal.roots,
        )
    )


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every output of `to_json` obeys."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rehearsal of a renewal by probe",
        **msgspec.json.schema(Document),
    }


def _step(step: Step) -> PlanStep:
    instruction, commands = filled(step)
    return PlanStep(stage=step.key, instruction=instruction, commands=commands, why=step.why, answers=step.answers)
