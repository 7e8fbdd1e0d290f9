"""Routes ranked from samples: means by step weights, shares, ties, percentiles, counts."""

import pytest
from fabricated import phases, sample, trial
from hypothesis import given
from hypothesis import strategies as st
from made_up import workload

from djtune.experiments.intervals import mean_interval
from djtune.model.metrics import Metric
from djtune.model.samples import Trial
from djtune.model.workload import Workload
from djtune.profiling.ranking import gather_samples, rank_routes, step_weights
from djtune.profiling.result import RouteResult

MBIT_10 = 10e6


def ranked(
    asked: Workload, *trials: Trial, per_hour: float | None = None, distinct: tuple[int, ...] = ()
) -> list[RouteResult]:
    return rank_routes(
        gather_samples(asked, set(), trials),
        {},
        bandwidth=MBIT_10,
        requests_per_hour=per_hour,
        distinct_params=distinct,
    )


def test_a_steps_weight_is_its_journeys_and_skipped_steps_have_none() -> None:
    asked = workload((3, ["a/", "b/"]), (1, ["a/", "a/"]))
    assert step_weights(asked, {1}) == {("GET", "a/"): {0: 3, 2: 1, 3: 1}}


def test_the_same_route_by_another_method_is_another_route() -> None:
    asked = workload((1, ["a/", "a/"]))
    asked.journeys[0].steps[1].method = "HEAD"
    assert list(step_weights(asked, set())) == [("GET", "a/"), ("HEAD", "a/")]


def test_a_mean_counts_each_step_as_often_as_the_workload_makes_it() -> None:
    # Asked for nine times at 10 ms for every time at 100 ms, however many samples there are.
    asked = workload((9, ["a/"]), (1, ["a/"]))
    (route,) = ranked(asked, trial(sample(0, 10), *[sample(1, 100)] * 7))
    assert route.mean.value == pytest.approx(0.019)
    assert route.phases.view == pytest.approx(0.019)


def test_a_share_is_calls_by_mean() -> None:
    asked = workload((9, ["often/"]), (1, ["dear/"]))
    often, dear = ranked(asked, *[trial(sample(0, 10), sample(1, 30))] * 3)
    assert (often.route, dear.route) == ("often/", "dear/")
    assert often.share.value == pytest.approx(90 / 120)
    assert dear.share.value == pytest.approx(30 / 120)
    assert (often.weight, dear.weight) == (pytest.approx(900), pytest.approx(100))


def test_a_slow_trial_slows_every_route_and_moves_no_share() -> None:
    asked = workload((1, ["a/"]), (1, ["b/"]))
    trials = [trial(sample(0, 30 * slow), sample(1, 10 * slow)) for slow in (1, 2, 5)]
    a, _ = ranked(asked, *trials)
    assert a.share.low == pytest.approx(0.75)
    assert a.share.high == pytest.approx(0.75)
    assert a.mean.low is not None
    assert a.mean.high is not None
    assert a.mean.high - a.mean.low > 0.05


def test_routes_whose_intervals_overlap_are_ties() -> None:
    asked = workload((1, ["a/"]), (1, ["b/"]), (1, ["c/"]))
    trials = [
        trial(sample(0, 10 + drift), sample(1, 10.5 - drift), sample(2, 1)) for drift in (-2, 0, 2)
    ]
    assert [route.rank for route in ranked(asked, *trials)] == ["1=", "1=", "3"]


def test_one_trial_has_no_interval_and_says_why() -> None:
    (route,) = ranked(workload((1, ["a/"])), trial(sample(), sample()))
    assert (route.mean.low, route.mean.high) == (None, None)
    assert route.mean.reason == "no interval from n=1 trials"


def test_cold_and_unexpected_answers_are_in_no_figure() -> None:
    cold, wrong = sample(0, 500, cold=True), sample(0, 900, ok=False, status=500)
    (route,) = ranked(workload((1, ["a/"])), trial(cold, sample(0, 10), wrong, sample(0, 10)))
    assert route.mean.value == pytest.approx(0.010)
    assert route.cold.value == pytest.approx(0.500)
    assert (route.n, route.unexpected) == (2, {"500": 1})


def test_a_route_with_a_step_that_was_never_answered_is_not_ranked() -> None:
    asked = workload((1, ["a/", "a/"]), (1, ["b/"]))
    assert [route.route for route in ranked(asked, trial(sample(0), sample(2)))] == ["b/"]


