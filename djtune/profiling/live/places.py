"""Which view a stack of a running server belongs to, as far as its frames tell.

A frame names a function, its file and its line, not its arguments: the view is known where its own
code is on the stack. It is not for a class-based view that inherits its method, for work that an
async view hands to a thread, or for a response that is rendered after the view returned.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import dropwhile, takewhile
from pathlib import PurePosixPath

from msgspec import Struct

from djtune.model.entries import Entry
from djtune.profiling.live.result import Kind
from djtune.servers.sampler import Frame

HANDLERS = "django/core/handlers/"
RESPONSE_GETTERS = ("_get_response", "_get_response_async")
THREAD_ENTRIES = ("thread_handler", "func", "run_child", "main_wrap")
"""Functions of asgiref's through which a request's work comes to a thread, or to a loop."""
WRAPPERS = (
    "asgiref/sync.py",
    "asgiref/current_thread_executor.py",
    "contextlib.py",
    "django/contrib/auth/decorators.py",
    "django/utils/decorators.py",
    "django/views/decorators/",
    "django/views/generic/base.py",
    "concurrent/futures/thread.py",
    "rest_framework/decorators.py",
    "rest_framework/views.py",
    "rest_framework/viewsets.py",
    "adrf/",
)
"""Files between the handler and the view's own code."""
EXECUTORS = ("/threading.py", "/queue.py", "concurrent/futures/thread.py")
MIDDLEWARE_HOOKS = (
    "process_request",
    "process_response",
    "process_view",
    "process_exception",
    "process_template_response",
)
VIEW_PACKAGES = ("django/views/", "django/contrib/", "rest_framework/")
"""Of views that an application uses or inherits from."""
INSTALLED = ("/site-packages/", "/dist-packages/", "/lib/python3", "/lib64/python3")
SOURCES = (".py", ".pyx", ".html", ".jinja", ".jinja2", ".j2", ".txt")
"""Names of source files, templates that were compiled to Python among them."""


class Place(Struct, frozen=True):
    """What a thread of a request was doing."""

    kind: Kind
    name: str
    where: str = ""
    """file:line of a view, the file of other code."""
    routes: tuple[str, ...] = ()


HANDLING = Place("handling", "middleware and Django's own handling")
RENDERING = Place("rendering", "rendering after the view returned")
HANDOVER = Place("handling", "waiting for its request in another thread")


class Views:
    """The views of a URLconf, to be found by the frames of their code."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._functions: dict[str, list[_Code]] = {}
        self._methods: dict[str, list[_Code]] = {}
        for entry in entries:
            for known, codes in (
                (self._functions, entry.functions),
                (self._methods, entry.methods),
            ):
                for name, file in codes:
                    basename = PurePosixPath(file).name
                    known.setdefault(basename, []).append(_Code(name, file, entry))
        self._owners = lru_cache(maxsize=None)(self._find)

    def find(self, frames: Sequence[Frame]) -> tuple[int, list[Entry]]:
        """Return the position of the first frame that is a view's code, and whose it can be.

        Code that several views share, a method that they inherit, is told apart by what it calls
        of one of them alone. Where nothing does, all are returned; none where no view is found.
        """
        first, left = 0, list[Entry]()
        for position, frame in enumerate(frames):
            owners = self._owners(frame.name, frame.file)
            if owners and not left:
                first, left = position, owners
            elif narrower := [entry for entry in left if entry in owners]:
                left = narrower
        return first, left

    def _find(self, name: str, file: str) -> list[Entry]:
        basename = PurePosixPath(file).name
        for known in (self._functions, self._methods):
            codes = known.get(basename, ())
            if found := dict.fromkeys(code.entry for code in codes if code.owns(name, file)):
                return list(found)
        return []


class _Code(Struct, frozen=True):
    name: str
    file: str
    """From the project's root, so that it is found where the server runs in another folder."""
    entry: Entry

    def owns(self, name: str, file: str) -> bool:
        mine = name == self.name or name.startswith(f"{self.name}.<locals>.")
        return mine and (file == self.file or file.endswith(f"/{self.file}"))


def is_application(file: str) -> bool:
    """Tell the application's own code from what is installed and from the interpreter's."""
    return (
        file.endswith(SOURCES)
        and not file.startswith("<")
        and not any(part in file for part in INSTALLED)
    )


def locate(frames: Sequence[Frame], views: Views) -> tuple[Place, Sequence[Frame]] | None:
    """Return what a stack (the root first) was doing, and the frames of that.

    ``None`` where it is in no request.
    """
    position, entries = views.find(frames)
    if _is_handed_over(frames):
        return HANDOVER, frames[position:]
    if entries:
        inside = frames[position:]
        return _told(inside, entries), inside
    inner = _inside_request(frames)
    return None if inner is None else (_untold(inner), inner)


def _told(inside: Sequence[Frame], entries: Sequence[Entry]) -> Place:
    """Name the view, where it is one alone; else the code that views share."""
    routes = tuple(entry.route for entry in entries)
    if len({entry.view for entry in entries}) > 1:
        return _by_code(inside, routes)
    view = entries[0]
    where = f"{view.file}:{view.line}" if view.file else ""
    if not view.name:
        return Place("view", view.functions[0][0], where, routes)
    method = inside[0].name.partition(".<locals>")[0].rpartition(".")[2]
    return Place("view", f"{view.name}.{method}", where, routes)


def _inside_request(frames: Sequence[Frame]) -> Sequence[Frame] | None:
    """Return the frames that follow Django's handler; ``None`` without one on the stack."""
    inner: Sequence[Frame] | None = None
    for position, frame in enumerate(frames):
        if HANDLERS in frame.file:
            inner = frames[position + 1 :] if _last(frame.name) in RESPONSE_GETTERS else ()
        elif frame.file.endswith("asgiref/sync.py") and _last(frame.name) in THREAD_ENTRIES:
            inner = frames[position + 1 :]
    return inner


def _untold(inner: Sequence[Frame]) -> Place:
    """Name what a request did by the first code that is the application's own."""
    if any(_last(frame.name) in MIDDLEWARE_HOOKS for frame in inner[:1]):
        return HANDLING
    if inner and inner[0].file.endswith("django/template/response.py"):
        return RENDERING
    inside = list(dropwhile(_is_wrapper, inner))
    entered = inside and any(part in inside[0].file for part in VIEW_PACKAGES)
    if entered or any(is_application(frame.file) for frame in inside):
        return _by_code(inside)
    return HANDLING


def _by_code(inside: Sequence[Frame], routes: tuple[str, ...] = ()) -> Place:
    """Name the code that a view is entered through, and the application's first function in it."""
    first = inside[0]
    application = [frame for frame in inside if is_application(frame.file)]
    # A decorator's closure only leads to the function that it wraps.
    own = next((f for f in application if "<locals>" not in f.name), None)
    own = own or (application[0] if application else first)
    led_to = own is not first and not is_application(first.file)
    name = f"{first.name} → {own.name}" if led_to else own.name
    return Place("untold", name, own.file, routes)


def _is_wrapper(frame: Frame) -> bool:
    return any(part in frame.file for part in WRAPPERS)


def _is_handed_over(frames: Sequence[Frame]) -> bool:
    """Tell a thread that waits in ``async_to_sync`` for code that runs in another one."""
    waiting = list(takewhile(_is_of_executors, reversed(frames)))
    return any(frame.name.startswith("AsyncToSync.") for frame in waiting)


def _is_of_executors(frame: Frame) -> bool:
    return "asgiref/" in frame.file or frame.file.endswith(EXECUTORS)


def _last(name: str) -> str:
    return name.rpartition(".")[2]
