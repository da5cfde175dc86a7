"""What a peer can make the judge do: its certificates, and the records that it publishes, choose the work.

Counted are calls, not seconds.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from types import FrameType
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fixtures.build import AT, HOST, evidence, seen
from fixtures.certificates import FROM, LONG, UNTIL, Made, authority, leaf
from probe.judge import spki, store
from probe.judge.certificate import Certificate, issued, parse
from probe.judge.chain import AN_ATTEMPT, MOST_PAIRING, MOST_VERIFYING, TOO_DEAR, Anchors, Walk, follow
from probe.judge.dane import key, tlsa
from probe.judge.dane.anchor import Paths, lead
from probe.judge.dane.case import Case
from probe.judge.dane.match import Held, hold
from probe.judge.judging import judge
from probe.judge.names import by_rfc
from probe.judge.standard import Standard
from tests import pki

ROOT = authority("CN=Root")
ISSUING = authority("CN=Issuing CA", ROOT)
LEAF = leaf(f"CN={HOST}", ISSUING, (HOST,))
NOBODY = Anchors(label="nobody", der=())
P_256 = 80  # microseconds


@pytest.fixture(autouse=True)
def _forgetful() -> None:
    """What another test has asked OpenSSL, this one asks again."""
    store._known.cache_clear()


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """How often each function or method was called, by its bare name, those of C and Rust included."""
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, what: Any) -> None:
        if event == "call":
            calls[frame.f_code.co_name] += 1
        elif event == "c_call":
            calls[what.__name__] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def case(*records: tlsa.Record | None, **changes: Any) -> Case:
    given = Case(
        records=tuple(record for record in records if record),
        references=(HOST, "contoso.com"),
        base=HOST,
        owner=f"_25._tcp.{HOST}",
        ttl=60,
        common_name=True,
        anchors=NOBODY,
        at=AT,
    )
    return replace(given, **changes)


def held(chain: tuple[bytes, ...], *records: tlsa.Record | None) -> Held:
    return hold(chain, case(*records))


def spki_of(public: Any) -> bytes:
    made: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return made


def rsa_key(bits: int, exponent: int = 65537) -> rsa.RSAPublicKey:
    """Whose it is nobody knows: its modulus has been made up."""
    return rsa.RSAPublicNumbers(exponent, 2**bits - 2**bits // 3 * 2 + 2 ** (bits - 1) | 1).public_key()


def holder(public: Any, subject: str, issuer: Made = ROOT) -> bytes:
    """An authority's certificate for a key of which there is no private half."""
    builder = x509.CertificateBuilder(
        issuer.certificate.subject, x509.Name.from_rfc4514_string(subject), public, 7, *LONG
    ).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def ladder(levels: int, twins: int = 1, *, pad: str = "") -> tuple[bytes, ...]:
    """A leaf whose signature is wrong below authorities that all are good, each there as often as said."""
    above, chain = authority(f"CN=Top{pad}"), []
    chain.append(above)
    for level in range(levels):
        days = (timedelta(days=twin) for twin in range(twins))
        made = [authority(f"CN=Level {level}{pad}", above, until=LONG[1] - day) for day in days]
        chain[:0] = made
        above = made[0]
    forged = leaf("CN=x", above, (HOST,)).der
    return (forged[:-1] + bytes((forged[-1] ^ 1,)), *(made.der for made in chain))


# Names


def test_of_many_names_only_what_can_match_is_looked_at() -> None:
    names = [f"a{number}.contoso.com" for number in range(3000)]
    read = parse(leaf("CN=x", ISSUING, names).der)
    assert isinstance(read, Certificate)
    with counted() as calls:
        assert by_rfc(read, HOST) is None
        assert by_rfc(read, "A2999.contoso.com") == "a2999.contoso.com"
        assert by_rfc(read, "other.example") is None
    assert calls["_matches"] <= 1


@pytest.mark.parametrize(
    ("host", "presented"),
    [
        (" Mail.contoso.com", "mail.contoso.com"),
        ("mail.contoso.com", "mail.contoso.com "),
        ("bücher.example", "xn--bcher-kva.example"),
        ("mail.bücher.example", "*.xn--bcher-kva.example"),
        ("mail。contoso.com", "*.contoso.com"),
    ],
)
def test_what_the_library_takes_for_the_same_is_looked_at(host: str, presented: str) -> None:
    read = parse(leaf("CN=x", ISSUING, (presented,)).der)
    assert isinstance(read, Certificate)
    assert by_rfc(read, host) == presented


# Keys


EC_KEY, CURVE = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06092b2403030208010107")
# An algorithm that there is none of; and in the same number of bytes the key of Diffie and Hellman, RFC 3279 §2.3.3.
UNKNOWN = bytes.fromhex("06072a8648ce3d027f") + CURVE
DH = bytes.fromhex("06072a8648ce3e0201" + "3009" + "020117" + "020105" + "02010b")


