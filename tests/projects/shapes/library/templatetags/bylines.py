"""Tags that show a book."""

from django import template

from library.models import Book

register = template.Library()


@register.simple_tag
def byline(book: Book) -> str:
    return f"{book.title} by {book.author.name}"  # site: template-tag


@register.inclusion_tag("library/card.html")
def card(book: Book) -> dict[str, Book]:
    return {"book": book}
