from typing import Any

from django.contrib.auth.models import User
from django.core.management import BaseCommand, call_command


class Command(BaseCommand):
    help = "Make the tables of every database, and one user."

    def handle(self, *args: Any, **options: Any) -> None:
        for alias in ("default", "other"):
            call_command("migrate", database=alias, run_syncdb=True, verbosity=0)
        User.objects.create_user("ada", email="ada@office.example", password=None)
