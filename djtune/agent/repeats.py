"""What one journey asks for more than once: the same query, or the same cached value."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter, defaultdict
from typing import Any

_VARIABLE = re.compile(r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3,}|[0-9a-fA-F]{16,}|\d+")


def key_pattern(key: Any) -> str:
    """A cache key with its variable parts masked: ``profile:12345`` → ``profile:*``."""
    parts = key if isinstance(key, tuple) else (key,)
    texts = (
        part.decode(errors="replace") if isinstance(part, bytes) else str(part) for part in parts
    )
    return " ".join(_VARIABLE.sub("*", text) for text in texts)


class Repeats:
    """Collects, per journey made, which steps asked for each query and cached value."""

    def __init__(self) -> None:
        self._secret = os.urandom(16)
        self._journeys: list[dict[tuple[str, ...], Counter[int]]] = []
        self._step = -1

    def start_journey(self) -> None:
        """Another user sets out."""
        self._journeys.append(defaultdict(Counter))

    def start_step(self, step: int) -> None:
        """The journey's next request."""
        self._step = step

    def note_query(self, alias: str, sql: Any, params: Any) -> None:
        """A query was made with these parameters."""
        self._note("query", alias, str(sql), repr(params))

    def note_cache_get(self, key: Any, hit: bool) -> None:
        """A cached value was asked for."""
        if hit:
            self._note("cache", "", key_pattern(key), repr(key))

    def _note(self, kind: str, alias: str, pattern: str, value: str) -> None:
        digest = hashlib.blake2b(value.encode(), key=self._secret, digest_size=12).hexdigest()
        self._journeys[-1][(kind, alias, pattern, digest)][self._step] += 1

    def summary(self) -> list[dict[str, Any]]:
        """Patterns asked for again with the same value at two steps or more, in every journey.

        ``steps`` maps a step to how often it asked, on average over the journeys.
        """
        by_pattern: dict[tuple[str, str, str], list[Counter[int]]] = defaultdict(list)
        for asked in self._journeys:
            merged: dict[tuple[str, str, str], Counter[int]] = defaultdict(Counter)
            for (kind, alias, pattern, _), steps in asked.items():
                if len(steps) > 1:
                    merged[(kind, alias, pattern)].update(steps)
            for key, steps in merged.items():
                by_pattern[key].append(steps)
        return [
            _entry(key, journeys)
            for key, journeys in by_pattern.items()
            if len(journeys) == len(self._journeys)
        ]


def _entry(key: tuple[str, str, str], journeys: list[Counter[int]]) -> dict[str, Any]:
    kind, alias, pattern = key
    total: Counter[int] = Counter()
    for steps in journeys:
        total.update(steps)
    return {
        "kind": kind,
        "alias": alias,
        "pattern": pattern,
        "steps": {str(step): total[step] / len(journeys) for step in sorted(total)},
    }
