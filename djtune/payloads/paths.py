"""Where a value is in a JSON document, the same for every document of its kind.

A path is a tuple of segments: the keys of objects, :data:`EACH` for the elements of an array, and
:data:`ANY` for the keys of a map whose keys are data. ``()`` is the whole document. A key that is
spelled ``{*}`` itself is taken for one of a map.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

Path = tuple[str, ...]
EACH = "[]"
ANY = "{*}"
_NONE = object()
_PLAIN = re.compile(r"[^.\[\]{}\"\s]+")


def text_of(path: Path) -> str:
    """A path as people read it: ``channels[].programmes[].title``; ``(root)`` is the whole."""
    parts: list[str] = []
    for segment in path:
        if segment == EACH:
            parts.append(EACH)
            continue
        plain = segment == ANY or _PLAIN.fullmatch(segment)
        parts += ["." if parts else "", segment if plain else json.dumps(segment)]
    return "".join(parts) or "(root)"


def is_below(path: Path, above: Path) -> bool:
    """Whether ``path`` is inside of ``above``, and not the same."""
    return len(path) > len(above) and path[: len(above)] == above


def topmost(paths: Iterable[Path]) -> list[Path]:
    """The paths that are below no other of them, sorted."""
    kept: list[Path] = []
    for path in sorted(set(paths)):
        if not any(is_below(path, above) for above in kept):
            kept.append(path)
    return kept


def values_at(document: Any, path: Path) -> Iterator[Any]:
    """The values of a document at ``path``."""
    if not path:
        yield document
    elif path[0] == EACH:
        for value in document if isinstance(document, list) else ():
            yield from values_at(value, path[1:])
    elif isinstance(document, dict):
        inner = document.values() if path[0] == ANY else [document.get(path[0], _NONE)]
        for value in inner:
            if value is not _NONE:
                yield from values_at(value, path[1:])
