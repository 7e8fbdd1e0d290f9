"""What ``used_memory`` is made of, line by line, on each kind of server."""

import numpy as np
import pytest
from seen_servers import facts, rows, sample, seen

from djtune.redis_memory.estimating.estimates import estimate
from djtune.redis_memory.estimating.overhead import Overhead, build_of, overhead_of, size_class

MAIN = "db.0.overhead.hashtable.main"
EXPIRES = "db.0.overhead.hashtable.expires"
# 100 000 string keys with a TTL in Redis 7.0.15 with steps of 16 B: 2^17 pointers in each table.
TTLS = {
    "keys": 100_000,
    "keys_with_ttl": 100_000,
    "memory": {
        "keys.count": 100_000,
        MAIN: 100_000 * 40 + 8 * 2**17,
        EXPIRES: 100_000 * 24 + 8 * 2**17,
        "startup.allocated": 876_112,
        "clients.normal": 25_000,
        "quantum": 16,
    },
}


def expiring(sizes):
    columns = rows(sizes)
    columns.ttl = np.full(columns.bytes.size, 60.0)
    return columns


def balanced(used: int, usage: float = 104.0, **node):
    pattern = sample("a", 100_000)
    pattern.whole = expiring(np.full(100_000, usage))
    found = seen(pattern)
    found.server = facts(used_memory=used, **(TTLS | node))
    return estimate(found)


def test_strings_with_a_ttl_reconcile_with_what_a_server_grew_by():
    # Measured: 164.95 B a key, of which MEMORY USAGE says 104.
    found = balanced(used=876_112 + 25_000 + 16_495_000)

    assert abs(found.balance.residual) < 0.001 * found.balance.used_memory
    assert {line.label: round(line.bytes.value) for line in found.balance.lines} == {
        "values and names": 10_400_000,
        "TTL entries": 3_200_000,
        "hash tables": 2 * 8 * 2**17,
        "rounding of entries": 800_000,
        "start-up": 876_112,
        "clients' buffers": 25_000,
    }


def test_what_a_pattern_holds_resident_has_its_part_of_all_tables():
    found = balanced(used=0)

    assert found.resident.value == pytest.approx(100_000 * (104 + 8 + 32) + 2 * 8 * 2**17)


def test_memory_that_nothing_explains_is_the_residual_and_lies_outside():
    found = balanced(used=876_112 + 25_000 + 16_495_000 + 50_000_000)

    assert found.balance.residual == pytest.approx(50e6, rel=0.01)
    assert not found.balance.covered


@pytest.mark.parametrize(
    ("product", "version", "quantum", "beyond"),
    [
        # Measured on servers of 100 000 keys: growth less MEMORY USAGE less the bucket arrays.
        ("Redis", "7.0.15", 16, 40),
        ("Redis", "7.4.1", 8, 24),
        ("Redis", "8.0.6", 16, 40),
        ("Valkey", "8.0.1", 16, 32),
        ("Valkey", "9.1.2", 16, 0),
    ],
)
def test_a_key_with_a_ttl_takes_as_much_more_as_it_was_measured_to(
    product, version, quantum, beyond
):
    overhead = Overhead(build_of(product, version), quantum)

    assert overhead.resident(expiring([280]))[0] - 280 == beyond


@pytest.mark.parametrize(
    ("version", "name", "ttl", "beyond"),
    [("8.1.1", 8, False, 16), ("8.1.1", 8, True, 32), ("8.1.1", 102, False, 112)],
)
def test_valkey_8_1_leaves_names_out(version, name, ttl, beyond):
    columns = expiring([240]) if ttl else rows([240])
    columns.name = np.array([float(name)])

    assert Overhead(build_of("Valkey", version), 16).within(columns)[0] == beyond


def test_tables_inside_collections_are_rounded_too():
    columns = rows([1104, 51_423, 300])
    columns.type = ["hash", "hash", "hash"]
    columns.encoding = ["hashtable", "hashtable", "listpack"]
    columns.length = np.array([12.0, 600.0, 8.0])

    assert Overhead(build_of("Redis", "7.0.15"), 16).within(columns).tolist() == [96, 4800, 0]
    assert Overhead(build_of("Redis", "7.4.1"), 8).within(columns).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("length", "covered"), [(np.nan, True), (10_446.0, False)])
def test_a_length_that_was_not_asked_for_makes_the_balance_unsure(length, covered):
    # Measured on Redis 7.0.15: hashes of 8,000 fields of 120 B, 8.2 B a field beyond MEMORY USAGE.
    hashes = rows(np.full(300, 961_000.0))
    hashes.type, hashes.encoding = ["hash"] * 300, ["hashtable"] * 300
    hashes.length = np.full(300, length)
    pattern = sample("a", 300)
    pattern.whole = hashes
    found = seen(pattern)
    used = 300 * (961_000 + 65_600) + 900_000
    memory = {"startup.allocated": 876_112, "quantum": 16}
    found.server = facts(used_memory=used, keys=300, keys_with_ttl=0, memory=memory)

    assert estimate(found).balance.covered == covered


def test_sets_without_entries_are_counted_too_high():
    columns = rows([16_208])
    columns.type, columns.encoding, columns.length = ["set"], ["hashtable"], np.array([300.0])

    within = Overhead(build_of("Redis", "7.4.1"), 8).within(columns)[0]

    assert within == pytest.approx(10_246 - 8 - 16_208, rel=0.02)


def test_without_memory_stats_the_tables_are_modelled():
    told = facts(keys=100_000, keys_with_ttl=0, info={"used_memory_startup": "900000"})
    found = seen(sample("a", 100_000, whole=np.full(100_000, 100.0)))
    found.server = told

    lines = {line.label: line for line in estimate(found).balance.lines}

    assert lines["hash tables"].bytes.value == 8 * 2**17
    assert lines["hash tables"].source == "modelled"
    assert lines["start-up"].bytes.value == 900_000
    assert overhead_of(told).buckets == pytest.approx(8 * 2**17 / 100_000)


def test_a_version_that_nobody_measured_is_said_to_be():
    assert build_of("Redis", "7.4.1").known
    assert not build_of("Redis", "8.6.0").known
    assert not build_of("Redis", "5.0.1").known


def test_the_allocator_has_four_steps_for_each_doubling():
    sizes = np.array([1.0, 16, 17, 129, 1025, 8193])

    assert size_class(sizes, 8).tolist() == [8, 16, 24, 160, 1280, 10_240]
