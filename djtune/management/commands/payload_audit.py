"""``manage.py payload_audit``: ``djtune payload-audit`` with the project's settings."""

from pathlib import Path

from djtune.management.commands.djtune import Command as Djtune


class Command(Djtune):
    """The same program, by one command's name."""

    help = "Find the response fields that nobody uses, and what dropping them would save."

    def _run(self, arguments: list[str], manage: Path) -> int:
        return super()._run(["payload-audit", *arguments], manage)

    def print_help(self, prog_name: str, subcommand: str) -> None:  # noqa: ARG002
        """Show the program's own help."""
        self._run(["--help"], Path(prog_name))
