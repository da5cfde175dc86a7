"""`probe watch`: the same as `probe run`, for years: each target by its own schedule, alerts as they come, metrics.

    SIGTERM, SIGINT   no new look; those under way get their grace; what waits is sent once more; the end
    SIGHUP            the configuration is read again; one that cannot serve leaves the old one in force

Looks, alerts, pings and metrics know nothing of one another: a dead sink holds up neither the probing nor other sinks.
"""

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from socket import socket

import trio

from probe.config.duty import Schedule, Settings, Watched
from probe.errors import ProbeError
from probe.model import gravest
from probe.report.prometheus import exposition
from probe.report.ran import Ran
from probe.run import textfile
from probe.run.clockwork import Clockwork, Job
from probe.run.duty import Duty
from probe.run.events import Log
from probe.run.look import Eyes
from probe.run.mishap import Mishap
from probe.run.pruning import A_DAY, prune
from probe.run.reception import Reception
from probe.run.schedule import EVERY
from probe.run.sd import Manager
from probe.run.telling import Telling
from probe.run.window import Window

GROUPED = 10.0  # seconds: what comes up within them is told in one message
WRITTEN = 15.0  # seconds between two metrics files
MANY = 100_000  # looks under way; how many look at a time is settled where a look begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asks for beside the configuration: where metrics are served and to whom, or written.
    `door` are the sockets of the listener, which were opened while there was the right to."""

    metrics: tuple[str, int] | None = None
    allowed: tuple[str, ...] = ()
    textfile: Path | None = None
    door: tuple[socket, ...] = ()


class Watch:
    """An agent on duty. `reread` reads the configuration anew and raises `ProbeError` where it cannot serve."""

    def __init__(
        self,
        duty: Duty,
        reread: Callable[[], Settings],
        log: Log,
        now: Callable[[], datetime],
        *,
        version: str,
        wishes: Wishes,
        manager: Manager,
    ) -> None:
        self.duty, self._reread, self._log, self._now = duty, reread, log, now
        self._wishes, self._manager = wishes, manager
        self.standings = {standing.name: standing for standing in duty.store.standings()}
        self._results: dict[str, Ran] = {}
        self._telling = Telling(duty, log, self._seen)
        self._known = trio.Event()
        self.watched: dict[str, Watched] = {}
        self._take_over(duty.settings)
        listen = duty.settings.listen
        self._reception = Reception(listen.door, wishes.door, duty, now, self._delivered) if listen else None
        self.clock = Clockwork(self._jobs, self._work, parallel=MANY, now=now, log=log)
        self.window = Window(self, version, now, log)
        if self.window.ready():
            self._known.set()

    async def keep(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Be on duty until a signal ends it. Raises `ConfigError` where the metrics cannot be served."""
        async with trio.open_nursery() as beside:
            await beside.start(self._heed)
            if self._wishes.metrics:
                await beside.start(self._serve)
            if self._reception:
                await beside.start(self._reception.serve)
            beside.start_soon(self._manager.keep_alive)
            beside.start_soon(self._every, GROUPED, self._telling.begin)
            beside.start_soon(self._every, A_DAY, self._prune)
            if self._wishes.textfile:
                beside.start_soon(self._keep_file, self._wishes.textfile)
            self._log.event("ready", targets=len(self.watched))
            self._manager.ready(f"{len(self.watched)} targets")
            task_status.started()
            await self.clock.keep()
            if self._reception:
                await self._reception.ended.wait()
            await self._telling.end()
            beside.cancel_scope.cancel()
        verdict = gravest(seen.verdict for seen in self.window.standings())
        try:
            self.duty.store.end(self.duty.run, self._now(), verdict, len(self.watched))
        except ProbeError as error:
            self._log.event("store-failed", reason=str(error))
        self._log.event("stopped")

    # What it does, again and again

    async def _work(self, name: str) -> None:
        if watched := self.watched.get(name):
            try:
                ran = await self.duty.take(watched)
            except Mishap as mishap:
                if mishap.bug:
                    raise mishap.error from None
                self._log.event("not-looked", target=name, reason=str(mishap), hint=mishap.hint)
                return
            if name not in self.watched:  # it went while it was looked at
                self.duty.begin()
            else:
                self._results[name] = replace(ran, report=None)  # a thousand of them would fill the memory
                self.standings[name] = ran.standing
                if self.window.ready():
                    self._known.set()

    def _delivered(self, ran: Ran) -> None:
        self._results[ran.standing.name] = ran
        self.standings[ran.standing.name] = ran.standing

    def _seen(self) -> list[Ran] | None:
        """How all targets stand, be it from before a restart: a daily one may have its turn tomorrow."""
        if not self.window.ready() and not self.duty.trouble:
            return None
        there = [standing for name, standing in self.standings.items() if name in self.duty.settings.names]
        return [self._results.get(seen.name) or Ran(standing=seen, happened=(), report=None) for seen in there]

    async def _every(self, seconds: float, job: Callable[[trio.Nursery], None]) -> None:
        """A fault of ours in one of these is told, and tried again the next time."""
        async with trio.open_nursery() as nursery:
            while True:
                try:
                    job(nursery)
                except ProbeError as error:
                    self._log.event("store-failed", reason=str(error))
                except Exception as error:
                    self._log.fault(error)
                await trio.sleep(seconds)

    async def _keep_file(self, path: Path) -> None:
        """Until it is known how all targets stand, what was written before is nearer the truth than what could be."""
        await self._known.wait()
        await self._every(WRITTEN, lambda nursery: nursery.start_soon(self._write, path))

    async def _write(self, path: Path) -> None:
        """In a thread: of a thousand targets it takes half a second, and looks are timed."""
        window = self.window
        try:
            written = partial(exposition, next_due=dict(window.next_due()), agent=window.agent())
            data = await trio.to_thread.run_sync(written, window.standings(), self._now())
            await trio.to_thread.run_sync(textfile.write, path, data)
        except ProbeError as error:
            self._log.event("textfile-failed", reason=str(error))
        except Exception as error:
            self._log.fault(error, where="textfile")

    def _prune(self, nursery: trio.Nursery) -> None:
        nursery.start_soon(prune, self.duty, self._now)

    # What it hears

    async def _heed(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        known = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
        with trio.open_signal_receiver(*known) as signals:
            task_status.started()
            async for number in signals:
                if number in (signal.SIGTERM, signal.SIGINT):
                    self._manager.stopping()
                    if self._reception:
                        self._reception.stop()
                    self.clock.stop()
                else:
                    self._manager.reloading()
                    await self._reload()
                    self._manager.ready(f"{len(self.watched)} targets")

    async def _reload(self) -> None:
        try:
            settings = await trio.to_thread.run_sync(self._reread)
            eyes = Eyes(settings.looking, self.duty.eyes.greeting)
        except ProbeError as error:
            self._log.event("reload-refused", error=str(error), hint=error.hint)
            return
        except Exception as error:  # whatever is wrong with the new one, the old one serves
            self._log.fault(error, where="reload")
            return
        old = self.duty.settings
        self.duty.settings, self.duty.eyes = settings, eyes
        self._take_over(settings)
        self.clock.reload()
        restart = ["store"] if settings.store != old.store else []
        if settings.listen and (self._reception is None or not self._reception.stands(settings.listen.door)):
            restart.append("listen")
        elif self._reception and not settings.listen:
            self._reception.stop()
        self._log.event("reloaded", targets=len(self.watched), **({"restart": restart} if restart else {}))

    def _take_over(self, settings: Settings) -> None:
        always = Schedule(every=EVERY)
        self.watched = {
            watched.name: watched if watched.schedule != Schedule() else replace(watched, schedule=always)
            for watched in settings.targets
        }
        self.duty.begin()
        for kept in (self.standings, self._results):
            for name in kept.keys() - settings.names:
                del kept[name]

    def _jobs(self) -> Sequence[Job]:
        return [
            Job(
                name=name,
                schedule=watched.schedule,
                last=self.standings[name].at if name in self.standings else None,
            )
            for name, watched in self.watched.items()
        ]

    async def _serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        from probe.run.exporter import serve

        if self._wishes.metrics:
            beginning = partial(serve, self._wishes.metrics, self.window, allowed=self._wishes.allowed)
            async with trio.open_nursery() as nursery:
                places = await nursery.start(beginning)
                address = ", ".join(f"{host} port {port}" for host, port in places)
                self._log.event("listening", address=address, what="metrics")
                task_status.started()
