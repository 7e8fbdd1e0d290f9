"""Runs the tests under every Python and Django that can be had; ``make test-all`` calls it.

Each pair has an environment of its own in ``.venvs/``. What could not be found or installed is said
at the end; only failing tests make it fail.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
DJANGOS = ("5.2", "6.0", "6.1")
OLDEST_PYTHON_OF = {"5.2": (3, 11), "6.0": (3, 12), "6.1": (3, 12)}


def main() -> int:
    """Run each pair and sum up; 1 if tests failed under one."""
    outcomes = {pair: run(*pair) for pair in pairs()}
    for (python, django), outcome in outcomes.items():
        print(f"Python {python}, Django {django}: {outcome}")
    return int("failed" in outcomes.values())


def pairs() -> Iterator[tuple[str, str]]:
    """Yield the pairs that Django supports."""
    for python in PYTHONS:
        for django in DJANGOS:
            if tuple(map(int, python.split("."))) >= OLDEST_PYTHON_OF[django]:
                yield python, django


def run(python: str, django: str) -> str:
    """Run the tests under one pair, and say how that went."""
    found = interpreter(python)
    if found is None:
        return "no such interpreter found"
    folder = ROOT / ".venvs" / f"python{python}-django{django}"
    own = folder / "bin" / "python"
    if not own.exists() and subprocess.run([found, "-m", "venv", folder]).returncode:
        return "no environment could be made"
    pip = [own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "--editable", f"{ROOT}[test]", f"django=={django}.*"]).returncode:
        return "could not be installed"
    print(f"--- Python {python}, Django {django}", flush=True)
    failed = subprocess.run([own, "-m", "pytest", "-q", "-m", "not slow"], cwd=ROOT).returncode
    return "failed" if failed else "passed"


def interpreter(version: str) -> str | None:
    """Find an interpreter on PATH, or one that pyenv installed, that really is the version."""
    named = shutil.which(f"python{version}")
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for candidate in [*([named] if named else []), *map(str, pyenv)]:
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([candidate, "-c", code], capture_output=True, text=True)
        if done.stdout.strip() == version:
            return candidate
    return None


if __name__ == "__main__":
    sys.exit(main())
