"""The whole judgement: total, pure, the same for saved evidence; expiry, routes, several observations."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from fixtures.build import ADDRESS, AT, HOST, SECOND, SESSION, answer, by_mx, evidence, failed, hop, seen
from fixtures.certificates import Made, authority, leaf, sample
from fixtures.scenes import ROOTS, scenes
from probe import config
from probe.codec import decode_evidence, encode
from probe.errors import EvidenceError
from probe.judge.chain import Anchors
from probe.judge.judging import judge
from probe.judge.standard import AuthLevel, Standard
from probe.model import (
    Evidence,
    Finding,
    Kind,
    Outcome,
    PresentedChain,
    Report,
    Route,
    RouteKind,
    Stage,
    Verdict,
    gravest,
)
from probe.report import json as json_report
from probe.report import nagios, text

ANCHORS = Anchors(label="roots", der=ROOTS)
CURRENT = (sample("renewed_same"), sample("int2025"))
OLD = (sample("old"), sample("int2025"))
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
STANDARDS = (
    Standard(),
    Standard(name=HOST),
    Standard(name="*.contoso.com", auth_level=AuthLevel.CERTIFICATE_VALIDATION),
    Standard(auth_level=AuthLevel.ENCRYPTION_ONLY, min_tls="TLSv1.3", min_tls_demanded=True),
    Standard(thumbprints=("0" * 40,), identity=config.identity("<I>CN=a<S>CN=b"), warn_days=0),
)


def find(report: Report, code: str) -> Finding:
    (finding,) = (finding for finding in report.findings if finding.code == code)
    return finding


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


# Of the whole


@pytest.mark.parametrize("name", scenes())
@pytest.mark.parametrize("standard", STANDARDS)
def test_saved_evidence_says_the_same(name: str, standard: Standard) -> None:
    live = scenes()[name]
    saved = decode_evidence(encode(live))
    for at in (AT, AT + timedelta(days=400)):
        told = json_report.render(judge(live, standard, ANCHORS, at))
        assert json_report.render(judge(saved, standard, ANCHORS, at)) == told
        assert json_report.render(judge(live, standard, ANCHORS, at)) == told


@pytest.mark.parametrize("name", scenes())
def test_findings_come_gravest_first_and_each_once(name: str) -> None:
    report = judge(scenes()[name], Standard(name=HOST), ANCHORS, AT)
    gravity = [finding.verdict.gravity for finding in report.findings]
    assert gravity == sorted(gravity, reverse=True)
    places = [(finding.code, finding.where) for finding in report.findings]
    assert len(places) == len(set(places))
    assert report.verdict is gravest(finding.verdict for finding in report.findings)
    assert all(finding.facts == tuple(sorted(finding.facts)) for finding in report.findings)
    assert (report.at, report.roots, report.evidence) == (AT, "roots", scenes()[name])


def test_the_order_of_verdicts() -> None:
    order = (FAIL, UNKNOWN, WARN, OK)
    for place, verdict in enumerate(order):
        assert gravest(reversed(order[place:])) is verdict
    assert gravest(()) is UNKNOWN
    assert [verdict.exit_code for verdict in (OK, WARN, FAIL, UNKNOWN)] == [0, 1, 2, 3]


def test_empty_evidence_is_unknown() -> None:
    for kind in RouteKind:
        if kind is not RouteKind.NULL_MX:
            assert judge(evidence(route=Route(kind=kind)), Standard(), ANCHORS, AT).verdict is UNKNOWN


def test_an_observation_that_shows_nothing_is_unknown() -> None:
    assert judge(evidence(seen()), Standard(), ANCHORS, AT).verdict is UNKNOWN


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
WORDS: tuple[Any, ...] = (
        "", "\x00", "x" * 300, "*", "*.", ".", "xn--", "ü", "192.0.2.1", "::1", "0001-01-01T00:00:00Z", "MIIB", "AAAA",
        "9999-12-31T23:59:59Z", "2026-01-01T00:00:00", "FAILED", "TIMEOUT", "ALERT", "AFTER", "none", "null-mx", "%",
        "TLSv1", "220 x\r\n", "250-x\r\n250 STARTTLS\r\n", "\U0001f600", "0", -1, 0, 2**63, True, None, [], {}, 1e300,
)  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in ((value, key), *places(value[key]))]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(st.sampled_from(sorted(scenes())), st.sampled_from(STANDARDS), st.data())
def test_whatever_evidence_says_it_is_judged_and_told(name: str, standard: Standard, data: st.DataObject) -> None:
    tree = json.loads(encode(scenes()[name]))
    for _ in range(data.draw(st.integers(1, 4))):
        within, key = data.draw(st.sampled_from(places(tree)))
        match data.draw(st.sampled_from(("word", "word", "anything", "drop", "twice", "flip"))):
            case "word":
                alike = [word for word in WORDS if type(word) is type(within[key])]
                within[key] = data.draw(st.sampled_from(alike or WORDS))
            case "anything":
                within[key] = data.draw(JSON)
            case "drop":
                del within[key]
            case "twice" if isinstance(within, list):
                within.append(within[key])
            case "flip" if isinstance(within[key], str) and within[key]:
                at = data.draw(st.integers(0, len(within[key]) - 1))
                within[key] = within[key][:at] + data.draw(st.sampled_from("AB/+0 \n")) + within[key][at + 1 :]
        if not places(tree):
            break
    try:
        mutated = decode_evidence(json.dumps(tree).encode())
    except EvidenceError:
        event("refused")
        return
    event("judged")
    report = judge(mutated, standard, ANCHORS, mutated.at)
    assert report.verdict in Verdict
    assert json_report.render(report)
    assert nagios.render([report])
    assert list(text.render(report))


@settings(deadline=None)
@given(st.lists(st.binary(max_size=30) | st.sampled_from((*CURRENT, *OLD)), max_size=4))
def test_whatever_was_presented_it_is_judged(chain: list[bytes]) -> None:
    found = seen(chain=PresentedChain(der=tuple(chain)), session=SESSION)
    assert judge(evidence(found), Standard(name=HOST), ANCHORS, AT).verdict in Verdict


# Expiry

ROOT = authority("CN=Root")
TRUST = Anchors(label="root", der=(ROOT.der,))


def living(days: int) -> tuple[Made, datetime]:
    """A certificate of so many days, and when they are over."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    ends = began + timedelta(days=days)
    return leaf(f"CN={HOST}", ROOT, (HOST,), not_before=began, until=ends), ends


