"""What the agent tells systemd: that it is ready, reloads, stops, and is alive. Elsewhere all of this does nothing.

sd_notify(3): the service manager names a datagram socket in NOTIFY_SOCKET, a path or, after "@", a name in Linux'
abstract space; each datagram holds lines of KEY=VALUE. WATCHDOG_USEC (for the process WATCHDOG_PID) is the time within
which it wants to hear of us; sd_watchdog_enabled(3) recommends to speak up every half of it.
"""

import os
import socket
import time
from collections.abc import Callable, MutableMapping

import trio

from probe.report.escape import visible

PATIENCE = 1.0  # seconds that a full socket may hold us up


class Manager:
    """The service manager, if there is one. What it does not hear is no reason to stop: nothing here raises."""

    def __init__(self, address: str = "", watchdog: float | None = None) -> None:
        """`address` as in NOTIFY_SOCKET, empty: there is none. `watchdog`: seconds within which it wants to hear us."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog = watchdog

    @classmethod
    def of(cls, environment: MutableMapping[str, str]) -> "Manager":
        """The one that the environment names. It is taken out of there: programs that we start are not spoken to."""
        address = environment.pop("NOTIFY_SOCKET", "")
        period = environment.pop("WATCHDOG_USEC", "")
        owner = environment.pop("WATCHDOG_PID", "")
        ours = owner in ("", str(os.getpid()))
        seconds = int(period) / 1e6 if ours and period.isascii() and period.isdigit() else 0.0
        return cls(address if address.startswith(("/", "@")) else "", seconds or None)

    def ready(self, status: str = "") -> None:
        """Set up, or reloaded: from now on work is done."""
        self._tell("READY=1", *_status(status))

    def status(self, text: str) -> None:
        """What `systemctl status` shows, on one line."""
        self._tell(*_status(text))

    def reloading(self) -> None:
        """The configuration is being read anew; `ready` ends that, whatever came of it."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str = "") -> None:
        """No new work is begun."""
        self._tell("STOPPING=1", *_status(status))

    async def keep_alive(self, well: Callable[[], bool] = lambda: True) -> None:
        """Say that we live, for as long as the loop turns and `well` agrees. Returns where nobody wants to know."""
        while self._address and self.watchdog:
            if well():
                self._tell("WATCHDOG=1")
            await trio.sleep(self.watchdog / 2)

    def _tell(self, *lines: str) -> None:
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.settimeout(PATIENCE)
                out.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return


def _status(text: str) -> list[str]:
    return [f"STATUS={visible(text)}"] if text else []
