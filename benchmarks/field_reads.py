"""What it costs to see which columns are read, and whether the right ones are found.

One model of 23 columns, fetched with a joined row, in a plain view and in one of REST framework's.
Each is asked for in fresh processes, in random order within each block, under

``bare``      nothing;
``djtune``    the pass of `djtune payload-audit` that watches the first rows of each queryset,
              with the replay around it and all that is done after a request;
``dj-tracker``             django-trackings from PyPI, as its documentation sets it up;
``dj-tracker, no attrs``   the same with ``TRACK_ATTRIBUTES_ACCESSED`` off.

CPU times are ratios to ``bare`` of the same block: the median over the blocks, and their range.
What is found is held against what the views are known to read. dj-tracker is left out, and it is
said why, where the interpreter does not have it or it does not work::

    python -m benchmarks.field_reads [--python PYTHON] [--rows 2000] [--blocks 7]

``PYTHON`` needs Django and REST framework, and django-trackings to be compared.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("bare", "djtune", "dj-tracker, no attrs", "dj-tracker")
VIEWS = ("plain", "rest")
FILLERS = [f"filler_{number}" for number in range(12)]
READ = {
    "plain": {"id", "title", "code", "pages", "opens", "closes", "shelf__name"},
    "rest": {"title", "code", "pages", "opens", "closes", "price", "shelf__name"},
}
"""Columns that each view reads for its response; ``shelf_id`` is needed by the join alone."""
REQUESTS = 6
"""Requests of each view in a process; the first is not counted."""


def serve(tool: str, view: str, rows: int) -> None:
    """Ask for a view in this process, and print what it took and what was found."""
    sys.path.insert(0, str(ROOT))
    with TemporaryDirectory() as folder:
        try:
            _set_up(tool, folder)
            loaded = _fill(rows)
            cpu, unread = _ask(tool, view, loaded)
            answer: dict[str, Any] = {"cpu": cpu, "unread": unread}
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
    os._exit(0)  # threads of a tool's are not waited for


def _set_up(tool: str, folder: str) -> None:
    import django
    from django.conf import settings

    memory = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    databases = {"default": memory}
    options: dict[str, Any] = {"MIDDLEWARE": [], "INSTALLED_APPS": ["rest_framework"]}
    if tool.startswith("dj-tracker"):
        databases["trackings"] = {**memory, "NAME": f"{folder}/trackings.sqlite3"}
        options = {
            "MIDDLEWARE": ["dj_tracker.middleware.DjTrackerMiddleware"],
            "INSTALLED_APPS": ["rest_framework", "dj_tracker"],
            "DATABASE_ROUTERS": ["dj_tracker.db_router.DjTrackerRouter"],
            "DJ_TRACKER": {
                "TRACK_ATTRIBUTES_ACCESSED": tool == "dj-tracker",
                "COLLECTION_INTERVAL": 3600,  # what it saves beside requests is not counted
            },
        }
    settings.configure(
        SECRET_KEY="of no use",
        DEBUG_PROPAGATE_EXCEPTIONS=True,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DATABASES=databases,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": [],
            "DEFAULT_PERMISSION_CLASSES": [],
            "UNAUTHENTICATED_USER": None,
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        },
        **options,
    )
    _define_models()
    django.setup()
    _define_views()


def _define_models() -> None:
    """The models, and their classes as globals of this module."""
    from django.apps import apps
    from django.conf import settings
    from django.db import models

    settings.INSTALLED_APPS.append("wide")
    sys.modules["wide"] = module = type(sys)("wide")
    module.__file__ = __file__
    module.__path__ = []
    apps.populate(settings.INSTALLED_APPS)
    text = models.TextField
    meta = {"Meta": type("Meta", (), {"app_label": "wide"}), "__module__": "wide"}
    shelf = type("Shelf", (models.Model,), {"name": text(), "room": text(), **meta})
    columns: dict[str, Any] = {name: text() for name in ("title", "code", *FILLERS)}
    columns |= {"pages": models.IntegerField()}
    columns |= {name: models.DateTimeField() for name in ("opens", "closes", "added")}
    columns |= {"price": models.FloatField(), "blob": text(), "notes": text()}
    columns["shelf"] = models.ForeignKey(shelf, models.CASCADE)
    globals()["Shelf"] = shelf
    globals()["Wide"] = type("Wide", (models.Model,), {**columns, **meta})


def _define_views() -> None:
    from django.http import HttpRequest, HttpResponse, JsonResponse
    from django.urls import path
    from rest_framework import serializers
    from rest_framework.decorators import api_view
    from rest_framework.request import Request
    from rest_framework.response import Response

    wide: Any = globals()["Wide"]

    class WideSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
        shelf = serializers.CharField(source="shelf.name")
        lasts = serializers.SerializerMethodField()

        class Meta:
            model = wide
            fields = ["title", "code", "pages", "price", "shelf", "lasts"]

        def get_lasts(self, row: Any) -> float:
            return float((row.closes - row.opens).total_seconds())

    def plain(_: HttpRequest) -> HttpResponse:
        rows = wide.objects.select_related("shelf").order_by("pk")
        return JsonResponse(
            {
                "rows": [
                    {
                        **{name: getattr(each, name) for name in ("id", "title", "code", "pages")},
                        "shelf": each.shelf.name,
                        "lasts": (each.closes - each.opens).total_seconds(),
                    }
                    for each in rows
                ]
            }
        )

    @api_view(["GET"])
    def rest(_: Request) -> Response:
        rows = wide.objects.select_related("shelf").order_by("pk")
        return Response(WideSerializer(rows, many=True).data)

    globals()["urlpatterns"] = [path("plain/", plain), path("rest/", rest)]


def _fill(rows: int) -> set[str]:
    """Make the tables and their rows; return the columns that a request loads."""
    from datetime import datetime, timezone

    from django.core.management import call_command
    from django.db import connection, connections

    shelf, wide = globals()["Shelf"], globals()["Wide"]
    with connection.schema_editor() as editor:
        editor.create_model(shelf)
        editor.create_model(wide)
    if "trackings" in connections:
        call_command("migrate", "dj_tracker", database="trackings", verbosity=0)
    shelves = [shelf.objects.create(name=f"Shelf {n}", room="A room") for n in range(20)]
    when = datetime(2026, 3, 6, tzinfo=timezone.utc)
    wide.objects.bulk_create(
        wide(
            **{name: f"{name} {n}" for name in ("title", "code", "blob", "notes", *FILLERS)},
            **dict.fromkeys(("opens", "closes", "added"), when),
            pages=n,
            price=n / 3,
            shelf=shelves[n % 20],
        )
        for n in range(rows)
    )
    joined = {f"shelf__{field.attname}" for field in shelf._meta.concrete_fields}
    return joined | {field.attname for field in wide._meta.concrete_fields}


def _ask(tool: str, view: str, loaded: set[str]) -> tuple[list[float], list[str]]:
    """CPU seconds of each request, and the columns that were found to be read by nothing."""
    ask, unread = _watching(view) if tool == "djtune" else _handling(view)
    took = []
    for _ in range(REQUESTS):
        start = process_time()
        ask()
        took.append(process_time() - start)
    if tool.startswith("dj-tracker"):
        return took[1:], _unread_by_tracker(loaded)
    return took[1:], unread()


def _handling(view: str) -> tuple[Callable[[], None], Callable[[], list[str]]]:
    """A request through Django's own handler."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import RequestFactory

    handler = WSGIHandler()

    def ask() -> None:
        environ = RequestFactory().get(f"/{view}/").environ
        response = handler(environ, lambda *_: None)  # type: ignore[arg-type]
        b"".join(response)
        response.close()

    return ask, list


