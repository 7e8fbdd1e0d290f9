"""Asynchronous views."""

from typing import Any

from adrf.decorators import api_view
from adrf.serializers import ModelSerializer
from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from books.models import Book


class BookSerializer(ModelSerializer):
    length = serializers.SerializerMethodField()

    class Meta:
        model = Book
        fields = ["title", "length"]

    def get_length(self, book: Book) -> int:
        return book.ends - book.begins


async def awaited(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"titles": [book.title async for book in Book.objects.order_by("pk")]})


async def awaited_chunks(request: HttpRequest) -> HttpResponse:
    books = Book.objects.order_by("pk").aiterator(chunk_size=7)
    return JsonResponse({"titles": [book.title async for book in books]})


@api_view(["GET"])
async def awaited_fields(request: Request) -> Response:
    books = Book.objects.order_by("pk")
    return Response(await BookSerializer(books, many=True).adata)


VIEWS: dict[str, Any] = {
    "awaited": awaited,
    "awaited_chunks": awaited_chunks,
    "awaited_fields": awaited_fields,
}
