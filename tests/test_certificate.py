"""Reading certificates: the words of Exchange, and the oddities that are out there."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.build import AT, evidence, seen
from fixtures.certificates import authority, leaf, sample
from fixtures.scenes import ROOTS
from probe.judge.certificate import Certificate, Unreadable, parse
from probe.judge.chain import Anchors
from probe.judge.judging import judge
from probe.judge.standard import Standard

ANCHORS = Anchors(label="roots", der=ROOTS)
ISSUER = authority("CN=Issuing CA")
LEAF = leaf("CN=mail.contoso.com", ISSUER, ("mail.contoso.com", "192.0.2.25"))


def read(der: bytes) -> Certificate:
    found = parse(der)
    assert isinstance(found, Certificate)
    return found


def test_a_sample_reads_as_exchange_prints_it() -> None:
    found = read(sample("renewed_same"))
    assert found.subject == "CN=mail.contoso.com, O=Contoso Ltd, L=Reading, S=Berkshire, C=GB"
    assert found.issuer == 'CN=Fabrikam TLS RSA CA 2025, O="Fabrikam Trust Services, Inc.", C=US'
    assert found.serial == "0C11D22E33F44055166277388499AABB"
    assert found.sha1.upper() == "52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1"
    assert found.sha256.upper() == "A57C74D6BBB661CA5BAE298A43FA2688C8F97859E1BAC5570BCA3673B2697A3A"
    assert found.spki_sha256 == "56757ec20f1d6d757bea0c12ae2f74a72ffa876fcb0f9173fd015ef90a0d88ee"
    assert found.not_before == datetime(2026, 10, 19, tzinfo=UTC)
    assert found.not_after == datetime(2027, 5, 1, 23, 59, 59, tzinfo=UTC)
    assert found.names == ("mail.contoso.com", "autodiscover.contoso.com")
    assert (found.key, found.signature, found.self_signed, found.is_ca) == ("RSA 2048", "SHA-256", False, False)


def test_exchange_s_own() -> None:
    found = read(sample("selfsigned"))
    assert (found.subject, found.issuer, found.self_signed) == ("CN=EX01", "CN=EX01", True)
    assert found.names == ("EX01".lower(), "ex01.corp.contoso.com")


def test_names_are_the_common_name_and_the_san() -> None:
    assert read(LEAF.der).names == ("mail.contoso.com", "192.0.2.25")
    assert read(leaf("CN=EX01,O=x", ISSUER, ("a.example",)).der).names == ("ex01", "a.example")
    assert read(leaf("CN=Contoso Mail,O=x", ISSUER, ("A.Example",)).der).names == ("a.example",)


@pytest.mark.parametrize(
    ("number", "printed"), [(0x7F, "7F"), (0x80, "0080"), (0xFF01, "00FF01"), (0x0C11, "0C11"), (1, "01")]
)
def test_serial_numbers_keep_the_zeroes_that_exchange_prints(number: int, printed: str) -> None:
    assert read(bare(number)).serial == printed


def bare(serial: int = 0x7F01) -> bytes:
    """As little of a certificate as there can be."""
    name, key = x509.Name.from_rfc4514_string("CN=bare"), ec.derive_private_key(5, ec.SECP256R1())
    builder = x509.CertificateBuilder(name, name, key.public_key(), serial, AT, datetime(2030, 1, 1, tzinfo=UTC))
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)


def test_a_negative_serial_number_is_odd_and_readable() -> None:
    negative = bare().replace(b"\x02\x02\x7f\x01", b"\x02\x02\xff\x01")
    assert read(negative).serial == "FF01"


def test_version_1_is_old_and_readable() -> None:
    der = bare()
    version = b"\xa0\x03\x02\x01\x02"  # what has none is of version 1
    assert der[:12] == b"\x30\x82\x01\x0b\x30\x81\xb2" + version
    first = b"\x30\x82\x01\x06\x30\x81\xad" + der[12:]
    assert (read(first).subject, read(first).names, read(first).usages) == ("CN=bare", ("bare",), None)


@pytest.mark.parametrize(("last", "digest"), [(2, "MD2"), (3, "MD4"), (4, "MD5"), (5, "SHA-1"), (12, "SHA-384")])
def test_signatures_by_their_digest(last: int, digest: str) -> None:
    signed_with_sha256 = bytes.fromhex("06092a864886f70d01010b")
    other = sample("renewed_same").replace(signed_with_sha256, signed_with_sha256[:-1] + bytes((last,)))
    assert read(other).signature == digest
    report = judge(evidence(seen(other, sample("int2025"))), Standard(), ANCHORS, AT)
    assert ("certificate-weak" in {finding.code for finding in report.findings}) is (last < 10)


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30\x03",
        LEAF.der[:-1],
        LEAF.der[:100],
        LEAF.der + b"\x00",
        LEAF.der.replace(b"\x82\x10mail", b"\x82\x10m\xe4il"),  # a SAN that is not ASCII
        LEAF.der.replace(b"\x82\x10mail", b"\xa3\x10\x30\x0eil"),  # an X.400 address among the names
        b"-----BEGIN CERTIFICATE-----",
    ],
)
def test_what_cannot_be_read_is_a_value(der: bytes) -> None:
    found = parse(der)
    assert isinstance(found, Unreadable)
    assert found.error
    assert len(found.sha1) == 40
    report = judge(evidence(seen(der)), Standard(), ANCHORS, AT)
    assert "certificate-unreadable" in {finding.code for finding in report.findings}


@settings(deadline=None)
@given(st.sampled_from((LEAF.der, sample("old"), sample("selfsigned"))), st.data())
def test_broken_certificates_are_judged_all_the_same(der: bytes, data: st.DataObject) -> None:
    broken = bytearray(der)
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    del broken[data.draw(st.sampled_from((len(broken), len(broken) - 1, len(broken) // 2))) :]
    report = judge(evidence(seen(bytes(broken), sample("int2025"))), Standard(name="x.org"), ANCHORS, AT)
    if isinstance(parse(bytes(broken)), Unreadable):
        assert "certificate-unreadable" in {finding.code for finding in report.findings}
    if bytes(broken) not in (LEAF.der, sample("old")):
        assert "certificate-trusted" not in {finding.code for finding in report.findings}
