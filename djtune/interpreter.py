"""Finds the interpreter that runs the user's project, which need not be djtune's own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from djtune.errors import DjtuneError

OLDEST_PYTHON = (3, 10)
OLDEST_DJANGO = (5, 2)
PROBE_TIMEOUT = 30.0
ENVIRONMENTS = (".venv", "venv", "env")

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
    try:
        done = subprocess.run(
            [path, "-c", PROBE],
            cwd=directory,
            env=environment(pythonpath),
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
    folders += [folder / name for folder in upward(directory) for name in ENVIRONMENTS]
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


def upward(folder: Path) -> Iterator[Path]:
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


def environment(pythonpath: Sequence[str]) -> dict[str, str]:
    """djtune's own environment, with folders to import from before those that it has."""
    inherited = os.environ.get("PYTHONPATH")
    folders = [*pythonpath, *([inherited] if inherited else [])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
