"""The noise probe, on a scripted clock and against a real competitor for the processor."""

import os
import subprocess
import sys
from itertools import accumulate, chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.experiments.noise import SHORTEST_GAP_S, probe, total
from djtune.model.noise import Noise

TURN = 1e-5


def clock_with(pauses):
    """A clock that advances by the pauses in turn, then steadily."""
    return accumulate(chain([0.0], pauses, repeat(TURN))).__next__


@given(st.lists(st.one_of(st.just(TURN), st.floats(0.002, 0.01)), max_size=20))
def test_every_pause_longer_than_the_shortest_gap_is_counted_once(pauses):
    noise = probe(0.25, clock_with(pauses))
    lost = [pause for pause in pauses if pause > SHORTEST_GAP_S]
    assert noise.gaps == len(lost)
    assert noise.lost_s == pytest.approx(sum(lost))
    assert noise.worst_gap_s == pytest.approx(max(lost, default=0))


def test_a_pause_at_the_very_end_counts_and_lengthens_the_probe():
    noise = probe(0.01, clock_with([TURN, 0.5]))
    assert noise.worst_gap_s == pytest.approx(0.5)
    assert noise.duration_s == pytest.approx(0.5 + TURN)
    assert noise.lost_ms_per_s == pytest.approx(1000, rel=0.01)


def test_the_probes_of_a_run_add_up():
    probes = [Noise(0.2, 1, 0.004, 0.004, 0.005), Noise(0.2, 2, 0.006, 0.005, 0.006)]
    run = total(probes)
    assert (run.duration_s, run.gaps, run.worst_gap_s) == (0.4, 3, 0.005)
    assert run.lost_ms_per_s == pytest.approx(25)
    assert total([]).lost_ms_per_s == 0


@pytest.fixture
def one_cpu():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.skipif(sys.platform != "linux", reason="needs processor affinity")
@pytest.mark.usefixtures("one_cpu")
def test_sharing_its_processor_with_busy_processes_is_seen():
    # Affinity is inherited: all three want the one processor.
    busy = [
        subprocess.Popen(
            [sys.executable, "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    try:
        for process in busy:
            process.stdout.readline()
        noise = probe(0.5)
    finally:
        for process in busy:
            process.kill()
            process.communicate()
    # Its fair share is a third of the time.
    assert noise.lost_s > 0.3 * noise.duration_s
    assert noise.off_cpu_s > 0.3 * noise.duration_s
    assert SHORTEST_GAP_S < noise.worst_gap_s <= noise.lost_s
