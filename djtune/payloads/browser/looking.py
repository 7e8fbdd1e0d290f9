"""One play of a journey without some fields, and what the user sees at the end of each step."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from djtune.payloads.browser.jobs import Look, Removal, Seen
from djtune.payloads.browser.stage import Stage
from djtune.payloads.removal import without


class Looking:
    """Deletes the fields on their way, and notes what is seen."""

    def __init__(self, stage: Stage, look: Look, key: bytes) -> None:
        self._stage = stage
        self._key = key
        self._errors: list[str] = []
        self._requests: list[str] = []
        self._look = _source("look.js")
        self.seen: list[Seen] = []
        context = stage.context
        context.clock.set_fixed_time(look.now * 1000)
        context.add_init_script(_source("still.js"))
        context.on("weberror", lambda raised: self._errors.append(raised.error.name))
        context.on("request", self._note_request)
        for removal in look.remove:
            context.route(_asks_for(removal), _deleting(removal))

    def leave(self, step: str) -> None:
        """Nothing is looked at in the middle of a step."""

    def end(self, step: str) -> None:
        """Note what is seen now as the end of the step."""
        self._stage.settle()
        places: dict[str, str] = {}
        for frame_name, frame in self._stage.frames():
            with suppress(Exception):
                for place, value in json.loads(frame.evaluate(self._look)):
                    places[f"{frame_name}:{place}"] = self._digest(value)
        self.seen.append(Seen(step, places, sorted(self._errors), sorted(self._requests)))
        self._errors.clear()
        self._requests.clear()

    def _note_request(self, request: Any) -> None:
        self._requests.append(self._digest(f"{request.method} {request.url}"))

    def _digest(self, value: str) -> str:
        return blake2b(value.encode(errors="replace"), key=self._key, digest_size=8).hexdigest()


def _asks_for(removal: Removal) -> Callable[[str], bool]:
    pattern = re.compile(removal.pattern)
    return lambda url: pattern.fullmatch(urlsplit(url).path) is not None


def _deleting(removal: Removal) -> Callable[[Any], None]:
    from playwright.sync_api import Error

    def answer(route: Any) -> None:
        if route.request.method != removal.method:
            route.fallback()
            return
        try:
            response = route.fetch()
            body = response.body()
        except Error:  # the page that asked is gone
            return
        with suppress(ValueError):
            body = json.dumps(without(json.loads(body), removal.paths)).encode()
        dropped = ("content-length", "content-encoding", "transfer-encoding")
        headers = {name: each for name, each in response.headers.items() if name not in dropped}
        route.fulfill(status=response.status, headers=headers, body=body)

    return answer


def _source(name: str) -> str:
    return files("djtune.payloads.browser").joinpath(name).read_text()