def expiry(made: Made, at: datetime, **limits: float) -> Finding:
    report = judge(evidence(seen(made.der)), Standard(**limits), TRUST, at)  # type: ignore[arg-type]
    (finding,) = (f for f in report.findings if f.code in ("certificate-current", "certificate-expires-soon"))
    return finding


@pytest.mark.parametrize(
    ("days", "limits", "last_quiet"),
    [
        (398, {}, 21),  # by days: a third of its life would be 132
        (90, {}, 21),
        (63, {}, 21),
        (6, {}, 2),  # by lifetime: 21 days is more than it ever has
        (30, {}, 10),
        (398, {"warn_days": 45}, 45),
        (398, {"warn_days": 200}, 398 / 3),
        (200, {"warn_lifetime": 5}, 10),
        (398, {"warn_lifetime": 100}, 21),
        (6, {"warn_lifetime": 100}, 6),
        (6, {"warn_lifetime": 50}, 3),
        (398, {"warn_days": 0}, 0),
        (398, {"warn_lifetime": 0}, 0),
    ],
)
def test_no_certificate_cries_early(days: int, limits: dict[str, float], last_quiet: float) -> None:
    made, ends = living(days)
    edge = ends - timedelta(days=last_quiet)
    assert expiry(made, edge, **limits).code == "certificate-current"
    if last_quiet:
        warned = expiry(made, edge + timedelta(seconds=1), **limits)
        assert (warned.code, warned.verdict) == ("certificate-expires-soon", WARN)


def test_how_many_days_are_left() -> None:
    made, ends = living(398)
    assert expiry(made, ends - timedelta(days=5)).fact("days_left") == "5"
    assert expiry(made, ends - timedelta(days=5, seconds=-1)).fact("days_left") == "4"
    assert expiry(made, ends).fact("days_left") == "0"
    assert expiry(made, ends).fact("not_after") == "2027-02-03 00:00:00 UTC"


def test_an_intermediate_that_ends_soon_is_told_of_too() -> None:
    issuing = authority("CN=Issuing CA", ROOT, until=AT + timedelta(days=5))
    report = judge(evidence(seen(leaf("CN=x", issuing, (HOST,)).der, issuing.der)), Standard(), TRUST, AT)
    assert find(report, "certificate-expires-soon").where.position == 1
    assert find(report, "certificate-current").where.position == 0


def test_an_anchor_that_ends_soon_is_no_business_of_the_server_s() -> None:
    root = authority("CN=Ending Root", until=AT + timedelta(days=5))
    trust = Anchors(label="root", der=(root.der,))
    assert judge(evidence(seen(leaf("CN=x", root, (HOST,)).der)), Standard(), trust, AT).verdict is OK


