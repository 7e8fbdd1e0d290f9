"""The part of ``djtune profile`` that records flame graphs."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from djtune.errors import DjtuneError, ExitCode

if TYPE_CHECKING:
    from djtune.profiling.flames.drawing import Drawing
    from djtune.profiling.gather import Gathered, Request
    from djtune.profiling.result import ProfileResult
    from djtune.reports.blocks import Report
    from djtune.run import Run
    from djtune.servers.pyspy import Options

OPTION = "--flamegraph"


class Flamegraphs:
    """What ``--flamegraph DIR`` asks for; without it every method does nothing.

    Making it raises :class:`DjtuneError`, before anything is measured, for options that contradict
    each other, a folder that cannot be used, and where py-spy is not installed.
    """

    def __init__(self, run: "Run", folder: Path | None) -> None:
        self._run = run
        self._folder = folder
        self._drawing: Drawing | None = None
        options = sampling_options()
        if folder is None:
            return
        from djtune.profiling.flames import drawing
        from djtune.reports.folder import prepare
        from djtune.servers.pyspy import PySpy

        self._options = options
        self._sampler = PySpy(options)
        prepare(folder, OPTION, [drawing.MERGED, drawing.SPEEDSCOPE])

    def plan(self, duration: float) -> str:
        """What it adds to the plan of a run."""
        if self._folder is None:
            return ""
        from djtune.profiling.flames.recording import seconds_for

        return f" Then {seconds_for(duration):.0f} s more to record flame graphs."

    def record(self, request: "Request", gathered: "Gathered", result: "ProfileResult") -> bool:
        """Record, draw and write the pages; return whether the user cut it short.

        Where it fails, the result says so, and has all else.
        """
        if self._folder is None or not result.complete:
            return False
        try:
            self._record(request, gathered, result, self._folder)
        except DjtuneError as error:
            why = f"there is no flame graph: {error.message}"
            self._run.warn(f"{why}; {error.hint}" if error.hint else why)
            result.warnings.append(why)
            # A recording that came to nothing; one that is refused leaves the rest complete.
            result.complete = error.exit_code != ExitCode.INCOMPLETE
        except KeyboardInterrupt:
            self._run.note("interrupted: there is no flame graph, but all else")
            return True
        return False

    def _record(
        self, request: "Request", gathered: "Gathered", result: "ProfileResult", folder: Path
    ) -> None:
        from djtune.profiling.flames import drawing, recording

        seconds = recording.seconds_for(request.budget.seconds)
        with self._run.progress("recording stacks", total=seconds) as tick:
            recorded = recording.record(request, gathered, self._sampler, seconds, tick)
        drawn = drawing.draw(recorded, gathered.workload, gathered.skip, self._options)
        drawn.result.folder = str(folder)
        write_pages(self._run, folder, drawn.pages, drawn.speedscope)
        result.flamegraphs = drawn.result
        self._drawing = drawn

    def add_to(self, report: "Report") -> "Report":
        """The report with the graphs: a route's on its page where it has one."""
        if self._drawing is None or self._folder is None:
            return report
        from djtune.profiling.flames.drawing import add_section

        return add_section(report, self._drawing, beside(self._run, self._folder))


def write_pages(
    run: "Run", folder: Path, pages: "dict[str, Report]", speedscope: dict[str, object]
) -> None:
    """Write the graphs' pages and the file for speedscope."""
    import json

    from djtune import __version__
    from djtune.profiling.flames.drawing import SPEEDSCOPE
    from djtune.reports.folder import write
    from djtune.reports.html import render_html

    session = click.get_current_context().obj
    typed = getattr(session, "command_line", "")
    files = {
        name: render_html(page, version=__version__, command_line=typed)
        for name, page in pages.items()
    }
    files[SPEEDSCOPE] = json.dumps(speedscope, separators=(",", ":"), ensure_ascii=False)
    write(folder, OPTION, files)
    run.note(f"flame graphs: {folder / 'all.html'} and {len(pages) - 1} more pages")


def beside(run: "Run", folder: Path) -> str:
    """The path from the HTML report to the pages; empty where there is no such report."""
    if run.options.html is None:
        return ""
    return Path(os.path.relpath(folder, run.options.html.parent)).as_posix() + "/"


def sampling_options() -> "Options":
    """How to sample, by the options of the current command; raises DjtuneError for nonsense."""
    from djtune.profiling.flames.recording import RATE
    from djtune.servers.pyspy import Options

    context = click.get_current_context()
    params = context.params
    given = {
        name: "/".join([*option.opts, *option.secondary_opts])
        for option in context.command.params
        if (name := option.name or "") in ("rate", "idle", "gil", "native")
        and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    if given and params["flamegraph"] is None:
        first = next(iter(given.values()))
        raise DjtuneError(f"{first} is about flame graphs", hint=f"say where: {OPTION} DIR")
    if params["gil"] and params["idle"] and "idle" in given:
        raise DjtuneError(
            "--gil and --idle contradict each other: who holds the interpreter's lock is at work",
            hint="take one of them",
        )
    return Options(
        rate=params["rate"] or RATE,
        idle=params["idle"] and not params["gil"],
        gil=params["gil"],
        native=params["native"],
        functions=True,
    )
