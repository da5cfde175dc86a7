"""The log's lines: for people, for programs, with hostile text, with secrets, and with nobody to read them."""

import ast
import io
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.alert.words import Hidden, Secret
from probe.model import Verdict
from probe.run.events import EVENTS, Form, Log, Name

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUSE = Path(__file__).parents[1]
HOSTILE = "mail\x1b[2J\n2026-03-01T12:00:00.000Z info look target=forged \u202eliam\u2028\x00\x9b31m\ud800"


def lines(form: Form, **fields: object) -> str:
    out = io.StringIO()
    Log(out, form, lambda: NOON).event("look", **fields)
    return out.getvalue()


def parsed(**fields: object) -> dict[str, Any]:
    found = json.loads(lines(Form.JSON, **fields))
    assert isinstance(found, dict)
    return found


def test_for_people() -> None:
    found = lines(
        Form.TEXT, target="EX01 edge", verdict=Verdict.FAIL, seconds=1.23456789, muted=False, error="", was=None
    )
    assert found == '2026-03-01T12:00:00.000Z info look target="EX01 edge" verdict=FAIL seconds=1.234568 muted=false\n'


def test_for_programs() -> None:
    assert parsed(target="mail", verdict=Verdict.OK, since=NOON, path=Path("a/b"), many=[1, {"a": None}]) == {
        "ts": "2026-03-01T12:00:00.000Z",
        "level": "info",
        "event": "look",
        "target": "mail",
        "verdict": "OK",
        "since": "2026-03-01T12:00:00Z",
        "path": str(Path("a/b")),
        "many": [1, {"a": None}],
    }


@pytest.mark.parametrize("form", Form)
@given(text=st.one_of(st.just(HOSTILE), st.text(), st.text('\x1b\n\r\x00\u202e\u2028\x85\ud800=" ')))
def test_hostile_text_stays_in_its_field(form: Form, text: str) -> None:
    found = lines(form, target=text, many=[text], name={text: text})
    assert found.endswith("\n")
    assert found[:-1].isprintable()  # neither a second line nor anything that moves a cursor
    if form is Form.JSON:
        assert found.isascii()
        assert json.loads(found)["target"] == text


def test_fields_are_bounded() -> None:
    deep: object = "end"
    for _ in range(50):
        deep = [deep]
    for form in Form:
        assert (
            len(lines(form, a="x" * 10**6, b=["y" * 10] * 10**5, c={str(n): n for n in range(10**5)}, d=deep)) < 20_000
        )


def test_what_holds_itself_is_bounded() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert parsed(a=endless)["a"] == [[[["<list>"]]]]


def test_what_is_no_plain_value_shows_its_type_alone() -> None:
    secrets = [Secret("hunter2"), Hidden("env:HUNTER2"), b"hunter2", object(), {1, 2}, ValueError("hunter2")]
    for form in Form:
        found = lines(form, one=secrets[0], many=secrets, named={"a": secrets[0]})
        assert "hunter2" not in found.lower()
        assert "<Secret>" in found
    assert parsed(x=float("nan"), y=float("inf")) == {**parsed(), "x": "nan", "y": "inf"}


@pytest.mark.parametrize("form", Form)
def test_a_fault_tells_where_and_no_address_with_a_secret(form: Form) -> None:
    out = io.StringIO()
    with pytest.raises(ValueError, match="404") as caught:
        _post("https://me:hunter2@hooks.example.org/services/hunter2?key=hunter2")
    Log(out, form, lambda: NOON).fault(caught.value, target="mail")
    found = out.getvalue()
    assert found.count("hunter2") == 0
    assert "in _post" in found
    assert found.count("ValueError: POST https://hooks.example.org/") == 2
    if form is Form.TEXT:
        first, *others = found.splitlines()
        assert first.startswith('2026-03-01T12:00:00.000Z error fault target=mail error="ValueError: ')
        assert others
        assert all(line.startswith("    ") for line in others)


