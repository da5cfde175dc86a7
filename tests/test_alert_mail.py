"""Letters: through a real relay with STARTTLS and AUTH, and through relays that do what no real one would."""

import email
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from probe.alert.mail import Email
from probe.alert.message import headline
from probe.alert.sink import Undelivered
from probe.alert.words import Duration, Hidden
from tests.notices import item, message, notice
from tests.world import in_trio

MESSAGE = message(notice(item()))
PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Pki:
    """The relay's certificate, another's, and the file that vouches for both."""

    server: ssl.SSLContext
    other: ssl.SSLContext
    ca: Path


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    authority = trustme.CA()
    contexts = []
    for names in (("127.0.0.1", "localhost"), ("mail.fabrikam.com",)):
        contexts.append(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        authority.issue_cert(*names).configure_cert(contexts[-1])
    ca = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    return Pki(contexts[0], contexts[1], ca)


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_PASSWORD", PASSWORD)


def sink(port: int, **fields: Any) -> Email:
    plain: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "sender": "Probe <probe@contoso.com>",
        "to": ("ops@contoso.com",),
        "timeout": Duration(20),
    }
    return Email(**plain | fields)


async def refusal(of: Email, **fields: Any) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        await of.send(message(notice(item()), **fields))
    assert PASSWORD not in str(caught.value)
    return caught.value


# A real relay.


@dataclass
class Mailbox:
    """What aiosmtpd hears; `refuses` are replies by recipient, `says` the one to the letter."""

    refuses: Mapping[str, str] = field(default_factory=dict)
    says: str = "250 2.0.0 taken"
    got: list[tuple[Envelope, str, bool]] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, to: str, ___: list[str]) -> str:  # noqa: N802
        if to in self.refuses:
            return self.refuses[to]
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.got.append((envelope, str(session.host_name), session.ssl is not None))
        return self.says

    def letter(self) -> EmailMessage:
        content = self.got[-1][0].content
        assert isinstance(content, bytes)
        letter = email.message_from_bytes(content, policy=POLICY)
        assert isinstance(letter, EmailMessage)
        return letter


@contextmanager
def relay(mailbox: Mailbox, **options: Any) -> Iterator[Mailbox]:
    def known(_: SMTP, __: Session, ___: Envelope, ____: str, data: object) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"probe", PASSWORD.encode())
        return AuthResult(success=good, handled=good)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, authenticator=known, **options)
    controller.start()
    try:
        mailbox.port = port
        yield mailbox
    finally:
        controller.stop()


@in_trio
async def test_through_starttls_and_a_login(pki: Pki) -> None:
    with relay(Mailbox(), tls_context=pki.server, require_starttls=True, auth_required=True) as there:
        await sink(there.port, username="probe", password=Hidden("env:RELAY_PASSWORD"), ca=pki.ca).send(MESSAGE)
    ((envelope, host, secured),) = there.got
    assert (envelope.mail_from, envelope.rcpt_tos) == ("probe@contoso.com", ["ops@contoso.com"])
    assert (host, secured) == ("watch.contoso.com", True)
    letter = there.letter()
    assert {name: letter[name] for name in ("From", "To", "Date", "Message-ID", "Auto-Submitted")} == {
        "From": "Probe <probe@contoso.com>",
        "To": "ops@contoso.com",
        "Date": "Sun, 01 Mar 2026 12:00:00 +0000",
        "Message-ID": "<k1@contoso.com>",
        "Auto-Submitted": "auto-generated",
    }
    assert letter["X-Auto-Response-Suppress"] == "All"
    assert letter["Subject"] == f"[probe] {headline(MESSAGE)}"
    assert "450 4.7.320 Certificate validation failed" in letter.get_content()


@in_trio
async def test_tls_at_once(pki: Pki) -> None:
    with relay(Mailbox(), ssl_context=pki.server, auth_require_tls=False) as there:
        await sink(there.port, tls="implicit", ca=pki.ca, host="localhost").send(MESSAGE)
    assert len(there.got) == 1


@in_trio
async def test_without_tls_where_that_is_wanted() -> None:
    with relay(Mailbox()) as there:
        await sink(there.port, tls="none").send(MESSAGE)
    assert len(there.got) == 1


@in_trio
async def test_one_run_is_one_letter(pki: Pki) -> None:
    several = message(notice(item()), notice(item(target="fabrikam.com", place="", code="a"), target="fabrikam.com"))
    with relay(Mailbox(), tls_context=pki.server) as there:
        await sink(there.port, ca=pki.ca).send(several)
    assert len(there.got) == 1
    assert "fabrikam.com" in there.letter().get_content()