def test_a_trial_cut_short_before_a_step_does_not_shift_the_mean() -> None:
    # Taking the second trial's cheap step alone would make the route look cheap.
    asked = workload((1, ["a/", "a/"]))
    whole, short = trial(sample(0, 1), sample(1, 19)), trial(sample(0, 1), sample(0, 1))
    (route,) = ranked(asked, whole, short)
    assert route.mean.value == pytest.approx(0.010)


@pytest.mark.parametrize(("requests", "given"), [(71, False), (72, True)])
def test_p95_needs_72_requests(requests: int, given: bool) -> None:
    trials = [
        trial(*[sample(0, 10 + n / 100) for n in range(start, requests, 2)]) for start in (0, 1)
    ]
    (route,) = ranked(workload((1, ["a/"])), *trials)
    assert (route.p95.value is not None) == given
    assert route.p95.reason == ("" if given else "n=71 < 72")


def test_percentiles_count_each_step_as_often_as_the_workload_makes_it() -> None:
    # 99 at 10 ms for one at 1 s, though each trial made five times as many of the dear ones.
    asked = workload((99, ["a/"]), (1, ["a/"]))
    cheap = [sample(0, 10 + n / 10) for n in range(20)]
    dear = [sample(1, 1000 + n) for n in range(100)]
    (route,) = ranked(asked, *[trial(*cheap, *dear)] * 10)
    assert route.mean.value == pytest.approx(0.0213, rel=0.01)
    for percentile in (route.p50, route.p95):
        assert percentile.value == pytest.approx(0.011, rel=0.1)
        assert percentile.high is not None
        assert percentile.high < 0.013
    assert route.p99.reason == "n≈204 < 368"


def test_where_each_step_was_made_as_often_as_its_weight_says_every_request_counts_once() -> None:
    twice, once = workload((1, ["a/", "a/"])), workload((1, ["a/"]))
    times = [[10 + (7 * n * drift) % 13 for n in range(40)] for drift in (1, 2, 3)]
    by_turns = [trial(*[sample(n % 2, ms) for n, ms in enumerate(each)]) for each in times]
    as_one = [trial(*[sample(0, ms) for ms in each]) for each in times]
    (two,), (one,) = ranked(twice, *by_turns), ranked(once, *as_one)
    assert (two.p50, two.p95, two.p99) == (one.p50, one.p95, one.p99)


def test_a_trial_cut_short_before_a_step_does_not_shift_the_percentiles() -> None:
    asked = workload((1, ["a/", "a/"]))
    whole = [trial(*[sample(0, 10)] * 10, *[sample(1, 20)] * 30)] * 3
    before, after = ranked(asked, *whole), ranked(asked, *whole, trial(*[sample(1, 20)] * 90))
    assert after[0].p50 == before[0].p50


def test_user_seconds_are_server_time_and_the_wire() -> None:
    # 1 MB at 10 Mbit/s is 0.8 s, beside 0.2 s of server time; 600 an hour.
    one = trial(*[sample(0, 200, wire_bytes=1_000_000)] * 2)
    (route,) = ranked(workload((1, ["a/"])), one, per_hour=600)
    assert route.user_seconds == pytest.approx(600)


def test_without_a_frequency_user_seconds_are_for_1000_requests() -> None:
    (route,) = ranked(workload((1, ["a/"])), trial(sample(0, 200, wire_bytes=0)))
    assert route.user_seconds == pytest.approx(200)


def test_queries_are_counted_by_alias_and_bounded_by_what_was_seen() -> None:
    few = sample(queries={"default": 2}, sql={"default": 4_000_000})
    many = sample(queries={"default": 2, "replica": 3}, sql={"replica": 6_000_000})
    (route,) = ranked(workload((1, ["a/"])), trial(few, many))
    assert (route.queries.value, route.queries.low, route.queries.high) == (3.5, 2, 5)
    assert route.databases["default"].queries == 2
    assert route.databases["replica"].seconds == pytest.approx(0.003)


def test_a_cache_that_was_not_asked_has_no_hit_ratio() -> None:
    asked = workload((1, ["a/"]), (1, ["b/"]))
    one = trial(sample(0, 20, cache_hits=3, cache_misses=1), sample(1))
    assert [route.cache_hit_ratio.value for route in ranked(asked, one)] == [0.75, None]


def test_gzip_is_the_mean_of_the_bodies_that_were_packed() -> None:
    one = trial(sample(gzip_bytes=40), sample(gzip_bytes=60), sample(gzip_bytes=-1))
    (route,) = ranked(workload((1, ["a/"])), one)
    assert route.gzip_bytes.value == 50


