"""Who may import whom."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import djtune

PACKAGE = Path(djtune.__file__).parent
ROOT = PACKAGE.parent
DJANGO_AND_ITSELF = {"django", "asgiref", "djtune_agent"}
ONLY_ONCE_THE_APP_HAS = {"celery", "django_redis", "gunicorn", "jinja2", "redis", "rest_framework"}
"""What the agent may import inside a function that runs after the app imported it, or that is
asked to run it."""


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("lint-imports")
    if not command.exists():
        pytest.skip("import-linter is not installed; make lint has it")
    return subprocess.run(
        [str(command), "--no-logo", "--no-cache", "--config", str(root / "pyproject.toml")],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": ""},
        capture_output=True,
        text=True,
    )


def test_imports_keep_the_contracts():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("profiling/planted.py", "djtune.commands.schema"),
        ("profiling/planted.py", "djtune.run"),
        ("profiling/planted.py", "djtune.reports.terminal"),
        ("experiments/planted.py", "djtune.profiling.result"),
        ("experiments/planted.py", "djtune.workloads.file"),
        ("reports/planted.py", "djtune.profiling.result"),
        ("reports/planted.py", "djtune.servers.worker"),
        ("model/planted.py", "djtune.servers.worker"),
        ("agent/planted.py", "djtune.errors"),
    ],
)
def test_the_contracts_notice(tmp_path, module, imported):
    """Plant an import that is not allowed, and see that it is found."""
    shutil.copytree(PACKAGE, tmp_path / "djtune", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "djtune" / module).write_text(f"import {imported}\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert module.replace("/", ".").removesuffix(".py") in done.stdout


def imports(file: Path) -> Iterator[tuple[str, bool]]:
    """Yield the top-level packages that a file imports, and whether inside a function."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], id(node) in inside
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0], id(node) in inside


@pytest.mark.parametrize("file", sorted((PACKAGE / "agent").rglob("*.py")), ids=lambda f: f.stem)
def test_the_agent_needs_the_standard_library_and_django_alone(file):
    for name, inside in imports(file):
        allowed = name in sys.stdlib_module_names | DJANGO_AND_ITSELF
        later = inside and name in ONLY_ONCE_THE_APP_HAS
        assert allowed or later, f"{file.name} imports {name}"
