"""Finds the user's project: its folder, its settings and the interpreter that can run it."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from djtune.errors import DjtuneError
from djtune.model.app import App

VARIABLE = "DJANGO_SETTINGS_MODULE"
OLDEST_PYTHON = (3, 10)
OLDEST_DJANGO = (5, 2)
PROBE_TIMEOUT = 30.0
ENVIRONMENTS = (".venv", "venv", "env")
NOT_PROJECTS = {"node_modules", "site-packages", *ENVIRONMENTS}

PROBE = """
import sys
sys.path = [folder for folder in sys.path if folder]
import json
try:
    import django
    version = list(django.VERSION[:2])
except ImportError:
    version = None
print('\\n' + json.dumps({'python': list(sys.version_info[:2]), 'django': version}))
"""
"""Asks an interpreter what it is; any Python, even an old one, can read it."""


def find_app(
    start: Path,
    *,
    settings: str | None = None,
    pythonpath: Sequence[str] = (),
    python: str | None = None,
    allowed_hosts: Sequence[str] = (),
    live_effects: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> App:
    """Find the project that ``start`` is in.

    ``settings`` is stronger than the environment, which is stronger than ``manage.py``. Without
    ``python`` the active virtualenv is taken, else one beside the project, else djtune's own
    interpreter: the first of them that has Django.

    Raises:
        DjtuneError: something is missing or not supported; the message says what was tried.

    """
    manage = find_manage(start)
    settings = settings or environ.get(VARIABLE)
    if manage is not None:
        settings = settings or settings_named_by(manage)
    elif not settings:
        raise DjtuneError(
            f"no manage.py in {start}, above it or one folder below",
            hint="run djtune in the project's folder, or say --settings MODULE",
        )
    directory = manage.parent if manage else start.absolute()
    return App(
        directory=str(directory),
        settings=settings,
        python=find_python(directory, python, pythonpath, environ),
        pythonpath=list(pythonpath),
        allowed_hosts=list(allowed_hosts),
        live_effects=live_effects,
    )


def find_manage(start: Path) -> Path | None:
    """Find ``manage.py`` in a folder, above it within the repository, or one folder below.

    Raises:
        DjtuneError: there are several one folder below.

    """
    start = start.absolute()
    for folder in _upward(start):
        if (folder / "manage.py").is_file():
            return folder / "manage.py"
    below = [
        file
        for file in sorted(start.glob("*/manage.py"))
        if file.parent.name not in NOT_PROJECTS and not file.parent.name.startswith(".")
    ]
    if len(below) > 1:
        names = ", ".join(file.parent.name for file in below)
        raise DjtuneError(
            f"several projects below {start}: {names}", hint="run djtune in the folder of one"
        )
    return below[0] if below else None


def settings_named_by(manage: Path) -> str:
    """Read the settings module that ``manage.py`` falls back on, without running it.

    Raises:
        DjtuneError: it names none, or which one it names depends on something.

    """
    try:
        tree = ast.parse(manage.read_bytes(), filename=str(manage))
    except (OSError, SyntaxError, ValueError) as error:
        raise DjtuneError(
            f"{manage} cannot be read: {error}", hint="say --settings MODULE"
        ) from None
    values = list(_settings_in(tree))
    names = list(dict.fromkeys(value for value in values if value is not None))
    if len(names) == 1 and None not in values:
        return names[0]
    if not values:
        problem = f"{manage} does not set {VARIABLE}"
    elif len(names) > 1:
        problem = f"{manage} chooses between {' and '.join(names)}"
    else:
        problem = f"{manage} works {VARIABLE} out as it runs"
    raise DjtuneError(problem, hint=f"say --settings MODULE, or set {VARIABLE}")


def _settings_in(tree: ast.Module) -> Iterator[str | None]:
    """Yield what the variable is set to; ``None`` where that is not a plain string."""
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        value: ast.expr | None = None
        match node:
            # os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
            case ast.Call(
                func=ast.Attribute(attr="setdefault"), args=[ast.Constant(value=name), value, *_]
            ) if name == VARIABLE:
                pass
            # os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
            case ast.Assign(
                targets=[ast.Subscript(slice=ast.Constant(value=name))], value=value
            ) if name == VARIABLE:
                pass
            case _:
                continue
        if isinstance(value, ast.Name):
            value = constants.get(value.id)
        known = isinstance(value, ast.Constant) and isinstance(value.value, str)
        yield value.value if known else None  # type: ignore[union-attr]


class Interpreter(NamedTuple):
    """What an interpreter said about itself."""

    path: str
    python: tuple[int, ...]
    django: tuple[int, ...] | None


def find_python(
    directory: Path,
    python: str | None,
    pythonpath: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> str:
    """Find the interpreter that runs the project, and check that it can.

    Raises:
        DjtuneError: the one that was asked for is missing, is no Python, is too old or has no
            Django; or no candidate has Django.

    """
    if python:
        path = _named(python)
        found = ask(path, directory, pythonpath)
        if found is None:
            raise DjtuneError(f"{path} is not a Python interpreter")
        return _supported(found).path
    tried = []
    for candidate in _candidates(directory, environ):
        found = ask(candidate, directory, pythonpath)
        if found is not None and found.django is not None:
            return _supported(found).path
        tried.append(candidate)
    raise DjtuneError(
        f"Django is installed in none of {', '.join(tried)}",
        hint="activate the project's virtualenv, or say --python FILE",
    )


def ask(path: str, directory: Path, pythonpath: Sequence[str] = ()) -> Interpreter | None:
    """Ask a program for its versions of Python and Django; ``None`` if it is not a Python."""
    inherited = os.environ.get("PYTHONPATH")
    folders = [*pythonpath, *([inherited] if inherited else [])]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(folders)}
    try:
        done = subprocess.run(
            [path, "-c", PROBE],
            cwd=directory,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PROBE_TIMEOUT,
        )
        answer = json.loads(done.stdout.splitlines()[-1])
        django = answer["django"]
        return Interpreter(path, tuple(answer["python"]), tuple(django) if django else None)
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError):
        return None


def _named(python: str) -> str:
    """The path of the interpreter that ``--python`` names: a file, a virtualenv or a command."""
    path = Path(python).expanduser()
    # Never resolved: a virtualenv's interpreter is a link, and the link tells it where it is.
    if path.is_dir():
        if not (path / "bin" / "python").is_file():
            raise DjtuneError(f"--python {python} is a folder without bin/python")
        return str(path.absolute() / "bin" / "python")
    if path.is_file():
        return str(path.absolute())
    if os.sep in python:
        raise DjtuneError(f"--python {python} does not exist")
    on_path = shutil.which(python)
    if on_path is None:
        raise DjtuneError(f"--python {python}: there is no such command on PATH")
    return on_path


def _candidates(directory: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the interpreters that may be the project's, the likeliest first."""
    folders = [Path(environ["VIRTUAL_ENV"])] if environ.get("VIRTUAL_ENV") else []
    folders += [folder / name for folder in _upward(directory) for name in ENVIRONMENTS]
    paths = [str(folder / "bin" / "python") for folder in folders]
    yield from dict.fromkeys([path for path in paths if Path(path).is_file()] + [sys.executable])


def _supported(found: Interpreter) -> Interpreter:
    """Refuse an interpreter that is too old, or has no Django or too old a one."""
    python = ".".join(map(str, found.python))
    if found.python < OLDEST_PYTHON:
        raise DjtuneError(
            f"{found.path} is Python {python}; djtune measures apps on Python 3.10 or later"
        )
    if found.django is None:
        raise DjtuneError(
            f"Django is not installed in {found.path}",
            hint="name the project's own interpreter with --python FILE",
        )
    if found.django < OLDEST_DJANGO:
        django = ".".join(map(str, found.django))
        raise DjtuneError(f"{found.path} has Django {django}; djtune supports Django 5.2 or later")
    return found


def _upward(folder: Path) -> Iterator[Path]:
    """Yield a folder and those above it, up to the root of its repository.

    Outside a repository that is all of them but the user's home and what is above it: a stray
    ``manage.py`` or ``venv`` there is not the project's.
    """
    stops = {Path.home(), Path(folder.anchor)}
    for one in (folder, *folder.parents):
        if one in stops and one != folder:
            return
        yield one
        if (one / ".git").exists():
            return
