from typing import NoReturn

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.functional import LazyObject

from things.models import OfSomebody, Secret, Shelf, Thing


def _answer(rows: object) -> HttpResponse:
    return HttpResponse(str(rows))


def foreign_key(request: HttpRequest) -> HttpResponse:
    """A shelf that is not there has no name."""
    return _answer([thing.shelf.name for thing in Thing.objects.prefetch_related("shelf")])


def generic_foreign_key(request: HttpRequest) -> HttpResponse:
    return _answer([thing.about.name for thing in Thing.objects.prefetch_related("about")])


def by_key(request: HttpRequest) -> HttpResponse:
    things = list(Thing.objects.all())
    shelves = Shelf.objects.in_bulk([thing.shelf_id for thing in things])
    return _answer([shelves[thing.shelf_id].name for thing in things])


def many(request: HttpRequest) -> HttpResponse:
    """Asks for each of the rows that were prefetched for one object."""
    shelf = Shelf.objects.prefetch_related("things").order_by("pk").first()
    assert shelf is not None
    return _answer([Shelf.objects.get(pk=thing.shelf_id).name for thing in shelf.things.all()])


def stores(request: HttpRequest) -> HttpResponse:
    names = [thing.name for thing in Thing.objects.all()]
    cache.set("set", names, None)
    cache.set_many({"set_many": names}, None)
    cache.delete("add")
    cache.add("add", names, None)
    return _answer(names)


class LazyShelf(LazyObject):
    def _setup(self) -> None:
        self._wrapped = Shelf.objects.order_by("pk")[0]


def lazy(request: HttpRequest) -> HttpResponse:
    return _answer(LazyShelf().name)


class Grumpy(int):
    def __repr__(self) -> NoReturn:
        raise RuntimeError("nobody is to ask")


class Curious(int):
    def __repr__(self) -> str:
        return f"{Shelf.objects.count()}"


def parameters(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s, %s", [Grumpy(1), Curious(2)])
        return _answer(cursor.fetchall())


def secret(request: HttpRequest, pk: int) -> HttpResponse:
    OfSomebody.somebody = "the visitor"
    try:
        return _answer(get_object_or_404(Secret, pk=pk).name)
    finally:
        OfSomebody.somebody = None


def needs_all(request: HttpRequest) -> HttpResponse:
    rows = list(Thing.objects.all())
    if len(rows) < Thing.objects.count():
        raise ValueError("some are missing")
    return _answer(rows)


urlpatterns = [
    path("needs-all/", needs_all),
    path("secrets/<int:pk>/", secret),
    path("foreign-key/", foreign_key),
    path("generic-foreign-key/", generic_foreign_key),
    path("by-key/", by_key),
    path("many/", many),
    path("stores/", stores),
    path("lazy/", lazy),
    path("parameters/", parameters),
]
