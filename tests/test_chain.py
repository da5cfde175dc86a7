"""The path: where a presented chain leads, from whatever it was sent as, and what is said where it leads nowhere."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.build import AT, evidence, seen
from fixtures.certificates import FROM, UNTIL, Made, authority, leaf
from probe.judge.certificate import Certificate, Unreadable, issued, parse
from probe.judge.chain import Anchors, follow, misordered, superfluous
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import Finding, Report, Verdict

HOST = "mail.contoso.com"
SECOND = timedelta(seconds=1)

ROOT = authority("CN=Root")
OTHER_ROOT = authority("CN=Other Root")
ISSUING = authority("CN=Issuing CA", ROOT)
LEAF = leaf(f"CN={HOST}", ISSUING, (HOST,))
STRANGER = authority("CN=Stranger", OTHER_ROOT)


def trusting(*roots: Made) -> Anchors:
    return Anchors(label="the test's roots", der=tuple(root.der for root in roots))


def cause(*chain: Made | bytes, roots: Anchors | None = None, at: datetime = AT) -> str | None:
    path = follow(der(*chain), roots or trusting(ROOT), at)
    assert path
    assert bool(path.error) is (path.cause is not None)
    return path.cause


def der(*chain: Made | bytes) -> tuple[bytes, ...]:
    return tuple(link if isinstance(link, bytes) else link.der for link in chain)


def report(*chain: Made | bytes, roots: Anchors | None = None, at: datetime = AT) -> Report:
    return judge(evidence(seen(*der(*chain))), Standard(name=HOST), roots or trusting(ROOT), at)


def find(report: Report, code: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.code == code]


def faults(report: Report) -> set[str]:
    return {finding.code for finding in report.findings if finding.verdict is not Verdict.OK}


# How it was sent


@pytest.mark.parametrize(
    "chain",
    [
        (LEAF, ISSUING),
        (LEAF, ISSUING, ROOT),
        (LEAF, ROOT, ISSUING),
        (LEAF, ISSUING, ISSUING),
        (LEAF, STRANGER, ISSUING, OTHER_ROOT),
        (LEAF, b"rubbish", ISSUING),
    ],
)
def test_a_path_is_found_whatever_else_is_sent(chain: tuple[Made | bytes, ...]) -> None:
    path = follow(der(*chain), trusting(ROOT), AT)
    assert path
    assert path.cause is None
    assert [certificate.subject for certificate in path.certificates] == [f"CN={HOST}", "CN=Issuing CA", "CN=Root"]


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ((LEAF, ISSUING), []),
        ((LEAF, ISSUING, ROOT), [(2, "root")]),
        ((LEAF, ISSUING, ISSUING), [(2, "duplicate")]),
        ((LEAF, LEAF, ISSUING), [(1, "duplicate")]),
        ((LEAF, STRANGER, ISSUING), [(1, "unrelated")]),
        ((LEAF, b"rubbish", ISSUING), [(1, "unrelated")]),
    ],
)
def test_what_the_path_does_not_need(chain: tuple[Made | bytes, ...], expected: list[tuple[int, str]]) -> None:
    path = follow(der(*chain), trusting(ROOT), AT)
    assert path
    assert [(extra.position, extra.why) for extra in superfluous(der(*chain), path)] == expected


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ((LEAF, ISSUING), False),
        ((LEAF, ISSUING, ROOT), False),
        ((LEAF, STRANGER, ISSUING), False),
        ((LEAF, ROOT, ISSUING), True),
    ],
)
def test_order(chain: tuple[Made, ...], *, expected: bool) -> None:
    path = follow(der(*chain), trusting(ROOT), AT)
    assert path
    assert misordered(der(*chain), path) is expected
    assert ("chain-misordered" in faults(report(*chain))) is expected


def test_a_misordered_chain_says_in_which_order_it_came() -> None:
    (finding,) = find(report(LEAF, ROOT, ISSUING), "chain-misordered")
    assert finding.verdict is Verdict.WARN
    assert finding.fact("order") == f"CN={HOST} > CN=Root > CN=Issuing CA"


def test_an_issuer_in_front_of_its_leaf_is_judged_as_the_leaf_that_it_is_presented_as() -> None:
    assert "certificate-host-mismatch" in faults(report(ISSUING, LEAF))


# Where it leads


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ((LEAF,), "chain-incomplete"),
        ((LEAF, STRANGER), "chain-incomplete"),
        ((leaf(f"CN={HOST}", STRANGER, (HOST,)), STRANGER), "unknown-root"),  # a private root, not sent
        ((leaf(f"CN={HOST}", STRANGER, (HOST,)), STRANGER, OTHER_ROOT), "unknown-root"),  # sent
        ((OTHER_ROOT,), "self-signed"),
    ],
)
def test_untrusted_and_why(chain: tuple[Made, ...], expected: str) -> None:
    assert cause(*chain) == expected
    (finding,) = find(report(*chain), "certificate-not-trusted")
    assert (finding.verdict, finding.fact("cause")) == (Verdict.FAIL, expected)
    assert finding.fact("roots") == "the test's roots"
    assert bool(find(report(*chain), "chain-incomplete")) is (expected == "chain-incomplete")


def test_the_missing_issuer_is_named_with_its_address() -> None:
    alone = leaf(f"CN={HOST}", ISSUING, (HOST,), aia="http://ca.example/issuing.cer")
    (finding,) = find(report(alone), "chain-incomplete")
    assert finding.fact("missing") == "CN=Issuing CA"
    assert finding.fact("child") == f"CN={HOST}"
    assert finding.fact("aia") == "http://ca.example/issuing.cer"


def test_a_self_signed_leaf_is_trusted_where_it_is_itself_an_anchor() -> None:
    own = authority("CN=EX01")
    assert cause(own) == "self-signed"
    assert cause(own, roots=trusting(own)) is None


def test_an_intermediate_or_the_leaf_itself_may_be_the_anchor() -> None:
    assert cause(LEAF, roots=trusting(ISSUING)) is None
    assert cause(LEAF, ISSUING, roots=trusting(ISSUING)) is None
    assert cause(LEAF, roots=trusting(LEAF)) is None


@pytest.mark.parametrize(
    ("chain", "roots", "anchor"),
    [
        ((LEAF, ISSUING), (ROOT,), "CN=Root"),
        ((LEAF, ISSUING, ROOT), (ISSUING,), "CN=Issuing CA"),
        ((LEAF, ISSUING), (LEAF,), f"CN={HOST}"),
        ((LEAF, ISSUING), (LEAF, ROOT), "CN=Root"),
    ],
)
def test_the_anchor_that_was_reached_is_named(chain: tuple[Made, ...], roots: tuple[Made, ...], anchor: str) -> None:
    (finding,) = find(report(*chain, roots=trusting(*roots)), "certificate-trusted")
    assert finding.fact("anchor") == anchor


def test_no_anchors_trust_nobody() -> None:
    assert cause(LEAF, ISSUING, ROOT, roots=trusting()) == "unknown-root"


def test_a_self_signed_certificate_of_the_root_s_name_is_not_the_root() -> None:
    impostor = authority("CN=Root", owner="CN=Impostor")
    assert cause(leaf(f"CN={HOST}", impostor, (HOST,)), impostor) == "unknown-root"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_cross_signed_alternatives(order: tuple[int, int]) -> None:
    # The same issuer by two roots, of which one is known.
    ways = (authority("CN=Issuing CA", ROOT), authority("CN=Issuing CA", OTHER_ROOT, owner="CN=Issuing CA"))
    chain = (LEAF, *(ways[place] for place in order))
    for root in (ROOT, OTHER_ROOT):
        assert cause(*chain, roots=trusting(root)) is None
        assert faults(report(*chain, roots=trusting(root))) == set()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_expired_cross_signature_beside_a_good_one_costs_a_warning_at_most(order: tuple[int, int]) -> None:
    expired = authority("CN=Issuing CA", OTHER_ROOT, owner="CN=Issuing CA", until=AT - timedelta(days=9))
    ways = (ISSUING, expired)
    found = report(LEAF, *(ways[place] for place in order))
    assert find(found, "certificate-trusted")
    assert faults(found) == {"chain-superfluous"}
    (extra,) = find(found, "chain-superfluous")
    assert extra.fact("why") == "unrelated, expired"


# What is wrong on the way


def test_bad_signature() -> None:
    forged = LEAF.der[:-1] + bytes((LEAF.der[-1] ^ 1,))
    assert cause(forged, ISSUING) == "path-invalid"
    assert cause(STRANGER.der[:-1] + bytes((STRANGER.der[-1] ^ 1,))) == "chain-incomplete"
    own = OTHER_ROOT.der[:-1] + bytes((OTHER_ROOT.der[-1] ^ 1,))
    assert cause(own) == "path-invalid"  # and not "its issuer is missing": it names itself


def test_a_leaf_that_issues() -> None:
    assert cause(leaf("CN=below", LEAF, (HOST,)), LEAF, ISSUING) == "path-invalid"


def test_path_length() -> None:
    narrow = authority("CN=Narrow CA", ROOT, path_length=0)
    below = authority("CN=Below CA", narrow)
    assert cause(leaf(f"CN={HOST}", narrow, (HOST,)), narrow) is None
    assert cause(leaf(f"CN={HOST}", below, (HOST,)), below, narrow) == "path-invalid"


def test_name_constraints() -> None:
    constrained = authority("CN=Constrained CA", ROOT, permitted="contoso.com")
    assert cause(leaf(f"CN={HOST}", constrained, (HOST,)), constrained) is None
    assert cause(leaf("CN=x", constrained, ("mail.fabrikam.com",)), constrained) == "path-invalid"


def test_the_word_of_openssl_is_kept() -> None:
    (finding,) = find(report(leaf("CN=below", LEAF, (HOST,)), LEAF, ISSUING), "certificate-not-trusted")
    assert "CA" in (finding.fact("error") or "")


def test_a_leaf_that_one_library_reads_and_the_other_does_not_is_not_replaced_by_its_issuer() -> None:
    # The common name as an OCTET STRING. Left out, the issuer would be taken for the leaf, and be trusted.
    odd = LEAF.der.replace(b"\x0c\x10mail.contoso.com", b"\x04\x10mail.contoso.com")
    assert odd != LEAF.der
    assert isinstance(parse(odd), Certificate)
    assert cause(odd, ISSUING) == "path-invalid"


def test_an_anchor_is_trusted_as_it_is_signed_but_not_as_weak_as_its_key_is() -> None:
    weak = authority("CN=Legacy CA", ROOT, weak=True)
    own = leaf("CN=x", weak, (HOST,), weak=True)
    for roots, leaf_s, issuer_s in (
        (trusting(ROOT), "SHA-1 signature, RSA 1024 key", "RSA 1024 key"),
        (trusting(own), "RSA 1024 key", None),
    ):
        told = {finding.where.position: finding for finding in find(report(own, weak, roots=roots), "certificate-weak")}
        assert told[0].fact("weakness") == leaf_s
        assert (told[1].fact("weakness") if 1 in told else None) == issuer_s


# Time


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (FROM - SECOND, {"certificate-not-yet-valid"}),
        (FROM, set()),
        (UNTIL, {"certificate-expires-soon"}),  # RFC 5280 §4.1.2.5: the last second is a valid one
        (UNTIL + SECOND, {"certificate-expired"}),
        (datetime(1, 1, 1, tzinfo=UTC), {"certificate-not-yet-valid"}),
        (datetime(9999, 12, 31, tzinfo=UTC), {"certificate-expired"}),
    ],
)
def test_dates_are_no_question_of_trust(at: datetime, expected: set[str]) -> None:
    found = report(LEAF, ISSUING, at=at)
    assert faults(found) == expected
    assert find(found, "certificate-trusted")


def test_by_how_much() -> None:
    (expired,) = find(report(LEAF, ISSUING, at=UNTIL + timedelta(days=3)), "certificate-expired")
    assert (expired.fact("days_ago"), expired.fact("not_after")) == ("3", "2027-03-23 23:59:59 UTC")
    (early,) = find(report(LEAF, ISSUING, at=FROM - timedelta(days=2)), "certificate-not-yet-valid")
    assert (early.fact("days_ahead"), early.fact("not_before")) == ("2", "2026-09-05 00:00:00 UTC")


def test_the_offset_of_a_moment_counts() -> None:
    tokyo, lima = timezone(timedelta(hours=9)), timezone(timedelta(hours=-5))
    for zone in (tokyo, lima):
        assert faults(report(LEAF, ISSUING, at=(UNTIL + SECOND).astimezone(zone))) == {"certificate-expired"}
        assert faults(report(LEAF, ISSUING, at=FROM.astimezone(zone))) == set()
        assert cause(LEAF, ISSUING, at=FROM.astimezone(zone)) is None


@pytest.mark.parametrize("roots", [(), (ROOT,)])
def test_an_expired_leaf_is_told_as_expired_whether_trusted_or_not(roots: tuple[Made, ...]) -> None:
    found = report(LEAF, ISSUING, roots=trusting(*roots), at=UNTIL + SECOND)
    assert faults(found) == {"certificate-expired"} | (set() if roots else {"certificate-not-trusted"})


def test_an_expired_intermediate() -> None:
    old = authority("CN=Issuing CA", ROOT, until=AT - timedelta(days=1))
    (finding,) = find(report(LEAF, old), "certificate-expired")
    assert (finding.where.position, finding.fact("subject")) == (1, "CN=Issuing CA")
    assert find(report(LEAF, old), "certificate-trusted")


def test_an_expired_root_is_told_though_it_was_not_sent() -> None:
    old = authority("CN=Old Root", until=AT - timedelta(days=1))
    issuing = authority("CN=Issuing CA", old)
    found = report(leaf(f"CN={HOST}", issuing, (HOST,)), issuing, roots=trusting(old))
    (finding,) = find(found, "certificate-expired")
    assert (finding.where.kind, finding.where.position) == ("certificate", None)


# Whatever is sent


@settings(deadline=None)
@given(st.lists(st.sampled_from((LEAF, ISSUING, ROOT, STRANGER, OTHER_ROOT)) | st.binary(max_size=40), min_size=1))
def test_every_collection_of_certificates_is_judged(chain: list[Made | bytes]) -> None:
    found = report(*chain)
    path = follow(der(*chain), trusting(ROOT), AT)
    if path is None:
        assert isinstance(parse(der(*chain)[0]), Unreadable)
        assert "certificate-unreadable" in faults(found)
    elif chain[0] is LEAF:
        assert (path.cause is None) is (ISSUING in chain)
    assert found.verdict in Verdict


def test_there_is_an_end_to_checking_signatures() -> None:
    """Authorities of one name that all might have issued one another make every pair of them a question."""
    one, other = (authority("CN=A", owner=f"crowd {number}") for number in range(2))
    crowd = [
        authority("CN=A", (one, other)[number % 2], owner=f"crowd {1 - number % 2}", until=AT + timedelta(days=number))
        for number in range(1, 31)
    ]
    before = issued.cache_info().misses
    path = follow((leaf("CN=x", one, ["x.example"]).der, *(made.der for made in crowd)), Anchors(label="", der=()), AT)
    assert path
    assert path.cause
    assert issued.cache_info().misses - before <= 64
