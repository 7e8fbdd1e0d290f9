"""Names for references: the class that defines an attribute, and the attribute.

No value is read out: names are those of types, attributes, variables and, in dictionaries that
Django and REST framework make, of keys that they set. Nor is any code of the app's run: lazy
objects answer ``isinstance`` by evaluating themselves, so that types are looked at instead.
"""

from __future__ import annotations

import dis
import functools
import sys
import types
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import CodeType
from typing import Any

from ..classes import definition_of
from ..views import is_installed, shortened
from .graph import Graph

SEEN_THROUGH = (
    dict,
    list,
    tuple,
    set,
    frozenset,
    deque,
    functools.partial,
    types.CellType,
    types.MethodType,
    types.BuiltinMethodType,
    types.MappingProxyType,
    types.TracebackType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
)
"""What stands between two objects without being worth a name."""
_AGENT = __name__.partition(".")[0] + "."
_SUSPENDED = ("gi_frame", "cr_frame", "ag_frame")
_OF_ERRORS = ("__traceback__", "__context__", "__cause__")
_KEYS = {
    "renderer_context": ("view", "request", "response", "args", "kwargs"),
    "parser_context": ("view", "request", "args", "kwargs"),
    "_context": ("view", "request", "format"),
}
"""Attribute → keys that REST framework sets in the dictionary there."""
LEADS_BACK = frozenset(
    (
        "Field.parent",
        "BindingDict.serializer",
        "ModelState.fields_cache",
        "BaseStorage.request",
        "View.request",
        "Request.parser_context",
        "Response.renderer_context",
    )
)
"""Links of frameworks that lead from what is owned to its owner, whichever was made first."""


@dataclass(frozen=True)
class Name:
    """A kind of reference."""

    module: str
    owner: str
    """Qualified name of a class or function."""
    attribute: str
    """With a key where there is one: ``renderer_context["response"]``."""
    kind: str = ""
    """``prefetch`` where ``prefetch_related`` sets it, ``outside`` where no class that the object
    is of mentions it.
    """
    where: str = field(default="", compare=False)
    """``file:line`` of where it is set, else of the class or function; the app's own alone."""
    origin: str = ""
    """See :func:`origin_of`. What prefetching sets is Django's; an object of the app's that is
    put into one of a framework's is the app's.
    """


_HANDLERS = frozenset(("get", "post", "put", "patch", "delete", "options", "trace"))
_HANDLER = Name("rest_framework.viewsets", "ViewSetMixin", "(handler)", origin="rest_framework")
"""A method of a viewset's that ``as_view`` keeps on it under the name of an HTTP method."""
_CLOSURE = Name("builtins", "function", "__closure__")