@pytest.mark.parametrize("algorithm", [DH, UNKNOWN], ids=["dh", "unknown"])
def test_a_key_that_signs_nothing_is_never_loaded(algorithm: bytes) -> None:
    public = ec.generate_private_key(ec.BrainpoolP256R1()).public_key()
    subjects = ("CN=Leaf", "CN=Odd CA", "CN=Root")  # the last in the name of its issuer
    chain = [holder(public, subject).replace(EC_KEY + CURVE, algorithm) for subject in subjects]
    given = spki.of(chain[0])
    assert given
    assert algorithm in given
    with counted() as calls:
        read = [parse(der) for der in chain]
        judge(evidence(seen(*chain)), Standard(name=HOST), NOBODY, AT)
        assert not key.readable(given)
        assert not key.signed(LEAF.der, given)
        assert isinstance(tlsa.parse(f"2 1 0 {given.hex()}"), tlsa.Unusable)
        assert isinstance(tlsa.parse(f"2 0 0 {chain[1].hex()}"), tlsa.Unusable)
    loading = ("public_key", "load_der_public_key", "verify_directly_issued_by", "load_certificate")
    assert not {name: calls[name] for name in loading if calls[name]}
    assert [one.key for one in read if isinstance(one, Certificate)] == ["unknown"] * 3


