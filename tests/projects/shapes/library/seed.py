"""Fills the library's database; the same rows every time."""

from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType

from library.models import (
    Author,
    Book,
    Chapter,
    Comment,
    Cover,
    Library,
    Option,
    Publisher,
    Subject,
    Tag,
)

BOOKS = 120
AUTHORS = 80
OPTIONS = ("currency", "language", "timezone")


def seed() -> None:
    """Write every row. Each page of up to 80 books has a different author for each."""
    _people()
    books = _books()
    _parts_of(books)
    _comments(books)
    _subjects()
    Option.objects.bulk_create(Option(name=name, value=name.upper()) for name in OPTIONS)
    _reader()


def _people() -> None:
    publishers = Publisher.objects.bulk_create(
        Publisher(name=f"Publisher {n}", country="SE" if n % 2 else "FI") for n in range(8)
    )
    Author.objects.bulk_create(
        Author(name=f"Author {n}", born=1900 + n, publisher=publishers[n % 8])
        for n in range(AUTHORS)
    )


def _books() -> list[Book]:
    authors = list(Author.objects.order_by("pk"))
    owner = Library.objects.create(name="City library")
    return Book.objects.bulk_create(
        Book(
            title=f"Book {n}",
            summary="word " * 40,
            year=2000 + n % 20,
            month=1 + n % 12,
            author=authors[n % AUTHORS],
            translator=None if n % 3 else authors[(n + 7) % AUTHORS],
            owner=owner,
        )
        for n in range(BOOKS)
    )


def _parts_of(books: list[Book]) -> None:
    tags = Tag.objects.bulk_create(Tag(name=f"tag-{n}") for n in range(12))
    links = [
        Book.tags.through(book=book, tag=tags[(n + k) % 12])
        for n, book in enumerate(books)
        for k in range(3)
    ]
    Book.tags.through.objects.bulk_create(links)
    Cover.objects.bulk_create(Cover(book=book, colour=f"#{n:06x}") for n, book in enumerate(books))
    Chapter.objects.bulk_create(
        Chapter(book=book, title=f"Chapter {k}", draft=k == 2) for book in books for k in range(3)
    )


def _comments(books: list[Book]) -> None:
    """By turns on a book and on its author."""
    types = ContentType.objects.get_for_models(Book, Author)
    Comment.objects.bulk_create(
        Comment(target_type=types[model], target_id=key, text=f"On {model.__name__} {key}")
        for book in books
        for model, key in ((Book, book.pk), (Author, book.author_id))
    )


def _subjects() -> None:
    """Four roots, each with five children, each with one."""
    for n in range(4):
        root = Subject.objects.create(name=f"Subject {n}")
        for k in range(5):
            child = Subject.objects.create(name=f"Subject {n}.{k}", parent=root)
            Subject.objects.create(name=f"Subject {n}.{k}.0", parent=child)


def _reader() -> None:
    reader = User.objects.create(username="reader")
    group = Group.objects.create(name="readers")
    reader.groups.add(group)
    group.permissions.add(*Permission.objects.filter(content_type__app_label="library"))
