"""Counts requests by method, route and status, in one pass and bounded memory."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from operator import itemgetter
from typing import Any

from .columns import Memo, minute, size
from .masks import masked
from .reading import Batch
from .recording import RecordingLayout
from .sketch import Buckets

MAX_PATHS = 200_000
"""Distinct paths that are looked up in the URLconf."""
MAX_PATTERNS = 2_000
"""Distinct shapes of paths without a route."""
MAX_KINDS = 1_000
"""Distinct methods and statuses of a target."""
OTHERS = "others"

Resolve = Callable[[list[str]], Iterable[Sequence[str]]]
"""Paths to (kind, route); see ``djtune.agent.resolving``."""


class Tally:
    """Requests of one method to one target that were answered with one status."""

    __slots__ = ("answers", "buckets", "bytes", "requests", "seconds", "sized")

    def __init__(self, *, answers: bool = False) -> None:
        self.answers = answers
        """They are counted by the minute."""
        self.requests: float = 0
        """Times the recorder's 1/sample where it sampled."""
        self.sized = 0
        """Requests whose bytes are known, not multiplied."""
        self.bytes = 0
        self.seconds = 0.0
        """Sum of the durations in ``buckets``."""
        self.buckets: Buckets = Counter()

    def add(self, other: "Tally") -> None:
        """Count the other's requests too."""
        self.requests += other.requests
        self.sized += other.sized
        self.bytes += other.bytes
        self.seconds += other.seconds
        self.buckets.update(other.buckets)


class Target(dict[tuple[Any, Any], Tally]):
    """What was asked for, by method and status as the log has them."""

    def __init__(self, kind: str, name: str = "") -> None:
        super().__init__()
        self.kind = kind
        self.name = name
        """The route, or the shape of the path."""
        self.paths = 0
        """Distinct paths of it."""

    def __missing__(self, key: tuple[Any, Any]) -> Tally:
        if len(self) >= MAX_KINDS:  # whoever asks may send any word as the method
            key = (OTHERS, 0)
            if key in self:
                return self[key]
        tally = self[key] = Tally(answers=self.kind == "route" and key[1] in _ANSWERS)
        return tally


class _Targets(dict[Any, Target]):
    """Targets by path, and one for all paths that there is no room for."""

    def __init__(self) -> None:
        super().__init__()
        self.rest = Target("not looked up")

    def __missing__(self, path: Any) -> Target:
        return self.rest


class Traffic:
    """All requests of the files that were added."""

    def __init__(
        self, resolve: Resolve, max_paths: int = MAX_PATHS, words: Collection[str] = ()
    ) -> None:
        """Count nothing yet; ``words`` may be shown of paths that no route is known for."""
        self.minutes: Counter[int] = Counter()
        """Minute since 1970 (UTC) → requests that were answered with 2xx or 304 by a route."""
        self.users: set[str] = set()
        """Digests of the users that recordings tell apart."""
        self._digests: set[tuple[str | None, str]] = set()
        self._resolve = resolve
        self._max_paths = max_paths
        self._words = words
        self._by_path = _Targets()
        self._by_path[""] = self._malformed = Target("malformed")
        self._by_route = _Targets()
        self._targets: dict[tuple[str, str], Target] = {}
        self._patterns = 0
        self._sizes = Memo(size)
        self._times = Memo(self._time)
        self.first: int | None = None
        self.last: int | None = None

    def targets(self) -> list[Target]:
        """Everything that was asked for."""
        return [
            target
            for target in (*self._targets.values(), self._malformed, self._by_path.rest)
            if target
        ]

    def add(self, batch: Batch) -> None:
        """Count the requests of a batch."""
        targets = self._known(batch)
        if isinstance(batch.layout, RecordingLayout):
            self._tell_apart(batch.layout)
        sizes, times, durations = self._sizes, self._times, batch.layout.durations
        each = batch.each
        sized = "bytes" in batch.layout.has
        minutes = self.minutes
        for method, path, status, length, took, when in batch.rows:
            tally = targets[path][method, status]
            tally.requests += each
            if sized:
                tally.bytes += sizes[length]
                tally.sized += 1
            timing = durations[took]
            if timing is not None:
                tally.seconds += timing.seconds
                tally.buckets[timing.bucket] += 1
            moment = times[when]
            if moment is not None and tally.answers:
                minutes[moment] += each  # type: ignore[assignment]

    def _known(self, batch: Batch) -> _Targets:
        """The targets of the batch's paths, all looked up."""
        targets = self._by_route if batch.by_route else self._by_path
        new = [path for path in dict.fromkeys(map(_PATH, batch.rows)) if path not in targets]
        if batch.by_route:
            for route in new:
                kind = "unknown" if route is None else "route"
                targets[route] = self._target(kind, route or "")
            return targets
        room = max(self._max_paths - len(targets), 0)
        new = new[:room]
        plain = [_plain(path) for path in new]
        found = self._resolve(plain) if new else ()
        for path, cleaned, (kind, route) in zip(new, plain, found, strict=True):
            name = self._shape(cleaned) if kind in ("unknown", "outside") else route
            targets[path] = self._target(kind, name)
            targets[path].paths += 1
        return targets

    def _tell_apart(self, recording: RecordingLayout) -> None:
        """Count the distinct paths and users of a recording, as far as there is room."""
        if len(self._digests) < self._max_paths:
            for route, _ in recording.paths - self._digests:
                self._by_route[route].paths += 1
            self._digests |= recording.paths
        if len(self.users) < self._max_paths:
            self.users |= recording.users - {""}
        recording.paths.clear()
        recording.users.clear()

    def _target(self, kind: str, name: str) -> Target:
        return self._targets.setdefault((kind, name), Target(kind, name))

    def _shape(self, path: str) -> str:
        shape = masked(path, self._words)
        if ("unknown", shape) in self._targets or ("outside", shape) in self._targets:
            return shape
        self._patterns += 1
        return shape if self._patterns <= MAX_PATTERNS else OTHERS

    def _time(self, text: Any) -> int | None:
        moment = minute(text) if text else None
        if moment is not None:
            self.first = moment if self.first is None else min(self.first, moment)
            self.last = moment if self.last is None else max(self.last, moment)
        return moment


_PATH = itemgetter(1)
_ANSWERS = frozenset((*(str(code) for code in (*range(200, 300), 304)), *range(200, 300), 304))
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|(.))")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]*")


def _plain(path: str) -> str:
    """The path alone, as it was asked for: nginx escapes characters, and a proxy names a host."""
    if "\\" in path:
        path = _ESCAPE.sub(_unescaped, path)
        # nginx escapes the bytes of UTF-8 one by one.
        path = path.encode("latin-1", "replace").decode("utf-8", "replace")
    if not path.startswith("/"):
        path = _ABSOLUTE.sub("", path, count=1) or "/"
    return path


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else match[3]
