"""Recipes: what each draws, and what a wrong one is told."""

import contextlib
import datetime
import random
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.recipes import Draw, Source, captures, compile_recipe, pick, settle, zipf
from djtune.agent.templates import WorkloadError

TODAY = datetime.date(2025, 3, 1)


def draws(spec: Any, count: int = 400, user: dict[str, Any] | None = None) -> list[Any]:
    recipe = compile_recipe(spec, nested=True)
    draw = Draw(random.Random(1).random, TODAY, user or {})
    return [recipe.draw(draw) for _ in range(count)]


@given(st.none() | st.booleans() | st.integers() | st.text(alphabet="ab ${}").filter(str.isalpha))
def test_a_literal_is_always_drawn_as_it_is(value: Any) -> None:
    assert draws(value, 2) == [value, value]


def test_a_literal_recipe_is_not_looked_into() -> None:
    value = {"model": ["{token}", {"choice": 3}]}
    assert draws({"literal": value}, 1) == [value]


@given(st.integers(-50, 50), st.integers(0, 6))
def test_a_range_has_both_its_bounds(low: int, width: int) -> None:
    assert set(draws({"range": [low, low + width]})) == set(range(low, low + width + 1))


def test_a_choice_draws_every_value_alike_unless_skewed() -> None:
    even = Counter(draws({"choice": ["a", "b"]}, 4000))
    skewed = Counter(draws({"choice": ["a", "b", "c"], "skew": 2}, 4000))
    assert abs(even["a"] - 2000) < 200  # six standard deviations
    assert skewed["a"] > 2 * skewed["b"] > skewed["c"]


@pytest.mark.parametrize(
    ("spec", "first", "last"),
    [
        ({"date": "today"}, "2025-03-01", "2025-03-01"),
        ({"date": "today", "days": 7}, "2025-03-01", "2025-03-07"),
        ({"date": "today", "days": -2}, "2025-02-28", "2025-03-01"),
        ({"date": "2024-12-31", "days": 2}, "2024-12-31", "2025-01-01"),
    ],
)
def test_dates_go_on_from_a_day_or_up_to_it(spec: Any, first: str, last: str) -> None:
    drawn = draws(spec)
    assert (min(drawn), max(drawn)) == (first, last)


def test_a_users_attribute_is_drawn_by_its_path() -> None:
    user = {"card.number": "4000"}
    assert draws({"user": "card.number"}, 1, user) == ["4000"]
    assert draws("card {user.card.number}", 1, user) == ["card 4000"]


def test_captures_are_filled_in_once_they_are_known() -> None:
    spec = {"token": {"capture": "token"}, "list": ["{token}!", 3], "deep": {"er": "{channel}"}}
    (drawn,) = draws(spec, 1)
    assert captures(compile_recipe(spec, nested=True)) == {"token", "channel"}
    assert settle(drawn, {"token": "t", "channel": "c"}) == {
        "token": "t",
        "list": ["t!", 3],
        "deep": {"er": "c"},
    }
    with pytest.raises(WorkloadError, match="'channel'"):
        settle(drawn, {"token": "t"})


def test_a_row_is_drawn_once_for_all_recipes_of_a_step() -> None:
    class Table:
        rows = [{"pk": n, "slug": f"s{n}"} for n in range(50)]

        def draw(self, uniform: Any) -> dict[str, Any]:
            return self.rows[int(uniform() * 50)]

    source = Source("shop.Product")
    draw = Draw(random.Random(3).random, TODAY, tables={source: Table()})
    pk = compile_recipe({"model": "shop.Product"})
    slug = compile_recipe({"model": "shop.Product", "field": "slug"})
    assert slug.draw(draw) == f"s{pk.draw(draw)}"


@given(st.integers(1, 300), st.floats(0, 3))
def test_zipf_gives_rank_r_the_share_r_to_the_minus_skew(count: int, skew: float) -> None:
    cumulative = zipf(count, skew)
    shares = [b - a for a, b in zip((0.0, *cumulative), cumulative, strict=False)]
    assert cumulative[-1] == pytest.approx(1)
    for rank in (1, count // 2 + 1, count):
        assert shares[rank - 1] / shares[0] == pytest.approx(rank**-skew, rel=1e-6)


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True))
def test_a_pick_is_always_one_of_the_ranks(count: int, uniform: float) -> None:
    assert 0 <= pick(zipf(count, 1.0), uniform) < count


@pytest.mark.parametrize(
    ("spec", "said", "hint"),
    [
        ({"modle": "a.B"}, "none of the recipe keys", "did you mean 'model'"),
        ({"model": "a.B", "choice": [1]}, "has model and choice", ""),
        ({"model": "a.B", "feild": "pk"}, "no option 'feild'", "did you mean 'field'"),
        ({"model": "B"}, "does not name a model", "app_label.Model"),
        ({"model": "a.B", "sample": 0}, "sample", ""),
        ({"model": "a.B", "sample": 10**6}, "sample", ""),
        ({"model": "a.B", "skew": -1}, "skew", "Zipf"),
        ({"model": "a.B", "filter": 3}, "filter", ""),
        ({"choice": []}, "choice", ""),
        ({"range": [3, 1]}, "low <= high", ""),
        ({"range": [1, 2, 3]}, "[low, high]", ""),
        ({"date": "tomorrow"}, "neither `today` nor an ISO date", ""),
        ({"date": "today", "days": 0}, "days", ""),
        ({"user": "a b"}, "dotted attribute", ""),
        ({"capture": "a.b"}, "name of a capture", ""),
        ([1], "a list is no recipe", "choice"),
    ],
)
def test_a_wrong_recipe_is_told_what_is_allowed(spec: Any, said: str, hint: str) -> None:
    with pytest.raises(WorkloadError) as error:
        compile_recipe(spec)
    assert said in error.value.message
    assert hint in error.value.hint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["model", "choice", "range", "date", "days", "user", "capture", "literal", "field"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(JSON, st.booleans())
def test_whatever_stands_in_a_file_is_a_recipe_or_refused(spec: Any, nested: bool) -> None:
    with contextlib.suppress(WorkloadError):
        recipe = compile_recipe(spec, nested=nested)
        assert captures(recipe) <= set(re.findall(r"\w+", repr(spec)))
