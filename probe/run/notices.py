"""Who is to be told what: changes into notices, one for each sink that wants any of them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from probe.alert.sink import Sink
from probe.model import Verdict
from probe.model.duty import Became, Change, Episode, Notice, Standing
from probe.report.alerting import of_episode, told

Outgoing = dict[str, tuple[Notice, datetime, bool]]  # by sink: what, when it is due, whether it replaces an older one

URGENT = (Verdict.FAIL, Verdict.UNKNOWN)


def notices(
    sinks: Iterable[Sink], telling: Sequence[Change], standing: Standing, until: Callable[[], datetime]
) -> Outgoing:
    """`standing` is the target as it has now been told. `until`: when its faults may be taken for gone if nobody says
    that they are still there."""
    return {
        sink.name: (_notice(sink, wanted, standing, until), _due(sink, wanted, standing.at), sink.state)
        for sink in sinks
        if not sink.pings and _concerned(sink, standing)
        for wanted in [[change for change in telling if wants(sink, change)]]
        if wanted or _open(sink, standing)
    }


def wants(sink: Sink, change: Change) -> bool:
    """Whether the sink is to hear of it: a change from one of its verdicts, or to one. That something is better is
    told to whoever was told that it was bad; a reminder to whoever would be told today."""
    return change.verdict in sink.verdicts or (change.before in sink.verdicts and change.kind is not Became.REMINDER)


def _concerned(sink: Sink, standing: Standing) -> bool:
    return not sink.tags or not set(sink.tags).isdisjoint(standing.tags)


def _open(sink: Sink, standing: Standing) -> list[Episode]:
    """What a sink that holds a state is told of again and again; where there is nothing, there is nothing to tell."""
    return [episode for episode in standing.episodes if episode.verdict in sink.verdicts] if sink.state else []


def _notice(sink: Sink, wanted: Sequence[Change], standing: Standing, until: Callable[[], datetime]) -> Notice:
    near = standing.target.name
    return Notice(
        target=standing.name,
        given=standing.target.given,
        tags=standing.tags,
        at=standing.at,
        verdict=standing.verdict,
        items=tuple(told(change, near, standing) for change in wanted),
        open=tuple(of_episode(standing, episode) for episode in _open(sink, standing)),
        until=until() if sink.state else None,
    )


def _due(sink: Sink, wanted: Sequence[Change], at: datetime) -> datetime:
    """At once; a WARN, and that one is over, after the sink's quiet hours."""
    waits = (
        sink.quiet
        and not sink.state
        and not any(verdict in URGENT for change in wanted for verdict in (change.verdict, change.before))
    )
    over = sink.quiet.over(at) if sink.quiet and waits else None
    return over or at
