"""Targets that leave the configuration: whoever was told of their faults hears that nobody looks any more, or else an
incident would stay open for ever."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from probe.alert.sink import Sink
from probe.model import Verdict
from probe.model.duty import Standing
from probe.run.notices import Outgoing, notices
from probe.state.changes import tell

SAID = "nobody looks at it any more: the configuration no longer names the target"


def leaving(told: Standing, sinks: Iterable[Sink], at: datetime) -> Outgoing:
    """What is to be told of a target that stood like this when it was last told."""
    at = max(at, told.at)
    gone, _ = tell(told, replace(told, at=at, verdict=Verdict.OK, episodes=()), None)
    going = notices(sinks, gone, replace(told, at=at, verdict=Verdict.OK, episodes=()), lambda: at)
    return {
        sink: (replace(notice, items=tuple(replace(item, sentence=SAID) for item in notice.items)), due, replaces)
        for sink, (notice, due, replaces) in going.items()
    }
