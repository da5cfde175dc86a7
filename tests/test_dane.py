"""DANE: what the answers of DNS come to, and whether what was presented is what they promise."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.build import (
    ADDRESS,
    AT,
    GREETING,
    HOST,
    KEYWORDS,
    SECOND,
    SESSION,
    answer,
    by_mx,
    dialogue,
    evidence,
    failed,
    hello,
    seen,
)
from fixtures.certificates import CLIENT_AUTH, FROM, UNTIL, Made, authority, leaf
from fixtures.promised import BASE, DOMAIN
from fixtures.promised import tlsa as record
from probe.judge.chain import Anchors
from probe.judge.dane import DaneJudgement, judge_dane
from probe.judge.dane.anchor import MOST_PATHS, Paths
from probe.judge.standard import Standard, Want
from probe.model import (
    Answer,
    Dane,
    DaneHost,
    DaneStatus,
    Dnssec,
    Evidence,
    Failure,
    Finding,
    Hop,
    Kind,
    Observation,
    Outcome,
    PresentedChain,
    Question,
    Route,
    RouteKind,
    Stage,
    Target,
    Verdict,
)
from tests import pki

ROOT = authority("CN=Root")
ISSUING = authority("CN=Issuing CA", ROOT)
OTHER = authority("CN=Other CA", ROOT)
LEAF = leaf(f"CN={HOST}", ISSUING, (HOST,))
NEW = leaf("CN=new.contoso.com", OTHER, (HOST, "new.contoso.com"))
MISNAMED = leaf("CN=other.contoso.com", ISSUING, ("other.contoso.com",))
EXPIRED = leaf(f"CN={HOST}", ISSUING, (HOST,), not_before=FROM - timedelta(days=400), until=AT - timedelta(days=3))
EARLY = leaf(f"CN={HOST}", ISSUING, (HOST,), not_before=AT + timedelta(days=3), until=UNTIL)
CLIENT = leaf(f"CN={HOST}", ISSUING, (HOST,), usage=CLIENT_AUTH)
DAYS: dict[str, Any] = {"not_before": FROM, "not_after": UNTIL}
SELF_SIGNED = pki.self_signed(names=(HOST,), subject=f"CN={HOST}", **DAYS)
ANCHORS = Anchors(label="the test's roots", der=(ROOT.der,))
NOBODY = Anchors(label="nobody", der=())

EVERY = [(usage, selector, matching) for usage in (2, 3) for selector in (0, 1) for matching in (0, 1, 2)]
EE = [triple for triple in EVERY if triple[0] == 3]
TA = [triple for triple in EVERY if triple[0] == 2]


def shown(*chain: Made | pki.Issued | bytes, address: str = ADDRESS, **changes: Any) -> Observation:
    return seen(*(link if isinstance(link, bytes) else link.der for link in chain), address=address, **changes)


def host(*records: str, secure: bool | None = True, **changes: Any) -> Hop:
    """The one mail host: addresses and TLSA of the same status, unless said otherwise."""
    found = Hop(
        host=HOST,
        preference=10,
        addresses=(ADDRESS, SECOND),
        answers=(answer(HOST, "A", ADDRESS, SECOND, secure=secure), answer(HOST, "AAAA", secure=secure)),
        tlsa=(answer(BASE, "TLSA", *records, secure=secure),),
    )
    return replace(found, **changes)


def domain(*hops: Hop, see: tuple[Observation, ...] = (), mx: bool | None = True, **changes: Any) -> Evidence:
    route = by_mx(*hops)
    answers = (answer(DOMAIN, "MX", *(f"{hop.preference} {hop.host}." for hop in hops), secure=mx),)
    return replace(evidence(*see, given=DOMAIN, route=replace(route, answers=answers)), **changes)


def judged(found: Evidence, anchors: Anchors = ANCHORS, at: datetime = AT, **wanted: Any) -> DaneJudgement:
    return judge_dane(found, Standard(**wanted), anchors, at)


def kept(
    *chain: Made | pki.Issued, by: tuple[str, ...], at: datetime = AT, anchors: Anchors = ANCHORS
) -> DaneJudgement:
    """One host, one address."""
    return judged(domain(host(*by), see=(shown(*chain),)), anchors, at)


def promise(found: DaneJudgement) -> Dane:
    assert found.promise
    return found.promise


def of_host(found: DaneJudgement, name: str = HOST) -> DaneHost:
    return promise(found).hosts[name]


def told(found: DaneJudgement, *, noise: tuple[str, ...] = ("dane-rollover",)) -> set[str]:
    """The codes with their causes, the good ones as well."""
    return {f"{f.code}:{f.fact('cause')}" if f.fact("cause") else f.code for f in found.findings if f.code not in noise}


def find(found: DaneJudgement, code: str) -> Finding:
    (one,) = (finding for finding in found.findings if finding.code == code)
    return one


# Every usage, selector and matching type


@pytest.mark.parametrize(("usage", "selector", "matching"), EVERY)
def test_a_record_of_the_leaf_or_of_its_issuer_is_honoured(usage: int, selector: int, matching: int) -> None:
    which = LEAF if usage == 3 else ISSUING
    text = record(usage, selector, matching, which.der)
    found = kept(LEAF, ISSUING, by=(text,))

    assert told(found) == {"dane-matched"}
    matched = find(found, "dane-matched")
    assert matched.verdict is Verdict.OK
    assert (matched.where.kind, matched.where.address) == ("endpoint", ADDRESS)
    assert matched.fact("base") == HOST
    assert matched.fact("depth") == ("0" if usage == 3 else "1")
    assert (matched.fact("record") or "").rstrip("…") in text
    assert of_host(found) == DaneHost(
        addresses_dnssec=Dnssec.SECURE,
        tlsa_dnssec=Dnssec.SECURE,
        tlsa_base=HOST,
        records=(text,),
        status=DaneStatus.HONOURED,
        matching=1,
        observed=1,
    )


@pytest.mark.parametrize(("usage", "selector", "matching"), EVERY)
def test_a_record_of_another_is_not(usage: int, selector: int, matching: int) -> None:
    found = kept(LEAF, ISSUING, ROOT, by=(record(usage, selector, matching, NEW.der),))

    at_hand = (usage, selector, matching) == (2, 0, 0)  # in full, so that it can be tried
    assert told(found) == {"tlsa-invalid:anchor-not-issuer" if at_hand else "tlsa-invalid:no-match"}
    assert find(found, "tlsa-invalid").verdict is Verdict.FAIL
    counting = 2 if (usage, selector, matching) == (3, 1, 2) else 1  # RFC 7671 §9: beside that one no other would count
    wanted = f"{BASE}. IN TLSA {record(3, 1, counting, LEAF.der)}"
    assert find(found, "tlsa-invalid").fact("publish") == wanted
    assert (of_host(found).status, of_host(found).matching, of_host(found).observed) == (DaneStatus.BROKEN, 0, 1)
    assert not found.excused


@pytest.mark.parametrize(("usage", "selector", "matching"), EE)
@pytest.mark.parametrize("chain", [(EXPIRED,), (MISNAMED,), (EARLY,), (CLIENT,), (SELF_SIGNED,), (LEAF, OTHER)])
def test_usage_3_looks_at_nothing_but_the_leaf(
    usage: int, selector: int, matching: int, chain: tuple[Made | pki.Issued, ...]
) -> None:
    """RFC 7671 §5.1."""
    found = kept(*chain, by=(record(usage, selector, matching, chain[0].der),))
    assert of_host(found).status is DaneStatus.HONOURED
    (excuse,) = found.excused.values()
    assert excuse.by == f"DANE-EE {usage} {selector} {matching}"
    assert excuse.codes >= {
        "certificate-not-trusted",
        "chain-incomplete",
        "certificate-host-mismatch",
        "certificate-expired",
        "certificate-not-yet-valid",
        "certificate-wrong-usage",
    }


@pytest.mark.parametrize("triple", EE)
def test_usage_3_is_about_the_leaf_alone(triple: tuple[int, int, int]) -> None:
    assert told(kept(LEAF, ISSUING, by=(record(*triple, ISSUING.der),))) == {"tlsa-invalid:no-match"}


@pytest.mark.parametrize("matching", [1, 2])
def test_a_leaf_that_cannot_be_read_is_matched_as_a_whole(matching: int) -> None:
    rubbish = b"\x30\x03rub"
    digest = (hashlib.sha256 if matching == 1 else hashlib.sha512)(rubbish).hexdigest()
    found = judged(domain(host(f"3 0 {matching} {digest}"), see=(shown(rubbish),)))
    assert of_host(found).status is DaneStatus.HONOURED
    found = judged(domain(host(f"2 0 {matching} {digest}"), see=(shown(rubbish),)))
    assert told(found) == {"tlsa-invalid:no-match"}


# Anchors


@pytest.mark.parametrize("triple", TA)
@pytest.mark.parametrize(
    ("chain", "anchor"),
    [
        ((LEAF, ISSUING, ROOT), ROOT),
        ((LEAF, ROOT, ISSUING), ROOT),  # in disorder
        ((LEAF, ISSUING, ROOT), ISSUING),
        ((LEAF, OTHER, ISSUING), ISSUING),
    ],
)
def test_an_anchor_that_is_presented(triple: tuple[int, int, int], chain: tuple[Made, ...], anchor: Made) -> None:
    """A digest of a self-signed root, of an intermediate: RFC 7671 §5.2.2. No public authority is asked."""
    found = kept(*chain, by=(record(*triple, anchor.der),), anchors=NOBODY)
    assert told(found) == {"dane-matched"}
    assert find(found, "dane-matched").fact("depth") == ("2" if anchor is ROOT else "1")
    assert find(found, "dane-matched").fact("name") == HOST
    (excuse,) = found.excused.values()
    assert excuse.codes == {"certificate-not-trusted", "chain-incomplete", "certificate-host-mismatch"}
    assert excuse.by == f"DANE-TA {' '.join(map(str, triple))}"


@pytest.mark.parametrize("triple", TA)
@pytest.mark.parametrize(("chain", "anchor"), [((LEAF,), ISSUING), ((LEAF, ISSUING), ROOT)])
@pytest.mark.parametrize("anchors", [ANCHORS, NOBODY])
def test_an_anchor_that_is_not_presented(
    triple: tuple[int, int, int], chain: tuple[Made, ...], anchor: Made, anchors: Anchors
) -> None:
    """RFC 7671 §5.2.2: only a certificate in full need not be sent; §5.2.3: nor a key, to a sender that can do it."""
    found = kept(*chain, by=(record(*triple, anchor.der),), anchors=anchors)
    if triple[2] == 0:
        assert told(found) == {"dane-matched"}
        assert find(found, "dane-matched").fact("name") == HOST
    elif chain == (LEAF,) and anchors is ANCHORS:
        assert told(found) == {"tlsa-invalid:anchor-not-sent"}  # the issuer of a leaf alone is anybody's guess
    else:
        assert told(found) == {"tlsa-invalid:anchor-not-sent"}
        who = "CN=Root" if anchors is ANCHORS else None
        assert find(found, "tlsa-invalid").fact("anchor") == who


@pytest.mark.parametrize("triple", [triple for triple in TA if triple[2]])
def test_a_root_that_was_not_sent_is_told_from_an_issuer_of_former_days(triple: tuple[int, int, int]) -> None:
    """A digest does not say whose it is; but where the chain leads to a public root, everybody is known."""
    former = record(*triple, OTHER.der)
    assert told(kept(LEAF, ISSUING, by=(former,))) == {"tlsa-invalid:no-match"}
    assert told(kept(LEAF, ISSUING, by=(former,), anchors=NOBODY)) == {"tlsa-invalid:anchor-not-sent"}
    assert told(kept(LEAF, ISSUING, ROOT, by=(former,), anchors=NOBODY)) == {"tlsa-invalid:no-match"}
    both = (former, record(3, 1, 1, NEW.der))
    assert told(kept(LEAF, ISSUING, by=both, anchors=NOBODY)) == {"tlsa-invalid:no-match"}


@pytest.mark.parametrize("triple", TA)
@pytest.mark.parametrize("chain", [(LEAF, ISSUING, OTHER), (LEAF, OTHER)])
def test_an_anchor_that_did_not_issue(triple: tuple[int, int, int], chain: tuple[Made, ...]) -> None:
    found = kept(*chain, by=(record(*triple, OTHER.der),))
    assert told(found) == {"tlsa-invalid:anchor-not-issuer"}
    assert find(found, "tlsa-invalid").fact("error")


@pytest.mark.parametrize("triple", TA)
def test_an_anchor_that_is_no_authority(triple: tuple[int, int, int]) -> None:
    """A leaf signed by a leaf: RFC 5280 §4.2.1.9."""
    forged = leaf(f"CN={HOST}", MISNAMED, (HOST,))
    found = kept(forged, MISNAMED, ISSUING, by=(record(*triple, MISNAMED.der),))
    assert told(found) == {"tlsa-invalid:anchor-not-issuer"}


@pytest.mark.parametrize("triple", TA)
@pytest.mark.parametrize("chain", [(SELF_SIGNED,), (SELF_SIGNED, SELF_SIGNED), (LEAF, ISSUING)])
def test_the_leaf_is_not_its_own_anchor(triple: tuple[int, int, int], chain: tuple[Made | pki.Issued, ...]) -> None:
    """RFC 7671 §5.2 speaks of issuing authorities. OpenSSL agrees, some others take it. A bare key that signed the
    leaf is an anchor that signed the leaf (§5.2.3)."""
    found = kept(*chain, by=(record(*triple, chain[0].der),))
    if triple == (2, 1, 0) and chain[0] is SELF_SIGNED:
        assert of_host(found).status is DaneStatus.HONOURED
    else:
        assert told(found) == {"tlsa-invalid:anchor-is-leaf"}


@pytest.mark.parametrize("triple", TA)
@pytest.mark.parametrize(
    ("presented", "code"),
    [
        (MISNAMED, "certificate-host-mismatch"),
        (EXPIRED, "certificate-expired"),
        (EARLY, "certificate-not-yet-valid"),
        (CLIENT, "certificate-wrong-usage"),
    ],
)
def test_usage_2_looks_at_name_date_and_usage(triple: tuple[int, int, int], presented: Made, code: str) -> None:
    """RFC 7672 §3.2.2 for the name, RFC 6698 §2.1.1 for the rest. The anchor is there: the fault has its own name."""
    found = kept(presented, ISSUING, by=(record(*triple, ISSUING.der),))
    assert told(found) == {code}
    finding = find(found, code)
    assert (finding.verdict, finding.fact("required_by")) == (Verdict.FAIL, "DANE")
    assert (finding.where.kind, finding.where.position, finding.where.address) == ("certificate", 0, ADDRESS)
    assert of_host(found).status is DaneStatus.BROKEN


def test_the_dates_that_count_are_those_below_the_anchor() -> None:
    """RFC 5280 §6.1: an anchor is a name and a key. But a root's dates OpenSSL looks at all the same."""
    root = authority("CN=Old Root", until=AT - timedelta(days=3))
    issuing = authority("CN=Old CA", root, until=AT - timedelta(days=2))
    below = leaf(f"CN={HOST}", issuing, (HOST,))

    assert told(kept(below, issuing, by=(record(2, 1, 1, issuing.der),))) == {"dane-matched"}
    found = kept(below, issuing, root, by=(record(2, 0, 1, root.der),))
    assert told(found) == {"certificate-expired"}
    assert {f.where.position for f in found.findings if f.code == "certificate-expired"} == {1, 2}
    assert told(kept(below, issuing, by=(record(2, 1, 0, root.der),))) == {"certificate-expired"}


