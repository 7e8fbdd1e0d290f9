"""``djtune redis-size``: how much memory Redis needs, which policy and which layout."""

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from djtune.commands.asking import given_options
from djtune.commands.staged import go_through
from djtune.errors import DjtuneError
from djtune.model.budget import Kind
from djtune.options import Command, common_options, without_password
from djtune.redis_memory.result import RedisSizeResult

if TYPE_CHECKING:
    from djtune.redis_memory.layouts.reading import Unpickle
    from djtune.redis_memory.named import Named
    from djtune.redis_memory.sizing import Request
    from djtune.run import Run
    from djtune.workloads.survey import Question

RESULT = RedisSizeResult
METRICS: dict[str, Kind] = {
    "used_memory": "bytes",
    "resident": "bytes",
    "residual": "share",
    "without_ttl": "share",
    "misses": "share",
}
PRECISION = 2.0
TIME_BUDGET = 30.0
SERVER_LOAD = 50.0
MOST_MONITORED = 10.0
FEWEST = 100
"""Keys of a pattern from which a trial of layouts tells something."""
GIVEN_AGAIN = {"pattern", "replicas", "touch", "settings", "pythonpath", "python"}


@click.command(
    name="redis-size",
    cls=Command,
    epilog="""\b
Examples:
  djtune redis-size                                   # every Redis of the project's settings
  djtune redis-size redis://cache.internal:6379 --html report.html
  djtune redis-size --trace recordings/               # replay what production asked for
  djtune redis-size --layouts 'profile:*'             # hash, JSON, msgpack … of your values
  djtune redis-size --users 2M --growth 5%/month --profile profile.json
  djtune redis-size --verify before.json              # what became of what was promised?
  djtune redis-size --budget 'used_memory<2000MB' --budget 'without_ttl<5%'
""",
)
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option(
    "--pattern",
    metavar="GLOB",
    multiple=True,
    help="Count these keys as one pattern; may be repeated. Others group themselves.",
)
@click.option(
    "--precision",
    metavar="PERCENT",
    type=click.FloatRange(min=0, min_open=True),
    default=PRECISION,
    show_default=True,
    help="Stop asking for sizes when the total's 95 % interval is ± this.",
)
@click.option(
    "--time-budget",
    metavar="S",
    type=click.FloatRange(min=1),
    default=TIME_BUDGET,
    show_default=True,
    help="Seconds for each server.",
)
@click.option(
    "--server-load",
    metavar="MS",
    type=click.FloatRange(min=1, max=500),
    default=SERVER_LOAD,
    show_default=True,
    help="Milliseconds of its time that a server may be asked for each second.",
)
@click.option(
    "--replicas", is_flag=True, help="Ask replicas of a cluster: sizes alone, without idle times."
)
@click.option(
    "--touch",
    is_flag=True,
    help="Let sampled keys look used, where the server gives sizes in no other way.",
)
@click.option(
    "--trace",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Replay a recording of your caches (a folder), or a trace file.",
)
@click.option(
    "--monitor",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True, max=MOST_MONITORED),
    help="Take a trace with MONITOR, which slows the server down: asks before.",
)
@click.option("--yes", is_flag=True, help="Do not ask before --monitor.")
@click.option(
    "--layouts",
    metavar="PATTERN",
    default="",
    help="Try the values of these keys in every layout, on a throw-away server.",
)
@click.option(
    "--from-view",
    metavar="ROUTE",
    default="",
    help="Try the objects that a view answers with in every layout.",
)
@click.option("--as", "user", metavar="USER", help="Sign in as this user for --from-view.")
@click.option(
    "--unpickle",
    is_flag=True,
    help="Let --layouts load pickled values: this runs code that the server's contents name.",
)
@click.option(
    "--users", metavar="NUMBER", help="Plan for so many users: 2M, or 1M..2M from how many now."
)
@click.option("--growth", metavar="RATE", help="How the data grow: 5%/month.")
@click.option(
    "--profile",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A result of djtune profile: the queries that more memory saves, with --users.",
)
@click.option(
    "--verify",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Hold an earlier result (--format json) against what the server shows now.",
)
@click.option(
    "--keep-values", is_flag=True, help="Show the names of large keys; otherwise only patterns."
)
@click.option("--seed", type=int, default=1, show_default=True, help="What is drawn.")
@common_options(metrics=METRICS)
def redis_size(run: "Run", **options: Any) -> int:
    """Find out how much memory Redis needs, which eviction policy fits, and what fills it.

    One gentle, read-only visit: bytes by key pattern that add up to used_memory, hit ratios over
    memory sizes, maxmemory with each margin. Without a URL, every Redis that the project names.
    """
    if find_spec("redis") is None or find_spec("numpy") is None:
        raise DjtuneError("looking at Redis needs more", hint="pip install 'djtune[redis]'")
    from djtune.redis_memory.metrics import metrics
    from djtune.redis_memory.present import present
    from djtune.redis_memory.sizing import Sizing

    given = Given(**options)
    sizing = Sizing(_request(run, given))
    run.note(sizing.plan())
    interrupted = go_through(run, sizing, "seen")
    result = sizing.result()
    return run.finish(
        result,
        present(result, *_next_command(given, result)),
        metrics=metrics(result),
        complete=result.complete,
        interrupted=interrupted,
    )


