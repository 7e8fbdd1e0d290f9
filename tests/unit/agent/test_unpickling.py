import base64
import datetime
import pickle
from decimal import Decimal

from djtune.agent.unpickling import unpickle_values


class Broken:
    def __reduce__(self):
        return (int, ("no number",))


def unpickled(*values):
    return unpickle_values([base64.b64encode(pickle.dumps(value)).decode() for value in values])


def test_plain_objects_come_back_as_they_were():
    value = {"id": 1, "tags": ["a"], "nested": {"ok": True, "none": None, "x": 0.5}}
    assert unpickled(value) == {"objects": [value], "types": {}, "failed": {}}


def test_what_json_lacks_becomes_text_or_a_list_and_is_counted():
    value = {"price": Decimal("1.50"), "day": datetime.date(2026, 1, 2), "pair": (1, 2)}
    found = unpickled(value)
    assert found["objects"] == [{"price": "1.50", "day": "2026-01-02", "pair": [1, 2]}]
    assert found["types"] == {"Decimal": 1, "date": 1, "tuple": 1}


def test_what_cannot_be_loaded_or_held_is_told_by_class_alone():
    found = unpickled({"x": Broken()}, {"x": object()}, {"x": 1})
    assert found["objects"] == [None, None, {"x": 1}]
    assert found["failed"] == {"ValueError": 1, "object": 1}
    assert "no number" not in str(found)


def test_what_goes_round_in_circles_is_no_plain_data():
    circle = []
    circle.append(circle)
    assert unpickled(circle)["failed"] == {"deeply nested": 1}
