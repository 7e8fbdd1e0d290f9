"""A document without some of its fields.

It gets shorter by exactly the bytes that the walk charges to what is removed, less one byte for
each array or object that this leaves empty: two brackets need no comma.
"""

from collections.abc import Collection
from typing import Any

from djtune.payloads.paths import ANY, EACH, Path, topmost

_Tree = dict[str, "_Tree | None"]
"""What to remove, by segment; none: the value there."""


def without(document: Any, paths: Collection[Path]) -> Any:
    """``document`` less the values at ``paths``; the original stays, and shares what is untouched.

    A path through an array (:data:`EACH`) or a map (:data:`ANY`) means all of its entries; one that
    the document does not have means nothing. Raises :class:`ValueError` for the whole document.
    """
    if () in paths:
        raise ValueError("a document cannot be removed from itself")
    return _less(document, _tree(paths)) if paths else document


def _tree(paths: Collection[Path]) -> _Tree:
    root: _Tree = {}
    for path in topmost(paths):
        branch = root
        for segment in path[:-1]:
            below = branch.setdefault(segment, {})
            assert below is not None  # topmost: nothing above is removed
            branch = below
        branch[path[-1]] = None
    return root


def _less(value: Any, tree: _Tree) -> Any:
    if type(value) is list:
        if EACH not in tree:
            return value
        below = tree[EACH]
        return [] if below is None else [_less(element, below) for element in value]
    if type(value) is not dict:
        return value
    if ANY in tree:
        return _less_of_map(value, tree)
    kept = {key: child for key, child in value.items() if tree.get(key, tree) is not None}
    for key, below in tree.items():
        if below is not None and key in kept:
            kept[key] = _less(kept[key], below)
    return kept


def _less_of_map(value: dict[str, Any], tree: _Tree) -> Any:
    below = tree[ANY]
    if below is None:
        return {}
    named = _less(value, {key: branch for key, branch in tree.items() if key != ANY})
    return {key: _less(child, below) for key, child in named.items()}
