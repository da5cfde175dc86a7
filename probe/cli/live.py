"""The live run: trio, and where somebody watches and waits, a line on stderr that says how it goes."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import trio

from probe.cli import settings
from probe.cli.printer import Printer
from probe.judge.standard import Standard
from probe.model import Evidence, Target
from probe.observe import Manner, World, own_name
from probe.run import probe_all

PATIENCE = 1.0  # seconds before anything is shown
EVERY = 0.2  # seconds between two looks at it


def probe_live(
    targets: Sequence[Target], world: World, manner: Manner, parallel: int, printer: Printer, *, greet: bool
) -> None:
    """Probe the targets and hand their evidence to the printer. `greet`: find out by which name to greet."""

    _run(targets, world, manner, parallel, printer.deliver, greet=greet)


def look(
    targets: Sequence[Target],
    *,
    resolver: Sequence[str] = (),
    connect: Sequence[str] = (),
    timeout: float | None = None,
    parallel: int = 64,
    standard: Standard | None = None,
) -> list[Evidence]:
    """Evidence on the targets, in their order, for commands whose main job is another; by the words of the options of
    `probe check`. `standard`: of which promises to ask. Raises `UsageError`."""
    manner, world = settings.looking(
        resolver=resolver,
        connect=connect,
        sni=None,
        ehlo=None,
        families=frozenset({4, 6}),
        timeout=timeout,
        repeat=1,
        parallel=parallel,
        client_cert=None,
        client_key=None,
        standard=standard or Standard(),
        trust_ad=False,
        remembered={},
    )
    found: list[Evidence] = []
    _run(targets, world, manner, parallel, found.append, greet=True)
    return found


def _run(
    targets: Sequence[Target],
    world: World,
    manner: Manner,
    parallel: int,
    tell: Callable[[Evidence], None],
    *,
    greet: bool,
) -> None:
    async def all_of_it() -> None:
        looking = replace(manner, ehlo=await own_name()) if greet else manner
        progress = _Progress(targets)

        def deliver(evidence: Evidence) -> None:
            progress.hide()
            progress.done += 1
            tell(evidence)

        async with trio.open_nursery() as nursery:
            if sys.stderr.isatty():
                nursery.start_soon(progress.show)
            try:
                await probe_all(targets, world, looking, parallel, deliver)
            finally:
                nursery.cancel_scope.cancel()

    trio.run(all_of_it)


def _nothing() -> None:
    """There is nothing to hide yet."""


class _Progress:
    """A line that comes after a second and goes before anything is printed."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = targets
        self.done = 0
        self.hide: Callable[[], None] = _nothing

    async def show(self) -> None:
        await trio.sleep(PATIENCE)
        from rich.console import Console
        from rich.live import Live
        from rich.spinner import Spinner
        from rich.text import Text

        console, spinner, began = Console(stderr=True), Spinner("dots"), trio.current_time() - PATIENCE
        with Live(console=console, auto_refresh=False, transient=True) as live:

            def hide() -> None:
                live.update(Text(""), refresh=True)

            self.hide = hide
            while True:
                elapsed = f"{trio.current_time() - began:.0f} s"
                spinner.update(text=Text(f"{self.done} of {len(self._targets)} targets done, {elapsed}"))
                live.update(spinner, refresh=True)
                await trio.sleep(EVERY)
