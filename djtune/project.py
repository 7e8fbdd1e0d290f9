"""Finds the user's project: its folder, its settings and the interpreter that can run it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from djtune.errors import DjtuneError
from djtune.interpreter import ENVIRONMENTS, find_python, upward
from djtune.managepy import VARIABLE, SetUp, learn_from
from djtune.model.app import App

NOT_PROJECTS = {"node_modules", "site-packages", *ENVIRONMENTS}


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
    if manage is None and not settings:
        raise DjtuneError(
            f"no manage.py in {start}, above it or one folder below",
            hint="run djtune in the project's folder, or say --settings MODULE",
        )
    directory = manage.parent if manage else start.absolute()
    python = find_python(directory, python, pythonpath, environ)
    set_up = SetUp(settings=settings or "")
    if manage is not None:
        set_up = learn_from(manage, python, settings=settings, pythonpath=pythonpath)
    return App(
        directory=str(directory),
        settings=set_up.settings,
        python=python,
        pythonpath=[*pythonpath, *set_up.pythonpath],
        env=set_up.env,
        allowed_hosts=list(allowed_hosts),
        live_effects=live_effects,
    )


def find_checkout(
    checkout: Path,
    app: App,
    *,
    settings: str | None = None,
    pythonpath: Sequence[str] = (),
    python: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> App:
    """Find the project of ``app`` in another checkout of its repository.

    It is run by ``python`` if that is given, else by a virtualenv inside the checkout, else by the
    interpreter of ``app``. Folders of ``pythonpath`` that are inside the one checkout are taken
    from the same place in the other.

    Raises:
        DjtuneError: the checkout has no project, or it is ``app`` itself.

    """
    checkout = Path(os.path.abspath(checkout))  # noqa: PTH100 - without "..", links as they are
    top = _top(Path(app.directory))
    start = checkout / Path(app.directory).relative_to(top)
    start = start if start.is_dir() else checkout
    found = find_app(
        start,
        settings=settings,
        pythonpath=[_moved(folder, top, checkout) for folder in pythonpath],
        python=python or _own_python(start, checkout) or app.python,
        allowed_hosts=app.allowed_hosts,
        live_effects=app.live_effects,
        environ=environ,
    )
    if Path(found.directory).resolve() == Path(app.directory).resolve():
        raise DjtuneError(
            f"{checkout} is not another checkout of the project: its manage.py is this project's",
            hint="make one: git worktree add FOLDER COMMIT",
        )
    return found


def _top(directory: Path) -> Path:
    """The root of the repository that a folder is in; the folder itself outside of one."""
    return next((one for one in upward(directory) if (one / ".git").exists()), directory)


def _moved(folder: str, top: Path, checkout: Path) -> str:
    """A folder of one checkout in another; one outside of it stays where it is."""
    path = Path(folder)
    inside = path.is_relative_to(top) and not path.is_relative_to(checkout)
    return str(checkout / path.relative_to(top)) if inside else folder


def _own_python(start: Path, checkout: Path) -> str | None:
    """The interpreter of a virtualenv inside the checkout."""
    folders = [one for one in (start, *start.parents) if one.is_relative_to(checkout)]
    pythons = (folder / name / "bin/python" for folder in folders for name in ENVIRONMENTS)
    return next((str(python) for python in pythons if python.is_file()), None)


def find_manage(start: Path) -> Path | None:
    """Find ``manage.py`` in a folder, above it within the repository, or one folder below.

    Raises:
        DjtuneError: there are several one folder below.

    """
    start = start.absolute()
    for folder in upward(start):
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
