"""What a key takes beyond what ``MEMORY USAGE`` says."""

import numpy as np
from msgspec import Struct

from djtune.redis_memory.facts import ServerFacts
from djtune.redis_memory.observed import Columns, Floats


class Overhead(Struct, frozen=True):
    """Bytes that come on top for each key, on one server."""

    entry: float = 0.0
    """For every key: its part of the table's buckets, and what the allocator rounds up."""
    expiry: float = 0.0
    """For a key with a TTL, besides."""

    def resident(self, columns: Columns) -> Floats:
        """What each row takes in the server."""
        expires = ~np.isnan(columns.ttl)
        return np.asarray(columns.bytes + self.entry + self.expiry * expires)


def overhead_of(_facts: ServerFacts) -> Overhead:
    """As this server has it."""
    return Overhead()
