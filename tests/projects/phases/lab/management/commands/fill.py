from typing import Any

from django.core.management import BaseCommand, call_command

from lab.models import Reading

READINGS = 8000


class Command(BaseCommand):
    help = "Make the tables of every database, and the rows that the views read."

    def handle(self, *args: Any, **options: Any) -> None:
        for alias in ("default", "other"):
            call_command("migrate", database=alias, run_syncdb=True, verbosity=0)
        Reading.objects.bulk_create(
            Reading(sensor=f"sensor {number % 50}", value=number / 7, note="dry " * 20)
            for number in range(READINGS)
        )
