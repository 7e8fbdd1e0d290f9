"""``djtune schema``: the JSON Schema of a command's result."""

import importlib
import json

import click
import msgspec

from djtune.errors import DjtuneError


@click.command()
@click.argument("command", nargs=-1, required=True, metavar="COMMAND")
def schema(command: tuple[str, ...]) -> None:
    """Print the JSON Schema of what COMMAND writes under --format json.

    \b
    Examples:
      djtune schema profile
      djtune schema workload from-log
      djtune schema profile > profile.schema.json
    """
    from djtune.cli import COMMANDS
    from djtune.reports.json import schema as described

    name = " ".join(command)
    if command[0] not in COMMANDS:
        raise DjtuneError(f"there is no command {name!r}", hint="commands: " + _with_result())
    result = _results(command[0]).get(name)
    if result is None:
        raise DjtuneError(f"{name} writes no JSON", hint="commands that do: " + _with_result())
    click.echo(json.dumps(described(result), indent=2))


def _results(command: str) -> dict[str, type[msgspec.Struct]]:
    """The Structs that a command's module declares as results, by the words that are typed."""
    from djtune.cli import COMMANDS

    module = importlib.import_module(COMMANDS[command].target.partition(":")[0])
    found = {f"{command} {name}": result for name, result in getattr(module, "RESULTS", {}).items()}
    if hasattr(module, "RESULT"):
        found[command] = module.RESULT
    return found


def _with_result() -> str:
    from djtune.cli import COMMANDS

    return ", ".join(name for command in COMMANDS for name in _results(command))
