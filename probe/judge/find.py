"""Making findings: facts sorted and without gaps, and places named the same way everywhere."""

from probe.model import Endpoint, Finding, RuleBook, Verdict, Where


def finding(
    code: str, verdict: Verdict, where: Where, book: RuleBook = RuleBook.RFC, **facts: str | int | None
) -> Finding:
    """A finding with those of the facts that are known; `_` in a fact's name stays."""
    known = sorted((key, str(value)) for key, value in facts.items() if value not in (None, ""))
    return Finding(code=code, verdict=verdict, where=where, facts=tuple(known), rule_book=book)


def at_endpoint(endpoint: Endpoint) -> Where:
    return Where(kind="endpoint", host=endpoint.host, address=endpoint.address, port=endpoint.port)


def at_certificate(endpoint: Endpoint, position: int | None) -> Where:
    """`position` None: a certificate that was not presented, as an anchor is."""
    return Where(
        kind="certificate", host=endpoint.host, address=endpoint.address, port=endpoint.port, position=position
    )


def at_host(host: str) -> Where:
    return Where(kind="host", host=host)


TARGET = Where(kind="target")
