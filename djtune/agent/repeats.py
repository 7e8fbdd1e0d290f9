"""What one journey asks for more than once: the same query, or the same cached value."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections import Counter, defaultdict
from typing import Any

from . import callsites
from .statements import digest_of, reads, text_of

_NAME = re.compile(r"[a-z_]{1,24}\Z")
_LITERALS = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")


def key_pattern(key: Any) -> str:
    """A cache key with its variable parts masked: ``profile:12345`` → ``profile:*``.

    A plain lower-case word before the first colon is taken for the application's name for the
    thing; all the rest may be a user's.
    """
    parts = key if isinstance(key, tuple) else (key,)
    return " ".join(_masked_key(part) for part in parts)


def _masked_key(part: Any) -> str:
    text = part.decode(errors="replace") if isinstance(part, bytes) else str(part)
    first, separator, rest = text.partition(":")
    if not _NAME.match(first) or not separator:
        return "*"
    return f"{first}:*" if rest else f"{first}:"


def sql_pattern(sql: str) -> str:
    """A statement with the literals in it masked; parameters are not in it to begin with."""
    return _LITERALS.sub("?", sql)


class Repeats:
    """Collects, per journey made, which steps asked for each query and cached value."""

    places = True
    """Threads that a request starts are to know from where."""

    def __init__(self) -> None:
        self._trails: dict[tuple[str, ...], callsites.Trail] = {}
        """Pattern → where it was first asked for."""
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
        """A query was made with these parameters; only those that read are kept."""
        text = text_of(sql)
        if reads(text):
            self._note("query", alias, sql_pattern(text), f"{text} {digest_of(params)}")

    def note_cache_get(self, key: Any, hit: bool) -> None:
        """A cached value was asked for."""
        if hit:
            self._note("cache", "", key_pattern(key), repr(key))

    def _note(self, kind: str, alias: str, pattern: str, value: str) -> None:
        if (kind, alias, pattern) not in self._trails:
            self._trails[kind, alias, pattern] = callsites.nearest(sys._getframe(2))
        digest = hashlib.blake2b(value.encode(), key=self._secret, digest_size=12).hexdigest()
        self._journeys[-1][(kind, alias, pattern, digest)][self._step] += 1

    def summary(self) -> list[dict[str, Any]]:
        """Patterns asked for again with the same value at two steps or more, in every journey.

        ``steps`` maps a step to how often it asked, and ``times`` is how often a value was asked
        for beyond its first time; both on average over the journeys.
        """
        by_pattern: dict[tuple[str, ...], list[_Again]] = defaultdict(list)
        for asked in self._journeys:
            merged: dict[tuple[str, ...], _Again] = defaultdict(_Again)
            for (*pattern, _digest), steps in asked.items():
                if len(steps) > 1:
                    merged[tuple(pattern)].add(steps)
            for key, again in merged.items():
                by_pattern[key].append(again)
        return [
            _entry(key, journeys) | {"where": self._where(key)}
            for key, journeys in by_pattern.items()
            if len(journeys) == len(self._journeys)
        ]

    def _where(self, key: tuple[str, ...]) -> str:
        """file:line in the app that first asked for a pattern."""
        places = callsites.resolved(self._trails[key])
        return places[0]["where"] if places else ""


class _Again:
    """How often one journey asked for values of a pattern."""

    def __init__(self) -> None:
        self.steps: Counter[int] = Counter()
        self.times = 0

    def add(self, steps: Counter[int]) -> None:
        """Count one value: every time but the first is a repeat."""
        self.steps.update(steps)
        self.times += sum(steps.values()) - 1


def _entry(key: tuple[str, ...], journeys: list[_Again]) -> dict[str, Any]:
    kind, alias, pattern = key
    total: Counter[int] = Counter()
    for again in journeys:
        total.update(again.steps)
    return {
        "kind": kind,
        "alias": alias,
        "pattern": pattern,
        "times": sum(again.times for again in journeys) / len(journeys),
        "steps": {str(step): total[step] / len(journeys) for step in sorted(total)},
    }