@in_trio
async def test_a_wrong_password(pki: Pki) -> None:
    with relay(Mailbox(), tls_context=pki.server) as there:
        wrong = sink(there.port, username="someone", password=Hidden("env:RELAY_PASSWORD"), ca=pki.ca)
        error = await refusal(wrong)
    assert f"127.0.0.1:{there.port}: it does not let us log in: 535" in str(error)
    assert not error.final  # a password can be put right


@in_trio
async def test_a_relay_without_starttls_hears_nothing() -> None:
    with relay(Mailbox(), auth_require_tls=False) as there:
        error = await refusal(sink(there.port, username="probe", password=Hidden("env:RELAY_PASSWORD")))
    assert str(error) == f"127.0.0.1:{there.port}: it offers no STARTTLS"
    assert there.got == []


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@in_trio
async def test_a_certificate_that_nobody_vouches_for(pki: Pki, tls: str) -> None:
    options = {"tls_context": pki.server} if tls == "starttls" else {"ssl_context": pki.server}
    with relay(Mailbox(), **options) as there:
        error = await refusal(sink(there.port, tls=tls))
    assert "its certificate is refused: unable to get local issuer certificate" in str(error)
    assert there.got == []


@in_trio
async def test_a_certificate_for_another_name(pki: Pki) -> None:
    with relay(Mailbox(), tls_context=pki.other) as there:
        error = await refusal(sink(there.port, ca=pki.ca))
    assert "its certificate is refused: IP address mismatch" in str(error)
    assert there.got == []


@in_trio
async def test_some_recipients_are_refused_and_the_others_hear_of_it(pki: Pki) -> None:
    mailbox = Mailbox(refuses={"gone@contoso.com": "550 5.1.1 \x1b[2J no such user"})
    with relay(mailbox, tls_context=pki.server) as there:
        await sink(there.port, to=("gone@contoso.com", "ops@contoso.com"), ca=pki.ca).send(MESSAGE)
    assert there.got[0][0].rcpt_tos == ["ops@contoso.com"]
    said = "The relay did not take this letter for gone@contoso.com: 550 5.1.1 \ufffd[2J no such user"
    assert said in there.letter().get_content()


@in_trio
async def test_all_recipients_are_refused(pki: Pki) -> None:
    with relay(Mailbox(refuses={"ops@contoso.com": "450 4.2.0 greylisted"}), tls_context=pki.server) as there:
        error = await refusal(sink(there.port, ca=pki.ca))
    assert "all recipients are refused, ops@contoso.com with 450 4.2.0 greylisted" in str(error)
    assert (error.final, there.got) == (False, [])


@pytest.mark.parametrize(("says", "final"), [("554 5.7.1 looks like spam", True), ("451 4.3.0 later", False)])
@in_trio
async def test_the_letter_is_refused(pki: Pki, says: str, final: bool) -> None:
    with relay(Mailbox(says=says), tls_context=pki.server) as there:
        error = await refusal(sink(there.port, ca=pki.ca))
    assert str(error).endswith(f"the letter is refused with {says}")
    assert error.final is final


@in_trio
async def test_nobody_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert str(await refusal(sink(port))) == f"127.0.0.1:{port}: it refuses connections"


@in_trio
async def test_a_password_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RELAY_PASSWORD")
    error = await refusal(sink(1, username="probe", password=Hidden("env:RELAY_PASSWORD")))
    assert (str(error), error.final) == ("the environment has no RELAY_PASSWORD", False)


# Relays that nobody runs.

STALL, DRIP = b"stall", b"drip"
GOOD = {
    "": b"220 hello\r\n",
    "EHLO": b"250-hello\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
    "STARTTLS": b"220 go\r\n",
    "AUTH": b"235 ok\r\n",
    "MAIL": b"250 ok\r\n",
    "RCPT": b"250 ok\r\n",
    "DATA": b"354 go on\r\n",
    ".": b"250 taken\r\n",
    "QUIT": b"221 bye\r\n",
}


