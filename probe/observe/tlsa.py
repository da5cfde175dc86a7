"""Which names a host's TLSA records may stand under, and asking for them there (RFC 7672 §2.2, RFC 7671 §7).

DANE binds a port of a *base domain* to certificates: `_25._tcp.mx.example.org` is for port 25 of `mx.example.org`. A
host that is an alias has two names that may be the base: its own, and that to which it expands in the end. Which of
them count depends on how far the chain of aliases is signed, so the addresses come first: below addresses that are
shown to be unsigned there is no DANE, and asking all the same would meet the servers that answer TLSA with SERVFAIL or
not at all (RFC 7672 §2.2.2).

The rule is SMTP's. RFC 7671 §7 has the same order of names for every other protocol.
"""

from collections.abc import Iterable
from dataclasses import replace

from probe.model import Answer, Hop, Outcome, Question
from probe.observe.asking import Asking


async def look_up(hop: Hop, port: int, ask: Asking) -> None:
    """Ask for everything that DANE wants to know of a host beyond its addresses. `with_tlsa` puts it into the hop."""
    if not hop.addresses or any(answer.resolver == "system" for answer in hop.answers):
        return  # unreachable by name (RFC 7672 §2.2.2, "not found"), or known to this machine alone
    alias = next((answer for answer in hop.answers if answer.aliases and answer.outcome is Outcome.FOUND), None)
    if not any(answer.secure is False for answer in hop.answers):
        # "Secure CNAME": the expanded name and, failing that, the name itself; without an alias they are one.
        # Where nobody has validated, what a validator might have found is asked for, too.
        bases = dict.fromkeys([alias.canonical, hop.host] if alias else [hop.host])
    elif alias:
        # "Insecure CNAME": the name itself, where at least the way from it to the addresses begins signed.
        begins = await ask(Question(name=hop.host, rtype="CNAME"))
        bases = dict.fromkeys([hop.host] if begins.outcome is Outcome.FOUND and begins.secure else [])
    else:
        return
    for base in bases:
        answer = await ask(Question(name=f"_{port}._tcp.{base}", rtype="TLSA"))
        if _counts(answer) or not answer.outcome.known:
            # RFC 7672 §2.2.3: the first base with secure records is the base. §2.1.2: an error is no "not there", so
            # whoever meets one waits, and does not go on to the next name.
            return


def with_tlsa(hop: Hop, answers: Iterable[Answer]) -> Hop:
    """The hop with what `look_up` has asked for."""
    answers = tuple(answers)
    alias = next((answer for answer in answers if answer.question.rtype == "CNAME"), None)
    return replace(hop, alias=alias, tlsa=tuple(answer for answer in answers if answer.question.rtype == "TLSA"))


def base(hop: Hop) -> str | None:
    """The base domain of the records that count for a host, None where it has none."""
    found = next((answer for answer in hop.tlsa if _counts(answer)), None)
    return None if found is None else found.question.name.split(".", 2)[2]


def _counts(answer: Answer) -> bool:
    """Whether these are records that somebody may rely on: nobody has shown them to be unsigned."""
    return answer.outcome is Outcome.FOUND and answer.secure is not False
