r"""What a change to a project takes off its responses, measured without djtune: two checkouts.

    python benchmarks/payload_before_after.py --before DIR --after DIR --python FILE \
        --settings MODULE [--user NAME …] [--requests FILE] \
        [--predicted LOW,HIGH] [--gzip-predicted LOW,HIGH] PATH…

A fresh process of either checkout asks for every PATH once as each user, with
``django.test.Client`` and everything rolled back; or, where each user has paths of their own, for
every line ``USER PATH`` of the file that ``--requests`` names. Bodies are counted as they are, and
compressed as Django's GZipMiddleware does, without the name that it puts in at random. Prints a
Markdown table of mean bytes a response before and after, and the saving with its 95 % interval
(Student's t over the responses); whether a predicted interval holds the mean saving; and which
paths of the JSON are gone or new.
"""

import argparse
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.field_before_after import interval

Sizes = dict[str, dict[str, Any]]
"""Request → ``raw`` and ``gzip`` bytes, the JSON's ``paths``, and ``queries``."""


def serve(wanted: dict[str, Any]) -> Sizes:
    """In the project's process: ask for everything once, and say how large it was."""
    import os

    sys.path[0] = str(Path.cwd())
    os.environ["DJANGO_SETTINGS_MODULE"] = wanted["settings"]
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.db import transaction

    model: Any = get_user_model()
    found: Sizes = {}
    with transaction.atomic():
        for user, path in wanted["requests"]:
            row = model._default_manager.get_by_natural_key(user) if user else None
            found[f"{user} {path}"] = _sized(_client(row, wanted), path)
        transaction.set_rollback(True)
    return found


def _client(user: Any, wanted: dict[str, Any]) -> Any:
    """A client signed in by a session, or past REST framework's own authentication."""
    if wanted["api"]:
        from rest_framework.test import APIClient

        client: Any = APIClient(HTTP_HOST=wanted["host"], HTTP_ACCEPT="application/json")
        client.force_authenticate(user)
        return client

    from django.test import Client

    client = Client(HTTP_HOST=wanted["host"], HTTP_ACCEPT="application/json")
    if user is not None:
        client.force_login(user)
    return client


def _sized(client: Any, path: str) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        response = client.get(path)
    if response.status_code != 200:
        raise SystemExit(f"{path} answered {response.status_code}")
    body = response.content
    if response.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return {
        "raw": len(body),
        "gzip": len(gzip.compress(body, compresslevel=6, mtime=0)),
        "paths": sorted(set(_paths(json.loads(body), ""))),
        "queries": len(asked),
    }


def _paths(document: Any, at: str) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            path = f"{at}.{key}" if at else key
            yield path
            yield from _paths(value, path)
    elif isinstance(document, list):
        for value in document:
            yield from _paths(value, f"{at}[]")


def run(options: argparse.Namespace, directory: Path) -> Sizes:
    """Run one fresh process in a checkout."""
    wanted = {
        "settings": options.settings,
        "host": options.host,
        "api": options.api,
        "requests": _requests(options),
    }
    command = [options.python, "-W", "ignore", str(Path(__file__).resolve()), "--serve"]
    done = subprocess.run(
        [*command, json.dumps(wanted)], cwd=directory, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{directory}: {done.stderr.strip()[-2000:]}")
    answer: Sizes = json.loads(done.stdout.rsplit("\n", 2)[-2])
    return answer


def _requests(options: argparse.Namespace) -> list[tuple[str, ...]]:
    lines = options.requests.read_text().splitlines() if options.requests else []
    each = [(user, path) for user in options.user or [""] for path in options.paths]
    return each + [tuple(line.split(maxsplit=1)) for line in lines]


def report(options: argparse.Namespace, before: Sizes, after: Sizes) -> None:
    """Print the table, the verdict on what was predicted, and what is gone."""
    print("| | before, B | after, B | saved, B a response |")
    print("| --- | --- | --- | --- |")
    for name, predicted in (("raw", options.predicted), ("gzip", options.gzip_predicted)):
        pairs = [(before[request][name], after[request][name]) for request in before]
        mean, told = _saved([b - a for b, a in pairs])
        cells = [name, f"{fmean(b for b, _ in pairs):.1f}", f"{fmean(a for _, a in pairs):.1f}"]
        print("| " + " | ".join([*cells, told + _held(mean, predicted)]) + " |")
    queries = [sum(one["queries"] for one in sizes.values()) for sizes in (before, after)]
    print(f"\nn = {len(before)} responses; queries {queries[0]} → {queries[1]}")
    held: set[str]
    left: set[str]
    held, left = (set().union(*(one["paths"] for one in all_.values())) for all_ in (before, after))
    print(f"gone: {', '.join(sorted(held - left)) or 'nothing'}")
    print(f"new: {', '.join(sorted(left - held)) or 'nothing'}")


def _saved(values: Sequence[int]) -> tuple[float, str]:
    if len(values) < 6:
        return fmean(values), f"{fmean(values):.1f} (n = {len(values)})"
    mean, low, high = interval(values)
    return mean, f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def _held(mean: float, predicted: str) -> str:
    if not predicted:
        return ""
    low, high = (float(bound) for bound in predicted.split(","))
    verdict = "within" if low <= mean <= high else "OUTSIDE"
    return f", {verdict} {low:g} to {high:g}"


def main() -> None:
    """Run both checkouts and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--before", type=Path, required=True, help="the project's root")
    parser.add_argument("--after", type=Path, required=True, help="the same with the patch")
    parser.add_argument("--python", default=sys.executable, help="the project's interpreter")
    parser.add_argument("--settings", required=True, help="the settings module")
    parser.add_argument("--user", action="append", help="may be repeated; else a visitor")
    parser.add_argument("--api", action="store_true", help="sign in past the API's own tokens")
    parser.add_argument("--host", default="localhost", help="the Host header")
    parser.add_argument("--requests", type=Path, help="lines of a user's name and a path")
    parser.add_argument("--predicted", default="", help="LOW,HIGH bytes a response")
    parser.add_argument("--gzip-predicted", default="", help="LOW,HIGH bytes a response")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="asked for as each user, GET")
    options = parser.parse_args()
    report(options, run(options, options.before), run(options, options.after))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        print(json.dumps(serve(json.loads(sys.argv[2]))))
    else:
        main()
