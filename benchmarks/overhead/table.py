"""From blocks of CPU times to one table: ratios to bare, and what a request and a query cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from djtune.experiments.intervals import Interval, mean_interval, ratio_interval

from .blocks import Block

PAGES = {
    "list": "list, 1 query",
    "repeating": "list, 101 queries",
    "shelf": "template, 1 query",
    "count": "tiny, 1 query",
}
MORE_QUERIES = 100
"""Queries that the list has more where it repeats them."""
LIMITED = "repeating"
LIMITS = {"timing": 1.05, "detail": 1.15}
WIDEST = 0.02
"""Half the width of the interval, at most."""

BARE, NOTHING = "bare", "nothing"
BY_TURNS = ("timing", "prices", "detail", "timeline")
"""Served by turns with bare requests in one process; the rest have processes of their own."""
ROWS = {
    NOTHING: "nothing, in another process",
    "debug": "DEBUG = True alone",
    "timing": "djtune: timing pass",
    "prices": "djtune: detail pass, marks",
    "detail": "djtune: detail pass, stacks",
    "timeline": "djtune: --trace",
    "zeal": "django-zeal",
    "toolbar_sql": "django-debug-toolbar, SQL panel",
    "toolbar": "django-debug-toolbar, default panels",
    "silk": "django-silk",
    "pyinstrument": "pyinstrument",
    "cprofile": "cProfile",
}


def ratio(blocks: Sequence[Block], mode: str, page: str) -> Interval:
    """CPU time of a page watched over bare, one log ratio a block."""
    return ratio_interval(
        [math.log(_watched(b, mode, page) / _bare(b, mode, page)) for b in blocks]
    )


def a_query(blocks: Sequence[Block], mode: str) -> Interval:
    """CPU seconds that a query takes more: the two lists differ in 100 queries alone."""
    return mean_interval([_a_query(block, mode) for block in blocks])


def a_request(blocks: Sequence[Block], mode: str) -> Interval:
    """CPU seconds that the tiny page takes more, less those of its one query."""
    return mean_interval([_added(block, mode, "count") - _a_query(block, mode) for block in blocks])


def _a_query(block: Block, mode: str) -> float:
    return (_added(block, mode, "repeating") - _added(block, mode, "list")) / MORE_QUERIES


def _added(block: Block, mode: str, page: str) -> float:
    return _watched(block, mode, page) - _bare(block, mode, page)


def _watched(block: Block, mode: str, page: str) -> float:
    return median(block[mode][page])


def _bare(block: Block, mode: str, page: str) -> float:
    beside = BARE if mode in BY_TURNS or mode == NOTHING else NOTHING
    return median(block[beside][page])


def breaches(blocks: Sequence[Block], limits: Mapping[str, float] = LIMITS) -> list[str]:
    """What is dearer than promised, or not known well enough."""
    found = []
    for mode, most in limits.items():
        if mode not in blocks[0]:
            continue
        cost = ratio(blocks, mode, LIMITED)
        half = (cost.high - cost.low) / 2
        if cost.value > most:
            found.append(f"{ROWS[mode]} costs {cost.value:.3f}, more than {most}")
        if half > WIDEST:
            found.append(f"{ROWS[mode]} is known to ±{half:.3f}, not to ±{WIDEST}")
    return found


def markdown(blocks: Sequence[Block]) -> str:
    """The table: a row for each way of being watched."""
    lines = [["", *PAGES.values(), "a request more", "a query more"]]
    lines.append(["---", *["--:"] * (len(lines[0]) - 1)])
    bare = [f"{1e3 * median(_watched(b, BARE, page) for b in blocks):.2f} ms" for page in PAGES]
    lines.append(["bare", *bare, "", ""])
    for mode, name in ROWS.items():
        if mode in blocks[0]:
            cells = [_told(ratio(blocks, mode, page), 1, _two_or_three) for page in PAGES]
            more = [a_request(blocks, mode), a_query(blocks, mode)]
            lines.append([name, *cells, *(_told(each, 1e6, _whole) + " µs" for each in more)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _told(interval: Interval, factor: float, written: Callable[[float], str]) -> str:
    value, low, high = (written(factor * x) for x in (interval.value, interval.low, interval.high))
    return f"{value} [{low}, {high}]"


def _two_or_three(x: float) -> str:
    return f"{x:.3f}" if x < 1.5 else f"{x:.2f}"


def _whole(x: float) -> str:
    return f"{x:.1f}" if abs(x) < 10 else f"{x:.0f}"
