"""What the benchmark builds for itself, below `bench/build`: the reference in C and clean environments."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from bench import programs

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
BUILD = HERE / "build"


def reference() -> Path | None:
    """The program built from reference.c, None where there is no C compiler or no OpenSSL to build against."""
    source, made = HERE / "reference.c", BUILD / "reference"
    if made.exists() and made.stat().st_mtime > source.stat().st_mtime:
        return made
    compiler = programs.find("cc")
    if compiler is None:
        return None
    done = subprocess.run(
        [compiler.path, "-O2", "-o", made, source, "-lssl", "-lcrypto"], capture_output=True, check=False
    )
    return made if done.returncode == 0 else None


def openssl_of(reference: Path) -> str:
    """Which OpenSSL the reference runs on, as in "OpenSSL 3.0.22"; it says so when asked wrongly."""
    words = subprocess.run([reference], capture_output=True, encoding="utf-8", check=False).stderr
    return " ".join(words.splitlines()[-1].split()[:2])


def product() -> Path:
    """The interpreter of an environment with the product as users install it, of the code as it stands."""
    environment = BUILD / "venv"
    recipe = [PROJECT / "pyproject.toml", PROJECT / "constraints.txt"]
    python = _environment(environment, recipe, ["--constraint", PROJECT / "constraints.txt", PROJECT])
    stamp, digest = environment / "product", _digest(sorted((PROJECT / "probe").rglob("*.py")))
    if not stamp.exists() or stamp.read_text() != digest:
        _pip(python, ["--no-deps", "--force-reinstall", PROJECT])
        stamp.write_text(digest)
    return python


def sslyze() -> programs.Program | None:
    """The program in an environment of its own, None where it cannot be installed."""
    try:
        python = _environment(BUILD / "sslyze", [], ["sslyze"])
    except RuntimeError:
        return None
    return programs.Program(str(python.with_name("sslyze")))


def _environment(directory: Path, recipe: list[Path], wanted: list[str | Path]) -> Path:
    """Makes the environment, unless it was made by the same recipe before. Raises RuntimeError where pip fails."""
    python, stamp, digest = directory / "bin" / "python", directory / "ready", _digest(recipe)
    if stamp.exists() and stamp.read_text() == digest:
        return python
    print(f"making {directory.relative_to(PROJECT)} …", file=sys.stderr)
    shutil.rmtree(directory, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", directory], check=True)
    _pip(python, wanted)
    stamp.write_text(digest)
    return python


def _pip(python: Path, wanted: list[str | Path]) -> None:
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"pip failed:\n{done.stderr[-2000:]}")


def _digest(files: list[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