def test_a_limit_of_the_anchor_holds() -> None:
    """RFC 7671 §5.2.1: constraints of the anchor's certificate apply."""
    narrow = authority("CN=Narrow CA", ROOT, permitted="fabrikam.com")
    outside = leaf(f"CN={HOST}", narrow, (HOST,))
    assert told(kept(outside, narrow, by=(record(2, 0, 1, narrow.der),))) == {"tlsa-invalid:anchor-not-issuer"}


def test_a_bare_key_needs_the_rest_of_the_chain_to_hold() -> None:
    """RFC 7671 §5.2.3."""
    issuing = authority("CN=Issuing CA", ROOT, path_length=0)
    deeper = authority("CN=Deeper CA", issuing)
    below = leaf(f"CN={HOST}", deeper, (HOST,))
    found = kept(below, deeper, issuing, by=(record(2, 1, 0, ROOT.der),))
    assert told(found) == {"tlsa-invalid:anchor-not-issuer"}


def test_a_chain_is_tried_for_a_few_anchors_and_no_more() -> None:
    paths = Paths((LEAF.der, ISSUING.der), AT)
    tried = [paths.to(authority(f"CN=CA {n}", ROOT).der) for n in range(MOST_PATHS)]
    assert all(path and path.cause for path in tried)
    assert paths.to(ISSUING.der) is None


