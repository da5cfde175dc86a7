"""Our listener as a process of its own: `python listener.py CONNECTIONS EACH HANDSHAKES SECONDS`.

The limits are `Rules`'s, and the seconds what each stage may take. It prints its port, serves on loopback until its
stdin closes, and prints then how many it has heard out and how many of its faults it has seen.
"""

import json
import resource
import sys
from datetime import UTC, datetime

import trio

from probe.observe.accept import Host, Patience
from probe.observe.tls_server import self_made, server_context
from probe.run.listen import Listener, Rules, bind

NAME = "listener.bench.test"


def now() -> datetime:
    return datetime.now(UTC)


async def main(connections: int, each: int, handshakes: int, seconds: int) -> None:
    patience = Patience(dialogue=seconds, handshake=seconds, after=seconds)
    context = server_context(*self_made(NAME, now()))
    counts = {"heard": 0, "away": 0, "faults": 0}

    def count(what: str) -> None:
        counts[what] += 1

    listener = Listener(
        lambda secure: Host(name=NAME, context=context, now=now, patience=patience, secure=secure),
        Rules(connections=connections, each=each, handshakes=handshakes),
        lambda _: count("heard"),
        turned_away=lambda *_: count("away"),
        fault=lambda _: count("faults"),
    )
    sockets = bind("127.0.0.1", 0)
    async with trio.open_nursery() as nursery:
        await nursery.start(listener.serve, sockets)
        print(sockets[0].getsockname()[1], flush=True)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel()
    print(json.dumps(counts))


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    connections, each, handshakes, seconds = map(int, sys.argv[1:5])
    trio.run(main, connections, each, handshakes, seconds)
