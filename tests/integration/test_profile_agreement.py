"""On the sample site as it is shipped, djtune ranks as a timing loop without djtune does."""

from pathlib import Path

import pytest
from site_helpers import djtune_site

from benchmarks.agreement import Range, compare, loop, profile


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("agreement")
    seeded = djtune_site("seed", "--size", "small", "--data", str(folder))
    assert seeded.returncode == 0, seeded.stderr
    return folder


def test_the_ranking_agrees_with_an_independent_loop_but_for_ties(data: Path) -> None:
    profiled = profile(data, duration=15, trials=3)
    looped = loop(data, rounds=5, processes=3)
    assert profiled.keys() == looped.keys()
    agreement = compare(profiled, looped)
    assert agreement.reversed == []
    assert len(agreement.same) > 10  # Ties do not hide everything.


SMALL, LARGE, WIDE = Range(0.1, 0.09, 0.11), Range(0.5, 0.4, 0.6), Range(0.3, 0.05, 0.5)


def test_the_other_order_is_a_reversal() -> None:
    agreement = compare({"a": SMALL, "b": LARGE}, {"a": LARGE, "b": SMALL})
    assert agreement.reversed == [("a", "b")]
    assert agreement.same == []


@pytest.mark.parametrize(
    ("profiled", "looped"),
    [
        ({"a": SMALL, "b": WIDE}, {"a": LARGE, "b": SMALL}),
        ({"a": SMALL, "b": LARGE}, {"a": WIDE, "b": SMALL}),
    ],
    ids=["by djtune", "by the loop"],
)
def test_routes_whose_ranges_overlap_are_ties(
    profiled: dict[str, Range], looped: dict[str, Range]
) -> None:
    agreement = compare(profiled, looped)
    assert (agreement.same, agreement.reversed, agreement.ties) == ([], [], 1)
