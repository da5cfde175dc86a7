"""`probe diff`: what is otherwise than it was, judged alike on both sides, and whether that is for the worse."""

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from fixtures.make import HERE
from probe import config
from probe.judge.judging import judge
from probe.judge.standard import Standard
from probe.model import (
    Answer,
    Evidence,
    Hop,
    Observation,
    Outcome,
    Question,
    Report,
    Verdict,
)
from probe.report.diff import Diff, render
from probe.report.diff_json import render as to_json
from probe.report.diff_json import schema
from probe.report.differences import Compared, compare
from probe.report.layout import plain
from tests.recalling import (
    NOW,
    ROOTS,
    Said,
    ago,
    data,
    remember,
    saved,
    say,
    seen,
    stopped_clock,  # noqa: F401 - a fixture
)

TRUSTED = config.anchors([ROOTS])
VALIDATOR = jsonschema.Draft202012Validator(schema())
HEALTHY = seen("healthy", NOW)
FIXTURES = sorted(path.stem for path in (HERE / "evidence").glob("*.json"))


def judged(evidence: Evidence) -> Report:
    return judge(evidence, Standard(), TRUSTED, evidence.at)


def compared(before: Evidence, after: Evidence) -> Compared:
    return compare("mail", judged(before), judged(after))


def lines(*targets: Compared, verbosity: int = 0) -> str:
    return plain(render(Diff(before="1", after="2", targets=targets), verbosity=verbosity))


def differs(before: Evidence, after: Evidence) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    return {each.about: (each.before, each.after) for each in compared(before, after).differences}


@functools.cache
def reports(fixture: str) -> list[Report]:
    return [judged(evidence) for evidence in config.evidence(HERE / "evidence" / f"{fixture}.json")]


@pytest.mark.parametrize("fixture", FIXTURES)
def test_nothing_differs_from_itself(fixture: str) -> None:
    for report in reports(fixture):
        told = compare("mail", report, report)
        assert told.same
        assert told.verdict is Verdict.OK


@pytest.mark.parametrize("fixture", FIXTURES)
def test_there_and_back(fixture: str) -> None:
    """What comes on the way there goes on the way back; and it can be printed, and obeys its schema."""
    (healthy,), (report, *_) = reports("healthy"), reports(fixture)
    there, back = compare("mail", healthy, report), compare("mail", report, healthy)
    turned = {(each.about, each.places, each.after, each.before) for each in back.differences}
    assert {(each.about, each.places, each.before, each.after) for each in there.differences} == turned
    come = {(each.finding.code, each.finding.where, each.before, each.after) for each in there.shifts}
    gone = {(each.finding.code, each.finding.where, each.after, each.before) for each in back.shifts}
    assert come == gone
    assert plain(render(Diff(before="a", after="b", targets=[there]))).replace("\n", "").isprintable()
    VALIDATOR.validate(json.loads(to_json(Diff(before="a", after="b", targets=[there]))))


def test_a_renewed_certificate_is_what_differs_in_it() -> None:
    told = compared(HEALTHY, replace(seen("expired", NOW), route=HEALTHY.route))
    (certificate,) = [each for each in told.differences if each.about == "certificate"]
    assert [line.split()[0] for line in certificate.before] == ["SHA-1", "valid"]
    assert certificate.places == ("mail.contoso.com 192.0.2.25:25",)
    assert [(shift.finding.code, shift.before, shift.after) for shift in told.shifts] == [
        ("certificate-expired", Verdict.OK, Verdict.FAIL)
    ]
    assert told.verdict is Verdict.FAIL
    assert lines(told).startswith(
        "FAIL  mail, was OK\n"
        "  as of 2026-11-21 09:35 and 2026-11-21 09:35 UTC\n"
        "  certificate mail.contoso.com 192.0.2.25:25\n"
        "    - SHA-1 "
    )
    assert "\n  faults\n    + FAIL certificate-expired: 192.0.2.25:25: CN=mail.contoso.com" in lines(told)
    assert lines(told).endswith("\n1 of 1 target differs; 1 fault more or worse\n")


def test_better_is_no_fault() -> None:
    told = compared(seen("expired", NOW), HEALTHY)
    assert told.verdict is Verdict.OK
    assert "    - FAIL certificate-expired: " in lines(told)
    assert lines(told).endswith("; nothing is worse\n")


