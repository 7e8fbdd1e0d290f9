"""Sets the collector as a trial asks, and tells whether something in the app has set it since."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

SETTERS = {"enable", "disable", "set_threshold", "freeze", "unfreeze"}
_AGENT = __name__.partition(".")[0]
_set: dict[str, Any] | None = None


def set_policy(thresholds: list[int] | None, freeze: bool, enabled: bool) -> dict[str, Any]:
    """Set the collector once the app is loaded, and return its state.

    What is not asked for stays as the app has left it: thresholds of its own, a collector that
    it has switched off, objects that it has frozen. Thresholds switch the collector on.
    ``thresholds`` in the answer are read back: Python 3.14.0 to 3.14.4 keep the third at 0.
    ``frozen`` and ``tracked`` count objects that collections pass over and look at.
    """
    global _set
    if freeze:
        gc.collect()
        gc.freeze()
    if thresholds is not None:
        gc.set_threshold(*thresholds)
        gc.enable()
    if not enabled:
        gc.disable()
    _set = _state()
    return {**_set, "tracked": len(gc.get_objects())}


def policy_kept() -> dict[str, Any]:
    """The collector's state now, and whether it is as :func:`set_policy` left it.

    ``changed`` says what is otherwise, and ``by`` names the functions loaded that could have done
    it: those that speak of ``gc`` and of one of its setters. ``gc`` itself is not watched, so a
    change that was taken back in time is not seen.
    """
    before, now = _set or _state(), _state()
    changed = list(_differences(before, now))
    return {**now, "changed": changed, "by": sorted(set(_setting_functions())) if changed else []}


def _state() -> dict[str, Any]:
    return {
        "thresholds": list(gc.get_threshold()),
        "enabled": gc.isenabled(),
        "frozen": gc.get_freeze_count(),
    }


def _differences(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    if now["enabled"] != before["enabled"]:
        yield f"gc.{'enable' if now['enabled'] else 'disable'}() was called"
    if now["thresholds"] != before["thresholds"]:
        yield f"gc.set_threshold{tuple(now['thresholds'])} was called"
    # A frozen object whose last reference goes is freed like any other: fewer is no change.
    if now["frozen"] > before["frozen"]:
        yield "gc.freeze() was called"
    elif before["frozen"] and not now["frozen"]:
        yield "gc.unfreeze() was called"


def _setting_functions() -> Iterator[str]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == _AGENT:
            continue
        for function in _functions(module):
            if function.__module__ == name and _sets(function.__code__):
                yield f"{name}.{function.__qualname__}"


def _functions(module: Any) -> Iterator[FunctionType]:
    """The module's functions and those of its classes.

    Types are compared rather than asked for by ``isinstance``, which wakes lazy objects.
    """
    for value in list(getattr(module, "__dict__", {}).values()):
        members = list(vars(value).values()) if issubclass(type(value), type) else [value]
        yield from (member for member in members if type(member) is FunctionType)


def _sets(code: CodeType) -> bool:
    names = set(code.co_names)
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return ("gc" in names and not names.isdisjoint(SETTERS)) or any(map(_sets, inner))
