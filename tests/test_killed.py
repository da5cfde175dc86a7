"""`kill -9` at any instant of looking, writing down and telling loses no change and no alert."""

import json
import subprocess
import sys
from pathlib import Path

ROUNDS = 200


def test_an_agent_that_is_killed_hundreds_of_times_loses_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.killed", str(tmp_path), str(ROUNDS), "20261122"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    history, happened, told = found["history"], _lines(tmp_path / "happened"), _lines(tmp_path / "told")
    assert found["killed"] == ROUNDS
    assert found["last"] == 0
    assert not found["problems"]
    assert not found["aside"]
    assert found["waiting"] == 0
    assert len(history) > ROUNDS / 8, "many rounds came as far as a look"
    assert set(happened) <= set(history), "what the agent knew to be written down is written down"
    assert set(history) <= set(told), "what is written down was told"
    assert set(told) <= set(history), "and nothing else"
    kinds = [line.split()[1] for line in history]
    assert kinds == ["appeared", "cleared"] * (len(kinds) // 2) + ["appeared"] * (len(kinds) % 2)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()
