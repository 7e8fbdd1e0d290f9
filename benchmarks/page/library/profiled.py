"""The standard library's profiler around each request, as a middleware."""

from __future__ import annotations

import cProfile
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

calls = 0
"""Functions that were seen to be called in the last request."""


def cprofile(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Profile every request."""

    def profiled(request: HttpRequest) -> HttpResponse:
        global calls
        profiler = cProfile.Profile()
        response = profiler.runcall(get_response, request)
        calls = len(profiler.getstats())
        return response

    return profiled
