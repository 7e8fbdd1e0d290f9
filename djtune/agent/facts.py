"""What a worker is: versions, settings that bend the figures, databases and caches by kind."""

from __future__ import annotations

import platform
import sys
from collections.abc import Collection
from typing import Any

_DISTORTING = {
    "debug_toolbar": "django-debug-toolbar",
    "silk": "django-silk",
    "scout_apm": "Scout APM",
    "elasticapm": "Elastic APM",
    "ddtrace": "Datadog APM",
    "newrelic": "New Relic",
    "sentry_sdk": "Sentry",
    "opentelemetry": "OpenTelemetry",
    "zeal": "django-zeal",
    "nplusone": "nplusone",
    "pyinstrument": "pyinstrument",
}
_HOOK_WHEN_IMPORTED = frozenset(("ddtrace", "newrelic", "sentry_sdk"))
"""Agents that no setting names: ``ddtrace-run``, ``newrelic-admin``, ``sentry_sdk.init``."""


def describe(interface: str | None) -> dict[str, Any]:
    """The facts that a report shows beside its figures; no secret and no host among them."""
    import django
    from django.conf import settings
    from django.db import connections

    from .transactions import aliases

    return {
        "python": platform.python_version(),
        "django": django.get_version(),
        "interface": interface or _interface(settings),
        "debug": bool(settings.DEBUG),
        "distorting": _distorting(settings, sys.modules),
        "databases": {
            alias: {
                "vendor": connections[alias].vendor,
                "conn_max_age": connections[alias].settings_dict.get("CONN_MAX_AGE"),
                "pool": bool(connections[alias].settings_dict["OPTIONS"].get("pool")),
            }
            for alias in aliases()
        },
        "caches": {
            alias: config["BACKEND"].rpartition(".")[2] for alias, config in settings.CACHES.items()
        },
        "drf": "rest_framework" in sys.modules,
    }


def _interface(settings: Any) -> str:
    """WSGI unless the settings name an ASGI application alone."""
    wsgi = getattr(settings, "WSGI_APPLICATION", None)
    asgi = getattr(settings, "ASGI_APPLICATION", None)
    return "asgi" if asgi and not wsgi else "wsgi"


def _distorting(settings: Any, imported: Collection[str]) -> list[str]:
    """Tools whose middleware or hooks cost time in every request.

    OpenTelemetry adds its middleware to the settings when it instruments Django.
    """
    named = {name.partition(".")[0] for name in [*settings.INSTALLED_APPS, *settings.MIDDLEWARE]}
    hooking = _HOOK_WHEN_IMPORTED.intersection(imported)
    return sorted(label for module, label in _DISTORTING.items() if module in named | hooking)
