"""REST framework views."""

import json
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.decorators import api_view, renderer_classes
from rest_framework.pagination import PageNumberPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from books.models import Author, Book, Review

VIEWS: dict[str, Any] = {}


def view(function: Callable[[Request], Response]) -> None:
    VIEWS[function.__name__] = api_view(["GET"])(function)


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ["name", "publisher"]


class ReviewSerializer(serializers.ModelSerializer):
    class Meta:
        model = Review
        fields = ["stars", "text"]


class BookSerializer(serializers.ModelSerializer):
    label = serializers.CharField(source="title")
    writer = serializers.CharField(source="author.name")
    length = serializers.SerializerMethodField()

    class Meta:
        model = Book
        fields = ["pages", "label", "writer", "length"]

    def get_length(self, book: Book) -> int:
        return book.ends - book.begins


class ShelfSerializer(serializers.ModelSerializer):
    author = AuthorSerializer()
    reviews = ReviewSerializer(many=True)

    class Meta:
        model = Book
        fields = ["title", "author", "reviews"]


class WrappedSerializer(serializers.ModelSerializer):
    """Says what is in the book one level deeper, and leaves a field out."""

    class Meta:
        model = Book
        fields = ["title", "blurb", "pages"]

    def to_representation(self, book: Book) -> dict[str, Any]:
        data = super().to_representation(book)
        del data["pages"]
        return {"id": book.pk, "inside": data}


class RenamedSerializer(serializers.ModelSerializer):
    """Makes another object of its own, whose keys are none of its fields."""

    class Meta:
        model = Book
        fields = ["title", "blurb"]

    def to_representation(self, book: Book) -> dict[str, Any]:
        data = super().to_representation(book)
        return {key.upper(): value for key, value in data.items()}


class SummarySerializer(serializers.ModelSerializer):
    """Its field runs another serializer, and sends part of what that makes."""

    summary = serializers.SerializerMethodField()
    author_name = serializers.SerializerMethodField()

    class Meta:
        model = Book
        fields = ["summary", "author_name"]

    def get_summary(self, book: Book) -> Any:
        return WrappedSerializer(book).data["inside"]

    def get_author_name(self, book: Book) -> Any:
        return AuthorSerializer(book.author).data["name"]


class CamelSerializer(serializers.ModelSerializer):
    long_title = serializers.CharField(source="title")
    written_by = AuthorSerializer(source="author")

    class Meta:
        model = Book
        fields = ["long_title", "written_by"]


class CamelRenderer(JSONRenderer):
    """Spells keys as JavaScript does."""

    def render(self, data: Any, *args: Any, **options: Any) -> bytes:
        return super().render(_camelized(data), *args, **options)


class EnvelopeRenderer(JSONRenderer):
    """Puts a page's rows under a name of its own, and one object under another."""

    def render(self, data: Any, *args: Any, **options: Any) -> bytes:
        if "results" in data:
            return json.dumps({"books": data["results"], "n": data["count"]}).encode()
        return json.dumps({"book": data}).encode()


def _camelized(data: Any) -> Any:
    if isinstance(data, dict):
        return {_camel(key): _camelized(value) for key, value in data.items()}
    return [_camelized(each) for each in data] if isinstance(data, list) else data


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


def _books() -> QuerySet[Book]:
    return Book.objects.order_by("pk")


@view
def flat(request: Request) -> Response:
    books = _books().select_related("author")
    return Response(BookSerializer(books, many=True).data)


@view
def nested(request: Request) -> Response:
    books = _books().select_related("author").prefetch_related("reviews")
    return Response({"shelf": {"books": ShelfSerializer(books, many=True).data}})


@view
def paged(request: Request) -> Response:
    paginator = PageNumberPagination()
    paginator.page_size = 30
    page = paginator.paginate_queryset(_books().select_related("author"), request)
    return paginator.get_paginated_response(BookSerializer(page, many=True).data)


@view
def single(request: Request) -> Response:
    return Response(BookSerializer(_books().select_related("author").first()).data)


@view
def wrapped(request: Request) -> Response:
    return Response(WrappedSerializer(_books(), many=True).data)


@view
def renamed(request: Request) -> Response:
    return Response(RenamedSerializer(_books(), many=True).data)


@view
def summarised(request: Request) -> Response:
    books = _books().select_related("author")
    return Response(SummarySerializer(books, many=True).data)


@view
def rearranged(request: Request) -> Response:
    """The same rows at two places, copied, and with a key of the view's own."""
    rows = BookSerializer(_books().select_related("author"), many=True).data
    first = [{**row, "place": number} for number, row in enumerate(rows[:3])]
    return Response({"first": first, "others": list(reversed(rows[3:]))})


@renderer_classes([CamelRenderer])
def camel(request: Request) -> Response:
    books = _books().select_related("author")
    return Response(CamelSerializer(books, many=True).data)


view(camel)


@renderer_classes([EnvelopeRenderer])
def enveloped_page(request: Request) -> Response:
    page = _books().select_related("author")[:30]
    return Response({"count": 30, "next": None, "results": BookSerializer(page, many=True).data})


@renderer_classes([EnvelopeRenderer])
def enveloped(request: Request) -> Response:
    return Response(BookSerializer(_books().select_related("author").first()).data)


view(enveloped_page)
view(enveloped)
