"""Which records count: from the answers for a host to the one TLSA RRset that speaks for it, or to why none does.

RFC 7672 §2.2.2: only where the addresses are secure are TLSA records looked for, since with addresses that anybody can
forge the certificate proves nothing about the host that was meant. A host that is an alias has two candidate base
domains, the name at the end of the alias first and the host's own second (§2.2.3); the first that yields a secure RRset
is the TLSA base domain. Where the addresses behind the alias are insecure and the alias itself is not, the host's own
name remains. A lookup that failed, or whose answer is bogus, ends the search: the mail waits (§2.1.2).

"Insecure" is a proof and "not validated" is the lack of anybody to ask. The second never becomes "no DANE".
"""

from dataclasses import dataclass
from enum import Enum, auto

from probe.model import Answer, Dnssec, Evidence, Hop, Outcome, RouteKind


class Standing(Enum):
    """What the answers for one host come to."""

    SECURE = auto()  # there are records, and they count
    ADVICE = auto()  # there are records, and nobody whom we may trust has validated them
    ABSENT = auto()  # shown: there is no promise
    UNSEEN = auto()  # no records were seen, and nobody whom we may trust says that there are none
    BOGUS = auto()
    FAILED = auto()
    UNASKED = auto()  # nobody asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """`answer` is the one whose records count, or the last one that was asked for; `problem` the one that ended the
    search, None where the addresses did; `why` there is no promise."""

    standing: Standing
    addresses: Dnssec | None
    answer: Answer | None = None
    problem: Answer | None = None
    why: str = ""

    @property
    def base(self) -> str | None:
        """The TLSA base domain."""
        return self.answer.question.name.split(".", 2)[-1] if self.answer else None


def published(hop: Hop) -> Published:
    """What the answers for a host say of its promise."""
    addresses = _addresses(hop)
    if not hop.tlsa:
        return _without(hop, addresses)
    if addresses is Dnssec.INSECURE and not (hop.alias and hop.alias.secure):  # RFC 7672 §2.2.2: none of them counts
        return _without(hop, addresses)
    unseen = _trusted(hop) is None
    for answer in hop.tlsa:
        match answer.dnssec:
            case Dnssec.FAILED if unseen:
                # Below addresses that are not shown to be signed nobody asks for TLSA, and many a server there answers
                # with an error (RFC 7672 §2.2.2). Most likely this is one of them; with a validator we would know.
                return Published(standing=Standing.UNSEEN, addresses=addresses, answer=answer, problem=answer)
            case Dnssec.BOGUS | Dnssec.FAILED as status:
                standing = Standing.BOGUS if status is Dnssec.BOGUS else Standing.FAILED
                return Published(standing=standing, addresses=addresses, answer=answer, problem=answer)
            case Dnssec.SECURE if answer.outcome is Outcome.FOUND and not unseen:
                return Published(standing=Standing.SECURE, addresses=addresses, answer=answer)
            case Dnssec.SECURE | Dnssec.NOT_VALIDATED if answer.outcome is Outcome.FOUND:
                return Published(standing=Standing.ADVICE, addresses=addresses, answer=answer)
            case Dnssec.NOT_VALIDATED:
                unseen = True
    last = hop.tlsa[-1]
    if unseen:
        return Published(standing=Standing.UNSEEN, addresses=addresses, answer=last)
    insecure = any(answer.outcome is Outcome.FOUND for answer in hop.tlsa)
    why = "its TLSA records are not signed" if insecure else f"there is no TLSA record at {last.question.name}"
    return Published(standing=Standing.ABSENT, addresses=addresses, answer=last, why=why)


def _without(hop: Hop, addresses: Dnssec | None) -> Published:
    """Where no TLSA answer counts."""
    alias = hop.alias
    if alias and alias.dnssec in (Dnssec.BOGUS, Dnssec.FAILED):
        standing = Standing.BOGUS if alias.dnssec is Dnssec.BOGUS else Standing.FAILED
        return Published(standing=standing, addresses=addresses, problem=alias)
    match addresses:
        case Dnssec.INSECURE:
            return Published(standing=Standing.ABSENT, addresses=addresses, why="its addresses are not signed")
        case Dnssec.SECURE if not hop.addresses and {"A", "AAAA"} <= {answer.question.rtype for answer in hop.answers}:
            return Published(standing=Standing.ABSENT, addresses=addresses, why="it has no address")
        case Dnssec.NOT_VALIDATED if not hop.addresses:
            return Published(standing=Standing.UNSEEN, addresses=addresses)
        case Dnssec.BOGUS:
            return Published(standing=Standing.BOGUS, addresses=addresses)
        case Dnssec.FAILED:
            return Published(standing=Standing.FAILED, addresses=addresses)
        case _:
            return Published(standing=Standing.UNASKED, addresses=addresses)


def _addresses(hop: Hop) -> Dnssec | None:
    """The status of the address records of a host, that of the worst of them; None where DNS was not asked.

    Of one family that could not be looked up, the other's answer says enough: senders go on with what they have.
    """
    found = {answer.dnssec for answer in hop.answers if answer.resolver != "system"}
    for status in (Dnssec.BOGUS, Dnssec.INSECURE, Dnssec.NOT_VALIDATED, Dnssec.SECURE, Dnssec.FAILED):
        if status in found:
            return status
    return None


def _trusted(hop: Hop) -> bool | None:
    """Whether the way to the TLSA records is shown to be secure: the addresses, or the alias. None: nobody looked."""
    said = {answer.secure for answer in hop.answers if answer.outcome.known}
    if False in said:
        return True if hop.alias and hop.alias.secure else None
    return True if said == {True} else None


def asked(evidence: Evidence) -> bool:
    """Whether the target is one that can promise DANE, and DNS was asked whether it does.

    An address is none, nor is a name that the operating system resolved. A domain without a mail host has none to
    promise it for, and its MX answer has a status all the same. Where a host has addresses that are not shown to be
    unsigned, and no question for TLSA, nobody asked: with `--dane off`, or before this program did.
    """
    route = evidence.route
    if not route.hops:
        return bool(route.answers)
    if route.kind is RouteKind.ADDRESS or any(
        answer.resolver == "system" for hop in route.hops for answer in hop.answers
    ):
        return False
    return not any(
        hop.addresses and not hop.tlsa and not hop.alias and _addresses(hop) is not Dnssec.INSECURE
        for hop in route.hops
    )


def mail_exchanges(evidence: Evidence) -> Answer | None:
    """The answer to the question for MX, None where there was none."""
    return next((answer for answer in evidence.route.answers if answer.question.rtype == "MX"), None)


def references(evidence: Evidence, hop: Hop, base: str) -> tuple[str, ...]:
    """The names that the certificate may have, in the order of RFC 7672 §3.2.2: the TLSA base domain, the host, and
    where the question for MX led to it, the domain that the mail is for, before and after its aliases.

    An answer that is shown to be insecure adds none: whoever forges it would choose the name.
    """
    found, mx = [base, hop.host], mail_exchanges(evidence)
    if mx and mx.dnssec is not Dnssec.INSECURE:
        found += [evidence.target.name, mx.canonical]
    return tuple(dict.fromkeys(name.lower().rstrip(".") for name in found))
