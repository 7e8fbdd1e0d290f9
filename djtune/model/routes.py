"""The routes of an app, as the agent reads them from its URLconf."""

from typing import Any

from msgspec import Struct, field


class Param(Struct):
    """One variable part of a route."""

    name: str
    converter: str
    """``int``, ``slug``, ``uuid`` … or ``regex``."""
    optional: bool = False
    """The route also matches without it, and a bare run asks for it so."""
    recipe: dict[str, Any] | None = None
    """How to draw values, where the view's model could be told."""
    reason: str = ""
    """Why there is no recipe."""


class Route(Struct):
    """One route of the URLconf and the view behind it."""

    route: str
    name: str
    view: str
    """Dotted path of the view."""
    file: str
    line: int
    methods: list[str]
    params: list[Param] = field(default_factory=list)
    left_out: str = ""
    """Why a bare run does not ask for it (``admin``, ``static files`` …); empty if it does."""


class Unmeasured(Struct):
    """A route that was not measured, and what it needs."""

    method: str
    route: str
    why: str
    """``login``, ``throttled``, ``redirect``, ``missing``, ``refused``, ``error``, ``unsafe``,
    ``recipe``, or ``unsteady``: answered as expected at first, but not when it was timed."""
    detail: str = ""
    where: str = ""


def path_of(route: str) -> str:
    """A route as a path, without a regex's anchors."""
    return "/" + route.removeprefix("^").removesuffix("$").lstrip("/")
