"""Where idle times cannot tell, or not well."""

import numpy as np

from djtune.redis_memory.idle.ages import Ages
from djtune.redis_memory.idle.flows import Flow
from djtune.redis_memory.idle.mixture import Mixture
from djtune.redis_memory.observed import Moment, ServerFacts

FEWEST_READS = 200
FEWEST_KEYS = 500
PASS_SHARE = 0.05
"""A batch pass is seen where at least this share of all keys was used beside steady use."""
DENSE = 2.0
"""Times as many keys of one age as accesses come now: not from requests like those of now."""
UNSTEADY = 2.0
"""Reads a second now, and their mean since the server started, further apart than this factor."""


def refusal(moments: list[Moment], facts: ServerFacts) -> str | None:
    """Why no curve can be made; ``None``: it can."""
    if "lfu" in facts.policy:
        return f"under {facts.policy} the server tells no idle times"
    if facts.nodes and all(node.replica for node in facts.nodes):
        return "a replica sees no reads: its idle times are those of writes"
    if not moments or np.isnan(moments[0].idle).all():
        return "the server told no idle times"
    known = int((~np.isnan(moments[0].idle)).sum())
    if known < FEWEST_KEYS:
        return f"{known} keys are too few for a curve: it takes {FEWEST_KEYS}"
    first, last = moments[0], moments[-1]
    reads = last.hits + last.misses - first.hits - first.misses
    if len(moments) < 2 or 0 <= reads < FEWEST_READS:
        return (
            f"{max(reads, 0)} reads came in {last.time - first.time:.0f} s: "
            f"it takes {FEWEST_READS} to tell how many miss"
        )
    return None


def batch_pass(ages: Ages, fit: Mixture, accesses: float) -> str | None:
    """That far more keys were used at once than steady ``accesses`` a second explain.

    Steady use leaves fewer keys of each age than of any younger one: how far the count of keys up
    to an age falls short of the closest such law's is the share of keys that came together. Nor
    can more keys be of one age than accesses then.
    """
    total = ages.keys.sum()
    beside = np.cumsum(fit.within(ages.edges).sum(axis=1) - ages.keys) / total
    dense = np.maximum(ages.keys - DENSE * accesses * np.diff(ages.edges), 0.0) / total
    if beside.max() > PASS_SHARE:
        share, age = beside.max(), ages.edges[beside.argmax() + 1]
    elif dense.sum() > PASS_SHARE:
        share, age = dense.sum(), ages.edges[dense.argmax()]
    else:
        return None
    return (
        f"at least {share:.0%} of the keys were last used together about {max(age, 0.0):.0f} s "
        "ago, as a batch job or a restart does: how long they had been unused before is lost"
    )


def caveats(moments: list[Moment], facts: ServerFacts, whole: Flow) -> list[str]:
    """Sentences about what the curve does not know."""
    said = ["sizes below 5 % of the data are not told: those keys are seconds old"]
    if moments[-1].evicted > 0:
        said.append(
            "the server already evicts: what more memory would bring cannot be seen, and near the "
            "present size the keys are younger than their use would make them"
        )
    now, usual = whole.reads, _usual_reads(facts)
    if usual and not 1 / UNSTEADY < now / usual < UNSTEADY:
        said.append(
            f"{now:.0f} reads a second now, {usual:.0f} on average since the server started: "
            "ages come from other requests than those counted now"
        )
    return said


def _usual_reads(facts: ServerFacts) -> float | None:
    """Mean reads a second since the server started."""
    total, seconds = 0.0, 0.0
    for node in facts.nodes:
        try:
            total += int(node.info["keyspace_hits"]) + int(node.info["keyspace_misses"])
            seconds = max(seconds, float(node.info["uptime_in_seconds"]))
        except (KeyError, ValueError):
            return None
    return total / seconds if seconds else None
