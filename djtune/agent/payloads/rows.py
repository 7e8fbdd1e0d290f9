"""Rows that tell when one of their columns is read.

A row is given another class for a while: a subclass of its own with a data descriptor for each
column and relation. ``isinstance``, ``obj.__class__``, signals and pickles know the real class;
``type(obj)`` does not. Neither descriptor nor class is ever seen by rows that are not looked at.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from functools import cache
from types import FrameType
from typing import Any

from django.db.models import Model

_CLASS = object.__dict__["__class__"]
_DICT = next(vars(base)["__dict__"] for base in Model.__mro__ if "__dict__" in vars(base))

COPIED = "copied or pickled"
TAKEN_APART = "read through __dict__"
RECLASSED = "given another class"


class Row:
    """A row that is looked at, for as long as its request lasts."""

    __slots__ = ("brought", "instance", "model", "others", "relation")

    def __init__(self, instance: Any, brought: Any, relation: str) -> None:
        self.instance = instance
        self.others: frozenset[str] = frozenset()
        self.model: type = type(instance)
        self.brought = brought
        """The fetch that it came with, which is told of reads."""
        self.relation = relation
        """Where ``select_related`` brought it; empty for the queryset's own rows."""


_watched: dict[int, Row] = {}


def watch(instance: Any, brought: Any, relation: str = "", others: Iterable[str] = ()) -> None:
    """Have a row tell ``brought`` of its reads until :func:`release`.

    ``others`` are plain attributes that it has or will have: annotations, a prefetch's ``to_attr``.
    """
    row = _watched.get(id(instance)) or Row(instance, brought, relation)
    row.others = row.others.union(others)
    _CLASS.__set__(instance, _class_of(row.model, row.others))
    _watched[id(instance)] = row


def watched(instance: Any) -> Row | None:
    """What is known of a row that is looked at."""
    return _watched.get(id(instance))


def release() -> None:
    """Give all rows their own class back."""
    while _watched:
        _, row = _watched.popitem()
        if issubclass(type(row.instance), Telling):
            _CLASS.__set__(row.instance, row.model)


def values_of(instance: Any) -> dict[str, Any]:
    """What an instance holds, without telling of it."""
    held: dict[str, Any] = _DICT.__get__(instance)
    return held


def _tell(instance: Any, name: str, value: Any, frame: FrameType) -> None:
    row = _watched.get(id(instance))
    if row is not None:
        row.brought.note_read(row, name, value, frame)


def _warn(instance: Any, why: str) -> None:
    row = _watched.get(id(instance))
    if row is not None:
        row.brought.note_blind(why)


class Telling:
    """What the class of a watched row has before its model's.

    It has no ``__slots__``: with its layout that of any model, rows can change over.
    """

    def __init_subclass__(cls, **_: Any) -> None:
        """Leave the app's own hooks out: no model is being defined."""

    @property
    def __class__(self) -> Any:
        """The model itself: what signals' ``sender`` is compared with."""
        row = _watched.get(id(self))
        return type(self).__mro__[2] if row is None else row.model

    @__class__.setter
    def __class__(self, model: type) -> None:
        _warn(self, RECLASSED)
        _CLASS.__set__(self, model)

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        """The values; who but Django asks for them may read any of them."""
        if not _is_django(sys._getframe(1)):
            _warn(self, TAKEN_APART)
        return values_of(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        _warn(self, COPIED)
        return super().__reduce_ex__(protocol)


def _is_django(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("django.")


class Attribute:
    """A column or relation that tells of its reads and else does what the model's own would."""

    __slots__ = ("_get", "_model", "_name", "_original", "_rules")

    def __init__(self, model: type, name: str) -> None:
        self._model = model
        self._name = name
        self._original = inspect.getattr_static(model, name, None)
        kind = type(self._original)
        self._get: Callable[..., Any] | None = getattr(kind, "__get__", None)
        # A descriptor that sets goes before the instance's own values, another one after them.
        self._rules = hasattr(kind, "__set__") or hasattr(kind, "__delete__")

    def __get__(self, instance: Any, _: Any = None) -> Any:
        if instance is None:
            return getattr(self._model, self._name)
        value = None
        try:
            value = self._value(instance)
            return value
        finally:
            _tell(instance, self._name, value, sys._getframe(1))

    def _value(self, instance: Any) -> Any:
        if not self._rules:
            held = values_of(instance)
            if self._name in held:
                return held[self._name]
        if self._get is not None:
            return self._get(self._original, instance, self._model)
        if self._original is not None:
            return self._original
        raise AttributeError(f"{self._model.__name__!r} object has no attribute {self._name!r}")

    def __set__(self, instance: Any, value: Any) -> None:
        if self._rules:
            self._original.__set__(instance, value)
        else:
            values_of(instance)[self._name] = value

    def __delete__(self, instance: Any) -> None:
        if self._rules:
            self._original.__delete__(instance)
        elif self._name in values_of(instance):
            del values_of(instance)[self._name]
        else:
            raise AttributeError(self._name)


@cache
def _class_of(model: type, others: frozenset[str]) -> type:
    """The class of watched rows of a model."""
    names = {*column_names(model), *relation_names(model), *others}
    body: dict[str, Any] = {name: Attribute(model, name) for name in names}
    body |= {"__module__": model.__module__, "__qualname__": model.__qualname__}
    body["__doc__"] = model.__doc__
    # ``type`` itself, for a metaclass of models would register one.
    return type.__new__(type(model), model.__name__, (Telling, model), body)


def column_names(model: Any) -> list[str]:
    """The attributes of a model that hold columns."""
    return [field.attname for field in model._meta.concrete_fields]


def relation_names(model: Any) -> list[str]:
    """The attributes of a model that lead to other rows."""
    meta = model._meta
    forward = [field.name for field in meta.get_fields() if _leads_on(field)]
    return forward + [relation.get_accessor_name() for relation in _reverse(meta)]


def _leads_on(field: Any) -> bool:
    return bool(field.is_relation) and not (field.auto_created and not field.concrete)


def _reverse(meta: Any) -> list[Any]:
    return [relation for relation in meta.related_objects if relation.get_accessor_name()]
