"""What reference counts would free: the same as what they do free."""

import gc
import weakref
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djtune.agent.garbage.graph import Graph, components

ATTRIBUTES = "abc"
NODES = 5


class Node:
    def __init__(self, number: int) -> None:
        self.number = number


Edges = list[tuple[int, str, int]]
edges = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.sampled_from(ATTRIBUTES), st.integers(0, NODES - 1)),
    max_size=12,
)


def made(edges: Edges) -> list[Node]:
    nodes = [Node(number) for number in range(NODES)]
    for source, attribute, target in edges:
        setattr(nodes[source], attribute, nodes[target])
    return nodes


def left_over(nodes: list[Node]) -> list[Node]:
    """The nodes that reference counts do not free, alive."""
    watched = [weakref.ref(node) for node in nodes]
    nodes.clear()
    return [node for each in watched if (node := each()) is not None]


def labelled(objects: list[Node]) -> Graph:
    """A graph of nodes alone, each reference labelled by its attribute."""
    graph = Graph([*objects, *(vars(node) for node in objects)])
    count = len(objects)
    for number, place, target in graph.within_cycles():
        if number >= count:
            node, value = objects[number - count], objects[target]
            names = [name for name in ATTRIBUTES if getattr(node, name, None) is value]
            places = [
                each for each, other in enumerate(graph.references[number]) if other == target
            ]
            graph.label(number, place, ATTRIBUTES.index(names[places.index(place)]))
    return graph


@pytest.fixture(autouse=True)
def _no_collections():
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@settings(max_examples=500)
@given(edges, st.sets(st.sampled_from(ATTRIBUTES)))
def test_a_cut_frees_on_paper_what_it_frees_in_truth(edges, cut):
    garbage = left_over(made(edges))
    graph = labelled(garbage)
    freed = graph.freed({ATTRIBUTES.index(name) for name in cut})
    expected = {garbage[each].number for each in freed if each < len(garbage)}

    again = made(edges)
    left = {node.number for node in left_over(again)}
    again = made(edges)
    in_cycles = [garbage[number].number for number in graph.cycle_of if number < len(garbage)]
    cycle_of = {
        garbage[number].number: cycle
        for number, cycle in graph.cycle_of.items()
        if number < len(garbage)
    }
    for number in in_cycles:
        for name in cut:
            target = getattr(again[number], name, None)
            if target is not None and cycle_of.get(target.number) == cycle_of[number]:
                delattr(again[number], name)
    target = None
    assert expected == left - {node.number for node in left_over(again)}


@given(edges, st.sets(st.sampled_from(ATTRIBUTES)))
def test_a_graph_whose_cycles_are_all_open_is_freed_as_a_whole(edges, cut):
    garbage = left_over(made(edges))
    graph = labelled(garbage)
    labels = {ATTRIBUTES.index(name) for name in cut}
    is_open = all(graph.is_open(cycle, labels) for cycle in range(len(graph.cycles)))
    assert is_open == (len(graph.freed(labels)) == len(graph.references))


@given(edges)
def test_components_are_the_sets_that_reach_one_another(edges):
    references: list[list[int]] = [[] for _ in range(NODES)]
    for source, _, target in edges:
        references[source].append(target)
    found = [set(each) for each in components(references)]
    together = {pair for each in found for pair in combinations(sorted(each), 2)}
    reached = [_reached(references, number) for number in range(NODES)]
    assert together == {
        (one, other)
        for one, other in combinations(range(NODES), 2)
        if other in reached[one] and one in reached[other]
    }
    assert sorted(number for each in found for number in each) == list(range(NODES))


def _reached(references: list[list[int]], start: int) -> set[int]:
    seen: set[int] = set()
    left = [start]
    while left:
        for target in references[left.pop()]:
            if target not in seen:
                seen.add(target)
                left.append(target)
    return seen


def test_a_chain_as_long_as_an_answer_is_walked_without_recursion():
    size = 50_000
    assert sum(1 for _ in components([[number + 1] for number in range(size)] + [[]])) == size + 1
    (loop,) = components([[(number + 1) % size] for number in range(size)])
    assert len(loop) == size