def test_the_digest_of_a_key_is_that_of_its_bytes_whoever_knows_them() -> None:
    odd = parse(LEAF.der.replace(bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d027f")))
    known = parse(LEAF.der)
    assert isinstance(odd, Certificate)
    assert isinstance(known, Certificate)
    record = tlsa.of(odd.der, 3, 1, 1)
    assert record
    assert odd.spki_sha256 == record.data.hex() != known.spki_sha256


@pytest.mark.parametrize(
    ("public", "loadable", "verifiable"),
    [
        (rsa_key(2048), True, True),
        (rsa_key(8192), True, True),
        (rsa_key(8200), True, False),
        (rsa_key(16384), True, False),
        (rsa_key(16392), False, False),
        (rsa_key(2048, 2**63 + 1), True, True),
        (rsa_key(2048, 2**64 + 1), True, False),
        (ec.generate_private_key(ec.SECP521R1()).public_key(), True, True),
        (ec.generate_private_key(ec.BrainpoolP512R1()).public_key(), True, True),
        (ed25519.Ed25519PrivateKey.generate().public_key(), True, True),
        (ed448.Ed448PrivateKey.generate().public_key(), True, True),
        (dsa.DSAPublicNumbers(5, dsa.DSAParameterNumbers(2**2048 - 1, 2**255 | 1, 2)).public_key(), True, True),
    ],
)
def test_keys_are_used_up_to_a_size(public: Any, loadable: bool, verifiable: bool) -> None:
    found = spki.key(spki_of(public))
    assert (found.loadable, found.verifiable) == (loadable, verifiable)
    assert not verifiable or 0 < found.cost <= 1_500
    read = parse(holder(public, "CN=Holder"))
    assert isinstance(read, Certificate)
    assert (read.key != "unknown") is loadable


def test_a_key_of_many_bytes_is_none() -> None:
    known = spki_of(rsa_key(2048))
    assert spki.key(known + bytes(spki.MOST_BYTES - len(known))).loadable
    assert not spki.key(known + bytes(spki.MOST_BYTES - len(known) + 1)).loadable
    assert not spki.key(None).loadable


@pytest.mark.parametrize("cut", range(0, 294, 7))
def test_a_key_cut_short_is_none(cut: int) -> None:
    assert not spki.key(spki_of(rsa_key(2048))[:cut]).loadable


@pytest.mark.parametrize("public", [rsa_key(8200), rsa_key(2048, 2**64 + 1)])
def test_by_a_key_that_costs_too_much_no_signature_is_checked(public: rsa.RSAPublicKey) -> None:
    dear = holder(public, "CN=Dear")
    by_rsa = authority("CN=Weak", weak=True).key
    below = leaf(f"CN={HOST}", Made(x509.load_der_x509_certificate(dear), by_rsa), (HOST,)).der
    parse(ROOT.der)
    with counted() as calls:
        path = follow((below, dear), Anchors(label="", der=(ROOT.der,)), AT)
        assert not key.signed(below, spki_of(public))
    assert path
    assert path.cause == "unknown-root"  # for all that is known, it goes on from there
    assert "signature" not in path.error  # OpenSSL has not been given it
    assert not calls["verify"] + calls["verify_directly_issued_by"]


# Paths


def test_all_anchors_of_a_chain_share_what_it_may_cost() -> None:
    chain = ladder(14, 2)
    records = [tlsa.of(der, 2, 0, 1) for der in chain[-8:]]
    with counted() as calls:
        found = held(chain, *records)
    assert found.cause == "anchor-not-issuer"
    assert 0 < calls["get_verified_chain"] <= MOST_VERIFYING // (AN_ATTEMPT + (len(chain) - 1) * P_256)


def test_a_walk_does_no_more_than_it_may() -> None:
    chain = ladder(14)
    walk = Walk(chain, AT)
    with counted() as calls:
        paths = [walk.to(Anchors(label="", der=(anchor,))) for anchor in chain[1:] * 3]
    assert calls["get_verified_chain"] <= MOST_VERIFYING // (AN_ATTEMPT + 14 * P_256)
    last = paths[-1]
    assert last
    assert (last.cause, last.error) == ("path-invalid", TOO_DEAR[1])


def test_pairs_are_checked_once_and_within_what_they_may_cost() -> None:
    """A crowd with one name, and a key by which a signature takes long."""
    dear = rsa_key(8192, 2**63 + 1)
    cost = spki.key(spki_of(dear)).cost
    name = Made(authority("CN=A").certificate, ROOT.key)
    crowd = [
        x509.CertificateBuilder(name.certificate.subject, name.certificate.subject, dear, number, *LONG)
        .sign(ROOT.key, hashes.SHA256())
        .public_bytes(Encoding.DER)
        for number in range(1, 32)
    ]
    before = issued.cache_info().misses
    with counted() as calls:
        for _ in range(2):
            assert follow((leaf("CN=x", name, (HOST,)).der, *crowd), NOBODY, AT)
    assert 0 < issued.cache_info().misses - before <= MOST_PAIRING // cost
    assert calls["get_verified_chain"] <= 2 * MOST_VERIFYING // cost


@pytest.mark.parametrize(("names", "domains", "tried"), [(50, 20, 1), (3000, 3000, 0)])
def test_names_are_not_held_against_constraints_without_end(names: int, domains: int, tried: int) -> None:
    narrow = x509.NameConstraints(None, [x509.DNSName(f"a{number}.example") for number in range(domains)])
    builder = x509.CertificateBuilder(
        ROOT.certificate.subject, ISSUING.certificate.subject, ISSUING.key.public_key(), 9, *LONG
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    above = builder.add_extension(narrow, critical=True).sign(ROOT.key, hashes.SHA256()).public_bytes(Encoding.DER)
    below = leaf("CN=x", ISSUING, [f"b{number}.example" for number in range(names)]).der
    with counted() as calls:
        path = follow((below, above), Anchors(label="", der=(ROOT.der,)), AT)
    assert path
    assert calls["get_verified_chain"] == tried
    assert path.error == ("" if tried else TOO_DEAR[1])


def test_bare_keys_share_it_too() -> None:
    dear = [rsa_key(8192, 2**63 + 1 + 2 * number) for number in range(40)]
    cost = spki.key(spki_of(dear[0])).cost
    own = pki.self_signed(not_before=FROM, not_after=UNTIL)
    records = [tlsa.parse(f"2 1 0 {spki_of(public).hex()}") for public in dear]
    with counted() as calls:
        held((own.der,), *(record for record in records if isinstance(record, tlsa.Record)))
    assert 0 < calls["signed"] <= MOST_VERIFYING // cost < len(records)


def test_a_path_is_judged_once_for_all_records_that_lead_to_it() -> None:
    chain = (LEAF.der, ISSUING.der, ROOT.der)
    records = [
        tlsa.of(der, 2, selector, matching)
        for der, selector, matching in product((ISSUING.der, ROOT.der), (0, 1), (0, 1, 2))
    ]
    paths, given = Paths(chain, AT), case(*records)
    with counted() as calls:
        assert all((led := lead(paths, record, given)) and led.well for record in given.records)
    assert len(given.records) == 12
    assert calls["bears"] == 1
    assert calls["_presented"] == 2
    assert calls["follow"] == 0
    assert calls["get_verified_chain"] == 2


def test_digests_are_made_once_a_chain() -> None:
    chain = tuple(authority(f"CN=Digests {number}", ROOT).der for number in range(32))
    noise = [tlsa.Record(usage=2, selector=0, matching=2, data=bytes((number,)) * 64) for number in range(60)]
    before = tlsa._digest.cache_info().misses
    held(chain, *noise)
    assert tlsa._digest.cache_info().misses - before <= len(chain)


def test_a_large_certificate_is_read_once_while_it_is_judged() -> None:
    large = leaf("CN=large", ISSUING, [f"large{number}.contoso.com" for number in range(1000)]).der
    assert len(large) > 16_384
    with counted() as calls:
        judge(evidence(seen(large, ISSUING.der)), Standard(), Anchors(label="", der=(ROOT.der,)), AT)
    assert calls["_read"] <= 3


def test_a_usual_chain_is_nowhere_near_the_bounds() -> None:
    """Two ways up by the dearer of the usual curves, expired, and three anchors."""
    root = pki.Authority.root("CN=Root A", key="ec384")
    issuing = root.intermediate(key="ec384", path_length=1)
    below = issuing.intermediate("CN=Below", key="ec384")
    old = below.leaf(names=(HOST,), not_after=pki.TODAY - timedelta(days=3))
    chain = tuple(link.der for link in (old, below, issuing, root))
    given = case(*(tlsa.of(der, 2, 1, 1) for der in chain[1:]), at=datetime.now(UTC))
    paths = Paths(chain, given.at)
    led = [lead(paths, record, given) for record in given.records]
    assert [[fault.code for fault in one.faults] for one in led if one] == [["certificate-expired"]] * 3
    assert paths.walk.spend(MOST_VERIFYING // 3)