# Several observations


def test_drift_is_a_note_where_both_are_well_and_a_warning_where_not() -> None:
    for second, verdict in ((("renewed_newissuer", "int2026"), OK), (("old", "int2025"), WARN)):
        other = seen(*map(sample, second), address=SECOND)
        drift = find(judge(evidence(seen(*CURRENT), other), Standard(), ANCHORS, AT), "address-drift")
        assert (drift.verdict, drift.where.kind, drift.where.host) == (verdict, "host", HOST)
        told = drift.fact("certificates") or ""
        assert f"52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1 at {ADDRESS} (1x)" in told
        assert f"at {SECOND} (1x)" in told


def test_no_drift() -> None:
    same = (seen(*CURRENT), seen(*CURRENT, address=SECOND))
    another_host = seen(*OLD, host="mx2.contoso.com", address=SECOND)
    for observations in (same, (seen(*CURRENT), another_host), (same[0], failed(Stage.CONNECT, Kind.REFUSED))):
        assert "address-drift" not in codes(judge(evidence(*observations), Standard(), ANCHORS, AT))


def test_what_some_of_the_connections_found_is_counted() -> None:
    report = judge(evidence(seen(*CURRENT), seen(*OLD), seen(*CURRENT)), Standard(), ANCHORS, AT)
    assert find(report, "certificate-expired").fact("seen") == "1 of 3 connections"
    assert find(report, "certificate-current").fact("seen") == "2 of 3 connections"
    assert find(report, "certificate-trusted").fact("seen") is None
    assert find(report, "address-drift").fact("certificates") == (
        f"52B4AA6DEFE3B5CB25122B92519B89BE3082BBA1 at {ADDRESS} (2x); {_sha1(OLD[0])} at {ADDRESS} (1x)"
    )


def _sha1(der: bytes) -> str:
    from hashlib import sha1

    return sha1(der).hexdigest().upper()


def test_of_several_verdicts_on_the_same_the_gravest_is_told() -> None:
    mute, refusing = failed(Stage.DIALOGUE, Kind.TIMEOUT), failed(Stage.HANDSHAKE, Kind.ALERT, "internal error")
    report = judge(evidence(mute, refusing), Standard(), ANCHORS, AT)
    assert (find(report, "not-observed").verdict, report.verdict) == (FAIL, FAIL)


def test_unknown_never_clears_a_fail_and_is_never_ok() -> None:
    mute = failed(Stage.DIALOGUE, Kind.TIMEOUT, address=SECOND)
    assert judge(evidence(mute, seen(*CURRENT)), Standard(), ANCHORS, AT).verdict is UNKNOWN
    assert judge(evidence(mute, seen(*OLD)), Standard(), ANCHORS, AT).verdict is FAIL


# Routes


def of_domain(*observations: Any, route: Route) -> Evidence:
    return evidence(*observations, given="contoso.com", route=route)


def test_null_mx_is_in_order_unless_mail_was_expected() -> None:
    null = of_domain(route=Route(kind=RouteKind.NULL_MX))
    assert find(judge(null, Standard(), ANCHORS, AT), "no-mail").fact("domain") == "contoso.com"
    assert judge(null, Standard(), ANCHORS, AT).verdict is OK
    for standard in STANDARDS[1:]:
        assert judge(null, standard, ANCHORS, AT).verdict is FAIL


@pytest.mark.parametrize(
    ("outcome", "verdict", "code"),
    [
        (Outcome.NXDOMAIN, FAIL, "name-not-found"),
        (Outcome.NODATA, FAIL, "name-not-found"),
        (Outcome.FAILED, UNKNOWN, "not-observed"),
        (Outcome.TIMEOUT, UNKNOWN, "not-observed"),
    ],
)
def test_a_host_without_an_address_alone_and_beside_another(outcome: Outcome, verdict: Verdict, code: str) -> None:
    bad = hop("mx2.contoso.com", 20, *(answer("mx2.contoso.com", rtype, outcome=outcome) for rtype in ("A", "AAAA")))
    alone = judge(of_domain(route=by_mx(bad)), Standard(), ANCHORS, AT)
    assert (alone.verdict, codes(alone)) == (verdict, {code})
    good = hop(HOST, 10, answer(HOST, "A", ADDRESS))
    beside = judge(of_domain(seen(*CURRENT), route=by_mx(good, bad)), Standard(), ANCHORS, AT)
    assert (beside.verdict, find(beside, code).where.host) == (WARN, "mx2.contoso.com")


