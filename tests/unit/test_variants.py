"""Policies and variants are plain data: they are written and read back without loss."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.model.app import App
from djtune.model.policy import GcPolicy, parse
from djtune.model.variant import Variant

threshold = st.integers(0, 2**31 - 1)
policies = st.builds(
    GcPolicy,
    thresholds=st.none() | st.tuples(threshold, threshold, threshold),
    freeze=st.booleans(),
    enabled=st.booleans(),
)
words = st.dictionaries(st.text(), st.text(), max_size=2)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda deeper: st.lists(deeper, max_size=2) | st.dictionaries(st.text(), deeper, max_size=2),
    max_leaves=5,
)
apps = st.builds(
    App,
    directory=st.text(),
    settings=st.text(),
    python=st.text(),
    env=words,
    overrides=st.dictionaries(st.text(), values, max_size=3),
    wrapper=st.lists(st.text(), max_size=3),
)


@given(policies)
def test_a_policy_is_read_as_it_is_written(policy: GcPolicy) -> None:
    written = str(policy)
    assert str(parse(written)) == written
    if policy.enabled:
        assert parse(written) == policy


@given(policies)
def test_spaces_and_case_do_not_matter(policy: GcPolicy) -> None:
    spaced = str(policy).replace(",", ", ").replace("+", " + ").upper()
    assert str(parse(spaced)) == str(policy)


@pytest.mark.parametrize("text", ["", "700", "1,2", "1,2,3,4", "a,b,c", "-1,2,3", "1,2,2147483648"])
def test_what_is_no_policy_is_refused_with_what_is_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"a threshold is below|three numbers such as"):
        parse(text)


@given(st.builds(Variant, name=st.text(), app=apps, interface=st.text(), policy=policies))
def test_a_variant_goes_through_json_without_loss(variant: Variant) -> None:
    assert msgspec.json.decode(msgspec.json.encode(variant), type=Variant) == variant
