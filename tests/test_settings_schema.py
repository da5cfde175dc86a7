"""The JSON Schema of `probe.toml` says what its reader says."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from probe.config.settings import examine
from probe.config.settings.schema import schema, to_json
from probe.config.settings.written import Target
from probe.config.settings.written_once import Defaults, Listen, Store
from tests.sinks import Hook, use_two_kinds
from tests.test_settings_bad import WRONG

GOOD = """
[defaults]
resolver = "127.0.0.1"
min_tls = 1.2
warn_days = 21
[[target]]
target = "example.org"
thumbprints = { current = "52b4aa6defe3b5cb25122b92519b89be3082bba1", next = [] }
connectors = ["connectors.json"]
auth_level = "DomainValidation"
schedule = "15m"
pause = "20s"
min_tls = "1.3"
[[alert]]
kind = "hook"
url = "https://hooks.contoso.com"
password = "env:HOOK"
verdicts = ["FAIL"]
quiet = "22:00-07:00"
headers = { A = "file:x" }
[[alert]]
kind = "letter"
from = "x"
to = ["y"]
[store]
keep = "400d"
[listen]
port = 2525
"""


@pytest.fixture
def validator(monkeypatch: pytest.MonkeyPatch) -> Any:
    use_two_kinds(monkeypatch)
    found = schema()
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


def test_a_good_file_passes(validator: Any) -> None:
    validator.validate(tomllib.loads(GOOD))


def test_a_listener_alone_is_enough(validator: Any) -> None:
    validator.validate({"listen": {}})
    assert not validator.is_valid({"store": {}})


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ('target = "example.org"', 'name = "x"'),
        ('target = "example.org"', 'target = ""'),
        ("warn_days = 21", "warn_dayz = 21"),
        ("warn_days = 21", 'warn_days = "soon"'),
        ("warn_days = 21", "warn_days = -1"),
        ("min_tls = 1.2", "min_tls = 1.4"),
        ('"DomainValidation"', '"Maybe"'),
        ('pause = "20s"', "pause = 20"),
        ('pause = "20s"', 'pause = "soon"'),
        ('kind = "hook"', 'kind = "hok"'),
        ('kind = "hook"', ""),
        ('"env:HOOK"', '"hunter2"'),
        ('"22:00-07:00"', '"night"'),
        ('verdicts = ["FAIL"]', 'verdicts = ["BAD"]'),
        ('to = ["y"]', "to = []"),
        ("port = 2525", "port = 0"),
        ("[listen]", "[listening]"),
        ("next = []", "nxt = []"),
    ],
)
def test_a_bad_file_does_not(good: str, bad: str, validator: Any) -> None:
    assert good in GOOD
    assert not validator.is_valid(tomllib.loads(GOOD.replace(good, bad)))


def test_what_the_schema_refuses_the_reader_refuses(validator: Any) -> None:
    """Of the wrong values that have a test each, those that a schema can tell."""
    refused = 0
    for key, value, _ in WRONG:
        table, _, name = key.rpartition(".")
        written = {} if key == "target" else {"target": "example.org"}
        if not table and key in Target.__struct_fields__:
            whole: dict[str, Any] = {"target": [{**written, **tomllib.loads(f"{name} = {value}")}]}
        else:
            whole = {"target": [written], table or "defaults": tomllib.loads(f"{name} = {value}")}
        refused += not validator.is_valid(whole)
    assert refused > 30


@pytest.mark.parametrize("kind", [Target, Defaults, Store, Listen])
def test_every_key_is_described(kind: type[msgspec.Struct], validator: Any) -> None:
    described = validator.schema["$defs"][kind.__name__]["properties"]
    assert set(described) == set(kind.__struct_fields__)
    assert all(key["description"] for key in described.values())


def test_what_all_sinks_have_is_described(validator: Any) -> None:
    described = validator.schema["$defs"]["Alert_hook"]["properties"]
    assert set(described) == {"kind", *Hook.__struct_fields__}
    for key in ("name", "tags", "verdicts", "quiet", "timeout", "url", "password", "ca"):
        assert described[key]["description"]


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ('url = "http://127.0.0.1:9093"', None),
        ('urls = ["http://127.0.0.1:9093"]', None),
        ('url = "http://127.0.0.1:9093"\nurls = ["https://alerts.contoso.com"]', None),
        ("", "url is missing"),
        ('ulr = "x"', 'unknown key "ulr"'),
        ("urls = []", "urls is an empty list"),
    ],
)
def test_one_of_several_keys_is_needed(keys: str, fault: str | None, tmp_path: Path) -> None:
    text = f'[[target]]\ntarget = "example.org"\n[[alert]]\nkind = "alertmanager"\n{keys}\n'
    (tmp_path / "probe.toml").write_text(text)
    found, problems = examine(tmp_path / "probe.toml")
    assert [problem.message.rpartition(": ")[2] for problem in problems] == ([fault] if fault else [])
    assert (found is None) is bool(fault)
    real = Draft202012Validator(msgspec.json.decode(to_json()))
    assert real.is_valid(tomllib.loads(text)) is not bool(fault)


def test_the_real_kinds_have_a_schema() -> None:
    from probe.alert import SINKS

    found = msgspec.json.decode(to_json())
    Draft202012Validator.check_schema(found)
    for kind, sink in SINKS.items():
        keys = {field.encode_name for field in msgspec.structs.fields(sink)}
        assert set(found["$defs"][f"Alert_{kind}"]["properties"]) == {"kind", *keys}
