"""One run of a command: the app, what is said on the way, and how the result leaves."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TextIO

import msgspec
from msgspec import Struct

from djtune import __version__
from djtune.errors import DjtuneError, ExitCode
from djtune.model import budget as budgets
from djtune.model.app import App
from djtune.model.metrics import Metric

if TYPE_CHECKING:
    from rich.console import Console

    from djtune.reports.blocks import Report
    from djtune.reports.live import Row

OutputFormat = Literal["table", "json", "github"]
Severity = Literal["low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high")
FailOn = Literal["low", "medium", "high", "regression"]


class Options(Struct, frozen=True):
    """The values of the common options."""

    settings: str | None = None
    pythonpath: tuple[str, ...] = ()
    python: str | None = None
    format: OutputFormat = "table"
    output: Path | None = None
    html: Path | None = None
    budget: tuple[str, ...] = ()
    fail_on: FailOn | None = None
    strict: bool = False
    quiet: bool = False
    debug: bool = False
    no_color: bool = False
    allow_host: tuple[str, ...] = ()
    live_effects: bool = False


class Advance(Protocol):
    """Moves a progress bar on."""

    def __call__(self, steps: float = 1, *, description: str | None = None) -> None:
        """Move on by ``steps``; a new ``description`` replaces the old one."""


class Watched(Protocol):
    """A progress bar with the comparisons of an experiment below it."""

    def advance(self, steps: float = 1, *, description: str | None = None) -> None:
        """Move on by ``steps``; a new ``description`` replaces the old one."""

    def show(self, rows: "Sequence[Row]") -> None:
        """Show the comparisons as they stand now."""


class Run:
    """What a command works with; made from the common options before the command starts."""

    def __init__(
        self,
        options: Options,
        metrics: Mapping[str, budgets.Kind] | None = None,
        *,
        directory: Path | None = None,
        python: str = "",
        command_line: str = "",
    ) -> None:
        """Check everything that would spoil the result's way out.

        Args:
            options: The common options.
            metrics: What a budget can limit, by name.
            directory: Where the project is looked for; by default the current directory.
            python: The project's interpreter, where the options do not name one.
            command_line: The call as it was typed, for the report to repeat.

        Raises:
            DjtuneError: a budget cannot be read, or an output file cannot be written.

        """
        self.options = options
        self._directory = directory or Path.cwd()
        self._project = self._directory
        self._python = python
        self._command_line = command_line
        if options.budget and not metrics:
            raise DjtuneError("this command has no figures that a budget could limit")
        self._budgets = [budgets.parse(text, metrics or {}) for text in options.budget]
        check_writable(options.output, "--output")
        check_writable(options.html, "--html")
        check_apart({"--output": options.output, "--html": options.html})

    @cached_property
    def console(self) -> "Console":
        """The console on stderr, for what is said beside the result."""
        from djtune.reports.terminal import console_for

        return console_for(sys.stderr, color=False if self.options.no_color else None)

    def app(self) -> App:
        """Find the project that the options and the current directory point at.

        Raises:
            DjtuneError: no project, settings or usable interpreter was found.

        """
        from djtune.project import find_app

        app = find_app(
            self._directory,
            settings=self.options.settings,
            pythonpath=self.options.pythonpath,
            python=self.options.python or self._python,
            allowed_hosts=self.options.allow_host,
            live_effects=self.options.live_effects,
        )
        self._project = Path(app.directory)
        return app

    def checkout(self, folder: Path, app: App) -> App:
        """Find the project of ``app`` in another checkout.

        Raises:
            DjtuneError: there is none, or it is the same one.

        """
        from djtune.project import find_checkout

        return find_checkout(
            folder,
            app,
            settings=self.options.settings,
            pythonpath=self.options.pythonpath,
            python=self.options.python,
        )

    def note(self, text: str) -> None:
        """Say something that helps to read the result; not under ``--quiet``."""
        if not self.options.quiet:
            self._say(text, "dim")

    def warn(self, text: str) -> None:
        """Say something that must be known to trust the result."""
        self._say(f"warning: {text}", "yellow")

    def _say(self, text: str, style: str) -> None:
        """Wrapped between words on a terminal; in a log it stays one line."""
        self.console.print(text, style=style, soft_wrap=not self.console.is_terminal)

    @contextmanager
    def progress(self, description: str, total: float | None = None) -> Iterator[Advance]:
        """Show a bar while something takes its time: on a terminal only, and not under --quiet.

        ``total`` is in the unit of the steps, ``None`` where it is not known.
        """
        if self.options.quiet or not self.console.is_terminal:
            yield _stay
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(description, total=total)

            def advance(steps: float = 1, *, description: str | None = None) -> None:
                bar.update(task, advance=steps, description=description)

            yield advance

    @contextmanager
    def watching(self, description: str, total: float | None = None) -> Iterator[Watched]:
        """Show a bar, and below it the intervals of an experiment: where :meth:`progress` would.

        ``total`` is in the unit of the steps, ``None`` where it is not known.
        """
        if self.options.quiet or not self.console.is_terminal:
            yield _Unwatched()
            return
        from djtune.reports.live import Watching

        watching = Watching(self.console, description, total)
        with watching.live:
            yield watching

    def finish(
        self,
        result: Struct,
        report: "Report",
        *,
        metrics: Mapping[str, Mapping[str, Metric]] | None,
        places: Mapping[str, str] | None = None,
        regressions: Sequence[str] = (),
        complete: bool = True,
        interrupted: bool = False,
    ) -> int:
        """Hand over the result, hold it against the budgets, and return the exit status.

        ``metrics`` maps ``METHOD ROUTE`` to the route's figures by name, ``None`` where the result
        has none that a budget could be about; ``places`` maps it to its view's file and line.
        ``regressions`` are lines about what got worse since an earlier run.
        A result that is not ``complete`` ends with 3, an ``interrupted`` one with 130, whatever
        the budgets say. The result's fields ``complete`` and ``budgets``, where it has them, are
        filled in.
        """
        held = [] if metrics is None else self._budgets
        verdicts = [verdict for one in held for verdict in budgets.judge(one, metrics or {})]
        complete = complete and not interrupted and getattr(result, "complete", True)
        told = {"complete": complete, "budgets": verdicts}
        told = {name: value for name, value in told.items() if name in result.__struct_fields__}
        result = msgspec.structs.replace(result, **told)
        if verdicts:
            report = _with_verdicts(report, verdicts, places or {})
        self._write(result, report)
        if interrupted:
            return ExitCode.INTERRUPTED
        if not complete:
            return ExitCode.INCOMPLETE
        return self._judge(verdicts, report, regressions)

    def _judge(
        self, verdicts: list[budgets.Verdict], report: "Report", regressions: Sequence[str]
    ) -> ExitCode:
        """Say what was breached and what could not be told, and choose the exit code."""
        breached = [line(one) for one in verdicts if one.outcome == "breached"]
        unclear = [line(one) for one in verdicts if one.outcome == "can't tell"]
        fail_on = self.options.fail_on
        if fail_on == "regression":
            breached += [f"worse than before: {regression}" for regression in regressions]
        elif fail_on and (count := _findings(report, fail_on)):
            findings = "a finding" if count == 1 else f"{count} findings"
            breached.append(f"{findings} of severity {fail_on} or higher")
        for text in breached:
            self._say(f"breached: {text}", "bold red")
        for text in unclear:
            self.warn(f"can't tell: {text}")
        if breached:
            return ExitCode.BREACHED
        return ExitCode.INCOMPLETE if unclear and self.options.strict else ExitCode.DONE

    def _write(self, result: Struct, report: "Report") -> None:
        if self.options.format == "github" and os.environ.get("GITHUB_STEP_SUMMARY"):
            from djtune.reports.github import render_summary

            with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
                summary.write(render_summary(report))
        if self.options.html:
            from djtune.reports.html import render_html

            page = render_html(report, version=__version__, command_line=self._command_line)
            save(self.options.html, page.encode(), "--html")
        if self.options.output:
            save(self.options.output, self._rendered(result, report).encode(), "--output")
            return
        try:
            if self.options.format == "table":
                self._table(report, sys.stdout)
            else:
                sys.stdout.write(self._rendered(result, report))
            sys.stdout.flush()
        except BrokenPipeError:
            close_stdout()

    def _rendered(self, result: Struct, report: "Report") -> str:
        """The result as the text of a file."""
        if self.options.format == "json":
            from djtune.reports.json import render_json

            return render_json(result)
        if self.options.format == "github":
            from djtune.reports.github import render_github

            return render_github(report, directory=self._project)
        stream = StringIO()
        self._table(report, stream)
        return stream.getvalue()

    def _table(self, report: "Report", stream: TextIO) -> None:
        from djtune.reports.terminal import console_for, render_terminal

        color = False if self.options.no_color else None
        render_terminal(report, console_for(stream, color=color))


def _stay(steps: float = 1, *, description: str | None = None) -> None:
    """Advance a bar that nobody sees."""


class _Unwatched:
    """A display that nobody sees."""

    def advance(self, steps: float = 1, *, description: str | None = None) -> None:
        """Advance a bar."""

    def show(self, rows: "Sequence[Row]") -> None:
        """Show comparisons."""


def line(verdict: budgets.Verdict) -> str:
    """One line about a verdict: the budget, the route, the figure and the reason."""
    parts = [verdict.budget]
    if verdict.route:
        parts.append(f"{verdict.route} has {_figure(verdict)}")
    if verdict.reason:
        parts.append(verdict.reason)
    return " · ".join(parts)


def close_stdout() -> None:
    """Send what is still to be written nowhere, after the reader of the pipe has gone."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - lives as long as the process


