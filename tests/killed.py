"""An agent that is killed at random instants, again and again: `python -m tests.killed DIRECTORY ROUNDS SEED`.

Each round forks a process that goes on duty where the last one fell: its host is broken at every other look. It notes
each look that has returned, and its sink each item that it was told, both in files that are written through. When the
rounds are over, one more process ends in peace. What the store remembers is then printed as JSON.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import trio

from probe.alert.sink import Sink
from probe.demo.peer import Script, reply
from probe.model.duty import Message
from probe.state import Store
from tests.duties import ADDRESS, AT, HOST, scene
from tests.observing import healthy, in_turn

BROKEN, WELL = in_turn([Script(ehlo=reply(250, HOST))]), in_turn([healthy()])


class Paper(Sink, kw_only=True, frozen=True, tag="paper"):
    """Writes down what it is told; now and then it fails first."""

    path: str

    async def send(self, message: Message) -> None:
        for item in message.items:
            note(Path(self.path), f"{item.at.isoformat()} {item.kind} {item.key}")


def note(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")


def tick(clock: Path) -> int:
    """The next minute, also if whoever wrote down the last one was killed over it."""
    minute = int(clock.read_text()) + 1 if clock.exists() else 1
    fresh = clock.with_name("clock.new")
    fresh.write_text(str(minute))
    fresh.replace(clock)
    return minute


async def duty(directory: Path, looks: int, begun: int = 0) -> None:
    """Takes so many looks at most, one a minute of its own clock, which goes on where it stood. Before the first it
    says so to the file descriptor `begun`, if there is one."""
    sink = Paper(name="paper", path=str(directory / "told"))
    async with scene(directory, [sink], WELL) as on:
        if begun:
            os.write(begun, b".")
        for _ in range(looks):
            minute = tick(directory / "clock")
            on.at = AT + timedelta(minutes=minute - 1)
            on.servers[ADDRESS] = BROKEN if minute % 2 else WELL
            (ran,) = await on.turn(timedelta(minutes=1), deliver=False)
            for change in ran.happened:
                note(directory / "happened", f"{change.at.isoformat()} {change.kind} {change.key}")
            await on.duty.deliver()
        on.at += timedelta(hours=2)  # beyond every pause
        await on.duty.deliver()
        on.duty.store.close()


def forked(job: Callable[[], None]) -> int:
    pid = os.fork()
    if not pid:
        status = 1
        try:
            job()
            status = 0
        finally:
            os._exit(status)
    return pid


def main(directory: Path, rounds: int, seed: int) -> None:
    dice = random.Random(seed)
    healthy()  # made once, for all rounds
    began = time.monotonic()
    os.waitpid(forked(lambda: trio.run(duty, directory, 10)), 0)
    turn, killed = (time.monotonic() - began) / 10, 0
    for number in range(rounds):
        reading, writing = os.pipe()
        pid = forked(lambda: trio.run(duty, directory, 1000, writing))  # noqa: B023 - it is gone before the next
        if number % 8:  # each eighth is killed while it begins
            os.read(reading, 1)
        time.sleep(dice.uniform(0.0, 6 * turn))
        os.kill(pid, signal.SIGKILL)
        killed += os.WIFSIGNALED(os.waitpid(pid, 0)[1])
        os.close(reading)
        os.close(writing)
    last = os.waitpid(forked(lambda: trio.run(duty, directory, 2)), 0)[1]
    with Store.open(directory / "probe.db", AT, writing=False) as store:
        history = [f"{change.at.isoformat()} {change.kind} {change.key}" for change in store.history("mail")]
        print(
            json.dumps(
                {
                    "killed": killed,
                    "last": last,
                    "history": history,
                    "waiting": len(store.pending()),
                    "problems": store.check(),
                    "aside": [path.name for path in directory.glob("*damaged*")],
                }
            )
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
