"""The options that every measuring command has, alike everywhere."""

import functools
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import click
from click.core import ParameterSource

from djtune.model.budget import Kind
from djtune.run import Options, Run

__all__ = ["Command", "CommonOption", "Options", "Run", "Session", "common_options"]


@dataclass
class Session:
    """What is known about one call of the program before its options are read."""

    debug: bool = False
    directory: Path | None = None
    """The project's folder, where ``manage.py djtune`` says it; else the current directory."""
    python: str = ""
    """The interpreter that ``manage.py djtune`` runs under."""
    program: str = "djtune"
    arguments: list[str] = field(default_factory=list)
    """What follows the program's name."""

    @property
    def command_line(self) -> str:
        """The call as it can be typed again, but for passwords in URLs."""
        return f"{self.program} {shlex.join(map(without_password, self.arguments))}"


def without_password(text: str) -> str:
    """A text whose URLs have ``***`` for their passwords."""
    return re.sub(r"(\w://[^/?#\s:@]*):\S*@", r"\1:***@", text)


class CommonOption(click.Option):
    """An option that every measuring command has; ``--help`` lists these apart."""


class Command(click.Command):
    """A command whose ``--help`` shows its own options before the common ones."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, then the common ones."""
        own: list[tuple[str, str]] = []
        common: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record and isinstance(param, click.Option):
                (common if isinstance(param, CommonOption) else own).append(record)
        for title, records in (("Options", own), ("Common options", common)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _option(*declarations: str, **attributes: Any) -> Callable[[Callable[..., Any]], Any]:
    return click.option(*declarations, cls=CommonOption, **attributes)


COMMON_OPTIONS = [
    _option(
        "--settings",
        metavar="MODULE",
        envvar="DJANGO_SETTINGS_MODULE",
        show_envvar=True,
        help="The project's settings module; by default what manage.py names.",
    ),
    _option(
        "--pythonpath",
        metavar="DIR",
        multiple=True,
        type=click.Path(exists=True, file_okay=False, resolve_path=True),
        help="A folder to import the project's modules from; may be repeated.",
    ),
    _option(
        "--python",
        metavar="FILE",
        help="The project's interpreter; by default that of its virtualenv.",
    ),
    _option(
        "--format",
        type=click.Choice(["table", "json", "github"]),
        default="table",
        show_default=True,
        help="How the result is written.",
    ),
    _option(
        "--output",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Write the result to FILE, not to stdout.",
    ),
    _option(
        "--html",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Write the report to FILE as well, as one self-contained web page.",
    ),
    _option(
        "--budget",
        metavar="BUDGET",
        multiple=True,
        help="A limit, for example 'GET /api/epg*: p95<200ms'; exit 1 if it is breached."
        " May be repeated.",
    ),
    _option(
        "--fail-on",
        type=click.Choice(["low", "medium", "high", "regression"]),
        help="Exit 1 if there is a finding of this severity or a higher one, or if something got"
        " worse than in the run that is compared with.",
    ),
    _option("--strict", is_flag=True, help="Exit 3 if a budget cannot be judged from the figures."),
    _option("--quiet", is_flag=True, help="Show no notes and no progress."),
    _option("--debug", is_flag=True, help="Show tracebacks."),
    _option("--no-color", is_flag=True, help="Write without colours, as NO_COLOR does."),
    _option(
        "--allow-host",
        metavar="HOST",
        multiple=True,
        help="Let the app reach this host while requests are replayed; may be repeated.",
    ),
    _option(
        "--live-effects",
        is_flag=True,
        help="Let mail, tasks and outbound connections really happen.",
    ),
]


@overload
def common_options(function: Callable[..., Any], /) -> Callable[..., Any]: ...


@overload
def common_options(
    *, metrics: Mapping[str, Kind] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...


def common_options(
    function: Callable[..., Any] | None = None,
    /,
    *,
    metrics: Mapping[str, Kind] | None = None,
) -> Callable[..., Any]:
    """Add the common options to a command; its function gets the :class:`~djtune.run.Run` first.

    ``metrics`` names what ``--budget`` can limit, so that a mistyped budget is refused before
    anything is measured. Without it the command takes no budget.
    """
    if function is None:
        return functools.partial(_decorate, metrics=metrics or {})
    return _decorate(function, metrics={})


def _decorate(function: Callable[..., Any], metrics: Mapping[str, Kind]) -> Callable[..., Any]:
    @functools.wraps(function)
    @click.pass_context
    def wrapper(ctx: click.Context, /, *args: Any, **kwargs: Any) -> Any:
        values = {name: kwargs.pop(name) for name in Options.__struct_fields__}
        if not metrics and ctx.get_parameter_source("budget") is ParameterSource.DEFAULT_MAP:
            values["budget"] = ()  # those in pyproject.toml are for commands that measure
        options = Options(**values)
        session = ctx.ensure_object(Session)
        session.debug = options.debug
        run = Run(
            options,
            metrics,
            directory=session.directory,
            python=session.python,
            command_line=session.command_line,
        )
        return function(run, *args, **kwargs)

    for option in reversed(COMMON_OPTIONS):
        wrapper = option(wrapper)
    return wrapper
