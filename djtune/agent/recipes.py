"""Recipes: how the values of a request's parameters are drawn.

The forms of a recipe are documented in ``djtune/model/workload.py``. Standard library only: the
CLI checks workload files with :func:`compile_recipe`, the worker draws with what it returns.

Every draw is derived from ``random.Random.random()``, the only generator whose sequence Python
promises to keep, so that a seed asks for the same values under any version of Python.
"""

from __future__ import annotations

import bisect
import datetime
import difflib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .templates import Captured, Env, Part, UserAttribute, WorkloadError, parse

DEFAULT_SAMPLE = 200
MAX_SAMPLE = 2000
MAX_DAYS = 3660

OPTIONS: dict[str, frozenset[str]] = {
    "model": frozenset({"field", "sample", "skew", "filter"}),
    "choice": frozenset({"skew"}),
    "range": frozenset(),
    "date": frozenset({"days"}),
    "user": frozenset(),
    "capture": frozenset(),
    "literal": frozenset(),
}
"""The keys that tell what a recipe is, and the options that each takes."""


class Table(Protocol):
    """Rows sampled from the database, from which one is drawn at a time."""

    def draw(self, random: Callable[[], float]) -> Mapping[str, Any]:
        """Return one row, by field."""


@dataclass(frozen=True)
class Source:
    """What rows are sampled from; recipes of one step with one source share the row drawn."""

    model: str
    filter: str = "{}"
    """Keyword arguments of ``QuerySet.filter``, as JSON with sorted keys."""
    sample: int = DEFAULT_SAMPLE
    skew: float = 0.0

    def describe(self) -> str:
        """Return the source as error messages name it."""
        filtered = "" if self.filter == "{}" else f" matching {self.filter}"
        return self.model + filtered


@dataclass
class Draw:
    """What the recipes of one step draw from."""

    random: Callable[[], float]
    today: datetime.date
    user: Mapping[str, Any] = field(default_factory=dict)
    """The user's attributes that the workload refers to, by dotted path."""
    tables: Mapping[Source, Table] = field(default_factory=dict)
    _rows: dict[Source, Mapping[str, Any]] = field(default_factory=dict)

    def row(self, source: Source) -> Mapping[str, Any]:
        """Return the row that this step draws from a source, always the same one."""
        if source not in self._rows:
            self._rows[source] = self.tables[source].draw(self.random)
        return self._rows[source]


class Recipe(Protocol):
    """How one value is drawn."""

    def draw(self, draw: Draw) -> Any:
        """Return a value, which may hold captures for :func:`settle` to fill in."""


@dataclass(frozen=True)
class Literal:
    """Always the same value."""

    value: Any

    def draw(self, draw: Draw) -> Any:  # noqa: ARG002
        """Return the value."""
        return self.value


@dataclass(frozen=True)
class Text:
    """A string with references in it."""

    parts: tuple[Part, ...]

    def draw(self, draw: Draw) -> Any:
        """Return the string, or what is left to fill in once responses have been captured."""
        parts = tuple(self._known(part, draw) for part in self.parts)
        return Text(parts) if any(isinstance(part, Captured) for part in parts) else "".join(parts)

    @staticmethod
    def _known(part: Part, draw: Draw) -> Any:
        if isinstance(part, Env):
            return part.read()
        if isinstance(part, UserAttribute):
            return str(draw.user[part.path])
        return part

    def fill(self, captured: Mapping[str, str]) -> str:
        """Return the string of a drawn text, with the captures in it."""
        return "".join(
            part.fill(captured) if isinstance(part, Captured) else str(part) for part in self.parts
        )


@dataclass(frozen=True)
class Choice:
    """One of several recipes."""

    recipes: tuple[Recipe, ...]
    cumulative: tuple[float, ...]

    def draw(self, draw: Draw) -> Any:
        """Draw from the recipe chosen."""
        return self.recipes[pick(self.cumulative, draw.random())].draw(draw)


@dataclass(frozen=True)
class Range:
    """An integer between two bounds, both included."""

    low: int
    high: int

    def draw(self, draw: Draw) -> int:
        """Return an integer."""
        return self.low + int(draw.random() * (self.high - self.low + 1))


@dataclass(frozen=True)
class Date:
    """One of ``days`` days from ``start`` on, or up to it where ``days`` is negative."""

    start: datetime.date | None
    """``None`` stands for today."""
    days: int

    def draw(self, draw: Draw) -> str:
        """Return an ISO date."""
        offset = int(draw.random() * abs(self.days))
        start = self.start or draw.today
        return (start + datetime.timedelta(days=offset if self.days > 0 else -offset)).isoformat()


@dataclass(frozen=True)
class Model:
    """A field of a row of a model."""

    source: Source
    field: str

    def draw(self, draw: Draw) -> Any:
        """Return the field of the row that this step drew from the source."""
        return draw.row(self.source)[self.field]


