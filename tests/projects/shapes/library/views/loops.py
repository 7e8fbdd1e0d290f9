"""Loops over rows that ask for something about each."""

from collections.abc import Iterator

from django.db import connection
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse

from library.models import Author, Book, Comment, Library, Subject
from library.paging import size


def model_property(request: HttpRequest) -> JsonResponse:
    books = Book.objects.order_by("pk")[: size(request)]  # queryset: model-property
    return JsonResponse({"books": [book.byline for book in books]})  # via: model-property


def get_loop(request: HttpRequest) -> JsonResponse:
    names = []
    for book in Book.objects.order_by("pk")[: size(request)]:
        author = Author.objects.get(pk=book.author_id)  # site: get-loop
        names.append(author.name)
    return JsonResponse({"authors": names})


def values_loop(request: HttpRequest) -> JsonResponse:
    names = []
    for row in Book.objects.order_by("pk").values("title", "author_id")[: size(request)]:
        names.append(Author.objects.get(pk=row["author_id"]).name)  # site: values-loop
    return JsonResponse({"authors": names})


def first_loop(request: HttpRequest) -> JsonResponse:
    titles = []
    for book in Book.objects.order_by("pk")[: size(request)]:  # queryset: first-loop
        last = book.chapters.order_by("-pk").first()  # site: first-loop
        titles.append(last.title if last else "")
    return JsonResponse({"last": titles})


def exists_loop(request: HttpRequest) -> JsonResponse:
    books = Book.objects.order_by("pk")[: size(request)]  # queryset: exists-loop
    drafts = [book.chapters.filter(draft=True).exists() for book in books]  # site: exists-loop
    return JsonResponse({"unfinished": sum(drafts)})


def raw_sql(request: HttpRequest) -> JsonResponse:
    counts = {}
    with connection.cursor() as cursor:
        for book in Book.objects.order_by("pk")[: size(request)]:
            cursor.execute(  # site: raw-sql
                "SELECT COUNT(*) FROM library_chapter WHERE book_id = %s", [book.pk]
            )
            counts[book.title] = cursor.fetchone()[0]
    return JsonResponse(counts)


def raw_rows(request: HttpRequest) -> JsonResponse:
    names = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT author_id FROM library_book ORDER BY id LIMIT %s", [size(request)])
        for (key,) in cursor.fetchall():
            names.append(Author.objects.get(pk=key).name)  # site: raw-rows
    return JsonResponse({"authors": names})


def raw_queryset(request: HttpRequest) -> JsonResponse:
    books = Book.objects.raw(  # queryset: raw-queryset
        "SELECT * FROM library_book ORDER BY id LIMIT %s", [size(request)]
    )
    return JsonResponse({"authors": [book.author.name for book in books]})  # site: raw-queryset


def interleaved(request: HttpRequest) -> JsonResponse:
    books = Book.objects.order_by("pk")  # queryset: two-author # queryset: two-chapters
    rows = []
    for book in books[: size(request)]:
        author = book.author.name  # site: two-author
        chapters = [chapter.title for chapter in book.chapters.all()]  # site: two-chapters
        rows.append([author, chapters])
    return JsonResponse({"books": rows})


def generic_foreign_key(request: HttpRequest) -> JsonResponse:
    comments = Comment.objects.order_by("pk")[: size(request)]  # queryset: generic-foreign-key
    targets = [str(comment.target) for comment in comments]  # site: generic-foreign-key
    return JsonResponse({"targets": targets})


def generic_relation(request: HttpRequest) -> JsonResponse:
    texts = []
    for book in Book.objects.order_by("pk")[: size(request)]:  # queryset: generic-relation
        texts += [comment.text for comment in book.comments.all()]  # site: generic-relation
    return JsonResponse({"comments": texts})


def many_to_many(request: HttpRequest) -> JsonResponse:
    rows = []
    for book in Book.objects.order_by("pk")[: size(request)]:  # queryset: many-to-many
        rows.append([tag.name for tag in book.tags.all()])  # site: many-to-many
    return JsonResponse({"tags": rows})


def reverse_all(request: HttpRequest) -> JsonResponse:
    rows = []
    for book in Book.objects.order_by("pk")[: size(request)]:  # queryset: reverse-all
        rows.append([chapter.title for chapter in book.chapters.all()])  # site: reverse-all
    return JsonResponse({"chapters": rows})


def reverse_count(request: HttpRequest) -> JsonResponse:
    counts = {}
    for book in Book.objects.order_by("pk")[: size(request)]:  # queryset: reverse-count
        counts[book.title] = book.chapters.count()  # site: reverse-count
    return JsonResponse(counts)


def reverse_one_to_one(request: HttpRequest) -> JsonResponse:
    books = Book.objects.order_by("pk")[: size(request)]  # queryset: reverse-one-to-one
    colours = [book.cover.colour for book in books]  # site: reverse-one-to-one
    return JsonResponse({"covers": colours})


