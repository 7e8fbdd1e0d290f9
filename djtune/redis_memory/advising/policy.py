"""Which eviction policy: what must not be lost decides first, then what misses cost."""

from collections.abc import Iterator, Sequence

from djtune.redis_memory.advice import Policy
from djtune.redis_memory.advising.contents import Contents, resident, with_ttl
from djtune.redis_memory.advising.reading import smallest
from djtune.redis_memory.curves import Curve, Rules
from djtune.redis_memory.curves import Policy as Name
from djtune.reports import format as fmt

MOSTLY = 0.9
"""Share of the evictable bytes with a TTL from which ``volatile-*`` has enough to evict."""
ALIKE = 0.05
"""Sizes that differ by less are no reason to prefer a policy."""
WORTH = 10_000_000
"""Bytes that are no reason to change anything."""
DEFAULTS = Rules("allkeys-lru")


def choose_policy(held: Contents, current: Rules | None, traced: Sequence[Curve]) -> Policy:
    """The policy for what is held.

    ``traced`` are the curves of a replayed trace, one for each of the rules that were tried.
    """
    if held.must_stay:
        return _beside_precious(held, current, traced)
    if traced:
        return _by_trace(current, traced)
    if current is not None and current.policy.startswith("allkeys-"):
        return Policy(
            current,
            ["everything here can be made again, and nothing shows that another policy is better"],
            changes=False,
        )
    why = ["everything here can be made again, so any key may go: the least recently used first"]
    if current is not None and current.policy == "noeviction":
        why.append("under noeviction a full cache refuses writes, and the app sees errors")
    if current is not None and current.policy.startswith("volatile-"):
        why.append(f"{current.policy} can never evict keys without a TTL")
    return Policy(_with(current, "allkeys-lru"), why, changes=True)


def _beside_precious(held: Contents, current: Rules | None, traced: Sequence[Curve]) -> Policy:
    kept = list(_why_kept(held))
    evictable = resident(held.evictable)
    if not evictable:
        return _policy("noeviction", current, [*kept, "there is nothing else here"])
    share = with_ttl(held.evictable) / evictable
    if share >= MOSTLY and not (held.messages_expire or with_ttl(held.kept)):
        why = [
            *kept,
            f"{fmt.share(share)} of the rest has a TTL, and volatile-* evicts that alone",
        ]
        if volatile := [c for c in traced if c.rules and c.rules.policy.startswith("volatile-")]:
            chosen = _by_trace(current, volatile)
            chosen.why = [*why, *chosen.why]
            return chosen
        if current is not None and current.policy.startswith("volatile-"):
            return Policy(current, why, changes=False)
        return _policy("volatile-lru", current, why)
    alone = "no policy spares these alone: give the cache an instance of its own, with allkeys-lru"
    why = [*kept, alone]
    return _policy("noeviction", current, why)


def _why_kept(held: Contents) -> Iterator[str]:
    if held.precious:
        names = ", ".join(pattern.pattern for pattern in held.precious[:3])
        yield f"{names} must not be evicted ({fmt.size(resident(held.precious))})"
    if held.brokers and not held.queues:
        named = ", ".join(use.where for use in held.brokers)
        yield f"named by {named}: nothing waits there now, but what will must not be lost"


def _by_trace(current: Rules | None, traced: Sequence[Curve]) -> Policy:
    """The rules that keep misses cheap in the least memory; the fewest changes among equals."""
    sizes = [(size, curve) for curve in traced if (size := smallest(curve, traced)) is not None]
    known = [(size, curve.rules) for size, curve in sizes if curve.rules is not None]
    if not known:
        return Policy(current or DEFAULTS, ["the trace tells too little"], changes=False)
    least = min(size for size, _ in known)
    alike = [rules for size, rules in known if size <= max((1 + ALIKE) * least, least + WORTH)]
    rules = min(alike, key=lambda each: _novelty(each, current))
    needed = next(size for size, each in known if each == rules)
    why = [f"it keeps misses cheap in {fmt.size(needed)}"]
    others = [(size, each) for size, each in known if each.policy != rules.policy]
    why += [
        f"{each.policy} needs {fmt.size(size)} for that"
        for size, each in _best_of_each(others)
        if each not in alike
    ]
    if len(names := _names(alike)) > 1:
        why.append(f"{', '.join(names)} need about the same")
    return Policy(rules, why, changes=rules != current, measured=True)


def _best_of_each(sized: Sequence[tuple[float, Rules]]) -> list[tuple[float, Rules]]:
    """For each policy, the rules that need least."""
    best: dict[str, tuple[float, Rules]] = {}
    for size, rules in sorted(sized, key=lambda each: each[0]):
        best.setdefault(rules.policy, (size, rules))
    return list(best.values())


def _names(rules: Sequence[Rules]) -> list[str]:
    return list(dict.fromkeys(each.policy for each in rules))


def _novelty(rules: Rules, current: Rules | None) -> tuple[bool, bool, int]:
    """How much there is to change, and to explain."""
    plain = Rules(rules.policy)
    return (
        current is None or rules.policy != current.policy,
        rules.policy != DEFAULTS.policy,
        sum(
            getattr(rules, name) != getattr(current or plain, name)
            for name in ("samples", "log_factor", "decay_minutes")
        ),
    )


def _policy(name: Name, current: Rules | None, why: list[str]) -> Policy:
    rules = _with(current, name)
    return Policy(rules, why, changes=rules != current)


def _with(current: Rules | None, name: Name) -> Rules:
    base = current or DEFAULTS
    return Rules(name, base.samples, base.log_factor, base.decay_minutes)
