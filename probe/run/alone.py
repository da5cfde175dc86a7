"""One at a time: a store belongs to one `probe run` or `probe watch`."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from probe.errors import BusyError, StateError
from probe.state import FullStore

NO_ROOM = (errno.ENOSPC, errno.EROFS, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC))


@contextmanager
def alone(store: Path) -> Iterator[None]:
    """Holds the lock beside the store, which the system releases however we end. Raises `BusyError`."""
    from filelock import FileLock, Timeout

    path = store.with_name(f"{store.name}.lock")
    lock = FileLock(path, timeout=0, mode=0o600)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire()
    except Timeout:
        raise BusyError(
            f"another run is under way with {store}{_who(path)}", "let it end; if it never does, look at that process"
        ) from None
    except OSError as error:
        kind = FullStore if error.errno in NO_ROOM else StateError
        raise kind(f"cannot lock {path}: {error.strerror}", "the directory must be yours to write in") from None
    try:
        with suppress(OSError):  # a full disk: the lock holds without
            path.write_text(f"{os.getpid()}\n")
        yield
    finally:
        lock.release()


def _who(path: Path) -> str:
    try:
        pid = path.read_text().strip()
    except OSError:
        return ""
    return f" (process {pid})" if pid.isdecimal() else ""
