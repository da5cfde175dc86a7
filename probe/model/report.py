"""What the judge found."""

from dataclasses import dataclass, field
from datetime import datetime

from probe.model.evidence import Evidence, Target
from probe.model.inbound import Attribution
from probe.model.promises import Promises
from probe.model.vocabulary import RuleBook, Verdict, gravest


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Where:
    """What a finding is about. `kind` is target, host, endpoint, certificate, record, policy, connector, installed,
    organisation, log or plan; `position` counts the presented certificates from 0, the leaf. `name` is a connector as
    Exchange names it, or the thumbprint of a certificate that is installed on the server `host`."""

    kind: str
    host: str | None = None
    address: str | None = None
    port: int | None = None
    position: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the blanks of a remedy (`<SERVER>`) stand for in an organisation, by the words of the blanks: `common` hold
    wherever they stand, and of `servers` each is a server with what is its own, for whom commands are repeated. An
    empty value: there is nothing of that kind, and what would be done with it is left out."""

    common: tuple[tuple[str, str], ...] = ()
    servers: tuple[tuple[tuple[str, str], ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is so, good or bad. Its identity over time is (`code`, `where`), of logs
    and rehearsals with the fact `cause`. `facts` are sorted by key.
    `names` fill in the blanks of its remedy."""

    code: str
    verdict: Verdict
    where: Where
    facts: tuple[tuple[str, str], ...] = ()
    rule_book: RuleBook = RuleBook.RFC
    names: Names = Names()

    def fact(self, key: str) -> str | None:
        """The fact of that key, or None."""
        return dict(self.facts).get(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The judgement on one target, gravest finding first. `at` is the moment judged for; `roots` says on which trust
    anchors it rests, in words; `promises` sums up what the domain has promised, `attribution` what Exchange Online
    would make of a delivery to our listener, where its connectors are known."""

    target: Target
    at: datetime
    findings: tuple[Finding, ...]
    evidence: Evidence
    roots: str
    promises: Promises = field(default_factory=Promises)
    attribution: Attribution | None = None

    @property
    def verdict(self) -> Verdict:
        """The gravest finding's. Nothing found means that nothing was looked at: UNKNOWN."""
        return gravest(finding.verdict for finding in self.findings)
