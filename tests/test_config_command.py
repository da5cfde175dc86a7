"""`probe config check|init|schema`, as they are typed."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from fixtures.make import HERE
from probe.cli import run
from tests.sinks import use_two_kinds

EXPORTS = HERE / "exchange" / "exports"
TARGET = '[[target]]\ntarget = "example.org"\nschedule = "15m"\n'
HOOK = '[[alert]]\nkind = "hook"\nurl = "https://hooks.contoso.com/x"\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def typed(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = run(["config", *args])
    return code, *capsys.readouterr()


# check


def test_a_sound_one_is_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    Path("probe.toml").write_text(
        f'{TARGET}[[target]]\nname = "mail"\ntarget = "mail.contoso.com:25"\nschedule = "0 6 * * *"\n'
        '[[target]]\ntarget = "contoso.com"\n[store]\npath = "probe.db"\nkeep = "30d"\n'
    )
    code, out, err = typed(capsys, "check")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "probe.toml is sound: 3 targets, no alerts",
        "  target  example.org, every 15m",
        '  target  mail (mail.contoso.com:25), at "0 6 * * *"',
        "  target  contoso.com, with every run",
        f"  store   {Path('probe.db').absolute()}, for 30 days",
    ]


def test_of_many_targets_the_first_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("probe.toml").write_text("".join(f'[[target]]\ntarget = "{n}.example.org"\n' for n in range(1000)))
    code, out, _ = typed(capsys, "check")
    assert code == 0
    assert "1000 targets" in out
    assert "and 980 more" in out
    assert len(out.splitlines()) == 23


def test_remarks_are_a_warning(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    use_two_kinds(monkeypatch)
    Path("x.toml").write_text(f'{TARGET}{HOOK}tags = ["nobody"]\n')
    code, out, err = typed(capsys, "check", "--config", "x.toml")
    assert (code, err) == (1, "")
    assert "  alert   hook: FAIL UNKNOWN WARN\n" in out
    assert 'remark: [[alert]] "hook": the test remarks on it\n' in out
    assert 'remark: [[alert]] "hook": no target has one of its tags (nobody)' in out


def test_every_problem_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    use_two_kinds(monkeypatch)
    Path("probe.toml").write_text(f'{TARGET}retries = 99\n{HOOK}password = "hunter2"\n[defaults]\nwarn_dayz = 3\n')
    code, out, err = typed(capsys, "check")
    assert (code, out) == (3, "")
    assert "hunter2" not in err
    assert err.splitlines() == [
        'error: probe.toml, line 4: [[target]] #1 "example.org": retries is 99',
        "hint: a whole number, 0 to 20",
        'error: probe.toml, line 8: [[alert]] #1 "hook": password is a secret, and must not stand in this file',
        "hint: name where it is kept: env:NAME, an environment variable, or file:PATH",
        'error: probe.toml, line 10: [defaults]: unknown key "warn_dayz"',
        "hint: did you mean warn_days?",
    ]


def test_a_missing_secret_is_a_fault(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    use_two_kinds(monkeypatch)
    Path("probe.toml").write_text(f'{TARGET}{HOOK}password = "env:PROBE_TEST_NOWHERE"\n')
    code, out, err = typed(capsys, "check")
    assert (code, out) == (3, "")
    assert 'error: probe.toml, line 7: [[alert]] "hook": password: the environment has no PROBE_TEST_NOWHERE\n' in err


def test_none_is_a_fault_with_a_way_on(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("user_config_path", "site_config_path"):
        monkeypatch.setattr(f"platformdirs.{name}", lambda *_, **__: Path("nowhere"))
    code, _, err = typed(capsys, "check")
    assert code == 3
    assert err.startswith("error: there is no probe.toml")
    assert "`probe config init`" in err


def test_what_is_hostile_in_it_does_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Path("probe.toml").write_text(f'{TARGET}"a\\u001b[31m" = 3\nname = "\\u202e"\n')
    code, out, err = typed(capsys, "check")
    assert code == 3
    assert "\x1b" not in out + err
    assert "\u202e" not in out + err


# init


def sound(capsys: pytest.CaptureFixture[str], name: str = "probe.toml") -> None:
    code, out, err = typed(capsys, "check", "--config", name)
    assert (code, err) == (0, ""), out


def test_without_a_word_there_is_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = typed(capsys, "init")
    assert (code, out) == (0, "")
    assert "probe.toml is written, with an example" in err
    assert tomllib.loads(Path("probe.toml").read_text())["target"] == [{"target": "example.org"}]
    sound(capsys)


def test_every_word_becomes_a_target(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["contoso.com", "smtps://[2001:db8::1]", "192.0.2.1", "EX01:25", "bücher.example", "contoso.com"]
    assert typed(capsys, "init", *words, "--output", "x.toml")[0] == 0
    written = tomllib.loads(Path("x.toml").read_text(encoding="utf-8"))
    assert [entry["target"] for entry in written["target"]] == words[:-1]
    sound(capsys, "x.toml")


def test_exports_say_what_to_probe_and_by_what_to_judge(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "etc").mkdir()
    (here / "etc" / "out bound.json").write_bytes((EXPORTS / "exo-outbound.json").read_bytes())
    beside, elsewhere = "etc/out bound.json", str(EXPORTS / "exo-inbound.json")
    given = ("--connectors", beside, "--connectors", elsewhere)
    assert typed(capsys, "init", *given, "--output", "etc/probe.toml")[0] == 0
    written = tomllib.loads(Path("etc/probe.toml").read_text())
    assert written["defaults"]["connectors"] == ["out bound.json", elsewhere]
    assert written["target"] == [{"target": "mail.contoso.com:25"}]
    by = "# Exchange Online comes here by its connector "
    assert [line for line in Path("etc/probe.toml").read_text().splitlines() if line.startswith(by)] == [
        f'{by}"Outbound to 5f3c8f0e-7a55-4f6e-9a41-2f1f0c5d7b10".'
    ]
    sound(capsys, "etc/probe.toml")


def test_what_is_commented_out_would_be_sound(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taking away a # gives a key that there is, and a value that it can have."""
    typed(capsys, "init", "contoso.com")
    text = Path("probe.toml").read_text()
    text = re.sub(r"^#(?=\[|[a-z_]+ = )", "", text, flags=re.MULTILINE)
    text = text.replace('"..."', '"52b4aa6defe3b5cb25122b92519b89be3082bba1"')
    monkeypatch.setenv("SLACK_WEBHOOK", "https://hooks.contoso.com/x")
    Path("connectors.json").write_bytes((EXPORTS / "exo-outbound.json").read_bytes())
    Path("probe.toml").write_text(text)
    code, out, err = typed(capsys, "check")
    assert code in (0, 1), err
    assert "1 target, 2 alerts" in out


