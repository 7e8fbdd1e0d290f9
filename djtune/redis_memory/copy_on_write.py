"""Memory that a save takes twice: pages that are written while a child writes them to disk."""

import math
from collections.abc import Mapping

from djtune.redis_memory.advice import Term

PAGE = 4096
SAVED_PER_SECOND = 100e6
"""Bytes that a child saves in a second, where no save has told."""
LABEL = "copy-on-write during a save"


def copy_on_write(
    maxmemory: float,
    used_memory: float,
    info: Mapping[str, str],
    writes_per_second: float | None,
    entry_bytes: float,
) -> Term | None:
    """The term for a server with ``maxmemory`` bytes; ``None`` where nothing tells.

    What the last save has copied comes first: with the same writes, the share of pages that are
    written during a save stays the same when both the pages and the time that they take grow.
    Without one it is modelled from writes: see :func:`pages_written`.
    """
    copied = max(_number(info, "rdb_last_cow_size"), _number(info, "aof_last_cow_size"))
    if copied > 0 and used_memory > 0:
        share = min(1.0, copied / used_memory)
        note = f"{share:.1%} of the data were copied at the last save (n=1)"
        return Term(LABEL, share * maxmemory, "measured", note)
    if writes_per_second is None:
        return None
    seconds = maxmemory / SAVED_PER_SECOND
    last = _number(info, "rdb_last_bgsave_time_sec")
    if last > 0 and used_memory > 0:
        seconds = last * maxmemory / used_memory
    pages = pages_written(maxmemory / PAGE, writes_per_second * seconds, entry_bytes)
    note = f"modelled: {writes_per_second:,.0f} writes/s during a save of {seconds:,.0f} s"
    return Term(LABEL, pages * PAGE, "estimated", note)


def pages_written(pages: float, writes: float, entry_bytes: float) -> float:
    """Distinct pages that ``writes`` of entries touch, out of ``pages``.

    Each write touches the pages of its value and that of its table entry, anywhere: the number of
    distinct ones is ``P · (1 − exp(−touched / P))``. The allocator gives freed places out again,
    so that fewer are touched in truth: an upper estimate.
    """
    if pages <= 0:
        return 0.0
    touched = writes * (entry_bytes / PAGE + 2)
    return -pages * math.expm1(-touched / pages)


def _number(info: Mapping[str, str], name: str) -> float:
    try:
        return float(info.get(name, 0) or 0)
    except ValueError:
        return 0.0
