"""Books and their authors."""

from __future__ import annotations

from django.db import models


class Author(models.Model):
    """Somebody who writes."""

    name: models.CharField[str, str] = models.CharField(max_length=80)
    born: models.IntegerField[int, int] = models.IntegerField()

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    """A book of one author."""

    author: models.ForeignKey[Author, Author] = models.ForeignKey(Author, on_delete=models.CASCADE)
    title: models.CharField[str, str] = models.CharField(max_length=80)
    year: models.IntegerField[int, int] = models.IntegerField()

    def __str__(self) -> str:
        return self.title
