"""What a trial's collections and requests come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_of_garbage import memory, pause, sample, trial

from djtune.garbage import usage

cpu_ms = st.floats(0.001, 1e4)
pauses = st.lists(st.builds(pause, st.sampled_from([0, 1, 2]), cpu_ms, freed=st.integers(0, 99)))
trials = st.builds(
    lambda times, found: trial([sample(cpu_ms=time) for time in times], *found),
    st.lists(cpu_ms, min_size=1),
    pauses,
)


def test_what_was_served_before_the_collector_was_watched_does_not_count():
    one = trial([sample(cpu_ms=500), sample(cpu_ms=10)], settled=1)
    assert usage.cpu_seconds(one) == pytest.approx(0.010)


def test_collections_between_requests_add_to_the_cpu_time_and_those_within_are_in_it():
    one = trial([sample(cpu_ms=10)], pause(cpu_ms=4, request=0), pause(cpu_ms=6))
    assert usage.cpu_seconds(one) == pytest.approx(0.016)
    assert usage.gc_seconds(one) == pytest.approx(0.010)


@given(trials)
def test_figures_per_request_sum_to_the_totals(one):
    n = len(one.samples)
    assert usage.gc_per_request(one) * n == pytest.approx(usage.gc_seconds(one))
    assert usage.cpu_per_request(one) * n == pytest.approx(usage.cpu_seconds(one))
    assert usage.freed_per_request(one) * n == pytest.approx(sum(p.collected for p in one.pauses))


@given(trials)
def test_collections_take_a_part_of_the_cpu_time(one):
    assert 0 <= usage.gc_share(one) <= 1
    assert usage.gc_share(one) * usage.cpu_seconds(one) == pytest.approx(usage.gc_seconds(one))


@given(trials)
def test_every_collection_is_of_one_generation(one):
    per_1000 = sum(usage.collections_per_1000(one, generation) for generation in (0, 1, 2))
    assert per_1000 * len(one.samples) == pytest.approx(1000 * len(one.pauses))


@given(st.lists(trials, min_size=1, max_size=3))
def test_pauses_of_all_trials_are_told_by_generation(several):
    told = usage.pauses(several)
    everything = [p for one in several for p in one.pauses]
    assert [each.generation for each in told] == [0, 1, 2]
    assert sum(each.n for each in told) == len(everything)
    assert sum(each.total for each in told) == pytest.approx(sum(p.cpu for p in everything) / 1e9)
    assert all(each.longest <= each.total + 1e-12 for each in told)


@pytest.mark.parametrize(
    "figure",
    [
        usage.gc_per_request,
        usage.cpu_per_request,
        usage.gc_share,
        usage.freed_per_request,
        lambda one: usage.collections_per_1000(one, 0),
    ],
)
def test_without_requests_there_is_no_figure(figure):
    assert figure(trial([])) is None


def test_without_memory_there_is_no_figure():
    one = trial([sample()], memory=None)
    assert usage.peak_rss(one) is usage.growth(one) is usage.slope(one) is None


def test_growth_is_never_negative():
    assert usage.growth(trial([], memory=memory(100, 130))) == 30_000_000
    assert usage.growth(trial([], memory=memory(100, 90))) == 0


@given(
    st.integers(-5000, 5000),
    st.integers(0, 10**9),
    st.lists(st.integers(0, 10**5), min_size=3, max_size=20, unique=True),
)
def test_the_slope_of_a_line_is_its_own_wherever_it_starts(slope, start, requests):
    points = [(x, start + slope * x) for x in requests]
    one = trial([], memory=memory(100, 120, *points))
    assert usage.slope(one) == pytest.approx(slope, abs=1e-3)


@pytest.mark.parametrize("points", [[], [(0, 1), (9, 2)], [(5, 1), (5, 2), (5, 3)]])
def test_points_that_span_nothing_have_no_slope(points):
    assert usage.slope(trial([], memory=memory(100, 120, *points))) is None


def test_a_full_collection_must_be_in_every_trial():
    full, young = trial([], pause(2)), trial([], pause(1))
    assert usage.reached_full([full, full])
    assert not usage.reached_full([full, young])
    assert not usage.reached_full([])


def test_the_mean_passes_over_trials_without_the_figure():
    found = usage.mean_of([trial([]), trial([sample()]), trial([sample()])], usage.cpu_per_request)
    assert (found.value, found.n) == (pytest.approx(0.010), 2)
    nothing = usage.mean_of([trial([])], usage.cpu_per_request)
    assert nothing.value is None
    assert nothing.reason
