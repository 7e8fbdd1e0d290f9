"""Builds the path of a request from a route of the URLconf and the values of its parameters.

A route is named as ``request.resolver_match.route`` names it. Building goes the way of Django's
own ``reverse()``: the patterns' regular expressions, normalized to forms, are filled in and
matched again.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import translation
from django.utils.http import escape_leading_slashes
from django.utils.regex_helper import normalize

from .templates import WorkloadError

_SAFE = "!$&'()*+,;=" + "/~:@"
"""RFC 3986, section 3.3: what a path segment may hold unquoted, and the slash."""


@dataclass(frozen=True)
class Endpoint:
    """A leaf of the URLconf with the patterns that lead to it."""

    route: str
    name: str
    """The URL's name with its namespaces, or an empty string."""
    namespaces: tuple[str, ...]
    app_names: tuple[str, ...]
    callback: Callable[..., Any]
    patterns: tuple[Any, ...]
    """The pattern objects from the outermost ``include()`` to the leaf."""


@dataclass(frozen=True)
class Form:
    """One way of writing a route's path: a %-format and the parameters that it needs."""

    text: str
    params: frozenset[str]


@dataclass(frozen=True)
class PathTemplate:
    """A route, ready to be filled in."""

    route: str
    forms: tuple[Form, ...]
    """The form with the fewest parameters first."""
    regex: re.Pattern[str]
    converters: Mapping[str, Any] = field(compare=False)

    @property
    def required(self) -> frozenset[str]:
        """Names of the parameters that every path of the route has."""
        return frozenset.intersection(*(form.params for form in self.forms))

    @property
    def optional(self) -> frozenset[str]:
        """Names of the parameters that a path of the route may leave out."""
        return frozenset.union(*(form.params for form in self.forms)) - self.required

    def form(self, names: frozenset[str]) -> Form:
        """Return the form with exactly these parameters.

        Raises :class:`WorkloadError` naming what is missing or unknown.
        """
        for form in self.forms:
            if form.params == names:
                return form
        if missing := sorted(self.required - names):
            raise WorkloadError(
                f"route {self.route!r} needs a value for {_names(missing)}",
                hint=f"add `params: {{{missing[0]}: …}}` to the step",
            )
        known = self.required | self.optional
        if unknown := sorted(names - known):
            takes = _names(sorted(known)) if known else "no parameters"
            raise WorkloadError(
                f"route {self.route!r} has no parameter {_names(unknown)}; it takes {takes}"
            )
        raise WorkloadError(
            f"route {self.route!r} has no form with just {_names(sorted(names))}",
            hint="give the parameters of one of: "
            + "; ".join(_names(sorted(form.params)) or "none" for form in self.forms),
        )

    def fill(self, params: Mapping[str, Any]) -> str:
        """Return the quoted path; raises :class:`WorkloadError` where a value does not fit."""
        form = self.form(frozenset(params))
        texts = {name: self._to_url(name, value) for name, value in params.items()}
        path = form.text % texts
        if not self.regex.search(path):
            names = _names(sorted(texts))
            raise WorkloadError(f"route {self.route!r} does not match the values of its {names}")
        return escape_leading_slashes("/" + quote(path, safe=_SAFE))

    def _to_url(self, name: str, value: Any) -> str:
        """Convert as the route's converter does; text that is in URL form already is kept."""
        converter = self.converters.get(name)
        if converter is None:
            return str(value)
        try:
            return str(converter.to_url(value))
        except Exception as error:  # a converter is the project's code and may raise anything
            if isinstance(value, str):
                return value
            raise WorkloadError(
                f"route {self.route!r}: {type(converter).__name__} of {name!r} cannot write "
                f"{value!r} ({type(error).__name__}: {error})"
            ) from error


def build_path(route: str, params: Mapping[str, Any]) -> str:
    """Return the quoted path, without the script prefix, of a route filled in with ``params``.

    Raises :class:`WorkloadError` for an unknown route, a missing or unknown parameter, or a
    value that the route does not match.
    """
    return path_template(route).fill(params)


def path_template(route: str) -> PathTemplate:
    """Return the route ready to be filled in.

    Raises :class:`WorkloadError` for a route that the URLconf does not have, or whose pattern
    no path can be derived from.
    """
    return _template(_by_route(), route)


def walk() -> list[Endpoint]:
    """Return the endpoints of the URLconf, in the order in which Django tries them.

    Under ``i18n_patterns`` the routes are those of ``LANGUAGE_CODE``.
    """
    return list(_by_route().values())


