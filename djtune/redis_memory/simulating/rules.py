"""Policies as the kernel knows them."""

from djtune.redis_memory.curves import Policy, Rules
from djtune.redis_memory.simulating import kernel
from djtune.redis_memory.simulating.kernel import Setting

SCORING: dict[str, int] = {
    "lru": kernel.IDLE,
    "lrm": kernel.IDLE,
    "lfu": kernel.FREQUENCY,
    "random": kernel.RANDOM,
    "ttl": kernel.SOONEST,
    "noeviction": kernel.REFUSE,
}
"""What a policy's name ends with → how it scores a key."""


def setting(rules: Rules, maxmemory: int, rate: float) -> Setting:
    """The rules for a share ``rate`` of the keys, which have that share of the memory."""
    kind = ending(rules.policy)
    return Setting(
        capacity=int(maxmemory * rate),
        rate=rate,
        scoring=SCORING[kind],
        volatile=rules.policy.startswith("volatile-"),
        reads_refresh=kind != "lrm",
        samples=rules.samples,
        log_factor=rules.log_factor,
        decay_minutes=rules.decay_minutes,
    )


def ending(policy: Policy) -> str:
    """``lru`` of ``allkeys-lru``."""
    return policy.rpartition("-")[2]
