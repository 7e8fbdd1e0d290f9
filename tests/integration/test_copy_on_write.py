"""Pages written while a real server saves."""

import random

import pytest
from redis_helpers import server

from djtune.redis_memory.copy_on_write import PAGE, pages_written

KEYS = 60_000
BYTES = 1000


@pytest.mark.slow
def test_pages_written_during_a_save_are_nearly_as_modelled():
    rng = random.Random(1)
    with server() as (_, client), client.pipeline(transaction=False) as pipeline:

        def write(numbers):
            for number in numbers:
                pipeline.set(f"key:{number:07d}", rng.randbytes(BYTES))
            pipeline.execute()

        for start in range(0, KEYS, 1000):
            write(range(start, start + 1000))
        used = client.info("memory")["used_memory"]
        writes = 0
        client.bgsave()
        while client.info("persistence")["rdb_bgsave_in_progress"]:
            write(rng.sample(range(KEYS), 10))
            writes += 10
        copied = client.info("persistence")["rdb_last_cow_size"]
    modelled = pages_written(used / PAGE, writes, BYTES) * PAGE
    assert writes > 1000
    assert 0.8 * copied < modelled < 2 * copied + 5e6
