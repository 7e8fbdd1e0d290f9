"""``manage.py seed``: migrate the database and fill it with made-up data."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import OperationalError, connection, transaction
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from streaming import seeding
from streaming.models import Seed

PATIENCE = 2.0
"""Seconds before a progress bar is worth its place."""


class Command(BaseCommand):
    help = "Migrate the database and fill it with made-up data."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--size", choices=list(seeding.SIZES), default="small")
        parser.add_argument("--force", action="store_true", help="Replace other data.")
        parser.add_argument("--check", action="store_true", help="Only say whether there is data.")

    def handle(self, *args: Any, size: str, force: bool, check: bool, **options: Any) -> None:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        try:
            found = present()
        except OperationalError as error:
            reason = str(error).splitlines()[0]
            raise CommandError(f"The database is out of reach: {reason}", returncode=2) from None
        if check:
            self.check_against_settings(found)
            return
        wanted = Seed(size=size, day=settings.SITE_DAY, version=seeding.VERSION)
        if found and str(found) == str(wanted):
            self.stdout.write(f"Already there: {found}.")
            return
        if found and not force:
            raise CommandError(
                f"The database holds other data ({found}); --force replaces it.", returncode=2
            )
        try:
            fill(size, wanted)
        except KeyboardInterrupt:
            raise CommandError("Interrupted: no data was written.", returncode=130) from None
        self.stdout.write(f"Done: {wanted}.")

    def check_against_settings(self, found: Seed | None) -> None:
        if found is None:
            raise CommandError("The database has no data yet.", returncode=2)
        if found.day != settings.SITE_DAY:
            raise CommandError(
                f"The data is of {found.day}, but SITE_DAY is {settings.SITE_DAY}.", returncode=2
            )


def present() -> Seed | None:
    """What the database was filled with; ``None`` before that, and after half of it."""
    if Seed._meta.db_table not in connection.introspection.table_names():
        return None
    return Seed.objects.first()


def fill(size: str, record: Seed) -> None:
    call_command("migrate", verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    plan = seeding.SIZES[size]
    with progress_bar() as bar, transaction.atomic():
        task = bar.add_task(f"seeding {size}", total=seeding.rows_to_come(plan), visible=False)
        begun = time.monotonic()

        def advance(rows: int) -> None:
            bar.update(task, advance=rows, visible=time.monotonic() - begun > PATIENCE)

        seeding.seed(plan, record.day, advance)
        record.save()
    # Without statistics a planner guesses, and guesses differ from run to run.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def progress_bar() -> Progress:
    """A bar on stderr that takes its place back when it is done."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
