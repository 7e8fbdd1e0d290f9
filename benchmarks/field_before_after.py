"""What a change to a project saves, measured without djtune: two checkouts, before and after.

    python benchmarks/field_before_after.py --before DIR --after DIR --python FILE \
        --settings MODULE --user NAME [--blocks 12] [--rounds 3] PATH...

A block is one fresh process of either checkout, in random order. A process signs the user in with
``django.test.Client``, asks for every PATH once to warm up and once to count queries, then
``--rounds`` times against the clock, and rolls everything back. The collector runs before each
timed request, untimed: a full collection would fall on the same path every time. Prints a
Markdown table: queries, processor and wall time of each path and of the journey (all paths in
order), the saving with its 95 % interval (Student's t on the differences within blocks), and
whether the bodies are the same once what differs in every response has been masked (CSRF tokens,
and ``--mask``).
"""

import argparse
import hashlib
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import NormalDist, fmean, stdev
from typing import Any

CSRF = r"csrfmiddlewaretoken\W+value\W+\w{32,}|csrf\w*\W{1,6}\w{64}"
Reading = dict[str, Any]
"""What one process found, by path: ``queries``, ``digest``, and seconds of ``cpu`` and ``wall``."""


def serve(wanted: dict[str, Any]) -> dict[str, Reading]:
    """In the project's process: ask for every path, and say what it took."""
    import os

    sys.path[0] = str(Path.cwd())
    os.environ["DJANGO_SETTINGS_MODULE"] = wanted["settings"]
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.db import transaction
    from django.test import Client

    model: Any = get_user_model()
    user = model._default_manager.get_by_natural_key(wanted["user"])
    client = Client(HTTP_HOST=wanted["host"])
    with transaction.atomic():
        client.force_login(user)
        found = _ask(client, wanted)
        transaction.set_rollback(True)
    return found


def _ask(client: Any, wanted: dict[str, Any]) -> dict[str, Reading]:
    import gc
    import time

    from django.db import connection

    found: dict[str, Reading] = {path: {"cpu": [], "wall": []} for path in wanted["paths"]}
    asked: list[str] = []

    def count(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        asked.append(sql)
        return execute(sql, *args)

    for path in wanted["paths"]:
        _body(client, path)
    for path in wanted["paths"]:
        asked.clear()
        with connection.execute_wrapper(count):
            body = _body(client, path)
        found[path]["queries"] = len(asked)
        found[path]["digest"] = _digest(body, wanted["masks"])
    for _ in range(wanted["rounds"]):
        for path in wanted["paths"]:
            gc.collect()
            cpu, wall = time.process_time(), time.perf_counter()
            _body(client, path)
            found[path]["cpu"].append(time.process_time() - cpu)
            found[path]["wall"].append(time.perf_counter() - wall)
    return found


def _body(client: Any, path: str) -> bytes:
    response = client.get(path)
    if response.status_code != 200:
        raise SystemExit(f"{path} answered {response.status_code}")
    return b"".join(response.streaming_content) if response.streaming else response.content


def _digest(body: bytes, masks: Sequence[str]) -> str:
    for mask in masks:
        body = re.sub(mask.encode(), b"*", body)
    return hashlib.sha256(body).hexdigest()


def run(options: argparse.Namespace, directory: Path) -> dict[str, Reading]:
    """Run one fresh process in a checkout."""
    wanted = {
        "settings": options.settings,
        "user": options.user,
        "host": options.host,
        "paths": options.paths,
        "rounds": options.rounds,
        "masks": [CSRF, *options.mask],
    }
    command = [options.python, "-W", "ignore", str(Path(__file__).resolve()), "--serve"]
    done = subprocess.run(
        [*command, json.dumps(wanted)], cwd=directory, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{directory}: {done.stderr.strip()[-2000:]}")
    answer: dict[str, Reading] = json.loads(done.stdout.rsplit("\n", 2)[-2])
    return answer


def t_quantile(p: float, df: float) -> float:
    """Student's t by its expansion in 1/df (Abramowitz & Stegun, 26.7.5); good from df = 5 on."""
    z = NormalDist().inv_cdf(p)
    terms: tuple[float, ...] = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / df**power for power, term in enumerate(terms, 1))


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and the bounds of its 95 % interval."""
    mean, n = fmean(values), len(values)
    half = t_quantile(0.975, n - 1) * stdev(values) / n**0.5
    return mean, mean - half, mean + half


def report(before: list[dict[str, Reading]], after: list[dict[str, Reading]]) -> None:
    """Print the table of every path, the journey, and the verdict on the bodies."""
    paths = list(before[0])
    print("| path | queries | CPU before, ms | saved CPU, ms | saved wall, ms |")
    print("| --- | --- | --- | --- | --- |")
    for name, some in [*((path, [path]) for path in paths), ("**journey**", paths)]:
        cells = [name, " → ".join(_range(readings, some) for readings in (before, after))]
        cpu = [_times(readings, some, "cpu") for readings in (before, after)]
        wall = [_times(readings, some, "wall") for readings in (before, after)]
        cells += [f"{fmean(cpu[0]):.1f}", _saved(*cpu), _saved(*wall)]
        print("| " + " | ".join(cells) + " |")
    for path in paths:
        digests = [{one[path]["digest"] for one in readings} for readings in (before, after)]
        print(f"\nbody of {path}: {_compared(*digests)}", end="")
    print(f"\n\nn = {len(before)} blocks")


def _compared(before: set[str], after: set[str]) -> str:
    if len(before) > 1:
        return "varies without the change too: give it a --mask"
    return "the same" if before == after else "DIFFERENT"


def _range(readings: list[dict[str, Reading]], paths: list[str]) -> str:
    counts = {sum(one[path]["queries"] for path in paths) for one in readings}
    return "–".join(str(count) for count in sorted({min(counts), max(counts)}))


def _times(readings: list[dict[str, Reading]], paths: list[str], clock: str) -> list[float]:
    return [1000 * sum(fmean(one[path][clock]) for path in paths) for one in readings]


def _saved(before: list[float], after: list[float]) -> str:
    mean, low, high = interval([b - a for b, a in zip(before, after, strict=True)])
    part = 100 * mean / fmean(before)
    return f"{mean:.1f} [{low:.1f}, {high:.1f}] ({part:.1f} %)"


def main() -> None:
    """Run the blocks and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--before", type=Path, required=True, help="the project's root")
    parser.add_argument("--after", type=Path, required=True, help="the same, with the change")
    parser.add_argument("--python", required=True, help="the project's interpreter")
    parser.add_argument("--settings", required=True)
    parser.add_argument("--user", required=True, help="who signs in, by natural key")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--blocks", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mask", action="append", default=[], help="regex of what always differs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("paths", nargs="+")
    options = parser.parse_args()
    order = random.Random(options.seed)
    found: dict[Path, list[dict[str, Reading]]] = {options.before: [], options.after: []}
    for number in range(options.blocks):
        for directory in order.sample(list(found), 2):
            found[directory].append(run(options, directory))
        print(f"block {number + 1} of {options.blocks}", file=sys.stderr)
    report(found[options.before], found[options.after])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        print("\n" + json.dumps(serve(json.loads(sys.argv[2]))))
    else:
        main()