def check_writable(path: Path | None, option: str) -> None:
    """Refuse a file that could not be written, before anything is measured.

    Raises:
        DjtuneError: the path is an option's name, a folder, or in a folder that does not exist.

    """
    if path is None:
        return
    if str(path).startswith("-"):
        raise DjtuneError(f"{option} needs a file name, not {str(path)!r}")
    if path.is_dir():
        raise DjtuneError(f"{option} {path} is a folder", hint="name a file in it")
    if not path.absolute().parent.is_dir():
        raise DjtuneError(
            f"{option} {path}: there is no folder {path.parent}", hint=f"mkdir -p {path.parent}"
        )


def check_apart(files: Mapping[str, Path | None]) -> None:
    """Refuse two options, the keys of ``files``, that would write the same file.

    Raises:
        DjtuneError: two of them name the same file.

    """
    named: dict[Path, str] = {}
    for option, path in files.items():
        if path is not None and (other := named.setdefault(path.absolute(), option)) != option:
            raise DjtuneError(f"{other} and {option} name the same file", hint="name two")


def save(path: Path, content: bytes, option: str) -> None:
    """Write a file that ``option`` named.

    Raises:
        DjtuneError: it cannot be written.

    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise DjtuneError(f"{option} {path}: {error.strerror}") from None


def _findings(report: "Report", least: Severity) -> int:
    """Count the findings of at least a severity."""
    from djtune.reports.blocks import Finding

    counted = SEVERITIES[SEVERITIES.index(least) :]
    return sum(isinstance(b, Finding) and b.severity in counted for b in report.blocks)


def _with_verdicts(
    report: "Report", verdicts: Iterable[budgets.Verdict], places: Mapping[str, str]
) -> "Report":
    """The report with the verdicts as its last section, before the command to run next."""
    from djtune.reports.blocks import Cell, Column, Command, Heading, Table, Tone

    tones: dict[budgets.Outcome, Tone] = {"ok": "good", "breached": "bad", "can't tell": "warn"}
    rows = [
        [
            Cell(one.budget),
            Cell(one.route or "none", note=places.get(one.route, "")),
            Cell(_figure(one)),
            Cell(one.outcome, note=one.reason, tone=tones[one.outcome]),
        ]
        for one in verdicts
    ]
    columns = [Column("Budget"), Column("Route"), Column("Figure", align="right")]
    columns.append(Column("Verdict"))
    section = [
        Heading("Limits", level=2, anchor="limits"),
        Table(columns, rows, title="Budgets"),
    ]
    end = len(report.blocks) - bool(report.blocks and isinstance(report.blocks[-1], Command))
    blocks = [*report.blocks[:end], *section, *report.blocks[end:]]
    return msgspec.structs.replace(report, blocks=blocks)


def _figure(verdict: budgets.Verdict) -> str:
    """The figure with its interval."""
    from djtune.reports.format import count, duration, share, size, with_interval

    formatters = {"time": duration, "bytes": size, "share": share, "count": count}
    return with_interval(verdict.value, verdict.low, verdict.high, formatters[verdict.kind])
