"""What systemd hears of us: on a real datagram socket, and what it does not hear."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
import trio.testing

from probe.run.sd import Manager
from tests.world import in_mock_time


@pytest.fixture(params=["path", "abstract"])
def ear(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """A manager's socket, and what NOTIFY_SOCKET says of it."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@probe-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address.replace("@", "\0"))
        listening.setblocking(False)
        yield address, listening


def heard(listening: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(listening.recv(65536).decode())
        except BlockingIOError:
            return found


def test_all_that_is_said(ear: tuple[str, socket.socket]) -> None:
    address, listening = ear
    manager = Manager.of({"NOTIFY_SOCKET": address})
    manager.ready("3 targets")
    manager.status("forged\nREADY=1\x1b[2J")
    before = time.monotonic_ns() // 1000
    manager.reloading()
    manager.stopping()
    first, second, third, fourth = heard(listening)
    assert first == "READY=1\nSTATUS=3 targets"
    assert second == "STATUS=forged\\nREADY=1\\x1b[2J"
    reloading, _, stamp = third.partition("\nMONOTONIC_USEC=")
    assert reloading == "RELOADING=1"
    assert before <= int(stamp) <= time.monotonic_ns() // 1000
    assert fourth == "STOPPING=1"


@in_mock_time
async def _alive(manager: Manager, listening: socket.socket) -> None:
    well = True
    async with trio.open_nursery() as nursery:
        nursery.start_soon(manager.keep_alive, lambda: well)
        await trio.testing.wait_all_tasks_blocked()
        assert heard(listening) == ["WATCHDOG=1"]
        await trio.sleep(29)
        assert heard(listening) == []
        await trio.sleep(2)
        assert heard(listening) == ["WATCHDOG=1"]
        well = False  # the loop turns, but no work is done
        await trio.sleep(300)
        assert heard(listening) == []
        nursery.cancel_scope.cancel()


def test_the_watchdog_is_spoken_to_every_half_of_its_time(ear: tuple[str, socket.socket]) -> None:
    address, listening = ear
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}
    _alive(Manager.of(environment), listening)


@pytest.mark.parametrize(
    "watchdog",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "²"},
        {"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"},  # meant for our parent
    ],
)
def test_nobody_waits_for_a_watchdog(ear: tuple[str, socket.socket], watchdog: dict[str, str]) -> None:
    address, listening = ear
    manager = Manager.of({"NOTIFY_SOCKET": address, **watchdog})
    assert manager.watchdog is None
    in_mock_time(manager.keep_alive)()  # returns
    assert heard(listening) == []


def test_programs_that_we_start_are_not_spoken_to() -> None:
    environment = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "HOME": "/"}
    Manager.of(environment)
    assert environment == {"HOME": "/"}


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative", "/gone/away", "/" + "x" * 300, "@nobody-there"])
def test_where_nobody_hears_nothing_breaks(address: str) -> None:
    manager = Manager.of({"NOTIFY_SOCKET": address})
    manager.ready("here we are")
    manager.stopping()


def test_a_manager_that_does_not_read_holds_nothing_up_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("probe.run.sd.PATIENCE", 0.01)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        manager = Manager(str(tmp_path / "notify"))
        more = int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text()) + 20  # than a socket's queue holds
        for _ in range(more):
            manager.status("full")
        listening.setblocking(False)
        assert 0 < len(heard(listening)) < more
