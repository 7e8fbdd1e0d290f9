"""Describes the routes of the URLconf: which views, which methods, and how to ask for them."""

from __future__ import annotations

from typing import Any

from django.urls.converters import get_converters

from .lookups import Lookup, find_lookups
from .paths import Endpoint, PathTemplate, template_of, walk
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

    No view is called and no query made. Routes come in the order in which Django tries them.
    """
    return [_describe(endpoint) for endpoint in walk()]


def _describe(endpoint: Endpoint) -> dict[str, Any]:
    view = view_of(endpoint.callback)
    file, line = location_of(view)
    left_out = _left_out(endpoint, view)
    params: list[dict[str, Any]] = []
    try:
        template = template_of(endpoint)
    except WorkloadError as error:
        left_out = left_out or error.message
    else:
        params = _params(endpoint, template, view)
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
    if _has_format_suffix(endpoint):
        return "format suffix of another route"
    package = view.dotted.partition(".")[0]
    return LEFT_OUT_VIEWS.get(view.dotted) or LEFT_OUT_PACKAGES.get(package, "")


def _has_format_suffix(endpoint: Endpoint) -> bool:
    """Tell the duplicates that DRF's ``format_suffix_patterns`` makes of every route."""
    pattern = str(endpoint.patterns[-1])
    return r"\.(?P<format>" in pattern or "<drf_format_suffix" in pattern


def _params(endpoint: Endpoint, template: PathTemplate, view: View) -> list[dict[str, Any]]:
    """Describe the parameters in the order in which they stand in the path."""
    names = sorted(
        template.required | template.optional,
        key=lambda name: template.forms[-1].text.find(f"%({name})s"),
    )
    converters = {name: _converter(template, name) for name in names}
    lookups = find_lookups(view, converters, endpoint.route)
    return [
        {
            "name": name,
            "converter": converters[name],
            "optional": name in template.optional,
            "recipe": lookup.recipe() if isinstance(lookup, Lookup) else None,
            "reason": "" if isinstance(lookup, Lookup) else lookup,
        }
        for name, lookup in lookups.items()
    ]


def _converter(template: PathTemplate, name: str) -> str:
    converter = template.converters.get(name)
    if converter is None:
        return "regex"
    for known, registered in get_converters().items():
        if registered is converter:
            return known
    return type(converter).__name__
