"""What an explanation is made of: a meaning as the tables know it, a meaning as told for one bounce, and what a probe
says of it."""

import shlex
from dataclasses import dataclass
from enum import StrEnum

from probe.exchange.bounces.bounce import Bounce

Cited = tuple[str, str | None]  # a finding's code, and which of its causes


class Party(StrEnum):
    """On whose side it is to be mended."""

    SENDER = "the sender's side"
    RECEIVER = "the receiving server"
    ON_PREMISES = "our own servers on premises"
    EXCHANGE_ONLINE = "Exchange Online"
    DNS = "DNS"
    DEVICE = "a device in between"
    UNKNOWN = "unknown"


class Check(StrEnum):
    """What an outside probe can look at."""

    HOST = "host"  # the host that was tried: does it answer?
    NAME = "name"  # the host, its TLS, its certificate and the name in it
    DOMAIN = "domain"  # the recipient's domain, with what it promises
    SENDING = "sending"  # nothing: the certificate that the sender shows as a client is not to be had from outside
    LOCAL = "local"  # nothing but what that machine presents: the rest is within it
    NOTHING = "nothing"  # it is not about the connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One thing that a code can mean. `says` is a paragraph in our own words; `remedy` stands where no finding has one,
    or before theirs, in the manner of the catalogue: a line that starts with a blank is a command. `open`: which of the
    findings it is, this alone does not tell."""

    title: str
    says: str
    parties: tuple[Party, ...]
    check: Check = Check.NOTHING
    findings: tuple[Cited, ...] = ()
    remedy: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """When a meaning applies: one of `codes` ("4.4.317", a range "4.7.500-699"), and, where the code has several
    meanings, one of these `words` (lower case) in the text. `by_status`: the text names the fault itself, as a status
    word; that is then told as well. `aside`: a code alone seldom means it, and then it is not told."""

    codes: tuple[str, ...]
    meaning: Meaning
    words: tuple[str, ...] = ()
    by_status: bool = False
    aside: bool = False


def row(codes: str, meaning: Meaning, *words: str, by_status: bool = False, aside: bool = False) -> Row:
    """A row for the codes, which blanks part."""
    return Row(codes=tuple(codes.split()), meaning=meaning, words=words, by_status=by_status, aside=aside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The command line that checks it: the target, the addresses to connect to, the name to expect, and `more` words.
    Without a target there is none. `notes` say why not, or what was left out of it."""

    target: str | None = None
    connect: tuple[str, ...] = ()
    name: str | None = None
    more: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str | None:
        """To paste into a shell."""
        if self.target is None:
            return None
        words = ["probe", self.target, *(word for address in self.connect for word in ("--connect", address))]
        words += ("--expect-name", self.name) if self.name else ()
        return shlex.join([*words, *self.more])


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One meaning of one bounce. `check` is what a probe could look at, `command` how. `why` says by what it was told
    from others; empty where there are no others. `open`: which of the findings it is, nothing tells. `theirs`: the
    receiving server is Exchange Online's, so that the remedies of the findings, which are for it, are not for us."""

    title: str
    says: str
    why: str
    parties: tuple[Party, ...]
    findings: tuple[Cited, ...]
    remedy: tuple[str, ...]
    doubts: tuple[str, ...]
    check: Check
    command: Command
    theirs: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that a bounce can mean: one meaning, or several where nothing in it decides. `notes` hold whichever it is."""

    bounce: Bounce
    meanings: tuple[Told, ...]
    notes: tuple[str, ...] = ()

    @property
    def ambiguous(self) -> bool:
        return len(self.meanings) > 1

    @property
    def command(self) -> Command | None:
        """The first command that there is."""
        return next((told.command for told in self.meanings if told.command.target), None)


class Outcome(StrEnum):
    """What has become of a fault."""

    MENDED = "mended"
    STILL = "still there"
    OTHER = "another fault"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How it turned out, and why, a sentence each. `codes` are the findings that it rests on."""

    outcome: Outcome
    sentences: tuple[str, ...]
    codes: tuple[str, ...] = ()