@dataclass(frozen=True)
class OfUser:
    """A dotted attribute of the user that the journey is made by."""

    path: str

    def draw(self, draw: Draw) -> Any:
        """Return the attribute."""
        return draw.user[self.path]


@dataclass(frozen=True)
class Capture:
    """A value kept from an earlier step's response."""

    name: str

    def draw(self, draw: Draw) -> Captured:  # noqa: ARG002
        """Return the capture, for :func:`settle` to fill in."""
        return Captured(self.name)


@dataclass(frozen=True)
class Object:
    """A JSON object of recipes."""

    items: tuple[tuple[str, Recipe], ...]

    def draw(self, draw: Draw) -> dict[str, Any]:
        """Return the object with every value drawn."""
        return {name: recipe.draw(draw) for name, recipe in self.items}


@dataclass(frozen=True)
class Array:
    """A list of recipes."""

    items: tuple[Recipe, ...]

    def draw(self, draw: Draw) -> list[Any]:
        """Return the list with every value drawn."""
        return [recipe.draw(draw) for recipe in self.items]


def settle(value: Any, captured: Mapping[str, str]) -> Any:
    """Fill the captures into a drawn value.

    Raises :class:`WorkloadError` for a capture that no response gave.
    """
    if isinstance(value, Text | Captured):
        return value.fill(captured)
    if isinstance(value, dict):
        return {key: settle(item, captured) for key, item in value.items()}
    if isinstance(value, list):
        return [settle(item, captured) for item in value]
    return value


def walk(recipe: Recipe) -> Iterator[Recipe]:
    """Yield a recipe and every recipe in it."""
    yield recipe
    inner: Sequence[Recipe] = ()
    if isinstance(recipe, Choice):
        inner = recipe.recipes
    elif isinstance(recipe, Array):
        inner = recipe.items
    elif isinstance(recipe, Object):
        inner = [item for _, item in recipe.items]
    for item in inner:
        yield from walk(item)


def captures(recipe: Recipe) -> set[str]:
    """Return the names of the captures that a recipe needs."""
    names = set()
    for part in walk(recipe):
        if isinstance(part, Capture):
            names.add(part.name)
        elif isinstance(part, Text):
            names.update(piece.name for piece in part.parts if isinstance(piece, Captured))
    return names


def user_paths(recipe: Recipe) -> set[str]:
    """Return the dotted attributes of the user that a recipe needs."""
    paths = set()
    for part in walk(recipe):
        if isinstance(part, OfUser):
            paths.add(part.path)
        elif isinstance(part, Text):
            paths.update(piece.path for piece in part.parts if isinstance(piece, UserAttribute))
    return paths


def zipf(count: int, skew: float) -> tuple[float, ...]:
    """Return cumulative probabilities of ranks 1…``count``, proportional to 1/rank^``skew``."""
    weights = [rank**-skew for rank in range(1, count + 1)]
    total = sum(weights)
    cumulative: list[float] = []
    reached = 0.0
    for weight in weights:
        reached += weight / total
        cumulative.append(reached)
    return tuple(cumulative)


def pick(cumulative: Sequence[float], random: float) -> int:
    """Return the index that a uniform number falls on in cumulative probabilities."""
    return min(bisect.bisect_right(cumulative, random), len(cumulative) - 1)


def compile_recipe(spec: Any, *, nested: bool = False) -> Recipe:
    """Turn a recipe of a workload file into what draws it.

    ``nested`` (bodies, query strings) also allows lists, and objects that are no recipe.
    Raises :class:`WorkloadError` saying what is wrong with it and what is allowed.
    """
    if isinstance(spec, str):
        return _text(spec)
    if spec is None or isinstance(spec, bool | int | float):
        return Literal(spec)
    if isinstance(spec, list):
        if not nested:
            raise WorkloadError("a list is no recipe here", hint="did you mean {choice: […]}?")
        return Array(tuple(compile_recipe(item, nested=True) for item in spec))
    if isinstance(spec, dict):
        return _mapping(spec, nested)
    raise WorkloadError(f"{spec!r} is no recipe", hint=_FORMS)


_FORMS = (
    "a recipe is a string, a number, true, false, null or one of {model: …}, {choice: […]}, "
    "{range: [low, high]}, {date: …}, {user: …}, {capture: …}, {literal: …}"
)


def _text(text: str) -> Recipe:
    parts = parse(text)
    if all(isinstance(part, str) for part in parts):
        return Literal("".join(str(part) for part in parts))
    return Text(tuple(parts))


