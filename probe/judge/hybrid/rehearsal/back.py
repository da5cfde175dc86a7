"""The ways back, one from each stage of the plan. Whoever stops takes the last stage first, and so on to the first."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from probe.judge.catalogue.words import RESTART
from probe.judge.hybrid.rehearsal.case import Case, Connector
from probe.judge.hybrid.rehearsal.certificate import told
from probe.judge.hybrid.rehearsal.install import imported, unnamed
from probe.judge.hybrid.rehearsal.online import renamed
from probe.judge.hybrid.rehearsal.renaming import INBOUND, NOT_BESIDE, ONLINE, OUTBOUND, valued
from probe.judge.hybrid.rehearsal.step import Row, Step, apart, on_servers, receiving, sending, shared
from probe.model import Names, OutboundConnector, known

_LONGEST = 300  # characters of a name that is written into a command; a longer one is left blank there


def back(case: Case, steps: Sequence[Step]) -> tuple[Step, ...]:
    """From the last stage to the first; `steps` are those of the plan, numbered from 1."""
    stages: dict[str, int] = {}
    for number, step in enumerate(steps, 1):
        stages.setdefault(step.key, number)
    held = [n for n, step in enumerate(steps, 1) if step.key == "import" and any("Import-" in c for c in step.commands)]
    changed = [stages[key] for key in ("receive", "send") if key in stages]
    ways = (
        *_too_late(case),
        *(_removed(case, stages["remove"]) if "remove" in stages else ()),
        *_renamed_last(case, stages),
        *(_connectors(case, min(changed), steps) if changed else ()),
        *(_installed(case, held[0], twins="unname" in stages) if held else ()),
        *_renamed_first(case, stages),
        *_published(stages, steps),
    )
    return tuple(apart(ways, case))


def _too_late(case: Case) -> Iterator[Step]:
    end = known(case.today.not_after) if case.today else None
    if end and end < case.at:
        yield Step(
            key="too-late",
            instruction=f"The certificate in use ended on {told(end)}: there is nothing good to go back to.",
            why="What follows restores how things are now, and no more.",
        )


def _removed(case: Case, number: int) -> Iterator[Step]:
    names = on_servers(case, case.servers)
    again = f"From step {number} on, the old certificate has to be imported again, from its own PFX file."
    yield from shared(
        "remove",
        (again, *imported(case, case.servers)),
        names,
        why="Then go on as below.",
    )


def _renamed_last(case: Case, stages: dict[str, int]) -> Iterator[Step]:
    """What was changed in Exchange Online when the new certificate was in use."""
    for change in renamed(case):
        outbound = isinstance(change.connector, OutboundConnector)
        number = stages.get("online" if outbound else "first")
        if not change.bridge:
            yield Step(
                key="online",
                instruction=f"{ONLINE}, from step {number} on, let the connector expect the old name again:",
                commands=(OUTBOUND if outbound else INBOUND,),
                names=valued(change, change.before),
            )


def _renamed_first(case: Case, stages: dict[str, int]) -> Iterator[Step]:
    """What was prepared there for both certificates, now that the old one is in use again."""
    for change in renamed(case):
        outbound = isinstance(change.connector, OutboundConnector)
        if change.bridge:
            yield Step(
                key="bridge",
                instruction=f"{ONLINE}, from step {stages['bridge']} on, let the connector expect the old name again:",
                commands=(OUTBOUND if outbound else INBOUND,),
                why="A name that both certificates have may as well stay.",
                names=valued(change, change.before),
            )
        elif not outbound:
            yield Step(
                key="beside",
                instruction=f"{ONLINE}, from step {stages['beside']} on, remove the second inbound connector:",
                commands=(NOT_BESIDE,),
                names=valued(change, change.before),
            )


def _connectors(case: Case, number: int, steps: Sequence[Step]) -> Iterator[Step]:
    """The names as the export has them, word for word."""
    pointed = {row for step in steps if step.key in ("receive", "send") for row in step.names.servers}
    changed = [found for found in case.connectors if pointed.intersection(_rows(case, found))]
    changed.sort(key=_kind)
    for (kind, named), group in groupby(changed, _kind):
        found = list(group)
        word = "Send" if kind == "SendConnector" else "Receive"
        value = "'<NAME>'" if named else "$null"
        rows = tuple((*row, *_name(connector)) for connector in found for row in _rows(case, connector))
        yield Step(
            key="connectors",
            instruction=f"From step {number} on, give the {word.lower()} connectors the name that the export has:",
            commands=(f"    Set-{word}Connector '<{word.upper()}-CONNECTOR>' -TlsCertificateName {value}",),
            why="The old certificate has to be there still, and valid. Where the export does not tell the name, note "
            "it before the change.",
            names=Names(servers=rows),
        )
    yield Step(
        key="connectors",
        instruction="Then restart transport, one server after the other:",
        commands=RESTART,
        names=on_servers(case, case.servers),
    )


def _kind(connector: Connector) -> tuple[str, bool]:
    """Which cmdlet it takes, and whether it had a name, known or not."""
    return type(connector).__name__, connector.tls_certificate_name not in (None, "")


def _rows(case: Case, connector: Connector) -> tuple[Row, ...]:
    return (*receiving(case, [connector]), *sending(case, [connector]))


def _name(connector: Connector) -> Row:
    given = known(connector.tls_certificate_name)
    return (("NAME", given),) if given and len(given) <= _LONGEST else ()


def _installed(case: Case, number: int, *, twins: bool) -> Iterator[Step]:
    """What was imported goes again, when no connector names it any more."""
    named = [found for found in case.connectors if known(found.tls_certificate_name)]
    if twins:
        yield from unnamed(case, named, "uninstall", f"From step {number} on")
    when = "Then" if twins else f"From step {number} on,"
    yield Step(
        key="uninstall",
        instruction=f"{when} remove the new certificate, line by line, as each asks for confirmation:",
        commands=("    Remove-ExchangeCertificate -Server '<SERVER>' -Thumbprint '<THUMBPRINT>'",),
        why="It was not there before. Left where it is, it does no harm as long as no connector names it."
        if not twins
        else "By name it is one with the old certificate: as long as both are there, either may be used.",
        names=on_servers(case, case.lacking),
    )
    if twins:
        for word, rows in (("Send", sending), ("Receive", receiving)):
            filled = tuple((*row, *_name(found)) for found in named for row in rows(case, [found]))
            if filled:
                yield Step(
                    key="uninstall",
                    instruction=f"Give the {word.lower()} connectors their name back at once:",
                    commands=(f"    Set-{word}Connector '<{word.upper()}-CONNECTOR>' -TlsCertificateName '<NAME>'",),
                    names=Names(servers=filled),
                )
        yield Step(
            key="uninstall",
            instruction="Then restart transport, one server after the other:",
            commands=RESTART,
            names=on_servers(case, case.servers),
        )


def _published(stages: dict[str, int], steps: Sequence[Step]) -> Iterator[Step]:
    if "publish" in stages:
        records = next(step.commands for step in steps if step.key == "publish")
        yield Step(
            key="unpublish",
            instruction=f"From step {stages['publish']} on, last of all, take the new TLSA records out again:",
            commands=records,
            why="A record that matches nothing does no harm beside one that does.",
        )
