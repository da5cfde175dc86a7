"""What a plan is made of: steps whose commands have blanks, and what the blanks stand for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from probe.judge.catalogue.powershell import EDGES, at_its_console, on_edge
from probe.judge.hybrid.connectors import edge_servers, edges_listed, on_premises
from probe.judge.hybrid.installed import same_server, short
from probe.judge.hybrid.rehearsal.case import Case, Connector
from probe.model import Names, ReceiveConnector, SendConnector, items, known

NOTHING = Names()
_OF_SERVERS = ("<SERVER>", "<RECEIVE-CONNECTOR>")
Row = tuple[tuple[str, str], ...]  # what the blanks stand for at one server or connector


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do. `key` is its stage, `instruction` ends with "." or ":", and its commands stand below it, each
    behind four blanks, to be repeated for each of `names.servers`. `answers` are the codes of the findings that it
    mends."""

    key: str
    instruction: str
    commands: tuple[str, ...] = ()
    why: str = ""
    names: Names = NOTHING
    answers: tuple[str, ...] = ()


def shared(
    key: str, remedy: Iterable[str], names: Names, *, why: str = "", answers: tuple[str, ...] = ()
) -> list[Step]:
    """The catalogue's own words as steps; the reason stands with the first of them."""
    cut: list[list[str]] = []
    for line in remedy:
        if cut and line.startswith(" "):
            cut[-1].append(line)
        else:
            cut.append([line])
    return [
        Step(key=key, instruction=first, commands=tuple(rest), names=names, why="" if place else why, answers=answers)
        for place, (first, *rest) in enumerate(cut)
    ]


def apart(steps: Iterable[Step], case: Case) -> Iterator[Step]:
    """The steps, and behind each of them one for every Edge server that it is for, to be done at its own console."""
    edges = edge_servers(case.organisation)
    for step in steps:
        there: dict[str, list[Row]] = {}
        elsewhere: list[Row] = []
        for row in step.names.servers:
            server = dict(row).get("SERVER", "")
            (there.setdefault(server, []) if short(server) in edges else elsewhere).append(row)
        if not there or not any(blank in command for command in step.commands for blank in _OF_SERVERS):
            yield step
            continue
        rest = replace(step.names, servers=tuple(elsewhere))
        yield replace(step, names=rest, commands=step.commands if elsewhere else ())
        for server, rows in there.items():
            yield replace(
                step,
                instruction=on_edge(server),
                commands=at_its_console(step.commands),
                names=replace(step.names, servers=tuple(rows)),
                why="",
            )


def blanks(case: Case) -> Names:
    """What the blanks of the remedies stand for in this organisation, where there is but one of a kind."""
    outbound, inbound = case.outbound, on_premises(case.organisation.inbound)
    send = [connector for connector in case.connectors if isinstance(connector, SendConnector)]
    common = {
        "THUMBPRINT": case.thumbprint,
        "OLD-THUMBPRINT": case.today.thumbprint if case.today else None,
        "NAME": known(outbound[0].tls_domain) if len(outbound) == 1 else None,
        "OUTBOUND-CONNECTOR": outbound[0].name if len(outbound) == 1 else None,
        "INBOUND-CONNECTOR": inbound[0].name if len(inbound) == 1 else None,
        "SEND-CONNECTOR": send[0].name if len(send) == 1 else None,
        "HOLDER": next(iter(mailbox_servers(case)), None),
        EDGES: edges_listed(case.organisation),
    }
    return Names(
        common=tuple((blank, value) for blank, value in common.items() if value),
        servers=(*receiving(case, case.connectors), *_without_one(case)),
    )


def _without_one(case: Case) -> Iterator[Row]:
    there = {dict(row).get("SERVER", "").casefold() for row in receiving(case, case.connectors)}
    yield from ((("SERVER", server),) for server in case.servers if server.casefold() not in there)


def on_servers(case: Case, servers: Iterable[str], **common: str) -> Names:
    """The same commands on each server."""
    return Names(
        common=(("THUMBPRINT", case.thumbprint), *((key.replace("_", "-"), value) for key, value in common.items())),
        servers=tuple((("SERVER", server),) for server in servers),
    )


def receiving(case: Case, connectors: Iterable[Connector]) -> tuple[Row, ...]:
    """Of each receive connector its server and name."""
    return tuple(
        (*((("SERVER", server),) if (server := server_of(found, case)) else ()), ("RECEIVE-CONNECTOR", found.name))
        for found in connectors
        if isinstance(found, ReceiveConnector)
    )


def sending(case: Case, connectors: Iterable[Connector]) -> tuple[Row, ...]:
    """Of each send connector its name, and a server that holds the certificate and can be asked for it, if any is."""
    return tuple(
        (*((("HOLDER", server),) if (server := server_of(found, case)) else ()), ("SEND-CONNECTOR", found.name))
        for found in connectors
        if isinstance(found, SendConnector)
    )


def mailbox_servers(case: Case, servers: Iterable[str] | None = None) -> tuple[str, ...]:
    """Of these servers, else of those that need the certificate, all but the Edge servers."""
    edges = edge_servers(case.organisation)
    return tuple(server for server in (case.servers if servers is None else servers) if short(server) not in edges)


def server_of(connector: Connector, case: Case) -> str | None:
    """The server of a receive connector; of a send connector the first of its own that is no Edge server, or the first
    that there is."""
    if isinstance(connector, ReceiveConnector):
        named = known(connector.server) or connector.name.rpartition("\\")[0]
    else:
        named = next(
            iter((*mailbox_servers(case, items(connector.source_transport_servers)), *mailbox_servers(case))), ""
        )
    return next((server for server in case.servers if same_server(server, named)), named.partition(".")[0] or None)
