"""Describes the code behind every route, so that it is recognised on a stack from outside."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable
from typing import Any

from django.utils.functional import cached_property

from .paths import Endpoint, walk
from .urlconf import has_format_suffix
from .views import View, is_framework, location_of, shortened, view_of

Code = tuple[str, str]
"""The qualified name of a function, and its file as reports show it."""


def describe_entries() -> list[dict[str, Any]]:
    """Return the code of every route, shaped as ``djtune.model.entries.Entry``.

    No view is called, and no database is asked.
    """
    return [_describe(endpoint) for endpoint in walk() if not has_format_suffix(endpoint)]


def _describe(endpoint: Endpoint) -> dict[str, Any]:
    view = view_of(endpoint.callback)
    file, line = location_of(view)
    return {
        "route": endpoint.route,
        "view": view.dotted,
        "name": view.cls.__qualname__ if view.cls else "",
        "file": file,
        "line": line,
        "functions": _codes(_functions(view)),
        "methods": _codes(_methods(view.cls or type(view.target))) if _has_methods(view) else [],
    }


def _functions(view: View) -> list[Any]:
    """Return the functions in which the view's own part of a request begins."""
    if view.cls is not None:
        names = view.actions.values() or view.attribute("http_method_names") or ()
        return [view.attribute(name) for name in names]
    return [type(view.target).__call__ if _has_methods(view) else view.target]


def _has_methods(view: View) -> bool:
    """Tell classes, and objects that are called, from functions."""
    return not hasattr(view.target, "__code__")


def _methods(cls: type) -> list[Any]:
    """Return the application's own functions that the class has, inherited ones too."""
    own = [one for one in cls.__mro__ if not is_framework(one.__module__)]
    names = dict.fromkeys(name for one in own for name in vars(one))
    return [inspect.getattr_static(cls, name) for name in names]


def _codes(attributes: Iterable[Any]) -> list[Code]:
    codes = (_code_of(_function_of(attribute)) for attribute in attributes)
    return list(dict.fromkeys(code for code in codes if code is not None))


def _function_of(attribute: Any) -> Any:
    """Return the function inside a descriptor, which is not asked for its value."""
    if isinstance(attribute, property):
        return attribute.fget
    if isinstance(attribute, (staticmethod, classmethod)):
        return attribute.__func__
    if isinstance(attribute, (functools.cached_property, cached_property)):
        return attribute.func
    return attribute


def _code_of(function: Any) -> Code | None:
    if not inspect.isfunction(function):
        return None
    code = inspect.unwrap(function).__code__
    # Before Python 3.11 code does not know its class, and a stack does not show it.
    return getattr(code, "co_qualname", code.co_name), shortened(code.co_filename)
