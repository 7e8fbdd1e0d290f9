"""The display of an experiment under way, on terminals of every size."""

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from djtune.reports.live import Row, Watching, bar, spread, table
from djtune.run import Options, Run

ratios = st.floats(1e-3, 1e3)
some_rows = st.lists(
    st.builds(
        Row,
        variant=st.sampled_from(["10000,100,100", "freeze"]),
        metric=st.sampled_from(["GC per request", "peak RSS"]),
        figure=st.sampled_from(["0.93× [0.90–0.96]", "412 → 29", "n/a"]),
        blocks=st.integers(1, 200),
        ratio=st.none() | ratios,
        low=st.none() | ratios,
        high=st.none() | ratios,
        tone=st.sampled_from(["good", "bad", ""]),
    ),
    max_size=30,
)


def row(low: float | None, ratio: float | None, high: float | None) -> Row:
    return Row("freeze", "p99", "0.93×", 8, ratio, low, high)


@given(some_rows, st.integers(20, 200), st.integers(2, 40))
def test_it_fits_into_the_terminal(rows: list[Row], width: int, height: int) -> None:
    lines = table(rows, width, height).plain.splitlines()
    assert len(lines) <= height
    assert all(len(line) < width for line in lines)


@given(some_rows, st.integers(9, 60))
def test_bars_stay_in_their_room(rows: list[Row], width: int) -> None:
    for each in rows:
        assert len(bar(each, width, spread(rows))) <= width


@pytest.mark.parametrize(
    ("interval", "drawn"),
    [
        ((0.5, 1 / 2**0.5, 1.0), "──●──┼"),
        ((1.0, 1.0, 1.0), "     ●"),
        ((2.0, 2.0, 2.0), "     │    ●"),
        ((None, 1.0, None), "─────●─────"),
        ((None, None, None), "     │"),
        ((0.01, 0.9, 100.0), "────●┼─────"),
    ],
)
def test_an_interval_is_drawn_around_no_difference(
    interval: tuple[float | None, float | None, float | None], drawn: str
) -> None:
    rows = [row(*interval), row(0.5, 1.0, 2.0)]
    assert bar(rows[0], 11, spread([rows[1]])) == drawn


def test_each_variant_is_named_once_above_its_metrics() -> None:
    rows = [Row(variant, metric, "1.00×", 3, 1, 1, 1) for variant in "ab" for metric in "xy"]
    names = [line.split()[0] for line in table(rows, 80, 20).plain.splitlines()]
    assert names == ["Metric", "a", "x", "y", "b", "x", "y"]


@pytest.mark.parametrize(("encoding", "sign"), [("utf-8", "×"), ("ascii", "x")])
def test_a_terminal_without_unicode_has_plain_signs(encoding: str, sign: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=stream, force_terminal=True, width=100, height=20)
    watching = Watching(console, "measuring", total=4)
    dice = random.Random(1)
    with watching.live:
        for blocks in (1, 2):
            watching.advance(2)
            watching.show([Row("freeze", "p99", "0.93× [0.9–1]", blocks, dice.random(), 0.5, 2)])
    stream.seek(0)
    assert f"0.93{sign}" in stream.read()


def test_nothing_is_shown_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Run(Options()).watching("measuring", total=2) as live:
        live.advance(1, description="more")
        live.show([row(0.5, 0.9, 1.1)])
    assert capsys.readouterr() == ("", "")
