"""Values of `model` to JSON and back: saved evidence.

One line of JSON a target. Bytes travel as base64, times as RFC 3339 in UTC.
"""

from datetime import UTC

import msgspec

from probe.errors import EvidenceError
from probe.model import FORMAT, Evidence

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Evidence)


class _Head(msgspec.Struct):
    format: int


def encode(value: object) -> bytes:
    """JSON of any value of `model`, without a line break."""
    return _encoder.encode(value)


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
    for time in (evidence.at, *(seen.at for seen in evidence.observations)):
        if time.utcoffset() is None:
            raise ValueError(f"the time {time.isoformat()} has no offset")
        time.astimezone(UTC)  # fails beyond either end of the calendar
    return evidence
