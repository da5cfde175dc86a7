"""The TXT record at `_mta-sts.<domain>`: whether there is a policy, and which one (RFC 8461 §3.1).

    sts-text-record = sts-version 1*(sts-field-delim sts-field) [sts-field-delim]
    sts-field       = sts-id / sts-extension           ; sts-id is required
    sts-version     = %s"v=STSv1"
    sts-id          = %s"id=" 1*32(ALPHA / DIGIT)

The policy itself is not in DNS, because nobody may trust DNS without DNSSEC. All that the record does is to say, by a
new `id`, that it is time to fetch the policy again.
"""

import re
from dataclasses import dataclass

from probe.judge.txt import choose, clipped, fields, listed, shown, status
from probe.model import Answer, Outcome, Record

VERSION = b"v=STSv1"
_ID = re.compile(rb"[A-Za-z0-9]{1,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """What the record says. `id` is set where it is valid; else `reason` tells why it is not, and `cause` is one of
    several, version, id, syntax. `notes` are oddities that do no harm."""

    record: Record
    id: str = ""
    cause: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()


def read_record(answer: Answer) -> Pointer:
    """The record that the answer holds, if any."""
    match answer.outcome:
        case Outcome.FOUND:
            return _read(answer)
        case Outcome.NODATA | Outcome.NXDOMAIN:
            return Pointer(record=Record.NONE, reason=f"{answer.question.name} has no TXT record")
        case _:
            reason = f"{answer.question.name} TXT: {answer.detail or answer.outcome}"
            return Pointer(record=Record.UNKNOWN, reason=clipped(reason))


def _read(answer: Answer) -> Pointer:
    name = answer.question.name
    chosen = choose(answer.records, VERSION)
    if chosen.text is None:
        reason = chosen.reason or f"no TXT record at {name} begins with v=STSv1;"
        return Pointer(record=status(chosen), cause=chosen.cause, reason=reason)
    found = fields(chosen.text, VERSION)
    ids = [value for key, value in found.pairs if key == b"id"]
    if found.flaws:
        cause = "id" if not ids and all(flaw.startswith("id=") for flaw in found.flaws) else "syntax"
        return Pointer(record=Record.INVALID, cause=cause, reason=listed(found.flaws))
    if not ids:
        return Pointer(record=Record.INVALID, cause="id", reason=f"there is no id in {shown(chosen.text)}")
    # RFC 8461 §3.2: of a field that must not be repeated, all entries but the first are ignored.
    if not _ID.fullmatch(ids[0]):
        reason = f"id={shown(ids[0])} is not 1 to 32 letters and digits"
        return Pointer(record=Record.INVALID, cause="id", reason=reason)
    notes = [f"{chosen.others} other TXT records stand beside it"] if chosen.others else []
    if len(ids) > 1:
        notes.append("the first id of several counts")
    if answer.aliases:  # RFC 8461 §3.1: a CNAME must be followed; with it, another party chooses the id
        notes.append(f"the record is an alias of {answer.canonical}")
    return Pointer(record=Record.VALID, id=ids[0].decode("ascii"), notes=tuple(notes))
