"""The watch's daily forgetting."""

from collections.abc import Callable
from datetime import datetime

import trio

from probe.errors import ProbeError
from probe.run.duty import Duty
from probe.state import Store

A_DAY = 86400.0  # seconds


async def prune(duty: Duty, now: Callable[[], datetime]) -> None:
    """Remove what is too old. In a thread, with a connection of its own: in a large store it takes seconds."""

    def forget() -> dict[str, int]:
        with Store.open(path, at) as store:
            return store.prune(at, keep, every=A_DAY / 2)

    path, at, keep = duty.store.path, now(), duty.settings.keep
    try:
        duty.log.event("pruned", rows=await trio.to_thread.run_sync(forget, abandon_on_cancel=True))
    except ProbeError as error:
        duty.log.event("store-failed", reason=str(error))
    except Exception as error:
        duty.log.fault(error, where="forgetting")
