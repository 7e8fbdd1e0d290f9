"""``djtune profile``: endpoints ranked by the server time that they cost."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from djtune.commands.asking import GIVEN_ALWAYS, Asked, asking_options, given_options
from djtune.errors import DjtuneError
from djtune.model.budget import Kind
from djtune.options import Command, common_options
from djtune.profiling.live.result import LiveResult
from djtune.profiling.result import ProfileResult

if TYPE_CHECKING:
    from djtune.commands.past import Past
    from djtune.profiling.gather import Gathered, Request
    from djtune.profiling.result import RouteResult
    from djtune.run import Run

RESULT = ProfileResult
RESULTS = {"pid": LiveResult}
METRICS: dict[str, Kind] = {
    "mean": "time",
    "p50": "time",
    "p95": "time",
    "p99": "time",
    "cold": "time",
    "share": "share",
    "queries": "count",
    "bytes": "bytes",
    "gzip": "bytes",
    "miss_ratio": "share",
    "collections": "count",
}
DURATION = 60.0
TRIALS = 8
PRECISE = 4
GIVEN_AGAIN = {*GIVEN_ALWAYS, "explain", "flamegraph"}


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  djtune profile                                  # every route that can be asked for, 60 s
  djtune profile --as alice 'api/*'               # some routes, signed in
  djtune profile --workload peak.yaml --html report.html
  djtune profile --pid 4711 --html live.html      # a running server, from outside
  djtune profile --budget 'GET /api/epg*: p95<200ms' --budget 'queries<20'
""",
)
@asking_options
@click.option(
    "--duration",
    metavar="S",
    type=click.FloatRange(min=5),
    default=DURATION,
    show_default=True,
    help="Seconds to measure for.",
)
@click.option(
    "--trials",
    metavar="K",
    type=click.IntRange(min=1),
    default=TRIALS,
    show_default=True,
    help="Fresh processes to measure in.",
)
@click.option("--precise", is_flag=True, help="Measure four times as long, for narrow intervals.")
@click.option(
    "--bandwidth",
    metavar="MBIT",
    type=click.FloatRange(min=0.001),
    default=10.0,
    show_default=True,
    help="Mbit/s at which response bytes become seconds that users wait.",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Ask the databases for the plans of the dearest queries, and look for missing indexes.",
)
@click.option(
    "--trace",
    "trace_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a few requests of the dearest routes, or of those named, to FILE (.json or"
    " .json.gz) as a timeline for https://ui.perfetto.dev.",
)
@click.option(
    "--flamegraph",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Record the stacks as well, with py-spy, and write a flame graph of each route to DIR.",
)
@click.option(
    "--rate",
    metavar="HZ",
    type=click.IntRange(min=1, max=1000),
    help="Samples a second (250; 50 with --pid), at random moments.",
)
@click.option(
    "--idle/--no-idle",
    default=True,
    show_default=True,
    help="Sample threads that wait, too: wall-clock time.",
)
@click.option("--gil", is_flag=True, help="Sample the holder of the interpreter's lock only.")
@click.option("--native", is_flag=True, help="Sample frames of C extensions too; slows it down.")
@click.option(
    "--pid",
    metavar="PID",
    type=click.IntRange(min=1),
    help="Record this running server, or its workers, instead: what its requests spend their time"
    " in, by view and route.",
)
@click.option(
    "--pause-target",
    is_flag=True,
    help="With --pid: pause the server for each sample, for stacks that are never torn.",
)
@click.option(
    "--compare",
    "compare_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Judge queries, bytes, collections and thread hops against an earlier run's"
    " --format json; times are shown beside.",
)
@click.option(
    "--baseline-dir",
    metavar="CHECKOUT",
    type=click.Path(path_type=Path),
    help="Run this other checkout of the project side by side, and judge times too.",
)
@common_options(metrics=METRICS)
def profile(
    run: "Run",
    asked: Asked,
    duration: float,
    trials: int,
    precise: bool,
    bandwidth: float,
    explain: bool,
    trace_file: Path | None,
    compare_file: Path | None,
    baseline_dir: Path | None,
    flamegraph: Path | None,
    pid: int | None,
    pause_target: bool,
    **_sampling: object,
) -> int:
    """Rank the routes by the server time that they cost, and split each into phases.

    The app runs in fresh processes, every request rolled back. ROUTE names routes to measure, as
    a path or a glob; without any, all of the workload's. With --pid nothing is asked for: a
    running server is watched.
    """
    if pid is not None:
        from djtune.commands.profile_live import profile_live

        return profile_live(run)
    if pause_target:
        raise DjtuneError("--pause-target is about a running server", hint="name it with --pid")
    from djtune.commands.flamegraphs import Flamegraphs
    from djtune.commands.past import Past
    from djtune.experiments.host import read_machine
    from djtune.profiling import gather
    from djtune.profiling.assemble import assemble, metrics, places
    from djtune.profiling.plan import Budget
    from djtune.profiling.present import present
    from djtune.run import check_apart, check_writable

    check_writable(trace_file, "--trace")
    check_apart({"--output": run.options.output, "--html": run.options.html, "--trace": trace_file})
    past = Past(run, compare_file, baseline_dir)
    flames = Flamegraphs(run, flamegraph)
    if precise:
        duration *= PRECISE
    request = gather.Request(
        **msgspec.structs.asdict(asked.question(run)),
        budget=Budget(duration, trials),
        explain=explain,
    )
    past.find(request)
    run.note(
        "Plan: look at every route and its queries (seconds; on a very large app, minutes), then "
        f"{past.plan(request)} and price the timing itself: {duration:.0f} s. --precise takes "
        f"{PRECISE} times as long.{flames.plan(duration)}"
    )
    gathered = gather.Gathered()
    machine = read_machine()
    interrupted = _measure(run, request, gathered, past)
    result = assemble(gathered, machine, bandwidth=bandwidth * 1e6)
    regressions = past.compare(request, gathered, result)
    if trace_file and result.complete and not interrupted:
        interrupted = _write_timeline(run, request, gathered, result, trace_file)
    if not interrupted:
        interrupted = flames.record(request, gathered, result)
    return run.finish(
        result,
        flames.add_to(present(result, *_next_command(result))),
        metrics=metrics(result),
        places=places(result),
        regressions=regressions,
        complete=result.complete,
        interrupted=interrupted,
    )