def test_many_anchors_cost_no_more_than_a_few() -> None:
    chain = [leaf(f"CN={HOST}", ISSUING, (HOST,)), *(authority(f"CN=CA {n}", ROOT) for n in range(31))]
    texts = [record(2, selector, matching, ca.der) for ca in chain[1:] for selector in (0, 1) for matching in (1, 2)]
    found = kept(*chain, by=tuple(texts))
    assert told(found) == {"tlsa-invalid:anchor-not-issuer"}
    assert len(of_host(found).records) == 64


# Names


def named(*names: str) -> Made:
    return leaf("CN=elsewhere.contoso.net", ISSUING, names)


TA_RECORD = record(2, 1, 1, ISSUING.der)


@pytest.mark.parametrize(
    ("names", "good"),
    [
        ((HOST,), True),
        ((DOMAIN,), True),  # RFC 7672 §3.2.2: the next-hop domain
        (("*.contoso.com",), True),
        (("m*.contoso.com", "ma*l.contoso.com"), False),  # a wildcard is a whole label: RFC 9525 §6.3
        (("*.mail.contoso.com", "*.com"), False),
        (("mx.contoso.com",), False),
    ],
)
def test_names_under_usage_2(names: tuple[str, ...], good: bool) -> None:
    found = kept(named(*names), ISSUING, by=(TA_RECORD,))
    assert told(found) == ({"dane-matched"} if good else {"certificate-host-mismatch"})
    if not good:
        assert find(found, "certificate-host-mismatch").fact("expected") == f"{HOST} or {DOMAIN}"


def test_an_insecure_mx_names_nobody() -> None:
    """RFC 7672 §3.2.2: the host is the only reference identifier then."""
    see = (shown(named(DOMAIN), ISSUING),)
    assert told(judged(domain(host(TA_RECORD), see=see, mx=False))) == {"certificate-host-mismatch", "dane-mx-insecure"}
    see = (shown(LEAF, ISSUING),)
    found = judged(domain(host(TA_RECORD), see=see, mx=False))
    assert told(found) == {"dane-matched", "dane-mx-insecure"}
    assert find(found, "dane-mx-insecure").verdict is Verdict.OK
    assert promise(found).mx_dnssec is Dnssec.INSECURE


