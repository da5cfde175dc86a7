"""The demonstration: the estate is probed by the very code of `probe TARGET`, and every case must come out as built."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime

import trio

from probe.demo.estate import Case, Estate, open_estate
from probe.judge.chain import Anchors
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import Report, Target
from probe.observe import Limits, Manner, outside
from probe.run import probe_all


def run_demo(tell: Callable[[Case, Report, tuple[str, ...]], None]) -> bool:
    """Probe every case and tell of each: the case, its report, and in which ways it came out otherwise than built.

    True where every case came out as built.
    """
    faults: list[str] = []

    async def all_cases() -> None:
        async with trio.open_nursery() as nursery:
            estate = await open_estate(nursery, datetime.now(UTC))
            for case in estate.cases:
                report = await _probe(case, estate)
                wrong = tuple(_wrong(case, report))
                faults.extend(wrong)
                tell(case, report, wrong)
            nursery.cancel_scope.cancel()

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
    anchors = Anchors(label="the demo's root", der=(ssl.PEM_cert_to_DER_cert(estate.roots_pem.decode()),))
    reports: list[Report] = []
    await probe_all(
        [target],
        outside(),
        manner,
        1,
        lambda evidence: reports.append(judge(evidence, standard, anchors, evidence.at)),
    )
    return reports[0]


def _wrong(case: Case, report: Report) -> list[str]:
    found = {finding.code for finding in report.findings}
    causes = {finding.fact("cause") for finding in report.findings}
    wrong = [f"{case.name}: no finding {code}" for code in sorted(case.codes - found)]
    wrong += [f"{case.name}: no finding with the cause {cause}" for cause in sorted(case.causes - causes)]
    if report.verdict is not case.verdict:
        wrong.append(f"{case.name}: {report.verdict}, and was built to be {case.verdict}")
    return wrong
