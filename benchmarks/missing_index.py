"""Do the indexes that plans lead to help? Each one tried on the sample site's own database.

``djtune profile --explain`` proposes an index from the plan and leaves it untried: to build one on
a user's database would block its writes. Here the site's routes are asked for, every statement is
explained, and each proposal is built and tried on the statement that led to it, on SQLite and on a
PostgreSQL server of its own. A block times the statement with the index and without, in random
order; without means that the index is dropped in a transaction that is rolled back, and with means
that another one is, which the statement cannot use, so that both pay for it. Prints the plan
before and after, and the time of the statement (executed and fetched) with the index over that
without, with its interval; and the same of an index that the statement cannot use, as a control.

Needs the ``site`` and ``postgres`` extras, and PostgreSQL's programs. Run it from the repository::

    python -m benchmarks.missing_index [--size medium] [--blocks 15] [--times 10]
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from math import log
from pathlib import Path
from statistics import median
from typing import Any

from djtune.agent.explain import explain, forget
from djtune.experiments.intervals import ratio_interval
from djtune.profiling.plans import MissingIndex, PlanReading, read_plan
from djtune.servers.postgres import SUPERUSER, postgres_server
from sample_site import ROOT

REPOSITORY = ROOT.parent
PATHS = (
    "/api/profile/",
    "/api/channels/",
    "/api/epg/?day=today&from=1&to=40",
    "/api/shows/1/",
    "/api/recommendations/",
    "/web/shows/",
    "/api/account/export/",
)
WARM_UP = 2
"""Executions that fill caches, and are not counted."""
Statement = tuple[str, Any]


def main() -> None:
    """Try the proposals on both databases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="medium", help="of the site's data")
    parser.add_argument("--blocks", type=int, default=15, help="turns with and without the index")
    parser.add_argument("--times", type=int, default=10, help="executions in each turn")
    parser.add_argument("--by-time", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--in-site", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.in_site:
        json.dump(list(_tried(options)), sys.stdout)
        return
    with tempfile.TemporaryDirectory() as data:
        _report("SQLite", data, options)
        with postgres_server() as host:
            url = f"postgres://{SUPERUSER}@/postgres?host={host}"
            _report("PostgreSQL", data, options, DATABASE_URL=url)
            options.by_time = True
            title = "PostgreSQL, programmes stored in order of time"
            _report(title, data, options, DATABASE_URL=url)


def _report(title: str, data: str, options: argparse.Namespace, **extra: str) -> None:
    env = {**os.environ, "SITE_DATA": data, "PYTHONPATH": str(REPOSITORY), **extra}
    seed = [sys.executable, "-m", "djtune.cli", "site", "seed", "--size", options.size]
    subprocess.run(seed, env=env, check=True, stdout=sys.stderr)
    settings = [f"--blocks={options.blocks}", f"--times={options.times}", "--in-site"]
    if options.by_time:
        settings.append("--by-time")
    command = [sys.executable, str(Path(__file__).resolve()), *settings]
    done = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE)
    print(f"\n{title}, size {options.size}:")
    for each in json.loads(done.stdout):
        _print(each)


def _print(tried: dict[str, Any]) -> None:
    print(f"\n{tried['code']} of {tried['model']}, for {tried['path']}")
    for problem in tried["problems"]:
        print(f"  {problem}")
    print(f"  before: {'; '.join(tried['steps'])}")
    print(f"  after:  {'; '.join(tried['steps_after'])}")
    for note in tried["notes_after"]:
        print(f"          {note}")
    print(f"  {_compared(tried['readings'])}")
    print(f"  control, {tried['useless']}: {_compared(tried['control'])}")


def _compared(readings: dict[str, list[float]]) -> str:
    pairs = list(zip(readings["without"], readings["with"], strict=True))
    ratio = ratio_interval([log(after / before) for before, after in pairs])
    return (
        f"{1000 * median(readings['without']):.2f} ms → {1000 * median(readings['with']):.2f} ms,"
        f" with / without {ratio.value:.3f} [{ratio.low:.3f} to {ratio.high:.3f}],"
        f" {len(pairs)} blocks"
    )


