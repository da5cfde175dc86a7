"""Our listener on loopback, with clients of every kind: what each showed is taken down, and none of them hurts it."""

import errno
import ipaddress
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
import trio
import trio.testing
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from OpenSSL import SSL, crypto
from trio.testing import MockClock

from probe.dialogue.smtp import attend
from probe.dialogue.smtp.server import KEYWORDS
from probe.errors import ConfigError
from probe.model import Direction, Kind, Observation, RouteKind, Stage
from probe.observe.accept import Host, Patience, plain, receive
from probe.observe.tls_server import OwnCertificate, accepting, client_chain, self_made, server_context
from probe.run.listen import AT_HOME, Listener, Rules, allowed, as_one, bind, came_to_deliver, evidence
from tests.listening import A_WHILE, HOME, NAME, Client, Here, deliver, flood, listening, offering, own, tried
from tests.observing import authority, ended, issuing, said
from tests.pki import CLIENT_AUTH, SERVER_AUTH, TODAY, Authority, Issued, pem, self_signed
from tests.world import NOW, in_trio

TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = SSL.TLS1_VERSION, SSL.TLS1_1_VERSION, SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION
VERSIONS = {TLS_1_2: "TLSv1.2", TLS_1_3: "TLSv1.3"}
both_versions = pytest.mark.parametrize("version", VERSIONS, ids=VERSIONS.values())
DELIVERED = ["250", "250", "451", "221"]
LONG = Patience(dialogue=20, handshake=20, after=20)


@cache
def leaf() -> Issued:
    return issuing().leaf(names=("mail.contoso.com",), eku=(SERVER_AUTH, CLIENT_AUTH))


def ders(seen: Observation) -> list[bytes]:
    assert seen.chain
    return list(seen.chain.der)


async def good(here: Here) -> None:
    """It serves the next one as if nothing had been."""
    assert await here.visit(lambda: deliver(here.port, offering(leaf(), issuing()))) == DELIVERED
    while (seen := await here.seen()).failure:
        pass
    assert ders(seen) == [leaf().der, issuing().der]
    assert here.faults == []


# A delivery


@both_versions
@in_trio
async def test_a_delivery_is_one_observation(version: int) -> None:
    async with listening() as here:
        context = offering(leaf(), issuing(), version=version)
        assert await here.visit(lambda: deliver(here.port, context, "sni.example")) == DELIVERED
        seen = await here.seen()
    assert seen.failure is None
    assert (seen.direction, seen.certificate_requested, seen.source) == (Direction.INBOUND, True, HOME)
    assert (seen.endpoint.host, seen.endpoint.address, seen.endpoint.port) == (HOME, HOME, here.port)
    assert seen.endpoint.server_name == "sni.example"
    assert seen.session
    assert seen.session.version == VERSIONS[version]
    assert ders(seen) == [leaf().der, issuing().der]
    told = attend(seen.transcript)
    assert (told.greeted, told.greeted_inside, told.asked) == ("before.example", "inside.example", True)
    assert (told.senders, told.recipients, told.inside, told.left) == (("contoso.com",), ("fabrikam.com",), True, True)
    assert "ann" not in said(seen)
    assert "bob" not in said(seen)
    assert list(seen.seconds) == ["dialogue", "handshake", "after"]


@in_trio
async def test_a_delivery_in_plain_text_is_one_too() -> None:
    async with listening() as here:

        def visit() -> list[str]:
            client = Client(here.port)
            assert client.hear().startswith(f"220 {NAME} ESMTP probe listener")
            return client.deliver()

        assert await here.visit(visit) == DELIVERED
        seen = await here.seen()
    assert (seen.failure, seen.session, seen.chain, seen.certificate_requested) == (None, None, None, False)
    assert attend(seen.transcript).inside is False
    assert came_to_deliver(seen)


@in_trio
async def test_what_is_offered_and_asked_for() -> None:
    async with listening() as here:

        def visit() -> tuple[list[str], list[str], SSL.Connection]:
            client = Client(here.port)
            client.hear()
            before = client.ask("EHLO a").splitlines()
            client.ask("STARTTLS")
            client.handshake(offering())
            assert client.tls
            return before, client.ask("EHLO a").splitlines(), client.tls

        before, after, tls = await here.visit(visit)
    assert [line[4:] for line in before[1:]] == list(KEYWORDS)
    assert [line[4:] for line in after[1:]] == [word for word in KEYWORDS if word != "STARTTLS"]
    assert tls.get_client_ca_list() == []  # nobody is kept from showing a certificate because of who issued it


