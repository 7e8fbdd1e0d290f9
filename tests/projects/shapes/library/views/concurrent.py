"""Views that ask from coroutines and from threads of their own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, JsonResponse

from library.models import Author, Book
from library.paging import size


async def async_get(request: HttpRequest) -> JsonResponse:
    names = []
    async for book in Book.objects.order_by("pk")[: size(request)]:
        author = await Author.objects.aget(pk=book.author_id)  # site: async-get
        names.append(author.name)
    return JsonResponse({"authors": names})


async def async_related(request: HttpRequest) -> JsonResponse:
    rows = []
    async for book in Book.objects.order_by("pk")[: size(request)]:  # queryset: async-related
        rows.append([tag.name async for tag in book.tags.all()])  # site: async-related
    return JsonResponse({"tags": rows})


async def async_gather(request: HttpRequest) -> JsonResponse:
    books = [book async for book in Book.objects.order_by("pk")[: size(request)]]
    names = await asyncio.gather(*[_name_of_author(book) for book in books])  # via: async-gather
    return JsonResponse({"authors": names})


async def _name_of_author(book: Book) -> str:
    author = await Author.objects.aget(pk=book.author_id)  # site: async-gather
    return author.name


async def in_thread(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"authors": await sync_to_async(_names)(size(request))})


def _names(count: int) -> list[str]:
    books = Book.objects.order_by("pk")[:count]  # queryset: in-thread
    return [book.author.name for book in books]  # site: in-thread


def thread_pool(request: HttpRequest) -> JsonResponse:
    keys = Book.objects.order_by("pk").values_list("author_id", flat=True)[: size(request)]
    with ThreadPoolExecutor(4) as pool:
        return JsonResponse({"authors": list(pool.map(_name, keys))})


def _name(key: int) -> str:
    try:
        return Author.objects.get(pk=key).name  # site: thread-pool
    finally:
        connection.close()
