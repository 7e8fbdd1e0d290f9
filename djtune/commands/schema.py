"""``djtune schema``: the JSON Schema of a command's result."""

import importlib
import json

import click
import msgspec

from djtune.errors import DjtuneError


@click.command()
@click.argument("command")
def schema(command: str) -> None:
    """Print the JSON Schema of what COMMAND writes under --format json.

    \b
    Examples:
      djtune schema profile
      djtune schema profile > profile.schema.json
    """
    from djtune.cli import COMMANDS
    from djtune.reports.json import schema as described

    if command not in COMMANDS:
        raise DjtuneError(f"there is no command {command!r}", hint="commands: " + _with_result())
    result = _result(command)
    if result is None:
        raise DjtuneError(f"{command} writes no JSON", hint="commands that do: " + _with_result())
    click.echo(json.dumps(described(result), indent=2))


def _result(command: str) -> type[msgspec.Struct] | None:
    """The Struct that a command's module declares as its result."""
    from djtune.cli import COMMANDS

    module = importlib.import_module(COMMANDS[command].target.partition(":")[0])
    return getattr(module, "RESULT", None)


def _with_result() -> str:
    from djtune.cli import COMMANDS

    return ", ".join(name for name in COMMANDS if _result(name) is not None)