def _mapping(spec: dict[Any, Any], nested: bool) -> Recipe:
    kinds = [key for key in OPTIONS if key in spec]
    if not kinds and nested:
        return Object(
            tuple((str(key), compile_recipe(item, nested=True)) for key, item in spec.items())
        )
    if len(kinds) != 1:
        said = f"has {' and '.join(kinds)}" if kinds else "has none of the recipe keys"
        raise WorkloadError(f"a recipe {said}", hint=_near(spec, OPTIONS) or _FORMS)
    (kind,) = kinds
    options = {key: value for key, value in spec.items() if key != kind}
    for key in options:
        if key not in OPTIONS[kind]:
            allowed = ", ".join(sorted(OPTIONS[kind])) or "no options"
            raise WorkloadError(
                f"a {kind} recipe has no option {key!r}; it takes {allowed}",
                hint=_near([key], OPTIONS[kind]),
            )
    return _BUILDERS[kind](spec[kind], options)


def _near(given: Any, known: Any) -> str:
    for key in given:
        near = difflib.get_close_matches(str(key), list(known), n=1)
        if near:
            return f"did you mean {near[0]!r}?"
    return ""


def _model(name: Any, options: dict[str, Any]) -> Recipe:
    if not isinstance(name, str) or name.count(".") != 1 or not all(name.split(".")):
        raise WorkloadError(
            f"model: {name!r} does not name a model", hint="write app_label.Model, as epg.Channel"
        )
    of = options.get("field", "pk")
    if not isinstance(of, str) or not of:
        raise WorkloadError(f"field: {of!r} is not the name of a field")
    sample = options.get("sample", DEFAULT_SAMPLE)
    if not _is_int(sample) or not 1 <= sample <= MAX_SAMPLE:
        raise WorkloadError(f"sample: {sample!r} is not a whole number from 1 to {MAX_SAMPLE}")
    filters = options.get("filter", {})
    if not isinstance(filters, dict) or not all(isinstance(key, str) for key in filters):
        raise WorkloadError(
            f"filter: {filters!r} is not a mapping", hint="write filter: {live: true}"
        )
    return Model(
        Source(
            model=name,
            filter=json.dumps(filters, sort_keys=True),
            sample=sample,
            skew=_skew(options),
        ),
        of,
    )


def _skew(options: dict[str, Any]) -> float:
    skew = options.get("skew", 0.0)
    if isinstance(skew, bool) or not isinstance(skew, int | float) or not 0 <= skew <= 10:
        raise WorkloadError(
            f"skew: {skew!r} is not a number from 0 to 10",
            hint="0 draws every value alike, 1 is Zipf's law",
        )
    return float(skew)


def _choice(values: Any, options: dict[str, Any]) -> Recipe:
    if not isinstance(values, list) or not values:
        raise WorkloadError(f"choice: {values!r} is not a list of one value or more")
    recipes = tuple(compile_recipe(value, nested=True) for value in values)
    return Choice(recipes, zipf(len(recipes), _skew(options)))


def _range(bounds: Any, options: dict[str, Any]) -> Recipe:  # noqa: ARG001
    good = isinstance(bounds, list) and len(bounds) == 2 and all(_is_int(b) for b in bounds)
    if not good or bounds[0] > bounds[1]:
        raise WorkloadError(f"range: {bounds!r} is not [low, high] with low <= high")
    return Range(*bounds)


def _date(start: Any, options: dict[str, Any]) -> Recipe:
    days = options.get("days", 1)
    if not _is_int(days) or not 1 <= abs(days) <= MAX_DAYS:
        raise WorkloadError(
            f"days: {days!r} is not a whole number from 1 to {MAX_DAYS} or its negative",
            hint="7 means a week from the date on, -7 the week up to it",
        )
    if start == "today":
        return Date(None, days)
    try:
        first = datetime.date.fromisoformat(start)
        first + datetime.timedelta(days=days)
    except (TypeError, ValueError, OverflowError):
        raise WorkloadError(f"date: {start!r} is neither `today` nor an ISO date") from None
    return Date(first, days)


def _user(path: Any, options: dict[str, Any]) -> Recipe:  # noqa: ARG001
    if not isinstance(path, str) or not all(part.isidentifier() for part in path.split(".")):
        raise WorkloadError(
            f"user: {path!r} is not a dotted attribute of the user", hint="write {user: username}"
        )
    return OfUser(path)


def _capture(name: Any, options: dict[str, Any]) -> Recipe:  # noqa: ARG001
    if not isinstance(name, str) or not name.isidentifier():
        raise WorkloadError(f"capture: {name!r} is not the name of a capture")
    return Capture(name)


def _literal(value: Any, options: dict[str, Any]) -> Recipe:  # noqa: ARG001
    return Literal(value)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_BUILDERS: dict[str, Callable[[Any, dict[str, Any]], Recipe]] = {
    "model": _model,
    "choice": _choice,
    "range": _range,
    "date": _date,
    "user": _user,
    "capture": _capture,
    "literal": _literal,
}