def _measure(run: "Run", request: "Request", gathered: "Gathered", past: "Past") -> bool:
    """Gather; return whether the user cut it short with something to show."""
    from djtune.profiling import gather

    try:
        with run.progress("looking at the routes"):
            past.survey(request, gathered)
        if shortage := past.shortage(request, gathered):
            run.note(shortage)
        with run.progress("measuring", total=request.budget.seconds) as tick:
            gather.measure(request, gathered, tick, past.run_trials)
    except KeyboardInterrupt:
        if not any(trial.samples for trial in gathered.trials.trials):
            raise
        run.note("interrupted: here is what was measured until then")
        return True
    return False


def _write_timeline(
    run: "Run", request: "Request", gathered: "Gathered", result: ProfileResult, file: Path
) -> bool:
    """Follow a few requests slice by slice, write them down, and say so in the result.

    Return whether the user cut it short; what was measured before stands in any case.
    """
    from djtune import __version__
    from djtune.profiling import gather, trace
    from djtune.run import save
    from djtune.workloads.choosing import steps_of

    steps = steps_of(gathered.workload)
    ranked = [(route.method, route.route) for route in result.routes]
    chosen = trace.steps_to_trace(gathered.workload, gathered.skip, ranked, request.patterns)
    try:
        with run.progress("following a few requests"):
            traced = gather.trace(request, gathered, chosen)
    except DjtuneError as error:
        run.warn(f"there is no timeline: {error.message}")
        return False
    except KeyboardInterrupt:
        run.note("interrupted: there is no timeline, but all else")
        return True
    app = result.app
    about = {"djtune": __version__, "django": app.django, "python": app.python}
    document = trace.chrome_trace(traced, steps, about | {"interface": app.interface})
    save(file, trace.encoded(document, packed=file.suffix == ".gz"), "--trace")
    result.traces = trace.summaries(traced, steps)
    result.trace_file = str(file)
    return False


def _next_command(result: ProfileResult) -> tuple[str, str]:
    """The one command that would tell most now, and why."""
    given = given_options(GIVEN_AGAIN)
    if not result.routes:
        return "", ""
    if "--as" not in given and any(entry.why == "login" for entry in result.unmeasured):
        again = shlex.join(["djtune", "profile", *given])
        return f"{again} --as USER", "some routes need somebody who is signed in"
    if "--workload" not in given:
        return "djtune workload init", "to weigh the routes as your users ask for them"
    dearest = "/" + result.routes[0].route.lstrip("/")
    option, why = _deeper(result.routes[0], set(given))
    return shlex.join(["djtune", "profile", dearest, *given, *option]), why


def _deeper(route: "RouteResult", given: set[str]) -> tuple[list[str], str]:
    """What to look at next on a route: where its phases say that its time goes."""
    phases = route.phases
    sql = phases.sql_execute + phases.sql_fetch
    code = phases.view + phases.python + phases.serialization + phases.template + phases.orm
    if sql > code and "--explain" not in given:
        return ["--explain"], "how the database answers its queries"
    if code >= sql and "--flamegraph" not in given:
        return ["--flamegraph", "flames"], "which code its time goes to"
    return ["--precise"], "narrower intervals where it costs most"
