"""Makes the novels' database."""

from django.core.management import BaseCommand, call_command

from novels.models import Author, Leaflet, Novel

LONG = "Call me Ishmael. " * 3000


class Command(BaseCommand):
    help = "Make the tables and the same rows as every time."

    def handle(self, **options):
        call_command("migrate", run_syncdb=True, verbosity=0)
        authors = [Author.objects.create(name=f"author {n}", letters=LONG) for n in range(5)]
        Novel.objects.bulk_create(
            Novel(author=authors[n % 5], title=f"novel {n}", text=LONG) for n in range(100)
        )
        Leaflet.objects.bulk_create(Leaflet() for _ in range(500))