def test_a_fault_that_changes_its_verdict() -> None:
    before, after = judged(seen("expired", NOW)), judged(seen("expired", NOW))
    (fault,) = [found for found in before.findings if found.code == "certificate-expired"]
    others = tuple(found for found in before.findings if found is not fault)
    before = replace(before, findings=(replace(fault, verdict=Verdict.WARN), *others))
    told = compare("mail", before, after)
    assert not told.differences
    assert [(shift.before, shift.after, shift.worse) for shift in told.shifts] == [(Verdict.WARN, Verdict.FAIL, True)]
    assert "    ~ WARN → FAIL certificate-expired: " in lines(told)
    assert compare("mail", after, before).verdict is Verdict.OK


def hop(evidence: Evidence, **changes: object) -> Evidence:
    (first, *rest) = evidence.route.hops
    changed: Hop = replace(first, **changes)  # type: ignore[arg-type]
    return replace(evidence, route=replace(evidence.route, hops=(changed, *rest)))


def wire(evidence: Evidence, change: Callable[[Observation], Observation]) -> Evidence:
    return replace(evidence, observations=tuple(map(change, evidence.observations)))


def answer(rtype: str, *records: str, outcome: Outcome = Outcome.FOUND) -> Answer:
    question = Question(name="_25._tcp.mail.contoso.com", rtype=rtype)
    return Answer(question=question, outcome=outcome, canonical=question.name, records=records, resolver="192.0.2.53")


def test_each_subject_is_compared() -> None:
    old = seen("mail-domain", NOW)
    assert set(differs(old, hop(old, host="mx.fabrikam.com"))) >= {"route"}
    assert differs(old, hop(old, addresses=("192.0.2.99",)))["addresses"] == (("192.0.2.25",), ("192.0.2.99",))
    records = hop(old, tlsa=(answer("TLSA", "3 1 1 00"),)), hop(old, tlsa=(answer("TLSA", "3 1 1 01"),))
    assert differs(*records)["TLSA"] == (("3 1 1 00",), ("3 1 1 01",))
    unknown = hop(old, tlsa=(answer("TLSA", outcome=Outcome.TIMEOUT),))
    assert differs(old, unknown)["TLSA"] == ((), ("_25._tcp.mail.contoso.com TLSA not known: TIMEOUT",))
    other = wire(old, lambda each: replace(each, session=each.session and replace(each.session, version="TLSv1.2")))
    assert differs(old, other)["session"][1][0].startswith("TLSv1.2, ")
    short = wire(old, lambda each: replace(each, chain=each.chain and replace(each.chain, der=each.chain.der[:1])))
    assert differs(old, short)["chain"][1] == ()
    assert {"MTA-STS"} <= set(differs(seen("sts-testing", NOW), seen("sts-enforced", NOW)))


def test_order_and_times_make_no_difference() -> None:
    old = seen("mail-domain", NOW)
    two = hop(old, addresses=("192.0.2.25", "192.0.2.26"))
    turned = hop(old, addresses=("192.0.2.26", "192.0.2.25"))
    later = wire(turned, lambda each: replace(each, seconds={"connect": 9.0}, at=ago(-1), transcript=each.transcript))
    assert compared(two, later).same


def test_the_same_at_many_places_is_said_once() -> None:
    addresses = [f"192.0.2.{number}" for number in range(30, 40)]

    def at_all(evidence: Evidence) -> Evidence:
        (first,) = evidence.observations
        each = (replace(first, endpoint=replace(first.endpoint, address=address)) for address in addresses)
        return replace(hop(evidence, addresses=tuple(addresses)), observations=tuple(each))

    told = compared(at_all(HEALTHY), replace(at_all(seen("expired", NOW)), route=at_all(HEALTHY).route))
    (certificate,) = told.differences
    assert len(certificate.places) == 10
    assert "192.0.2.32:25 and 7 more\n" in " ".join(lines(told).split()).replace("more ", "more\n")
    assert lines(told, verbosity=1).count(":25") == 20
    assert lines(told).count("certificate-expired") == 1


def test_hostile_text_does_not_act() -> None:
    evil = "\x1b[2J\u202e\nFAIL  forged"
    old = seen("mail-domain", NOW)
    records = hop(old, host=evil, tlsa=(answer("TLSA", evil),))
    told = lines(replace(compared(old, records), name=evil))
    assert told.replace("\n", "").isprintable()
    assert not [line for line in told.splitlines()[1:] if line.startswith("FAIL")]
    diff = Diff(before=evil, after=evil, targets=[replace(compared(old, old), name=evil)], gone=[evil], come=[evil])
    assert plain(render(diff)).replace("\n", "").isprintable()


