"""``manage.py djtune …``: the same program, with the project's settings and interpreter."""

import sys
from argparse import REMAINDER, ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Hands its arguments on; click is not imported before."""

    help = "Diagnose and tune this project: djtune, under the project's settings."
    requires_system_checks = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Run the program and exit with its status."""
        sys.exit(self._run(argv[2:], Path(argv[0])))

    def print_help(self, prog_name: str, subcommand: str) -> None:  # noqa: ARG002
        """Show the program's own help for ``manage.py help djtune``."""
        self._run(["--help"], Path(prog_name))

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take everything as it is, for ``call_command("djtune", "profile", …)``."""
        parser.add_argument("arguments", nargs=REMAINDER)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Run the program; exit with its status unless that is 0."""
        status = self._run(options["arguments"], Path("manage.py"))
        if status:
            sys.exit(status)

    def _run(self, arguments: list[str], manage: Path) -> int:
        """Run the program on the project that ``manage`` belongs to.

        The settings need no word here: Django has put them into the environment.
        """
        from djtune.cli import main
        from djtune.options import Session

        session = Session(python=sys.executable, program="manage.py djtune")
        if manage.name == "manage.py":  # not django-admin, which is in no project's folder
            session.directory = manage.absolute().parent
        return main(arguments, session=session)
