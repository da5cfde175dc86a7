"""How an answer of a resolver is told."""

from probe.model import Answer, Dnssec, Outcome
from probe.report.escape import visible
from probe.report.wording import count

# What a validator says of an answer. BOGUS and FAILED are outcomes, which are told anyway.
STATUS = {Dnssec.SECURE: " (secure)", Dnssec.INSECURE: " (insecure)", Dnssec.NOT_VALIDATED: " (not validated)"}


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
