"""A session's rows, put in order, to its story.

Only what is said until mail begins is read, and of later replies those that TLS or attribution is to blame for. Of the
peers' words nothing is kept that could hold an address of anybody, an identifier of a message, or a password.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from probe.exchange.logs import replies
from probe.exchange.logs.certificate import from_parts
from probe.exchange.logs.fact import Fact, What, fact
from probe.exchange.logs.row import Row, pair, row, text
from probe.exchange.logs.story import Story
from probe.model import Leaf, Way

_MOST_LINES = 128  # of one reply
_LONGEST = 1000  # characters of one line
_LONGEST_REFUSAL = 200

_REFUSED = re.compile(r"[45][0-9]{2}(?:[ -]|$)")
# Replies behind the dialogue that TLS, certificates, attribution or reputation have to do with.
_GRAVE = re.compile(
    r"421[ -]|[45]\.7\.(?:3|5|64|230|3\d\d|6\d\d|7\d\d)\b|STARTTLS|\bTLS\b|[Cc]ertificate|TenantAttribution|ATTR\d"
)


def tell(lines: Sequence[bytes], header: Way | None, *, mailed: bool) -> Story:
    """What the rows of one session tell; `header` is what their file says of itself, `mailed` whether mail began."""
    rows = _in_order([found for line in lines if (found := row(line))])
    teller = _Teller(Story(_way(rows, header), rows, mailed))
    for one in rows:
        teller.hear(one)
    return teller.end()


def _in_order(rows: list[Row]) -> list[Row]:
    """By sequence number, those without one where they stand; what stands there twice once."""
    if all(before.number < after.number for before, after in pairwise(rows)):
        return rows
    last, keyed = -1, []
    for one in rows:
        last = one.number if one.number >= 0 else last
        keyed.append((last, one))
    keyed.sort(key=lambda both: both[0])
    ordered = [one for _, one in keyed]
    return [one for place, one in enumerate(ordered) if place == 0 or one != ordered[place - 1]]


def _way(rows: Sequence[Row], header: Way | None) -> Way:
    """Who connected, by what is said in the session; else by the file; else by the connector's name, which of a receive
    connector begins with the server's."""
    for one in rows:
        if one.event == b"*" and one.said.startswith(b",attempting to connect"):
            return Way.SEND
        if one.event in (b"<", b">"):
            server_speaks = one.said.startswith((b"220", b'"220'))
            if server_speaks or one.said[:5].upper() in (b"EHLO ", b"HELO "):
                return Way.RECEIVE if (one.event == b">") is server_speaks else Way.SEND
    if header:
        return header
    return Way.RECEIVE if rows and b"\\" in rows[0].connector else Way.SEND


class _Teller:
    """Takes rows in order."""

    def __init__(self, told: Story) -> None:
        self.story = told
        begins = not told.rows or told.rows[0].number <= 2
        self._part = "banner" if begins else ""  # that the next reply answers
        self._server = b">" if told.way is Way.RECEIVE else b"<"
        self._parts: list[tuple[str, bytes]] = []  # of generation A
        self._whose = ""
        self._next = -1  # the number that the next row has, where none is missing

    def end(self) -> Story:
        self._whole()
        return self.story

    def hear(self, one: Row) -> None:
        if one.number > self._next >= 0 and not self.story.farewell:  # the answer to QUIT is not kept
            self._miss()
        self._next = one.number + 1
        if one.event == b"*":
            known = fact(one.said)
            if known:
                self._learn(known)
        elif one.event == b"-":
            both = pair(one.said)
            self.story.finished, self.story.ended = True, text(both[1])[:60] if both else ""
        elif one.event != b"+":
            both = pair(one.said)
            words = (text(both[0]) if both else text(one.said))[:_LONGEST]
            if one.event == self._server:
                self._answer(words)
            else:
                self._command(words)

    def _miss(self) -> None:
        told = self.story
        if self._part:
            told.gaps.add(self._part)
        if (told.asked or told.agreed) and "after" not in told.said:
            told.gaps.add("tls")

    def _command(self, words: str) -> None:
        verb = words.partition(" ")[0].upper()
        told = self.story
        if verb in ("EHLO", "HELO"):
            self._part = "after" if told.asked or told.agreed else "ehlo"
            told.said[self._part] = (_bare(words), [])
        elif verb in ("STARTTLS", "X-ANONYMOUSTLS"):
            told.asked, self._part = verb, "starttls"
            told.said["starttls"] = (verb, [])
        elif verb == "QUIT":
            told.farewell, self._part = True, ""
        elif replies.masked(verb):
            told.overwritten, self._part = True, "masked"
        else:
            self._part = ""

    def _answer(self, words: str) -> None:
        told, part = self.story, self._part
        if not part:
            if _REFUSED.match(words) and _GRAVE.search(words) and not words.startswith("535"):  # a wrong password
                told.reply, told.refused = _refusal(words), "late"
            return
        if part != "masked":
            lines = told.said.setdefault(part, ("", []))[1]
            if len(lines) < _MOST_LINES:
                lines.append(_bare(words))
            told.overwritten |= part == "banner" and replies.masked_banner(words)
        if _REFUSED.match(words):
            told.reply, told.refused = _refusal(words), part
        else:
            told.reply = told.refused = ""  # what was refused before was asked again in another way
        if replies.ends(words):
            self._part = ""

    def _learn(self, known: Fact) -> None:
        told = self.story
        match known.what:
            case What.AGREED:
                told.agreed, told.session = True, known.session
            case What.BROKEN:
                told.broken = known.word
            case What.PEER_CHAIN:
                told.peer_chain = told.peer_chain or known.word
            case What.CLIENT_CHAIN:
                told.validation = known.word
            case What.CAPABILITIES:
                told.capabilities, told.capability_status = known.word, known.more
            case What.REVOCATION:
                told.revocation = known.word
            case What.NAME_STALE:
                told.reply, told.refused = _refusal(known.word), "late"
            case What.ATTEMPT:
                told.attempted = True
            case What.UNREACHABLE:
                told.unreachable = known.kind
            case _:
                self._of_certificates(known)

    def _of_certificates(self, known: Fact) -> None:
        if known.what is What.PART:
            self._parts.append((known.word, known.data))
            return
        self._whole()
        self.story.generation = known.word or self.story.generation
        if known.leaf:
            self._present(known.whose, known.leaf)
        else:
            self._whose = known.whose

    def _whole(self) -> None:
        """The parts of a certificate of generation A are together; those without a title are nobody's."""
        if self._whose and self._parts:
            self._present(self._whose, from_parts(tuple(self._parts)))
        self._whose, self._parts = "", []

    def _present(self, whose: str, leaf: Leaf) -> None:
        """ "Received certificate" tells again, by its thumbprint alone, what "Remote certificate" has told, and what is
        told of a proxy's target counts where nothing is told of the peer."""
        told = self.story
        if whose == "ours":
            told.sent = leaf
        elif told.received is None or (whose == "peer's" and leaf.subject is not None):
            told.received = leaf


@lru_cache(maxsize=1024)
def _bare(words: str) -> str:
    """Without anybody's address."""
    return " ".join("…" if "@" in word else word for word in words.split(" ")) if "@" in words else words


@lru_cache(maxsize=256)
def _refusal(words: str) -> str:
    """A refusal without what differs from session to session, so that alike ones are counted together."""
    return _bare(words).partition(" [")[0][:_LONGEST_REFUSAL].rstrip()
