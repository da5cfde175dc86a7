"""Values of `model` to JSON and back: saved evidence.

One line of JSON a target. Bytes travel as base64, times as RFC 3339 in UTC.
"""

import re
from datetime import UTC

import msgspec

from probe.errors import EvidenceError
from probe.model import FORMAT, Evidence

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Evidence)

# In UTF-8: DEL and the C1 controls, U+061C, U+200B-200F, U+2028-202E, U+2060-206F and U+FEFF. They move a terminal's
# cursor, end a line for some readers, or reorder what stands around them.
_UNSEEN = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf")


class _Head(msgspec.Struct):
    format: int


def encode(value: object) -> bytes:
    """JSON of any value of `model` or of a report, on one line, fit for a terminal."""
    return escaped(_encoder.encode(value))


def escaped(data: bytes) -> bytes:
    """The same JSON with what cannot be seen written as `\\uXXXX`. JSON itself demands that only of the first 32
    controls; the others may stand in strings as they are, and stand nowhere else."""
    if data.isascii() and b"\x7f" not in data:
        return data
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0].decode()):04x}".encode(), data)


def decode_evidence(line: bytes) -> Evidence:
    """The evidence on one line. Raises `EvidenceError` where it is none, or of a format that we do not know."""
    try:
        found = msgspec.json.decode(line, type=_Head).format
        if found != FORMAT:
            raise EvidenceError(
                f"evidence of format {found}, this version reads format {FORMAT}",
                "judge it with the version that wrote it",
            )
        return _with_good_times(_decoder.decode(line))
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise EvidenceError(
            f"not evidence of a probe: {error}", "evidence is what `probe TARGET --evidence FILE` writes"
        ) from None


def _with_good_times(evidence: Evidence) -> Evidence:
    """Raises ValueError and OverflowError for times that are no moments, which JSON can hold and no observer writes."""
    sts = evidence.mta_sts
    seen = (*evidence.observations, *evidence.alternatives, *(sts.fetches if sts else ()))
    kept = (sts.remembered.fetched, sts.remembered.expires) if sts and sts.remembered else ()
    leaves = (observation.leaf for observation in seen if observation.leaf)
    logged = (time for leaf in leaves for time in (leaf.not_before, leaf.not_after) if time)
    for time in (evidence.at, *(observation.at for observation in seen), *kept, *logged):
        if time.utcoffset() is None:
            raise ValueError(f"the time {time.isoformat()} has no offset")
        time.astimezone(UTC)  # fails beyond either end of the calendar
    return evidence
