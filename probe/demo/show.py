"""The demonstration: the estate is probed by the very code of `probe TARGET`, deliveries are heard by that of `probe
listen`, and every case must come out as built."""

import math
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import trio
from OpenSSL import SSL

from probe.demo.built import Built
from probe.demo.deliveries import Delivery, deliveries
from probe.demo.estate import HOST, Case, Estate, open_estate
from probe.demo.peer import ADDRESS
from probe.demo.sender import deliver
from probe.errors import PeerError
from probe.judge.chain import Anchors
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import Observation, Report, Target
from probe.observe import Limits, Manner, outside
from probe.observe.accept import Host
from probe.observe.tls_server import self_made, server_context
from probe.run import probe_all
from probe.run.listen import Listener, Rules, bind, evidence

LISTENER = "listen.demo.invalid"
PATIENCE = 10.0  # seconds for one delivery

Tell = Callable[[Built, Report, tuple[str, ...]], None]


def run_demo(tell: Tell, turn: Callable[[], None]) -> bool:
    """Probe every case of the estate, then, after a word from `turn`, hear every delivery; and tell of each: the case,
    its report, and in which ways it came out otherwise than built.

    True where every case came out as built.
    """
    faults: list[str] = []

    def told(case: Built, report: Report, wrong: list[str]) -> None:
        faults.extend(wrong)
        tell(case, report, tuple(wrong))

    async def all_cases() -> None:
        async with trio.open_nursery() as nursery:
            estate = await open_estate(nursery, datetime.now(UTC))
            for case in estate.cases:
                report = await _probe(case, estate)
                told(case, report, case.otherwise(report))
            nursery.cancel_scope.cancel()
        turn()
        await hear_deliveries(told)

    trio.run(all_cases)
    return not faults


def serve_demo(tell: Callable[[Estate], None]) -> None:
    """Keep the estate up until interrupted. `tell` is told once it stands."""

    async def stay() -> None:
        async with trio.open_nursery() as nursery:
            tell(await open_estate(nursery, datetime.now(UTC)))
            await trio.sleep_forever()

    trio.run(stay)


async def _probe(case: Case, estate: Estate) -> Report:
    """As `probe HOST:PORT --connect ADDRESS --expect-name NAME --roots FILE` would."""
    limits = Limits() if case.timeout is None else Limits().within(case.timeout)
    manner = Manner(limits=limits, connect=(estate.address,), ehlo="demo.probe.invalid")
    target = Target(given=f"{case.host}:{case.port}", name=case.host, port=case.port)
    standard = Standard(name=case.expect_name)
    anchors = _anchors(estate.roots_pem)
    reports: list[Report] = []
    await probe_all(
        [target],
        outside(),
        manner,
        1,
        lambda evidence: reports.append(judge(evidence, standard, anchors, evidence.at)),
    )
    return reports[0]


async def hear_deliveries(tell: Callable[[Delivery, Report, list[str]], None]) -> None:
    """As `probe listen ADDRESS:0 --connectors FILE --roots FILE` would, each delivery by exports of its own."""
    world = outside()
    built = deliveries(ADDRESS, world.now())
    anchors = _anchors(built.roots_pem)
    context = server_context(*self_made(LISTENER, world.now()))
    heard, seen = trio.open_memory_channel[Observation](math.inf)
    sockets = bind(ADDRESS, 0)
    port = int(sockets[0].getsockname()[1])
    async with trio.open_nursery() as nursery:
        listener = Listener(
            lambda secure: Host(name=LISTENER, context=context, now=world.now, secure=secure),
            Rules(),
            heard.send_nowait,
            turned_away=lambda *_: None,  # then nothing is seen, and its time runs out
            fault=lambda error: nursery.start_soon(_raise, error),
        )
        await nursery.start(listener.serve, sockets)
        for case in built.cases:
            with trio.fail_after(PATIENCE):
                # What the listener has seen of it is what counts, also where it broke off.
                with suppress(OSError, SSL.Error, PeerError):
                    await deliver(world, ADDRESS, port, HOST, case.identity, case.mail)
                found = evidence(await seen.receive(), LISTENER)
            report = judge(found, Standard(), anchors, found.at, case.organisation)
            tell(case, report, case.otherwise(report))
        listener.stop()


def _anchors(roots_pem: bytes) -> Anchors:
    return Anchors(label="the demo's root", der=(ssl.PEM_cert_to_DER_cert(roots_pem.decode()),))


async def _raise(error: Exception) -> None:
    raise error
