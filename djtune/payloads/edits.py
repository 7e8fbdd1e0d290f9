"""Changes of serializers and querysets, as patches that apply.

Where the source does not show plainly what to change there is no patch, but a note why, and where
possible a line to paste.
"""

import ast
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from djtune.model.patches import unified
from djtune.payloads import listings
from djtune.payloads.cutting import Cutting, UnclearError, end_of, start_of

_LISTS = ("fields", "exclude")
_ALSO_LISTS = ("read_only_fields", "write_only_fields")


class Edit(Struct, frozen=True):
    """A change of one file."""

    patch: str = ""
    """For ``patch -p1``; empty where the source does not show plainly what to change."""
    note: str = ""
    """What to look at, or why there is no patch."""
    paste: str = ""
    """The line to paste where there is no patch, as far as it is known."""
    source: str = ""
    """The whole file after it, for another edit of it; as it was where there is no patch."""


def drop_fields(
    source: str, serializer: str, names: Collection[str], file: str, every: Sequence[str] = ()
) -> Edit:
    """Take fields out of a serializer: its ``Meta.fields``, declarations, and ``get_x`` methods.

    ``serializer`` is the class's name, dotted or not; ``every`` are all of its fields in order,
    which is needed where ``fields`` does not name them. A method goes only where nothing else in
    the file names it.
    """

    def change(cutting: Cutting) -> str:
        return _Serializer(cutting, serializer).drop(set(names), every)

    edit = _edited(source, file, change)
    kept = [name for name in every if name not in names]
    paste = f"fields = {_as_list(kept)}" if every and not edit.patch else ""
    return Edit(edit.patch, edit.note, paste, edit.source)


def drop_relations(source: str, line: int, names: Collection[str], file: str) -> Edit:
    """Take relations out of the ``select_related`` and ``prefetch_related`` calls around ``line``.

    They are looked for in the statement at that line, else in the function or class around it. Of
    ``"channel__package"`` as the name, ``"channel"`` stays loaded.
    """

    def change(cutting: Cutting) -> str:
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

    return _edited(source, file, change)


def _edited(source: str, file: str, change: Callable[[Cutting], str]) -> Edit:
    """Make a change, and see that the result is Python."""
    try:
        cutting = Cutting(source)
        note = change(cutting)
        after = cutting.result()
        ast.parse(after)
    except SyntaxError as error:
        return Edit(note=f"No patch: {error.msg} at line {error.lineno}.", source=source)
    except UnclearError as error:
        return Edit(note=f"No patch: {error}.", source=source)
    return Edit(unified(source, after, file), note, source=after)


class _Assigned(NamedTuple):
    statement: ast.stmt
    value: ast.expr


