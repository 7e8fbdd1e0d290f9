"""Sync views; each spends :data:`SPELL` in the phase that its route is called after."""

import gc
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import async_to_sync
from django.core.cache import caches
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from rest_framework.response import Response
from rest_framework.views import APIView

from lab import aviews
from lab.models import Reading
from lab.serializers import ROWS, Whole
from lab.spells import SPELL, burn, sleep

_ballast: list[Any] = []
_rows = [{"number": number, "text": "some text"} for number in range(40_000)]


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nothing")


def waiting(request: HttpRequest) -> HttpResponse:
    sleep()
    return HttpResponse("slept")


def view(request: HttpRequest) -> HttpResponse:
    burn()
    return HttpResponse("worked")


def slow_query(alias: str = "default") -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [SPELL])
        cursor.fetchall()


def sql_execute(request: HttpRequest) -> HttpResponse:
    slow_query()
    return HttpResponse("queried")


def other_alias(request: HttpRequest) -> HttpResponse:
    slow_query("other")
    return HttpResponse("queried elsewhere")


SLOW_ROWS = (
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 10) "
    "SELECT i, CASE WHEN i > 0 THEN pg_sleep(%s) END FROM n"
)
"""A query whose first row comes at once, and whose others take their time."""


def sql_fetch(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(SLOW_ROWS, [SPELL / 10])
        cursor.fetchall()
    return HttpResponse("fetched")


def iterated(request: HttpRequest) -> HttpResponse:
    with connections["other"].cursor() as cursor:
        cursor.execute(SLOW_ROWS, [SPELL / 10])
        for _ in cursor:
            pass
    return HttpResponse("fetched row by row")


def large_fetch(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(list(Reading.objects.all()))))


def collections(request: HttpRequest) -> HttpResponse:
    """Collect again and again over a heap of many objects."""
    if not _ballast:
        _ballast.extend([number] for number in range(100_000))
    for _ in range(10):
        gc.collect()
    return HttpResponse("collected")


def cache(request: HttpRequest) -> HttpResponse:
    caches["slow"].get("anything")
    return HttpResponse("looked up")


def json(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"rows": _rows})


def template(request: HttpRequest) -> HttpResponse:
    return render(
        request, "lab/heavy.html", {"rows": range(ROWS), "burn": lambda: burn(SPELL / ROWS)}
    )


def query_in_template(request: HttpRequest) -> HttpResponse:
    rows = Reading.objects.extra(select={"slow": "pg_sleep(%s)"}, select_params=[SPELL])[:1]
    return render(request, "lab/queries.html", {"slow_rows": rows})


def own_threads(request: HttpRequest) -> HttpResponse:
    """Three threads beside the request, which waits for them."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        list(pool.map(lambda _: sleep(), range(3)))
    thread = threading.Thread(target=slow_query)
    thread.start()
    thread.join()
    return HttpResponse("joined")


def bridge(request: HttpRequest) -> HttpResponse:
    """A sync view that calls async code, which sleeps and comes back for sync work."""
    async_to_sync(aviews.sleep_and_work)()
    return HttpResponse("bridged")


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        for _ in range(3):
            burn(SPELL / 3)
            yield b"part"

    return StreamingHttpResponse(parts())


def redis_directly(request: HttpRequest) -> HttpResponse:
    """redis-py without Django's cache: a command that the server keeps waiting."""
    import redis

    with redis.Redis.from_url(os.environ["LAB_REDIS"]) as client:
        client.blpop(["nothing"], timeout=SPELL)
    return HttpResponse("asked")


class Serialization(APIView):
    """A heavy serializer, nested and with many rows."""

    def get(self, request: HttpRequest) -> Response:
        return Response(Whole(range(ROWS), many=True).data)
