"""Stacks of a running server as py-spy gives them, the root first."""

from djtune.model.entries import Entry
from djtune.profiling.live.assemble import Recorded, Window
from djtune.servers.sampler import Recording

PACKAGES = "/srv/venv/lib/python3.12/site-packages"
STDLIB = "/usr/lib/python3.12"
PROJECT = "/srv/shop"

SERVER = (
    f"ThreadWorker.run ({PACKAGES}/gunicorn/workers/gthread.py:425)",
    f"ThreadWorker.handle_request ({PACKAGES}/gunicorn/workers/gthread.py:771)",
)
HANDLER = (
    *SERVER,
    f"WSGIHandler.__call__ ({PACKAGES}/django/core/handlers/wsgi.py:124)",
    f"BaseHandler.get_response ({PACKAGES}/django/core/handlers/base.py:140)",
    "convert_exception_to_response.<locals>.inner"
    f" ({PACKAGES}/django/core/handlers/exception.py:55)",
)
IN_VIEW = (*HANDLER, f"BaseHandler._get_response ({PACKAGES}/django/core/handlers/base.py:197)")
IN_THREAD = (
    f"Thread._bootstrap ({STDLIB}/threading.py:1002)",
    f"_WorkItem.run ({STDLIB}/concurrent/futures/thread.py:58)",
    f"SyncToAsync.thread_handler ({PACKAGES}/asgiref/sync.py:635)",
    f"SyncToAsync.__call__.<locals>.func.<locals>.run_child ({PACKAGES}/asgiref/sync.py:560)",
)
IN_LOOP = (
    f"Server.run ({PACKAGES}/uvicorn/server.py:86)",
    f"BaseEventLoop._run_once ({STDLIB}/asyncio/base_events.py:1922)",
    f"ASGIHandler.run_get_response ({PACKAGES}/django/core/handlers/asgi.py:248)",
    f"BaseHandler._get_response_async ({PACKAGES}/django/core/handlers/base.py:253)",
)
CLASS_VIEW = (
    f"View.as_view.<locals>.view ({PACKAGES}/django/views/generic/base.py:105)",
    f"View.dispatch ({PACKAGES}/django/views/generic/base.py:144)",
)
REST_VIEW = (
    f"View.as_view.<locals>.view ({PACKAGES}/django/views/generic/base.py:105)",
    f"APIView.dispatch ({PACKAGES}/rest_framework/views.py:523)",
)
LISTS = f"ListAPIView.get ({PACKAGES}/rest_framework/generics.py:203)"
IDLE = (
    f"ThreadWorker.run ({PACKAGES}/gunicorn/workers/gthread.py:425)",
    f"EpollSelector.select ({STDLIB}/selectors.py:468)",
)
WAITS = f"Condition.wait ({STDLIB}/threading.py:327)"


def own(name: str, file: str = "goods/views.py", line: int = 7, root: str = PROJECT) -> str:
    """A frame of the application's own code."""
    return f"{name} ({root}/{file}:{line})"


def entry(route: str, view: str, *functions: str, methods: tuple[str, ...] = ()) -> Entry:
    """A route whose view is in ``goods/views.py``; a view with methods is a class."""
    file = "goods/views.py"
    codes = [
        (name, "rest_framework/generics.py" if name == "ListAPIView.get" else file)
        for name in functions
    ]
    return Entry(
        route=route,
        view=f"goods.views.{view}",
        name="" if functions == (view,) else view,
        file=file,
        line=3,
        functions=tuple(codes),
        methods=tuple((name, file) for name in methods),
    )


ENTRIES = [
    entry("goods/", "listing", "listing"),
    entry("page/", "Page", "Page.get", methods=("Page.get", "Page.work")),
    entry("other/", "Other", "Page.get", methods=("Page.get", "Other.work")),
    entry("rest/", "Rest", "ListAPIView.get", methods=("Rest.get_queryset",)),
    entry("more/", "More", "ListAPIView.get", methods=("More.get_queryset",)),
    entry("acts/", "Acts", "Acts.list", methods=("Acts.list", "Acts.retrieve")),
    entry("acts/<pk>/", "Acts", "Acts.retrieve", methods=("Acts.list", "Acts.retrieve")),
]


def recorded(*windows: dict[tuple[str, ...], int], **fields: object) -> Recorded:
    """A recording of one process, window by window."""
    return Recorded(
        pid=1,
        rate=50,
        counted="wall",
        windows=[
            Window(2, Recording(stacks, sum(stacks.values()), rate=50, seconds=1.0), 0.5)
            for stacks in windows
        ],
        entries=ENTRIES,
        routes_known=True,
        roots=[PROJECT],
        complete=True,
        **fields,
    )
