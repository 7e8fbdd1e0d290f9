"""A book as the lists show it."""

from rest_framework import serializers

from .models import Book


class BookSerializer(serializers.ModelSerializer[Book]):
    """A book with its author's name."""

    author = serializers.CharField(source="author.name")

    class Meta:
        """What is shown."""

        model = Book
        fields = ["id", "title", "year", "author"]
