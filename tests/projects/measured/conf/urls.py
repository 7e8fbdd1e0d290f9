import asyncio
import gc
from collections.abc import AsyncIterator, Iterator

from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView


def queries(request: HttpRequest, n: int) -> HttpResponse:
    with transaction.atomic():  # its savepoint is no query
        for number in range(n):
            User.objects.filter(username=f"user {number}").first()
    return HttpResponse("asked")


def aliases(request: HttpRequest) -> HttpResponse:
    Group.objects.count()
    Group.objects.using("other").count()
    Group.objects.using("other").exists()
    return HttpResponse("asked both")


def size(request: HttpRequest, n: int) -> HttpResponse:
    return HttpResponse(b"x" * n)


def cached(request: HttpRequest) -> HttpResponse:
    cache.get("nothing")
    cache.get_or_set("something", 1)
    cache.get("something")
    return HttpResponse("looked up")


def collections(request: HttpRequest, n: int) -> HttpResponse:
    gc.disable()
    try:
        for _ in range(n):
            gc.collect()
    finally:
        gc.enable()
    return HttpResponse("collected")


def stream(request: HttpRequest, n: int) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        for _ in range(n):
            User.objects.count()
            yield b"0123456789"

    return StreamingHttpResponse(parts())


def nested(request: HttpRequest) -> HttpResponse:
    return HttpResponse(Client().get("/queries/3/").content)


def broken(request: HttpRequest) -> HttpResponse:
    User.objects.count()
    raise RuntimeError("the view's own error")


async def gathered(request: HttpRequest, n: int) -> HttpResponse:
    async def ask() -> None:
        await User.objects.acount()
        await cache.aget("nothing")

    await asyncio.gather(*(ask() for _ in range(n)))
    return HttpResponse("asked at once")


async def async_stream(request: HttpRequest, n: int) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(n):
            await User.objects.acount()
            yield b"0123456789"

    return StreamingHttpResponse(parts())


class Api(APIView):
    def get(self, request: HttpRequest) -> Response:
        return Response({"users": User.objects.count()})


urlpatterns = [
    path("queries/<int:n>/", queries),
    path("aliases/", aliases),
    path("size/<int:n>/", size),
    path("cached/", cached),
    path("collections/<int:n>/", collections),
    path("stream/<int:n>/", stream),
    path("nested/", nested),
    path("broken/", broken),
    path("gathered/<int:n>/", gathered),
    path("async-stream/<int:n>/", async_stream),
    path("api/", Api.as_view()),
]
