"""The t and binomial distributions, with scipy as the oracle."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special, stats

from djtune.experiments.distributions import binomial_cdf, incomplete_beta, t_quantile

shapes = st.floats(0.1, 2e5)
probabilities = st.floats(1e-4, 1 - 1e-4)


@given(a=shapes, b=shapes, distance=st.floats(-8, 8))
def test_incomplete_beta_agrees_with_scipy_around_the_mean_of_the_distribution(a, b, distance):
    mean = a / (a + b)
    sd = (mean * (1 - mean) / (a + b + 1)) ** 0.5
    x = min(1.0, max(0.0, mean + distance * sd))
    assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), abs=1e-8)


@given(p=probabilities, df=st.one_of(st.integers(1, 200), st.floats(0.5, 1e6)))
@example(p=0.975, df=1)
@example(p=0.975, df=2)
@example(p=0.5 + 1e-9, df=3)
def test_t_quantile_agrees_with_scipy(p, df):
    assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-6, abs=1e-6)


@given(p=probabilities, df=st.integers(1, 50))
def test_t_quantile_is_symmetric(p, df):
    assert t_quantile(1 - p, df) == pytest.approx(-t_quantile(p, df), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("p", "df"), [(0, 3), (1, 3), (0.975, 0), (0.975, -1)])
def test_t_quantile_refuses_what_has_none(p, df):
    with pytest.raises(ValueError, match="no t quantile"):
        t_quantile(p, df)


@given(n=st.integers(1, 200_000), p=probabilities, distance=st.floats(-6, 6))
def test_binomial_cdf_agrees_with_scipy(n, p, distance):
    k = int(n * p + distance * (n * p * (1 - p)) ** 0.5)
    assert binomial_cdf(k, n, p) == pytest.approx(stats.binom.cdf(k, n, p), abs=1e-8)


@given(n=st.floats(1, 1000), p=probabilities, data=st.data())
def test_binomial_cdf_increases_between_whole_numbers_too(n, p, data):
    k = data.draw(st.floats(0, n))
    assert binomial_cdf(k, n, p) <= binomial_cdf(min(n, k + 0.3), n, p) + 1e-12
