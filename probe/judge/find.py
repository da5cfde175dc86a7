"""Making findings: facts sorted and without gaps, and places named the same way everywhere."""

from dataclasses import replace

from probe.model import Endpoint, Finding, RuleBook, Verdict, Where


def finding(
    code: str, verdict: Verdict, where: Where, book: RuleBook = RuleBook.RFC, /, **facts: str | int | None
) -> Finding:
    """A finding with those of the facts that are known; `_` in a fact's name stays."""
    known = sorted((key, str(value)) for key, value in facts.items() if value not in (None, ""))
    return Finding(code=code, verdict=verdict, where=where, facts=tuple(known), rule_book=book)


def noted(found: Finding, **facts: str) -> Finding:
    """The finding with more facts."""
    return replace(found, facts=tuple(sorted({**dict(found.facts), **facts}.items())))


def at_endpoint(endpoint: Endpoint) -> Where:
    return Where(kind="endpoint", host=endpoint.host, address=endpoint.address, port=endpoint.port)


def placed(found: Finding, endpoint: Endpoint) -> Finding:
    """A finding made for a chain alone, as one about the endpoint that presented it."""
    where = Where(
        kind=found.where.kind,
        host=endpoint.host,
        address=endpoint.address,
        port=endpoint.port,
        position=found.where.position,
    )
    return Finding(code=found.code, verdict=found.verdict, where=where, facts=found.facts, rule_book=found.rule_book)


def at_certificate(position: int | None) -> Where:
    """Whose certificate, `placed` says. None: one that was not presented, as an anchor is."""
    return Where(kind="certificate", position=position)


def at_host(host: str) -> Where:
    return Where(kind="host", host=host)


TARGET = Where(kind="target")
ENDPOINT = Where(kind="endpoint")  # which one, `placed` says
