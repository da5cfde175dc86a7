"""One observation from the handshake on: the session, the chain as sent, alerts, and client certificates."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import trio
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL, crypto

from probe.demo.peer import End, Reply, Script, reply
from probe.model import Endpoint, Kind, Observation, Stage
from probe.observe import tls
from probe.observe.tls import ClientCertificate
from tests.observing import (
    ASK,
    DIRECT,
    HOST,
    LIMITS,
    REQUIRE,
    SMTP,
    SMTPS,
    TLS_1_2,
    TLS_1_3,
    authority,
    client,
    client_certificate,
    ended,
    healthy,
    in_turn,
    issuing,
    leaf,
    look,
    records,
    server,
    tapped,
)
from tests.pki import Authority, Issued
from tests.world import in_mock_time

TLS_1_0, TLS_1_1 = SSL.TLS1_VERSION, SSL.TLS1_1_VERSION
every_version = pytest.mark.parametrize("version", [TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3])
every_dialogue = pytest.mark.parametrize("endpoint", [SMTP, SMTPS, DIRECT], ids=lambda endpoint: endpoint.dialogue)

CLOSED = "the connection was closed"


def at(endpoint: Endpoint, context: SSL.Context | Reply) -> Script:
    return Script(tls=context, tls_first=endpoint.dialogue != "smtp")


def presented(seen: Observation) -> list[bytes]:
    assert seen.chain
    return list(seen.chain.der)


def ders(*sent: Issued) -> list[bytes]:
    return [certificate.der for certificate in sent]


# The session


@pytest.mark.parametrize(
    ("version", "name", "bits"),
    [(TLS_1_0, "TLSv1", 256), (TLS_1_1, "TLSv1.1", 256), (TLS_1_2, "TLSv1.2", 256), (TLS_1_3, "TLSv1.3", 256)],
)
@every_dialogue
@in_mock_time
async def test_every_version_is_spoken(version: int, name: str, bits: int, endpoint: Endpoint) -> None:
    seen = await look(at(endpoint, server(issuing(), version=version)), endpoint=endpoint)
    assert seen.failure is None
    assert seen.session
    assert (seen.session.version, seen.session.cipher_bits) == (name, bits)
    assert seen.session.cipher
    assert seen.session.group
    assert presented(seen) == ders(leaf(), issuing())


@pytest.mark.parametrize("key", ["rsa1024", "rsa2048"])
@in_mock_time
async def test_weak_keys_and_ciphers_are_seen_and_not_refused(key: str) -> None:
    own = issuing().leaf(key=key, signature="sha1" if key == "rsa1024" else "sha256")
    seen = await look(Script(tls=server(own=own, version=TLS_1_2, ciphers=b"AES128-SHA:@SECLEVEL=0")))
    assert seen.session
    assert (seen.session.cipher, seen.session.cipher_bits, seen.session.group) == ("AES128-SHA", 128, None)
    assert presented(seen) == ders(own)


@in_mock_time
async def test_anonymous_suites_are_not_offered() -> None:
    seen = await look(Script(tls=server(version=TLS_1_2, ciphers=b"aNULL:@SECLEVEL=0")))
    assert ended(seen) == (Stage.HANDSHAKE, Kind.ALERT, "handshake failure")


@pytest.mark.parametrize("name", [HOST, "other.example", None])
@in_mock_time
async def test_the_server_hears_the_server_name(name: str | None) -> None:
    asked: list[bytes | None] = []
    context = server()
    context.set_tlsext_servername_callback(lambda connection: asked.append(connection.get_servername()))
    await look(Script(tls=context), endpoint=replace(SMTP, server_name=name))
    assert asked == [name.encode() if name else None]


@in_mock_time
async def test_a_name_too_long_for_sni_goes_without() -> None:
    seen = await look(healthy(), endpoint=replace(SMTP, server_name="a" * 300))
    assert seen.failure is None


@in_mock_time
async def test_there_is_one_context_however_often_we_look() -> None:
    await look(healthy())
    await look(healthy(), certificate=client_certificate())
    made = tls.context.cache_info().misses
    for _ in range(100):
        await look(healthy())
    await look(healthy(), certificate=client_certificate())  # an equal one, not the same
    assert tls.context.cache_info().misses == made
    assert tls.context() is tls.context()


# The chain, exactly as sent


@every_version
@pytest.mark.parametrize(
    "others",
    [
        lambda: (),
        lambda: (issuing(),),
        lambda: (authority(), issuing()),  # misordered, and the root
        lambda: (issuing(), issuing(), leaf()),  # the same again
        lambda: (client(), issuing()),  # a stranger
    ],
    ids=["leaf", "full", "misordered", "twice", "stranger"],
)
@in_mock_time
async def test_the_chain_is_kept_as_sent(version: int, others: Callable[[], tuple[Issued, ...]]) -> None:
    seen = await look(Script(tls=server(*others(), version=version)))
    assert seen.chain
    assert presented(seen) == ders(leaf(), *others())
    assert seen.chain.omitted == 0


@in_mock_time
async def test_certificates_beyond_the_limit_are_counted() -> None:
    script = Script(tls=server(*[issuing()] * 6))
    for limit, kept in ((3, 3), (6, 6), (7, 7), (8, 7)):
        seen = await look(script, limits=replace(LIMITS, certificates=limit))
        assert seen.chain
        assert presented(seen) == ders(leaf(), *[issuing()] * 6)[:kept]
        assert seen.chain.omitted == 7 - kept


@in_mock_time
async def test_a_chain_of_more_bytes_than_fit_is_not_taken() -> None:
    seen = await look(Script(tls=server(*[issuing()] * 300)))
    assert ended(seen) == (Stage.HANDSHAKE, Kind.PROTOCOL, "excessive message size")
    assert sum(seen.octets.values()) < 200_000


@in_mock_time
async def test_no_certificate_no_chain() -> None:
    seen = await look(Script(tls=Reply(b"\x15\x03\x03\x00\x02\x02\x28", then=End.CLOSE)))
    assert (seen.chain, seen.session, seen.certificate_requested) == (None, None, False)


# A handshake that fails


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (10, "unexpected message"),
        (40, "handshake failure"),
        (42, "bad certificate"),
        (48, "unknown ca"),
        (49, "access denied"),
        (70, "protocol version"),
        (71, "insufficient security"),
        (80, "internal error"),
        (112, "unrecognized name"),  # OpenSSL's word for it lacks the word alert
        (116, "certificate required"),
        (120, "no application protocol"),
    ],
)
@every_dialogue
@in_mock_time
async def test_an_alert_is_known_by_its_name(code: int, name: str, endpoint: Endpoint) -> None:
    alert = Reply(b"\x15\x03\x03\x00\x02\x02" + bytes([code]), then=End.CLOSE)
    seen = await look(at(endpoint, alert), endpoint=endpoint)
    assert ended(seen) == (Stage.HANDSHAKE, Kind.ALERT, name)


@pytest.mark.parametrize(
    ("rubbish", "detail"),
    [
        (b"\x15\x03\x03\x00\x02\x02\xc8", "no reason given"),  # an alert that nobody knows
        (b"\x15\x03\x03\x00\x02\x09\x28", "unknown alert type"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "wrong version number"),
        (b"250 mx at your service\r\n", "wrong version number"),
        (bytes(100), "wrong version number"),
        (b"\x16\x03\x03\x00\x04\x63\x00\x00\x00", "unexpected message"),
    ],
)
@in_mock_time
async def test_what_is_not_tls(rubbish: bytes, detail: str) -> None:
    seen = await look(Script(tls=Reply(rubbish, then=End.CLOSE)))
    assert ended(seen) == (Stage.HANDSHAKE, Kind.PROTOCOL, detail)


@pytest.mark.parametrize("said", [b"", b"\x16", b"\x16\x03\x03\x00\x7a\x02", b"\x15\x03\x03\x00\x02\x01\x00"])
@every_dialogue
@in_mock_time
async def test_a_close_in_the_handshake(said: bytes, endpoint: Endpoint) -> None:
    seen = await look(at(endpoint, Reply(said, then=End.CLOSE)), endpoint=endpoint)
    assert ended(seen) == (Stage.HANDSHAKE, Kind.CLOSED, CLOSED)


@pytest.mark.parametrize("hang_up", [True, False])
@pytest.mark.parametrize("ask", [None, ASK])
@pytest.mark.parametrize(("version", "sent"), [(TLS_1_3, slice(-60)), (TLS_1_2, slice(None))])
@in_mock_time
async def test_what_came_before_a_handshake_failed_is_kept(
    version: int, sent: slice, ask: int | None, hang_up: bool
) -> None:
    """The server goes silent, in TLS 1.3 in the middle of its last message."""
    context = server(issuing(), version=version, ask=ask)

    async def serve(stream: trio.SocketStream) -> None:
        for line in (Script().banner, Script().ehlo, Script().starttls):
            await stream.send_all(line.data)
            heard = await stream.receive_some()
        connection = SSL.Connection(context, None)
        connection.set_accept_state()
        connection.bio_write(heard)
        with pytest.raises(SSL.WantReadError):
            connection.do_handshake()
        await stream.send_all(connection.bio_read(65536)[sent])
        if not hang_up:
            await trio.sleep_forever()

    seen = await look(serve)
    assert seen.failure
    assert (seen.failure.stage, seen.failure.kind) == (Stage.HANDSHAKE, Kind.CLOSED if hang_up else Kind.TIMEOUT)
    assert presented(seen) == ders(leaf(), issuing())
    assert seen.certificate_requested == (ask is not None)
    assert seen.session is None


# Client certificates


@every_version
@every_dialogue
@in_mock_time
async def test_a_request_without_authorities_is_a_request(version: int, endpoint: Endpoint) -> None:
    seen = await look(at(endpoint, server(version=version, ask=ASK)), endpoint=endpoint)
    assert seen.failure is None
    assert seen.certificate_requested
    assert seen.session
    assert seen.client_cas == ()


@every_version
@in_mock_time
async def test_no_request_is_none(version: int) -> None:
    seen = await look(Script(tls=server(version=version)))
    assert not seen.certificate_requested
    assert seen.session


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@in_mock_time
async def test_the_authorities_that_a_server_names(version: int) -> None:
    context = server(version=version, ask=ASK)
    for subject in ("CN=Root,O=Contoso Ltd,C=GB", "O=Bücher"):
        context.add_client_ca(Authority.root(subject).certificate)
    seen = await look(Script(tls=context))
    assert seen.session
    assert seen.client_cas == ("CN=Root, O=Contoso Ltd, C=GB", "O=Bücher")


@pytest.mark.parametrize("version", [TLS_1_0, TLS_1_1, TLS_1_2])
@every_dialogue
@in_mock_time
async def test_a_missing_certificate_fails_the_handshake_and_the_chain_is_seen(
    version: int, endpoint: Endpoint
) -> None:
    seen = await look(at(endpoint, server(issuing(), version=version, ask=REQUIRE)), endpoint=endpoint)
    assert ended(seen) == (Stage.HANDSHAKE, Kind.ALERT, "handshake failure")
    assert seen.certificate_requested
    assert presented(seen) == ders(leaf(), issuing())
    assert seen.session is None


@every_dialogue
@in_mock_time
async def test_in_tls_1_3_a_missing_certificate_is_heard_of_afterwards(endpoint: Endpoint) -> None:
    seen = await look(at(endpoint, server(issuing(), version=TLS_1_3, ask=REQUIRE)), endpoint=endpoint)
    assert ended(seen) == (Stage.AFTER, Kind.ALERT, "certificate required")
    assert seen.certificate_requested
    assert presented(seen) == ders(leaf(), issuing())
    assert seen.session


@pytest.mark.parametrize(("version", "stage"), [(TLS_1_2, Stage.HANDSHAKE), (TLS_1_3, Stage.AFTER)])
@every_dialogue
@in_mock_time
async def test_a_certificate_that_the_server_refuses(version: int, stage: Stage, endpoint: Endpoint) -> None:
    context = server(version=version, ask=ASK, accept=False)
    seen = await look(at(endpoint, context), endpoint=endpoint, certificate=client_certificate())
    assert ended(seen) == (stage, Kind.ALERT, "unknown ca")


@every_version
@every_dialogue
@in_mock_time
async def test_our_certificate_is_presented_with_its_chain(version: int, endpoint: Endpoint) -> None:
    shown: dict[int, bytes] = {}
    context = server(version=version, ask=REQUIRE)

    def look_at(_: SSL.Connection, certificate: crypto.X509, error: int, depth: int, ok: int) -> bool:
        shown[depth] = crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
        return True

    context.set_verify(REQUIRE, look_at)
    seen = await look(at(endpoint, context), endpoint=endpoint, certificate=client_certificate())
    assert seen.failure is None
    assert seen.certificate_requested
    assert shown == {0: client().der, 1: issuing().der}


def test_a_key_of_another_certificate_is_not_taken() -> None:
    with pytest.raises(SSL.Error):
        tls.context(ClientCertificate(chain=client().pem, key=leaf().key_pem))


def test_a_key_behind_a_passphrase_is_not_asked_for() -> None:
    """OpenSSL would, on the terminal."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = client().private_key.private_bytes(encoding, form, serialization.BestAvailableEncryption(b"x"))
    with pytest.raises(TypeError):
        tls.context(ClientCertificate(chain=client().pem, key=locked))