def test_hits_and_gzip_count_each_step_as_often_as_the_workload_makes_it() -> None:
    asked = workload((3, ["a/"]), (1, ["a/"]))
    often = sample(0, cache_hits=2, gzip_bytes=100)
    seldom = sample(1, cache_misses=2, gzip_bytes=20)
    unpacked = sample(1, cache_misses=2)
    (route,) = ranked(asked, *[trial(often, seldom, *[unpacked] * 8)] * 2)
    assert (route.cache_hit_ratio.value, route.cache_calls) == (0.75, 2)
    assert route.gzip_bytes.value == 80


def test_gzip_is_of_the_steps_that_were_packed() -> None:
    asked = workload((3, ["a/"]), (1, ["a/"]), (1, ["b/"]))
    a, b = ranked(asked, trial(sample(0, 90), sample(1, gzip_bytes=20), sample(2, 1)))
    assert (a.gzip_bytes.value, b.gzip_bytes.value) == (20, None)


def test_a_size_is_exact_where_the_answers_of_each_step_agree() -> None:
    asked = workload((3, ["a/"]), (1, ["a/"]))
    one = trial(sample(0, wire_bytes=100), sample(1, wire_bytes=20))
    (route,) = ranked(asked, one, one)
    assert route.wire_bytes == Metric(80, n=4)


def test_a_size_that_varies_has_the_interval_of_the_trials_means() -> None:
    sizes = ((90, 110), (100, 140), (80, 80))
    trials = [trial(*[sample(wire_bytes=size) for size in each]) for each in sizes]
    (route,) = ranked(workload((1, ["a/"])), *trials)
    low, high = mean_interval([100, 120, 80]).low, mean_interval([100, 120, 80]).high
    assert route.wire_bytes == Metric(100, low, high, 6)
    assert route.collected == Metric(0, n=6)


def test_a_hit_ratio_is_as_sure_as_the_trials_agree_on_it() -> None:
    def hit_ratio(*calls: tuple[int, int]) -> Metric:
        trials = [trial(sample(cache_hits=hit, cache_misses=miss)) for hit, miss in calls]
        return ranked(workload((1, ["a/"])), *trials)[0].cache_hit_ratio

    # The same ratio of few calls or many is no disagreement.
    same = hit_ratio((3, 1), (6, 2), (9, 3))
    assert (same.value, same.low, same.high) == pytest.approx((0.75, 0.75, 0.75))
    apart = hit_ratio((30, 10), (20, 20), (28, 12))
    assert apart.value == pytest.approx(0.65)
    assert 0 <= (apart.low or 0) < 0.5
    assert 0.7 < (apart.high or 0) <= 1
    assert hit_ratio((3, 1), (3, 1)) == Metric(0.75, n=2)


def test_what_ran_beside_a_request_is_no_part_of_it() -> None:
    (route,) = ranked(workload((1, ["a/"])), trial(sample(0, 10, parallel=phases(waiting=30))))
    assert route.mean.value == pytest.approx(0.010)
    assert route.parallel.waiting == pytest.approx(0.030)
    assert route.phases.waiting == 0


def test_distinct_parameters_are_the_most_of_its_steps() -> None:
    asked = workload((1, ["a/", "b/", "a/"]))
    one = trial(sample(0, 20), sample(1), sample(2, 20))
    assert [route.distinct_params for route in ranked(asked, one, distinct=(3, 9, 5))] == [5, 9]


def test_nothing_measured_is_an_empty_ranking() -> None:
    assert ranked(workload((1, ["a/"])), trial()) == []


walls = st.floats(0.01, 1000)
runs = st.integers(1, 5).flatmap(
    lambda routes: st.tuples(
        st.lists(st.floats(0.01, 100), min_size=routes, max_size=routes),
        st.lists(st.lists(walls, min_size=routes, max_size=routes), min_size=1, max_size=6),
    )
)


@given(runs)
def test_shares_are_a_whole_and_ranks_follow_them(
    run: tuple[list[float], list[list[float]]],
) -> None:
    weights, trials = run
    asked = workload(*[(weight, [f"{number}/"]) for number, weight in enumerate(weights)])
    made = [trial(*[sample(step, wall) for step, wall in enumerate(each)]) for each in trials]
    routes = ranked(asked, *made)
    values = [route.share.value or 0.0 for route in routes]
    assert sum(values) == pytest.approx(1)
    assert values == sorted(values, reverse=True)
    places = [int(route.rank.rstrip("=")) for route in routes]
    assert places[0] == 1
    assert places == sorted(places)
    for route in routes:
        assert (route.share.low or 0) <= (route.share.value or 0) <= (route.share.high or 1)