def test_targets_of_one_side_are_named() -> None:
    same = compared(HEALTHY, HEALTHY)
    diff = Diff(before="1", after="2", targets=[same], gone=["old"], come=["new"])
    assert plain(render(diff)) == (
        "In 1 alone: old\nIn 2 alone: new\nThe same: mail\nNo difference in 1 target, but not the same targets.\n"
    )
    many = [replace(same, name=f"t{number}") for number in range(20)]
    assert "t11 and 8 more\n" in lines(*many)
    assert "t19" in lines(*many, verbosity=1)


# The command


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("diff") / "probe.db"
    first = {"alpha": "healthy", "beta": "healthy"}
    second = {"alpha": "healthy", "beta": "expired", "gamma": "mail-domain"}
    return remember(path, [(ago(3), first), (ago(2), second), (ago(1), second)])


@pytest.fixture
def diff(
    store: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    monkeypatch.chdir(tmp_path)  # where no configuration is
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return lambda *words: say(capsys, "diff", *words, "--store", store, "--roots", ROOTS)


def test_two_runs(diff: Callable[..., Said]) -> None:
    said = diff("1", "2")
    assert (said.code, said.err) == (2, "")
    assert said.out.startswith("FAIL  beta, was OK\n  as of 2026-11-18 09:35 and 2026-11-19 09:35 UTC\n")
    assert "In 2 alone: gamma\nThe same: alpha\n1 of 2 targets differs; 1 fault more or worse\n" in said.out
    assert diff("2", "1").code == 0
    assert diff("#2", "#3").out == "The same: alpha, beta, gamma\nNo difference in 3 targets.\n"


def test_two_moments(diff: Callable[..., Said]) -> None:
    for before, after in (("60h", "now"), ("2026-11-18T12:00:00+00:00", "2026-11-20"), ("1", "0d")):
        assert (diff(before, after).code, before) == (2, before)
    assert diff("36h", "now").code == 0


def test_a_target_alone(diff: Callable[..., Said]) -> None:
    said = diff("1", "2", "--target", "alpha")
    assert (said.code, said.out) == (0, "The same: alpha\nNo difference in 1 target.\n")
    wrong = diff("1", "2", "--target", "beat")
    assert (wrong.code, wrong.err) == (3, "error: the target `beat` is not remembered\nhint: did you mean `beta`?\n")


def test_files_and_a_file_beside_the_store(diff: Callable[..., Said], tmp_path: Path) -> None:
    old, new = (
        saved(tmp_path / "old.json", HEALTHY),
        saved(tmp_path / "new.json", seen("expired", NOW, HEALTHY.target.given)),
    )
    assert diff(old, new).code == 2
    assert diff("old.json", "new.json").code == 2
    assert diff(old, old).out == f"The same: {HEALTHY.target.given}\nNo difference in 1 target.\n"
    saved(tmp_path / "2", HEALTHY)  # a number is a run's, whatever lies here; a path is a file's
    assert diff("1", "2").code == 2
    assert diff("old.json", "./2").code == 0
    beside = diff("1", old, "--target", HEALTHY.target.given)
    assert (beside.code, beside.out) == (0, f"The same: {HEALTHY.target.given}\nNo difference in 1 target.\n")


def test_the_expectations_of_the_configuration_count(
    diff: Callable[..., Said], tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "probe.toml"
    path.write_text(
        f'[defaults]\nroots = ["{ROOTS}"]\n\n[[target]]\nname = "beta"\ntarget = "mail.contoso.com:25"\n'
        f'thumbprints = ["{"0" * 40}"]\n'
    )
    said = say(capsys, "diff", "1", "2", "--store", store, "--config", path, "--target", "beta")
    assert said.out.startswith("FAIL  beta\n")  # it was one before: another certificate was expected


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("9", "1"), "error: there is no run 9\nhint: there are 1 to 3; `probe history` lists them\n"),
        (("lately", "now"), "error: `lately` is no side to compare\nhint: a run's number, a moment as in "),
        (("2020-01-01", "now"), "error: nothing is remembered of 2020-01-01\nhint: `probe history` lists the runs\n"),
    ],
)
def test_bad_words(words: tuple[str, str], error: str, diff: Callable[..., Said]) -> None:
    said = diff(*words)
    assert (said.code, said.out) == (3, "")
    assert said.err.startswith(error)


def test_a_file_that_is_no_evidence(diff: Callable[..., Said], tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    said = diff("x.json", "now")
    assert (said.code, said.out) == (3, "")
    assert said.err.startswith("error: x.json, line 1: ")


def test_json_obeys_its_schema(diff: Callable[..., Said]) -> None:
    told = data(diff("1", "2", "--format", "json"))
    VALIDATOR.validate(told)
    assert (told["before"], told["after"], told["verdict"], told["come"]) == ("1", "2", "FAIL", ["gamma"])
