"""A serializer as its source has it, without some of its fields."""

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from djtune.payloads import listings
from djtune.payloads.cutting import Cutting, UnclearError

_LISTS = ("fields", "exclude")
_ALSO_LISTS = ("read_only_fields", "write_only_fields")


class _Assigned(NamedTuple):
    statement: ast.stmt
    value: ast.expr


class SerializerClass:
    """A serializer's class in the source."""

    def __init__(self, cutting: Cutting, name: str) -> None:
        self.cutting = cutting
        self.name = name.rpartition(".")[2]
        classes = [node for node in ast.walk(cutting.tree) if isinstance(node, ast.ClassDef)]
        found = [node for node in classes if node.name == self.name]
        if len(found) != 1:
            raise UnclearError(f"the file has {len(found) or 'no'} classes {self.name}")
        self.classes = {node.name: node for node in classes}
        self.node = found[0]
        self.meta = _meta(self.node)

    def drop(self, names: set[str]) -> str:
        """Cut the fields out; return what is to be looked at."""
        declared = {name: made for name, made in _assigned(self.node).items() if name in names}
        self._check_family(set(declared))
        listed = self._unlist(names, declared)
        missing = names - listed - set(declared)
        if missing == names:
            raise UnclearError(f"{self.name} itself does not name {', '.join(sorted(names))}")
        for made in declared.values():
            self.cutting.drop_statement(made.statement)
        self._drop_methods(declared)
        self._keep_a_body()
        return " ".join([*self._mentions(names - missing), *self._not_here(missing)])

    def _unlist(self, names: set[str], declared: Mapping[str, _Assigned]) -> set[str]:
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
        if isinstance(value, ast.Constant) or last_name(value) == "ALL_FIELDS":
            return self._exclude_instead(assigned[how], names, declared)
        raise UnclearError(f"Meta.fields is made by an expression at line {value.lineno}")

    def _check_family(self, declared: set[str]) -> None:
        """Other classes of the file must neither bring the fields back nor miss them."""
        for base in self._ancestors():
            if again := declared & set(_assigned(base)):
                raise UnclearError(f"{base.name} declares {', '.join(sorted(again))} too")
        for heir in self.classes.values():
            if self.name in map(last_name, heir.bases) and not self._is_apart(heir, declared):
                raise UnclearError(f"{heir.name} inherits from {self.name}")

    def _ancestors(self) -> list[ast.ClassDef]:
        """The classes of the file that this one inherits from."""
        found: dict[str, ast.ClassDef] = {}
        waiting = [self.node]
        while waiting:
            for name in map(last_name, waiting.pop().bases):
                if name in self.classes and name not in found:
                    found[name] = self.classes[name]
                    waiting.append(found[name])
        return list(found.values())

    def _is_apart(self, heir: ast.ClassDef, declared: set[str]) -> bool:
        """Whether an heir lists its own fields, and none that only this class declares."""
        meta = _meta(heir)
        fields = _assigned(meta).get("fields")
        if meta is None or fields is None:
            return False
        held = listings.names_in(fields.value)
        own = not any(last_name(node) == self.name for node in ast.walk(meta))
        return own and held is not None and not declared & set(held)

    def _check_plain(self) -> None:
        """Without fields of its own in Meta, only a plain serializer has just what it declares."""
        family = [self.node, *self._ancestors()]
        bases = {last_name(base) for node in family for base in node.bases}
        listing = [node for node in family if set(_LISTS) & set(_assigned(_meta(node)))]
        of_models = [name for name in bases if name.endswith("ModelSerializer")]
        if "Serializer" not in bases or listing or of_models:
            raise UnclearError(f"{self.name} inherits the list of its fields")

    def _exclude(
        self,
        value: ast.expr,
        held: list[str] | None,
        names: set[str],
        declared: Mapping[str, _Assigned],
    ) -> set[str]:
        if held is None or declared:
            raise UnclearError(f"Meta.exclude at line {value.lineno} cannot name declared fields")
        assert isinstance(value, (ast.List, ast.Tuple))
        more = [f'"{name}"' for name in sorted(names - set(held))]
        listings.write(self.cutting, value, [*map(self.cutting.text, value.elts), *more])
        return names

    def _exclude_instead(
        self, made: _Assigned, names: set[str], declared: Mapping[str, _Assigned]
    ) -> set[str]:
        """``"__all__"`` becomes a list of what is left out; methods' fields go by themselves.

        Those that stay are not listed: some may be input alone, or of other responses.
        """
        methods = {name for name, each in declared.items() if _method_of(name, each.value)}
        if shadowing := declared.keys() - methods:
            named = ", ".join(sorted(shadowing))
            raise UnclearError(
                f'Meta.fields is "__all__", and {named} may be of the model too: name the fields '
                "that stay, and those for input"
            )
        if not isinstance(made.statement, ast.Assign):
            raise UnclearError('Meta.fields is "__all__" and has an annotation')
        if names - methods:
            left_out = [f'"{name}"' for name in sorted(names - methods)]
            listings.write(self.cutting, made.value, left_out)
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
            method in (last_name(node), getattr(node, "value", None))
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


def _meta(node: ast.ClassDef) -> ast.ClassDef | None:
    classes = (n for n in node.body if isinstance(n, ast.ClassDef))
    return next((n for n in classes if n.name == "Meta"), None)


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
    if not isinstance(value, ast.Call) or not last_name(value.func).endswith(
        "SerializerMethodField"
    ):
        return ""
    given = [*value.args, *(k.value for k in value.keywords if k.arg == "method_name")]
    named = given[0] if given else None
    return str(named.value) if isinstance(named, ast.Constant) else f"get_{name}"


def last_name(node: ast.AST) -> str:
    """``Serializer`` of ``serializers.Serializer[Any]``."""
    if isinstance(node, ast.Subscript):
        return last_name(node.value)
    return str(getattr(node, "attr", "") or getattr(node, "id", ""))
