"""The answers of the resolvers: which there are, and how one is told."""

from collections.abc import Iterator

from probe.model import Answer, Dnssec, Evidence, Outcome
from probe.report.escape import visible
from probe.report.wording import count

# What a validator says of an answer. BOGUS and FAILED are outcomes, which are told anyway.
STATUS = {Dnssec.SECURE: " (secure)", Dnssec.INSECURE: " (insecure)", Dnssec.NOT_VALIDATED: " (not validated)"}


def answers(evidence: Evidence) -> Iterator[Answer]:
    """Every answer of a run: for the route, host by host with its TLSA, then for what the domain has promised."""
    yield from evidence.route.answers
    for hop in evidence.route.hops:
        yield from hop.answers
        if hop.alias:
            yield hop.alias
        yield from hop.tlsa
    if evidence.mta_sts:
        yield evidence.mta_sts.txt
        yield from evidence.mta_sts.addresses
    if evidence.tlsrpt:
        yield evidence.tlsrpt


def told(answer: Answer) -> str:
    """ "mail.contoso.com: 192.0.2.25 (secure)"; of TLSA only how many records there are, for they are long."""
    if answer.outcome is not Outcome.FOUND:
        found = str(answer.outcome)
    elif answer.question.rtype == "TLSA":
        found = count(len(answer.records), "record")
    else:
        found = ", ".join(map(visible, answer.records))
    alias = f" (alias of {visible(answer.canonical)})" if answer.aliases else ""
    detail = f" ({visible(answer.detail)})" if answer.detail else ""
    return f"{visible(answer.question.name)}{alias}: {found}{detail}{STATUS.get(answer.dnssec, '')}"
