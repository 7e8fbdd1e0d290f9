"""How a run of the profiler spends its time."""

from hypothesis import given
from hypothesis import strategies as st

from djtune.profiling.plan import Budget


@given(st.floats(5, 3600), st.integers(1, 64))
def test_pricing_the_probes_leaves_most_of_the_time_to_the_trials(
    seconds: float, trials: int
) -> None:
    assert 0 < Budget(seconds, trials).overhead <= seconds / 3
