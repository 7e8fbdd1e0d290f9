"""``djtune gc-sweep``: is the garbage collector worth tuning, and to what."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from djtune.commands.asking import Asked, asking_options, given_options
from djtune.commands.staged import go_through
from djtune.errors import DjtuneError
from djtune.garbage.result import GcSweepResult
from djtune.model.budget import Kind
from djtune.model.policy import GcPolicy, parse
from djtune.options import Command, common_options

if TYPE_CHECKING:
    from djtune.garbage.sweeping import Sweeping
    from djtune.run import Run

RESULT = GcSweepResult
METRICS: dict[str, Kind] = {
    "gc": "time",
    "gc_share": "share",
    "pause": "time",
    "garbage": "count",
    "garbage_bytes": "bytes",
}
DURATION = 240.0


def _policies(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[GcPolicy, ...]:
    """Read the settings to try, or say in one line what is wrong."""
    try:
        return tuple(map(parse, values))
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


@click.command(
    name="gc-sweep",
    cls=Command,
    epilog="""\b
Examples:
  djtune gc-sweep                               # five minutes: audit, simulate, verify
  djtune gc-sweep --workload peak.yaml --minimize p99 --max-rss +10%
  djtune gc-sweep --audit                       # what requests leave to the collector
  djtune gc-sweep --quick --try 50000,5,2       # simulated only
  djtune gc-sweep --prefork 4                   # is gc.freeze() worth it under gunicorn?
  djtune gc-sweep --check gc.json               # in CI: more garbage than before?
""",
)
@asking_options
@click.option(
    "--duration",
    metavar="S",
    type=click.FloatRange(min=20),
    default=DURATION,
    show_default=True,
    help="Seconds to measure for.",
)
@click.option(
    "--quick", is_flag=True, help="Simulate only, in less than half of the time: verify nothing."
)
@click.option(
    "--audit",
    is_flag=True,
    help="Only count what each route's requests leave to the collector, and why.",
)
@click.option(
    "--try",
    "tried",
    metavar="SETTING",
    multiple=True,
    callback=_policies,
    help="Also try this: three thresholds such as 50000,5,2, freeze, freeze+50000,5,2 or disable;"
    " may be repeated.",
)
@click.option(
    "--minimize",
    type=click.Choice(["cpu", "mean", "p99", "pause"]),
    default="cpu",
    show_default=True,
    help="What the recommended setting is to make small, within --max-rss.",
)
@click.option(
    "--max-rss",
    metavar="LIMIT",
    default="+10%",
    show_default=True,
    help="Memory that the process may hold at most: so much more than now, or 512MB.",
)
@click.option(
    "--prefork",
    metavar="N",
    type=click.IntRange(min=1, max=64),
    help="Also run N real gunicorn workers, and measure what gc.freeze() before the fork saves.",
)
@click.option(
    "--instructions",
    is_flag=True,
    help="Also count instructions, with perf or valgrind: exact, and slow.",
)
@click.option(
    "--experiment",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Keep the verification's blocks in FILE; with one that is there, go on from it.",
)
@click.option(
    "--check",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Only audit, and compare the counts with an earlier --format json: exit 1 if worse.",
)
@common_options(metrics=METRICS)
def gc_sweep(
    run: "Run",
    asked: Asked,
    duration: float,
    quick: bool,
    audit: bool,
    tried: tuple[GcPolicy, ...],
    minimize: str,
    max_rss: str,
    prefork: int | None,
    instructions: bool,
    experiment: Path | None,
    check: Path | None,
) -> int:
    """Find out whether the garbage collector is worth tuning, and to what.

    How much of the time it takes; which requests leave cyclic garbage, through which link; what
    every setting would do, simulated; and what the best ones really do, side by side.
    """
    from djtune.garbage import check as checking
    from djtune.garbage.assemble import metrics
    from djtune.garbage.goals import parse_limit
    from djtune.garbage.present import present
    from djtune.garbage.sweeping import Request, Sweeping
    from djtune.run import check_apart, check_writable

    try:
        limit = parse_limit(max_rss)
    except ValueError as error:
        raise DjtuneError(f"--max-rss {max_rss}: {error}") from None
    if audit or check:
        _refuse_beside_audit("--check" if check else "--audit")
    check_writable(experiment, "--experiment")
    files = {"--output": run.options.output, "--html": run.options.html}
    check_apart({**files, "--experiment": experiment, "--check": check})
    earlier = checking.load(check) if check else None
    sweeping = Sweeping(
        Request(
            question=asked.question(run),
            seconds=duration,
            quick=quick,
            audit_only=audit or earlier is not None,
            settings=list(tried),
            goal=minimize,  # type: ignore[arg-type]
            limit=limit,
            prefork=prefork,
            instructions=instructions,
            experiment=experiment,
        )
    )
    sweeping.check_experiment()
    run.note(sweeping.plan())
    interrupted = go_through(run, sweeping, "measured")
    result = sweeping.result()
    if earlier is not None and earlier.audit is not None and result.audit is not None:
        result.regressions = checking.regressions(result.audit, earlier.audit)
        result.warnings += checking.versions(result, earlier)
        if lost := [] if asked.routes else checking.unanswered(result.audit, earlier.audit):
            result.warnings.append(f"counted before, and not now: {', '.join(lost)}")
            result.complete = False
    code = run.finish(
        result,
        present(result, *_next_command(sweeping, result), checked=earlier is not None),
        metrics=metrics(result),
        places=sweeping.places(),
        complete=result.complete,
        interrupted=interrupted,
    )
    return _judged(run, result, code)


def _refuse_beside_audit(option: str) -> None:
    """Refuse options about runs that an audit does not make."""
    source = click.get_current_context().get_parameter_source
    names = ("quick", "tried", "minimize", "max_rss", "prefork", "instructions", "experiment")
    for name in names:
        if source(name) is ParameterSource.COMMANDLINE:
            given = "--try" if name == "tried" else "--" + name.replace("_", "-")
            raise DjtuneError(f"{option} only counts: {given} has nothing to work on")


def _judged(run: "Run", result: GcSweepResult, code: int) -> int:
    """A regression that --check has found is a breach, where the run is otherwise sound."""
    from djtune.errors import ExitCode

    for line in result.regressions:
        run.warn(f"worse than before: {line}")
    return ExitCode.BREACHED if result.regressions and code == ExitCode.DONE else code


def _next_command(sweeping: "Sweeping", result: GcSweepResult) -> tuple[str, str]:
    """The one command that would tell most now, and why."""
    request = sweeping.request
    question = request.question
    given = [*question.patterns, *given_options()]
    again = shlex.join(["djtune", "gc-sweep", *given])
    if question.sign_in is None and any(entry.why == "login" for entry in result.unmeasured):
        return f"{again} --as USER", "some routes need somebody who is signed in"
    if request.audit_only:
        return again, "what other settings would do to time and memory"
    if request.quick:
        return again, "to have the setting verified"
    if result.recommendation is not None and result.recommendation.policy is None:
        return shlex.join(["djtune", "profile", *given]), "where the time goes instead"
    if request.prefork is None:
        return f"{again} --prefork 4", "what freezing saves in memory"
    return "", ""
