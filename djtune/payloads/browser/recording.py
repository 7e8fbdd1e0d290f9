"""One play of a journey with its reads recorded."""

import json
from contextlib import suppress
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from djtune.payloads.browser.coverage import Coverage
from djtune.payloads.browser.stage import Stage, origin_of
from djtune.payloads.clients import Asked, BrowserRun, FieldRead, Place

DRAIN = "window[Symbol.for('djtune')]?.()"
REPORT = "__djtune_report"
SITES = 5
Address = tuple[str, str]


class Recording:
    """Gathers what the recorder in each page notes and what passes the network."""

    def __init__(self, stage: Stage, url: str) -> None:
        self._stage = stage
        self._origin = origin_of(url)
        self._step = ""
        self._asked: dict[Address, Asked] = {}
        self._seen: dict[Address, int] = {}
        self._lost: dict[Address, int] = {}
        self._reads: dict[tuple[str, str, tuple[str, ...]], FieldRead] = {}
        self._scripts: dict[str, str] = {}
        self._coverage = Coverage(stage.context)
        context = stage.context
        context.expose_binding(REPORT, lambda _, told: self._take(told))
        context.add_init_script(recorder(self._origin))
        context.on("response", self._note_response)

    def end(self, step: str) -> None:
        """Take what has been read since the last step as read in this one."""
        self._stage.settle()
        self.leave(step)

    def leave(self, step: str) -> None:
        """Take what has been read until now as read in ``step``."""
        self._step = step
        for _, frame in self._stage.frames():
            # A frame that is just navigating has reported by itself.
            with suppress(Exception):
                self._take(frame.evaluate(DRAIN))
        self._coverage.take()

    def run(self, steps: list[str], errors: list[str]) -> BrowserRun:
        """Everything seen."""
        for address, asked in self._asked.items():
            unseen = self._seen.get(address, 0) < asked.responses
            asked.watched = not (unseen or self._lost.get(address, 0) > 0)
        return BrowserRun(
            steps=steps,
            asked=list(self._asked.values()),
            reads=list(self._reads.values()),
            scripts=self._scripts,
            errors=errors,
            blocked=sorted(self._stage.blocked),
            ran=self._coverage.blocks(self._scripts),
        )

    def _take(self, told: str | None) -> None:
        for entry in json.loads(told or "[]"):
            address = (entry["method"], entry["path"])
            self._seen[address] = self._seen.get(address, 0) + entry["seen"]
            lost = entry["taken"] - entry["parsed"]
            self._lost[address] = self._lost.get(address, 0) + lost
            for noted in entry["fields"]:
                self._add(address, noted)

    def _add(self, address: Address, noted: dict[str, Any]) -> None:
        path = tuple(noted["path"])
        read = self._reads.setdefault((*address, path), FieldRead(*address, path))
        read.picked += noted["picked"]
        read.enumerated += noted["enumerated"]
        if noted["picked"] and self._step not in read.steps:
            read.steps.append(self._step)
        for site in map(_place, noted["sites"]):
            if site not in read.sites and len(read.sites) < SITES:
                read.sites.append(site)

    def _note_response(self, response: Any) -> None:
        kind = response.headers.get("content-type", "").partition(";")[0].lower()
        own = origin_of(response.url) == self._origin
        # A redirect has no body, and a page may be gone before its own has come.
        with suppress(Exception):
            if own and kind.endswith(("/json", "+json")):
                self._note_json(response)
            elif response.request.resource_type in ("script", "document"):
                self._scripts[response.url] = response.text()

    def _note_json(self, response: Any) -> None:
        address = (response.request.method, urlsplit(response.url).path)
        asked = self._asked.setdefault(address, Asked(*address, responses=0, bytes=0))
        asked.responses += 1
        asked.bytes += len(response.body())


def recorder(origin: str) -> str:
    """The recorder's source, for responses of one server."""
    text = files("djtune.payloads.browser").joinpath("recorder.js").read_text()
    return text.replace('"__SERVER__"', json.dumps(origin))


def _place(site: str) -> Place:
    file, line, column = site.rsplit(":", 2)
    return Place(file=file, line=int(line), column=int(column))