def filter_on_prefetched(request: HttpRequest) -> JsonResponse:
    books = Book.objects.prefetch_related("chapters")  # queryset: filter-on-prefetched
    drafts = []
    for book in books.order_by("pk")[: size(request)]:
        found = book.chapters.filter(draft=True)
        drafts += [chapter.title for chapter in found]  # site: filter-on-prefetched
    return JsonResponse({"drafts": drafts})


def prefetch_per_row(request: HttpRequest) -> JsonResponse:
    rows = []
    for book in Book.objects.order_by("pk")[: size(request)]:  # queryset: prefetch-per-row
        prefetch_related_objects([book], "tags")  # site: prefetch-per-row
        rows.append([tag.name for tag in book.tags.all()])
    return JsonResponse({"tags": rows})


def deferred_field(request: HttpRequest) -> JsonResponse:
    books = Book.objects.only("title").order_by("pk")  # queryset: deferred-field
    words = 0
    for book in books[: size(request)]:
        words += len(book.summary.split())  # site: deferred-field
    return JsonResponse({"words": words})


def nested_chain(request: HttpRequest) -> JsonResponse:
    books = Book.objects.order_by("pk")[: size(request)]  # queryset: nested-chain
    names = [book.author.publisher.name for book in books]  # site: nested-chain
    return JsonResponse({"publishers": names})


def nullable(request: HttpRequest) -> JsonResponse:
    names = []
    for book in Book.objects.order_by("pk")[: size(request)]:  # queryset: nullable
        if book.translator:  # site: nullable
            names.append(book.translator.name)
    return JsonResponse({"translators": names})


def one_parent(request: HttpRequest) -> JsonResponse:
    """Every row has the same parent: each loads it anew."""
    books = Book.objects.order_by("pk")[: size(request)]  # queryset: one-parent
    return JsonResponse({"owners": [book.owner.name for book in books]})  # site: one-parent


def two_levels(request: HttpRequest) -> JsonResponse:
    """The books come with their authors; what is asked of each book does not."""
    authors = Author.objects.prefetch_related("books").order_by("pk")  # queryset: two-levels
    colours = []
    for author in authors[:20]:
        colours += [book.cover.colour for book in author.books.all()]  # site: two-levels
    return JsonResponse({"covers": colours})


def prefetched_with(request: HttpRequest) -> JsonResponse:
    """The books come by a queryset of the app's own, which can be widened itself."""
    books = Book.objects.order_by("pk")  # queryset: prefetched-with
    authors = Author.objects.prefetch_related(Prefetch("books", queryset=books))
    colours = []
    for author in authors.order_by("pk")[:20]:
        colours += [book.cover.colour for book in author.books.all()]  # site: prefetched-with
    return JsonResponse({"covers": colours})


def many_count(request: HttpRequest) -> JsonResponse:
    counts = {}
    for book in Book.objects.order_by("pk")[: size(request)]:  # queryset: many-count
        counts[book.title] = book.tags.count()  # site: many-count
    return JsonResponse(counts)


def joined_again(request: HttpRequest) -> JsonResponse:
    """The rows are prefetched, but a call on the manager asks for them again."""
    books = Book.objects.prefetch_related("chapters")  # queryset: joined-again
    titles = []
    for book in books.order_by("pk")[: size(request)]:
        for chapter in book.chapters.select_related("book"):  # site: joined-again
            titles.append(f"{chapter.book.title}: {chapter.title}")
    return JsonResponse({"chapters": titles})


def of_one_object(request: HttpRequest) -> JsonResponse:
    """What varies is what is asked, not who is."""
    library = Library.objects.order_by("pk").first()
    held = []
    for book in Book.objects.order_by("pk")[: size(request)]:
        held.append(library.books.filter(pk=book.pk).exists())  # site: of-one-object
    return JsonResponse({"held": sum(held)})


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    """The rows are asked for after the view has returned."""

    def lines() -> Iterator[str]:
        for book in Book.objects.order_by("pk")[: size(request)]:  # queryset: streamed
            yield f"{book.title},{book.author.name}\n"  # site: streamed

    return StreamingHttpResponse(lines(), content_type="text/csv")


def iterator_loop(request: HttpRequest) -> JsonResponse:
    books = Book.objects.order_by("pk")[: size(request)]  # queryset: iterator-loop
    names = [book.author.name for book in books.iterator(chunk_size=10)]  # site: iterator-loop
    return JsonResponse({"authors": names})


def tree(request: HttpRequest) -> JsonResponse:
    roots = Subject.objects.filter(parent=None)  # queryset: tree
    return JsonResponse({"subjects": [_branch(root) for root in roots]})


def _branch(subject: Subject) -> dict[str, object]:
    children = subject.children.order_by("pk")
    return {"name": subject.name, "children": [_branch(child) for child in children]}  # site: tree
