"""What is remembered of a target from look to look, and what is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from probe.model.evidence import Target
from probe.model.report import Names, Report, Where
from probe.model.vocabulary import RuleBook, Verdict, gravest


class Became(StrEnum):
    """What a change is. A `reminder` is none: it says that something is still so."""

    APPEARED = "appeared"
    WORSENED = "worsened"
    EASED = "eased"
    CLEARED = "cleared"
    CERTIFICATE = "certificate-changed"
    POLICY = "policy-changed"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A fault over time: from the look that first found it until one that looked and found it gone.

    `key` is its identity in all messages and stores: 16 hex digits that depend on the target's name, `code`, `cause`
    and `where` alone. `verdict` is never OK. It `began`, its verdict last `changed`, it was last `seen` (later looks
    that could not look leave it open), and it was last `told` to anybody, None: never.
    """

    key: str
    code: str
    cause: str | None = None
    where: Where
    verdict: Verdict
    rule_book: RuleBook = RuleBook.RFC
    facts: tuple[tuple[str, str], ...] = ()
    names: Names = field(default_factory=Names)
    began: datetime
    changed: datetime
    seen: datetime
    told: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A leaf certificate that an endpoint presents. `offer` as in `Endpoint`. Digests are lower-case hex; `subject` and
    `issuer` in RFC 4514 form; `names` its SANs. `ends` is when the first of the presented chain expires. What cannot be
    read of it is empty or None. It was seen there from `first` to `last`."""

    host: str
    address: str
    port: int
    offer: str = ""
    sha256: str
    sha1: str
    subject: str = ""
    issuer: str = ""
    serial: str = ""
    names: tuple[str, ...] = ()
    not_before: datetime | None = None
    not_after: datetime | None = None
    ends: datetime | None = None
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySeen:
    """The MTA-STS policy in force for a domain, and since when it has been that one. `digest` is of mode, max_age and
    mx together, in lower-case hex; `mode` None: there is none."""

    mode: str | None
    id: str | None = None
    max_age: int | None = None
    mx: tuple[str, ...] = ()
    digest: str = ""
    first: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """One endpoint at the last look. `failure` is in words, empty where TLS stood; `seconds` as in `Observation`. Of a
    client that delivered to us it is the last delivery, which was `at` that time; None: it is of the look itself."""

    host: str
    address: str
    port: int
    version: str | None = None
    cipher: str | None = None
    group: str | None = None
    failure: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a target stands after a look: all that `status`, the metrics and the next comparison need.

    `name` is what the configuration calls it. `verdict` is the gravest of what was found and of what stays open because
    nobody could look; it has been that `since`. `good` is the last look that came to OK or WARN, None: none ever did.
    `attempts` and `seconds` (of all attempts together, without the pauses) are of the last look. `certificates` where
    an endpoint could not be looked at are those last seen there.
    """

    name: str
    target: Target
    tags: tuple[str, ...] = ()
    at: datetime
    verdict: Verdict
    since: datetime
    good: datetime | None = None
    attempts: int = 1
    seconds: float = 0.0
    episodes: tuple[Episode, ...] = ()
    certificates: tuple[Sighting, ...] = ()
    policy: PolicySeen | None = None
    endpoints: tuple[Met, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a target of the configuration: the judgement after `attempts`, `seconds` of looking in all.
    `expected` are the thumbprints (lower-case hex) that its leaf may have, empty: nobody said."""

    name: str
    tags: tuple[str, ...] = ()
    report: Report
    attempts: int = 1
    seconds: float = 0.0
    expected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is no longer as it was. `before` is None where there was nothing, `verdict` OK where there is
    nothing any more or where it is a mere note. `since` is when what it is about began. `key` is the episode's, or of
    the same making: all changes of one fault share it."""

    kind: Became
    target: str
    key: str
    code: str
    cause: str | None = None
    where: Where
    verdict: Verdict
    before: Verdict | None = None
    since: datetime
    at: datetime
    rule_book: RuleBook = RuleBook.RFC
    facts: tuple[tuple[str, str], ...] = ()
    names: Names = field(default_factory=Names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A change, or a fault that is open, in words: what, where, since when, what to do. Nothing needs to be looked up
    to print it, and every text in it is made visible (no control characters), though not escaped for any markup.

    `kind` as in `Change`. `title` says what it is, in a few words; `sentence` what is so here, with the facts;
    `place` where ("mail.contoso.com 192.0.2.25:25", empty: the target as a whole). `remedy` are the lines of the fix:
    an instruction, and below it the commands, indented; `exchange` are Exchange Online's words.
    """

    kind: Became
    target: str
    key: str
    code: str
    title: str
    sentence: str
    place: str
    where: Where
    verdict: Verdict
    before: Verdict | None = None
    since: datetime
    at: datetime
    remedy: tuple[str, ...] = ()
    exchange: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What one sink is to be told of one target after one look: what waits in the outbox.

    `items` are what changed and is for this sink. `open` is every fault that is open now, for sinks that hold a state
    rather than receive events; `until` (of these alone) is when a state that nobody renews may be taken for gone.
    """

    target: str
    given: str
    tags: tuple[str, ...] = ()
    at: datetime
    verdict: Verdict
    items: tuple[Item, ...] = ()
    open: tuple[Item, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent to one sink at once: the notices that wait for it, oldest first, each target once.

    `key` is the same when the same notices are sent again. `sender` is the host that probes.
    """

    key: str
    at: datetime
    sender: str
    notices: tuple[Notice, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for notice in self.notices for item in notice.items)

    @property
    def verdict(self) -> Verdict:
        """The gravest of what the items say; OK where all is cleared or noted."""
        return gravest(item.verdict for item in self.items) if self.items else Verdict.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A notice in the outbox. `id` orders them. `key` is stable: of the sink, the target and the look. `due` is when it
    may next be tried. `error` is why the last of `attempts` failed; `stuck`: it will not be tried again by itself."""

    id: int
    sink: str
    key: str
    notice: Notice
    created: datetime
    due: datetime
    attempts: int = 0
    error: str = ""
    stuck: bool = False
