"""A dialogue read back from its transcript: what a server told us, and what a client told our listener."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from probe.dialogue.smtp.lines import Inbox, Reply
from probe.dialogue.smtp.mailbox import MASKED, Mailbox, mailbox
from probe.errors import PeerError
from probe.model import Speaker, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The dialogue read back from its transcript. A reply that never came whole is None.

    `ehlo` answers the first EHLO, or the HELO after it (`helo` is True then); `after` the EHLO inside TLS that followed
    a STARTTLS.
    """

    banner: Reply | None = None
    ehlo: Reply | None = None
    helo: bool = False
    starttls: Reply | None = None
    after: Reply | None = None

    @property
    def keywords(self) -> tuple[str, ...]:
        """What EHLO offered, in order and as sent; the greeting line is not a keyword."""
        return self.ehlo.lines[1:] if self.ehlo and self.ehlo.positive and not self.helo else ()


def hear(transcript: tuple[Turn, ...]) -> Heard:
    """Read a transcript back. Total: whatever was heard, this raises nothing."""
    found: dict[str, Reply] = {}
    part = "banner"
    for turn in transcript:
        if turn.who is Speaker.CLIENT:
            verb = turn.data[:8].strip().upper().partition(" ")[0]
            again = verb == "EHLO" and "starttls" in found
            part = "after" if again else verb.lower()
        elif part not in found and (reply := _first_reply(turn.data)):
            found[part] = reply
    return Heard(
        banner=found.get("banner"),
        ehlo=found.get("helo") or found.get("ehlo"),
        helo="helo" in found,
        starttls=found.get("starttls"),
        after=found.get("after"),
    )


@lru_cache(maxsize=256)  # of a fleet, and of each dialogue read more than once
def _first_reply(text: str) -> Reply | None:
    inbox = Inbox()
    try:
        inbox.feed(text.encode("latin-1"))
        return inbox.next_reply()
    except (PeerError, UnicodeEncodeError):  # evidence from a file may hold what no wire can carry
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a client told our listener: read back from the transcript that the listener took down.

    `greeted` and `greeted_inside` are by which name, before and inside TLS; None: it did not greet there; `***`: by
    what can be no name. `asked`: for STARTTLS. `senders` and `recipients` are the domains of MAIL and RCPT, in order
    and each once, "" of the null sender and of an address that has none; `inside`: they came inside TLS.
    `from_addresses` and `to_addresses` are those of them that were kept whole. `more` are the verbs of what else it
    tried (AUTH, DATA), `left` whether it said QUIT.
    """

    greeted: str | None = None
    greeted_inside: str | None = None
    asked: bool = False
    senders: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    inside: bool = False
    from_addresses: tuple[str, ...] = ()
    to_addresses: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    left: bool = False


def attend(transcript: tuple[Turn, ...]) -> Envelope:
    """Read back what a client said. Total: whatever stands there, this raises nothing."""
    names: dict[bool, str] = {}
    senders: dict[Mailbox, None] = {}
    recipients: dict[Mailbox, None] = {}
    more: dict[str, None] = {}
    asked = inside = left = False
    for tls, verb, argument in _commands(transcript):
        match verb:
            case "EHLO" | "HELO" if argument:
                names[tls] = argument
            case "STARTTLS":
                asked = True
            case "MAIL" if found := mailbox(argument, "FROM"):
                senders[replace(found, parameters="")] = None
                inside = tls
            case "RCPT" if found := mailbox(argument, "TO"):
                recipients[replace(found, parameters="")] = None
            case "QUIT":
                left = True
            case "AUTH" | "DATA" | "BDAT" | "VRFY" | "EXPN":
                more[verb] = None
    return Envelope(
        greeted=names.get(False),
        greeted_inside=names.get(True),
        asked=asked,
        senders=_domains(senders),
        recipients=_domains(recipients),
        inside=inside,
        from_addresses=_whole(senders),
        to_addresses=_whole(recipients),
        more=tuple(more),
        left=left,
    )


def _domains(mailboxes: Iterable[Mailbox]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.domain for one in mailboxes))


def _whole(mailboxes: Iterable[Mailbox]) -> tuple[str, ...]:
    return tuple(one.address for one in mailboxes if one.local not in ("", MASKED))


def _commands(transcript: tuple[Turn, ...]) -> Iterator[tuple[bool, str, str]]:
    for turn in transcript:
        if turn.who is Speaker.CLIENT:
            for line in turn.data.split("\r\n"):  # at nothing else: a name may hold what Unicode takes for an end
                verb, _, argument = line.partition(" ")
                yield turn.tls, verb.upper(), argument.strip(" \t")
