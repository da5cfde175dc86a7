"""What our listener says and takes down, without sockets: however the bytes come, and whoever sends them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from probe.dialogue.smtp import MAX_DIALOGUE, MAX_LINE, Envelope, attend, greet_again, hear, starttls
from probe.dialogue.smtp.kept import kept, kept_of
from probe.dialogue.smtp.mailbox import MASKED, Mailbox, mailbox, masked
from probe.dialogue.smtp.server import (
    KEYWORDS,
    MOST_COMMANDS,
    MOST_ERRORS,
    MOST_RECIPIENTS,
    NOT_NOW,
    Desk,
    Over,
    Service,
    inside,
    welcome,
)
from probe.errors import PeerClosed, PeerError
from probe.model import Speaker, Turn

NAME, PEER = "listener.example", "192.0.2.7"
BANNER = f"220 {NAME} ESMTP probe listener: a test host that takes no mail\r\n"
ADDRESS_ONLY = f"250 {NAME} Hello [{PEER}]"
SECRET = "hunter2"
Begin = Callable[[Desk], Service]


@dataclass
class Said:
    """What a client got to hear, what was taken down of it, and how it ended."""

    replies: str = ""
    notes: list[str] = field(default_factory=list)
    end: Over | PeerError | None = None

    @property
    def codes(self) -> list[str]:
        """Of each reply, without the banner."""
        return [line[:3] for line in self.replies.splitlines() if line[3:4] == " "]

    @property
    def kept(self) -> str:
        return "".join(self.notes)


def talk(*pieces: bytes, begin: Begin = inside, full: bool = False, secure: bool = True, answer: str = NOT_NOW) -> Said:
    """A client sends the pieces, whatever we say, and waits."""
    said = Said()
    desk = Desk(name=NAME, peer=PEER, note=said.notes.append, answer=lambda: answer, secure=lambda: secure, full=full)
    service = begin(desk)
    try:
        said.replies += next(service).decode("ascii")
        for piece in pieces:
            said.replies += service.send(piece).decode("ascii")
    except StopIteration as end:
        said.end = end.value
        said.replies += end.value.say.decode("ascii")
    except PeerError as error:
        said.end = error
    return said


def lines(*commands: str) -> bytes:
    return "".join(f"{command}\r\n" for command in commands).encode("latin-1")


def turns(said: Said, *, tls: bool = True) -> tuple[Turn, ...]:
    return (Turn(who=Speaker.CLIENT, data=said.kept, tls=tls),)


# A delivery


DELIVERY = lines("EHLO ex01.contoso.com", "MAIL FROM:<ann@Contoso.COM> SIZE=1", "RCPT TO:<bob@fabrikam.com>", "QUIT")


def test_a_delivery_is_heard_and_put_off() -> None:
    said = talk(DELIVERY)
    assert said.codes == ["250", "250", "451", "221"]
    assert NOT_NOW in said.replies
    assert said.end == Over(said.end.say if isinstance(said.end, Over) else b"", b"", secure=False)
    assert said.notes == [
        "EHLO ex01.contoso.com\r\n",
        "MAIL FROM:<***@contoso.com> SIZE=1\r\n",
        "RCPT TO:<***@fabrikam.com>\r\n",
        "QUIT\r\n",
    ]
    assert attend(turns(said)) == Envelope(
        greeted_inside="ex01.contoso.com",
        senders=("contoso.com",),
        recipients=("fabrikam.com",),
        inside=True,
        left=True,
    )


def test_addresses_are_kept_whole_where_that_was_asked_for() -> None:
    said = talk(lines("EHLO x", "MAIL FROM:<ann@contoso.com> AUTH=ann@contoso.com", "RCPT TO:<bob@x>"), full=True)
    assert said.notes[1:] == ["MAIL FROM:<ann@contoso.com> AUTH=ann@contoso.com\r\n", "RCPT TO:<bob@x>\r\n"]


def test_before_tls_and_inside_it_the_keywords_are_exchange_onlines() -> None:
    heard = [talk(b"EHLO x\r\n", begin=begin).replies for begin in (welcome, inside)]
    assert heard[0].startswith(BANNER)
    offered = [[line[4:] for line in text.removeprefix(BANNER).splitlines()[1:]] for text in heard]
    assert offered == [list(KEYWORDS), [word for word in KEYWORDS if word != "STARTTLS"]]
    assert not any(word.startswith("AUTH") for word in KEYWORDS)


def test_our_client_and_our_server_understand_each_other() -> None:
    said = Said()
    server = welcome(Desk(name=NAME, peer=PEER, note=said.notes.append, answer=lambda: NOT_NOW))
    client = starttls("probe.example")
    assert next(client) == b""
    heard = next(server)
    greeting = client.send(heard)
    ehlo = server.send(greeting)
    with pytest.raises(StopIteration) as ended:
        server.send(client.send(ehlo))
    assert ended.value.value == Over(b"", b"", secure=True)
    with pytest.raises(StopIteration) as ready:
        client.send(b"220 go\r\n")
    assert ready.value.value == b""

    after, again = inside(Desk(name=NAME, peer=PEER, note=said.notes.append, answer=lambda: NOT_NOW)), greet_again("p")
    assert next(after) == b""
    with pytest.raises(StopIteration):
        again.send(after.send(next(again)))
    assert said.notes == ["EHLO probe.example\r\n", "STARTTLS\r\n", "EHLO p\r\n"]
    read = hear(
        tuple(
            Turn(who=who, data=data.decode())
            for who, data in ((Speaker.SERVER, heard), (Speaker.CLIENT, greeting), (Speaker.SERVER, ehlo))
        )
    )
    assert str(read.banner) == BANNER.strip()
    assert read.keywords == KEYWORDS


# Every command, and its reply


@pytest.mark.parametrize(
    ("commands", "codes"),
    [
        (["EHLO x"], ["250"]),
        (["ehlo x"], ["250"]),
        (["HELO x"], ["250"]),
        (["EHLO"], ["501"]),
        (["HELO  "], ["501"]),
        (["MAIL FROM:<a@b>"], ["503"]),
        (["EHLO x", "MAIL FROM:<a@b>", "MAIL FROM:<a@b>"], ["250", "250", "503"]),
        (["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b>"], ["250", "250", "451"]),
        (["EHLO x", "mail from: <a@b>  size=1 ", "rcpt to: <a@b>"], ["250", "250", "451"]),
        (["EHLO x", "MAIL a@b"], ["250", "501"]),
        (["EHLO x", "MAIL TO:<a@b>"], ["250", "501"]),
        (["EHLO x", "MAIL FROM:<a@b>x"], ["250", "501"]),
        (["EHLO x", "MAIL FROM:<a@b"], ["250", "501"]),
        (["EHLO x", f"MAIL FROM:<a@{'b' * 256}>"], ["250", "501"]),
        (["EHLO x", 'MAIL FROM:<a@"b@c">'], ["250", "501"]),
        (["EHLO x", "RCPT TO:<a@b>"], ["250", "503"]),
        (["EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<>", "RCPT FROM:<a@b>"], ["250", "250", "501", "501"]),
        (["EHLO x", "MAIL FROM:<a@b>", "RSET", "RCPT TO:<a@b>"], ["250", "250", "250", "503"]),
        (["EHLO x", "MAIL FROM:<a@b>", "EHLO x", "RCPT TO:<a@b>"], ["250", "250", "250", "503"]),
        (["EHLO x", "MAIL FROM:<a@b>", "DATA"], ["250", "250", "554"]),
        (["EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA"], ["250", "250", "451", "554"]),
        (["DATA"], ["503"]),
        (["BDAT 0 LAST"], ["503"]),
        (["BDAT"], ["501"]),
        (["BDAT -1"], ["501"]),
        (["BDAT 1 FIRST"], ["501"]),
        (["NOOP", "NOOP x", "RSET", "HELP", "VRFY a", "EXPN a"], ["250", "250", "250", "214", "252", "252"]),
        (["AUTH PLAIN AGFubgBodW50ZXIy"], ["502"]),
        (["TURN", "", " EHLO x", "EHLO\tx"], ["500", "500", "500", "500"]),
        (["QUIT", "NOOP"], ["221"]),
        (["STARTTLS"], ["503"]),
    ],
    ids=lambda given: "/".join(given)[:60],
)
def test_every_command_has_its_reply(commands: list[str], codes: list[str]) -> None:
    assert talk(lines(*commands)).codes == codes


def test_what_exchange_would_say_is_said_to_the_recipient() -> None:
    refusal = "550 5.7.64 TenantAttribution; Relay Access Denied SMTP"
    said = talk(lines("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA"), answer=refusal)
    assert said.replies.splitlines()[-2:] == [refusal, "554 5.5.1 No valid recipients"]


def test_starttls_waits_for_its_answer_and_hands_back_what_came_behind() -> None:
    said = talk(lines("EHLO x", "STARTTLS", "MAIL FROM:<eve@evil.example>"), begin=welcome)
    assert isinstance(said.end, Over)
    assert (said.end.secure, said.end.rest) == (True, b"MAIL FROM:<eve@evil.example>\r\n")
    assert said.end.say.startswith(b"250-")  # the answer to EHLO, which came along with it
    assert said.notes == ["EHLO x\r\n", "STARTTLS\r\n"]


@pytest.mark.parametrize(("command", "secure", "code"), [("STARTTLS x", True, "501"), ("STARTTLS", False, "454")])
def test_starttls_is_not_had(command: str, secure: bool, code: str) -> None:
    said = talk(lines(command, "QUIT"), begin=welcome, secure=secure)
    assert said.codes == ["220", code, "221"]


def test_behind_quit_nothing_is_read() -> None:
    said = talk(lines("QUIT", "EHLO x"))
    assert (said.notes, said.end) == (["QUIT\r\n"], Over(said.replies.encode(), b"EHLO x\r\n", secure=False))


def test_a_client_that_leaves_did_not_say_goodbye() -> None:
    assert isinstance(talk(b"EHLO x\r\n", b"").end, PeerClosed)


# Chunks


def test_a_chunk_is_thrown_away_unread_and_what_follows_is_a_command() -> None:
    content = lines("MAIL FROM:<eve@evil.example>", SECRET) * 100
    chunk = b"BDAT %d LAST\r\n%b" % (len(content), content)
    envelope = lines("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<c@d>")
    said = talk(envelope + chunk + chunk + lines("RSET", "QUIT"))
    assert said.codes == ["250", "250", "451", "554", "554", "250", "221"]
    assert said.notes[3:] == [f"BDAT {len(content)} LAST\r\n"] * 2 + ["RSET\r\n", "QUIT\r\n"]


def test_a_chunk_does_not_count_as_dialogue() -> None:
    chunk = b"x" * (2 * MAX_DIALOGUE)
    pieces = [chunk[n : n + 16384] for n in range(0, len(chunk), 16384)]
    said = talk(b"BDAT %d\r\n" % len(chunk), *pieces, b"QUIT\r\n")
    assert said.codes == ["503", "221"]


# However the bytes come


SESSIONS = [
    (welcome, lines("EHLO x", "NOOP", "STARTTLS") + b"early"),
    (inside, DELIVERY),
    (inside, lines("EHLO x", "MAIL FROM:<a@b>") + b"BDAT 12 LAST\r\nMAIL FROM:<\nRSET\nNOOP\r\nQUIT\r\n"),
    (inside, b"\0\n" + b"\xff\xfe\r\n" + b"EHLO \x00\r\n" + b"\r\r\n" + b"NOOP\n"),
    (inside, b"x" * (MAX_LINE + 2)),
    (inside, lines("WHAT") * (MOST_ERRORS + 1)),
]


@pytest.mark.parametrize(("begin", "data"), SESSIONS, ids=["welcome", "delivery", "chunk", "odd", "long", "errors"])
@given(cuts=st.lists(st.integers(1, 200), max_size=12))
@settings(max_examples=60, deadline=None)
def test_every_split_comes_to_the_same(begin: Begin, data: bytes, cuts: list[int]) -> None:
    whole = talk(data, begin=begin)
    ends = [*sorted(set(cuts)), len(data)]
    split = talk(*(piece for a, b in zip([0, *ends], ends, strict=False) if (piece := data[a:b])), begin=begin)
    assert split.notes == whole.notes
    if isinstance(whole.end, PeerError):
        assert str(split.end) == str(whole.end)
    else:
        assert split.replies == whole.replies
        assert isinstance(split.end, Over) == isinstance(whole.end, Over)


def test_byte_by_byte_comes_to_the_same() -> None:
    whole = talk(DELIVERY)
    assert talk(*(DELIVERY[n : n + 1] for n in range(len(DELIVERY)))) == Said(
        whole.replies, whole.notes, Over(b"221 2.0.0 Service closing transmission channel\r\n", b"", secure=False)
    )


# Too much


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (lines("NOOP") * (MOST_COMMANDS + 1), "more than 500 commands"),
        (lines("WHAT") * (MOST_ERRORS + 1), "more than 20 commands that are none"),
        (lines("AUTH LOGIN") * (MOST_ERRORS + 1), "more than 20 commands that are none"),
        (b"a" * (MAX_LINE + 1), "a line of more than 4096 bytes"),
        (lines("NOOP " + "a" * 4000) * 17, "more than 65536 bytes of commands"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_guest_who_goes_too_far_is_let_go(data: bytes, complaint: str) -> None:
    said = talk(*(data[n : n + 16384] for n in range(0, len(data), 16384)))
    assert type(said.end) is PeerError
    assert str(said.end) == complaint


@pytest.mark.parametrize(
    "data",
    [lines("NOOP") * MOST_COMMANDS, lines("WHAT") * MOST_ERRORS, b"NOOP " + b"a" * (MAX_LINE - 6) + b"\r\n"],
    ids=["commands", "errors", "a line"],
)
def test_as_much_as_may_be_is_heard(data: bytes) -> None:
    assert talk(data + b"", b"").end is not None
    assert isinstance(talk(data, b"").end, PeerClosed)


def test_recipients_have_an_end() -> None:
    said = talk(lines("EHLO x", "MAIL FROM:<a@b>", *["RCPT TO:<a@b>"] * (MOST_RECIPIENTS + 1)))
    assert said.codes[2:] == ["451"] * MOST_RECIPIENTS + ["452"]


# What may be kept


@pytest.mark.parametrize(
    ("command", "note"),
    [
        ("MAIL FROM:<>", "MAIL FROM:<>"),
        ("MAIL FROM:<ann>", "MAIL FROM:<***>"),
        ("MAIL FROM:<ann@>", "MAIL FROM:<***>"),
        ('MAIL FROM:<"ann <a@b> x"@contoso.com>', "MAIL FROM:<***@contoso.com>"),
        (r'MAIL FROM:<"a\"@x\\"@contoso.com>', "MAIL FROM:<***@contoso.com>"),
        ("RCPT TO:<@relay.example,@b:ann@contoso.com>", "RCPT TO:<***@contoso.com>"),
        ("RCPT TO:<ann@[192.0.2.1]>", "RCPT TO:<***@[192.0.2.1]>"),
        ("rcpt to:<ann@X.example> NOTIFY=SUCCESS,DELAY", "RCPT TO:<***@x.example> NOTIFY=SUCCESS,DELAY"),
        ("RCPT TO:<a@b> ORCPT=rfc822;ann@contoso.com", "RCPT TO:<***@b> ORCPT=***"),
        ("MAIL FROM:<a@b> RET=HDRS ENVID=ann SIZE=9", "MAIL FROM:<***@b> RET=HDRS ENVID=*** SIZE=9"),
        ("MAIL FROM:<a@b> AUTH=<> XOORG=contoso.com", "MAIL FROM:<***@b> AUTH=*** XOORG=***"),
        ("MAIL FROM:<a@b> hunter2 NOTIFY=hunter2 FOO=hunter2", "MAIL FROM:<***@b> *** *** ***"),
        ("MAIL FROM: ann@contoso.com", "(26 bytes that are no command)"),
        ("RCPT TO:<ann@contoso.com> bob", "RCPT TO:<***@contoso.com> ***"),
        ("RCPT TO:<ann@contoso.com>bob", "(28 bytes that are no command)"),
        ("AUTH PLAIN AGFubgBodW50ZXIy", "AUTH PLAIN ***"),
        ("auth x-exps NTLM", "AUTH X-EXPS ***"),
        ("AUTH hunter2", "AUTH ***"),
        ("EHLO mail_01.[x]", "EHLO mail_01.[x]"),
        ("EHLO [IPv6:2001:db8::1]", "EHLO [IPv6:2001:db8::1]"),
        ("EHLO ann@contoso.com", "EHLO ***"),
        ("EHLO dear bob", "EHLO ***"),
        (f"EHLO {'a' * 256}", "EHLO ***"),
        ("HELP hunter2", "HELP ***"),
        ("VRFY ann", "VRFY ***"),
        ("BDAT 10 last", "BDAT 10 last"),
        ("BDAT hunter2", "BDAT ***"),
        ("hunter2", "(7 bytes that are no command)"),
    ],
)  # fmt: skip
def test_what_is_kept_of_a_command(command: str, note: str) -> None:
    assert kept(command, full=False) == note


def test_a_sender_or_recipient_that_was_refused_is_none() -> None:
    """Out of turn, or no address: nobody may take it for the envelope of a delivery."""
    refused = ("MAIL FROM:<early@a.example>", "EHLO x", "RCPT TO:<early@b.example>", "MAIL FROM: ann@c.example")
    taken = ("MAIL FROM:<ann@contoso.com>", "MAIL FROM:<second@d.example>", "RCPT TO:<bob@fabrikam.com>")
    said = talk(lines(*refused, *taken))
    assert said.codes == ["503", "250", "503", "501", "250", "503", "451"]
    assert [note for note in said.notes if note in ("MAIL\r\n", "RCPT\r\n")] == ["MAIL\r\n", "RCPT\r\n"] + [
        "MAIL\r\n"
    ] * 2
    found = attend(turns(said))
    assert (found.senders, found.recipients) == (("contoso.com",), ("fabrikam.com",))


def test_whole_addresses_only_where_they_were_asked_for() -> None:
    commands = lines("EHLO x", 'MAIL FROM:<"ann b"@contoso.com>', "RCPT TO:<bob@fabrikam.com>", "RCPT TO:<postmaster>")
    hidden, whole = attend(turns(talk(commands))), attend(turns(talk(commands, full=True)))
    assert (hidden.from_addresses, hidden.to_addresses) == ((), ())
    assert whole.from_addresses == ('"ann b"@contoso.com',)
    assert whole.to_addresses == ("bob@fabrikam.com", "postmaster")
    assert (whole.senders, whole.recipients) == (hidden.senders, hidden.recipients)
    assert hidden.recipients == ("fabrikam.com", "")


def test_what_came_too_early_is_kept_no_other_way() -> None:
    data = b"AUTH PLAIN AHVzZXIAU0VD\r\nMAIL FROM:<ann@evil.example>\nSubject: hunter2\r\n\x16\x03\x01"
    assert kept_of(data, full=False).split("\r\n") == [
        "AUTH PLAIN ***",
        "MAIL FROM:<***@evil.example>",
        "(16 bytes that are no command)",
        "(3 bytes that are no command)",
        "",
    ]
    assert kept_of(b"NOOP\r\n" * 70, full=False).count("NOOP") == 50
    assert kept_of(b"NOOP\r\n" * 70, full=False).endswith("(20 lines more)\r\n")


@pytest.mark.parametrize("domain", ["münchen.example", "à.example", "Åland.example", "x…y.example", "example.à"])
def test_a_domain_in_utf_8_is_kept_as_it_came(domain: str) -> None:
    """Some of its bytes would be blanks, ends of lines or capitals, were each of them a character."""
    said = talk(f"EHLO {domain}\r\nMAIL FROM:<ann@{domain}> SMTPUTF8\r\nRCPT TO:<bob@{domain}>\r\n".encode())
    assert said.codes == ["250", "250", "451"]
    found = attend(turns(said))
    names = [found.greeted_inside, *found.senders, *found.recipients]
    assert [(name or "").encode("latin-1").decode() for name in names] == [domain] * 3


VERBS = ("", "EHLO ", "MAIL FROM:<a@b> ", "RCPT TO:<", "BDAT 1 ", "AUTH PLAIN ", "HELP ", "DATA ", "STARTTLS ")
CONTENT = st.tuples(st.sampled_from(VERBS), st.text(st.characters(max_codepoint=255, exclude_characters="\n")))


@given(content=st.lists(CONTENT, max_size=8))
@settings(max_examples=200, deadline=None)
@pytest.mark.parametrize("first", ["DATA", "AUTH LOGIN", "BDAT 0"])
def test_neither_content_nor_passwords_are_taken_down(first: str, content: list[tuple[str, str]]) -> None:
    """Whoever sends them though we refused, and however much it looks like commands."""
    told = [f"{verb}dear {text} {SECRET}" for verb, text in content]
    said = talk(lines("EHLO x", "MAIL FROM:<a@b>", first, *told))
    assert len(said.notes) == 3 + len(content)
    assert SECRET not in said.kept


LOCAL = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='<>"@:\\'), min_size=1)


@given(local=LOCAL, quoted=st.booleans(), where=st.sampled_from(["MAIL FROM", "RCPT TO"]))
@settings(max_examples=200, deadline=None)
def test_no_local_part_is_taken_down(local: str, quoted: bool, where: str) -> None:
    address = f'"{SECRET} {local}"' if quoted else f"{SECRET}{local}"
    before = ("MAIL FROM:<>",) if where == "RCPT TO" else ()
    said = talk(
        lines("EHLO x", *before, f"{where}:<{address}@contoso.com> ORCPT=rfc822;{address} AUTH={address}@contoso.com")
    )
    assert SECRET not in said.kept
    assert "<***@contoso.com>" in said.kept


@given(st.binary(max_size=300))
@example(b"MAIL FROM:<a@b>\rRCPT TO:<c@d>\r\n")
@example(b"EHLO a\x85MAIL FROM:<a@b>\r\n")
@settings(max_examples=300, deadline=None)
def test_what_was_taken_down_reads_back_as_as_many_commands(data: bytes) -> None:
    """Nobody can have us take one command for two."""
    said = talk(b"EHLO x\r\n", data + b"\r\n")
    assert said.kept.count("\r\n") == len(said.notes)
    found = attend(turns(said))
    for verb, domains in (("MAIL FROM:<", found.senders), ("RCPT TO:<", found.recipients)):
        assert len(domains) <= sum(note.startswith(verb) for note in said.notes)


@pytest.mark.parametrize("end", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_a_transcript_has_no_other_end_of_line_than_smtp(end: str) -> None:
    transcript = (Turn(who=Speaker.CLIENT, data=f"EHLO a{end}MAIL FROM:<eve@evil.example>\r\n"),)
    assert attend(transcript).senders == ()


# Reading back


@given(
    st.lists(
        st.builds(
            Turn,
            who=st.sampled_from(Speaker),
            data=st.one_of(
                st.text(max_size=80),
                st.tuples(
                    st.sampled_from(["EHLO ", "MAIL FROM:", "RCPT TO:", "AUTH ", "STARTTLS", "QUIT"]), st.text()
                ).map("".join),
            ),
            tls=st.booleans(),
        ),
        max_size=6,
    )
)
def test_reading_back_is_total(transcript: list[Turn]) -> None:
    found = attend(tuple(transcript))
    assert isinstance(found, Envelope)
    if all(turn.who is Speaker.SERVER for turn in transcript):
        assert found == Envelope()


def test_the_whole_envelope_is_read_back() -> None:
    plain = "EHLO first\r\nEHLO\r\nNOOP\r\nSTARTTLS\r\n"
    secured = (
        "EHLO second\r\nMAIL FROM:<>\r\nRCPT TO:<***@a>\r\nRCPT TO:<***@b>\r\nRCPT TO:<***@a>\r\nDATA\r\n"
        "RSET\r\nMAIL FROM:<***@c>\r\nRCPT TO:<***>\r\nAUTH ***\r\nDATA\r\n"
    )
    found = attend(
        (
            Turn(who=Speaker.CLIENT, data=plain),
            Turn(who=Speaker.SERVER, data="MAIL FROM:<x@not.a.client>\r\n"),
            Turn(who=Speaker.CLIENT, data=secured, tls=True),
        )
    )
    assert found == Envelope(
        greeted="first",
        greeted_inside="second",
        asked=True,
        senders=("", "c"),
        recipients=("a", "b", ""),
        inside=True,
        more=("DATA", "AUTH"),
    )


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("FROM:<>", Mailbox(local="", domain="")),
        ("from : <A@B> X=Y", Mailbox(local="A", domain="b", parameters=" X=Y")),
        ("TO:<a@b>", None),
        ("FROM:a@b", None),
        ("FROM:<a b@c>", None),
    ],
)
def test_a_path(argument: str, found: Mailbox | None) -> None:
    assert mailbox(argument, "FROM") == found
    assert found is None or found.null is (argument == "FROM:<>")


@given(st.text())
def test_masking_is_done_once_and_for_all(parameters: str) -> None:
    once = masked(parameters)
    assert masked(once) == once
    assert MASKED in once or not once or "=" in once or "SMTPUTF8" in once.upper() or "REQUIRETLS" in once.upper()
