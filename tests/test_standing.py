"""How a target stands after a look: what is open, what only a look can close, and what stays as it was."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.build import answer
from fixtures.certificates import leaf
from fixtures.promised import TESTING, fetched, host, policy, response, tlsa
from fixtures.promised import domain as promising
from fixtures.scenes import ISSUING, scenes
from probe.judge.standard import Standard, Want
from probe.model import Evidence, Failure, Kind, Outcome, Report, Route, RouteKind, Stage, Verdict, Where, gravest
from probe.model.duty import Episode, Look, Standing
from probe.state.changes import tell
from probe.state.leaves import organisation
from probe.state.standing import key, same_target, stand
from tests.looks import (
    ADDRESS,
    AT,
    BUSY,
    CHAIN,
    DAY,
    EXPIRED,
    HOST,
    HOUR,
    NAME,
    RENEWED,
    SECOND,
    STALLED,
    TIME_OUT,
    UNTRIED,
    all_looks,
    at_host,
    domain,
    evidence,
    failed,
    look,
    moved,
    seen,
    standing,
    there,
    unresolved,
)

OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
ENFORCED = policy(None, fetched(response(TESTING.replace("testing", "enforce")), *CHAIN))


def opened(found: Standing) -> set[tuple[str, Verdict]]:
    return {(episode.code, episode.verdict) for episode in found.episodes}


def one(found: Standing, code: str) -> Episode:
    (episode,) = (episode for episode in found.episodes if episode.code == code)
    return episode


# From look to look


def test_the_first_look_opens_what_it_finds() -> None:
    found = stand(None, at_host(seen(*EXPIRED)))
    episode = one(found, "certificate-expired")
    assert (found.verdict, found.at, found.since, found.good) == (FAIL, AT, AT, None)
    assert (episode.began, episode.changed, episode.seen, episode.told) == (AT, AT, AT, None)
    assert episode.where == Where(kind="certificate", host=HOST, address=ADDRESS, port=25, position=0)
    assert dict(episode.facts)["subject"] == f"CN={HOST}"


def test_what_stays_goes_on_and_what_is_mended_is_over() -> None:
    began = stand(None, at_host(seen(*EXPIRED)))
    still = stand(began, at_host(seen(*EXPIRED), at=AT + HOUR))
    episode = one(still, "certificate-expired")
    assert (episode.began, episode.changed, episode.seen) == (AT, AT, AT + HOUR)
    assert (still.since, still.at) == (AT, AT + HOUR)
    over = stand(still, at_host(seen(*RENEWED), at=AT + DAY))
    assert (over.episodes, over.verdict, over.since, over.good) == ((), OK, AT + DAY, AT + DAY)


def test_when_it_was_told_is_kept() -> None:
    (_, before) = tell(None, standing(at_host(seen(*EXPIRED))), None)
    for one_look in (at_host(seen(*EXPIRED), at=AT + HOUR), at_host(TIME_OUT, at=AT + HOUR)):
        assert one(stand(before, one_look), "certificate-expired").told == AT


def test_what_comes_back_begins_anew() -> None:
    again = standing(at_host(seen(*EXPIRED)), at_host(seen(*CHAIN), at=AT + HOUR), at_host(seen(*EXPIRED), at=AT + DAY))
    assert one(again, "certificate-expired").began == AT + DAY
    assert again.good == AT + HOUR


def test_a_verdict_that_changes_is_the_same_fault() -> None:
    first = at_host(TIME_OUT)
    refused = failed(Stage.CONNECT, Kind.REFUSED, "Connection refused")
    answered = at_host(refused, there(seen(*CHAIN)), at=AT + HOUR)
    before, after = one(stand(None, first), "not-observed"), one(standing(first, answered), "not-observed")
    assert (before.key, before.verdict, before.cause) == (after.key, UNKNOWN, "CONNECT/TIMEOUT")
    assert (after.verdict, after.cause, after.began, after.changed) == (WARN, "CONNECT/REFUSED", AT, AT + HOUR)


def test_the_key_is_of_target_code_and_place_alone() -> None:
    where = Where(kind="endpoint", host=HOST, address=ADDRESS, port=25)
    known = key(NAME, "not-observed", None, where)
    assert len(known) == 16
    assert int(known, 16) >= 0
    others = {
        key("other", "not-observed", None, where),
        key(NAME, "certificate-expired", None, where),
        key(NAME, "not-observed", "a", where),
        *(
            key(NAME, "not-observed", None, replace(where, **{field: value}))  # type: ignore[arg-type]
            for field, value in (
                ("kind", "host"),
                ("host", "x"),
                ("address", "y"),
                ("port", 26),
                ("position", 1),
                ("name", "z"),
            )
        ),
    }
    assert len(others) == 9
    assert known not in others
    assert known == key(NAME, "not-observed", None, replace(where))


def test_logs_are_told_apart_by_their_cause() -> None:
    one_look = at_host(seen(*EXPIRED))
    finding = replace(
        one_look.report.findings[0], code="log-tls-failed", facts=(("cause", "renegotiate"), ("sessions", "3"))
    )
    other = replace(finding, facts=(("cause", "timed-out"),))
    found = stand(None, replace(one_look, report=replace(one_look.report, findings=(finding, other))))
    assert len({episode.key for episode in found.episodes}) == 2


def test_a_target_pointed_elsewhere_starts_afresh() -> None:
    before = stand(None, at_host(seen(*EXPIRED)))
    elsewhere = look(evidence(TIME_OUT, given=f"smtps://{HOST}"), at=AT + HOUR)
    after = stand(before, elsewhere)
    assert opened(after) == {("not-observed", UNKNOWN)}
    assert (after.since, after.certificates) == (AT + HOUR, ())
    written_otherwise = replace(before.target, given=HOST.upper())
    assert same_target(replace(before, target=written_otherwise), at_host(seen(*CHAIN)).report)


# UNKNOWN clears nothing


@pytest.mark.parametrize("blind", [TIME_OUT, UNTRIED, BUSY, STALLED], ids=["time-out", "untried", "busy", "stalled"])
@pytest.mark.parametrize(
    "name", ["expired", "starttls-not-offered", "injected", "old-tls", "misordered", "self-signed"]
)
def test_a_look_that_could_not_look_closes_nothing(blind: object, name: str) -> None:
    bad = look(scenes()[name], standard=Standard(name="mail.contoso.com"))
    before = stand(None, bad)
    after = stand(before, at_host(blind, at=AT + HOUR))  # type: ignore[arg-type]
    assert opened(before) < opened(after)
    assert opened(after) - opened(before) == {("not-observed", UNKNOWN)}
    assert (after.verdict, after.at) == (gravest((before.verdict, UNKNOWN)), AT + HOUR)
    assert {episode.seen for episode in after.episodes if episode.code != "not-observed"} == {AT}


def test_a_fail_that_turns_unknown_is_a_fail_still() -> None:
    bad = at_host(failed(Stage.HANDSHAKE, Kind.ALERT, "handshake failure"))
    after = standing(bad, at_host(TIME_OUT, at=AT + HOUR))
    episode = one(after, "not-observed")
    assert (episode.verdict, episode.cause, episode.seen) == (FAIL, "HANDSHAKE/ALERT", AT)
    assert standing(bad, at_host(TIME_OUT), at_host(seen(*CHAIN))).episodes == ()


def test_a_warn_that_turns_unknown_is_worse_and_not_gone() -> None:
    refused = failed(Stage.CONNECT, Kind.REFUSED, "Connection refused")
    both = at_host(refused, there(seen(*CHAIN)))
    assert opened(standing(both, at_host(refused, there(TIME_OUT)))) == {("not-observed", UNKNOWN)}
    assert opened(standing(both)) == {("not-observed", WARN)}


def test_an_obstacle_makes_way_for_another_that_is_known() -> None:
    without = look(scenes()["starttls-not-offered"])
    assert opened(standing(without)) == {("starttls-not-supported", WARN)}
    closed = at_host(failed(Stage.HANDSHAKE, Kind.CLOSED, "reset"))
    assert opened(standing(without, closed)) == {("not-observed", FAIL)}
    assert opened(standing(without, at_host(STALLED))) == {("starttls-not-supported", WARN), ("not-observed", UNKNOWN)}
    assert standing(without, at_host(STALLED), at_host(seen(*CHAIN))).episodes == ()


def test_a_chain_that_was_shown_is_looked_at_though_tls_failed() -> None:
    late = failed(Stage.AFTER, Kind.TIMEOUT, "no reply", *CHAIN)
    after = standing(at_host(seen(*EXPIRED)), at_host(late, at=AT + HOUR))
    assert opened(after) == {("not-observed", UNKNOWN)}
    refused = failed(Stage.HANDSHAKE, Kind.TIMEOUT, "no handshake within 20 s", *CHAIN, session=None)
    assert opened(standing(at_host(seen(*EXPIRED)), at_host(refused))) == {("not-observed", UNKNOWN)}


def test_of_several_connections_one_that_got_there_is_enough() -> None:
    after = standing(at_host(seen(*EXPIRED), seen(*EXPIRED)), at_host(STALLED, seen(*CHAIN), at=AT + HOUR))
    assert opened(after) == {("not-observed", UNKNOWN)}


# Names


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.TIMEOUT, Outcome.BOGUS])
def test_a_route_that_could_not_be_found_closes_nothing(outcome: Outcome) -> None:
    before = stand(None, look(domain("mx1.contoso.com", "mx2.contoso.com")))
    lost = Route(kind=RouteKind.NONE, answers=(answer("contoso.com", "MX", outcome=outcome, detail="SERVFAIL"),))
    after = stand(before, look(evidence(given="contoso.com", route=lost), at=AT + HOUR))
    assert opened(before) < opened(after)
    assert len(after.episodes) == len(before.episodes) + 1
    assert after.certificates == before.certificates
    assert after.endpoints == ()


@pytest.mark.parametrize("outcome", [Outcome.NXDOMAIN, Outcome.NODATA, Outcome.FOUND])
def test_a_host_that_dns_knows_to_have_left_is_closed(outcome: Outcome) -> None:
    before = stand(None, look(domain("mx1.contoso.com", "mx2.contoso.com")))
    if outcome is Outcome.FOUND:
        now = domain("mx1.contoso.com")
    else:
        kind = RouteKind.NONE if outcome is Outcome.NXDOMAIN else RouteKind.NULL_MX
        now = evidence(
            given="contoso.com", route=Route(kind=kind, answers=(answer("contoso.com", "MX", outcome=outcome),))
        )
    after = stand(before, look(now, at=AT + HOUR))
    left = {episode.where.host for episode in before.episodes} - {episode.where.host for episode in after.episodes}
    assert left == ({"mx2.contoso.com"} if outcome is Outcome.FOUND else {"mx1.contoso.com", "mx2.contoso.com"})
    assert {seen.host for seen in after.certificates}.isdisjoint(left)


def test_a_host_beyond_the_limit_has_not_left() -> None:
    before = stand(None, look(domain("mx1.contoso.com", "mx2.contoso.com")))
    cut = domain("mx1.contoso.com")
    both = answer("contoso.com", "MX", "10 mx1.contoso.com.", "10 mx2.contoso.com.")
    cut = replace(cut, route=replace(cut.route, answers=(both,), omitted=1))
    after = stand(before, look(cut, at=AT + HOUR))
    assert {episode.where.host for episode in after.episodes} == {"mx1.contoso.com", "mx2.contoso.com", None}


def test_addresses_that_could_not_be_looked_up_close_nothing() -> None:
    before = stand(None, at_host(seen(*EXPIRED)))
    after = stand(before, look(unresolved(), at=AT + HOUR))
    assert opened(after) == {("certificate-expired", FAIL), ("not-observed", UNKNOWN)}
    assert after.certificates == before.certificates


def test_the_other_family_says_nothing_of_an_address() -> None:
    """AAAA was answered and A was not: the IPv4 address may still be there."""
    found = evidence(there(seen(*CHAIN), "2001:db8::25"))
    lost = answer(HOST, "A", outcome=Outcome.TIMEOUT)
    known = answer(HOST, "AAAA", "2001:db8::25")
    for answers, stays in (((lost, known), True), ((known,), True), ((answer(HOST, "A"), known), False)):
        route = replace(found.route, hops=(replace(found.route.hops[0], answers=answers),))
        after = standing(at_host(seen(*EXPIRED)), look(replace(found, route=route), at=AT + HOUR))
        assert (("certificate-expired", FAIL) in opened(after)) is stays


def test_an_address_that_is_gone_takes_its_faults_along() -> None:
    after = standing(at_host(seen(*EXPIRED)), at_host(there(seen(*CHAIN)), at=AT + HOUR))
    assert after.episodes == ()
    assert {seen.address for seen in after.certificates} == {SECOND}


def test_an_address_beyond_the_limit_is_not_gone() -> None:
    found = evidence(there(seen(*CHAIN)))
    both = replace(found.route.hops[0], answers=(answer(HOST, "A", SECOND, ADDRESS),), omitted=1)
    cut = replace(found, route=replace(found.route, hops=(both,)))
    assert ("certificate-expired", FAIL) in opened(standing(at_host(seen(*EXPIRED)), look(cut, at=AT + HOUR)))


def test_an_address_that_the_user_took_out_is_gone() -> None:
    before = evidence(seen(*EXPIRED))
    given_address = Route(kind=RouteKind.ADDRESS, hops=(replace(before.route.hops[0], answers=()),))
    now = evidence(there(seen(*CHAIN)))
    other = replace(now, route=Route(kind=RouteKind.ADDRESS, hops=(replace(now.route.hops[0], answers=()),)))
    assert standing(look(replace(before, route=given_address)), look(other)).episodes == ()


def test_a_route_whose_time_ran_out_closes_no_resolving() -> None:
    bad, cut = look(scenes()["no-such-domain"]), look(scenes()["resolve-cut-short"], at=AT + HOUR)
    assert ("name-not-found", FAIL) in opened(standing(bad, cut))
    assert standing(bad, cut, look(scenes()["dane-absent"], at=AT + DAY)).episodes == ()


def test_uneven_servers_are_even_when_all_were_looked_at() -> None:
    uneven = at_host(seen(*CHAIN), there(seen(*EXPIRED)))
    assert ("address-drift", WARN) in opened(standing(uneven))
    assert ("address-drift", WARN) in opened(standing(uneven, at_host(seen(*CHAIN), there(TIME_OUT))))
    assert ("address-drift", WARN) in opened(standing(uneven, at_host(seen(*CHAIN), there(UNTRIED))))
    assert standing(uneven, at_host(seen(*CHAIN), there(seen(*CHAIN)))).episodes == ()


def test_a_chain_that_was_cut_off_is_told_of_until_one_is_whole() -> None:
    cut = look(scenes()["chain-cut"])
    assert ("route-cut", WARN) in opened(standing(cut, at_host(TIME_OUT)))
    assert ("route-cut", WARN) not in opened(standing(cut, at_host(seen(*CHAIN))))


def test_a_harmless_difference_says_nothing_of_an_address_that_is_silent() -> None:
    third = "192.0.2.99"
    uneven = at_host(seen(*CHAIN), there(seen(*RENEWED)), there(seen(*EXPIRED), third))
    assert ("address-drift", WARN) in opened(standing(uneven))
    harmless = at_host(seen(*CHAIN), there(seen(*RENEWED)), there(TIME_OUT, third))
    assert ("address-drift", WARN) in opened(standing(uneven, harmless))
    mended = at_host(seen(*CHAIN), there(seen(*RENEWED)), there(seen(*CHAIN), third))
    assert standing(uneven, mended).episodes == ()


# Promises


def kept(found: Evidence, **changes: object) -> Evidence:
    return replace(found, **changes)  # type: ignore[arg-type]


def test_a_broken_promise_stays_while_nobody_can_look_it_up() -> None:
    bad = look(scenes()["dane-other-key"])
    assert opened(standing(bad)) == {("tlsa-invalid", FAIL)}
    for name in ("dane-tlsa-failed", "dane-not-validated", "dane-not-validated-none-seen", "dane-tlsa-bogus"):
        assert ("tlsa-invalid", FAIL) in opened(standing(bad, look(scenes()[name], at=AT + HOUR))), name
    for name in ("dane-honoured", "dane-absent", "dane-absent-unsigned"):
        assert standing(bad, look(scenes()[name], at=AT + HOUR)).episodes == (), name


def test_what_dane_demands_is_no_less_grave_while_dane_is_unknown() -> None:
    """Without DANE a missing STARTTLS is a WARN: that its record cannot be looked up eases nothing."""
    bad = scenes()["dane-without-starttls"]
    assert opened(standing(look(bad))) == {("starttls-not-supported", FAIL)}
    failing = replace(bad, route=promising(hop=host(outcome=Outcome.FAILED, detail="SERVFAIL")).route)
    after = standing(look(bad), look(failing, at=AT + HOUR))
    assert opened(after) == {("starttls-not-supported", FAIL), ("dane-lookup-failed", UNKNOWN)}
    assert one(after, "starttls-not-supported").seen == AT + HOUR
    without = replace(bad, route=promising(hop=host()).route)
    assert opened(standing(look(bad), look(without, at=AT + HOUR))) == {("starttls-not-supported", WARN)}


def test_what_a_policy_demands_is_no_less_grave_while_it_is_unknown() -> None:
    bad, unknown = scenes()["sts-host-misnamed-enforce"], scenes()["sts-record-unknown"].mta_sts
    assert ("certificate-host-mismatch", FAIL) in opened(standing(look(bad)))
    after = standing(look(bad), look(kept(bad, mta_sts=unknown), at=AT + HOUR))
    assert ("certificate-host-mismatch", FAIL) in opened(after)
    off = standing(look(bad), look(kept(bad, mta_sts=scenes()["sts-absent"].mta_sts), at=AT + HOUR))
    assert ("certificate-host-mismatch", WARN) in opened(off)
    # Here the certificate is good, and nothing is left to excuse it: it is known to be mended all the same, later.
    good = kept(scenes()["dane-absent"], mta_sts=unknown)
    assert ("certificate-host-mismatch", FAIL) in opened(standing(look(bad), look(good, at=AT + HOUR)))
    assert standing(look(bad), look(scenes()["sts-enforced"], at=AT + HOUR)).episodes == ()


def test_a_host_that_the_policy_lacks_stays_while_the_policy_is_unknown() -> None:
    bad = scenes()["sts-mx-not-covered-enforce"]
    after = standing(look(bad), look(kept(bad, mta_sts=scenes()["sts-record-unknown"].mta_sts), at=AT + HOUR))
    assert ("mx-not-in-policy", FAIL) in opened(after)
    gone = look(kept(bad, mta_sts=scenes()["sts-absent"].mta_sts), at=AT + HOUR)
    assert ("mx-not-in-policy", FAIL) not in opened(standing(look(bad), gone))


def test_dane_that_was_not_asked_for_in_time_is_no_dane_given_up() -> None:
    late = Failure(stage=Stage.RESOLVE, kind=Kind.TIMEOUT, detail="names were not resolved in 60 s")
    found = promising(seen(*EXPIRED), hop=replace(host(), tlsa=()))
    cut = look(replace(found, route=replace(found.route, failure=late)), at=AT + HOUR)
    assert cut.report.verdict is FAIL
    assert ("tlsa-invalid", FAIL) in opened(standing(look(scenes()["dane-other-key"]), cut))


def test_records_are_looked_at_whether_the_host_answers_or_not() -> None:
    records = host(tlsa(3, 1, 1, CHAIN[0]))
    after = standing(look(scenes()["dane-unusable"]), look(promising(TIME_OUT, hop=records), at=AT + HOUR))
    assert opened(after) == {("not-observed", UNKNOWN)}


STAYS = {
    "sts-web-expired": ("sts-webpki-invalid", ["sts-fetch-refused", "sts-fetch-timeout", "sts-record-unknown"]),
    "sts-policy-malformed": ("sts-policy-invalid", ["sts-fetch-refused", "sts-web-expired", "sts-record-unknown"]),
    "sts-fetch-refused": ("sts-policy-fetch-error", ["sts-record-unknown", "resolve-timeout"]),
    "sts-record-twice": ("sts-record-invalid", ["sts-record-unknown", "resolve-timeout"]),
    "sts-remembered-id-unchanged": ("sts-policy-id-unchanged", ["sts-fetch-refused", "sts-record-unknown"]),
    "tlsrpt-twice": ("tlsrpt-record-invalid", ["tlsrpt-unknown", "resolve-timeout"]),
    "dane-unusable": ("tlsa-unusable", ["dane-tlsa-failed", "resolve-timeout"]),
    "sts-mx-not-covered-enforce": ("mx-not-in-policy", ["resolve-timeout", "resolve-failed"]),
    "dnssec-bogus-mx": ("dnssec-invalid", ["resolve-timeout", "resolve-cut-short", "resolve-unreachable"]),
    "dane-tlsa-bogus": ("dnssec-invalid", ["dane-tlsa-failed", "dane-not-validated"]),
    "route-cut": ("route-cut", ["resolve-timeout", "resolve-cut-short"]),
    "null-mx": ("no-mail", ["resolve-timeout", "resolve-unreachable"]),
    "dnssec-bogus-host": ("dnssec-invalid", ["one-family-only", "resolve-timeout"]),
    "sts-remembered": ("sts-policy-remembered", ["sts-record-unknown", "resolve-timeout"]),
}
GOES = {
    "sts-web-expired": ["sts-fetch-not-found", "sts-enforced", "sts-absent", "sts-policy-malformed"],
    "sts-policy-malformed": ["sts-enforced", "sts-absent"],
    "sts-fetch-refused": ["sts-web-expired", "sts-policy-malformed", "sts-enforced", "sts-absent"],
    "sts-record-twice": ["sts-enforced", "sts-absent", "sts-fetch-refused"],
    "sts-remembered-id-unchanged": ["sts-enforced", "sts-absent"],
    "tlsrpt-twice": ["tlsrpt-valid", "tlsrpt-absent", "dane-absent"],
    "dane-unusable": ["dane-honoured", "dane-absent"],
    "sts-mx-not-covered-enforce": ["sts-enforced"],
    "dnssec-bogus-mx": ["dane-absent"],
    "dane-tlsa-bogus": ["dane-honoured", "dane-absent"],
    "route-cut": ["dane-absent"],
    "null-mx": ["dane-absent"],
    "dnssec-bogus-host": ["dane-absent"],
    "sts-remembered": ["sts-fetch-refused", "sts-enforced", "sts-absent"],
}
EXPECTING = {"null-mx": Standard(name=HOST)}


def pairs(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, then) for name, others in table.items() for then in others]


@pytest.mark.parametrize(("name", "then"), pairs({name: others for name, (_, others) in STAYS.items()}))
def test_a_fault_stays_while_its_lookup_is_unknown(name: str, then: str) -> None:
    code = STAYS[name][0]
    before = stand(None, look(scenes()[name], standard=EXPECTING.get(name, Standard())))
    assert code in {episode.code for episode in before.episodes}
    assert code in {episode.code for episode in stand(before, look(scenes()[then], at=AT + HOUR)).episodes}


@pytest.mark.parametrize(("name", "then"), pairs(GOES))
def test_a_fault_goes_with_a_look_at_its_place(name: str, then: str) -> None:
    code = STAYS[name][0]
    before = stand(None, look(scenes()[name], standard=EXPECTING.get(name, Standard())))
    assert code not in {episode.code for episode in stand(before, look(scenes()[then], at=AT + HOUR)).episodes}


@pytest.mark.parametrize("field", ["dane", "mta_sts", "tlsrpt"])
def test_what_is_required_stays_required_while_it_is_unknown(field: str) -> None:
    standard = Standard(**{field: Want.REQUIRE})  # type: ignore[arg-type]
    bad = {"dane": "dane-absent", "mta_sts": "sts-absent", "tlsrpt": "tlsrpt-absent"}[field]
    unknown = {"dane": "dane-tlsa-failed", "mta_sts": "sts-record-unknown", "tlsrpt": "tlsrpt-unknown"}[field]
    good = {"dane": "dane-honoured", "mta_sts": "sts-enforced", "tlsrpt": "tlsrpt-valid"}[field]
    code = {"dane": "dane-required", "mta_sts": "sts-required", "tlsrpt": "tlsrpt-required"}[field]

    def at(name: str) -> Look:
        return look(scenes()[name], standard=standard)

    assert (code, FAIL) in opened(standing(at(bad)))
    assert (code, FAIL) in opened(standing(at(bad), at(unknown), at("resolve-timeout")))
    assert code not in {found for found, _ in opened(standing(at(bad), at(unknown), at(good)))}


def test_a_promise_that_is_no_longer_wanted_leaves_no_fault() -> None:
    for name in ("dane-other-key", "sts-policy-malformed", "sts-record-twice", "sts-fetch-refused", "tlsrpt-twice"):
        off = Standard(dane=Want.OFF, mta_sts=Want.OFF, tlsrpt=Want.OFF)
        plain = kept(scenes()[name], mta_sts=None, tlsrpt=None)
        assert standing(look(scenes()[name]), look(plain, standard=off, at=AT + HOUR)).episodes == (), name


def test_one_obstacle_of_dane_takes_the_place_of_the_other() -> None:
    after = standing(look(scenes()["dane-tlsa-failed"]), look(scenes()["dane-not-validated"], at=AT + HOUR))
    assert opened(after) == {("dane-not-validated", UNKNOWN)}


def test_a_policy_host_s_certificate_is_looked_at_with_the_policy() -> None:
    soon = leaf("CN=mta-sts.contoso.com", ISSUING, ("mta-sts.contoso.com",), until=AT + 3 * DAY)
    asked = policy(None, fetched(response(TESTING), soon.der, ISSUING.der))
    before = stand(None, look(kept(scenes()["dane-absent"], mta_sts=asked)))
    assert opened(before) == {("certificate-expires-soon", WARN)}
    for name in ("sts-fetch-refused", "sts-record-unknown"):
        assert ("certificate-expires-soon", WARN) in opened(stand(before, look(scenes()[name], at=AT + HOUR)))
    for name in ("sts-enforced", "sts-absent"):
        assert stand(before, look(scenes()[name], at=AT + HOUR)).episodes == ()


def test_a_second_certificate_is_looked_at_with_a_narrower_offer() -> None:
    bad = scenes()["dane-second-certificate"]
    before = stand(None, look(bad))
    assert {(episode.code, dict(episode.facts).get("seen")) for episode in before.episodes} >= {
        ("tlsa-invalid", "to clients that offer RSA alone")
    }
    other = bad.alternatives[0]
    stalled = replace(failed(Stage.CONNECT, Kind.TIMEOUT), endpoint=other.endpoint)
    refused = replace(failed(Stage.HANDSHAKE, Kind.ALERT, "handshake failure"), endpoint=other.endpoint)
    assert opened(stand(before, look(kept(bad, alternatives=(stalled,))))) == opened(before)
    assert stand(before, look(kept(bad, alternatives=(refused,)))).episodes == ()
    assert {seen.offer for seen in before.certificates} == {"", "rsa"}


def test_what_exports_tell_of_a_silent_endpoint_waits_for_all_of_them() -> None:
    one_look = look(scenes()["starttls-not-offered"])
    told = replace(
        one_look.report.findings[0],
        code="connector-name-finds-nothing",
        where=Where(kind="connector", name="EX01\\Default"),
    )
    before = stand(None, replace(one_look, report=replace(one_look.report, findings=(*one_look.report.findings, told))))
    assert "connector-name-finds-nothing" in {code for code, _ in opened(stand(before, at_host(BUSY)))}
    assert "connector-name-finds-nothing" in {code for code, _ in opened(stand(before, look(unresolved())))}
    assert stand(before, at_host(seen(*CHAIN))).episodes == ()


# Clocks


def test_a_clock_set_back_a_little_stands_still() -> None:
    before = standing(at_host(seen(*EXPIRED)), at_host(seen(*EXPIRED), at=AT + HOUR))
    after = stand(before, at_host(seen(*RENEWED), at=AT))
    assert after.at == after.since == AT + HOUR
    assert stand(before, at_host(TIME_OUT, at=AT)).episodes[-1].began == AT + HOUR


def test_a_clock_that_was_far_ahead_is_not_waited_for() -> None:
    ahead = standing(at_host(seen(*CHAIN), at=AT + 300 * DAY), at_host(seen(*EXPIRED), at=AT + 300 * DAY))
    after = stand(ahead, moved(at_host(seen(*EXPIRED)), AT))
    assert after.at == AT
    assert all(max(one.began, one.changed, one.seen) <= AT for one in after.episodes)
    assert max(after.since, *(seen.last for seen in after.certificates)) <= AT


# Certificates and endpoints


def test_certificates_are_remembered_by_endpoint() -> None:
    (leaf_seen,) = stand(None, at_host(seen(*CHAIN))).certificates
    assert (leaf_seen.host, leaf_seen.address, leaf_seen.port, leaf_seen.names[0]) == (HOST, ADDRESS, 25, HOST)
    assert leaf_seen.issuer.startswith("CN=")
    assert "," in leaf_seen.issuer
    assert leaf_seen.ends == min(leaf_seen.not_after, leaf_seen.ends)  # type: ignore[type-var]
    assert (leaf_seen.first, leaf_seen.last) == (AT, AT)
    later = standing(at_host(seen(*CHAIN)), at_host(seen(*CHAIN), at=AT + HOUR)).certificates
    assert [(one.first, one.last) for one in later] == [(AT, AT + HOUR)]


def test_other_leaves_are_remembered_for_seven_days() -> None:
    first, second = at_host(seen(*CHAIN)), at_host(seen(*RENEWED), at=AT + 6 * DAY)
    assert [one.last for one in standing(first, second).certificates] == [AT + 6 * DAY, AT]
    third = at_host(seen(*RENEWED), at=AT + 8 * DAY)
    assert [one.last for one in standing(first, second, third).certificates] == [AT + 8 * DAY]


def test_an_endpoint_that_is_silent_for_long_keeps_its_last_leaf() -> None:
    after = standing(at_host(seen(*CHAIN)), at_host(TIME_OUT, at=AT + 30 * DAY))
    assert [one.last for one in after.certificates] == [AT]


def test_a_second_certificate_that_is_gone_is_forgotten_after_a_week() -> None:
    both, single = scenes()["dane-second-certificate"], scenes()["dane-honoured"]
    soon = standing(look(both), look(single, at=AT + DAY))
    late = standing(look(both), look(single, at=AT + 8 * DAY))
    assert {one.offer for one in soon.certificates} == {"", "rsa"}
    assert {one.offer for one in late.certificates} == {""}


def test_a_leaf_is_noted_once() -> None:
    found = replace(evidence(seen(*CHAIN), seen(*CHAIN)), alternatives=(seen(*CHAIN),))
    rsa = replace(found.alternatives[0], endpoint=replace(found.alternatives[0].endpoint, offer="rsa"))
    assert len(standing(look(replace(found, alternatives=(rsa,)))).certificates) == 1


def test_an_unreadable_leaf_has_its_digests() -> None:
    (one_leaf,) = stand(None, at_host(seen(b"rubbish"))).certificates
    assert (len(one_leaf.sha1), len(one_leaf.sha256), one_leaf.subject, one_leaf.not_after) == (40, 64, "", None)


def test_names_are_escaped_as_rfc_4514_has_it() -> None:
    made = leaf('CN=\\#a\\, \\"b\\"\\; c', ISSUING, (HOST,))
    (one_leaf,) = stand(None, at_host(seen(made.der))).certificates
    assert one_leaf.subject == 'CN=\\#a\\, \\"b\\"\\; c'


@pytest.mark.parametrize(
    ("issuer", "said"),
    [
        ("CN=R11,O=Fabrikam Trust,C=GB", "fabrikam trust"),
        ("CN=EX01", "ex01"),
        ("O=Fabrikam\\, Inc.,C=US", "fabrikam, inc."),
        ("", ""),
        ("no name at all", "no name at all"),
    ],
)
def test_the_issuer_s_organisation(issuer: str, said: str) -> None:
    assert organisation(issuer) == said


def test_endpoints_are_those_of_the_last_look() -> None:
    after = stand(None, at_host(seen(*CHAIN), TIME_OUT, there(BUSY), there(UNTRIED, "192.0.2.99")))
    first, busy, untried = after.endpoints
    assert (first.address, first.version, first.failure) == (ADDRESS, "TLSv1.3", "")
    assert first.seconds["connect"] > 0
    assert (busy.version, busy.failure) == (None, "dialogue: rejected: 421 4.3.2 Too busy, try again later")
    assert untried.failure == "the time ran out before its turn"


# The policy


def test_the_policy_in_force_is_remembered_since_it_is_the_one() -> None:
    enforced, unknown = look(scenes()["sts-enforced"]), look(scenes()["sts-record-unknown"], at=AT + HOUR)
    found = standing(enforced).policy
    assert found
    assert (found.mode, found.mx, found.first) == ("enforce", (HOST,), AT)
    assert standing(enforced, unknown).policy == found
    assert standing(enforced, moved(enforced, AT + DAY)).policy == found
    none = standing(enforced, look(scenes()["sts-absent"], at=AT + DAY)).policy
    assert none
    assert (none.mode, none.first) == (None, AT + DAY)
    assert standing(look(scenes()["dane-absent"])).policy is None


# Laws, over whatever the fixtures hold

NAMES = sorted(scenes())
STANDARDS = (Standard(), Standard(name=HOST), Standard(dane=Want.REQUIRE, mta_sts=Want.REQUIRE, tlsrpt=Want.REQUIRE))


def as_one_target(one_look: Look) -> Look:
    """All looks at one target, though their evidence is of several."""
    target = all_looks()["healthy"].report.target
    return replace(one_look, report=replace(one_look.report, target=target))


SEQUENCES = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(STANDARDS), st.integers(-3 * 86400, 9 * 86400)),
    min_size=1,
    max_size=8,
)


def replayed(steps: list[tuple[str, Standard, int]]) -> Iterator[tuple[Standing | None, Look, Standing]]:
    found, at = None, AT
    for name, standard, seconds in steps:
        at += timedelta(seconds=seconds)
        one_look = moved(as_one_target(all_looks(standard)[name]), at)
        after = stand(found, one_look)
        yield found, one_look, after
        found = after


@settings(max_examples=80, deadline=None)
@given(SEQUENCES)
def test_standings_are_sound(steps: list[tuple[str, Standard, int]]) -> None:
    for before, one_look, after in replayed(steps):
        keys = [episode.key for episode in after.episodes]
        assert len(keys) == len(set(keys))
        for episode in after.episodes:
            assert episode.verdict is not OK
            assert episode.began <= episode.changed <= after.at
            assert episode.began <= episode.seen <= after.at
            assert episode.verdict.gravity <= after.verdict.gravity
        for seen_leaf in after.certificates:
            assert seen_leaf.first <= seen_leaf.last <= after.at
        assert after.since <= after.at
        assert after.verdict.gravity >= one_look.report.verdict.gravity
        found = {(finding.code, finding.where) for finding in one_look.report.findings if finding.verdict is not OK}
        assert found <= {(episode.code, episode.where) for episode in after.episodes}
        if before and before.at - one_look.report.at < DAY:
            assert after.at >= before.at
        assert (
            replace(stand(after, replace(one_look, report=replace(one_look.report, at=after.at))), since=after.since)
            == after
        )


def was_reached(episode: Episode, report: Report) -> bool:
    """An oracle of its own, cruder than the code: whether the place of the fault was seen at all, or is known to be
    gone."""
    route, where, found = report.evidence.route, episode.where, report.evidence
    resolved = route.failure is None and all(answer.outcome.known for answer in route.answers)
    hosts = {hop.host: hop for hop in route.hops}
    if where.host and where.host in hosts:
        hop = hosts[where.host]
        names = all(answer.outcome.known for answer in hop.answers)
        if where.address and where.address not in hop.addresses:
            return all(answer.outcome.known for answer in hop.answers if answer.question.rtype == "A")
        if where.kind == "host":
            return names
        if where.kind == "record":
            return all(answer.outcome.known for answer in hop.tlsa)
        return any(
            one.attempted and (one.session or one.chain or (one.failure and one.failure.stage is not Stage.CONNECT))
            for one in found.observations
            if (one.endpoint.host, one.endpoint.address) == (where.host, where.address)
        )
    if where.kind == "policy" or episode.code.startswith("sts-"):
        return bool(found.mta_sts and found.mta_sts.txt.outcome.known)
    if episode.code.startswith("tlsrpt-"):
        return bool(found.tlsrpt and found.tlsrpt.outcome.known)
    return resolved


@pytest.mark.parametrize("standard", STANDARDS, ids=["plain", "named", "required"])
def test_no_unknown_look_closes_what_it_did_not_reach(standard: Standard) -> None:
    closed = 0
    for bad in all_looks(standard).values():
        before = stand(None, bad)
        for blind in all_looks(standard).values():
            if blind.report.verdict is not UNKNOWN or not same_target(before, blind.report):
                continue
            still = {episode.key for episode in stand(before, moved(blind, AT + HOUR)).episodes}
            for episode in before.episodes:
                if episode.key not in still and episode.verdict in (FAIL, WARN):
                    closed += 1
                    assert was_reached(episode, blind.report), (episode, blind.report.findings)
    assert closed


def test_only_unknown_findings_clear_nothing_of_what_is_still_there() -> None:
    """A report that holds nothing but UNKNOWN: whatever DNS still leads to stays as it was."""
    for blind in all_looks().values():
        if {finding.verdict for finding in blind.report.findings} != {UNKNOWN}:
            continue
        addresses = {address for hop in blind.report.evidence.route.hops for address in hop.addresses}
        for bad in all_looks().values():
            before = stand(None, bad)
            if not same_target(before, blind.report):
                continue
            after = {episode.key: episode.verdict for episode in stand(before, moved(blind, AT + HOUR)).episodes}
            for episode in before.episodes:
                if episode.verdict is FAIL and episode.where.address in addresses:
                    assert after[episode.key] is FAIL
