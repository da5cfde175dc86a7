"""TLSA records by themselves: read, held against a certificate, counted, and made."""

import hashlib
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fixtures.certificates import Made, authority, leaf
from fixtures.promised import tlsa as text_of
from probe.judge.dane import key, tlsa
from probe.judge.dane.tlsa import ANY, MAIL, Record, Unusable
from probe.judge.spki import of as spki_of
from tests import pki

ROOT = authority("CN=Root")
ISSUING = authority("CN=Issuing CA", ROOT)
LEAF = leaf("CN=mail.contoso.com", ISSUING, ("mail.contoso.com",))
OTHER = leaf("CN=mx2.contoso.com", ISSUING, ("mx2.contoso.com",))

SHA_256, SHA_512 = "ab" * 32, "cd" * 64
TRIPLES = [(usage, selector, matching) for usage in range(4) for selector in range(2) for matching in range(3)]


def spki(made: Made | pki.Issued) -> bytes:
    return made.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def read(text: str, usable: frozenset[int] = MAIL) -> Record:
    record = tlsa.parse(text, usable)
    assert isinstance(record, Record), record
    return record


def records(*kinds: str) -> tuple[Record, ...]:
    """Records of these kinds ("3 1 1"), each with data of its own."""
    digits = {"0": spki(LEAF).hex(), "1": SHA_256, "2": SHA_512}
    return tuple(read(f"{kind} {digits[kind[-1]]}", ANY) for kind in kinds)


@pytest.mark.parametrize(("usage", "selector", "matching"), TRIPLES)
def test_every_kind_is_read_and_written_back(usage: int, selector: int, matching: int) -> None:
    text = text_of(usage, selector, matching, LEAF.der)
    record = read(text, ANY)

    assert str(record) == text
    assert (record.usage, record.selector, record.matching) == (usage, selector, matching)
    assert isinstance(tlsa.parse(text), Record) is (usage in (2, 3))


@pytest.mark.parametrize(("usage", "selector", "matching"), TRIPLES)
def test_every_kind_matches_its_certificate_and_no_other(usage: int, selector: int, matching: int) -> None:
    record = read(text_of(usage, selector, matching, LEAF.der), ANY)

    assert tlsa.matches(record, LEAF.der)
    assert not tlsa.matches(record, OTHER.der)
    assert not tlsa.matches(record, b"no certificate")
    assert tlsa.of(LEAF.der, usage, selector, matching) == record


@pytest.mark.parametrize(
    ("text", "why", "malformed"),
    [
        (f"0 1 1 {SHA_256}", "usage 0 is not for mail (RFC 7672 §3.1.3)", False),
        (f"1 1 1 {SHA_256}", "usage 1 is not for mail (RFC 7672 §3.1.3)", False),
        (f"4 1 1 {SHA_256}", "there is no usage 4", False),
        (f"255 1 1 {SHA_256}", "there is no usage 255", False),
        (f"3 2 1 {SHA_256}", "there is no selector 2", False),
        (f"3 1 3 {SHA_256}", "there is no matching type 3", False),
        (f"3 1 1 {SHA_256[:-2]}", "SHA-256 has 32 bytes, not 31", True),
        (f"3 1 1 {SHA_512}", "SHA-256 has 32 bytes, not 64", True),
        (f"3 1 2 {SHA_256}", "SHA-512 has 64 bytes, not 32", True),
        (f"3 1 1 {SHA_256[:-1]}", "its fields do not have the size that a TLSA record has", True),
        (f"256 1 1 {SHA_256}", "its fields do not have the size that a TLSA record has", True),
        (f"3 1 1 {SHA_256[:-2]}xy", "it is not of the form of a TLSA record", True),
        ("\\# 2 0301", "it is not of the form of a TLSA record", True),
        ("\\# 3 030101", "it is not of the form of a TLSA record", True),
        ("3 1 1", "it is not of the form of a TLSA record", True),
        ("", "it is not of the form of a TLSA record", True),
        ("٣ ١ ١ " + SHA_256, "it is not of the form of a TLSA record", True),
        (f"3 0 0 {LEAF.der.hex()}00", "its data is not a certificate", True),
        (f"3 0 0 {LEAF.der[:-1].hex()}", "its data is not a certificate", True),
        (f"2 0 0 {spki(LEAF).hex()}", "its data is not a certificate", True),
        (f"3 1 0 {LEAF.der.hex()}", "its data is not a public key", True),
        (f"3 1 0 {spki(LEAF).hex()}00", "its data is not a public key", True),
        (f"3 1 0 {SHA_256}", "its data is not a public key", True),
        ("3 1 0 " + "00" * 40_000, "its fields do not have the size that a TLSA record has", True),
        ("3 1 0 " + "00" * 80_000, "it is not of the form of a TLSA record", True),
    ],
)
def test_what_cannot_be_used_says_why(text: str, why: str, malformed: bool) -> None:
    assert tlsa.parse(text) == Unusable(text=text, why=why, malformed=malformed)