def _post(url: str) -> None:
    raise ValueError(f"POST {url} said 404")


@pytest.mark.parametrize("beyond", range(7800, 8100, 7))
def test_no_cut_uncovers_an_address(beyond: int) -> None:
    out = io.StringIO()
    Log(out, Form.JSON).fault(ValueError("https://hooks.example.org/services/hunter2 " + "x" * beyond))
    assert "hunter2" not in out.getvalue()


def test_a_hostile_error_stays_within_its_fault() -> None:
    out = io.StringIO()
    Log(out, Form.TEXT, lambda: NOON).fault(ValueError(HOSTILE), target="mail")
    first, *others = out.getvalue().splitlines()
    assert first.isprintable()
    assert all(line.startswith("    ") and line.isprintable() for line in others)


def test_addresses_in_errors_keep_their_host_alone() -> None:
    def shown(error: str) -> str:
        return str(parsed(error=error)["error"])

    assert shown("no https://hooks.example.org/services/T0/B0 'there'") == "no https://hooks.example.org/… 'there'"
    assert shown("(https://me:pass@word@a.example.org:8443/x)") == "(https://a.example.org:8443/…"
    assert shown("slack://T0/B0/token smtps://a@b") == "slack://T0/… smtps://b/…"
    assert parsed(target="https://mail.example.org/owa")["target"] == "https://mail.example.org/owa"


def test_an_endless_traceback_keeps_its_end() -> None:
    def deeper(level: int) -> None:
        if not level:
            raise ValueError("x" * 7900 + "the end")
        deeper(level - 1)

    out = io.StringIO()
    with pytest.raises(ValueError, match="x") as caught:
        deeper(200)
    Log(out, Form.JSON).fault(caught.value)
    assert len(out.getvalue()) < 12_000
    assert json.loads(out.getvalue())["traceback"].endswith("xxthe end\n")


class Full(io.StringIO):
    """A disk that is full for a while."""

    full = True

    def write(self, text: str, /) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_what_could_not_be_written_is_said_later() -> None:
    out = Full()
    log = Log(out, Form.JSON, lambda: NOON)
    for _ in range(3):
        log.event("look")
    assert log.lost == 3
    out.full = False
    log.event("ready")
    log.event("ready")
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["event"], line.get("events")) for line in found] == [
        ("log-lost", 3),
        ("ready", None),
        ("ready", None),
    ]


def test_a_closed_stream_and_no_stream_stop_nothing() -> None:
    out = io.StringIO()
    out.close()
    log = Log(out)
    log.event("look")
    assert log.lost == 1
    nobody = Log(None)
    nobody.event("look")
    assert nobody.lost == 0


def test_stderr_that_nobody_reads_stops_nothing() -> None:
    code = (
        "import sys; from probe.run.events import Log; log = Log(sys.stderr)\n"
        "for _ in range(3): log.event('look')\n"
        "print(log.lost)"
    )
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", code], stderr=write, stdout=subprocess.PIPE, cwd=HOUSE, check=False)
    os.close(write)
    assert done.stdout == b"3\n"


def test_an_output_that_knows_no_better_gets_escapes() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    Log(out, Form.TEXT, lambda: NOON).event("look", target="münchen")
    assert raw.getvalue().endswith(b"target=m\\xfcnchen\n")


def test_every_event_is_explained_and_every_event_that_is_written_is_known() -> None:
    assert set(get_args(Name)) == set(EVENTS)
    assert all(meaning.endswith(".") for _, meaning in EVENTS.values())
    modules = {module: module.read_text() for module in (HOUSE / "probe").rglob("*.py")}
    for name in set(EVENTS) - {"log-lost"}:
        assert any(f'event("{name}"' in re.sub(r"\(\s+", "(", text) for text in modules.values()), name
    for module, text in modules.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "event":
                told = node.args[0]
                assert not isinstance(told, ast.Constant) or told.value in EVENTS, f"{module}: {told.value!r}"
