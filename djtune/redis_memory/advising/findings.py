"""What is wrong with a server's contents or settings, and what to do about it."""

from collections.abc import Iterator, Sequence

from djtune.model.findings import FindingData, Saving
from djtune.redis_memory.advice import Advice
from djtune.redis_memory.advising.contents import (
    Contents,
    contents,
    expires,
    resident,
    with_ttl,
)
from djtune.redis_memory.advising.margins import LEAST_TO_TELL
from djtune.redis_memory.estimated import Estimates, PatternEstimate
from djtune.redis_memory.facts import ServerFacts
from djtune.redis_memory.observed import Moment
from djtune.reports import format as fmt

LARGE = 0.03
"""Share of all memory from which a pattern or a key is worth a finding of its own."""
FULL = 0.9
"""Share of maxmemory in use from which a server counts as nearly full."""
DAY = 86_400.0
FRAGMENTED = 1.5
NAMED = 3
"""Patterns that a finding names."""


def findings(
    facts: ServerFacts, estimates: Estimates, moments: Sequence[Moment], advice: Advice
) -> list[FindingData]:
    """The findings about one server: what may break first, then what costs most memory."""
    held = contents(estimates.patterns, facts.uses)
    found = [
        *_queues(facts, held, advice),
        *_sessions(facts, held, advice),
        *_nothing_to_evict(facts, held),
        *_refuses(facts, held, advice),
        *_unlimited(facts, held, advice),
        *_growing(held, estimates),
        *_cold(estimates),
        *_giants(estimates),
        *_evicting(moments, advice),
        *_fragmented(estimates),
    ]
    order = {"high": 0, "medium": 1, "low": 2}
    return sorted(found, key=lambda f: (order[f.severity], -(f.saving.value if f.saving else 0)))


def _queues(facts: ServerFacts, held: Contents, advice: Advice) -> Iterator[FindingData]:
    brokers = [use.where for use in held.brokers]
    if not (held.queues or brokers) or not _may_evict(facts):
        return
    exposed = facts.policy.startswith("allkeys-")
    if not exposed and not held.messages_expire:
        return
    evidence = [f"maxmemory-policy is {facts.policy}"]
    if held.queues:
        evidence.append(f"{_listed(held.queues)} ({fmt.size(resident(held.queues))})")
    if brokers:
        evidence.append(f"named by {', '.join(brokers)}")
    yield FindingData(
        kind="queue-evictable",
        title="Eviction can take queued tasks or messages away, without an error",
        where=facts.address,
        evidence=evidence,
        remedy="give the broker an instance of its own with noeviction; the cache keeps this one"
        if held.evictable
        else "evict nothing",
        patch=_config("maxmemory-policy", advice.policy.rules.policy),
        confidence="one policy holds for all databases of a server",
        severity="high",
    )


def _sessions(facts: ServerFacts, held: Contents, advice: Advice) -> Iterator[FindingData]:
    endless = [p for p in held.kept if p.kind == "session"]
    if endless:
        share = 1 - min(pattern.with_ttl.value for pattern in endless)
        yield FindingData(
            kind="sessions-without-ttl",
            title="Sessions without a TTL stay for ever",
            where=_listed(endless),
            evidence=[f"{fmt.share(share)} have none; {fmt.size(resident(endless))} in all"],
            remedy="store sessions with SESSION_COOKIE_AGE as their TTL, as Django's backends do",
            severity="high" if _may_evict(facts) else "medium",
        )
    # Without a project nobody knows whether the database has them too.
    named = all(use.role == "given" for use in facts.uses) or any(
        use.role == "session" for use in facts.uses
    )
    sessions = [p for p in held.evictable if p.kind == "session" and not _copied(p)]
    policy = facts.policy if _may_evict(facts) else advice.policy.rules.policy
    evicts = policy != "noeviction"
    if sessions and named and evicts and len(held.evictable) > len(sessions):
        yield FindingData(
            kind="sessions-evictable",
            title="A full cache signs users out: their sessions are evicted like any other key",
            where=_listed(sessions),
            evidence=[f"{fmt.size(resident(sessions))} of sessions under {policy}"],
            remedy='SESSION_ENGINE = "django.contrib.sessions.backends.cached_db", or an instance '
            "of their own",
            severity="medium",
        )


def _copied(pattern: PatternEstimate) -> bool:
    """Whether the sessions are in the database, too."""
    return "django.contrib.sessions.cached_db" in pattern.pattern


def _nothing_to_evict(facts: ServerFacts, held: Contents) -> Iterator[FindingData]:
    if not facts.policy.startswith("volatile-"):
        return
    everything = [*held.evictable, *held.precious]
    whole, expiring = resident(everything), with_ttl(everything)
    if not whole or expiring / whole >= 0.5:
        return
    endless = sorted((p for p in everything if not expires(p)), key=lambda p: -p.resident.value)
    yield FindingData(
        kind="volatile-without-ttl",
        title=f"{facts.policy} can evict {fmt.share(expiring / whole)} of the data; once that is "
        "gone, writes fail",
        where=facts.address,
        evidence=[f"without a TTL: {_listed(endless)}"],
        remedy="set TTLs on what may go, or allkeys-lru if everything here can be made again",
        severity="high",
    )


