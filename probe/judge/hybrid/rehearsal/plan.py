"""The steps of a renewal, in the order in which mail never stops.

What must be known before is published before (TLSA), what can expect both certificates is made to, then every server
gets the certificate, its issuers and its key, then the connectors are changed and transport is restarted, one server
after the other. Only when the endpoints show the new certificate does anything old go.
"""

from collections.abc import Iterator, Sequence

from probe.judge.catalogue.words import VALIDATE
from probe.judge.certificate import host_address, is_host
from probe.judge.hybrid.rehearsal.case import MOST_SERVERS, Case, Connector, place
from probe.judge.hybrid.rehearsal.certificate import told
from probe.judge.hybrid.rehearsal.install import installed, pointed, restarted, unnamed
from probe.judge.hybrid.rehearsal.online import concerned_hosts
from probe.judge.hybrid.rehearsal.renaming import afterwards, at_once, beforehand, expected_then
from probe.judge.hybrid.rehearsal.step import Step, apart, shared
from probe.judge.hybrid.rehearsal.wire import reached
from probe.model import Finding, Names, Verdict, items, known

UNFIT = {
    "rehearsal-file",
    "rehearsal-dates",
    "rehearsal-trust",
    "rehearsal-usage",
    "rehearsal-key",
    "rehearsal-signature",
    "rehearsal-unnameable",
}
MOST_TARGETS = 20  # that a command to verify is written for


def plan(case: Case, findings: Sequence[Finding]) -> tuple[Step, ...]:
    """What to do, in order; nothing where the certificate is in use already and nothing speaks against it."""
    faults = [found for found in findings if found.verdict is not Verdict.OK]
    if case.settled and not faults:
        return ()
    changing = tuple(connector for connector in case.connectors if _changes(connector, faults))
    restart = bool(changing or case.replaced or case.lacking)
    steps = (
        *_stop(faults),
        *_wait(case),
        *_publish(faults),
        *beforehand(case),
        *installed(case, faults),
        *pointed(case, changing),
        *(restarted(case) if restart else ()),
        *at_once(case),
        *_verify(case),
        *afterwards(case),
        *_wizard(faults),
        *_clear(case, findings, changing),
    )
    return tuple(apart(steps, case))


def _changes(connector: Connector, faults: Sequence[Finding]) -> bool:
    where = place(connector)
    return any(found.code == "rehearsal-connector" and found.where == where for found in faults)


def _stop(faults: Sequence[Finding]) -> Iterator[Step]:
    codes = tuple(dict.fromkeys(f.code for f in faults if f.code in UNFIT and f.verdict is Verdict.FAIL))
    if codes:
        yield Step(
            key="stop",
            instruction="Do not install this certificate: get another one, and rehearse that.",
            why="What speaks against it stands above. The steps below would hold for one of the same names and issuer.",
            answers=codes,
        )


def _wait(case: Case) -> Iterator[Step]:
    if case.at < case.leaf.not_before:
        yield Step(
            key="wait",
            instruction=f"Wait until {told(case.leaf.not_before)} before any connector names the certificate.",
            why="Until then it is not valid, and Exchange passes it over. It may be installed before.",
            answers=("rehearsal-dates",),
        )


def _publish(faults: Sequence[Finding]) -> Iterator[Step]:
    found = [fault for fault in faults if fault.code == "rehearsal-tlsa" and fault.fact("publish")]
    if found:
        seconds = max(int(fault.fact("ttl") or 0) for fault in found)
        least = f" By the copies that were seen that is {2 * seconds} seconds at least." if seconds else ""
        yield Step(
            key="publish",
            instruction="Publish these TLSA records beside those of today, and wait for twice their TTL:",
            commands=tuple(dict.fromkeys(f"    {fault.fact('publish')}" for fault in found)),
            why="Senders keep the old records for their TTL, and refuse a key that these do not cover (RFC 7671 §8.1)."
            f"{least} Today's records stay until the end.",
            answers=("rehearsal-tlsa",),
        )


