"""The middleware: sync under WSGI and async under ASGI, so that neither hops between threads."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.core.signals import setting_changed

from .entry import Entry
from .recording import Recording
from .settings import read


class Recorder:
    """Records a sample of the requests that pass; the outermost middleware sees what is sent.

    Raises:
        ImproperlyConfigured: ``settings.DJTUNE`` has an unknown key or a wrong value.

    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        if "djtune_agent" in sys.modules:
            raise MiddlewareNotUsed("djtune replays these requests: they are no traffic")
        recording = this_process()
        if recording is None:
            raise MiddlewareNotUsed("DJTUNE['RECORD'] names no DIRECTORY, or SAMPLE is 0")
        self._recording = recording
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        """The response, or under ASGI what is to be awaited for it."""
        if not self._recording.takes():
            return self._get_response(request)
        entry = Entry(self._recording, request)
        if self._is_async:
            return self._answer(request, entry)
        try:
            response = self._get_response(request)
        except BaseException as error:
            entry.fail(error)
            raise
        entry.answer(response)
        return response

    async def _answer(self, request: Any, entry: Entry) -> Any:
        try:
            response = await self._get_response(request)
        except BaseException as error:
            entry.fail(error)
            raise
        entry.answer(response)
        return response


@lru_cache(maxsize=1)
def this_process() -> Recording | None:
    """The recording that all handlers of this process share; ``None`` where none is asked for."""
    wanted = read(getattr(settings, "DJTUNE", {}))
    if wanted is None:
        return None
    secret = settings.SECRET_KEY
    return Recording(wanted, secret if isinstance(secret, bytes) else str(secret).encode())


def _on_setting_changed(*, setting: str, **_: Any) -> None:
    if setting in ("DJTUNE", "SECRET_KEY") and this_process.cache_info().currsize:
        # Django's test runner has changed it; what was recorded so far is complete.
        recording = this_process()
        this_process.cache_clear()
        if recording is not None:
            recording.finish()


setting_changed.connect(_on_setting_changed, dispatch_uid="djtune.recorder")
