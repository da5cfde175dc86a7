"""E-mail through a relay: what changed in one run, in one letter.

TLS comes before everything that is said, and certainly before the password: a relay that offers none, or whose
certificate is not good, gets nothing (RFC 8314 §3, RFC 3207 §6). A letter sent again has the same Message-ID, by which
mail systems know a duplicate. It says that a machine wrote it, so that nobody's holiday answers (RFC 3834 §5).

Where the relay refuses some of the recipients, the others are told, and of the refusal, too: to send it again to all of
them until the last one takes it would be worse. Where it refuses all, nothing was delivered.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, field

from probe.alert import address, http
from probe.alert.message import headline, text
from probe.alert.sink import Sink, Undelivered
from probe.alert.words import Hidden
from probe.model.duty import Message

if TYPE_CHECKING:
    from email.message import EmailMessage

    from probe.alert.relay import Relay

PORTS = {"starttls": 587, "implicit": 465, "none": 25}
SUBJECT = 200  # characters

# In ASCII (names of hosts as A-labels), with or without a name before it that needs no quotes (RFC 5322 §3.2.3).
_BARE = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+"
_ADDRESS = rf"^({_BARE}|[^\x00-\x1f()<>\[\]:;@\\,\"]*<{_BARE}>)$"
Address = Annotated[str, Meta(pattern=_ADDRESS, max_length=320)]


class Email(Sink, kw_only=True, frozen=True, tag="email"):
    """`tls` is "starttls", "implicit" (TLS at once) or "none", each with a port of its own unless `port` says another.
    `ca` is a file of the authorities that vouch for the relay, in place of the system's. `subject` comes before what
    happened."""

    host: Annotated[str, Meta(pattern=r"^[A-Za-z0-9.:_-]+$", max_length=255)]
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    username: str | None = None
    password: Hidden | None = None
    sender: Address = field(name="from")
    to: Annotated[tuple[Address, ...], Meta(min_length=1, max_length=100)]
    subject: str = "[probe]"
    ca: Path | None = None

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port or PORTS[self.tls]}"

    async def send(self, message: Message) -> None:
        import trio

        from probe.alert.relay import Envelope

        relay = self._relay(message)
        envelope = Envelope(
            sender=_bare(self.sender),
            to=tuple(dict.fromkeys(map(_bare, self.to))),
            letter=lambda refused: self.letter(message, refused).as_bytes(),
        )
        with trio.move_on_after(self.timeout) as scope:
            try:
                # A thread that was given up must not take a place from anybody.
                limiter = trio.CapacityLimiter(1)
                await trio.to_thread.run_sync(relay.deliver, envelope, abandon_on_cancel=True, limiter=limiter)
            finally:
                relay.cut()
        if scope.cancelled_caught:
            raise Undelivered(f"{self.place}: not done within {self.timeout:g} s")

    def _relay(self, message: Message) -> "Relay":
        from probe.alert.relay import Relay

        if problem := self._problem():
            raise Undelivered(problem)
        return Relay(
            self.host,
            self.port or PORTS[self.tls],
            tls=self.tls,
            context=None if self.tls == "none" else http.trust(self.ca),
            login=(self.username, address.revealed(self.password)) if self.username and self.password else None,
            greeting=message.sender if re.fullmatch(r"[A-Za-z0-9.-]{1,255}", message.sender) else "localhost",
            timeout=self.timeout,
        )

    def letter(self, message: Message, refused: Mapping[str, str]) -> "EmailMessage":
        """Whatever the message holds, its lines stay lines of the text, and its headers are ours."""
        from email.message import EmailMessage
        from email.policy import SMTP
        from email.utils import format_datetime

        letter = EmailMessage(SMTP)
        letter["From"], letter["To"] = self.sender, ", ".join(self.to)
        letter["Subject"] = address.shown(f"{self.subject} {headline(message)}", SUBJECT)
        letter["Date"] = format_datetime(message.at)
        letter["Message-ID"] = f"<{re.sub('[^A-Za-z0-9]', '-', message.key)}@{_bare(self.sender).partition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter["X-Auto-Response-Suppress"] = "All"  # Exchange's way of saying the same ([MS-OXCMAIL] §2.1.3.2.21)
        said = text(message)
        for one, reply in refused.items():
            said += f"\nThe relay did not take this letter for {one}: {reply}\n"
        # Quoted-printable keeps lines short whatever they hold (RFC 5322 §2.1.1), and still reads as text.
        letter.set_content(said.encode("utf-8", "replace").decode(), cte="quoted-printable")
        return letter

    def remarks(self) -> Iterator[str]:
        if problem := self._problem():
            raise ValueError(problem)
        if self.password:
            self.password.reveal()
        if self.tls != "none":
            try:
                http.trust(self.ca)
            except Undelivered as error:
                raise ValueError(str(error)) from None
        elif not self._here:
            yield f"{self.place}: no TLS, whoever is on the way can read and change what is sent"

    def _problem(self) -> str | None:
        if bool(self.username) != bool(self.password):
            return "username and password go together"
        if self.tls == "none" and self.username and not self._here:
            return "a password is not sent without TLS"
        return None

    @property
    def _here(self) -> bool:
        return address.loopback(f"smtp://{f'[{self.host}]' if ':' in self.host else self.host}")


def _bare(written: str) -> str:
    """The address in "Operations <ops@contoso.com>"."""
    return written.strip().rpartition("<")[2].rstrip(">")
