"""Turning data into bytes: DRF serializers and renderers, JSON libraries called by the app.

A serializer is charged once, at the outermost; nested ones and rows run inside it unseen.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Any

from django.core.serializers.base import Serializer as DjangoSerializer

from ..clock import CURRENT, SERIALIZATION
from .patches import Patches, in_phase

_JSON_LIBRARIES = ("orjson", "ujson", "simplejson", "msgspec.json", "rapidjson")


def _timed_property(owner: Any, name: str) -> property:
    original = vars(owner)[name]
    return property(functools.wraps(original.fget)(in_phase(SERIALIZATION)(original.fget)))


def _async_serialization(function: Callable[..., Any]) -> Callable[..., Any]:
    async def timed(*args: Any, **kwargs: Any) -> Any:
        clock = CURRENT.get()
        if clock is None or clock.stack[-1] == SERIALIZATION:
            return await function(*args, **kwargs)
        clock.enter(SERIALIZATION)
        try:
            return await function(*args, **kwargs)
        finally:
            clock.leave()

    return timed


def _async_property(owner: Any, name: str) -> property:
    """Of whatever makes it awaitable: adrf's descriptor is none of Python's own."""
    original = vars(owner)[name]

    async def value(self: Any) -> Any:
        return await original.__get__(self, type(self))

    return property(_async_serialization(value))


def _install_rest_framework(patches: Patches) -> None:
    if "rest_framework.serializers" in sys.modules:
        serializers = sys.modules["rest_framework.serializers"]
        for owner in (serializers.Serializer, serializers.ListSerializer):
            patches.replace(owner, "data", _timed_property(owner, "data"))
    if "rest_framework.response" in sys.modules:
        response = sys.modules["rest_framework.response"].Response
        patches.replace(response, "rendered_content", _timed_property(response, "rendered_content"))
    if "adrf.serializers" in sys.modules:
        serializers = sys.modules["adrf.serializers"]
        for owner in (serializers.Serializer, serializers.ListSerializer):
            if "adata" in vars(owner):
                patches.replace(owner, "adata", _async_property(owner, "adata"))


def install(patches: Patches) -> None:
    """Wrap what the app has imported."""
    patches.wrap(json, "dumps", in_phase(SERIALIZATION))
    patches.wrap(DjangoSerializer, "serialize", in_phase(SERIALIZATION))
    for name in _JSON_LIBRARIES:
        if name in sys.modules:
            patches.wrap(sys.modules[name], "dumps", in_phase(SERIALIZATION))
            patches.wrap(sys.modules[name], "encode", in_phase(SERIALIZATION))
    _install_rest_framework(patches)
