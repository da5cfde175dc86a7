"""The remedy of a finding, with the blanks of its commands filled in from what is known of the organisation.

What differs from one finding or server to the next is repeated for each: of a step's commands those from the first to
the last that differ, together and in order, so that a variable (`$n`) is always the one that was set just before.
Each Edge server has a step of its own behind that, for its own console: no other server can ask it or tell it anything.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile

from probe.judge.catalogue import Entry
from probe.judge.catalogue.powershell import EDGES, at_its_console, on_edge
from probe.model import Finding, Where
from probe.report.blanks import PER_SERVER, blanks, filled
from probe.report.wording import place

Step = tuple[str, ...]  # an instruction and its commands
Row = Mapping[str, str]  # what the blanks stand for at one place

REPEATS = 32  # servers or connectors for which commands are written out
PLACES = 3  # endpoints likewise: there the commands only look
MOST = 256  # findings of one kind, and servers of each, that are looked at for it
_OF_SERVERS = frozenset({"SERVER", "HOLDER", "RECEIVE-CONNECTOR"})
_SHOW_NAME = ("    $n",)
_WITH_NAME = "Then on a mailbox server, with what this printed in $n:"
_OF_PLACES = frozenset({"HOST", "ADDRESS", "TARGET"})
# How Exchange's set-up calls it, in English: for the reader who has to fill it in, never where servers are known.
_DEFAULT = "'<SERVER>\\Default Frontend <SERVER>'"


def steps(group: Sequence[Finding], entry: Entry) -> list[Step]:
    """The steps that mend these findings, which are explained together; the blanks filled in as far as is known."""
    rows = (tuple(sorted(row.items())) for finding in group[:MOST] for row in _rows(finding))
    return written(entry.remedy, [dict(row) for row in dict.fromkeys(rows)])


def written(remedy: Iterable[str], rows: Sequence[Row]) -> list[Step]:
    """The remedy in steps, filled in from the rows, each of which is one place or server."""
    agreed = dict(set.intersection(*(set(row.items()) for row in rows))) if rows else {}
    if not any(PER_SERVER & row.keys() for row in rows):
        remedy = map(_spelt_out, remedy)
    concerned = ((step, _concerned(step, rows)) for step in _steps(remedy))
    return [told for step, its in concerned if its or not rows for told in _told(step, its, agreed)]


def _told(step: Step, rows: Sequence[Row], agreed: Row) -> Iterator[Step]:
    """The step as it is, but for Edge servers."""
    wanted = {word for command in step[1:] for word in blanks(command)}
    edges: dict[str, list[Row]] = {}
    others: list[Row] = []
    for row in rows:
        server = row.get("HOLDER" if "SEND-CONNECTOR" in wanted else "SERVER", "")
        at_edge = wanted & _OF_SERVERS and server and _is_edge(server, row.get(EDGES, ""))
        (edges.setdefault(server, []) if at_edge else others).append(row)
    instruction, *commands = _written(step, others or rows, agreed)
    if len(edges) > REPEATS:
        instruction = f"{instruction[:-1]}, here for the first {REPEATS} Edge servers:"
    yield (instruction, *(commands if others or not edges else ()))
    for server, its in list(edges.items())[:REPEATS]:
        yield from _on_edge(server, at_its_console(step[1:]), its, agreed)


def _on_edge(server: str, commands: Sequence[str], rows: Sequence[Row], agreed: Row) -> Iterator[Step]:
    """Send connectors of an Edge server are a mailbox server's, which cannot ask it for its certificate's name."""
    sending = tuple(command for command in commands if "SEND-CONNECTOR" in blanks(command))
    here = tuple(command for command in commands if command not in sending)
    yield _written((on_edge(server), *here, *(_SHOW_NAME if sending else ())), rows, agreed)
    if sending:
        yield _written((_WITH_NAME, *sending, "    Start-EdgeSynchronization"), rows, agreed)


def _concerned(step: Step, rows: Sequence[Row]) -> list[Row]:
    """The rows that the step is for. An empty value says that there is nothing there for which its blank could stand:
    a fault of a send connector needs no commands for a receive connector."""
    wanted = {word for command in step[1:] for word in blanks(command)}
    return [row for row in rows if all(row.get(word) != "" for word in wanted)]


def _steps(remedy: Iterable[str]) -> Iterator[Step]:
    step: list[str] = []
    for line in remedy:
        if step and not line.startswith(" "):
            yield tuple(step)
            step = []
        step.append(line)
    if step:
        yield tuple(step)


def _rows(finding: Finding) -> Iterator[dict[str, str]]:
    """What is known at the finding: of each of its servers, if it has any. Where nobody says which server holds the
    certificate, each is asked for its own."""
    common = {**_of_place(finding.where), **dict(finding.names.common)}
    for server in _servers(finding) or [{}]:
        holder = {"HOLDER": server["SERVER"]} if "SERVER" in server else {}
        yield {**holder, **common, **server}


def _of_place(where: Where) -> dict[str, str]:
    if where.kind not in ("host", "endpoint", "certificate"):
        return {}
    host = where.host or where.address
    found = {
        "HOST": host if host and ":" not in host else None,  # remedies put a port behind it
        "ADDRESS": where.address,
        "TARGET": place(None, host, where.port) if where.port is not None else None,
    }
    return {blank: value for blank, value in found.items() if value}


def _is_edge(server: str, edges: str) -> bool:
    from probe.model import short  # whoever has edges to name has loaded it

    return short(server) in edges.split("\n")


def _servers(finding: Finding) -> list[dict[str, str]]:
    """Of a finding about one server that server, else all of those to which its remedy may apply."""
    where, known = finding.where, [dict(server) for server in finding.names.servers[:MOST]]
    if where.kind not in ("connector", "installed") or not where.host:
        return known
    from probe.model import same_server

    own = {"SERVER": where.host}
    if where.kind == "connector" and where.name and "\\" in where.name:
        own["RECEIVE-CONNECTOR"] = where.name
    here = [server for server in known if same_server(server.get("SERVER", ""), where.host)]
    return [{**server, **own, **_named(server)} for server in here] or [own]


def _named(server: Row) -> Row:
    """The connector of a row that is of one connector alone, the other being empty."""
    return server if "" in server.values() else {}


def _written(step: Step, rows: Sequence[Row], agreed: Row) -> Step:
    instruction, *commands = step
    wanted = dict.fromkeys(word for command in commands for word in blanks(command))
    cases = _fullest([{word: row[word] for word in wanted if word in row} for row in rows])
    differing = {word for word in wanted if len({case.get(word) for case in cases}) > 1}
    most = PLACES if differing <= _OF_PLACES else REPEATS
    if len(cases) > most:
        instruction = f"{instruction[:-1]}, here for the first {most}:"
    return (filled(instruction, agreed), *_repeated(commands, cases[:most], differing))


def _repeated(commands: Sequence[str], cases: Sequence[Row], differing: set[str]) -> Iterator[str]:
    """The commands, those in between repeated for each case."""

    def same(command: str) -> bool:
        return differing.isdisjoint(blanks(command))

    before = list(takewhile(same, commands))
    after = list(takewhile(same, reversed(commands[len(before) :])))[::-1]
    between = commands[len(before) : len(commands) - len(after)]
    yield from (filled(command, cases[0]) for command in before)
    yield from (filled(command, case) for case in cases for command in between)
    yield from (filled(command, cases[0]) for command in after)


def _fullest(cases: Sequence[Row]) -> list[Row]:
    """Each case once, and none of which another tells the same and more; one at least."""
    each = dict.fromkeys(tuple(case.items()) for case in cases)
    known = {frozenset(dict(case)) for case in each}
    less = {
        case
        for words in known
        for other in each
        if words < frozenset(dict(other))
        for case in [tuple(item for item in other if item[0] in words)]
    }
    return [dict(case) for case in each if case not in less] or [{}]


def _spelt_out(line: str) -> str:
    return line.replace("'<RECEIVE-CONNECTOR>'", _DEFAULT)
