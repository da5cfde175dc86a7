"""Changes and open faults in words."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.scenes import scenes
from probe.judge.catalogue import CATALOGUE
from probe.model import Finding, Names, RuleBook, Verdict, Where
from probe.model.duty import Became, Change, Item
from probe.report.alerting import MOST_LINES, of_episode, told
from probe.state.changes import changes, tell
from probe.state.standing import stand
from tests import reports
from tests.looks import (
    ADDRESS,
    AT,
    DAY,
    EXPIRED,
    FOREIGN,
    HOST,
    HOUR,
    NARROW,
    RENEWED,
    SECOND,
    THIRD,
    all_looks,
    at_host,
    look,
    seen,
    standing,
    there,
)

OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


def change(code: str = "certificate-expired", kind: Became = Became.APPEARED, **changes: object) -> Change:
    """A change by hand."""
    found = Change(
        kind=kind,
        target="mail",
        key="0" * 16,
        code=code,
        where=reports.at(position=0),
        verdict=FAIL,
        since=AT,
        at=AT + HOUR,
        facts=(("days_ago", "3"), ("not_after", "2026-11-18 00:00:00 UTC"), ("subject", f"CN={HOST}")),
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def texts(item: Item) -> Iterator[str]:
    yield from (item.target, item.code, item.title, item.sentence, item.place, *item.remedy, *item.exchange)
    for key, value in item.facts.items():
        yield from (key, value)


# What it says


def test_a_fault_is_told_with_its_facts_and_its_remedy() -> None:
    item = told(change())
    assert item.title == "The certificate has expired"
    assert item.sentence == f"CN={HOST} expired 3 days ago, on 2026-11-18 00:00:00 UTC"
    assert item.place == f"{HOST} {ADDRESS}:25"
    assert (item.kind, item.verdict, item.before, item.since, item.at) == (Became.APPEARED, FAIL, None, AT, AT + HOUR)
    assert item.facts["subject"] == f"CN={HOST}"
    assert item.remedy[0].endswith((".", ":"))
    assert any(line.startswith("    ") for line in item.remedy)
    assert item.exchange[0].startswith("450 4.4.317 ")
    assert any(line.startswith("450 4.7.320") for line in item.exchange)


def test_the_host_that_the_target_is_goes_without_saying() -> None:
    assert told(change(), near=HOST).place == f"{ADDRESS}:25"
    assert told(change("sts-absent", where=Where(kind="target"))).place == ""


def test_what_is_over_says_for_how_long_it_was_and_nothing_of_remedies() -> None:
    since = AT - timedelta(days=3, hours=4)
    item = told(change(kind=Became.CLEARED, verdict=OK, before=FAIL, since=since, at=AT))
    assert item.sentence == "no longer so; it was for 3 days 4 h, since 2026-11-18 05:35 UTC"
    assert (item.title, item.before) == ("The certificate has expired", FAIL)
    assert (item.remedy, item.exchange) == ((), ())


def test_a_clock_that_jumped_makes_no_negative_time() -> None:
    item = told(change(kind=Became.CLEARED, verdict=OK, before=FAIL, since=AT + DAY, at=AT))
    assert "for 0 s" in item.sentence


def test_a_cause_has_its_own_words() -> None:
    facts = (("cause", "masked"), ("keywords", "XXXXXXXA"))
    item = told(change("starttls-not-supported", cause="masked", facts=facts, where=reports.at()))
    assert item.title == CATALOGUE["starttls-not-supported"].causes["masked"].title
    assert "XXXXXXXA" in item.sentence
    refused = (("detail", "Connection refused"), ("kind", "REFUSED"), ("stage", "CONNECT"))
    item = told(change("not-observed", cause="CONNECT/REFUSED", facts=refused, where=reports.at()))
    assert (item.title, item.sentence) == ("The connection was refused", "connecting was refused: Connection refused")


def test_blanks_of_a_remedy_are_filled_in() -> None:
    names = Names(servers=((("SERVER", "EX01"), ("RECEIVE-CONNECTOR", "EX01\\Default Frontend EX01")),))
    item = told(change("certificate-host-mismatch", names=names))
    assert any("'EX01'" in line for line in item.remedy)
    assert any(
        f"'{HOST}:25'" in line
        for line in told(change("connector-certificate-mismatch", facts=(("cause", "thumbprint-differs"),))).remedy
    )


def test_a_remedy_for_many_servers_is_cut_with_a_word() -> None:
    servers = tuple((("SERVER", f"EX{n:02}"), ("RECEIVE-CONNECTOR", f"EX{n:02}\\Default")) for n in range(32))
    remedy = told(change("certificate-host-mismatch", names=Names(servers=servers))).remedy
    assert len(remedy) == MOST_LINES + 1
    assert "probe explain certificate-host-mismatch" in remedy[-1]


def test_the_line_of_a_zone_comes_first() -> None:
    now = standing(look(scenes()["dane-other-key"]))
    item = of_episode(now, now.episodes[0])
    assert item.remedy[0] == "Publish this record:"
    assert item.remedy[1].startswith("    _25._tcp.mail.contoso.com. ")


def test_where_a_promise_is_at_stake_its_own_words_are_told() -> None:
    now = standing(look(scenes()["dane-without-starttls"]))
    assert [line[:7] for line in of_episode(now, now.episodes[0]).exchange] == ["4.7.321"]


def test_an_open_fault_reads_as_when_it_appeared() -> None:
    now = standing(at_host(seen(*EXPIRED)), at_host(seen(*EXPIRED), at=AT + DAY))
    (news,) = changes(None, now)
    item = of_episode(now, now.episodes[0])
    assert item == told(news, now.target.name, now)
    assert (item.since, item.at, item.key) == (AT, AT + DAY, now.episodes[0].key)


def test_whatever_is_wrong_at_an_endpoint_its_certificate_is_named_and_how_long_it_will_do() -> None:
    now = standing(at_host(seen(*EXPIRED)))
    (news,) = changes(None, now)
    facts, leaf = told(news, HOST, now).facts, now.certificates[0]
    assert facts["thumbprint"] == leaf.sha1.upper()
    assert leaf.not_after
    assert facts["days_left"] == str(int((leaf.not_after - news.at) / DAY))
    assert "thumbprint" not in told(replace(news, where=Where(kind="target")), HOST, now).facts


# Certificates and policies


def certificate(before: tuple[bytes, ...], after: tuple[bytes, ...], expected: tuple[str, ...] = ()) -> Item:
    then = standing(at_host(seen(*before), expected=expected))
    now = stand(then, at_host(seen(*after), at=AT + HOUR, expected=expected))
    return next(told(one) for one in changes(then, now, expected) if one.kind is Became.CERTIFICATE)


def test_a_renewal_is_told_with_both_thumbprints() -> None:
    before, after = (standing(at_host(seen(*chain))).certificates[0].sha1.upper() for chain in (RENEWED, THIRD))
    item = certificate(RENEWED, THIRD)
    assert (item.title, item.verdict) == ("The certificate was renewed", OK)
    assert item.sentence == f"{before} gave way to {after}; it is valid until 2027-03-23 23:59:59 UTC"
    assert item.facts["before_not_after"] == "2027-03-23 23:59:59 UTC"
    assert any(f"-Thumbprint '{after}'" in line for line in item.remedy)
    assert item.place == f"{HOST} {ADDRESS}:25"


def test_of_a_certificate_that_nobody_wants_no_command_makes_use() -> None:
    assert any("'<THUMBPRINT>'" in line for line in certificate(RENEWED, FOREIGN).remedy)


def test_what_makes_a_certificate_strange_is_told() -> None:
    assert "which is not for mail.contoso.com" in certificate(RENEWED, NARROW).sentence
    assert (
        "issued by CN=Fabrikam Other CA,O=Fabrikam Trust,C=GB and no longer by CN="
        in certificate(RENEWED, FOREIGN).sentence
    )
    assert "?" not in certificate(RENEWED, (b"rubbish",)).sentence
    assert "?" not in certificate((b"rubbish",), RENEWED).sentence


def test_a_certificate_at_several_addresses_is_told_of_the_host() -> None:
    then = standing(at_host(seen(*RENEWED), there(seen(*RENEWED))))
    (news,) = changes(then, stand(then, at_host(seen(*THIRD), there(seen(*THIRD)))))
    assert told(news).place == HOST
    assert SECOND not in told(news).place


def test_a_policy_is_told_as_it_was_and_as_it_is() -> None:
    then = standing(look(scenes()["sts-enforced"]))
    (news,) = changes(then, stand(then, look(scenes()["sts-testing"], at=AT + HOUR)))
    item = told(news)
    assert (item.title, item.verdict) == ("The MTA-STS policy protects less than before", WARN)
    terms = f"max_age 604800, mx {HOST}"
    assert item.sentence == f"before: mode enforce, {terms}; now: mode testing, {terms}"
    assert item.place == ""
    assert "    curl -si https://mta-sts.contoso.com/.well-known/mta-sts.txt" in item.remedy


# Whatever comes


@pytest.mark.parametrize("name", sorted(scenes()))
def test_every_fault_of_the_fixtures_has_its_words(name: str) -> None:
    now = stand(None, all_looks()[name])
    news, after = tell(None, now, None)
    for one in news:
        item = told(one)
        assert item.title != item.code
        assert item.sentence
        assert "?" not in item.sentence.replace("mta-sts.txt?", "")
        assert item.remedy
    for episode in after.episodes:
        assert of_episode(after, episode).title


@settings(max_examples=150, deadline=None)
@given(reports.findings(), st.sampled_from(Became), reports.HOSTILE)
def test_nothing_hostile_gets_through(found: Finding, kind: Became, target: str) -> None:
    made = Change(
        kind=kind,
        target=target,
        key="0" * 16,
        code=found.code,
        cause=found.fact("cause"),
        where=found.where,
        verdict=found.verdict,
        since=AT,
        at=AT,
        rule_book=found.rule_book,
        facts=found.facts,
        names=found.names,
    )
    item = told(made, HOST)
    for text in texts(item):
        assert text.isprintable()
        assert len(text) <= 3000


def test_what_a_newer_release_wrote_down_is_told_by_its_code() -> None:
    item = told(change("certificate-of-tomorrow", rule_book=RuleBook.RFC))
    assert (item.title, item.sentence, item.remedy) == ("certificate-of-tomorrow", "certificate-of-tomorrow", ())
    tomorrow = (("kind", "BORED"), ("stage", "PARTY"))
    assert told(change("not-observed", facts=tomorrow)).sentence == "not-observed"
    assert told(change("route-cut", facts=(("hosts_omitted", "many"),))).sentence == "route-cut"
