"""The logs themselves: what is missing in them, what was taken out, what was never written."""

from collections.abc import Iterator
from dataclasses import replace

from probe.judge.find import finding
from probe.judge.hybrid.connectors import front_ends, names, to_microsoft
from probe.judge.logged.case import Case, some
from probe.judge.logged.groups import sha1
from probe.model import Digest, Finding, Group, Verdict, Where, known

LOGS = Where(kind="log")


def judge_copy(case: Case, digest: Digest) -> Iterator[Finding]:
    """Findings on the logs as a source."""
    yield from _scrubbed(case)
    if digest.damaged > digest.files:  # of each file one row may be cut: it is still being written
        yield finding("log-incomplete", Verdict.WARN, LOGS, cause="damaged", damaged=digest.damaged, rows=digest.rows)
    if digest.omitted:
        yield finding("log-incomplete", Verdict.UNKNOWN, LOGS, cause="omitted", omitted=digest.omitted)
    if not digest.sessions:
        yield finding("log-incomplete", Verdict.UNKNOWN, LOGS, cause="empty", rows=digest.rows)
    if case.seen and not any(seen.chain for evidence in case.seen for seen in evidence.observations):
        targets = some([evidence.target.given for evidence in case.seen])
        yield finding("log-incomplete", Verdict.UNKNOWN, LOGS, cause="wire-unseen", targets=targets)
    yield from _not_kept(case)


def judge_nothing(digest: Digest) -> Iterator[Finding]:
    """Why nothing at all was found: no session shows TLS, nor the lack of it."""
    yield finding("log-incomplete", Verdict.UNKNOWN, LOGS, cause="no-tls", sessions=digest.sessions)


def _scrubbed(case: Case) -> Iterator[Finding]:
    """Thumbprints that are none match nothing: where there was something to hold them against, that is not known."""
    broken = [group for group in case.groups if _no_thumbprint(group)]
    scrubbed = [group for group in case.groups if group.scrubbed]
    if broken:
        asked = bool(case.exports.organisation or case.seen or case.standard.thumbprints)
        texts = list(dict.fromkeys(_told(group) for group in broken))
        yield finding(
            "log-scrubbed",
            Verdict.UNKNOWN if asked else Verdict.OK,
            LOGS,
            cause="no-thumbprint",
            thumbprints=some(texts),
        )
    elif scrubbed:
        yield finding("log-scrubbed", Verdict.OK, LOGS, cause="names", connectors=_connectors(scrubbed))


def _no_thumbprint(group: Group) -> bool:
    return any(leaf and leaf.thumbprint and not sha1(leaf) for leaf in (group.sent, group.received))


def _told(group: Group) -> str:
    leaves = (leaf for leaf in (group.sent, group.received) if leaf and leaf.thumbprint and not sha1(leaf))
    return ", ".join(f"{leaf.thumbprint} ({len(leaf.thumbprint or '')} characters)" for leaf in leaves)


def _connectors(groups: list[Group]) -> str:
    return some(list(dict.fromkeys(group.connector for group in groups)))


def _not_kept(case: Case) -> Iterator[Finding]:
    """Connectors on the way to and from Exchange Online that write no protocol log: of them nothing can be said."""
    organisation = case.exports.organisation
    if organisation is None:
        return
    logged = {group.connector.casefold() for group in case.groups}
    levels = (
        *((connector.name, connector.protocol_logging_level) for connector in to_microsoft(organisation)),
        *((connector.name, connector.protocol_logging_level) for connector in front_ends(organisation)),
    )
    for name, level in levels:
        if (known(level) or "").casefold() == "none" and name.casefold() not in logged:
            server = name.partition("\\")[0] if "\\" in name else None
            found = finding(
                "log-not-kept",
                Verdict.WARN,
                Where(kind="log", name=name, host=server),
                cause="receive" if server else "send",
            )
            blanks = names(organisation, case.at, servers=[server] if server else None)
            if server:
                blanks = replace(blanks, servers=((("SERVER", server), ("RECEIVE-CONNECTOR", name)),))
            else:
                blanks = replace(blanks, common=tuple({**dict(blanks.common), "SEND-CONNECTOR": name}.items()))
            yield replace(found, names=blanks)