def test_blanks_and_capitals_in_the_digits_do_not_matter() -> None:
    """RFC 6698 §2.2: white space is allowed there, and hexadecimal digits have no case."""
    assert str(read(f" 3  1 1 {SHA_256[:32].upper()} {SHA_256[32:]}\n")) == f"3 1 1 {SHA_256}"


def test_a_long_record_is_shown_cut() -> None:
    assert read(f"3 1 1 {SHA_256}").shown == f"3 1 1 {SHA_256}"
    assert read(f"3 1 2 {SHA_512}").shown == f"3 1 2 {SHA_512[:64]}…"
    assert read(f"3 1 1 {SHA_256}").named == "DANE-EE 3 1 1"


@pytest.mark.parametrize(
    ("kinds", "counting"),
    [
        (("3 1 1", "3 1 2"), ("3 1 2",)),  # RFC 7671 §9
        (("3 1 2", "3 1 1"), ("3 1 2",)),
        (("3 1 1", "3 1 2", "3 1 0"), ("3 1 2", "3 1 0")),  # the example there
        (("3 1 0", "3 1 1"), ("3 1 0", "3 1 1")),
        (("3 0 1", "3 1 2"), ("3 0 1", "3 1 2")),  # by selector
        (("2 1 1", "3 1 2"), ("2 1 1", "3 1 2")),  # by usage
        (("2 1 1", "2 1 2", "3 1 1", "3 0 1", "3 0 2"), ("2 1 2", "3 1 1", "3 0 2")),
        ((), ()),
    ],
)
def test_of_the_digests_the_strongest_counts_by_usage_and_selector(
    kinds: tuple[str, ...], counting: tuple[str, ...]
) -> None:
    assert tuple(record.kind for record in tlsa.counting(records(*kinds))) == counting


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(LEAF, id="ec"),
        pytest.param(pki.self_signed(), id="rsa"),
        pytest.param(pki.Authority.root().leaf(key="ec384"), id="ec384"),
        pytest.param(ROOT, id="authority"),
    ],
)
def test_the_key_is_cut_out_of_the_certificate_as_it_stands(made: Made | pki.Issued) -> None:
    assert spki_of(made.der) == spki(made)


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_no_key_is_found_where_there_is_none(cut: int) -> None:
    assert spki_of(LEAF.der[:cut]) is None
    assert spki_of(LEAF.der[cut + 1 :]) in (None, spki(LEAF))


