"""A fresh browser context for each play: whom it may ask, and when it has come to rest."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from djtune.payloads.browser.jobs import Setting

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
REST = 0.15
"""Seconds without a request under way after which a page is taken to be at rest."""
PATIENCE = 5.0
"""Seconds after which a page that does not come to rest is taken as it is."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def launch(playwright: Any, setting: Setting) -> Any:
    """Start Chromium, in which no name resolves but loopback's and the server's."""
    hosts = {*_LOOPBACK, urlsplit(setting.url).hostname or ""}
    excluded = " ".join(f", EXCLUDE {host}" for host in sorted(filter(None, hosts)))
    rules = f"--host-resolver-rules=MAP * ~NOTFOUND {excluded}"
    return playwright.chromium.launch(
        executable_path=setting.executable or None,
        args=[rules],
        handle_sigint=False,
    )


class Stage:
    """The context of one play, and the requests made in it."""

    def __init__(self, context: Any, setting: Setting) -> None:
        self.context = context
        self.blocked: set[str] = set()
        self._setting = setting
        self._origin = origin_of(setting.url)
        self._under_way: set[Any] = set()
        context.on("request", lambda request: self._under_way.add(request))
        for end in ("requestfinished", "requestfailed"):
            context.on(end, lambda request: self._under_way.discard(request))
        elsewhere = re.compile(rf"^(?!{re.escape(self._origin)}(/|$))")
        context.route(re.compile(".*") if setting.reading_only else elsewhere, self._gate)
        if setting.reading_only:
            context.route_web_socket(re.compile(".*"), lambda socket: socket.close())
            context.add_init_script(files(__package__).joinpath("reading.js").read_text())

    def _gate(self, route: Any) -> None:
        """Let through what can do no harm: the server, and reading from this machine."""
        request = route.request
        host = urlsplit(request.url).hostname or ""
        near = host in _LOOPBACK or origin_of(request.url) == self._origin
        if near and request.method in SAFE_METHODS:
            route.fallback()
        else:
            self.blocked.add(host)
            route.abort("blockedbyclient")

    def settle(self) -> None:
        """Wait until no request has been under way for a moment."""
        end = time.monotonic() + PATIENCE
        rest = time.monotonic() + REST
        while self.context.pages and time.monotonic() < min(rest, end):
            self.context.pages[0].wait_for_timeout(25)
            if self._under_way:
                rest = time.monotonic() + REST
        # What does not end, a stream of events, is not waited for again.
        self._under_way.clear()

    def frames(self) -> Iterator[tuple[str, Any]]:
        """Every frame of every page that is open, and a name for it."""
        for number, page in enumerate(self.context.pages):
            for nested, frame in enumerate(page.frames):
                yield f"{number}.{nested}", frame


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@contextmanager
def stage(browser: Any, setting: Setting, **options: Any) -> Iterator[Stage]:
    """Open a context for one play, signed in where the setting has a cookie."""
    # A service worker would answer in the server's place.
    context = browser.new_context(base_url=setting.url, service_workers="block", **options)
    try:
        context.set_default_timeout(setting.timeout * 1000)
        if setting.cookie:
            name, value = setting.cookie
            context.add_cookies([{"name": name, "value": value, "url": setting.url}])
        yield Stage(context, setting)
    finally:
        context.close()