class Namer:
    """Names the references within the cycles of a graph."""

    def __init__(self, objects: Sequence[Any], graph: Graph) -> None:
        self._objects = objects
        self._holders: dict[int, list[int]] = {}
        self._members: dict[int, dict[int, str]] = {}
        self._namespaces: dict[int, int] = {}
        """id of a ``__dict__`` → whose it is."""
        for number in graph.cycle_of:
            namespace = namespace_of(objects[number])
            if namespace is not None:
                self._namespaces[id(namespace)] = number
        for number, _, target in graph.within_cycles():
            self._holders.setdefault(target, []).append(number)

    def name(self, number: int, target: int) -> Name | None:
        """The name of a reference; None for one that is part of another's."""
        holder, value = self._objects[number], self._objects[target]
        if self._namespaces.get(id(value)) == number:
            return None
        if issubclass(type(holder), type):
            return named(holder, "(class made by the request)")
        if id(holder) in self._namespaces:
            return self._of_member(self._namespaces[id(holder)], value)
        if type(holder) is types.CellType:
            return self._of_cell(number, holder)
        if type(holder) in SEEN_THROUGH:
            return self._of_item(number, value)
        return self._of_member(number, value)

    def owner(self, number: int) -> int:
        """The object whose ``__dict__`` an object is; else the object itself."""
        return self._namespaces.get(id(self._objects[number]), number)

    def _of_member(self, number: int, value: Any) -> Name | None:
        holder = self._objects[number]
        cls = type(holder)
        member = self._members_of(number).get(id(value), "")
        if cls is types.FunctionType:
            # Its closure's variables have names of their own.
            return named(holder, member) if member else None
        if code := _code_of(holder):
            return _of_frame(holder, code, member)
        if not member:
            return named(cls, "[…]" if hasattr(cls, "__len__") else "…")
        if type(value) is types.MethodType and _is_viewset(cls) and member in _HANDLERS:
            return _HANDLER
        owner = definer(cls, member)
        if owner is not None and member != "_prefetched_objects_cache":
            return named(owner, member)
        name = named(own_class(cls), member)
        if "_state" in self._members_of(number).values() and type(value) in (dict, list):
            return replace(name, kind="prefetch", origin="django")
        by_app = "app" in (name.origin, origin_of(own_class(type(value)).__module__))
        return replace(name, kind="outside", origin="app" if by_app else name.origin)

    def _members_of(self, number: int) -> dict[int, str]:
        """id → attribute, or variable, of what an object refers to itself."""
        if number not in self._members:
            self._members[number] = {
                id(value): name for name, value in members(self._objects[number])
            }
        return self._members[number]

    def _of_cell(self, number: int, cell: Any) -> Name:
        for closure in self._holders.get(number, ()):
            for holder in self._holders.get(closure, ()):
                function = self._objects[holder]
                if type(function) is types.FunctionType and function.__closure__:
                    variables = function.__code__.co_freevars
                    name = variables[[each is cell for each in function.__closure__].index(True)]
                    return named(function, f"(closure) {name}")
        return named(types.CellType, "cell_contents")

    def _of_item(self, number: int, value: Any) -> Name | None:
        """An item of a container: named where its key may be, else part of who holds that."""
        container = self._objects[number]
        outer = self._name_of_container(number, set())
        if outer is None:
            return named(type(container), "[…]")
        if type(container) is dict:
            for key in _KEYS.get(outer.attribute, ()):
                if container.get(key) is value:
                    return replace(outer, attribute=f'{outer.attribute}["{key}"]')
        return None

    def _name_of_container(self, number: int, seen: set[int]) -> Name | None:
        """The name of the reference by which an object holds a container."""
        seen.add(number)
        holders = self._holders.get(number, ())
        for holder in holders:
            if type(self._objects[holder]) not in SEEN_THROUGH or (
                id(self._objects[holder]) in self._namespaces
            ):
                return self.name(holder, number) or _CLOSURE
        for holder in holders:
            if holder not in seen and (found := self._name_of_container(holder, seen)):
                return found
        return None


def namespace_of(each: Any) -> dict[str, Any] | None:
    """The ``__dict__`` of an object, past any property of that name; None without one."""
    if issubclass(type(each), type):
        return None
    for cls in type(each).__mro__:
        found = vars(cls).get("__dict__")
        if type(found) is types.GetSetDescriptorType:
            namespace = found.__get__(each)
            return namespace if type(namespace) is dict else None
    return getattr(each, "__dict__", None) if type(each) is types.FunctionType else None


