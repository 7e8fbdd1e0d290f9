"""Makes the project's tables and rows: ``PAGE_DATABASE=page.sqlite3 python fill.py``."""

import os

import django


def main() -> None:
    """Write 100 books of as many authors."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    django.setup()
    from django.core.management import call_command
    from library.models import Author, Book
    from library.views import ROWS

    call_command("migrate", run_syncdb=True, verbosity=0)
    numbers = range(ROWS)
    authors = Author.objects.bulk_create(Author(name=f"Author {n}", born=1900 + n) for n in numbers)
    Book.objects.bulk_create(
        Book(author=authors[n], title=f"Book {n}", year=1950 + n) for n in numbers
    )


if __name__ == "__main__":
    main()
