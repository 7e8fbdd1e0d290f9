"""``djtune profile --pid``: the views of a running server, by samples of its stacks."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from djtune.errors import DjtuneError
from djtune.options import CommonOption
from djtune.profiling.live.result import LiveResult

if TYPE_CHECKING:
    from djtune.profiling.live.assemble import Recorded
    from djtune.profiling.live.gather import Request
    from djtune.reports.blocks import Block
    from djtune.run import Run
    from djtune.servers.serving import Family

DURATION = 30.0
RATE = 50
TAKEN = {"pid", "pause_target", "duration", "rate", "idle", "gil", "native", "flamegraph"}
"""Parameters of ``djtune profile`` that a running server has a use for, beside the common ones."""
NOT_TAKEN = {"budget", "fail_on", "strict", "allow_host", "live_effects"}
"""Common ones that it has none for: no request is replayed, and nothing is held to a limit."""


def profile_live(run: "Run") -> int:
    """Record the process that ``--pid`` names, by the options of the current command."""
    from djtune.profiling.flames import drawing
    from djtune.profiling.live import assemble as live
    from djtune.profiling.live import gather as live_gather
    from djtune.profiling.live.present import present
    from djtune.reports.folder import prepare

    request = _request(click.get_current_context())
    folder: Path | None = click.get_current_context().params["flamegraph"]
    if folder is not None:
        prepare(folder, "--flamegraph", [drawing.MERGED, drawing.SPEEDSCOPE])
    recorded = live_gather.begin(request)
    family = live_gather.find(request)
    _describe(run, recorded)
    interrupted = _record(run, request, family, recorded)
    result = live.assemble(recorded)
    if interrupted and not result.samples:
        raise KeyboardInterrupt
    live.require_requests(result)
    flames = _draw(run, recorded, folder) if folder is not None else []
    report = present(result, *_next_command(result), flames)
    return run.finish(
        result, report, metrics=None, complete=result.complete, interrupted=interrupted
    )


def _request(context: click.Context) -> "Request":
    """Refuse what makes no sense for a running server, and take the rest."""
    from djtune.profiling.live.gather import Request
    from djtune.servers.pyspy import Options

    given = {
        param.name: param.opts[-1] if isinstance(param, click.Option) else "ROUTE"
        for param in context.command.params
        if param.name and context.get_parameter_source(param.name) is ParameterSource.COMMANDLINE
    }
    common = {param.name for param in context.command.params if isinstance(param, CommonOption)}
    for name, shown in given.items():
        if name not in TAKEN | (common - NOT_TAKEN):
            raise DjtuneError(
                f"{shown} and --pid do not go together",
                hint="--pid watches what the server does; it makes no requests of its own",
            )
    params = context.params
    if params["gil"] and params["idle"] and "idle" in given:
        raise DjtuneError("--gil and --idle contradict each other", hint="take one of them")
    if params["native"] and not params["pause_target"]:
        raise DjtuneError(
            "--native pauses the server for each sample", hint="allow it: --native --pause-target"
        )
    return Request(
        pid=params["pid"],
        seconds=params["duration"] if "duration" in given else DURATION,
        options=Options(
            rate=params["rate"] or RATE,
            idle=params["idle"] and not params["gil"],
            gil=params["gil"],
            native=params["native"],
            nonblocking=not params["pause_target"],
        ),
    )


def _describe(run: "Run", recorded: "Recorded") -> None:
    """Learn the routes from the project, if there is one here that loads."""
    from djtune.profiling.live import gather as live_gather

    try:
        with run.progress("looking at the routes"):
            live_gather.describe(run.app(), recorded)
    except DjtuneError as error:
        run.note(f"no routes, views only: {error.message}")


def _record(run: "Run", request: "Request", family: "Family", recorded: "Recorded") -> bool:
    """Record; return whether the user cut it short with something to show."""
    from djtune.profiling.live import gather as live_gather
    from djtune.servers.pyspy import PySpy

    workers = ", ".join(map(str, family.workers))
    run.note(
        f"Recording process {workers} for {request.seconds:.0f} s at {request.options.rate} Hz"
    )
    recorded.warnings += [f"not recorded: {error.message}" for error in family.refused.values()]
    try:
        with run.progress("recording", total=request.seconds) as tick:
            live_gather.record(request, family, PySpy(request.options), recorded, tick)
    except KeyboardInterrupt:
        if not any(window.recording.samples for window in recorded.windows):
            raise
        run.note("interrupted: here is what was recorded until then")
        return True
    return False


def _draw(run: "Run", recorded: "Recorded", folder: Path) -> "list[Block]":
    """Write the flame graphs, and return the report's section about them."""
    from djtune.commands.flamegraphs import beside, write_pages
    from djtune.profiling.live import flames as live_flames
    from djtune.reports.blocks import Heading

    flames = live_flames.draw(recorded)
    write_pages(run, folder, flames.pages, flames.speedscope)
    for flame in flames.inline:
        flame.file = beside(run, folder) + flame.file
    return [Heading("Flame graphs", anchor="flamegraphs"), *flames.inline]


def _next_command(result: LiveResult) -> tuple[str, str]:
    """The one command that would tell most now, and why."""
    for view in result.views:
        if view.kind == "view" and view.routes:
            route = shlex.quote("/" + view.routes[0].lstrip("/"))
            return f"djtune profile {route}", "its queries and phases, on requests of djtune's own"
    if not result.routes_known:
        again = f"djtune profile --pid {result.pid}"
        return again, "in the project's folder, to learn the routes"
    return "", ""