def _tried(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """In the site: ask, explain, and try each proposal on the statement that led to it."""
    sys.path.insert(0, str(Path.cwd()))
    os.environ["DJANGO_SETTINGS_MODULE"] = "streaming.settings"
    import django

    django.setup()
    blocks, times = options.blocks, options.times
    if options.by_time:
        _store_by_time()
    for (model, code), (path, statement, reading) in _proposals().items():
        spare, useless = _useless(model, statement)
        readings, after = _timed(model, (code, spare), statement, blocks, times)
        control, _ = _timed(model, (useless, spare), statement, blocks, times)
        yield {
            "model": model,
            "code": code,
            "path": path,
            "problems": reading.problems,
            "steps": reading.steps,
            "steps_after": after.steps,
            "notes_after": after.notes,
            "readings": readings,
            "useless": useless,
            "control": control,
        }


def _store_by_time() -> None:
    """Put the rows where a feed that goes from hour to hour would have written them.

    The seed writes channel after channel, which makes the index on the channel alone better than
    it is in production.
    """
    _run("CREATE INDEX by_time ON epg_programme (starts_at)")
    _run("CLUSTER epg_programme USING by_time")
    _run("DROP INDEX by_time")
    _run("ANALYZE epg_programme")


def _proposals() -> dict[tuple[str, str], tuple[str, Statement, PlanReading]]:
    """Each proposal, with the first route and statement that it is made for."""
    found: dict[tuple[str, str], tuple[str, Statement, PlanReading]] = {}
    for path, statement in _statements():
        reading = _read(statement)
        for each in reading.missing:
            found.setdefault(_key(each), (path, statement, reading))
    return found


def _key(missing: MissingIndex) -> tuple[str, str]:
    return missing.model, missing.code


def _read(statement: Statement) -> PlanReading:
    data = explain("default", *statement)
    return read_plan(data) if data else PlanReading("")


def _statements() -> Iterator[tuple[str, Statement]]:
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client

    from accounts.authentication import issue_token  # type: ignore[import-not-found]

    asked: list[Statement] = []

    def note(execute: Any, sql: str, params: Any, *rest: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, *rest)

    token = issue_token(User.objects.order_by("pk")[0].pk)
    client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {token}"})
    for path in PATHS:
        asked.clear()
        with connection.execute_wrapper(note):
            response = client.get(path)
        if response.status_code != 200:
            raise SystemExit(f"{path} answered {response.status_code}")
        yield from ((path, statement) for statement in asked)


def _useless(model_label: str, statement: Statement) -> tuple[str, str]:
    """Indexes on fields that the statement neither filters nor orders by."""
    from django.apps import apps

    _, _, used = statement[0].partition(" FROM ")
    fields = apps.get_model(model_label)._meta.local_concrete_fields
    names = [field.name for field in reversed(fields) if f'"{field.column}"' not in used]
    return f'models.Index(fields=["{names[0]}"])', f'models.Index(fields=["{names[1]}"])'


def _timed(
    model_label: str, codes: tuple[str, str], statement: Statement, blocks: int, times: int
) -> tuple[dict[str, list[float]], PlanReading]:
    """Median seconds of the statement in each block, without and with the first index."""
    from django.apps import apps
    from django.db import connection, models, transaction

    model = apps.get_model(model_label)
    quoted = connection.ops.quote_name
    tried, spare = (eval(code, {"models": models}) for code in codes)
    for index in (tried, spare):
        index.set_name_with_model(model)
        with connection.schema_editor() as editor:
            editor.add_index(model, index)
    _run(f"ANALYZE {quoted(model._meta.db_table)}")
    forget()
    after = _read(statement)
    dice = random.Random(1)
    found: dict[str, list[float]] = {"without": [], "with": []}
    for _ in range(blocks):
        for variant in dice.sample(list(found), 2):
            with transaction.atomic():
                _run(f"DROP INDEX {quoted((tried if variant == 'without' else spare).name)}")
                found[variant].append(_seconds(statement, times))
                transaction.set_rollback(True)
    for index in (tried, spare):
        _run(f"DROP INDEX {quoted(index.name)}")
    return found, after


def _run(sql: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)


def _seconds(statement: Statement, times: int) -> float:
    from django.db import connection

    taken = []
    with connection.cursor() as cursor:
        for _ in range(times + WARM_UP):
            start = time.perf_counter()
            cursor.execute(*statement)
            cursor.fetchall()
            taken.append(time.perf_counter() - start)
    return median(taken[WARM_UP:])


if __name__ == "__main__":
    main()