@pytest.mark.parametrize(("chain", "key"), [(b"", b""), (b"x", b"x")])
def test_what_is_no_client_certificate(chain: bytes, key: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        tls.context(ClientCertificate(chain=chain, key=client().key_pem))
    with pytest.raises(ValueError, match=r"."):
        tls.context(ClientCertificate(chain=client().pem, key=key))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_text_around_a_client_certificate_does_no_harm(end: str) -> None:
    chain = f"Subject: x\n{client().pem.decode()}\nIssuer: y\n{issuing().pem.decode()}\ntrailing\n".replace("\n", end)
    assert tls.context(ClientCertificate(chain=chain.encode(), key=client().key_pem))


@in_mock_time
async def test_with_nothing_to_say_we_listen_for_a_second_where_a_certificate_was_asked_for() -> None:
    silence = Script(tls=server(ask=ASK), tls_first=True, banner=Reply(b""))
    seen = await look(silence, endpoint=DIRECT)
    assert (seen.failure, seen.seconds["after"]) == (None, 1)
    drip = replace(silence, banner=Reply(b"x", drip=0.4, endless=True))
    assert (await look(drip, endpoint=DIRECT)).failure is None
    close = replace(silence, banner=Reply(b"", then=End.CLOSE))
    assert (await look(close, endpoint=DIRECT)).failure is None


# Inside TLS


@pytest.mark.parametrize(
    ("inside", "kind", "detail"),
    [
        (reply(554, "no"), Kind.REJECTED, "554 no"),
        (Reply(b"<html>\r\n"), Kind.PROTOCOL, "not an SMTP reply: <html>"),
        (Reply(b"250-", then=End.CLOSE), Kind.CLOSED, "the connection was closed while a reply was due"),
        (Reply(b"250-x\r\n", endless=True), Kind.PROTOCOL, "a reply of more than 128 lines"),
        (Reply(b"x" * 16000, endless=True), Kind.PROTOCOL, "a line of more than 4096 bytes"),
        (Reply(b"250-" + b"x" * 4000 + b"\r\n", endless=True), Kind.PROTOCOL, "more than 65536 bytes of replies"),
    ],
)
@pytest.mark.parametrize("endpoint", [SMTP, SMTPS], ids=["smtp", "smtps"])
@in_mock_time
async def test_a_dialogue_that_fails_inside_tls(inside: Reply, kind: Kind, detail: str, endpoint: Endpoint) -> None:
    script = replace(at(endpoint, server(issuing())), inside=inside)
    if inside.data.startswith(b"5"):  # or HELO would be tried, where EHLO is the first
        script = replace(script, helo=inside)
    seen = await look(script, endpoint=endpoint)
    assert ended(seen) == (Stage.AFTER, kind, detail)
    assert seen.session
    assert presented(seen) == ders(leaf(), issuing())
    assert seen.octets["after"] < 100_000
    assert trio.current_time() == pytest.approx(0, abs=0.01)


@in_mock_time
async def test_not_now_behind_starttls_is_no_reason_to_come_again() -> None:
    """Postfix and nginx say 421 here to whoever shows no certificate."""
    seen = await look(replace(at(SMTP, server(ask=ASK)), inside=reply(421, "4.7.1 no certificate")), healthy())
    assert ended(seen) == (Stage.AFTER, Kind.REJECTED, "421 4.7.1 no certificate")
    assert seen.refusals == ()
    assert seen.session


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@in_mock_time
async def test_a_flood_behind_the_handshake_is_bounded(version: int) -> None:
    flood = Script(tls=server(version=version, ask=ASK), tls_first=True, banner=Reply(b"x" * 16000, endless=True))
    seen = await look(flood, endpoint=DIRECT)
    assert seen.failure is None
    assert seen.octets["after"] < 40_000


@pytest.mark.parametrize("endpoint", [SMTP, SMTPS], ids=["smtp", "smtps"])
@pytest.mark.parametrize(("answers", "failure"), [(True, False), (False, True)])
@in_mock_time
async def test_a_close_without_close_notify(endpoint: Endpoint, answers: bool, failure: bool) -> None:
    """Common, and no fault by itself; only where a reply was due is something missing."""
    inside = Reply(Script().inside.data if answers else b"", then=End.RESET)  # over a socket pair: just a close
    seen = await look(replace(at(endpoint, server()), inside=inside), endpoint=endpoint)
    assert bool(seen.failure) == failure
    if failure:
        assert ended(seen) == (Stage.AFTER, Kind.CLOSED, "the connection was closed while a reply was due")
    assert seen.session


# Lengths inside TLS 1.3: what is said, and 17 octets around it.
HELLO, QUIT, CLOSE_NOTIFY = (23, 20 + 17), (23, 6 + 17), (23, 2 + 17)


@pytest.mark.parametrize(
    ("endpoint", "inside", "last"),
    [
        (SMTP, Script().inside, [HELLO, QUIT, CLOSE_NOTIFY]),
        (SMTPS, Script().inside, [HELLO, QUIT, CLOSE_NOTIFY]),
        (SMTP, reply(554, "no"), [HELLO, QUIT, CLOSE_NOTIFY]),
        (DIRECT, Reply(b""), [CLOSE_NOTIFY]),
    ],
)
@in_mock_time
async def test_goodbye_is_heard_and_tls_left_in_form(endpoint: Endpoint, inside: Reply, last: list[object]) -> None:
    connections: list[bytearray] = []
    script = replace(at(endpoint, server(version=TLS_1_3)), inside=inside)
    await look(tapped(in_turn([script]), connections), endpoint=endpoint)
    (heard,) = connections
    assert records(bytes(heard).partition(b"STARTTLS\r\n")[2] or bytes(heard))[-len(last) :] == last


@in_mock_time
async def test_not_now_is_heard_where_tls_comes_first_too() -> None:
    busy = replace(at(SMTPS, server(issuing())), banner=reply(421, "4.3.2 busy"))
    seen = await look(busy, at(SMTPS, server(issuing())), endpoint=SMTPS)
    assert seen.failure is None
    assert [refusal.detail for refusal in seen.refusals] == ["421 4.3.2 busy"]


# Narrower offers: the other certificate of a server that has two


@cache
def rsa_leaf() -> Issued:
    return issuing().leaf(names=(HOST,), key="rsa2048")


def with_both(version: int | None = None) -> SSL.Context:
    context = server(version=version)
    context.use_certificate(rsa_leaf().certificate)
    context.use_privatekey(rsa_leaf().private_key)
    return context


@pytest.mark.parametrize(("offer", "shown"), [("rsa", rsa_leaf), ("ecdsa", leaf)])
@every_dialogue
@in_mock_time
async def test_each_certificate_can_be_asked_for(offer: str, shown: Callable[[], Issued], endpoint: Endpoint) -> None:
    seen = await look(at(endpoint, with_both()), endpoint=replace(endpoint, offer=offer))
    assert seen.failure is None
    assert presented(seen) == ders(shown())
    assert seen.session
    assert seen.session.version == "TLSv1.2"
    assert seen.endpoint.offer == offer


@pytest.mark.parametrize(("offer", "own"), [("rsa", leaf), ("ecdsa", rsa_leaf)])
@in_mock_time
async def test_a_server_without_the_other_certificate_shows_none(offer: str, own: Callable[[], Issued]) -> None:
    seen = await look(Script(tls=server(own=own())), endpoint=replace(SMTP, offer=offer))
    assert ended(seen) == (Stage.HANDSHAKE, Kind.ALERT, "handshake failure")
    assert seen.chain is None


@pytest.mark.parametrize("version", [TLS_1_0, TLS_1_1, TLS_1_3])
@in_mock_time
async def test_a_server_without_tls_1_2_cannot_be_asked(version: int) -> None:
    seen = await look(Script(tls=with_both(version)), endpoint=replace(SMTP, offer="rsa"))
    said = (Kind.ALERT, "protocol version") if version == TLS_1_3 else (Kind.PROTOCOL, "unsupported protocol")
    assert ended(seen) == (Stage.HANDSHAKE, *said)
    assert (seen.session, seen.chain) == (None, None)


@in_mock_time
async def test_weak_keys_are_asked_for_too() -> None:
    weak = issuing().leaf(key="rsa1024", signature="sha1")
    seen = await look(Script(tls=server(own=weak)), endpoint=replace(SMTP, offer="rsa"))
    assert presented(seen) == ders(weak)


@in_mock_time
async def test_there_is_one_context_for_each_offer() -> None:
    for offer in ("rsa", "ecdsa"):
        await look(healthy(), endpoint=replace(SMTP, offer=offer))
    made = tls.context.cache_info().misses
    for _ in range(10):
        for offer in ("rsa", "ecdsa"):
            await look(healthy(), endpoint=replace(SMTP, offer=offer))
    assert tls.context.cache_info().misses == made


def test_the_other_offer_is_the_one_that_the_key_does_not_fit() -> None:
    assert tls.other_offer(leaf().der) == "rsa"
    assert tls.other_offer(rsa_leaf().der) == "ecdsa"
    assert tls.other_offer(leaf().der[:-1]) == ""
    assert tls.other_offer(b"") == ""


def test_a_key_that_cannot_be_read_has_no_other() -> None:
    point = (
        leaf()
        .certificate.public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    assert tls.other_offer(leaf().der.replace(point, b"\x04" + b"\xff" * 64)) == ""