@pytest.mark.parametrize("name", [HOST, DOMAIN, "mx.provider.net", "contoso-com.provider.net"])
def test_names_behind_aliases(name: str) -> None:
    """RFC 7672 §3.2.2: the TLSA base domain first, then the host, and the domain before and after its aliases."""
    base = "_25._tcp.mx.provider.net"
    hop = host(tlsa=(answer(base, "TLSA", TA_RECORD, secure=True),))
    found = domain(hop, see=(shown(named(name), ISSUING),))
    mx = answer(DOMAIN, "MX", f"10 {HOST}.", secure=True, aliases=(DOMAIN,), canonical="contoso-com.provider.net")
    kept = judged(replace(found, route=replace(found.route, answers=(mx,))))
    assert told(kept) == {"dane-matched"}
    assert find(kept, "dane-matched").fact("name") == name
    assert of_host(kept).tlsa_base == "mx.provider.net"


@pytest.mark.parametrize(("given", "good"), [(DOMAIN, True), (f"{HOST}:25", True), (f"https://{HOST}", False)])
def test_the_common_name_counts_for_mail_where_there_is_no_other(given: str, good: bool) -> None:
    """RFC 7672 §3.2.3."""
    issuing = pki.Authority.root().intermediate()
    nameless = issuing.leaf(names=(), subject=f"CN={HOST}", **DAYS)
    other = issuing.leaf(names=("mx.contoso.com",), subject=f"CN={HOST}", **DAYS)
    for presented, well in ((nameless, good), (other, False)):
        found = at(given, shown(presented, issuing), record(2, 1, 1, issuing.der))
        assert told(found) == ({"dane-matched"} if well else {"certificate-host-mismatch"})


def at(given: str, see: Observation, *records: str, anchors: Anchors = ANCHORS) -> DaneJudgement:
    """A target of whichever kind, with that one observation."""
    hop = host(*records)
    if given == DOMAIN:
        return judged(domain(hop, see=(see,)), anchors)
    direct = given.startswith("https")
    port, talk = (443, "direct") if direct else (25, "smtp")
    hop = replace(hop, preference=None, tlsa=(answer(f"_{port}._tcp.{HOST}", "TLSA", *records, secure=True),))
    target = Target(given=given, name=HOST, port=port, dialogue=talk)
    see = replace(see, endpoint=replace(see.endpoint, port=port, dialogue=talk))
    route = Route(kind=RouteKind.HOST, hops=(hop,))
    return judged(Evidence(target=target, at=AT, route=route, observations=(see,)), anchors)


# Usages 0 and 1


@pytest.mark.parametrize(("selector", "matching"), [(s, m) for s in (0, 1) for m in (0, 1, 2)])
def test_usages_0_and_1_are_for_the_web(selector: int, matching: int) -> None:
    """RFC 6698 §2.1.1: the path to a public root has to hold, too."""
    web, issuer = f"https://{HOST}", record(0, selector, matching, ISSUING.der)
    own, anchor = record(1, selector, matching, LEAF.der), record(0, selector, matching, ROOT.der)
    for text, depth in ((issuer, 1), (own, 1), (anchor, 1)):
        found = at(web, shown(LEAF, ISSUING), text)
        assert told(found) == {"dane-matched"}, depth
        assert not found.excused  # the public authorities count
        assert told(at(web, shown(LEAF, ISSUING), text, anchors=NOBODY)) <= {
            "tlsa-invalid:pkix-invalid",
            "tlsa-invalid:no-match",  # of a root that is not sent and not known
        }
        assert told(at(f"{HOST}:25", shown(LEAF, ISSUING), text)) == {"tlsa-unusable:all"}
    assert told(at(web, shown(LEAF, ISSUING), record(0, selector, matching, OTHER.der))) == {"tlsa-invalid:no-match"}
    assert told(at(web, shown(LEAF, ISSUING), record(1, selector, matching, NEW.der))) == {"tlsa-invalid:no-match"}
    assert told(at(web, shown(LEAF, ISSUING), record(0, selector, matching, LEAF.der))) == {"tlsa-invalid:no-match"}
    for bad in (MISNAMED, EXPIRED):
        found = at(web, shown(bad, ISSUING), record(1, selector, matching, bad.der))
        assert told(found) == {"tlsa-invalid:pkix-invalid"}


# Usable and unusable


def test_unusable_alone_demands_tls_and_no_certificate() -> None:
    """RFC 7672 §2.2."""
    texts = (record(1, 1, 1, LEAF.der), record(3, 1, 1, LEAF.der)[:-2], "\\# 2 0301")
    found = kept(MISNAMED, by=texts)
    assert told(found) == {"tlsa-unusable:all"}
    finding = find(found, "tlsa-unusable")
    assert (finding.verdict, finding.where.kind, finding.where.host) == (Verdict.WARN, "record", HOST)
    assert "SHA-256 has 32 bytes, not 31" in (finding.fact("why") or "")
    assert of_host(found).status is DaneStatus.UNUSABLE
    assert not found.excused


@pytest.mark.parametrize(
    ("beside", "verdict"), [("1 1 1 " + "00" * 32, Verdict.OK), ("3 1 1 " + "00" * 31, Verdict.WARN)]
)
def test_unusable_beside_usable(beside: str, verdict: Verdict) -> None:
    found = kept(LEAF, by=(beside, record(3, 1, 1, LEAF.der)))
    assert told(found) == {"tlsa-unusable:some", "dane-matched"}
    assert find(found, "tlsa-unusable").verdict is verdict


def test_digest_agility_decides_which_records_count() -> None:
    """RFC 7671 §9: a matching 3 1 1 beside a 3 1 2 of another key does not help; unusable ones have no part in it."""
    ours, theirs = record(3, 1, 1, LEAF.der), record(3, 1, 2, NEW.der)
    found = kept(LEAF, by=(ours, theirs))
    assert told(found) == {"tlsa-invalid:no-match"}
    assert find(found, "tlsa-invalid").fact("publish") == f"{BASE}. IN TLSA {record(3, 1, 2, LEAF.der)}"
    assert find(found, "dane-rollover").fact("passed_over") == ours
    assert of_host(kept(LEAF, by=(ours, theirs[:-2]))).status is DaneStatus.HONOURED
    assert of_host(kept(LEAF, by=(record(3, 0, 1, LEAF.der), theirs))).status is DaneStatus.HONOURED
    assert of_host(kept(LEAF, ISSUING, by=(record(2, 1, 1, ISSUING.der), theirs))).status is DaneStatus.HONOURED
    assert of_host(kept(LEAF, by=(record(3, 1, 0, LEAF.der), theirs))).status is DaneStatus.HONOURED


