"""Describes the code behind every route, so that it is recognised on a stack from outside."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from .paths import Endpoint, walk
from .urlconf import _has_format_suffix
from .views import View, is_framework, location_of, shortened, view_of

Code = tuple[str, str]
"""The qualified name of a function or class, and its file as reports show it."""


def describe_entries() -> list[dict[str, Any]]:
    """Return the code of every route, shaped as ``djtune.model.entries.Entry``.

    No view is called, and no database is asked.
    """
    return [_describe(endpoint) for endpoint in walk() if not _has_format_suffix(endpoint)]


def _describe(endpoint: Endpoint) -> dict[str, Any]:
    view = view_of(endpoint.callback)
    file, line = location_of(view)
    return {
        "route": endpoint.route,
        "view": view.dotted,
        "name": view.dotted.rpartition(".")[2] if view.cls else "",
        "file": file,
        "line": line,
        "functions": _functions(view),
        "classes": _classes(view),
    }


def _functions(view: View) -> list[Code]:
    """Return the functions in which the view's own part of a request begins."""
    if view.cls is not None:
        names = view.actions.values() or view.attribute("http_method_names") or ()
        found = [getattr(view.cls, name, None) for name in names]
    elif hasattr(view.target, "__code__"):
        found = [view.target]
    else:
        found = [type(view.target).__call__]
    codes = (_code_of(function) for function in found if function is not None)
    return list(dict.fromkeys(code for code in codes if code is not None))


def _code_of(function: Any) -> Code | None:
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    return getattr(code, "co_qualname", function.__qualname__), shortened(code.co_filename)


def _classes(view: View) -> list[Code]:
    """Return the view's classes that are the application's own."""
    cls = view.cls if hasattr(view.target, "__qualname__") else type(view.target)
    own = (one for one in (cls.__mro__ if cls else ()) if not is_framework(one.__module__))
    return [(one.__qualname__, _file_of(one)) for one in own]


def _file_of(cls: type) -> str:
    module = sys.modules.get(cls.__module__)
    return shortened(getattr(module, "__file__", None) or "")
