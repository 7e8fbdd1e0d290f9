"""Pages that are alike in what they show, and differ in how they ask for it."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework.generics import ListAPIView

from .models import Book
from .serializers import BookSerializer

BOOKS = 99
ROWS = 100


def books(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """List the books: one query for them all, and 99 for their authors."""
    return JsonResponse(
        {
            "books": [
                {"title": book.title, "year": book.year, "author": book.author.name}
                for book in Book.objects.order_by("pk")[:BOOKS]
            ]
        }
    )


class BookList(ListAPIView[Book]):
    """A list of 100 books, by one query."""

    serializer_class = BookSerializer

    def get_queryset(self) -> QuerySet[Book]:
        """Bring the authors with the books."""
        return Book.objects.select_related("author").order_by("pk")[:ROWS]


class RepeatingBookList(BookList):
    """The same list, and a query for each author: 101 in all."""

    def get_queryset(self) -> QuerySet[Book]:
        """Forget the authors."""
        return Book.objects.order_by("pk")[:ROWS]


def shelf(request: HttpRequest) -> HttpResponse:
    """Show 100 books by a template and one query."""
    shown = Book.objects.select_related("author").order_by("pk")[:ROWS]
    return render(request, "library/shelf.html", {"books": shown})


def count(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer with next to nothing, and one query."""
    return HttpResponse(str(Book.objects.count()))
