"""Figures read the same everywhere, lose nothing but digits, and can be read back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.reports import format as f

MAGNITUDES = st.floats(min_value=1e-9, max_value=1e9)
SIGNED = st.one_of(MAGNITUDES, MAGNITUDES.map(lambda x: -x))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (8.5e-7, "850 ns"),
        (1e-6, "1.00 µs"),
        (9.996e-6, "10.0 µs"),
        (0.0123456, "12.3 ms"),
        (0.99949, "999 ms"),
        (0.9996, "1.00 s"),
        (59.96, "60.0 s"),
        (119.4, "119 s"),
        (119.6, "2 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (3599.7, "1 h"),
        (4800, "1 h 20 min"),
        (-0.0123, "−12.3 ms"),
        (-150, "−2 min 30 s"),
        (None, "n/a"),
        (math.nan, "n/a"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_durations_pick_the_unit_that_keeps_three_digits(seconds: float, text: str) -> None:
    assert f.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (7, "7 B"),
        (2.5, "2.50 B"),
        (999, "999 B"),
        (999.7, "1.00 kB"),
        (1234, "1.23 kB"),
        (45_600_000, "45.6 MB"),
        (999_600, "1.00 MB"),
        (5e15, "5,000 TB"),
        (-2048, "−2.05 kB"),
    ],
)
def test_sizes_are_decimal(value: float, text: str) -> None:
    assert f.size(value) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0, "0 %"),
        (0.00001, "<0.01 %"),
        (0.0001, "0.01 %"),
        (0.00561, "0.56 %"),
        (0.00996, "1.0 %"),
        (0.2414, "24.1 %"),
        (0.9999, "100.0 %"),
        (1, "100 %"),
        (-0.031, "−3.1 %"),
        (-0.00001, ">−0.01 %"),
    ],
)
def test_shares_have_one_decimal(fraction: float, text: str) -> None:
    assert f.share(fraction) == text


@pytest.mark.parametrize(
    ("x", "text"),
    [(4.0634, "4.06×"), (0.98, "0.98×"), (1, "1.00×"), (9.996, "10.0×"), (1234, "1,234×")],
)
def test_ratios(x: float, text: str) -> None:
    assert f.ratio(x) == text


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0"), (12, "12"), (12.0, "12"), (12.44, "12.4"), (1234567, "1,234,567")]
)
def test_counts_are_exact_and_means_of_counts_rounded(n: float, text: str) -> None:
    assert f.count(n) == text


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((0.0119, 0.0128, f.duration), "[11.9–12.8 ms]"),
        ((0.0119, 0.0128, f.duration, 0.0123), "[11.9–12.8]"),
        ((0.00098, 0.0011, f.duration, 0.00102), "[980 µs–1.10 ms]"),
        ((0.0011, 0.0012, f.duration, 0.00099), "[1.10–1.20 ms]"),
        ((0.0119, None, f.duration), "[11.9 ms–∞]"),
        ((None, None, f.duration), ""),
        ((0.228, 0.253, f.share), "[22.8–25.3 %]"),
        ((-0.02, 0.031, f.share), "[−2.0 to 3.1 %]"),
        ((0.95, 1.05, f.ratio, 1.0), "[0.95–1.05]"),
        ((11, 13, f.count), "[11–13]"),
        ((110, 125, f.duration), "[110 s–2 min 5 s]"),
        ((0.00001, 0.02, f.share), "[<0.01 %–2.0 %]"),
        ((0.2412, 0.2413, f.share), "[24.1 %]"),
    ],
)
def test_intervals_name_the_unit_once_where_it_is_one(args: tuple, text: str) -> None:
    assert f.interval(*args) == text


def test_one_is_no_plural() -> None:
    assert [f.plural(n, "process", "processes") for n in (0, 1, 1200)] == [
        "0 processes",
        "1 process",
        "1,200 processes",
    ]


def test_a_figure_with_its_interval() -> None:
    assert f.with_interval(0.0123, 0.0119, 0.0128, f.duration) == "12.3 ms [11.9–12.8]"
    assert f.with_interval(12, None, None, f.count) == "12"
    assert f.na("n = 40, 72 needed") == "n/a (n = 40, 72 needed)"


@pytest.mark.parametrize("fmt", [f.duration, f.size, f.ratio, f.count])
@given(x=SIGNED)
def test_text_can_be_read_back_to_three_digits(fmt: f.Formatter, x: float) -> None:
    smallest = {f.size: 0.0005, f.ratio: 0.0051}.get(fmt, 1e-9)
    assert f.value_of(fmt(x)) == pytest.approx(x, rel=0.009, abs=smallest)


@given(fraction=st.floats(min_value=-10, max_value=10))
def test_a_share_can_be_read_back_to_a_tenth_of_a_percent(fraction: float) -> None:
    assert f.value_of(f.share(fraction)) == pytest.approx(fraction, abs=0.00101)


@pytest.mark.parametrize("fmt", [f.duration, f.size, f.share, f.ratio, f.count])
@given(x=st.floats())
def test_no_exponent_no_minus_zero_no_ascii_minus(fmt: f.Formatter, x: float) -> None:
    text = fmt(x)
    assert "e+" not in text
    assert "e-" not in text
    assert "-" not in text
    assert not (text.startswith("−") and f.value_of(text) == 0)


@given(low=MAGNITUDES, more=st.floats(min_value=1.1, max_value=100))
def test_larger_figures_do_not_read_smaller(low: float, more: float) -> None:
    smaller, larger = f.value_of(f.duration(low)), f.value_of(f.duration(low * more))
    assert smaller is not None
    assert larger is not None
    assert smaller < larger


@pytest.mark.parametrize("text", ["", "n/a", "GET /api/", "profile", "[1–2]"])
def test_text_that_starts_with_no_figure_has_no_value(text: str) -> None:
    assert f.value_of(text) is None


@pytest.mark.parametrize(
    ("text", "value"), [("4.2 kB raw", 4200), ("<0.1 %", 0.001), ("≈ 3.0 ms", 0.003), ("12", 12)]
)
def test_the_leading_figure_counts(text: str, value: float) -> None:
    assert f.value_of(text) == pytest.approx(value)


def test_an_axis_has_one_unit_and_round_figures() -> None:
    assert f.ticks([0, 0.5, 1, 1.5], "s") == ["0", "0.5 s", "1 s", "1.5 s"]
    assert f.ticks([-0.002, 0, 0.002], "s") == ["−2 ms", "0", "2 ms"]
    assert f.ticks([0, 2e6, 4e6], "B") == ["0", "2 MB", "4 MB"]
    assert f.ticks([0, 0.5, 1], "share") == ["0 %", "50 %", "100 %"]
    assert f.ticks([0.5, 1, 1.5], "ratio") == ["0.5×", "1×", "1.5×"]
    assert f.tick(0.01, "s") == "10 ms"
    assert f.tick(100, "") == "100"
    assert f.ticks([0, 20, 1000], "") == ["0", "20", "1,000"]
    assert f.ticks([], "s") == []
