"""URLs of Redis servers: what is understood, and what is shown of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.errors import DjtuneError
from djtune.redis_memory.server.addresses import masked, understood
from djtune.redis_memory.server.cluster import shards, url_of

PLACES = st.sampled_from(["localhost:6379/1", "10.0.0.1", "[::1]:7000/0", "/run/redis.sock"])


@given(user=st.text("abc%4:", max_size=5), place=PLACES)
def test_what_is_shown_holds_no_user_no_password_and_no_option(user: str, place: str) -> None:
    url = f"redis://{user}:p%40ss@{place}?password=secret"
    assert masked(url) == f"redis://{place}"


@pytest.mark.parametrize(
    ("url", "read_as"),
    [
        ("redis://me:p@h:1/2", "redis://me:p@h:1/2?"),
        ("valkeys://h", "rediss://h?"),
        ("redis+socket:///run/r.sock?virtual_host=3", "unix:///run/r.sock?db=3"),
        ("rediss://h?ssl_cert_reqs=CERT_REQUIRED", "rediss://h?ssl_cert_reqs=required"),
        ("rediss://h?ssl_cert_reqs=none", "rediss://h?ssl_cert_reqs=none"),
    ],
)
def test_the_spellings_of_django_and_celery_are_understood(url: str, read_as: str) -> None:
    assert understood(url) == read_as


def complaint(url: str) -> str:
    """All that the error about ``url`` says, if there is one."""
    try:
        understood(url)
    except DjtuneError as error:
        return repr(vars(error))
    return ""


@pytest.mark.parametrize("password", ["secret", "sec/ret", "sec#ret", "sec?ret", "sec@ret", "[sec"])
@pytest.mark.parametrize("scheme", ["redis://", "redis+socket://", "", "mysql://"])
def test_no_part_of_a_password_is_told_however_it_is_written(scheme: str, password: str) -> None:
    url = f"{scheme}me:{password}@localhost:1/0"
    assert "sec" not in masked(url)
    assert "sec" not in complaint(url)


def test_a_clusters_nodes_are_told_with_all_their_slots() -> None:
    found = shards(
        [
            [6, 9, [b"h2", 2, b"two"], [b"h3", 3, b"three", []]],
            [0, 4, [b"", 1, b"one"]],
            [5, 5, [b"h2", 2, b"two"], [b"h3", 3, b"three", []]],
        ]
    )
    assert [(shard.identity, shard.primary) for shard in found] == [
        ("one", ("", 1)),
        ("two", ("h2", 2)),
    ]
    assert found[1].slots == [range(5, 6), range(6, 10)]
    assert found[1].replicas == [("h3", 3)]


@pytest.mark.parametrize(
    ("url", "host", "expected"),
    [
        ("redis://me:p@h:1/0?a=b", "10.0.0.2", "redis://me:p@10.0.0.2:7?a=b"),
        ("rediss://h:1", "", "rediss://h:7?"),
        ("valkeys://h:1", "::1", "rediss://[::1]:7?"),
        ("unix:///run/redis.sock", "", "redis://localhost:7?"),
    ],
)
def test_another_node_is_reached_with_the_same_user_and_options(
    url: str, host: str, expected: str
) -> None:
    assert url_of(url, host, 7) == expected
