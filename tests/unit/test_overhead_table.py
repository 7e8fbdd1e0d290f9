"""The table of what watching costs, made from CPU times that are known."""

import pytest

from benchmarks.overhead.table import a_query, a_request, breaches, markdown, ratio

MS = 1e-3
US = 1e-6


def block(speed: float = 1.0, **modes: tuple[float, float]) -> dict[str, dict[str, list[float]]]:
    """Modes by what a request and a query take more, in µs; one request in five is held up."""
    bare = {"list": 3 * MS, "repeating": 28 * MS, "shelf": 5 * MS, "count": 0.6 * MS}
    queries = {"list": 1, "repeating": 101, "shelf": 1, "count": 1}
    return {
        mode: {
            page: [speed * (bare[page] + (more + queries[page] * each) * US)] * 4 + [1.0]
            for page in bare
        }
        for mode, (more, each) in {"bare": (0, 0), "nothing": (0, 0), **modes}.items()
    }


def test_a_ratio_is_paired_within_blocks_and_knows_no_outliers() -> None:
    blocks = [block(speed, timing=(0, 10)) for speed in (1, 1.7, 0.8)]
    cost = ratio(blocks, "timing", "repeating")
    assert (cost.low, cost.value, cost.high) == pytest.approx((1 + 1.01 / 28,) * 3)


def test_other_tools_are_compared_with_a_process_of_their_kind() -> None:
    measured = block(silk=(0, 0))
    measured["bare"] = {page: [9.0] for page in measured["bare"]}
    assert ratio([measured], "silk", "list").value == pytest.approx(1)


def test_what_a_query_and_a_request_take_more_are_told_apart() -> None:
    blocks = [block(silk=(500, 90)), block(silk=(700, 110))]
    assert a_query(blocks, "silk").value == pytest.approx(100 * US)
    assert a_request(blocks, "silk").value == pytest.approx(600 * US)


@pytest.mark.parametrize(
    ("each", "found"),
    [
        ([(0, 13), (0, 13)], []),
        ([(0, 16), (0, 16)], ["djtune: timing pass costs 1.058, more than 1.05"]),
        ([(0, 1), (0, 15)], ["djtune: timing pass is known to ±0.326, not to ±0.02"]),
    ],
)
def test_limits_are_on_the_cost_and_on_how_well_it_is_known(
    each: list[tuple[float, float]], found: list[str]
) -> None:
    assert breaches([block(timing=one) for one in each]) == found


def test_the_table_has_a_row_for_what_was_measured_alone() -> None:
    rows = markdown([block(timing=(0, 10)), block(timing=(0, 12))]).splitlines()
    assert [row.split("|")[1].strip() for row in rows] == [
        "",
        "---",
        "bare",
        "nothing, in another process",
        "djtune: timing pass",
    ]
    assert len({row.count("|") for row in rows}) == 1
    assert "11 [-1.7, 24] µs" in rows[-1]
