"""The DNS part of `probe` alone: `python ask_only.py ADDRESS:PORT DOMAINS PARALLEL`, for the zone of `bench.lookups`.

DOMAINS is "own:COUNT" or "shared:COUNT". Each domain is asked for as a look at it does: MX, then the host's addresses
and the two TXT records side by side, then TLSA. Prints "ok N failed N".
"""

import sys
from collections.abc import Iterator

import trio

from probe.model import Outcome, Question
from probe.observe.outside import outside
from probe.observe.world import World


async def look(domain: str, world: World) -> bool:
    """Whether all six answers are there."""
    found: list[bool] = []

    async def ask(name: str, rtype: str) -> tuple[str, ...]:
        answer = await world.resolve(Question(name=name, rtype=rtype))
        found.append(answer.outcome is Outcome.FOUND)
        return answer.records

    (record,) = await ask(domain, "MX")
    host = record.split()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, host, "A")
        nursery.start_soon(ask, host, "AAAA")
        nursery.start_soon(ask, f"_mta-sts.{domain}", "TXT")
        nursery.start_soon(ask, f"_smtp._tls.{domain}", "TXT")
    await ask(f"_25._tcp.{host}", "TLSA")
    return len(found) == 6 and all(found)


async def main(address: str, port: int, domains: list[str], parallel: int) -> int:
    world, seen = outside([(address, port)]), {True: 0, False: 0}

    async def work(queue: Iterator[str]) -> None:
        for domain in queue:
            seen[await look(domain, world)] += 1

    queue = iter(domains)
    async with trio.open_nursery() as nursery:
        for _ in range(parallel):
            nursery.start_soon(work, queue)
    print("ok", seen[True], "failed", seen[False])
    return 1 if seen[False] else 0


if __name__ == "__main__":
    server, wanted, side_by_side = sys.argv[1:]
    kind, _, count = wanted.partition(":")
    host, _, number = server.rpartition(":")
    names = [f"{kind}{n}.test" for n in range(int(count))]
    sys.exit(trio.run(main, host, int(number), names, int(side_by_side)))