@dataclass
class Crooked:
    """A relay for one visit. `heard` is every line that the client said; `left` is set once nobody hears it drip."""

    context: ssl.SSLContext
    replies: Mapping[str, bytes]
    heard: list[bytes] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def listen(self, listener: socket.socket) -> None:
        with suppress(OSError), ExitStack() as held:
            line = held.enter_context(listener.accept()[0])
            line.settimeout(30)
            verb: str | None = ""
            while verb is not None and self.say(line, self.replies.get(verb, b"500 what\r\n")):
                if verb == "STARTTLS":
                    line = held.enter_context(self.context.wrap_socket(line, server_side=True))
                verb = "." if verb == "DATA" and self.letter(line) else self.hear(line)

    def say(self, line: socket.socket, said: bytes) -> bool:
        """Whether the visit goes on."""
        if said == STALL:
            self.over.wait(30)
            return False
        while said == DRIP and not self.over.wait(0.05):
            try:
                line.sendall(b"2")
            except OSError:
                self.left.set()
                raise
        line.sendall(said)
        return said != b""

    def hear(self, line: socket.socket) -> str | None:
        """The verb of a command; None where the client has left."""
        data = b""
        while not data.endswith(b"\n"):
            if not (more := line.recv(1)):
                return None
            data += more
        self.heard.append(data)
        return data.decode().strip().partition(" ")[0].upper()

    def letter(self, line: socket.socket) -> bool:
        """Hears it to its end, or until the client leaves."""
        while (word := self.hear(line)) not in (".", None):
            pass
        return word is not None


@contextmanager
def crooked(context: ssl.SSLContext, **says: bytes) -> Iterator[Crooked]:
    """Answers each verb, and `greeting` and `end` of the letter, as told: STALL says nothing, DRIP a digit at a time
    until the client has left, and b"" hangs up."""
    told = {{"greeting": "", "end": "."}.get(verb, verb): said for verb, said in says.items()}
    there = Crooked(context, GOOD | told)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        there.port = listener.getsockname()[1]
        thread = threading.Thread(target=there.listen, args=(listener,))
        thread.start()
        try:
            yield there
        finally:
            there.over.set()
            thread.join()


@in_trio
async def test_the_crooked_relay_can_be_straight(pki: Pki) -> None:
    with crooked(pki.server) as there:
        await sink(there.port, username="probe", password=Hidden("env:RELAY_PASSWORD"), ca=pki.ca).send(MESSAGE)
    assert b"data\r\n" in there.heard


@pytest.mark.parametrize("stage", ["greeting", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "end"])
@in_trio
async def test_one_that_hangs_up(pki: Pki, stage: str) -> None:
    with crooked(pki.server, **{stage: b""}) as there:
        error = await refusal(sink(there.port, username="probe", password=Hidden("env:RELAY_PASSWORD"), ca=pki.ca))
    assert (str(error), error.final) == (f"127.0.0.1:{there.port}: it hung up", False)


@pytest.mark.parametrize("stage", ["greeting", "STARTTLS", "end"])
@in_trio
async def test_one_that_says_nothing_any_more(pki: Pki, stage: str) -> None:
    with crooked(pki.server, **{stage: STALL}) as there:
        error = await refusal(sink(there.port, ca=pki.ca, timeout=Duration(1)))
    assert str(error) == f"127.0.0.1:{there.port}: not done within 1 s"


@pytest.mark.parametrize("stage", ["greeting", "MAIL"])
@in_trio
async def test_one_that_drips_is_left(pki: Pki, stage: str) -> None:
    """It always says something in time, for minutes; the thread that listens is no longer there to hear it."""
    with crooked(pki.server, **{stage: DRIP}) as there:
        error = await refusal(sink(there.port, ca=pki.ca, timeout=Duration(1)))
        assert there.left.wait(20)
    assert str(error) == f"127.0.0.1:{there.port}: not done within 1 s"


@in_trio
async def test_after_the_letter_was_taken_nothing_matters(pki: Pki) -> None:
    with crooked(pki.server, QUIT=b"") as there:
        await sink(there.port, ca=pki.ca).send(MESSAGE)


@in_trio
async def test_words_smuggled_in_front_of_tls_are_not_believed(pki: Pki) -> None:
    with crooked(pki.server, STARTTLS=b"220 go\r\n250-forged\r\n250 AUTH LOGIN\r\n") as there:
        await sink(there.port, ca=pki.ca).send(MESSAGE)
    assert there.heard.count(b"ehlo watch.contoso.com\r\n") == 2


@in_trio
async def test_starttls_that_is_refused_is_no_reason_to_go_on_without(pki: Pki) -> None:
    with crooked(pki.server, STARTTLS=b"454 not now\r\n") as there:
        error = await refusal(sink(there.port, ca=pki.ca))
    assert str(error).endswith("STARTTLS is answered with 454 not now")
    assert not any(line.upper().startswith(b"MAIL") for line in there.heard)


