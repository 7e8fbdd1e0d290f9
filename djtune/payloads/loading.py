"""``select_related`` and ``prefetch_related`` calls in the source, without some relations."""

import ast
from collections.abc import Collection, Iterable

from djtune.payloads.cutting import Cutting, UnclearError, end_of, start_of
from djtune.payloads.serializer_class import last_name


def drop_relations_at(cutting: Cutting, line: int, names: Collection[str]) -> str:
    """Cut relations out of the calls around a line; return what was not found there."""
    for scope in _scopes(cutting.tree, line):
        calls = [call for call in _loading_calls(scope) if _mentions(call, names)]
        for name in names:
            if sum(_mentions(call, [name]) for call in calls) > 1:
                raise UnclearError(f"several querysets around line {line} load {name!r}")
        for call in calls:
            _lighten(cutting, call, names)
        if calls:
            left = [n for n in names if not any(_mentions(call, [n]) for call in calls)]
            return f"Not found there: {', '.join(sorted(left))}." if left else ""
    raise UnclearError(f"no call around line {line} names {', '.join(sorted(names))}")


def _scopes(tree: ast.Module, line: int) -> list[ast.stmt]:
    """The statements around a line, the smallest first."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return sorted(around, key=lambda node: (node.end_lineno or 0) - node.lineno)


def _loading_calls(scope: ast.stmt) -> list[ast.Call]:
    names = ("select_related", "prefetch_related")
    calls = [node for node in ast.walk(scope) if isinstance(node, ast.Call)]
    return [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr in names]


def _path(argument: ast.expr) -> str:
    """The relation that an argument names, itself or as a ``Prefetch``."""
    if isinstance(argument, ast.Call) and last_name(argument.func) == "Prefetch":
        return _path(argument.args[0]) if argument.args else ""
    return str(argument.value) if isinstance(argument, ast.Constant) else ""


def _is_within(path: str, relation: str) -> bool:
    return path == relation or path.startswith(f"{relation}__")


def _mentions(call: ast.Call, names: Collection[str]) -> bool:
    return any(_hits(_path(argument), names) for argument in call.args)


def _lighten(cutting: Cutting, call: ast.Call, names: Collection[str]) -> None:
    """Rewrite the arguments of a call, or take the call out if it has none left."""
    if not _mentions(call, names):
        return
    loaded = [path for a in call.args if not _hits(path := _path(a), names)]
    texts: dict[str, None] = {}
    for argument in call.args:
        path = _path(argument)
        parent = _before(path, names)
        if not _hits(path, names):
            texts[cutting.text(argument)] = None
        elif parent and not any(_is_within(other, parent) for other in loaded):
            texts[f'"{parent}"'] = None
    if texts:
        cutting.replace_span(start_of(call.args[0]), end_of(call.args[-1]), ", ".join(texts))
    else:
        assert isinstance(call.func, ast.Attribute)
        cutting.replace_span(end_of(call.func.value), end_of(call), "")


def _hits(path: str, names: Iterable[str]) -> list[str]:
    """The names that a path leads to or through."""
    return [name for name in names if _is_within(path, name)]


def _before(path: str, names: Iterable[str]) -> str:
    """The way to the first of the names that a path leads through."""
    return min(_hits(path, names), key=len, default="").rpartition("__")[0]
