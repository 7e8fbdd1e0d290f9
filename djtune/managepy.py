"""Learns from a project's ``manage.py`` which settings it stands for, and what it sets up.

Most of them only name the settings module: that is read, not run. One that does more (computes the
name, loads a ``.env`` file, adds folders to ``sys.path``) is run by the project's interpreter up to
the point where it hands over to Django, as every command of the project does.
"""

import ast
import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.interpreter import environment

VARIABLE = "DJANGO_SETTINGS_MODULE"
RUN_TIMEOUT = 60.0
PLAIN_IMPORTS = {"__future__", "django", "os", "pathlib", "sys", "typing"}

RUN = """
import json, os, runpy, sys
manage = sys.argv[1]
sys.argv = ['manage.py', 'djtune']
sys.path[0] = os.path.dirname(manage)
path, environ = list(sys.path), dict(os.environ)
import django.core.management
def stop(*args, **kwargs):
    raise SystemExit
django.core.management.execute_from_command_line = stop
try:
    runpy.run_path(manage, run_name='__main__')
except SystemExit:
    pass
print()
print(json.dumps({
    'pythonpath': [os.path.abspath(folder) for folder in sys.path if folder not in path],
    'env': {name: value for name, value in os.environ.items() if environ.get(name) != value},
}))
"""
"""Runs ``manage.py`` until it calls Django, and tells what it has changed."""


class SetUp(Struct):
    """What a project's ``manage.py`` leaves behind before Django starts."""

    settings: str = ""
    """Empty where it could not be told; ``problem`` says why."""
    problem: str = ""
    pythonpath: list[str] = field(default_factory=list)
    """Folders that it adds to ``sys.path``."""
    env: dict[str, str] = field(default_factory=dict)
    """Environment variables that it sets, but for the settings module."""


def learn_from(
    manage: Path, python: str, *, settings: str | None = None, pythonpath: Sequence[str] = ()
) -> SetUp:
    """Read ``manage.py``, and run it where reading does not tell all.

    ``settings`` is what was chosen without it, which it then finds in the environment.

    Raises:
        DjtuneError: nobody names the settings, or which they are could not be told.

    """
    tree = _parse(manage)
    learnt = read(tree, manage)
    if does_more(tree) or learnt.problem:
        learnt = _run(manage, python, settings, pythonpath) or learnt
    learnt.settings = settings or learnt.settings
    if not learnt.settings:
        raise DjtuneError(learnt.problem, hint=f"say --settings MODULE, or set {VARIABLE}")
    return learnt


def read(tree: ast.Module, manage: Path) -> SetUp:
    """Tell the settings module that ``manage.py`` falls back on from its source."""
    values = list(_settings_in(tree))
    names = list(dict.fromkeys(value for value in values if value is not None))
    if len(names) == 1 and None not in values:
        return SetUp(settings=names[0])
    if not values:
        return SetUp(problem=f"{manage} does not set {VARIABLE}")
    if len(names) > 1:
        return SetUp(problem=f"{manage} chooses between {' and '.join(names)}")
    return SetUp(problem=f"{manage} works {VARIABLE} out as it runs")


def does_more(tree: ast.Module) -> bool:
    """Tell whether ``manage.py`` imports a helper, or touches ``sys.path`` or other variables."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                if any(alias.name.partition(".")[0] not in PLAIN_IMPORTS for alias in names):
                    return True
            case ast.ImportFrom(module=module):
                if (module or "").partition(".")[0] not in PLAIN_IMPORTS:
                    return True
            case ast.Attribute(value=ast.Name(id="sys"), attr="path"):
                return True
    return any(name != VARIABLE for name, _ in _variables_in(tree))


def _parse(manage: Path) -> ast.Module:
    try:
        return ast.parse(manage.read_bytes(), filename=str(manage))
    except (OSError, SyntaxError, ValueError) as error:
        raise DjtuneError(
            f"{manage} cannot be read: {error}", hint="is it for an older Python?"
        ) from None


def _run(
    manage: Path, python: str, settings: str | None, pythonpath: Sequence[str]
) -> SetUp | None:
    """Run ``manage.py`` up to Django; ``None`` if it fails before."""
    env = environment(pythonpath) | ({VARIABLE: settings} if settings else {})
    try:
        done = subprocess.run(
            [python, "-c", RUN, str(manage)],
            cwd=manage.parent,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=RUN_TIMEOUT,
            check=True,
        )
        changed = msgspec.convert(json.loads(done.stdout.splitlines()[-1]), SetUp)
    except (OSError, subprocess.SubprocessError, ValueError, LookupError):
        return None
    changed.settings = changed.env.pop(VARIABLE, "")
    changed.problem = f"{manage} does not set {VARIABLE}"
    return changed


def _settings_in(tree: ast.Module) -> Iterator[str | None]:
    """Yield what the settings are set to; ``None`` where that is not a plain string."""
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for name, value in _variables_in(tree):
        if name != VARIABLE:
            continue
        if isinstance(value, ast.Name):
            value = constants.get(value.id, value)
        match value:
            case ast.Constant(value=str(text)):
                yield text
            case _:
                yield None


def _variables_in(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the environment variables that are set, and to what."""
    for node in ast.walk(tree):
        match node:
            # os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Attribute(attr="environ") | ast.Name(id="environ"), attr="setdefault"
                ),
                args=[ast.Constant(value=str(name)), value, *_],
            ):
                yield name, value
            # os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
            case ast.Assign(
                targets=[
                    ast.Subscript(
                        value=ast.Attribute(attr="environ") | ast.Name(id="environ"),
                        slice=ast.Constant(value=str(name)),
                    )
                ],
                value=value,
            ):
                yield name, value