# The way to TLS

NO_STARTTLS = failed(Stage.DIALOGUE, Kind.REJECTED, transcript=dialogue(GREETING, hello("SIZE 37748736")))
REFUSED = failed(
    Stage.DIALOGUE,
    Kind.REJECTED,
    "454 4.7.0 TLS not available",
    transcript=dialogue(GREETING, hello(*KEYWORDS), "454 4.7.0 TLS not available\r\n"),
)
ALERT = failed(Stage.HANDSHAKE, Kind.ALERT, "handshake failure")
WANTS_OURS = failed(Stage.HANDSHAKE, Kind.ALERT, "certificate required", LEAF.der, certificate_requested=True)
GOOD, UNUSABLE = record(3, 1, 1, LEAF.der), record(1, 1, 1, LEAF.der)


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (NO_STARTTLS, "starttls-not-supported:not-offered"),
        (REFUSED, "starttls-not-supported:refused"),
        (WANTS_OURS, "client-certificate-required:none-shown"),
    ],
)
@pytest.mark.parametrize("by", [GOOD, UNUSABLE])
def test_without_tls_the_promise_is_broken(what: Observation, code: str, by: str) -> None:
    found = judged(domain(host(by), see=(what,)))
    assert told(found, noise=("tlsa-unusable", "dane-rollover")) == {code}
    finding = find(found, code.partition(":")[0])
    assert (finding.verdict, finding.fact("required_by")) == (Verdict.FAIL, "DANE")
    unusable = by is UNUSABLE
    assert of_host(found).status is (DaneStatus.UNUSABLE if unusable else DaneStatus.BROKEN)
    assert (of_host(found).matching, of_host(found).observed) == (0, 1)


def test_a_handshake_that_fails_breaks_it_and_is_told_once() -> None:
    """The baseline says so already, as a FAIL."""
    found = judged(domain(host(GOOD), see=(ALERT,)))
    assert told(found) == set()
    assert of_host(found).status is DaneStatus.BROKEN


@pytest.mark.parametrize(
    "what",
    [
        failed(Stage.CONNECT, Kind.TIMEOUT),
        failed(Stage.CONNECT, Kind.REFUSED),
        failed(Stage.DIALOGUE, Kind.TIMEOUT),
        failed(Stage.DIALOGUE, Kind.CLOSED),
        failed(Stage.DIALOGUE, Kind.REJECTED, "421 4.3.2 busy", transcript=dialogue("421 4.3.2 busy\r\n")),
        failed(Stage.DIALOGUE, Kind.REJECTED, "554 5.7.1 no", transcript=dialogue("554 5.7.1 no\r\n")),
        failed(Stage.HANDSHAKE, Kind.TIMEOUT),
        seen(failure=Failure(stage=Stage.CONNECT, kind=Kind.TIMEOUT), attempted=False),
    ],
)
def test_what_was_not_observed_does_not_count(what: Observation) -> None:
    found = judged(domain(host(GOOD), see=(what,)))
    assert told(found) == set()
    assert (of_host(found).status, of_host(found).observed) == (DaneStatus.DEFERRED, 0)
    found = judged(domain(host(GOOD), see=(what, shown(LEAF, address=SECOND))))
    assert (of_host(found).status, of_host(found).matching, of_host(found).observed) == (DaneStatus.HONOURED, 1, 1)


def test_a_session_without_a_certificate_matches_nothing() -> None:
    found = judged(domain(host(GOOD), see=(replace(shown(LEAF), chain=None),)))
    assert told(found) == {"tlsa-invalid:no-match"}
    assert find(found, "tlsa-invalid").fact("error") == "no certificate was presented"


def test_what_happens_inside_tls_is_none_of_it() -> None:
    late = shown(LEAF, failure=Failure(stage=Stage.AFTER, kind=Kind.TIMEOUT))
    assert told(judged(domain(host(GOOD), see=(late,)))) == {"dane-matched"}


# Several addresses, connections and kinds of key


def test_two_addresses_that_differ() -> None:
    found = judged(domain(host(GOOD), see=(shown(LEAF), shown(NEW, address=SECOND))))
    assert told(found) == {"dane-matched", "tlsa-invalid:no-match"}
    assert find(found, "dane-matched").where.address == ADDRESS
    assert find(found, "tlsa-invalid").where.address == SECOND
    assert (of_host(found).status, of_host(found).matching, of_host(found).observed) == (DaneStatus.MIXED, 1, 2)
    assert [there.address for there in found.excused] == [ADDRESS]


def test_a_roll_over_under_way_is_honoured_everywhere() -> None:
    found = judged(domain(host(GOOD, record(3, 1, 1, NEW.der)), see=(shown(LEAF), shown(NEW, address=SECOND))))
    assert told(found) == {"dane-matched"}
    assert (of_host(found).status, of_host(found).matching) == (DaneStatus.HONOURED, 2)


def test_every_connection_to_an_address_has_to_match() -> None:
    found = judged(domain(host(GOOD), see=(shown(LEAF), shown(NEW), shown(LEAF))))
    assert told(found) == {"tlsa-invalid:no-match"}
    assert find(found, "tlsa-invalid").fact("seen") == "1 of 3 connections"
    assert (of_host(found).status, of_host(found).matching, of_host(found).observed) == (DaneStatus.MIXED, 0, 1)
    assert not found.excused

    found = judged(domain(host(GOOD), see=(shown(LEAF), NO_STARTTLS)))
    assert told(found) == {"starttls-not-supported:not-offered"}
    assert find(found, "starttls-not-supported").fact("seen") == "1 of 2 connections"
    assert not found.excused


def test_the_other_certificate_of_a_server_that_has_two() -> None:
    """RFC 7671 §8.4: every chain that a server may present has to match."""
    other = shown(NEW)
    other = replace(other, endpoint=replace(other.endpoint, offer="rsa"))
    found = judged(domain(host(GOOD), see=(shown(LEAF),), alternatives=(other,)))
    assert told(found) == {"tlsa-invalid:no-match"}
    assert find(found, "tlsa-invalid").fact("seen") == "to clients that offer RSA alone"
    assert (of_host(found).status, of_host(found).matching) == (DaneStatus.MIXED, 0)
    assert [there.offer for there in found.excused] == [""]

    both = host(GOOD, record(3, 1, 1, NEW.der))
    found = judged(domain(both, see=(shown(LEAF),), alternatives=(other,)))
    assert told(found) == {"dane-matched"}
    assert find(found, "dane-matched").fact("key") == "EC secp256r1"
    assert of_host(found).matching == of_host(found).observed == 1
    assert sorted(there.offer for there in found.excused) == ["", "rsa"]


