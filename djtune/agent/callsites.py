"""Where in the app a query comes from, read off the frames that are on the stack.

:func:`trail` is made for being called at every query: it walks raw frames, looks each one's code
up in a dictionary and keeps two numbers of those that matter. :func:`resolved` turns such a trail
into files and lines, once per distinct one.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from contextvars import ContextVar
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

from .classes import definition_of
from .views import is_installed, shortened

Trail = tuple[Any, ...]
"""What identifies a place: ``(code, instruction)`` per frame, and entries for template nodes and
serializer fields; innermost first."""

OUTER: ContextVar[Trail] = ContextVar("djtune_outer_trail", default=())
"""Where the thread or task that runs here was set off from."""

_OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep  # noqa: PTH100, PTH120
_STANDARD = tuple(
    os.path.realpath(folder) + os.sep
    for folder in (
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("scripts"),
        os.path.join(sys.prefix, "lib"),  # noqa: PTH118
    )
)
_INFRASTRUCTURE = frozenset(
    (
        *("django", "rest_framework", "asgiref", "adrf", "jinja2", "redis"),
        *("psycopg", "psycopg2", "psycopg_pool", "MySQLdb", "pymysql", "oracledb"),
        *("debug_toolbar", "sentry_sdk", "opentelemetry", "wrapt"),
    )
)
_PLAIN, _APP, _PACKAGE, _NODE, _FIELD, _GENERIC_VIEW, _TOP, _JINJA = range(8)

_OF_THE_APP = (_APP, _PACKAGE)

_roles: dict[int, int] = {}
_codes: dict[int, CodeType] = {}
"""Codes are kept, so that no other one gets the id of one that is known."""


def trail(frame: FrameType | None) -> Trail:
    """The places of the app on the stack from ``frame`` outwards, up to the request's handler.

    Takes microseconds: no file is read and no line worked out.
    """
    found: list[Any] = []
    template: Any = None
    known = _roles.get
    while frame is not None:
        code = frame.f_code
        role = known(id(code))
        if role:
            if role in _OF_THE_APP:
                found.append((id(code), frame.f_lasti))
            elif role == _TOP:
                break
            elif role == _NODE:
                template = _note_node(frame.f_locals.get("self"), template, found)
            elif role == _FIELD:
                _note_field(frame.f_locals, found)
            elif role == _JINJA:
                found.append(_jinja_line(frame))
            else:
                found.append(("view", type(frame.f_locals.get("self"))))
        elif role is None:
            _learn(code)
            continue
        frame = frame.f_back
    if outer := OUTER.get():
        found += outer
    return tuple(found)


def _note_node(node: Any, template: Any, found: list[Any]) -> Any:
    """A template node that is rendered, the innermost of its template; return the template."""
    origin = getattr(node, "origin", None)
    if origin is None or origin is template:
        return template
    line = getattr(getattr(node, "token", None), "lineno", 0)
    found.append(("template", str(origin.name), line or 0))
    return origin


def _note_field(names: dict[str, Any], found: list[Any]) -> None:
    """A serializer at work on one of its fields."""
    name = getattr(names.get("field"), "field_name", None)
    if name is not None:
        found.append(("field", type(names.get("self")), name))


def _jinja_line(frame: FrameType) -> tuple[Any, ...]:
    """The template's own line, of code that Jinja2 has made of it."""
    template = frame.f_globals.get("__jinja_template__")
    if template is None:
        return (id(frame.f_code), frame.f_lasti)
    line = template.get_corresponding_lineno(frame.f_lineno)
    return ("template", frame.f_code.co_filename, line)


def is_app(frame: FrameType) -> bool:
    """Whether the code of a frame is the app's own."""
    code = frame.f_code
    role = _roles.get(id(code))
    return (_learn(code) if role is None else role) == _APP


def _learn(code: CodeType) -> int:
    role = _role(code)
    _codes[id(code)] = code
    _roles[id(code)] = role
    return role


def _role(code: CodeType) -> int:
    file, name = code.co_filename, code.co_name
    if file.startswith((_OWN, "<")):
        return _PLAIN
    if is_installed(file) or "/django/" in file:
        return _installed_role(file, name)
    if file.startswith(_STANDARD):
        return _PLAIN
    return _APP if file.endswith(".py") else _JINJA


def _installed_role(file: str, name: str) -> int:
    """What a frame of an installed package, or of Django wherever it lies, says."""
    if file.endswith("django/template/base.py"):
        return _NODE if name == "render_annotated" else _PLAIN
    if file.endswith(("rest_framework/serializers.py", "adrf/serializers.py")):
        return _FIELD if name in ("to_representation", "ato_representation") else _PLAIN
    if file.endswith("django/core/handlers/base.py"):
        return _TOP if name in ("_get_response", "_get_response_async") else _PLAIN
    if "django/views/generic/" in file or file.endswith("rest_framework/views.py"):
        return _GENERIC_VIEW if name in ("dispatch", "get") else _PLAIN
    if "/django/contrib/" in file:
        return _PACKAGE
    _, found, inside = file.rpartition("-packages/")
    if found:
        return _PLAIN if inside.partition("/")[0] in _INFRASTRUCTURE else _PACKAGE
    # Django in a checkout of its own, or a folder of the app's that has its name.
    return _PLAIN if _is_django(file) else _APP