def routes_in(language: str) -> dict[str, str]:
    """Return each route as ``language`` writes it, with what :func:`walk` calls it."""
    return _translated(settings.ROOT_URLCONF, language)


@lru_cache(maxsize=128)
def _translated(urlconf: str, language: str) -> dict[str, str]:
    patterns = get_resolver(urlconf).url_patterns
    with translation.override(language):
        theirs = [endpoint.route for endpoint in _descend(patterns, (), (), ())]
    with translation.override(settings.LANGUAGE_CODE):
        ours = [endpoint.route for endpoint in _descend(patterns, (), (), ())]
    return dict(zip(reversed(theirs), reversed(ours), strict=True))


def _by_route() -> dict[str, Endpoint]:
    return _endpoints(settings.ROOT_URLCONF)


@lru_cache(maxsize=4)
def _endpoints(urlconf: str) -> dict[str, Endpoint]:
    """Endpoints by route; of two with the same route Django only ever reaches the first."""
    found: dict[str, Endpoint] = {}
    with translation.override(settings.LANGUAGE_CODE):
        for endpoint in _descend(get_resolver(urlconf).url_patterns, (), (), ()):
            found.setdefault(endpoint.route, endpoint)
    return found


def _descend(
    entries: list[Any],
    above: tuple[Any, ...],
    namespaces: tuple[str, ...],
    app_names: tuple[str, ...],
) -> Iterator[Endpoint]:
    for entry in entries:
        patterns = (*above, entry.pattern)
        if isinstance(entry, URLResolver):
            inside = (*namespaces, entry.namespace) if entry.namespace else namespaces
            apps = (*app_names, entry.app_name) if entry.app_name else app_names
            yield from _descend(entry.url_patterns, patterns, inside, apps)
        elif isinstance(entry, URLPattern):
            yield Endpoint(
                route=_joined(patterns),
                name=":".join((*namespaces, entry.name)) if entry.name else "",
                namespaces=namespaces,
                app_names=app_names,
                callback=entry.callback,
                patterns=patterns,
            )


def _joined(patterns: tuple[Any, ...]) -> str:
    """Join patterns as ``ResolverMatch.route`` does: without the ``^`` of a later one."""
    route = ""
    for pattern in reversed(patterns):
        before = str(pattern)
        route = before + route.removeprefix("^") if before else route
    return route


def _template(endpoints: dict[str, Endpoint], route: str) -> PathTemplate:
    endpoint = endpoints.get(route)
    if endpoint is None:
        raise unknown_route(route, endpoints)
    return template_of(endpoint)


@cache
def template_of(endpoint: Endpoint) -> PathTemplate:
    """Return the endpoint's route ready to be filled in.

    Raises :class:`WorkloadError` where no path can be derived from its pattern.
    """
    with translation.override(settings.LANGUAGE_CODE):
        regex = "".join(pattern.regex.pattern.removeprefix("^") for pattern in endpoint.patterns)
    converters: dict[str, Any] = {}
    for pattern in endpoint.patterns:
        converters.update(pattern.converters)
    try:
        forms = [
            Form(text, frozenset(names)) for text, names in normalize(regex.replace("%", "%%"))
        ]
    except ValueError as error:
        raise _irreversible(endpoint.route, str(error)) from error
    template = PathTemplate(
        route=endpoint.route,
        forms=tuple(sorted(forms, key=lambda form: len(form.params))),
        regex=re.compile("^" + regex),
        converters=converters,
    )
    if not template.forms or _gave_up(template):
        raise _irreversible(endpoint.route, "it has alternatives outside a group")
    return template


def _gave_up(template: PathTemplate) -> bool:
    """``normalize`` answers one empty form for a pattern with alternatives."""
    (first, *others) = template.forms
    return not others and not first.text and not template.regex.search("")


def _irreversible(route: str, reason: str) -> WorkloadError:
    return WorkloadError(f"no path can be derived from the pattern {route!r}: {reason}")


def unknown_route(route: str, known: Mapping[str, Endpoint]) -> WorkloadError:
    """Return the error for a route that the URLconf does not have, with the nearest it has."""
    near = difflib.get_close_matches(route.removeprefix("/"), known, n=1, cutoff=0.6)
    return WorkloadError(
        f"the URLconf has no route {route!r}",
        hint=f"did you mean {near[0]!r}?" if near else "`djtune workload init` lists the routes",
    )


def _names(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)