class _Serializer:
    """A serializer's class in the source."""

    def __init__(self, cutting: Cutting, name: str) -> None:
        self.cutting = cutting
        self.name = name.rpartition(".")[2]
        classes = [node for node in ast.walk(cutting.tree) if isinstance(node, ast.ClassDef)]
        found = [node for node in classes if node.name == self.name]
        if len(found) != 1:
            raise UnclearError(f"the file has {len(found) or 'no'} classes {self.name}")
        heirs = [node.name for node in classes if self.name in map(_last_name, node.bases)]
        if heirs:
            raise UnclearError(f"{', '.join(heirs)} inherits from {self.name}")
        self.node = found[0]
        self.meta = next(
            (n for n in self.node.body if isinstance(n, ast.ClassDef) and n.name == "Meta"), None
        )

    def drop(self, names: set[str], every: Sequence[str]) -> str:
        """Cut the fields out; return what is to be looked at."""
        declared = {name: made for name, made in _assigned(self.node).items() if name in names}
        listed = self._unlist(names, set(declared), every)
        missing = names - listed - set(declared)
        if missing == names:
            raise UnclearError(f"{self.name} itself does not name {', '.join(sorted(names))}")
        for made in declared.values():
            self.cutting.drop_statement(made.statement)
        self._drop_methods(declared)
        self._keep_a_body()
        return " ".join([*self._mentions(names - missing), *self._not_here(missing)])

    def _unlist(self, names: set[str], declared: set[str], every: Sequence[str]) -> set[str]:
        """Take names out of Meta; return those that it had, itself or by ``__all__``."""
        assigned = _assigned(self.meta)
        for name in _ALSO_LISTS:
            if name in assigned and listings.names_in(assigned[name].value) is not None:
                listings.take_out(self.cutting, assigned[name].value, names)
        how = next((name for name in _LISTS if name in assigned), "")
        if not how:
            self._check_plain()
            return set()
        value = assigned[how].value
        held = listings.names_in(value)
        if how == "exclude":
            return self._exclude(value, held, names, declared)
        if held is not None:
            listings.take_out(self.cutting, value, names)
            return names & set(held)
        if isinstance(value, ast.Constant) or _last_name(value) == "ALL_FIELDS":
            return self._name_the_rest(assigned[how], names, declared, every)
        raise UnclearError(f"Meta.fields is made by an expression at line {value.lineno}")

    def _check_plain(self) -> None:
        """Without fields of its own in Meta, only a plain serializer has just what it declares."""
        if "Serializer" not in map(_last_name, self.node.bases):
            raise UnclearError(f"{self.name} inherits the list of its fields")

    def _exclude(
        self, value: ast.expr, held: list[str] | None, names: set[str], declared: set[str]
    ) -> set[str]:
        if held is None or declared:
            raise UnclearError(f"Meta.exclude at line {value.lineno} cannot name declared fields")
        assert isinstance(value, (ast.List, ast.Tuple))
        more = [f'"{name}"' for name in sorted(names - set(held))]
        listings.write(self.cutting, value, [*map(self.cutting.text, value.elts), *more])
        return names

    def _name_the_rest(
        self, made: _Assigned, names: set[str], declared: set[str], every: Sequence[str]
    ) -> set[str]:
        """``"__all__"`` becomes a list of the others, or else of those left out."""
        if every:
            kept = [f'"{name}"' for name in every if name not in names]
            listings.write(self.cutting, made.value, kept)
            return names & set(every)
        if declared or not isinstance(made.statement, ast.Assign):
            raise UnclearError('Meta.fields is "__all__", and what that is here is not known')
        listings.write(self.cutting, made.value, [f'"{name}"' for name in sorted(names)])
        self.cutting.replace(made.statement.targets[0], "exclude")
        return names

    def _drop_methods(self, declared: dict[str, _Assigned]) -> None:
        for name, made in declared.items():
            method = _method_of(name, made.value)
            found = [n for n in self.node.body if isinstance(n, ast.FunctionDef)]
            for function in found:
                if function.name == method and not self._is_named(method, function):
                    self.cutting.drop_statement(function)

    def _is_named(self, method: str, but: ast.FunctionDef) -> bool:
        """Whether anything that stays names a method."""
        inside = set(map(id, ast.walk(but)))
        return any(
            method in (_last_name(node), getattr(node, "value", None))
            for node in ast.walk(self.cutting.tree)
            if isinstance(node, (ast.Name, ast.Attribute, ast.Constant))
            and id(node) not in inside
            and not self.cutting.is_dropped(node)
        )

    def _keep_a_body(self) -> None:
        if all(self.cutting.is_dropped(node) for node in self.node.body):
            self.cutting.replace_dropped(self.node.body[0], "pass")

    def _mentions(self, names: set[str]) -> Iterator[str]:
        """What else in the class names the fields, by string or by ``validate_x``."""
        hooks = {f"validate_{name}" for name in names}
        lists = [made.value for made in _assigned(self.meta).values()]
        listed = {id(element) for node in lists for element in getattr(node, "elts", ())}
        lines = {
            node.lineno
            for node in ast.walk(self.node)
            if not self.cutting.is_dropped(node)
            and id(node) not in listed
            and (
                (isinstance(node, ast.Constant) and node.value in names)
                or (isinstance(node, ast.FunctionDef) and node.name in hooks)
            )
        }
        if lines:
            where = ", ".join(map(str, sorted(lines)))
            yield f"Look at line {where}, which also names what is dropped."

    def _not_here(self, missing: set[str]) -> Iterator[str]:
        if missing:
            yield f"{self.name} itself does not name {', '.join(sorted(missing))}."


def _assigned(node: ast.ClassDef | None) -> dict[str, _Assigned]:
    """The names that a class body gives values to."""
    found = {}
    for statement in node.body if node else ():
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = _Assigned(statement, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = _Assigned(statement, value)
    return found


def _method_of(name: str, value: ast.expr) -> str:
    """The method that a declared field calls, if it is of the kind that does."""
    if not isinstance(value, ast.Call) or _last_name(value.func) != "SerializerMethodField":
        return ""
    given = [*value.args, *(k.value for k in value.keywords if k.arg == "method_name")]
    named = given[0] if given else None
    return str(named.value) if isinstance(named, ast.Constant) else f"get_{name}"


def _last_name(node: ast.AST) -> str:
    """``Serializer`` of ``serializers.Serializer``."""
    return str(getattr(node, "attr", "") or getattr(node, "id", ""))


def _as_list(names: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


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
    if isinstance(argument, ast.Call) and _last_name(argument.func) == "Prefetch":
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
