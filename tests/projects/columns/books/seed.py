"""The same rows as every time."""

from books.models import Author, Book, Comic, Counted, Publisher, Review, Tag

BOOKS = 40
REVIEWS = 3


def seed() -> None:
    publishers = [
        Publisher.objects.create(name=f"Publisher {n}", imprint=f"Imprint {n}") for n in range(3)
    ]
    authors = [
        Author.objects.create(
            name=f"Author number {n}", biography=f"Was born in {n}.", publisher=publishers[n % 3]
        )
        for n in range(8)
    ]
    tag = Tag.objects.create(name="The only tag")
    for n in range(BOOKS):
        book = Book.objects.create(**_book(n), author=authors[n % 8])
        book.tags.add(tag)
        for stars in range(REVIEWS):
            Review.objects.create(book=book, text=f"Review {stars} of {n}", stars=stars)
    for n in range(5):
        Comic.objects.create(
            **_book(100 + n), author=authors[n], artist=f"Artist {n}", inker=f"Inker {n}"
        )
        Counted.objects.create(name=f"Counted {n}", unread="never read")


def _book(n: int) -> dict[str, object]:
    return {
        "title": f"The book called {n}",
        "blurb": f"What is on the back of {n}.",
        "manuscript": f"Chapter {n}. " * 20,
        "pages": 300 + n,
        "begins": 1000 + n,
        "ends": 2000 + 2 * n,
    }
