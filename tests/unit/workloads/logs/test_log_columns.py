"""What the texts in a log stand for."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.workloads.logs.columns import duration, minute, size, status

moments = st.datetimes(
    min_value=datetime(1971, 1, 1),
    max_value=datetime(2100, 1, 1),
    timezones=st.builds(
        lambda quarters: timezone(timedelta(minutes=15 * quarters)), st.integers(-48, 56)
    ),
)


def minutes_of(moment: datetime) -> int:
    return int(moment.timestamp() // 60)


@given(moments)
def test_a_time_is_read_in_every_form_that_servers_write(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    expected = minutes_of(moment)
    assert minute(moment.strftime("%d/%b/%Y:%H:%M:%S %z")) == expected
    assert minute(moment.isoformat()) == expected
    assert minute(moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")) == expected


@pytest.mark.parametrize("factor", [1, 1e3, 1e6, 1e9], ids=["s", "ms", "us", "ns"])
def test_a_unix_time_is_read_in_every_unit(factor: float) -> None:
    moment = datetime(2026, 3, 6, 20, 30, 15, tzinfo=UTC)
    assert minute(moment.timestamp() * factor) == minutes_of(moment)
    assert minute(f"{moment.timestamp() * factor:.3f}") == minutes_of(moment)


@pytest.mark.parametrize(
    "text", ["-", "yesterday", "99/Foo/2026:00:00:00 +0000", "31/Feb/2026", -1]
)
def test_what_is_no_time_is_none(text: object) -> None:
    assert minute(text) is None


@pytest.mark.parametrize(
    ("text", "scale", "seconds"),
    [
        ("0.012", 1, 0.012),
        ("12345", 1e-6, 0.012345),
        (12, 1e-3, 0.012),
        ("0.010, 0.020", 1, 0.03),
        ("0.010 : 0.020", 1, 0.03),
        ("-, 0.020", 1, 0.02),
    ],
)
def test_a_duration_is_read_in_its_unit_and_an_upstreams_list_is_summed(
    text: object, scale: float, seconds: float
) -> None:
    found = duration(text, scale)
    assert found is not None
    assert found.seconds == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["-", "", None, "fast", "-1", "nan", "inf", "1e300"])
def test_what_is_no_duration_is_none(text: object) -> None:
    assert duration(text, 1.0) is None


def test_sizes_and_statuses_that_are_none_are_zero() -> None:
    assert [size(text) for text in ("12", 12, "-", "", None, "None", "-3")] == [
        12,
        12,
        0,
        0,
        0,
        0,
        0,
    ]
    assert [status(text) for text in ("200", 404, "200 OK", "", None, "007", "x")] == [
        *(200, 404, 200),
        *(0, 0, 0, 0),
    ]