def test_a_narrower_offer_that_shows_nothing_new_is_no_matter() -> None:
    same = shown(LEAF)
    same = replace(same, endpoint=replace(same.endpoint, offer="rsa"))
    none = failed(Stage.HANDSHAKE, Kind.ALERT, "handshake failure")
    none = replace(none, endpoint=replace(none.endpoint, offer="ecdsa"))
    found = judged(domain(host(GOOD), see=(shown(LEAF),), alternatives=(same, none)))
    assert told(found) == {"dane-matched"}
    assert of_host(found).status is DaneStatus.HONOURED


# What DNS says

BOGUS: dict[str, Any] = {"outcome": Outcome.BOGUS, "detail": "SERVFAIL from 127.0.0.1 (DNSSEC: signature expired)"}
SERVFAIL: dict[str, Any] = {"outcome": Outcome.FAILED, "detail": "SERVFAIL from 127.0.0.1"}
DEAD: dict[str, Any] = {"outcome": Outcome.TIMEOUT}


def a(*, secure: bool | None = True, **changes: Any) -> Answer:
    return answer(HOST, "A", *(() if "outcome" in changes else (ADDRESS,)), secure=secure, **changes)


def tlsa(*records: str, base: str = HOST, **changes: Any) -> Answer:
    return answer(f"_25._tcp.{base}", "TLSA", *records, **{"secure": True, **changes})


ALIASED: dict[str, Any] = {"aliases": (HOST,), "canonical": "mx.provider.net"}
CNAME = answer(HOST, "CNAME", "mx.provider.net.", secure=True)

