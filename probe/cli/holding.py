"""The store in the hands of whoever is on duty: theirs alone, and what becomes of the work where it fails them."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING

from probe.cli import onduty
from probe.errors import StateError, UsageError
from probe.report.escape import visible

if TYPE_CHECKING:
    from socket import socket

    from probe.config.duty import Settings
    from probe.state import Store


@contextmanager
def working(path: Path | None, *, dry_run: bool) -> Iterator[tuple["Store", int, StateError | None]]:
    """The store to work with, and the number of the run that is begun in it. Where the disk has no room to write, a
    copy that is thrown away, and why: what is wrong is told all the same, though the next run will not know that it
    was."""
    from probe.state import FullStore

    with ExitStack() as stack:
        full = None
        try:
            store = stack.enter_context(memory(path, dry_run=dry_run))
            run = store.begin("run", onduty.now())
        except FullStore as error:
            full = error
            stack.close()
            store = stack.enter_context(_elsewhere(_file(path), error))
            run = store.begin("run", onduty.now())
        yield store, run, full


@contextmanager
def _elsewhere(path: Path, full: StateError) -> Iterator["Store"]:
    """A copy, as SQLite cannot make it: even to read, it writes beside the store. Raises `full` if there is no room
    anywhere."""
    from probe.run.alone import alone
    from probe.state import Store

    with ExitStack() as stack:
        stack.enter_context(alone(path))
        try:
            copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="probe-"))) / path.name
            for end in ("", "-wal"):
                with suppress(FileNotFoundError):
                    copyfile(f"{path}{end}", f"{copy}{end}")
            store = stack.enter_context(Store.open(copy, onduty.now()))
        except (OSError, StateError):
            raise full from None
        yield store


@contextmanager
def memory(path: Path | None, *, dry_run: bool = False) -> Iterator["Store"]:
    """The store, ours alone while it is open; for a dry run a copy that is thrown away. Says loudly where a damaged
    one had to be set aside."""
    from probe.run.alone import alone
    from probe.state import Store

    path = _file(path)
    with ExitStack() as stack:
        if dry_run:
            copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="probe-"))) / path.name
            if path.exists():
                with Store.open(path, onduty.now(), writing=False) as there:
                    there.backup(copy)
            path = copy
        stack.enter_context(alone(path))
        store = stack.enter_context(Store.open(path, onduty.now()))
        if store.set_aside:
            say_aside(store.set_aside)
        yield store


@contextmanager
def door(settings: "Settings") -> Iterator[tuple["socket", ...]]:
    """The sockets of the listener, if there is to be one. With them open, root's rights are given up where the
    configuration names a user: before the store is touched, so that what is made of it is that user's. Raises
    `ConfigError`."""
    if settings.listen is None:
        yield ()
        return
    from probe.run.hosting import dressed
    from probe.run.listen import bind
    from probe.run.privilege import drop

    wanted = settings.listen.door
    if wanted.own:
        dressed(*wanted.own)  # what TLS cannot use is said before anything begins
    sockets = tuple(bind(wanted.address, wanted.port))
    try:
        if wanted.user:
            drop(wanted.user)
        yield sockets
    finally:
        for one in sockets:
            one.close()


def _file(path: Path | None) -> Path:
    from probe.state import default_path

    path = (path or default_path()).absolute()
    with suppress(PermissionError):  # whoever opens it says so better
        if path.is_dir():
            raise UsageError(f"the store {path} is a directory", "name a file in it, as in --store probe.db")
    return path


def say_aside(path: Path) -> None:
    """A store was damaged: nobody should wonder later where the past has gone."""
    print(
        f"warning: the store was damaged; it is kept as {visible(str(path))}, and a new one begins: "
        "what was known is not, and faults that were told may be told again",
        file=sys.stderr,
    )
