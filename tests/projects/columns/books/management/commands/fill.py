"""Makes the books' database."""

from django.core.management import BaseCommand, call_command

from books.seed import seed


class Command(BaseCommand):
    help = "Make the tables and the same rows as every time."

    def handle(self, **options: object) -> None:
        call_command("migrate", run_syncdb=True, verbosity=0)
        seed()
