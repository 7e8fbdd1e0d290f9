"""The user's script: how it is loaded and played, and where it failed."""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from djtune.errors import DjtuneError

Journey = Callable[..., None]
GIVEN = ("page", "step", "base_url", "context")
"""What a script's function may ask for by name."""


class Part(Protocol):
    """What follows a journey step by step."""

    def leave(self, step: str) -> None:
        """A step is interrupted by one inside of it, or goes on after one."""

    def end(self, step: str) -> None:
        """A step has ended."""


class Steps:
    """Names the parts of a journey: ``with step("search"): …``."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self.current = ""
        self.names: list[str] = []
        """Steps in the order of their first beginning."""

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Have what happens inside belong to the step ``name``."""
        outer = self.current
        self._part.leave(outer)
        self.enter(name)
        yield
        # Where the body raises, the step stays current, so that the failure can name it.
        self._part.end(name)
        self.current = outer

    def enter(self, name: str) -> None:
        """Have what follows belong to the step ``name``."""
        self.current = name
        if name not in self.names:
            self.names.append(name)

    @contextmanager
    def whole(self, name: str) -> Iterator[None]:
        """A journey: a step of its own where it has none, and what happens between them."""
        before = len(self.names)
        self.current = name
        yield
        if len(self.names) == before:
            self.enter(name)
            self._part.end(name)
        else:
            self._part.leave(name)


def load(path: Path) -> list[Journey]:
    """The journeys of a script: its ``journey``, else every ``test_…`` that asks for a page.

    Raises :class:`DjtuneError` where the file is missing, does not load or has none.
    """
    if not path.is_file():
        raise DjtuneError(f"there is no journey script {path}", hint="name a Python file")
    module = _import(path)
    if callable(found := getattr(module, "journey", None)):
        journeys = [found]
    else:
        tests = [each for name, each in vars(module).items() if name.startswith("test_")]
        journeys = [each for each in tests if callable(each) and "page" in _asked(each)]
    if not journeys:
        raise DjtuneError(
            f"{path} has no journey",
            hint="write `def journey(page, step):`, or `def test_…(page):`",
        )
    for journey in journeys:
        _check(journey, path)
    return journeys


def _import(path: Path) -> ModuleType:
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("djtune_journey", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["djtune_journey"] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise DjtuneError(f"the journey script does not load: {described(error, path)}") from error
    return module


def _asked(journey: Journey) -> list[str]:
    return list(inspect.signature(journey).parameters)


def _check(journey: Journey, path: Path) -> None:
    unknown = [name for name in _asked(journey) if name not in GIVEN]
    if unknown:
        raise DjtuneError(
            f"{journey.__name__} in {path} asks for {', '.join(unknown)}",
            hint=f"a journey is given {', '.join(GIVEN)}",
        )


def play(journey: Journey, steps: Steps, **given: Any) -> None:
    """Make one journey, handing it what it asks for."""
    wanted = _asked(journey)
    with steps.whole(journey.__name__):
        journey(**{name: value for name, value in given.items() if name in wanted})


def described(error: BaseException, script: Path) -> str:
    """Type and place of an exception in the user's script.

    Of its text, only the first line of Playwright's own: it repeats what the script asks for.
    Others may hold values of the page's.
    """
    name = type(error).__name__
    if type(error).__module__.startswith("playwright"):
        name = f"{name}: {str(error).splitlines()[0]}"
    line = _line(error, script)
    return f"{name} at {script.name}:{line}" if line else name


def _line(error: BaseException, script: Path) -> int:
    if isinstance(error, SyntaxError) and error.filename == str(script):
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(script)]
    return lines[-1] or 0 if lines else 0
