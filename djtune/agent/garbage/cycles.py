"""Which links close the cycles of a heap of garbage, and what cutting them would free."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

from .graph import Graph, size_of
from .links import LEADS_BACK, Name, Namer, own_class

MOST_OBJECTS = 250_000
"""Beyond these, links are looked for among the oldest objects alone."""
NAMED = 3
"""Types of holders and targets that are told of each link."""


def links_of(garbage: Sequence[Any]) -> dict[str, Any]:
    """The links within cycles, each with what reference counts would free without it.

    ``together`` are the places, in ``links``, of some that leave nothing if all of them are cut.
    """
    looked_at = garbage[:MOST_OBJECTS]
    graph = Graph(looked_at)
    namer = Namer(looked_at, graph)
    names = _label(graph, namer)
    sizes = [size_of(each) for each in looked_at]
    origins = [name.origin for name in names]
    together = _enough(graph, _backwardness(graph, namer, names))
    links = [
        {
            **_link(looked_at, graph, namer, sizes, name, label),
            "needed": label in together,
        }
        for label, name in enumerate(names)
    ]
    return {
        "links": links,
        "frees_by_origin": {
            origin: len(graph.freed({n for n, each in enumerate(origins) if each == origin}))
            for origin in sorted(set(origins))
        },
        "looked_at": len(looked_at),
        "in_cycles": len(graph.cycle_of),
    }


def _label(graph: Graph, namer: Namer) -> list[Name]:
    """Label the references within cycles; return the names of the labels."""
    labels: dict[Name, int] = {}
    for number, place, target in graph.within_cycles():
        name = namer.name(number, target)
        if name is not None:
            graph.label(number, place, labels.setdefault(name, len(labels)))
    return list(labels)


def _enough(graph: Graph, backwardness: Sequence[float]) -> set[int]:
    """Labels without whose references there is no cycle, of which none can be spared.

    Those that lead back to an owner are kept rather than those that lead on.
    """
    kept = set(range(len(backwardness)))
    for label in sorted(kept, key=backwardness.__getitem__):
        cycles = graph.cycles_with(label)
        whole = [cycle for cycle in cycles if graph.is_open(cycle, kept)]
        kept.remove(label)
        if not all(graph.is_open(cycle, kept) for cycle in whole):
            kept.add(label)
    return kept


def _backwardness(graph: Graph, namer: Namer, names: Sequence[Name]) -> list[float]:
    """How much each label leads from what is owned to its owner, 0 to 1; 2 where that is known.

    An owner is older than what it owns, and garbage is listed in the order in which it was made.
    """
    found = []
    for label, name in enumerate(names):
        if f"{name.owner}.{name.attribute.partition('[')[0]}" in LEADS_BACK:
            found.append(2.0)
        else:
            edges = graph.labelled[label]
            back = sum(1 for number, target in edges if target < namer.owner(number))
            found.append(back / len(edges))
    return found


def _link(
    objects: Sequence[Any], graph: Graph, namer: Namer, sizes: Sequence[int], name: Name, label: int
) -> dict[str, Any]:
    freed = graph.freed({label})
    holders: Counter[str] = Counter()
    targets: Counter[str] = Counter()
    for number, target in graph.labelled[label]:
        holders[own_class(type(objects[namer.owner(number)])).__name__] += 1
        targets[own_class(type(objects[target])).__name__] += 1
    return {
        **dataclasses.asdict(name),
        "holders": [each for each, _ in holders.most_common(NAMED)],
        "targets": [each for each, _ in targets.most_common(NAMED)],
        "count": len(graph.labelled[label]),
        "frees": len(freed),
        "frees_bytes": sum(sizes[each] for each in freed),
    }
