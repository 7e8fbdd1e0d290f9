from collections import deque
from functools import cache, lru_cache
from itertools import count

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from conf.reports import Entry, Phoenix, Report, Visit

VISITS: list[Visit] = []
PATHS: list[str] = []
LATEST: deque[Visit] = deque(maxlen=1000)
SEEN: dict[str, Visit] = {}
newest: Entry | None = None


def clean(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"left": "nothing"})


def cycle(request: HttpRequest, sections: int) -> HttpResponse:
    return HttpResponse(str(len(Report(sections).sections)))


def heavy(request: HttpRequest, size: int) -> HttpResponse:
    report = Report(1)
    report.text = "x" * size
    return HttpResponse("written")


def from_outside(request: HttpRequest) -> HttpResponse:
    request.report = Report(1)
    request.report.request = request
    return HttpResponse("set")


def error(request: HttpRequest) -> HttpResponse:
    try:
        raise ValueError("kept")
    except ValueError as problem:
        kept = problem
    return HttpResponse(type(kept).__name__)


def closure(request: HttpRequest) -> HttpResponse:
    def countdown(n: int) -> int:
        return countdown(n - 1) if n else 0

    return HttpResponse(str(countdown(3)))


def made_class(request: HttpRequest) -> HttpResponse:
    return HttpResponse(type("Made", (), {}).__name__)


def visits(request: HttpRequest) -> HttpResponse:
    VISITS.append(Visit())
    return HttpResponse("kept")


def paths(request: HttpRequest) -> HttpResponse:
    PATHS.append(request.path)
    return HttpResponse("kept")


def chain(request: HttpRequest) -> HttpResponse:
    global newest
    newest = Entry(newest)
    return HttpResponse("kept")


def phoenix(request: HttpRequest) -> HttpResponse:
    Phoenix()
    return HttpResponse("back again")


@lru_cache
def _looked_up(name: str) -> Visit:
    return Visit()


def cached(request: HttpRequest) -> HttpResponse:
    SEEN[request.path] = _looked_up(request.path)
    return HttpResponse("once")


@lru_cache(maxsize=1000)
def _bounded(number: int) -> Visit:
    return Visit()


@cache
def _unbounded(number: int) -> Visit:
    return Visit()


numbers = count()


def bounded(request: HttpRequest) -> HttpResponse:
    _bounded(next(numbers))
    LATEST.append(Visit())
    return HttpResponse("until it is full")


def unbounded(request: HttpRequest) -> HttpResponse:
    _unbounded(next(numbers))
    return HttpResponse("for ever")


urlpatterns = [
    path("clean/", clean),
    path("cycle/<int:sections>/", cycle),
    path("heavy/<int:size>/", heavy),
    path("from-outside/", from_outside),
    path("error/", error),
    path("closure/", closure),
    path("made-class/", made_class),
    path("visits/", visits),
    path("paths/", paths),
    path("chain/", chain),
    path("phoenix/", phoenix),
    path("cached/", cached),
    path("bounded/", bounded),
    path("unbounded/", unbounded),
]