@pytest.mark.parametrize(("asked", "unasked"), [("A", "AAAA"), ("AAAA", "A")])
def test_no_address_of_the_only_family_that_was_asked_for(asked: str, unasked: str) -> None:
    bad = hop("mx2.contoso.com", 20, answer("mx2.contoso.com", asked))
    alone = judge(of_domain(route=by_mx(bad)), Standard(), ANCHORS, AT)
    assert (alone.verdict, codes(alone)) == (UNKNOWN, {"not-observed"})
    finding = find(alone, "not-observed")
    assert (finding.fact("stage"), finding.fact("kind")) == ("RESOLVE", "UNREACHABLE")
    assert finding.fact("detail") == f"no {asked} record; {unasked} was not asked for"
    good = hop(HOST, 10, answer(HOST, "A", ADDRESS))
    beside = judge(of_domain(seen(*CURRENT), route=by_mx(good, bad)), Standard(), ANCHORS, AT)
    assert (beside.verdict, find(beside, "not-observed").verdict) == (OK, OK)


def test_no_such_name_is_so_for_both_families() -> None:
    bad = hop("mx2.contoso.com", 20, answer("mx2.contoso.com", "AAAA", outcome=Outcome.NXDOMAIN))
    report = judge(of_domain(route=by_mx(bad)), Standard(), ANCHORS, AT)
    assert (report.verdict, find(report, "name-not-found").fact("cause")) == (FAIL, "no-such-name")


@pytest.mark.parametrize(
    ("outcome", "kind", "told", "verdict"),
    [
        (Outcome.TIMEOUT, None, "TIMEOUT", UNKNOWN),
        (Outcome.TIMEOUT, Kind.UNREACHABLE, "UNREACHABLE", UNKNOWN),
        (Outcome.FAILED, None, "REJECTED", UNKNOWN),
        (Outcome.FAILED, Kind.PROTOCOL, "PROTOCOL", FAIL),
    ],
)
def test_why_a_name_was_not_resolved(outcome: Outcome, kind: Kind | None, told: str, verdict: Verdict) -> None:
    unknown = replace(answer("contoso.com", "MX", outcome=outcome), kind=kind)
    report = judge(of_domain(route=Route(kind=RouteKind.NONE, answers=(unknown,))), Standard(), ANCHORS, AT)
    assert (report.verdict, find(report, "not-observed").fact("kind")) == (verdict, told)
    bad = hop("mx2.contoso.com", 20, replace(answer("mx2.contoso.com", "A", outcome=outcome), kind=kind))
    good = hop(HOST, 10, answer(HOST, "A", ADDRESS))
    assert judge(of_domain(seen(*CURRENT), route=by_mx(good, bad)), Standard(), ANCHORS, AT).verdict is WARN


def test_one_family_of_addresses_unknown() -> None:
    half = hop(HOST, 10, answer(HOST, "A", ADDRESS), answer(HOST, "AAAA", outcome=Outcome.TIMEOUT))
    report = judge(of_domain(seen(*CURRENT), route=by_mx(half)), Standard(), ANCHORS, AT)
    assert (report.verdict, find(report, "not-observed").fact("stage")) == (WARN, "RESOLVE")


def test_an_alias_is_noted_for_mx_only() -> None:
    alias = answer("mx.contoso.com", "A", ADDRESS, aliases=("mx.contoso.com",), canonical=HOST)
    by_name = hop("mx.contoso.com", 10, alias)
    report = judge(of_domain(seen(*CURRENT), route=by_mx(by_name)), Standard(), ANCHORS, AT)
    finding = find(report, "mx-is-alias")
    assert (finding.verdict, finding.fact("canonical")) == (OK, HOST)
    direct = Route(kind=RouteKind.HOST, hops=(replace(by_name, preference=None),))
    assert "mx-is-alias" not in codes(judge(evidence(seen(*CURRENT), route=direct), Standard(), ANCHORS, AT))


def test_what_was_left_out_is_said() -> None:
    cut = by_mx(hop(HOST, 10, answer(HOST, "A", ADDRESS), omitted=4), hop("b.org", 20, omitted=3), omitted=2)
    long = seen(chain=PresentedChain(der=CURRENT, omitted=5), session=SESSION)
    finding = find(judge(of_domain(long, route=cut), Standard(), ANCHORS, AT), "route-cut")
    assert finding.verdict is WARN
    assert dict(finding.facts) == {"hosts_omitted": "2", "addresses_omitted": "7", "certificates_omitted": "5"}
