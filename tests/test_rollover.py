"""Rolling over under DANE: what is covered, what is not, and what to publish."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fixtures.build import ADDRESS, AT, HOST, SECOND, answer, failed
from fixtures.certificates import UNTIL, Made, authority, leaf
from fixtures.promised import BASE
from fixtures.promised import tlsa as record
from probe.model import Finding, Kind, Observation, Stage, Verdict
from tests import pki
from tests.test_dane import DAYS, ISSUING, LEAF, OTHER, ROOT, SELF_SIGNED, domain, find, host, judged, shown

NEXT = leaf("CN=next.contoso.com", ISSUING, (HOST,), not_before=AT + timedelta(days=7), until=UNTIL)
ELSEWHERE = leaf("CN=elsewhere.contoso.com", OTHER, (HOST,))
MISNAMED = leaf("CN=misnamed now.contoso.com", ISSUING, ("other.contoso.com",))
MISNAMED_NEXT = leaf("CN=misnamed.contoso.com", ISSUING, ("other.contoso.com",))
NOW, SOON = record(3, 1, 1, LEAF.der), record(3, 1, 1, NEXT.der)
ISSUER = record(2, 1, 1, ISSUING.der)
BREAKS = "roll-over would break, publish this record:"


def roll(*records: str, see: tuple[Observation, ...] | None = None, **wanted: Any) -> Finding:
    """The verdict of one host with these records; `upcoming` is the chain to come."""
    upcoming: tuple[Made | pki.Issued | bytes, ...] = wanted.pop("upcoming", ())
    chain = tuple(link if isinstance(link, bytes) else link.der for link in upcoming)
    seen = (shown(LEAF, ISSUING),) if see is None else see
    hop = wanted.pop("hop", None) or host(*records)
    return find(judged(domain(hop, see=seen), next_certificate=chain, **wanted), "dane-rollover")


@pytest.mark.parametrize(
    ("records", "cause", "one_line"),
    [
        ((NOW,), "incomplete", BREAKS),
        ((NOW, SOON), "complete-next", "safe to roll to the key whose record matches nothing yet"),
        ((NOW, ISSUER), "complete-issuer", "safe to roll as long as the issuer stays"),
        ((ISSUER,), "complete-issuer", "safe to roll as long as the issuer stays"),
        ((NOW, SOON, ISSUER), "complete-next", "safe to roll to the key whose record matches nothing yet"),
        ((NOW, record(2, 1, 1, OTHER.der)), "incomplete", BREAKS),
        ((NOW, record(3, 0, 1, LEAF.der)), "incomplete", BREAKS),
        ((SOON,), "incomplete", BREAKS),
        ((NOW, SOON[:-2]), "incomplete", BREAKS),
    ],
)
def test_which_scheme_the_records_are(records: tuple[str, ...], cause: str, one_line: str) -> None:
    finding = roll(*records)
    assert (finding.fact("cause"), finding.fact("one_line")) == (cause, one_line)
    assert finding.verdict is Verdict.OK  # without the next certificate it is advice
    assert (finding.where.kind, finding.where.host) == ("record", HOST)
    # Of the leaf where it matches nothing; else of its issuer, which completes 3 1 1 + 2 1 1.
    wanted = NOW if records == (SOON,) else ISSUER
    assert finding.fact("publish") == (f"{BASE}. IN TLSA {wanted}" if one_line == BREAKS else None)
    assert finding.fact("ttl") == "3600"


def test_an_issuer_that_would_not_hold_is_not_proposed() -> None:
    for see in ((shown(LEAF),), (shown(SELF_SIGNED),), (shown(MISNAMED, ISSUING),)):
        first = see[0].chain.der[0] if see[0].chain else b""
        finding = roll(record(3, 1, 1, first), see=see)
        assert finding.fact("one_line") == "roll-over would break, publish the next certificate's record first"
        assert finding.fact("publish") is None


def test_a_record_whose_anchor_was_found_is_not_said_to_match_nothing() -> None:
    finding = roll(ISSUER, see=(shown(MISNAMED, ISSUING),))
    assert finding.fact("unmatched") is None
    assert finding.fact("found") == f"{ISSUER} (certificate-host-mismatch)"
    # A new certificate for the old names would not hold either.
    assert (finding.fact("cause"), finding.fact("one_line")) == ("incomplete", BREAKS)


def test_a_leaf_that_has_just_expired_is_mended_by_rolling() -> None:
    late = leaf("CN=late.contoso.com", ISSUING, (HOST,), until=AT - timedelta(days=3))
    finding = roll(ISSUER, see=(shown(late, ISSUING),))
    assert finding.fact("found") == f"{ISSUER} (certificate-expired)"
    assert (finding.fact("cause"), finding.fact("publish")) == ("complete-issuer", None)
    stale = authority("CN=Stale CA,O=Tailspin Trust,C=GB", ROOT, until=AT - timedelta(days=3))
    by_stale = leaf("CN=by stale.contoso.com", stale, (HOST,))
    finding = roll(record(2, 1, 1, ROOT.der), see=(shown(by_stale, stale, ROOT),))
    assert (finding.fact("cause"), finding.fact("one_line")) == ("incomplete", BREAKS)


def test_a_file_without_the_issuer_counts_with_the_one_that_is_sent_today() -> None:
    finding = roll(ISSUER, upcoming=(NEXT,))
    assert (finding.verdict, finding.fact("cause")) == (Verdict.OK, "next-covered")
    assert finding.fact("one_line") == "safe to roll if its issuer is sent along, as today"
    elsewhere = roll(ISSUER, upcoming=(ELSEWHERE,))
    assert (elsewhere.verdict, elsewhere.fact("cause")) == (Verdict.WARN, "next-not-covered")


def test_what_matches_and_what_does_not() -> None:
    stale = record(3, 1, 1, SELF_SIGNED.der)
    finding = roll(NOW, SOON, stale)
    assert finding.fact("matching") == f"{NOW} ({ADDRESS} EC secp256r1)"
    assert finding.fact("unmatched") == f"{SOON}; {stale}"
    assert finding.fact("missing") is None


def test_which_address_and_which_kind_of_key() -> None:
    by_rsa = pki.self_signed(names=(HOST,), subject="CN=By RSA", **DAYS)
    other = shown(by_rsa)
    other = replace(other, endpoint=replace(other.endpoint, offer="rsa"))
    text = record(3, 1, 1, by_rsa.der)
    found = domain(host(NOW, text), see=(shown(LEAF),), alternatives=(other,))
    finding = find(judged(found), "dane-rollover")
    assert finding.fact("matching") == f"{NOW} ({ADDRESS} EC secp256r1); {text} ({ADDRESS} RSA 2048)"
    assert finding.fact("cause") == "incomplete"

    finding = roll(NOW, text, see=(shown(LEAF), shown(LEAF, address=SECOND)))
    assert finding.fact("matching") == f"{NOW} (all 2, EC secp256r1)"
    finding = roll(NOW, text, see=(shown(LEAF), shown(ELSEWHERE, address=SECOND)))
    assert finding.fact("missing") == f"{SECOND} EC secp256r1"
    assert finding.fact("one_line") == BREAKS
    assert finding.fact("publish") == f"{BASE}. IN TLSA {record(3, 1, 1, ELSEWHERE.der)}"


@pytest.mark.parametrize(
    ("records", "upcoming", "by"),
    [
        ((NOW, SOON), (NEXT,), SOON),
        ((NOW, record(3, 0, 2, NEXT.der)), (NEXT,), record(3, 0, 2, NEXT.der)[:70] + "…"),
        ((NOW, ISSUER), (NEXT, ISSUING), ISSUER),  # judged for the day on which it begins
        ((NOW,), (LEAF,), NOW),  # the same key again
        ((NOW, SOON, ISSUER), (NEXT, ISSUING), f"{SOON}; {ISSUER}"),
        ((NOW, record(2, 0, 1, ROOT.der)), (ELSEWHERE, OTHER, ROOT), record(2, 0, 1, ROOT.der)),
    ],
)
def test_the_next_certificate_is_covered(records: tuple[str, ...], upcoming: tuple[Made, ...], by: str) -> None:
    finding = roll(*records, upcoming=upcoming)
    assert (finding.verdict, finding.fact("cause"), finding.fact("one_line")) == (
        Verdict.OK,
        "next-covered",
        "safe to roll",
    )
    assert finding.fact("covered_by") == by
    assert finding.fact("next") == upcoming[0].certificate.subject.rfc4514_string()


@pytest.mark.parametrize(
    ("records", "upcoming", "why"),
    [
        ((NOW,), (NEXT, ISSUING), "no-match"),
        ((NOW, ISSUER), (NEXT,), "no-match"),  # the chain to come lacks the anchor
        ((NOW, ISSUER), (ELSEWHERE, OTHER), "no-match"),
        ((NOW, ISSUER), (MISNAMED_NEXT, ISSUING), "certificate-host-mismatch"),
        ((NOW, ISSUER), (ELSEWHERE, OTHER, ISSUING), "anchor-not-issuer"),
        ((ISSUER,), (ELSEWHERE, OTHER), "no-match"),
        ((ISSUER,), (NEXT,), "anchor-not-sent"),
    ],
)
def test_the_next_certificate_is_not_covered(records: tuple[str, ...], upcoming: tuple[Made, ...], why: str) -> None:
    finding = roll(*records, upcoming=upcoming, see=())
    assert (finding.verdict, finding.fact("cause")) == (Verdict.WARN, "next-not-covered")
    assert finding.fact("one_line") == "roll-over would break, publish this record:"
    assert finding.fact("publish") == f"{BASE}. IN TLSA {record(3, 1, 1, upcoming[0].der)}"
    assert finding.fact("why") == why


def test_the_record_to_publish_is_one_that_counts() -> None:
    """RFC 7671 §9: beside a 3 1 2, a further 3 1 1 would not be looked at."""
    finding = roll(record(3, 1, 2, LEAF.der), upcoming=(NEXT,))
    assert finding.fact("publish") == f"{BASE}. IN TLSA {record(3, 1, 2, NEXT.der)}"
    finding = roll(record(3, 1, 2, LEAF.der), SOON, upcoming=(NEXT,))
    assert finding.fact("cause") == "next-not-covered"
    assert finding.fact("passed_over") == SOON


def test_the_record_to_publish_stands_where_the_others_do() -> None:
    aliased = answer(f"_25._tcp.{HOST}", "TLSA", NOW, secure=True, aliases=(BASE,), canonical="tlsa._dane.contoso.com")
    finding = roll(hop=host(tlsa=(replace(aliased, ttl=300),)), upcoming=(NEXT,))
    assert finding.fact("publish") == f"tlsa._dane.contoso.com. IN TLSA {SOON}"
    unknown = roll(hop=host(tlsa=(replace(aliased, ttl=None, aliases=()),)), upcoming=(NEXT,))
    assert unknown.fact("publish") == f"{BASE}. IN TLSA {SOON}"
    assert unknown.fact("ttl") is None


def test_what_cannot_be_read_is_published_as_a_whole() -> None:
    finding = roll(NOW, upcoming=(b"rubbish",))
    assert (finding.fact("publish") or "").startswith(f"{BASE}. IN TLSA 3 0 1 ")


def test_records_that_nobody_validated_are_rolled_all_the_same() -> None:
    finding = roll(hop=host(NOW, secure=None), upcoming=(NEXT,))
    assert (finding.verdict, finding.fact("cause")) == (Verdict.WARN, "next-not-covered")


@pytest.mark.parametrize(
    ("records", "see", "upcoming"),
    [
        ((), (shown(LEAF),), (NEXT,)),  # nothing is promised
        ((record(1, 1, 1, LEAF.der),), (shown(LEAF),), (NEXT,)),  # nothing can break
        ((NOW,), (failed(Stage.CONNECT, Kind.TIMEOUT),), ()),  # nothing was seen
    ],
)
def test_where_there_is_nothing_to_say(
    records: tuple[str, ...], see: tuple[Observation, ...], upcoming: tuple[Made, ...]
) -> None:
    found = judged(domain(host(*records), see=see), next_certificate=tuple(link.der for link in upcoming))
    assert "dane-rollover" not in {finding.code for finding in found.findings}


def test_an_issuer_in_use_is_pinned_by_the_certificate_in_full() -> None:
    own = authority("CN=Own CA")
    following = leaf("CN=following.contoso.com", own, (HOST,))
    assert roll(NOW, record(2, 0, 0, own.der), upcoming=(following,)).fact("cause") == "next-covered"
