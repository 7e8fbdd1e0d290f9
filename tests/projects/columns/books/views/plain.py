"""Views without REST framework."""

import copy
import threading
from collections.abc import Callable
from typing import Any

from django.core import serializers
from django.core.cache import cache
from django.core.signals import request_started
from django.db.models import Count, F, Prefetch
from django.db.models.signals import post_save
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render

from books.models import Author, Book, Comic, Counted, Review

View = Callable[[HttpRequest], Any]
VIEWS: dict[str, View] = {}


def view(function: View) -> View:
    VIEWS[function.__name__] = function
    return function


@view
def titles(request: HttpRequest) -> HttpResponse:
    books = Book.objects.order_by("pk")
    return JsonResponse({"books": [{"title": book.title, "p": book.pages} for book in books]})


@view
def joined(request: HttpRequest) -> HttpResponse:
    books = Book.objects.select_related("author__publisher").order_by("pk")
    return JsonResponse({"authors": [book.author.name for book in books]})


@view
def every_join(request: HttpRequest) -> HttpResponse:
    return JsonResponse(
        {"names": [each.publisher.name for each in Author.objects.select_related()]}
    )


@view
def join_unread(request: HttpRequest) -> HttpResponse:
    books = Book.objects.select_related("author").order_by("pk")
    return JsonResponse({"titles": [book.title for book in books]})


@view
def prefetched(request: HttpRequest) -> HttpResponse:
    authors = Author.objects.prefetch_related("books__reviews", "publisher")
    return JsonResponse({each.name: [book.title for book in each.books.all()] for each in authors})


@view
def prefetched_many(request: HttpRequest) -> HttpResponse:
    books = Book.objects.prefetch_related("tags").order_by("pk")
    return JsonResponse({"tags": [[tag.pk for tag in book.tags.all()] for book in books]})


@view
def prefetched_aside(request: HttpRequest) -> HttpResponse:
    kept = Prefetch("reviews", Review.objects.filter(stars__gt=0), to_attr="good")
    books = Book.objects.prefetch_related(kept).order_by("pk")
    return JsonResponse({book.title: [each.text for each in book.good] for book in books})


@view
def in_template(request: HttpRequest) -> HttpResponse:
    return render(request, "books/list.html", {"books": Book.objects.order_by("pk")})


@view
def in_chunks(request: HttpRequest) -> HttpResponse:
    lines = (book.title for book in Book.objects.order_by("pk").iterator(chunk_size=7))
    return StreamingHttpResponse(lines, content_type="text/plain")


@view
def deferred(request: HttpRequest) -> HttpResponse:
    books = Book.objects.only("title", "blurb").order_by("pk")[:3]
    return JsonResponse({book.title: book.pages for book in books})


@view
def annotated(request: HttpRequest) -> HttpResponse:
    authors = Author.objects.annotate(count=Count("books"), twice=F("pk") * 2)
    return JsonResponse({each.name: each.count for each in authors})


@view
def inherited(request: HttpRequest) -> HttpResponse:
    return JsonResponse({comic.title: comic.artist for comic in Comic.objects.all()})


@view
def as_values(request: HttpRequest) -> HttpResponse:
    rows = Book.objects.values("title", "author__name", "author").order_by("pk")
    return JsonResponse({"books": list(rows)})


@view
def as_tuples(request: HttpRequest) -> HttpResponse:
    pairs = Book.objects.values_list("title", "blurb").order_by("pk")
    return JsonResponse({"titles": [title for title, _ in pairs]})


@view
def dumped(request: HttpRequest) -> HttpResponse:
    text = serializers.serialize("json", Author.objects.order_by("pk"))
    return HttpResponse(text, content_type="application/json")


@view
def as_dictionary(request: HttpRequest) -> HttpResponse:
    return JsonResponse(model_to_dict(Review.objects.earliest("pk")))


@view
def cached(request: HttpRequest) -> HttpResponse:
    cache.set("authors", list(Author.objects.order_by("pk")), 1)
    return JsonResponse({"names": [each.name for each in cache.get("authors")]})


@view
def copied(request: HttpRequest) -> HttpResponse:
    author = copy.copy(Author.objects.earliest("pk"))
    return JsonResponse({"name": author.name})


@view
def taken_apart(request: HttpRequest) -> HttpResponse:
    author = Author.objects.earliest("pk")
    return JsonResponse({name: vars(author)[name] for name in ("name", "biography")})


@view
def in_a_thread(request: HttpRequest) -> HttpResponse:
    books = list(Book.objects.order_by("pk")[:5])
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.extend(book.blurb for book in books))
    thread.start()
    thread.join()
    return JsonResponse({"blurbs": found})


_heard: list[Any] = []
post_save.connect(lambda instance, **_: _heard.append(instance.name), Counted, weak=False)
request_started.connect(lambda **_: _heard.clear(), weak=False)


@view
def saved(request: HttpRequest) -> HttpResponse:
    """What depends on the class of a row: signals' senders, registers, comparison, hashes."""
    row, other = Counted.objects.order_by("pk")[:2]
    row.saves += 1
    row.save()
    row.refresh_from_db()
    answers = {
        "heard": _heard,
        "known": [cls.__name__ for cls in Counted.known],
        "class": row.__class__ is Counted,
        "isinstance": isinstance(row, Counted),
        "equal": row == Counted.objects.get(pk=row.pk),
        "unequal": row == other,
        "hashed": len({row, other, row}),
        "text": str(row),
        "class_attribute": repr(type(row).name),
        "deferred": sorted(row.get_deferred_fields()),
        "saves": row.saves,
    }
    row.delete()
    return JsonResponse(answers)


@view
def by_type(request: HttpRequest) -> HttpResponse:
    """Looks at the one thing that being watched changes."""
    words = {Author: "author", Book: "book"}
    return JsonResponse({"is": [words[type(each)] for each in Author.objects.all()]})
