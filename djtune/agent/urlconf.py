"""Describes the routes of the URLconf: which views, which methods, and how to ask for them."""

from __future__ import annotations

import functools
from typing import Any

from django.db import DatabaseError
from django.urls import get_resolver
from django.urls.converters import get_converters

from .lookups import Lookup, find_lookups
from .paths import Endpoint, PathTemplate, template_of, walk
from .recipes import Model, Source, compile_recipe
from .rows import sample_rows
from .templates import WorkloadError
from .views import View, location_of, methods_of, view_of

LEFT_OUT_APPS = {
    "admin": "admin",
    "djdt": "debug toolbar",
    "silk": "silk",
}
"""By ``app_name`` of the URLconf."""
LEFT_OUT_PACKAGES = {
    "debug_toolbar": "debug toolbar",
    "silk": "silk",
    "django_browser_reload": "development reloader",
}
"""By package of the view."""
LEFT_OUT_VIEWS = {
    "django.views.static.serve": "static files",
    "django.contrib.staticfiles.views.serve": "static files",
}


def describe_routes() -> list[dict[str, Any]]:
    """Return every route of the URLconf, shaped as ``djtune.model.routes.Route``.

    No view is called. The database is asked only whether the recipes find rows, so that a route
    of an empty model is told apart at once. Routes come in the order in which Django tries them.
    """
    empty = _EmptySources()
    return [_describe(endpoint, empty) for endpoint in walk()]


class _EmptySources:
    """Why recipes cannot be drawn; each source is asked for its rows once."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[Source, frozenset[str]], str] = {}
        self._readable = True

    def reasons(self, recipes: dict[str, dict[str, Any]]) -> dict[str, str]:
        """Parameter → why its recipe finds no value; nothing for one that does."""
        compiled = {name: compile_recipe(recipe) for name, recipe in recipes.items()}
        drawn = {name: one for name, one in compiled.items() if isinstance(one, Model)}
        fields: dict[Source, set[str]] = {}
        for one in drawn.values():
            fields.setdefault(one.source, set()).add(one.field)
        why = {source: self._reason(source, frozenset(names)) for source, names in fields.items()}
        return {name: why[one.source] for name, one in drawn.items() if why[one.source]}

    def _reason(self, source: Source, fields: frozenset[str]) -> str:
        key = (source, fields)
        if key not in self._reasons:
            self._reasons[key] = self._ask(source, fields) if self._readable else ""
        return self._reasons[key]

    def _ask(self, source: Source, fields: frozenset[str]) -> str:
        """Ask the database. One that cannot be read is no reason: a session's start says so."""
        try:
            sample_rows(source, fields, seed=0)
        except WorkloadError as error:
            self._readable = not isinstance(error.__cause__, DatabaseError)
            return error.message if self._readable else ""
        return ""


def _describe(endpoint: Endpoint, empty: _EmptySources) -> dict[str, Any]:
    view = view_of(endpoint.callback)
    file, line = location_of(view)
    left_out = _left_out(endpoint, view)
    params: list[dict[str, Any]] = []
    try:
        template = template_of(endpoint)
    except WorkloadError as error:
        left_out = left_out or error.message
    else:
        params = _params(endpoint, template, view, None if left_out else empty)
    return {
        "route": endpoint.route,
        "name": endpoint.name,
        "view": view.dotted,
        "file": file,
        "line": line,
        "methods": methods_of(view),
        "params": params,
        "left_out": left_out,
    }


def _left_out(endpoint: Endpoint, view: View) -> str:
    for app in endpoint.app_names:
        if app in LEFT_OUT_APPS:
            return LEFT_OUT_APPS[app]
    if has_format_suffix(endpoint):
        return "format suffix of another route"
    if any(endpoint.callback is handler for handler in _error_handlers()):
        return "error page"
    package = view.dotted.partition(".")[0]
    return LEFT_OUT_VIEWS.get(view.dotted) or LEFT_OUT_PACKAGES.get(package, "")


@functools.cache
def _error_handlers() -> list[Any]:
    """Views of the error pages, which some projects also give a URL to look at them."""
    return [get_resolver().resolve_error_handler(status) for status in (400, 403, 404, 500)]


def has_format_suffix(endpoint: Endpoint) -> bool:
    """Tell the duplicates that DRF's ``format_suffix_patterns`` makes of every route."""
    pattern = str(endpoint.patterns[-1])
    return r"\.(?P<format>" in pattern or "<drf_format_suffix" in pattern


def _params(
    endpoint: Endpoint, template: PathTemplate, view: View, empty: _EmptySources | None
) -> list[dict[str, Any]]:
    """Describe the parameters in the order in which they stand in the path."""
    names = sorted(
        template.required | template.optional,
        key=lambda name: template.forms[-1].text.find(f"%({name})s"),
    )
    converters = {name: _converter(template, name) for name in names}
    lookups = find_lookups(view, converters, endpoint.route)
    recipes = {n: found.recipe() for n, found in lookups.items() if isinstance(found, Lookup)}
    reasons = {n: found for n, found in lookups.items() if isinstance(found, str)}
    if empty is not None:
        reasons |= empty.reasons(recipes)
    return [
        {
            "name": name,
            "converter": converters[name],
            "optional": name in template.optional,
            "recipe": None if name in reasons else recipes[name],
            "reason": reasons.get(name, ""),
        }
        for name in lookups
    ]


def _converter(template: PathTemplate, name: str) -> str:
    converter = template.converters.get(name)
    if converter is None:
        return "regex"
    for known, registered in get_converters().items():
        if registered is converter:
            return known
    return type(converter).__name__
