"""One relation of every kind."""

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Publisher(models.Model):
    name = models.CharField(max_length=100)
    country = models.CharField(max_length=2)

    def __str__(self) -> str:
        return self.name


class Author(models.Model):
    name = models.CharField(max_length=100)
    born = models.IntegerField()
    publisher = models.ForeignKey(Publisher, models.CASCADE, related_name="authors")
    comments = GenericRelation(
        "Comment", content_type_field="target_type", object_id_field="target_id"
    )

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Library(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    title = models.CharField(max_length=100)
    summary = models.TextField()
    year = models.IntegerField()
    month = models.IntegerField()
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    translator = models.ForeignKey(Author, models.SET_NULL, null=True, related_name="translations")
    """Of every third book."""
    owner = models.ForeignKey(Library, models.CASCADE, related_name="books")
    """The same one for all books."""
    tags = models.ManyToManyField(Tag, related_name="books")
    comments = GenericRelation(
        "Comment", content_type_field="target_type", object_id_field="target_id"
    )

    def __str__(self) -> str:
        return self.title

    @property
    def byline(self) -> str:
        return f"{self.title} by {self.author.name}"  # site: model-property


class Cover(models.Model):
    book = models.OneToOneField(Book, models.CASCADE, related_name="cover")
    colour = models.CharField(max_length=20)

    def __str__(self) -> str:
        return self.colour


class Titled(models.Manager["Chapter"]):
    """Leaves rows out, as managers of soft deletion and of tenants do; a prefetch does too."""

    def get_queryset(self) -> models.QuerySet["Chapter"]:
        return super().get_queryset().exclude(title="")


class Chapter(models.Model):
    book = models.ForeignKey(Book, models.CASCADE, related_name="chapters")
    title = models.CharField(max_length=100)
    draft = models.BooleanField()

    objects = Titled()

    def __str__(self) -> str:
        return self.title


class Comment(models.Model):
    target_type = models.ForeignKey(ContentType, models.CASCADE)
    target_id = models.BigIntegerField()
    target = GenericForeignKey("target_type", "target_id")
    text = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.text


class Subject(models.Model):
    """A tree."""

    name = models.CharField(max_length=100)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")

    def __str__(self) -> str:
        return self.name


class Option(models.Model):
    name = models.CharField(max_length=100, unique=True)
    value = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name
