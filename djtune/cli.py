"""The ``djtune`` program: its commands, one way of reporting failure, and the exit codes."""

import difflib
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click
from click.core import ParameterSource
from click.shell_completion import shell_complete

from djtune import __version__
from djtune.errors import DjtuneError, ExitCode
from djtune.options import Session
from djtune.run import close_stdout


class Entry(NamedTuple):
    """A line of the command table; ``target`` is imported only when the command is asked for."""

    target: str
    group: str
    help: str


COMMANDS = {
    "profile": Entry(
        "djtune.commands.profile:profile",
        "Where does the time go?",
        "Rank the routes by server time, and split each into phases.",
    ),
    "gc-sweep": Entry(
        "djtune.commands.gc_sweep:gc_sweep",
        "Which remedy pays?",
        "Audit the garbage, simulate and verify GC settings.",
    ),
    "payload-audit": Entry(
        "djtune.commands.payload_audit:payload_audit",
        "Which remedy pays?",
        "Find the response fields and columns that nobody uses.",
    ),
    "redis-size": Entry(
        "djtune.commands.redis_size:redis_size",
        "Which remedy pays?",
        "Find out how much memory Redis needs, and which policy fits.",
    ),
    "workload": Entry(
        "djtune.commands.workload:workload",
        "What to ask the app for",
        "Write and check the file of journeys that users make.",
    ),
    "site": Entry(
        "djtune.commands.site:site",
        "Try it",
        "Seed and serve the streaming sample site.",
    ),
    "schema": Entry(
        "djtune.commands.schema:schema",
        "About the output",
        "Print the JSON Schema of a command's result.",
    ),
    "completion": Entry(
        "djtune.commands.completion:completion",
        "About the output",
        "Print the completion script for your shell.",
    ),
}

PROGRAM = "djtune"
COMPLETE_VARIABLE = "_DJTUNE_COMPLETE"


class CommandTable(click.Group):
    """The group of :data:`COMMANDS`, which imports the one command that is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Import the command, or return ``None`` where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        return load_command(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse an unknown command, with the name that was probably meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            ctx.fail(f"No such command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands under what a person wants to know."""
        width = max(map(len, COMMANDS))
        for group in dict.fromkeys(entry.group for entry in COMMANDS.values()):
            rows = [(n.ljust(width), e.help) for n, e in COMMANDS.items() if e.group == group]
            formatter.write(f"\n{group}\n")
            with formatter.indentation():
                formatter.write_dl(rows)


def load_command(name: str) -> click.Command:
    """Import the command called ``name`` in :data:`COMMANDS`."""
    module, _, attribute = COMMANDS[name].target.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    return command


@click.group(
    cls=CommandTable,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Run it in your project's folder: manage.py, the settings and the virtualenv are found"
    " from there. Defaults may stand under [tool.djtune] in pyproject.toml.",
)
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Diagnose and tune a slow Django service from measurements on your own app."""
    from djtune.config import defaults

    if ctx.invoked_subcommand and not ctx.resilient_parsing:
        session = ctx.ensure_object(Session)
        start = session.directory or Path.cwd()
        name = ctx.invoked_subcommand
        ctx.default_map = {name: defaults(start, name, load_command(name), set(COMMANDS))}


def main(argv: list[str] | None = None, *, session: Session | None = None) -> int:
    """Run the program and return its exit status.

    ``argv`` is what follows the program's name. Failures become one line on stderr; nothing but
    a completion request or an exiting interpreter raises from here.
    """
    arguments = sys.argv[1:] if argv is None else argv
    session = session or Session()
    session.arguments = list(arguments)
    session.debug = "--debug" in arguments
    try:
        with _interruptible():
            code = _run(session)
            sys.stdout.flush()
    except BrokenPipeError:
        close_stdout()
        return ExitCode.DONE
    except KeyboardInterrupt:
        _say("interrupted")
        return ExitCode.INTERRUPTED
    return code


def _run(session: Session) -> int:
    """Run the command and turn every failure into a message and its exit code."""
    try:
        if sys.platform == "win32":
            raise DjtuneError(
                "djtune does not run on Windows", hint="run it under WSL, or on Linux or macOS"
            )
        if instruction := os.environ.get(COMPLETE_VARIABLE):
            return shell_complete(cli, {}, PROGRAM, COMPLETE_VARIABLE, instruction)
        # Not cli.main(), which ends with 1 after an interruption and where a pipe was closed.
        with cli.make_context(session.program, session.arguments, obj=session) as context:
            code = cli.invoke(context)
        return ExitCode.DONE if code is None else int(code)
    except click.exceptions.Exit as done:
        return done.exit_code
    except DjtuneError as error:
        _say(f"error: {error.message}", error.hint, error.detail if session.debug else "")
        return error.exit_code
    except click.UsageError as error:
        return _usage(error)
    except click.ClickException as error:
        _say(f"error: {error.format_message()}")
        return ExitCode.USAGE
    except click.Abort:
        raise KeyboardInterrupt from None
    except BrokenPipeError:
        raise
    except Exception as error:
        return _bug(error, session)


def _usage(error: click.UsageError) -> int:
    """Say what is wrong with the command line, or show the help where it was empty."""
    path = error.ctx.command_path if error.ctx else PROGRAM
    if error.__class__.__name__ == "NoArgsIsHelpError":
        click.echo(error.format_message(), err=True)
        return ExitCode.USAGE
    message = error.format_message()
    if isinstance(error, click.BadParameter) and error.ctx and error.param and error.param.name:
        source = error.ctx.get_parameter_source(error.param.name)
        if source is ParameterSource.DEFAULT_MAP:
            message += " It stands under [tool.djtune] in pyproject.toml."
    _say(f"error: {message}", f"{path} --help shows what is allowed")
    return ExitCode.USAGE


def _bug(error: BaseException, session: Session) -> int:
    """Own up to an exception that nothing expected."""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    if session.debug:
        _say(f"error: a bug in djtune: {what}", detail="".join(traceback.format_exception(error)))
    else:
        _say(f"error: a bug in djtune: {what}", "run it again with --debug for the traceback")
    return ExitCode.BUG


def _say(line: str, hint: str = "", detail: str = "") -> None:
    """Write one line, the way out under it, and a traceback where one was asked for."""
    if detail:
        click.echo(detail.rstrip(), err=True)
    click.echo(line, err=True)
    if hint:
        click.echo(f"  {hint}", err=True)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Treat SIGTERM and a closed terminal as Ctrl-C, so that servers and workers are stopped."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    kept = {}
    try:
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # A SIGHUP that nohup has set to be ignored stays ignored.
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                kept[number] = signal.signal(number, interrupt)
    except ValueError:
        pass  # not the main thread: signals belong to the program that called us
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
