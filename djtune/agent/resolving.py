"""Finds the routes that paths belong to, as requests for them would be resolved."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils import translation
from django.utils.encoding import repercent_broken_unicode

from .paths import routes_in

MATCHED, SLASH, STATIC, MEDIA, OUTSIDE, UNKNOWN = (
    "route",
    "slash",
    "static",
    "media",
    "outside",
    "unknown",
)


def resolve_paths(paths: list[str], prefix: str = "") -> list[list[str]]:
    """Return ``[kind, route]`` for each path as a log has it: quoted, without the query.

    ``prefix`` is what a proxy puts before the app's own paths. Without it FORCE_SCRIPT_NAME is
    taken off where it stands: whether it does depends on which side of the proxy wrote the log.
    Kinds:

    ``route``
        the path is one of the route;
    ``slash``
        it would be if it ended in a slash, to which APPEND_SLASH redirects;
    ``static``, ``media``
        a file under STATIC_URL or MEDIA_URL;
    ``outside``
        it does not begin with the prefix;
    ``unknown``
        the URLconf has no route for it.
    """
    mount = _mount(prefix or settings.FORCE_SCRIPT_NAME or "")
    return [list(_resolve(path, mount, bool(prefix))) for path in paths]


def _mount(prefix: str) -> str:
    prefix = prefix.strip("/")
    return f"/{prefix}" if prefix else ""


def _resolve(path: str, mount: str, needs_mount: bool) -> tuple[str, str]:
    path = repercent_broken_unicode(unquote_to_bytes(path)).decode()
    mounted = path == mount or path.startswith(f"{mount}/")
    inner = (path.removeprefix(mount) if mounted else path) or "/"
    for kind, url in _files():
        if path.startswith(url) or inner.startswith(url):
            return kind, ""
    if needs_mount and not mounted:
        return OUTSIDE, ""
    if (route := _route_of(inner)) is not None:
        return MATCHED, route
    if settings.APPEND_SLASH and not inner.endswith("/"):
        route = _route_of(inner + "/")
        if route is not None:
            return SLASH, route
    return UNKNOWN, ""


def _route_of(path: str) -> str | None:
    """The route, named as in LANGUAGE_CODE, whatever the path's language."""
    language = settings.LANGUAGE_CODE
    if is_language_prefix_patterns_used(settings.ROOT_URLCONF)[0]:
        language = translation.get_language_from_path(path) or language
    with translation.override(language):
        try:
            route = str(resolve(path).route)
        except Resolver404:
            return None
        except Exception:  # a converter is the project's code and may raise anything
            return None
    return routes_in(language).get(route, route)


@lru_cache(maxsize=1)
def _files() -> list[tuple[str, str]]:
    """Where the app's files are served from, unless that is another host or the root itself.

    An empty setting is the root to Django: "/", or FORCE_SCRIPT_NAME.
    """
    found = []
    for kind, name in ((STATIC, "STATIC_URL"), (MEDIA, "MEDIA_URL")):
        url: Any = urlsplit(str(getattr(settings, name, "") or ""))
        path = f"{_mount(url.path)}/"
        if not url.netloc and path not in ("/", get_script_prefix()):
            found.append((kind, path))
    return found
