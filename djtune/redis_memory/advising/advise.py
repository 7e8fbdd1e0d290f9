"""The advice for one server: policy, then size, then the lines to paste."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from djtune.redis_memory.advice import Advice, Basis, Policy, Size, Term
from djtune.redis_memory.advising.contents import contents, without_ttl
from djtune.redis_memory.advising.margins import (
    ROUND,
    container_terms,
    maxmemory_terms,
    refusal_terms,
    rounded,
    spare_terms,
    uneven_terms,
)
from djtune.redis_memory.advising.policy import choose_policy
from djtune.redis_memory.advising.reading import at, smallest
from djtune.redis_memory.curves import Curve, Rules
from djtune.redis_memory.estimated import Amount, Estimates
from djtune.redis_memory.facts import ServerFacts
from djtune.reports import format as fmt

LITTLE = 64_000_000
"""Bytes of entries below which everything is to fit: less memory saves nothing worth a miss."""
SHOWN_SIZES = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
"""Sizes that the report lists beside the chosen one, as parts of what all entries take."""


class Known(Struct):
    """All that the advice for one server rests on."""

    facts: ServerFacts
    estimates: Estimates | None
    idle: Curve | None = None
    traced: Sequence[Curve] = ()
    growth: float | None = None
    """Part by which the data are to grow; ``None``: nobody said."""
    copy_on_write: Term | None = None
    """What a save copies of the memory that is used now."""


def advise(known: Known) -> Advice:
    """Policy, size and the lines to paste, by all that is known."""
    patterns = known.estimates.patterns if known.estimates else []
    current = rules_of(known.facts)
    policy = choose_policy(contents(patterns, known.facts.uses), current, known.traced)
    size = _size(known, known.estimates, policy) if known.estimates else None
    advice = Advice(policy, size)
    settings = _settings(known.facts, current, advice)
    advice.configuration = [f"{name} {value}" for name, value in settings]
    advice.commands = [f"CONFIG SET {name} {value}" for name, value in settings]
    return advice


def rules_of(facts: ServerFacts) -> Rules | None:
    """How the server evicts now; ``None`` where it does not tell."""
    if not facts.policy:
        return None

    def number(name: str, default: int) -> int:
        text = facts.settings.get(name, "")
        return int(text) if text.isdigit() else default

    return Rules(
        facts.policy,  # type: ignore[arg-type]  # the server's word for it
        number("maxmemory-samples", 5),
        number("lfu-log-factor", 10),
        number("lfu-decay-time", 1),
    )


def _size(known: Known, estimates: Estimates, policy: Policy) -> Size:
    facts, everything = known.facts, estimates.resident.value
    curve = _curve(known, policy)
    entries, basis, promised_at = _entries(curve, estimates, policy)
    unexplained = estimates.balance.residual if estimates.balance else 0.0
    terms = maxmemory_terms(entries, facts, known.growth, unexplained)
    if policy.rules.policy == "noeviction":
        terms += refusal_terms(facts)
    terms += uneven_terms(terms, facts.nodes)
    terms += spare_terms(terms, facts, told=basis != "everything")
    nodes = max(1, len(facts.nodes))
    maxmemory = rounded(terms, nodes)
    container = container_terms(nodes * maxmemory, facts, _copied(known, nodes * maxmemory))
    promised = at(curve, promised_at) if curve is not None else None
    return Size(
        basis,
        maxmemory,
        terms,
        container,
        rounded(container, nodes),
        hit_ratio=None
        if promised is None
        else Amount(1 - promised.miss_ratio, 1 - promised.high, 1 - promised.low),
        lost_seconds_per_hour=promised.lost_seconds_per_hour if promised else None,
        choices=[
            point
            for part in SHOWN_SIZES
            if curve is not None and (point := at(curve, part * everything)) is not None
        ],
    )


def _curve(known: Known, policy: Policy) -> Curve | None:
    """The curve of the chosen rules, or of idle times where keys go by their last use."""
    for curve in known.traced:
        if curve.rules == policy.rules and curve.points:
            return curve
    if known.idle is not None and known.idle.points and policy.rules.policy.endswith("-lru"):
        return known.idle
    return None


def _entries(
    curve: Curve | None, estimates: Estimates, policy: Policy
) -> tuple[Term, Basis, float]:
    """The bytes that entries are to have, with what says so; where on the curve that is.

    Under ``volatile-*`` what has no TTL stays however seldom it is used, so that it comes on top.
    """
    everything = estimates.resident.value
    everything_fits: tuple[Term, Basis, float] = (
        Term("all entries", everything, "estimated"),
        "everything",
        everything,
    )
    if curve is None or policy.rules.policy == "noeviction" or everything < LITTLE:
        return everything_fits
    needed = smallest(curve, [curve])
    volatile = policy.rules.policy.startswith("volatile-")
    staying = without_ttl(estimates.patterns) if volatile else 0.0
    if needed is None or needed + staying >= everything:
        return everything_fits
    note = f"of {fmt.size(everything)}: more memory would hardly save misses"
    if staying:
        note += f"; {fmt.size(staying)} without a TTL stay in any case"
    term = Term("entries worth keeping", needed + staying, "estimated", note)
    return term, curve.source, needed


def _copied(known: Known, maxmemory: float) -> Term | None:
    """What a save copies once ``maxmemory`` bytes are used: the same share of them."""
    term, used = known.copy_on_write, sum(node.used_memory for node in known.facts.nodes)
    return term and replace(term, bytes=term.bytes * maxmemory / max(used, 1))


def _settings(facts: ServerFacts, current: Rules | None, advice: Advice) -> list[tuple[str, str]]:
    """The settings that differ from what the server has.

    The policy comes first: under the old one a new limit could evict what must stay.
    """
    wanted: list[tuple[str, str]] = []
    rules = advice.policy.rules
    if current is None or rules.policy != current.policy:
        wanted.append(("maxmemory-policy", rules.policy))
    named = (("maxmemory-samples", "samples"), ("lfu-log-factor", "log_factor"))
    for name, attribute in (*named, ("lfu-decay-time", "decay_minutes")):
        value = getattr(rules, attribute)
        if value != getattr(current or Rules(rules.policy), attribute):
            wanted.append((name, str(value)))
    # Where there is no limit, one could only make a server refuse writes that evicts nothing.
    if advice.size is not None and (facts.maxmemory or rules.policy != "noeviction"):
        per_node = (facts.maxmemory or 0) // max(1, len(facts.nodes))
        if abs(per_node - advice.size.maxmemory) >= ROUND:
            wanted.append(("maxmemory", f"{advice.size.maxmemory // ROUND}mb"))
    return wanted
