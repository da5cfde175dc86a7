"""What DNS was asked, and what it said."""

from dataclasses import dataclass

from probe.model.vocabulary import Dnssec, Kind, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One DNS question; `rtype` in capitals, as in "MX"."""

    name: str
    rtype: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the resolver said. `records` are in presentation form; `canonical` is the name after following CNAMEs.

    `aliases` are the names passed through on the way, the asked one first, empty without a CNAME. `ttl` is the smallest
    of the records', in seconds; of a negative answer, how long it holds (RFC 2308 §5), None where it does not say.
    `secure` is what a trusted validator says: True where the records and every alias on the way are signed and hold,
    False where they are shown to be unsigned, None where nobody whom we may trust has looked. `resolver` tells who
    answered ("system" where the operating system resolved it), or who was asked in vain, with commas between several.
    `detail` explains BOGUS, FAILED and TIMEOUT, with a response code first ("SERVFAIL …"), and `kind` says more than
    the outcome where it can: UNREACHABLE, where none of the resolvers could be asked; PROTOCOL, where the zone itself
    is at fault (a loop of aliases).
    """

    question: Question
    outcome: Outcome
    canonical: str
    records: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    secure: bool | None = None
    resolver: str = ""
    detail: str = ""
    kind: Kind | None = None

    @property
    def dnssec(self) -> Dnssec:
        """The status of this answer, RFC 4035 §4.3's words and two of ours."""
        match self.outcome:
            case Outcome.BOGUS:
                return Dnssec.BOGUS
            case Outcome.FAILED | Outcome.TIMEOUT:
                return Dnssec.FAILED
            case _ if self.secure is None:
                return Dnssec.NOT_VALIDATED
            case _:
                return Dnssec.SECURE if self.secure else Dnssec.INSECURE
