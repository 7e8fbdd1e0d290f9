"""The phase clock, on fake clocks: every slice of time is charged exactly once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from djtune.agent import clock as module
from djtune.agent.clock import (
    CACHE,
    PHASES,
    PYTHON,
    SERIALIZATION,
    SQL_EXECUTE,
    VIEW,
    Clock,
)
from djtune.model import samples

MS = 1_000_000
NO_PATIENCE = 200_000
"""Slices up to this long are not checked for time off the CPU."""


@dataclass
class Time:
    """What the clocks of the operating system say to the thread that asks."""

    wall: int = 0
    cpu: int = 0
    thread: int = 1
    queued: int = 0

    def run(self, ns: int) -> None:
        self.wall += ns
        self.cpu += ns

    def idle(self, ns: int) -> None:
        self.wall += ns

    def ask_scheduler(self) -> int:
        queued, self.queued = self.queued, 0
        return queued

    def install(self, patch: Callable[[str, object], None]) -> None:
        patch("perf_counter_ns", lambda: self.wall)
        patch("thread_time_ns", lambda: self.cpu)
        patch("get_ident", lambda: self.thread)
        patch("queue_delay", self.ask_scheduler)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Time]:
    time = Time()
    time.install(lambda name, value: monkeypatch.setattr(module, name, value))
    return time


def spent(clock: Clock) -> dict[str, int]:
    """The phases that hold any time, by name."""
    return {name: total for name, total in zip(PHASES, clock.totals, strict=True) if total}


def test_the_agent_and_the_model_name_the_same_phases() -> None:
    assert samples.PHASES == PHASES


def test_entering_a_phase_charges_the_time_to_the_phase_left(time: Time) -> None:
    clock = Clock()
    time.run(1 * MS)
    clock.enter(VIEW)
    time.run(2 * MS)
    clock.enter(SERIALIZATION)
    time.run(3 * MS)
    clock.leave()
    time.run(4 * MS)
    clock.leave()
    time.run(5 * MS)
    assert clock.stop() == 15 * MS
    assert spent(clock) == {"python": 6 * MS, "view": 6 * MS, "serialization": 3 * MS}


def test_time_off_the_cpu_is_set_apart(time: Time) -> None:
    clock = Clock()
    clock.enter(VIEW)
    time.run(3 * MS)
    time.idle(7 * MS)
    clock.leave()
    assert clock.stop() == 10 * MS
    assert spent(clock) == {"view": 3 * MS}
    assert (clock.off_cpu, clock.machine) == (7 * MS, 0)


def test_what_the_scheduler_took_is_the_machines(time: Time) -> None:
    clock = Clock()
    time.idle(7 * MS)
    time.queued = 5 * MS
    clock.stop()
    assert (clock.off_cpu, clock.machine) == (7 * MS, 5 * MS)


def test_the_machine_took_no_more_than_the_slice_was_off_the_cpu(time: Time) -> None:
    clock = Clock()
    time.run(1 * MS)
    time.idle(2 * MS)
    time.queued = 50 * MS
    clock.stop()
    assert clock.machine == clock.off_cpu == 2 * MS


@pytest.mark.parametrize("phase", [SQL_EXECUTE, CACHE])
def test_waiting_for_a_database_or_a_cache_belongs_to_its_phase(time: Time, phase: int) -> None:
    clock = Clock()
    clock.enter(phase)
    time.idle(9 * MS)
    clock.leave()
    clock.stop()
    assert spent(clock) == {PHASES[phase]: 9 * MS}
    assert clock.off_cpu == 0


def test_a_wait_for_the_database_does_not_hide_work_after_it(time: Time) -> None:
    clock = Clock()
    clock.enter(SQL_EXECUTE)
    time.idle(9 * MS)
    clock.leave()
    time.run(4 * MS)
    clock.stop()
    assert spent(clock) == {"python": 4 * MS, "sql_execute": 9 * MS}


def test_a_collection_moves_out_of_the_phase_that_it_interrupted(time: Time) -> None:
    clock = Clock()
    clock.enter(VIEW)
    time.run(10 * MS)
    clock.collected(4 * MS, 2)
    clock.leave()
    assert clock.stop() == 10 * MS
    assert spent(clock) == {"view": 6 * MS, "gc": 4 * MS}
    assert clock.collections == [0, 0, 1]
    assert clock.off_cpu == 0


def test_another_thread_goes_on_with_a_cpu_clock_of_its_own(time: Time) -> None:
    clock = Clock()
    clock.enter(VIEW)
    clock.end_slice()
    time.thread, time.cpu = 2, 500 * MS
    clock.take_thread()
    time.run(3 * MS)
    clock.end_slice()
    time.thread, time.cpu = 1, 0
    clock.take_thread()
    clock.leave()
    assert clock.stop() == 3 * MS
    assert spent(clock) == {"view": 3 * MS}


def test_a_quick_hop_belongs_to_the_phase_that_made_it(time: Time) -> None:
    clock = Clock()
    clock.enter(VIEW)
    time.idle(MS // 10)
    clock.take_thread()
    clock.leave()
    clock.stop()
    assert spent(clock) == {"view": MS // 10}


def test_a_hop_to_a_busy_thread_is_waiting(time: Time) -> None:
    clock = Clock()
    clock.enter(VIEW)
    time.idle(20 * MS)
    time.queued = 5 * MS
    clock.take_thread()
    clock.leave()
    clock.stop()
    assert spent(clock) == {"waiting": 15 * MS}
    assert clock.machine == 5 * MS


def test_a_suspended_task_waits(time: Time) -> None:
    clock = Clock()
    clock.enter(VIEW)
    waited = clock.suspend()
    time.run(20 * MS)  # Another task runs here.
    clock.resume(waited)
    clock.leave()
    assert clock.stop() == 20 * MS
    assert spent(clock) == {"waiting": 20 * MS}


def test_a_task_suspended_inside_a_cache_waits_for_the_cache(time: Time) -> None:
    clock = Clock()
    clock.enter(CACHE)
    waited = clock.suspend()
    time.idle(20 * MS)
    clock.resume(waited)
    clock.leave()
    clock.stop()
    assert spent(clock) == {"cache": 20 * MS}


def test_a_task_that_a_thread_goes_on_for_does_not_wait(time: Time) -> None:
    clock = Clock()
    clock.enter(VIEW)
    clock.handed += 1
    waited = clock.suspend()
    assert clock.stack == [PYTHON, VIEW]
    clock.handed -= 1
    clock.resume(waited)
    clock.leave()
    assert clock.stack == [PYTHON]


def test_a_childs_time_is_parallel_and_its_queries_are_the_requests(time: Time) -> None:
    clock = Clock()
    child = Clock(clock, VIEW)
    child.count_query("default")
    child.enter(SQL_EXECUTE)
    time.idle(2 * MS)
    child.leave_sql("default")
    time.idle(3 * MS)
    time.run(1 * MS)
    child.stop()
    assert clock.stop() == 6 * MS
    assert clock.queries == {"default": 1}
    assert clock.sql_ns == {"default": 2 * MS}
    parallel = dict(zip(PHASES, clock.parallel, strict=True))
    assert (parallel["sql_execute"], parallel["waiting"], parallel["view"]) == (
        2 * MS,
        3 * MS,
        1 * MS,
    )


times = st.integers(0, 3 * MS)


class AnyRequest(RuleBasedStateMachine):
    """Any sequence of phases, work, waits, collections, hops and suspensions."""

    def __init__(self) -> None:
        super().__init__()
        self.time = Time()
        self._patch = pytest.MonkeyPatch()
        self.time.install(lambda name, value: self._patch.setattr(module, name, value))
        self.clock = Clock()
        self.off_cpu = 0
        self.suspended: bool | None = None

    def teardown(self) -> None:
        self._patch.undo()

    @precondition(lambda self: self.suspended is None)
    @rule(phase=st.sampled_from([VIEW, SQL_EXECUTE, CACHE, SERIALIZATION]))
    def enter(self, phase: int) -> None:
        self.clock.enter(phase)

    @precondition(lambda self: self.suspended is None and len(self.clock.stack) > 1)
    @rule()
    def leave(self) -> None:
        self.clock.leave()

    @precondition(lambda self: self.suspended is None)
    @rule(ns=times)
    def run(self, ns: int) -> None:
        self.time.run(ns)

    @rule(ns=times, queued=st.booleans())
    def idle(self, ns: int, queued: bool) -> None:
        self.time.idle(ns)
        self.off_cpu += ns
        if queued:
            self.time.queued += ns

    @precondition(lambda self: self.suspended is None)
    @rule(ns=times, generation=st.integers(0, 2))
    def collect(self, ns: int, generation: int) -> None:
        self.time.run(ns)
        self.clock.collected(ns, generation)

    @precondition(lambda self: self.suspended is None)
    @rule(thread=st.integers(1, 3), cpu=times)
    def hop(self, thread: int, cpu: int) -> None:
        self.clock.end_slice()
        self.time.thread, self.time.cpu = thread, cpu
        self.clock.take_thread()

    @precondition(lambda self: self.suspended is None)
    @rule()
    def suspend(self) -> None:
        self.suspended = self.clock.suspend()

    @precondition(lambda self: self.suspended is not None)
    @rule()
    def resume(self) -> None:
        assert self.suspended is not None
        self.clock.resume(self.suspended)
        self.suspended = None

    @invariant()
    def all_time_is_charged_once(self) -> None:
        self.clock.end_slice()
        charged = sum(self.clock.totals) + self.clock.off_cpu
        assert charged == self.time.wall - self.clock.started

    @invariant()
    def no_time_is_negative(self) -> None:
        assert min(self.clock.totals) >= 0
        assert 0 <= self.clock.machine <= self.clock.off_cpu

    @invariant()
    def no_more_is_off_the_cpu_than_was(self) -> None:
        assert self.clock.off_cpu <= self.off_cpu


TestAnyRequest = AnyRequest.TestCase


@given(st.lists(st.tuples(st.sampled_from([VIEW, SERIALIZATION]), times, times), max_size=20))
def test_off_the_cpu_is_found_but_for_slices_too_short_to_check(
    slices: list[tuple[int, int, int]],
) -> None:
    time = Time()
    with pytest.MonkeyPatch.context() as patch:
        time.install(lambda name, value: patch.setattr(module, name, value))
        clock = Clock()
        for phase, run, idle in slices:
            clock.enter(phase)
            time.run(run)
            time.idle(idle)
            clock.leave()
        clock.stop()
    true = sum(idle for _, _, idle in slices)
    assert true - NO_PATIENCE * len(slices) <= clock.off_cpu <= true
