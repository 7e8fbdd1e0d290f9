"""Rows of measured keys, chosen and put together."""

from collections.abc import Sequence

import numpy as np

from djtune.redis_memory.observed import Columns, Ints, no_columns


def chosen(columns: Columns, rows: Ints) -> Columns:
    """The rows of those numbers."""
    return Columns(
        bytes=columns.bytes[rows],
        ttl=columns.ttl[rows],
        idle=columns.idle[rows],
        frequency=columns.frequency[rows],
        length=columns.length[rows],
        samples=columns.samples[rows],
        type=[columns.type[row] for row in rows],
        encoding=[columns.encoding[row] for row in rows],
        modelled=columns.modelled,
        name=columns.name[rows] if columns.name.size else columns.name,
    )


def joined(parts: Sequence[Columns]) -> Columns:
    """All rows, one part after another."""
    if not parts:
        return no_columns()
    return Columns(
        bytes=np.concatenate([part.bytes for part in parts]),
        ttl=np.concatenate([part.ttl for part in parts]),
        idle=np.concatenate([part.idle for part in parts]),
        frequency=np.concatenate([part.frequency for part in parts]),
        length=np.concatenate([part.length for part in parts]),
        samples=np.concatenate([part.samples for part in parts]),
        type=[each for part in parts for each in part.type],
        encoding=[each for part in parts for each in part.encoding],
        modelled=any(part.modelled for part in parts),
        name=np.concatenate([part.name for part in parts]),
    )
