"""The observing part of `probe` alone: `python observe_only.py FILE PARALLEL`, with one 127.0.0.1:25 a line.

No routing, no judging, no output, as the reference in C has none. Prints "ok N failed N contexts N" like the reference;
contexts are the TLS contexts alive when the first observation came back, while all others were still in flight.
"""

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import trio
from OpenSSL import SSL

from probe.model import Endpoint, Observation
from probe.observe.endpoint import observe
from probe.observe.outside import outside
from probe.observe.world import Limits


class Tally:
    def __init__(self) -> None:
        self.succeeded = self.failed = self.contexts = 0

    def record(self, observation: Observation) -> None:
        if not self.contexts:
            self.contexts = sum(isinstance(thing, SSL.Context) for thing in gc.get_objects())
        if observation.failure is None and observation.session and observation.chain:
            self.succeeded += 1
        else:
            self.failed += 1
            if self.failed <= 3:
                print(observation.endpoint.address, observation.failure, file=sys.stderr)


async def main(endpoints: list[Endpoint], parallel: int) -> int:
    tally, world, limits = Tally(), outside(), Limits()

    async def work(queue: Iterator[Endpoint]) -> None:
        for endpoint in queue:
            await observe(endpoint, world, limits, ehlo="client.example", record=tally.record)

    queue = iter(endpoints)
    async with trio.open_nursery() as nursery:
        for _ in range(parallel):
            nursery.start_soon(work, queue)
    print("ok", tally.succeeded, "failed", tally.failed, "contexts", tally.contexts)
    return 1 if tally.failed else 0


def read(file: Path) -> Iterator[Endpoint]:
    for line in file.read_text().split():
        address, _, port = line.partition(":")
        yield Endpoint(host=address, address=address, port=int(port), server_name=None)


if __name__ == "__main__":
    sys.exit(trio.run(main, list(read(Path(sys.argv[1]))), int(sys.argv[2])))
