"""Checks a workload file's plain data, piece by piece, so that every error has its place."""

import difflib
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from djtune.agent.recipes import (
    MAX_SAMPLE,
    Array,
    Literal,
    Object,
    Recipe,
    captures,
    compile_recipe,
    user_paths,
    walk,
)
from djtune.agent.templates import WorkloadError
from djtune.model.workload import Journey, Observed, Step, UserPool, Workload

from .document import Path

LOGINS = ("session", "token", "force", "none")
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")

_SECRET = re.compile(r"passw|pwd|secret|token|credential|api[-_]?key", re.IGNORECASE)
_SECRET_HEADER = re.compile(rf"{_SECRET.pattern}|auth|cookie|session|sign", re.IGNORECASE)
_HEADER_NAME = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

T = TypeVar("T", bound=Struct)


class Problem(Exception):
    """What is wrong at which place of the file, and what is allowed there."""

    def __init__(self, path: Path, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.hint = hint


def workload_of(data: Any) -> Workload:
    """Return the workload that plain data describes; raises :class:`Problem`."""
    if not isinstance(data, dict):
        raise Problem((), f"a workload is a mapping, not {_kind(data)}", "it begins `journeys:`")
    _check_keys(data, Workload, ())
    pools = _mapping(data.get("users", {}), ("users",))
    users = {name: _pool(pool, ("users", name)) for name, pool in pools.items()}
    journeys = _list(data.get("journeys"), ("journeys",), of="journeys")
    seen = _mapping(data.get("observed", {}), ("observed",))
    shell = _convert({**data, "users": {}, "journeys": [], "observed": {}}, Workload, ())
    workload = Workload(
        journeys=[_journey(item, ("journeys", n), users) for n, item in enumerate(journeys)],
        version=shell.version,
        users=users,
        weights_from=shell.weights_from,
        journeys_per_hour=shell.journeys_per_hour,
        observed={name: _observed(one, ("observed", name)) for name, one in seen.items()},
    )
    _check_workload(workload)
    return workload


def _check_workload(workload: Workload) -> None:
    if workload.version != 1:
        raise Problem(("version",), f"version {workload.version} is not known", "write version: 1")
    per_hour = workload.journeys_per_hour
    if per_hour is not None and per_hour <= 0:
        raise Problem(("journeys_per_hour",), "journeys_per_hour must be more than 0")
    seen: dict[str, int] = {}
    for n, journey in enumerate(workload.journeys):
        if journey.name in seen:
            raise Problem(
                ("journeys", n, "name"),
                f"journey {n + 1} has the name of journey {seen[journey.name] + 1}: "
                f"{journey.name!r}",
                "journeys are told apart by their names",
            )
        seen[journey.name] = n
    if not math.fsum(journey.weight for journey in workload.journeys) > 0:
        raise Problem(("journeys",), "every journey has weight 0, so that none would be made")


def _pool(data: Any, path: Path) -> UserPool:
    pool = _convert({} if data is None else data, UserPool, path)
    if not 1 <= pool.sample <= MAX_SAMPLE:
        raise Problem((*path, "sample"), f"sample must be from 1 to {MAX_SAMPLE}")
    _one_of(pool.login, LOGINS, (*path, "login"))
    return pool


def _observed(data: Any, path: Path) -> Observed:
    method, space, _ = str(path[-1]).partition(" ")
    if method not in METHODS or not space:
        raise Problem(
            path, f"{path[-1]!r} is not a method and a route", f"methods are {', '.join(METHODS)}"
        )
    observed = _convert(data, Observed, path)
    figures = {
        **msgspec.structs.asdict(observed),
        "statuses": min(observed.statuses.values(), default=0),
    }
    for name, figure in figures.items():
        if figure is not None and figure < 0:
            raise Problem((*path, name), f"{name} must not be negative")
    return observed


def _journey(data: Any, path: Path, users: dict[str, UserPool]) -> Journey:
    if not isinstance(data, dict):
        raise Problem(path, f"a journey is a mapping, not {_kind(data)}", "write name: and steps:")
    _check_keys(data, Journey, path)
    steps = _list(data.get("steps"), (*path, "steps"), of="steps")
    journey = _convert({**data, "steps": []}, Journey, path)
    if not journey.name.strip():
        raise Problem((*path, "name"), "a journey needs a name")
    if journey.weight < 0:
        raise Problem((*path, "weight"), "weight must not be negative")
    if journey.user and journey.user not in users:
        known = f"the pools are {_listed(users)}" if users else "declare it under `users:`"
        raise Problem((*path, "user"), f"no user pool is called {journey.user!r}", known)
    captured: set[str] = set()
    for n, item in enumerate(steps):
        step = _step(item, (*path, "steps", n), captured, bool(journey.user))
        captured |= step.capture.keys()
        journey.steps.append(step)
    return journey


def _step(data: Any, path: Path, captured: set[str], has_user: bool) -> Step:
    step = _convert(data, Step, path)
    _one_of(step.method, METHODS, (*path, "method"))
    if not step.expect or not all(100 <= status <= 599 for status in step.expect):
        raise Problem((*path, "expect"), "expect must list statuses from 100 to 599")
    for name, leads in step.capture.items():
        if not name.isidentifier() or name == "user" or not leads:
            raise Problem(
                (*path, "capture", name),
                f"capture {name!r}: {leads!r} is not `name: dotted.path`",
                "the name is a word other than `user`, the path leads into the JSON response",
            )
    for part, nested in (("params", False), ("query", True), ("headers", False), ("body", True)):
        for name, spec in (getattr(step, part) or {}).items():
            place: Path = (*path, part, name)
            recipe = _recipe(spec, place, nested)
            _check_references(recipe, place, captured, has_user)
            if part == "headers":
                _check_header(name, spec, place)
            if part != "params":
                secret = _SECRET_HEADER if part == "headers" else _SECRET
                _check_secret(name, recipe, place, secret)
    return step


def _recipe(spec: Any, path: Path, nested: bool) -> Recipe:
    try:
        return compile_recipe(spec, nested=nested)
    except WorkloadError as error:
        raise Problem(path, f"{path[-1]}: {error.message}", error.hint) from error
    except RecursionError:
        raise Problem(path, f"{path[-1]}: is nested too deeply") from None


def _check_references(recipe: Recipe, path: Path, captured: set[str], has_user: bool) -> None:
    for name in sorted(captures(recipe) - captured):
        raise Problem(
            path,
            f"no earlier step of the journey captures {name!r}",
            f"captured so far: {_listed(captured)}; a brace itself is written twice"
            if captured
            else f"add `capture: {{{name}: path.in.response}}` to an earlier step; "
            "a brace itself is written twice",
        )
    if user_paths(recipe) and not has_user:
        raise Problem(
            path,
            "the journey has no user to take an attribute from",
            "name a user pool beside the journey's name: `user: …`",
        )


def _check_header(name: str, spec: Any, path: Path) -> None:
    if not _HEADER_NAME.match(name):
        raise Problem(path, f"{name!r} is not the name of a header")
    if isinstance(spec, str) and not spec.isprintable():
        raise Problem(path, f"header {name} has a control character in it")


def _check_secret(name: str, recipe: Recipe, path: Path, secret: re.Pattern[str]) -> None:
    """Refuse a credential that stands in the file as it is."""
    if isinstance(recipe, Object):
        for key, item in recipe.items:
            _check_secret(key, item, (*path, key), secret)
    elif isinstance(recipe, Array):
        for n, item in enumerate(recipe.items):
            _check_secret(name, item, (*path, n), secret)
    elif secret.search(name) and any(_is_spelt_out(part) for part in walk(recipe)):
        raise Problem(
            path,
            f"{name} stands in the file in clear text",
            "write a reference: ${ENV}, {capture: …} or {user: …}, as in `Bearer ${API_TOKEN}`",
        )


def _is_spelt_out(recipe: Recipe) -> bool:
    if not isinstance(recipe, Literal) or isinstance(recipe.value, bool):
        return False
    return recipe.value not in (None, "")


def _convert(data: Any, kind: type[T], path: Path) -> T:
    """Build a Struct from a mapping; raises :class:`Problem` at the value that does not fit."""
    if not isinstance(data, dict):
        raise Problem(path, f"{_last(path)} must be a mapping, not {_kind(data)}")
    _check_keys(data, kind, path)
    for field in msgspec.structs.fields(kind):
        if field.required and field.name not in data:
            raise Problem(path, f"{_last(path)} has no {field.name!r}, which it needs")
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        inner = _inner(place.removesuffix("`"))
        raise Problem((*path, *inner), f"{_last((*path, *inner))}: {_plain(said)}") from error


def _check_keys(data: dict[str, Any], kind: type[Struct], path: Path) -> None:
    known = [field.name for field in msgspec.structs.fields(kind)]
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            raise Problem(
                (*path, key),
                f"unknown key {key!r}",
                f"did you mean {near[0]!r}?" if near else f"allowed are {_listed(known)}",
            )


def _inner(place: str) -> Path:
    """Turn msgspec's ``.expect[0]`` into a path; the key of a mapping, ``[...]``, ends it."""
    path: Path = ()
    for name, index in re.findall(r"\.(\w+)|\[(\d+)\]", place.partition("[...]")[0]):
        path = (*path, name or int(index))
    return path


_NAMES = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}


def _plain(said: str) -> str:
    """Say msgspec's ``Expected `int`, got `str``` without the names of types."""
    words = re.sub(
        r"`([\w| ]+)`",
        lambda match: " or ".join(_NAMES.get(part, part) for part in match[1].split(" | ")),
        said,
    )
    return words[:1].lower() + words[1:]


def _mapping(data: Any, path: Path) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Problem(path, f"{_last(path)} must be a mapping, not {_kind(data)}")
    return data


def _list(data: Any, path: Path, *, of: str) -> list[Any]:
    if not isinstance(data, list) or not data:
        raise Problem(
            path, f"{of} must be a list of one or more", f"write {of}: and `- …` under it"
        )
    return data


def _one_of(value: str, allowed: Sequence[str], path: Path) -> None:
    if value not in allowed:
        raise Problem(
            path, f"{_last(path)} {value!r} is not known", f"allowed are {', '.join(allowed)}"
        )


def _last(path: Path) -> str:
    """Name a place of the file in words."""
    if not path:
        return "the workload"
    if isinstance(path[-1], int):
        return f"{str(path[-2]).removesuffix('s')} {path[-1] + 1}"
    return str(path[-1])


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    return {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}.get(
        type(value), "a number"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