class Given(Struct, frozen=True):
    """The command's own options."""

    urls: tuple[str, ...]
    pattern: tuple[str, ...]
    precision: float
    time_budget: float
    server_load: float
    replicas: bool
    touch: bool
    trace: Path | None
    monitor: float | None
    yes: bool
    layouts: str
    from_view: str
    user: str | None
    unpickle: bool
    users: str | None
    growth: str | None
    profile: Path | None
    verify: Path | None
    keep_values: bool
    seed: int


def _request(run: "Run", given: Given) -> "Request":
    """What is asked for; everything that can be refused is refused here."""
    from djtune.redis_memory.looking.look import Asked
    from djtune.redis_memory.plan import parse_growth, parse_users, queries_per_server_second
    from djtune.redis_memory.server.pace import Budget
    from djtune.redis_memory.sizing import Request
    from djtune.redis_memory.verifying import load_result
    from djtune.redis_memory.visiting import Wanted

    if given.monitor and given.trace:
        raise DjtuneError("--monitor takes a trace, and --trace has one: give one of them")
    if given.unpickle and not given.layouts:
        raise DjtuneError("--unpickle is for --layouts alone", hint="add --layouts PATTERN")
    if given.user and not given.from_view:
        raise DjtuneError("--as is for --from-view alone", hint="add --from-view ROUTE")
    for option, file in (("--trace", given.trace), ("--profile", given.profile)):
        if file is not None and not file.exists():
            raise DjtuneError(f"{option} {file}: there is no such file")
    if given.profile and given.profile.is_dir():
        raise DjtuneError(f"--profile {given.profile} is a folder", hint="name a file in it")
    patterns = [*given.pattern, *filter(None, [given.layouts])]
    request = Request(
        servers=_servers(run, given.urls),
        wanted=Wanted(
            asked=Asked(
                precision=given.precision / 100,
                seconds=given.time_budget,
                patterns=patterns,
                keep_values=given.keep_values,
                seed=given.seed,
            ),
            budget=Budget(milliseconds_per_second=given.server_load),
            replicas=given.replicas,
            touching=given.touch,
            layouts=given.layouts,
            unpickle=_unpickler(run) if given.unpickle else None,
        ),
        trace=given.trace,
        monitored=given.monitor or 0.0,
        view=_question(run, given) if given.from_view else None,
        users=parse_users(given.users) if given.users else None,
        growth=parse_growth(given.growth) if given.growth else None,
        queries_per_second=queries_per_server_second(given.profile.read_bytes())
        if given.profile
        else None,
        before=load_result(given.verify) if given.verify else None,
    )
    if given.monitor:
        _agree_to_monitor(run, given)
    return request


def _unpickler(run: "Run") -> "Unpickle":
    from djtune.redis_memory.layouts.unpickling import WARNING, unpickler

    run.warn(WARNING)
    return unpickler(run.app())


def _question(run: "Run", given: Given) -> "Question":
    from djtune.workloads.survey import Question

    return Question(
        app=run.app(),
        workload=None,
        patterns=[given.from_view],
        sign_in={"user": given.user, "login": "auto"} if given.user else None,
        unsafe=False,
        seed=given.seed,
    )


def _agree_to_monitor(run: "Run", given: Given) -> None:
    """Say what MONITOR costs, and ask; Raises :class:`DjtuneError` where nobody agrees."""
    run.warn(
        f"for {given.monitor:g} s MONITOR echoes every command of every client: each costs the "
        "server 3 to 10 times as much meanwhile (more with large values). Arguments are dropped "
        "on arrival; it ends at once when 64 MB wait or PING doubles"
    )
    if given.yes:
        return
    if not sys.stdin.isatty():
        raise DjtuneError("--monitor asks before it slows a server down", hint="add --yes")
    if not click.confirm("Go on?", err=True):
        raise DjtuneError("nothing was monitored", hint="--trace replays a recording instead")


def _servers(run: "Run", urls: tuple[str, ...]) -> "list[Named]":
    from djtune.redis_memory.named import joined, named_servers
    from djtune.redis_memory.observed import Use

    if urls:
        return joined([(url, Use("the command line", "given")) for url in urls])
    with run.progress("reading the project's settings"):
        return named_servers(run.app())


def _next_command(given: Given, result: RedisSizeResult) -> tuple[str, str]:
    """The one command that would tell most now, and why."""
    again = [
        "djtune",
        "redis-size",
        *map(without_password, given.urls),
        *given_options(GIVEN_AGAIN),
    ]
    if not all(server.complete for server in result.servers):
        return shlex.join(again), "the visit was cut short"
    largest = _hashes_or_strings(result)
    if result.layouts or given.layouts or given.verify or largest is None:
        name = "after.json" if given.verify else "before.json"
        return (
            shlex.join([*again, "--format", "json", "--output", name]),
            f"keeps what is promised here, for --verify {name} after the change",
        )
    return shlex.join([*again, "--layouts", largest]), "what its values would take in other layouts"


def _hashes_or_strings(result: RedisSizeResult) -> str | None:
    """The largest pattern that has layouts to compare."""
    for server in result.servers:
        for pattern in server.estimates.patterns if server.estimates else []:
            if {"hash", "string"} & set(pattern.types) and pattern.keys.value >= FEWEST:
                return pattern.pattern
    return None
