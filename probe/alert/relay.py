"""One letter handed to a relay (RFC 5321, RFC 3207, RFC 4954), by the standard library's client.

It blocks, so it runs in a thread of its own; whoever waits no longer cuts the line, which ends the thread, too.
"""

import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from probe.alert.address import shown, without
from probe.alert.sink import Undelivered

# Refused after DATA, or at MAIL for its size: the letter is what is not liked (RFC 5321 §4.2.2, RFC 1870 §6).
TOO_LARGE = 552
REASON = 200  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Who writes to whom, by bare addresses. `letter` makes the text, once it is known who was refused, and why."""

    sender: str
    to: tuple[str, ...]
    letter: Callable[[Mapping[str, str]], bytes]


class Relay:
    """A relay, and the line to it. `tls` as in `Email`; a `login` is a name and a password. `timeout` (seconds) is for
    each thing that is waited for."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: str,
        context: ssl.SSLContext | None,
        login: tuple[str, str] | None,
        greeting: str,
        timeout: float,
    ) -> None:
        self.host, self.port, self.tls, self.context, self.login = host, port, tls, context, login
        self.smtp = smtplib.SMTP(local_hostname=greeting, timeout=timeout)
        self._cut = False

    def deliver(self, envelope: Envelope) -> None:
        """The whole visit. Raises `Undelivered`. What the relay says to QUIT does not matter any more."""
        with self._reasons():
            try:
                self._begin()
                self._hand_over(envelope)
                with suppress(OSError):
                    self.smtp.docmd("QUIT")
            finally:
                self.smtp.close()

    def cut(self) -> None:
        """From another thread: every wait is over."""
        self._cut = True
        if line := self.smtp.sock:
            with suppress(OSError):
                socket.socket.shutdown(line, socket.SHUT_RDWR)  # not TLS's own, which would go on without it

    def _begin(self) -> None:
        """Until the relay would take a letter."""
        smtp = self.smtp
        smtp.sock = socket.create_connection((self.host, self.port), smtp.timeout)
        if self._cut:
            raise Undelivered("given up")
        if self.tls == "implicit":
            self._secure()
        _expect(220, smtp.getreply(), "it greets with")
        smtp.ehlo_or_helo_if_needed()
        if self.tls == "starttls":
            if not smtp.has_extn("starttls"):
                raise Undelivered("it offers no STARTTLS")
            _expect(220, smtp.docmd("STARTTLS"), "STARTTLS is answered with")
            self._secure()
            smtp.ehlo()  # what was said before counts no more
        if self.login:
            self._log_in(*self.login)

    def _secure(self) -> None:
        """TLS, from here on. What came in plain text behind the last reply is thrown away with the old buffer."""
        smtp = self.smtp
        if self.context is None or smtp.sock is None:
            raise Undelivered("given up")
        secured = self.context.wrap_socket(smtp.sock, server_hostname=self.host, do_handshake_on_connect=False)
        smtp.sock, smtp.file = secured, None
        secured.do_handshake()

    def _log_in(self, name: str, password: str) -> None:
        try:
            self.smtp.login(name, password)
        except smtplib.SMTPNotSupportedError:
            raise Undelivered("it offers no way to log in that we know (PLAIN, LOGIN, CRAM-MD5)") from None
        except UnicodeEncodeError:
            raise Undelivered("user name and password have to be ASCII") from None

    def _hand_over(self, envelope: Envelope) -> None:
        code, said = self.smtp.mail(envelope.sender)
        if code != 250:
            raise self._refusal("the sender is refused with", code, said, final=code == TOO_LARGE)
        refused: dict[str, str] = {}
        for one in envelope.to:
            code, said = self.smtp.rcpt(one)
            if code not in (250, 251):
                refused[one] = self._said(code, said)
        if len(refused) == len(envelope.to):
            one, reply = next(iter(refused.items()))
            raise Undelivered(f"all recipients are refused, {one} with {reply}")
        code, said = self.smtp.data(envelope.letter(refused))
        if code != 250:
            raise self._refusal("the letter is refused with", code, said, final=code >= 500)

    def _refusal(self, what: str, code: int, said: bytes, *, final: bool = False) -> Undelivered:
        return Undelivered(f"{what} {self._said(code, said)}", final=final)

    def _said(self, code: int, said: bytes) -> str:
        """A reply, without the password, which a relay may say back to us."""
        name, password = self.login or ("", "")
        forms = (password, f"\0{name}\0{password}")
        hidden = [form for text in forms if password for form in (text, b64encode(text.encode()).decode())]
        return f"{code} {without(said.decode(errors='replace'), hidden)}".strip()

    @contextmanager
    def _reasons(self) -> Iterator[None]:
        """Turns everything that can go wrong into `Undelivered`."""
        try:
            yield
        except Undelivered as error:
            raise Undelivered(f"{self._place}: {error}", final=error.final) from None
        except smtplib.SMTPAuthenticationError as error:
            raise Undelivered(f"{self._place}: it does not let us log in: {self._reply(error)}") from None
        except smtplib.SMTPResponseException as error:
            raise Undelivered(f"{self._place}: it answers {self._reply(error)}") from None
        except (OSError, ValueError) as error:  # SMTPException is an OSError
            raise Undelivered(f"{self._place}: {_why(error)}") from None

    def _reply(self, error: smtplib.SMTPResponseException) -> str:
        said = error.smtp_error
        return self._said(error.smtp_code, said if isinstance(said, bytes) else said.encode())

    @property
    def _place(self) -> str:
        return shown(f"{self.host}:{self.port}", REASON)


def _expect(code: int, reply: tuple[int, bytes], what: str) -> None:
    if reply[0] != code:
        raise Undelivered(f"{what} {reply[0]} {shown(reply[1].decode(errors='replace'), REASON)}")


def _why(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is refused: {shown(error.verify_message, REASON)}"
        case smtplib.SMTPServerDisconnected() | ConnectionError() if not isinstance(error, ConnectionRefusedError):
            return "it hung up"
        case ConnectionRefusedError():
            return "it refuses connections"
        case socket.gaierror():
            return "its name is not resolved"
        case TimeoutError():
            return "it does not answer"
        case ssl.SSLError():
            return f"TLS failed: {(error.reason or 'no reason given').replace('_', ' ').lower()}"
    return f"no connection ({type(error).__name__})"
