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
from djtune.workloads.urlconf import Skipped, from_routes

if TYPE_CHECKING:
    from djtune.run import Run

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


@click.group()
def workload() -> None:
    """Write and check workload files: what the app is asked for, how often and by whom.

    \b
    Examples:
      djtune workload init                       # writes workload.yaml from the URLconf
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
    file = run.options.output or DEFAULT_FILE
    if file.exists() and not force:
        raise DjtuneError(
            f"{file} exists", hint="name another file with --output, or overwrite it with --force"
        )
    made, skipped = from_routes(routes_of(run.app()))
    if not made.journeys and not any(one.params for one in skipped):
        raise DjtuneError("the URLconf has no route to ask for", hint=_reasons(skipped))
    file.write_text(HEADER + dump(made, skipped), encoding="utf-8")
    if not run.options.quiet:
        _say_what_was_written(file, made, skipped)


def _say_what_was_written(file: Path, made: Workload, skipped: list[Skipped]) -> None:
    click.echo(f"{file}: {len(made.journeys)} routes, each as likely as the others", err=True)
    wanting = [one for one in skipped if one.params]
    for one in wanting:
        click.echo(f"  {one.route} {one.reason}", err=True)
    if len(wanting) < len(skipped):
        left_out = len(skipped) - len(wanting)
        click.echo(f"  {left_out} more left out: {_reasons(skipped)}", err=True)
    click.echo(f"next: djtune profile --workload {file}", err=True)


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
