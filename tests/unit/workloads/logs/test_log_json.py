"""Logs of JSON lines: which keys tell what, and in which unit."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.errors import DjtuneError
from djtune.workloads.logs import jsonlines
from djtune.workloads.logs.jsonlines import JsonLayout

TIME = "2026-03-06T20:30:15+00:00"
NGINX = {
    "time_iso8601": TIME,
    "remote_addr": "10.0.0.1",
    "request": "GET /api/epg/?day=today HTTP/1.1",
    "status": "200",
    "body_bytes_sent": "1234",
    "request_time": "0.034",
    "upstream_response_time": "0.012",
    "http_user_agent": "curl",
}


def detected(*objects: dict[str, Any], unit: str = "") -> JsonLayout:
    layout = jsonlines.detect([json.dumps(one) for one in objects], unit)
    assert isinstance(layout, JsonLayout)
    return layout


def read(line: dict[str, Any], unit: str = "") -> tuple[Any, ...]:
    """Method, path, status, bytes, seconds, time."""
    layout = detected(line, unit=unit)
    ((*row, took, when),), bad = layout.rows(json.dumps(line))
    assert bad == []
    timing = layout.durations[took]
    return (*row, timing and round(timing.seconds, 9), when)


def without(line: dict[str, Any], *names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in names} | more


TIMELESS = without(NGINX, "request_time", "upstream_response_time")


@pytest.mark.parametrize(
    "line",
    [
        NGINX,
        without(NGINX, "request", request_method="GET", request_uri="/api/epg/?day=today"),
        without(NGINX, "request", method="GET", path="/api/epg/"),
        without(NGINX, "request", verb="GET", url="/api/epg/#top"),
        without(NGINX, "time_iso8601", **{"@timestamp": TIME}),
        without(NGINX, "upstream_response_time", request_time=0.012),
        without(TIMELESS, response_time_us=12000),
        without(TIMELESS, duration_ms=12),
        without(TIMELESS, elapsed_seconds=0.012),
        without(TIMELESS, latency_ns=12_000_000),
        {"m": "GET", "U": "/api/epg/", "s": "200", "B": "1234", "D": 12000, "t": TIME},
        without(NGINX, "status", "body_bytes_sent", Status="200", size="1234"),
    ],
)
def test_keys_are_known_by_their_names(line: dict[str, Any]) -> None:
    assert read(line) == ("GET", "/api/epg/", "200", "1234", 0.012, TIME)


def test_numbers_may_be_numbers() -> None:
    line = without(NGINX, status=200, body_bytes_sent=1234, upstream_response_time=0.012)
    assert read(line)[2:5] == (200, 1234, 0.012)


@pytest.mark.parametrize("name", ["request_time", "duration", "response_time"])
def test_a_key_that_does_not_tell_its_unit_needs_it(name: str) -> None:
    line = without(TIMELESS, **{name: 12})
    layout = detected(line)
    assert "duration" not in layout.has
    assert layout.unclear == f"{name} may count µs, ms or s"
    assert read(line, unit="ms")[4] == 0.012


def test_what_the_log_lacks_is_none() -> None:
    line = {"method": "GET", "path": "/", "status": 200}
    assert detected(line).has == {"method", "path", "status"}
    assert read(line) == ("GET", "/", 200, None, None, None)


@pytest.mark.parametrize(
    "line",
    [
        {"message": "started", "level": "info"},
        {"request": "GET / HTTP/1.1"},
        {"status": 200, "path": "/"},
        {"status": 200, "request": {"method": "GET", "uri": "/"}},
    ],
)
def test_keys_that_do_not_tell_are_named_with_the_way_out(line: dict[str, Any]) -> None:
    with pytest.raises(DjtuneError, match="do not tell method, path and status") as error:
        detected(line)
    assert next(iter(line)) in error.value.message
    assert "--log-format" in error.value.hint


def test_access_lines_that_a_container_wraps_are_read() -> None:
    line = '10.0.0.1 - - [06/Mar/2026:20:30:15 +0000] "GET /a HTTP/1.1" 200 12 "-" "curl" 0.012\n'
    objects = [{"log": line, "stream": "stdout"}, {"log": "Not Found: /b\n"}, {"log": line}]
    text = "".join(f"{json.dumps(one)}\n" for one in objects)
    layout = jsonlines.detect(text.splitlines())
    assert layout is not None
    assert layout.name == "combined with durations in JSON"
    rows, bad = layout.rows(text + "rubbish\n\n")
    assert [row[:5] for row in rows] == [("GET", "/a", "200", "12", "0.012")] * 2
    assert bad == [1, 3]


def test_lines_that_are_no_objects_are_told_by_their_places() -> None:
    good = json.dumps(NGINX)
    rows, bad = detected(NGINX).rows(f'{good}\n[1]\n\nrubbish\n{good}\n{{"status": []}}\n')
    assert (len(rows), bad) == (2, [1, 3, 5])


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
urls = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="?# "), max_size=20
)


@given(urls, texts, texts, st.integers(0, 10**9), st.booleans())
def test_whatever_is_sent_the_columns_are_found_again(
    path: str, query: str, agent: str, size: int, ascii_only: bool
) -> None:
    line = NGINX | {
        "request": f"GET /{path}?{query} HTTP/1.1",
        "http_user_agent": agent,
        "body_bytes_sent": size,
    }
    ((method, found, _, length, _, _),), bad = detected(NGINX).rows(
        json.dumps(line, ensure_ascii=ascii_only)
    )
    assert (method, found, length, bad) == ("GET", f"/{path}", size, [])


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
            max_leaves=4,
        ).map(lambda value: NGINX | {"status": value, "request_time": value}),
        max_size=3,
    )
)
def test_no_value_is_a_bug(objects: list[dict[str, Any]]) -> None:
    layout = detected(NGINX)
    rows, bad = layout.rows("\n".join(map(json.dumps, objects)))
    assert len(rows) + len(bad) == len(objects)
    for row in rows:
        assert layout.durations[row[4]] is None or row[4] is not None
