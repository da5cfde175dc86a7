"""What happened in one session, and what can be concluded from that alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from probe.exchange.logs import replies
from probe.exchange.logs.row import Row
from probe.model import Kind, Leaf, Session, Way

EXCHANGE_ONLINE = ".protection.outlook.com"
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){1,20}\.?")


@dataclass(slots=True)
class Story:
    """What happened in one session.

    `said` is the dialogue by its parts, in order: banner, ehlo, starttls, after; each with the command that it answers
    and the lines of the answer. `refused` is the part that the reply refused, "late" for one behind them all.
    `overwritten`: the banner or a command was masked. `agreed`: TLS stands, also where `session` cannot tell on what.
    `gaps` are the parts in which rows are missing, so that nothing may be concluded from what they do not say; "tls" is
    all between the asking and the greeting inside TLS. `mailed`: it went on to mail.
    """

    way: Way
    rows: Sequence[Row]
    mailed: bool = False
    said: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    asked: str = ""
    sent: Leaf | None = None
    received: Leaf | None = None
    generation: str = ""
    attempted: bool = False
    unreachable: Kind | None = None
    agreed: bool = False
    session: Session | None = None
    broken: str = ""
    peer_chain: str = ""
    validation: str = ""
    capabilities: str = ""
    capability_status: str = ""
    revocation: str = ""
    reply: str = ""
    refused: str = ""
    overwritten: bool = False
    gaps: set[str] = field(default_factory=set)
    farewell: bool = False
    finished: bool = False
    ended: str = ""

    @property
    def tells(self) -> bool:
        """Whether there is anything but the tail of a session that was told before, or never."""
        return bool(
            self.said or self.attempted or self.sent or self.received or self.agreed or self.broken or self.peer_chain
        ) or any(one.event == b"+" for one in self.rows)

    @property
    def status(self) -> str:
        return self.broken or self.peer_chain

    @property
    def unfinished(self) -> bool:
        """Whether the rows end before it is told if the session goes on with TLS, without it, or at all."""
        over = self.finished or self.farewell or self.mailed
        return not (over or self.agreed or self.status or self.reply or self.unreachable)

    @property
    def hello(self) -> str:
        """What the side that connected called itself."""
        for part in ("after", "ehlo"):
            if part in self.said:
                words = self.said[part][0].split(None, 1)
                return words[1][:255] if len(words) > 1 else ""
        return ""

    @property
    def host(self) -> str:
        """What the listening side called itself, if that is a name."""
        for part in ("banner", "ehlo", "after"):
            lines = self.said[part][1] if part in self.said else []
            words = lines[0][4:].split(None, 1) if lines else []
            if words and _HOST.fullmatch(words[0]):
                return words[0]
        return ""

    @property
    def family(self) -> str:
        """The family of hosts that the peer counts itself to, empty where it is none that we know. What it calls itself
        is no proof."""
        name = (self.hello if self.way is Way.RECEIVE else self.host).lower().rstrip(".")
        return f"*{EXCHANGE_ONLINE}" if name.endswith(EXCHANGE_ONLINE) else ""

    @property
    def answer(self) -> tuple[str, ...] | None:
        """The answer to the first EHLO as it was sent, None where it was not heard whole or is no yes."""
        lines = self.said["ehlo"][1] if "ehlo" in self.said and "ehlo" not in self.gaps else []
        if not lines or not self.said["ehlo"][0].upper().startswith("EHLO") or not replies.ends(lines[-1]):
            return None
        sent = replies.as_sent(tuple(lines))
        return sent if sent and sent[-1].startswith("2") else None

    @property
    def offered(self) -> tuple[str, ...] | None:
        """Which of the two ways to TLS were offered, None where that is not known."""
        answer = self.answer
        return None if answer is None else replies.ways_to_tls(answer)

    @property
    def masked(self) -> bool:
        """Whether a device on the way writes over words that it does not like."""
        return self.overwritten or any(map(replies.masked, replies.keywords(self.answer or ())))

    @property
    def scrubbed(self) -> bool:
        """Whether parts were taken out of the rows themselves: no address at all, or a greeting without its host."""
        answers = [lines for part in ("ehlo", "after") if part in self.said for lines in self.said[part][1][:1]]
        return not any(one.remote for one in self.rows) or any(
            not answer[:3].isdigit() or "X.X.X.X" in answer for answer in answers
        )
