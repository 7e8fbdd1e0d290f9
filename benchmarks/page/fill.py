"""Makes the page's tables and rows: ``PAGE_DATABASE=page.sqlite3 python fill.py``."""

import os

import django


def main() -> None:
    """Write 99 books of 99 authors."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    django.setup()
    from django.core.management import call_command
    from library.models import Author, Book
    from library.views import BOOKS

    call_command("migrate", run_syncdb=True, verbosity=0)
    for n in range(BOOKS):
        author = Author.objects.create(name=f"Author {n}", born=1900 + n)
        Book.objects.create(author=author, title=f"Book {n}", year=1950 + n)


if __name__ == "__main__":
    main()
