"""A timing loop over the sample site with no djtune in it, to hold djtune's ranking against.

    cd sample_site && python ../benchmarks/loop.py [--rounds 10] [--seed 1]

One fresh process: the evening peak of ``sample_site/workload.yaml``, written out by hand, through
Django's own WSGI handler with a clock around it. Prints, as JSON, for each route how often it is
asked for and how long it takes on average, the first request apart.
"""

import argparse
import io
import json
import os
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

import django

Answer = dict[str, Any]
WEIGHTS = {
    "launch": 60.0,
    "browse": 12.0,
    "zap": 15.0,
    "web": 8.0,
    "bookmark": 1.0,
    "export": 0.2,
    "health": 20.0,
}


class Loop:
    """Asks for pages and keeps how long each took."""

    def __init__(self, seed: int) -> None:
        from django.core.handlers.wsgi import WSGIHandler

        from accounts.models import Device  # type: ignore[import-not-found]
        from epg.models import Channel, Show  # type: ignore[import-not-found]

        self.handler = WSGIHandler()
        self.draw = random.Random(seed)
        devices = list(Device.objects.filter(user__profile__isnull=False, user__is_active=True))
        self.devices = self.draw.sample(devices, min(200, len(devices)))
        self.shows = list(Show.objects.order_by("pk").values_list("pk", flat=True)[:100])
        free = Channel.objects.filter(package__code="free").order_by("pk")
        self.channels = list(free.values_list("slug", flat=True))
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def ask(
        self, route: str, path: str, *, token: str = "", query: str = "", body: Any = None
    ) -> Answer:
        """One request, from the handler's call to the response's close."""
        sent = json.dumps(body).encode() if body else b""
        environ = {
            "REQUEST_METHOD": "POST" if body else "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(sent)),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost",
            "HTTP_ACCEPT": "*/*",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.input": io.BytesIO(sent),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
        }
        if token:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        start = perf_counter()
        response = self.handler(environ, _start_response)
        content = b"".join(response)
        response.close()
        self.seconds[route].append(perf_counter() - start)
        if response.status_code not in (200, 301):
            raise SystemExit(f"{path} answered {response.status_code}")
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return json.loads(content) if is_json else {}

    def skewed(self, values: list[Any], skew: float) -> Any:
        """A value by Zipf's law over the ranks."""
        weights = [1 / rank**skew for rank in range(1, len(values) + 1)]
        return self.draw.choices(values, weights)[0]

    def sign_in(self) -> str:
        """A device's token."""
        device = self.draw.choice(self.devices)
        body = {"device": device.code, "secret": device.secret}
        return str(self.ask("POST api/auth/", "/api/auth/", body=body)["token"])

    def launch(self) -> None:
        """Open the application."""
        token = self.sign_in()
        channel = self.ask("GET api/profile/", "/api/profile/", token=token)["last_channel"]
        self.ask("GET api/channels/", "/api/channels/", token=token)
        day = self.skewed(["today", "tomorrow"], 2.5)
        query = f"day={day}&from=1&to=40"
        self.ask("GET api/epg/", "/api/epg/", token=token, query=query)
        self.ask("GET api/stream/<slug:channel>/", f"/api/stream/{channel}/", token=token)

    def browse(self) -> None:
        """Look for something else."""
        token = self.sign_in()
        self.ask("GET api/recommendations/", "/api/recommendations/", token=token)
        for _ in range(2):
            show = self.skewed(self.shows, 0.8)
            self.ask("GET api/shows/<int:pk>/", f"/api/shows/{show}/", token=token)

    def zap(self) -> None:
        """Change channels."""
        token = self.sign_in()
        channels = [self.skewed(self.channels, 1.0) for _ in range(3)]
        segment = self.draw.randint(443200000, 443200005)
        self.ask("GET api/stream/<slug:channel>/", f"/api/stream/{channels[0]}/", token=token)
        playlist = "GET hls/<slug:channel>/playlist.m3u8"
        self.ask(playlist, f"/hls/{channels[1]}/playlist.m3u8")
        self.ask("GET hls/<slug:channel>/<int:segment>.ts", f"/hls/{channels[2]}/{segment}.ts")

    def web(self) -> None:
        """Read the website."""
        self.ask("GET ", "/")
        self.ask("GET web/shows/", "/web/shows/", query=f"page={self.skewed([1, 2, 3], 1.5)}")

    def bookmark(self) -> None:
        """Follow an old link."""
        self.ask("GET old/guide/", "/old/guide/")

    def export(self) -> None:
        """Take one's data along."""
        self.ask("GET api/account/export/", "/api/account/export/", token=self.sign_in())

    def health(self) -> None:
        """Be the load balancer."""
        self.ask("GET api/health/", "/api/health/")

    def run(self, rounds: int) -> dict[str, dict[str, float]]:
        """Make every journey ``rounds`` times in random order, and once before, not counted."""
        calls: dict[str, float] = defaultdict(float)
        for name, journey in self.journeys():
            journey()
            for route, times in self.seconds.items():
                calls[route] += WEIGHTS[name] * len(times)
            self.seconds.clear()
        order = [journey for _, journey in self.journeys()] * rounds
        self.draw.shuffle(order)
        for journey in order:
            journey()
        return {
            route: {"calls": calls[route], "mean": fmean(times)}
            for route, times in self.seconds.items()
        }

    def journeys(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Names and journeys."""
        return ((name, getattr(self, name)) for name in WEIGHTS)


def _start_response(*_: Any) -> Callable[[bytes], object]:
    return lambda _: None


def main() -> None:
    """Set the site up, run the loop and print what it found."""
    parser = argparse.ArgumentParser(description="Time the sample site without djtune.")
    parser.add_argument("--rounds", type=int, default=10, help="times each journey is made")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.path.insert(0, str(Path.cwd()))
    os.environ["DJANGO_SETTINGS_MODULE"] = "streaming.settings"
    django.setup()
    print(json.dumps(Loop(options.seed).run(options.rounds)))


if __name__ == "__main__":
    main()
