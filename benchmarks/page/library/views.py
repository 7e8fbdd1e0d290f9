"""One page: a list of books, and a query for the author of each."""

from django.http import HttpRequest, JsonResponse

from .models import Book

BOOKS = 99


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
