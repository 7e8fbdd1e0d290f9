"""Who reads a column: which response fields are at work, and where in the app.

Read off the stack, so that no serializer is touched; called for each read of a watched row.
"""

from __future__ import annotations

from types import CodeType, FrameType
from typing import Any

from .. import callsites

_MACHINERY = frozenset(
    (
        *("prefetch_one_level", "prefetch_related_objects", "get_prefetcher"),
        *("save", "save_base", "bulk_create", "bulk_update", "delete", "collect"),
        *("full_clean", "clean_fields", "validate_unique", "validate_constraints"),
        *("__eq__", "__hash__", "__reduce__", "__getstate__"),
    )
)
"""Functions of ``django.db`` that read columns for their own ends."""
_PREFETCH = frozenset(("prefetch_one_level", "prefetch_related_objects", "get_prefetcher"))
_OWN = __name__.rpartition(".")[0]
_MAKES_FIELDS = ("to_representation", "ato_representation")

_OTHER, _DATABASE, _MACHINE, _APP, _FIELDS, _TOP = range(6)
_roles: dict[int, int] = {}
_codes: list[CodeType] = []
"""Codes are kept, so that no other one gets the id of one that is known."""

Reading = tuple[str, Any, Any]
"""``(kind, detail, place)``: ``django`` with ``prefetch`` or nothing as the detail; ``app`` with
the response fields at work, innermost first, as ``(id of the serializer or its class, name)``.
A place is a trail of :mod:`..callsites`."""


def reading(frame: FrameType | None, serializers: dict[int, Any]) -> Reading:
    """Who reads under ``frame``; the serializers at work are put into ``serializers``."""
    start = frame
    fields: list[tuple[int, str]] = []
    place: tuple[Any, ...] = ()
    in_database = True
    while frame is not None:
        code = frame.f_code
        role = _roles.get(id(code))
        if role is None:
            role = _learn(frame)
        if role == _MACHINE and in_database:
            return "django", "prefetch" if code.co_name in _PREFETCH else "", ()
        if role == _TOP:
            break
        in_database = in_database and role in (_DATABASE, _MACHINE)
        if role == _APP and not place and not fields:
            place = ((id(code), frame.f_lasti),)
        if role == _FIELDS or (role == _APP and code.co_name in _MAKES_FIELDS):
            _note_field(frame.f_locals, fields, serializers)
        frame = frame.f_back
    if not fields:
        place = callsites.trail(start)
        _note_outer(fields, serializers)
    return "app", tuple(fields), place


def _note_field(
    names: dict[str, Any], fields: list[tuple[int, str]], serializers: dict[int, Any]
) -> None:
    name = getattr(names.get("field"), "field_name", None)
    serializer = names.get("self")
    if isinstance(name, str) and name and hasattr(type(serializer), "_readable_fields"):
        serializers[id(serializer)] = serializer
        fields.append((id(serializer), name))


def _note_outer(fields: list[tuple[int, str]], serializers: dict[int, Any]) -> None:
    """Fields at work where this thread was set off from; there, only the class is known."""
    for entry in callsites.OUTER.get():
        if entry[0] == "field":
            serializers[id(entry[1])] = entry[1]
            fields.append((id(entry[1]), entry[2]))


def _learn(frame: FrameType) -> int:
    role = _role(frame)
    _codes.append(frame.f_code)
    _roles[id(frame.f_code)] = role
    return role


def _role(frame: FrameType) -> int:
    name = frame.f_code.co_name
    module = str(frame.f_globals.get("__name__", ""))
    if callsites.is_app(frame):
        return _APP
    if name in _MAKES_FIELDS:
        return _FIELDS
    if module.startswith("django.db."):
        return _MACHINE if name in _MACHINERY else _DATABASE
    if module == "django.core.handlers.base" and name.startswith("_get_response"):
        return _TOP
    return _DATABASE if module.startswith(_OWN) else _OTHER
