"""Reads in a view's source where the parameters of its URL are looked up.

``get_object_or_404(Show, slug=slug, live=True)`` and
``Show.objects.filter(live=True).get(slug=self.kwargs["slug"])`` both say: ``slug`` is a field of
``Show``, among the live ones. The source is parsed, never run.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models

from .views import View

Function = Callable[..., Any]
Model = type[models.Model]

_EXACT = ("__exact", "__iexact")
_FINDERS = {"get", "filter", "aget"}


@dataclass(frozen=True)
class SourceLookup:
    """A parameter of the URL passed to a lookup."""

    param: str
    model: Model | None
    """``None`` where it is looked up in the view's own queryset."""
    field: str
    filter: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Constants that the same lookup asks for."""


def read_lookups(view: View, params: set[str]) -> list[SourceLookup]:
    """Return the lookups that pass one of the parameters, in the order of the source."""
    return [
        lookup
        for function in view.functions()
        for call in _calls(function)
        for lookup in _in_call(call, function, params)
    ]


def models_in(view: View, only: Function | None = None) -> list[Model]:
    """Return the models that a view's source, or one of its functions, names."""
    found: dict[Model, None] = {}
    for function in [only] if only else view.functions():
        for node in ast.walk(_tree(function)):
            if isinstance(node, ast.Name | ast.Attribute):
                value = _resolve(node, function)
                if is_model(value):
                    found[value] = None
    return list(found)


def _tree(function: Function) -> ast.AST:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return ast.Module(body=[], type_ignores=[])


def _calls(function: Function) -> Iterator[ast.Call]:
    for node in ast.walk(_tree(function)):
        if isinstance(node, ast.Call) and node.keywords:
            yield node


def _in_call(call: ast.Call, function: Function, params: set[str]) -> Iterator[SourceLookup]:
    given = {
        keyword.arg: param
        for keyword in call.keywords
        if keyword.arg and (param := _param(keyword.value, params))
    }
    if not given:
        return
    looked_in = _looked_in(call)
    if looked_in is None:
        return
    root = _root(looked_in)
    model = _resolve(root, function)
    in_own = isinstance(root, ast.Name) and root.id == "self"
    if not is_model(model) and not in_own:
        return
    constants = {**_constants(looked_in), **_constants(call)}
    for name, param in given.items():
        yield SourceLookup(param, model if is_model(model) else None, _plain(name), constants)


def _looked_in(call: ast.Call) -> ast.expr | None:
    """Return what a call looks in: its first argument, or what its method is called on."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    name = call.func.id if isinstance(call.func, ast.Name) else name
    if name.endswith("_or_404"):
        return call.args[0] if call.args else None
    if isinstance(call.func, ast.Attribute) and name in _FINDERS:
        return call.func.value
    return None


def _root(node: ast.expr) -> ast.expr:
    """Follow a chain such as ``models.Show.objects.filter(…)`` to the model's name."""
    if isinstance(node, ast.Call):
        return _root(node.func)
    if isinstance(node, ast.Attribute):
        if isinstance(node.value, ast.Name) and node.attr[:1].isupper():
            return node
        return _root(node.value)
    return node


def _constants(node: ast.expr) -> dict[str, Any]:
    """Return the constants that the calls of a chain ask for."""
    if isinstance(node, ast.Attribute):
        return _constants(node.value)
    if not isinstance(node, ast.Call):
        return {}
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    wanted = name in _FINDERS or name.endswith("_or_404") or isinstance(node.func, ast.Name)
    own = {
        keyword.arg: keyword.value.value
        for keyword in node.keywords
        if wanted
        and keyword.arg
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, bool | int | str)
    }
    return {**_constants(node.func), **own}


def _param(node: ast.expr, params: set[str]) -> str:
    """Return the URL parameter that an expression stands for, if it does."""
    name: Any = ""
    if isinstance(node, ast.Name):
        name = node.id
    elif isinstance(node, ast.Subscript) and _is_kwargs(node.value):
        name = getattr(node.slice, "value", "")
    elif isinstance(node, ast.Call) and len(node.args) >= 1:
        inner = node.args[0]
        if isinstance(node.func, ast.Attribute) and _is_kwargs(node.func.value):
            name = getattr(inner, "value", "")
        elif isinstance(node.func, ast.Name):
            return _param(inner, params)
    return name if isinstance(name, str) and name in params else ""


def _is_kwargs(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name == "kwargs"


def _plain(lookup: str) -> str:
    for suffix in _EXACT:
        lookup = lookup.removesuffix(suffix)
    return lookup


def _resolve(node: ast.expr, function: Function) -> Any:
    """Return the global, or the attribute of a module, that an expression names."""
    if isinstance(node, ast.Name):
        return getattr(function, "__globals__", {}).get(node.id)
    if isinstance(node, ast.Attribute):
        holder = _resolve(node.value, function)
        return getattr(holder, node.attr, None) if isinstance(holder, types.ModuleType) else None
    return None


def is_model(value: Any) -> bool:
    """Tell whether a value is a model class."""
    return isinstance(value, type) and issubclass(value, models.Model)
