"""Async views; each spends :data:`SPELL`, or a few of them, in known places."""

import asyncio
import os
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from lab import spells
from lab.models import Reading
from lab.spells import SPELL, burn


async def waiting(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(SPELL)
    return HttpResponse("slept")


async def view(request: HttpRequest) -> HttpResponse:
    burn()
    return HttpResponse("worked")


async def blocking(request: HttpRequest) -> HttpResponse:
    """The mistake of sleeping on the event loop's own thread."""
    spells.sleep()
    return HttpResponse("blocked")


async def query_in_hop(request: HttpRequest) -> HttpResponse:
    from lab.views import slow_query

    await sync_to_async(slow_query)()
    return HttpResponse("queried")


async def work_in_hop(request: HttpRequest) -> HttpResponse:
    await sync_to_async(burn)()
    return HttpResponse("worked")


async def work_in_free_hop(request: HttpRequest) -> HttpResponse:
    await sync_to_async(burn, thread_sensitive=False)()
    return HttpResponse("worked")


async def work_in_thread(request: HttpRequest) -> HttpResponse:
    await asyncio.to_thread(burn)
    return HttpResponse("worked")


async def sleep_in_hop(request: HttpRequest) -> HttpResponse:
    await sync_to_async(spells.sleep)()
    return HttpResponse("slept")


async def large_fetch(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len([row async for row in Reading.objects.all()])))


async def cache(request: HttpRequest) -> HttpResponse:
    await caches["slow"].aget("anything")
    return HttpResponse("looked up")


async def gathered_waits(request: HttpRequest) -> HttpResponse:
    await asyncio.gather(*(asyncio.sleep(SPELL) for _ in range(3)))
    return HttpResponse("slept at once")


async def gathered_hops(request: HttpRequest) -> HttpResponse:
    await asyncio.gather(*(sync_to_async(burn)() for _ in range(3)))
    return HttpResponse("worked in turn")


async def task_group(request: HttpRequest) -> HttpResponse:
    """A task beside the view, which itself goes on working."""
    task = asyncio.create_task(asyncio.sleep(SPELL))
    await asyncio.sleep(0)
    burn()
    await task
    return HttpResponse("both")


async def streamed(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(SPELL / 3)
            yield b"part"

    return StreamingHttpResponse(parts())


async def redis_directly(request: HttpRequest) -> HttpResponse:
    from redis import asyncio as redis

    client = redis.Redis.from_url(os.environ["LAB_REDIS"])
    await client.blpop(["nothing"], timeout=SPELL)
    await client.aclose()
    return HttpResponse("asked")


async def sleep_and_work() -> None:
    await asyncio.sleep(SPELL)
    await sync_to_async(burn)()
