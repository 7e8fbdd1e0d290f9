"""Where a request is in Django's handler: the middleware chain, the URL's resolution, the view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler

from ..clock import CURRENT, MIDDLEWARE, PYTHON, VIEW
from .patches import Patches, in_phase


def _async_in_phase(phase: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrapper(function: Callable[..., Any]) -> Callable[..., Any]:
        async def timed(*args: Any, **kwargs: Any) -> Any:
            clock = CURRENT.get()
            if clock is None:
                return await function(*args, **kwargs)
            clock.enter(phase)
            try:
                return await function(*args, **kwargs)
            finally:
                clock.leave()

        return timed

    return wrapper


def _timed_views(make_view_atomic: Callable[..., Any]) -> Callable[..., Any]:
    def timed(self: Any, view: Callable[..., Any]) -> Callable[..., Any]:
        view = make_view_atomic(self, view)
        if CURRENT.get() is None:
            return view
        wrapper = _async_in_phase(VIEW) if iscoroutinefunction(view) else in_phase(VIEW)
        return wrapper(view)

    return timed


def _timed_send(send_response: Callable[..., Any]) -> Callable[..., Any]:
    """A streamed body is made by the view's iterator while it is sent."""
    in_view = _async_in_phase(VIEW)(send_response)

    def timed(self: Any, response: Any, send: Any) -> Any:
        return (in_view if response.streaming else send_response)(self, response, send)

    return timed


def install(patches: Patches) -> None:
    """Wrap the steps of Django's base handler."""
    patches.wrap(BaseHandler, "get_response", in_phase(MIDDLEWARE))
    patches.wrap(BaseHandler, "get_response_async", _async_in_phase(MIDDLEWARE))
    patches.wrap(BaseHandler, "_get_response", in_phase(PYTHON))
    patches.wrap(BaseHandler, "_get_response_async", _async_in_phase(PYTHON))
    patches.wrap(BaseHandler, "make_view_atomic", _timed_views)
    patches.wrap(ASGIHandler, "send_response", _timed_send)
