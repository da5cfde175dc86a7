"""Run as a program: writes into a store until it is killed, and says what is committed.

For each line on standard input, a path, a child is forked, which opens that store and goes on where it ends. A line of
the child's on standard output is written once what it says is committed, except "sending", which comes before:

    writing PID     it has begun
    recorded N      change N, and a notice for each of two sinks
    sending N       these two notices are about to be marked as sent
    sent N

When the child is gone: "over". Forking saves each child the time of starting Python.
"""

import os
import sys
from pathlib import Path

from probe.state import Store
from tests.storing import AT, MINUTE, NAME, change, item, notice, other_chain, record, shown, standing

SINKS = ("ops", "mail")
SEEN = (shown(), shown(other_chain()))


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def write(path: Path) -> None:
    say("writing", os.getpid())
    with Store.open(path, AT) as store:
        number = len(store.history(NAME))
        while True:
            number += 1
            at = AT + number * MINUTE
            said = notice(at, item(str(number), at))
            record(
                store,
                at,
                of=SEEN[number % 2],
                after=standing(at, episodes=number % 7),
                told=standing(at),
                happened=[change(at, key=str(number))],
                notices=dict.fromkeys(SINKS, (said, at, False)),
            )
            say("recorded", number)
            if number % 3 == 0:
                rows = [row for row in store.pending() if row.notice.at == at]
                say("sending", number)
                store.sent([row.id for row in rows], at)
                say("sent", number)
            record(store, at)  # one that brings nothing


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            write(Path(line.strip()))
        os.waitpid(child, 0)
        say("over")


if __name__ == "__main__":
    main()