@in_trio
async def test_nothing_is_ever_accepted() -> None:
    async with listening() as here:

        def visit() -> str:
            client = Client(here.port)
            client.secure(offering(leaf()))
            client.send(
                b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nBDAT 3 LAST\r\nx\r\nAUTH LOGIN\r\nQUIT\r\n"
            )
            return client.hear_out()

        replies = await here.visit(visit)
        await here.seen()
    assert [line[:3] for line in replies.splitlines() if line[3] == " "] == [
        "250", "250", "451", "554", "554", "502", "221",
    ]  # fmt: skip


@in_trio
async def test_the_answer_to_a_recipient_knows_what_was_seen() -> None:
    def answer(seen: Observation) -> str:
        told = attend(seen.transcript)
        return f"550 5.7.64 {len(ders(seen))} {told.senders[-1]} {told.recipients[-1]}"

    async with listening(answer=answer) as here:

        def visit() -> str:
            client = Client(here.port)
            client.secure(offering(leaf(), issuing()))
            client.send(b"EHLO a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nQUIT\r\n")
            return client.hear_out()

        assert "550 5.7.64 2 b.example d.example\r\n" in await here.visit(visit)


@in_trio
async def test_evidence_of_a_delivery_is_of_one_observation() -> None:
    async with listening() as here:
        await here.visit(lambda: deliver(here.port))
        seen = await here.seen()
    kept = evidence(seen, NAME)
    assert (kept.target.given, kept.target.name, kept.target.port) == (f"{NAME}:{here.port}", NAME, here.port)
    assert (kept.route.kind, kept.observations, kept.at) == (RouteKind.INBOUND, (seen,), seen.at)


# The chain, as sent


def _ed25519() -> Issued:
    """`tests.pki` has no keys of that kind: nobody else needs one."""
    key = ed25519.Ed25519PrivateKey.generate()
    return Issued(_by_hand(key.public_key()), key)  # type: ignore[arg-type]


