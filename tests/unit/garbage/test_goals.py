"""What the user wants: the limit on memory as it is written, and what is made small."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from made_of_garbage import simulated

from djtune.garbage.goals import DEFAULT_LIMIT, parse_limit, score

UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20}


@pytest.mark.parametrize(
    ("text", "allowed"),
    [("+10%", 110), ("+0%", 100), (" +2.5 % ", 102.5), ("512MB", 512e6), ("1.5 GiB", 1.5 * 2**30)],
)
def test_a_limit_is_relative_to_what_is_held_now_or_a_size(text, allowed):
    assert parse_limit(text).allowed(100) == pytest.approx(allowed)


def test_by_default_a_tenth_more_is_allowed():
    assert parse_limit(DEFAULT_LIMIT).allowed(200) == pytest.approx(220)


@given(st.integers(0, 10**6), st.sampled_from(sorted(UNITS)), st.sampled_from(["", " "]))
def test_a_size_is_read_as_it_is_written(number, unit, space):
    assert parse_limit(f"{number}{space}{unit.upper()}").bytes == number * UNITS[unit]


@given(st.integers(0, 10**4), st.floats(1, 1e12))
def test_a_part_is_read_as_it_is_written(percent, peak):
    limit = parse_limit(f"+{percent}%")
    assert limit.bytes is None
    assert limit.allowed(peak) == pytest.approx(peak * (100 + percent) / 100)
    assert limit.text == f"+{percent}%"


@pytest.mark.parametrize(
    "text", ["", "lots", "10%", "-10%", "+10", "+%", "512", "512XB", "1e9", "nan"]
)
def test_what_is_no_limit_is_refused_with_what_is_one(text):
    with pytest.raises(ValueError, match=r"\+10%, 512MB or 1GiB"):
        parse_limit(text)


@given(st.text() | st.from_regex(r"\+?\d{1,400}(\.\d+)?\s?(%|[kKMG]i?[bB])?", fullmatch=True))
@example("9" * 400)
@example(f"+{'9' * 400}%")
def test_garbage_is_a_value_error_or_a_limit(text):
    try:
        allowed = parse_limit(text).allowed(1e8)
    except ValueError:
        return
    assert 0 <= allowed < float("inf")


@pytest.mark.parametrize(
    ("goal", "figure"),
    [
        ("cpu", "gc_ns_per_request"),
        ("mean", "gc_ns_per_request"),
        ("p99", "gc_ns_p99"),
        ("pause", "worst_pause_ns"),
    ],
)
def test_each_goal_has_the_figure_that_it_makes_small(goal, figure):
    assert score(goal, simulated(**{figure: 1.0})) == 1.0
    assert score(goal, simulated(**{figure: 9.0})) == 9.0
