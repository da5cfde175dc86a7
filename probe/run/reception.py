"""The listener on duty: what is delivered to it becomes looks at a target of its own, with the same judge, store and
alerts as all others."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import trio

from probe.config.duty import Door, Listening, Schedule, Watched
from probe.dialogue.smtp.server import NOT_NOW
from probe.model import Observation, Target
from probe.observe.accept import Host
from probe.observe.tls_server import self_made, server_context
from probe.report.ran import Ran
from probe.run.duty import Duty
from probe.run.hosting import NAMELESS, answered, dressed, rules
from probe.run.listen import Listener, came_to_deliver, evidence
from probe.run.look import judge_one, taken
from probe.run.mishap import Mishap
from probe.run.pace import MINUTE, Pace
from probe.state.delivered import GONE

# Nobody knows when a client comes next. What was found holds as long as the client is known: two of these.
_HOLDS = Schedule(every=GONE.total_seconds() / 2)


class Reception:
    """Behind this door, at these sockets, which listen already. By what is judged and what is answered is asked of the
    configuration in force at each delivery. `seen` gets what a look came to."""

    def __init__(
        self,
        door: Door,
        sockets: Sequence[socket.socket],
        duty: Duty,
        now: Callable[[], datetime],
        seen: Callable[[Ran], None],
    ) -> None:
        self.door, self._sockets, self._duty, self._now, self._seen = door, sockets, duty, now, seen
        self._name = door.host or duty.eyes.greeting or NAMELESS
        self._pace = Pace(self._look)
        self._listener: Listener | None = None
        self._stopped, self.ended = False, trio.Event()

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Until `stop`; those under way have their grace. A fault of ours ends the listener, and not the watch."""
        own = self.door.own
        context = dressed(*own) if own else server_context(*self_made(self._name, self._now()))
        self._listener = Listener(
            lambda secure: Host(
                name=self._name,
                context=context,
                now=self._now,
                answer=self._answer,
                secure=secure,
                full=self.door.full,
            ),
            rules(self.door.allow),
            self._record,
            turned_away=self._turned_away,
            fault=lambda error: self._duty.log.fault(error, where="listen"),
        )
        places = [f"{address} port {port}" for address, port, *_ in (each.getsockname() for each in self._sockets)]
        self._duty.log.event("listening", address=", ".join(places), what="deliveries")
        try:
            try:
                async with trio.open_nursery() as beside:
                    beside.start_soon(self._keep_pace)
                    task_status.started()
                    if not self._stopped:
                        await self._listener.serve(self._sockets)
                    beside.cancel_scope.cancel()
            finally:
                self._begin()  # what was to wait for the next minute
        except Exception as error:
            self._duty.log.fault(error, where="listen")
        finally:
            self.ended.set()

    def stands(self, door: Door) -> bool:
        """Whether it is open, and this very door."""
        return not (self._stopped or self.ended.is_set()) and self.door == door

    def stop(self) -> None:
        """Take no new client."""
        self._stopped = True
        if self._listener:
            self._listener.stop()

    async def _keep_pace(self) -> None:
        while True:
            await trio.sleep(MINUTE)
            self._begin()

    def _begin(self) -> None:
        left_out, unnamed = self._pace.begin()
        if left_out or unnamed:
            self._duty.log.event("listen-limited", deliveries=left_out, turned_away=unnamed)

    def _record(self, seen: Observation) -> None:
        if came_to_deliver(seen):
            self._pace.came(seen)

    def _look(self, seen: Observation) -> None:
        if not (listen := self._duty.settings.listen):  # it went from the configuration meanwhile
            return
        watched, found = self._watched(listen), evidence(seen, self._name)
        looking, seconds = self._duty.eyes.looking, sum(seen.seconds.values())
        try:
            ran = self._duty.took(watched, lambda: taken(watched, judge_one(watched, looking, found), seconds=seconds))
        except Mishap as mishap:
            if mishap.bug:
                self._duty.log.fault(mishap.error, target=watched.name)
            else:
                self._duty.log.event("not-looked", target=watched.name, reason=str(mishap), hint=mishap.hint)
            return
        if judged := ran.report:
            outcome = judged.attribution and judged.attribution.outcome
            told = {"target": watched.name, "client": seen.endpoint.address, "verdict": judged.verdict}
            self._duty.log.event("delivery", **told, **({"outcome": outcome} if outcome else {}))
        self._seen(replace(ran, report=None))

    def _watched(self, listen: Listening) -> Watched:
        port = self.door.port
        return Watched(
            name=listen.name,
            target=Target(given=f"{self._name}:{port}", name=self._name, port=port),
            standard=listen.standard,
            organisation=listen.organisation,
            schedule=_HOLDS,
            tags=listen.tags,
            remind=listen.remind,
        )

    def _answer(self, seen: Observation) -> str:
        """To a recipient."""
        if not (listen := self._duty.settings.listen):
            return NOT_NOW
        anchors = self._duty.eyes.looking.anchors
        return answered(seen, listen.reply, listen.standard, anchors, listen.organisation)

    def _turned_away(self, client: str, reason: str) -> None:
        if self._pace.names(client, reason):
            self._duty.log.event("turned-away", client=client, reason=reason)