def _verify(case: Case) -> Iterator[Step]:
    lines = dict.fromkeys(f"    probe '{target}'{_expecting(case, name)}" for target, name in _targets(case))
    yield Step(
        key="verify",
        instruction="See that every endpoint shows it, repeatedly, as a load balancer may hide several servers:",
        commands=tuple(lines)[:MOST_TARGETS] or (f"    probe '<TARGET>'{_expecting(case, None)}",),
        why=f"The thumbprint has to be {case.thumbprint} everywhere. Then send one mail each way.",
        answers=("rehearsal-endpoint", "rehearsal-same-name"),
    )
    for connector in case.outbound:
        domains = [name for name in items(connector.recipient_domains) if is_host(name) and not name.startswith("*")]
        common = (("OUTBOUND-CONNECTOR", connector.name), *((("DOMAIN", domains[0]),) if domains else ()))
        yield from shared("verify", VALIDATE, Names(common=common))


def _targets(case: Case) -> Iterator[tuple[str, str | None]]:
    """Where to look, and which name Exchange Online expects there; of hosts and addresses alone, so that they can be
    pasted."""
    expected = expected_then(case)
    for host in concerned_hosts(case):
        yield f"[{host}]:25" if ":" in host else f"{host}:25", expected
    for evidence in (found for found in case.evidence if reached(found, case)):
        name, port = evidence.target.name, evidence.target.port
        if host_address(name) or is_host(name):
            literal = f"[{name}]" if ":" in name else name
            yield literal if port is None else f"{literal}:{port}", expected


def _expecting(case: Case, name: str | None) -> str:
    named = f" --expect-name '{name}'" if name and is_host(name) else ""
    return f" --expect-thumbprint {case.thumbprint}{named} --repeat 8"


def _wizard(faults: Sequence[Finding]) -> Iterator[Step]:
    if any(fault.code == "rehearsal-hybrid-configuration" for fault in faults):
        yield Step(
            key="wizard",
            instruction="Run the Hybrid Configuration Wizard, and choose to update the secure mail certificate only.",
            why="What it was last asked for names the old certificate, and a later run could put that back. It sets "
            "the same connectors once more.",
            answers=("rehearsal-hybrid-configuration",),
        )


def _clear(case: Case, findings: Sequence[Finding], changing: Sequence[Connector]) -> Iterator[Step]:
    """What is old goes last, and only what the exports show to be installed."""
    thumbprints = {found.thumbprint for found in case.replaced}
    rows = tuple(
        (("SERVER", server), ("OLD-THUMBPRINT", found.thumbprint))
        for found in case.organisation.certificates
        if found.thumbprint in thumbprints and (server := known(found.server))
    )[:MOST_SERVERS]
    named = [found for found in case.connectors if known(found.tls_certificate_name) or found in changing]
    twins = any(found.code == "rehearsal-same-name" for found in findings)
    if rows:
        if twins:
            yield from unnamed(case, named, "unname", "After some days, in a quiet hour")
        when = "Then" if twins else "After some days,"
        yield Step(
            key="remove",
            instruction=f"{when} remove the old certificate, line by line, as each asks for confirmation:",
            commands=("    Remove-ExchangeCertificate -Server '<SERVER>' -Thumbprint '<OLD-THUMBPRINT>'",),
            why="See first that nothing else uses it. With it the quick way back ends; keep its PFX file."
            f"{' It may as well stay until it has ended.' if twins else ''}",
            names=Names(servers=rows),
            answers=("rehearsal-same-name",),
        )
        if twins:
            yield from pointed(case, named, "-again")
            yield from restarted(case, "restart-again")
    if any(found.code == "rehearsal-tlsa" and found.fact("publish") for found in findings):
        yield Step(key="unpublish", instruction="Take the old certificate's TLSA records out of the zone.")
