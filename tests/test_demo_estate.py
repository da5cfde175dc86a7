"""The demo's estate, looked at from outside."""

import ssl
import struct
from datetime import UTC, datetime, timedelta
from socket import SO_LINGER, SOL_SOCKET

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from probe.demo.estate import HOST, Case, Estate, open_estate
from probe.demo.pki import AIA
from probe.model import Verdict
from tests.raw_client import ask, dial, hear, hear_out, presented, run, up_to_tls

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def case(estate: Estate, name: str) -> Case:
    return next(case for case in estate.cases if case.name == name)


def chain_of(name: str) -> tuple[list[x509.Certificate], list[str]]:
    async def visit(nursery: trio.Nursery) -> tuple[list[x509.Certificate], list[str]]:
        estate = await open_estate(nursery, NOW)
        async with await up_to_tls(case(estate, name).port) as stream:
            return await presented(stream)

    return run(visit)


def dns_names(certificate: x509.Certificate) -> list[str]:
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
        x509.DNSName
    )


def test_every_case_of_the_issue_is_there_with_the_verdict_it_was_built_to_get() -> None:
    estate = run(lambda nursery: open_estate(nursery, NOW))
    assert {case.name: case.verdict for case in estate.cases} == {
        "healthy": Verdict.OK,
        "self-signed default": Verdict.FAIL,
        "missing intermediate": Verdict.FAIL,
        "expired": Verdict.FAIL,
        "wrong name": Verdict.FAIL,
        "no usable certificate": Verdict.FAIL,
        "inspecting firewall": Verdict.FAIL,
        "client certificate": Verdict.OK,
        "tarpit": Verdict.UNKNOWN,
        "expiring": Verdict.WARN,
    }
    assert len({case.port for case in estate.cases}) == len(estate.cases)
    assert all(case.codes and case.story.endswith(".") for case in estate.cases)


@pytest.mark.parametrize(
    ("name", "verify_code"),  # X509_V_ERR_… of OpenSSL
    [
        ("healthy", 0),
        ("client certificate", 0),
        ("expiring", 0),
        ("self-signed default", 18),  # DEPTH_ZERO_SELF_SIGNED_CERT
        ("missing intermediate", 20),  # UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        ("expired", 10),  # CERT_HAS_EXPIRED
        ("wrong name", 62),  # HOSTNAME_MISMATCH
    ],
)
def test_a_verifying_client_finds_the_fault_that_was_built_in(name: str, verify_code: int) -> None:
    async def visit(nursery: trio.Nursery) -> int:
        estate = await open_estate(nursery, datetime.now(UTC))  # the standard library verifies as of today only
        trusting = ssl.create_default_context(cadata=estate.roots_pem.decode())
        async with await up_to_tls(case(estate, name).port) as stream:
            tls = trio.SSLStream(stream, trusting, server_hostname=HOST)
            try:
                await tls.do_handshake()
            except trio.BrokenResourceError as error:
                return getattr(error.__cause__, "verify_code", -1)
            assert b"STARTTLS" not in await ask(tls, b"EHLO probe.example")
            assert (await ask(tls, b"QUIT")).startswith(b"221 ")
            assert await hear_out(tls) == b""  # close_notify, then FIN
            return 0

    assert run(visit) == verify_code


def test_the_full_chain_is_leaf_and_intermediate_without_the_root() -> None:
    chain, states = chain_of("healthy")
    leaf, intermediate = chain
    assert leaf.subject.rfc4514_string() == f"CN={HOST},O=Contoso Ltd,L=Reading,ST=Berkshire,C=GB"
    assert dns_names(leaf) == [HOST, "autodiscover.contoso.com"]
    leaf.verify_directly_issued_by(intermediate)
    assert intermediate.issuer != intermediate.subject
    assert not [state for state in states if "certificate request" in state]


def test_the_lone_leaf_tells_where_its_issuer_is_found() -> None:
    (leaf,), _ = chain_of("missing intermediate")
    (access,) = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert access.access_location.value == AIA


def test_exchanges_default_is_self_signed_with_internal_names() -> None:
    (leaf,), _ = chain_of("self-signed default")
    assert leaf.subject == leaf.issuer
    assert leaf.subject.rfc4514_string() == "CN=EX01"
    assert dns_names(leaf) == ["EX01", "EX01.corp.contoso.com"]
    leaf.verify_directly_issued_by(leaf)


@pytest.mark.parametrize(("name", "days"), [("expired", -3), ("expiring", 5), ("healthy", 150)])
def test_dates_are_relative_to_the_given_now(name: str, days: int) -> None:
    leaf = chain_of(name)[0][0]
    assert leaf.not_valid_after_utc == NOW + timedelta(days=days)
    assert leaf.not_valid_before_utc < NOW


def test_the_hybrid_connector_asks_for_a_client_certificate() -> None:
    _, states = chain_of("client certificate")
    assert [state for state in states if "certificate request" in state]


def test_the_words_of_exchange() -> None:
    async def visit(nursery: trio.Nursery) -> tuple[bytes, bytes]:
        estate = await open_estate(nursery, NOW)
        async with await dial(case(estate, "healthy").port) as stream:
            return await hear(stream), await ask(stream, b"ehlo probe.example")

    banner, hello = run(visit)
    assert banner == (
        b"220 EX01.corp.contoso.com Microsoft ESMTP MAIL Service ready at Sat, 21 Nov 2026 09:30:00 +0000\r\n"
    )
    assert hello.splitlines()[0] == b"250-EX01.corp.contoso.com Hello [127.0.0.1]"
    assert hello.splitlines()[5:7] == [b"250-STARTTLS", b"250-X-ANONYMOUSTLS"]
    assert hello.splitlines()[-1] == b"250 XRDST"


@pytest.mark.parametrize(
    ("name", "there"), [("no usable certificate", b"250-X-ANONYMOUSTLS"), ("inspecting firewall", b"250-XXXXXXXA")]
)
def test_where_starttls_is_missing(name: str, there: bytes) -> None:
    async def visit(nursery: trio.Nursery) -> tuple[bytes, bytes, bytes]:
        estate = await open_estate(nursery, NOW)
        async with await dial(case(estate, name).port) as stream:
            return await hear(stream), await ask(stream, b"EHLO probe.example"), await ask(stream, b"STARTTLS")

    banner, hello, refusal = run(visit)
    assert there in hello.splitlines()
    assert b"STARTTLS" not in hello
    assert refusal.startswith(b"500 ")
    assert (b"****" in banner) == (name == "inspecting firewall")


def test_several_clients_at_once_and_one_that_vanishes_disturb_nobody() -> None:
    async def one(port: int, done: list[bytes]) -> None:
        async with await up_to_tls(port) as stream:
            done.append((await presented(stream))[0][0].fingerprint(SHA256()))

    async def visit(nursery: trio.Nursery) -> list[bytes]:
        estate = await open_estate(nursery, NOW)
        port = case(estate, "healthy").port
        for _ in range(3):
            rude = await up_to_tls(port)
            await rude.send_all(b"\x16\x03\x01half a ClientHello")
            rude.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            await rude.aclose()
        done: list[bytes] = []
        async with trio.open_nursery() as clients:
            for _ in range(20):
                clients.start_soon(one, port, done)
        return done

    done = run(visit)
    assert len(done) == 20
    assert len(set(done)) == 1
