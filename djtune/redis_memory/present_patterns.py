"""Memory by pattern: a table, and a picture of it."""

from collections.abc import Iterator

from djtune.redis_memory.estimated import Amount, Estimates, PatternEstimate, Spread
from djtune.redis_memory.facts import Kind
from djtune.reports import format as fmt
from djtune.reports.blocks import (
    Area,
    Block,
    Cell,
    Column,
    Group,
    Heading,
    Note,
    Segment,
    Stack,
    Table,
    Treemap,
)

SHOWN = 20
EXACTLY = 0.0005
"""A half-width below this part of the value is not worth showing."""
_GROUPS: dict[Kind, Group] = {
    "cache": Group("cache", "good"),
    "page": Group("cached pages", "good", hatched=True),
    "session": Group("sessions", "warn"),
    "queue": Group("queues", "bad"),
    "result": Group("task results", "warn", hatched=True),
    "channels": Group("channels", "bad", hatched=True),
    "lock": Group("locks", "bad"),
    "counter": Group("counters", "muted"),
    "other": Group("other", "plain"),
}


def pattern_blocks(estimates: Estimates, level: int) -> Iterator[Block]:
    """The patterns, the largest first."""
    patterns = estimates.patterns
    yield Heading("Memory by pattern", level)
    hidden = patterns[SHOWN:]
    caption = "resident: with what MEMORY USAGE leaves out (TTL entries, tables, rounding)."
    if hidden:
        rest = sum(pattern.resident.value for pattern in hidden)
        caption += f" {len(hidden)} smaller patterns ({fmt.size(rest)}) are in --format json."
    yield Table(
        [
            Column("pattern"),
            Column("share", "right"),
            Column("resident", "right", help="all keys, with what MEMORY USAGE leaves out"),
            Column("keys", "right"),
            Column("p50", "right", 3, help="bytes of one key"),
            Column("p99", "right", 4),
            Column("TTL", "right", 2, help="share of keys that have one; their median"),
            Column("idle p50", "right", 2, help="since the last use"),
            Column("kind", priority=1),
            Column("encoding", priority=5),
            Column("n", "right", 6, help="keys whose sizes were asked for"),
        ],
        [_row(pattern) for pattern in patterns[:SHOWN]],
        caption=caption,
    )
    yield _total(estimates)
    for note in dict.fromkeys(note for pattern in patterns for note in pattern.notes):
        yield Note(note)
    for note in estimates.notes:
        yield Note(note)
    if len(patterns) > 1:
        yield _picture(estimates)


def _row(pattern: PatternEstimate) -> list[Cell]:
    if not pattern.sampled:
        unknown = [Cell(fmt.na()) for _ in range(9)]
        return [Cell(pattern.pattern), *unknown, Cell("0")]
    share = pattern.share.value
    return [
        Cell(pattern.pattern),
        Cell(fmt.share(share), stack=Stack([Segment("share", share, fmt.share(share))])),
        Cell(fmt.size(pattern.resident.value), note=_bounds(pattern.resident)),
        Cell(fmt.count(pattern.keys.value), note=_bounds(pattern.keys, bytes=False)),
        Cell(_quantile(pattern.size.p50)),
        Cell(_quantile(pattern.size.p99)),
        Cell(fmt.share(pattern.with_ttl.value), note=_lifetime(pattern.ttl)),
        Cell(_idle(pattern.idle)),
        Cell(pattern.kind),
        Cell(_most(pattern.encodings)),
        Cell(fmt.count(pattern.sampled)),
    ]


def _bounds(amount: Amount, *, bytes: bool = True) -> str:
    if amount.high - amount.low <= 2 * EXACTLY * amount.value:
        return ""
    write = fmt.size if bytes else fmt.count
    return fmt.interval(amount.low, amount.high, write, amount.value)


def _quantile(value: float | None) -> str:
    return fmt.na() if value is None else fmt.size(value)


def _lifetime(spread: Spread) -> str:
    return "" if spread.p50 is None else f"median {fmt.duration(spread.p50)}"


def _idle(spread: Spread) -> str:
    return fmt.na() if spread.p50 is None else fmt.duration(spread.p50)


def _most(shares: dict[str, float]) -> str:
    """The encodings, the most frequent first."""
    ordered = sorted(shares.items(), key=lambda each: -each[1])[:2]
    if ordered and ordered[0][1] > 0.995:
        return ordered[0][0]
    return ", ".join(f"{name} {fmt.share(share)}" for name, share in ordered)


def _total(estimates: Estimates) -> Note:
    whole = estimates.resident
    bounds = _bounds(whole)
    unsized = sum(not pattern.sampled for pattern in estimates.patterns)
    if unsized:
        named = fmt.plural(unsized, "pattern", "patterns")
        return Note(f"Of {named} no size was asked for: there is no total.", tone="warn")
    unseen = [p.unseen for p in estimates.patterns if p.unseen is not None]
    text = f"Together {fmt.size(whole.value)} {bounds}".rstrip() + "."
    if unseen:
        text += (
            f" At most one key of {fmt.size(max(unseen))} or more that nobody looked at could be "
            "there without making that wrong."
        )
    return Note(text, tone="plain")


def _picture(estimates: Estimates) -> Treemap:
    shown = estimates.patterns[: 3 * SHOWN]
    root = Area("all keys", sum(pattern.resident.value for pattern in shown))
    areas = [
        Area(
            pattern.pattern,
            pattern.resident.value,
            fmt.size(pattern.resident.value),
            depth=1,
            group=_GROUPS[pattern.kind].label,
            note=f"{fmt.count(pattern.keys.value)} keys",
        )
        for pattern in shown
    ]
    kinds = {pattern.kind for pattern in shown}
    groups = [group for kind, group in _GROUPS.items() if kind in kinds]
    return Treemap([root, *areas], groups, title="The same as a picture")