def _refuses(facts: ServerFacts, held: Contents, advice: Advice) -> Iterator[FindingData]:
    if facts.policy != "noeviction" or not facts.maxmemory or not held.evictable:
        return
    used = sum(node.used_memory for node in facts.nodes)
    if resident(held.evictable) < used * 0.5:
        return
    nearly = used / facts.maxmemory >= FULL
    policy = advice.policy.rules.policy
    yield FindingData(
        kind="noeviction-on-a-cache",
        title="A full cache will refuse writes: noeviction holds for what could be made again",
        where=facts.address,
        evidence=[
            f"{fmt.size(used)} of {fmt.size(facts.maxmemory)} are used",
            f"{fmt.size(resident(held.evictable))} could be made again",
        ],
        remedy="let it evict" if not held.must_stay else "move what must stay, then let it evict",
        patch="" if policy == "noeviction" else _config("maxmemory-policy", policy),
        severity="high" if nearly else "medium",
    )


def _unlimited(facts: ServerFacts, held: Contents, advice: Advice) -> Iterator[FindingData]:
    replica = any(node.replica for node in facts.nodes)  # it leaves that to its primary
    if facts.maxmemory != 0 or not held.evictable or advice.size is None or replica:
        return
    yield FindingData(
        kind="no-maxmemory",
        title="No maxmemory: the cache grows until the system kills it",
        where=facts.address,
        evidence=[f"{fmt.size(sum(node.used_memory for node in facts.nodes))} are used now"],
        remedy="set a limit, and a policy that frees memory at it",
        patch="\n".join(advice.commands),
        severity="medium",
    )


def _growing(held: Contents, estimates: Estimates) -> Iterator[FindingData]:
    whole = estimates.resident.value or 1.0
    for pattern in [*held.evictable, *held.kept]:
        endless = (1 - pattern.with_ttl.value) * pattern.resident.value
        if pattern.kind == "session" or endless / whole < LARGE or pattern.keys.value <= NAMED:
            continue
        yield FindingData(
            kind="no-ttl",
            title=f"{pattern.pattern}: keys without a TTL pile up",
            where=pattern.pattern,
            evidence=[
                f"{fmt.share(1 - pattern.with_ttl.value)} of {fmt.count(pattern.keys.value)} keys "
                f"have none: {fmt.size(endless)}",
                *_untouched(pattern),
            ],
            remedy="give them a TTL where they are written, if they can be made again",
            severity="medium" if endless / whole >= 0.1 else "low",
        )


def _untouched(pattern: PatternEstimate) -> Iterator[str]:
    if pattern.idle.p50 is not None:
        yield f"half of them were last used more than {fmt.duration(pattern.idle.p50)} ago"


def _cold(estimates: Estimates) -> Iterator[FindingData]:
    whole = estimates.resident.value or 1.0
    for pattern in estimates.patterns:
        idle = pattern.idle.p50
        if idle is None or idle < DAY or pattern.resident.value / whole < LARGE:
            continue
        if not expires(pattern):
            continue
        saved = pattern.resident.value / 2
        yield FindingData(
            kind="cold",
            title=f"{pattern.pattern}: half of it has not been used for {fmt.duration(idle)}",
            where=pattern.pattern,
            evidence=[f"idle times of {fmt.count(pattern.idle.n)} keys"],
            saving=Saving(saved, "B"),
            remedy=f"a shorter TTL: below {fmt.duration(idle)} half of this would be gone",
            confidence="what is idle now may be used tomorrow",
            severity="medium" if saved / whole >= 0.1 else "low",
        )


def _giants(estimates: Estimates) -> Iterator[FindingData]:
    whole = estimates.resident.value or 1.0
    for pattern in estimates.patterns:
        largest = pattern.size.largest
        if largest is None or largest / whole < LARGE or largest < 1_000_000:
            continue
        yield FindingData(
            kind="giant-key",
            title=f"One key of {pattern.pattern} holds {fmt.share(largest / whole)} of the memory",
            where=pattern.pattern,
            evidence=[f"{fmt.size(largest)} in one key"],
            remedy="split it: deleting, expiring or saving it stops the server for a moment, and "
            "on a cluster it cannot be shared out",
            severity="low",
        )


def _evicting(moments: Sequence[Moment], advice: Advice) -> Iterator[FindingData]:
    if len(moments) < 2:
        return
    first, last = moments[0], moments[-1]
    evicted, seconds = last.evicted - first.evicted, last.time - first.time
    if evicted <= 0 or seconds <= 0:
        return
    larger = advice.size and f"maxmemory {fmt.size(advice.size.maxmemory)} would hold more"
    yield FindingData(
        kind="evicting",
        title=f"The server evicts {evicted / seconds:,.0f} keys each second",
        evidence=[f"{evicted:,} in {seconds:.0f} s"],
        remedy=larger or "give it more memory, or shorter TTLs",
        severity="medium",
    )


def _fragmented(estimates: Estimates) -> Iterator[FindingData]:
    balance = estimates.balance
    if balance is None or balance.fragmentation is None or balance.used_memory < LEAST_TO_TELL:
        return
    if balance.fragmentation < FRAGMENTED:
        return
    wasted = (balance.fragmentation - 1) * balance.used_memory
    yield FindingData(
        kind="fragmentation",
        title=f"The process holds {fmt.ratio(balance.fragmentation)} of what Redis uses",
        evidence=["used_memory_rss against used_memory"],
        saving=Saving(wasted, "B", estimate=False),
        remedy="let jemalloc compact it while it runs, where the build can",
        patch=_config("activedefrag", "yes"),
        severity="medium",
    )


def _may_evict(facts: ServerFacts) -> bool:
    return bool(facts.maxmemory) and facts.policy not in ("", "noeviction")


def _config(name: str, value: str) -> str:
    return f"CONFIG SET {name} {value}"


def _listed(patterns: Sequence[PatternEstimate]) -> str:
    more = f" and {len(patterns) - NAMED} more" if len(patterns) > NAMED else ""
    return ", ".join(pattern.pattern for pattern in patterns[:NAMED]) + more
