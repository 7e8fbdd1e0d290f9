"""Where a class stands in the source, and what its body declares.

``inspect`` parses the whole file anew for each class that it is asked about, and may take the wrong
one where a file defines a name twice (``if asynchronous: class View … else: class View …``).
"""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

FILES_KEPT = 256


@dataclass(frozen=True)
class Definition:
    """One ``class`` statement."""

    file: str
    """Absolute."""
    line: int
    """The first: of a decorator, where there is one."""
    end: int
    names: Mapping[str, int] = field(default_factory=dict)
    """What the body assigns or defines → its line, the first of each name."""
    listed: Mapping[str, int] = field(default_factory=dict)
    """What ``Meta.fields`` lists → its line; ``__all__`` where it takes all."""


def definition_of(cls: type) -> Definition | None:
    """The statement that made a class; ``None`` without source."""
    try:
        file = inspect.getsourcefile(cls)
    except (OSError, TypeError):
        return None
    found = _definitions(file).get(cls.__qualname__, []) if file else []
    if len(found) > 1:
        found = [one for one in found if _made(one, cls)] or found
    return found[0] if found else None


def _made(definition: Definition, cls: type) -> bool:
    """Whether the functions of a class stand in a definition of its name."""
    if "__firstlineno__" in vars(cls):  # from Python 3.13 on
        return bool(vars(cls)["__firstlineno__"] == definition.line)
    return any(
        definition.line <= value.__code__.co_firstlineno <= definition.end
        for value in vars(cls).values()
        if inspect.isfunction(value) and value.__qualname__.startswith(f"{cls.__qualname__}.")
    )


@lru_cache(maxsize=FILES_KEPT)
def _definitions(file: str) -> dict[str, list[Definition]]:
    """Every class of a file by its qualified name, in the order in which they stand."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return {}
    found: dict[str, list[Definition]] = {}
    for name, node in _classes(tree, ""):
        found.setdefault(name, []).append(_read(node, file))
    return found


def _classes(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for child in ast.iter_child_nodes(node):
        inside = prefix
        if isinstance(child, ast.ClassDef):
            yield prefix + child.name, child
            inside = f"{prefix}{child.name}."
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inside = f"{prefix}{child.name}.<locals>."
        yield from _classes(child, inside)


def _read(node: ast.ClassDef, file: str) -> Definition:
    names: dict[str, int] = {}
    listed: dict[str, int] = {}
    for statement in node.body:
        for name in _assigned(statement):
            names.setdefault(name, statement.lineno)
        if isinstance(statement, ast.ClassDef) and statement.name == "Meta":
            listed.update(_listed(statement))
    line = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return Definition(file, line, node.end_lineno or line, names, listed)


def _assigned(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return [statement.name]
    return []


def _listed(meta: ast.ClassDef) -> dict[str, int]:
    return {
        node.value: node.lineno
        for statement in meta.body
        if "fields" in _assigned(statement)
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
