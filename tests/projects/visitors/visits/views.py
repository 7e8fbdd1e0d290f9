import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from django.contrib.auth import get_user_model, login
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)

PART = b"0123456789"
waits: list[HttpRequest] = []
"""Requests that wait for ever."""


def show(request: HttpRequest, pk: int) -> HttpResponse:
    return JsonResponse({"show": pk})


def sign_in(request: HttpRequest, name: str) -> HttpResponse:
    user, _ = get_user_model().objects.get_or_create(username=name)
    login(request, user, "django.contrib.auth.backends.ModelBackend")
    return HttpResponse("welcome")


def me(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user))


def public(request: HttpRequest) -> HttpResponse:
    """Ask neither who it is nor for the session."""
    return HttpResponse("anybody")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the view's own error")


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(Path(__file__).open("rb"))


def stream(request: HttpRequest, parts: int) -> StreamingHttpResponse:
    return StreamingHttpResponse(PART for _ in range(parts))


def broken_stream(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        yield PART
        raise RuntimeError("the stream's own error")

    return StreamingHttpResponse(parts())


async def asynchronous(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    return HttpResponse("answered")


async def broken_asynchronously(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the view's own error")


async def waiting(request: HttpRequest) -> HttpResponse:
    waits.append(request)
    await asyncio.Event().wait()
    return HttpResponse("never")


async def stream_asynchronously(request: HttpRequest, parts: int) -> StreamingHttpResponse:
    async def iterate() -> AsyncIterator[bytes]:
        for _ in range(parts):
            await asyncio.sleep(0)
            yield PART

    return StreamingHttpResponse(iterate())


async def broken_asynchronous_stream(request: HttpRequest) -> StreamingHttpResponse:
    async def iterate() -> AsyncIterator[bytes]:
        yield PART
        raise RuntimeError("the stream's own error")

    return StreamingHttpResponse(iterate())
