"""What changed between two standings, what of it is told, and what a certificate's or a policy's change comes to."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.certificates import leaf, sample
from fixtures.promised import ENFORCE, ID, TESTING, fetched, policy, record, response
from fixtures.promised import domain as promising
from fixtures.promised import host as mail_host
from fixtures.scenes import ISSUING, scenes
from probe.judge.catalogue import CATALOGUE
from probe.judge.dn import parse_identity
from probe.judge.standard import Standard
from probe.model import Kind, Observation, Stage, Verdict, Where
from probe.model.duty import Became, Change, Look, Standing
from probe.state.changes import changes, tell
from probe.state.standing import stand
from tests.looks import (
    ADDRESS,
    AT,
    BUSY,
    CHAIN,
    DAY,
    EXPIRED,
    FOREIGN,
    HOST,
    HOUR,
    NARROW,
    RENEWED,
    SECOND,
    THIRD,
    TIME_OUT,
    all_looks,
    at_host,
    evidence,
    failed,
    look,
    moved,
    seen,
    standing,
    there,
)

OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
A_DAY = 86400.0


def sha1(chain: tuple[bytes, ...]) -> str:
    return standing(at_host(seen(*chain))).certificates[0].sha1


def told(found: tuple[Change, ...]) -> list[tuple[Became, str, Verdict | None, Verdict]]:
    return [(change.kind, change.code, change.before, change.verdict) for change in found]


def between(*looks: Look, expected: tuple[str, ...] = ()) -> tuple[Change, ...]:
    """What the last of these looks changed."""
    return changes(standing(*looks[:-1]), standing(*looks), expected)


# Faults


def test_a_fault_appears_and_is_cleared() -> None:
    bad, good = at_host(seen(*EXPIRED)), at_host(seen(*CHAIN))
    assert told(changes(None, standing(bad))) == [(Became.APPEARED, "certificate-expired", None, FAIL)]
    (gone,) = (one for one in between(bad, moved(good, AT + HOUR)) if one.kind is not Became.CERTIFICATE)
    assert (gone.kind, gone.before, gone.verdict) == (Became.CLEARED, FAIL, OK)
    assert (gone.since, gone.at, gone.key) == (AT, AT + HOUR, standing(bad).episodes[0].key)
    assert dict(gone.facts)["subject"] == f"CN={HOST}"


def test_a_fault_eases_and_worsens() -> None:
    refused = failed(Stage.CONNECT, Kind.REFUSED, "Connection refused")
    looks = [at_host(refused), at_host(refused, there(seen(*CHAIN)), at=AT + HOUR)]
    assert told(between(*looks)) == [(Became.EASED, "not-observed", UNKNOWN, WARN)]
    worse = between(*looks[::-1])
    assert told(worse) == [(Became.WORSENED, "not-observed", WARN, UNKNOWN)]
    assert worse[0].key == between(*looks)[0].key


def test_another_cause_of_the_same_gravity_is_no_news() -> None:
    slow = failed(Stage.DIALOGUE, Kind.TIMEOUT, "no whole reply within 30 s")
    assert between(at_host(TIME_OUT), at_host(slow, at=AT + HOUR)) == ()


def test_a_fail_that_turns_unknown_is_no_news() -> None:
    bad = at_host(failed(Stage.HANDSHAKE, Kind.CLOSED, "reset"))
    assert between(bad, at_host(TIME_OUT, at=AT + HOUR)) == ()


def test_what_came_back_appears_again() -> None:
    bad, good = at_host(seen(*EXPIRED)), at_host(seen(*CHAIN), at=AT + HOUR)
    again = between(bad, good, at_host(seen(*EXPIRED), at=AT + DAY))
    assert told(again) == [(Became.APPEARED, "certificate-expired", None, FAIL)]
    assert again[0].since == AT + DAY


def test_the_gravest_comes_first() -> None:
    found = changes(None, standing(look(scenes()["drift"])))
    assert [change.verdict for change in found] == [FAIL, WARN]


def test_a_target_pointed_elsewhere_clears_what_was_open_and_compares_nothing() -> None:
    before = standing(at_host(seen(*EXPIRED)))
    after = stand(before, look(evidence(seen(*FOREIGN), given=f"smtps://{HOST}"), at=AT + HOUR))
    kinds = {change.kind for change in changes(before, after)}
    assert kinds == {Became.CLEARED, Became.APPEARED}


# What is told


def test_what_is_told_is_noted_with_the_fault() -> None:
    news, after = tell(None, standing(at_host(seen(*EXPIRED))), A_DAY)
    assert told(news) == [(Became.APPEARED, "certificate-expired", None, FAIL)]
    assert [episode.told for episode in after.episodes] == [AT]


def days_of_fail(*days: float, remind: float | None = A_DAY) -> list[list[Became]]:
    """What is told of an expired certificate at looks on these days."""
    before, last, said = None, None, []
    for day in days:
        before = stand(before, at_host(seen(*EXPIRED), at=AT + day * DAY))
        news, last = tell(last, before, remind)
        said.append([change.kind for change in news])
    return said


def test_a_fail_that_stays_is_told_again_once_in_a_while() -> None:
    once, again, nothing = [Became.APPEARED], [Became.REMINDER], list[Became]()
    assert days_of_fail(0, 0.5, 0.9, 1, 1.5, 2, 9) == [once, nothing, nothing, again, nothing, again, again]
    assert days_of_fail(0, 1, 9, remind=None) == [once, nothing, nothing]


def test_a_reminder_says_since_when() -> None:
    before = standing(at_host(seen(*EXPIRED)))
    _, last = tell(None, before, A_DAY)
    ((reminder,), _) = tell(last, stand(before, at_host(seen(*EXPIRED), at=AT + 3 * DAY)), A_DAY)
    assert (reminder.kind, reminder.verdict, reminder.before) == (Became.REMINDER, FAIL, FAIL)
    assert (reminder.since, reminder.at, reminder.key) == (AT, AT + 3 * DAY, before.episodes[0].key)


def test_of_what_is_no_fail_nobody_is_reminded() -> None:
    for found in (at_host(TIME_OUT), look(scenes()["self-signed"])):
        _, last = tell(None, standing(found), A_DAY)
        assert tell(last, standing(found, moved(found, AT + 5 * DAY)), A_DAY)[0] == ()


def test_nobody_is_reminded_of_what_is_news() -> None:
    refused, closed = failed(Stage.CONNECT, Kind.REFUSED, "refused"), failed(Stage.HANDSHAKE, Kind.CLOSED, "reset")
    first, second = at_host(refused, there(seen(*CHAIN))), at_host(closed, there(seen(*CHAIN)), at=AT + 5 * DAY)
    _, last = tell(None, standing(first), A_DAY)
    assert told(tell(last, standing(first, second), A_DAY)[0]) == [(Became.WORSENED, "not-observed", WARN, FAIL)]


def test_clocks_that_jump_remind_nobody_twice() -> None:
    once, nothing = [Became.APPEARED], list[Became]()
    assert days_of_fail(0, -0.5, 0.2, -0.9) == [once, nothing, nothing, nothing]
    assert days_of_fail(300, 0, 0.5) == [once, nothing, nothing]
    assert days_of_fail(300, 0, 1.5) == [once, nothing, [Became.REMINDER]]


def test_what_a_mute_hid_is_told_afterwards_if_it_is_still_so() -> None:
    well = standing(at_host(seen(*CHAIN), there(seen(*CHAIN))))
    _, last = tell(None, well, A_DAY)
    bad = stand(well, at_host(seen(*CHAIN), there(seen(*EXPIRED)), at=AT + HOUR))
    worse = stand(bad, at_host(TIME_OUT, there(seen(*EXPIRED)), at=AT + 2 * HOUR))
    after = stand(worse, at_host(seen(*CHAIN), there(seen(*EXPIRED)), at=AT + 3 * HOUR))
    news, _ = tell(last, after, A_DAY)
    assert {(change.kind, change.code) for change in news} == {
        (Became.APPEARED, "certificate-expired"),
        (Became.APPEARED, "address-drift"),
        (Became.CERTIFICATE, "certificate-changed"),
    }
    assert {change.since for change in news} == {AT + HOUR}


def test_what_came_and_went_in_a_mute_is_not_told() -> None:
    well = standing(at_host(seen(*CHAIN)))
    _, last = tell(None, well, A_DAY)
    bad = stand(well, at_host(seen(*EXPIRED), at=AT + HOUR))
    assert tell(last, stand(bad, at_host(seen(*CHAIN), at=AT + 2 * HOUR)), A_DAY)[0] == ()


# Certificates


def certificate(
    *looks: Look, expected: tuple[str, ...] = (), kind: Became = Became.CERTIFICATE
) -> list[tuple[str | None, Verdict]]:
    return [(found.cause, found.verdict) for found in between(*looks, expected=expected) if found.kind is kind]


@pytest.mark.parametrize(
    ("before", "after", "cause", "verdict"),
    [
        (RENEWED, THIRD, "renewed", OK),
        (RENEWED, CHAIN, "renewed", OK),  # a name more
        (CHAIN, RENEWED, "names-changed", WARN),  # and one less
        (RENEWED, FOREIGN, "issuer-changed", WARN),
        (RENEWED, NARROW, "names-changed", WARN),
        (RENEWED, (b"rubbish",), "names-and-issuer-changed", WARN),
        ((b"rubbish",), RENEWED, "names-and-issuer-changed", WARN),
        ((sample("selfsigned"),), (sample("selfsigned"),), None, OK),
    ],
)
def test_a_new_certificate_is_compared_with_the_old_one(
    before: tuple[bytes, ...], after: tuple[bytes, ...], cause: str | None, verdict: Verdict
) -> None:
    found = certificate(at_host(seen(*before)), at_host(seen(*after), at=AT + HOUR))
    assert found == ([(cause, verdict)] if cause else [])


def test_a_certificate_of_fewer_names_says_which_are_lost() -> None:
    (change,) = (
        one for one in between(at_host(seen(*RENEWED)), at_host(seen(*NARROW))) if one.kind is Became.CERTIFICATE
    )
    facts = dict(change.facts)
    assert facts["lost"] == HOST
    assert facts["before"] == sha1(RENEWED).upper()
    assert facts["after"] == sha1(NARROW).upper()
    assert facts["subject"] == "CN=other.contoso.com"
    assert facts["not_after"] == "2027-03-23 23:59:59 UTC"
    assert change.where == Where(kind="endpoint", host=HOST, address=ADDRESS, port=25)


def test_an_expected_certificate_is_a_note_and_another_is_none() -> None:
    for digest in (sha1(FOREIGN), standing(at_host(seen(*FOREIGN))).certificates[0].sha256):
        both = (sha1(CHAIN), digest)
        looks = at_host(seen(*CHAIN), expected=both), at_host(seen(*FOREIGN), at=AT + HOUR, expected=both)
        assert certificate(*looks, expected=both) == [("expected", OK)]
    only = (sha1(CHAIN),)
    looks = at_host(seen(*CHAIN), expected=only), at_host(seen(*RENEWED), at=AT + HOUR, expected=only)
    assert certificate(*looks, expected=only) == [("not-expected", FAIL)]


def test_the_judge_s_word_on_a_certificate_goes_before_its_likeness() -> None:
    """Expected by issuer and subject: no thumbprint is known, and the judge says that it is another."""
    named = Standard(identity=parse_identity(f"<I>x=1<S>CN={HOST}"))
    looks = look(evidence(seen(*CHAIN)), standard=named), look(evidence(seen(*RENEWED)), standard=named, at=AT + HOUR)
    assert certificate(*looks) == [("not-expected", FAIL)]


def test_the_first_sight_is_no_change() -> None:
    assert certificate(at_host(TIME_OUT), at_host(seen(*CHAIN), at=AT + HOUR)) == []
    assert certificate(at_host(seen(*CHAIN)), at_host(seen(*CHAIN), there(seen(*FOREIGN)), at=AT + HOUR)) == []


def test_a_host_that_moved_is_compared_with_itself() -> None:
    moved_away = at_host(there(seen(*FOREIGN)), at=AT + HOUR)
    assert certificate(at_host(seen(*RENEWED)), moved_away) == [("issuer-changed", WARN)]


def test_an_endpoint_that_nobody_saw_is_compared_with_when_it_was_seen() -> None:
    looks = at_host(seen(*RENEWED)), at_host(BUSY, at=AT + 30 * DAY)
    assert certificate(*looks) == []
    assert certificate(*looks, at_host(seen(*THIRD), at=AT + 31 * DAY)) == [("renewed", OK)]


def test_a_renewal_at_several_addresses_is_one_change_at_the_host() -> None:
    before = at_host(seen(*RENEWED), there(seen(*RENEWED)))
    found = between(before, at_host(seen(*THIRD), there(seen(*THIRD)), at=AT + HOUR))
    assert [change.where for change in found] == [Where(kind="host", host=HOST)]
    one_of_them = between(before, at_host(seen(*RENEWED), there(seen(*THIRD)), at=AT + HOUR))
    assert [change.where.address for change in one_of_them] == [SECOND]


def test_two_servers_behind_one_address_are_no_news_each_time() -> None:
    by_turns = [at_host(seen(*(RENEWED, THIRD)[day % 2]), at=AT + day * DAY) for day in range(9)]
    assert [len(certificate(*by_turns[: day + 1])) for day in range(1, 9)] == [1, 0, 0, 0, 0, 0, 0, 0]
    late = at_host(seen(*RENEWED), at=AT + 9 * DAY)
    assert len(certificate(by_turns[0], by_turns[1], moved(by_turns[1], AT + 8 * DAY), late)) == 1


def test_a_renewal_that_is_taken_back_is_news() -> None:
    """The old leaf was seen a day ago; a balancer would have shown it since."""
    later = [AT + DAY + number * HOUR / 12 for number in range(12)]
    looks = [at_host(seen(*THIRD), at=at) for at in (AT + HOUR, *later)]
    back = at_host(seen(*RENEWED), at=AT + DAY + HOUR)
    assert len(certificate(at_host(seen(*RENEWED)), *looks, back)) == 1
    turns = [at_host(seen(*(RENEWED, THIRD)[number % 2]), at=AT + number * HOUR / 12) for number in range(20)]
    assert not certificate(*turns)


def test_of_several_earlier_ones_the_one_that_is_gone_gave_way() -> None:
    before = at_host(seen(*RENEWED), seen(*THIRD))
    changed = [one for one in between(before, at_host(seen(*RENEWED), seen(*NARROW))) if one.kind is Became.CERTIFICATE]
    assert [dict(one.facts)["before"] for one in changed] == [sha1(THIRD).upper()]


def test_each_certificate_is_news_of_its_own() -> None:
    first = between(at_host(seen(*RENEWED)), at_host(seen(*THIRD)))
    second = between(at_host(seen(*THIRD)), at_host(seen(*RENEWED)))
    assert first[0].key != second[0].key


# The policy


WEB = (leaf("CN=mta-sts.contoso.com", ISSUING, ("mta-sts.contoso.com",)).der, ISSUING.der)


def under(body: str, ident: str = ID) -> Look:
    asked = policy(record(f"v=STSv1; id={ident};"), fetched(response(body), *WEB))
    return look(replace(promising(seen(*CHAIN), hop=mail_host(secure=None), mx_secure=None), mta_sts=asked))


NONE = f"version: STSv1\r\nmode: none\r\nmx: {HOST}\r\nmax_age: 604800\r\n"
LONGER = ENFORCE.replace("604800", "1209600")


@pytest.mark.parametrize(
    ("before", "after", "cause", "verdict"),
    [
        (ENFORCE, TESTING, "weakened", WARN),
        (ENFORCE, NONE, "weakened", WARN),
        (ENFORCE, "", "weakened", WARN),
        (TESTING, NONE, "weakened", OK),
        (TESTING, ENFORCE, "edited", OK),
        (ENFORCE, LONGER, "edited", OK),
        ("", ENFORCE, "published", OK),
    ],
)
def test_a_policy_that_protects_less_is_a_warning(before: str, after: str, cause: str, verdict: Verdict) -> None:
    first, second = (under(body) if body else look(scenes()["sts-absent"]) for body in (before, after))
    found = [change for change in between(first, moved(second, AT + HOUR)) if change.kind is Became.POLICY]
    assert [(change.cause, change.verdict) for change in found] == [(cause, verdict)]
    assert found[0].where == Where(kind="policy")
    assert "mode enforce" in " ".join(value for _, value in found[0].facts) or TESTING in (before, after)


def test_a_policy_that_could_not_be_looked_up_has_not_changed() -> None:
    enforced, unknown = under(ENFORCE), look(scenes()["sts-record-unknown"], at=AT + HOUR)
    assert not [one for one in between(enforced, unknown) if one.kind is Became.POLICY]
    back = between(enforced, unknown, moved(under(TESTING), AT + DAY))
    assert [one.verdict for one in back if one.kind is Became.POLICY] == [WARN]
    assert not [one for one in between(enforced, moved(under(ENFORCE), AT + DAY)) if one.kind is Became.POLICY]
    assert not [one for one in between(look(scenes()["dane-absent"]), enforced) if one.kind is Became.POLICY]


def test_a_new_id_alone_is_no_other_policy() -> None:
    first, second = under(ENFORCE), moved(under(ENFORCE, "2"), AT + HOUR)
    assert between(first, second) == ()
    found = standing(first, second).policy
    assert found
    assert (found.id, found.first) == ("2", AT)


def test_a_remembered_policy_counts_as_long_as_it_lives() -> None:
    remembered = look(scenes()["sts-fetch-failed-remembered"], at=AT + HOUR)
    assert not [one for one in between(under(ENFORCE), remembered) if one.kind is Became.POLICY]


# Laws

NAMES = sorted(scenes())
STEPS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(-3 * 86400, 9 * 86400), st.booleans()), min_size=1, max_size=8
)


def replayed(steps: list[tuple[str, int, bool]]) -> Iterator[tuple[Standing | None, Standing, bool]]:
    """The standings, and whether the target is muted: looks at whatever the fixtures hold, at whatever times."""
    found, at, target = None, AT, all_looks()["healthy"].report.target
    for name, seconds, muted in steps:
        at += timedelta(seconds=seconds)
        one_look = moved(all_looks()[name], at)
        after = stand(found, replace(one_look, report=replace(one_look.report, target=target)))
        yield found, after, muted
        found = after


@settings(max_examples=80, deadline=None)
@given(STEPS)
def test_changes_are_the_difference(steps: list[tuple[str, int, bool]]) -> None:
    for before, after, _ in replayed(steps):
        assert changes(after, after) == ()
        found = changes(before, after)
        then = {episode.key for episode in before.episodes} if before else set()
        appeared = {change.key for change in found if change.kind is Became.APPEARED}
        cleared = {change.key for change in found if change.kind is Became.CLEARED}
        assert {episode.key for episode in after.episodes} == (then | appeared) - cleared
        assert appeared.isdisjoint(then)
        assert cleared <= then
        for change in found:
            assert change.code in CATALOGUE
            assert change.since <= change.at == after.at
            assert (change.verdict is OK) or change.kind is not Became.CLEARED
            assert (change.kind is Became.APPEARED) <= (change.before is None)
        assert [change.verdict.gravity for change in found] == sorted(
            (change.verdict.gravity for change in found), reverse=True
        )


@settings(max_examples=80, deadline=None)
@given(STEPS, st.sampled_from([None, 3600.0, A_DAY]))
def test_people_know_what_is_open_as_soon_as_no_mute_lasts(
    steps: list[tuple[str, int, bool]], remind: float | None
) -> None:
    last: Standing | None = None
    known: dict[str, Verdict] = {}
    reminded: dict[str, datetime] = {}
    for _, after, muted in replayed(steps):
        if muted:
            continue
        difference = changes(last, after)
        news, last = tell(last, after, remind)
        assert news[: len(difference)] == difference
        for change in news:
            if change.kind is Became.REMINDER:
                assert remind is not None
                assert known[change.key] is change.verdict is FAIL
                assert (after.at - reminded[change.key]).total_seconds() >= remind
            elif change.kind is Became.CLEARED:
                assert known.pop(change.key) is change.before
            elif change.kind not in (Became.CERTIFICATE, Became.POLICY):
                assert known.get(change.key) is change.before
                known[change.key] = change.verdict
            reminded[change.key] = after.at
        assert known == {episode.key: episode.verdict for episode in after.episodes}
        assert all(one.told is not None and one.told <= last.at for one in last.episodes)
        assert tell(last, after, remind)[0] == ()
        reminded = {key: min(at, after.at) for key, at in reminded.items()}


def test_a_mute_of_any_length_is_followed_by_exactly_the_difference() -> None:
    bodies: list[Observation] = [seen(*CHAIN), seen(*EXPIRED), TIME_OUT, BUSY, seen(*FOREIGN)]
    start = standing(at_host(seen(*CHAIN)))
    _, last = tell(None, start, None)
    now = start
    for day, one in enumerate(bodies * 2, 1):
        now = stand(now, at_host(one, at=AT + day * DAY))
        assert tell(last, now, None)[0] == changes(start, now)
