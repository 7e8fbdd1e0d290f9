"""Which hosts are this machine."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.network import _location_host, is_loopback


@pytest.mark.parametrize(
    "host",
    [
        *("", "localhost", "db.localhost", "/run/postgresql", "127.0.0.1", "127.1.2.3", "0.0.0.0"),
        *("::1", "[::1]", "::", "::ffff:127.0.0.1"),
    ],
)
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        *("192.0.2.1", "10.0.0.1", "fe80::1%eth0", "::ffff:192.0.2.1"),
        *("db.example", "localhost.example", "127.0.0.1.example"),
    ],
)
def test_elsewhere(host: str) -> None:
    assert not is_loopback(host)


@given(st.ip_addresses())
def test_any_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None) or address
    assert is_loopback(str(address)) == (mapped.is_loopback or mapped.is_unspecified)


@given(st.text())
def test_any_text_has_an_answer(host: str) -> None:
    assert is_loopback(host) in (True, False)


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("redis://cache.example:6379/1", "cache.example"),
        ("rediss://user:secret@192.0.2.1/0", "192.0.2.1"),
        ("redis://[::1]:6379", "::1"),
        ("unix:///run/redis.sock", ""),
        ("unix:/run/memcached.sock", ""),
        ("/run/memcached.sock", ""),
        ("192.0.2.1:11211", "192.0.2.1"),
        ("cache.example", "cache.example"),
    ],
)
def test_the_host_of_a_caches_location(location: str, host: str) -> None:
    assert _location_host(location) == host