CASES = {
    "secure": (host(GOOD), {"dane-matched"}, DaneStatus.HONOURED, Dnssec.SECURE),
    "no records, proved by NSEC": (host(tlsa=(tlsa(),)), {"dane-absent"}, DaneStatus.NONE, Dnssec.SECURE),
    "no such name": (
        host(tlsa=(tlsa(outcome=Outcome.NXDOMAIN),)),
        {"dane-absent"},
        DaneStatus.NONE,
        Dnssec.SECURE,
    ),
    "insecure host": (
        host(answers=(a(secure=False),), tlsa=()),
        {"dane-absent"},
        DaneStatus.NONE,
        None,
    ),
    "insecure host, though somebody asked": (
        host(answers=(a(secure=False),), tlsa=(tlsa(GOOD),)),
        {"dane-absent"},
        DaneStatus.NONE,
        None,
    ),
    "insecure records": (host(tlsa=(tlsa(GOOD, secure=False),)), {"dane-absent"}, DaneStatus.NONE, Dnssec.INSECURE),
    "bogus records": (host(tlsa=(tlsa(**BOGUS),)), {"dnssec-invalid:tlsa"}, DaneStatus.DEFERRED, Dnssec.BOGUS),
    "SERVFAIL on TLSA alone": (
        host(tlsa=(tlsa(**SERVFAIL),)),
        {"dane-lookup-failed"},
        DaneStatus.DEFERRED,
        Dnssec.FAILED,
    ),
    "TLSA times out": (host(tlsa=(tlsa(**DEAD),)), {"dane-lookup-failed"}, DaneStatus.DEFERRED, Dnssec.FAILED),
    "bogus addresses": (host(answers=(a(**BOGUS),), addresses=(), tlsa=()), set(), DaneStatus.DEFERRED, None),
    "one family bogus": (
        host(GOOD, answers=(a(), answer(HOST, "AAAA", secure=True, **BOGUS))),
        {"dane-matched"},
        DaneStatus.DEFERRED,  # RFC 7672 §2.2.2: bogus for any query in the process
        Dnssec.SECURE,
    ),
    "one family not to be had": (
        host(GOOD, answers=(a(), answer(HOST, "AAAA", secure=True, **SERVFAIL))),
        {"dane-matched"},
        DaneStatus.HONOURED,
        Dnssec.SECURE,
    ),
    "a wildcard or an alias at TLSA": (
        host(tlsa=(tlsa(GOOD, aliases=(BASE,), canonical="tlsa._dane.contoso.com"),)),
        {"dane-matched"},
        DaneStatus.HONOURED,
        Dnssec.SECURE,
    ),
    "an alias at TLSA into an insecure zone": (
        host(tlsa=(tlsa(GOOD, secure=False, aliases=(BASE,), canonical="tlsa.provider.net"),)),
        {"dane-absent"},
        DaneStatus.NONE,
        Dnssec.INSECURE,
    ),
    "secure alias, records at its end": (
        host(answers=(a(**ALIASED),), tlsa=(tlsa(GOOD, base="mx.provider.net"),)),
        {"dane-matched"},
        DaneStatus.HONOURED,
        Dnssec.SECURE,
    ),
    "secure alias, records at its beginning": (
        host(answers=(a(**ALIASED),), tlsa=(tlsa(base="mx.provider.net"), tlsa(GOOD))),
        {"dane-matched"},
        DaneStatus.HONOURED,
        Dnssec.SECURE,
    ),
    "secure alias, insecure records at its end": (
        host(answers=(a(**ALIASED),), tlsa=(tlsa("3 1 1 00", base="mx.provider.net", secure=False), tlsa(GOOD))),
        {"dane-matched"},
        DaneStatus.HONOURED,
        Dnssec.SECURE,
    ),
    "secure alias, its end fails": (
        host(answers=(a(**ALIASED),), tlsa=(tlsa(base="mx.provider.net", **SERVFAIL), tlsa(GOOD))),
        {"dane-lookup-failed"},
        DaneStatus.DEFERRED,
        Dnssec.FAILED,
    ),
    "secure alias into an insecure zone": (
        host(GOOD, answers=(a(secure=False, **ALIASED),), alias=CNAME),
        {"dane-matched"},
        DaneStatus.HONOURED,
        Dnssec.SECURE,
    ),
    "insecure alias": (
        host(answers=(a(secure=False, **ALIASED),), alias=replace(CNAME, secure=False), tlsa=()),
        {"dane-absent"},
        DaneStatus.NONE,
        None,
    ),
    "bogus alias": (
        host(answers=(a(secure=False, **ALIASED),), alias=answer(HOST, "CNAME", secure=True, **BOGUS), tlsa=()),
        {"dnssec-invalid:addresses"},
        DaneStatus.DEFERRED,
        None,
    ),
    "not validated": (
        host(secure=None),
        {"dane-not-validated:none-seen"},
        DaneStatus.NOT_VALIDATED,
        Dnssec.NOT_VALIDATED,
    ),
    "not validated, with records": (
        host(GOOD, secure=None),
        {"dane-not-validated:records-seen"},
        DaneStatus.NOT_VALIDATED,
        Dnssec.NOT_VALIDATED,
    ),
    "not validated that there are none": (
        host(tlsa=(tlsa(secure=None),)),
        {"dane-not-validated:none-seen"},
        DaneStatus.NOT_VALIDATED,
        Dnssec.NOT_VALIDATED,
    ),
    "records validated, addresses not": (
        host(GOOD, answers=(a(secure=None),)),
        {"dane-not-validated:records-seen"},
        DaneStatus.NOT_VALIDATED,
        Dnssec.SECURE,
    ),
    "not validated, and TLSA fails": (
        host(answers=(a(secure=None),), tlsa=(tlsa(**SERVFAIL),)),
        {"dane-not-validated:none-seen"},  # what servers of unsigned zones do, and no sender asks them
        DaneStatus.NOT_VALIDATED,
        Dnssec.FAILED,
    ),
    "no address": (
        host(answers=(answer(HOST, "A", secure=True), answer(HOST, "AAAA", secure=True)), addresses=(), tlsa=()),
        set(),
        DaneStatus.NONE,
        None,
    ),
    "no address of the family asked for": (
        host(answers=(answer(HOST, "AAAA", secure=True),), addresses=(), tlsa=()),
        {"dane-lookup-failed"},
        DaneStatus.DEFERRED,
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_the_answers_come_to(name: str) -> None:
    hop, codes, status, dnssec = CASES[name]
    found = judged(domain(hop, see=(shown(LEAF, ISSUING),)))
    assert told(found) == codes
    assert of_host(found).status is status
    assert of_host(found).tlsa_dnssec is dnssec
    assert bool(found.excused) or status is not DaneStatus.HONOURED
    for finding in found.findings:
        if finding.code in ("dnssec-invalid", "dane-lookup-failed", "dane-absent"):
            assert (finding.where.kind, finding.where.host) == ("record", HOST)


VERDICTS = {
    "dane-matched": Verdict.OK,
    "dane-absent": Verdict.OK,
    "dnssec-invalid": Verdict.FAIL,
    "dane-lookup-failed": Verdict.UNKNOWN,
}


def test_how_grave_each_is() -> None:
    for name, (hop, *_) in CASES.items():
        for finding in judged(domain(hop, see=(shown(LEAF),))).findings:
            if finding.code in VERDICTS:
                assert finding.verdict is VERDICTS[finding.code], name


def test_where_nobody_validated_the_match_is_advice() -> None:
    hop = host(GOOD, secure=None)
    found = judged(domain(hop, see=(shown(LEAF), shown(NEW, address=SECOND)), mx=None))
    finding = find(found, "dane-not-validated")
    assert (finding.verdict, finding.where.kind) == (Verdict.UNKNOWN, "record")
    assert finding.fact("advice") == f"{GOOD} would match {ADDRESS}; nothing would match {SECOND}"
    assert not found.excused
    assert (of_host(found).matching, of_host(found).observed) == (0, 0)
    assert of_host(found).records == (GOOD,)
    bare = find(judged(domain(hop, mx=None)), "dane-not-validated")
    assert bare.fact("advice") == "no address could be observed"
    none = find(judged(domain(host(UNUSABLE, secure=None), see=(shown(LEAF),), mx=None)), "dane-not-validated")
    assert none.fact("advice") == "none of the records is usable"


def test_where_nobody_validated_and_nothing_was_seen_one_note_will_do() -> None:
    hops = [replace(host(secure=None), host=f"mx{n}.contoso.com") for n in range(5)]
    found = judged(domain(*hops, mx=None))
    assert [f.code for f in found.findings] == ["dane-not-validated"]
    assert (found.findings[0].verdict, found.findings[0].where.kind) == (Verdict.OK, "target")
    assert {h.status for h in promise(found).hosts.values()} == {DaneStatus.NOT_VALIDATED}
    assert promise(found).mx_dnssec is Dnssec.NOT_VALIDATED


def test_every_host_has_an_entry_in_their_order() -> None:
    hops = [
        replace(host(GOOD), host="mx3.contoso.com", preference=1),
        host(GOOD),
        replace(CASES["insecure host"][0], host="mx2.contoso.com", preference=20),
        replace(host(record(3, 1, 1, NEW.der)), preference=30),  # the same name again
    ]
    found = judged(domain(*hops, see=(shown(LEAF),)))
    assert list(promise(found).hosts) == ["mx3.contoso.com", HOST, "mx2.contoso.com"]
    assert [h.status for h in promise(found).hosts.values()] == [
        DaneStatus.DEFERRED,  # no address of it was observed
        DaneStatus.HONOURED,
        DaneStatus.NONE,
    ]


@pytest.mark.parametrize("kind", [RouteKind.NULL_MX, RouteKind.NONE])
def test_a_domain_without_hosts_has_the_status_of_its_mx_alone(kind: RouteKind) -> None:
    found = domain(host(GOOD), see=(shown(LEAF),))
    absent = replace(found, route=Route(kind=kind, answers=(answer(DOMAIN, "MX", secure=True),)))
    assert judged(absent) == DaneJudgement(promise=Dane(mx_dnssec=Dnssec.SECURE))
    assert judged(absent, dane=Want.OFF) == DaneJudgement()


def test_an_address_can_promise_nothing() -> None:
    found = domain(host(GOOD), see=(shown(LEAF),))
    hop = Hop(host=HOST, preference=None, addresses=(ADDRESS,))
    route = Route(kind=RouteKind.ADDRESS, hops=(hop,))
    assert judged(replace(found, route=route)) == DaneJudgement()
    (required,) = judged(replace(found, route=route), dane=Want.REQUIRE).findings
    assert (required.code, required.verdict, required.fact("cause")) == ("dane-required", Verdict.UNKNOWN, "not-asked")


def test_where_nobody_asked_nothing_is_said_and_nothing_is_green_that_must_be_there() -> None:
    system = host(answers=(replace(a(secure=None), resolver="system"),), tlsa=())
    former = host(answers=(a(secure=None), answer(HOST, "AAAA", **SERVFAIL)), tlsa=())
    told_not_to = host(tlsa=())
    for hop in (system, former, told_not_to):
        found = domain(hop, see=(shown(LEAF),), mx=None)
        assert judged(found) == judged(found, dane=Want.OFF) == DaneJudgement()
        (required,) = judged(found, dane=Want.REQUIRE).findings
        assert (required.verdict, required.fact("cause")) == (Verdict.UNKNOWN, "not-asked")


def test_hosts_beyond_the_limit_have_an_entry_too() -> None:
    found = domain(host(GOOD), see=(shown(LEAF),))
    mx = answer(DOMAIN, "MX", f"10 {HOST}", "30 MX3.contoso.com.", "20 mx2.contoso.com", secure=True)
    many = replace(found, route=replace(found.route, answers=(mx,), omitted=2))
    (required,) = (each for each in judged(many, dane=Want.REQUIRE).findings if each.code == "dane-required")
    assert (required.verdict, required.fact("cause")) == (Verdict.UNKNOWN, "not-asked")
    hosts = promise(judged(many)).hosts
    assert list(hosts) == [HOST, "mx2.contoso.com", "mx3.contoso.com"]
    assert [host.status for host in hosts.values()] == [DaneStatus.HONOURED, DaneStatus.DEFERRED, DaneStatus.DEFERRED]


def test_a_bogus_mx_leaves_no_host() -> None:
    """The finding itself is the route's: mail waits, DANE or not."""
    found = domain(host(GOOD))
    for outcome, status in ((Outcome.BOGUS, Dnssec.BOGUS), (Outcome.FAILED, Dnssec.FAILED)):
        mx = answer(DOMAIN, "MX", outcome=outcome, secure=True)
        bogus = judged(replace(found, route=Route(kind=RouteKind.NONE, answers=(mx,))))
        assert bogus == DaneJudgement(promise=Dane(mx_dnssec=status))


# What is wanted


def test_off_leaves_it_alone() -> None:
    assert judged(domain(host(GOOD), see=(shown(NEW),)), dane=Want.OFF) == DaneJudgement()


@pytest.mark.parametrize(
    ("hop", "mx", "codes"),
    [
        (host(GOOD), True, set()),
        (host(), True, {"dane-required:no-records"}),
        (CASES["insecure host"][0], True, {"dane-required:insecure"}),
        (host(UNUSABLE), True, {"dane-required:unusable", "tlsa-unusable:all"}),
        (host(GOOD), False, {"dane-required:mx-insecure", "dane-mx-insecure"}),
        (host(GOOD, secure=None), None, {"dane-required:not-validated", "dane-not-validated:records-seen"}),
        (host(GOOD), None, {"dane-required:not-validated"}),
        (host(secure=None), None, {"dane-required:not-validated"}),
        (CASES["no address"][0], True, set()),  # no mail goes there
        (CASES["bogus records"][0], True, {"dnssec-invalid:tlsa"}),
    ],
)
def test_require_makes_its_absence_a_fault(hop: Hop, mx: bool | None, codes: set[str]) -> None:
    found = judged(domain(hop, see=(shown(LEAF),), mx=mx), dane=Want.REQUIRE)
    assert told(found, noise=("dane-rollover", "dane-matched")) == codes
    for finding in found.findings:
        if finding.code == "dane-required":
            unknown = finding.fact("cause") == "not-validated"
            assert finding.verdict is (Verdict.UNKNOWN if unknown else Verdict.FAIL)


# Bad input


TEXTS = st.one_of(
    st.sampled_from([record(*triple, which.der) for triple in EVERY for which in (LEAF, ISSUING, ROOT)]),
    st.text("0123 abcdef\\#\0", max_size=80),
    st.text(max_size=20),
)
ANSWERS = st.builds(
    Answer,
    question=st.builds(Question, name=st.sampled_from([BASE, HOST, "", "_25._tcp", "." * 300]), rtype=st.just("TLSA")),
    outcome=st.sampled_from(Outcome),
    canonical=st.sampled_from([BASE, "", "x" * 300]),
    records=st.lists(TEXTS, max_size=4).map(tuple),
    aliases=st.lists(st.just(BASE), max_size=1).map(tuple),
    ttl=st.one_of(st.none(), st.integers(0, 2**31)),
    secure=st.sampled_from([True, True, False, None]),
    resolver=st.sampled_from(["127.0.0.1", "system", ""]),
)
LINKS = st.sampled_from([LEAF.der, ISSUING.der, ROOT.der, SELF_SIGNED.der, MISNAMED.der, b"", LEAF.der[:99]])
SEEN = st.builds(
    lambda chain, session, failure: replace(
        seen(LEAF.der, failure=failure), chain=PresentedChain(der=tuple(chain)), session=session
    ),
    st.lists(LINKS, max_size=3),
    st.sampled_from([None, SESSION]),
    st.one_of(st.none(), st.builds(Failure, stage=st.sampled_from(Stage), kind=st.sampled_from(Kind))),
)
HOPS = st.builds(
    Hop,
    host=st.sampled_from([HOST, "", "mx\0"]),
    preference=st.just(10),
    addresses=st.sampled_from([(), (ADDRESS,)]),
    answers=st.lists(ANSWERS, max_size=2).map(tuple),
    alias=st.one_of(st.none(), ANSWERS),
    tlsa=st.lists(ANSWERS, max_size=2).map(tuple),
)


@settings(max_examples=1000, deadline=None)
@given(
    hops=st.lists(HOPS, max_size=2),
    see=st.lists(SEEN, max_size=2),
    mx=st.one_of(st.none(), ANSWERS),
    kind=st.sampled_from(RouteKind),
    want=st.sampled_from(Want),
    upcoming=st.lists(LINKS, max_size=2),
)
def test_whatever_was_seen_comes_to_findings(
    hops: list[Hop], see: list[Observation], mx: Answer | None, kind: RouteKind, want: Want, upcoming: list[bytes]
) -> None:
    route = Route(kind=kind, hops=tuple(hops), answers=(mx,) if mx else ())
    found = replace(domain(), route=route, observations=tuple(see), alternatives=tuple(see))
    kept = judged(found, dane=want, next_certificate=tuple(upcoming))
    if kept.promise:
        assert set(kept.promise.hosts) == {hop.host for hop in hops}
    for finding in kept.findings:
        assert all(len(value) <= 1000 for _, value in finding.facts)