@in_trio
async def test_a_password_that_is_said_back(pki: Pki) -> None:
    said = b"535 5.7.8 not with " + PASSWORD.encode() + b"\r\n"
    with crooked(pki.server, AUTH=said) as there:
        error = await refusal(sink(there.port, username="probe", password=Hidden("env:RELAY_PASSWORD"), ca=pki.ca))
    assert str(error).endswith("535 5.7.8 not with …")


@pytest.mark.parametrize(
    "said", [b"x" * 20_000 + b"\r\n", b"\xff\xfe\r\n", b"220-" + b"\x1b[2J" * 50 + b"\r\n999 \r\n"]
)
@in_trio
async def test_rubbish(pki: Pki, said: bytes) -> None:
    with crooked(pki.server, greeting=said) as there:
        error = await refusal(sink(there.port, ca=pki.ca, timeout=Duration(3)))
    assert len(str(error)) < 500
    assert str(error).isprintable()


# What is written.


def test_hostile_text_stays_text() -> None:
    hostile = item(
        target="x\r\nBcc: all@contoso.com\r\n\r\nforged",
        place="\r\nSubject: forged\u2028\x85Bcc: a@b.example",
        sentence="ü" * 5000 + "\n.\nDATA\n",
    )
    made = sink(1).letter(message(notice(hostile), key="k\r\nBcc: x"), {}).as_bytes()
    letter = email.message_from_bytes(made, policy=POLICY)
    assert letter["Bcc"] is None
    assert len(letter.get_all("Subject", [])) == 1
    assert max(map(len, made.split(b"\r\n"))) <= 998
    assert "ü" * 5000 in letter.get_content()
    assert made.isascii()


def test_sent_again_it_is_the_same_letter() -> None:
    assert sink(1).letter(MESSAGE, {}).as_bytes() == sink(1).letter(MESSAGE, {}).as_bytes()
    assert sink(1).letter(MESSAGE, {})["Message-ID"] != sink(1).letter(message(key="k2"), {})["Message-ID"]


def configured(**fields: object) -> Email:
    plain: dict[str, object] = {"host": "mail.contoso.com", "from": "probe@contoso.com", "to": ["ops@contoso.com"]}
    return msgspec.convert(plain | fields, Email, dec_hook=lambda kind, value: kind(value))


@pytest.mark.parametrize(
    "fields",
    [
        {"from": "probe"},
        {"from": "probe@contoso.com\r\nBcc: x@contoso.com"},
        {"from": "a\r\nBcc: x <probe@contoso.com>"},
        {"from": "Operations, Probe <probe@contoso.com>"},
        {"to": []},
        {"to": ["ops@contoso.com, others@contoso.com"]},
        {"host": "mail.contoso.com/x"},
        {"port": 0},
        {"tls": "maybe"},
    ],
)
def test_settings_that_cannot_be(fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        configured(**fields)


@pytest.mark.parametrize(
    ("fields", "port"), [({}, 587), ({"tls": "implicit"}, 465), ({"tls": "none"}, 25), ({"port": 2525}, 2525)]
)
def test_its_place(fields: dict[str, object], port: int) -> None:
    assert configured(**fields).place == f"mail.contoso.com:{port}"


def test_remarks(tmp_path: Path) -> None:
    assert list(configured(username="probe", password="env:RELAY_PASSWORD").remarks()) == []
    assert list(configured(tls="none", host="127.0.0.1").remarks()) == []
    (remark,) = configured(tls="none").remarks()
    assert remark.startswith("mail.contoso.com:25: no TLS")
    with pytest.raises(ValueError, match="not sent without TLS"):
        list(configured(tls="none", username="probe", password="env:RELAY_PASSWORD").remarks())
    with pytest.raises(ValueError, match="go together"):
        list(configured(username="probe").remarks())
    with pytest.raises(LookupError, match="NOT_THERE"):
        list(configured(username="probe", password="env:NOT_THERE").remarks())
    with pytest.raises(ValueError, match="ca"):
        list(configured(ca=tmp_path / "missing.pem").remarks())


@in_trio
async def test_a_password_is_never_sent_without_tls() -> None:
    bare = sink(25, host="mail.contoso.com", tls="none", username="probe", password=Hidden("env:RELAY_PASSWORD"))
    assert str(await refusal(bare)) == "a password is not sent without TLS"


def test_nothing_of_the_password_is_shown() -> None:
    assert PASSWORD not in repr(configured(username="probe", password="env:RELAY_PASSWORD"))
