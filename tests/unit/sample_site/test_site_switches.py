"""Each remedy is a switch of its own; a preset is a set of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_site.streaming.switches import PRESETS, VARIABLES, Switches, describe, read

flags = sorted(set(VARIABLES) - {"SITE_GC"})


def test_nothing_is_on_by_default():
    assert read({}) == PRESETS["before"] == Switches()


def test_the_guide_has_every_remedy():
    guide = read({"SITE_PRESET": "guide"})
    assert guide == Switches(True, True, True, True, (10000, 100, 100))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("variable", flags)
@pytest.mark.parametrize(("text", "value"), [("1", True), ("on", True), ("0", False)])
def test_a_switch_overrides_its_preset_alone(preset, variable, text, value):
    switches = read({"SITE_PRESET": preset, variable: text})
    field, _ = VARIABLES[variable]
    assert getattr(switches, field) is value
    others = {name for name, _ in VARIABLES.values()} - {field}
    assert all(getattr(switches, name) == getattr(PRESETS[preset], name) for name in others)


@given(st.tuples(*[st.integers(0, 10**6)] * 3))
def test_gc_thresholds_are_read_as_written(thresholds):
    assert read({"SITE_GC": ",".join(map(str, thresholds))}).gc == thresholds


def test_gc_can_be_switched_off_within_a_preset():
    assert read({"SITE_PRESET": "guide", "SITE_GC": "off"}).gc is None


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"SITE_PRESET": "fast"}, "SITE_PRESET=fast: must be one of before, guide, best"),
        ({"SITE_LEAN": "maybe"}, "SITE_LEAN=maybe: must be 1 or 0"),
        ({"SITE_GC": "700"}, "SITE_GC=700: must be three numbers such as 10000,100,100"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(environ, message):
    with pytest.raises(ValueError, match=message):
        read(environ)


def test_switches_are_described_in_one_line():
    assert describe(PRESETS["before"]) == "none"
    assert describe(Switches(lean=True, gc=(1, 2, 3))) == "lean, gc=1,2,3"
