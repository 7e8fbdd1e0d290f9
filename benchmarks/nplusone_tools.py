"""Asks one page of the project of shapes under one tool, and prints what the tool says of it.

A process of its own for each tool and page: started by ``benchmarks/nplusone.py`` in the project's
folder, as ``nplusone_tools.py TOOL INTERFACE PATH``; without a page it makes the tool's tables.
Every tool is set up as its README says, and asked for warnings rather than exceptions. The page is
asked twice, and the tool heard the second time: what a process looks up once does not count.
"""

import asyncio
import json
import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Protocol

sys.path[0] = str(Path.cwd())


@dataclass
class Complaint:
    """One N+1 as a tool reports it."""

    text: str
    place: str = ""
    """file:line."""


@dataclass
class Heard:
    """All that a tool says of one request."""

    complaints: list[Complaint] = field(default_factory=list)
    listed: int = 0
    """Queries that it shows, of a tool that judges none."""


class Tool(Protocol):
    """A tool in the project's process."""

    def install(self, settings: ModuleType) -> None:
        """Change the settings before Django reads them."""

    def listen(self) -> AbstractContextManager[Heard]:
        """Collect what it says within."""


class Zeal:
    """django-zeal: a warning for each N+1, with the nearest line of the project."""

    _PLACE = re.compile(r" at (.+:\d+) in ")

    def install(self, settings: ModuleType) -> None:
        """Its app and middleware come last."""
        settings.INSTALLED_APPS.append("zeal")
        settings.MIDDLEWARE.append("zeal.middleware.zeal_middleware")
        settings.ZEAL_RAISE = False  # type: ignore[attr-defined]

    @contextmanager
    def listen(self) -> Iterator[Heard]:
        """Its warnings."""
        heard = Heard()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield heard
        for text in sorted({str(warning.message) for warning in caught}):
            if "N+1" in text:
                place = self._PLACE.search(text)
                heard.complaints.append(Complaint(text, place[1] if place else ""))


class NPlusOne:
    """nplusone: a log line for each N+1, with the relation and no place."""

    def install(self, settings: ModuleType) -> None:
        """Its middleware comes first."""
        settings.INSTALLED_APPS.append("nplusone.ext.django")
        settings.MIDDLEWARE.insert(0, "nplusone.ext.django.NPlusOneMiddleware")
        settings.NPLUSONE_LOGGER = logging.getLogger("nplusone")  # type: ignore[attr-defined]
        settings.NPLUSONE_LOG_LEVEL = logging.WARNING  # type: ignore[attr-defined]

    @contextmanager
    def listen(self) -> Iterator[Heard]:
        """Its log; unused eager loads, which it reports too, are another matter."""
        heard = Heard()
        lines: set[str] = set()
        handler = logging.Handler()
        handler.emit = lambda record: lines.add(record.getMessage())  # type: ignore[method-assign]
        logger = logging.getLogger("nplusone")
        logger.addHandler(handler)
        yield heard
        logger.removeHandler(handler)
        heard.complaints += [Complaint(line) for line in sorted(lines) if "n+1" in line]


class Silk:
    """django-silk: a page that lists every query it recorded, and judges none."""

    def install(self, settings: ModuleType) -> None:
        """Its middleware comes first."""
        settings.INSTALLED_APPS.append("silk")
        settings.MIDDLEWARE.insert(0, "silk.middleware.SilkyMiddleware")

    @contextmanager
    def listen(self) -> Iterator[Heard]:
        """The queries of the last request that it recorded."""
        models = import_module("silk.models")
        heard = Heard()
        yield heard
        last = models.Request.objects.order_by("start_time").last()
        heard.listed = models.SQLQuery.objects.filter(request=last).count()


class QueryDoctor:
    """django-query-doctor: a report for each request, with a place and a remedy."""

    ISSUES = ("n_plus_one", "serializer_method_field", "write_n_plus_one")

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._report = Path(self._folder.name) / "report.json"

    def install(self, settings: ModuleType) -> None:
        """Its middleware comes last; the report goes to a file."""
        settings.INSTALLED_APPS.append("query_doctor")
        settings.MIDDLEWARE.append("query_doctor.middleware.QueryDoctorMiddleware")
        settings.QUERY_DOCTOR = {  # type: ignore[attr-defined]
            "REPORTERS": ["json"],
            "JSON_REPORT_PATH": str(self._report),
        }

    @contextmanager
    def listen(self) -> Iterator[Heard]:
        """Its report, which it writes only where it has something to say."""
        heard = Heard()
        self._report.unlink(missing_ok=True)
        yield heard
        if self._report.exists():
            found = json.loads(self._report.read_text())["prescriptions"]
            heard.complaints += [
                self._complaint(entry) for entry in found if entry["issue_type"] in self.ISSUES
            ]

    @staticmethod
    def _complaint(entry: dict[str, dict[str, str]]) -> Complaint:
        where = entry["location"]
        return Complaint(
            f"{entry['description']}. {entry['fix_suggestion']}",
            f"{where['file']}:{where['line']}" if where else "",
        )


TOOLS: dict[str, type[Tool]] = {
    "zeal": Zeal,
    "nplusone": NPlusOne,
    "silk": Silk,
    "query_doctor": QueryDoctor,
}


def main(name: str, interface: str = "wsgi", path: str = "") -> None:
    """Ask the page under the tool; print what was heard as JSON."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "conf.settings"
    tool = TOOLS[name]()
    tool.install(import_module("conf.settings"))

    import django
    from django.core.management import call_command

    django.setup()
    if not path:
        call_command("migrate", run_syncdb=True, verbosity=0)
        return
    _ask(interface, path)
    with tool.listen() as heard:
        _ask(interface, path)
    print(json.dumps(asdict(heard)))


def _ask(interface: str, path: str) -> None:
    from django.test import AsyncClient, Client

    if interface == "asgi":
        status = asyncio.run(AsyncClient().get(path)).status_code
    else:
        response = Client().get(path)
        response.getvalue()
        status = response.status_code
    if status != 200:
        raise RuntimeError(f"{path} answered {status}")


if __name__ == "__main__":
    main(*sys.argv[1:])
