"""``djtune completion``: completion of commands and options in the shell."""

import click
from click.shell_completion import get_completion_class

from djtune.errors import DjtuneError


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes djtune's commands and options in SHELL.

    \b
    Examples:
      djtune completion bash >> ~/.bashrc
      djtune completion zsh > ~/.zfunc/_djtune
      djtune completion fish > ~/.config/fish/completions/djtune.fish
    """
    from djtune.cli import COMPLETE_VARIABLE, PROGRAM, cli

    completer = get_completion_class(shell)
    assert completer is not None
    try:
        script = completer(cli, {}, PROGRAM, COMPLETE_VARIABLE).source()
    except RuntimeError as error:  # click looks at the version of the installed bash
        raise DjtuneError(str(error)) from None
    click.echo(script)
