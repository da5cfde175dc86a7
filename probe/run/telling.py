"""The watch's alerts and pings: each sink by itself, so that one that stalls holds up no other, nor the probing."""

from collections.abc import Callable, Sequence

import trio

from probe.alert.healthchecks import Healthchecks
from probe.alert.sink import Sink
from probe.errors import ProbeError
from probe.report.ran import Ran
from probe.run.duty import Duty
from probe.run.events import Log
from probe.run.pings import ping

LAST_WORDS = 10.0  # seconds for alerts when it ends


class Telling:
    """`results` say how all targets stand, None: that is not known yet, so nobody is pinged."""

    def __init__(self, duty: Duty, log: Log, results: Callable[[], Sequence[Ran] | None]) -> None:
        self._duty, self._log, self._results = duty, log, results
        self._busy: dict[str, trio.Event] = {}
        self._pinged: dict[str, float] = {}
        self._closing = False

    def begin(self, nursery: trio.Nursery) -> None:
        """Send what is due. A sink that is busy is left alone until it has answered or its time is up."""
        for sink in () if self._closing else self._duty.settings.sinks:
            if sink.name not in self._busy:
                self._busy[sink.name] = trio.Event()
                nursery.start_soon(self._tell, sink)

    async def end(self) -> None:
        """What waits is sent once more. What is being sent may arrive: cut off, it would be sent twice."""
        self._closing = True

        async def one(sink: Sink) -> None:
            if sink.name in self._busy:
                await self._busy[sink.name].wait()
            await self._duty.deliver([sink], most=LAST_WORDS)

        with trio.move_on_after(LAST_WORDS):
            async with trio.open_nursery() as nursery:
                for sink in self._duty.settings.sinks:
                    nursery.start_soon(one, sink)

    async def _tell(self, sink: Sink) -> None:
        try:
            await self._duty.deliver([sink])
            if isinstance(sink, Healthchecks):
                await self._ping(sink)
        except ProbeError as error:
            self._log.event("store-failed", reason=str(error))
        except Exception as error:
            self._log.bug(error, sink=sink.name)
        finally:
            self._busy.pop(sink.name).set()

    async def _ping(self, sink: Healthchecks) -> None:
        results, at = self._results(), trio.current_time()
        if results is None or at - self._pinged.get(sink.name, -sink.every) < sink.every:
            return
        self._pinged[sink.name] = at
        faults = await ping([sink], results, "", self._log, self._duty.trouble)
        for reason in faults.values():
            self._log.event("undelivered", sink=sink.name, reason=reason)