def test_lines_fit(capsys: pytest.CaptureFixture[str]) -> None:
    typed(capsys, "init", "--output", "-", "contoso.com")
    _, out, _ = typed(capsys, "init", "--output", "-", "contoso.com")
    assert max(map(len, out.splitlines())) <= 120
    assert not Path("-").exists()
    assert tomllib.loads(out)["target"] == [{"target": "contoso.com"}]


def test_nothing_is_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    Path("probe.toml").write_text("mine")
    code, _, err = typed(capsys, "init", "contoso.com")
    assert code == 3
    assert "error: probe.toml is there already\n" in err
    assert Path("probe.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("x..y",), "`x..y` is not a target"),
        (("@list",), "`@list` is a list of targets"),
        (("-",), "`-` is a list of targets"),
        (("--connectors", "missing.json"), "cannot read an export from missing.json"),
        (("--connectors", "-"), "cannot stand in a configuration"),
        (("--connectors", *(str(EXPORTS / f"exo-{way}.json") for way in ("outbound", "inbound"))), "is a file"),
        (("--connectors", str(EXPORTS / "exo-inbound.json")), "the exports name no smart host"),
        (("--output", "missing/probe.toml"), "cannot write missing/probe.toml"),
    ],
)
def test_what_cannot_be_begun(args: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = typed(capsys, "init", *args)
    assert (code, out) == (3, "")
    assert said in err
    assert not Path("probe.toml").exists()


# schema


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = typed(capsys, "schema")
    assert (code, err) == (0, "")
    assert json.loads(out)["$defs"]["Target"]["required"] == ["target"]
