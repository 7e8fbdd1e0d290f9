"""Views that look as if they asked about each row, and do not."""

from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest, JsonResponse
from rest_framework import generics, permissions
from rest_framework.request import Request
from rest_framework.views import APIView

from library.models import Author, Book, Chapter, Comment, Cover, Option, Publisher, Subject, Tag
from library.paging import size
from library.seed import OPTIONS
from library.views.api import NestedSerializer


def three_sites(request: HttpRequest) -> JsonResponse:
    first = Author.objects.get(pk=1)
    second = Author.objects.get(pk=2)
    third = Author.objects.get(pk=3)
    return JsonResponse({"editors": [first.name, second.name, third.name]})


def one_helper(request: HttpRequest) -> JsonResponse:
    currency = _option("currency")
    language = _option("language")
    timezone = _option("timezone")
    return JsonResponse({"options": [currency, language, timezone]})


def _option(name: str) -> str:
    return Option.objects.get(name=name).value


def breadcrumbs(request: HttpRequest) -> JsonResponse:
    """The parents of one row, as many as the tree is deep."""
    subject = Subject.objects.get(name="Subject 0.0.0")
    names = [subject.name]
    while subject.parent:
        subject = subject.parent
        names.append(subject.name)
    return JsonResponse({"path": names})


def fixed_tuple(request: HttpRequest) -> JsonResponse:
    books = [book.title for book in Book.objects.order_by("pk")[: size(request)]]
    options = {name: Option.objects.get(name=name).value for name in OPTIONS}
    return JsonResponse({"books": books, "options": options})


def twelve_months(request: HttpRequest) -> JsonResponse:
    """As many queries as a year has months, however long the page."""
    books = [book.title for book in Book.objects.order_by("pk")[: size(request)]]
    months = [Book.objects.filter(month=month).count() for month in range(1, 13)]
    return JsonResponse({"books": books, "months": months})


def joined(request: HttpRequest) -> JsonResponse:
    books = Book.objects.select_related("author__publisher", "cover").order_by("pk")
    rows = [
        [book.author.name, book.author.publisher.name, book.cover.colour]
        for book in books[: size(request)]
    ]
    return JsonResponse({"books": rows})


def prefetched(request: HttpRequest) -> JsonResponse:
    drafts = Prefetch("chapters", Chapter.objects.filter(draft=True), to_attr="drafts")
    books = Book.objects.prefetch_related("tags", "comments", drafts).order_by("pk")
    rows = [
        [len(book.tags.all()), len(book.comments.all()), len(book.drafts)]
        for book in books[: size(request)]
    ]
    return JsonResponse({"books": rows})


class JoinedSerializers(generics.ListAPIView):
    queryset = Book.objects.select_related("author").order_by("pk")[:30]
    serializer_class = NestedSerializer


def prefetched_targets(request: HttpRequest) -> JsonResponse:
    comments = Comment.objects.prefetch_related("target").order_by("pk")[: size(request)]
    return JsonResponse({"targets": [str(comment.target) for comment in comments]})


def chunked_in(request: HttpRequest) -> JsonResponse:
    """Batches of at most 25 keys, the last one shorter."""
    keys = list(Book.objects.order_by("pk").values_list("pk", flat=True)[:90])
    titles = []
    for start in range(0, len(keys), 25):
        found = Book.objects.in_bulk(keys[start : start + 25])
        titles += [book.title for book in found.values()]
    return JsonResponse({"books": titles})


def batched_prefetch(request: HttpRequest) -> JsonResponse:
    """Tags for ten books at a time."""
    books = list(Book.objects.order_by("pk")[: size(request)])
    for start in range(0, len(books), 10):
        prefetch_related_objects(books[start : start + 10], "tags")
    return JsonResponse({"tags": [len(book.tags.all()) for book in books]})


def sub_selects(request: HttpRequest) -> JsonResponse:
    """Statements that differ only in the sub-select, all asked by one line."""
    groups = [
        Author.objects.filter(born__lt=1930),
        Author.objects.filter(name__startswith="Author 1"),
        Author.objects.filter(publisher__country="SE"),
        Author.objects.filter(pk__lte=20),
    ]
    counts = [Book.objects.filter(author__in=group.values("pk")).count() for group in groups]
    return JsonResponse({"counts": counts})


def polling(request: HttpRequest) -> JsonResponse:
    """Looks eight times whether a row has changed, as a long poll does without its pauses."""
    seen = ""
    for _ in range(8):
        seen = Option.objects.get(name="currency").value
        if seen == "changed":
            break
    return JsonResponse({"value": seen})


class MayDo(permissions.BasePermission):
    """Whether the reader has a permission; what was asked once stays with the user."""

    code = ""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not hasattr(request, "reader"):
            request.reader = User.objects.get(username="reader")
        return bool(request.reader.has_perm(self.code))


class MayView(MayDo):
    code = "library.view_book"


class MayChange(MayDo):
    code = "library.change_book"


class MayDelete(MayDo):
    code = "library.delete_book"


class Guarded(generics.ListAPIView):
    queryset = Book.objects.select_related("author").order_by("pk")[:30]
    serializer_class = NestedSerializer
    permission_classes = [MayView, MayChange, MayDelete]


def savepoints(request: HttpRequest) -> JsonResponse:
    tidy = 0
    with transaction.atomic():
        for book in Book.objects.order_by("pk")[: size(request)]:
            with transaction.atomic():
                tidy += book.title == book.title.strip()
    return JsonResponse({"tidy": tidy})


def iterator(request: HttpRequest) -> JsonResponse:
    """Rows in chunks, and their tags once a chunk."""
    books = Book.objects.prefetch_related("tags").order_by("pk")[: size(request)]
    rows = [len(book.tags.all()) for book in books.iterator(chunk_size=10)]
    return JsonResponse({"tags": rows})


def duplicate(request: HttpRequest) -> JsonResponse:
    before = _currency()
    after = _currency()
    return JsonResponse({"before": before, "after": after})


def _currency() -> str:
    return Option.objects.get(name="currency").value  # site: duplicate


def content_types(request: HttpRequest) -> JsonResponse:
    """Asks for each model's type, which the first request of a process alone looks up."""
    models = (Author, Book, Chapter, Cover, Publisher, Tag)
    keys = [ContentType.objects.get_for_model(model).pk for model in models]
    return JsonResponse({"types": keys})