def members(each: Any) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that an object holds itself, without running any code of the app's.

    Of frames, generators and coroutines their variables.
    """
    yield from (namespace_of(each) or {}).items()
    if issubclass(type(each), BaseException):
        yield from ((name, getattr(BaseException, name).__get__(each)) for name in _OF_ERRORS)
    if _code_of(each) is not None:
        frame = _frame_of(each)
        yield from ({} if frame is None else frame.f_locals).items()
        return
    if type(each) is types.FunctionType:
        return
    for cls in type(each).__mro__:
        for name, found in vars(cls).items():
            if type(found) is types.MemberDescriptorType:
                try:
                    yield name, found.__get__(each)
                except AttributeError:
                    continue


def _is_viewset(cls: type) -> bool:
    return any(each.__module__ == _HANDLER.module for each in cls.__mro__)


def _frame_of(each: Any) -> Any:
    if type(each) is types.FrameType:
        return each
    return next((getattr(each, name) for name in _SUSPENDED if hasattr(type(each), name)), None)


def _code_of(each: Any) -> CodeType | None:
    """What a frame, a generator or a coroutine runs."""
    cls = type(each)
    if cls is types.FrameType:
        return each.f_code  # type: ignore[no-any-return]
    if cls is types.GeneratorType:
        return each.gi_code  # type: ignore[no-any-return]
    if cls is types.CoroutineType:
        return each.cr_code  # type: ignore[no-any-return]
    if cls is types.AsyncGeneratorType:
        return each.ag_code  # type: ignore[no-any-return]
    return None


def _module_of(each: Any) -> str:
    frame = _frame_of(each)
    return str(frame.f_globals.get("__name__", "")) if frame is not None else ""


def _qualname(code: CodeType) -> str:
    return getattr(code, "co_qualname", code.co_name)  # from Python 3.11 on


def named(holder: Any, attribute: str) -> Name:
    """The name of an attribute of a class, or a variable of a function."""
    origin = origin_of(holder.__module__)
    where = _place(holder, attribute) if origin == "app" else ""
    return Name(holder.__module__, holder.__qualname__, attribute, where=where, origin=origin)


def _of_frame(holder: Any, code: CodeType, variable: str) -> Name:
    module = _module_of(holder)
    origin = origin_of(module)
    where = f"{shortened(code.co_filename)}:{code.co_firstlineno}" if origin == "app" else ""
    return Name(module, _qualname(code), f"(local) {variable or '…'}", where=where, origin=origin)


@functools.lru_cache(maxsize=4096)
def _place(holder: Any, attribute: str) -> str:
    if not issubclass(type(holder), type):
        code = holder.__code__
        return f"{shortened(code.co_filename)}:{code.co_firstlineno}"
    for code in _codes(holder):
        line = code.co_firstlineno
        for instruction in dis.get_instructions(code):
            line = instruction.starts_line or line
            if instruction.opname == "STORE_ATTR" and instruction.argval == attribute:
                return f"{shortened(code.co_filename)}:{line}"
    definition = definition_of(holder)
    return f"{shortened(definition.file)}:{definition.line}" if definition else ""


def own_class(cls: type) -> type:
    """The class, or what it inherits from where it is the agent's."""
    return next(each for each in cls.__mro__ if not each.__module__.startswith(_AGENT))


def plain_name(cls: type) -> str:
    """The dotted name of a class; of a builtin one the name alone."""
    cls = own_class(cls)
    name = str(cls.__qualname__)
    return name if cls.__module__ == "builtins" else f"{cls.__module__}.{name}"


def definer(cls: type, attribute: str) -> type | None:
    """The class that brings an attribute in, of a class and those that it inherits from.

    That is the most basic one that declares or sets it, else one that mentions it. None where
    none does: something outside sets it.
    """
    for words in (_declared, _mentioned):
        for each in reversed(cls.__mro__):
            if attribute in words(each) and not each.__module__.startswith(_AGENT):
                return each
    return None


@functools.lru_cache(maxsize=4096)
def _declared(cls: type) -> frozenset[str]:
    stored = (
        instruction.argval
        for code in _codes(cls)
        for instruction in dis.get_instructions(code)
        if instruction.opname == "STORE_ATTR"
    )
    names = () if cls is object else vars(cls)
    annotations = vars(cls).get("__annotations__")  # a descriptor, in a few built-in types
    return frozenset((*stored, *names, *(annotations if type(annotations) is dict else ())))


@functools.lru_cache(maxsize=4096)
def _mentioned(cls: type) -> frozenset[str]:
    codes = list(_codes(cls))
    texts = (each for code in codes for each in code.co_consts if isinstance(each, str))
    return frozenset((*texts, *(name for code in codes for name in code.co_names)))


def _codes(cls: type) -> Iterator[CodeType]:
    """Yield the code of every function in a class's body, and of those inside."""
    for value in vars(cls).values():
        function = _function_of(value)
        while type(function) is types.FunctionType:
            yield from _with_inner(function.__code__)
            function = vars(function).get("__wrapped__")


def _function_of(value: Any) -> Any:
    """The function behind what stands in a class's body."""
    if issubclass(type(value), property):
        return value.fget
    if issubclass(type(value), (classmethod, staticmethod)):
        return value.__func__
    if type(value) is types.FunctionType:
        return value
    return (namespace_of(value) or {}).get("func")  # of a cached property


def _with_inner(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _with_inner(each)


def origin_of(module: str) -> str:
    """Whose a module is: ``app``, ``rest_framework``, ``django``, ``library`` or ``python``."""
    package = module.partition(".")[0]
    if package in ("django", "rest_framework"):
        return package
    if package in sys.stdlib_module_names or package in ("", "_frozen_importlib"):
        return "python"
    file = getattr(sys.modules.get(module), "__file__", None)
    return "library" if file is None or is_installed(file) else "app"