def _by_hand(key: ed25519.Ed25519PublicKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ed25519.example")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuing().certificate.subject).public_key(key)
    builder = builder.serial_number(1).not_valid_before(TODAY).not_valid_after(TODAY + timedelta(days=9))
    return builder.sign(issuing().private_key, hashes.SHA256())


@cache
def _weak() -> Authority:
    return Authority.root("CN=Weak", key="rsa1024")


LONG_AGO, LATELY = TODAY - timedelta(days=60), TODAY - timedelta(days=30)
CHAINS: dict[str, Callable[[], Sequence[Issued]]] = {
    "full": lambda: (leaf(), issuing()),
    "with the root": lambda: (leaf(), issuing(), authority()),
    "leaf only": lambda: (leaf(),),
    "twice the leaf": lambda: (leaf(), leaf(), issuing()),
    "out of order, with duplicates": lambda: (leaf(), authority(), issuing(), leaf(), issuing()),
    "self-signed": lambda: (self_signed(),),
    "expired": lambda: (issuing().leaf(not_before=LONG_AGO, not_after=LATELY), issuing()),
    "not yet valid": lambda: (issuing().leaf(not_before=TODAY + timedelta(days=9)), issuing()),
    "clientAuth alone": lambda: (issuing().leaf(eku=(CLIENT_AUTH,)), issuing()),
    "serverAuth alone": lambda: (issuing().leaf(eku=(SERVER_AUTH,)), issuing()),
    "an authority's own": lambda: (issuing(), authority()),
    "weak key": lambda: (issuing().leaf(key="rsa1024"),),
    "SHA-1": lambda: (issuing().leaf(signature="sha1"),),
    "MD5": lambda: (_weak().leaf(signature="md5", key="rsa1024"), _weak()),
    "P-384": lambda: (issuing().leaf(key="ec384"),),
    "Ed25519": lambda: (_ed25519(), issuing()),
}


@both_versions
@pytest.mark.parametrize("chain", CHAINS)
@in_trio
async def test_the_chain_is_taken_down_as_sent(chain: str, version: int) -> None:
    sent = CHAINS[chain]()
    async with listening() as here:
        assert await here.visit(lambda: deliver(here.port, offering(*sent, version=version))) == DELIVERED
        seen = await here.seen()
    assert ders(seen) == [one.der for one in sent]
    assert seen.failure is None


@both_versions
@in_trio
async def test_a_client_without_a_certificate_is_served(version: int) -> None:
    async with listening() as here:
        assert await here.visit(lambda: deliver(here.port, offering(version=version))) == DELIVERED
        seen = await here.seen()
    assert seen.session
    assert (seen.failure, seen.chain, seen.certificate_requested) == (None, None, True)
    assert seen.endpoint.server_name is None


@both_versions
@in_trio
async def test_of_a_chain_without_end_the_beginning_is_kept(version: int) -> None:
    sent = (leaf(), *[issuing()] * 40)
    async with listening() as here:
        assert await here.visit(lambda: deliver(here.port, offering(*sent, version=version))) == DELIVERED
        seen = await here.seen()
    assert ders(seen) == [one.der for one in sent[:32]]
    assert seen.chain
    assert seen.chain.omitted == 9


@both_versions
@in_trio
async def test_a_message_of_certificates_has_an_end(version: int) -> None:
    """OpenSSL's own, 100 KiB: it believes the length that the client announces."""
    async with listening() as here:
        await here.visit(lambda: tried(here.port, offering(leaf(), *[issuing()] * 400, version=version)))
        assert ended(await here.seen()) == (Stage.HANDSHAKE, Kind.PROTOCOL, "excessive message size")
        await good(here)


@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL PKey objects")  # no other kind of key may be so wrong
@both_versions
@in_trio
async def test_a_key_that_is_not_the_certificates_own(version: int) -> None:
    """The chain is there, though the handshake failed: somebody shows a certificate of which he has not the key."""
    async with listening() as here:
        await here.visit(lambda: tried(here.port, offering(leaf(), issuing(), version=version, key=_foreign(leaf()))))
        seen = await here.seen()
        assert ended(seen) == (Stage.HANDSHAKE, Kind.PROTOCOL, "bad signature")
        assert ders(seen) == [leaf().der, issuing().der]
        assert seen.session is None
        await good(here)


def _foreign(of: Issued) -> crypto.PKey:
    """A key that says it has that one's public half."""

    def public(key: object) -> bytes:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        form = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return key.public_key().public_bytes(*form)

    other = ec.generate_private_key(ec.SECP256R1())
    form = (serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    der = other.private_bytes(*form).replace(public(other), public(of.private_key))
    return crypto.load_privatekey(crypto.FILETYPE_ASN1, der)


def tampered(port: int, context: SSL.Context, old: bytes, new: bytes) -> None:
    """A handshake whose client says something else than its library makes it say: no library sends such certificates.
    They go in the clear with TLS 1.2."""
    client = Client(port)
    client.starttls()
    tls = SSL.Connection(context, None)
    tls.set_connect_state()
    with suppress(SSL.Error):
        while True:
            try:
                tls.do_handshake()
            except SSL.WantReadError:
                with suppress(SSL.WantReadError):
                    client.send(tls.bio_read(65536).replace(old, new))
                if not (heard := client.receive()):
                    break
                tls.bio_write(heard)
    client.close()


P_256 = b"\x2a\x86\x48\xce\x3d\x03\x01\x07"  # its object identifier
BROKEN: dict[str, tuple[Callable[[], bytes], bytes, str]] = {
    "no certificate": (lambda: leaf().der[4:40], b"\xff" * 36, "ASN1 lib"),
    "a key that nobody knows": (lambda: P_256, P_256[:-1] + b"\x63", "certificate verify failed"),
}


@pytest.mark.parametrize("broken", BROKEN)
@in_trio
async def test_a_certificate_that_cannot_be_parsed(broken: str) -> None:
    old, new, detail = BROKEN[broken]
    context = offering(leaf(), issuing(), version=TLS_1_2)
    async with listening() as here:
        await here.visit(lambda: tampered(here.port, context, old(), new))
        seen = await here.seen()
        assert ended(seen) == (Stage.HANDSHAKE, Kind.PROTOCOL, detail)
        assert seen.chain is None
        await good(here)


# Nobody resumes


def resumable(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    return context


def _shown(context: ssl.SSLContext, directory: Path) -> None:
    chain, key = directory / "chain.pem", directory / "key.pem"
    chain.write_bytes(pem(leaf(), issuing()))
    key.write_bytes(leaf().key_pem)
    context.load_cert_chain(chain, key)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("tickets", [True, False], ids=["tickets", "no tickets"])
@in_trio
async def test_a_client_that_would_resume_shows_its_chain_again(
    version: ssl.TLSVersion, tickets: bool, tmp_path: Path
) -> None:
    context = resumable(version)
    if not tickets:
        context.options |= ssl.OP_NO_TICKET
    _shown(context, tmp_path)
    sessions: list[ssl.SSLSession | None] = [None]

    def visit(port: int) -> bool | None:
        client = Client(port)
        client.starttls()
        with context.wrap_socket(client.sock, session=sessions[-1]) as tls:
            tls.sendall(b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nQUIT\r\n")
            while tls.recv(65536):
                pass
            sessions.append(tls.session)
            return tls.session_reused

    async with listening() as here:
        for _ in range(3):
            assert await here.visit(lambda: visit(here.port)) is False
            seen = await here.seen()
            assert seen.failure is None
            assert ders(seen) == [leaf().der, issuing().der]


def in_memory(client: ssl.SSLObject, heard: ssl.MemoryBIO, said: ssl.MemoryBIO, server: SSL.Connection) -> None:
    """A handshake, and the first word of the server inside TLS, behind which its tickets stand."""
    done = 0
    while done < 2:
        done = 0
        for act in (client.do_handshake, server.do_handshake):
            try:
                act()
                done += 1
            except (ssl.SSLWantReadError, SSL.WantReadError):
                pass
            if spoken := said.read():
                server.bio_write(spoken)
            with suppress(SSL.WantReadError):
                heard.write(server.bio_read(65536))
    server.send(b"220 well\r\n")
    heard.write(server.bio_read(65536))
    assert client.read(100) == b"220 well\r\n"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("tickets", [True, False], ids=["tickets", "no tickets"])
def test_a_session_of_another_server_is_worth_nothing(version: ssl.TLSVersion, tickets: bool, tmp_path: Path) -> None:
    """Say the one that stood here before, with the same name."""
    context = resumable(version)
    _shown(context, tmp_path)
    other = SSL.Context(SSL.TLS_SERVER_METHOD)
    other.set_session_id(b"other")
    if not tickets:
        other.set_options(SSL.OP_NO_TICKET)
    other.use_certificate(leaf().certificate)
    other.use_privatekey(leaf().private_key)
    session: ssl.SSLSession | None = None
    for which in (other, other, server_context(own()), server_context(own())):
        heard, told = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(heard, told, session=session)
        server = accepting(which)
        in_memory(client, heard, told, server)
        session = session or client.session
        if which is not other:
            shown = client_chain(server, 32)
            assert shown
            assert shown.der == (leaf().der, issuing().der)
            assert not client.session_reused


# Handshakes that come to nothing


def _particular(version: int) -> SSL.Context:
    """A client that does not take our certificate."""
    context = offering(leaf(), issuing(), version=version)
    context.set_verify(SSL.VERIFY_PEER, lambda *_: False)
    return context


@both_versions
@in_trio
async def test_a_client_that_refuses_our_certificate_says_why(version: int) -> None:
    async with listening() as here:
        await here.visit(lambda: tried(here.port, _particular(version)))
        seen = await here.seen()
        assert ended(seen) == (Stage.HANDSHAKE, Kind.ALERT, "unknown ca")
        assert (seen.session, seen.chain, seen.certificate_requested) == (None, None, True)
        await good(here)


@pytest.mark.parametrize("version", [TLS_1_0, TLS_1_1])
@in_trio
async def test_a_client_that_knows_old_versions_alone(version: int) -> None:
    async with listening() as here:
        assert "protocol version" in await here.visit(lambda: tried(here.port, offering(leaf(), version=version)))
        assert ended(await here.seen()) == (Stage.HANDSHAKE, Kind.PROTOCOL, "unsupported protocol")
        await good(here)


@in_trio
async def test_no_cipher_in_common() -> None:
    context = offering(version=TLS_1_2)
    context.set_cipher_list(b"aNULL:@SECLEVEL=0")
    async with listening() as here:
        assert "handshake failure" in await here.visit(lambda: tried(here.port, context))
        assert ended(await here.seen()) == (Stage.HANDSHAKE, Kind.PROTOCOL, "no shared cipher")


@in_trio
async def test_a_client_that_knows_rsa_alone() -> None:
    """As a hardened or an old Windows may; then it gets the certificate that suits it."""
    context = offering(leaf(), version=TLS_1_2)
    context.set_cipher_list(b"aRSA:@SECLEVEL=0")
    made = server_context(*self_made(NAME, NOW))
    async with listening(context=made) as here:
        await here.visit(lambda: deliver(here.port, context))
        seen = await here.seen()
        assert seen.session
        assert "RSA" in seen.session.cipher


@in_trio
async def test_a_client_that_signs_with_sha_1_alone(tmp_path: Path) -> None:
    """As old Windows does. Only the openssl program can be told to."""
    shown = issuing().leaf(key="rsa2048")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(shown.pem)
    key.write_bytes(shown.key_pem)
    async with listening() as here:
        client = f"openssl s_client -starttls smtp -connect {HOME}:{here.port} -cert {chain} -key {key}"
        options = "-quiet -tls1_2 -client_sigalgs RSA+SHA1 -cipher ALL:@SECLEVEL=0"
        command = f"{client} {options}".split()
        await here.visit(lambda: subprocess.run(command, input=b"QUIT\r\n", capture_output=True, timeout=A_WHILE))
        seen = await here.seen()
    assert seen.session
    assert ders(seen) == [shown.der]


HELLO = bytes.fromhex("16030100c8010000c40303")  # the beginning of a ClientHello


@pytest.mark.parametrize("leave", [Client.close, Client.reset], ids=["close", "RST"])
@pytest.mark.parametrize("begun", [b"", HELLO], ids=["at once", "half-way"])
@in_trio
async def test_a_client_that_leaves_in_the_handshake(leave: Callable[[Client], None], begun: bytes) -> None:
    async with listening() as here:

        def visit() -> None:
            client = Client(here.port)
            assert client.starttls().startswith("220 ")
            client.send(begun)
            leave(client)

        await here.visit(visit)
        seen = await here.seen()
        assert seen.failure
        assert (seen.failure.stage, seen.failure.kind) == (Stage.HANDSHAKE, Kind.CLOSED)
        assert seen.certificate_requested
        await good(here)


@pytest.mark.parametrize("leave", [Client.close, Client.reset], ids=["close", "RST"])
@pytest.mark.parametrize("stage", ["connected", "greeted", "secured"])
@in_trio
async def test_a_client_that_leaves_elsewhere(leave: Callable[[Client], None], stage: str) -> None:
    async with listening() as here:

        def visit() -> None:
            client = Client(here.port)
            if stage == "greeted":
                client.hear()
                client.ask("EHLO a")
            elif stage == "secured":
                client.secure(offering(leaf(), issuing()))
                client.ask("EHLO a")
            leave(client)

        await here.visit(visit)
        seen = await here.seen()
        assert seen.failure
        which = Stage.AFTER if stage == "secured" else Stage.DIALOGUE
        assert (seen.failure.stage, seen.failure.kind) == (which, Kind.CLOSED)
        assert (seen.chain is not None) is (stage == "secured")
        await good(here)


@in_trio
async def test_a_client_that_half_closes_hears_the_end() -> None:
    async with listening() as here:

        def visit() -> str:
            client = Client(here.port)
            client.send(b"EHLO a\r\nQUIT\r\n")
            client.sock.shutdown(socket.SHUT_WR)
            return client.hear_out()

        assert (await here.visit(visit)).endswith("221 2.0.0 Service closing transmission channel\r\n")
        assert (await here.seen()).failure is None


@pytest.mark.parametrize(
    "garbage", [b"EHLO a\r\n", b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x00\x04abcd", bytes(5000)]
)
@in_trio
async def test_plain_text_and_garbage_instead_of_a_handshake(garbage: bytes) -> None:
    async with listening() as here:

        def visit() -> None:
            client = Client(here.port)
            assert client.starttls().startswith("220 ")
            client.send(garbage)
            client.hear_out()

        await here.visit(visit)
        seen = await here.seen()
        assert seen.failure
        assert (seen.failure.stage, seen.failure.kind) == (Stage.HANDSHAKE, Kind.PROTOCOL)
        await good(here)


@in_trio
async def test_renegotiation_is_not_had() -> None:
    async with listening() as here:

        def visit() -> str:
            client = Client(here.port)
            client.secure(offering(leaf(), issuing(), version=TLS_1_2))
            assert client.tls
            client.tls.renegotiate()
            try:
                client.tls.do_handshake()
            except SSL.Error as error:
                return str(error)
            return ""

        assert "no renegotiation" in await here.visit(visit)
        assert ders(await here.seen()) == [leaf().der, issuing().der]
        await good(here)


# What comes in plain text behind STARTTLS


@pytest.mark.parametrize("apart", [False, True], ids=["same segment", "second segment"])
@in_trio
async def test_commands_behind_starttls_are_refused_and_reported(apart: bool) -> None:
    injected = "MAIL FROM:<eve@evil.example>\r\n"
    sent = threading.Event()

    def secure() -> bool:
        """We are about to answer, and the second segment has arrived."""
        return sent.wait(A_WHILE)

    async with listening(secure=secure) as here:

        def visit() -> str:
            client = Client(here.port)
            client.hear()
            client.ask("EHLO a")
            client.send(b"STARTTLS\r\n" + (b"" if apart else injected.encode()))
            if apart:
                client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.send(injected.encode())
            sent.set()
            return client.hear_out()

        assert (await here.visit(visit)).startswith("554 5.5.1 ")
        seen = await here.seen()
        assert (seen.early, seen.session, seen.certificate_requested) == (
            "MAIL FROM:<***@evil.example>\r\n",
            None,
            False,
        )
        assert ended(seen) == (Stage.DIALOGUE, Kind.PROTOCOL, "commands came in plain text behind STARTTLS")
        assert attend(seen.transcript).senders == ()
        await good(here)


# Patience


def drip(client: Client, data: bytes) -> None:
    """One byte after the other, for as long as the listener stands it."""
    with suppress(OSError, SSL.Error):
        for _ in range(1000):
            client.send(data)
            time.sleep(0.02)


@pytest.mark.parametrize("slow", [True, False], ids=["slow", "idle"])
@pytest.mark.parametrize("stage", [Stage.DIALOGUE, Stage.HANDSHAKE, Stage.AFTER])
@in_trio
async def test_every_stage_has_its_end(stage: Stage, slow: bool) -> None:
    haste = {
        Stage.DIALOGUE: replace(LONG, dialogue=0.3),
        Stage.HANDSHAKE: replace(LONG, handshake=0.3),
        Stage.AFTER: replace(LONG, after=0.3),
    }
    async with listening(patience=haste[stage]) as here:

        def visit() -> None:
            client = Client(here.port)
            if stage is Stage.HANDSHAKE:
                client.starttls()
                client.send(bytes.fromhex("1603014000010000fc0303"))
            elif stage is Stage.AFTER:
                client.secure(offering(leaf(), issuing()))
            if slow:
                drip(client, b"N")
            client.hear_out()

        await here.visit(visit)
        seen = await here.seen()
        assert ended(seen) == (stage, Kind.TIMEOUT, "not done within 0.3 seconds")
        assert here.faults == []


@pytest.mark.parametrize("inside", [False, True], ids=["plain text", "TLS"])
@in_trio
async def test_a_client_that_never_reads_is_bounded(inside: bool) -> None:
    """Its commands are limited before our answers can pile up; while they wait to leave, the clock is on."""
    async with listening(patience=replace(LONG, dialogue=1, after=1)) as here:

        def visit() -> None:
            client = Client(here.port, buffer=2048)
            if inside:
                client.secure()
            flood(client, b"EHLO a\r\n" * 1000, 1000)
            client.close()

        await here.visit(visit)
        seen = await here.seen()
        assert seen.failure
        assert seen.failure.kind in (Kind.PROTOCOL, Kind.TIMEOUT, Kind.CLOSED)
        assert sum(len(turn.data) for turn in seen.transcript) < 400_000
        await good(here)


@in_trio
async def test_too_many_errors_are_told_and_end_it() -> None:
    async with listening() as here:

        def visit() -> str:
            client = Client(here.port)
            client.hear()
            client.send(b"WHAT\r\n" * 21)
            return client.hear_out()

        assert (await here.visit(visit)) == "421 4.7.0 more than 20 commands that are none\r\n"
        assert ended(await here.seen()) == (Stage.DIALOGUE, Kind.PROTOCOL, "more than 20 commands that are none")
        await good(here)


# Limits


def banners(port: int, sources: Sequence[str], *, address: str = HOME) -> tuple[list[str], list[Client]]:
    clients = [Client(port, source, address=address) for source in sources]
    return [client.hear()[:3] for client in clients], clients


@pytest.mark.parametrize(
    ("rules", "sources", "codes"),
    [
        (Rules(connections=2), ["127.0.0.2", "127.0.0.3", "127.0.0.4"], ["220", "220", "421"]),
        (Rules(each=1), ["127.0.0.2", "127.0.0.2", "127.0.0.3"], ["220", "421", "220"]),
        (Rules(allow=(ipaddress.ip_network("127.0.0.2/31"),)), ["127.0.0.2", "127.0.0.3", HOME], ["220", "220", "554"]),
    ],
    ids=["in all", "of one", "allowed"],
)
@in_trio
async def test_there_are_limits(rules: Rules, sources: list[str], codes: list[str]) -> None:
    async with listening(rules=rules) as here:
        heard, clients = await here.visit(lambda: banners(here.port, sources))
        assert heard == codes
        reason = "not-allowed" if "554" in codes else "too-many"
        assert here.away == [(sources[codes.index(code)], reason) for code in codes if code != "220"]
        assert here.listener.clients == 2
        for client in clients:
            client.close()
        for _ in range(2):
            await here.seen()
        await trio.testing.wait_all_tasks_blocked()
        assert here.listener.clients == 0
        again, _ = await here.visit(lambda: banners(here.port, sources[:1]))
        assert again == ["220"]


def _ipv6() -> bool:
    with suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


with_ipv6 = pytest.mark.skipif(not _ipv6(), reason="this machine has no IPv6")


@with_ipv6
@in_trio
async def test_ipv6_has_the_same_limits() -> None:
    async with listening(rules=Rules(each=1), address="::1") as here:
        heard, _ = await here.visit(lambda: banners(here.port, [HOME, HOME], address="::1"))
        assert heard == ["220", "421"]
        assert here.away == [("::1", "too-many")]


def test_a_host_of_ipv6_has_a_whole_64() -> None:
    assert as_one("2001:db8:0:1::1") == as_one("2001:db8:0:1:ffff::2") != as_one("2001:db8:0:2::1")
    assert as_one("192.0.2.1") != as_one("192.0.2.2")


@pytest.mark.parametrize(
    ("peer", "may"),
    [
        ("127.0.0.1", True), ("10.1.2.3", True), ("172.31.0.1", True), ("192.168.0.1", True), ("::1", True),
        ("fd00::1", True), ("fe80::1", True), ("172.32.0.1", False), ("192.0.2.1", False), ("2001:db8::1", False),
        ("nobody", False), ("", False),
    ],
)  # fmt: skip
def test_at_home_is_who_may_connect_by_default(peer: str, may: bool) -> None:
    assert allowed(peer, AT_HOME) is may


@pytest.mark.parametrize(
    ("address", "found"),
    [("::ffff:192.0.2.1", "192.0.2.1"), ("fe80::1%eth0", "fe80::1"), ("2001:DB8::1", "2001:db8::1"), ("x", "x")],
)
def test_an_address_as_people_write_it(address: str, found: str) -> None:
    assert plain(address) == found


@in_trio
async def test_where_no_handshake_is_to_be_had_mail_is_heard_in_plain_text() -> None:
    async with listening(secure=lambda: False) as here:

        def visit() -> tuple[str, list[str]]:
            client = Client(here.port)
            return client.starttls(), client.deliver()

        refused, codes = await here.visit(visit)
        assert refused.startswith("454 4.7.0 ")
        assert codes == DELIVERED


def test_handshakes_have_a_rate() -> None:
    async def main() -> list[int]:
        asked: list[Callable[[], bool]] = []

        def host(secure: Callable[[], bool]) -> Host:
            asked.append(secure)
            return Host(name=NAME, context=server_context(own()), now=lambda: NOW, secure=secure)

        Listener(host, Rules(handshakes=4), lambda _: None, turned_away=lambda *_: None, fault=lambda _: None)
        counts = []
        for jump in (0, 0.5, 100):
            clock.jump(jump)
            counts.append(sum(asked[0]() for _ in range(20)))
        return counts

    clock = MockClock()
    assert trio.run(main, clock=clock) == [4, 2, 4]


# The listener itself


@in_trio
async def test_a_fault_of_ours_is_told_and_hurts_nobody_else() -> None:
    seen: list[Observation] = []

    def record(observation: Observation) -> None:
        seen.append(observation)
        if len(seen) == 1:
            raise ZeroDivisionError("record")

    async with listening(record=record) as here:
        for _ in range(2):
            assert await here.visit(lambda: deliver(here.port)) == DELIVERED
        await trio.testing.wait_all_tasks_blocked()
        assert [type(fault) for fault in here.faults] == [ZeroDivisionError]
        assert len(seen) == 2


@in_trio
async def test_a_fault_in_the_answer_is_one_clients() -> None:
    def answer(_: Observation) -> str:
        raise ZeroDivisionError("answer")

    async with listening(answer=answer) as here:
        codes = await here.visit(lambda: deliver(here.port))
        assert codes == ["250", "250", "", ""]
        assert attend((await here.seen()).transcript).recipients == ("fabrikam.com",)
        assert [type(fault) for fault in here.faults] == [ZeroDivisionError]


@in_trio
async def test_a_fault_in_what_hears_of_strangers_is_told() -> None:
    def turned_away(*_: str) -> None:
        raise ZeroDivisionError("turned away")

    async with listening(rules=Rules(each=1), turned_away=turned_away) as here:
        first = Client(here.port)
        assert (await here.visit(first.hear)).startswith("220 ")
        assert (await here.visit(Client(here.port).hear)).startswith("421 ")
        assert await here.visit(lambda: first.ask("NOOP")) == "250 2.0.0 OK\r\n"
        assert [type(fault) for fault in here.faults] == [ZeroDivisionError]


@in_trio
async def test_a_fault_in_what_hears_of_faults_ends_nothing() -> None:
    told: list[Exception] = []

    def fault(error: Exception) -> None:
        told.append(error)
        raise ZeroDivisionError("fault")

    def record(_: Observation) -> None:
        raise ValueError("record")

    async with listening(record=record, fault=fault) as here:
        for _ in range(2):
            assert await here.visit(lambda: deliver(here.port)) == DELIVERED
        await trio.testing.wait_all_tasks_blocked()
    assert [type(error) for error in told] == [ValueError, ValueError]


class Forgetful(socket.socket):
    """As some systems leave one whose client has reset the connection."""

    def getsockname(self) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")


@in_trio
async def test_a_socket_that_has_forgotten_its_address_is_no_fault_of_ours() -> None:
    ours, theirs = socket.socketpair()
    seen: list[Observation] = []
    theirs.close()
    forgetful = Forgetful(ours.family, ours.type, fileno=ours.detach())
    forgetful.setblocking(False)
    host = Host(name=NAME, context=server_context(own()), now=lambda: NOW)
    await receive(forgetful, host, HOME, 25, seen.append)
    assert [one.source for one in seen] == [None]


@in_trio
async def test_who_is_under_way_when_it_stops_may_finish_and_nobody_new_comes() -> None:
    async with listening() as here:
        client = Client(here.port)
        assert (await here.visit(client.hear)).startswith("220 ")
        here.listener.stop()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(ConnectionRefusedError):
            Client(here.port)
        assert await here.visit(client.deliver) == DELIVERED
        assert (await here.seen()).failure is None


def test_who_does_not_finish_is_written_down_all_the_same() -> None:
    seen: list[Observation] = []

    async def main() -> None:
        async with listening(record=seen.append) as here:
            client = Client(here.port)
            assert (await here.visit(client.hear)).startswith("220 ")
            here.listener.stop()
            await trio.testing.wait_all_tasks_blocked()
        client.close()

    trio.run(main)
    assert [ended(observation) for observation in seen] == [(Stage.DIALOGUE, Kind.TIMEOUT, "the listener stopped")]


def test_whom_we_cut_off_in_the_handshake_has_delivered_nothing() -> None:
    """Otherwise each restart would tell of a server that cannot shake hands."""
    seen: list[Observation] = []

    async def main() -> None:
        async with listening(record=seen.append) as here:
            client = Client(here.port)
            assert (await here.visit(client.hear)).startswith("220 ")
            assert (await here.visit(lambda: client.ask("STARTTLS"))).startswith("220 ")
            here.listener.stop()
            await trio.testing.wait_all_tasks_blocked()
        client.close()

    trio.run(main)
    (observation,) = seen
    assert ended(observation) == (Stage.HANDSHAKE, Kind.TIMEOUT, "the listener stopped")
    assert not came_to_deliver(observation)
    assert came_to_deliver(replace(observation, failure=None))


def test_what_cannot_be_bound_is_a_matter_of_configuration() -> None:
    (taken,) = bind(HOME, 0)
    with taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1 port {port}"):
            bind(HOME, port)
        with pytest.raises(ConfigError, match=f"cannot listen on port {port}"):
            bind(None, port)
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1 port 25"):
        bind("192.0.2.1", 25)


@with_ipv6
def test_a_port_that_is_taken_in_ipv6_alone_is_taken() -> None:
    (taken,) = bind("::", 0)
    with taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on port {port}"):
            bind(None, port)


def links() -> list[str]:
    """This machine's addresses on links, with their zones."""
    table = Path("/proc/net/if_inet6")
    rows = [line.split() for line in table.read_text().splitlines()] if table.exists() else []
    return [f"{ipaddress.IPv6Address(bytes.fromhex(row[0]))}%{row[5]}" for row in rows if row[3] == "20"]


@pytest.mark.skipif(not links(), reason="no link-local address here")
def test_a_link_local_address_is_bound_in_its_zone() -> None:
    (taken,) = bind(links()[0], 0)
    with taken:
        address, _, _, zone = taken.getsockname()
        assert f"{address}%{socket.if_indextoname(zone)}" == links()[0]


def test_every_address_of_the_machine() -> None:
    sockets = bind(None, 0)
    try:
        assert len({listening.getsockname()[1] for listening in sockets}) == 1
        assert sockets[0].getsockname()[0] == "0.0.0.0"
    finally:
        for listening_ in sockets:
            listening_.close()


def test_our_own_certificate() -> None:
    made, _ = both = self_made(NAME, NOW)
    certificate = x509.load_pem_x509_certificate(made.chain)
    assert certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
        x509.DNSName
    ) == [NAME]
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc
    assert made.key.decode() not in repr(made)
    with pytest.raises(SSL.Error):
        server_context(replace(made, key=self_made(NAME, NOW)[0].key))
    with pytest.raises(ValueError, match="PEM"):
        server_context(replace(made, chain=b"nothing"))
    assert {type(serialization.load_pem_private_key(one.key, None)).__name__ for one in both} == {
        "ECPrivateKey",
        "RSAPrivateKey",
    }


def test_of_a_long_chain_one_signature_is_checked_and_no_more() -> None:
    """Those of 25 RSA-8192 certificates would cost as much as fifteen handshakes."""
    assert server_context(own()).get_verify_depth() == 0


@in_trio
async def test_our_own_chain_is_sent_whole() -> None:
    certificate = OwnCertificate(chain=pem(leaf(), issuing()), key=leaf().key_pem)
    async with listening(certificate=certificate) as here:

        def visit() -> list[bytes]:
            client = Client(here.port)
            client.secure()
            assert client.tls
            chain = client.tls.get_peer_cert_chain() or []
            return [crypto.dump_certificate(crypto.FILETYPE_ASN1, one) for one in chain]

        assert await here.visit(visit) == [leaf().der, issuing().der]
