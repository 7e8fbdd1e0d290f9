"""A project in one module, whose views do what views should not."""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Iterator

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "conf"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}

CUSTOMER = "ada@customers.example"
_asked = itertools.count()


def fine(request: HttpRequest, token: str = "") -> HttpResponse:
    return HttpResponse("fine")


def breaks_off(request: HttpRequest) -> StreamingHttpResponse:
    def body() -> Iterator[bytes]:
        yield b"as far as here"
        raise ValueError(f"no such customer: {CUSTOMER}")

    return StreamingHttpResponse(body())


def exits(request: HttpRequest) -> HttpResponse:
    sys.exit(3)


def throttles(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=200 if next(_asked) < 6 else 429)


def sometimes(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"token": "x"} if next(_asked) % 3 else {})


def bodiless(request: HttpRequest, status: int) -> HttpResponse:
    """A body where there must be none: servers drop it."""
    return HttpResponse("not to be sent", status=status)


ticks = itertools.count()


async def endless(request: HttpRequest) -> StreamingHttpResponse:
    async def body() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b"%d" % next(ticks)

    return StreamingHttpResponse(body())


async def counted(request: HttpRequest) -> HttpResponse:
    """How far the other view's stream gets meanwhile."""
    before = next(ticks)
    await asyncio.sleep(0.1)
    return HttpResponse(str(next(ticks) - before - 1))


urlpatterns = [
    path("endless/", endless),
    path("counted/", counted),
    path("fine/", fine),
    path("breaks-off/", breaks_off),
    path("exits/", exits),
    path("bodiless/<int:status>/", bodiless),
    path("throttles/", throttles),
    path("sometimes/", sometimes),
    path("uses/<slug:token>/", fine),
]
