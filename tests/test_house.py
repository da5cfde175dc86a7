"""The house is as its plan says: layers, sizes, what the front door loads, and that no finding goes unexplained."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
MODULES = sorted((HOUSE / "probe").rglob("*.py"))


def _loaded_by(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOUSE)
    return set(done.stdout.split())


def test_the_front_door_is_light() -> None:
    heavy = {"trio", "OpenSSL", "cryptography", "dns", "httpx", "rich"}
    assert not _loaded_by("import probe.cli") & heavy


def test_explaining_loads_no_network_and_no_cryptography() -> None:
    heavy = {"trio", "OpenSSL", "cryptography", "dns"}
    assert not _loaded_by("import probe.cli; probe.cli.run(['explain', 'certificate-expired'])") & heavy


def test_judging_loads_no_network() -> None:
    assert not _loaded_by("import probe.judge.judging, probe.codec, probe.report.text") & {"trio", "dns"}


def test_observing_an_address_loads_no_dns() -> None:
    assert "dns" not in _loaded_by("import probe.observe, probe.run")


def test_layers_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HOUSE)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_module_holds_one_idea(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= 250


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_no_asyncio_and_no_private_names_of_libraries(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom | ast.Import):
            names = [alias.name for alias in node.names]
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else names
            assert not any(name.partition(".")[0] == "asyncio" for name in modules)
            if not any(name.partition(".")[0] == "probe" for name in modules):
                assert not any(
                    part.startswith("_")
                    for name in (*modules, *names)
                    for part in name.split(".")
                    if part != "__future__"
                )
