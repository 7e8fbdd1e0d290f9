"""The collector's counters against CPython's own, on every Python that is there."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matrix import interpreter

from djtune.garbage.collector import Collector
from djtune.garbage.rules import rules_for

DRIVER = Path(__file__).with_name("collector_driver.py")
VERSIONS = [f"3.{minor}" for minor in range(9, 16)]
FROZEN = 3
SEEN = 7
"""What the driver tells at each checkpoint."""

Operation = tuple[str, int]
Program = tuple[tuple[int, int, int], list[Operation]]


@dataclass(eq=False)
class Nodes:
    """Objects that live and die together, by generation; the last place is for frozen ones."""

    members: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    dead: bool = False

    def is_freed_by(self, generation: int) -> bool:
        return self.dead and not any(self.members[generation + 1 :])


class Objects:
    """A heap that knows every object."""

    def __init__(self, others: int) -> None:
        self.all = {Nodes([0, 0, others, 0])}

    def collect(self, generation: int) -> int:
        self.all = {nodes for nodes in self.all if not nodes.is_freed_by(generation)}
        left = 0
        for nodes in self.all:
            moved = sum(nodes.members[: generation + 1])
            nodes.members[: generation + 1] = [0] * (generation + 1)
            nodes.members[min(generation + 1, 2)] += moved
            left += moved
        return left

    def tracked(self) -> int:
        return sum(sum(nodes.members[:FROZEN]) for nodes in self.all)

    def freeze(self) -> None:
        for nodes in self.all:
            nodes.members = [0, 0, 0, sum(nodes.members)]


class Model:
    """What the driver does, done with :class:`Collector`."""

    def __init__(self, python: str, program: Program, begin: int, total: int) -> None:
        rules = rules_for(python)
        self.in_allocation = rules.in_allocation
        self.heap = Objects(total)
        self.collector = Collector(rules, program[0], self.heap)
        self.collector.counts[0] = begin
        self.collector.long_lived_total = total
        self.held: list[Nodes] = []

    def do(self, name: str, number: int) -> None:
        if name == "keep":
            self.held += [self.make(1) for _ in range(number)]
        elif name == "chain":
            self.held.append(self.make(number))
        elif name == "ring":
            self.make(number).dead = True
        elif name == "drop":
            for _ in range(min(number, len(self.held))):
                self.drop(self.held.pop())
        elif name == "collect":
            self.collector.collect(number)
        elif name == "freeze":
            self.heap.freeze()
            self.collector.counts = [0, 0, 0]

    def make(self, number: int) -> Nodes:
        nodes = Nodes()
        self.heap.all.add(nodes)
        for _ in range(number):
            self.collector.allocate()
            if self.in_allocation and self.collector.due():
                self.collector.run()
            nodes.members[0] += 1
            if self.collector.due():
                self.collector.run()
        return nodes

    def drop(self, nodes: Nodes) -> None:
        self.heap.all.remove(nodes)
        self.collector.free(sum(nodes.members))


@cache
def python(version: str) -> str:
    """An interpreter of the version and its full version, or the test is skipped."""
    found = interpreter(version)
    if found is None:
        pytest.skip(f"no Python {version} found")
    code = "import platform; print(platform.python_version())"
    full = subprocess.run([found, "-c", code], capture_output=True, text=True, check=True)
    if rules_for(full.stdout.strip()).kind != "generational":
        pytest.skip(f"Python {full.stdout.strip()} has another collector")
    return found


def run(version: str, programs: list[Program], make: str = "node") -> list[dict[str, Any]]:
    asked = json.dumps({"make": make, "programs": programs})
    command = [python(version), "-I", str(DRIVER)]
    done = subprocess.run(command, input=asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def checkpoints(
    version: str, program: Program, told: dict[str, Any]
) -> Iterator[tuple[list[int], list[int]]]:
    """Counts and collections as CPython had them, and as the model has them."""
    model = Model(version, program, told["begin"], told["total"])
    seen = iter(zip(*[iter(told["seen"])] * SEEN, strict=True))
    for name, number in program[1]:
        model.do(name, number)
        if name == "check":
            *counters, spent_on_reading = next(seen)
            yield counters, [*model.collector.counts, *model.collector.collections]
            model.collector.allocate(spent_on_reading)


operations = st.one_of(
    st.tuples(st.sampled_from(["keep", "chain", "ring"]), st.integers(1, 250)),
    st.tuples(st.just("drop"), st.integers(1, 60)),
    st.tuples(st.just("collect"), st.integers(0, 2)),
    st.just(("freeze", 0)),
    st.just(("check", 0)),
)
first_thresholds = st.just(0) | st.integers(20, 90)  # The driver's own few objects stay below.
thresholds = st.tuples(first_thresholds, st.integers(0, 4), st.integers(0, 4))
programs = st.tuples(
    thresholds, st.lists(operations, max_size=60).map(lambda ops: [*ops, ("check", 0)])
)


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=15)
@given(st.lists(programs, min_size=1, max_size=20))
def test_counts_and_collections_are_cpythons_own(version: str, made: list[Program]) -> None:
    for program, told in zip(made, run(version, made), strict=True):
        for theirs, ours in checkpoints(version, program, told):
            assert ours == theirs, program


@pytest.mark.parametrize("version", VERSIONS)
def test_old_garbage_that_is_partly_frozen_or_older_stays(version: str) -> None:
    work: list[Operation] = [("ring", 70), ("check", 0)] * 200
    program: Program = ((40, 2, 2), [("keep", 2000), ("freeze", 0), *work])
    [told] = run(version, [program])
    laid_side_by_side = list(checkpoints(version, program, told))
    assert all(ours == theirs for theirs, ours in laid_side_by_side)
    assert laid_side_by_side[-1][0][5] > 0, "no full collection was met"


@pytest.mark.parametrize("make", ["list", "dict"])
@pytest.mark.parametrize("version", VERSIONS)
def test_freelists_spare_containers_a_bounded_part_of_the_count(
    version: str, make: str, record_property: Any
) -> None:
    bursts: list[Operation] = [("keep", 1000), ("drop", 1000)] * 100
    program: Program = ((900, 10, 10), [*bursts, ("check", 0)])
    [told] = run(version, [program], make)
    [(theirs, ours)] = checkpoints(version, program, told)
    deviation = abs(sum(ours[3:]) - sum(theirs[3:])) / sum(ours[3:])
    record_property(f"deviation of {make} on {version}", deviation)
    assert deviation < 0.1


def test_threshold_zero_means_off() -> None:
    model = Model("3.13.0", ((0, 10, 10), []), begin=0, total=0)
    model.do("keep", 5000)
    assert model.collector.collections == [0, 0, 0]
    assert model.collector.counts == [5000, 0, 0]


def test_the_counter_does_not_fall_below_zero() -> None:
    model = Model("3.13.0", ((10, 10, 10), []), begin=0, total=0)
    for _ in range(100):
        model.do("keep", 9)
        model.do("drop", 9)
    assert model.collector.collections == [0, 0, 0]
    for _ in range(100):
        model.do("keep", 11)
        model.do("drop", 11)
    assert model.collector.collections[0] + model.collector.collections[1] == 100
