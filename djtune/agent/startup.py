"""Loads the user's project the way its own server would, with what leaves the machine held back."""

import importlib
import os
import sys
import traceback
from typing import Any

from . import effects, facts, network, overriding
from .errors import AgentError


def load(
    directory: str,
    settings: str,
    pythonpath: list[str],
    interface: str | None = None,
    allowed_hosts: list[str] | None = None,
    live_effects: bool = False,
    overrides: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Set Django up and return :func:`facts.describe`.

    ``overrides`` replace settings before anything reads them. Raises :class:`AgentError` when the
    settings or an app cannot be imported, an override fits nowhere, or a database or cache is
    neither on this machine nor allowed.
    """
    if not live_effects:
        effects.hold_back_by_environment()
    import_settings(directory, settings, pythonpath)
    overriding.override(settings, overrides or {})
    if not live_effects:
        network.refuse_remote_services(allowed_hosts or [])
    _set_up()
    if not live_effects:
        effects.hold_back_by_settings()
        network.refuse_outbound(allowed_hosts or [])
    return facts.describe(interface)


def import_settings(directory: str, name: str, pythonpath: list[str]) -> None:
    """Import the settings as the project's own server would.

    Raises :class:`AgentError` when they cannot be imported.
    """
    sys.path[:0] = [path for path in [*pythonpath, directory] if path not in sys.path]
    os.environ["DJANGO_SETTINGS_MODULE"] = name
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise AgentError(
                f"there is no settings module {name} on the project's path",
                "name it with --settings, and its folder with --pythonpath",
            ) from error
        raise AgentError(
            f"settings {name} import {error.name}, which is not installed there",
            f"install it for {sys.executable}, or name the project's interpreter with --python",
        ) from error
    except (Exception, SystemExit) as error:
        raise AgentError(
            f"settings {name} fail to import: {_last_line(error)}",
            "set what they need in the environment; --debug shows where",
        ) from error


def _set_up() -> None:
    import django

    try:
        django.setup()
    except (Exception, SystemExit) as error:
        raise AgentError(
            f"the project does not start: {_last_line(error)}", "--debug shows where"
        ) from error


def _last_line(error: BaseException) -> str:
    return traceback.format_exception_only(error)[-1].strip()
