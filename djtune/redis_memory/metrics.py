"""The figures of a visit that budgets can limit."""

from djtune.model.metrics import Metric
from djtune.redis_memory.estimated import Amount, Estimates
from djtune.redis_memory.result import RedisSizeResult, ServerResult

NAMES = ("used_memory", "resident", "residual", "without_ttl", "misses")


def metrics(result: RedisSizeResult) -> dict[str, dict[str, Metric]]:
    """``REDIS address`` → metric → figure."""
    return {f"REDIS {server.address}": _figures(server) for server in result.servers}


def _figures(server: ServerResult) -> dict[str, Metric]:
    counters, estimates = server.counters, server.estimates
    if counters is None or estimates is None:
        unknown = Metric(None, reason="the visit was cut short")
        return dict.fromkeys(NAMES, unknown)
    reads = counters.hits + counters.misses
    balance = estimates.balance
    return {
        "used_memory": Metric(float(counters.used_memory)),
        "resident": _metric(estimates.resident, server.sampled),
        "residual": Metric(None, reason="no balance could be drawn")
        if balance is None
        else Metric(abs(balance.residual) / (balance.used_memory or 1)),
        "without_ttl": Metric(_without_ttl(estimates), n=server.sampled),
        "misses": Metric(counters.misses / reads, n=reads)
        if reads
        else Metric(None, reason="nothing was read yet"),
    }


def _metric(amount: Amount, n: int) -> Metric:
    return Metric(amount.value, amount.low, amount.high, n)


def _without_ttl(estimates: Estimates) -> float:
    """Share of the bytes whose keys have no TTL."""
    whole = estimates.resident.value
    endless = sum(p.resident.value * (1 - p.with_ttl.value) for p in estimates.patterns)
    return endless / whole if whole else 0.0
