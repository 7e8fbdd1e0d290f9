"""Replaces attributes for a while, each once, and puts them back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..clock import CURRENT

Wrapper = Callable[[Callable[..., Any]], Callable[..., Any]]


class Patches:
    """The replacements that are in place; as a context manager, until the block ends."""

    def __init__(self) -> None:
        self._originals: list[tuple[Any, str, Any, bool]] = []
        self._seen: set[tuple[int, str]] = set()
        self._undos: list[Callable[[], None]] = []

    def __enter__(self) -> Patches:
        return self

    def __exit__(self, *_: object) -> None:
        self.undo()

    def wrap(self, owner: Any, name: str, wrapper: Wrapper) -> None:
        """Replace the function ``owner.name`` by ``wrapper`` of it, unless that is done already."""
        key = (id(owner), name)
        if key in self._seen or not hasattr(owner, name):
            return
        self._seen.add(key)
        own = name in vars(owner)
        original = vars(owner)[name] if own else getattr(owner, name)
        self._originals.append((owner, name, original, own))
        setattr(owner, name, functools.wraps(original)(wrapper(original)))

    def replace(self, owner: Any, name: str, value: Any) -> None:
        """Set ``owner.name`` to ``value``, unless that is done already."""
        key = (id(owner), name)
        if key in self._seen:
            return
        self._seen.add(key)
        own = name in vars(owner)
        self._originals.append((owner, name, vars(owner).get(name), own))
        setattr(owner, name, value)

    def once(self, key: str, do: Callable[[], None], undo: Callable[[], None]) -> None:
        """Do something that is not an attribute, and remember how to undo it."""
        if (0, key) not in self._seen:
            self._seen.add((0, key))
            do()
            self._undos.append(undo)

    def undo(self) -> None:
        """Put everything back, last first."""
        for owner, name, original, own in reversed(self._originals):
            if own:
                setattr(owner, name, original)
            else:
                delattr(owner, name)
        for undo in reversed(self._undos):
            undo()
        self.__init__()  # type: ignore[misc]


def in_phase(phase: int) -> Wrapper:
    """A wrapper that charges a function's own time to ``phase``, its outermost call only."""

    def wrapper(function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            clock = CURRENT.get()
            if clock is None or clock.stack[-1] == phase:
                return function(*args, **kwargs)
            clock.enter(phase)
            try:
                return function(*args, **kwargs)
            finally:
                clock.leave()

        return timed

    return wrapper
