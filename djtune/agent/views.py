"""What can be told of a view without calling it."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .classes import definition_of

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""In the order in which they are reported. OPTIONS, which every view answers, is not."""


INSTALLED = frozenset(("site-packages", "dist-packages"))


@dataclass(frozen=True)
class View:
    """The class or function behind the callback of a URL pattern."""

    callback: Callable[..., Any]
    target: Any
    """The class, or the function without its decorators."""
    options: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of ``as_view()``, which override the class's attributes."""
    actions: dict[str, str] = field(default_factory=dict)
    """A DRF viewset's actions by lower-case method."""

    @property
    def cls(self) -> type | None:
        """The view class, or ``None`` for a function."""
        return self.target if isinstance(self.target, type) else None

    @property
    def dotted(self) -> str:
        """The dotted path of the class or function."""
        target = self.target
        if not hasattr(target, "__qualname__"):
            target = type(target)
        return f"{target.__module__}.{target.__qualname__}"

    def attribute(self, name: str) -> Any:
        """Return a class attribute without running descriptors; ``None`` without one."""
        if name in self.options:
            return self.options[name]
        return inspect.getattr_static(self.cls, name, None) if self.cls else None

    def functions(self) -> list[Callable[..., Any]]:
        """Return the functions whose source may be read: the view's own, not a framework's."""
        if self.cls is None:
            return [self.target] if hasattr(self.target, "__code__") else []
        return [
            inspect.unwrap(value)
            for cls in self.cls.__mro__
            if not is_framework(cls.__module__)
            for value in vars(cls).values()
            if inspect.isfunction(value)
        ]


def is_framework(module: str) -> bool:
    """Tell whether a module belongs to Django, DRF or the interpreter."""
    return module.partition(".")[0] in {"django", "rest_framework", "adrf", "builtins"}


def view_of(callback: Callable[..., Any]) -> View:
    """Find the class or function that a URL pattern's callback stands for."""
    for layer in _layers(callback):
        cls = getattr(layer, "view_class", None) or getattr(layer, "cls", None)
        if isinstance(cls, type):
            options = getattr(layer, "view_initkwargs", None) or getattr(layer, "initkwargs", {})
            actions = getattr(layer, "actions", None) or {}
            return View(callback, _api_function(cls) or cls, dict(options), dict(actions))
    return View(callback, layer)


def methods_of(view: View) -> list[str]:
    """Return the methods that a view answers; GET for a function that does not say."""
    allowed = _declared(view.callback)
    found = _class_methods(_class_behind(view), view)
    if found is None:
        return [name for name in METHODS if name in (allowed or {"GET"})]
    return [name for name in METHODS if name in found and (allowed is None or name in allowed)]


def location_of(view: View) -> tuple[str, int]:
    """Return the file and line that the view is defined at; ``("", 0)`` without source."""
    target = inspect.unwrap(view.target) if callable(view.target) else view.target
    if not (isinstance(target, type) or hasattr(target, "__code__")):
        target = type(target)
    if isinstance(target, type):
        found = definition_of(target)
        return (shortened(found.file), found.line) if found else ("", 0)
    try:
        file = inspect.getsourcefile(target) or ""
        line = inspect.getsourcelines(target)[1]
    except (OSError, TypeError):
        return "", 0
    return shortened(file), max(line, 1)


def is_installed(file: str) -> bool:
    """Tell an installed package's file from the app's own, which may be installed as a whole."""
    path = Path(file)
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return not INSTALLED.isdisjoint(path.parts)


def shortened(file: str) -> str:
    """Return an installed file's path from ``site-packages``, another's from the project's root."""
    if not is_installed(file):
        root = Path.cwd()
        return str(Path(file).relative_to(root)) if Path(file).is_relative_to(root) else file
    _, installed, inside = file.rpartition("/site-packages/")
    return inside if installed else file


def _layers(callback: Any) -> Iterator[Any]:
    """Yield a callable and what its decorators wrap, the innermost last."""
    while True:
        yield callback
        if isinstance(callback, functools.partial):
            callback = callback.func
        elif hasattr(callback, "__wrapped__"):
            callback = callback.__wrapped__
        else:
            return


def _declared(callback: Any) -> set[str] | None:
    """Return the methods that ``require_http_methods`` allows, read from its closure."""
    allowed: set[str] | None = None
    for layer in _layers(callback):
        code, cells = getattr(layer, "__code__", None), getattr(layer, "__closure__", None)
        if code is None or cells is None or "request_method_list" not in code.co_freevars:
            continue
        methods = set(cells[code.co_freevars.index("request_method_list")].cell_contents)
        allowed = methods if allowed is None else allowed & methods
    return allowed


def _class_behind(view: View) -> type | None:
    for layer in _layers(view.callback):
        cls = getattr(layer, "view_class", None) or getattr(layer, "cls", None)
        if isinstance(cls, type):
            return cls
    return None


def _class_methods(cls: type | None, view: View) -> set[str] | None:
    """Return the methods that a view class implements and allows."""
    if cls is None:
        return None
    names = view.options.get("http_method_names", getattr(cls, "http_method_names", []))
    implemented = set(view.actions) or {name for name in names if hasattr(cls, name)}
    if "get" in implemented:
        implemented.add("head")  # as View.setup() and ViewSetMixin.as_view() do
    return {name.upper() for name in names if name in implemented}


def _api_function(cls: type) -> Callable[..., Any] | None:
    """Return the function under ``@api_view``, which makes a class of it."""
    if "rest_framework" not in sys.modules:
        return None
    for name in getattr(cls, "http_method_names", []):
        handler: Any = getattr(cls, name, None)
        if getattr(handler, "__qualname__", "") == "api_view.<locals>.decorator.<locals>.handler":
            found: Callable[..., Any] = inspect.unwrap(
                inspect.getclosurevars(handler).nonlocals["func"]
            )
            return found
    return None
