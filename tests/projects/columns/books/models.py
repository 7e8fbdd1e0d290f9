from typing import Any

from django.db import models


class Row(models.Model):
    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)


class Publisher(Row):
    name = models.CharField(max_length=80)
    imprint = models.CharField(max_length=80)


class Author(Row):
    name = models.CharField(max_length=80)
    biography = models.TextField()
    publisher = models.ForeignKey(Publisher, models.CASCADE)

    @property
    def signature(self) -> str:
        return self.name.upper()


class Book(Row):
    title = models.CharField(max_length=80)
    blurb = models.TextField()
    manuscript = models.TextField()
    pages = models.IntegerField()
    begins = models.IntegerField()
    ends = models.IntegerField()
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    sequel_of = models.OneToOneField("self", models.SET_NULL, null=True, related_name="sequel")


class Review(Row):
    book = models.ForeignKey(Book, models.CASCADE, related_name="reviews")
    text = models.TextField()
    stars = models.IntegerField()


class Tag(Row):
    name = models.CharField(max_length=80)
    books = models.ManyToManyField(Book, related_name="tags")


class Comic(Book):
    """Multi-table inheritance."""

    artist = models.CharField(max_length=80)
    inker = models.CharField(max_length=80)


class Counted(Row):
    """Keeps a register of its subclasses, as some apps do."""

    known: list[type] = []
    name = models.CharField(max_length=80)
    saves = models.IntegerField(default=0)
    unread = models.TextField(default="")

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        Counted.known.append(cls)
