"""Shares of samples, with intervals that know how the samples came about."""

import math
from collections.abc import Sequence
from statistics import NormalDist

from djtune.experiments.distributions import incomplete_beta, solve, t_quantile
from djtune.experiments.intervals import UPPER
from djtune.model.metrics import Metric


def share_interval(counts: Sequence[int], sizes: Sequence[int]) -> Metric:
    """The share that ``counts`` have of ``sizes``, summed over windows of time.

    The 95 % interval is that of Clopper & Pearson (1934) for a binomial proportion, at the number
    of independent samples that the windows are worth: samples of one request, or of one rush, are
    not independent. Raises ValueError without samples.
    """
    n, k = sum(sizes), sum(counts)
    if n <= 0:
        raise ValueError("a share needs at least one sample")
    share = k / n
    worth = effective_n(counts, sizes)
    low, high = proportion_bounds(share * worth, worth)
    return Metric(share, min(low, share), max(high, share), n)


def proportion_bounds(k: float, n: float) -> tuple[float, float]:
    """Bounds of the 95 % Clopper-Pearson interval of ``k`` out of ``n``, which may be fractions."""
    low = solve(lambda p: incomplete_beta(k, n - k + 1, p) - (1 - UPPER), 0, 1) if k > 0 else 0.0
    high = solve(lambda p: incomplete_beta(k + 1, n - k, p) - UPPER, 0, 1) if k < n else 1.0
    return low, high


def effective_n(counts: Sequence[int], sizes: Sequence[int]) -> float:
    """How many independent samples the windows are worth for a share; at least 1.

    n/(1 + (φ - 1)·(t/z)²), where φ = Pearson's χ²/(W - 1) of the W windows' shares, at least 1: the
    overdispersion of quasi-binomial models (McCullagh & Nelder 1989, section 4.5), whose excess
    counts by t instead of z, as Korn & Graubard (1998) do. With one window nothing is known of φ,
    which is then taken as 1.
    """
    windows = [(k, n) for k, n in zip(counts, sizes, strict=True) if n > 0]
    n = sum(size for _, size in windows)
    share = sum(count for count, _ in windows) / n
    if len(windows) < 2 or not 0 < share < 1:
        return float(n)
    chi_square = math.fsum(
        (count - size * share) ** 2 / (size * share * (1 - share)) for count, size in windows
    )
    freedom = len(windows) - 1
    excess = max(0.0, chi_square / freedom - 1)
    caution = (t_quantile(UPPER, freedom) / NormalDist().inv_cdf(UPPER)) ** 2
    return max(1.0, n / (1 + excess * caution))
