"""The tools that are compared, each put into the settings as its README says."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

FILES = "FILES"
"""Stands for a folder that is thrown away."""


@dataclass(frozen=True)
class Setup:
    """What is added to the project's settings so that every request is watched."""

    apps: tuple[str, ...] = ()
    middleware: tuple[str, ...] = ()
    """Goes before the project's own."""
    settings: dict[str, Any] = field(default_factory=dict)
    needs: str = ""
    """The distribution that has to be installed."""

    def for_page(self, files: str) -> dict[str, Any]:
        """The additions as the project reads them; what is written goes to ``files``."""
        settings = {
            name: files if value == FILES else value for name, value in self.settings.items()
        }
        return asdict(self) | {"settings": settings}


def _toolbar(**settings: Any) -> Setup:
    """The toolbar works under DEBUG alone."""
    return Setup(
        apps=("django.contrib.staticfiles", "debug_toolbar"),
        middleware=("debug_toolbar.middleware.DebugToolbarMiddleware",),
        settings={"DEBUG": True, "INTERNAL_IPS": ["127.0.0.1"], **settings},
        needs="django-debug-toolbar",
    )


SETUPS = {
    "djtune": Setup(),
    "nothing": Setup(),
    "debug": Setup(settings={"DEBUG": True}),
    "zeal": Setup(
        apps=("zeal",),
        middleware=("zeal.middleware.zeal_middleware",),
        settings={"ZEAL_RAISE": False},
        needs="django-zeal",
    ),
    "toolbar_sql": _toolbar(DEBUG_TOOLBAR_PANELS=["debug_toolbar.panels.sql.SQLPanel"]),
    "toolbar": _toolbar(),
    "silk": Setup(
        apps=("silk",),
        middleware=("silk.middleware.SilkyMiddleware",),
        needs="django-silk",
    ),
    "pyinstrument": Setup(
        middleware=("pyinstrument.middleware.ProfilerMiddleware",),
        settings={"PYINSTRUMENT_PROFILE_DIR": FILES},
        needs="pyinstrument",
    ),
    "cprofile": Setup(middleware=("library.profiled.cprofile",)),
}


def missing(tools: Iterable[str]) -> list[str]:
    """The distributions that the tools need and that are not installed."""
    wanted = {SETUPS[tool].needs for tool in tools} - {""}
    return sorted(name for name in wanted if not _installed(name))


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
