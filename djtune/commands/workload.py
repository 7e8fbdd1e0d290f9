"""``djtune workload``: write and check the file that says what the app is asked for."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from djtune.errors import DjtuneError
from djtune.model.workload import Workload
from djtune.options import Command, common_options
from djtune.servers.worker import Worker
from djtune.workloads.discover import routes_of
from djtune.workloads.file import dump, load
from djtune.workloads.logs.columns import UNITS
from djtune.workloads.logs.result import FromLogResult
from djtune.workloads.logs.traffic import MAX_PATHS
from djtune.workloads.urlconf import Skipped, from_routes

if TYPE_CHECKING:
    from djtune.run import Run

RESULTS = {"from-log": FromLogResult}
DEFAULT_FILE = Path("workload.yaml")

HEADER = """\
# What djtune asks the app for: journeys of one or more requests, the heavier the more often.
# Give each journey the weight that it has at peak, and say in weights_from where that is known
# from. To sign users in, declare a pool and name it in the journey:
#
#   users:
#     members: {filter: {is_staff: false}, login: session}   # or token, force, none
#   journeys:
#     - name: …
#       user: members
#
# Every key and recipe: docs/workload.md

"""

LOG_HEADER = """\
# What production asks the app for, from its own log: one journey per route and method. A weight
# is the number of requests that were answered as expected; `observed` is what the log says of
# them. No path, address or value of the log is in this file. To sign users in, declare a pool and
# name it in the journey:
#
#   users:
#     members: {filter: {is_staff: false}, login: session}   # or token, force, none
#   journeys:
#     - name: …
#       user: members
#
# Every key and recipe: docs/workload.md

