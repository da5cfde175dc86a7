"""The sentence for each code, with holes for the facts of the case; and what is added where a fact is there."""

from collections.abc import Mapping

from probe.report.sentences import duty, export, hybrid, inbound, logged, rehearsal, wire
from probe.report.sentences.wire import MORE_OF_ANY

__all__ = ["MORE", "MORE_OF_ANY", "SENTENCES"]

_ROOMS = (wire, export, hybrid, inbound, logged, rehearsal, duty, inbound)

SENTENCES: Mapping[str, str] = {code: text for room in _ROOMS for code, text in room.SENTENCES.items()}
MORE: Mapping[str, Mapping[str, str]] = {code: more for room in _ROOMS for code, more in room.MORE.items()}
