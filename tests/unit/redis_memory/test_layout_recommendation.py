from hypothesis import given
from hypothesis import strategies as st

from djtune.redis_memory.estimated import Amount
from djtune.redis_memory.layouts.recommend import SLOWER, WORTH, recommend
from djtune.redis_memory.layouts.result import LayoutResult, OperationTime


def layout(
    name, size, *, now=1000, effort=2, atomic=True, seconds=50e-6, noise=1.0, spread=0.0, **given
):
    time = OperationTime(seconds, seconds / noise, seconds * noise, 360, 1, None)
    saving = 1000 - size
    return LayoutResult(
        name=name,
        label=name,
        bytes=Amount(size, size, size),
        saving=Amount(saving, saving - spread, saving + spread),
        payload=size / 2,
        times={"read_all": time, "update_one": time},
        atomic=atomic,
        effort=effort,
        **given,
    )


def present(**given):
    return layout("present", 1000, effort=0, **given)


def test_a_setting_is_enough_where_a_codec_saves_little_more():
    raised = layout("hash_raised", 460, effort=1, settings={"hash-max-listpack-value": "128"})
    advice = recommend([present(), raised, layout("msgpack", 400)])
    assert advice.layout == "hash_raised"
    assert advice.settings == {"hash-max-listpack-value": "128"}


def test_a_saving_below_a_tenth_changes_nothing():
    advice = recommend([present(), layout("json", 920)])
    assert advice.layout == "present"
    assert "no other layout saves 10%" in advice.why[0]


def test_a_saving_that_may_be_none_changes_nothing():
    assert recommend([present(), layout("json", 700, spread=250)]).layout == "present"


def test_a_codec_is_no_advice_for_a_hash_but_is_named():
    advice = recommend([present(), layout("msgpack", 400, atomic=False)])
    assert advice.layout == "present"
    assert advice.otherwise == "msgpack"
    assert "lose a change" in advice.why[-1]


def test_what_is_much_slower_is_no_advice():
    slow = layout("json_zlib", 300, seconds=1.01 * SLOWER * 50e-6)
    advice = recommend([present(), slow])
    assert advice.layout == "present"
    assert "reading a whole entry takes 1.5 times as long" in advice.why[-1]


def test_what_may_be_slow_by_chance_is_not_held_against_it():
    slow = layout("json_zlib", 300, seconds=1.2 * SLOWER * 50e-6, noise=1.3)
    assert recommend([present(), slow]).layout == "json_zlib"


sizes = st.floats(10, 3000)


@given(st.lists(st.tuples(sizes, st.integers(1, 4), st.booleans()), max_size=8))
def test_advice_saves_what_it_is_worth_or_changes_nothing(others):
    layouts = [layout("json", size, effort=e, atomic=a) for size, e, a in others]
    for number, each in enumerate(layouts):
        each.name = f"{number}"
    advice = recommend([present(), *layouts])
    best = {each.name: each for each in layouts}.get(advice.layout)
    if best is not None:
        assert best.saving.value > WORTH * 1000
        assert best.atomic
    else:
        assert not any(each.atomic and each.saving.value > WORTH * 1000 for each in layouts)
