"""`probe alerts test`: one message to every sink, which says that it is a test."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from socket import gethostname

import trio

from probe.alert.sink import Sink, Undelivered
from probe.model import Verdict, Where
from probe.model.duty import Became, Item, Message, Notice
from probe.run.outbox import attempt

TARGET = "probe-test"
HELD = timedelta(minutes=5)  # by a sink that holds a state, were the end of the test to be lost
SAID = "This is a test by `probe alerts test`. Nothing is wrong."


async def trial(sinks: Sequence[Sink]) -> dict[str, str]:
    """Tell each sink; gives why those failed that did, by name."""
    faults: dict[str, str] = {}

    async def one(sink: Sink) -> None:
        if fault := await _tell(sink):
            faults[sink.name] = str(fault)

    async with trio.open_nursery() as nursery:
        for sink in sinks:
            nursery.start_soon(one, sink)
    return faults


async def _tell(sink: Sink) -> Undelivered | None:
    """What appears, and for those that keep count that it is over: nobody wants an incident to close by hand."""
    at = datetime.now(UTC).replace(microsecond=0)
    appeared = Item(
        kind=Became.APPEARED,
        target=TARGET,
        key="0" * 16,
        code="test",
        title="A test",
        sentence=SAID,
        place="",
        where=Where(kind="target"),
        verdict=Verdict.WARN,
        since=at,
        at=at,
    )
    cleared = replace(appeared, kind=Became.CLEARED, verdict=Verdict.OK, before=Verdict.WARN)
    fault = await attempt(sink, _message(at, appeared, holds=sink.state))
    if fault is None and sink.keeps_count:
        fault = await attempt(sink, _message(at, cleared, holds=False))
    return fault


def _message(at: datetime, item: Item, *, holds: bool) -> Message:
    notice = Notice(
        target=TARGET,
        given=TARGET,
        at=at,
        verdict=item.verdict,
        items=(item,),
        open=(item,) if holds else (),
        until=at + HELD,
    )
    return Message(key=f"test-{item.kind}-{at:%Y%m%d%H%M%S}", at=at, sender=gethostname(), notices=(notice,))
