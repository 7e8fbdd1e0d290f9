import pytest

from djtune.redis_memory.layouts.versions import Binary, asked, nearest
from djtune.servers.redis import find_redis

REDIS_7 = Binary("a", "Redis", (7, 0, 15))
REDIS_8 = Binary("b", "Redis", (8, 0, 2))
VALKEY_8 = Binary("c", "Valkey", (8, 1, 1))
ALL = [REDIS_7, REDIS_8, VALKEY_8]


@pytest.mark.parametrize(
    ("wanted", "best", "modelled"),
    [
        ("Redis 7.2.6", REDIS_7, False),
        ("Redis 8.6.0", REDIS_8, False),
        ("Valkey 8.0.1", VALKEY_8, False),
        ("Valkey 9.1.2", VALKEY_8, True),
        ("Redis 6.2.16", REDIS_7, True),
        ("", REDIS_7, False),
    ],
)
def test_the_server_most_alike_is_taken(wanted, best, modelled):
    assert nearest(ALL, wanted) == (best, modelled)


@pytest.mark.skipif(find_redis() is None, reason="no redis-server or valkey-server on PATH")
def test_a_server_tells_its_version():
    binary = asked(find_redis())
    assert binary.product in ("Redis", "Valkey")
    assert binary.version > (6, 0, 0)
