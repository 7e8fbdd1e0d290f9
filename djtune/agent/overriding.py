"""Settings that a variant has other than the project, put in before Django reads them."""

import sys
from typing import Any

from .errors import AgentError


def override(module: str, overrides: dict[str, Any]) -> None:
    """Replace settings in the settings module that is imported under that name.

    A dotted name reaches into a dict; the dicts on the way must be there, only the last key may
    be new. What the settings file itself has derived from a setting does not follow it. Raises
    :class:`AgentError` for a name that fits nowhere.
    """
    from django.conf import global_settings, settings

    own = sys.modules[module]
    for path, value in overrides.items():
        name = path.partition(".")[0]
        if not name.isupper():
            raise AgentError(f"there can be no setting {name!r}", "settings are upper case")
        before = getattr(own, name, getattr(global_settings, name, None))
        after = changed(before, path, 1, value)
        setattr(own, name, after)
        # The settings file may have made Django read it already.
        if settings.configured:
            setattr(settings, name, after)


def changed(before: Any, path: str, depth: int, value: Any) -> Any:
    """``before``, which the first ``depth`` parts of ``path`` lead to, with ``value`` at its end.

    The dicts on the way are copied. Raises :class:`AgentError` where the way ends too early.
    """
    keys = path.split(".")
    if depth == len(keys):
        return value
    if not isinstance(before, dict):
        raise AgentError(
            f"the override {path} fits nowhere: the settings have no dict {'.'.join(keys[:depth])}",
            f"override {keys[0]} as a whole, or see how its keys are spelt",
        )
    key = keys[depth]
    return {**before, key: changed(before.get(key), path, depth + 1, value)}