"""


@click.group()
def workload() -> None:
    """Write and check workload files: what the app is asked for, how often and by whom.

    \b
    Examples:
      djtune workload init                       # writes workload.yaml from the URLconf
      djtune workload from-log access.log*       # with production's own weights
      djtune workload check workload.yaml        # routes, recipes and users exist
      djtune profile --workload workload.yaml
    """


@workload.command(cls=Command)
@click.option("--force", is_flag=True, help="Overwrite the file if it exists.")
@common_options
def init(run: "Run", force: bool) -> None:
    """Write a workload for the project by walking its URLconf, to --output or workload.yaml.

    Parameters get recipes where the view's model can be told; routes that still need one stand
    at the end of the file as comments, with the reason.

    \b
    Examples:
      djtune workload init
      djtune workload init --output peak.yaml --force
    """
    file = _new_file(run, force)
    made, skipped = from_routes(routes_of(run.app()))
    if not made.journeys and not any(one.params for one in skipped):
        raise DjtuneError("the URLconf has no route to ask for", hint=_reasons(skipped))
    file.write_text(HEADER + dump(made, skipped), encoding="utf-8")
    if not run.options.quiet:
        _say_what_was_written(file, made, skipped)


def _new_file(run: "Run", force: bool) -> Path:
    """The file to write; raises :class:`DjtuneError` where there is one that must stay."""
    file = run.options.output or DEFAULT_FILE
    if file.exists() and not force:
        raise DjtuneError(
            f"{file} exists", hint="name another file with --output, or overwrite it with --force"
        )
    return file


def _say_what_was_written(file: Path, made: Workload, skipped: list[Skipped]) -> None:
    click.echo(f"{file}: {len(made.journeys)} routes, each as likely as the others", err=True)
    wanting = [one for one in skipped if one.params]
    for one in wanting:
        click.echo(f"  {one.route} {one.reason}", err=True)
    if len(wanting) < len(skipped):
        left_out = len(skipped) - len(wanting)
        click.echo(f"  {left_out} more left out: {_reasons(skipped)}", err=True)
    click.echo(f"next: djtune profile --workload {file}", err=True)


@workload.command("from-log", cls=Command)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--force", is_flag=True, help="Overwrite the workload file if it exists.")
@click.option(
    "--log-format",
    metavar="FORMAT",
    default="",
    help="The log_format of nginx or access_log_format of gunicorn; by default told by the lines.",
)
@click.option(
    "--duration-unit",
    type=click.Choice(list(UNITS)),
    help="What durations count, where the log does not tell.",
)
@click.option(
    "--strip-prefix",
    metavar="PATH",
    default="",
    help="What a proxy puts before the app's paths; by default FORCE_SCRIPT_NAME.",
)
@click.option(
    "--max-paths",
    metavar="N",
    type=click.IntRange(min=1),
    default=MAX_PATHS,
    show_default=True,
    help="Distinct paths to look up; those beyond are counted apart.",
)
@common_options
def from_log(
    run: "Run",
    files: tuple[str, ...],
    force: bool,
    log_format: str,
    duration_unit: str | None,
    strip_prefix: str,
    max_paths: int,
) -> int:
    """Write a workload with production's weights from access logs, to --output or workload.yaml.

    FILE is a log of nginx or gunicorn (combined, with more columns, or JSON lines; plain or
    gzip), or a recording of djtune.middleware.Recorder; - is stdin. The result goes to stdout.

    \b
    Examples:
      djtune workload from-log /var/log/nginx/access.log*
      ssh web1 cat /var/log/app.log | djtune workload from-log - --output peak.yaml
      djtune workload from-log app.log --duration-unit us --format json
    """
    from djtune.workloads.logs.build import build
    from djtune.workloads.logs.findings import findings
    from djtune.workloads.logs.gather import gather
    from djtune.workloads.logs.present import present
    from djtune.workloads.logs.reading import Asked, total_bytes

    file = _new_file(run, force)
    with run.progress("reading", total=total_bytes(files)) as tick:
        gathered = gather(
            run.app,
            files,
            Asked(log_format, duration_unit or ""),
            prefix=strip_prefix,
            max_paths=max_paths,
            tick=tick,
        )
    made = build(gathered.traffic, gathered.files, gathered.routes, str(file))
    if not made.workload.observed:
        raise DjtuneError(
            f"no route of the app answered any of the {made.result.requests:,} requests",
            hint=_why_no_route(made.result),
        )
    file.write_text(LOG_HEADER + dump(made.workload, made.skipped), encoding="utf-8")
    result = msgspec.structs.replace(made.result, findings=findings(made.result))
    run.options = msgspec.structs.replace(run.options, output=None)  # the workload went there
    report = present(result, f"djtune profile --workload {file}", "ranked as production asks")
    return run.finish(result, report, metrics={})


def _why_no_route(result: FromLogResult) -> str:
    """What to try where the log's paths are not the app's."""
    shapes = ", ".join(one.pattern for one in result.unresolved[:3])
    if not shapes:
        return "is it the log of this app? --settings names another"
    return f"they are for {shapes}: name the proxy's prefix with --strip-prefix"


@workload.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default=DEFAULT_FILE)
@common_options
def check(run: "Run", file: Path) -> None:
    """Check FILE (workload.yaml) against the app: routes, recipes, users and environment.

    \b
    Examples:
      djtune workload check
      djtune workload check peak.yaml --settings shop.settings.peak
    """
    read = load(file)
    with Worker(run.app()) as worker:
        found = worker.call("check_workload", workload=msgspec.to_builtins(read))
    steps = [(journey, step) for journey in read.journeys for step in journey.steps]
    for (journey, step), rows in zip(steps, found["rows"], strict=True):
        drawn = ", ".join(f"{count} of {model}" for model, count in rows.items())
        click.echo(
            f"{journey.name}: {step.method} {step.route}" + (f"  ({drawn})" if drawn else "")
        )
    pools = "".join(f", {count} users in {name}" for name, count in found["users"].items())
    click.echo(
        f"{file} is good: {len(read.journeys)} journeys, {len(steps)} steps{pools}", err=True
    )


def _reasons(skipped: list[Skipped]) -> str:
    """Count why routes are left out: ``12 admin, 3 format suffix of another route``."""
    counts: dict[str, int] = {}
    for one in skipped:
        if not one.params:
            reason = one.reason.removeprefix("left out: ")
            counts[reason] = counts.get(reason, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {reason}" for reason, count in ordered)
