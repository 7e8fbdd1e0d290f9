"""Cyclic garbage of the sample site's requests, counted by hand: to hold `--audit` against.

There is nothing of djtune's in this script: it calls Django's own WSGI handler with the collector
off, and counts what one `gc.collect()` then finds. The requests and the user are those of
`cycle_audit.yaml`, in the same order. With `--against`, the file of

    djtune gc-sweep --audit --workload benchmarks/cycle_audit.yaml --format json

made for the same data, it says where the two differ, and exits with 1 if they do.

Needs the `site` extra, and data (`djtune site seed --size large --data DIR`)::

    python benchmarks/cycle_audit.py --data DIR [--json] [--against result.json]
"""

import argparse
import gc
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

SITE = Path(__file__).resolve().parent.parent / "sample_site"
USERNAME = "viewer00003"
WARM_ROUNDS = 3
REQUESTS = [
    ("POST", "api/auth/", "/api/auth/"),
    ("GET", "api/profile/", "/api/profile/"),
    ("GET", "api/channels/", "/api/channels/"),
    ("GET", "api/epg/", "/api/epg/?day=today&from=1&to=40"),
    ("GET", "api/shows/<int:pk>/", "/api/shows/1/"),
    ("GET", "web/shows/", "/web/shows/?page=1"),
    ("GET", "api/health/", "/api/health/"),
]
"""Method, route and URL."""


class Site:
    """The site in this process, asked by one user."""

    def __init__(self) -> None:
        import django

        django.setup()
        from django.contrib.auth import get_user_model
        from django.core.handlers.wsgi import WSGIHandler

        self._handler = WSGIHandler()
        user: Any = get_user_model().objects.get(username=USERNAME)
        device = user.devices.get()
        self._credentials = json.dumps({"device": device.code, "secret": device.secret}).encode()
        self._token = ""

    def ask(self, method: str, url: str) -> None:
        """Make one request, and keep nothing of it but the token."""
        body = self._credentials if method == "POST" else b""
        path, _, query = url.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            # As many headers as djtune sends: Django and REST framework make a tuple of each.
            "HTTP_ACCEPT": "*/*",
            "HTTP_ACCEPT_ENCODING": "gzip",
            "HTTP_USER_AGENT": "by hand",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if body:
            environ["CONTENT_TYPE"] = "application/json"
        if self._token:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {self._token}"
        statuses: list[str] = []

        def start_response(status: str, *_: Any) -> Callable[[bytes], object]:
            statuses.append(status)
            return bytes

        response = self._handler(environ, start_response)
        answer = b"".join(response)
        response.close()
        assert statuses[0].startswith("200"), (url, statuses)
        if method == "POST":
            self._token = json.loads(answer)["token"]


def collected() -> int:
    """Objects that one collection finds to be garbage."""
    return gc.collect()


def kept() -> list[Any]:
    """The objects themselves."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.set_debug(0)
    found = gc.garbage[:]
    gc.garbage.clear()
    return found


def count(site: Site) -> list[dict[str, Any]]:
    """Each request twice: once to count what is freed, once to see what it is."""
    gc.disable()
    for _ in range(WARM_ROUNDS):
        site._token = ""
        for method, _, url in REQUESTS:
            site.ask(method, url)
    found = []
    for method, route, url in REQUESTS:
        if method == "POST":
            site._token = ""
        while collected():
            pass
        site.ask(method, url)
        objects = collected()
        while collected():
            pass
        if method == "POST":
            site._token = ""
        site.ask(method, url)
        garbage = kept()
        assert len(garbage) == objects, (url, objects, len(garbage))
        names = Counter(name_of(type(each)) for each in garbage)
        size = sum(map(sys.getsizeof, garbage))
        del garbage
        found.append(
            {
                "method": method,
                "route": route,
                "objects": objects,
                "bytes": size,
                "types": dict(sorted(names.items())),
            }
        )
    return found


def name_of(cls: type) -> str:
    """The dotted name of a class."""
    if cls.__module__ == "builtins":
        return cls.__qualname__
    return f"{cls.__module__}.{cls.__qualname__}"


def differences(found: list[dict[str, Any]], result: dict[str, Any]) -> list[str]:
    """Where a result of djtune's says something else."""
    routes = {(route["method"], route["route"]): route for route in result["routes"]}
    lines = []
    for mine in found:
        route = f"{mine['method']} {mine['route']}"
        theirs = routes.get((mine["method"], mine["route"]))
        if theirs is None:
            lines.append(f"{route}: not there")
            continue
        counts = theirs["objects"]
        if not counts["low"] == counts["high"] == mine["objects"]:
            lines.append(f"{route}: {mine['objects']} here, {counts['low']}–{counts['high']} there")
        types = {each["name"]: each["objects"] for each in theirs["types"]}
        if types != mine["types"]:
            here, there = Counter(mine["types"]), Counter(types)
            lines.append(f"{route}: only here {here - there}, only there {there - here}")
    return lines


def main() -> None:
    """Print what each request leaves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of the site's data")
    parser.add_argument("--json", action="store_true", help="with types, for other programs")
    parser.add_argument("--against", type=Path, help="JSON of djtune's audit of the same data")
    options = parser.parse_args()
    os.environ.update(SITE_DATA=options.data, DJANGO_SETTINGS_MODULE="streaming.settings")
    sys.path.insert(0, str(SITE))
    found = count(Site())
    if options.json:
        print(json.dumps(found))
        return
    print(f"Python {sys.version.split()[0]}: objects and bytes that one request leaves in cycles")
    for each in found:
        request = f"{each['method']} {each['route']}"
        print(f"{request:28} {each['objects']:>8,} {each['bytes']:>12,} B")
    if options.against:
        result = json.loads(options.against.read_text())
        lines = differences(found, result.get("audit", result))
        print("\n".join(lines or ["djtune's audit says the same, type by type."]))
        sys.exit(bool(lines))


if __name__ == "__main__":
    main()
