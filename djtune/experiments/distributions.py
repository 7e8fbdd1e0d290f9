"""The two distributions that the intervals need, without scipy: Student's t and the binomial.

Both rest on one special function, the regularised incomplete beta function.
"""

import math
from collections.abc import Callable
from functools import lru_cache


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function Iₓ(a, b), for a, b > 0 and 0 ≤ x ≤ 1.

    DLMF 8.17: the continued fraction 8.17.22, which converges fast below the mean, and the
    symmetry 8.17.4 above it.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    log_front = (
        math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
        + a * math.log(x)
        + b * math.log1p(-x)
        - math.log(a)
    )
    return math.exp(log_front) * _continued_fraction(a, b, x)


def _continued_fraction(a: float, b: float, x: float) -> float:
    """1/(1 + d₁/(1 + d₂/(1 + …))) of DLMF 8.17.22, evaluated by the modified Lentz method."""
    tiny = 1e-300
    value, c, d = tiny, tiny, 0.0
    numerator = 1.0
    # The number of terms grows as the root of the larger parameter; the bound is never met.
    for term in range(1, 100 + 20 * math.isqrt(int(max(a, b)) + 1)):
        d = 1.0 / (1.0 + numerator * d or tiny)
        c = 1.0 + numerator / c or tiny
        value *= c * d
        if term > 1 and abs(c * d - 1.0) < 1e-15:
            break
        half, odd = divmod(term, 2)
        if odd:
            numerator = -(a + half) * (a + b + half) * x / ((a + term - 1) * (a + term))
        else:
            numerator = half * (b - half) * x / ((a + term - 1) * (a + term))
    return value


def binomial_cdf(k: float, n: float, p: float) -> float:
    """P(X ≤ k) for X ~ Binomial(n, p).

    ``k`` and ``n`` may be fractions (an effective number of samples): the incomplete beta
    function interpolates between the whole numbers, from -1 (never) to n (always).
    """
    if k <= -1:
        return 0.0
    if k >= n:
        return 1.0
    return incomplete_beta(n - k, k + 1.0, 1.0 - p)


@lru_cache(maxsize=512)
def t_quantile(p: float, df: float) -> float:
    """The ``p`` quantile of Student's t with ``df`` degrees of freedom.

    Raises ValueError unless 0 < p < 1 and df > 0.
    """
    if not 0 < p < 1 or not df > 0:
        raise ValueError(f"no t quantile for p={p}, df={df}")
    if p == 0.5:
        return 0.0
    tail = min(p, 1 - p)

    def excess(t: float) -> float:
        return tail - incomplete_beta(df / 2, 0.5, df / (df + t * t)) / 2

    high = 1.0
    while excess(high) < 0:
        high *= 2
    magnitude = solve(excess, 0.0, high)
    return magnitude if p > 0.5 else -magnitude


def solve(increasing: Callable[[float], float], low: float, high: float) -> float:
    """Where an increasing function crosses zero between ``low`` and ``high``, by bisection."""
    while True:
        middle = (low + high) / 2
        if not low < middle < high:
            return middle
        if increasing(middle) < 0:
            low = middle
        else:
            high = middle