def test_a_key_that_no_library_knows_is_cut_out_all_the_same() -> None:
    """The bytes of an algorithm that does not exist, in place of the curve's."""
    known = spki(LEAF)
    unknown = known.replace(bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d027f"))
    assert unknown != known
    der = LEAF.der.replace(known, unknown)

    assert spki_of(der) == unknown
    assert not key.readable(unknown)


@pytest.mark.parametrize("signer", [ROOT, pki.Authority.root(key="rsa2048")], ids=["ec", "rsa"])
def test_who_signed_what(signer: Made | pki.Authority) -> None:
    issued = authority("CN=Below", signer) if isinstance(signer, Made) else signer.intermediate()
    assert key.signed(issued.der, spki(signer))
    assert key.signed(signer.der, spki(signer))
    assert not key.signed(issued.der, spki(issued))
    assert not key.signed(issued.der, spki(pki.self_signed()))
    assert not key.signed(issued.der, b"no key")
    assert not key.signed(b"no certificate", spki(signer))


def test_who_signed_by_edwards_curve() -> None:
    private, name = ed25519.Ed25519PrivateKey.generate(), x509.Name.from_rfc4514_string("CN=Ed")
    builder = x509.CertificateBuilder(name, name, private.public_key(), 1)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2027, 1, 1, tzinfo=UTC)
    )
    der = builder.sign(private, None).public_bytes(serialization.Encoding.DER)
    assert key.signed(der, private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def test_an_exponent_that_costs_too_much_is_not_tried() -> None:
    authority_ = pki.Authority.root(key="rsa2048")
    modulus = authority_.certificate.public_key().public_numbers().n  # type: ignore[union-attr]
    hostile = rsa.RSAPublicNumbers(2**65 + 1, modulus).public_key()
    assert not key.signed(authority_.der, hostile.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


# What to publish


def test_a_chain_gives_a_record_for_the_leaf_and_one_for_each_authority() -> None:
    found = tlsa.lines((LEAF.der, ISSUING.der, ROOT.der))
    assert [str(record) for record in found] == [
        f"3 1 1 {hashlib.sha256(spki(LEAF)).hexdigest()}",
        f"2 1 1 {hashlib.sha256(spki(ISSUING)).hexdigest()}",
        f"2 1 1 {hashlib.sha256(spki(ROOT)).hexdigest()}",
    ]


@pytest.mark.parametrize(
    ("usage", "kinds"),
    [(0, ["0 0 2"]), (1, ["1 0 2"]), (2, ["2 0 2"]), (3, ["3 0 2"]), (None, ["3 0 2", "2 0 2"])],
)
def test_usage_selector_and_matching_type_can_be_chosen(usage: int | None, kinds: list[str]) -> None:
    found = tlsa.lines((LEAF.der, ISSUING.der, LEAF.der), usage=usage, selector=0, matching=2)
    assert [record.kind for record in found] == kinds


def test_an_authority_alone_is_no_leaf_unless_it_is_its_own() -> None:
    assert [record.kind for record in tlsa.lines((ISSUING.der,))] == ["2 1 1"]
    assert [record.kind for record in tlsa.lines((ROOT.der,))] == ["3 1 1", "2 1 1"]
    assert [record.kind for record in tlsa.lines((pki.self_signed().der,))] == ["3 1 1"]
    assert [record.kind for record in tlsa.lines((LEAF.der, OTHER.der))] == ["3 1 1", "3 1 1"]


def test_of_rubbish_only_the_whole_can_be_published() -> None:
    assert tlsa.lines((b"rubbish",)) == ()
    assert [record.kind for record in tlsa.lines((b"rubbish",), selector=0)] == ["3 0 1"]


def test_a_line_of_a_zone() -> None:
    record = read(f"3 1 1 {SHA_256}")
    assert tlsa.line(tlsa.owner("mx.example", 25), record) == f"_25._tcp.mx.example. IN TLSA 3 1 1 {SHA_256}"


# Bad input


@settings(max_examples=2000, deadline=None)
@given(st.sampled_from([text_of(*triple, LEAF.der) for triple in TRIPLES]), st.data())
def test_a_mutated_record_is_a_record_or_says_why(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 8)))
    mutated = text[:start] + data.draw(st.text("0123456789abcdefABCDEF \\#\"'\t\n\0é", max_size=8)) + text[end:]
    record = tlsa.parse(mutated, ANY)
    if isinstance(record, Record):
        assert read(str(record), ANY) == record
        assert tlsa.matches(record, LEAF.der) is (record.data == text_data(record))
    else:
        assert record.why
        assert record.text == mutated


def text_data(record: Record) -> bytes:
    return bytes.fromhex(text_of(record.usage, record.selector, record.matching, LEAF.der).split()[3])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=100))
@example("3 1 1 ")
def test_any_text_is_a_record_or_says_why(text: str) -> None:
    assert isinstance(tlsa.parse(text), Record | Unusable)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(LEAF.der) - 1), st.integers(0, 255))
def test_any_bytes_have_a_key_or_none(place: int, octet: int) -> None:
    der = LEAF.der[:place] + bytes([octet]) + LEAF.der[place + 1 :]
    found = spki_of(der)
    assert found is None or found in der
    key.signed(der, spki(ISSUING))


def test_signatures_of_another_kind_than_the_key_are_none_of_it() -> None:
    """An EC key, and a certificate that RSA signed; and the other way round."""
    by_rsa, by_ec = pki.Authority.root(key="rsa2048"), pki.Authority.root()
    assert not key.signed(by_rsa.der, spki(by_ec))
    assert not key.signed(by_ec.der, spki(by_rsa))
    point = ec.generate_private_key(ec.SECP521R1()).public_key()
    assert not key.signed(by_ec.der, point.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