def _watching(view: str) -> tuple[Callable[[], None], Callable[[], list[str]]]:
    """A request of djtune's pass: replayed, watched, rolled back and added up."""
    from djtune.agent import calls
    from djtune.agent.payloads import reads

    workload = {"journeys": [{"name": view, "steps": [{"route": f"{view}/"}]}]}
    calls.open_session(workload, seed=1, interface="wsgi")
    session = calls.current()
    recorder = reads.Recorder()

    def ask() -> None:
        with reads.watching():
            steps = calls.draw(session, 0, ())
            for _, _, exchange in calls.follow(session, steps, detail=recorder):
                recorder.finish(exchange, ok=exchange.status == 200)

    return ask, lambda: _unread(recorder.tally.summary())


def _unread(summary: dict[str, Any]) -> list[str]:
    return [
        "__".join(filter(None, [column["relation"], column["name"]]))
        for fetch in summary["fetches"]
        for column in fetch["columns"]
        if all(reader["kind"] == "django" for reader in column["readers"])
    ]


def _unread_by_tracker(loaded: set[str]) -> list[str]:
    """What its own tables say, of the columns that were loaded."""
    from dj_tracker import models  # type: ignore[import-not-found]
    from dj_tracker.collector import Collector  # type: ignore[import-not-found]

    Collector.stop()
    got = set()
    trackings = models.FieldTracking.objects.using("trackings").filter(get_count__gt=0)
    for each in trackings.select_related("field__model"):
        prefix = "shelf__" if each.field.model.label.endswith("Shelf") else ""
        got.add(prefix + each.field.name)
    return sorted(loaded - got)