@lru_cache(maxsize=1)
def _django_folder() -> str:
    import django

    return os.path.dirname(django.__file__) + os.sep  # noqa: PTH120


def _is_django(file: str) -> bool:
    return file.startswith(_django_folder())


def resolved(found: Trail) -> list[dict[str, str]]:
    """The places of a trail, innermost first: ``kind``, ``where`` (file:line) and ``what``.

    Kinds are ``python`` (what is the function), ``template`` (the template's name), ``serializer``
    (the field's path from the outermost serializer), ``view`` (a generic view that evaluates its
    own queryset) and ``package`` (code of an installed package).
    """
    places: list[dict[str, str]] = []
    fields: list[tuple[type, str]] = []
    for entry in found:
        if entry[0] == "field":
            fields.append(entry[1:])
            continue
        if fields and entry[0] != "view":
            places.append(_field_place(fields))
            fields = []
        places.append(_place(entry))
    if fields:
        last = places.pop() if places and places[-1]["kind"] == "view" else None
        places.append(_field_place(fields))
        if last:
            places.append(last)
    return _without_repetition(places)


def _place(entry: tuple[Any, ...]) -> dict[str, str]:
    if entry[0] == "template":
        _, name, line = entry
        return {"kind": "template", "where": f"{shortened(name)}:{line}", "what": "template"}
    if entry[0] == "view":
        return _view_place(*entry[1:])
    code = _codes[entry[0]]
    line = line_of(code, entry[1])
    kind = "package" if _roles[entry[0]] == _PACKAGE else "python"
    what = getattr(code, "co_qualname", code.co_name)
    return {"kind": kind, "where": f"{shortened(code.co_filename)}:{line}", "what": what}


def line_of(code: CodeType, instruction: int) -> int:
    """The source line of an instruction, given by its offset in bytes."""
    for start, end, line in code.co_lines():
        if line is not None and start <= instruction < end:
            return line
    return code.co_firstlineno


def _field_place(fields: list[tuple[type, str]]) -> dict[str, str]:
    """The path of nested serializer fields, and where the innermost is declared."""
    path = ".".join(name for _, name in reversed(fields))
    owner, name = fields[0]
    return {"kind": "serializer", "where": declared_at(owner, name), "what": path}


def _view_place(view: type, name: str = "") -> dict[str, str]:
    name = name or ("get_queryset" if "get_queryset" in _names_of(view) else "queryset")
    return {"kind": "view", "where": declared_at(view, name), "what": view.__qualname__}


def _names_of(cls: type) -> Iterator[str]:
    for base in cls.__mro__:
        if _is_own(base):
            yield from vars(base)


def _is_own(cls: type) -> bool:
    return cls.__module__.partition(".")[0] not in (*_INFRASTRUCTURE, "builtins")


def declared_at(cls: type, name: str) -> str:
    """``file:line`` of an attribute's assignment or function in a class body, else of the class."""
    for base in cls.__mro__:
        found = definition_of(base) if _is_own(base) else None
        if found is None:
            continue
        line = found.names.get(name) or found.listed.get(name) or found.listed.get("__all__")
        if line:
            return f"{shortened(found.file)}:{line}"
    found = definition_of(cls)
    return f"{shortened(found.file)}:{found.line}" if found else f"{cls.__module__}:0"


def _without_repetition(places: list[dict[str, str]]) -> list[dict[str, str]]:
    """Each place once: recursion is the same place however deep."""
    seen: set[tuple[str, str]] = set()
    kept = []
    for place in places:
        key = (place["where"], place["what"])
        if key not in seen:
            seen.add(key)
            kept.append(place)
    return kept


def nearest(frame: FrameType | None, but: tuple[type, ...] = (), queryset: object = None) -> Trail:
    """The app's own place nearest to ``frame``, else the generic view that is at work.

    Methods of classes in ``but`` are passed over: what matters is who calls them. Nothing below a
    prefetch is the app's own: Django makes those querysets. Where ``queryset`` is the one that a
    view has as its attribute, that is the place.
    """
    view: Trail = ()
    while frame is not None:
        code = frame.f_code
        if code.co_name == "prefetch_one_level":
            return ()
        role = _roles.get(id(code))
        if role is None:
            role = _learn(code)
        # Its type, as ``isinstance`` would ask a lazy object for what it stands for.
        owner = type(frame.f_locals.get("self"))
        if queryset is not None and _is_attribute(queryset, owner):
            return (("view", owner, "queryset"),)
        if role == _APP and not issubclass(owner, but):
            return ((id(code), frame.f_lasti),)
        if role == _GENERIC_VIEW and not view:
            view = (("view", owner),)
        if role == _TOP:
            break
        frame = frame.f_back
    return view


def _is_attribute(queryset: object, view: type) -> bool:
    return any(vars(base).get("queryset") is queryset for base in view.__mro__)
