"""A recording as a file for speedscope, with a profile for each route.

The format is that of https://www.speedscope.app/file-format-schema.json; its weights are the time
that a sample stands for, and the order of the samples is no timeline.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from djtune import __version__
from djtune.profiling.flames.graph import Function, Node

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
EXPORTER = f"djtune {__version__}"


def document(name: str, profiles: Mapping[str, Node], *, rate: float) -> dict[str, Any]:
    """The file as plain data: a named profile for each tree, over one table of frames.

    ``rate`` is how many samples make a second.
    """
    table: dict[Function, int] = {}
    return {
        "$schema": SCHEMA,
        "exporter": EXPORTER,
        "name": name,
        "activeProfileIndex": 0,
        "profiles": [_profile(key, tree, table, rate) for key, tree in profiles.items()],
        "shared": {"frames": [_frame(function) for function in table]},
    }


def _profile(name: str, tree: Node, table: dict[Function, int], rate: float) -> dict[str, Any]:
    samples: list[list[int]] = []
    weights: list[float] = []
    for stack, own in _leaves(tree):
        samples.append([table.setdefault(function, len(table)) for function in stack])
        weights.append(round(own / rate, 6))
    return {
        "type": "sampled",
        "name": name,
        "unit": "seconds",
        "startValue": 0,
        "endValue": round(sum(weights), 6),
        "samples": samples,
        "weights": weights,
    }


def _leaves(tree: Node) -> Iterator[tuple[list[Function], float]]:
    """Every stack that was seen, with its samples; the root is the profile's name already."""
    waiting: list[tuple[Node, list[Function]]] = [
        (child, [function]) for function, child in tree.children.items()
    ]
    if tree.own:
        yield [tree.function], tree.own
    while waiting:
        node, stack = waiting.pop()
        if node.own:
            yield stack, node.own
        waiting += [(child, [*stack, function]) for function, child in node.children.items()]


def _frame(function: Function) -> dict[str, Any]:
    file, _, line = function.where.rpartition(":")
    if file and line.isdecimal():
        return {"name": function.name, "file": file, "line": int(line)}
    return (
        {"name": function.name, "file": function.where}
        if function.where
        else {"name": function.name}
    )