def main() -> None:
    """Make the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--blocks", type=int, default=7)
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        tool, view = options.serve
        serve(tool, view, options.rows)
    else:
        compare(options.python, options.rows, options.blocks)


def compare(python: str, rows: int, blocks: int) -> None:
    """Run every tool in each block, and print the ratios."""
    ratios: dict[tuple[str, str], list[float]] = defaultdict(list)
    unread: dict[tuple[str, str], set[str]] = {}
    left_out: set[str] = set()
    for _ in range(blocks):
        for view in VIEWS:
            cpu = {}
            for tool in random.sample(TOOLS, len(TOOLS)):
                answer = None if tool in left_out else _run(python, tool, view, rows)
                if isinstance(answer, str):
                    print(f"{tool} is left out: {answer}")
                    left_out.add(tool)
                elif answer is not None:
                    cpu[tool] = median(answer["cpu"])
                    unread[tool, view] = set(answer["unread"])
            for tool, seconds in cpu.items():
                ratios[tool, view].append(seconds / cpu["bare"])
    print(f"\nCPU of a request as a multiple of bare, {rows} rows, {blocks} blocks\n")
    for tool in TOOLS[1:]:
        for view in VIEWS if tool not in left_out else ():
            each = ratios[tool, view]
            spread = f"{median(each):5.2f}  ({min(each):.2f} to {max(each):.2f})"
            print(f"{tool:22} {view:6} {spread:24} {_verdict(unread[tool, view], view)}")


def _run(python: str, tool: str, view: str, rows: int) -> Any:
    command = [python, str(Path(__file__)), "--serve", tool, view, "--rows", str(rows)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no word"])[-1]
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer.get("failed", answer)


def _verdict(unread: set[str], view: str) -> str:
    wrong = unread & READ[view]
    loaded = {"id", "title", "code", "pages", "opens", "closes", "added", "price", "blob"}
    loaded |= {"notes", "shelf_id", "shelf__id", "shelf__name", "shelf__room", *FILLERS}
    missed = loaded - READ[view] - unread
    said = f"{len(unread)} columns unread"
    return f"{said}, {len(missed)} missed, {len(wrong)} wrong" + (
        f": {', '.join(sorted(missed | wrong))}" if missed | wrong else ""
    )


if __name__ == "__main__":
    main()
